package trail

import (
	"context"
	"fmt"
	"time"

	"felleskrav/internal/access"
)

// Filter is what a reader asks for. The zero value of a field asks for all.
type Filter struct {
	From, To time.Time
	// Actor is a pseudonym, Action an action and Target an id, each as it stands
	// in entries.
	Actor, Action, Target string
	// Before is the number of the last entry of the page before this one.
	Before int64
	Limit  int
}

// List gives what the actor may read of what they ask for, newest first. Of what
// others did to what belongs to the reader's organisation it tells neither the
// pseudonym nor the address: which organisation it was is what concerns the
// owner.
func (s *Service) List(ctx context.Context, actor access.Actor, f Filter) ([]Entry, error) {
	scope, err := access.ScopeFor(actor, access.ReadTrail)
	if err != nil {
		return nil, err
	}
	q := Query{From: f.From, To: f.To, Before: f.Before, Limit: f.Limit}
	if f.Target != "" {
		q.Refs = append(q.Refs, refTarget+f.Target)
	}
	if f.Actor != "" {
		q.Refs = append(q.Refs, refActor+f.Actor)
	}
	switch {
	case scope.All:
	case f.Actor != "":
		// Of others' actors not even whether they are the one that is asked for.
		q.Refs = append(q.Refs, refBy+scope.Org)
	default:
		q.Refs = append(q.Refs, refOrg+scope.Org)
	}
	if f.Action != "" {
		q.Refs = append(q.Refs, refAction+f.Action)
	}
	all, err := s.Store.FindTrailEntries(ctx, q)
	if err != nil {
		return nil, fmt.Errorf("read audit trail: %w", err)
	}
	for i := range all {
		if !scope.All && all[i].Org != scope.Org {
			all[i] = all[i].forOwner()
		}
	}
	return all, nil
}

// forOwner is what the owner of a target sees of what others did to it.
func (e Entry) forOwner() Entry {
	e.Actor, e.Via, e.Request = "", "", ""
	return e.Erased()
}

// exported is how many entries an export reads at once.
const exported = 500

// Export writes all that the actor may read of what they ask for, newest first.
func (s *Service) Export(ctx context.Context, actor access.Actor, f Filter, w Writer) error {
	f.Limit = exported
	for {
		some, err := s.List(ctx, actor, f)
		if err != nil {
			return err
		}
		for _, e := range some {
			if err := w.Write(e.View()); err != nil {
				return err
			}
			f.Before = e.Seq
		}
		if len(some) < exported {
			return w.Flush()
		}
	}
}
