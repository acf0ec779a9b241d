package console

import (
	"strings"

	"felleskrav/internal/locale"
)

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
