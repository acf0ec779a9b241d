package signing

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/url"
	"strconv"
	"time"

	"github.com/sigstore/sigstore/pkg/signature"
	"github.com/sigstore/sigstore/pkg/signature/options"
)

// MaxLeaf is the largest log leaf, in bytes: C2SP tlog-tiles counts it in 16 bits.
const MaxLeaf = 65535

// Inclusion is what shows that a leaf is in a log: the data of a Rekor v2 log entry.
type Inclusion struct {
	// LogID names the log's key; the same bytes stand in the trusted root.
	LogID []byte
	// Index is the leaf's position and TreeSize the number of leaves that the checkpoint covers.
	Index, TreeSize int64
	// RootHash is the tree hash at TreeSize.
	RootHash []byte
	// Hashes is the inclusion proof (RFC 6962 §2.1.1), from the leaf's sibling upwards.
	Hashes [][]byte
	// Checkpoint is the signed note over TreeSize and RootHash.
	Checkpoint string
	// Body is the leaf, as [LeafBody] made it.
	Body []byte
}

// logEntryJSON is the protobuf JSON form of dev.sigstore.rekor.v1.TransparencyLogEntry. Protobuf writes
// 64-bit integers as strings.
type logEntryJSON struct {
	LogIndex          string              `json:"logIndex,omitempty"`
	LogID             *logIDJSON          `json:"logId,omitempty"`
	KindVersion       *kindVersionJSON    `json:"kindVersion,omitempty"`
	IntegratedTime    string              `json:"integratedTime,omitempty"`
	InclusionPromise  json.RawMessage     `json:"inclusionPromise,omitempty"`
	InclusionProof    *inclusionProofJSON `json:"inclusionProof,omitempty"`
	CanonicalizedBody string              `json:"canonicalizedBody,omitempty"`
}

type logIDJSON struct {
	KeyID string `json:"keyId"`
}

type kindVersionJSON struct {
	Kind    string `json:"kind"`
	Version string `json:"version"`
}

type inclusionProofJSON struct {
	LogIndex   string          `json:"logIndex,omitempty"`
	RootHash   string          `json:"rootHash"`
	TreeSize   string          `json:"treeSize"`
	Hashes     []string        `json:"hashes,omitempty"`
	Checkpoint *checkpointJSON `json:"checkpoint,omitempty"`
}

type checkpointJSON struct {
	Envelope string `json:"envelope"`
}

func (e *logEntryJSON) inclusion() (Inclusion, error) {
	fail := func(detail string) (Inclusion, error) {
		return Inclusion{}, fmt.Errorf("%w: %s", ErrLogEntry, detail)
	}
	if e.LogID == nil || e.KindVersion == nil {
		return fail("logId or kindVersion is missing")
	}
	proof := e.InclusionProof
	if proof == nil || proof.Checkpoint == nil {
		return fail("inclusion proof or checkpoint is missing")
	}
	in := Inclusion{Checkpoint: proof.Checkpoint.Envelope}
	var err error
	if in.Index, err = decodeInt(proof.LogIndex); err != nil {
		return fail("inclusionProof.logIndex")
	}
	if in.TreeSize, err = decodeInt(proof.TreeSize); err != nil || in.TreeSize <= in.Index {
		return fail("treeSize")
	}
	if _, err := decodeInt(e.LogIndex); err != nil {
		return fail("logIndex")
	}
	if in.LogID, err = decodeBase64("keyId", e.LogID.KeyID); err != nil {
		return fail(err.Error())
	}
	if in.RootHash, err = decodeBase64("rootHash", proof.RootHash); err != nil {
		return fail(err.Error())
	}
	if in.Body, err = decodeBase64("canonicalizedBody", e.CanonicalizedBody); err != nil {
		return fail(err.Error())
	}
	// A proof in a tree of 2^63 leaves has 63 hashes.
	if len(proof.Hashes) > 63 {
		return fail("too many hashes")
	}
	for _, text := range proof.Hashes {
		hash, err := decodeBase64("hashes", text)
		if err != nil {
			return fail(err.Error())
		}
		in.Hashes = append(in.Hashes, hash)
	}
	return in, nil
}

// decodeInt reads a protobuf int64, which is absent when zero.
func decodeInt(text string) (int64, error) {
	if text == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err == nil && (n < 0 || strconv.FormatInt(n, 10) != text) {
		err = strconv.ErrSyntax
	}
	return n, err
}

// WithInclusion returns bundle with in as its one log entry, in place of any it had. The envelope
// and everything else signed stay as they are. Together with [TrustedRootJSON] it lets stock cosign
// verify signature and inclusion without a network.
func WithInclusion(bundle []byte, in Inclusion) ([]byte, error) {
	if _, err := ParseBundle(bundle); err != nil {
		return nil, fmt.Errorf("add inclusion: %w", err)
	}
	var doc bundleJSON
	if err := StrictJSON(bundle, &doc); err != nil {
		return nil, fmt.Errorf("add inclusion: %w", err)
	}
	encode := base64.StdEncoding.EncodeToString
	proof := &inclusionProofJSON{
		LogIndex:   strconv.FormatInt(in.Index, 10),
		RootHash:   encode(in.RootHash),
		TreeSize:   strconv.FormatInt(in.TreeSize, 10),
		Checkpoint: &checkpointJSON{Envelope: in.Checkpoint},
	}
	for _, hash := range in.Hashes {
		proof.Hashes = append(proof.Hashes, encode(hash))
	}
	doc.VerificationMaterial.TlogEntries = []logEntryJSON{{
		LogIndex:          strconv.FormatInt(in.Index, 10),
		LogID:             &logIDJSON{KeyID: encode(in.LogID)},
		KindVersion:       &kindVersionJSON{Kind: leafKind, Version: leafVersion},
		InclusionProof:    proof,
		CanonicalizedBody: encode(in.Body),
	}}
	if _, err := doc.bundle(); err != nil {
		return nil, fmt.Errorf("add inclusion: %w", err)
	}
	out, err := json.Marshal(doc)
	if err != nil {
		return nil, fmt.Errorf("add inclusion: %w", err)
	}
	return out, nil
}

const (
	leafKind    = "hashedrekord"
	leafVersion = "0.0.2"
)

// leafJSON is a Rekor v2 hashedrekord 0.0.2 entry. Its names stand in the order of RFC 8785, and its
// values are base64 and names of algorithms, which have one form: encoded, it is canonical.
type leafJSON struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Spec       struct {
		HashedRekord struct {
			Data struct {
				Algorithm string `json:"algorithm"`
				Digest    []byte `json:"digest"`
			} `json:"data"`
			Signature struct {
				Content  []byte `json:"content"`
				Verifier struct {
					KeyDetails string `json:"keyDetails"`
					PublicKey  struct {
						RawBytes []byte `json:"rawBytes"`
					} `json:"publicKey"`
				} `json:"verifier"`
			} `json:"signature"`
		} `json:"hashedRekordV002"`
	} `json:"spec"`
}

// LeafBody returns the log leaf for b as signed by key: the canonical JSON of a Rekor v2 hashedrekord
// 0.0.2 entry. It holds the digest of what was signed, the signature and the key, not the payload. The
// caller has verified b with key.
func LeafBody(b *Bundle, key PublicKey) ([]byte, error) {
	pub, err := x509.ParsePKIXPublicKey(key.DER)
	if err != nil {
		return nil, fmt.Errorf("make log leaf: %w: %w", ErrKeyMalformed, err)
	}
	// A leaf holds a digest, so Rekor v2 describes every Ed25519 key as the prehashed variant, and
	// verifiers rebuild the leaf that way, although the signature itself is the pure one.
	details, err := signature.GetDefaultAlgorithmDetails(pub, options.WithED25519ph())
	if err != nil {
		return nil, fmt.Errorf("make log leaf: %w: %w", ErrAlgorithm, err)
	}
	h := details.GetHashType().New()
	h.Write(preAuthEncoding(b.Payload))
	var doc leafJSON
	doc.APIVersion, doc.Kind = leafVersion, leafKind
	entry := &doc.Spec.HashedRekord
	entry.Data.Algorithm, entry.Data.Digest = details.GetProtoHashType().String(), h.Sum(nil)
	entry.Signature.Content = b.Signature
	entry.Signature.Verifier.KeyDetails = details.GetSignatureAlgorithm().String()
	entry.Signature.Verifier.PublicKey.RawBytes = key.DER
	leaf, err := json.Marshal(doc)
	if err != nil {
		return nil, fmt.Errorf("make log leaf: %w", err)
	}
	if len(leaf) > MaxLeaf {
		return nil, fmt.Errorf("make log leaf: %w", ErrLeafTooLarge)
	}
	return leaf, nil
}

// LeafKey returns the public key in a log leaf, as [LeafBody] made it. Whose key it is, the leaf does not
// say. The error wraps ErrLogEntry.
func LeafKey(leaf []byte) (PublicKey, error) {
	var doc leafJSON
	if err := json.Unmarshal(leaf, &doc); err != nil {
		return PublicKey{}, fmt.Errorf("read log leaf: %w: %w", ErrLogEntry, err)
	}
	der := doc.Spec.HashedRekord.Signature.Verifier.PublicKey.RawBytes
	key, err := ParsePublicKey(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
	if err != nil {
		return PublicKey{}, fmt.Errorf("read log leaf: %w: %w", ErrLogEntry, err)
	}
	return key, nil
}

// TrustedRootJSON returns a Sigstore trusted root (version 0.1) that trusts one log and nothing else.
// origin is the first line of the log's checkpoints and must be the host name in baseURL, the log's
// address, for stock verifiers take it from there. publicKeyDER is the log's Ed25519 key as
// SubjectPublicKeyInfo, and logID is that of [Inclusion].
func TrustedRootJSON(origin, baseURL string, publicKeyDER, logID []byte) ([]byte, error) {
	type object map[string]any
	u, err := url.Parse(baseURL)
	if err != nil {
		return nil, fmt.Errorf("make trusted root: %w", err)
	}
	if u.Hostname() != origin || origin == "" {
		return nil, fmt.Errorf("make trusted root: host name of %q is not the log's origin %q", baseURL, origin)
	}
	key, err := x509.ParsePKIXPublicKey(publicKeyDER)
	if err != nil {
		return nil, fmt.Errorf("make trusted root: %w: %w", ErrKeyMalformed, err)
	}
	if algorithm, err := algorithmOf(key); err != nil || algorithm != Ed25519 {
		return nil, fmt.Errorf("make trusted root: %w: log keys are Ed25519", ErrAlgorithm)
	}
	out, err := json.MarshalIndent(object{
		"mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
		"tlogs": []object{{
			"baseUrl":       baseURL,
			"hashAlgorithm": "SHA2_256",
			"publicKey": object{
				"rawBytes":   publicKeyDER,
				"keyDetails": "PKIX_ED25519",
				// The format demands a start. Nothing depends on it: the log's entries carry no time.
				"validFor": object{"start": time.Unix(0, 0).UTC().Format(time.RFC3339)},
			},
			"logId": object{"keyId": logID},
		}},
	}, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("make trusted root: %w", err)
	}
	return out, nil
}
