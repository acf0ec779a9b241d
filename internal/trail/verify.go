package trail

import (
	"context"
	"fmt"
	"iter"
)

// Fault says why a trail does not verify; a locale key follows from it as
// "trail.fault." and the fault.
type Fault string

// The faults.
const (
	FaultHash      Fault = "hash"      // the fields are not those that were hashed
	FaultChain     Fault = "chain"     // the hash of the one before is another
	FaultMissing   Fault = "missing"   // a number is left out
	FaultTime      Fault = "time"      // it is older than the one before
	FaultAddress   Fault = "address"   // the address is not the one that was sealed
	FaultStart     Fault = "start"     // the oldest are gone, and no entry says that they were removed
	FaultAnchor    Fault = "anchor"    // the log has another hash for it
	FaultTruncated Fault = "truncated" // the log has anchors of entries that are gone
)

// Verdict is what Verify found.
type Verdict struct {
	OK bool `json:"ok"`
	// First and Last are the oldest and the newest number; both zero when there
	// are no entries.
	First int64 `json:"first"`
	Last  int64 `json:"last"`
	// Entries and Anchors count what was checked.
	Entries int64 `json:"entries"`
	Anchors int   `json:"anchors"`
	// Anchored is the newest number that the log vouches for: what is after it
	// could have been changed by whoever may write to the store.
	Anchored int64 `json:"anchored"`
	// Bad is the first number that does not hold, and Fault why.
	Bad   int64 `json:"bad,omitempty"`
	Fault Fault `json:"fault,omitempty"`
}

// read is how many entries are read at once.
const read = 1000

// All goes through every entry from a number on, oldest first.
func All(ctx context.Context, store Store, from int64) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		for {
			some, err := store.TrailEntries(ctx, from, read)
			if err != nil {
				yield(Entry{}, fmt.Errorf("read audit trail: %w", err))
				return
			}
			for _, e := range some {
				if !yield(e, nil) {
					return
				}
				from = e.Seq + 1
			}
			if len(some) < read {
				return
			}
		}
	}
}

// Verify walks the chain and holds it against the anchors, which come from the
// transparency log itself. The error is of the store alone.
func Verify(ctx context.Context, store Store, anchors []Anchor) (Verdict, error) {
	var v Verdict
	anchored := map[int64]Anchor{}
	for _, a := range anchors {
		anchored[a.Seq] = a
	}
	bad := func(seq int64, why Fault) (Verdict, error) {
		v.Bad, v.Fault = seq, why
		return v, nil
	}
	var prev Entry
	var cut int64 // up to where entries were removed in good order
	for e, err := range All(ctx, store, 0) {
		if err != nil {
			return Verdict{}, err
		}
		a, isAnchored := anchored[e.Seq]
		if v.Entries == 0 {
			v.First = e.Seq
			if e.Seq == 1 && e.Prev != "" {
				return bad(e.Seq, FaultChain)
			}
		} else if why := e.follows(prev); why != "" {
			if why == FaultMissing {
				return bad(prev.Seq+1, why)
			}
			return bad(e.Seq, why)
		}
		if why, err := e.whole(); why != "" || err != nil {
			return bad(e.Seq, why)
		}
		if isAnchored {
			if a.Hash != e.Hash || a.At != e.At {
				return bad(e.Seq, FaultAnchor)
			}
			v.Anchors++
			v.Anchored = e.Seq
		}
		if to, ok := e.cutAt(); ok {
			if _, known := anchored[to]; known {
				cut = max(cut, to)
			}
		}
		v.Entries, v.Last, prev = v.Entries+1, e.Seq, e
	}
	// The chain begins at its beginning, or before or at an anchor up to which it
	// says that it was cut.
	if v.First > 1 && cut < v.First {
		return bad(v.First, FaultStart)
	}
	for _, a := range anchors {
		if a.Seq > v.Last {
			return bad(v.Last+1, FaultTruncated)
		}
	}
	v.OK = true
	return v, nil
}

// follows says what is wrong with e as the one after prev, "" for nothing.
func (e Entry) follows(prev Entry) Fault {
	switch {
	case e.Seq != prev.Seq+1:
		return FaultMissing
	case e.Prev != prev.Hash:
		return FaultChain
	case e.At < prev.At:
		return FaultTime
	}
	return ""
}

// whole says what is wrong with e in itself.
func (e Entry) whole() (Fault, error) {
	hash, err := e.digest()
	if err != nil || hash != e.Hash {
		return FaultHash, nil //nolint:nilerr // what cannot be hashed was never written
	}
	if (e.Address == "") != (e.Salt == "") || e.Salt != "" && sealed(e.Salt, e.Address) != e.Sealed {
		return FaultAddress, nil
	}
	return "", nil
}
