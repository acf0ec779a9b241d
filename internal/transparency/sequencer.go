package transparency

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"

	"golang.org/x/mod/sumdb/tlog"
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

// head is the published tree as this writer knows it.
type head struct {
	state LogState
	edge  edgeHashes
	last  time.Time // LoggedAt of the last entry
}

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

// sync makes l.head anew, and publishes what any writer has inserted but not published.
func (l *Log) sync(ctx context.Context) error {
	if err := l.load(ctx); err != nil {
		return err
	}
	return l.adopt(ctx)
}

// load makes l.head: it reads the published tree from the store and checks that it continues the one seen
// before.
func (l *Log) load(ctx context.Context) error {
	state, err := l.store.LogState(ctx, l.origin)
	if errors.Is(err, ErrNotFound) {
		return fmt.Errorf("%w: the state is gone", ErrInconsistent)
	}
	if err != nil {
		return fmt.Errorf("read log state: %w", err)
	}
	if err := l.check(ctx, state); err != nil {
		return err
	}
	indexes := edgeIndexes(state.Size)
	hashes, err := l.hashes(ctx).ReadHashes(indexes)
	if err != nil {
		return fmt.Errorf("read log hashes: %w", err)
	}
	h := &head{state: state, edge: make(edgeHashes, len(indexes))}
	for i, index := range indexes {
		h.edge[index] = hashes[i]
	}
	root, err := tlog.TreeHash(state.Size, h.edge)
	if err != nil {
		return fmt.Errorf("hash tree: %w", err)
	}
	if root != state.Root {
		return fmt.Errorf("%w: stored hashes give another root than the state of %d entries", ErrInconsistent, state.Size)
	}
	if state.Size > 0 {
		entries, err := l.entries(ctx, state.Size-1, 1)
		if err != nil {
			return fmt.Errorf("read last log entry: %w", err)
		}
		h.last = entries[0].LoggedAt
	}
	l.head, l.seen = h, Checkpoint{Origin: l.origin, Size: state.Size, Root: state.Root}
	return nil
}

// check verifies the stored checkpoint and that its tree begins with the one seen last.
func (l *Log) check(ctx context.Context, state LogState) error {
	c, err := ParseCheckpoint(l.verifier, state.Checkpoint)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrInconsistent, err)
	}
	if c.Size != state.Size || c.Root != state.Root {
		return fmt.Errorf("%w: the checkpoint is of another tree than the state", ErrInconsistent)
	}
	var proof []Hash
	if l.seen.Size > 0 && l.seen.Size < c.Size {
		if proof, err = tlog.ProveTree(c.Size, l.seen.Size, l.hashes(ctx)); err != nil {
			return fmt.Errorf("prove log consistency: %w", err)
		}
	}
	if l.seen.Size > 0 {
		if err := checkTree(proof, l.seen, c); err != nil {
			return fmt.Errorf("%w: %w", ErrInconsistent, err)
		}
	}
	return nil
}

// adopt publishes the entries that are stored above the published size. They are another writer's, or
// this one's from an attempt whose outcome was unknown. Their callers find them by key.
func (l *Log) adopt(ctx context.Context) error {
	for {
		entries, err := l.store.LogEntries(ctx, l.origin, l.head.state.Size, maxBatchEntries)
		if err != nil {
			return fmt.Errorf("read log entries: %w", err)
		}
		if len(entries) == 0 {
			return nil
		}
		// Entries are inserted in order, so a gap only means that this read overtook the writer.
		n := 0
		for n < len(entries) && entries[n].Index == l.head.state.Size+int64(n) {
			n++
		}
		if n == 0 {
			return fmt.Errorf("entry %d is being written: %w", l.head.state.Size, ErrStale)
		}
		if _, err := l.publish(ctx, entries[:n]); err != nil {
			return err
		}
	}
}

// publish puts entries, which are stored and follow the head, under a signed checkpoint. It gives the new
// tree with, besides its edge, all nodes that proofs of these entries need.
func (l *Log) publish(ctx context.Context, entries []Entry) (*head, error) {
	old := l.head.state
	size := old.Size + int64(len(entries))
	stored := make([]StoredHash, 0, 2*len(entries))
	for _, entry := range entries {
		hashes, err := l.head.edge.add(entry.Index, tlog.RecordHash(entry.Body))
		if err != nil {
			return nil, err
		}
		stored = append(stored, hashes...)
	}
	if err := l.store.PutLogHashes(ctx, l.origin, stored); err != nil {
		return nil, fmt.Errorf("put log hashes: %w", err)
	}
	root, err := tlog.TreeHash(size, l.head.edge)
	if err != nil {
		return nil, fmt.Errorf("hash tree: %w", err)
	}
	next := Checkpoint{Origin: l.origin, Size: size, Root: root}
	// The last look before signing: the new tree begins with the last one that was signed.
	var proof []Hash
	if old.Size > 0 {
		if proof, err = tlog.ProveTree(size, old.Size, l.head.edge); err != nil {
			return nil, fmt.Errorf("prove log consistency: %w", err)
		}
	}
	if err := checkTree(proof, Checkpoint{Origin: l.origin, Size: old.Size, Root: old.Root}, next); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInconsistent, err)
	}
	checkpoint, err := next.sign(l.signer)
	if err != nil {
		return nil, err
	}
	state := LogState{Origin: l.origin, Size: size, Root: root, Checkpoint: checkpoint, Rev: old.Rev}
	// Two writers that get here from the same size hold the same entries up to the shorter of their
	// sizes, so even the checkpoint that loses, and is forgotten, was true.
	if err := l.store.SwapLogState(ctx, state); err != nil {
		return nil, fmt.Errorf("swap log state: %w", err)
	}
	state.Rev++
	grown := &head{state: state, edge: l.head.edge, last: entries[len(entries)-1].LoggedAt}
	l.head = &head{state: state, edge: grown.edge.trim(size), last: grown.last}
	l.seen = next
	return grown, nil
}
