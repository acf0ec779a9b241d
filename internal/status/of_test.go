package status_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"felleskrav/internal/attestation"
	"felleskrav/internal/catalogue"
	"felleskrav/internal/status"
	"felleskrav/internal/supplier"
)

var (
	t0    = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	until = t0.AddDate(1, 0, 0)
)

func text(s string) catalogue.Text { return catalogue.Text{NB: s, NN: s, EN: s} }

func version(v string, texts ...string) catalogue.Version {
	out := catalogue.Version{Set: "grunnsett", Version: v}
	for i, s := range texts {
		out.Requirements = append(out.Requirements, catalogue.Requirement{ID: fmt.Sprintf("K-TEST-%02d", i+1), Text: text(s)})
	}
	b := mustParse(out)
	return b
}

// mustParse goes by way of the bytes, so that look-ups work as for a release.
func mustParse(v catalogue.Version) catalogue.Version {
	parsed, err := catalogue.ParseVersion(mustJSON(v))
	if err != nil {
		panic(err)
	}
	return parsed
}

// facts has one declaration that answers both requirements, made at t0 for a
// year.
func facts() status.Facts {
	v := version("1.0.0", "one", "two")
	return status.Facts{
		Version: v, Others: map[string]catalogue.Version{"1.0.0": v},
		Supplier:     supplier.Supplier{Name: "Test", Keys: []supplier.Key{{ID: "k1"}, {ID: "k2"}}},
		Offering:     supplier.Offering{ID: "o1", Descriptors: []supplier.Descriptor{{Digest: "d1", At: t0.Add(-time.Hour)}}},
		Declarations: []status.Declaration{declaration("a", 10, t0)},
	}
}

func declaration(digest string, index int64, at time.Time) status.Declaration {
	return status.Declaration{
		Record: attestation.Record{
			Digest: digest, Set: "grunnsett", SetVersion: "1.0.0", Descriptor: "d1", KeyID: "k1", DeclaredAt: at, ValidUntil: at.AddDate(1, 0, 0),
			Answers: []attestation.Answer{
				{Requirement: "K-TEST-01", Status: attestation.Met, Evidence: []attestation.EvidenceRef{{Name: "e"}}},
				{Requirement: "K-TEST-02", Status: attestation.NotMet, Statement: "no"},
			},
		},
		LogIndex: index, LoggedAt: at,
	}
}

func TestOverallToTheSecond(t *testing.T) {
	expiring := until.Add(-status.ExpiringWithin)
	tests := []struct {
		name   string
		change func(*status.Facts)
		now    time.Time
		want   status.Overall
	}{
		{"before it was logged", nil, t0.Add(-time.Second), status.Missing},
		{"the moment it is logged", nil, t0, status.Valid},
		{"a second before it shows as expiring", nil, expiring.Add(-time.Second), status.Valid},
		{"expiring begins", nil, expiring, status.Expiring},
		{"the last second", nil, until.Add(-time.Second), status.Expiring},
		{"the last nanosecond", nil, until.Add(-1), status.Expiring},
		{"it is over", nil, until, status.Expired},
		{"a second later", nil, until.Add(time.Second), status.Expired},
		{"nothing declared", func(f *status.Facts) { f.Declarations = nil }, t0, status.Missing},
		{"another set", func(f *status.Facts) { f.Declarations[0].Set = "skytjenester" }, t0, status.Missing},
		{"a second before it was withdrawn", withdrawnAt(t0.Add(time.Hour)), t0.Add(time.Hour - time.Second), status.Valid},
		{"withdrawn", withdrawnAt(t0.Add(time.Hour)), t0.Add(time.Hour), status.Withdrawn},
		{"withdrawn goes before expired", withdrawnAt(t0.Add(time.Hour)), until, status.Withdrawn},
		{"a requirement unanswered", func(f *status.Facts) { f.Declarations[0].Answers = f.Declarations[0].Answers[:1] }, t0, status.Incomplete},
		{"incomplete and over", func(f *status.Facts) { f.Declarations[0].Answers = f.Declarations[0].Answers[:1] }, until, status.Expired},
		{"a second before the offering changed", changedAt(t0.Add(time.Hour)), t0.Add(time.Hour - time.Second), status.Valid},
		{"the offering changed", changedAt(t0.Add(time.Hour)), t0.Add(time.Hour), status.ScopeMismatch},
		{"key revoked later in the log", revokedAt(11, t0), t0.Add(time.Minute), status.Valid},
		{"key revoked earlier in the log", revokedAt(9, t0), t0.Add(time.Minute), status.Revoked},
		{"asked for a moment before the revocation", revokedAt(9, t0.Add(time.Hour)), t0.Add(time.Minute), status.Valid},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := facts()
			if tt.change != nil {
				tt.change(&f)
			}
			got := status.Of(f, tt.now)
			if got.Overall != tt.want {
				t.Errorf("overall is %s, want %s", got.Overall, tt.want)
			}
			if len(got.Requirements) != 2 || got.Counts.Total() != 2 {
				t.Errorf("%d requirements counted as %d, want 2", len(got.Requirements), got.Counts.Total())
			}
		})
	}
}

func withdrawnAt(at time.Time) func(*status.Facts) {
	return func(f *status.Facts) {
		f.Declarations[0].Withdrawal = &attestation.Withdrawal{Attestation: "a", At: at, Reason: "sold"}
	}
}

func changedAt(at time.Time) func(*status.Facts) {
	return func(f *status.Facts) {
		f.Offering.Descriptors = append(f.Offering.Descriptors, supplier.Descriptor{Digest: "d2", At: at})
	}
}

func revokedAt(index int64, at time.Time) func(*status.Facts) {
	return func(f *status.Facts) {
		f.Supplier.Keys[0].Revoked = &supplier.Revocation{Index: index, At: at, Reason: supplier.Compromised}
	}
}

// TestEitherKeyEndsADeclaration: of two keys that were revoked too early, the
// one that was so first tells since when.
func TestEitherKeyEndsADeclaration(t *testing.T) {
	const second = "k2"
	first, then := t0.Add(time.Hour), t0.Add(2*time.Hour)
	f := facts()
	f.Declarations[0].SecondKeyID = second
	f.Supplier.Keys = []supplier.Key{
		{ID: "k1", Revoked: &supplier.Revocation{At: then, Index: 9, Reason: supplier.Replaced}},
		{ID: second, Revoked: &supplier.Revocation{At: first, Index: 5, Reason: supplier.Compromised}},
	}
	for _, at := range []time.Time{first, then, then.Add(time.Hour)} {
		d := status.Of(f, at).Declaration
		if d.Lifecycle != status.LifeRevoked || !d.Since.Equal(first) || d.Reason != string(supplier.Compromised) {
			t.Errorf("at %s: %s since %s, %s", at, d.Lifecycle, d.Since, d.Reason)
		}
	}
}

func TestNewestDeclarationDecides(t *testing.T) {
	f := facts()
	second := declaration("b", 20, t0.Add(time.Hour))
	second.Answers[1].Status = attestation.Met
	f.Declarations = append([]status.Declaration{second}, f.Declarations...)
	now := t0.Add(2 * time.Hour)

	got := status.Of(f, now)
	if got.Declaration.Digest != "b" || got.Counts.Met != 2 {
		t.Errorf("decided by %s with %d met, want b with 2", got.Declaration.Digest, got.Counts.Met)
	}
	if h := got.History[1]; h.Digest != "a" || h.Lifecycle != status.LifeSuperseded || !h.Since.Equal(second.LoggedAt) {
		t.Errorf("the older one is %s since %s, want superseded since %s", h.Lifecycle, h.Since, second.LoggedAt)
	}
	if at := status.Of(f, t0.Add(time.Minute)); at.Declaration.Digest != "a" || at.Overall != status.Valid {
		t.Errorf("before the second, %s decides and it is %s", at.Declaration.Digest, at.Overall)
	}

	f.Declarations[0].Withdrawal = &attestation.Withdrawal{Attestation: "b", At: now}
	if got := status.Of(f, now); got.Overall != status.Withdrawn {
		t.Errorf("with the newest withdrawn it is %s: the replaced one must not come back", got.Overall)
	}
	f.Declarations[0].Withdrawal = nil
	f.Declarations[0].KeyID = "k2"
	f.Supplier.Keys[1].Revoked = &supplier.Revocation{Index: 15, At: t0, Reason: supplier.Compromised}
	got = status.Of(f, now)
	if got.Overall != status.Valid || got.Declaration.Digest != "a" || got.Declaration.Lifecycle != status.LifeActive {
		t.Errorf("one signed with a revoked key replaced a sound one: %s decides, %s", got.Declaration.Digest, got.Overall)
	}
	if got.History[0].Lifecycle != status.LifeRevoked || got.History[0].Reason != "compromised" {
		t.Errorf("the newest is %s (%s), want revoked (compromised)", got.History[0].Lifecycle, got.History[0].Reason)
	}
}

func TestAnotherVersionOfTheSet(t *testing.T) {
	f := facts()
	old := f.Version
	newer := version("2.0.0", "one, reworded", "two, and more", "three")
	newer.Requirements[1].Edition = 2
	f.Version = mustParse(newer)
	f.Others["2.0.0"] = f.Version
	got := status.Of(f, t0)
	if got.Overall != status.SupersededSet {
		t.Fatalf("overall is %s, want superseded-set", got.Overall)
	}
	want := []catalogue.Change{
		{Requirement: "K-TEST-01", Kind: catalogue.ChangeReworded, Fields: []string{"text"}},
		{Requirement: "K-TEST-02", Kind: catalogue.ChangeSubstance, Fields: []string{"edition", "text"}},
		{Requirement: "K-TEST-03", Kind: catalogue.ChangeAdded},
	}
	if diff := cmp.Diff(want, got.Changes); diff != "" {
		t.Error(diff)
	}
	var answers []attestation.AnswerStatus
	for _, r := range got.Requirements {
		answers = append(answers, r.Answer)
	}
	if diff := cmp.Diff([]attestation.AnswerStatus{attestation.Met, "", ""}, answers); diff != "" {
		t.Errorf("only the answer to the reworded one may carry over: %s", diff)
	}
	if got := status.Of(f, until); got.Overall != status.Expired {
		t.Errorf("an old declaration that is over is %s, want expired", got.Overall)
	}
	f.Version = old
	if got := status.Of(f, t0); got.Overall != status.Valid {
		t.Errorf("asked about the declared version it is %s, want valid", got.Overall)
	}
}

func TestAssuranceAndCounts(t *testing.T) {
	got := status.Of(facts(), t0)
	if a, b := got.Requirements[0].Assurance, got.Requirements[1].Assurance; a != status.Documented || b != status.Declared {
		t.Errorf("assurance is %s and %s, want documented and declared", a, b)
	}
	if want := (status.Counts{Met: 1, NotMet: 1, Documented: 1}); got.Counts != want {
		t.Errorf("counts are %+v, want %+v", got.Counts, want)
	}
}

func TestWeakestLinkIsNamed(t *testing.T) {
	f := facts()
	f.Offering.SubSuppliers = []supplier.SubSupplier{{Name: "Fine", Offering: "s1"}, {Name: "Unknown here"}, {Name: "Deep", Offering: "s2"}}
	fine := status.Of(facts(), t0)
	deep := fine
	deep.Weakest = &status.Link{Name: "Bottom", Overall: status.Expired}
	f.SubSuppliers = map[string]status.Status{"s1": fine, "s2": deep}
	got := status.Of(f, t0)
	if got.Overall != status.Valid {
		t.Errorf("the offering's own status is %s, want valid", got.Overall)
	}
	if got.Weakest == nil || got.Weakest.Name != "Unknown here" || got.Weakest.Overall != status.Missing {
		t.Errorf("weakest is %+v, want the one that is missing", got.Weakest)
	}
	if l := got.Chain[2]; l.Overall != status.Expired || !cmp.Equal(l.Path, []string{"Deep", "Bottom"}) {
		t.Errorf("link with a weak link below is %s by %v", l.Overall, l.Path)
	}
	f.Offering.SubSuppliers = f.Offering.SubSuppliers[:1]
	if got := status.Of(f, t0); got.Weakest != nil {
		t.Errorf("weakest is %+v, want none: no link is weaker than the offering", got.Weakest)
	}
}

// TestChangesAtIsHonest: between now and ChangesAt nothing changes, and at
// ChangesAt something does. That is what lets an answer be kept until then.
func TestChangesAtIsHonest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := facts()
		if rapid.Bool().Draw(t, "incomplete") {
			f.Declarations[0].Answers = f.Declarations[0].Answers[:1]
		}
		if rapid.Bool().Draw(t, "scope") {
			f.Offering.Descriptors[0].Digest = "other"
		}
		now := t0.Add(time.Duration(rapid.Int64Range(0, int64(400*24*time.Hour)).Draw(t, "now")))
		got := status.Of(f, now)
		if got.ChangesAt == nil {
			if later := status.Of(f, now.AddDate(10, 0, 0)); later.Overall != got.Overall {
				t.Fatalf("%s was to last, but is %s ten years later", got.Overall, later.Overall)
			}
			return
		}
		between := now.Add(time.Duration(rapid.Int64Range(0, int64(got.ChangesAt.Sub(now))-1).Draw(t, "between")))
		if s := status.Of(f, between); s.Overall != got.Overall {
			t.Fatalf("%s at %s became %s at %s, before %s", got.Overall, now, s.Overall, between, got.ChangesAt)
		}
		if s := status.Of(f, *got.ChangesAt); s.Overall == got.Overall {
			t.Fatalf("nothing changed at %s: still %s", got.ChangesAt, s.Overall)
		}
	})
}

func BenchmarkOf(b *testing.B) {
	f := facts()
	for b.Loop() {
		status.Of(f, t0)
	}
}
