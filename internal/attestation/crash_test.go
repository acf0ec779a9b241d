package attestation_test

import (
	"bytes"
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"felleskrav/internal/access"
	"felleskrav/internal/attestation"
	"felleskrav/internal/problem"
	"felleskrav/internal/signing"
	"felleskrav/internal/status"
	"felleskrav/internal/storage"
	"felleskrav/internal/supplier"
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
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
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

// withdrawalOf is a signed withdrawal of a declaration that is there.
func withdrawalOf(t *testing.T, h *house, digest, reason string) []byte {
	t.Helper()
	statement, err := h.service.PrepareWithdrawal(t.Context(), as(ours), digest, reason)
	if err != nil {
		t.Fatal(err)
	}
	return sign(t, h.key, statement)
}

// cutWithdrawal is a declaration whose withdrawal was stored and not logged.
func cutWithdrawal(t *testing.T) (h *house, digest string, bundle []byte) {
	t.Helper()
	h, cut := cutHouse(t)
	digest = h.submit(sign(t, h.key, h.prepare(h.draft("grunnsett")))).Attestation
	h.clock.add(time.Minute)
	bundle = withdrawalOf(t, h, digest, "Tjenesten legges ned.")
	cut.cut.Store(true)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if _, _, err := h.service.Withdraw(ctx, as(ours), digest, bundle); err == nil {
		t.Fatal("a withdrawal that was not logged was acknowledged")
	}
	cut.cut.Store(false)
	places, err := h.log.Places(t.Context(), []string{attestation.WithdrawalLogKey(digest)})
	if err != nil || len(places) != 0 {
		t.Fatalf("the withdrawal is logged at %v (%v), want nowhere", places, err)
	}
	return h, digest, bundle
}

// loggedWithdrawal holds the log's entry for a withdrawal against its bundle.
func loggedWithdrawal(t *testing.T, h *house, digest string, bundle []byte) attestation.Place {
	t.Helper()
	key := attestation.WithdrawalLogKey(digest)
	places, err := h.log.Places(t.Context(), []string{key})
	if err != nil || len(places) != 1 {
		t.Fatalf("the withdrawal is logged at %v (%v), want one place", places, err)
	}
	in, err := h.log.Inclusion(t.Context(), places[key].Index)
	if err != nil {
		t.Fatal(err)
	}
	b, err := signing.ParseBundle(bundle)
	if err != nil {
		t.Fatal(err)
	}
	pub, err := signing.PublicOf(h.key)
	if err != nil {
		t.Fatal(err)
	}
	if leaf, err := signing.LeafBody(b, pub); err != nil || !bytes.Equal(leaf, in.Body) {
		t.Errorf("the log holds %s, want that of the stored withdrawal %s (%v)", in.Body, leaf, err)
	}
	return places[key]
}

func TestWithdrawalStoredButNotLoggedIsMadeGood(t *testing.T) {
	h, digest, bundle := cutWithdrawal(t)
	// The key is revoked before the service is up again: the withdrawal was
	// taken in while it was good.
	if _, err := h.suppliers.RevokeKey(t.Context(), as(ours), ours, h.keyID, supplier.Replaced, "Byttet."); err != nil {
		t.Fatal(err)
	}
	if n, err := h.service.CompleteLog(t.Context(), 24*time.Hour); err != nil || n != 1 {
		t.Fatalf("completed %d (%v), want 1", n, err)
	}
	place := loggedWithdrawal(t, h, digest, bundle)
	if n, err := h.service.CompleteLog(t.Context(), 24*time.Hour); err != nil || n != 0 {
		t.Errorf("completing again logged %d (%v), want none", n, err)
	}
	if again := loggedWithdrawal(t, h, digest, bundle); again != place {
		t.Errorf("completed again at %v, want %v", again, place)
	}
}

func TestWithdrawalOlderThanAskedForIsLeft(t *testing.T) {
	h, _, _ := cutWithdrawal(t)
	h.clock.add(2 * time.Hour)
	if n, err := h.service.CompleteLog(t.Context(), time.Hour); err != nil || n != 0 {
		t.Errorf("completed %d (%v), want none", n, err)
	}
}

// TestWithdrawnAgainAfterCrash: another withdrawal of the same declaration
// gets the place of the first one, and it is the first one that is logged.
func TestWithdrawnAgainAfterCrash(t *testing.T) {
	h, digest, first := cutWithdrawal(t)
	h.clock.add(time.Minute)
	r, created, err := h.service.Withdraw(t.Context(), as(ours), digest, withdrawalOf(t, h, digest, "En annen grunn."))
	if err != nil || created {
		t.Fatalf("withdrawn again: created %v (%v)", created, err)
	}
	verifyReceipt(t, h, r)
	if place := loggedWithdrawal(t, h, digest, first); place.Index != r.Log.Index {
		t.Errorf("the receipt is for entry %d, the withdrawal is entry %d", r.Log.Index, place.Index)
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
