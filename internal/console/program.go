package console

import (
	"fmt"

	"github.com/alecthomas/kong"
)

// Program is a command line.
type Program struct {
	Name string
	// Commands points to a struct of commands and flags, as kong reads them.
	// The tag conf marks flags that can be set by FELLESKRAV_NAME; those marked
	// secret by FELLESKRAV_NAME_FILE too, which names a file that holds the value.
	Commands any
	// Help is the key of the text that says what the program does. Those of its
	// commands and flags begin with it.
	Help string
	// Own is what the commands' Run may take beside the *Session.
	Own []any
	// Tell tells an error that only this program knows, and gives the code to
	// end with. It may be nil.
	Tell func(err error) (code int, told bool)
}

// left is how kong's wish to end the process travels up to Run.
type left struct{ code int }

// Run does what args ask the program for, and gives the code to end with.
func (s *Session) Run(p Program, args []string) (code int) {
	defer func() {
		if v := recover(); v != nil {
			l, ok := v.(left)
			if !ok {
				panic(v)
			}
			code = l.code
		}
	}()
	parser, err := s.parser(p)
	if err != nil {
		fmt.Fprintln(s.Stderr, p.Name+":", err)
		return ExitUnavailable
	}
	if len(args) == 0 {
		s.helper(p).write(s.Stderr, parser.Model.Node)
		return ExitUsage
	}
	ctx, err := parser.Parse(args)
	if err != nil {
		fmt.Fprintln(s.Stderr, p.Name+":", s.usageText(err))
		fmt.Fprintln(s.Stderr, s.T("cli.usage.more", "Command", helpCommand(p, err)))
		return ExitUsage
	}
	return s.Report(p, ctx.Run(append([]any{s}, p.Own...)...))
}

// parser builds the command line with texts in the chosen language.
func (s *Session) parser(p Program) (*kong.Kong, error) {
	parser, err := kong.New(p.Commands,
		kong.Name(p.Name),
		kong.Writers(s.Stdout, s.Stderr),
		kong.Exit(func(code int) { panic(left{code}) }),
		kong.Resolvers(kong.ResolverFunc(s.fromEnv)),
		kong.Help(func(_ kong.HelpOptions, ctx *kong.Context) error {
			node := ctx.Selected()
			if node == nil {
				node = ctx.Model.Node
			}
			s.helper(p).write(s.Stdout, node)
			return nil
		}),
	)
	if err != nil {
		return nil, fmt.Errorf("build command line: %w", err)
	}
	return parser, nil
}
