package storagetest

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"felleskrav/internal/problem"
	"felleskrav/internal/trail"
)

func trailEntry(seq int64) trail.Entry {
	return trail.Entry{
		Seq: seq, At: utc.UnixMilli() + seq, Actor: "person:" + fmt.Sprint(seq%3), Org: "910000004", Action: "evidence.read", Operation: "GET /evidence/:sha256",
		Targets: []trail.Target{{Kind: "evidence", ID: fmt.Sprint("t", seq%5)}}, Owner: "910000012", Status: 200, Request: id(),
		Prev: digest(), Hash: digest(), Address: "192.0.2.1", Salt: "00", Sealed: digest(),
	}
}

func trailSeqs(t *testing.T) func([]trail.Entry, error) []int64 {
	return func(all []trail.Entry, err error) []int64 {
		t.Helper()
		check(t, err)
		out := []int64{}
		for _, e := range all {
			out = append(out, e.Seq)
		}
		return out
	}
}

// RunTrail checks trail.Store, and that the trail holds on it.
func RunTrail(t *testing.T, open Open) {
	ctx := t.Context()
	t.Run("round trip", func(t *testing.T) {
		s := open(t)
		_, err := s.LastTrailEntry(ctx)
		wantErr(t, err, problem.ErrNotFound)
		want(t, trailSeqs(t)(s.TrailEntries(ctx, 0, 10)), []int64{})
		check(t, s.InsertTrailEntries(ctx, nil))
		one, two := trailEntry(1), trailEntry(2)
		check(t, s.InsertTrailEntries(ctx, []trail.Entry{one, two}))
		want(t, result[trail.Entry](t)(s.LastTrailEntry(ctx)), two)
		want(t, result[[]trail.Entry](t)(s.TrailEntries(ctx, 1, 10)), []trail.Entry{one, two})
		want(t, trailSeqs(t)(s.TrailEntries(ctx, 2, 10)), []int64{2})
		want(t, trailSeqs(t)(s.TrailEntries(ctx, 1, 0)), []int64{})
	})
	t.Run("insert only", func(t *testing.T) {
		s := open(t)
		one := trailEntry(1)
		check(t, s.InsertTrailEntries(ctx, []trail.Entry{one}))
		other := trailEntry(1)
		other.Actor = "person:thief"
		wantErr(t, s.InsertTrailEntries(ctx, []trail.Entry{other, trailEntry(2)}), problem.ErrExists)
		want(t, result[[]trail.Entry](t)(s.TrailEntries(ctx, 0, 10)), []trail.Entry{one})
		want(t, trailSeqs(t)(s.FindTrailEntries(ctx, trail.Query{Refs: []string{"actor:person:thief"}, Limit: 10})), []int64{})
	})
	t.Run("find", func(t *testing.T) {
		s := open(t)
		var all []trail.Entry
		for seq := int64(1); seq <= 30; seq++ {
			all = append(all, trailEntry(seq))
		}
		check(t, s.InsertTrailEntries(ctx, all))
		at := func(seq int64) time.Time { return time.UnixMilli(utc.UnixMilli() + seq) }
		for name, x := range map[string]struct {
			q    trail.Query
			want func(trail.Entry) bool
		}{
			"all":    {trail.Query{}, func(trail.Entry) bool { return true }},
			"actor":  {trail.Query{Refs: []string{"actor:person:1"}}, func(e trail.Entry) bool { return e.Actor == "person:1" }},
			"owner":  {trail.Query{Refs: []string{"org:910000012"}}, func(trail.Entry) bool { return true }},
			"by":     {trail.Query{Refs: []string{"by:910000012"}}, func(trail.Entry) bool { return false }},
			"target": {trail.Query{Refs: []string{"target:t2", "org:910000004"}}, func(e trail.Entry) bool { return e.Seq%5 == 2 }},
			"many":   {trail.Query{Refs: []string{"org:910000004", "target:t2", "actor:person:0", "action:evidence.read"}}, func(e trail.Entry) bool { return e.Seq%15 == 12 }},
			"from":   {trail.Query{From: at(12)}, func(e trail.Entry) bool { return e.Seq >= 12 }},
			"to":     {trail.Query{To: at(12), Refs: []string{"actor:person:1"}}, func(e trail.Entry) bool { return e.Seq < 12 && e.Seq%3 == 1 }},
			"after":  {trail.Query{From: at(31)}, func(trail.Entry) bool { return false }},
			"ahead":  {trail.Query{To: at(0)}, func(trail.Entry) bool { return false }},
			"none":   {trail.Query{Refs: []string{"actor:\x00\xff"}}, func(trail.Entry) bool { return false }},
		} {
			wanted := []int64{}
			for _, e := range slices.Backward(all) {
				if x.want(e) {
					wanted = append(wanted, e.Seq)
				}
			}
			for _, size := range []int{1, 4, 100} {
				got, q := []int64{}, x.q
				for q.Limit = size; ; {
					page := trailSeqs(t)(s.FindTrailEntries(ctx, q))
					got = append(got, page...)
					if len(page) < size {
						break
					}
					q.Before = page[len(page)-1]
				}
				if !slices.Equal(got, wanted) {
					t.Errorf("%s by %d: %v, want %v", name, size, got, wanted)
				}
			}
		}
		want(t, trailSeqs(t)(s.FindTrailEntries(ctx, trail.Query{Limit: 0})), []int64{})
	})
	t.Run("two writers do not fork", func(t *testing.T) {
		s := open(t)
		const writers, each = 4, 25
		var wg sync.WaitGroup
		for w := range writers {
			svc := trail.New(trail.Config{Store: s})
			wg.Go(func() {
				defer svc.Close()
				for i := range each {
					if err := svc.Record(ctx, trail.Entry{Actor: fmt.Sprintf("machine:%d", w), Action: "x", Request: fmt.Sprint(w, "-", i)}); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		v := result[trail.Verdict](t)(trail.Verify(ctx, s, nil))
		if !v.OK || v.Entries != writers*each {
			t.Fatalf("%+v", v)
		}
		seen := map[string]bool{}
		for e, err := range trail.All(ctx, s, 0) {
			check(t, err)
			if seen[e.Request] {
				t.Errorf("%s is there twice", e.Request)
			}
			seen[e.Request] = true
		}
	})
	t.Run("retention and addresses", func(t *testing.T) { trailKept(t, open) })
	t.Run("faults", func(t *testing.T) {
		for _, when := range Moments() {
			f := NewFaulty(open(t))
			svc := trail.New(trail.Config{Store: f})
			check(t, svc.Record(ctx, trail.Entry{Actor: "a", Action: "x"}))
			f.Fail(InsertTrail, 1, when)
			var wg sync.WaitGroup
			for i := range 20 {
				wg.Go(func() {
					if err := svc.Record(ctx, trail.Entry{Actor: "a", Action: "x", Request: fmt.Sprint(i)}); err != nil {
						t.Error(err)
					}
				})
			}
			wg.Wait()
			svc.Close()
			if v := result[trail.Verdict](t)(trail.Verify(ctx, f, nil)); !v.OK || v.Entries != 21 {
				t.Errorf("fault at %v: %+v", when, v)
			}
		}
	})
}

// plainLog is a log that only counts.
type plainLog struct{ anchors []trail.Anchor }

func (l *plainLog) Append(_ context.Context, _ string, body []byte) (int64, time.Time, error) {
	a, _ := trail.ReadAnchor(body)
	l.anchors = append(l.anchors, a)
	return int64(len(l.anchors) - 1), time.Time{}, nil
}

func trailKept(t *testing.T, open Open) {
	ctx, s, now := t.Context(), open(t), utc
	log := &plainLog{}
	svc := trail.New(trail.Config{
		Store: s, Log: log, Now: func() time.Time { return now }, Retention: 100 * 24 * time.Hour, Addresses: 10 * 24 * time.Hour,
	})
	defer svc.Close()
	days := func(n int) {
		for range n {
			check(t, svc.Record(ctx, trail.Entry{Actor: "person:x", Org: "910000004", Action: "x", Address: "2001:db8::1"}))
			_, err := svc.Anchor(ctx)
			check(t, err)
			now = now.Add(24 * time.Hour)
		}
	}
	verify := func() trail.Verdict {
		t.Helper()
		v := result[trail.Verdict](t)(trail.Verify(ctx, s, log.anchors))
		if !v.OK {
			t.Fatalf("%+v", v)
		}
		return v
	}
	days(50)
	want(t, verify().Anchored, int64(50))
	did := result[trail.Swept](t)(svc.Sweep(ctx))
	want(t, did, trail.Swept{Addresses: 40}) // those of the last ten days stay
	verify()
	for e, err := range trail.All(ctx, s, 0) {
		check(t, err)
		if (e.Address == "") != (e.Seq <= 40) || (e.Salt == "") != (e.Address == "") || e.Sealed == "" {
			t.Errorf("entry %d has address %q, salt %q and seal %q", e.Seq, e.Address, e.Salt, e.Sealed)
		}
	}
	days(100)
	did = result[trail.Swept](t)(svc.Sweep(ctx))
	if did.Entries != 49 {
		t.Errorf("dropped %d entries", did.Entries)
	}
	v := verify()
	want(t, []int64{v.First, v.Last}, []int64{50, 151}) // the last tells of the cut
	want(t, len(trailSeqs(t)(s.FindTrailEntries(ctx, trail.Query{Refs: []string{"by:910000004"}, Limit: 1000}))), 101)
	// Whoever takes more away is found out.
	_, err := s.DropTrailEntries(ctx, 55, 1000)
	check(t, err)
	if v := result[trail.Verdict](t)(trail.Verify(ctx, s, log.anchors)); v.OK || v.Bad != 55 || v.Fault != trail.FaultStart {
		t.Errorf("after a cut that nobody told of: %+v", v)
	}
}
