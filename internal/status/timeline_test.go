package status_test

import (
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
