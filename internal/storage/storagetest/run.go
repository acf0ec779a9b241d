package storagetest

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"felleskrav/internal/organisation"
	"felleskrav/internal/problem"
	"felleskrav/internal/storage"
)

// Open makes a new, empty store that is closed when the test ends.
type Open func(t *testing.T) storage.Store

// Run runs the whole suite.
func Run(t *testing.T, open Open) {
	t.Run("tokens", func(t *testing.T) { RunTokens(t, open) })
	t.Run("register entries", func(t *testing.T) { RunRegisterEntries(t, open) })
	t.Run("suppliers", func(t *testing.T) { RunSuppliers(t, open) })
	t.Run("searches", func(t *testing.T) { RunSearches(t, open) })
	t.Run("offerings", func(t *testing.T) { RunOfferings(t, open) })
	t.Run("challenges", func(t *testing.T) { RunChallenges(t, open) })
	t.Run("evidence", func(t *testing.T) { RunEvidence(t, open) })
	t.Run("blobs", func(t *testing.T) { RunBlobs(t, open) })
	t.Run("erasure", func(t *testing.T) { RunErasure(t, open) })
	t.Run("attestations", func(t *testing.T) { RunAttestations(t, open) })
	t.Run("signatures", func(t *testing.T) { RunSignatures(t, open) })
	t.Run("latest", func(t *testing.T) { RunLatest(t, open) })
	t.Run("reviews", func(t *testing.T) { RunReviews(t, open) })
	t.Run("review withdrawals", func(t *testing.T) { RunReviewWithdrawals(t, open) })
	t.Run("procurements", func(t *testing.T) { RunProcurements(t, open) })
	t.Run("members", func(t *testing.T) { RunMembers(t, open) })
	t.Run("watch lists", func(t *testing.T) { RunWatchLists(t, open) })
	t.Run("own workbooks", func(t *testing.T) { RunOwnWorkbooks(t, open) })
	t.Run("answer drafts", func(t *testing.T) { RunAnswerDrafts(t, open) })
	t.Run("declaration uses", func(t *testing.T) { RunDeclarationUses(t, open) })
	t.Run("check jobs", func(t *testing.T) { RunCheckJobs(t, open) })
	t.Run("check files", func(t *testing.T) { RunKeptFiles(t, open) })
	t.Run("drafts", func(t *testing.T) { RunDrafts(t, open) })
	t.Run("published content", func(t *testing.T) { RunPublished(t, open) })
	t.Run("set releases", func(t *testing.T) { RunSetReleases(t, open) })
	t.Run("reports", func(t *testing.T) { RunReports(t, open) })
	t.Run("trail", func(t *testing.T) { RunTrail(t, open) })
	t.Run("log", func(t *testing.T) { RunLog(t, open) })
	t.Run("append", func(t *testing.T) { RunAppend(t, open) })
	t.Run("instances", func(t *testing.T) { RunInstances(t, open) })
	t.Run("sequencer", func(t *testing.T) { RunSequencer(t, open) })
	t.Run("sessions", func(t *testing.T) { RunSessions(t, open) })
	t.Run("secrets", func(t *testing.T) { RunSecrets(t, open) })
	t.Run("odd keys", func(t *testing.T) { RunOddKeys(t, open) })
	t.Run("cancelled", func(t *testing.T) { RunCancelled(t, open) })
	t.Run("faults", func(t *testing.T) { RunFaults(t, open) })
}

// at is a time with a zone and with more digits than a store keeps; utc is
// the same as a store gives it back.
var (
	at  = time.Date(2026, 3, 29, 3, 30, 15, 123456789, time.FixedZone("", 2*60*60))
	utc = time.Date(2026, 3, 29, 1, 30, 15, 123000000, time.UTC)
)

// unicodeText has letters of every kind that has ever been lost on the way.
const unicodeText = "Æøå Ærfuglens blåbærsyltetøy – «sitat» 中文 😀 \u2028 <b>&amp;</b> \\ufffd \ufffd \"x\" a\u030a"

var serial atomic.Int64

// number gives an organisation number nobody else in this test run has.
func number() organisation.Number {
	return organisation.Number(fmt.Sprintf("%09d", 800_000_000+serial.Add(1)))
}

// id gives an id that is greater than those given before it.
func id() string {
	n := serial.Add(1)
	return fmt.Sprintf("019ac000-%04x-7000-8000-%012x", n>>48&0xffff, n)
}

// digest gives a digest nobody else has.
func digest() string { return fmt.Sprintf("%064x", serial.Add(1)) }

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("unexpected error: %v", err)
	}
}

func want(t *testing.T, got, want any) {
	t.Helper()
	if reflect.DeepEqual(got, want) { // much cheaper on large values
		return
	}
	// Equal times in different zones are not the same here.
	if d := cmp.Diff(want, got, cmp.Comparer(func(a, b time.Time) bool { return a == b })); d != "" {
		t.Fatalf("differs (-want +got):\n%s", d)
	}
}

func wantErr(t *testing.T, got, want error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Fatalf("error is %v, want %v", got, want)
	}
}

func wantErrOf(t *testing.T, name, key string, got, want error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Errorf("%s(%.20q) answers %v, want %v", name, key, got, want)
	}
}

// result runs f and hands its value on; it is for reads that must succeed.
func result[T any](t *testing.T) func(v T, err error) T {
	return func(v T, err error) T {
		t.Helper()
		check(t, err)
		return v
	}
}

// updates checks compare-and-swap on one kind of document. insert makes a
// document with count 0; the count can be any field that holds a number.
type updates[T any] struct {
	insert func(t *testing.T) (id string)
	update func(ctx context.Context, id string, change func(T) (T, error)) (T, error)
	read   func(ctx context.Context, id string) (T, error)
	count  func(T) int
	set    func(v T, n int) T
	rev    func(T) int64
	rename func(T) T // changes the key
}

func (u updates[T]) run(t *testing.T) {
	ctx := t.Context()
	t.Run("update", func(t *testing.T) {
		id := u.insert(t)
		for n := 1; n <= 3; n++ {
			v, err := u.update(ctx, id, func(v T) (T, error) {
				if got := u.rev(v); got != int64(n) {
					t.Errorf("updater saw revision %d, want %d", got, n)
				}
				return u.set(v, n), nil
			})
			check(t, err)
			want(t, u.count(v), n)
			want(t, u.rev(v), int64(n+1))
			want(t, result[T](t)(u.read(ctx, id)), v)
		}
	})
	t.Run("update of nothing", func(t *testing.T) {
		called := false
		_, err := u.update(ctx, "nothing", func(v T) (T, error) { called = true; return v, nil })
		wantErr(t, err, problem.ErrNotFound)
		want(t, called, false)
	})
	t.Run("updater error", func(t *testing.T) {
		id := u.insert(t)
		before := result[T](t)(u.read(ctx, id))
		own := errors.New("own")
		_, err := u.update(ctx, id, func(v T) (T, error) { return u.set(v, 7), own })
		if err != own {
			t.Fatalf("error is %v, want the updater's as it is", err)
		}
		want(t, result[T](t)(u.read(ctx, id)), before)
	})
	t.Run("updater changes key", func(t *testing.T) {
		id := u.insert(t)
		before := result[T](t)(u.read(ctx, id))
		_, err := u.update(ctx, id, func(v T) (T, error) { return u.rename(v), nil })
		wantErr(t, err, storage.ErrIdentity)
		want(t, result[T](t)(u.read(ctx, id)), before)
	})
	t.Run("stale", func(t *testing.T) {
		id := u.insert(t)
		tries := 0
		_, err := u.update(ctx, id, func(v T) (T, error) {
			tries++
			// Somebody else is first, each time.
			_, err := u.update(ctx, id, func(v T) (T, error) { return u.set(v, u.count(v)+1), nil })
			return u.set(v, 1000), err
		})
		wantErr(t, err, problem.ErrStale)
		v := result[T](t)(u.read(ctx, id))
		want(t, u.count(v), tries)
		want(t, u.rev(v), int64(tries+1))
		if tries < 3 {
			t.Fatalf("gave up after %d tries", tries)
		}
	})
	t.Run("cancelled while losing", func(t *testing.T) {
		id := u.insert(t)
		ctx, cancel := context.WithCancel(ctx)
		_, err := u.update(ctx, id, func(v T) (T, error) {
			_, err := u.update(context.WithoutCancel(ctx), id, func(v T) (T, error) { return u.set(v, u.count(v)+1), nil })
			cancel()
			return u.set(v, 1000), err
		})
		wantErr(t, err, context.Canceled)
		want(t, u.count(result[T](t)(u.read(t.Context(), id))), 1)
	})
	t.Run("no lost update", func(t *testing.T) {
		id := u.insert(t)
		const writers, each = 16, 4
		errs := make(chan error, writers)
		for range writers {
			go func() {
				for range each {
					// One that lost every try is not lost: the caller is told.
					for {
						_, err := u.update(ctx, id, func(v T) (T, error) { return u.set(v, u.count(v)+1), nil })
						if errors.Is(err, problem.ErrStale) {
							continue
						}
						if err != nil {
							errs <- err
							return
						}
						break
					}
				}
				errs <- nil
			}()
		}
		for range writers {
			check(t, <-errs)
		}
		v := result[T](t)(u.read(ctx, id))
		want(t, u.count(v), writers*each)
		want(t, u.rev(v), int64(writers*each+1))
	})
}
