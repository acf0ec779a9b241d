package console

import (
	"context"
	"fmt"
	"io"
	"time"

	"felleskrav/internal/locale"
	"felleskrav/templates"
)

// Session is what a command works with: all of the world that it touches, and
// the texts of the person at the terminal.
type Session struct {
	Ctx            context.Context
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	Getenv         func(string) string
	Now            func() time.Time
	// Bundle has all languages, each text read when it is needed; Texts is the
	// language chosen.
	Bundle *locale.Bundle
	*locale.Texts
}

// New begins a session, in the language that args or the environment ask for.
func New(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer, getenv func(string) string) *Session {
	texts := locale.Lazy(templates.FS, "locales")
	return &Session{
		Ctx: ctx, Stdin: stdin, Stdout: stdout, Stderr: stderr, Getenv: getenv, Now: time.Now,
		Bundle: texts, Texts: texts.In(languageOf(args, getenv)),
	}
}

// Say writes a message for the person at the terminal.
func (s *Session) Say(key string, args ...any) {
	fmt.Fprintln(s.Stderr, s.T(key, args...))
}
