package review_test

import (
	"bytes"
	"context"
	"testing"
	"time"

	"felleskrav/internal/access"
	"felleskrav/internal/problem"
	"felleskrav/internal/review"
	"felleskrav/internal/signing"
	"felleskrav/internal/status"
	"felleskrav/internal/storage"
	"felleskrav/internal/storage/storagetest"
	"felleskrav/internal/supplier"
)

// faultyHouse has a store some of whose writes can be made to fail.
func faultyHouse(t *testing.T) (*house, *storagetest.Faulty) {
	t.Helper()
	var f *storagetest.Faulty
	h := newHouse(t, func(s storage.Store) storage.Store {
		f = storagetest.NewFaulty(s)
		return f
	})
	return h, f
}

// cut runs something with a log that cannot be written to.
func cut(t *testing.T, f *storagetest.Faulty, run func(ctx context.Context) error) {
	t.Helper()
	for n := 1; n <= 200; n++ { // the log tries again and again
		f.Fail(storagetest.InsertLogEntries, n, storagetest.Before)
	}
	defer f.Heal()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := run(ctx); err == nil {
		t.Fatal("what was not logged was acknowledged")
	}
}

func (h *house) logged(key string, bundle []byte) int64 {
	h.t.Helper()
	places, err := h.log.Places(h.t.Context(), []string{key})
	if err != nil || len(places) != 1 {
		h.t.Fatalf("%s is logged at %v (%v), want one place", key, places, err)
	}
	in, err := h.log.Inclusion(h.t.Context(), places[key].Index)
	h.must(err)
	b, err := signing.ParseBundle(bundle)
	h.must(err)
	pub, err := signing.PublicOf(h.bodyKey)
	h.must(err)
	if leaf, err := signing.LeafBody(b, pub); err != nil || !bytes.Equal(leaf, in.Body) {
		h.t.Errorf("the log holds %s, want that of the stored bundle %s (%v)", in.Body, leaf, err)
	}
	return places[key].Index
}

func TestStoredButNotLoggedIsMadeGood(t *testing.T) {
	h, f := faultyHouse(t)
	st := h.prepare(h.draft())
	bundle, digest := h.sign(h.bodyKey, st), signing.Digest(st)
	cut(t, f, func(ctx context.Context) error { _, _, err := h.reviews.Submit(ctx, reviewer(), bundle); return err })
	if _, err := h.reviews.Get(t.Context(), reviewer(), digest); problem.KindOf(err) != problem.NotFound {
		t.Errorf("an unlogged review: %v, want not found", err)
	}
	if all, _, err := h.reviews.List(t.Context(), reviewer(), review.Query{Limit: 10}); err != nil || len(all) != 0 {
		t.Errorf("%d unlogged reviews are listed (%v)", len(all), err)
	}
	now := h.status(access.Anyone(), time.Time{})
	if h.requirement(now, h.first).Assurance == status.Reviewed || !now.Unsettled {
		t.Errorf("before it is logged: %s, unsettled %v", h.requirement(now, h.first).Assurance, now.Unsettled)
	}
	// The key is revoked before the service is up again.
	_, err := h.suppliers.RevokeKey(t.Context(), reviewer(), body, h.bodyKeyID, supplier.Retired, "")
	h.must(err)
	if n, err := h.reviews.CompleteLog(t.Context(), 24*time.Hour); err != nil || n != 1 {
		t.Fatalf("completed %d (%v), want 1", n, err)
	}
	at := h.logged(review.LogKey(digest), bundle)
	if n, err := h.reviews.CompleteLog(t.Context(), 24*time.Hour); err != nil || n != 0 {
		t.Errorf("completing again logged %d (%v), want none", n, err)
	}
	if again := h.logged(review.LogKey(digest), bundle); again != at {
		t.Errorf("logged again at %d, want %d", again, at)
	}
	// It got its place after the revocation: it does not count.
	h.clock.add(time.Minute)
	if got := h.requirement(h.status(access.Anyone(), time.Time{}), h.first).Assurance; got != status.Documented {
		t.Errorf("logged after the key was revoked it gives %s", got)
	}
	if e, err := h.reviews.Get(t.Context(), reviewer(), digest); err != nil || e.Standing.State != review.Revoked {
		t.Errorf("it stands as %s (%v)", e.Standing.State, err)
	}
}

func TestOlderThanAskedForIsLeft(t *testing.T) {
	h, f := faultyHouse(t)
	bundle := h.sign(h.bodyKey, h.prepare(h.draft()))
	cut(t, f, func(ctx context.Context) error { _, _, err := h.reviews.Submit(ctx, reviewer(), bundle); return err })
	h.clock.add(2 * time.Hour)
	if n, err := h.reviews.CompleteLog(t.Context(), time.Hour); err != nil || n != 0 {
		t.Errorf("completed %d (%v), want none", n, err)
	}
	// Handed in again it is logged all the same, once.
	if _, created, err := h.reviews.Submit(t.Context(), reviewer(), bundle); err != nil || created {
		t.Errorf("handed in again: created %v, %v", created, err)
	}
}

func TestWithdrawalStoredButNotLoggedIsMadeGood(t *testing.T) {
	h, f := faultyHouse(t)
	r := h.record(h.draft())
	st, err := h.reviews.PrepareWithdrawal(t.Context(), reviewer(), r.Review, "Vi tok feil.")
	h.must(err)
	bundle := h.sign(h.bodyKey, st)
	cut(t, f, func(ctx context.Context) error {
		_, _, err := h.reviews.Withdraw(ctx, reviewer(), r.Review, bundle)
		return err
	})
	if n, err := h.reviews.CompleteLog(t.Context(), 24*time.Hour); err != nil || n != 1 {
		t.Fatalf("completed %d (%v), want 1", n, err)
	}
	h.logged(review.WithdrawalLogKey(r.Review), bundle)
	if n, err := h.reviews.CompleteLog(t.Context(), 24*time.Hour); err != nil || n != 0 {
		t.Errorf("completing again logged %d (%v), want none", n, err)
	}
}

// TestLostAnswers: each write of a submission fails once, before and after it
// is done. Whoever hands the review in again ends up with one review in one
// place.
func TestLostAnswers(t *testing.T) {
	for _, w := range []storagetest.Write{storagetest.InsertReview, storagetest.InsertLogEntries, storagetest.SwapLogState} {
		for _, when := range storagetest.Moments() {
			h, f := faultyHouse(t)
			bundle := h.sign(h.bodyKey, h.prepare(h.draft()))
			f.Fail(w, 1, when)
			_, _, _ = h.reviews.Submit(t.Context(), reviewer(), bundle)
			if f.Pending() != 0 {
				t.Fatalf("%s %d did not come about", w, when)
			}
			r, _, err := h.reviews.Submit(t.Context(), reviewer(), bundle)
			if err != nil {
				t.Fatalf("%s %d: handed in again: %v", w, when, err)
			}
			if at := h.logged(review.LogKey(r.Review), bundle); at != r.Log.Index {
				t.Errorf("%s %d: the receipt is for %d, the review is at %d", w, when, r.Log.Index, at)
			}
			all, _, err := h.reviews.List(t.Context(), reviewer(), review.Query{Limit: 10})
			if err != nil || len(all) != 1 {
				t.Errorf("%s %d: %d reviews (%v)", w, when, len(all), err)
			}
		}
	}
}
