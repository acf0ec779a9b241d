package storagetest

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"felleskrav/internal/attestation"
	"felleskrav/internal/attestation/answerdraft"
	"felleskrav/internal/problem"
)

func answerDraft() answerdraft.Draft {
	saved := func(a attestation.Answer) answerdraft.Saved {
		return answerdraft.Saved{Answer: a, Version: "1.0.0", By: "person:x", At: at, Form: "f"}
	}
	return answerdraft.Draft{
		Offering: id(), Set: "grunnsett", Supplier: number(), ValidUntil: "2027-01-01", UpdatedAt: at, UpdatedBy: "person:x", KeepUntil: at,
		Answers: map[string]answerdraft.Entry{
			"K-A-01": {Saved: saved(attestation.Answer{Requirement: "K-A-01", Statement: unicodeText}), Others: []answerdraft.Saved{
				saved(attestation.Answer{Requirement: "K-A-01", Status: attestation.Met, Evidence: []attestation.EvidenceRef{{Name: "x", Digest: attestation.DigestSet{SHA256: digest()}}}}),
			}},
			"K-A-02": {Saved: saved(attestation.Answer{Requirement: "K-A-02", Status: attestation.NotMet})},
		},
	}
}

func keptAnswerDraft(d answerdraft.Draft, rev int64) answerdraft.Draft {
	d.UpdatedAt, d.KeepUntil, d.Rev = utc, utc, rev
	answers := map[string]answerdraft.Entry{}
	for k, e := range d.Answers {
		e.At = utc
		e.Others = slices.Clone(e.Others)
		for i := range e.Others {
			e.Others[i].At = utc
		}
		answers[k] = e
	}
	d.Answers = answers
	return d
}

// RunAnswerDrafts checks answerdraft.Store.
func RunAnswerDrafts(t *testing.T, open Open) {
	ctx, s := t.Context(), open(t)
	put := func(t *testing.T, d answerdraft.Draft) {
		t.Helper()
		_, err := s.UpdateAnswerDraft(ctx, d.Offering, d.Set, func(answerdraft.Draft) (answerdraft.Draft, error) { return d, nil })
		check(t, err)
	}
	t.Run("round trip", func(t *testing.T) {
		v := answerDraft()
		_, err := s.AnswerDraft(ctx, v.Offering, v.Set)
		wantErr(t, err, problem.ErrNotFound)
		saved, err := s.UpdateAnswerDraft(ctx, v.Offering, v.Set, func(d answerdraft.Draft) (answerdraft.Draft, error) {
			want(t, d, answerdraft.Draft{Offering: v.Offering, Set: v.Set})
			return v, nil
		})
		check(t, err)
		want(t, saved, keptAnswerDraft(v, 1))
		want(t, result[answerdraft.Draft](t)(s.AnswerDraft(ctx, v.Offering, v.Set)), saved)
		_, err = s.AnswerDraft(ctx, v.Offering, "skytjenester")
		wantErr(t, err, problem.ErrNotFound)
	})
	t.Run("remove", func(t *testing.T) {
		v := answerDraft()
		put(t, v)
		check(t, s.RemoveAnswerDraft(ctx, v.Offering, v.Set, 2)) // somebody has looked at another one
		want(t, result[answerdraft.Draft](t)(s.AnswerDraft(ctx, v.Offering, v.Set)).Rev, int64(1))
		check(t, s.RemoveAnswerDraft(ctx, v.Offering, v.Set, 1))
		check(t, s.RemoveAnswerDraft(ctx, v.Offering, v.Set, 1))
		_, err := s.AnswerDraft(ctx, v.Offering, v.Set)
		wantErr(t, err, problem.ErrNotFound)
	})
	t.Run("due", func(t *testing.T) {
		at := at.Add(7000 * time.Hour)
		keep := func(until time.Time) string {
			v := answerDraft()
			v.KeepUntil = until
			put(t, v)
			return v.Offering
		}
		late, early := keep(at.Add(time.Hour)), keep(at)
		mine := func(until time.Time, limit int) []string {
			out := []string{}
			for _, d := range result[[]answerdraft.Draft](t)(s.DueAnswerDrafts(ctx, until, limit)) {
				if d.Offering == late || d.Offering == early {
					out = append(out, d.Offering)
				}
			}
			return out
		}
		want(t, mine(at.Add(-time.Second), 1000), []string{})
		want(t, mine(at, 1000), []string{early})
		want(t, mine(at.Add(time.Hour), 1000), []string{early, late})
		want(t, mine(at.Add(time.Hour), 0), []string{})
	})
	t.Run("many begin at once", func(t *testing.T) {
		v := answerDraft()
		var wg sync.WaitGroup
		for range 12 {
			requirement := id()
			wg.Go(func() {
				_, err := s.UpdateAnswerDraft(ctx, v.Offering, v.Set, func(d answerdraft.Draft) (answerdraft.Draft, error) {
					answers := map[string]answerdraft.Entry{requirement: {}}
					for k, e := range d.Answers {
						answers[k] = e
					}
					d.Answers = answers
					return d, nil
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		want(t, len(result[answerdraft.Draft](t)(s.AnswerDraft(ctx, v.Offering, v.Set)).Answers), 12)
	})
	t.Run("key", func(t *testing.T) {
		v := answerDraft()
		put(t, v)
		_, err := s.UpdateAnswerDraft(ctx, v.Offering, v.Set, func(d answerdraft.Draft) (answerdraft.Draft, error) { d.Set = "other"; return d, nil })
		if err == nil {
			t.Error("an update moved a draft to another set")
		}
	})
	t.Run("updater error", func(t *testing.T) {
		v := answerDraft()
		_, err := s.UpdateAnswerDraft(ctx, v.Offering, v.Set, func(answerdraft.Draft) (answerdraft.Draft, error) { return answerdraft.Draft{}, context.Canceled })
		wantErr(t, err, context.Canceled)
		_, err = s.AnswerDraft(ctx, v.Offering, v.Set)
		wantErr(t, err, problem.ErrNotFound)
	})
	t.Run("large", func(t *testing.T) {
		v := answerDraft()
		e := v.Answers["K-A-02"]
		e.Answer.Statement = strings.Repeat("æ", 1<<20)
		v.Answers["K-A-02"] = e
		put(t, v)
		want(t, len(result[answerdraft.Draft](t)(s.AnswerDraft(ctx, v.Offering, v.Set)).Answers["K-A-02"].Answer.Statement), 2<<20)
	})
}
