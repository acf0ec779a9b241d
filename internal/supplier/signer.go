package supplier

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"time"

	"felleskrav/internal/problem"
	"felleskrav/internal/signing"
)

// Signers tells which of an organisation's signers made a signature. The zero
// value, and nil, know the keys that organisations have enrolled.
type Signers struct{}

// Signed is a signature that was verified, and whose it is.
type Signed struct {
	// Key is the signer as the organisation has it.
	Key Key
	// Public is what verifies the signature.
	Public signing.PublicKey
}

// Of finds which of the organisation's signers made the signature on b, at the
// moment at, and verifies it. Whether the signer may sign something new is for
// [Supplier.Usable] to say. The error is a problem, or one of package signing's
// reasons to refuse a bundle.
func (s *Signers) Of(_ context.Context, b *signing.Bundle, org Supplier, _ time.Time) (Signed, error) {
	return enrolledSigner(b, org)
}

// Again is [Signers.Of] for a bundle that was accepted at the moment at: it asks
// nobody, and finds what was found then.
func (s *Signers) Again(b *signing.Bundle, org Supplier, _ time.Time) (Signed, error) {
	return enrolledSigner(b, org)
}

// enrolledSigner finds the enrolled key that made the signature. The bundle's
// hint says where to look first and proves nothing.
func enrolledSigner(b *signing.Bundle, org Supplier) (Signed, error) {
	var hinted []Key
	if raw, err := base64.StdEncoding.DecodeString(b.Hint); err == nil {
		if k, ok := org.Key(hex.EncodeToString(raw)); ok {
			hinted = []Key{k}
		}
	}
	if len(org.Keys) == 0 {
		return Signed{}, problem.New(problem.Refused, "signature.no-keys", nil)
	}
	for _, k := range append(hinted, org.Keys...) {
		pub, err := signing.ParsePublicKey([]byte(k.PEM))
		if err != nil {
			return Signed{}, wrap("read enrolled key", err)
		}
		err = b.Verify(pub)
		if err == nil {
			return Signed{k, pub}, nil
		}
		if !errors.Is(err, signing.ErrSignature) {
			return Signed{}, err
		}
		if len(hinted) > 0 { // the key it names is ours to know, and it did not sign this
			return Signed{}, problem.New(problem.Refused, "signature.wrong", nil).Because(err)
		}
	}
	return Signed{}, problem.New(problem.Refused, "signature.unknown-key", problem.Args{"Supplier": org.Name})
}

// Usable says whether a key of s may sign something new now.
func (s Supplier) Usable(k Key, now time.Time) error {
	switch {
	case s.Ends(k.ID):
		return problem.New(problem.Refused, "signature.key-revoked", problem.Args{"Label": k.Label})
	case !now.Before(k.ExpiresAt):
		return problem.New(problem.Refused, "signature.key-expired", problem.Args{"Label": k.Label})
	}
	return nil
}

// signers counts the keys that may sign something new now.
func (s Supplier) signers(now time.Time) int {
	n := 0
	for _, k := range s.Keys {
		if s.Usable(k, now) == nil {
			n++
		}
	}
	return n
}
