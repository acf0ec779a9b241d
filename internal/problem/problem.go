package problem

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Kind sorts problems by what the caller can do about them.
type Kind string

// The kinds. Anything that is not a *Error is [Internal].
const (
	Invalid         Kind = "invalid"         // mend the input
	Refused         Kind = "refused"         // well-formed, but a check at the door said no
	NotFound        Kind = "not-found"       // no such thing, or not for you to see
	Exists          Kind = "exists"          // it is there already
	Stale           Kind = "stale"           // somebody changed it first: read again
	Unauthenticated Kind = "unauthenticated" // say who you are
	Forbidden       Kind = "forbidden"       // you may not
	TooLarge        Kind = "too-large"       // send less
	Unsupported     Kind = "unsupported"     // send another format
	RateLimited     Kind = "rate-limited"    // wait
	Unavailable     Kind = "unavailable"     // try again later
	Internal        Kind = "internal"        // our fault; the log has the detail
)

// Args are the values a translated text is filled with.
type Args map[string]any

// Field is a problem with one part of the input. Path names the part the way
// the sender knows it: a JSON field ("answers[3].status"), a sheet and cell
// ("Krav!F12") or a file and line.
type Field struct {
	Path string
	Key  string
	Args Args
}

// Error is a problem with a stable key. It never holds text for people; Err
// holds the cause for the log and is not shown.
type Error struct {
	Kind   Kind
	Key    string
	Args   Args
	Fields []Field
	Err    error
}

// New makes a problem. args may be nil.
func New(kind Kind, key string, args Args) *Error {
	return &Error{Kind: kind, Key: key, Args: args}
}

// Because returns a copy that carries the cause, for the log.
func (e *Error) Because(err error) *Error {
	c := *e
	c.Err = err
	return &c
}

// Error is for logs and tests, not for people.
func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s", e.Kind, e.Key)
	for _, k := range slices.Sorted(maps.Keys(e.Args)) {
		fmt.Fprintf(&b, " %s=%v", k, e.Args[k])
	}
	for _, f := range e.Fields {
		fmt.Fprintf(&b, "; %s: %s", f.Path, f.Key)
	}
	if e.Err != nil {
		fmt.Fprintf(&b, ": %v", e.Err)
	}
	return b.String()
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// KindOf returns the kind of err, or [Internal] when it is not a problem.
func KindOf(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return Internal
}

// KeyOf returns the key of err, or "internal" when it is not a problem.
func KeyOf(err error) string {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Key
	}
	return "internal"
}

// Collector gathers the problems of many fields so that all are told at once.
type Collector struct {
	Key    string
	fields []Field
}

// Add notes a problem with one field.
func (c *Collector) Add(path, key string, args Args) {
	c.fields = append(c.fields, Field{Path: path, Key: key, Args: args})
}

// Check notes a problem unless ok.
func (c *Collector) Check(ok bool, path, key string, args Args) {
	if !ok {
		c.Add(path, key, args)
	}
}

// Err returns nil, or one [Invalid] problem with all fields.
func (c *Collector) Err() error {
	if len(c.fields) == 0 {
		return nil
	}
	key := c.Key
	if key == "" {
		key = "invalid.fields"
	}
	return &Error{Kind: Invalid, Key: key, Args: Args{"Count": len(c.fields)}, Fields: c.fields}
}
