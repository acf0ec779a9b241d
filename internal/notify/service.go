package notify

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"felleskrav/internal/access"
	"felleskrav/internal/organisation"
	"felleskrav/internal/problem"
	"felleskrav/internal/status"
	"felleskrav/internal/status/facts"
)

// Facts tells what the status is of much at once.
type Facts interface {
	Followed(ctx context.Context, actor access.Actor, numbers []organisation.Number, offerings []string, at time.Time) (facts.Followed, error)
}

// Service holds the rules for what is watched.
type Service struct {
	Store Store
	Facts Facts
	Now   func() time.Time
}

// Row is one thing that is watched, as it is now.
type Row struct {
	Item
	// Name is the supplier's, and Offering the watched offering's; both are "" for
	// what is not there any more.
	Name, OfferingName string
	// Statuses are those of the target, worst first.
	Statuses []status.Status
	Register *organisation.RegisterEntry
	Changes  []Change
	// More tells that the supplier offers more than is told of.
	More bool

	now Summary
}

// View is a list as it is at a moment.
type View struct {
	At   time.Time
	Rows []Row
}

func (s *Service) now() time.Time { return s.Now().UTC().Truncate(time.Millisecond) }

// body is whose list the actor may do something with.
func body(actor access.Actor, action access.Action) (organisation.Number, error) {
	if err := access.Check(actor, action, actor.Org); err != nil {
		return "", err
	}
	return organisation.Number(actor.Org), nil
}

// List reads what the actor's body watches.
func (s *Service) List(ctx context.Context, actor access.Actor) (List, error) {
	org, err := body(actor, access.ReadWatch)
	if err != nil {
		return List{}, err
	}
	l, err := s.Store.WatchList(ctx, org)
	if err != nil {
		return List{}, fmt.Errorf("read watch list: %w", err)
	}
	return l, nil
}

// View tells what the actor's body watches, with the status now and what has
// changed: first what has changed, and then by name.
func (s *Service) View(ctx context.Context, actor access.Actor) (View, error) {
	l, err := s.List(ctx, actor)
	if err != nil {
		return View{}, err
	}
	v := View{At: s.now()}
	if v.Rows, err = s.rows(ctx, actor, l.Items, v.At); err != nil {
		return View{}, err
	}
	slices.SortStableFunc(v.Rows, func(a, b Row) int {
		return cmp.Or(cmp.Compare(min(len(b.Changes), 1), min(len(a.Changes), 1)),
			strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)), strings.Compare(a.OfferingName, b.OfferingName))
	})
	return v, nil
}

// rows finds out about items, all at once.
func (s *Service) rows(ctx context.Context, actor access.Actor, items []Item, at time.Time) ([]Row, error) {
	if len(items) == 0 {
		return nil, nil
	}
	var numbers []organisation.Number
	var offerings []string
	for _, i := range items {
		if i.Offering == "" {
			numbers = append(numbers, i.Supplier)
		} else {
			offerings = append(offerings, i.Offering)
		}
	}
	found, err := s.Facts.Followed(ctx, actor, numbers, offerings, at)
	if err != nil {
		return nil, fmt.Errorf("find out about what is watched: %w", err)
	}
	of := map[Target][]status.Status{}
	for _, st := range found.Statuses {
		all, one := Target{Supplier: st.Supplier}, Target{Supplier: st.Supplier, Offering: st.Offering}
		of[all] = append(of[all], st)
		of[one] = append(of[one], st)
	}
	out := make([]Row, 0, len(items))
	for _, i := range items {
		statuses := of[i.Target]
		r := Row{Item: i, Name: found.Suppliers[i.Supplier].Name, More: len(statuses) > maxMarks}
		statuses = statuses[:min(len(statuses), maxMarks)]
		for _, st := range statuses {
			r.now.Marks = append(r.now.Marks, markOf(st, organisation.Number(actor.Org)))
			if i.Offering != "" {
				r.OfferingName = st.OfferingName
			}
		}
		if e, ok := found.Register[i.Supplier]; ok && e.Known(at) {
			r.Register, r.now.Register = &e, e.State()
		}
		r.Changes = Changes(i.Seen, r.now)
		order := status.Overalls()
		r.Statuses = slices.Clone(statuses)
		slices.SortStableFunc(r.Statuses, func(a, b status.Status) int {
			return slices.Index(order, b.Overall) - slices.Index(order, a.Overall)
		})
		out = append(out, r)
	}
	return out, nil
}

// Watch adds a target to the list of the actor's body. What is there already
// stays as it is.
func (s *Service) Watch(ctx context.Context, actor access.Actor, t Target) error {
	org, err := body(actor, access.WriteWatch)
	if err != nil {
		return err
	}
	item := Item{Target: t, Since: s.now()}
	item.SeenAt = item.Since
	rows, err := s.rows(ctx, actor, []Item{item}, item.Since)
	if err != nil {
		return err
	}
	if rows[0].Name == "" || t.Offering != "" && rows[0].OfferingName == "" {
		return problem.New(problem.NotFound, "watch.nothing", nil)
	}
	item.Seen = rows[0].now
	_, err = s.Store.UpdateWatchList(ctx, org, func(l List) (List, error) { return l.with(item) })
	return wrap("watch", err)
}

// Unwatch removes a target; one that is not there is no error.
func (s *Service) Unwatch(ctx context.Context, actor access.Actor, t Target) error {
	org, err := body(actor, access.WriteWatch)
	if err != nil {
		return err
	}
	_, err = s.Store.UpdateWatchList(ctx, org, func(l List) (List, error) { return l.without(t), nil })
	return wrap("unwatch", err)
}

// Seen notes that somebody has seen targets as they were at a moment, or
// everything if there are none. What has changed after that moment is still
// told of.
func (s *Service) Seen(ctx context.Context, actor access.Actor, at time.Time, targets ...Target) error {
	org, err := body(actor, access.WriteWatch)
	if err != nil {
		return err
	}
	if at.After(s.Now()) {
		at = s.now()
	}
	l, err := s.Store.WatchList(ctx, org)
	if err != nil {
		return wrap("read watch list", err)
	}
	items := slices.DeleteFunc(l.Items, func(i Item) bool {
		return !at.After(i.SeenAt) || len(targets) > 0 && !slices.Contains(targets, i.Target)
	})
	rows, err := s.rows(ctx, actor, items, at)
	if err != nil || len(rows) == 0 {
		return err
	}
	what := map[Target]Summary{}
	for _, r := range rows {
		what[r.Target] = r.now
	}
	_, err = s.Store.UpdateWatchList(ctx, org, func(l List) (List, error) { return l.seen(at, what), nil })
	return wrap("note what was seen", err)
}

func wrap(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, err)
}
