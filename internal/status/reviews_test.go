package status_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"felleskrav/internal/attestation"
	"felleskrav/internal/catalogue"
	"felleskrav/internal/organisation"
	"felleskrav/internal/review"
	"felleskrav/internal/status"
	"felleskrav/internal/supplier"
)

// reviewOf is a review of the first answer of facts, made at a moment for half
// a year.
func reviewOf(by organisation.Number, index int64, at time.Time, o review.Outcome) review.Logged {
	d := declaration("a", 10, t0)
	return review.Logged{
		Record: review.Record{
			Digest: fmt.Sprintf("r%d", index), Reviewer: by, Attestation: "a", Offering: "o1", Set: "grunnsett", SetVersion: "1.0.0", Requirement: "K-TEST-01",
			Answer: d.Answers[0], Evidence: d.Answers[0].Evidence, Outcome: o, ReviewedAt: at, ValidUntil: at.AddDate(0, 6, 0), Shared: review.SharedAgencies,
		},
		LogIndex: index, LoggedAt: at,
	}
}

func TestReviewedToTheMillisecond(t *testing.T) {
	const body, second = organisation.Number("1"), organisation.Number("2")
	at, ms := t0.Add(time.Hour), time.Millisecond
	end := at.AddDate(0, 6, 0)
	one := func(change func(*review.Logged)) []review.Logged {
		r := reviewOf(body, 20, at, review.Accepted)
		if change != nil {
			change(&r)
		}
		return []review.Logged{r}
	}
	revoked := func(index int64, when time.Time) func(*review.Logged) {
		return func(r *review.Logged) { r.Revoked = &supplier.Revocation{Index: index, At: when} }
	}
	withdrawn := func(r *review.Logged) { r.Withdrawal = &review.Withdrawal{At: at.Add(time.Hour)} }
	newer := func(by organisation.Number, o review.Outcome) []review.Logged {
		return append(one(nil), reviewOf(by, 30, at.Add(time.Hour), o))
	}
	for _, tt := range []struct {
		name    string
		reviews []review.Logged
		now     time.Time
		want    status.Assurance
		shown   int
	}{
		{"no review", nil, at, status.Documented, 0},
		{"a millisecond before it is logged", one(nil), at.Add(-ms), status.Documented, 0},
		{"the moment it is logged", one(nil), at, status.Reviewed, 1},
		{"the last millisecond", one(nil), end.Add(-ms), status.Reviewed, 1},
		{"it is over", one(nil), end, status.Documented, 0},
		{"with conditions", one(func(r *review.Logged) { r.Outcome = review.AcceptedWithConditions }), at, status.Reviewed, 1},
		{"not accepted", one(func(r *review.Logged) { r.Outcome = review.NotAccepted }), at, status.Documented, 1},
		{"a millisecond before it is withdrawn", one(withdrawn), at.Add(time.Hour - ms), status.Reviewed, 1},
		{"withdrawn", one(withdrawn), at.Add(time.Hour), status.Documented, 0},
		{"key revoked later in the log", one(revoked(21, at)), at, status.Reviewed, 1},
		{"key revoked at its place", one(revoked(20, at)), at, status.Documented, 0},
		{"key revoked earlier in the log", one(revoked(19, at)), at, status.Documented, 0},
		{"a millisecond before that revocation", one(revoked(19, at.Add(time.Hour))), at.Add(time.Hour - ms), status.Reviewed, 1},
		{"a millisecond before a newer one", newer(body, review.NotAccepted), at.Add(time.Hour - ms), status.Reviewed, 1},
		{"a newer one does not accept", newer(body, review.NotAccepted), at.Add(time.Hour), status.Documented, 1},
		{"another body does not accept", newer(second, review.NotAccepted), at.Add(time.Hour), status.Reviewed, 2},
		{"a newer one that was signed with a revoked key", append(newer(body, review.NotAccepted)[:1], func() review.Logged {
			r := reviewOf(body, 30, at.Add(time.Hour), review.NotAccepted)
			revoked(25, at)(&r)
			return r
		}()), at.Add(2 * time.Hour), status.Reviewed, 1},
		{"a newer one that has ended", append(one(nil), func() review.Logged {
			r := reviewOf(body, 30, at.Add(time.Hour), review.Accepted)
			r.ValidUntil = at.Add(2 * time.Hour)
			return r
		}()), at.Add(2 * time.Hour), status.Documented, 0},
		{"of another offering", one(func(r *review.Logged) { r.Offering = "o2" }), at, status.Documented, 0},
		{"of another set", one(func(r *review.Logged) { r.Set = "annet" }), at, status.Documented, 0},
		{"of an unknown version", one(func(r *review.Logged) { r.SetVersion = "0.9" }), at, status.Documented, 0},
		{"of another answer", one(func(r *review.Logged) { r.Answer.Status = attestation.Partial }), at, status.Documented, 0},
		{"of other words", one(func(r *review.Logged) { r.Answer.Statement = "x" }), at, status.Documented, 0},
		{"of other evidence", one(func(r *review.Logged) { r.Answer.Evidence = nil }), at, status.Documented, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, open := range []bool{true, false} {
				f := facts()
				f.Reviews, f.ReviewsOpen = tt.reviews, open
				got := status.Of(f, tt.now)
				r := got.Requirements[0]
				shown := tt.shown
				if !open {
					shown = 0
				}
				if r.Assurance != tt.want || len(r.Reviews) != shown {
					t.Errorf("open %v: %s with %d reviews, want %s with %d", open, r.Assurance, len(r.Reviews), tt.want, shown)
				}
				if want := map[status.Assurance]int{status.Reviewed: 1}[tt.want]; got.Counts.Reviewed != want || got.Counts.Documented != 1 {
					t.Errorf("counts are %+v", got.Counts)
				}
				if got.Requirements[1].Assurance != status.Declared || got.Overall != status.Valid {
					t.Errorf("the other answer is %s, overall %s", got.Requirements[1].Assurance, got.Overall)
				}
			}
		})
	}
}

// TestReviewAcrossVersions: the requirement must still ask for the same.
func TestReviewAcrossVersions(t *testing.T) {
	for want, second := range map[status.Assurance]catalogue.Requirement{
		status.Reviewed: {ID: "K-TEST-01", Text: text("one, in other words")}, "": {ID: "K-TEST-01", Text: text("one"), Edition: 2},
	} {
		f := facts()
		newer := catalogue.Version{Set: "grunnsett", Version: "2.0.0", Requirements: []catalogue.Requirement{second}}
		f.Version = mustParse(newer)
		f.Others["2.0.0"] = f.Version
		f.Reviews = []review.Logged{reviewOf("1", 20, t0, review.Accepted)}
		if got := status.Of(f, t0.Add(time.Hour)).Requirements[0].Assurance; got != want {
			t.Errorf("%v: %q, want %q", second.Text.NB, got, want)
		}
	}
}

// TestReviewProperties draws reviews and moments and holds what must always
// hold.
func TestReviewProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := facts()
		n := rapid.IntRange(0, 6).Draw(t, "reviews")
		for i := range n {
			r := reviewOf(organisation.Number(rapid.SampledFrom([]string{"1", "2"}).Draw(t, "by")), int64(20+i),
				t0.Add(time.Duration(i)*time.Hour), rapid.SampledFrom(review.Outcomes()).Draw(t, "outcome"))
			r.ValidUntil = r.LoggedAt.Add(time.Duration(rapid.IntRange(1, 8).Draw(t, "hours")) * time.Hour)
			if rapid.Bool().Draw(t, "withdrawn") {
				r.Withdrawal = &review.Withdrawal{At: r.LoggedAt.Add(time.Hour)}
			}
			if rapid.IntRange(0, 3).Draw(t, "other answer") == 0 {
				r.Answer.Statement = "x"
			}
			f.Reviews = append(f.Reviews, r)
		}
		now := t0.Add(time.Duration(rapid.IntRange(0, 15*60).Draw(t, "minutes")) * time.Minute)
		f.ReviewsOpen = true
		open := status.Of(f, now)
		// Whether a public body accepts it now is what gives the step.
		accepted := false
		for _, r := range open.Requirements[0].Reviews {
			accepted = accepted || r.Outcome.Accepts()
			if !now.Before(r.ValidUntil) || r.LoggedAt.After(now) {
				t.Errorf("%s is shown outside its time", r.Digest)
			}
		}
		if got := open.Requirements[0].Assurance == status.Reviewed; got != accepted {
			t.Errorf("reviewed %v, accepted %v", got, accepted)
		}
		// Those who may not see the reviews get the same steps and counts.
		f.ReviewsOpen = false
		shut := status.Of(f, now)
		if shut.Counts != open.Counts || shut.Requirements[0].Assurance != open.Requirements[0].Assurance || shut.Requirements[0].Reviews != nil {
			t.Errorf("shut %+v, open %+v", shut, open)
		}
		// The order of the facts does not matter.
		f.ReviewsOpen = true
		shuffled := f
		shuffled.Reviews = rapid.Permutation(f.Reviews).Draw(t, "order")
		if d := cmp.Diff(open, status.Of(shuffled, now)); d != "" {
			t.Errorf("in another order:\n%s", d)
		}
		// Nothing changes by time alone before it is said to, unless something
		// becomes known: the next review, or the next withdrawal.
		next := open.ChangesAt
		for _, r := range f.Reviews {
			for _, at := range []time.Time{r.LoggedAt, r.LoggedAt.Add(time.Hour)} {
				if at.After(now) && at.Before(*next) {
					next = &at
				}
			}
		}
		just := status.Of(f, next.Add(-time.Millisecond))
		just.At = open.At
		if d := cmp.Diff(open, just); d != "" {
			t.Errorf("between %s and %s it changes:\n%s", now, next, d)
		}
		// What reviews say of answers, they say of answers alone.
		f.Reviews = nil
		if bare := status.Of(f, now); bare.Overall != open.Overall || bare.Counts.Documented != open.Counts.Documented {
			t.Errorf("without reviews the status is %s, with them %s", bare.Overall, open.Overall)
		}
	})
}

// TestCarryOverProperty: a review covers an answer if and only if answer,
// words and evidence are the same, in whatever order the evidence stands.
func TestCarryOverProperty(t *testing.T) {
	draw := func(t *rapid.T, name string) attestation.Answer {
		a := attestation.Answer{
			Requirement: rapid.SampledFrom([]string{"K-TEST-01", "K-TEST-02"}).Draw(t, name+" requirement"),
			Status:      rapid.SampledFrom(attestation.AnswerStatuses()[:2]).Draw(t, name+" status"),
			Statement:   rapid.SampledFrom([]string{"", "x"}).Draw(t, name+" words"),
		}
		for _, d := range rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "c"}), 0, 3).Draw(t, name+" evidence") {
			a.Evidence = append(a.Evidence, attestation.EvidenceRef{Name: d + "." + name, Digest: attestation.DigestSet{SHA256: d}})
		}
		return a
	}
	set := func(a attestation.Answer) map[string]bool {
		out := map[string]bool{}
		for _, e := range a.Evidence {
			out[e.Digest.SHA256] = true
		}
		return out
	}
	rapid.Check(t, func(t *rapid.T) {
		a, b := draw(t, "one"), draw(t, "two")
		same := a.Requirement == b.Requirement && a.Status == b.Status && a.Statement == b.Statement && cmp.Equal(set(a), set(b))
		if got := (review.Record{Requirement: a.Requirement, Answer: a}).Covers(b); got != same {
			t.Errorf("covers %v, want %v:\n%+v\n%+v", got, same, a, b)
		}
	})
}
