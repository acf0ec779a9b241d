package transparency

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/mod/sumdb/tlog"
)

// head is the published tree as this writer knows it.
type head struct {
	state LogState
	edge  edgeHashes
	last  time.Time // LoggedAt of the last entry
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
