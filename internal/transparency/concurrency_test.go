package transparency_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"felleskrav/internal/transparency"
)

// Several instances, each with many appenders, on one store make one log; every fourth key is appended
// by all of them.
func TestInstancesMakeOneLog(t *testing.T) {
	for _, instances := range []int{1, 2, 4} {
		t.Run(fmt.Sprint(instances), func(t *testing.T) {
			store, signer := newMemory(), newSigner(t)
			var logs []*transparency.Log
			for range instances {
				logs = append(logs, open(t, store, signer))
			}
			acknowledged := appendAll(t, logs, 8, 60)
			store.check(t, signer.Verifier(), acknowledged...)
			if want := int64(instances*8*45 + 8*15); store.state.Size != want || len(store.entries) != int(want) {
				t.Errorf("log has %d entries, %d stored, want %d", store.state.Size, len(store.entries), want)
			}
		})
	}
}

// appendAll lets workers of each log append n entries each and returns what was acknowledged.
func appendAll(t *testing.T, logs []*transparency.Log, workers, n int) []transparency.Entry {
	t.Helper()
	var mu sync.Mutex
	var acknowledged []transparency.Entry
	var wg sync.WaitGroup
	for i, l := range logs {
		for worker := range workers {
			wg.Go(func() {
				for j := range n {
					key := fmt.Sprintf("%d/%d/%d", i, worker, j)
					if j%4 == 0 {
						key = fmt.Sprintf("shared/%d/%d", worker, j)
					}
					entry, err := l.Append(t.Context(), key, []byte("body of "+key))
					if err != nil {
						t.Errorf("append %s: %v", key, err)
						return
					}
					// What is acknowledged can be proved at once, by any instance.
					p, err := logs[(i+1)%len(logs)].Proof(t.Context(), entry.Index)
					if err != nil || string(p.Body) != "body of "+key {
						t.Errorf("proof of %s: %q, %v", key, p.Body, err)
						return
					}
					mu.Lock()
					acknowledged = append(acknowledged, entry)
					mu.Unlock()
				}
			})
		}
	}
	wg.Wait()
	return acknowledged
}

// sealable is a store of which the tree cannot be read while it is sealed.
type sealable struct {
	transparency.Store
	sealed *atomic.Bool
}

var errSealed = errors.New("the tree was read")

func (s sealable) LogEntries(ctx context.Context, origin string, from int64, limit int) ([]transparency.Entry, error) {
	if s.sealed.Load() {
		return nil, errSealed
	}
	return s.Store.LogEntries(ctx, origin, from, limit)
}

func (s sealable) LogHashes(ctx context.Context, origin string, indexes []int64) ([]transparency.Hash, error) {
	if s.sealed.Load() {
		return nil, errSealed
	}
	return s.Store.LogHashes(ctx, origin, indexes)
}

// Batches of every size on trees of every shape: each new entry is proved from what the sequencer has in
// memory, and an old one from the store.
func TestAppendProved(t *testing.T) {
	store, signer := newMemory(), newSigner(t)
	store.write = 100 * time.Microsecond
	var seal atomic.Bool
	l := open(t, sealable{store, &seal}, signer)
	proved := func(key, body string) (transparency.Proof, error) {
		p, err := l.AppendProved(t.Context(), key, []byte(body))
		if err != nil {
			return p, err
		}
		if string(p.Body) != body || p.Index >= p.TreeSize || p.LoggedAt.IsZero() {
			return p, fmt.Errorf("proof of %q at %d of %d, logged at %s", p.Body, p.Index, p.TreeSize, p.LoggedAt)
		}
		return p, transparency.VerifyProof(signer.Verifier(), p)
	}
	seal.Store(true)
	for round := range 40 {
		var wg sync.WaitGroup
		for i := range round {
			wg.Go(func() {
				key := fmt.Sprintf("%d/%d", round, i)
				if _, err := proved(key, "body of "+key); err != nil {
					t.Errorf("append %s: %v", key, err)
				}
			})
		}
		wg.Wait()
	}
	seal.Store(false)
	if p, err := proved("39/7", "body of 39/7"); err != nil || p.TreeSize != 39*40/2 {
		t.Errorf("an entry that is there: in a tree of %d, %v", p.TreeSize, err)
	}
	if _, err := proved("39/7", "another"); !errors.Is(err, transparency.ErrKeyTaken) {
		t.Errorf("another body: %v", err)
	}
	store.check(t, signer.Verifier())
}

// Of appends under one key at the same time, one body wins and the others are told which.
func TestSameKeyAtOnce(t *testing.T) {
	store, signer := newMemory(), newSigner(t)
	store.write = 200 * time.Microsecond
	logs := []*transparency.Log{open(t, store, signer), open(t, store, signer)}
	for round := range 20 {
		key := fmt.Sprint("key ", round)
		var mu sync.Mutex
		won := map[string]int{}
		var wg sync.WaitGroup
		for i := range 16 {
			wg.Go(func() {
				body := fmt.Sprint("body ", i%4)
				entry, err := logs[i%2].Append(t.Context(), key, []byte(body))
				if (err == nil) != (string(entry.Body) == body) || err != nil && !errors.Is(err, transparency.ErrKeyTaken) {
					t.Errorf("append of %q gave %q, %v", body, entry.Body, err)
				}
				mu.Lock()
				won[string(entry.Body)]++
				mu.Unlock()
			})
		}
		wg.Wait()
		if len(won) != 1 {
			t.Errorf("key %d has bodies %v", round, won)
		}
	}
	store.check(t, signer.Verifier())
}

// Two instances on a store that fails at random, before, after or half way through writing. An append
// that fails is tried again as its caller would.
func TestInstancesOnAFailingStore(t *testing.T) {
	store, signer := newMemory(), newSigner(t)
	random := rand.New(rand.NewPCG(1, 2))
	failing := &faults{Store: store, fail: func(string) fault { return none }}
	logs := []*transparency.Log{open(t, failing, signer), open(t, failing, signer)}
	failing.fail = func(string) fault {
		if random.IntN(8) > 0 {
			return none
		}
		return fault(1 + random.IntN(3))
	}
	var mu sync.Mutex
	var acknowledged []transparency.Entry
	var wg sync.WaitGroup
	for worker := range 16 {
		wg.Go(func() {
			for j := range 15 {
				key := fmt.Sprintf("%d/%d", worker, j)
				for {
					entry, err := logs[worker%2].Append(t.Context(), key, []byte(key))
					if err == nil {
						mu.Lock()
						acknowledged = append(acknowledged, entry)
						mu.Unlock()
						break
					}
					if !errors.Is(err, errInjected) && !errors.Is(err, transparency.ErrStale) && !errors.Is(err, transparency.ErrExists) {
						t.Errorf("append %s: %v", key, err)
						return
					}
				}
			}
		})
	}
	wg.Wait()
	failing.mu.Lock()
	failing.fail = func(string) fault { return none }
	failing.mu.Unlock()
	store.check(t, signer.Verifier(), acknowledged...)
	if store.state.Size != 16*15 || len(acknowledged) != 16*15 {
		t.Errorf("log has %d entries, %d acknowledged", store.state.Size, len(acknowledged))
	}
}

// Each step of an append is broken once, in each way, and then for good, as in a crash. What was
// acknowledged stays, and a new instance goes on where it was.
func TestEachStepFails(t *testing.T) {
	writes := []string{"SwapLogLease", "InsertLogEntries", "PutLogHashes", "SwapLogState"}
	reads := []string{"LogLease", "LogState", "LogEntries", "LogEntriesByKey", "LogHashes"}
	for _, method := range append(writes, reads...) {
		for _, how := range []fault{before, after, half} {
			for _, crash := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s/%d/crash=%t", method, how, crash), func(t *testing.T) {
					t.Parallel()
					testStepFails(t, method, how, crash)
				})
			}
		}
	}
}

func testStepFails(t *testing.T, method string, how fault, crash bool) {
	store, signer := newMemory(), newSigner(t)
	failing := &faults{Store: store, fail: func(string) fault { return none }}
	var ahead atomic.Int64
	l, err := transparency.Open(t.Context(), failing, transparency.Config{
		Signer: signer, Lease: lease, Now: func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	acknowledged := []transparency.Entry{mustAppend(t, l, "first", "first"), mustAppend(t, l, "second", "second")}
	ahead.Store(int64(lease)) // so that it must be had anew

	broken, step := false, method
	if !slices.Contains([]string{"LogLease", "SwapLogLease", "InsertLogEntries", "PutLogHashes", "SwapLogState"}, method) {
		// Reads happen only after something else went wrong.
		step = "InsertLogEntries"
	}
	failing.mu.Lock()
	failing.fail = func(called string) fault {
		switch {
		case broken && crash:
			return before
		case !broken && called == step && step != method:
			step = method
			return before
		case !broken && called == method:
			broken = true
			return how
		}
		return none
	}
	failing.mu.Unlock()

	var wg sync.WaitGroup
	var mu sync.Mutex
	for i := range 6 {
		wg.Go(func() {
			key := fmt.Sprint("key ", i)
			entry, err := l.Append(t.Context(), key, []byte(key))
			if err != nil && !crash {
				t.Errorf("append %s: %v", key, err)
			}
			if err == nil {
				mu.Lock()
				acknowledged = append(acknowledged, entry)
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if !broken {
		t.Fatalf("%s was never called", method)
	}
	store.check(t, signer.Verifier(), acknowledged...)

	next := open(t, store, signer)
	if size := store.state.Size; size != int64(len(store.entries)) {
		t.Errorf("after opening, %d entries are stored and %d published", len(store.entries), size)
	}
	for i := range 6 {
		key := fmt.Sprint("key ", i)
		acknowledged = append(acknowledged, mustAppend(t, next, key, key))
	}
	store.check(t, signer.Verifier(), acknowledged...)
	if store.state.Size != 8 {
		t.Errorf("log has %d entries, want 8", store.state.Size)
	}
	if _, err := transparency.VerifyLog(t.Context(), next, signer.Verifier()); err != nil {
		t.Error(err)
	}
}

// A writer that was stopped between its steps, and wakes when another has finished its work, neither
// loses nor repeats anything.
func TestPausedWriter(t *testing.T) {
	for _, method := range []string{"InsertLogEntries", "PutLogHashes", "SwapLogState"} {
		t.Run(method, func(t *testing.T) {
			store, signer := newMemory(), newSigner(t)
			paused := &pausing{Store: store, method: method, reached: make(chan struct{}), goOn: make(chan struct{})}
			slow := open(t, paused, signer)
			quick := open(t, store, signer)
			mustAppend(t, quick, "before", "before")
			paused.on = true
			done := make(chan transparency.Entry)
			go func() {
				entry, err := slow.Append(t.Context(), "slow", []byte("slow"))
				if err != nil {
					t.Error(err)
				}
				done <- entry
			}()
			<-paused.reached
			var acknowledged []transparency.Entry
			for i := range 5 {
				acknowledged = append(acknowledged, mustAppend(t, quick, fmt.Sprint(i), fmt.Sprint(i)))
			}
			close(paused.goOn)
			acknowledged = append(acknowledged, <-done)
			acknowledged = append(acknowledged, mustAppend(t, slow, "after", "after"))
			store.check(t, signer.Verifier(), acknowledged...)
			if store.state.Size != 8 {
				t.Errorf("log has %d entries, want 8", store.state.Size)
			}
		})
	}
}

// An append whose caller has gone before its turn is not made.
func TestAppendOfACallerThatHasGone(t *testing.T) {
	store, signer := newMemory(), newSigner(t)
	paused := &pausing{Store: store, method: "SwapLogState", reached: make(chan struct{}), goOn: make(chan struct{})}
	l := open(t, paused, signer)
	paused.on = true
	done := make(chan error)
	go func() {
		_, err := l.Append(t.Context(), "first", []byte("x"))
		done <- err
	}()
	<-paused.reached
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if _, err := l.Append(ctx, "gone", []byte("x")); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("append: %v", err)
	}
	close(paused.goOn)
	if err := <-done; err != nil {
		t.Error(err)
	}
	if entry := mustAppend(t, l, "second", "x"); entry.Index != 1 {
		t.Errorf("the next entry is %d", entry.Index)
	}
	if _, err := l.Lookup(t.Context(), "gone"); !errors.Is(err, transparency.ErrNotFound) {
		t.Errorf("lookup of the entry whose caller has gone: %v", err)
	}
}

// With one instance, an append costs three writes and no read. The first of all takes the lease.
func TestAppendDoesNotRead(t *testing.T) {
	calls, at := map[string]int{}, time.Now()
	counting := &faults{Store: newMemory(), fail: func(method string) fault { calls[method]++; return none }}
	l, err := transparency.Open(t.Context(), counting, transparency.Config{Signer: newSigner(t), Now: func() time.Time { return at }, Lease: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	clear(calls)
	for i := range 10 {
		mustAppend(t, l, fmt.Sprint(i), "x")
	}
	want := map[string]int{"LogLease": 1, "SwapLogLease": 1, "InsertLogEntries": 10, "PutLogHashes": 10, "SwapLogState": 10}
	if diff := cmp.Diff(want, calls); diff != "" {
		t.Error(diff)
	}
}

// An entry that another writer has stored but not published is not acknowledged as it is.
func TestUnpublishedEntryIsNotAcknowledged(t *testing.T) {
	store, signer := newMemory(), newSigner(t)
	hooked := &hooks{Store: store}
	l := open(t, hooked, signer)
	mustAppend(t, l, "first", "first")
	mustAppend(t, open(t, store, signer), "second", "second") // so that l has to look
	hooked.beforeByKey = func() {
		other := transparency.Entry{Index: 2, Key: "third", Body: []byte("third"), LoggedAt: time.Now().UTC().Truncate(time.Millisecond)}
		if err := store.InsertLogEntries(t.Context(), origin, []transparency.Entry{other}); err != nil {
			t.Error(err)
		}
	}
	entry := mustAppend(t, l, "third", "third")
	if entry.Index != 2 || store.state.Size != 3 {
		t.Errorf("acknowledged entry %d of %d", entry.Index, store.state.Size)
	}
	store.check(t, signer.Verifier(), entry)
}

// A range read without a snapshot may see a later entry and miss one that was stored before it.
func TestReadThatMissesAnEntry(t *testing.T) {
	for _, miss := range []int{0, 2} {
		store, signer := newMemory(), newSigner(t)
		open(t, store, signer)
		var left []transparency.Entry
		for i := range int64(4) {
			left = append(left, transparency.Entry{Index: i, Key: fmt.Sprint(i), Body: fmt.Append(nil, i), LoggedAt: time.Unix(0, 0).UTC()})
		}
		if err := store.InsertLogEntries(t.Context(), origin, left); err != nil {
			t.Fatal(err)
		}
		l := open(t, &hooks{Store: store, miss: &miss}, signer)
		left = append(left, mustAppend(t, l, "new", "new"))
		store.check(t, signer.Verifier(), left...)
	}
}

func BenchmarkAppend(b *testing.B) {
	for _, c := range []struct{ instances, appenders int }{{1, 1}, {1, 16}, {2, 16}} {
		b.Run(fmt.Sprintf("instances=%d,appenders=%d", c.instances, c.appenders), func(b *testing.B) {
			store := newMemory()
			store.write = 400 * time.Microsecond
			signer := newSigner(b)
			var logs []*transparency.Log
			for range c.instances {
				logs = append(logs, open(b, store, signer))
			}
			var wg sync.WaitGroup
			next := make(chan int)
			b.ResetTimer()
			for appender := range c.appenders {
				wg.Go(func() {
					for i := range next {
						if _, err := logs[appender%len(logs)].Append(b.Context(), fmt.Sprint(i), make([]byte, 600)); err != nil {
							b.Error(err)
						}
					}
				})
			}
			for i := range b.N {
				next <- i
			}
			close(next)
			wg.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "appends/s")
		})
	}
}

func BenchmarkProof(b *testing.B) {
	l := open(b, newMemory(), newSigner(b))
	for i := range 10000 {
		mustAppend(b, l, fmt.Sprint(i), "x")
	}
	b.ResetTimer()
	for i := range b.N {
		if _, err := l.Proof(b.Context(), int64(i%10000)); err != nil {
			b.Fatal(err)
		}
	}
}
