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
	if err == nil {
		err = s.swapRecord(ctx, "log_leases", v.Origin, rev, doc)
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
	if err == nil {
		err = s.swapRecord(ctx, "log_cosigned", v.Origin, rev, doc)
	}
	if err != nil {
		return fmt.Errorf("swap cosignatures of log %s: %w", v.Origin, logErr(err))
	}
	return nil
}

// swapRecord replaces the record of origin in table at revision rev, or makes it at revision 0 (problem.ErrStale).
func (s *Store) swapRecord(ctx context.Context, table, origin string, rev int64, doc []byte) error {
	if rev > 0 {
		return s.swap(ctx, `UPDATE `+table+` SET rev = rev + 1, doc = ? WHERE origin = ? AND rev = ?`, string(doc), origin, rev)
	}
	err := s.exec(ctx, `INSERT INTO `+table+` (origin, rev, doc) VALUES (?, 1, ?)`, origin, string(doc))
	if errors.Is(err, problem.ErrExists) {
		return problem.ErrStale
	}
	return err
}
