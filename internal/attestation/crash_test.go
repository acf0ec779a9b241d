package attestation_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"felleskrav/internal/access"
	"felleskrav/internal/problem"
	"felleskrav/internal/signing"
	"felleskrav/internal/status"
	"felleskrav/internal/storage"
	"felleskrav/internal/transparency"
)

// cutStore fails writes to the log while cut is set, before or after they are
// persisted: what a crash between two writes looks like.
type cutStore struct {
	storage.Store
	cut          atomic.Bool
	afterPersist atomic.Bool
}

func (c *cutStore) InsertLogEntries(ctx context.Context, origin string, entries []transparency.Entry) error {
	if !c.cut.Load() {
		return c.Store.InsertLogEntries(ctx, origin, entries)
	}
	if c.afterPersist.Load() {
		if err := c.Store.InsertLogEntries(ctx, origin, entries); err != nil {
			return err
		}
	}
	return errors.Join(storage.ErrInjected, context.DeadlineExceeded)
}

func cutHouse(t *testing.T) (*house, *cutStore) {
	t.Helper()
	var cut *cutStore
	h := newHouse(t, func(s storage.Store) storage.Store {
		cut = &cutStore{Store: s}
		return cut
	})
	return h, cut
}

func TestStoredButNotLoggedIsMadeGood(t *testing.T) {
	h, cut := cutHouse(t)
	statement := h.prepare(h.draft("grunnsett"))
	bundle := sign(t, h.key, statement)
	digest := signing.Digest(statement)

	cut.cut.Store(true)
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if _, _, err := h.service.Submit(ctx, as(ours), bundle); err == nil {
		t.Fatal("a submission that was not logged was acknowledged")
	}
	if _, err := h.service.Receipt(t.Context(), access.Anyone(), digest); problem.KindOf(err) != problem.NotFound {
		t.Errorf("receipt of an unlogged declaration: %v, want not found", err)
	}
	st, err := h.facts.Status(t.Context(), access.Anyone(), h.offering.ID, "grunnsett", time.Time{})
	if err != nil || st.Overall != status.Missing {
		t.Errorf("status of an unlogged declaration is %s (%v), want missing", st.Overall, err)
	}
	if !st.Unsettled {
		t.Error("a status that may change the next moment does not say so")
	}
	cut.cut.Store(false)

	if n, err := h.service.CompleteLog(t.Context(), 24*time.Hour); err != nil || n != 1 {
		t.Fatalf("completed %d (%v), want 1", n, err)
	}
	receipt, err := h.service.Receipt(t.Context(), access.Anyone(), digest)
	if err != nil {
		t.Fatal(err)
	}
	verifyReceipt(t, h, receipt)
	if n, err := h.service.CompleteLog(t.Context(), 24*time.Hour); err != nil || n != 0 {
		t.Errorf("completing again logged %d (%v), want none", n, err)
	}
	again, created, err := h.service.Submit(t.Context(), as(ours), bundle)
	if err != nil || created || again.Log.Index != receipt.Log.Index {
		t.Errorf("sent again: created %v at %d (%v), want the one at %d", created, again.Log.Index, err, receipt.Log.Index)
	}
}

// TestAnswerLostAfterPersisting: the store took the log entry and only its
// answer was lost. The declaration gets one place and not two.
func TestAnswerLostAfterPersisting(t *testing.T) {
	h, cut := cutHouse(t)
	cut.afterPersist.Store(true)
	cut.cut.Store(true)
	before := logSize(t, h)
	r := h.submit(sign(t, h.key, h.prepare(h.draft("grunnsett"))))
	cut.cut.Store(false)
	verifyReceipt(t, h, r)
	if got := logSize(t, h); got != before+1 {
		t.Errorf("the log grew by %d, want 1", got-before)
	}
}
