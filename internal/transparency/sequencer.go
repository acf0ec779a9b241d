package transparency

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"
)

const (
	// A batch is what is written at once, and a bound on the size of one write.
	maxBatchEntries = 256
	maxBatchBytes   = 4 << 20

	// attemptWait bounds one round of store calls.
	attemptWait = 15 * time.Second
	// maxFailures is how often in a row the store or the signer may fail before the appenders are told.
	maxFailures = 6
	// maxLost is how often in a row another writer may be faster. Each time the log has grown.
	maxLost = 200
)

// waiting is an Append under way.
type waiting struct {
	ctx    context.Context
	key    string
	body   []byte
	result chan result // has room for the one answer, so that answering never waits
	same   []*waiting  // others with the same key, who get the same entry
}

type result struct {
	entry Entry
	err   error
	// in is the tree that was published with the entry in it; nil when it was there before.
	in *head
}

func (l *Log) enqueue(w *waiting) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return ErrClosed
	}
	l.queue = append(l.queue, w)
	l.signal()
	return nil
}

func (l *Log) signal() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// take removes the next batch from the queue. Those whose caller has gone are left out.
func (l *Log) take() (batch []*waiting, closed bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	size, n := 0, 0
	for _, w := range l.queue {
		if len(batch) == maxBatchEntries || size+len(w.body) > maxBatchBytes {
			break
		}
		n++
		if w.ctx.Err() == nil {
			batch = append(batch, w)
			size += len(w.body)
		}
	}
	clear(l.queue[:n])
	if l.queue = l.queue[n:]; len(l.queue) == 0 {
		l.queue = nil
	}
	return batch, l.closed && l.queue == nil
}

// run is the sequencer. It writes everything that waits as one batch, so that the cost of the three
// durable writes is shared by all who came while the batch before was written, or while it was the turn
// of another instance.
func (l *Log) run() {
	defer close(l.done)
	for {
		var err error
		if l.busy() {
			err = l.retry(l.ctx, l.hold)
		}
		batch, last := l.take()
		if len(batch) > 0 {
			l.process(batch, err)
		}
		if last {
			l.rest()
			return
		}
		if len(batch) == 0 {
			l.idle()
		}
	}
}

// busy says whether anything waits.
func (l *Log) busy() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.queue) > 0
}

// process answers every member of batch; err is what kept this writer from its turn.
func (l *Log) process(batch []*waiting, err error) {
	batch = groupByKey(batch)
	if err == nil {
		err = l.retry(l.ctx, func(ctx context.Context) error {
			var err error
			batch, err = l.attempt(ctx, batch)
			return err
		})
	}
	if err != nil && l.ctx.Err() != nil {
		err = fmt.Errorf("%w: %w", ErrClosed, err)
	}
	for _, w := range batch {
		w.answer(Entry{}, nil, err)
	}
}

// groupByKey keeps the first of those that have the same key and lets the others wait with it.
func groupByKey(batch []*waiting) []*waiting {
	first := make(map[string]*waiting, len(batch))
	out := batch[:0]
	for _, w := range batch {
		winner, taken := first[w.key]
		if !taken {
			first[w.key] = w
			out = append(out, w)
			continue
		}
		winner.same = append(winner.same, w)
	}
	return out
}

// answer gives w its entry, and each of those that wait with it, or tells all of them err.
func (w *waiting) answer(entry Entry, in *head, err error) {
	for _, each := range append([]*waiting{w}, w.same...) {
		r := result{err: err}
		if err == nil {
			r = result{entry: entry, in: in, err: taken(entry, each.body)}
		}
		each.result <- r
	}
}

// taken says whether entry answers an append of body under the same key.
func taken(entry Entry, body []byte) error {
	if bytes.Equal(entry.Body, body) {
		return nil
	}
	return fmt.Errorf("%w: entry %d", ErrKeyTaken, entry.Index)
}

// retry runs f until it returns nil or ErrInconsistent, the limits are reached, or ctx ends. After an
// error the state in memory is not trusted: whatever happened, the store knows. When signing failed the
// entries are stored already, and whoever writes next publishes them.
func (l *Log) retry(ctx context.Context, f func(ctx context.Context) error) error {
	for failures, lost := 0, 0; ; {
		attempt, cancel := context.WithTimeout(ctx, attemptWait)
		err := f(attempt)
		cancel()
		if err == nil {
			return nil
		}
		if errors.Is(err, errLeased) {
			if err := wait(ctx, l.turn.pollPause()); err != nil {
				return err
			}
			continue
		}
		// Look again at everything, the lease too.
		l.head, l.turn.look = nil, time.Time{}
		var pause time.Duration
		switch {
		case errors.Is(err, ErrInconsistent):
			l.logger.Error("log is inconsistent", slog.String("origin", l.origin), slog.Any("error", err))
			return err
		case errors.Is(err, ErrExists) || errors.Is(err, ErrStale):
			// A key is in the log already, or another writer has been at work: one whose lease ran out while
			// it did not notice. A short random pause lets it finish its batch.
			if lost++; lost == maxLost {
				return err
			}
			pause = time.Millisecond << min(lost-1, 4)
		default:
			failures++
			l.logger.Warn("writing to the log failed", slog.String("origin", l.origin), slog.Int("failures", failures), slog.Any("error", err))
			if failures == maxFailures {
				return err
			}
			pause = 5 * time.Millisecond << failures
		}
		if ended := wait(ctx, rand.N(pause)); ended != nil {
			return fmt.Errorf("%w: %w", ended, err)
		}
	}
}

// wait pauses, or returns the error of ctx when that ends first.
func wait(ctx context.Context, pause time.Duration) error {
	select {
	case <-time.After(pause):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// attempt tries once to publish batch and returns what of it is not answered yet.
func (l *Log) attempt(ctx context.Context, batch []*waiting) ([]*waiting, error) {
	if err := l.hold(ctx); err != nil {
		return batch, err
	}
	if l.head == nil {
		if err := l.sync(ctx); err != nil {
			return batch, err
		}
		var err error
		if batch, err = l.answerKnown(ctx, batch); err != nil || len(batch) == 0 {
			return batch, err
		}
	}
	at := l.now().UTC().Truncate(time.Millisecond)
	if at.Before(l.head.last) {
		at = l.head.last
	}
	entries := make([]Entry, len(batch))
	for i, w := range batch {
		entries[i] = Entry{Index: l.head.state.Size + int64(i), Key: w.key, Body: w.body, LoggedAt: at}
	}
	// The unique index on the position is what lets only one writer have it.
	if err := l.store.InsertLogEntries(ctx, l.origin, entries); err != nil {
		return batch, fmt.Errorf("insert log entries: %w", err)
	}
	grown, err := l.publish(ctx, entries)
	if err != nil {
		return batch, err
	}
	for i, w := range batch {
		w.answer(entries[i], grown, nil)
	}
	return nil, nil
}

// answerKnown answers those of batch whose key is published. A key that is stored but not published
// belongs to a writer that is at work right now: ErrStale, to look again.
func (l *Log) answerKnown(ctx context.Context, batch []*waiting) ([]*waiting, error) {
	keys := make([]string, len(batch))
	for i, w := range batch {
		keys[i] = w.key
	}
	entries, err := l.store.LogEntriesByKey(ctx, l.origin, keys)
	if err != nil {
		return batch, fmt.Errorf("look up log entries: %w", err)
	}
	known := make(map[string]Entry, len(entries))
	for _, entry := range entries {
		if entry.Index >= l.head.state.Size {
			return batch, fmt.Errorf("entry %d is not published yet: %w", entry.Index, ErrStale)
		}
		known[entry.Key] = entry
	}
	rest := make([]*waiting, 0, len(batch))
	for _, w := range batch {
		if entry, ok := known[w.key]; ok {
			w.answer(entry, nil, nil)
		} else {
			rest = append(rest, w)
		}
	}
	return rest, nil
}
