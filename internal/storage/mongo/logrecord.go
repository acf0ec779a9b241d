package mongo

import (
	"context"
	"errors"
	"fmt"

	"go.mongodb.org/mongo-driver/v2/mongo"

	"felleskrav/internal/problem"
	"felleskrav/internal/storage"
	"felleskrav/internal/transparency"
)

// LogLease implements transparency.Store.
func (s *Store) LogLease(ctx context.Context, origin string) (transparency.Lease, error) {
	v, _, err := document[transparency.Lease](ctx, s.logLeases, byID(origin))
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
		err = swapRecord(ctx, s.logLeases, v.Origin, rev, doc)
	}
	if err != nil {
		return fmt.Errorf("swap lease of log %s: %w", v.Origin, logErr(err))
	}
	return nil
}

// LogCosigned implements transparency.Store.
func (s *Store) LogCosigned(ctx context.Context, origin string) (transparency.Cosigned, error) {
	v, _, err := document[transparency.Cosigned](ctx, s.logCosigned, byID(origin))
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
		err = swapRecord(ctx, s.logCosigned, v.Origin, rev, doc)
	}
	if err != nil {
		return fmt.Errorf("swap cosignatures of log %s: %w", v.Origin, logErr(err))
	}
	return nil
}

// swapRecord replaces the record of origin at revision rev, or makes it at revision 0 (problem.ErrStale).
func swapRecord(ctx context.Context, c *mongo.Collection, origin string, rev int64, doc []byte) error {
	if rev > 0 {
		return swap(ctx, c, origin, rev, plainDoc(origin, rev+1, doc))
	}
	err := insert(ctx, c, plainDoc(origin, 1, doc))
	if errors.Is(err, problem.ErrExists) {
		return problem.ErrStale
	}
	return err
}
