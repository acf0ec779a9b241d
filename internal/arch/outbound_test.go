package arch

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
)

// outbound are the packages that open connections to others by themselves, and
// who says where they lead. All else goes through internal/safehttp, whose
// clients reach public addresses only.
var outbound = map[string]string{
	"internal/safehttp":             "addresses that others wrote: in certificates, in webhooks",
	"internal/transparency/witness": "witnesses that the operator names; redirects are not followed",
	"internal/evidence/clamd":       "the scanner that the operator names",
	"cmd/felleskrav":                "commands: the server that the caller names",
	"internal/bench":                "the program it measures",
	"internal/bench/garbage":        "as above",
}

// dialling are the names that open connections or make what does.
var dialling = map[string][]string{
	"net/http":   {"Client", "DefaultClient", "DefaultTransport", "Get", "Head", "Post", "PostForm", "Transport"},
	"net":        {"Dial", "DialIP", "DialTCP", "DialTimeout", "DialUDP", "DialUnix", "Dialer"},
	"crypto/tls": {"Client", "Dial", "DialWithDialer", "Dialer"},
	"net/smtp":   {"Dial", "NewClient", "SendMail"},
}

// outboundCalls finds where a file opens connections. A pointer to a client is
// somebody else's.
func outboundCalls(t *testing.T, file string) []string {
	t.Helper()
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	packages := map[string]string{}
	for _, i := range f.Imports {
		path, err := strconv.Unquote(i.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.Base(path)
		if i.Name != nil {
			name = i.Name.Name
		}
		packages[name] = path
	}
	var found []string
	ast.Inspect(f, func(n ast.Node) bool {
		if _, pointer := n.(*ast.StarExpr); pointer {
			return false
		}
		sel, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		if x, ok := sel.X.(*ast.Ident); ok && slices.Contains(dialling[packages[x.Name]], sel.Sel.Name) {
			found = append(found, fset.Position(n.Pos()).String()+" "+x.Name+"."+sel.Sel.Name)
		}
		return true
	})
	return found
}

// TestOutboundCalls: nobody who writes an address into a certificate or a form
// has the server speak to what stands behind it.
func TestOutboundCalls(t *testing.T) {
	used := map[string]bool{}
	for _, p := range list(t) {
		for _, name := range p.GoFiles {
			calls := outboundCalls(t, filepath.Join(p.Dir, name))
			if len(calls) == 0 {
				continue
			}
			used[p.ImportPath] = true
			if outbound[p.ImportPath] == "" {
				t.Errorf("%s opens connections by itself and is not in the table: %v", p.ImportPath, calls)
			}
		}
	}
	for name := range outbound {
		if !used[name] {
			t.Errorf("the table has %s, which opens no connection", name)
		}
	}
}
