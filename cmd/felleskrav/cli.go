package main

import (
	"context"
	"io"

	"felleskrav/internal/console"
)

// commands is everything the program can do. What each is for stands in
// templates/locales as cli.help.*.
type commands struct {
	Lang string `conf:"" placeholder:"nb|nn|en"`

	Serve     serveCmd     `cmd:""`
	Select    selectCmd    `cmd:""`
	Catalogue catalogueCmd `cmd:""`
	Answers   answersCmd   `cmd:""`
	Attest    attestCmd    `cmd:""`
	Key       keyCmd       `cmd:""`
	Status    statusCmd    `cmd:""`
	Check     checkCmd     `cmd:""`
	Workbook  workbookCmd  `cmd:""`
	Log       logCmd       `cmd:""`
	Token     tokenCmd     `cmd:""`
	Member    memberCmd    `cmd:""`
	Trail     trailCmd     `cmd:""`
	Version   versionCmd   `cmd:""`
}

// session is what a command works with.
type session struct{ *console.Session }

// run is the whole program, with everything it touches as arguments.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer, getenv func(string) string) int {
	s := &session{console.New(ctx, args, stdin, stdout, stderr, getenv)}
	return s.Run(s.program(), args)
}

// program is the command line.
func (s *session) program() console.Program {
	p := console.Program{Name: "felleskrav", Help: "cli.help", Commands: &commands{}, Own: []any{s}}
	p.Tell = func(err error) (int, bool) { return s.tell(p, err) }
	return p
}
