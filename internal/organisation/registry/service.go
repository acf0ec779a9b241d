package registry

import (
	"context"
	"log/slog"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/sync/singleflight"
	"golang.org/x/time/rate"

	"felleskrav/internal/organisation"
)

const (
	// fresh is how old an answer may be before it is asked for again, and
	// freshAbsent one that the register does not have the number.
	fresh       = 24 * time.Hour
	freshAbsent = time.Hour
	// again is how long after a failure the same is asked for again.
	again = time.Minute
	// workers ask in the background, and waiting is how many may wait for them;
	// what there is no room for is asked when it is next wanted.
	workers = 2
	waiting = 256
	// perSecond is how often the sweep asks, and sweepEach how often it begins.
	perSecond = 2
	sweepEach = time.Hour
	sweepPage = 200
	// sweepFirst is when it begins after the start.
	sweepFirst = time.Minute
	// sweepFailures in a row end a sweep: the register is down.
	sweepFailures = 5
)

// Service keeps what the register says, and asks when that is old. A nil
// Service, and one without a client, has nothing and asks nobody.
type Service struct {
	store  Store
	client *Client
	now    func() time.Time
	logger *slog.Logger

	queue   chan organisation.Number
	flights singleflight.Group
	// failed has when asking about a number last failed, by real time.
	failed *lru.Cache[organisation.Number, time.Time]
	// pause is how long after a failure the same is asked for again.
	pause time.Duration
}

// New makes a service on a store. A nil client is a register that is switched
// off: what the store has is still shown while it is young enough.
func New(store Store, client *Client, now func() time.Time, logger *slog.Logger) *Service {
	failed, err := lru.New[organisation.Number, time.Time](4096)
	if err != nil {
		panic(err) // the size is a constant
	}
	return &Service{store: store, client: client, now: now, logger: logger, queue: make(chan organisation.Number, waiting), failed: failed, pause: again}
}

// On reports whether the register is asked at all.
func (s *Service) On() bool { return s != nil && s.client != nil }

// RegisterEntries gives what is known about many organisations, from the cache
// in one query. It asks nobody. Answers that are too old to be shown are left
// out. The error is the store's.
func (s *Service) RegisterEntries(ctx context.Context, numbers []organisation.Number) (map[organisation.Number]organisation.RegisterEntry, error) {
	if s == nil {
		return nil, nil
	}
	found, err := s.store.RegisterEntries(ctx, norwegian(numbers))
	if err != nil {
		return nil, err
	}
	now := s.now()
	out := make(map[organisation.Number]organisation.RegisterEntry, len(found))
	for _, e := range found {
		if e.Known(now) {
			out[e.Number] = e
		}
	}
	return out, nil
}

// Known gives what is known about one organisation, at once, and has it asked
// for in the background when that is old or nothing. Nil is nothing known.
func (s *Service) Known(ctx context.Context, n organisation.Number) (*organisation.RegisterEntry, error) {
	all, err := s.RegisterEntries(ctx, []organisation.Number{n})
	if err != nil {
		return nil, err
	}
	e, known := all[n]
	if !known {
		s.want(n)
		return nil, nil //nolint:nilnil // nothing known is an answer
	}
	if s.old(e) {
		s.want(n)
	}
	return &e, nil
}

// Ask gives a fresh answer about one organisation, waiting at most [Timeout] for
// the register; when it does not answer, what is known, and nil when that is
// nothing.
func (s *Service) Ask(ctx context.Context, n organisation.Number) (*organisation.RegisterEntry, error) {
	all, err := s.RegisterEntries(ctx, []organisation.Number{n})
	if err != nil {
		return nil, err
	}
	e, known := all[n]
	if !known || s.old(e) {
		if got, ok := s.refresh(ctx, n); ok {
			return &got, nil
		}
	}
	if !known {
		return nil, nil //nolint:nilnil // nothing known is an answer
	}
	return &e, nil
}

func (s *Service) old(e organisation.RegisterEntry) bool {
	limit := fresh
	if !e.Found {
		limit = freshAbsent
	}
	return s.now().Sub(e.FetchedAt) >= limit
}

// want has a number asked about in the background, if there is room.
func (s *Service) want(n organisation.Number) {
	if !s.On() || n.Foreign() || s.failedLately(n) {
		return
	}
	select {
	case s.queue <- n:
	default:
	}
}

func (s *Service) failedLately(n organisation.Number) bool {
	at, ok := s.failed.Get(n)
	return ok && time.Since(at) < s.pause
}

// refresh asks the register about a number and keeps the answer. Those who ask
// for the same wait for one question, which does not end with the request that
// happened to begin it.
func (s *Service) refresh(ctx context.Context, n organisation.Number) (organisation.RegisterEntry, bool) {
	if !s.On() || n.Foreign() || s.failedLately(n) {
		return organisation.RegisterEntry{}, false
	}
	v, err, _ := s.flights.Do(string(n), func() (any, error) {
		ctx := context.WithoutCancel(ctx)
		e, err := s.client.Ask(ctx, n, s.now().UTC().Truncate(time.Millisecond))
		if err != nil {
			s.failed.Add(n, time.Now())
			s.logger.WarnContext(ctx, "the register of legal entities did not answer", slog.String("orgnr", string(n)), slog.String("error", err.Error()))
			return nil, err
		}
		s.failed.Remove(n)
		if err := s.store.PutRegisterEntry(ctx, e); err != nil {
			// It can be shown all the same.
			s.logger.WarnContext(ctx, "could not keep what the register said", slog.String("orgnr", string(n)), slog.String("error", err.Error()))
		}
		return e, nil
	})
	if err != nil {
		return organisation.RegisterEntry{}, false
	}
	return v.(organisation.RegisterEntry), true //nolint:forcetypeassert // the closure above returns nothing else
}

// Run asks about what is wanted, and sweeps through the suppliers, until the
// context ends.
func (s *Service) Run(ctx context.Context, suppliers Suppliers) {
	if !s.On() {
		return
	}
	var working sync.WaitGroup
	defer working.Wait()
	for range workers {
		working.Go(func() { s.work(ctx) })
	}
	next := time.NewTimer(sweepFirst)
	defer next.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-next.C:
		}
		if err := s.Sweep(ctx, suppliers); err != nil && ctx.Err() == nil {
			s.logger.WarnContext(ctx, "could not sweep through the suppliers", slog.String("error", err.Error()))
		}
		next.Reset(sweepEach)
	}
}

// work asks about what is wanted. Many may have wanted the same, so what is
// fresh by now is left alone.
func (s *Service) work(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case n := <-s.queue:
			s.renew(ctx, n)
		}
	}
}

// renew asks about a number unless its entry is fresh.
func (s *Service) renew(ctx context.Context, n organisation.Number) {
	if found, err := s.store.RegisterEntries(ctx, []organisation.Number{n}); err == nil && len(found) == 1 && !s.old(found[0]) {
		return
	}
	s.refresh(ctx, n)
}

// Sweep asks about every supplier whose entry is old or missing, slowly: the
// register is everybody's.
func (s *Service) Sweep(ctx context.Context, suppliers Suppliers) error {
	if !s.On() {
		return nil
	}
	limit, failures := rate.NewLimiter(perSecond, 1), 0
	for after := organisation.Number(""); ; {
		page, err := suppliers.RegisteredNumbers(ctx, after, sweepPage)
		if err != nil || len(page) == 0 {
			return err
		}
		after = page[len(page)-1]
		known, err := s.RegisterEntries(ctx, page)
		if err != nil {
			return err
		}
		for _, n := range norwegian(page) {
			if e, ok := known[n]; ok && !s.old(e) {
				continue
			}
			if err := limit.Wait(ctx); err != nil {
				return err
			}
			if _, ok := s.refresh(ctx, n); ok {
				failures = 0
			} else if failures++; failures >= sweepFailures {
				return nil
			}
		}
	}
}

// norwegian leaves out those whom the register cannot have.
func norwegian(numbers []organisation.Number) []organisation.Number {
	out := make([]organisation.Number, 0, len(numbers))
	for _, n := range numbers {
		if !n.Foreign() {
			out = append(out, n)
		}
	}
	return out
}
