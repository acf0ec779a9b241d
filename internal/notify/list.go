package notify

import (
	"context"
	"slices"
	"time"

	"felleskrav/internal/organisation"
	"felleskrav/internal/problem"
)

// List is what a public body watches: one document per body, the same for all
// who work there.
type List struct {
	Org   organisation.Number `json:"org"`
	Items []Item              `json:"items,omitempty"`
	Rev   int64               `json:"rev"`
}

// Target is what is watched: all that a supplier offers, or one offering of it.
type Target struct {
	Supplier organisation.Number `json:"supplier"`
	// Offering is an id, or "" for all.
	Offering string `json:"offering,omitempty"`
}

// Item is one target with what was last seen of it.
type Item struct {
	Target
	Since time.Time `json:"since"`
	// SeenAt is the moment that Seen tells of.
	SeenAt time.Time `json:"seenAt"`
	Seen   Summary   `json:"seen"`
}

// Limits on one list. A list is one document, and shown on one page.
const (
	// MaxItems is how much a body can watch.
	MaxItems = 500
	// maxMarks is how many statuses of one supplier are told of: of one that
	// offers more, those it has offered for longest.
	maxMarks = 50
)

// Store keeps lists. Writes are durable when they return.
type Store interface {
	// WatchList reads a body's; one that watches nothing is the zero value with
	// the number, not an error.
	WatchList(ctx context.Context, org organisation.Number) (List, error)
	// UpdateWatchList changes one by compare-and-swap, whether or not it was there:
	// see package storage.
	UpdateWatchList(ctx context.Context, org organisation.Number, change func(List) (List, error)) (List, error)
}

// find gives the place of a target in the list, or -1.
func (l List) find(t Target) int {
	return slices.IndexFunc(l.Items, func(i Item) bool { return i.Target == t })
}

// Has reports whether the target itself is watched.
func (l List) Has(t Target) bool { return l.find(t) >= 0 }

// with adds an item, once.
func (l List) with(i Item) (List, error) {
	if l.Has(i.Target) {
		return l, nil
	}
	if len(l.Items) >= MaxItems {
		return l, problem.New(problem.Refused, "watch.full", problem.Args{"Max": MaxItems})
	}
	l.Items = append(slices.Clone(l.Items), i)
	return l, nil
}

// without removes a target.
func (l List) without(t Target) List {
	l.Items = slices.DeleteFunc(slices.Clone(l.Items), func(i Item) bool { return i.Target == t })
	return l
}

// seen notes what was seen of targets at a moment. What was seen later stands,
// and so does what has come since.
func (l List) seen(at time.Time, what map[Target]Summary) List {
	l.Items = slices.Clone(l.Items)
	for n := range l.Items {
		i := &l.Items[n]
		if s, ok := what[i.Target]; ok && at.After(i.SeenAt) {
			i.SeenAt, i.Seen = at, s
		}
	}
	return l
}
