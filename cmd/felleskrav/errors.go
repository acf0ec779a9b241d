package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"felleskrav/internal/catalogue"
	"felleskrav/internal/problem"
)

// errNo ends a command whose answer is no and has been told already.
var errNo = errors.New("the answer is no")

// usageError is wrong use of a command that the parser cannot see.
type usageError struct {
	key  string
	args problem.Args
}

func (u usageError) Error() string { return u.key }

func usage(key string, args ...any) error {
	return usageError{key, pairs(args)}
}

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

// cannot is something that could not be reached or read; err may be nil.
func cannot(err error, key string, args ...any) error {
	return userError{exitUnavailable, key, pairs(args), err}
}

// no is a refusal.
func no(key string, args ...any) error {
	return userError{exitNo, key, pairs(args), nil}
}

func pairs(args []any) problem.Args {
	m := problem.Args{}
	for i := 0; i+1 < len(args); i += 2 {
		m[args[i].(string)] = args[i+1]
	}
	return m
}

// report tells what went wrong and gives the code to end with.
func (s *session) report(err error) int {
	if err == nil {
		return exitDone
	}
	if errors.Is(err, errNo) {
		return exitNo
	}
	if errs, ok := errors.AsType[configFaults](err); ok {
		for _, e := range errs {
			s.report(e)
		}
		return exitUsage
	}
	tell := func(text string) { fmt.Fprintln(s.stderr, "felleskrav:", text) }
	if u, ok := errors.AsType[usageError](err); ok {
		tell(s.t.T(u.key, map[string]any(u.args)))
		return exitUsage
	}
	if u, ok := errors.AsType[userError](err); ok {
		text := s.t.T(u.key, map[string]any(u.args))
		if u.err != nil {
			text += ": " + s.cause(u.err)
		}
		tell(text)
		return u.code
	}
	if r, ok := errors.AsType[*remoteProblem](err); ok {
		tell(r.text())
		return r.code()
	}
	if f, ok := errors.AsType[catalogue.Faults](err); ok {
		s.tellFaults(f)
		return exitNo
	}
	if p, ok := errors.AsType[*problem.Error](err); ok {
		tell(s.problemText(p))
		return problemCode(p.Kind)
	}
	if errors.Is(err, context.Canceled) {
		tell(s.t.T("cli.interrupted"))
		return exitUnavailable
	}
	tell(s.cause(err))
	return exitUnavailable
}

// cause puts the few system errors people meet into their language.
func (s *session) cause(err error) string {
	var p *fs.PathError
	switch {
	case errors.Is(err, fs.ErrNotExist) && errors.As(err, &p):
		return s.t.T("cli.file.missing", "File", p.Path)
	case errors.Is(err, fs.ErrPermission) && errors.As(err, &p):
		return s.t.T("cli.file.forbidden", "File", p.Path)
	case errors.Is(err, fs.ErrExist) && errors.As(err, &p):
		return s.t.T("cli.file.exists", "File", p.Path)
	}
	if u, ok := errors.AsType[userError](err); ok {
		return s.t.T(u.key, map[string]any(u.args))
	}
	if pe, ok := errors.AsType[*problem.Error](err); ok {
		return s.problemText(pe)
	}
	return err.Error()
}

// problemText is a problem of our own in the reader's language, one line for
// each field.
func (s *session) problemText(p *problem.Error) string {
	var b strings.Builder
	b.WriteString(s.t.T(p.Key, map[string]any(p.Args)))
	for _, f := range p.Fields {
		fmt.Fprintf(&b, "\n  %s: %s", f.Path, s.t.T(f.Key, map[string]any(f.Args)))
	}
	if p.Kind == problem.Internal && p.Err != nil {
		fmt.Fprintf(&b, ": %v", p.Err)
	}
	return b.String()
}

func problemCode(k problem.Kind) int {
	switch k {
	case problem.Internal, problem.Unavailable, problem.RateLimited, problem.Unauthenticated, problem.Forbidden:
		return exitUnavailable
	}
	return exitNo
}

// tellFaults lists what is wrong with catalogue content, one line each.
func (s *session) tellFaults(faults catalogue.Faults) {
	for _, f := range faults {
		fmt.Fprintf(s.stderr, "%s:%d: %s\n", f.File, f.Line, s.faultText(f))
	}
}

func (s *session) faultText(f catalogue.Fault) string {
	return s.t.T("catalogue.fault."+f.Key, f.Args)
}
