package storagetest

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"felleskrav/internal/attestation"
	"felleskrav/internal/problem"
)

func recordFor(offering, set string, received time.Time) attestation.Record {
	return attestation.Record{
		Digest: fmt.Sprintf("%x", sha256.Sum256([]byte(id()))), Supplier: number(), SupplierName: unicodeText, Offering: offering,
		Descriptor: digest(), Set: set, SetVersion: "1.0", SetDigest: digest(), KeyID: digest(),
		DeclaredAt: at, ValidUntil: at, ReceivedAt: received,
		Answers: []attestation.Answer{
			{Requirement: "K-LOG-01", Status: attestation.Met, Evidence: []attestation.EvidenceRef{{Name: "æ.pdf", Digest: attestation.DigestSet{SHA256: digest()}}}},
			{Requirement: "K-LOG-02", Status: attestation.Partial, Statement: unicodeText},
		},
		Bundle: []byte("{\"bundle\": \"\x00\xff\"}"),
	}
}

func keptRecord(v attestation.Record) attestation.Record {
	v.DeclaredAt, v.ValidUntil, v.ReceivedAt = utc, utc, v.ReceivedAt.UTC().Truncate(time.Millisecond)
	return v
}

func withoutBundle(v attestation.Record) attestation.Record {
	v.Bundle = nil
	return keptRecord(v)
}

func digests(all []attestation.Record) []string {
	got := make([]string, 0, len(all))
	for _, v := range all {
		got = append(got, v.Digest)
	}
	return got
}

// RunAttestations checks attestation.Store.
func RunAttestations(t *testing.T, open Open) {
	ctx, s := t.Context(), open(t)
	insert := func(t *testing.T, v attestation.Record) attestation.Record {
		t.Helper()
		check(t, s.InsertAttestation(ctx, v))
		return v
	}
	t.Run("round trip", func(t *testing.T) {
		v := insert(t, recordFor(id(), "a", at))
		want(t, result[attestation.Record](t)(s.Attestation(ctx, v.Digest)), keptRecord(v))
		again := v
		again.SupplierName = "another"
		wantErr(t, s.InsertAttestation(ctx, again), problem.ErrExists)
		want(t, result[attestation.Record](t)(s.Attestation(ctx, v.Digest)), keptRecord(v))
		_, err := s.Attestation(ctx, digest())
		wantErr(t, err, problem.ErrNotFound)
	})
	t.Run("nil and empty", func(t *testing.T) {
		v := recordFor(id(), "a", at)
		v.Answers, v.Bundle = nil, nil
		insert(t, v)
		w := recordFor(id(), "a", at)
		w.Answers, w.Bundle = []attestation.Answer{}, []byte{}
		insert(t, w)
		a, b := result[attestation.Record](t)(s.Attestation(ctx, v.Digest)), result[attestation.Record](t)(s.Attestation(ctx, w.Digest))
		if a.Answers != nil || a.Bundle != nil || b.Answers == nil || b.Bundle != nil {
			t.Errorf("got %#v %#v and %#v %#v", a.Answers, a.Bundle, b.Answers, b.Bundle)
		}
	})
	t.Run("order", func(t *testing.T) {
		o := id()
		var all []attestation.Record
		for i := range 6 { // two each at three times
			all = append(all, insert(t, recordFor(o, "a", at.Add(time.Duration(i/2)*time.Second))))
		}
		b := insert(t, recordFor(o, "b", at.Add(time.Minute)))
		insert(t, recordFor(id(), "a", at))
		slices.SortFunc(all, func(x, y attestation.Record) int {
			if c := y.ReceivedAt.Compare(x.ReceivedAt); c != 0 {
				return c
			}
			if x.Digest > y.Digest {
				return -1
			}
			return 1
		})
		got := result[[]attestation.Record](t)(s.AttestationsFor(ctx, o, "a", 100))
		want(t, digests(got), digests(all))
		want(t, got[0], withoutBundle(all[0]))
		want(t, digests(result[[]attestation.Record](t)(s.AttestationsFor(ctx, o, "a", 3))), digests(all[:3]))
		want(t, digests(result[[]attestation.Record](t)(s.AttestationsFor(ctx, o, "", 2))), []string{b.Digest, all[0].Digest})
		want(t, digests(result[[]attestation.Record](t)(s.AttestationsFor(ctx, o, "c", 2))), []string{})
		want(t, digests(result[[]attestation.Record](t)(s.AttestationsFor(ctx, o, "", 0))), []string{})
	})
	t.Run("since", func(t *testing.T) {
		later := at.AddDate(1, 0, 0)
		var w []string
		for i := range 4 {
			w = append(w, insert(t, recordFor(id(), "a", later.Add(time.Duration(i)*time.Millisecond))).Digest)
		}
		want(t, result[[]string](t)(s.AttestationsSince(ctx, later, 100)), w)
		want(t, result[[]string](t)(s.AttestationsSince(ctx, later.Add(time.Millisecond), 2)), w[1:3])
		want(t, result[[]string](t)(s.AttestationsSince(ctx, later.Add(time.Hour), 2)), []string{})
		want(t, result[[]string](t)(s.AttestationsSince(ctx, later, -1)), []string{})
	})
	t.Run("newest", func(t *testing.T) {
		// Later than what any other part of the suite declares.
		latest := at.AddDate(100, 0, 0)
		var all []attestation.Record
		for i := range 7 {
			all = append(all, insert(t, recordFor(id(), "a", latest.Add(time.Duration(i/2)*time.Second))))
		}
		slices.SortFunc(all, func(x, y attestation.Record) int {
			return cmp.Or(y.ReceivedAt.Compare(x.ReceivedAt), cmp.Compare(y.Digest, x.Digest))
		})
		for _, size := range []int{1, 3, 7} {
			var got []string
			for after := (attestation.Position{}); len(got) < len(all); {
				page := result[[]attestation.Record](t)(s.NewestAttestations(ctx, after, min(size, len(all)-len(got))))
				if len(page) == 0 {
					break
				}
				got = append(got, digests(page)...)
				after = attestation.Position{ReceivedAt: page[len(page)-1].ReceivedAt, Digest: page[len(page)-1].Digest}
			}
			want(t, got, digests(all))
		}
		first := result[[]attestation.Record](t)(s.NewestAttestations(ctx, attestation.Position{}, 1))
		want(t, first[0], withoutBundle(all[0]).Outline())
		want(t, result[[]attestation.Record](t)(s.NewestAttestations(ctx, attestation.Position{}, 0)), []attestation.Record{})
		before := attestation.Position{ReceivedAt: time.Unix(0, 0)}
		want(t, result[[]attestation.Record](t)(s.NewestAttestations(ctx, before, 5)), []attestation.Record{})
	})
	t.Run("revision", func(t *testing.T) {
		o := id()
		rev := func() string { t.Helper(); return result[string](t)(s.AttestationsRevision(ctx, o)) }
		seen := map[string]bool{}
		changed := func(why string) {
			t.Helper()
			r := rev()
			if seen[r] {
				t.Fatalf("%s: revision %q was seen before", why, r)
			}
			seen[r] = true
			want(t, rev(), r)
		}
		changed("nothing yet")
		v := insert(t, recordFor(o, "a", at))
		changed("declared")
		insert(t, recordFor(o, "b", at.Add(-time.Hour)))
		changed("declared with an older time")
		check(t, s.InsertWithdrawal(ctx, attestation.Withdrawal{Attestation: v.Digest, Offering: o, At: at}))
		changed("withdrawn")
		r := rev()
		wantErr(t, s.InsertAttestation(ctx, v), problem.ErrExists)
		wantErr(t, s.InsertWithdrawal(ctx, attestation.Withdrawal{Attestation: v.Digest, Offering: o, At: at}), problem.ErrExists)
		x := insert(t, recordFor(id(), "a", at))
		check(t, s.InsertWithdrawal(ctx, attestation.Withdrawal{Attestation: x.Digest, Offering: x.Offering, At: at}))
		want(t, rev(), r)
	})
	t.Run("withdrawals", func(t *testing.T) {
		w := attestation.Withdrawal{
			Attestation: digest(), Supplier: number(), Offering: id(), Set: "a", Reason: unicodeText, At: at, KeyID: digest(), Digest: digest(), Bundle: []byte{0, 255},
		}
		check(t, s.InsertWithdrawal(ctx, w))
		again := w
		again.Reason = "another"
		wantErr(t, s.InsertWithdrawal(ctx, again), problem.ErrExists)
		other := w
		other.Attestation = digest()
		check(t, s.InsertWithdrawal(ctx, other))
		kept := w
		kept.At = utc
		want(t, result[attestation.Withdrawal](t)(s.Withdrawal(ctx, w.Attestation)), kept)
		_, err := s.Withdrawal(ctx, digest())
		wantErr(t, err, problem.ErrNotFound)
		w.At, w.Bundle, other.At, other.Bundle = utc, nil, utc, nil
		want(t, result[[]attestation.Withdrawal](t)(s.Withdrawals(ctx, []string{other.Attestation, digest(), w.Attestation, w.Attestation})), []attestation.Withdrawal{w, other})
		for _, none := range [][]string{nil, {}, {digest()}} {
			want(t, result[[]attestation.Withdrawal](t)(s.Withdrawals(ctx, none)), []attestation.Withdrawal{})
		}
	})
	t.Run("withdrawals since", func(t *testing.T) {
		later := at.AddDate(1, 0, 0)
		var of []string
		for i := range 4 {
			w := attestation.Withdrawal{Attestation: digest(), Offering: id(), At: later.Add(time.Duration(i) * time.Millisecond)}
			check(t, s.InsertWithdrawal(ctx, w))
			of = append(of, w.Attestation)
		}
		want(t, result[[]string](t)(s.WithdrawalsSince(ctx, later, 100)), of)
		want(t, result[[]string](t)(s.WithdrawalsSince(ctx, later.Add(time.Millisecond), 2)), of[1:3])
		want(t, result[[]string](t)(s.WithdrawalsSince(ctx, later.Add(time.Hour), 2)), []string{})
		want(t, result[[]string](t)(s.WithdrawalsSince(ctx, later, -1)), []string{})
	})
	t.Run("parallel inserts", func(t *testing.T) {
		o := id()
		var wg sync.WaitGroup
		errs := make([]error, 64)
		dup := recordFor(o, "a", at)
		for i := range errs {
			wg.Go(func() {
				if i%4 == 0 { // failing neighbours must not touch the others
					errs[i] = s.InsertAttestation(ctx, dup)
				} else {
					errs[i] = s.InsertAttestation(ctx, recordFor(o, "a", at))
				}
			})
		}
		wg.Wait()
		exists := 0
		for _, err := range errs {
			if err != nil {
				wantErr(t, err, problem.ErrExists)
				exists++
			}
		}
		want(t, exists, 15)
		want(t, len(result[[]attestation.Record](t)(s.AttestationsFor(ctx, o, "a", 1000))), 49)
	})
}

// RunLatest checks attestation.Store's LatestAttestations at three sizes.
func RunLatest(t *testing.T, open Open) {
	ctx, s := t.Context(), open(t)
	const all = 400
	offerings := make([]string, all)
	newest := map[string][]attestation.Record{}
	var wg sync.WaitGroup
	var mu sync.Mutex
	for i := range offerings {
		o := id()
		offerings[i] = o
		wg.Go(func() {
			for n := range i % 4 { // some have none
				set := "a"
				if n == 2 {
					set = "b"
				}
				v := recordFor(o, set, at.Add(time.Duration(n)*time.Second))
				if err := s.InsertAttestation(ctx, v); err != nil {
					t.Error(err)
				}
				mu.Lock()
				newest[o] = slices.Insert(newest[o], 0, withoutBundle(v))
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	expected := func(asked []string, set string, per int) []attestation.Record {
		got := []attestation.Record{}
		for _, o := range asked {
			n := 0
			for _, v := range newest[o] {
				if (set == "" || v.Set == set) && n < per {
					got = append(got, v)
					n++
				}
			}
		}
		return got
	}
	for _, size := range []int{1, 37, 10_000} {
		asked := slices.Clone(offerings[:min(size, all)])
		slices.Reverse(asked)
		for len(asked) < size { // absent ones are left out
			asked = append(asked, id())
		}
		for _, set := range []string{"", "a", "b", "c"} {
			for _, per := range []int{0, 1, 2, 5} {
				got, err := s.LatestAttestations(ctx, asked, set, per)
				check(t, err)
				want(t, got, expected(asked, set, per))
				outlines := expected(asked, set, per)
				for i, r := range outlines {
					outlines[i] = r.Outline()
				}
				want(t, result[[]attestation.Record](t)(s.LatestOutlines(ctx, asked, set, per)), outlines)
			}
		}
	}
	twice := []string{offerings[3], offerings[2], offerings[3]}
	want(t, result[[]attestation.Record](t)(s.LatestAttestations(ctx, twice, "", 5)), expected(twice[:2], "", 5))
	want(t, result[[]attestation.Record](t)(s.LatestAttestations(ctx, nil, "", 5)), []attestation.Record{})
	want(t, result[[]attestation.Record](t)(s.LatestOutlines(ctx, nil, "a", 5)), []attestation.Record{})
}
