package transparency

import "errors"

var (
	// ErrInvalidEntry says that an entry's key or body is empty or too long.
	ErrInvalidEntry = errors.New("log entry is invalid")
	// ErrKeyTaken says that the key is in the log already, with another body.
	ErrKeyTaken = errors.New("log key is taken by another body")
	// ErrInconsistent says that what is stored is not one append-only log: it was altered, rolled back, or
	// signed with another key. Nothing is signed until someone has looked into it.
	ErrInconsistent = errors.New("log is inconsistent")
	// ErrClosed says that the Log takes no more entries.
	ErrClosed = errors.New("log is closed")
	// ErrVerification says that a proof, a checkpoint or a log does not verify.
	ErrVerification = errors.New("log verification failed")
	// ErrShrunk says that a log has fewer entries than it had.
	ErrShrunk = errors.New("log has become shorter")
	// ErrRewritten says that a log does not begin with what it once was.
	ErrRewritten = errors.New("log has been rewritten")
	// ErrPath says that a text is not the path of a tile or an entry bundle.
	ErrPath = errors.New("not a tile path")
)
