package transparency

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strings"

	"golang.org/x/mod/sumdb/note"
)

// algEd25519 tells the kind of key in the signed-note format.
const algEd25519 = 1

// Signer signs checkpoints with an Ed25519 key. It is a note.Signer.
type Signer struct {
	note.Signer
	private ed25519.PrivateKey
	vkey    string
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

// NewSigner returns the signer of the log named origin with key.
func NewSigner(origin string, key ed25519.PrivateKey) (*Signer, error) {
	public, ok := key.Public().(ed25519.PublicKey)
	if !ok || len(key) != ed25519.PrivateKeySize {
		return nil, fmt.Errorf("make log signer: private key has %d bytes", len(key))
	}
	vkey, err := note.NewEd25519VerifierKey(origin, public)
	if err != nil {
		return nil, fmt.Errorf("make log signer: %w", err)
	}
	s := &Signer{private: key, vkey: vkey}
	s.Signer, err = note.NewSigner(s.encode(origin))
	if err != nil {
		return nil, fmt.Errorf("make log signer: %w", err)
	}
	return s, nil
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

// encode writes the private key in note's form.
func (s *Signer) encode(origin string) string {
	id := keyID(origin, s.private.Public().(ed25519.PublicKey))
	data := append([]byte{algEd25519}, s.private.Seed()...)
	return fmt.Sprintf("PRIVATE+KEY+%s+%08x+%s", origin, binary.BigEndian.Uint32(id), base64.StdEncoding.EncodeToString(data))
}

// keyID is the whole digest of which a note's key hash is the first four bytes (C2SP signed-note).
func keyID(origin string, key ed25519.PublicKey) []byte {
	h := sha256.New()
	h.Write([]byte(origin + "\n"))
	h.Write([]byte{algEd25519})
	h.Write(key)
	return h.Sum(nil)
}

// PrivateKey returns the secret text that [ParseSigner] reads.
func (s *Signer) PrivateKey() string { return s.encode(s.Name()) }

// VerifierKey returns the public text, "ORIGIN+HASH+BASE64", that anyone needs to verify checkpoints.
func (s *Signer) VerifierKey() string { return s.vkey }

// PublicKeyDER returns the public key as SubjectPublicKeyInfo.
func (s *Signer) PublicKeyDER() []byte {
	der, err := x509.MarshalPKIXPublicKey(s.private.Public())
	if err != nil {
		panic("transparency: an Ed25519 key has no SubjectPublicKeyInfo: " + err.Error())
	}
	return der
}

// LogID returns 32 bytes that name origin and key together, for Sigstore's trusted root and log entries.
func (s *Signer) LogID() []byte {
	return keyID(s.Name(), s.private.Public().(ed25519.PublicKey))
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
