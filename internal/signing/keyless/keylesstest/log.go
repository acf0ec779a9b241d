package keylesstest

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"strings"
	"sync"
	"testing"

	commonpb "github.com/sigstore/protobuf-specs/gen/pb-go/common/v1"
	rekorpb "github.com/sigstore/protobuf-specs/gen/pb-go/rekor/v1"
	"github.com/sigstore/sigstore/pkg/signature"
	"github.com/sigstore/sigstore/pkg/signature/options"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"felleskrav/internal/signing"
)

// log is a transparency log in memory.
type log struct {
	origin string
	id     []byte
	public []byte // SubjectPublicKeyInfo
	signer note.Signer

	mu     sync.Mutex
	size   int64
	hashes []tlog.Hash
}

// ReadHashes implements tlog.HashReader.
func (l *log) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	var out []tlog.Hash
	for _, i := range indexes {
		out = append(out, l.hashes[i])
	}
	return out, nil
}

func newLog(t testing.TB) *log {
	t.Helper()
	l := &log{origin: "logg.keylesstest.example"}
	private, public, err := note.GenerateKey(rand.Reader, l.origin)
	if err != nil {
		t.Fatal(err)
	}
	if l.signer, err = note.NewSigner(private); err != nil {
		t.Fatal(err)
	}
	// A note key is "name+hash+key", the key behind a byte that says Ed25519.
	raw, err := base64.StdEncoding.DecodeString(strings.SplitN(public, "+", 3)[2])
	if err != nil {
		t.Fatal(err)
	}
	if l.public, err = x509.MarshalPKIXPublicKey(ed25519.PublicKey(raw[1:])); err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(l.public)
	l.id = sum[:]
	// A proof in a log of one leaf has no hashes that could be wrong.
	for i := range 5 {
		l.append(t, fmt.Appendf(nil, "another leaf %d", i))
	}
	return l
}

// append adds a leaf and returns its index, and the log's proof and checkpoint at that moment.
func (l *log) append(t testing.TB, leaf []byte) *rekorpb.InclusionProof {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	stored, err := tlog.StoredHashes(l.size, leaf, l)
	if err != nil {
		t.Fatal(err)
	}
	l.hashes = append(l.hashes, stored...)
	index := l.size
	l.size++
	top, err := tlog.TreeHash(l.size, l)
	if err != nil {
		t.Fatal(err)
	}
	checkpoint, err := note.Sign(&note.Note{Text: fmt.Sprintf("%s\n%d\n%s\n", l.origin, l.size, top)}, l.signer)
	if err != nil {
		t.Fatal(err)
	}
	path, err := tlog.ProveRecord(l.size, index, l)
	if err != nil {
		t.Fatal(err)
	}
	proof := &rekorpb.InclusionProof{
		LogIndex: index, TreeSize: l.size, RootHash: top[:], Checkpoint: &rekorpb.Checkpoint{Envelope: string(checkpoint)},
	}
	for _, hash := range path {
		proof.Hashes = append(proof.Hashes, hash[:])
	}
	return proof
}

// enter logs a signature by leaf's key over what has been signed: a message or a pre-authentication encoding.
func (l *log) enter(t testing.TB, leaf *x509.Certificate, covered, sig []byte) *rekorpb.TransparencyLogEntry {
	t.Helper()
	// As package signing: Rekor v2 describes every Ed25519 key as the prehashed variant.
	details, err := signature.GetDefaultAlgorithmDetails(leaf.PublicKey, options.WithED25519ph())
	if err != nil {
		t.Fatal(err)
	}
	h := details.GetHashType().New()
	h.Write(covered)
	type object map[string]any
	body, err := signing.Canonical(object{
		"apiVersion": "0.0.2",
		"kind":       "hashedrekord",
		"spec": object{"hashedRekordV002": object{
			"data": object{"algorithm": details.GetProtoHashType().String(), "digest": h.Sum(nil)},
			"signature": object{"content": sig, "verifier": object{
				"keyDetails":      details.GetSignatureAlgorithm().String(),
				"x509Certificate": object{"rawBytes": leaf.Raw},
			}},
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	proof := l.append(t, body)
	return &rekorpb.TransparencyLogEntry{
		LogIndex: proof.LogIndex, LogId: &commonpb.LogId{KeyId: l.id},
		KindVersion:    &rekorpb.KindVersion{Kind: "hashedrekord", Version: "0.0.2"},
		InclusionProof: proof, CanonicalizedBody: body,
	}
}
