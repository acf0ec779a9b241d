package transparency

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/mod/sumdb/note"
)

// algEd25519 tells the kind of key in the signed-note format.
const algEd25519 = 1

// Signer signs checkpoints with an Ed25519 key, which may be kept elsewhere. It is a note.Signer.
type Signer struct {
	name   string
	key    crypto.Signer
	public ed25519.PublicKey
	vkey   string
}

// GenerateSignerKey makes a new private key for the log named origin and returns it in the form that
// [ParseSigner] reads. The origin is a host name with no scheme, port or path, so that stock Sigstore
// tools can verify inclusion in the log.
func GenerateSignerKey(origin string) (string, error) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return "", fmt.Errorf("generate log key: %w", err)
	}
	s, err := NewSigner(origin, key)
	if err != nil {
		return "", err
	}
	return s.PrivateKey(), nil
}

// NewSigner returns the signer of the log named origin with key, an Ed25519 key in memory or one that
// signs somewhere else, and then may fail or be slow: see [Signer.Sign].
func NewSigner(origin string, key crypto.Signer) (*Signer, error) {
	if private, inMemory := key.(ed25519.PrivateKey); inMemory && len(private) != ed25519.PrivateKeySize {
		return nil, fmt.Errorf("make log signer: private key has %d bytes", len(private))
	}
	public, ok := key.Public().(ed25519.PublicKey)
	if !ok || len(public) != ed25519.PublicKeySize {
		return nil, fmt.Errorf("make log signer: the key is no Ed25519 key but %T", key.Public())
	}
	vkey, err := note.NewEd25519VerifierKey(origin, public)
	if err != nil {
		return nil, fmt.Errorf("make log signer: %w", err)
	}
	// Which names a log can have is for note to say.
	if _, err := note.NewVerifier(vkey); err != nil {
		return nil, fmt.Errorf("make log signer: %w", err)
	}
	return &Signer{name: origin, key: key, public: public, vkey: vkey}, nil
}

// Name implements note.Signer: the log's origin.
func (s *Signer) Name() string { return s.name }

// KeyHash implements note.Signer.
func (s *Signer) KeyHash() uint32 { return binary.BigEndian.Uint32(keyID(s.name, s.public)) }

// Sign implements note.Signer. A key that is kept elsewhere may fail. Whatever it answers is verified
// first: a checkpoint that does not verify, once stored, would stop the log for good.
func (s *Signer) Sign(message []byte) ([]byte, error) {
	sig, err := s.key.Sign(rand.Reader, message, crypto.Hash(0))
	if err != nil {
		return nil, fmt.Errorf("sign with log key: %w", err)
	}
	if !ed25519.Verify(s.public, message, sig) {
		return nil, errors.New("sign with log key: the signature does not verify")
	}
	return sig, nil
}

// ParseSigner reads a private key in the form that golang.org/x/mod/sumdb/note writes,
// "PRIVATE+KEY+ORIGIN+HASH+BASE64". The error never holds the text.
func ParseSigner(skey string) (*Signer, error) {
	skey = strings.TrimSpace(skey)
	if _, err := note.NewSigner(skey); err != nil {
		return nil, fmt.Errorf("parse log key: %w", err)
	}
	// note has checked the form; it does not give the key out.
	parts := strings.SplitN(skey, "+", 5)
	if len(parts) != 5 {
		return nil, fmt.Errorf("parse log key: %d parts", len(parts))
	}
	data, err := base64.StdEncoding.DecodeString(parts[4])
	if err != nil || len(data) != 1+ed25519.SeedSize || data[0] != algEd25519 {
		return nil, fmt.Errorf("parse log key: not an Ed25519 key")
	}
	return NewSigner(parts[2], ed25519.NewKeyFromSeed(data[1:]))
}

// keyID is the whole digest of which a note's key hash is the first four bytes (C2SP signed-note).
func keyID(origin string, key ed25519.PublicKey) []byte {
	h := sha256.New()
	h.Write([]byte(origin + "\n"))
	h.Write([]byte{algEd25519})
	h.Write(key)
	return h.Sum(nil)
}

// PrivateKey returns the secret text that [ParseSigner] reads, or "" for a key that is kept elsewhere.
func (s *Signer) PrivateKey() string {
	private, ok := s.key.(ed25519.PrivateKey)
	if !ok {
		return ""
	}
	data := append([]byte{algEd25519}, private.Seed()...)
	return fmt.Sprintf("PRIVATE+KEY+%s+%08x+%s", s.name, s.KeyHash(), base64.StdEncoding.EncodeToString(data))
}

// VerifierKey returns the public text, "ORIGIN+HASH+BASE64", that anyone needs to verify checkpoints.
func (s *Signer) VerifierKey() string { return s.vkey }

// PublicKeyDER returns the public key as SubjectPublicKeyInfo.
func (s *Signer) PublicKeyDER() []byte {
	der, err := x509.MarshalPKIXPublicKey(s.public)
	if err != nil {
		panic("transparency: an Ed25519 key has no SubjectPublicKeyInfo: " + err.Error())
	}
	return der
}

// LogID returns 32 bytes that name origin and key together, for Sigstore's trusted root and log entries.
func (s *Signer) LogID() []byte {
	return keyID(s.name, s.public)
}

// Verifier returns what verifies this signer's checkpoints.
func (s *Signer) Verifier() note.Verifier {
	v, err := note.NewVerifier(s.vkey)
	if err != nil {
		panic("transparency: own verifier key: " + err.Error())
	}
	return v
}

// NewVerifier reads a verifier key, as [Signer.VerifierKey] returns it.
func NewVerifier(vkey string) (note.Verifier, error) {
	v, err := note.NewVerifier(strings.TrimSpace(vkey))
	if err != nil {
		return nil, fmt.Errorf("parse log verifier key: %w", err)
	}
	return v, nil
}
