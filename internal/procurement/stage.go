package procurement

import (
	"context"
	"fmt"
	"time"

	"felleskrav/internal/access"
	"felleskrav/internal/catalogue"
)

// Stage is how far a procurement has come.
type Stage string

// The stages, in the order of a procurement.
const (
	StagePreparing Stage = "preparing" // no bidders yet
	StageBidding   Stage = "bidding"   // bidders, and time left to the deadline
	StageReading   Stage = "reading"   // the deadline is over, no answers are read
	StageComparing Stage = "comparing" // answers are read
)

// Stage tells how far the procurement has come at a moment. received is when
// the last answers were read, the zero time when none were.
func (p Procurement) Stage(received, now time.Time) Stage {
	switch {
	case !received.IsZero():
		return StageComparing
	case len(p.Bidders) == 0:
		return StagePreparing
	case p.Deadline != nil && now.Before(*p.Deadline):
		return StageBidding
	default:
		return StageReading
	}
}

// closed reports whether the deadline is over.
func (p Procurement) closed(now time.Time) bool { return p.Deadline != nil && !now.Before(*p.Deadline) }

// Outdated reports whether any of the sets has a newer release.
func (p Procurement) Outdated(cat *catalogue.Catalogue) bool {
	for _, ref := range p.Sets {
		if v, ok := cat.Version(ref.ID, ""); ok && v.Version != ref.Version {
			return true
		}
	}
	return false
}

// Listed is a procurement in a list.
type Listed struct {
	Procurement
	Stage Stage
	// Received is when the last answers were read; zero when none were.
	Received time.Time
	// Outdated tells that a set has a newer release.
	Outdated bool
}

// Overview is List with how far each procurement has come.
func (s *Service) Overview(ctx context.Context, actor access.Actor, after string, limit int) ([]Listed, error) {
	all, err := s.List(ctx, actor, after, limit)
	if err != nil {
		return nil, err
	}
	ids := make([]string, len(all))
	for i, p := range all {
		ids[i] = p.ID
	}
	received, err := s.Store.LastReceived(ctx, ids)
	if err != nil {
		return nil, fmt.Errorf("read when answers were received: %w", err)
	}
	out := make([]Listed, len(all))
	for i, p := range all {
		out[i] = Listed{Procurement: p, Stage: p.Stage(received[p.ID], s.now()), Received: received[p.ID], Outdated: p.Outdated(s.Catalogue.Content())}
	}
	return out, nil
}
