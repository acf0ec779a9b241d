package witness

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	cosignature "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"
)

// algCosignature tells an Ed25519 key for cosignatures in the signed-note format (tlog-cosignature).
const algCosignature = 4

// errKey says that a text is not a key; it never holds the text.
var errKey = errors.New("not a witness key")

// Signer is a witness' private key: Ed25519, for timestamped cosignatures.
type Signer struct {
	name string
	hash uint32
	key  ed25519.PrivateKey
}

// GenerateKey makes a private key for the witness called name and returns it in the form that
// [ParseSigner] reads, "PRIVATE+KEY+NAME+HASH+BASE64". The name is best an address without its scheme.
func GenerateKey(name string) (string, error) {
	if !validName(name) {
		return "", fmt.Errorf("generate witness key: %w: name %.100q", errKey, name)
	}
	public, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return "", fmt.Errorf("generate witness key: %w", err)
	}
	data := append([]byte{algCosignature}, key.Seed()...)
	return fmt.Sprintf("PRIVATE+KEY+%s+%08x+%s", name, keyHash(name, algCosignature, public), base64.StdEncoding.EncodeToString(data)), nil
}

// ParseSigner reads what GenerateKey wrote.
func ParseSigner(text string) (*Signer, error) {
	parts := strings.SplitN(strings.TrimSpace(text), "+", 5)
	if len(parts) != 5 || parts[0] != "PRIVATE" || parts[1] != "KEY" || !validName(parts[2]) {
		return nil, errKey
	}
	data, err := base64.StdEncoding.Strict().DecodeString(parts[4])
	if err != nil || len(data) != 1+ed25519.SeedSize || data[0] != algCosignature {
		return nil, errKey
	}
	s := &Signer{name: parts[2], key: ed25519.NewKeyFromSeed(data[1:])}
	s.hash = keyHash(s.name, algCosignature, s.public())
	if parts[3] != fmt.Sprintf("%08x", s.hash) {
		return nil, errKey
	}
	return s, nil
}

func (s *Signer) public() ed25519.PublicKey {
	public, ok := s.key.Public().(ed25519.PublicKey)
	if !ok {
		panic("witness: an Ed25519 key has no public one")
	}
	return public
}

// VerifierKey returns the public text, "NAME+HASH+BASE64", that [ParseVerifier] reads.
func (s *Signer) VerifierKey() string {
	data := append([]byte{algCosignature}, s.public()...)
	return fmt.Sprintf("%s+%08x+%s", s.name, s.hash, base64.StdEncoding.EncodeToString(data))
}

// Cosign returns the signature line, newline included, that says that text, a checkpoint without its
// signatures, is the newest that this witness has seen of its log at a moment.
func (s *Signer) Cosign(text string, at time.Time) string {
	seconds := max(at.Unix(), 0)
	message := "cosignature/v1\ntime " + strconv.FormatInt(seconds, 10) + "\n" + text
	sig := binary.BigEndian.AppendUint32(nil, s.hash)
	sig = binary.BigEndian.AppendUint64(sig, uint64(seconds))
	sig = append(sig, ed25519.Sign(s.key, []byte(message))...)
	return "— " + s.name + " " + base64.StdEncoding.EncodeToString(sig) + "\n"
}

// ParseVerifier reads a witness' verifier key: Ed25519 or ML-DSA-44. A plain Ed25519 key is taken for the
// cosignature key with the same bytes, as witnesses often publish it so.
func ParseVerifier(vkey string) (note.Verifier, error) {
	vkey = strings.TrimSpace(vkey)
	name, rest, _ := strings.Cut(vkey, "+")
	hash, text, ok := strings.Cut(rest, "+")
	data, err := base64.StdEncoding.Strict().DecodeString(text)
	// The library does not compare the hash with the key.
	if !ok || err != nil || len(data) == 0 || !validName(name) || hash != fmt.Sprintf("%08x", keyHash(name, data[0], data[1:])) {
		return nil, errKey
	}
	v, err := cosignature.NewVerifierForCosignatureV1(vkey)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errKey, err) // says only what kind of thing is wrong
	}
	return v, nil
}

// keyHash is a note's key hash (C2SP signed-note).
func keyHash(name string, algorithm byte, key []byte) uint32 {
	h := sha256.New()
	h.Write([]byte(name + "\n"))
	h.Write([]byte{algorithm})
	h.Write(key)
	return binary.BigEndian.Uint32(h.Sum(nil))
}

func validName(name string) bool {
	return name != "" && len(name) <= 200 && utf8.ValidString(name) && !strings.ContainsFunc(name, unicode.IsSpace) && !strings.Contains(name, "+")
}
