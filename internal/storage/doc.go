// Package storage owns what the storage backends have in common: the one
// interface that joins the stores the nouns ask for, and the rules every
// backend keeps. Package storagetest holds the suite that checks them.
//
// The rules:
//
//   - One document per aggregate, with a revision. An insert stores revision 1
//     whatever the value says, and each update adds one. What an update returns
//     is what a read would give.
//   - A write that has returned nil is durable. A write that has returned an
//     error may or may not have happened, except for an error that says which
//     (exists, stale, not found, the updater's own): then nothing was written.
//   - Errors match problem.ErrNotFound, problem.ErrExists and problem.ErrStale,
//     and for the log's methods those of package transparency.
//   - A value comes back as encoding/json would give it back: a nil slice stays
//     nil and an empty one empty, except that a field marked omitempty comes
//     back as nil in both cases. Times come back in UTC in whole milliseconds.
//     A text that is not valid UTF-8 is refused, not mended.
//   - A limit below one gives nothing.
//
// It does not know who may read or write, nor what a document means. It imports
// no backend: only cmd picks one.
package storage
