package transparency

import (
	"slices"
	"time"
)

const (
	// DefaultLease is how long a writer that has died keeps the others from sequencing.
	DefaultLease = 2 * time.Second
	// maxWaiting bounds the queue in a lease; whoever is not in it asks again.
	maxWaiting = 32
)

// leaseTimes are the times of a lease, as parts of its length. A writer looks at the lease it holds each
// slice, and lets the others have it then if any wait. Those ask each poll, and their wish stands for
// wish. A writer with nothing to do gives the lease back after linger, and after quick if others are about.
type leaseTimes struct{ length time.Duration }

func (t leaseTimes) slice() time.Duration  { return t.length / 20 }
func (t leaseTimes) poll() time.Duration   { return t.length / 100 }
func (t leaseTimes) wish() time.Duration   { return t.length / 4 }
func (t leaseTimes) linger() time.Duration { return t.length / 2 }
func (t leaseTimes) quick() time.Duration  { return t.length / 100 }

// nearby is how long another writer is reckoned with after it was seen.
const nearby = time.Minute

// ask is what me does to have the lease, or to keep it: the lease as it is to be stored, whether me has
// it then, and whether anything changed that must be stored. A lease that is free or has run out goes to
// the one who has waited longest and still does. One that runs is extended for its holder, no matter who
// waits: giving it up is for the holder. over says that me has seen the running lease stand still for a
// whole length by its own clock, and so need not believe a holder whose clock is ahead.
func (t leaseTimes) ask(l Lease, me string, now time.Time, over bool) (next Lease, granted, changed bool) {
	next = l
	next.Waiting = slices.DeleteFunc(slices.Clone(l.Waiting), func(w Wish) bool {
		// A wish further ahead than any can be is another clock's, and the next in line does not wait for it.
		return !w.Until.After(now) || w.Until.After(now.Add(2*t.length))
	})
	mine := l.Holder == me
	free := l.Holder == "" || over || !l.Until.After(now)
	first := len(next.Waiting) == 0 || next.Waiting[0].Holder == me
	if mine || free && first {
		if !mine && l.Holder != "" {
			next.Last = l.Holder
		}
		next.Holder, next.Until = me, whole(now.Add(t.length))
		next.Waiting = slices.DeleteFunc(next.Waiting, func(w Wish) bool { return w.Holder == me })
		return next, true, true
	}
	until := whole(now.Add(t.wish()))
	at := slices.IndexFunc(next.Waiting, func(w Wish) bool { return w.Holder == me })
	switch {
	case at >= 0 && next.Waiting[at].Until.Sub(now) > t.wish()/2:
		return l, false, false // still stands
	case at >= 0:
		next.Waiting[at].Until = until
	case len(next.Waiting) == maxWaiting:
		return l, false, false
	default:
		next.Waiting = append(next.Waiting, Wish{me, until})
	}
	return next, false, true
}

// giveBack frees the lease if me holds it.
func giveBack(l Lease, me string) (next Lease, changed bool) {
	if l.Holder != me {
		return l, false
	}
	l.Holder, l.Last, l.Until = "", me, time.Time{}
	return l, true
}

// wanted says whether anybody else waits. Whether the wish still stands by this writer's clock does not
// matter: one that does not is gone when the lease is asked for again.
func wanted(l Lease, me string) bool {
	return slices.ContainsFunc(l.Waiting, func(w Wish) bool { return w.Holder != me })
}

// others says whether l tells of any writer but me.
func others(l Lease, me string) bool {
	return l.Holder != "" && l.Holder != me || l.Last != "" && l.Last != me || wanted(l, me)
}

// whole is a time as stores keep it.
func whole(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }
