package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"felleskrav/internal/locale"
	"felleskrav/templates"
)

// What the process ends with.
const (
	exitDone        = 0
	exitNo          = 1 // the answer is no: verification failed, lint found something, the server refused
	exitUsage       = 2 // wrong use
	exitUnavailable = 3 // something could not be reached or read
)

// commands is everything the program can do. The tag conf marks flags that
// can be set by FELLESKRAV_NAME; those marked secret by FELLESKRAV_NAME_FILE
// too, which names a file that holds the value. What each is for stands in
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
	Version   versionCmd   `cmd:""`
}

// session is what a command works with.
type session struct {
	ctx            context.Context
	stdin          io.Reader
	stdout, stderr io.Writer
	getenv         func(string) string
	now            func() time.Time
	// texts are all languages, read as they are needed; t is the one chosen.
	texts *locale.Bundle
	t     *locale.Texts
}

// say writes a message for the person at the terminal.
func (s *session) say(key string, args ...any) {
	fmt.Fprintln(s.stderr, s.t.T(key, args...))
}

// left is how kong's wish to end the process travels up to run.
type left struct{ code int }

// run is the whole program, with everything it touches as arguments.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer, getenv func(string) string) (code int) {
	texts := locale.Lazy(templates.FS, "locales")
	s := &session{
		ctx: ctx, stdin: stdin, stdout: stdout, stderr: stderr, getenv: getenv, now: time.Now,
		texts: texts, t: texts.In(languageOf(args, getenv)),
	}
	defer func() {
		if v := recover(); v != nil {
			l, ok := v.(left)
			if !ok {
				panic(v)
			}
			code = l.code
		}
	}()
	return s.run(args)
}

func (s *session) run(args []string) int {
	var cmds commands
	parser, err := s.parser(&cmds)
	if err != nil {
		fmt.Fprintln(s.stderr, "felleskrav:", err)
		return exitUnavailable
	}
	if len(args) == 0 {
		s.writeHelp(s.stderr, parser.Model.Node)
		return exitUsage
	}
	ctx, err := parser.Parse(args)
	if err != nil {
		fmt.Fprintln(s.stderr, "felleskrav:", s.usageText(err))
		fmt.Fprintln(s.stderr, s.t.T("cli.usage.more", "Command", helpCommand(err)))
		return exitUsage
	}
	return s.report(ctx.Run(s))
}

// parser builds the command line with texts in the chosen language.
func (s *session) parser(cmds *commands) (*kong.Kong, error) {
	parser, err := kong.New(cmds,
		kong.Name("felleskrav"),
		kong.Writers(s.stdout, s.stderr),
		kong.Exit(func(code int) { panic(left{code}) }),
		kong.Resolvers(kong.ResolverFunc(s.fromEnv)),
		kong.Help(func(_ kong.HelpOptions, ctx *kong.Context) error {
			node := ctx.Selected()
			if node == nil {
				node = ctx.Model.Node
			}
			s.writeHelp(s.stdout, node)
			return nil
		}),
	)
	if err != nil {
		return nil, fmt.Errorf("build command line: %w", err)
	}
	return parser, nil
}

// languageOf finds the language before anything else is read, since also what
// is wrong with the command line is told in it.
func languageOf(args []string, getenv func(string) string) string {
	choice := ""
	for i, a := range args {
		if v, ok := strings.CutPrefix(a, "--lang="); ok {
			choice = v
		} else if a == "--lang" && i+1 < len(args) {
			choice = args[i+1]
		}
	}
	for _, name := range []string{"FELLESKRAV_LANG", "LC_ALL", "LC_MESSAGES", "LANG"} {
		if choice == "" {
			choice = getenv(name)
		}
	}
	choice, _, _ = strings.Cut(choice, ".")
	choice, _, _ = strings.Cut(choice, "_")
	return locale.Negotiate(strings.ToLower(choice), "")
}

// envName is the environment variable of a flag.
func envName(flag string) string {
	return "FELLESKRAV_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// fromEnv gives a flag its value from the environment.
func (s *session) fromEnv(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
	if !flag.Tag.Has("conf") {
		return nil, nil
	}
	name := envName(flag.Name)
	if v := s.getenv(name); v != "" {
		return v, nil
	}
	if !flag.Tag.Has("secret") {
		return nil, nil
	}
	file := s.getenv(name + "_FILE")
	if file == "" {
		return nil, nil
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, unreadable{name + "_FILE", err}
	}
	return strings.TrimSpace(string(data)), nil
}

// unreadable is a file that a setting names and that cannot be read.
type unreadable struct {
	what string
	err  error
}

func (u unreadable) Error() string { return u.what + ": " + u.err.Error() }
func (u unreadable) Unwrap() error { return u.err }

// helpCommand is the command whose help fits a usage error.
func helpCommand(err error) string {
	var p *kong.ParseError
	if errors.As(err, &p) && p.Context != nil {
		if n := p.Context.Selected(); n != nil {
			return n.FullPath() + " --help"
		}
	}
	return "felleskrav --help"
}
