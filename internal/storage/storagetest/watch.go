package storagetest

import (
	"errors"
	"slices"
	"sync"
	"testing"

	"felleskrav/internal/notify"
	"felleskrav/internal/organisation"
	"felleskrav/internal/status"
)

func watched(n organisation.Number, offering string) notify.Item {
	return notify.Item{
		Target: notify.Target{Supplier: n, Offering: offering}, Since: at, SeenAt: at,
		Seen: notify.Summary{Register: organisation.RegisterBankrupt, Marks: []notify.Mark{
			{Offering: id(), Name: unicodeText, Set: "x", Version: "1.0.0", Overall: status.Valid, Declaration: digest(), DeclaredAt: at, Link: unicodeText, LinkOverall: status.Missing, Reviews: 1 << 40},
			{Offering: id(), Overall: status.Missing},
		}},
	}
}

func keptWatched(i notify.Item) notify.Item {
	i.Since, i.SeenAt = utc, utc
	i.Seen.Marks = slices.Clone(i.Seen.Marks)
	i.Seen.Marks[0].DeclaredAt = utc
	return i
}

// RunWatchLists checks notify.Store.
func RunWatchLists(t *testing.T, open Open) {
	ctx, s := t.Context(), open(t)
	org, other := number(), number()
	add := func(org organisation.Number, i notify.Item) notify.List {
		t.Helper()
		return result[notify.List](t)(s.UpdateWatchList(ctx, org, func(l notify.List) (notify.List, error) {
			l.Items = append(slices.Clone(l.Items), i)
			return l, nil
		}))
	}
	want(t, result[notify.List](t)(s.WatchList(ctx, org)), notify.List{Org: org})
	one, two := watched(number(), ""), watched(number(), id())
	got := add(org, one)
	want(t, got, notify.List{Org: org, Items: []notify.Item{keptWatched(one)}, Rev: 1})
	got = add(org, two)
	want(t, got, notify.List{Org: org, Items: []notify.Item{keptWatched(one), keptWatched(two)}, Rev: 2})
	want(t, result[notify.List](t)(s.WatchList(ctx, org)), got)
	want(t, result[notify.List](t)(s.WatchList(ctx, other)), notify.List{Org: other})
	if _, err := s.UpdateWatchList(ctx, org, func(l notify.List) (notify.List, error) { l.Org = other; return l, nil }); err == nil {
		t.Error("an update moved a list to another body")
	}
	stop := errors.New("stop")
	if _, err := s.UpdateWatchList(ctx, org, func(l notify.List) (notify.List, error) { return notify.List{Org: org}, stop }); !errors.Is(err, stop) {
		t.Errorf("the updater's error is %v", err)
	}
	want(t, result[notify.List](t)(s.WatchList(ctx, org)), got)

	// Many add at once, also the very first time, and nothing is lost.
	var wg sync.WaitGroup
	for range 16 {
		n := number()
		wg.Go(func() {
			_, err := s.UpdateWatchList(ctx, other, func(l notify.List) (notify.List, error) {
				l.Items = append(slices.Clone(l.Items), watched(n, ""))
				return l, nil
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	want(t, len(result[notify.List](t)(s.WatchList(ctx, other)).Items), 16)
}
