package transparency_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"felleskrav/internal/transparency"
)

const origin = "logg.example.no"

// lease is so short that a test can wait for it to run out.
const lease = 200 * time.Millisecond

// memory is a Store that lives as long as the test. It keeps every state that was ever published.
type memory struct {
	write time.Duration // how long a write takes, as if it went to a disk

	mu      sync.Mutex
	state   *transparency.LogState
	entries []transparency.Entry
	keys    map[string]int64
	hashes  map[int64]transparency.Hash
	history [][]byte

	lease    transparency.Lease
	cosigned transparency.Cosigned
}

func newMemory() *memory {
	return &memory{keys: map[string]int64{}, hashes: map[int64]transparency.Hash{}}
}

func (m *memory) begin(ctx context.Context, write bool) (func(), error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	m.mu.Lock()
	if write && m.write > 0 {
		// time.Sleep is too coarse for fractions of a millisecond.
		for start := time.Now(); time.Since(start) < m.write; {
		}
	}
	return m.mu.Unlock, nil
}

func (m *memory) LogState(ctx context.Context, _ string) (transparency.LogState, error) {
	end, err := m.begin(ctx, false)
	if err != nil {
		return transparency.LogState{}, err
	}
	defer end()
	if m.state == nil {
		return transparency.LogState{}, fmt.Errorf("memory: %w", transparency.ErrNotFound)
	}
	return *m.state, nil
}

func (m *memory) CreateLogState(ctx context.Context, state transparency.LogState) error {
	end, err := m.begin(ctx, true)
	if err != nil {
		return err
	}
	defer end()
	if m.state != nil {
		return fmt.Errorf("memory: %w", transparency.ErrExists)
	}
	state.Rev = 1
	m.state, m.history = &state, append(m.history, state.Checkpoint)
	return nil
}

func (m *memory) SwapLogState(ctx context.Context, state transparency.LogState) error {
	end, err := m.begin(ctx, true)
	if err != nil {
		return err
	}
	defer end()
	if m.state == nil || m.state.Rev != state.Rev {
		return fmt.Errorf("memory: %w", transparency.ErrStale)
	}
	state.Rev++
	m.state, m.history = &state, append(m.history, state.Checkpoint)
	return nil
}

func (m *memory) InsertLogEntries(ctx context.Context, _ string, entries []transparency.Entry) error {
	end, err := m.begin(ctx, true)
	if err != nil {
		return err
	}
	defer end()
	for _, entry := range entries {
		if _, ok := m.keys[entry.Key]; ok || entry.Index < int64(len(m.entries)) {
			return fmt.Errorf("memory: %w", transparency.ErrExists)
		}
		if entry.Index > int64(len(m.entries)) {
			panic(fmt.Sprintf("insert of %d leaves a gap after %d", entry.Index, len(m.entries)))
		}
		m.entries = append(m.entries, entry)
		m.keys[entry.Key] = entry.Index
	}
	return nil
}

func (m *memory) LogEntries(ctx context.Context, _ string, from int64, limit int) ([]transparency.Entry, error) {
	end, err := m.begin(ctx, false)
	if err != nil {
		return nil, err
	}
	defer end()
	if from >= int64(len(m.entries)) {
		return nil, nil
	}
	rest := m.entries[from:]
	return slices.Clone(rest[:min(limit, len(rest))]), nil
}

func (m *memory) LogEntriesByKey(ctx context.Context, _ string, keys []string) ([]transparency.Entry, error) {
	end, err := m.begin(ctx, false)
	if err != nil {
		return nil, err
	}
	defer end()
	var found []transparency.Entry
	for _, key := range keys {
		if index, ok := m.keys[key]; ok {
			found = append(found, m.entries[index])
		}
	}
	return found, nil
}

func (m *memory) PutLogHashes(ctx context.Context, _ string, hashes []transparency.StoredHash) error {
	end, err := m.begin(ctx, true)
	if err != nil {
		return err
	}
	defer end()
	for _, h := range hashes {
		if old, ok := m.hashes[h.Index]; ok && old != h.Hash {
			panic(fmt.Sprintf("hash %d changes", h.Index))
		}
		m.hashes[h.Index] = h.Hash
	}
	return nil
}

func (m *memory) LogHashes(ctx context.Context, _ string, indexes []int64) ([]transparency.Hash, error) {
	end, err := m.begin(ctx, false)
	if err != nil {
		return nil, err
	}
	defer end()
	hashes := make([]transparency.Hash, len(indexes))
	for i, index := range indexes {
		h, ok := m.hashes[index]
		if !ok {
			return nil, fmt.Errorf("memory: hash %d: %w", index, transparency.ErrNotFound)
		}
		hashes[i] = h
	}
	return hashes, nil
}

func (m *memory) LogLease(ctx context.Context, _ string) (transparency.Lease, error) {
	end, err := m.begin(ctx, false)
	if err != nil {
		return transparency.Lease{}, err
	}
	defer end()
	if m.lease.Rev == 0 {
		return transparency.Lease{}, fmt.Errorf("memory: %w", transparency.ErrNotFound)
	}
	return m.lease, nil
}

func (m *memory) SwapLogLease(ctx context.Context, lease transparency.Lease) error {
	end, err := m.begin(ctx, true)
	if err != nil {
		return err
	}
	defer end()
	if m.lease.Rev != lease.Rev {
		return fmt.Errorf("memory: %w", transparency.ErrStale)
	}
	lease.Rev++
	m.lease = lease
	return nil
}

func (m *memory) LogCosigned(ctx context.Context, _ string) (transparency.Cosigned, error) {
	end, err := m.begin(ctx, false)
	if err != nil {
		return transparency.Cosigned{}, err
	}
	defer end()
	if m.cosigned.Rev == 0 {
		return transparency.Cosigned{}, fmt.Errorf("memory: %w", transparency.ErrNotFound)
	}
	return m.cosigned, nil
}

func (m *memory) SwapLogCosigned(ctx context.Context, cosigned transparency.Cosigned) error {
	end, err := m.begin(ctx, true)
	if err != nil {
		return err
	}
	defer end()
	if m.cosigned.Rev != cosigned.Rev {
		return fmt.Errorf("memory: %w", transparency.ErrStale)
	}
	cosigned.Rev++
	m.cosigned = cosigned
	return nil
}

// faults lets calls of a Store fail. fail gets the name of the method and tells what to do.
type faults struct {
	transparency.Store
	mu   sync.Mutex
	fail func(method string) fault
}

type fault int

const (
	none   fault = iota
	before       // fails, nothing written
	after        // fails, everything written
	half         // fails, the first half of the entries or hashes written
)

var errInjected = errors.New("injected")

func (f *faults) next(method string) fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.fail(method)
}

func (f *faults) do(method string, whole, first func() error) error {
	switch f.next(method) {
	case before:
		return errInjected
	case after:
		if err := whole(); err != nil {
			return err
		}
		return errInjected
	case half:
		if err := first(); err != nil {
			return err
		}
		return errInjected
	}
	return whole()
}

func nothing() error { return nil }

func (f *faults) CreateLogState(ctx context.Context, s transparency.LogState) error {
	return f.do("CreateLogState", func() error { return f.Store.CreateLogState(ctx, s) }, nothing)
}

func (f *faults) SwapLogState(ctx context.Context, s transparency.LogState) error {
	return f.do("SwapLogState", func() error { return f.Store.SwapLogState(ctx, s) }, nothing)
}

func (f *faults) InsertLogEntries(ctx context.Context, o string, e []transparency.Entry) error {
	return f.do("InsertLogEntries", func() error { return f.Store.InsertLogEntries(ctx, o, e) },
		func() error { return f.Store.InsertLogEntries(ctx, o, e[:len(e)/2]) })
}

func (f *faults) PutLogHashes(ctx context.Context, o string, h []transparency.StoredHash) error {
	return f.do("PutLogHashes", func() error { return f.Store.PutLogHashes(ctx, o, h) },
		func() error { return f.Store.PutLogHashes(ctx, o, h[:len(h)/2]) })
}

func (f *faults) SwapLogLease(ctx context.Context, s transparency.Lease) error {
	return f.do("SwapLogLease", func() error { return f.Store.SwapLogLease(ctx, s) }, nothing)
}

func (f *faults) LogLease(ctx context.Context, o string) (transparency.Lease, error) {
	if f.next("LogLease") != none {
		return transparency.Lease{}, errInjected
	}
	return f.Store.LogLease(ctx, o)
}

func (f *faults) LogState(ctx context.Context, o string) (transparency.LogState, error) {
	if f.next("LogState") != none {
		return transparency.LogState{}, errInjected
	}
	return f.Store.LogState(ctx, o)
}

func (f *faults) LogEntries(ctx context.Context, o string, from int64, n int) ([]transparency.Entry, error) {
	if f.next("LogEntries") != none {
		return nil, errInjected
	}
	return f.Store.LogEntries(ctx, o, from, n)
}

func (f *faults) LogEntriesByKey(ctx context.Context, o string, keys []string) ([]transparency.Entry, error) {
	if f.next("LogEntriesByKey") != none {
		return nil, errInjected
	}
	return f.Store.LogEntriesByKey(ctx, o, keys)
}

func (f *faults) LogHashes(ctx context.Context, o string, indexes []int64) ([]transparency.Hash, error) {
	if f.next("LogHashes") != none {
		return nil, errInjected
	}
	return f.Store.LogHashes(ctx, o, indexes)
}

func newSigner(t testing.TB) *transparency.Signer {
	t.Helper()
	key, err := transparency.GenerateSignerKey(origin)
	if err != nil {
		t.Fatal(err)
	}
	s, err := transparency.ParseSigner(key)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func open(t testing.TB, store transparency.Store, signer *transparency.Signer) *transparency.Log {
	t.Helper()
	l, err := transparency.Open(t.Context(), store, transparency.Config{Signer: signer, Lease: lease})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

func mustAppend(t testing.TB, l *transparency.Log, key, body string) transparency.Entry {
	t.Helper()
	entry, err := l.Append(t.Context(), key, []byte(body))
	if err != nil {
		t.Fatal(err)
	}
	return entry
}

// check proves that m holds one append-only log: each checkpoint ever published commits to a prefix of
// the entries, sizes only grow, every node of the tree is stored and right, keys are unique, times never
// go back, and each acknowledged entry is published as it was acknowledged. Leftovers are not checked.
func (m *memory) check(t testing.TB, v note.Verifier, acknowledged ...transparency.Entry) {
	t.Helper()
	m.mu.Lock()
	defer m.mu.Unlock()
	tree := map[int64]transparency.Hash{}
	reader := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		out := make([]tlog.Hash, len(indexes))
		for i, index := range indexes {
			out[i] = tree[index]
		}
		return out, nil
	})
	var last time.Time
	seen := map[string]bool{}
	for i, entry := range m.entries[:m.state.Size] {
		if entry.Index != int64(i) || seen[entry.Key] || entry.LoggedAt.Before(last) {
			t.Fatalf("entry %d: index %d, key %q (seen before: %t), at %s after %s", i, entry.Index, entry.Key, seen[entry.Key], entry.LoggedAt, last)
		}
		seen[entry.Key], last = true, entry.LoggedAt
		hashes, err := tlog.StoredHashes(int64(i), entry.Body, reader)
		if err != nil {
			t.Fatal(err)
		}
		for j, h := range hashes {
			index := tlog.StoredHashIndex(0, int64(i)) + int64(j)
			tree[index] = h
			if m.hashes[index] != h {
				t.Fatalf("stored hash %d is wrong", index)
			}
		}
	}
	size := int64(0)
	for _, signed := range m.history {
		c, err := transparency.ParseCheckpoint(v, signed)
		if err != nil {
			t.Fatal(err)
		}
		root, err := tlog.TreeHash(c.Size, reader)
		if err != nil {
			t.Fatal(err)
		}
		if c.Size < size || c.Root != root {
			t.Fatalf("checkpoint of %d after %d, root right: %t", c.Size, size, c.Root == root)
		}
		size = c.Size
	}
	if size != m.state.Size {
		t.Fatalf("last checkpoint has size %d, state %d", size, m.state.Size)
	}
	for _, a := range acknowledged {
		if a.Index >= m.state.Size {
			t.Fatalf("acknowledged entry %d %q is not published", a.Index, a.Key)
		}
		if got := m.entries[a.Index]; got.Key != a.Key || string(got.Body) != string(a.Body) || !got.LoggedAt.Equal(a.LoggedAt) {
			t.Fatalf("acknowledged entry %d %q is stored as %q", a.Index, a.Key, got.Key)
		}
	}
}

// pausing is a store that stops once in front of a method until it is told to go on.
type pausing struct {
	transparency.Store
	method        string
	on            bool
	reached, goOn chan struct{}
}

func (p *pausing) pause(method string) {
	if p.on && p.method == method {
		p.on = false
		close(p.reached)
		<-p.goOn
	}
}

func (p *pausing) InsertLogEntries(ctx context.Context, o string, e []transparency.Entry) error {
	p.pause("InsertLogEntries")
	return p.Store.InsertLogEntries(ctx, o, e)
}

func (p *pausing) PutLogHashes(ctx context.Context, o string, h []transparency.StoredHash) error {
	p.pause("PutLogHashes")
	return p.Store.PutLogHashes(ctx, o, h)
}

func (p *pausing) SwapLogState(ctx context.Context, s transparency.LogState) error {
	p.pause("SwapLogState")
	return p.Store.SwapLogState(ctx, s)
}

// hooks is a store on which something happens once.
type hooks struct {
	transparency.Store
	beforeByKey func() // in front of LogEntriesByKey
	miss        *int   // LogEntries leaves out this one of several
}

func (h *hooks) LogEntriesByKey(ctx context.Context, o string, keys []string) ([]transparency.Entry, error) {
	if f := h.beforeByKey; f != nil {
		h.beforeByKey = nil
		f()
	}
	return h.Store.LogEntriesByKey(ctx, o, keys)
}

func (h *hooks) LogEntries(ctx context.Context, o string, from int64, n int) ([]transparency.Entry, error) {
	entries, err := h.Store.LogEntries(ctx, o, from, n)
	if miss := h.miss; miss != nil && len(entries) > *miss+1 {
		h.miss = nil
		entries = slices.Delete(entries, *miss, *miss+1)
	}
	return entries, err
}
