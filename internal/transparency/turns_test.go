package transparency_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"felleskrav/internal/transparency"
)

// remote is a store each of whose calls takes a while, and which can be cut off. Time is the bubble's.
type remote struct {
	transparency.Store
	takes time.Duration
	cut   atomic.Bool
	// lost counts writes that came too late.
	lost *atomic.Int64
}

var errCut = errors.New("cut off")

func (r *remote) call(f func() error) error {
	time.Sleep(r.takes)
	if r.cut.Load() {
		return errCut
	}
	err := f()
	if errors.Is(err, transparency.ErrExists) || errors.Is(err, transparency.ErrStale) {
		r.lost.Add(1)
	}
	return err
}

func (r *remote) InsertLogEntries(ctx context.Context, o string, e []transparency.Entry) error {
	return r.call(func() error { return r.Store.InsertLogEntries(ctx, o, e) })
}

func (r *remote) PutLogHashes(ctx context.Context, o string, h []transparency.StoredHash) error {
	return r.call(func() error { return r.Store.PutLogHashes(ctx, o, h) })
}

func (r *remote) SwapLogState(ctx context.Context, s transparency.LogState) error {
	return r.call(func() error { return r.Store.SwapLogState(ctx, s) })
}

// SwapLogLease is not counted: two who ask at the same moment are no race that costs anything.
func (r *remote) SwapLogLease(ctx context.Context, s transparency.Lease) (err error) {
	_ = r.call(func() error { err = r.Store.SwapLogLease(ctx, s); return nil })
	if r.cut.Load() {
		return errCut
	}
	return err
}

// instance is a Log on a store of its own way to the common one.
type instance struct {
	*transparency.Log
	store *remote
}

func instances(t *testing.T, store *memory, signer *transparency.Signer, lost *atomic.Int64, clocks ...time.Duration) []instance {
	t.Helper()
	var all []instance
	for _, ahead := range clocks {
		r := &remote{Store: store, takes: 3 * time.Millisecond, lost: lost}
		l, err := transparency.Open(t.Context(), r, transparency.Config{Signer: signer, Now: func() time.Time { return time.Now().Add(ahead) }})
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, instance{l, r})
	}
	return all
}

func closeAll(t *testing.T, all []instance) {
	t.Helper()
	for _, l := range all {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	}
}

// load has appenders append to each instance for a while, and tells how many got in at each and how long
// the slowest took.
func load(t *testing.T, all []instance, appenders int, lasts time.Duration) (each []int64, slowest time.Duration) {
	t.Helper()
	each = make([]int64, len(all))
	var mu sync.Mutex
	var wg sync.WaitGroup
	end := time.Now().Add(lasts)
	for i, l := range all {
		for a := range appenders {
			wg.Go(func() {
				for n := 0; time.Now().Before(end); n++ {
					began := time.Now()
					if _, err := l.Append(t.Context(), fmt.Sprintf("%d/%d/%d", i, a, n), []byte("x")); err != nil {
						t.Errorf("append to %d: %v", i, err)
						return
					}
					mu.Lock()
					each[i]++
					slowest = max(slowest, time.Since(began))
					mu.Unlock()
				}
			})
		}
	}
	wg.Wait()
	return each, slowest
}

// Instances under load take turns: each gets its share, nobody waits long, and no write is in vain.
func TestInstancesTakeTurns(t *testing.T) {
	for n := 2; n <= 4; n++ {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store, signer := newMemory(), newSigner(t)
				var lost atomic.Int64
				all := instances(t, store, signer, &lost, make([]time.Duration, n)...)
				each, slowest := load(t, all, 5, 20*time.Second)
				var sum int64
				for _, got := range each {
					sum += got
				}
				for i, got := range each {
					if got*int64(n) < sum/2 {
						t.Errorf("instance %d got %d of %d in", i, got, sum)
					}
				}
				if slowest > time.Duration(n)*200*time.Millisecond {
					t.Errorf("an append took %s", slowest)
				}
				if lost.Load() > 0 {
					t.Errorf("%d writes were in vain", lost.Load())
				}
				closeAll(t, all)
				store.check(t, signer.Verifier())
				if store.state.Size != sum || store.lease.Holder != "" {
					t.Errorf("the log has %d entries of %d, and the lease is %q's", store.state.Size, sum, store.lease.Holder)
				}
			})
		})
	}
}

// An instance that appends now and then is not kept waiting by another that has nothing to do, once they
// know of each other, nor by one that is busy.
func TestQuietInstances(t *testing.T) {
	for name, busy := range map[string]bool{"beside a quiet one": false, "beside a busy one": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store, signer := newMemory(), newSigner(t)
				var lost atomic.Int64
				all := instances(t, store, signer, &lost, 0, 0)
				var wg sync.WaitGroup
				if busy {
					wg.Go(func() { load(t, all[1:], 3, 15*time.Second) })
				}
				for n := range 20 {
					for i, l := range all {
						time.Sleep(211 * time.Millisecond)
						began := time.Now()
						if _, err := l.Append(t.Context(), fmt.Sprint("quiet ", i, n), []byte("x")); err != nil {
							t.Error(err)
						}
						// The first time, the other may not know yet that it is not alone.
						if took := time.Since(began); n > 0 && took > 250*time.Millisecond || took > 1200*time.Millisecond {
							t.Errorf("append %d to %d took %s", n, i, took)
						}
					}
				}
				wg.Wait()
				closeAll(t, all)
				store.check(t, signer.Verifier())
			})
		})
	}
}

// An instance that dies with the lease keeps the others out for one lease at most, whatever its clock says.
func TestDeadHolder(t *testing.T) {
	for name, ahead := range map[string]time.Duration{"same clock": 0, "clock ahead": time.Hour, "clock behind": -time.Hour} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store, signer := newMemory(), newSigner(t)
				var lost atomic.Int64
				all := instances(t, store, signer, &lost, ahead, 0, 0)
				acknowledged := []transparency.Entry{mustAppend(t, all[0].Log, "first", "x")}
				all[0].store.cut.Store(true)
				began := time.Now()
				for i, l := range all[1:] {
					acknowledged = append(acknowledged, mustAppend(t, l.Log, fmt.Sprint("after ", i), "x"))
				}
				if took := time.Since(began); took > transparency.DefaultLease+500*time.Millisecond {
					t.Errorf("the others waited %s", took)
				}
				// It comes to life again, and has missed everything.
				all[0].store.cut.Store(false)
				acknowledged = append(acknowledged, mustAppend(t, all[0].Log, "back", "x"))
				closeAll(t, all)
				store.check(t, signer.Verifier(), acknowledged...)
				if store.state.Size != 4 {
					t.Errorf("the log has %d entries", store.state.Size)
				}
			})
		})
	}
}

// Clocks that differ cost speed, and nothing else.
func TestClocksApart(t *testing.T) {
	for _, apart := range []time.Duration{300 * time.Millisecond, 3 * time.Second, time.Hour} {
		t.Run(apart.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store, signer := newMemory(), newSigner(t)
				var lost atomic.Int64
				all := instances(t, store, signer, &lost, 0, apart, -apart)
				each, slowest := load(t, all, 3, 20*time.Second)
				t.Logf("%v got in, the slowest took %s, %d writes were in vain", each, slowest, lost.Load())
				var sum int64
				for i, got := range each {
					sum += got
					if got < 50 {
						t.Errorf("instance %d got %d in", i, got)
					}
				}
				closeAll(t, all)
				store.check(t, signer.Verifier())
				if store.state.Size != sum {
					t.Errorf("the log has %d entries of %d", store.state.Size, sum)
				}
			})
		})
	}
}
