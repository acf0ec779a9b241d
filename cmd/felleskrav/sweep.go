package main

import (
	"context"
	"log/slog"
	"time"

	"felleskrav/internal/attestation/answerdraft"
	"felleskrav/internal/bulkcheck"
	"felleskrav/internal/evidence"
	"felleskrav/internal/ownbook"
)

const (
	// maxRetentionDays is a hundred years.
	maxRetentionDays = 36_500
	// sweepEach is how often evidence is looked through for what a crash left
	// half erased, and evidence and workbooks for what has been kept for long
	// enough.
	sweepEach = 10 * time.Minute
)

// sweepChecksEach is how often checks of lists are looked through for those that
// have been kept for long enough.
const sweepChecksEach = time.Hour

// sweepChecks deletes checks of lists that are past their time, now and each
// hour.
func (v *server) sweepChecks(ctx context.Context, s *bulkcheck.Service) {
	tick := time.NewTicker(sweepChecksEach)
	defer tick.Stop()
	for {
		did, err := s.Sweep(ctx)
		if err != nil && ctx.Err() == nil {
			v.logger.WarnContext(ctx, "could not sweep checks of lists", slog.String("error", err.Error()))
		}
		if did != (bulkcheck.Swept{}) {
			v.logger.InfoContext(ctx, "swept checks of lists", slog.Int("expired", did.Expired), slog.Int("abandoned", did.Abandoned))
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

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

// sweepOwnBooks deletes workbooks of bodies' own that have been kept for long
// enough, now and then.
func (v *server) sweepOwnBooks(ctx context.Context, s *ownbook.Service) {
	tick := time.NewTicker(sweepEach)
	defer tick.Stop()
	for {
		n, err := s.Sweep(ctx)
		if err != nil && ctx.Err() == nil {
			v.logger.WarnContext(ctx, "could not sweep workbooks", slog.String("error", err.Error()))
		}
		if n > 0 {
			v.logger.InfoContext(ctx, "deleted workbooks whose time was up", slog.Int("count", n))
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// sweepAnswers deletes answers under way that nobody has worked on for long
// enough, now and then.
func (v *server) sweepAnswers(ctx context.Context, s *answerdraft.Service) {
	tick := time.NewTicker(sweepEach)
	defer tick.Stop()
	for {
		n, err := s.Sweep(ctx)
		if err != nil && ctx.Err() == nil {
			v.logger.WarnContext(ctx, "could not sweep answers under way", slog.String("error", err.Error()))
		}
		if n > 0 {
			v.logger.InfoContext(ctx, "deleted answers under way whose time was up", slog.Int("count", n))
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
