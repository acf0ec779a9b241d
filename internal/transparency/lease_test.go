package transparency

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var testTimes = leaseTimes{2 * time.Second}

// Whatever writers do, one after the other and interleaved, at most one of them believes at any moment
// that it has the lease; the queue holds each waiting writer once, and not the holder; and a free lease
// goes to the first whose wish stands.
func TestLeaseIsOneWriters(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
		stored := Lease{Origin: "o"}
		writers := []string{"a", "b", "c", "d"}
		believes := map[string]time.Time{}
		read := map[string]Lease{} // what a writer has read and not yet acted on
		writer := rapid.SampledFrom(writers)
		swap := func(next Lease) bool {
			if stored.Rev != next.Rev {
				return false
			}
			next.Rev++
			stored = next
			return true
		}
		t.Repeat(map[string]func(*rapid.T){
			"read": func(t *rapid.T) { w := writer.Draw(t, "writer"); read[w] = stored },
			"ask": func(t *rapid.T) {
				w := writer.Draw(t, "writer")
				lease, ok := read[w]
				if !ok {
					lease = stored
				}
				delete(read, w)
				next, granted, changed := testTimes.ask(lease, w, now, false)
				if granted && !changed {
					t.Fatalf("%s has the lease by changing nothing", w)
				}
				if changed && !swap(next) {
					return
				}
				if !granted {
					return
				}
				if lease.Holder != w {
					for _, wish := range lease.Waiting {
						if wish.Until.After(now) && wish.Holder != w {
							t.Fatalf("%s was let in before %s", w, wish.Holder)
						}
						if wish.Holder == w {
							break
						}
					}
				}
				believes[w] = now.Add(testTimes.length)
			},
			"give back": func(t *rapid.T) {
				w := writer.Draw(t, "writer")
				if next, changed := giveBack(stored, w); changed && swap(next) {
					delete(believes, w)
				}
			},
			"wait": func(t *rapid.T) {
				now = now.Add(time.Duration(rapid.IntRange(0, 3000).Draw(t, "ms")) * time.Millisecond)
			},
			"": func(t *rapid.T) {
				var holders []string
				for w, until := range believes {
					if now.Before(until) {
						holders = append(holders, w)
					}
				}
				if len(holders) > 1 || len(holders) == 1 && stored.Holder != holders[0] {
					t.Fatalf("%v believe they have what %q has", holders, stored.Holder)
				}
				seen := map[string]bool{stored.Holder: stored.Holder != ""}
				for _, wish := range stored.Waiting {
					if seen[wish.Holder] {
						t.Fatalf("%s stands twice in %+v", wish.Holder, stored)
					}
					seen[wish.Holder] = true
				}
			},
		})
	})
}

// From any lease that may be stored, by writers that have died as well, every living writer gets its turn
// before long, when each asks as often as it should and gives way when somebody waits.
func TestLeaseGoesRound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
		moment := rapid.Custom(func(t *rapid.T) time.Time {
			return now.Add(time.Duration(rapid.IntRange(-5000, 2000).Draw(t, "ms")) * time.Millisecond)
		})
		lease := Lease{Holder: rapid.SampledFrom([]string{"", "a", "b", "dead"}).Draw(t, "holder"), Until: moment.Draw(t, "until")}
		for _, w := range rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"a", "b", "c", "dead too", "dead as well"}), 0, 5, rapid.ID).Draw(t, "waiting") {
			lease.Waiting = append(lease.Waiting, Wish{w, now.Add(min(testTimes.wish(), moment.Draw(t, "wish").Sub(now)))})
		}
		writers := []string{"a", "b", "c"}
		had := map[string]bool{}
		looked := map[string]time.Time{}
		// The dead holder's lease, the dead wishes, which lapse together, and a slice for each.
		end := now.Add(testTimes.length + testTimes.wish() + 4*(testTimes.slice()+2*testTimes.poll()))
		for ; now.Before(end); now = now.Add(testTimes.poll()) {
			rapid.Just(0).Draw(t, "tick")
			for _, w := range writers {
				switch {
				case lease.Holder == w && now.Sub(looked[w]) < testTimes.slice() && had[w]:
				case lease.Holder == w && wanted(lease, w):
					lease, _ = giveBack(lease, w)
				default:
					next, granted, _ := testTimes.ask(lease, w, now, false)
					lease = next
					if granted {
						had[w], looked[w] = true, now
					}
				}
			}
		}
		for _, w := range writers {
			if !had[w] {
				t.Fatalf("%s never had its turn; the lease is %+v", w, lease)
			}
		}
	})
}

func TestLeaseBoundaries(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	crowd := Lease{Holder: "a", Until: now.Add(time.Second)}
	for i := range maxWaiting {
		crowd.Waiting = append(crowd.Waiting, Wish{fmt.Sprint(i), now.Add(time.Millisecond)})
	}
	for name, c := range map[string]struct {
		lease            Lease
		over             bool
		granted, changed bool
		waiting          int
	}{
		"new":                       {Lease{}, false, true, true, 0},
		"held":                      {Lease{Holder: "a", Until: now.Add(time.Millisecond)}, false, false, true, 1},
		"run out just now":          {Lease{Holder: "a", Until: now}, false, true, true, 0},
		"held, but seen to be dead": {Lease{Holder: "a", Until: now.Add(time.Hour)}, true, true, true, 0},
		"free, somebody before":     {Lease{Waiting: []Wish{{"b", now.Add(time.Millisecond)}}}, false, false, true, 2},
		"free, lapsed before":       {Lease{Waiting: []Wish{{"b", now}}}, false, true, true, 0},
		"free, another clock's":     {Lease{Waiting: []Wish{{"b", now.Add(time.Hour)}}}, false, true, true, 0},
		"mine, somebody waits":      {Lease{Holder: "me", Until: now.Add(time.Second), Waiting: []Wish{{"b", now.Add(time.Second)}}}, false, true, true, 1},
		"wish stands":               {Lease{Holder: "a", Until: now.Add(time.Second), Waiting: []Wish{{"me", now.Add(400 * time.Millisecond)}}}, false, false, false, 1},
		"wish fades":                {Lease{Holder: "a", Until: now.Add(time.Second), Waiting: []Wish{{"me", now.Add(200 * time.Millisecond)}}}, false, false, true, 1},
		"no room":                   {crowd, false, false, false, maxWaiting},
	} {
		before := slices.Clone(c.lease.Waiting)
		next, granted, changed := testTimes.ask(c.lease, "me", now, c.over)
		if granted != c.granted || changed != c.changed || len(next.Waiting) != c.waiting {
			t.Errorf("%s: granted %t, changed %t, %+v", name, granted, changed, next)
		}
		if granted && (next.Holder != "me" || !next.Until.Equal(now.Add(testTimes.length))) {
			t.Errorf("%s: %+v", name, next)
		}
		if !slices.Equal(before, c.lease.Waiting) {
			t.Errorf("%s: the lease given was changed", name)
		}
	}
}
