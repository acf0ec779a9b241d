package facts_test

import (
	"testing"
	"time"

	"felleskrav/internal/access"
	"felleskrav/internal/organisation"
	"felleskrav/internal/status"
)

// TestFollowedAgreesWithEachByItself holds that what is told of many at once is
// what is told of each: now, and at an earlier moment.
func TestFollowedAgreesWithEachByItself(t *testing.T) {
	h := newHouse(t)
	below := h.offer(theirs, 1)
	top, bare := h.offer(ours, 2, on(below)), h.offer(ours, 3)
	h.declare(top, "good", noon.AddDate(0, -2, 0), 1)
	h.declare(below, "good", noon.AddDate(-1, 0, 1), 2) // ends tomorrow
	h.declare(top, "stolen", noon.Add(-time.Minute), 200)
	for _, at := range []time.Time{noon, noon.AddDate(0, -1, 0), noon.AddDate(0, -6, 0)} {
		got, err := h.Followed(t.Context(), access.Anyone(), []organisation.Number{ours}, []string{below.ID, top.ID, "gone"}, at)
		if err != nil {
			t.Fatal(err)
		}
		if len(got.Statuses) != 3 || got.Suppliers[ours].Number != ours || got.Suppliers[theirs].Number != theirs {
			t.Fatalf("%d statuses of %d suppliers", len(got.Statuses), len(got.Suppliers))
		}
		want := map[string]status.Status{top.ID: h.status(top, at), bare.ID: h.status(bare, at), below.ID: h.status(below, at)}
		for _, st := range got.Statuses {
			w := want[st.Offering]
			delete(want, st.Offering)
			if st.Overall != w.Overall || (st.Declaration == nil) != (w.Declaration == nil) || st.Declaration != nil && st.Declaration.Digest != w.Declaration.Digest {
				t.Errorf("%s at %s: %s, by itself %s", st.OfferingName, at, st.Overall, w.Overall)
			}
			if len(st.Chain) != len(w.Chain) || len(st.Chain) > 0 && st.Chain[0].Overall != w.Chain[0].Overall {
				t.Errorf("%s at %s: the chain is %v, by itself %v", st.OfferingName, at, st.Chain, w.Chain)
			}
		}
		if len(want) > 0 {
			t.Errorf("at %s these are not told of: %v", at, want)
		}
	}
	none, err := h.Followed(t.Context(), access.Anyone(), nil, nil, noon)
	if err != nil || len(none.Statuses) != 0 {
		t.Errorf("nothing followed gives %d, %v", len(none.Statuses), err)
	}
}
