package console

import (
	"errors"
	"regexp"

	"github.com/alecthomas/kong"
)

// usagePatterns recognise what kong says, so that it can be said in the
// reader's language. What none of them fits is shown as it is.
var usagePatterns = []struct {
	key, expr string
}{
	{"cli.usage.unknown-flag-near", `^unknown flag (?P<Flag>\S+), did you mean (?:one of )?(?P<Near>.+)\?$`},
	{"cli.usage.unknown-flag", `^unknown flag (?P<Flag>\S+)$`},
	{"cli.usage.unexpected-near", `^unexpected argument (?P<Value>.+), did you mean (?:one of )?(?P<Near>.+)\?$`},
	{"cli.usage.unexpected", `^unexpected argument (?P<Value>.+)$`},
	{"cli.usage.missing-flags", `^missing flags?: (?P<Flags>.+)$`},
	{"cli.usage.enum", `^(?P<Flag>.+) must be one of (?P<Known>.+) but got (?P<Value>.+)$`},
	{"cli.usage.one-of", `^expected one of (?P<Known>.+)$`},
	{"cli.usage.expected", `^expected (?P<What>"[^"]+.*")$`},
	{"cli.usage.no-value", `^(?P<Flag>--[a-z-]+): expected (?P<What>.+) value but got .*EOL.*$`},
	{"cli.usage.value", `^(?P<Flag>--[a-z-]+)(?:=\S+)?: (?P<Detail>.+)$`},
}

// usageText says in the reader's language what is wrong with a command line.
func (s *Session) usageText(err error) string {
	for _, p := range usagePatterns {
		re := regexp.MustCompile(p.expr) // not before: most command lines are right
		m := re.FindStringSubmatch(err.Error())
		if m == nil {
			continue
		}
		args := map[string]any{}
		for i, name := range re.SubexpNames() {
			if name != "" {
				args[name] = m[i]
			}
		}
		return s.T(p.key, args)
	}
	return err.Error()
}

// helpCommand is the command whose help fits a usage error.
func helpCommand(p Program, err error) string {
	var parse *kong.ParseError
	if errors.As(err, &parse) && parse.Context != nil {
		if n := parse.Context.Selected(); n != nil {
			return n.FullPath() + " --help"
		}
	}
	return p.Name + " --help"
}
