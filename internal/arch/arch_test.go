package arch

import (
	"bytes"
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "felleskrav/"

// may is the whole table: what each package may import of this module, with
// the reason where it is not plain. Imports point inward: leaves, nouns,
// storage and edges, api and web, cmd.
var may = map[string][]string{
	// Leaves: they know no noun of the domain.
	"internal/problem":      {},
	"internal/locale":       {},
	"internal/transparency": {},
	// Speaks HTTP to addresses that others wrote.
	"internal/safehttp": {},
	// The contract as pages show it.
	"internal/apidoc": {},
	// Signs through programs of the operator's: only cmd chooses to.
	"internal/signing/kms":         {"internal/signing"},
	"internal/signing/kms/kmstest": {},
	"internal/access":              {"internal/problem"},
	"requirements":                 {},
	"templates":                    {},

	// Asks about certificates that others sign with.
	"internal/signing":            {"internal/signing/revocation"},
	"internal/signing/revocation": {"internal/safehttp"},
	"internal/signing/certtest":   {},

	// Signatures by certificates, and an authority that gives tests some.
	"internal/signing/keyless":             {"internal/signing"},
	"internal/signing/keyless/keylesstest": {"internal/signing"},
	// Witnesses watch a log; both sides of that.
	"internal/transparency/witness": {"internal/transparency"},

	// Nouns.
	"internal/organisation": {"internal/access", "internal/problem"},
	// Says which organisation a system acts for, by somebody else's word.
	"internal/maskinporten": {"internal/access", "internal/organisation", "internal/problem", "internal/safehttp"},
	"internal/catalogue":    {"internal/access", "internal/problem"},
	"internal/member":       {"internal/access", "internal/organisation", "internal/problem"},
	"internal/selection":    {"internal/catalogue", "internal/problem"},
	// Asks the register of legal entities, and keeps its answers.
	"internal/organisation/registry": {"internal/organisation", "internal/safehttp"},
	// A supplier is its number and its keys.
	"internal/supplier": {"internal/access", "internal/catalogue", "internal/organisation", "internal/problem", "internal/signing", "internal/signing/keyless", "internal/signing/revocation"},
	"internal/evidence": {
		"internal/access", "internal/catalogue", "internal/evidence/content", "internal/organisation", "internal/problem", "internal/supplier",
	},
	// Looks at bytes and knows no noun.
	"internal/evidence/content": {},
	// Speaks to the scanner that evidence asks for a verdict.
	"internal/evidence/clamd":           {"internal/evidence"},
	"internal/evidence/clamd/clamdtest": {"internal/evidence/clamd"},
	"internal/attestation": {
		"internal/access", "internal/catalogue", "internal/evidence", "internal/organisation", "internal/problem", "internal/signing", "internal/signing/keyless", "internal/supplier",
	},
	// Answers that are worked on before they are signed.
	"internal/attestation/answerdraft": {
		"internal/access", "internal/attestation", "internal/catalogue", "internal/organisation", "internal/problem", "internal/supplier",
	},
	// How often declarations are used, told to their suppliers.
	"internal/attestation/reuse": {"internal/access", "internal/organisation", "internal/problem"},
	// A review is signed like a declaration, of an answer in one, and goes into the same log.
	"internal/review": {
		"internal/access", "internal/attestation", "internal/catalogue", "internal/evidence", "internal/organisation", "internal/problem", "internal/signing", "internal/supplier",
	},
	// Translates between the nouns' view of the log and the log.
	"internal/attestation/publiclog": {"internal/attestation", "internal/signing", "internal/transparency"},
	"internal/status":                {"internal/attestation", "internal/catalogue", "internal/organisation", "internal/review", "internal/supplier"},
	// Fetches what the pure status is computed from.
	"internal/status/facts": {
		"internal/access", "internal/attestation", "internal/catalogue", "internal/organisation", "internal/problem", "internal/review", "internal/status",
		"internal/supplier",
	},
	// The days of a contract are counted where our users' calendars are.
	"internal/procurement": {
		"internal/access", "internal/attestation", "internal/attestation/reuse", "internal/catalogue", "internal/locale", "internal/organisation", "internal/problem", "internal/selection", "internal/status", "internal/supplier",
	},

	// A check of a list joins the nouns behind status with the list's format.
	"internal/bulkcheck": {
		"internal/access", "internal/catalogue", "internal/locale", "internal/organisation", "internal/problem", "internal/status/facts", "internal/workbook",
	},

	// Bodies' own workbooks, filled in from procurements.
	"internal/ownbook": {
		"internal/access", "internal/catalogue", "internal/locale", "internal/organisation", "internal/problem", "internal/procurement", "internal/status",
		"internal/workbook", "internal/workbook/own", "internal/workbook/patch",
	},

	// Remembers what was seen of statuses, and says what has changed.
	"internal/notify": {"internal/access", "internal/organisation", "internal/problem", "internal/status", "internal/status/facts"},

	// What was done, by whom; it knows requests only through the package below.
	"internal/trail":          {"internal/access", "internal/problem", "internal/signing"},
	"internal/trail/requests": {"internal/httpd", "internal/organisation", "internal/trail"},

	// Storage: the nouns' types, and never each other.
	"internal/storage":                 storable,
	"internal/storage/sqlite":          append([]string{"internal/storage"}, storable...),
	"internal/storage/mongo":           append([]string{"internal/storage"}, storable...),
	"internal/storage/mongo/mongotest": {}, // a database for a test
	// The suite makes values of every kind.
	"internal/storage/storagetest": append([]string{"internal/status", "internal/workbook/own", "internal/storage", "internal/access", "internal/selection", "internal/workbook"}, storable...),

	// Edges.
	// Verifies, offline, what its workbooks carry: signatures and proofs of inclusion.
	"internal/workbook": {
		"internal/workbook/patch",
		"internal/attestation", "internal/attestation/publiclog", "internal/catalogue", "internal/locale", "internal/organisation", "internal/problem", "internal/procurement",
		"internal/selection", "internal/signing", "internal/status", "internal/transparency",
	},
	// Changes cells of files it does not understand: it knows no noun.
	"internal/workbook/patch": {},
	// A corpus of others' workbooks, for tests.
	"internal/workbook/corpustest": {},
	// Reads and fills requirement workbooks that public bodies made.
	"internal/workbook/own": {
		"internal/attestation", "internal/catalogue", "internal/problem", "internal/status", "internal/workbook/patch",
	},
	"internal/workbook/workbooktest": {"internal/attestation", "internal/procurement", "internal/workbook"},
	// Draws what a comparison counts.
	"internal/chart": {"internal/attestation", "internal/locale", "internal/procurement", "internal/status"},
	"internal/login": {"internal/access", "internal/organisation", "internal/problem"},
	"internal/httpd": {"internal/access", "internal/locale", "internal/login", "internal/problem"},
	// Tells the login of members.
	"internal/login/members": {"internal/access", "internal/login", "internal/member"},
	// Speaks to where people log in: only cmd chooses to.
	"internal/login/oidc":          {"internal/login", "internal/organisation", "internal/problem", "internal/safehttp"},
	"internal/login/oidc/oidctest": {},

	// What people and programs meet: services, never storage.
	"internal/api": append([]string{"internal/signing/keyless"}, services...),
	"internal/web": append([]string{"internal/login", "internal/signing", "templates"}, services...),

	// What the programs are made of on the command line.
	"internal/console": {"internal/locale", "internal/problem", "templates"},
	"internal/audit": {
		"internal/attestation", "internal/attestation/publiclog", "internal/console", "internal/locale", "internal/organisation", "internal/review", "internal/signing",
		"internal/signing/keyless", "internal/signing/revocation", "internal/supplier", "internal/transparency",
	},
	// The program for auditors: verification, and nothing else.
	auditing: {"internal/audit", "internal/console", "internal/startgc"},

	// Around the program.
	"internal/startgc": {}, // nothing, or it would not come first
	"internal/arch":    {},
	"internal/bench":   {"internal/bench/garbage", "internal/signing"}, // drives the program over HTTP
	// Sends what the open internet sends; the program's own tests use it, too.
	"internal/bench/garbage": {},
	// Fills a store with many suppliers for benchmarks; it knows no backend.
	"internal/bench/market": {"internal/attestation", "internal/catalogue", "internal/organisation", "internal/supplier", "internal/transparency"},
}

var storable = []string{
	"internal/attestation", "internal/attestation/answerdraft", "internal/attestation/reuse", "internal/bulkcheck", "internal/catalogue", "internal/evidence", "internal/member", "internal/notify", "internal/organisation", "internal/organisation/registry", "internal/ownbook", "internal/problem", "internal/procurement", "internal/review", "internal/supplier",
	"internal/trail", "internal/transparency",
}

var services = []string{
	"internal/access", "internal/apidoc", "internal/attestation", "internal/attestation/answerdraft", "internal/attestation/reuse", "internal/bulkcheck", "internal/catalogue", "internal/chart", "internal/evidence", "internal/httpd", "internal/locale",
	"internal/organisation", "internal/organisation/registry",
	"internal/member", "internal/notify", "internal/ownbook", "internal/problem", "internal/procurement", "internal/review", "internal/selection", "internal/status", "internal/status/facts", "internal/supplier",
	"internal/trail", "internal/transparency", "internal/workbook", "internal/workbook/own", "internal/workbook/patch",
}

const (
	// wiring is the one package that may import everything.
	wiring = "cmd/felleskrav"
	// auditing is the small program.
	auditing = "cmd/felleskrav-verify"
)

// only says which packages may import a library: what wraps it, so that it can
// be replaced there and nowhere else.
var only = map[string][]string{
	"golang.org/x/image":                  {"internal/chart"},
	"github.com/xuri/excelize/v2":         {"internal/workbook", "internal/workbook/workbooktest", "internal/bench"}, // bench: the floor
	"go.mongodb.org/mongo-driver/v2":      {"internal/storage/mongo", "internal/storage/mongo/mongotest"},
	"modernc.org/sqlite":                  {"internal/storage/sqlite"},
	"github.com/pressly/goose/v3":         {"internal/storage/sqlite"},
	"github.com/alecthomas/kong":          {"internal/console"},
	"github.com/gin-gonic/gin":            {"internal/httpd", "internal/api", "internal/web", "internal/login", "internal/bench"},
	"github.com/sigstore/sigstore":        {"internal/signing", "internal/signing/kms", "internal/signing/kms/kmstest", "internal/signing/keyless/keylesstest"},
	"github.com/sigstore/sigstore-go":     {"internal/signing/keyless"},
	"github.com/getkin/kin-openapi":       {"internal/api"},
	"github.com/go-jose/go-jose/v4":       {"internal/maskinporten", "internal/login/oidc", "internal/login/oidc/oidctest"},
	"github.com/prometheus/client_golang": {"internal/httpd"},
	"github.com/coreos/go-oidc/v3":        {"internal/login/oidc"},
	"golang.org/x/oauth2":                 {"internal/login/oidc"},
	"github.com/zitadel/oidc/v3":          {"internal/login/oidc/oidctest"},
}

// pure packages compute: same input, same output. They see no clock, no file,
// no network and no request.
var pure = []string{"internal/selection", "internal/status"}

var impure = []string{"context", "crypto/rand", "database/sql", "io/fs", "log", "log/slog", "math/rand", "math/rand/v2", "net", "net/http", "os", "os/exec", "sync", "syscall"}

// listed is what go list tells about a package.
type listed struct {
	ImportPath   string
	Dir          string
	GoFiles      []string
	Imports      []string
	TestImports  []string
	XTestImports []string
}

func list(t *testing.T) []listed {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-e", "-json=ImportPath,Dir,GoFiles,Imports,TestImports,XTestImports", "./...")
	cmd.Dir = filepath.Join("..", "..")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, stderr.String())
	}
	var all []listed
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listed
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(p.ImportPath, module) {
			p.ImportPath = strings.TrimPrefix(p.ImportPath, module)
			all = append(all, p)
		}
	}
}

func TestImports(t *testing.T) {
	packages := list(t)
	if len(packages) < 20 {
		t.Fatalf("go list found only %d packages", len(packages))
	}
	seen := map[string]bool{}
	for _, p := range packages {
		seen[p.ImportPath] = true
		allowed, known := may[p.ImportPath]
		if !known && p.ImportPath != wiring {
			t.Errorf("%s is not in the table: say what it may import", p.ImportPath)
			continue
		}
		for _, i := range p.Imports {
			own, ours := strings.CutPrefix(i, module)
			if ours && p.ImportPath != wiring && !slices.Contains(allowed, own) {
				t.Errorf("%s imports %s, which its place does not allow", p.ImportPath, own)
			}
			for lib, users := range only {
				if (i == lib || strings.HasPrefix(i, lib+"/")) && !slices.Contains(users, p.ImportPath) {
					t.Errorf("%s imports %s, which only %v may", p.ImportPath, i, users)
				}
			}
		}
	}
	for name := range may {
		if !seen[name] && name != "internal/workbook/workbooktest" {
			t.Errorf("the table has %s, which is no package", name)
		}
	}
}

// The program for auditors is quick and small because of what is not in it:
// most of what the one binary does at its start is to set these up.
func TestAuditorsProgramIsSmall(t *testing.T) {
	cmd := exec.CommandContext(t.Context(), "go", "list", "-deps", "./"+auditing)
	cmd.Dir = filepath.Join("..", "..")
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	linked := strings.Fields(string(out))
	if !slices.Contains(linked, module+"internal/audit") {
		t.Fatalf("go list does not find what it is made of: %v", linked)
	}
	for _, p := range linked {
		for _, heavy := range []string{
			"github.com/gin-gonic/", "github.com/xuri/excelize/", "github.com/getkin/kin-openapi/", "go.mongodb.org/mongo-driver/", "modernc.org/sqlite", "github.com/prometheus/",
			module + "internal/storage", module + "internal/httpd",
		} {
			if strings.HasPrefix(p, heavy) {
				t.Errorf("%s links %s", auditing, p)
			}
		}
	}
}

// Not even their tests: what the backends have in common is in storagetest.
func TestBackendsAreApart(t *testing.T) {
	apart := map[string]string{"internal/storage/sqlite": "internal/storage/mongo", "internal/storage/mongo": "internal/storage/sqlite"}
	for _, p := range list(t) {
		other, ok := apart[p.ImportPath]
		if !ok {
			continue
		}
		delete(apart, p.ImportPath)
		if slices.Contains(slices.Concat(p.Imports, p.TestImports, p.XTestImports), module+other) {
			t.Errorf("%s imports %s", p.ImportPath, other)
		}
	}
	if len(apart) > 0 {
		t.Errorf("these backends are gone: %v", apart)
	}
}

func TestPurePackages(t *testing.T) {
	checked := 0
	for _, p := range list(t) {
		if !slices.Contains(pure, p.ImportPath) {
			continue
		}
		checked++
		for _, i := range p.Imports {
			if slices.Contains(impure, i) {
				t.Errorf("%s imports %s", p.ImportPath, i)
			}
		}
		for _, name := range p.GoFiles {
			for _, call := range clockCalls(t, filepath.Join(p.Dir, name)) {
				t.Errorf("%s looks at the clock: %s", p.ImportPath, call)
			}
		}
	}
	if checked != len(pure) {
		t.Errorf("checked %d of %d pure packages", checked, len(pure))
	}
}

// clockCalls finds where a file uses time.Now and the like.
func clockCalls(t *testing.T, file string) []string {
	t.Helper()
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	ast.Inspect(f, func(n ast.Node) bool {
		sel, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		if x, ok := sel.X.(*ast.Ident); ok && x.Name == "time" && slices.Contains([]string{"Now", "Since", "Until", "After", "Tick", "NewTimer", "NewTicker", "Sleep"}, sel.Sel.Name) {
			found = append(found, fset.Position(n.Pos()).String())
		}
		return true
	})
	return found
}

// The clock finder finds what it should, or the test above says nothing.
func TestClockCalls(t *testing.T) {
	if got := clockCalls(t, filepath.Join("..", "..", "cmd", "felleskrav", "logs.go")); len(got) == 0 {
		t.Error("found no clock in a file that has one")
	}
}
