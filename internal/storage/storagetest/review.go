package storagetest

import (
	"slices"
	"sync"
	"testing"
	"time"

	"felleskrav/internal/attestation"
	"felleskrav/internal/organisation"
	"felleskrav/internal/problem"
	"felleskrav/internal/review"
)

func reviewOf(offering string, by organisation.Number, shared review.Sharing, received time.Time) review.Record {
	ref := attestation.EvidenceRef{Name: "æ.pdf", Digest: attestation.DigestSet{SHA256: digest()}}
	return review.Record{
		Digest: digest(), Reviewer: by, ReviewerName: unicodeText, Attestation: digest(), Supplier: number(), SupplierName: unicodeText, Offering: offering, Set: "a", SetVersion: "1.0",
		Requirement: "K-LOG-01", Answer: attestation.Answer{Requirement: "K-LOG-01", Status: attestation.Met, Evidence: []attestation.EvidenceRef{ref}},
		Evidence: []attestation.EvidenceRef{ref}, Outcome: review.AcceptedWithConditions, Reason: unicodeText, Conditions: unicodeText,
		ReviewedAt: at, ValidUntil: at, ReceivedAt: received, Shared: shared, KeyID: digest(), Bundle: []byte("{\"bundle\": \"\x00\xff\"}"),
	}
}

func keptReview(v review.Record) review.Record {
	v.ReviewedAt, v.ValidUntil, v.ReceivedAt = utc, utc, v.ReceivedAt.UTC().Truncate(time.Millisecond)
	return v
}

func reviewDigests(all []review.Record) []string {
	got := make([]string, 0, len(all))
	for _, v := range all {
		got = append(got, v.Digest)
	}
	return got
}

// newestReviews puts reviews in the order of a list.
func newestReviews(all []review.Record) []review.Record {
	all = slices.Clone(all)
	slices.SortFunc(all, func(a, b review.Record) int {
		if c := b.ReceivedAt.Compare(a.ReceivedAt); c != 0 {
			return c
		}
		if a.Digest > b.Digest {
			return -1
		}
		return 1
	})
	return all
}

// RunReviews checks the reviews of review.Store.
func RunReviews(t *testing.T, open Open) {
	ctx, s := t.Context(), open(t)
	insert := func(t *testing.T, v review.Record) review.Record {
		t.Helper()
		check(t, s.InsertReview(ctx, v))
		return v
	}
	t.Run("round trip", func(t *testing.T) {
		v := insert(t, reviewOf(id(), number(), review.SharedBody, at))
		want(t, result[review.Record](t)(s.Review(ctx, v.Digest)), keptReview(v))
		again := v
		again.Reason = "another"
		wantErr(t, s.InsertReview(ctx, again), problem.ErrExists)
		want(t, result[review.Record](t)(s.Review(ctx, v.Digest)), keptReview(v))
		_, err := s.Review(ctx, digest())
		wantErr(t, err, problem.ErrNotFound)
	})
	t.Run("nil and empty", func(t *testing.T) {
		v := reviewOf(id(), number(), review.SharedAgencies, at)
		v.Evidence, v.Bundle = nil, nil
		w := reviewOf(id(), number(), review.SharedAgencies, at)
		w.Evidence, w.Bundle = []attestation.EvidenceRef{}, []byte{}
		insert(t, v)
		insert(t, w)
		a, b := result[review.Record](t)(s.Review(ctx, v.Digest)), result[review.Record](t)(s.Review(ctx, w.Digest))
		if a.Evidence != nil || a.Bundle != nil || b.Evidence == nil || b.Bundle != nil {
			t.Errorf("got %#v %#v and %#v %#v", a.Evidence, a.Bundle, b.Evidence, b.Bundle)
		}
	})
	t.Run("who sees what", func(t *testing.T) {
		o, one, two := id(), number(), number()
		shared := insert(t, reviewOf(o, one, review.SharedAgencies, at))
		first := insert(t, reviewOf(o, one, review.SharedBody, at.Add(time.Second)))
		second := insert(t, reviewOf(o, two, review.SharedBody, at.Add(2*time.Second)))
		for viewer, w := range map[organisation.Number][]string{
			"": {shared.Digest}, number(): {shared.Digest}, one: {first.Digest, shared.Digest}, two: {second.Digest, shared.Digest},
		} {
			want(t, reviewDigests(result[[]review.Record](t)(s.Reviews(ctx, review.Query{Offering: o, Viewer: viewer, Limit: 10}))), w)
			want(t, reviewDigests(result[[]review.Record](t)(s.ReviewsOf(ctx, []string{o}, viewer))), w)
		}
		want(t, reviewDigests(result[[]review.Record](t)(s.Reviews(ctx, review.Query{Offering: o, Reviewer: one, Viewer: two, Limit: 10}))), []string{shared.Digest})
	})
	t.Run("query", func(t *testing.T) {
		o, by := id(), number()
		var all []review.Record
		for i := range 7 { // two each at three times, and one
			v := reviewOf(o, by, review.SharedAgencies, at.Add(time.Duration(i/2)*time.Second))
			v.Attestation, v.Supplier = all0(all, v).Attestation, all0(all, v).Supplier
			all = append(all, insert(t, v))
		}
		insert(t, reviewOf(id(), number(), review.SharedAgencies, at))
		newest := newestReviews(all)
		for _, q := range []review.Query{
			{Offering: o}, {Attestation: all[0].Attestation}, {Supplier: all[0].Supplier}, {Reviewer: by}, {Reviewer: by, Viewer: by},
			{Offering: o, Attestation: all[0].Attestation, Supplier: all[0].Supplier, Reviewer: by},
		} {
			q.Limit = 100
			got := result[[]review.Record](t)(s.Reviews(ctx, q))
			want(t, reviewDigests(got), reviewDigests(newest))
			first := keptReview(newest[0])
			first.Bundle = nil
			want(t, got[0], first)
			q.Limit = 3
			var pages []string
			for {
				page := reviewDigests(result[[]review.Record](t)(s.Reviews(ctx, q)))
				if len(page) == 0 {
					break
				}
				pages = append(pages, page...)
				q.After = page[len(page)-1]
			}
			want(t, pages, reviewDigests(newest))
			q.After, q.Limit = "", 0
			want(t, len(result[[]review.Record](t)(s.Reviews(ctx, q))), 0)
			q.After, q.Limit = digest(), 10
			want(t, len(result[[]review.Record](t)(s.Reviews(ctx, q))), 0)
		}
		want(t, len(result[[]review.Record](t)(s.Reviews(ctx, review.Query{Offering: o, Supplier: number(), Limit: 10}))), 0)
		some := result[[]review.Record](t)(s.Reviews(ctx, review.Query{Limit: 3}))
		want(t, len(some), 3)
	})
	t.Run("many offerings", func(t *testing.T) {
		const n = 300
		asked, w := make([]string, n), []string{}
		for i := range asked {
			asked[i] = id()
			var mine []review.Record
			for k := range i % 3 {
				mine = append(mine, insert(t, reviewOf(asked[i], number(), review.SharedAgencies, at.Add(time.Duration(k)*time.Second))))
			}
			w = append(w, reviewDigests(newestReviews(mine))...)
		}
		shuffled := slices.Clone(asked)
		slices.Reverse(shuffled)
		shuffled = append(shuffled, id(), asked[1])
		want(t, reviewDigests(result[[]review.Record](t)(s.ReviewsOf(ctx, shuffled, ""))), w)
		for _, none := range [][]string{nil, {}, {id()}} {
			want(t, result[[]review.Record](t)(s.ReviewsOf(ctx, none, "")), []review.Record{})
		}
	})
	t.Run("since", func(t *testing.T) {
		later := at.AddDate(1, 0, 0)
		var w []string
		for i := range 4 { // those that are not shared too
			shared := review.Sharings()[i%2]
			w = append(w, insert(t, reviewOf(id(), number(), shared, later.Add(time.Duration(i)*time.Millisecond))).Digest)
		}
		want(t, result[[]string](t)(s.ReviewsSince(ctx, later, 100)), w)
		want(t, result[[]string](t)(s.ReviewsSince(ctx, later.Add(time.Millisecond), 2)), w[1:3])
		want(t, result[[]string](t)(s.ReviewsSince(ctx, later.Add(time.Hour), 2)), []string{})
		want(t, result[[]string](t)(s.ReviewsSince(ctx, later, -1)), []string{})
	})
	t.Run("revision", func(t *testing.T) {
		o, one, two := id(), number(), number()
		viewers := []organisation.Number{"", one, two}
		now := func() []string {
			t.Helper()
			var out []string
			for _, v := range viewers {
				out = append(out, result[string](t)(s.ReviewsRevision(ctx, o, v)))
			}
			return out
		}
		before := now()
		changes := func(why string, which ...bool) {
			t.Helper()
			after := now()
			for i := range viewers {
				if changed := after[i] != before[i]; changed != which[i] {
					t.Errorf("%s: revision for viewer %d changed: %v, want %v", why, i, changed, which[i])
				}
			}
			before = after
		}
		shared := insert(t, reviewOf(o, one, review.SharedAgencies, at))
		changes("shared", true, true, true)
		private := insert(t, reviewOf(o, one, review.SharedBody, at.Add(-time.Hour)))
		changes("not shared", false, true, false)
		check(t, s.InsertReviewWithdrawal(ctx, review.Withdrawal{Review: private.Digest, Reviewer: one, Offering: o, Shared: review.SharedBody, At: at}))
		changes("withdrawn, not shared", false, true, false)
		check(t, s.InsertReviewWithdrawal(ctx, review.Withdrawal{Review: shared.Digest, Reviewer: one, Offering: o, Shared: review.SharedAgencies, At: at}))
		changes("withdrawn", true, true, true)
		insert(t, reviewOf(id(), one, review.SharedAgencies, at))
		wantErr(t, s.InsertReview(ctx, shared), problem.ErrExists)
		changes("nothing", false, false, false)
	})
	t.Run("parallel inserts", func(t *testing.T) {
		o := id()
		dup := reviewOf(o, number(), review.SharedAgencies, at)
		errs := make([]error, 32)
		var wg sync.WaitGroup
		for i := range errs {
			v := dup
			if i%4 != 0 {
				v = reviewOf(o, number(), review.SharedAgencies, at)
			}
			wg.Go(func() { errs[i] = s.InsertReview(ctx, v) })
		}
		wg.Wait()
		exists := 0
		for _, err := range errs {
			if err != nil {
				wantErr(t, err, problem.ErrExists)
				exists++
			}
		}
		want(t, exists, 7)
		want(t, len(result[[]review.Record](t)(s.ReviewsOf(ctx, []string{o}, ""))), 25)
	})
}

// all0 is the first of all, or v when there is none yet.
func all0(all []review.Record, v review.Record) review.Record {
	if len(all) == 0 {
		return v
	}
	return all[0]
}

// RunReviewWithdrawals checks the withdrawals of review.Store.
func RunReviewWithdrawals(t *testing.T, open Open) {
	ctx, s := t.Context(), open(t)
	t.Run("round trip", func(t *testing.T) {
		w := review.Withdrawal{
			Review: digest(), Reviewer: number(), Offering: id(), Shared: review.SharedBody, Reason: unicodeText, At: at, KeyID: digest(), Digest: digest(), Bundle: []byte{0, 255},
		}
		check(t, s.InsertReviewWithdrawal(ctx, w))
		again := w
		again.Reason = "another"
		wantErr(t, s.InsertReviewWithdrawal(ctx, again), problem.ErrExists)
		other := w
		other.Review = digest()
		check(t, s.InsertReviewWithdrawal(ctx, other))
		kept := w
		kept.At = utc
		want(t, result[review.Withdrawal](t)(s.ReviewWithdrawal(ctx, w.Review)), kept)
		_, err := s.ReviewWithdrawal(ctx, digest())
		wantErr(t, err, problem.ErrNotFound)
		w.At, w.Bundle, other.At, other.Bundle = utc, nil, utc, nil
		want(t, result[[]review.Withdrawal](t)(s.ReviewWithdrawals(ctx, []string{other.Review, digest(), w.Review, w.Review})), []review.Withdrawal{w, other})
		for _, none := range [][]string{nil, {}, {digest()}} {
			want(t, result[[]review.Withdrawal](t)(s.ReviewWithdrawals(ctx, none)), []review.Withdrawal{})
		}
	})
	t.Run("since", func(t *testing.T) {
		later := at.AddDate(1, 0, 0)
		var of []string
		for i := range 4 {
			w := review.Withdrawal{Review: digest(), Offering: id(), At: later.Add(time.Duration(i) * time.Millisecond)}
			check(t, s.InsertReviewWithdrawal(ctx, w))
			of = append(of, w.Review)
		}
		want(t, result[[]string](t)(s.ReviewWithdrawalsSince(ctx, later, 100)), of)
		want(t, result[[]string](t)(s.ReviewWithdrawalsSince(ctx, later.Add(time.Millisecond), 2)), of[1:3])
		want(t, result[[]string](t)(s.ReviewWithdrawalsSince(ctx, later.Add(time.Hour), 2)), []string{})
		want(t, result[[]string](t)(s.ReviewWithdrawalsSince(ctx, later, -1)), []string{})
	})
}
