package problem

// What every store answers with, wrapped or not, when a read or write could
// not be done as asked; test with errors.Is. Anything else from a store is a
// fault of the store.
var (
	// ErrNotFound: there is no such document.
	ErrNotFound = New(NotFound, "store.not-found", nil)
	// ErrExists: an insert-only document or a unique key is there already.
	ErrExists = New(Exists, "store.exists", nil)
	// ErrStale: compare-and-swap lost every one of its tries.
	ErrStale = New(Stale, "store.stale", nil)
)
