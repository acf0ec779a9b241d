package review_test

import (
	"slices"
	"testing"
	"time"

	"felleskrav/internal/access"
	"felleskrav/internal/organisation"
	"felleskrav/internal/problem"
	"felleskrav/internal/review"
	"felleskrav/internal/status"
)

// TestWhoSeesWhat walks every role, for every organisation that is concerned,
// over a shared and a private review.
func TestWhoSeesWhat(t *testing.T) {
	h := newHouse(t, nil)
	ctx := t.Context()
	shared := h.record(h.draft()).Review
	d := h.draft()
	d.Requirement, d.Shared = h.two, review.SharedBody
	private := h.record(d).Review
	const nothing, public, both = 0, 1, 2
	for _, c := range []struct {
		actor access.Actor
		sees  int
	}{
		{access.Anyone(), nothing},
		{as(access.Supplier, vendor), public}, {as(access.Supplier, other), nothing}, {as(access.Supplier, body), nothing},
		{as(access.Adviser, body), both}, {as(access.Adviser, rival), public}, {as(access.Adviser, vendor), public},
		{as(access.Procurement, body), both}, {as(access.Procurement, rival), public},
		{as(access.Editor, body), both}, {as(access.Editor, rival), public},
		{access.Actor{ID: "x", Roles: []access.Role{access.Adviser}}, public},
		{access.Actor{ID: "x", Roles: []access.Role{access.Supplier}}, nothing},
		{access.Actor{ID: "x", Org: string(body), Roles: []access.Role{access.Supplier, access.Adviser}}, both},
	} {
		name := string(append(c.actor.Roles, access.Public)[0]) + " of " + c.actor.Org
		for digest, need := range map[string]int{shared: public, private: both} {
			want := c.sees >= need
			_, err := h.reviews.Get(ctx, c.actor, digest)
			_, bundle := h.reviews.Bundle(ctx, c.actor, digest, false)
			_, receipt := h.reviews.Receipt(ctx, c.actor, digest)
			for what, err := range map[string]error{"review": err, "bundle": bundle, "receipt": receipt} {
				denied := problem.KindOf(err) == problem.NotFound || c.sees == nothing && (problem.KindOf(err) == problem.Unauthenticated || problem.KindOf(err) == problem.Forbidden)
				if (err == nil) != want || err != nil && !denied {
					t.Errorf("%s reads the %s of a review seen by %d: %v", name, what, need, err)
				}
			}
		}
		all, _, err := h.reviews.List(ctx, c.actor, review.Query{Supplier: vendor, Viewer: body, Limit: 10}) // asking to be another viewer does not help
		if c.sees == nothing && err == nil && len(all) == 0 || c.sees == nothing && err != nil {
			continue
		}
		if err != nil || len(all) != c.sees {
			t.Errorf("%s lists %d (%v), want %d", name, len(all), err, c.sees)
		}
	}
}

// TestStatusByView: the public and other suppliers see the step alone, others
// see the shared reviews, and only the body itself its own.
func TestStatusByView(t *testing.T) {
	h := newHouse(t, nil)
	d := h.draft()
	d.ValidUntil = h.clock.now().Add(90 * 24 * time.Hour)
	h.record(d)
	d.Requirement, d.Shared, d.ValidUntil = h.two, review.SharedBody, h.clock.now().Add(30*24*time.Hour)
	h.record(d)
	d.Requirement, d.Evidence, d.Outcome, d.Shared, d.ValidUntil = h.bare, nil, review.NotAccepted, review.SharedAgencies, h.clock.now().Add(60*24*time.Hour)
	h.record(d)
	day := 24 * time.Hour
	for _, c := range []struct {
		actor             access.Actor
		first, two        status.Assurance
		shown, reviewed   int
		changes           time.Duration // at most this long until something changes
		changesNotEarlier time.Duration
	}{
		{access.Anyone(), status.Reviewed, status.Documented, 0, 1, 91 * day, 89 * day},
		{as(access.Supplier, other), status.Reviewed, status.Documented, 0, 1, 91 * day, 89 * day},
		{as(access.Supplier, vendor), status.Reviewed, status.Documented, 2, 1, 61 * day, 59 * day},
		{as(access.Adviser, rival), status.Reviewed, status.Documented, 2, 1, 61 * day, 59 * day},
		{as(access.Procurement, body), status.Reviewed, status.Reviewed, 3, 2, 31 * day, 29 * day},
	} {
		st := h.status(c.actor, time.Time{})
		shown := 0
		for _, r := range st.Requirements {
			shown += len(r.Reviews)
		}
		first, two, bare := h.requirement(st, h.first), h.requirement(st, h.two), h.requirement(st, h.bare)
		if first.Assurance != c.first || two.Assurance != c.two || bare.Assurance != status.Declared || shown != c.shown || st.Counts.Reviewed != c.reviewed {
			t.Errorf("%v of %s: %s, %s, %s, %d reviews shown, %d counted", c.actor.Roles, c.actor.Org, first.Assurance, two.Assurance, bare.Assurance, shown, st.Counts.Reviewed)
		}
		if st.ChangesAt == nil {
			t.Fatalf("%v of %s: never changes", c.actor.Roles, c.actor.Org)
		}
		if in := st.ChangesAt.Sub(h.clock.now()); in > c.changes || in < c.changesNotEarlier {
			t.Errorf("%v of %s: changes in %s, want between %s and %s", c.actor.Roles, c.actor.Org, in, c.changesNotEarlier, c.changes)
		}
	}
	// A check of many says the same in numbers.
	for actor, want := range map[access.Role]int{access.Adviser: 2, access.Editor: 1} {
		org := body
		if actor == access.Editor {
			org = rival
		}
		rows, err := h.facts.Check(t.Context(), as(actor, org), []organisation.Number{vendor}, "grunnsett", time.Time{})
		if err != nil || len(rows) != 1 || rows[0].Status == nil || rows[0].Status.Counts.Reviewed != want {
			t.Errorf("a check by %s of %s: %+v (%v), want %d reviewed", actor, org, rows, err, want)
		}
	}
}

// TestPrivateReviewLeavesNoTrace: for everybody else all is as before, also
// the revision by which caches know of changes.
func TestPrivateReviewLeavesNoTrace(t *testing.T) {
	h := newHouse(t, nil)
	ctx := t.Context()
	d := h.draft()
	shared := h.record(d)
	revision := func(a access.Actor) string {
		t.Helper()
		r, err := h.facts.Revision(ctx, h.offering, review.ViewOf(a))
		h.must(err)
		return r
	}
	others := []access.Actor{access.Anyone(), as(access.Supplier, vendor), as(access.Adviser, rival), as(access.Supplier, other), as(access.Supplier, body)}
	before := make([]status.Status, len(others))
	revisions := make([]string, len(others))
	moment := h.clock.now()
	for i, a := range others {
		before[i], revisions[i] = h.status(a, moment), revision(a)
	}
	own := revision(reviewer())
	d.Outcome, d.Evidence, d.Shared = review.NotAccepted, nil, review.SharedBody
	private := h.record(d) // the body has changed its mind, and says so to nobody
	h.withdraw(private.Review)
	h.record(d)
	h.clock.add(time.Hour)
	for i, a := range others {
		if got := revision(a); got != revisions[i] {
			t.Errorf("%v of %s: the revision changed from %s to %s", a.Roles, a.Org, revisions[i], got)
		}
		after := h.status(a, time.Time{})
		for k, r := range after.Requirements {
			if r.Assurance != before[i].Requirements[k].Assurance || len(r.Reviews) != len(before[i].Requirements[k].Reviews) {
				t.Errorf("%v of %s: %s shows another status", a.Roles, a.Org, r.Requirement)
			}
		}
		if !after.ChangesAt.Equal(*before[i].ChangesAt) || after.Counts != before[i].Counts {
			t.Errorf("%v of %s: the status changed", a.Roles, a.Org)
		}
	}
	if revision(reviewer()) == own {
		t.Error("the body's own revision did not change")
	}
	if r := h.requirement(h.status(reviewer(), time.Time{}), h.first); r.Assurance != status.Documented || len(r.Reviews) != 1 || r.Reviews[0].Outcome != review.NotAccepted {
		t.Errorf("to the body itself its newest review counts: %s, %+v", r.Assurance, r.Reviews)
	}
	e, err := h.reviews.Get(ctx, as(access.Adviser, rival), shared.Review)
	if err != nil || e.Standing.State != review.Active {
		t.Errorf("to another body the shared review is %s (%v)", e.Standing.State, err)
	}
	if e, err = h.reviews.Get(ctx, reviewer(), shared.Review); err != nil || e.Standing.State != review.Superseded {
		t.Errorf("to the body itself it is %s (%v)", e.Standing.State, err)
	}
}

func TestListPages(t *testing.T) {
	h := newHouse(t, nil)
	var want []string
	for range 5 {
		want = append([]string{h.record(h.draft()).Review}, want...)
	}
	var got []string
	states := map[review.State]int{}
	q := review.Query{Attestation: h.declaration, Limit: 2}
	for pages := 0; pages < 10; pages++ {
		all, next, err := h.reviews.List(t.Context(), as(access.Adviser, rival), q)
		h.must(err)
		for _, e := range all {
			got = append(got, e.Digest)
			states[e.Standing.State]++
		}
		if q.After = next; next == "" {
			break
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("pages give %v, want %v", got, want)
	}
	if states[review.Active] != 1 || states[review.Superseded] != 4 {
		t.Errorf("states are %v, want one in force", states)
	}
}

func (h *house) status(a access.Actor, at time.Time) status.Status {
	h.t.Helper()
	st, err := h.facts.Status(h.t.Context(), a, h.offering, "grunnsett", at)
	h.must(err)
	return st
}

func (h *house) requirement(st status.Status, id string) status.RequirementStatus {
	h.t.Helper()
	for _, r := range st.Requirements {
		if r.Requirement == id {
			return r
		}
	}
	h.t.Fatalf("no requirement %s", id)
	return status.RequirementStatus{}
}
