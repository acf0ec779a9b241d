package signing_test

import (
	"bytes"
	"crypto"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	v1 "github.com/sigstore/protobuf-specs/gen/pb-go/common/v1"
	rekor "github.com/sigstore/rekor-tiles/v2/pkg/generated/protobuf"
	"github.com/sigstore/rekor-tiles/v2/pkg/types/hashedrekord"
	sigbundle "github.com/sigstore/sigstore-go/pkg/bundle"
	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore-go/pkg/verify"
	"github.com/sigstore/sigstore/pkg/cryptoutils"
	"github.com/sigstore/sigstore/pkg/signature"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"felleskrav/internal/signing"
	"felleskrav/internal/transparency"
)

const (
	logHost = "logg.example.no"
	logURL  = "https://logg.example.no/log"
)

// logged puts leaf among others in a log with signer's key and returns its inclusion.
func logged(t testing.TB, signer *transparency.Signer, leaf []byte) signing.Inclusion {
	t.Helper()
	hashes := map[int64]tlog.Hash{}
	reader := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		var out []tlog.Hash
		for _, index := range indexes {
			out = append(out, hashes[index])
		}
		return out, nil
	})
	const size, index = 7, 4
	for i := range int64(size) {
		body := fmt.Appendf(nil, "other leaf %d", i)
		if i == index {
			body = leaf
		}
		for j, h := range must(tlog.StoredHashes(i, body, reader)) {
			hashes[tlog.StoredHashIndex(0, i)+int64(j)] = h
		}
	}
	top := must(tlog.TreeHash(size, reader))
	in := signing.Inclusion{
		LogID: signer.LogID(), Index: index, TreeSize: size, RootHash: top[:], Body: leaf,
		Checkpoint: string(must(note.Sign(&note.Note{Text: fmt.Sprintf("%s\n%d\n%s\n", logHost, size, top)}, signer))),
	}
	for _, h := range must(tlog.ProveRecord(size, index, reader)) {
		in.Hashes = append(in.Hashes, h[:])
	}
	return in
}

func newLogSigner(t testing.TB) *transparency.Signer {
	t.Helper()
	return must(transparency.ParseSigner(must(transparency.GenerateSignerKey(logHost))))
}

// verifyLogged verifies as sigstore-go does when it demands an entry in the log of a trusted root.
func verifyLogged(data, trustedRoot []byte, key signing.PublicKey) error {
	var b sigbundle.Bundle
	if err := b.UnmarshalJSON(data); err != nil {
		return err
	}
	trusted, err := root.NewTrustedRootFromJSON(trustedRoot)
	if err != nil {
		return err
	}
	pub, err := cryptoutils.UnmarshalPEMToPublicKey([]byte(key.PEM))
	if err != nil {
		return err
	}
	verifier, err := signature.LoadDefaultVerifier(pub)
	if err != nil {
		return err
	}
	keys := root.NewTrustedPublicKeyMaterial(func(string) (root.TimeConstrainedVerifier, error) {
		return root.NewExpiringKey(verifier, time.Time{}, time.Time{}), nil
	})
	v, err := verify.NewVerifier(root.TrustedMaterialCollection{trusted, keys}, verify.WithTransparencyLog(1), verify.WithNoObserverTimestamps())
	if err != nil {
		return err
	}
	digest, err := hex.DecodeString(service)
	if err != nil {
		return err
	}
	_, err = v.Verify(&b, verify.NewPolicy(verify.WithArtifactDigest("sha256", digest), verify.WithKey()))
	return err
}

func TestInclusionVerifiesInSigstore(t *testing.T) {
	log := newLogSigner(t)
	trustedRoot := must(signing.TrustedRootJSON(logHost, logURL, log.PublicKeyDER(), log.LogID()))
	for _, a := range signing.Algorithms() {
		key := publicOf(t, testKey(t, a))
		data := signed(t, a, statementOf(3))
		b := must(signing.ParseBundle(data))
		leaf := must(signing.LeafBody(b, key))
		if canonical := must(signing.CanonicalJSON(leaf)); !bytes.Equal(canonical, leaf) {
			t.Errorf("%s: leaf is %s, in canonical form %s", a, leaf, canonical)
		}
		in := logged(t, log, leaf)
		with := must(signing.WithInclusion(data, in))
		if err := verifyLogged(with, trustedRoot, key); err != nil {
			t.Errorf("%s: %v", a, err)
		}
		again := must(signing.ParseBundle(with))
		if diff := cmp.Diff([]signing.Inclusion{in}, again.Inclusions); diff != "" {
			t.Errorf("%s: %s", a, diff)
		}
		if !bytes.Equal(again.Payload, b.Payload) || !bytes.Equal(again.Signature, b.Signature) || again.Hint != b.Hint {
			t.Errorf("%s: the rest of the bundle changed", a)
		}
		if err := again.Verify(key, service); err != nil {
			t.Errorf("%s: %v", a, err)
		}
		// Adding it again replaces it.
		if twice := must(signing.WithInclusion(with, in)); !bytes.Equal(twice, with) {
			t.Errorf("%s: the second time changes the bundle", a)
		}
		for name, change := range map[string]func(in *signing.Inclusion){
			"index":      func(in *signing.Inclusion) { in.Index-- },
			"hash":       func(in *signing.Inclusion) { in.Hashes = append([][]byte{make([]byte, 32)}, in.Hashes[1:]...) },
			"checkpoint": func(in *signing.Inclusion) { in.Checkpoint = strings.Replace(in.Checkpoint, "\n7\n", "\n8\n", 1) },
			"other log":  func(in *signing.Inclusion) { *in = logged(t, newLogSigner(t), leaf); in.LogID = log.LogID() },
			"other leaf": func(in *signing.Inclusion) {
				other := must(signing.ParseBundle(signed(t, a, statementOf(4))))
				*in = logged(t, log, must(signing.LeafBody(other, key)))
			},
		} {
			changed := in
			change(&changed)
			if err := verifyLogged(must(signing.WithInclusion(data, changed)), trustedRoot, key); err == nil {
				t.Errorf("%s: changed %s: accepted", a, name)
			}
		}
		if err := verifyLogged(data, trustedRoot, key); err == nil {
			t.Errorf("%s: a bundle that is not in the log: accepted", a)
		}
	}
}

// The leaf is byte for byte what Rekor v2 makes for the same signature.
func TestLeafIsRekors(t *testing.T) {
	for a, details := range map[signing.Algorithm]v1.PublicKeyDetails{
		signing.ECDSAP256: v1.PublicKeyDetails_PKIX_ECDSA_P256_SHA_256, signing.ECDSAP384: v1.PublicKeyDetails_PKIX_ECDSA_P384_SHA_384,
		signing.Ed25519: v1.PublicKeyDetails_PKIX_ED25519_PH, signing.RSA3072: v1.PublicKeyDetails_PKIX_RSA_PKCS1V15_3072_SHA256,
	} {
		key := publicOf(t, testKey(t, a))
		b := must(signing.ParseBundle(signed(t, a, statementOf(1))))
		leaf := must(signing.LeafBody(b, key))
		hash := map[signing.Algorithm]crypto.Hash{signing.ECDSAP384: crypto.SHA384, signing.Ed25519: crypto.SHA512}[a]
		if hash == 0 {
			hash = crypto.SHA256
		}
		h := hash.New()
		fmt.Fprintf(h, "DSSEv1 28 application/vnd.in-toto+json %d %s", len(b.Payload), b.Payload)
		want, err := hashedrekord.ToEntryHash(h.Sum(nil), &rekor.Signature{Content: b.Signature, Verifier: &rekor.Verifier{
			Verifier:   &rekor.Verifier_PublicKey{PublicKey: &rekor.PublicKey{RawBytes: key.DER}},
			KeyDetails: details,
		}})
		if err != nil {
			t.Fatal(err)
		}
		if got := tlog.RecordHash(leaf); !bytes.Equal(got[:], want) {
			t.Errorf("%s: leaf %s has another hash than Rekor's", a, leaf)
		}
		if bytes.Contains(leaf, []byte("K-LOG")) || bytes.Contains(leaf, b.Payload[:20]) {
			t.Errorf("%s: the leaf tells what is declared: %s", a, leaf)
		}
	}
	b := must(signing.ParseBundle(signed(t, signing.Ed25519, statementOf(1))))
	b.Signature = make([]byte, signing.MaxLeaf)
	if _, err := signing.LeafBody(b, publicOf(t, testKey(t, signing.Ed25519))); !errors.Is(err, signing.ErrLeafTooLarge) {
		t.Errorf("large leaf: %v", err)
	}
	if _, err := signing.LeafBody(b, signing.PublicKey{}); !errors.Is(err, signing.ErrKeyMalformed) {
		t.Errorf("zero key: %v", err)
	}
}

func TestWithInclusionRefuses(t *testing.T) {
	log := newLogSigner(t)
	data := signed(t, signing.ECDSAP256, statementOf(1))
	in := logged(t, log, []byte("leaf"))
	for name, c := range map[string]struct {
		bundle []byte
		change func(in *signing.Inclusion)
		want   error
	}{
		"not a bundle":   {[]byte("{}"), func(*signing.Inclusion) {}, signing.ErrMediaType},
		"no body":        {data, func(in *signing.Inclusion) { in.Body = nil }, signing.ErrLogEntry},
		"no log id":      {data, func(in *signing.Inclusion) { in.LogID = nil }, signing.ErrLogEntry},
		"no root":        {data, func(in *signing.Inclusion) { in.RootHash = nil }, signing.ErrLogEntry},
		"size too small": {data, func(in *signing.Inclusion) { in.TreeSize = in.Index }, signing.ErrLogEntry},
		"negative index": {data, func(in *signing.Inclusion) { in.Index = -1 }, signing.ErrLogEntry},
		"an empty hash":  {data, func(in *signing.Inclusion) { in.Hashes = [][]byte{nil} }, signing.ErrLogEntry},
		"many hashes":    {data, func(in *signing.Inclusion) { in.Hashes = make([][]byte, 64) }, signing.ErrLogEntry},
	} {
		changed := in
		c.change(&changed)
		if _, err := signing.WithInclusion(c.bundle, changed); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	// The first entry of a log has index 0, which protobuf may leave out.
	in.Index = 0
	with := must(signing.WithInclusion(data, in))
	without := bytes.ReplaceAll(with, []byte(`"logIndex":"0",`), nil)
	if bytes.Equal(with, without) || !cmp.Equal(must(signing.ParseBundle(with)).Inclusions, must(signing.ParseBundle(without)).Inclusions) {
		t.Error("index 0 reads differently when it is left out")
	}
}

func TestTrustedRoot(t *testing.T) {
	log := newLogSigner(t)
	for name, err := range map[string]error{
		"another host": second(signing.TrustedRootJSON(logHost, "https://other.example/log", log.PublicKeyDER(), log.LogID())),
		"no host":      second(signing.TrustedRootJSON("", "/log", log.PublicKeyDER(), log.LogID())),
		"no address":   second(signing.TrustedRootJSON(logHost, "://", log.PublicKeyDER(), log.LogID())),
		"no key":       second(signing.TrustedRootJSON(logHost, logURL, nil, log.LogID())),
		"ECDSA key":    second(signing.TrustedRootJSON(logHost, logURL, publicOf(t, testKey(t, signing.ECDSAP256)).DER, log.LogID())),
	} {
		if err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	// A port is no part of the origin.
	data := must(signing.TrustedRootJSON(logHost, "http://"+logHost+":8080", log.PublicKeyDER(), log.LogID()))
	trusted, err := root.NewTrustedRootFromJSON(data)
	if err != nil {
		t.Fatal(err)
	}
	logs := trusted.RekorLogs()
	if len(logs) != 1 || logs[hex.EncodeToString(log.LogID())] == nil || !json.Valid(data) {
		t.Errorf("the trusted root has logs %v", logs)
	}
}

func second[T any](_ T, err error) error { return err }
