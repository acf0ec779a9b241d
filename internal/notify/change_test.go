package notify

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"felleskrav/internal/organisation"
	"felleskrav/internal/problem"
	"felleskrav/internal/review"
	"felleskrav/internal/status"
)

var t0 = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)

func TestChanges(t *testing.T) {
	seen := Mark{Offering: "o", Name: "Sak", Set: "sky", Version: "1.0.0", Overall: status.Valid, Declaration: "a", DeclaredAt: t0, Link: "Drift", LinkOverall: status.Valid, Reviews: 7}
	with := func(change func(*Mark)) []Mark {
		m := seen
		change(&m)
		return []Mark{m}
	}
	becomes := func(o status.Overall) []Mark { return with(func(m *Mark) { m.Overall = o }) }
	tests := []struct {
		name   string
		before []Mark
		after  []Mark
		want   []Kind
	}{
		{"nothing", []Mark{seen}, []Mark{seen}, nil},
		{"withdrawn", []Mark{seen}, becomes(status.Withdrawn), []Kind{Withdrawn}},
		{"expired", []Mark{seen}, becomes(status.Expired), []Kind{Expired}},
		{"expiring", []Mark{seen}, becomes(status.Expiring), []Kind{Expiring}},
		{"key revoked", []Mark{seen}, becomes(status.Revoked), []Kind{KeyRevoked}},
		{"the offering changed", []Mark{seen}, becomes(status.ScopeMismatch), []Kind{ScopeChanged}},
		{"a new version", []Mark{seen}, with(func(m *Mark) { m.Overall, m.Version = status.SupersededSet, "2.0.0" }), []Kind{NewVersion}},
		{"one more version", becomes(status.SupersededSet), with(func(m *Mark) { m.Overall, m.Version = status.SupersededSet, "2.0.0" }), []Kind{NewVersion}},
		{"a new version that it is declared for", []Mark{seen}, with(func(m *Mark) { m.Version, m.Declaration, m.DeclaredAt = "2.0.0", "b", t0.Add(time.Hour) }), []Kind{Declared}},
		{"declared, with answers missing", []Mark{seen}, with(func(m *Mark) { m.Overall, m.Declaration, m.DeclaredAt = status.Incomplete, "b", t0.Add(time.Hour) }), []Kind{Declared, Incomplete}},
		{"renewed before it ended", becomes(status.Expiring), with(func(m *Mark) { m.Declaration, m.DeclaredAt = "b", t0.Add(time.Hour) }), []Kind{Declared}},
		{"an older declaration counts again", with(func(m *Mark) { m.Declaration, m.DeclaredAt = "b", t0.Add(time.Hour) }), []Mark{seen}, []Kind{KeyRevoked}},
		{"valid again", becomes(status.ScopeMismatch), []Mark{seen}, []Kind{ValidAgain}},
		{"sub-supplier worse", []Mark{seen}, with(func(m *Mark) { m.LinkOverall = status.Expired }), []Kind{SubWorse}},
		{"another sub-supplier that is as good", []Mark{seen}, with(func(m *Mark) { m.Link = "Ny" }), nil},
		{"the first sub-supplier, that has declared nothing", with(func(m *Mark) { m.Link, m.LinkOverall = "", "" }), with(func(m *Mark) { m.LinkOverall = status.Missing }), []Kind{SubWorse}},
		{"sub-supplier better", with(func(m *Mark) { m.LinkOverall = status.Expired }), []Mark{seen}, nil},
		{"reviewed", []Mark{seen}, with(func(m *Mark) { m.Reviews = 9 }), []Kind{Reviewed}},
		{"a review that ended", []Mark{seen}, with(func(m *Mark) { m.Reviews = 0 }), nil},
		{"declared for one more set", []Mark{seen}, append(with(func(m *Mark) { m.Set, m.Declaration = "grunn", "c" }), seen), []Kind{Declared}},
		{"a new offering", []Mark{seen}, append(with(func(m *Mark) { m.Offering, m.Declaration, m.Overall = "p", "", status.Missing }), seen), []Kind{Offered}},
		{"a new offering, declared", []Mark{seen}, append(with(func(m *Mark) { m.Offering = "p" }), seen), []Kind{Offered, Declared}},
		{"an offering that is gone", []Mark{seen}, nil, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got []Kind
			for _, c := range Changes(Summary{Marks: tt.before}, Summary{Marks: tt.after}) {
				got = append(got, c.Kind)
			}
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}

func TestChangesInTheRegister(t *testing.T) {
	for _, tt := range []struct {
		before, after organisation.RegisterState
		want          int
	}{
		{"", organisation.RegisterBankrupt, 1},
		{organisation.RegisterActive, organisation.RegisterDeleted, 1},
		{organisation.RegisterBankrupt, organisation.RegisterBankrupt, 0},
		{organisation.RegisterBankrupt, organisation.RegisterActive, 0},
		{organisation.RegisterBankrupt, "", 0},
	} {
		if got := Changes(Summary{Register: tt.before}, Summary{Register: tt.after}); len(got) != tt.want {
			t.Errorf("from %q to %q: %d changes, want %d", tt.before, tt.after, len(got), tt.want)
		}
	}
}

func TestMarkLeavesOutOnesOwnReviews(t *testing.T) {
	s := status.Status{
		Overall: status.Valid, Chain: []status.Link{{Name: "A", Overall: status.Expiring}, {Name: "B", Overall: status.Missing}, {Name: "C", Overall: status.Valid}},
		Requirements: []status.RequirementStatus{
			{Reviews: []status.ReviewStatus{{Reviewer: "1", LogIndex: 90, Outcome: review.Accepted}, {Reviewer: "2", LogIndex: 0}}},
		},
	}
	m := markOf(s, "1")
	if m.Reviews != 1 || m.Link != "B" || m.LinkOverall != status.Missing {
		t.Errorf("%+v", m)
	}
	if m := markOf(s, "3"); m.Reviews != 91 {
		t.Errorf("the newest review is %d, want 91", m.Reviews)
	}
}

func TestListHasALimitAndNothingTwice(t *testing.T) {
	l := List{Org: "1"}
	target := func(n int) Target { return Target{Supplier: organisation.Number(fmt.Sprint(n))} }
	for n := range MaxItems {
		var err error
		if l, err = l.with(Item{Target: target(n)}); err != nil {
			t.Fatal(err)
		}
	}
	if same, err := l.with(Item{Target: target(3)}); err != nil || len(same.Items) != MaxItems {
		t.Errorf("what is there was added again: %d, %v", len(same.Items), err)
	}
	if _, err := l.with(Item{Target: target(MaxItems)}); problem.KeyOf(err) != "watch.full" {
		t.Errorf("one more than the limit: %v", err)
	}
	if l.without(target(3)).Has(target(3)) || !l.Has(target(3)) {
		t.Error("removing one should give a list without it and leave the old one alone")
	}
}

func TestSeenNeverGoesBack(t *testing.T) {
	one, two := Target{Supplier: "1"}, Target{Supplier: "2", Offering: "o"}
	l := List{Items: []Item{{Target: one, SeenAt: t0}, {Target: two, SeenAt: t0}}}
	what := func(r organisation.RegisterState) map[Target]Summary { return map[Target]Summary{two: {Register: r}} }
	later := l.seen(t0.Add(time.Hour), what("b"))
	earlier := later.seen(t0.Add(time.Minute), what("a"))
	if got := earlier.Items[1]; got.Seen.Register != "b" || !got.SeenAt.Equal(t0.Add(time.Hour)) {
		t.Errorf("an older look took the place of a newer one: %+v", got)
	}
	if got := earlier.Items[0]; !got.SeenAt.Equal(t0) {
		t.Errorf("another item was marked: %+v", got)
	}
}
