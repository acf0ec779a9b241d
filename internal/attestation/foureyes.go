package attestation

import (
	"context"
	"errors"
	"slices"
	"time"

	"felleskrav/internal/access"
	"felleskrav/internal/organisation"
	"felleskrav/internal/problem"
	"felleskrav/internal/signing"
	"felleskrav/internal/supplier"
)

// Where a supplier asks for four eyes, a declaration takes effect when two of
// its signers have signed the same bytes, each in a bundle of its own: a DSSE
// envelope with two signatures is refused by stock verifiers.

// Signature is one signer's bundle over a declaration that needs two. It is
// written once; there is one for each signer.
type Signature struct {
	// Attestation is the digest of the payload, and KeyID who signed.
	Attestation string              `json:"attestation"`
	KeyID       string              `json:"keyId"`
	Supplier    organisation.Number `json:"supplier"`
	Offering    string              `json:"offering"`
	Set         string              `json:"set"`
	SetVersion  string              `json:"setVersion"`
	At          time.Time           `json:"at"`
	// Bundle is the received bundle, verbatim. Lists leave it out.
	Bundle []byte `json:"bundle,omitempty"`
}

// SecondLogKey is the key under which the second signature on the declaration
// with this digest is logged.
func SecondLogKey(digest string) string { return "attestation-second:" + digest }

// submitSigned takes in a declaration that passed every check, of a supplier that
// asks for four eyes. The first signature is acknowledged as waiting; with the
// second the declaration is stored and logged, both signatures in the log.
func (s *Service) submitSigned(ctx context.Context, rec Record, sup supplier.Supplier) (r Receipt, created bool, err error) {
	j, err := s.join(ctx, Signature{
		Attestation: rec.Digest, KeyID: rec.KeyID, Supplier: rec.Supplier, Offering: rec.Offering, Set: rec.Set, SetVersion: rec.SetVersion,
		At: rec.ReceivedAt, Bundle: rec.Bundle,
	}, sup)
	if err != nil {
		return Receipt{}, false, err
	}
	if !j.complete {
		return Receipt{
			Attestation: rec.Digest, Supplier: rec.Supplier, Offering: rec.Offering, Set: rec.Set, SetVersion: rec.SetVersion,
			ReceivedAt: j.first.At, Waiting: WaitsForSecond,
		}, true, nil
	}
	rec.KeyID, rec.Bundle, rec.SecondKeyID = j.first.KeyID, j.first.Bundle, j.second.KeyID
	known, err := s.insert(ctx, rec)
	if err != nil {
		return Receipt{}, false, err
	}
	if known.Digest != "" {
		return s.again(ctx, known)
	}
	if r, _, err = s.again(ctx, rec); err != nil {
		return Receipt{}, false, err
	}
	s.settle(ctx, rec)
	return r, true, nil
}

// maxWaiting is how many declarations that wait for a second signature are
// shown to a supplier.
const maxWaiting = 100

// joined is what has been signed of one declaration.
type joined struct {
	first, second Signature
	complete      bool
}

// join keeps a signature that passed every check, and finds whether it is the
// second. Signatures by a key that cannot sign any more do not count.
func (s *Service) join(ctx context.Context, sig Signature, sup supplier.Supplier) (joined, error) {
	if err := s.Store.InsertSignature(ctx, sig); err != nil && !errors.Is(err, problem.ErrExists) {
		return joined{}, wrap("store signature", err)
	}
	all, err := s.Store.Signatures(ctx, sig.Attestation)
	if err != nil {
		return joined{}, wrap("read signatures", err)
	}
	var out []Signature
	for _, x := range all {
		if k, ok := sup.Key(x.KeyID); x.KeyID == sig.KeyID || ok && sup.Usable(k, sig.At) == nil {
			out = append(out, x)
		}
	}
	if len(out) < 2 {
		return joined{first: sig}, nil
	}
	return joined{first: out[0], second: out[1], complete: true}, nil
}

// Waiting is a declaration that waits for its second signature.
type Waiting struct {
	Signature
	// Statement is the exact bytes to sign.
	Statement []byte
}

// WaitingFor lists what waits for a second signature at a supplier, and can
// still have it, the newest first.
func (s *Service) WaitingFor(ctx context.Context, actor access.Actor, number organisation.Number) ([]Waiting, error) {
	if err := access.Check(actor, access.PrepareStatement, string(number)); err != nil {
		return nil, err
	}
	all, err := s.Store.SignaturesOf(ctx, number, s.now().Add(-MaxValidity), maxWaiting)
	if err != nil {
		return nil, wrap("list signatures", err)
	}
	var out []Waiting
	seen := map[string]bool{}
	for _, sig := range all {
		if seen[sig.Attestation] {
			continue
		}
		seen[sig.Attestation] = true
		switch _, err := s.Store.Attestation(ctx, sig.Attestation); {
		case err == nil:
			continue
		case !errors.Is(err, problem.ErrNotFound):
			return nil, wrap("look for attestation", err)
		}
		w, can, err := s.completable(ctx, sig.Attestation)
		if err != nil {
			return nil, err
		}
		if can {
			out = append(out, w)
		}
	}
	return out, nil
}

// completable tells whether a second signature would still be taken in: the
// declaration passes its checks, and somebody who has signed it still can.
func (s *Service) completable(ctx context.Context, digest string) (Waiting, bool, error) {
	w, err := s.waiting(ctx, digest)
	if err != nil {
		return w, false, err
	}
	o, sup, err := s.offering(ctx, w.Offering)
	if err != nil {
		return w, false, err
	}
	signed, err := s.Store.Signatures(ctx, digest)
	if err != nil {
		return w, false, wrap("read signatures", err)
	}
	now := s.now()
	i := slices.IndexFunc(signed, func(x Signature) bool {
		k, ok := sup.Key(x.KeyID)
		return ok && sup.Usable(k, now) == nil
	})
	if i < 0 {
		return w, false, nil
	}
	w.Signature = signed[i]
	w.Bundle = nil
	st, err := Decode[Declaration](w.Statement, DeclarationType)
	if err == nil {
		_, err = s.check(ctx, st, o, sup, now)
	}
	if problem.KindOf(err) == problem.Refused {
		return w, false, nil
	}
	return w, err == nil, err
}

// Statement gives the exact bytes that were signed: of a declaration, and, to
// its supplier alone, of one that waits for its second signature.
func (s *Service) Statement(ctx context.Context, actor access.Actor, digest string) ([]byte, error) {
	r, err := s.Get(ctx, actor, digest)
	if err == nil {
		b, err := signing.ParseBundle(r.Bundle)
		if err != nil {
			return nil, wrap("read stored bundle", err)
		}
		return b.Payload, nil
	}
	if problem.KindOf(err) != problem.NotFound || !isDigest(digest) {
		return nil, err
	}
	w, waits := s.waiting(ctx, digest)
	if waits != nil {
		return nil, waits
	}
	if access.Check(actor, access.PrepareStatement, string(w.Supplier)) != nil {
		return nil, err // others do not learn that there is one
	}
	return w.Statement, nil
}

func (s *Service) waiting(ctx context.Context, digest string) (Waiting, error) {
	all, err := s.Store.Signatures(ctx, digest)
	if err != nil {
		return Waiting{}, wrap("read signatures", err)
	}
	if len(all) == 0 {
		return Waiting{}, problem.New(problem.NotFound, "attestation.not-found", nil)
	}
	b, err := signing.ParseBundle(all[0].Bundle)
	if err != nil {
		return Waiting{}, wrap("read stored bundle", err)
	}
	w := Waiting{Signature: all[0], Statement: b.Payload}
	w.Bundle = nil
	return w, nil
}

// second finds the second signature on a stored declaration.
func (s *Service) second(ctx context.Context, r Record) (Signature, error) {
	all, err := s.Store.Signatures(ctx, r.Digest)
	if err != nil {
		return Signature{}, wrap("read signatures", err)
	}
	for _, sig := range all {
		if sig.KeyID == r.SecondKeyID {
			return sig, nil
		}
	}
	return Signature{}, wrap("find second signature", problem.ErrNotFound)
}
