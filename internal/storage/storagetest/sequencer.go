package storagetest

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"felleskrav/internal/storage"
	"felleskrav/internal/transparency"
)

// shortLease is how long a dead sequencer keeps the others waiting in these tests.
const shortLease = 400 * time.Millisecond

// newLogSigner makes a key for a log nobody else has.
func newLogSigner(t *testing.T) *transparency.Signer {
	t.Helper()
	key, err := transparency.GenerateSignerKey(id() + ".example")
	check(t, err)
	return result[*transparency.Signer](t)(transparency.ParseSigner(key))
}

// RunInstances checks that two and three instances of a log that are under load at the same time all get
// on with it, and make one log.
func RunInstances(t *testing.T, open Open) {
	ctx, s := t.Context(), open(t)
	for n := 2; n <= 3; n++ {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			signer := newLogSigner(t)
			got := make([]atomic.Int64, n)
			var logs []*transparency.Log
			var wg sync.WaitGroup
			for range n {
				l := result[*transparency.Log](t)(transparency.Open(ctx, s, transparency.Config{Signer: signer, Lease: shortLease}))
				logs = append(logs, l)
			}
			end := time.Now().Add(2 * time.Second)
			for i, l := range logs {
				for worker := range 3 {
					wg.Go(func() {
						for j := 0; time.Now().Before(end); j++ {
							if _, err := l.Append(ctx, fmt.Sprintf("%d/%d/%d", i, worker, j), []byte("x")); err != nil {
								t.Errorf("append to %d: %v", i, err)
								return
							}
							got[i].Add(1)
						}
					})
				}
			}
			wg.Wait()
			var sum int64
			for i := range got {
				sum += got[i].Load()
			}
			for i := range got {
				if got[i].Load()*int64(6*n) < sum {
					t.Errorf("instance %d got %d of %d in", i, got[i].Load(), sum)
				}
			}
			c := result[transparency.Checkpoint](t)(transparency.VerifyLog(ctx, logs[n-1], signer.Verifier()))
			want(t, c.Size, sum)
			for _, l := range logs {
				check(t, l.Close())
			}
			lease := result[transparency.Lease](t)(s.LogLease(ctx, signer.Name()))
			want(t, lease.Holder, "")
		})
	}
}

// RunSequencer breaks a sequencer at each write it makes, so that it is not done, half done, or done and
// not heard of, and lets the process live on or die there. Nothing that was acknowledged is lost, no
// index is given twice, the log opens again and goes on, and it begins with everything in a checkpoint
// that was kept from before.
func RunSequencer(t *testing.T, open Open) {
	s := open(t)
	t.Run("table", func(t *testing.T) { // ends when all of its parallel parts have
		for _, step := range []struct {
			write Write
			nth   int // of these writes from the fault on: a lease is given back by the second
			name  string
		}{
			{SwapLogLease, 1, "take the lease"}, {InsertLogEntries, 1, "insert"}, {PutLogHashes, 1, "put hashes"},
			{SwapLogState, 1, "swap"}, {InsertLogEntries, 2, "insert the next"}, {SwapLogLease, 2, "give the lease back"},
		} {
			for _, when := range Moments() {
				for _, kill := range []bool{false, true} {
					t.Run(fmt.Sprintf("%s %d killed=%t", step.name, when, kill), func(t *testing.T) {
						t.Parallel()
						breakSequencer(t, s, func(f *Faulty) {
							if kill {
								f.Kill(step.write, step.nth, when)
							} else {
								f.Fail(step.write, step.nth, when)
							}
						}, kill)
					})
				}
			}
		}
	})
	t.Run("cosignatures", func(t *testing.T) {
		for _, when := range Moments() {
			for _, kill := range []bool{false, true} {
				t.Run(fmt.Sprintf("%d killed=%t", when, kill), func(t *testing.T) { breakCosigning(t, s, when, kill) })
			}
		}
	})
}

// acknowledged are the entries that appenders were told of.
type acknowledged struct {
	mu  sync.Mutex
	all []transparency.Entry
}

// appendAll appends entries at the same time, and wants all of them in unless some may fail.
func (a *acknowledged) appendAll(t *testing.T, l *transparency.Log, mayFail bool, keys ...string) {
	t.Helper()
	var wg sync.WaitGroup
	for _, key := range keys {
		wg.Go(func() {
			e, err := l.Append(t.Context(), key, []byte("body of "+key))
			if err != nil {
				if !mayFail {
					t.Errorf("append %s: %v", key, err)
				}
				return
			}
			a.mu.Lock()
			defer a.mu.Unlock()
			a.all = append(a.all, e)
		})
	}
	wg.Wait()
}

func breakSequencer(t *testing.T, s storage.Store, arm func(*Faulty), kill bool) {
	ctx, signer, f := t.Context(), newLogSigner(t), NewFaulty(s)
	var ahead atomic.Int64
	l := result[*transparency.Log](t)(transparency.Open(ctx, f, transparency.Config{
		Signer: signer, Lease: shortLease, Now: func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) },
	}))
	var acked acknowledged
	acked.appendAll(t, l, false, "a", "b", "c")
	early := result[transparency.Checkpoint](t)(transparency.ParseCheckpoint(signer.Verifier(), result[[]byte](t)(l.Checkpoint(ctx))))
	arm(f)
	ahead.Store(int64(shortLease)) // the lease has to be had anew
	acked.appendAll(t, l, kill, "d", "e", "f", "g")
	acked.appendAll(t, l, kill, "h")
	check(t, l.Close()) // gives the lease back, if it can
	want(t, f.Pending(), 0)

	// Another instance finds the log as it is, and takes everything that its clients bring again.
	began := time.Now()
	next := result[*transparency.Log](t)(transparency.Open(ctx, s, transparency.Config{Signer: signer, Lease: shortLease}))
	acked.appendAll(t, next, false, "a", "b", "c", "d", "e", "f", "g", "h", "i")
	// A dead holder's lease, and what the machine needs besides.
	if took := time.Since(began); took > shortLease+5*time.Second {
		t.Errorf("the next instance waited %s", took)
	}
	places := map[string]int64{}
	for _, e := range acked.all {
		if at, known := places[e.Key]; known && at != e.Index {
			t.Errorf("%s was acknowledged at %d and at %d", e.Key, at, e.Index)
		}
		places[e.Key] = e.Index
	}
	want(t, len(places), 9)
	var indexes []int64
	for key, index := range places {
		indexes = append(indexes, index)
		p := result[transparency.Proof](t)(next.Proof(ctx, index))
		check(t, transparency.VerifyProof(signer.Verifier(), p))
		want(t, string(p.Body), "body of "+key)
	}
	slices.Sort(indexes)
	want(t, indexes, []int64{0, 1, 2, 3, 4, 5, 6, 7, 8})
	c, compared, err := transparency.VerifyHistory(ctx, next, signer.Verifier(), []transparency.Checkpoint{early})
	check(t, err)
	want(t, c.Size, int64(9))
	check(t, compared[0])
	check(t, next.Close())
}

// breakCosigning fails the keeping of a cosignature; who tries again comes to have it once.
func breakCosigning(t *testing.T, s storage.Store, when When, kill bool) {
	ctx, signer, f := t.Context(), newLogSigner(t), NewFaulty(s)
	l := result[*transparency.Log](t)(transparency.Open(ctx, f, transparency.Config{Signer: signer}))
	var acked acknowledged
	acked.appendAll(t, l, false, "a")
	checkpoint := result[[]byte](t)(l.Checkpoint(ctx))
	first, second := "— w1 AAAAAAAAAAAA\n", "— w2 AAAAAAAAAAAA\n"
	check(t, l.AddCosignatures(ctx, checkpoint, []string{first}))
	if kill {
		f.Kill(SwapLogCosigned, 1, when)
	} else {
		f.Fail(SwapLogCosigned, 1, when)
	}
	if err := l.AddCosignatures(ctx, checkpoint, []string{second}); !errors.Is(err, storage.ErrInjected) {
		t.Fatalf("a write that failed was answered with %v", err)
	}
	_ = l.Close() // it may be dead
	next := result[*transparency.Log](t)(transparency.Open(ctx, s, transparency.Config{Signer: signer}))
	for range 2 {
		check(t, next.AddCosignatures(ctx, checkpoint, []string{first, second}))
		want(t, string(result[[]byte](t)(next.WitnessedCheckpoint(ctx))), string(checkpoint)+first+second)
	}
	check(t, next.Close())
}
