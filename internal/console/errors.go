package console

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"felleskrav/internal/problem"
)

// What the process ends with.
const (
	ExitDone        = 0
	ExitNo          = 1 // the answer is no: verification failed, lint found something, the server refused
	ExitUsage       = 2 // wrong use
	ExitUnavailable = 3 // something could not be reached or read
)

// ErrNo ends a command whose answer is no and has been told already.
var ErrNo = errors.New("the answer is no")

// usageError is wrong use of a command that the parser cannot see.
type usageError struct {
	key  string
	args problem.Args
}

func (u usageError) Error() string { return u.key }

// userError is a message with the code the process ends with.
type userError struct {
	code int
	key  string
	args problem.Args
	err  error
}

func (u userError) Error() string {
	if u.err == nil {
		return u.key
	}
	return fmt.Sprintf("%s: %v", u.key, u.err)
}

func (u userError) Unwrap() error { return u.err }

// Usage is wrong use of a command that the parser cannot see. Args are names
// and values in turn, for the text of the key.
func Usage(key string, args ...any) error {
	return usageError{key, pairs(args)}
}

// UsageOf is wrong use that err tells more about.
func UsageOf(err error, key string, args ...any) error {
	return userError{ExitUsage, key, pairs(args), err}
}

// Cannot is something that could not be reached or read; err may be nil.
func Cannot(err error, key string, args ...any) error {
	return userError{ExitUnavailable, key, pairs(args), err}
}

// No is a refusal.
func No(key string, args ...any) error {
	return userError{ExitNo, key, pairs(args), nil}
}

func pairs(args []any) problem.Args {
	m := problem.Args{}
	for i := 0; i+1 < len(args); i += 2 {
		m[args[i].(string)] = args[i+1]
	}
	return m
}

// Report tells what went wrong and gives the code to end with.
func (s *Session) Report(p Program, err error) int {
	if err == nil {
		return ExitDone
	}
	if errors.Is(err, ErrNo) {
		return ExitNo
	}
	tell := func(text string) { fmt.Fprintln(s.Stderr, p.Name+":", text) }
	if u, ok := errors.AsType[usageError](err); ok {
		tell(s.T(u.key, map[string]any(u.args)))
		return ExitUsage
	}
	if u, ok := errors.AsType[userError](err); ok {
		text := s.T(u.key, map[string]any(u.args))
		if u.err != nil {
			text += ": " + s.Cause(u.err)
		}
		tell(text)
		return u.code
	}
	if p.Tell != nil {
		if code, told := p.Tell(err); told {
			return code
		}
	}
	if pe, ok := errors.AsType[*problem.Error](err); ok {
		tell(s.problemText(pe))
		return problemCode(pe.Kind)
	}
	if errors.Is(err, context.Canceled) {
		tell(s.T("cli.interrupted"))
		return ExitUnavailable
	}
	tell(s.Cause(err))
	return ExitUnavailable
}

// Cause puts the few system errors people meet into their language.
func (s *Session) Cause(err error) string {
	var p *fs.PathError
	switch {
	case errors.Is(err, fs.ErrNotExist) && errors.As(err, &p):
		return s.T("cli.file.missing", "File", p.Path)
	case errors.Is(err, fs.ErrPermission) && errors.As(err, &p):
		return s.T("cli.file.forbidden", "File", p.Path)
	case errors.Is(err, fs.ErrExist) && errors.As(err, &p):
		return s.T("cli.file.exists", "File", p.Path)
	}
	if u, ok := errors.AsType[userError](err); ok {
		return s.T(u.key, map[string]any(u.args))
	}
	if pe, ok := errors.AsType[*problem.Error](err); ok {
		return s.problemText(pe)
	}
	return err.Error()
}

// problemText is a problem of our own in the reader's language, one line for
// each field.
func (s *Session) problemText(p *problem.Error) string {
	var b strings.Builder
	b.WriteString(s.T(p.Key, map[string]any(p.Args)))
	for _, f := range p.Fields {
		fmt.Fprintf(&b, "\n  %s: %s", f.Path, s.T(f.Key, map[string]any(f.Args)))
	}
	if p.Kind == problem.Internal && p.Err != nil {
		fmt.Fprintf(&b, ": %v", p.Err)
	}
	return b.String()
}

func problemCode(k problem.Kind) int {
	switch k {
	case problem.Internal, problem.Unavailable, problem.RateLimited, problem.Unauthenticated, problem.Forbidden:
		return ExitUnavailable
	}
	return ExitNo
}
