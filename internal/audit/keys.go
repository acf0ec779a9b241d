package audit

import (
	"errors"
	"os"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"felleskrav/internal/console"
	"felleskrav/internal/signing"
	"felleskrav/internal/transparency"
)

// PublicKey reads a public key file.
func PublicKey(s *console.Session, file string) (signing.PublicKey, error) {
	data, err := s.Read(file)
	if err != nil {
		return signing.PublicKey{}, err
	}
	key, err := signing.ParsePublicKey(data)
	switch {
	case errors.Is(err, signing.ErrKeyPrivate):
		return key, console.No("cli.key.private", "File", file)
	case errors.Is(err, signing.ErrAlgorithm):
		return key, console.No("cli.key.algorithm-of", "File", file)
	case err != nil:
		return key, console.No("cli.key.malformed", "File", file)
	}
	return key, nil
}

// LogVerifier reads a log's public key, given as text or as a file.
func LogVerifier(s *console.Session, key string) (note.Verifier, error) {
	if _, err := os.Stat(key); err == nil {
		data, err := s.Read(key)
		if err != nil {
			return nil, err
		}
		key = strings.TrimSpace(string(data))
	}
	v, err := transparency.NewVerifier(key)
	if err != nil {
		return nil, console.Usage("cli.verify.log-key-form", "Key", key)
	}
	return v, nil
}

// loggedKey is the public key in a log entry (Rekor hashedrekord 0.0.2).
func loggedKey(body []byte) (signing.PublicKey, error) {
	k, err := signing.LeafKey(body)
	if err != nil {
		return k, errLogKey
	}
	return k, nil
}
