package sqlite

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"golang.org/x/mod/modfile"
)

// The SQLite package is C translated against one exact version of its libc
// package; another one may corrupt data. Our go.mod must pin that version.
func TestLibcVersion(t *testing.T) {
	list := func(format, module string) string {
		out, err := exec.Command("go", "list", "-m", "-f", format, module).Output()
		if err != nil {
			t.Fatalf("go list %s: %v", module, err)
		}
		return strings.TrimSpace(string(out))
	}
	file := list("{{.GoMod}}", "modernc.org/sqlite")
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	mod, err := modfile.ParseLax(file, b, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := ""
	for _, r := range mod.Require {
		if r.Mod.Path == "modernc.org/libc" {
			want = r.Mod.Version
		}
	}
	if got := list("{{.Version}}", "modernc.org/libc"); got != want || want == "" {
		t.Errorf("modernc.org/libc is at %q, and modernc.org/sqlite was made for %q", got, want)
	}
}
