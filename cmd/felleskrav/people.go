package main

import (
	"context"
	"log/slog"
	"time"

	"felleskrav/internal/member"
	"felleskrav/internal/storage"
	"felleskrav/internal/web"
)

// operating is who runs the server, for people to read.
type operating struct {
	OperatorName    string `conf:"" placeholder:"TEXT"`
	OperatorContact string `conf:"" placeholder:"TEXT"`
}

func (o operating) operator() web.Operator {
	return web.Operator{Name: o.OperatorName, Contact: o.OperatorContact}
}

const (
	// sweepPeopleEach is how often people are looked for who have not been here
	// for long, and sweptPeople how many of them are forgotten each time.
	sweepPeopleEach = 24 * time.Hour
	sweptPeople     = 1000
)

// sweepPeople forgets people who have not been here for long, and who took part
// in what has been over for long, now and each day.
func (v *server) sweepPeople(ctx context.Context, s *member.Service, store storage.Store) {
	tick := time.NewTicker(sweepPeopleEach)
	defer tick.Stop()
	for {
		forgotten, err := s.Sweep(ctx, sweptPeople)
		if err != nil && ctx.Err() == nil {
			v.logger.WarnContext(ctx, "could not sweep people", slog.String("error", err.Error()))
		}
		finished, err := s.SweepFinished(ctx)
		if err != nil && ctx.Err() == nil {
			v.logger.WarnContext(ctx, "could not sweep invitations and claims", slog.String("error", err.Error()))
		}
		if forgotten+finished > 0 {
			v.logger.InfoContext(ctx, "forgot people", slog.Int("people", forgotten), slog.Int("finished", finished))
		}
		// What people themselves erased since yesterday goes from the files, too.
		if c, ok := store.(interface{ Checkpoint(context.Context) error }); ok {
			if err := c.Checkpoint(ctx); err != nil && ctx.Err() == nil {
				v.logger.WarnContext(ctx, "could not empty the write-ahead log", slog.String("error", err.Error()))
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
