package main

import (
	"context"
	"log/slog"
	"time"

	"felleskrav/internal/evidence"
)

const (
	// maxRetentionDays is a hundred years.
	maxRetentionDays = 36_500
	// sweepEach is how often evidence is looked through for what a crash left
	// half erased, and for what has been kept for long enough.
	sweepEach = 10 * time.Minute
)

// sweepEvidence completes erasures, and makes those that are due, now and then.
func (v *server) sweepEvidence(ctx context.Context, s *evidence.Service) {
	tick := time.NewTicker(sweepEach)
	defer tick.Stop()
	for {
		did, err := s.Sweep(ctx)
		if err != nil && ctx.Err() == nil {
			v.logger.WarnContext(ctx, "could not sweep evidence", slog.String("error", err.Error()))
		}
		if did != (evidence.Swept{}) {
			v.logger.InfoContext(ctx, "swept evidence",
				slog.Int("expired", did.Expired), slog.Int("completed", did.Completed), slog.Int("abandoned", did.Abandoned))
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
