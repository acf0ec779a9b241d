package console

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"unicode/utf8"

	"github.com/alecthomas/kong"
)

// helper writes the help of a program. The keys of its texts follow from the
// names of commands and flags.
type helper struct {
	*Session
	program Program
}

func (s *Session) helper(p Program) helper { return helper{s, p} }

// key names the text of a command, or of the program itself.
func (h helper) key(n *kong.Node) string {
	var parts []string
	for ; n != nil && n.Type != kong.ApplicationNode; n = n.Parent {
		parts = append([]string{n.Name}, parts...)
	}
	return strings.Join(append([]string{h.program.Help}, parts...), ".")
}

// flagKey names the text of a flag: the command's own, or the common one.
func (h helper) flagKey(n *kong.Node, flag string) string {
	for ; n != nil; n = n.Parent {
		if own := h.key(n) + ".--" + flag; h.Has(own) {
			return own
		}
	}
	return "cli.help.--" + flag
}

func (h helper) argKey(n *kong.Node, arg string) string { return h.key(n) + "." + strings.ToUpper(arg) }

// HelpKeys are the keys of all texts that the help of a program is made of.
func (s *Session) HelpKeys(p Program) ([]string, error) {
	parser, err := s.parser(p)
	if err != nil {
		return nil, err
	}
	h := s.helper(p)
	var keys []string
	var walk func(n *kong.Node)
	walk = func(n *kong.Node) {
		keys = append(keys, h.key(n))
		for _, a := range n.Positional {
			keys = append(keys, h.argKey(n, a.Name))
		}
		for _, f := range n.Flags {
			keys = append(keys, h.flagKey(n, f.Name))
		}
		for _, c := range n.Children {
			walk(c)
		}
	}
	walk(parser.Model.Node)
	return keys, nil
}

// write tells what a command does and what it takes, in the reader's
// language: kong's own printer has English headings.
func (h helper) write(w io.Writer, n *kong.Node) {
	fmt.Fprintf(w, "%s %s", h.T("cli.help.usage"), n.FullPath())
	for _, p := range n.Positional {
		fmt.Fprint(w, " ", positional(p))
	}
	if len(n.Children) > 0 {
		fmt.Fprint(w, " "+h.T("cli.help.command-word"))
	}
	fmt.Fprintf(w, " %s\n\n%s\n", h.T("cli.help.flags-word"), Wrap(h.T(h.key(n)), 0))
	if len(n.Positional) > 0 {
		fmt.Fprintf(w, "\n%s\n", h.T("cli.help.arguments"))
		table := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
		for _, p := range n.Positional {
			fmt.Fprintf(table, "  %s\t%s\n", strings.ToUpper(p.Name), h.T(h.argKey(n, p.Name)))
		}
		table.Flush()
	}
	if len(n.Children) > 0 {
		fmt.Fprintf(w, "\n%s\n", h.T("cli.help.commands"))
		table := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
		for _, c := range n.Leaves(true) {
			first, _, _ := strings.Cut(h.T(h.key(c)), "\n")
			fmt.Fprintf(table, "  %s\t%s\n", strings.TrimPrefix(c.Path(), h.program.Name+" "), first)
		}
		table.Flush()
	}
	fmt.Fprintf(w, "\n%s\n", h.T("cli.help.flags"))
	for _, group := range n.AllFlags(true) {
		for _, f := range group {
			h.writeFlag(w, n, f)
		}
	}
	if n.Type == kong.ApplicationNode {
		fmt.Fprintf(w, "\n%s\n", h.T("cli.help.exit-codes"))
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

func (h helper) writeFlag(w io.Writer, n *kong.Node, f *kong.Flag) {
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
	text := h.T(h.flagKey(n, f.Name))
	if f.HasDefault && f.Default != "" {
		text += " " + h.T("cli.help.default", "Value", f.Default)
	}
	if f.Tag.Has("conf") {
		env := "$" + envName(f.Name)
		if f.Tag.Has("secret") {
			env += ", " + env + "_FILE"
		}
		text += " [" + env + "]"
	}
	fmt.Fprintf(w, "%s\n%s\n", head, Wrap(text, 10))
}

// Wrap breaks lines at 88 characters, and begins each with indent spaces.
func Wrap(text string, indent int) string {
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
