package attestation

import (
	"context"
	"slices"
	"time"

	"felleskrav/internal/organisation"
	"felleskrav/internal/signing"
)

// CompleteLog logs declarations and withdrawals that were stored but not
// logged when the process ended. It looks back over the given time and returns
// how many it completed.
func (s *Service) CompleteLog(ctx context.Context, back time.Duration) (int, error) {
	const most = 100_000
	since := s.now().Add(-back)
	declared, err := s.Store.AttestationsSince(ctx, since, most)
	if err != nil {
		return 0, wrap("list recent attestations", err)
	}
	done, err := Complete(ctx, s.Log, declared, LogKey, func(digest string) error {
		r, err := s.Store.Attestation(ctx, digest)
		if err != nil {
			return wrap("read attestation", err)
		}
		_, err = s.logRecord(ctx, r)
		return err
	})
	if err != nil {
		return done, err
	}
	withdrawn, err := s.Store.WithdrawalsSince(ctx, since, most)
	if err != nil {
		return done, wrap("list recent withdrawals", err)
	}
	n, err := Complete(ctx, s.Log, withdrawn, WithdrawalLogKey, func(digest string) error {
		w, err := s.Store.Withdrawal(ctx, digest)
		if err != nil {
			return wrap("read withdrawal", err)
		}
		_, err = s.logWithdrawal(ctx, w)
		return err
	})
	return done + n, err
}

// Complete calls do for each digest whose key is not in the log, and
// returns how many there were.
func Complete(ctx context.Context, log Log, digests []string, key func(string) string, do func(digest string) error) (int, error) {
	done := 0
	for chunk := range slices.Chunk(digests, 500) {
		keys := make([]string, len(chunk))
		for i, d := range chunk {
			keys[i] = key(d)
		}
		places, err := log.Places(ctx, keys)
		if err != nil {
			return done, wrap("find log entries", err)
		}
		for i, d := range chunk {
			if _, ok := places[keys[i]]; ok {
				continue
			}
			if err := do(d); err != nil {
				return done, err
			}
			done++
		}
	}
	return done, nil
}

// logRecord makes sure a stored declaration is logged. A second signature goes
// first: what has a place in the log has all its signatures there.
func (s *Service) logRecord(ctx context.Context, r Record) (Place, error) {
	if r.SecondKeyID != "" {
		second, err := s.second(ctx, r)
		if err != nil {
			return Place{}, err
		}
		if _, err := s.logStored(ctx, SecondLogKey(r.Digest), r.Supplier, second.Bundle); err != nil {
			return Place{}, err
		}
	}
	return s.logStored(ctx, r.LogKey(), r.Supplier, r.Bundle)
}

// logWithdrawal makes sure a stored withdrawal, read with its bundle, is
// logged.
func (s *Service) logWithdrawal(ctx context.Context, w Withdrawal) (Place, error) {
	return s.logStored(ctx, w.LogKey(), w.Supplier, w.Bundle)
}

// logStored logs a bundle as it is stored: its leaf is the same each time, and
// so the log takes it once. A key that was revoked since does not matter; the
// signature was accepted when it was stored.
func (s *Service) logStored(ctx context.Context, key string, by organisation.Number, stored []byte) (Place, error) {
	bundle, err := signing.ParseBundle(stored)
	if err != nil {
		return Place{}, wrap("read stored bundle", err)
	}
	sup, err := s.Suppliers.Supplier(ctx, by)
	if err != nil {
		return Place{}, wrap("read supplier", err)
	}
	signed, err := s.Signers.Again(bundle, sup)
	if err != nil {
		return Place{}, wrap("read signer of stored bundle", err)
	}
	leaf, err := signing.LeafBody(bundle, signed.Public)
	if err != nil {
		return Place{}, wrap("write log entry", err)
	}
	index, at, err := s.Log.Append(ctx, key, leaf)
	return Place{index, at}, wrap("log "+key, err)
}
