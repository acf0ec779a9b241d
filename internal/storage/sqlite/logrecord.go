package sqlite

import (
	"context"
	"errors"
	"fmt"

	"felleskrav/internal/problem"
	"felleskrav/internal/storage"
	"felleskrav/internal/transparency"
)

// LogLease implements transparency.Store.
func (s *Store) LogLease(ctx context.Context, origin string) (transparency.Lease, error) {
	v, _, err := document[transparency.Lease](s.query(ctx, `SELECT rev, doc FROM log_leases WHERE origin = ?`, origin))
	if err != nil {
		return transparency.Lease{}, fmt.Errorf("read lease of log %s: %w", origin, logErr(err))
	}
	return v, nil
}

// SwapLogLease implements transparency.Store.
func (s *Store) SwapLogLease(ctx context.Context, v transparency.Lease) error {
	rev := v.Rev
	v.Rev++
	doc, err := storage.Encode(v)
	switch {
	case err != nil:
	case rev == 0:
		err = stale(s.exec(ctx, `INSERT INTO log_leases (origin, rev, doc) VALUES (?, 1, ?)`, v.Origin, string(doc)))
	default:
		err = s.swap(ctx, `UPDATE log_leases SET rev = rev + 1, doc = ? WHERE origin = ? AND rev = ?`, string(doc), v.Origin, rev)
	}
	if err != nil {
		return fmt.Errorf("swap lease of log %s: %w", v.Origin, logErr(err))
	}
	return nil
}

// LogCosigned implements transparency.Store.
func (s *Store) LogCosigned(ctx context.Context, origin string) (transparency.Cosigned, error) {
	v, _, err := document[transparency.Cosigned](s.query(ctx, `SELECT rev, doc FROM log_cosigned WHERE origin = ?`, origin))
	if err != nil {
		return transparency.Cosigned{}, fmt.Errorf("read cosignatures of log %s: %w", origin, logErr(err))
	}
	return v, nil
}

// SwapLogCosigned implements transparency.Store.
func (s *Store) SwapLogCosigned(ctx context.Context, v transparency.Cosigned) error {
	rev := v.Rev
	v.Rev++
	doc, err := storage.Encode(v)
	switch {
	case err != nil:
	case rev == 0:
		err = stale(s.exec(ctx, `INSERT INTO log_cosigned (origin, rev, doc) VALUES (?, 1, ?)`, v.Origin, string(doc)))
	default:
		err = s.swap(ctx, `UPDATE log_cosigned SET rev = rev + 1, doc = ? WHERE origin = ? AND rev = ?`, string(doc), v.Origin, rev)
	}
	if err != nil {
		return fmt.Errorf("swap cosignatures of log %s: %w", v.Origin, logErr(err))
	}
	return nil
}

// stale is what an insert gives that was to make a record and found it made.
func stale(err error) error {
	if errors.Is(err, problem.ErrExists) {
		return problem.ErrStale
	}
	return err
}
