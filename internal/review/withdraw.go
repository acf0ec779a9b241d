package review

import (
	"context"
	"errors"
	"strings"
	"time"

	"felleskrav/internal/access"
	"felleskrav/internal/attestation"
	"felleskrav/internal/organisation"
	"felleskrav/internal/problem"
	"felleskrav/internal/signing"
)

const maxWithdrawalReason = 1000

// own reads a review that the actor may take back: to others it is not there.
func (s *Service) own(ctx context.Context, actor access.Actor, digest string) (Record, error) {
	if err := access.Check(actor, access.WriteReview, actor.Org); err != nil {
		return Record{}, err
	}
	r, err := s.seen(ctx, actor, digest)
	if err != nil {
		return Record{}, err
	}
	return r, access.Check(actor, access.WriteReview, string(r.Reviewer))
}

// PrepareWithdrawal gives the exact bytes of the statement that takes a review
// back.
func (s *Service) PrepareWithdrawal(ctx context.Context, actor access.Actor, digest, reason string) ([]byte, error) {
	r, err := s.own(ctx, actor, digest)
	if err != nil {
		return nil, err
	}
	reason = strings.TrimSpace(reason)
	if err := checkReason(reason); err != nil {
		return nil, err
	}
	return attestation.Encode(WithdrawalType, attestation.Subject{Name: URN(digest), Digest: attestation.DigestSet{SHA256: digest}}, WithdrawalPredicate{
		Reviewer: attestation.Party{ID: r.Reviewer.ID(), Name: r.ReviewerName}, Reason: reason,
		WithdrawnAt: s.now().Truncate(time.Second).Format(time.RFC3339),
	})
}

func checkReason(reason string) error {
	var c problem.Collector
	c.Text("reason", reason, 1, maxWithdrawalReason)
	return c.Err()
}

// Withdraw takes a signed withdrawal in. Withdrawing twice gives the receipt
// of the first time. The review stays, and shows as withdrawn.
func (s *Service) Withdraw(ctx context.Context, actor access.Actor, digest string, bundleJSON []byte) (r Receipt, created bool, err error) {
	rec, err := s.own(ctx, actor, digest)
	if err != nil {
		return Receipt{}, false, err
	}
	bundle, err := signing.ParseBundle(bundleJSON)
	if err != nil {
		return Receipt{}, false, attestation.BundleProblem(err)
	}
	st, err := attestation.Decode[WithdrawalPredicate](bundle.Payload, WithdrawalType)
	if err != nil {
		return Receipt{}, false, err
	}
	if st.Subject[0].Digest.SHA256 != digest || st.Subject[0].Name != URN(digest) {
		return Receipt{}, false, refused("review.withdrawal-subject", nil)
	}
	if by := st.Predicate.Reviewer; by.ID != rec.Reviewer.ID() || by.Name != rec.ReviewerName {
		return Receipt{}, false, refused("review.reviewer", problem.Args{"Value": problem.Clip(by.ID + " " + by.Name), "Known": rec.Reviewer.ID() + " " + rec.ReviewerName})
	}
	if err := checkReason(st.Predicate.Reason); err != nil {
		return Receipt{}, false, refusedErr(err)
	}
	now := s.now()
	if at, ok := attestation.ParseTime(st.Predicate.WithdrawnAt); !ok || at.After(now.Add(maxSkew)) {
		return Receipt{}, false, refused("withdrawal.time", nil)
	}
	org, err := s.reviewer(ctx, organisation.Number(actor.Org))
	if err != nil {
		return Receipt{}, false, err
	}
	signed, err := s.Signers.Of(ctx, bundle, org, now)
	if err != nil {
		return Receipt{}, false, attestation.BundleProblem(err)
	}
	if err := org.Usable(signed.Key, signed.At); err != nil {
		return Receipt{}, false, err
	}
	if signed, _, err = attestation.Known(ctx, s.Keeper, signed, org); err != nil {
		return Receipt{}, false, err
	}
	leaf, err := signing.LeafBody(bundle, signed.Public)
	if err != nil {
		return Receipt{}, false, wrap("write log entry", err)
	}
	w := Withdrawal{
		Review: digest, Reviewer: rec.Reviewer, Offering: rec.Offering, Shared: rec.Shared, Reason: strings.TrimSpace(st.Predicate.Reason),
		At: now, KeyID: signed.Key.ID, Digest: signing.Digest(bundle.Payload), Bundle: bundleJSON,
	}
	err = s.Store.InsertReviewWithdrawal(ctx, w)
	if errors.Is(err, problem.ErrExists) {
		return s.withdrawnBefore(ctx, rec)
	}
	if err != nil {
		return Receipt{}, false, wrap("store review withdrawal", err)
	}
	index, at, err := s.Log.Append(ctx, w.LogKey(), leaf)
	if err != nil {
		return Receipt{}, false, wrap("log review withdrawal", err)
	}
	r, err = s.receipt(ctx, rec, w.At, attestation.Place{Index: index, At: at})
	return r, err == nil, err
}

// withdrawnBefore answers with the first withdrawal, and logs it if a crash
// left it unlogged.
func (s *Service) withdrawnBefore(ctx context.Context, rec Record) (Receipt, bool, error) {
	w, err := s.Store.ReviewWithdrawal(ctx, rec.Digest)
	if err != nil {
		return Receipt{}, false, wrap("read review withdrawal", err)
	}
	p, err := s.logWithdrawal(ctx, w)
	if err != nil {
		return Receipt{}, false, err
	}
	r, err := s.receipt(ctx, rec, w.At, p)
	return r, false, err
}
