package attestation

import (
	"context"
	"errors"
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
	Holds bool `json:"holds"`
	// Grade says how it is known whose the signature is.
	Grade supplier.SignerKind `json:"grade"`
	// Signer is the signer as people know it, and Issuer who vouches for that.
	Signer string `json:"signer"`
	Issuer string `json:"issuer,omitempty"`
	// RevocationChecked is when the issuer of the certificate last answered that
	// it is not revoked; nil when there is no certificate, or no such answer.
	RevocationChecked *time.Time `json:"revocationChecked,omitempty"`
	Checks            []Check    `json:"checks"`
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
	CheckSignature   CheckName = "signature-valid"
	CheckSecond      CheckName = "second-signature-valid" // where two were asked for
	CheckIdentity    CheckName = "payload-unchanged"
	CheckCertificate CheckName = "certificate-trusted" // where one names the signer
	CheckKey         CheckName = "key-not-revoked-before"
	CheckLogged      CheckName = "logged"
	CheckSet         CheckName = "set-published"
	CheckSetNewest   CheckName = "set-newest"
	CheckDescriptor  CheckName = "offering-unchanged"
	CheckEvidence    CheckName = "evidence-present"
	CheckTime        CheckName = "not-expired"
	CheckStanding    CheckName = "not-withdrawn"
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
	signed, err := s.resigned(ctx, r, sup)
	if err != nil {
		return Verdict{}, Record{}, err
	}
	set, published := s.Catalogue.Content().Version(r.Set, r.SetVersion)
	newest, _ := s.Catalogue.Content().Version(r.Set, "")
	v := Verdict{Attestation: digest, At: s.now(), Holds: true}
	checks := []Check{{CheckSignature, signed.first}}
	if r.SecondKeyID != "" {
		checks = append(checks, Check{CheckSecond, signed.second})
	}
	if signed.certified {
		checks = append(checks, Check{CheckCertificate, signed.trusted})
	}
	checks = append(checks, []Check{
		{CheckIdentity, signed.same},
		{CheckKey, signed.first && signed.standing(place, logged)},
		{CheckLogged, logged},
		{CheckSet, published && set.Digest == r.SetDigest},
		{CheckSetNewest, newest.Version == r.SetVersion},
		{CheckDescriptor, o.Descriptor().Digest == r.Descriptor},
		{CheckEvidence, evidenceErr == nil},
		{CheckTime, v.At.Before(r.ValidUntil)},
		{CheckStanding, len(withdrawn) == 0},
	}...)
	v.grade(sup, r)
	for _, c := range checks {
		v.Checks = append(v.Checks, c)
		v.Holds = v.Holds && c.Holds
	}
	return v, r, nil
}

// signatures are what became of those on a stored declaration.
type signatures struct {
	// first and second tell whether they verify; same, whether the payload still
	// has the digest it is known by.
	first, second, same bool
	// certified tells whether a certificate names a signer, and trusted whether
	// what is installed now vouches for each.
	certified, trusted bool
	keys               []supplier.Key
}

// standing tells whether none of the keys was revoked before the declaration
// got its place in the log.
func (s signatures) standing(p Place, logged bool) bool {
	for _, k := range s.keys {
		if k.Revoked != nil && (!logged || k.Revoked.Counts(p.Index, p.At)) {
			return false
		}
	}
	return true
}

// judge holds the certificate on a bundle, if there is one, against what is
// installed.
func (s *signatures) judge(signers *supplier.Signers, b *signing.Bundle, at time.Time) {
	if b.Certificate != nil {
		s.certified = true
		s.trusted = signers.Trusts(b, at) == nil && s.trusted
	}
}

// resigned verifies the stored bytes again: whether signers of the supplier
// made the signatures.
func (s *Service) resigned(ctx context.Context, r Record, sup supplier.Supplier) (signatures, error) {
	out := signatures{trusted: true}
	bundle, err := signing.ParseBundle(r.Bundle)
	if err != nil {
		return out, nil //nolint:nilerr // stored bytes that are no bundle any more are a verdict
	}
	out.same = signing.Digest(bundle.Payload) == r.Digest
	if who, err := s.Signers.Again(bundle, sup); err == nil {
		out.first, out.keys = true, append(out.keys, who.Key)
	}
	out.judge(s.Signers, bundle, r.ReceivedAt)
	if r.SecondKeyID == "" {
		return out, nil
	}
	sig, err := s.second(ctx, r)
	if errors.Is(err, problem.ErrNotFound) {
		return out, nil
	}
	if err != nil {
		return out, err
	}
	other, err := signing.ParseBundle(sig.Bundle)
	if err != nil {
		return out, nil //nolint:nilerr // as above
	}
	out.same = out.same && signing.Digest(other.Payload) == r.Digest
	out.judge(s.Signers, other, sig.At)
	if who, err := s.Signers.Again(other, sup); err == nil && who.Key.ID == r.SecondKeyID && who.Key.ID != r.KeyID {
		out.second, out.keys = true, append(out.keys, who.Key)
	}
	return out, nil
}

// grade says how it is known whose the signature is.
func (v *Verdict) grade(sup supplier.Supplier, r Record) {
	k, _ := sup.Key(r.KeyID)
	v.Grade, v.Signer = k.SignerKind(), k.Label
	switch {
	case k.Certificate != nil:
		v.Signer, v.Issuer = k.Certificate.Subject, k.Certificate.Issuer
		v.RevocationChecked = k.Certificate.Checked
	case k.Identity != nil:
		v.Signer, v.Issuer = k.Identity.Subject, k.Identity.Issuer
	}
}
