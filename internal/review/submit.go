package review

import (
	"context"
	"errors"
	"time"

	"felleskrav/internal/access"
	"felleskrav/internal/attestation"
	"felleskrav/internal/organisation"
	"felleskrav/internal/problem"
	"felleskrav/internal/signing"
)

// Receipt is what a body keeps: it proves offline, with the log's public key,
// that the review, or its withdrawal, is in the log.
type Receipt struct {
	// Review is the SHA-256 of the review's signed payload, in hex.
	Review      string               `json:"review"`
	Reviewer    organisation.Number  `json:"reviewer"`
	Attestation string               `json:"attestation"`
	Requirement string               `json:"requirement"`
	ReceivedAt  time.Time            `json:"receivedAt"`
	Log         attestation.LogProof `json:"log"`
}

// Submit takes a signed review in at the door: it verifies everything, stores
// the bundle verbatim, logs it, and answers with the receipt. The same payload
// again gives the receipt of the first time, and created is false. Every
// refusal is a [problem.Refused] that says why, and stores nothing.
//
// Nothing is acknowledged before it is both stored and logged. A crash between
// the two is made good by [Service.CompleteLog].
func (s *Service) Submit(ctx context.Context, actor access.Actor, bundleJSON []byte) (r Receipt, created bool, err error) {
	if err := access.Check(actor, access.WriteReview, actor.Org); err != nil {
		return Receipt{}, false, err
	}
	bundle, err := signing.ParseBundle(bundleJSON)
	if err != nil {
		return Receipt{}, false, attestation.BundleProblem(err)
	}
	st, err := attestation.Decode[Predicate](bundle.Payload, ReviewType)
	if err != nil {
		return Receipt{}, false, err
	}
	p, of := st.Predicate, st.Subject[0].Digest.SHA256
	if st.Subject[0].Name != attestation.URN(of) {
		return Receipt{}, false, refused("review.subject", nil)
	}
	if own := organisation.Number(actor.Org); p.Reviewer.ID != own.ID() {
		return Receipt{}, false, refused("review.reviewer", problem.Args{"Value": problem.Clip(p.Reviewer.ID), "Known": own.ID()})
	}
	org, err := s.reviewer(ctx, organisation.Number(actor.Org))
	if err != nil {
		return Receipt{}, false, err
	}
	now := s.now()
	signed, err := s.Signers.Of(ctx, bundle, org, now)
	if err != nil {
		return Receipt{}, false, attestation.BundleProblem(err)
	}
	digest := signing.Digest(bundle.Payload)
	known, err := s.Store.Review(ctx, digest)
	switch {
	case err == nil:
		return s.again(ctx, known)
	case !errors.Is(err, problem.ErrNotFound):
		return Receipt{}, false, wrap("look for review", err)
	}
	if err := org.Usable(signed.Key, signed.At); err != nil {
		return Receipt{}, false, err
	}
	d, err := s.declaration(ctx, of)
	if err != nil {
		return Receipt{}, false, err
	}
	rec, err := s.check(ctx, actor, p, org, d, now)
	if err != nil {
		return Receipt{}, false, refusedErr(err)
	}
	if p.Supersedes != nil {
		rec.Supersedes = p.Supersedes.Digest.SHA256
		if err := s.checkSuperseded(ctx, rec); err != nil {
			return Receipt{}, false, err
		}
	}
	if signed, _, err = attestation.Known(ctx, s.Keeper, signed, org); err != nil {
		return Receipt{}, false, err
	}
	rec.Digest, rec.KeyID, rec.ReceivedAt, rec.Bundle = digest, signed.Key.ID, now, bundleJSON
	leaf, err := signing.LeafBody(bundle, signed.Public)
	if err != nil {
		return Receipt{}, false, wrap("write log entry", err)
	}
	err = s.Store.InsertReview(ctx, rec)
	if errors.Is(err, problem.ErrExists) { // the same payload at the same time
		known, err := s.Store.Review(ctx, digest)
		if err != nil {
			return Receipt{}, false, wrap("read review", err)
		}
		return s.again(ctx, known)
	}
	if err != nil {
		return Receipt{}, false, wrap("store review", err)
	}
	index, at, err := s.Log.Append(ctx, rec.LogKey(), leaf)
	if err != nil {
		return Receipt{}, false, wrap("log review", err)
	}
	r, err = s.receipt(ctx, rec, rec.ReceivedAt, attestation.Place{Index: index, At: at})
	return r, err == nil, err
}

// again answers for a payload that is stored, by what was stored first.
func (s *Service) again(ctx context.Context, known Record) (Receipt, bool, error) {
	p, err := s.logReview(ctx, known)
	if err != nil {
		return Receipt{}, false, err
	}
	r, err := s.receipt(ctx, known, known.ReceivedAt, p)
	return r, false, err
}

func (s *Service) checkSuperseded(ctx context.Context, r Record) error {
	old, err := s.Store.Review(ctx, r.Supersedes)
	if errors.Is(err, problem.ErrNotFound) {
		return refused("review.supersedes", nil)
	}
	if err != nil {
		return wrap("read earlier review", err)
	}
	if old.Reviewer != r.Reviewer || old.Attestation != r.Attestation || old.Requirement != r.Requirement {
		return refused("review.supersedes", nil)
	}
	return nil
}

func (s *Service) receipt(ctx context.Context, r Record, received time.Time, p attestation.Place) (Receipt, error) {
	proof, err := attestation.Prove(ctx, s.Log, p)
	if err != nil {
		return Receipt{}, err
	}
	return Receipt{Review: r.Digest, Reviewer: r.Reviewer, Attestation: r.Attestation, Requirement: r.Requirement, ReceivedAt: received, Log: proof}, nil
}
