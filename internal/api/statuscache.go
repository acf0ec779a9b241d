package api

import (
	"context"
	"encoding/json"
	"fmt"
	"sync/atomic"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/sync/singleflight"

	"felleskrav/internal/access"
	"felleskrav/internal/review"
	"felleskrav/internal/status"
)

// statusSource is what the cache needs of the service.
type statusSource interface {
	Status(ctx context.Context, actor access.Actor, offering, setRef string, at time.Time) (status.Status, error)
	Revision(ctx context.Context, offering string, view review.View) (string, error)
}

const (
	// statusAge is how old a computed status may be when it is given out. It
	// bounds what the revision does not see, a change deep down a chain of
	// sub-suppliers, and how far the status's own time lies back.
	statusAge = time.Second
	// checkedFor is how long a checked revision is trusted, by real time, when
	// this server has taken no request in between that may change something:
	// the longest that a change made by another server stays unseen.
	checkedFor = 50 * time.Millisecond
	// statusCount bounds the memory: about 10 KB each.
	statusCount = 2048
)

// statusCache keeps statuses as they are at the moment, written out. One is
// given out only if the next change by time alone lies ahead, if it is less
// than a second old, and if nothing that it was computed from has changed.
// The store is asked about that each time, unless it has been asked within
// checkedFor and this server has changed nothing since. So a change shows at
// once where it was made, and nothing shows as valid too long.
//
// Statuses differ with who may see which reviews, so that view is part of the
// key: what a body keeps to itself is in no entry but its own.
type statusCache struct {
	source  statusSource
	now     func() time.Time
	entries *lru.Cache[statusKey, *statusEntry]
	flights singleflight.Group
}

type statusKey struct {
	offering, set string
	view          review.View
}

// statusEntry is one status. All but checked is never changed.
type statusEntry struct {
	revision string
	computed time.Time
	status   status.Status
	body     []byte
	// checked is when and at which generation the revision was last found to
	// hold.
	checked atomic.Pointer[check]
}

type check struct {
	at         time.Time // real time
	generation uint64
}

func newStatusCache(source statusSource, now func() time.Time) (*statusCache, error) {
	entries, err := lru.New[statusKey, *statusEntry](statusCount)
	if err != nil {
		return nil, fmt.Errorf("make status cache: %w", err)
	}
	return &statusCache{source: source, now: now, entries: entries}, nil
}

// get gives the status now. generation and quiet are what httpd.Quiet says.
func (c *statusCache) get(ctx context.Context, actor access.Actor, offering, set string, generation uint64, quiet bool) (*statusEntry, error) {
	key := statusKey{offering, set, review.ViewOf(actor)}
	now := c.now()
	e, known := c.entries.Get(key)
	if known && quiet && e.checkedAt(generation) && e.good(now) {
		return e, nil
	}
	checked := &check{time.Now(), generation} // before asking, so that it never claims too much
	revision, err := c.source.Revision(ctx, offering, key.view)
	if err != nil {
		return nil, fmt.Errorf("read revision: %w", err)
	}
	if known && e.revision == revision && e.good(now) {
		e.checked.Store(checked)
		return e, nil
	}
	// Those who ask for the same in the same state wait for one computation.
	// It must not end with the request that happened to begin it.
	v, err, _ := c.flights.Do(fmt.Sprintf("%s\n%s\n%v\n%s", offering, set, key.view, revision), func() (any, error) {
		st, err := c.source.Status(context.WithoutCancel(ctx), actor, offering, set, time.Time{})
		if err != nil {
			return nil, fmt.Errorf("compute status: %w", err)
		}
		body, err := json.Marshal(st)
		if err != nil {
			return nil, fmt.Errorf("write status: %w", err)
		}
		// The revision was read before the facts: a change in between makes the
		// entry look older than it is, never newer.
		e := &statusEntry{revision: revision, computed: now, status: st, body: body}
		e.checked.Store(checked)
		c.entries.Add(key, e)
		return e, nil
	})
	if err != nil {
		return nil, err
	}
	return v.(*statusEntry), nil //nolint:forcetypeassert // the closure above returns nothing else
}

func (e *statusEntry) good(now time.Time) bool {
	return !e.status.Unsettled && now.Sub(e.computed) < statusAge && (e.status.ChangesAt == nil || now.Before(*e.status.ChangesAt))
}

func (e *statusEntry) checkedAt(generation uint64) bool {
	c := e.checked.Load()
	return c.generation == generation && time.Since(c.at) < checkedFor
}
