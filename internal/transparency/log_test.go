package transparency_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/mod/sumdb/tlog"

	"felleskrav/internal/transparency"
)

func TestAppendThenProve(t *testing.T) {
	store, signer := newMemory(), newSigner(t)
	at := time.Date(2026, 11, 23, 12, 0, 0, 987654321, time.FixedZone("CET", 3600))
	l, err := transparency.Open(t.Context(), store, transparency.Config{Signer: signer, Now: func() time.Time { return at }})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	var all []transparency.Entry
	for i := range 300 {
		entry := mustAppend(t, l, fmt.Sprint("key ", i), fmt.Sprint("body ", i))
		want := transparency.Entry{
			Index: int64(i), Key: fmt.Sprint("key ", i), Body: []byte(fmt.Sprint("body ", i)),
			LoggedAt: time.Date(2026, 11, 23, 11, 0, 0, 987e6, time.UTC),
		}
		if diff := cmp.Diff(want, entry); diff != "" {
			t.Fatal(diff)
		}
		all = append(all, entry)
	}
	for _, entry := range all {
		p, err := l.Proof(t.Context(), entry.Index)
		if err != nil {
			t.Fatal(err)
		}
		if err := transparency.VerifyProof(signer.Verifier(), p); err != nil {
			t.Fatal(err)
		}
		found, err := l.Lookup(t.Context(), entry.Key)
		if err != nil || !cmp.Equal(entry, found) {
			t.Fatalf("lookup %q: %v, %v", entry.Key, found, err)
		}
	}
	store.check(t, signer.Verifier(), all...)
	c, err := transparency.VerifyLog(t.Context(), l, signer.Verifier())
	if err != nil || c.Size != 300 {
		t.Fatalf("VerifyLog: %+v, %v", c, err)
	}
}

func TestAppendIsIdempotent(t *testing.T) {
	store, signer := newMemory(), newSigner(t)
	l := open(t, store, signer)
	first := mustAppend(t, l, "a", "one")
	mustAppend(t, l, "b", "two")
	if again := mustAppend(t, l, "a", "one"); !cmp.Equal(first, again) {
		t.Errorf("second append gave %v, want %v", again, first)
	}
	other, err := l.Append(t.Context(), "a", []byte("three"))
	if !errors.Is(err, transparency.ErrKeyTaken) || other.Index != 0 {
		t.Errorf("append with another body: entry %d, %v; want entry 0, ErrKeyTaken", other.Index, err)
	}
	// A new instance knows it too.
	if again := mustAppend(t, open(t, store, signer), "a", "one"); !cmp.Equal(first, again) {
		t.Errorf("append in a new instance gave %v, want %v", again, first)
	}
	if size, err := l.Size(t.Context()); err != nil || size != 2 {
		t.Errorf("size is %d, %v; want 2", size, err)
	}
	store.check(t, signer.Verifier(), first)
}

func TestAppendKeepsNoHoldOnTheBody(t *testing.T) {
	l := open(t, newMemory(), newSigner(t))
	body := []byte("before")
	if _, err := l.Append(t.Context(), "k", body); err != nil {
		t.Fatal(err)
	}
	copy(body, "AFTER!")
	if entry, err := l.Lookup(t.Context(), "k"); err != nil || string(entry.Body) != "before" {
		t.Errorf("entry is %q, %v", entry.Body, err)
	}
}

func TestAppendRefuses(t *testing.T) {
	l := open(t, newMemory(), newSigner(t))
	for name, c := range map[string]struct{ key, body string }{
		"no key":        {"", "x"},
		"long key":      {strings.Repeat("k", transparency.MaxKey+1), "x"},
		"key not UTF-8": {"\xff", "x"},
		"no body":       {"k", ""},
		"long body":     {"k", strings.Repeat("b", transparency.MaxBody+1)},
	} {
		if _, err := l.Append(t.Context(), c.key, []byte(c.body)); !errors.Is(err, transparency.ErrInvalidEntry) {
			t.Errorf("%s: %v, want ErrInvalidEntry", name, err)
		}
	}
	entry := mustAppend(t, l, strings.Repeat("k", transparency.MaxKey), strings.Repeat("b", transparency.MaxBody))
	data, err := l.EntryBundle(t.Context(), 0, 1)
	if err != nil || len(data) != 2+transparency.MaxBody {
		t.Fatalf("bundle of the longest entry has %d bytes, %v", len(data), err)
	}
	bodies, err := transparency.ParseEntryBundle(data)
	if err != nil || len(bodies) != 1 || !cmp.Equal(bodies[0], entry.Body) {
		t.Errorf("the longest entry does not come back: %v", err)
	}
}

func TestNotFound(t *testing.T) {
	l := open(t, newMemory(), newSigner(t))
	mustAppend(t, l, "a", "x")
	ctx := t.Context()
	for name, f := range map[string]func() error{
		"lookup":              func() error { _, err := l.Lookup(ctx, "b"); return err },
		"proof past the end":  func() error { _, err := l.Proof(ctx, 1); return err },
		"proof before":        func() error { _, err := l.Proof(ctx, -1); return err },
		"consistency":         func() error { _, err := l.ConsistencyProof(ctx, 0, 2); return err },
		"consistency back":    func() error { _, err := l.ConsistencyProof(ctx, 1, 0); return err },
		"wide tile":           func() error { _, err := l.Tile(ctx, 0, 0, 2); return err },
		"empty tile":          func() error { _, err := l.Tile(ctx, 0, 0, 0); return err },
		"high tile":           func() error { _, err := l.Tile(ctx, 1, 0, 1); return err },
		"highest tile":        func() error { _, err := l.Tile(ctx, 63, 0, 1); return err },
		"impossible level":    func() error { _, err := l.Tile(ctx, 64, 0, 1); return err },
		"entries as a tile":   func() error { _, err := l.Tile(ctx, transparency.EntriesLevel, 0, 1); return err },
		"too wide a bundle":   func() error { _, err := l.EntryBundle(ctx, 0, 257); return err },
		"far bundle":          func() error { _, err := l.EntryBundle(ctx, 1<<62, 256); return err },
		"bundle past the end": func() error { _, err := l.EntryBundle(ctx, 0, 2); return err },
	} {
		if err := f(); !errors.Is(err, transparency.ErrNotFound) {
			t.Errorf("%s: %v, want ErrNotFound", name, err)
		}
	}
}

func TestClose(t *testing.T) {
	store, signer := newMemory(), newSigner(t)
	l := open(t, store, signer)
	entry := mustAppend(t, l, "a", "x")
	for range 2 {
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := l.Append(t.Context(), "b", []byte("x")); !errors.Is(err, transparency.ErrClosed) {
		t.Errorf("append after close: %v", err)
	}
	if _, err := l.Proof(t.Context(), 0); err != nil {
		t.Errorf("read after close: %v", err)
	}
	store.check(t, signer.Verifier(), entry)
}

func TestCloseGivesUpOnAStoreThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		signer := newSigner(t)
		store := &faults{Store: newMemory(), fail: func(string) fault { return none }}
		l, err := transparency.Open(t.Context(), store, transparency.Config{Signer: signer})
		if err != nil {
			t.Fatal(err)
		}
		hang := &hanging{Store: store}
		stuck, err := transparency.Open(t.Context(), hang, transparency.Config{Signer: signer})
		if err != nil {
			t.Fatal(err)
		}
		hang.on = true
		done := make(chan error)
		go func() {
			_, err := stuck.Append(context.Background(), "a", []byte("x"))
			done <- err
		}()
		synctest.Wait()
		if err := stuck.Close(); err == nil {
			t.Error("Close says that everything was finished")
		}
		if err := <-done; !errors.Is(err, transparency.ErrClosed) {
			t.Errorf("append ended with %v, want ErrClosed", err)
		}
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
}

// hanging is a store whose inserts end only when their context does.
type hanging struct {
	transparency.Store
	on bool
}

func (h *hanging) InsertLogEntries(ctx context.Context, o string, e []transparency.Entry) error {
	if !h.on {
		return h.Store.InsertLogEntries(ctx, o, e)
	}
	<-ctx.Done()
	return ctx.Err()
}

func TestAppendEndsWithItsContext(t *testing.T) {
	hang := &hanging{Store: newMemory()}
	l, err := transparency.Open(t.Context(), hang, transparency.Config{Signer: newSigner(t)})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	hang.on = true
	if _, err := l.Append(ctx, "a", []byte("x")); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("append: %v", err)
	}
}

func TestTimeNeverGoesBack(t *testing.T) {
	store, signer := newMemory(), newSigner(t)
	start := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	for i, clock := range []time.Time{start, start.Add(-time.Hour), start.Add(time.Second), start} {
		l, err := transparency.Open(t.Context(), store, transparency.Config{Signer: signer, Now: func() time.Time { return clock }})
		if err != nil {
			t.Fatal(err)
		}
		mustAppend(t, l, fmt.Sprint(i), "x")
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
	store.check(t, signer.Verifier())
}

func TestOpenRefuses(t *testing.T) {
	signer := newSigner(t)
	if _, err := transparency.Open(t.Context(), newMemory(), transparency.Config{}); err == nil {
		t.Error("no signer: accepted")
	}
	if _, err := transparency.Open(t.Context(), newMemory(), transparency.Config{Origin: "other.example", Signer: signer}); err == nil {
		t.Error("another origin than the key's: accepted")
	}
	filled := func() *memory {
		m := newMemory()
		l := open(t, m, signer)
		for i := range 5 {
			mustAppend(t, l, fmt.Sprint(i), fmt.Sprint(i))
		}
		return m
	}
	for name, c := range map[string]struct {
		signer *transparency.Signer
		spoil  func(*memory)
	}{
		"another key":    {newSigner(t), func(*memory) {}},
		"a changed root": {signer, func(m *memory) { m.state.Root[3]++ }},
		"a changed size": {signer, func(m *memory) { m.state.Size-- }},
		"the state of an older tree": {signer, func(m *memory) {
			m.state.Size, m.state.Root = 4, m.hashes[tlog.StoredHashIndex(2, 0)]
		}},
		"a changed hash":           {signer, func(m *memory) { m.hashes[tlog.StoredHashIndex(2, 0)] = transparency.Hash{} }},
		"a missing hash":           {signer, func(m *memory) { delete(m.hashes, tlog.StoredHashIndex(2, 0)) }},
		"a missing entry":          {signer, func(m *memory) { m.entries = m.entries[:4] }},
		"a checkpoint cut in half": {signer, func(m *memory) { m.state.Checkpoint = m.state.Checkpoint[:10] }},
	} {
		m := filled()
		c.spoil(m)
		if _, err := transparency.Open(t.Context(), m, transparency.Config{Signer: c.signer}); !errors.Is(err, transparency.ErrInconsistent) {
			t.Errorf("%s: %v, want ErrInconsistent", name, err)
		}
	}
}

// A running log does not sign for a store that was rolled back or rewritten behind its back, even when
// what is stored holds together.
func TestRunningLogRefusesAnotherHistory(t *testing.T) {
	signer := newSigner(t)
	fill := func(m *memory, prefix string, n int) *transparency.Log {
		l := open(t, m, signer)
		for i := range n {
			mustAppend(t, l, fmt.Sprint(prefix, i), fmt.Sprint(prefix, i))
		}
		return l
	}
	for name, n := range map[string]int{"rolled back": 3, "rewritten": 5, "rewritten and longer": 9} {
		m, other := newMemory(), newMemory()
		l := fill(m, "ours", 5)
		fill(other, "theirs", n)
		m.mu.Lock()
		m.state, m.entries, m.keys, m.hashes = other.state, other.entries, other.keys, other.hashes
		// As when the head was lost: whatever makes the writer look at the store again.
		m.keys["new"] = 0
		m.mu.Unlock()
		if _, err := l.Append(t.Context(), "new", []byte("x")); !errors.Is(err, transparency.ErrInconsistent) {
			t.Errorf("%s: %v, want ErrInconsistent", name, err)
		}
	}
}
