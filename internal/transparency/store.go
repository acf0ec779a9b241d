package transparency

import (
	"context"
	"errors"
	"time"

	"golang.org/x/mod/sumdb/tlog"
)

// Errors that a [Store] returns, wrapped or not; callers test them with errors.Is. A backend with
// sentinels of its own makes those match these.
var (
	// ErrNotFound says that what was asked for is not stored.
	ErrNotFound = errors.New("log record not found")
	// ErrExists says that an insert met a record with the same unique key, and did not change it.
	ErrExists = errors.New("log record exists")
	// ErrStale says that a compare-and-swap met another revision than the one it was built on.
	ErrStale = errors.New("log state is stale")
)

// Hash is a SHA-256 Merkle tree hash (RFC 6962 §2.1), 32 bytes.
type Hash = tlog.Hash

// Entry is one record of the log. It never changes once stored.
type Entry struct {
	// Index is the position in the log, from 0.
	Index int64
	// Key is the appender's name for the entry, unique in the log: 1 to 256 bytes of UTF-8.
	Key string
	// Body is the leaf's bytes, 1 to MaxBody of them; the tree hashes exactly these.
	Body []byte
	// LoggedAt is when the entry got its position, in UTC, whole milliseconds. It never decreases with
	// Index. It is this log's own statement; the tree does not cover it.
	LoggedAt time.Time
}

// LogState is the newest published state of one log, the single record that decides what is in it:
// an entry with Index < Size is in the log, one with Index >= Size is a leftover that some writer has
// stored and that the next writer will publish.
type LogState struct {
	// Origin names the log; it is the first line of its checkpoints and the key of this record.
	Origin string
	// Size is the number of published entries.
	Size int64
	// Root is the tree hash over the first Size entries.
	Root Hash
	// Checkpoint is the signed note that commits to Origin, Size and Root, verbatim.
	Checkpoint []byte
	// Rev is the record's revision: 1 when created, one more for each swap.
	Rev int64
}

// StoredHash is one node of the tree, at its tlog.StoredHashIndex.
type StoredHash struct {
	Index int64
	Hash  Hash
}

// Lease says which writer sequences a log, and who is next. It is a courtesy: it spares writers from
// working against each other, while the unique positions and the swap of the state keep the log whole
// whatever becomes of it. See lease.go for its rules.
type Lease struct {
	// Origin names the log and is the key of this record.
	Origin string
	// Holder is the writer that has the lease, or "" when it is free; names are unique to an instance.
	Holder string
	// Until is when the lease ends unless Holder renews it, in UTC, whole milliseconds.
	Until time.Time
	// Last is who had the lease before it was given back or taken over.
	Last string
	// Waiting are the others that want it, in the order they asked; at most maxWaiting.
	Waiting []Wish
	// Rev is the record's revision: 1 when created, one more for each swap. Zero is a record that is not
	// stored yet.
	Rev int64
}

// Wish is a writer that waits for a lease. It lapses at Until unless the writer repeats it.
type Wish struct {
	Holder string
	Until  time.Time
}

// Store keeps logs, told apart by origin. It is implemented by the storage backends.
//
// Durability: a method that writes and returns nil has made the write survive a crash of the process
// and, on a replicated database, the loss of a minority of its members. After any other return the
// write may or may not have happened, or, for InsertLogEntries, a prefix of it; the Log finds out by
// reading, so a backend never retries a write by itself in a way that could hide ErrExists or ErrStale.
//
// Reads: a read that starts after a write was acknowledged, by whichever process, sees that write
// (read from the primary, not from a lagging copy).
//
// Atomicity: none is needed between two calls. All methods are safe for concurrent use, by several
// processes as well. They honour ctx.
type Store interface {
	// LogState returns the state of origin, or ErrNotFound.
	LogState(ctx context.Context, origin string) (LogState, error)

	// CreateLogState stores the first state of state.Origin with Rev 1, whatever state.Rev says, or
	// returns ErrExists and changes nothing.
	CreateLogState(ctx context.Context, state LogState) error

	// SwapLogState replaces the state of state.Origin if the stored revision equals state.Rev, as one
	// atomic step, and stores it with Rev state.Rev+1. If it does not, or there is no such state, it
	// returns ErrStale and changes nothing.
	SwapLogState(ctx context.Context, state LogState) error

	// InsertLogEntries inserts entries in the order given and stops at the first that cannot be
	// inserted, so that after any error exactly a prefix of entries, perhaps none of it, is stored.
	// (origin, Index) and (origin, Key) are both unique: a clash with either gives ErrExists, and the
	// stored entry is never changed. The indexes given are consecutive. An empty slice does nothing.
	InsertLogEntries(ctx context.Context, origin string, entries []Entry) error

	// LogEntries returns the stored entries with Index >= from, ascending by Index, at most limit of
	// them. It returns leftovers above the state's Size too. None is an empty slice, not an error.
	LogEntries(ctx context.Context, origin string, from int64, limit int) ([]Entry, error)

	// LogEntriesByKey returns the stored entries that have one of keys, in any order; keys that are
	// not stored are simply absent. It returns leftovers too.
	LogEntriesByKey(ctx context.Context, origin string, keys []string) ([]Entry, error)

	// PutLogHashes stores hashes, each at its index, writing over what is there. The values are a
	// function of the entries, so writing one again never changes it; order within the call does not
	// matter, but all are stored when it returns nil.
	PutLogHashes(ctx context.Context, origin string, hashes []StoredHash) error

	// LogHashes returns the hashes at indexes, in that order (an index may occur twice), or
	// ErrNotFound if any of them is missing. No indexes give an empty slice.
	LogHashes(ctx context.Context, origin string, indexes []int64) ([]Hash, error)

	// LogLease returns the lease of origin, or ErrNotFound.
	LogLease(ctx context.Context, origin string) (Lease, error)

	// SwapLogLease replaces the lease of lease.Origin if the stored revision equals lease.Rev, as one
	// atomic step, and stores it with Rev lease.Rev+1. Rev 0 creates it if there is none. If the revision
	// is another it returns ErrStale and changes nothing. It need not survive a crash. The store compares
	// no times with its own clock.
	SwapLogLease(ctx context.Context, lease Lease) error

	// LogCosigned returns what witnesses have cosigned of origin, or ErrNotFound.
	LogCosigned(ctx context.Context, origin string) (Cosigned, error)

	// SwapLogCosigned replaces the record of cosigned.Origin as SwapLogLease does, durably.
	SwapLogCosigned(ctx context.Context, cosigned Cosigned) error
}

// Places finds where keys are logged, for those who look up many.
type Places interface {
	// LogPlacesByKey is [Store.LogEntriesByKey] without bodies.
	LogPlacesByKey(ctx context.Context, origin string, keys []string) ([]Entry, error)
}
