package trail

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"felleskrav/internal/problem"
)

const (
	// queued is how many entries may wait. Beyond it those who record wait.
	queued = 1024
	// batched is how many are written at once.
	batched = 256
	// tries is how often a batch is written before those who wait are told that
	// it cannot be; others that are faster do not count.
	tries = 5
	// tryWait bounds one attempt.
	tryWait = 5 * time.Second
)

// ErrClosed: the trail takes no more entries.
var ErrClosed = errors.New("the audit trail is closed")

// waiting is an entry on its way.
type waiting struct {
	entry Entry
	done  chan error // has room for the one answer
}

// recorder writes entries, as many at once as wait.
type recorder struct {
	store  Store
	now    func() time.Time
	logger *slog.Logger

	mu     sync.RWMutex // held for reading while an entry is put in the queue
	closed bool
	queue  chan *waiting
	done   chan struct{}
	failed atomic.Int64

	// What follows belongs to the goroutine. known says that last is the newest
	// entry of the store, as far as this process can tell.
	last  Entry
	known bool
}

func newRecorder(store Store, now func() time.Time, logger *slog.Logger) *recorder {
	r := &recorder{store: store, now: now, logger: logger, queue: make(chan *waiting, queued), done: make(chan struct{})}
	go r.run()
	return r
}

func (r *recorder) put(ctx context.Context, e Entry) (*waiting, error) {
	w := &waiting{entry: e.clip(), done: make(chan error, 1)}
	w.entry.seal()
	r.mu.RLock()
	defer r.mu.RUnlock()
	if r.closed {
		return nil, ErrClosed
	}
	select {
	case r.queue <- w:
		return w, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (r *recorder) close() {
	r.mu.Lock()
	if !r.closed {
		r.closed = true
		close(r.queue)
	}
	r.mu.Unlock()
	<-r.done
}

func (r *recorder) run() {
	defer close(r.done)
	for first := range r.queue {
		// Those who were just answered get to ask again before we look.
		runtime.Gosched()
		batch := []*waiting{first}
	fill:
		for len(batch) < batched {
			select {
			case w, ok := <-r.queue:
				if !ok {
					break fill
				}
				batch = append(batch, w)
			default:
				break fill
			}
		}
		r.write(batch)
	}
}

// write answers everybody in the batch.
func (r *recorder) write(batch []*waiting) {
	ctx := context.Background()
	pause := 2 * time.Millisecond
	for failures := 0; len(batch) > 0; {
		attempt, cancel := context.WithTimeout(ctx, tryWait)
		n, err := r.attempt(attempt, batch)
		cancel()
		for _, w := range batch[:n] {
			w.done <- nil
		}
		batch = batch[n:]
		if err == nil || len(batch) == 0 {
			continue
		}
		if n == 0 && !errors.Is(err, problem.ErrExists) {
			failures++
		}
		if failures == tries {
			r.failed.Add(int64(len(batch)))
			r.logger.Error("could not write to the audit trail", slog.Int("entries", len(batch)), slog.String("error", err.Error()))
			for _, w := range batch {
				w.done <- fmt.Errorf("write to audit trail: %w", err)
			}
			return
		}
		time.Sleep(pause)
		pause = min(2*pause, 200*time.Millisecond)
	}
}

// attempt writes the batch as the next links of the chain and says how many of
// it are stored, in order. Errors leave open what was written, and another
// process may have been first, so that after one the store is looked at: a link
// is ours when it has the hash we gave it.
func (r *recorder) attempt(ctx context.Context, batch []*waiting) (int, error) {
	if !r.known {
		last, err := r.store.LastTrailEntry(ctx)
		if err != nil && !errors.Is(err, problem.ErrNotFound) {
			return 0, err
		}
		r.last, r.known = last, true
	}
	links, now := make([]Entry, len(batch)), r.now()
	for i, prev := 0, r.last; i < len(batch); i++ {
		var err error
		if links[i], err = batch[i].entry.chain(prev, now); err != nil {
			return 0, err
		}
		prev = links[i]
	}
	err := r.store.InsertTrailEntries(ctx, links)
	if err == nil {
		r.last = links[len(links)-1]
		return len(links), nil
	}
	r.known = false
	there, readErr := r.store.TrailEntries(context.WithoutCancel(ctx), links[0].Seq, len(links))
	if readErr != nil {
		// Written or not, nobody can tell: what is written again would be told twice,
		// what is not would be lost. Twice is better.
		return 0, errors.Join(err, readErr)
	}
	n := 0
	for n < len(there) && there[n].Hash == links[n].Hash {
		n++
	}
	return n, err
}
