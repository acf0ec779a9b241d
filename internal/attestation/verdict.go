package attestation

import (
	"context"
	"time"

	"felleskrav/internal/access"
	"felleskrav/internal/problem"
	"felleskrav/internal/signing"
	"felleskrav/internal/supplier"
)

// Verdict lists the checks of a stored declaration as they come out now.
type Verdict struct {
	Attestation string    `json:"attestation"`
	At          time.Time `json:"at"`
	// Holds is true when every check does.
	Holds  bool    `json:"holds"`
	Checks []Check `json:"checks"`
}

// Check is one thing verified. Its text is "verdict." and the name.
type Check struct {
	Name  CheckName `json:"name"`
	Holds bool      `json:"holds"`
}

// CheckName names a check.
type CheckName string

// The checks, in the order they are made.
const (
	CheckSignature  CheckName = "signature-valid"
	CheckIdentity   CheckName = "payload-unchanged"
	CheckKey        CheckName = "key-not-revoked-before"
	CheckLogged     CheckName = "logged"
	CheckSet        CheckName = "set-published"
	CheckSetNewest  CheckName = "set-newest"
	CheckDescriptor CheckName = "offering-unchanged"
	CheckEvidence   CheckName = "evidence-present"
	CheckTime       CheckName = "not-expired"
	CheckStanding   CheckName = "not-withdrawn"
)

// Verdict verifies a stored declaration anew, from the bytes up.
func (s *Service) Verdict(ctx context.Context, actor access.Actor, digest string) (Verdict, error) {
	v, _, err := s.verdict(ctx, actor, digest)
	return v, err
}

// verdict gives with the verdict the declaration it is about.
func (s *Service) verdict(ctx context.Context, actor access.Actor, digest string) (Verdict, Record, error) {
	r, err := s.Get(ctx, actor, digest)
	if err != nil {
		return Verdict{}, Record{}, err
	}
	o, sup, err := s.offering(ctx, r.Offering)
	if err != nil {
		return Verdict{}, Record{}, err
	}
	places, err := s.Log.Places(ctx, []string{r.LogKey()})
	if err != nil {
		return Verdict{}, Record{}, wrap("find log entry", err)
	}
	withdrawn, err := s.Store.Withdrawals(ctx, []string{digest})
	if err != nil {
		return Verdict{}, Record{}, wrap("read withdrawals", err)
	}
	_, evidenceErr := s.uploaded(ctx, r.Supplier, r.Answers)
	if evidenceErr != nil && problem.KindOf(evidenceErr) == problem.Internal {
		return Verdict{}, Record{}, evidenceErr
	}
	place, logged := places[r.LogKey()]
	key, signed, same := s.resigned(r, sup)
	set, published := s.Catalogue.Content().Version(r.Set, r.SetVersion)
	newest, _ := s.Catalogue.Content().Version(r.Set, "")
	v := Verdict{Attestation: digest, At: s.now(), Holds: true}
	for _, c := range []Check{
		{CheckSignature, signed},
		{CheckIdentity, same},
		{CheckKey, signed && (key.Revoked == nil || logged && key.Revoked.Index > place.Index)},
		{CheckLogged, logged},
		{CheckSet, published && set.Digest == r.SetDigest},
		{CheckSetNewest, newest.Version == r.SetVersion},
		{CheckDescriptor, o.Descriptor().Digest == r.Descriptor},
		{CheckEvidence, evidenceErr == nil},
		{CheckTime, v.At.Before(r.ValidUntil)},
		{CheckStanding, len(withdrawn) == 0},
	} {
		v.Checks = append(v.Checks, c)
		v.Holds = v.Holds && c.Holds
	}
	return v, r, nil
}

// resigned verifies the stored bytes again: whether a key of the supplier made
// the signature, and whether the payload still has the digest it is known by.
func (s *Service) resigned(r Record, sup supplier.Supplier) (key supplier.Key, signed, same bool) {
	bundle, err := signing.ParseBundle(r.Bundle)
	if err != nil {
		return supplier.Key{}, false, false
	}
	who, err := s.Signers.Again(bundle, sup, r.ReceivedAt)
	return who.Key, err == nil, signing.Digest(bundle.Payload) == r.Digest
}
