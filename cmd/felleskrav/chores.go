package main

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"felleskrav/internal/evidence"
	"felleskrav/internal/signing"
	"felleskrav/internal/supplier"
)

const (
	// lookBack is how far back declarations, reviews and withdrawals are looked for that a
	// crash left stored but not logged.
	lookBack = 30 * 24 * time.Hour
	// sweep is how often expired sessions are removed.
	sweep = 10 * time.Minute
	// rescanEach is how often evidence is scanned that waits for it.
	rescanEach = time.Minute
	// recheckFirst and recheckEach are when certificates are asked about that
	// suppliers have signed with.
	recheckFirst = 5 * time.Minute
	recheckEach  = 12 * time.Hour
)

// tend does what is left of starting, and the chores after it.
func (v *server) tend(ctx context.Context, in *installation) error {
	if err := in.logReleases(ctx); err != nil {
		return v.unlessStopped(ctx, err)
	}
	done, err := in.attestations.CompleteLog(ctx, lookBack)
	if err != nil {
		return v.unlessStopped(ctx, fmt.Errorf("complete log: %w", err))
	}
	reviewed, err := in.reviews.CompleteLog(ctx, lookBack)
	if err != nil {
		return v.unlessStopped(ctx, fmt.Errorf("complete log: %w", err))
	}
	if done += reviewed; done > 0 {
		v.logger.InfoContext(ctx, "completed the log after a crash", slog.Int("entries", done))
	}
	v.ready.Store(true)
	v.logger.InfoContext(ctx, "ready", slog.String("address", v.base), slog.String("log", in.signer.Name()))
	settled(v.session.Getenv)
	tick := time.NewTicker(sweep)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			if err := in.store.DropSessions(ctx, v.session.Now()); err != nil && ctx.Err() == nil {
				v.logger.WarnContext(ctx, "could not drop old sessions", slog.String("error", err.Error()))
			}
		}
	}
}

// rescan has what waits for its malware scan scanned, now and each minute.
func (v *server) rescan(ctx context.Context, s *evidence.Service) {
	if s.Scanner == nil {
		return
	}
	tick := time.NewTicker(rescanEach)
	defer tick.Stop()
	for {
		did, err := s.RescanPending(ctx)
		if err != nil && ctx.Err() == nil {
			v.logger.WarnContext(ctx, "could not scan evidence", slog.String("error", err.Error()))
		}
		if did != (evidence.Rescanned{}) {
			v.logger.InfoContext(ctx, "scanned evidence that waited",
				slog.Int("clean", did.Clean), slog.Int("infected", did.Infected), slog.Int("pending", did.Pending))
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// recheck asks the issuers of certificates about them again, some time after
// the start and then twice a day.
func (v *server) recheck(ctx context.Context, s *supplier.Service) {
	if s.Signers.Authorities == nil || v.Revocation == string(signing.NoRevocation) {
		return
	}
	tick := time.NewTimer(recheckFirst)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		did, err := s.RecheckCertificates(ctx)
		if err != nil && ctx.Err() == nil {
			v.logger.WarnContext(ctx, "could not ask about all certificates", slog.String("error", err.Error()))
		}
		if did != (supplier.Rechecked{}) {
			v.logger.InfoContext(ctx, "asked about certificates", slog.Int("good", did.Good), slog.Int("revoked", did.Revoked), slog.Int("unknown", did.Unknown))
		}
		tick.Reset(recheckEach)
	}
}
