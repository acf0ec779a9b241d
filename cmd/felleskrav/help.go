package main

import (
	"fmt"
	"io"
	"regexp"
	"strings"
	"text/tabwriter"
	"unicode/utf8"

	"github.com/alecthomas/kong"
)

// helpKey names the text of a command, or of the program itself.
func helpKey(n *kong.Node) string {
	var parts []string
	for ; n != nil && n.Type != kong.ApplicationNode; n = n.Parent {
		parts = append([]string{n.Name}, parts...)
	}
	if len(parts) == 0 {
		return "cli.help"
	}
	return "cli.help." + strings.Join(parts, ".")
}

// flagKey names the text of a flag: the command's own, or the common one.
func (s *session) flagKey(n *kong.Node, flag string) string {
	for ; n != nil; n = n.Parent {
		if own := helpKey(n) + ".--" + flag; s.t.Has(own) {
			return own
		}
	}
	return "cli.help.--" + flag
}

func argKey(n *kong.Node, arg string) string { return helpKey(n) + "." + strings.ToUpper(arg) }

// writeHelp tells what a command does and what it takes, in the reader's
// language: kong's own printer has English headings.
func (s *session) writeHelp(w io.Writer, n *kong.Node) {
	fmt.Fprintf(w, "%s %s", s.t.T("cli.help.usage"), n.FullPath())
	for _, p := range n.Positional {
		fmt.Fprint(w, " ", positional(p))
	}
	if len(n.Children) > 0 {
		fmt.Fprint(w, " "+s.t.T("cli.help.command-word"))
	}
	fmt.Fprintf(w, " %s\n\n%s\n", s.t.T("cli.help.flags-word"), wrap(s.t.T(helpKey(n)), 0))
	if len(n.Positional) > 0 {
		fmt.Fprintf(w, "\n%s\n", s.t.T("cli.help.arguments"))
		table := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
		for _, p := range n.Positional {
			fmt.Fprintf(table, "  %s\t%s\n", strings.ToUpper(p.Name), s.t.T(argKey(n, p.Name)))
		}
		table.Flush()
	}
	if len(n.Children) > 0 {
		fmt.Fprintf(w, "\n%s\n", s.t.T("cli.help.commands"))
		table := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
		for _, c := range n.Leaves(true) {
			first, _, _ := strings.Cut(s.t.T(helpKey(c)), "\n")
			fmt.Fprintf(table, "  %s\t%s\n", strings.TrimPrefix(c.Path(), "felleskrav "), first)
		}
		table.Flush()
	}
	fmt.Fprintf(w, "\n%s\n", s.t.T("cli.help.flags"))
	for _, group := range n.AllFlags(true) {
		for _, f := range group {
			s.writeFlag(w, n, f)
		}
	}
	if n.Type == kong.ApplicationNode {
		fmt.Fprintf(w, "\n%s\n", s.t.T("cli.help.exit-codes"))
	}
}

func positional(p *kong.Positional) string {
	name := strings.ToUpper(p.Name)
	if p.IsCumulative() {
		name += " …"
	}
	if !p.Required {
		return "[" + name + "]"
	}
	return name
}

func (s *session) writeFlag(w io.Writer, n *kong.Node, f *kong.Flag) {
	head := "      --" + f.Name
	if f.Short != 0 {
		head = fmt.Sprintf("  -%c, --%s", f.Short, f.Name)
	}
	switch {
	case f.IsBool():
	case f.PlaceHolder != "":
		head += "=" + f.PlaceHolder
	default:
		head += "=" + strings.ToUpper(f.Name)
	}
	text := s.t.T(s.flagKey(n, f.Name))
	if f.HasDefault && f.Default != "" {
		text += " " + s.t.T("cli.help.default", "Value", f.Default)
	}
	if f.Tag.Has("conf") {
		env := "$" + envName(f.Name)
		if f.Tag.Has("secret") {
			env += ", " + env + "_FILE"
		}
		text += " [" + env + "]"
	}
	fmt.Fprintf(w, "%s\n%s\n", head, wrap(text, 10))
}

// wrap breaks lines at 88 characters.
func wrap(text string, indent int) string {
	const width = 88
	pad := strings.Repeat(" ", indent)
	var out []string
	for _, para := range strings.Split(strings.TrimRight(text, "\n"), "\n") {
		line := pad
		for _, word := range strings.Fields(para) {
			if line != pad && utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > width {
				out = append(out, line)
				line = pad
			}
			if line != pad {
				line += " "
			}
			line += word
		}
		out = append(out, line)
	}
	return strings.Join(out, "\n")
}

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
func (s *session) usageText(err error) string {
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
		return s.t.T(p.key, args)
	}
	return err.Error()
}
