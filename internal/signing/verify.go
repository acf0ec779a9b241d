package signing

import (
	"encoding/hex"
	"fmt"
)

const (
	// StatementType is the only in-toto statement version accepted.
	StatementType = "https://in-toto.io/Statement/v1"

	// As many as sigstore-go accepts.
	maxSubjects       = 1024
	maxSubjectDigests = 32
)

// statement is an in-toto Statement v1. The predicate is the caller's to read.
type statement struct {
	Type    string `json:"_type"`
	Subject []struct {
		Name             string            `json:"name,omitempty"`
		URI              string            `json:"uri,omitempty"`
		Digest           map[string]string `json:"digest,omitempty"`
		Content          string            `json:"content,omitempty"`
		DownloadLocation string            `json:"downloadLocation,omitempty"`
		MediaType        string            `json:"mediaType,omitempty"`
		Annotations      map[string]any    `json:"annotations,omitempty"`
	} `json:"subject"`
	PredicateType string     `json:"predicateType"`
	Predicate     objectJSON `json:"predicate"`
}

// objectJSON is whether a value is an object. A predicate is most of a statement, and not copied for that.
type objectJSON bool

// UnmarshalJSON implements json.Unmarshaler.
func (o *objectJSON) UnmarshalJSON(data []byte) error {
	*o = len(data) > 0 && data[0] == '{'
	return nil
}

// Verify reports whether b carries key's signature and its payload is an in-toto statement v1, strictly
// written, that has each of subjects (SHA-256 digests, lower-case hexadecimal) among its subjects. The
// error wraps ErrSignature, ErrStatement (with a *JSONError if it is not strict JSON), ErrSubject, or a
// reason to refuse the key. Whose key it is, and whether it was valid, is for the caller to know.
//
// But for log entries and timestamps that the bundle may carry, it accepts nothing that sigstore-go
// refuses with the same key and policy; the tests hold the two against each other. It does not use sigstore-go itself, which decodes every predicate into generic
// values and is several times slower for it.
func (b *Bundle) Verify(key PublicKey, subjects ...string) error {
	if err := b.VerifySignature(key); err != nil {
		return err
	}
	var st statement
	if err := StrictJSON(b.Payload, &st); err != nil {
		return fmt.Errorf("%w: %w", ErrStatement, err)
	}
	if err := st.check(); err != nil {
		return err
	}
	have := make(map[string]bool, len(st.Subject))
	for _, subject := range st.Subject {
		have[subject.Digest["sha256"]] = true
	}
	for _, want := range subjects {
		if want == "" || !have[want] {
			return fmt.Errorf("%w: not %q", ErrSubject, want)
		}
	}
	return nil
}

// VerifySignature is the part of [Bundle.Verify] that does not look into the payload.
func (b *Bundle) VerifySignature(key PublicKey) error {
	if err := VerifyMessage(key, preAuthEncoding(b.Payload), b.Signature); err != nil {
		return fmt.Errorf("verify bundle: %w", err)
	}
	return nil
}

func (st *statement) check() error {
	if st.Type != StatementType {
		return fmt.Errorf("%w: _type is %q", ErrStatement, st.Type)
	}
	if st.PredicateType == "" {
		return fmt.Errorf("%w: no predicateType", ErrStatement)
	}
	// in-toto asks for an object; sigstore-go refuses anything else.
	if !st.Predicate {
		return fmt.Errorf("%w: predicate is not an object", ErrStatement)
	}
	if n := len(st.Subject); n == 0 || n > maxSubjects {
		return fmt.Errorf("%w: %d subjects", ErrStatement, n)
	}
	for i, subject := range st.Subject {
		if n := len(subject.Digest); n == 0 || n > maxSubjectDigests {
			return fmt.Errorf("%w: subject %d has %d digests", ErrStatement, i, n)
		}
		for algorithm, digest := range subject.Digest {
			if sum, err := hex.DecodeString(digest); err != nil || hex.EncodeToString(sum) != digest {
				return fmt.Errorf("%w: subject %d: %s digest is not lower-case hexadecimal", ErrStatement, i, algorithm)
			}
		}
		if sum := subject.Digest["sha256"]; len(sum) != 64 {
			return fmt.Errorf("%w: subject %d: sha256 digest is missing or short", ErrStatement, i)
		}
	}
	return nil
}
