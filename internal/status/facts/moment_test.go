package facts_test

import (
	"encoding/json"
	"testing"
	"time"

	"felleskrav/internal/access"
	"felleskrav/internal/attestation"
	"felleskrav/internal/catalogue"
	"felleskrav/internal/organisation"
	"felleskrav/internal/status"
	"felleskrav/internal/supplier"
)

// publish releases the set anew with one more requirement, and logs it.
func (h *house) publish(at time.Time) {
	h.t.Helper()
	content := *h.Catalogue.Content()
	next := h.set
	next.Version, next.Published = "99.0.0", at.Format(time.DateOnly)
	one := next.Requirements[0]
	one.ID = "K-NY-01"
	next.Requirements = append(append([]catalogue.Requirement(nil), next.Requirements...), one)
	b, err := json.Marshal(next)
	if err == nil {
		next, err = catalogue.ParseVersion(b)
	}
	if err != nil {
		h.t.Fatal(err)
	}
	content.Releases = append(append([]catalogue.Version(nil), content.Releases...), next)
	h.Catalogue = &content
	h.log[catalogue.ReleaseKey(next.Ref())] = attestation.Place{Index: 50, At: at}
}

// TestLaterVersionChangesNoEarlierMoment: what was declared for the newest
// version there was by a deadline was so, whatever is published afterwards, the
// same day too.
func TestLaterVersionChangesNoEarlierMoment(t *testing.T) {
	h := newHouse(t)
	o := h.offer(ours, 1)
	h.declare(o, "good", noon.AddDate(0, -2, 0), 1)
	h.publish(noon.Add(-2 * time.Hour))
	if st := h.status(o, time.Time{}); st.Overall != status.SupersededSet || st.SetVersion != "99.0.0" {
		t.Fatalf("now: %s for %s", st.Overall, st.SetVersion)
	}
	for _, at := range []time.Time{noon.Add(-3 * time.Hour), noon.AddDate(0, -1, 0)} {
		all, err := h.OfSupplier(t.Context(), access.Anyone(), ours, at)
		if err != nil {
			t.Fatal(err)
		}
		followed, err := h.Followed(t.Context(), access.Anyone(), []organisation.Number{ours}, nil, at)
		if err != nil {
			t.Fatal(err)
		}
		got := append([]status.Status{h.status(o, at), h.checked(at)}, append(all, followed.Statuses...)...)
		if len(got) != 4 {
			t.Fatalf("%d answers", len(got))
		}
		for i, st := range got {
			if st.Overall != status.Valid || st.SetVersion != h.set.Version {
				t.Errorf("%d at %s: %s for %s, want valid for %s", i, at, st.Overall, st.SetVersion, h.set.Version)
			}
		}
	}
	st, err := h.Status(t.Context(), access.Anyone(), o.ID, h.set.Set+"@99.0.0", noon.Add(-3*time.Hour))
	if err != nil || st.Overall != status.SupersededSet {
		t.Errorf("asked about the version by name: %s, %v", st.Overall, err)
	}
}

// TestChainAtAnEarlierMoment: the sub-suppliers are those the offering had then.
func TestChainAtAnEarlierMoment(t *testing.T) {
	h := newHouse(t)
	weak, good := h.offer(theirs, 1), h.offer(theirs, 2)
	h.declare(good, "good", noon.AddDate(0, -6, 0), 1)
	o := supplier.Offering{ID: "01900000-0000-7000-8000-000000000003", Supplier: ours, Name: "Før", SubSuppliers: []supplier.SubSupplier{on(weak)}}
	describe := func(at time.Time) {
		t.Helper()
		d, err := o.Describe("Firma", at)
		if err != nil {
			t.Fatal(err)
		}
		o.Descriptors = append(o.Descriptors, d)
	}
	created, changed := noon.AddDate(0, -5, 0), noon.AddDate(0, -1, 0)
	describe(created)
	o.Name, o.SubSuppliers = "Etter", []supplier.SubSupplier{on(good)}
	describe(changed)
	if err := h.store.InsertOffering(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		at   time.Time
		name string
		sub  string
	}{{time.Time{}, "Etter", good.Name}, {changed, "Etter", good.Name}, {changed.Add(-time.Millisecond), "Før", weak.Name}, {created.Add(-time.Second), "Etter", ""}} {
		for i, st := range []status.Status{h.status(o, c.at), h.checked(c.at)} {
			sub := ""
			if len(st.Chain) > 0 {
				sub = st.Chain[0].Name
			}
			if st.OfferingName != c.name || sub != c.sub {
				t.Errorf("%d at %s: %s with %q below, want %s with %q", i, c.at, st.OfferingName, sub, c.name, c.sub)
			}
			if weakest := c.sub == good.Name && st.Chain[0].Overall != status.Valid; weakest {
				t.Errorf("%d at %s: below it is %s", i, c.at, st.Chain[0].Overall)
			}
		}
	}
}

// TestSetAtAnEarlierMoment: asked without a set, a status is for the one that
// the offering had declared for by then.
func TestSetAtAnEarlierMoment(t *testing.T) {
	h := newHouse(t)
	o := h.offer(ours, 1)
	h.declare(o, "good", noon.AddDate(0, -2, 0), 1)
	set := h.set
	h.set, _ = h.Catalogue.Content().Version("skytjenester", "")
	h.declare(o, "good", noon.AddDate(0, 0, -1), 2)
	for at, want := range map[time.Time]string{{}: h.set.Set, noon.AddDate(0, -1, 0): set.Set, noon.AddDate(0, -3, 0): set.Set} {
		st, err := h.Status(t.Context(), access.Anyone(), o.ID, "", at)
		if err != nil || st.Set != want {
			t.Errorf("at %s: %s, %v; want %s", at, st.Set, err, want)
		}
	}
}
