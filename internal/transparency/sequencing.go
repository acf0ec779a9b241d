package transparency

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	mathrand "math/rand/v2"
	"time"
)

// errLeased says that another writer has its turn.
var errLeased = errors.New("another instance is sequencing the log")

// turn is a writer's share in the lease. It belongs to the sequencer alone.
type turn struct {
	me    string
	times leaseTimes
	held  bool
	// The lease held was looked at last at looked, is to be looked at again at look, and runs out at until.
	looked, look, until time.Time
	// met is when another writer was last seen.
	met time.Time
	// still is another's running lease as it was first seen at since. One that stays the same for a whole
	// length has a holder that is dead, or a clock that is far ahead.
	still Lease
	since time.Time
}

func newTurn(length time.Duration) turn {
	if length <= 0 {
		length = DefaultLease
	}
	return turn{me: rand.Text(), times: leaseTimes{length}}
}

// fresh says that the lease is held and was looked at a moment ago.
func (t *turn) fresh(now time.Time) bool {
	return t.held && !now.Before(t.looked) && now.Before(t.look) && now.Before(t.until)
}

// shared says whether other writers are about.
func (t *turn) shared(now time.Time) bool { return !t.met.IsZero() && now.Sub(t.met) < nearby }

// notice takes down what a lease that was just read tells of others.
func (t *turn) notice(lease Lease, now time.Time) {
	if others(lease, t.me) {
		t.met = now
	}
	if lease.Holder != t.still.Holder || !lease.Until.Equal(t.still.Until) {
		t.still, t.since = lease, now
	}
}

// hold makes sure that this writer has its turn, or returns errLeased. It costs nothing as long as the
// lease was looked at a moment ago.
func (l *Log) hold(ctx context.Context) error {
	t, now := &l.turn, l.now()
	if t.fresh(now) {
		return nil
	}
	lease, err := l.lease(ctx)
	if err != nil {
		return err
	}
	t.notice(lease, now)
	if lease.Holder == t.me {
		if wanted(lease, t.me) { // the slice is over: to the end of the line
			if err := l.giveBack(ctx, lease); err != nil && !errors.Is(err, ErrStale) {
				return err
			}
			return errLeased
		}
		if t.held && t.until.Sub(now) > t.times.length/2 {
			t.looked, t.look = now, now.Add(t.times.slice())
			return nil
		}
	}
	next, granted, changed := t.times.ask(lease, t.me, now, now.Sub(t.since) >= t.times.length)
	if changed {
		err = l.store.SwapLogLease(ctx, next)
	}
	switch {
	case err != nil && !errors.Is(err, ErrStale):
		return fmt.Errorf("swap log lease: %w", err)
	case err != nil || !granted: // stale: somebody else asked at the same moment
		t.held = false
		return errLeased
	}
	if before := cmp.Or(lease.Holder, lease.Last); before != "" && before != t.me {
		l.head = nil // another has published since
	}
	t.held, t.looked, t.look, t.until = true, now, now.Add(t.times.slice()), now.Add(t.times.length)
	return nil
}

// lease reads the lease; before the first time it is a free one.
func (l *Log) lease(ctx context.Context) (Lease, error) {
	lease, err := l.store.LogLease(ctx, l.origin)
	if errors.Is(err, ErrNotFound) {
		return Lease{Origin: l.origin}, nil
	}
	if err != nil {
		return Lease{}, fmt.Errorf("read log lease: %w", err)
	}
	return lease, nil
}

// giveBack frees lease, which was just read, if this writer holds it. ErrStale says that somebody put a
// wish into it at the same moment, and that it is held still.
func (l *Log) giveBack(ctx context.Context, lease Lease) error {
	next, changed := giveBack(lease, l.turn.me)
	if changed {
		if err := l.store.SwapLogLease(ctx, next); err != nil {
			return fmt.Errorf("give back log lease: %w", err)
		}
	}
	l.turn.held = false
	return nil
}

// rest gives the lease back when there is nothing to do. If that fails, it runs out by itself.
func (l *Log) rest() {
	ctx, cancel := context.WithTimeout(l.ctx, attemptWait)
	defer cancel()
	for range 3 { // others may be putting their wishes into it
		lease, err := l.lease(ctx)
		if err == nil {
			l.turn.notice(lease, l.now())
			err = l.giveBack(ctx, lease)
		}
		switch {
		case err == nil:
			return
		case !errors.Is(err, ErrStale):
			l.logger.Warn("log lease was not given back", slog.String("origin", l.origin), slog.Any("error", err))
			l.turn.held = false
			return
		}
	}
	l.turn.held = false
}

// idle waits for work. The lease is kept for a while in case there is more, unless somebody wants it.
func (l *Log) idle() {
	if !l.turn.held {
		<-l.wake
		return
	}
	t := &l.turn
	linger, step := t.times.linger(), t.times.slice()
	if t.shared(l.now()) {
		linger, step = t.times.quick(), t.times.quick()
	}
	for waited := step; t.held; waited += step {
		select {
		case <-l.wake:
			return
		case <-time.After(step):
		}
		if waited >= linger || l.awaited() {
			l.rest()
		}
	}
}

// awaited says whether another writer waits for the lease.
func (l *Log) awaited() bool {
	ctx, cancel := context.WithTimeout(l.ctx, attemptWait)
	defer cancel()
	lease, err := l.lease(ctx)
	return err == nil && wanted(lease, l.turn.me)
}

// pollPause is how long to wait before asking for the lease again.
func (t *turn) pollPause() time.Duration {
	poll := t.times.poll()
	return poll/2 + mathrand.N(poll)
}

// finish publishes what an earlier writer left stored but not published. With nothing left there is no
// turn to wait for; with something, its writer may be at work on it right now.
func (l *Log) finish(ctx context.Context) error {
	if err := l.load(ctx); err != nil {
		return err
	}
	left, err := l.store.LogEntries(ctx, l.origin, l.head.state.Size, 1)
	if err != nil {
		return fmt.Errorf("read log entries: %w", err)
	}
	if len(left) == 0 {
		return nil
	}
	if err := l.hold(ctx); err != nil {
		return err
	}
	return l.sync(ctx)
}
