package procurement

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"felleskrav/internal/access"
	"felleskrav/internal/catalogue"
	"felleskrav/internal/status"
)

// News is what has come about since a procurement was bound to its sets, and
// since the bidders' declarations were last looked at.
type News struct {
	Sets []SetNews
	// Rebinding is what it would mean to rest on the content in force instead.
	Rebinding Rebinding
	Bidders   []BidderNews
}

// None reports whether there is nothing to tell.
func (n News) None() bool {
	return len(n.Sets) == 0 && n.Rebinding.Nothing() && !slices.ContainsFunc(n.Bidders, func(b BidderNews) bool { return len(b.Events) > 0 })
}

// SetNews tells that a set has a newer release than the one the procurement is
// bound to, and what that would mean.
type SetNews struct {
	Bound, Newest catalogue.Version
	// Changes are those of the tender's requirements, and the new requirements
	// that its levels and delivery models lead to.
	Changes []catalogue.Change
	// Others is how many more requirements of the set changed.
	Others int
}

// Baseline says what news of a bidder are counted from.
type Baseline string

// The baselines.
const (
	SinceMade     Baseline = "made"     // the procurement was
	SinceWorkbook Baseline = "workbook" // was last made for the bidders
	SinceAnswers  Baseline = "answers"  // were read
	SinceChosen   Baseline = "chosen"   // by whoever asks
)

// BidderNews is what happened to one bidder's declarations.
type BidderNews struct {
	Bidder   Bidder
	Since    time.Time
	Baseline Baseline
	// Events are oldest first.
	Events []Event
}

// EventKind says what happened to a declaration.
type EventKind string

// The kinds of event.
const (
	EventDeclared  EventKind = "declared"  // the first one for the set
	EventRenewed   EventKind = "renewed"   // another one took its place
	EventExpiring  EventKind = "expiring"  // it is about to end
	EventExpired   EventKind = "expired"   // its time is over
	EventWithdrawn EventKind = "withdrawn" // by the supplier
	EventRevoked   EventKind = "revoked"   // its key was
	EventDescribed EventKind = "described" // the offering was described anew, so that it no longer applies
)

// Event is one thing that happened.
type Event struct {
	Kind EventKind
	Set  string
	At   time.Time
	// Digest is that of the declaration.
	Digest string
	Reason string
	// ValidUntil is set for those that begin, or are about to end.
	ValidUntil *time.Time
}

// setNews compares the versions the procurement is bound to with the newest.
func (t TenderData) setNews(cat *catalogue.Catalogue) []SetNews {
	levels := t.Procurement.Basis.Actual()
	asked := map[string]bool{}
	for _, l := range t.Lines {
		asked[l.Requirement.ID] = true
	}
	var out []SetNews
	for _, bound := range t.Versions {
		newest, ok := cat.Version(bound.Set, "")
		if !ok || newest.Version == bound.Version {
			continue
		}
		n := SetNews{Bound: bound, Newest: newest}
		for _, c := range catalogue.Diff(bound, newest) {
			r, _ := newest.Requirement(c.Requirement)
			switch {
			case c.Kind == catalogue.ChangeUnchanged:
			case asked[c.Requirement], c.Kind == catalogue.ChangeAdded && r.AppliesTo(levels, t.Procurement.Input.DeliveryModels):
				n.Changes = append(n.Changes, c)
			default:
				n.Others++
			}
		}
		out = append(out, n)
	}
	return out
}

// events tells what happened to an offering's declarations for a set after a
// moment: before is its status then, now its status now. Of declarations that
// counted at neither moment only their coming is told.
func events(before, now status.Status, since time.Time) []Event {
	var out []Event
	counted := func(digest string) bool {
		return before.Declaration != nil && before.Declaration.Digest == digest || now.Declaration != nil && now.Declaration.Digest == digest
	}
	for i, d := range now.History { // newest first
		add := func(kind EventKind, at time.Time, reason string, until *time.Time) {
			out = append(out, Event{Kind: kind, Set: now.Set, At: at, Digest: d.Digest, Reason: reason, ValidUntil: until})
		}
		if d.LoggedAt.After(since) {
			kind := EventRenewed
			if i == len(now.History)-1 {
				kind = EventDeclared
			}
			add(kind, d.LoggedAt, "", &d.ValidUntil)
		}
		if !counted(d.Digest) {
			continue
		}
		ends := d.ValidUntil.Add(-status.ExpiringWithin)
		switch {
		case d.Lifecycle == status.LifeActive && ends.After(since) && ends.After(d.LoggedAt) && !ends.After(now.At):
			add(EventExpiring, ends, "", &d.ValidUntil)
		case d.EndedUnrenewed() && d.ValidUntil.After(since):
			add(EventExpired, d.ValidUntil, "", nil)
		case !d.Since.After(since):
		case d.Lifecycle == status.LifeWithdrawn:
			add(EventWithdrawn, d.Since, d.Reason, nil)
		case d.Lifecycle == status.LifeRevoked:
			add(EventRevoked, d.Since, d.Reason, nil)
		}
	}
	slices.SortStableFunc(out, func(a, b Event) int { return a.At.Compare(b.At) })
	return out
}

// News tells what has changed. since is the moment to count from, for every
// bidder; nil counts from when the bidder's answers were read, or else from
// when a workbook was last made for it, or else from when the procurement was
// made.
func (s *Service) News(ctx context.Context, actor access.Actor, t TenderData, since *time.Time) (News, error) {
	out := News{Sets: t.setNews(s.Catalogue.Content())}
	var err error
	if out.Rebinding, err = s.Rebinding(t); err != nil {
		return News{}, err
	}
	if len(t.Comparison.Bidders) == 0 {
		return out, nil
	}
	issued, err := s.issued(ctx, t.Procurement.ID)
	if err != nil {
		return News{}, err
	}
	out.Bidders = make([]BidderNews, len(t.Comparison.Bidders))
	reads, readCtx := errgroup.WithContext(ctx)
	reads.SetLimit(readsAtOnce)
	for i, b := range t.Comparison.Bidders {
		n := BidderNews{Bidder: b.Bidder, Since: t.Procurement.CreatedAt, Baseline: SinceMade}
		if at, ok := lastTo(issued, b.Bidder.Supplier); ok {
			n.Since, n.Baseline = at, SinceWorkbook
		}
		if b.ReceivedAt != nil {
			n.Since, n.Baseline = *b.ReceivedAt, SinceAnswers
		}
		if since != nil {
			n.Since, n.Baseline = *since, SinceChosen
		}
		reads.Go(func() error {
			var err error
			n.Events, err = s.bidderEvents(readCtx, actor, b, n.Since)
			out.Bidders[i] = n
			return err
		})
	}
	if err := reads.Wait(); err != nil {
		return News{}, err
	}
	return out, nil
}

// bidderEvents tells what happened to a bidder's declarations after a moment,
// oldest first.
func (s *Service) bidderEvents(ctx context.Context, actor access.Actor, b ComparedBidder, since time.Time) ([]Event, error) {
	var out []Event
	for _, now := range b.Statuses {
		before, err := s.Facts.Status(ctx, actor, b.Bidder.Offering, now.Set+"@"+now.SetVersion, since)
		if err != nil {
			return nil, fmt.Errorf("earlier status of bidder %s: %w", b.Bidder.Supplier, err)
		}
		out = append(out, events(before, now, since)...)
		if now.Overall == status.ScopeMismatch && before.Overall != status.ScopeMismatch {
			e, err := s.described(ctx, b.Bidder.Offering, now, since)
			if err != nil {
				return nil, err
			}
			out = append(out, e...)
		}
	}
	slices.SortStableFunc(out, func(x, y Event) int { return cmp.Or(x.At.Compare(y.At), cmp.Compare(x.Set, y.Set)) })
	return out, nil
}

// described tells when an offering was described anew.
func (s *Service) described(ctx context.Context, offering string, now status.Status, since time.Time) ([]Event, error) {
	o, err := s.Suppliers.Offering(ctx, offering)
	if err != nil {
		return nil, fmt.Errorf("read bidder's offering: %w", err)
	}
	for _, d := range slices.Backward(o.Descriptors) {
		if d.At.After(since) && now.Declaration != nil {
			return []Event{{Kind: EventDescribed, Set: now.Set, At: d.At, Digest: now.Declaration.Digest}}, nil
		}
	}
	return nil, nil
}
