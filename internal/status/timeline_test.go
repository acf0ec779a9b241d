package status_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"felleskrav/internal/attestation"
	"felleskrav/internal/catalogue"
	"felleskrav/internal/status"
	"felleskrav/internal/supplier"
)

func TestTimeline(t *testing.T) {
	day := func(n int) time.Time { return t0.AddDate(0, 0, n) }
	f := facts()
	renewed := declaration("b", 20, day(10))
	renewed.KeyID = "k2"
	renewed.Withdrawal = &attestation.Withdrawal{Attestation: "b", At: day(20), Reason: "sold"}
	again := declaration("c", 30, day(30))
	f.Declarations = append(f.Declarations, renewed, again)
	f.Supplier.Keys[1].Revoked = &supplier.Revocation{Index: 40, At: day(40), Reason: supplier.Retired}
	f.Offering.Descriptors = append(f.Offering.Descriptors, supplier.Descriptor{Digest: "d2", At: day(35)})
	next := version("1.1.0", "one", "two")
	next.Published = day(25).Format(time.DateOnly)
	before := version("0.9.0", "one")
	before.Published = day(-25).Format(time.DateOnly)
	versions := []catalogue.Version{f.Version, next, before}
	kinds := func(now time.Time) []status.EventKind {
		var out []status.EventKind
		for _, e := range status.Timeline(status.Of(f, now), f.Supplier, f.Offering, versions) {
			if e.At.After(now) {
				t.Errorf("%s at %s is not known at %s", e.Kind, e.At, now)
			}
			out = append(out, e.Kind)
		}
		return out
	}
	want := []status.EventKind{
		status.EventKeyRevoked, status.EventChanged, status.EventDeclared, status.EventSetReplaced, status.EventWithdrawn, status.EventRenewed, status.EventDeclared,
	}
	if d := cmp.Diff(want, kinds(day(50))); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if d := cmp.Diff(want[5:], kinds(day(15))); d != "" {
		t.Errorf("before the withdrawal (-want +got):\n%s", d)
	}
	if d := cmp.Diff([]status.EventKind{status.EventExpired}, kinds(day(400))[:1]); d != "" {
		t.Errorf("after the end (-want +got):\n%s", d)
	}
	if got := kinds(day(-1)); got != nil {
		t.Errorf("before anything: %v", got)
	}
}

// What ended before the next came is told, also long after.
func TestTimelineHasTheGap(t *testing.T) {
	f := facts()
	late := declaration("b", 20, until.AddDate(0, 1, 0))
	f.Declarations = append(f.Declarations, late)
	var got []status.EventKind
	for _, e := range status.Timeline(status.Of(f, late.LoggedAt.AddDate(0, 1, 0)), f.Supplier, f.Offering, nil) {
		got = append(got, e.Kind)
		if e.Kind == status.EventExpired && (!e.At.Equal(until) || e.Declaration != "a") {
			t.Errorf("it ended at %s: %+v", until, e)
		}
	}
	if d := cmp.Diff([]status.EventKind{status.EventDeclared, status.EventExpired, status.EventDeclared}, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	// One that took the place of one in force ended nothing.
	f.Declarations[1] = declaration("b", 20, until.Add(-time.Second))
	for _, e := range status.Timeline(status.Of(f, until.AddDate(0, 1, 0)), f.Supplier, f.Offering, nil) {
		if e.Kind == status.EventExpired {
			t.Errorf("renewed in time: %+v", e)
		}
	}
}

// A declaration with two signatures falls with either key.
func TestTimelineHasTheSecondKey(t *testing.T) {
	f := facts()
	f.Declarations[0].SecondKeyID = "k2"
	f.Supplier.Keys[1].Revoked = &supplier.Revocation{Index: 5, At: t0.AddDate(0, 0, 1), Reason: supplier.Compromised}
	s := status.Of(f, t0.AddDate(0, 0, 2))
	if s.Overall != status.Revoked {
		t.Fatalf("the status is %s", s.Overall)
	}
	if e := status.Timeline(s, f.Supplier, f.Offering, nil); len(e) != 2 || e[0].Kind != status.EventKeyRevoked || e[0].KeyID != "k2" {
		t.Errorf("the timeline is %+v", e)
	}
}

// What a body reviews in one go is one event, also past midnight.
func TestTimelineTellsASittingOnce(t *testing.T) {
	evening := time.Date(2026, 3, 1, 22, 30, 0, 0, time.UTC)
	s := status.Status{At: evening.AddDate(0, 1, 0)}
	for i, after := range []time.Duration{0, time.Hour, 2 * time.Hour, 15 * time.Hour} {
		r := status.ReviewStatus{Digest: string(rune('a' + i)), Reviewer: "910000004", LoggedAt: evening.Add(after), LogIndex: int64(10 + i)}
		if i == 1 {
			r.Reviewer = "910000012"
		}
		// The order of requirements is not that of time.
		s.Requirements = append([]status.RequirementStatus{{Reviews: []status.ReviewStatus{r}}}, s.Requirements...)
	}
	var got []string
	for _, e := range status.Timeline(s, supplier.Supplier{}, supplier.Offering{}, nil) {
		got = append(got, fmt.Sprintf("%s %s %d at %s", e.Reviewer, e.Review, e.Count, e.At.Format("02T15:04")))
	}
	want := []string{"910000004 d 1 at 02T13:30", "910000004 c 2 at 02T00:30", "910000012 b 1 at 01T23:30"}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}
