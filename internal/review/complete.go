package review

import (
	"context"
	"time"

	"felleskrav/internal/attestation"
	"felleskrav/internal/organisation"
	"felleskrav/internal/signing"
)

// CompleteLog logs reviews and withdrawals that were stored but not logged
// when the process ended. It looks back over the given time and returns how
// many it completed.
func (s *Service) CompleteLog(ctx context.Context, back time.Duration) (int, error) {
	const most = 100_000
	since := s.now().Add(-back)
	recorded, err := s.Store.ReviewsSince(ctx, since, most)
	if err != nil {
		return 0, wrap("list recent reviews", err)
	}
	done, err := attestation.Complete(ctx, s.Log, recorded, LogKey, func(digest string) error {
		r, err := s.Store.Review(ctx, digest)
		if err != nil {
			return wrap("read review", err)
		}
		_, err = s.logReview(ctx, r)
		return err
	})
	if err != nil {
		return done, err
	}
	withdrawn, err := s.Store.ReviewWithdrawalsSince(ctx, since, most)
	if err != nil {
		return done, wrap("list recent review withdrawals", err)
	}
	n, err := attestation.Complete(ctx, s.Log, withdrawn, WithdrawalLogKey, func(digest string) error {
		w, err := s.Store.ReviewWithdrawal(ctx, digest)
		if err != nil {
			return wrap("read review withdrawal", err)
		}
		_, err = s.logWithdrawal(ctx, w)
		return err
	})
	return done + n, err
}

// logReview makes sure a stored review, read with its bundle, is logged.
func (s *Service) logReview(ctx context.Context, r Record) (attestation.Place, error) {
	return s.logStored(ctx, r.LogKey(), r.Reviewer, r.Bundle)
}

func (s *Service) logWithdrawal(ctx context.Context, w Withdrawal) (attestation.Place, error) {
	return s.logStored(ctx, w.LogKey(), w.Reviewer, w.Bundle)
}

// logStored logs a bundle as it is stored: its leaf is the same each time, and
// so the log takes it once. A key that was revoked since does not matter; the
// signature was accepted when it was stored.
func (s *Service) logStored(ctx context.Context, key string, by organisation.Number, stored []byte) (attestation.Place, error) {
	bundle, err := signing.ParseBundle(stored)
	if err != nil {
		return attestation.Place{}, wrap("read stored bundle", err)
	}
	org, err := s.Suppliers.Supplier(ctx, by)
	if err != nil {
		return attestation.Place{}, wrap("read reviewer", err)
	}
	signed, err := s.Signers.Again(bundle, org)
	if err != nil {
		return attestation.Place{}, wrap("read signer of stored bundle", err)
	}
	leaf, err := signing.LeafBody(bundle, signed.Public)
	if err != nil {
		return attestation.Place{}, wrap("write log entry", err)
	}
	index, at, err := s.Log.Append(ctx, key, leaf)
	return attestation.Place{Index: index, At: at}, wrap("log "+key, err)
}
