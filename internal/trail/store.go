package trail

import (
	"context"
	"time"
)

// Store keeps entries and anchors.
type Store interface {
	// InsertTrailEntries adds entries of consecutive Seq. On any error exactly a
	// prefix of them, perhaps none or all, is stored; a Seq that is taken is
	// problem.ErrExists, and the entry that has it is not changed.
	InsertTrailEntries(ctx context.Context, entries []Entry) error
	// LastTrailEntry is the one with the highest Seq (problem.ErrNotFound).
	LastTrailEntry(ctx context.Context) (Entry, error)
	// TrailEntries lists those with Seq >= from, ascending, at most limit.
	TrailEntries(ctx context.Context, from int64, limit int) ([]Entry, error)
	// FindTrailEntries lists what the query asks for, newest first.
	FindTrailEntries(ctx context.Context, q Query) ([]Entry, error)
	// EraseTrailAddresses removes Address and Salt of entries with At < before,
	// the oldest first, at most limit, and says of how many.
	EraseTrailAddresses(ctx context.Context, before time.Time, limit int) (int, error)
	// DropTrailEntries removes entries with Seq < before, the oldest first, at
	// most limit, and says how many. What can be found of them goes too.
	DropTrailEntries(ctx context.Context, before int64, limit int) (int, error)

	// InsertTrailAnchor adds one (problem.ErrExists).
	InsertTrailAnchor(ctx context.Context, a Anchor) error
	// LastTrailAnchor is the newest anchor with At < before
	// (problem.ErrNotFound).
	LastTrailAnchor(ctx context.Context, before time.Time) (Anchor, error)
}

// Query chooses entries. The zero value of a field chooses all.
type Query struct {
	// Refs are as Entry.Refs gives them; an entry has all of them.
	Refs []string
	// From and To bound At: From <= At < To, in whole milliseconds.
	From, To time.Time
	// Before is a Seq: only those with lower ones.
	Before int64
	// Limit is the most entries; below one is none.
	Limit int
}

// Anchor says that an entry's hash stands in the transparency log.
type Anchor struct {
	Seq  int64  `json:"seq"`
	Hash string `json:"hash"`
	// At is the entry's own time, so that the same entry gives the same leaf.
	At int64 `json:"at"`
	// Index is the leaf's place in the log.
	Index int64 `json:"index"`
}
