package reuse_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"felleskrav/internal/access"
	"felleskrav/internal/attestation/reuse"
	"felleskrav/internal/organisation"
	"felleskrav/internal/storage/sqlite"
)

const ours organisation.Number = "123456785"

type house struct {
	*reuse.Service
	t   *testing.T
	now time.Time
}

func newHouse(t *testing.T) *house {
	t.Helper()
	h := &house{t: t, now: time.Date(2026, 1, 10, 12, 0, 0, 0, time.UTC)}
	clock := func() time.Time { return h.now }
	store, err := sqlite.Open(t.Context(), t.TempDir(), clock)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	h.Service = &reuse.Service{Store: store, Now: clock}
	return h
}

func (h *house) note(procurement string, deadline *time.Time, declarations ...string) {
	h.t.Helper()
	var used []reuse.Declaration
	for _, d := range declarations {
		used = append(used, reuse.Declaration{Attestation: d, Supplier: ours})
	}
	if err := h.Note(h.t.Context(), procurement, deadline, used); err != nil {
		h.t.Fatal(err)
	}
}

// told gives the counts by month.
func (h *house) told() map[string]int {
	h.t.Helper()
	all, err := h.Months(h.t.Context(), access.Actor{ID: "x", Org: string(ours), Roles: []access.Role{access.Supplier}}, ours, []string{"a", "b"}, time.UTC)
	if err != nil {
		h.t.Fatal(err)
	}
	out := map[string]int{}
	for _, m := range all {
		out[m.First.Format("2006-01")] = m.Count
	}
	return out
}

// A procurement that uses declarations for two sets is one procurement.
func TestAProcurementCountsOnce(t *testing.T) {
	h := newHouse(t)
	deadline := h.now
	h.note("p", &deadline, "a", "b")
	h.note("q", &deadline, "b")
	h.now = h.now.AddDate(1, 0, 0)
	if d := cmp.Diff(map[string]int{"2026-04": 2}, h.told()); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// What has been told stays as it was told, though the answers are fetched again.
func TestFetchedAgainLater(t *testing.T) {
	h := newHouse(t)
	deadline := h.now
	h.note("p", &deadline, "a")
	h.now = h.now.AddDate(0, 6, 0)
	h.note("p", &deadline, "a")
	h.now = h.now.AddDate(0, 6, 0)
	if d := cmp.Diff(map[string]int{"2026-04": 1}, h.told()); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	// But a later deadline is waited for.
	later := h.now.AddDate(0, 1, 0)
	h.note("p", &later, "a")
	if got := h.told(); len(got) > 0 {
		t.Errorf("told of a competition that goes on: %v", got)
	}
}
