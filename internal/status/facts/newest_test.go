package facts_test

import (
	"testing"

	"felleskrav/internal/access"
	"felleskrav/internal/attestation"
	"felleskrav/internal/status"
	"felleskrav/internal/status/facts"
)

// TestNewestTellsWhatBecameOfThem: each declaration in the list has the state
// that the status of its offering gives it.
func TestNewestTellsWhatBecameOfThem(t *testing.T) {
	h := newHouse(t)
	a, b, c := h.offer(ours, 1), h.offer(theirs, 2), h.offer(ours, 3)
	want := map[string]status.Lifecycle{}
	want[h.declare(a, "good", noon.AddDate(-2, 0, 0), 1)] = status.LifeSuperseded
	want[h.declare(a, "good", noon.AddDate(0, 0, -2), 2)] = status.LifeActive
	// One that was never the supplier's word takes nobody's place.
	want[h.declare(a, "stolen", noon.AddDate(0, 0, -1), 900)] = status.LifeRevoked
	want[h.declare(b, "good", noon.AddDate(-1, 0, -1), 3)] = status.LifeExpired
	taken := h.declare(c, "good", noon.AddDate(0, 0, -3), 4)
	want[taken] = status.LifeWithdrawn
	if err := h.store.InsertWithdrawal(t.Context(), attestation.Withdrawal{Attestation: taken, Supplier: ours, Offering: c.ID, Set: h.set.Set, Reason: "feil", At: noon.AddDate(0, 0, -2)}); err != nil {
		t.Fatal(err)
	}
	unlogged := h.declare(b, "good", noon.AddDate(0, 0, -1), 5)
	delete(h.log, attestation.LogKey(unlogged))
	want[unlogged] = ""

	got := newest(t, h, attestation.Position{}, 10)
	if len(got) != len(want) {
		t.Fatalf("%d declarations, want %d", len(got), len(want))
	}
	for _, d := range got {
		if state, ok := want[d.Record.Digest]; !ok || d.State.Lifecycle != state || d.Logged != (state != "") {
			t.Errorf("%s by %s: %q, want %q", d.Record.Offering, d.Record.KeyID, d.State.Lifecycle, state)
		}
	}
	if got := newest(t, h, attestation.Position{ReceivedAt: noon.AddDate(-9, 0, 0)}, 10); len(got) != 0 {
		t.Errorf("%d before the first", len(got))
	}
}

// TestNewestFarBack: a declaration with very many newer ones for its offering
// is still known to be replaced, also on a page of its own.
func TestNewestFarBack(t *testing.T) {
	h := newHouse(t)
	o := h.offer(ours, 1)
	first := h.declare(o, "good", noon.AddDate(0, 0, -100), 1)
	for i := range 40 {
		h.declare(o, "good", noon.AddDate(0, 0, i-99), int64(i+2))
	}
	all := newest(t, h, attestation.Position{}, 100)
	last := all[len(all)-1]
	if len(all) != 41 || last.Record.Digest != first || last.State.Lifecycle != status.LifeSuperseded {
		t.Errorf("%d declarations, the last %q", len(all), last.State.Lifecycle)
	}
	before := all[len(all)-2].Record
	got := newest(t, h, attestation.Position{ReceivedAt: before.ReceivedAt, Digest: before.Digest}, 5)
	if len(got) != 1 || got[0].Record.Digest != first || got[0].State.Lifecycle != status.LifeSuperseded {
		t.Errorf("alone: %+v", got)
	}
}

func newest(t *testing.T, h *house, after attestation.Position, limit int) []facts.Declared {
	t.Helper()
	got, err := h.Newest(t.Context(), access.Anyone(), after, limit)
	if err != nil {
		t.Fatal(err)
	}
	return got
}
