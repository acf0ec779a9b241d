package api

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"felleskrav/internal/locale"
	"felleskrav/internal/problem"
)

// keyForm is what a problem's key looks like.
var keyForm = regexp.MustCompile(`^[a-z][a-z0-9-]*(\.[a-z0-9-]+)+$`)

// usedKeys finds the keys of problems in the sources of a folder, with the
// names of the arguments given beside them.
func usedKeys(t *testing.T, root string) map[string]map[string]bool {
	t.Helper()
	keys := map[string]map[string]bool{}
	add := func(e ast.Expr, args ast.Expr) {
		lit, ok := e.(*ast.BasicLit)
		if !ok || lit.Kind != token.STRING {
			return
		}
		key, err := strconv.Unquote(lit.Value)
		if err != nil || !keyForm.MatchString(key) {
			return
		}
		if keys[key] == nil {
			keys[key] = map[string]bool{}
		}
		if m, ok := args.(*ast.CompositeLit); ok {
			for _, el := range m.Elts {
				if kv, ok := el.(*ast.KeyValueExpr); ok {
					if name, ok := kv.Key.(*ast.BasicLit); ok {
						keys[key][strings.Trim(name.Value, `"`)] = true
					}
				}
			}
		}
	}
	at := func(args []ast.Expr, i int) ast.Expr {
		if i < len(args) {
			return args[i]
		}
		return nil
	}
	visit := func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			name := ""
			switch f := n.Fun.(type) {
			case *ast.SelectorExpr:
				name = f.Sel.Name
				if x, ok := f.X.(*ast.Ident); name == "New" && (!ok || x.Name != "problem") {
					name = ""
				}
			case *ast.Ident:
				name = f.Name
			}
			switch {
			case name == "New" && len(n.Args) == 3:
				add(n.Args[1], n.Args[2])
			case name == "Add" && len(n.Args) == 3:
				add(n.Args[1], n.Args[2])
			case name == "Check" && len(n.Args) == 4:
				add(n.Args[2], n.Args[3])
			case name == "refused":
				add(at(n.Args, 0), at(n.Args, 1))
			}
		case *ast.KeyValueExpr:
			if id, ok := n.Key.(*ast.Ident); ok && id.Name == "Key" {
				add(n.Value, nil)
			}
		case *ast.AssignStmt:
			for i, l := range n.Lhs {
				if s, ok := l.(*ast.SelectorExpr); ok && s.Sel.Name == "Key" && i < len(n.Rhs) {
					add(n.Rhs[i], nil)
				}
			}
		}
		return true
	}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(file, visit)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

func TestEveryProblemHasATextInEveryLanguage(t *testing.T) {
	bundle, err := texts()
	if err != nil {
		t.Fatal(err)
	}
	keys := usedKeys(t, "..")
	if len(keys) < 100 {
		t.Fatalf("found only %d keys: the scan is broken", len(keys))
	}
	for _, b := range bundleKeys {
		keys[b] = map[string]bool{}
	}
	for _, lang := range locale.Languages() {
		tx := bundle.In(lang)
		for key, args := range keys {
			if !tx.Has(key) {
				t.Errorf("%s lacks %s", lang, key)
				continue
			}
			// A text that names an argument nobody gives shows "<no value>".
			given := map[string]any{}
			for a := range args {
				given[a] = "X"
			}
			delete(given, "Count")
			if len(args) > 0 && strings.Contains(tx.T(key, given), "<no value>") && !args["Count"] {
				t.Errorf("%s: %s uses an argument that is not given: %s", lang, key, tx.T(key, given))
			}
		}
		for _, k := range []problem.Kind{
			problem.Invalid, problem.Refused, problem.NotFound, problem.Exists, problem.Stale, problem.Unauthenticated,
			problem.Forbidden, problem.TooLarge, problem.Unsupported, problem.RateLimited, problem.Unavailable, problem.Internal,
		} {
			if !tx.Has("problem." + string(k)) {
				t.Errorf("%s lacks a title for %s", lang, k)
			}
		}
	}
}

// bundleKeys are named in a table of attestation's, which the scan does not
// see.
var bundleKeys = []string{
	"bundle.large", "bundle.certificate", "bundle.signatures", "bundle.payload-type", "bundle.media-type", "bundle.envelope", "bundle.encoding",
	"bundle.key-material", "bundle.log-entry", "bundle.json", "signature.wrong", "statement.subject", "statement.json", "internal", "unavailable",
	"selection.unknown", "selection.unknown-near", "field.uuid", "field.digest", "field.orgnr", "field.country",
}
