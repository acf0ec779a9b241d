package evidence_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"felleskrav/internal/access"
	"felleskrav/internal/evidence"
	"felleskrav/internal/problem"
)

func TestPeriod(t *testing.T) {
	at := func(s string) time.Time {
		t.Helper()
		v, err := time.Parse(time.RFC3339, s)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	for _, tt := range []struct {
		from, until evidence.Date
		now         string
		want        evidence.Period
	}{
		{"", "", "2026-11-29T12:00:00Z", evidence.PeriodNone},
		{"2026-11-29", "2027-11-28", "2026-11-28T22:59:59Z", evidence.PeriodUpcoming},
		{"2026-11-29", "2027-11-28", "2026-11-28T23:00:00Z", evidence.PeriodCurrent}, // midnight in Oslo
		{"2026-11-29", "2026-11-29", "2026-11-29T22:59:59Z", evidence.PeriodCurrent},
		{"2026-11-29", "2026-11-29", "2026-11-29T23:00:00Z", evidence.PeriodEnded},
		{"", "2026-07-01", "2026-07-01T21:59:59Z", evidence.PeriodCurrent}, // summer time
		{"", "2026-07-01", "2026-07-01T22:00:00Z", evidence.PeriodEnded},
		{"2026-01-01", "", "2060-01-01T00:00:00Z", evidence.PeriodCurrent},
	} {
		if got := (evidence.Description{ValidFrom: tt.from, ValidUntil: tt.until}).PeriodAt(at(tt.now)); got != tt.want {
			t.Errorf("%s to %s at %s: %q, want %q", tt.from, tt.until, tt.now, got, tt.want)
		}
	}
}

// TestOldGrants: records from before grants could end have mere numbers.
func TestOldGrants(t *testing.T) {
	var e evidence.Evidence
	if err := json.Unmarshal([]byte(`{"granted":["974760673",{"org":"314168267","until":"2027-01-01"}]}`), &e); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]evidence.Grant{{Org: "974760673"}, {Org: "314168267", Until: "2027-01-01"}}, e.Granted); d != "" {
		t.Error(d)
	}
	if !e.Present() || !e.Granted[0].Holds(time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)) {
		t.Error("an old record is not there, or its grant ends")
	}
	if err := json.Unmarshal([]byte(`{"granted":[7]}`), &e); err == nil {
		t.Error("a number that is no text is read")
	}
	for _, s := range []string{"974760673", "974760673:2027-01-01"} {
		if got := evidence.ParseGrant(s).String(); got != s {
			t.Errorf("%s is written as %s", s, got)
		}
	}
}

// clock is a time that a test sets.
type clock struct{ now time.Time }

func (c *clock) read() time.Time { return c.now }

// TestGrantEnds: to the second.
func TestGrantEnds(t *testing.T) {
	const body, bodyWithoutEnd = "987654325", "974760673"
	s, _ := newService(t, 1<<20)
	c := &clock{time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)}
	s.Now = c.read
	up := evidence.Upload{Name: "a.txt", Kind: "policy", Visibility: evidence.VisibleGranted, Granted: []evidence.Grant{{Org: body, Until: "2026-12-31"}, {Org: bodyWithoutEnd}}}
	e, _, err := s.Upload(t.Context(), as(ours, access.Supplier), up, strings.NewReader("text"))
	if err != nil || !e.Granted[0].GrantedAt.Equal(c.now) {
		t.Fatalf("%+v, %v", e.Granted, err)
	}
	reads := func(a access.Actor) bool {
		t.Helper()
		r, _, err := s.Open(t.Context(), a, e.SHA256)
		if err == nil {
			_ = r.Close()
		} else if problem.KeyOf(err) != "evidence.not-found" {
			t.Errorf("%v", err)
		}
		_, aboutErr := s.About(t.Context(), a, e.SHA256)
		all, listErr := s.Of(t.Context(), a, ours)
		if listErr != nil || (len(all) == 1) != (err == nil) || (aboutErr == nil) != (err == nil) {
			t.Errorf("reading: %v; listing: %d, %v; about: %v", err, len(all), listErr, aboutErr)
		}
		return err == nil
	}
	for _, step := range []struct {
		now  string
		want bool
	}{{"2026-11-29T12:00:00Z", true}, {"2026-12-31T22:59:59Z", true}, {"2026-12-31T23:00:00Z", false}, {"2027-05-01T00:00:00Z", false}} {
		if c.now, err = time.Parse(time.RFC3339, step.now); err != nil {
			t.Fatal(err)
		}
		if got := reads(as(body, access.Adviser)); got != step.want {
			t.Errorf("at %s it reads: %v, want %v", step.now, got, step.want)
		}
		if !reads(as(bodyWithoutEnd, access.Procurement)) || !reads(as(ours, access.Supplier)) {
			t.Errorf("at %s the others do not read", step.now)
		}
	}
	// Given again, it holds again, and keeps the time it was first given.
	a := e.Amendment()
	a.Granted[0].Until = "2027-12-31"
	e, err = s.Amend(t.Context(), as(ours, access.Supplier), ours, e.SHA256, a, e.Rev)
	if err != nil || !reads(as(body, access.Adviser)) || !e.Granted[0].GrantedAt.Equal(time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)) {
		t.Errorf("given again: %+v, %v", e.Granted, err)
	}
}

// TestAmend: what is said of a file changes, what it is does not, and each
// change is kept.
func TestAmend(t *testing.T) {
	s, _ := newService(t, 1<<20)
	me := as(ours, access.Supplier)
	said := evidence.Description{Issuer: "Sertifisering AS (oppdiktet)", Standard: "ISO/IEC 27001:2022", Applicability: true, ValidFrom: "2026-01-01", ValidUntil: "2028-12-31", Scope: "Drift"}
	e, _, err := s.Upload(t.Context(), me, evidence.Upload{Name: "a.txt", Kind: "iso27001-certificate", Description: said}, strings.NewReader("text"))
	if err != nil || e.Description != said || e.Period != evidence.PeriodCurrent || e.State != evidence.Stored || len(e.Changes) != 0 {
		t.Fatalf("%+v, %v", e, err)
	}
	a := e.Amendment()
	a.Kind, a.Scope, a.Applicability, a.LegalBasis = "audit-report", "Drift og utvikling", false, "offentleglova § 13"
	got, err := s.Amend(t.Context(), me, ours, e.SHA256, a, e.Rev)
	if err != nil || got.Kind != "audit-report" || got.Description != a.Description || got.SHA256 != e.SHA256 || got.Name != "a.txt" || got.MediaType != e.MediaType {
		t.Fatalf("%+v, %v", got, err)
	}
	var fields []string
	for _, c := range got.Changes {
		fields = append(fields, c.Field+": "+c.From+" → "+c.To)
	}
	if d := cmp.Diff([]string{"kind: iso27001-certificate → audit-report", "applicability: true → ", "scope: Drift → Drift og utvikling", "legalBasis:  → offentleglova § 13"}, fields); d != "" {
		t.Error(d)
	}
	if _, err := s.Amend(t.Context(), me, ours, e.SHA256, a, e.Rev); problem.KindOf(err) != problem.Stale {
		t.Errorf("from an old revision: %v", err)
	}
	if same, err := s.Amend(t.Context(), me, ours, e.SHA256, a, 0); err != nil || len(same.Changes) != 4 {
		t.Errorf("nothing new: %d changes, %v", len(same.Changes), err)
	}
	for i := range 130 {
		a.Scope = strings.Repeat("x", i+1)
		if got, err = s.Amend(t.Context(), me, ours, e.SHA256, a, 0); err != nil {
			t.Fatal(err)
		}
	}
	if len(got.Changes) != 100 || got.Changes[99].To != a.Scope {
		t.Errorf("%d changes are kept", len(got.Changes))
	}
	bad := a
	bad.Kind, bad.Visibility = "poem", "friends"
	if _, err := s.Amend(t.Context(), me, ours, e.SHA256, bad, 0); problem.KindOf(err) != problem.Invalid {
		t.Errorf("unknown values: %v", err)
	}
	// Sent again, what is stated is put over it, and the rest stays.
	again, created, err := s.Upload(t.Context(), me, evidence.Upload{Name: "b.txt", Kind: "other", Description: evidence.Description{Issuer: "En annen (oppdiktet)"}}, strings.NewReader("text"))
	if err != nil || created || again.Issuer != "En annen (oppdiktet)" || again.Scope != a.Scope || again.Name != "a.txt" || again.Kind != "audit-report" {
		t.Errorf("created %v, %+v, %v", created, again, err)
	}
	for name, actor := range map[string]access.Actor{"another supplier": as(theirs, access.Supplier), "an adviser": as(ours, access.Adviser), "anyone": access.Anyone()} {
		_, err := s.Amend(t.Context(), actor, ours, e.SHA256, a, 0)
		if kind := problem.KindOf(err); kind != problem.Forbidden && kind != problem.Unauthenticated {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := s.Amend(t.Context(), as(theirs, access.Supplier), theirs, e.SHA256, a, 0); problem.KeyOf(err) != "evidence.not-found" {
		t.Errorf("a file that only another has: %v", err)
	}
}

func TestForOthers(t *testing.T) {
	e := evidence.Evidence{
		Owner: ours, Granted: []evidence.Grant{{Org: theirs}}, NeededUntil: time.Now(),
		Changes: []evidence.Change{{Field: evidence.FieldGranted, To: string(theirs)}, {Field: evidence.FieldVisibility}, {Field: evidence.FieldScope, To: "x"}},
	}
	other := e.For(as(theirs, access.Adviser))
	if len(other.Granted) != 0 || !other.NeededUntil.IsZero() || len(other.Changes) != 1 || other.Changes[0].Field != evidence.FieldScope {
		t.Errorf("others see %+v", other)
	}
	if d := cmp.Diff(e, e.For(as(ours, access.Supplier))); d != "" {
		t.Error(d)
	}
}
