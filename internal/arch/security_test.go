package arch

import (
	"bufio"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// security is the document that says how the requirements of OWASP ASVS are
// met. What it cites must be there.
const security = "deploy/SECURITY.md"

// cell is one row of its tables.
type cell struct{ level, state, tests string }

var (
	quoted     = regexp.MustCompile("`([^`\n]+)`")
	testName   = regexp.MustCompile(`^(Test|Fuzz)[A-Z0-9]\w*$`)
	flagName   = regexp.MustCompile(`^--[a-z][a-z-]*`)
	declared   = regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w+)\(`)
	shortID    = regexp.MustCompile(`\b\d{1,2}\.\d{1,2}\.\d{1,2}\b`)
	ourFolders = []string{"cmd/", "internal/", "deploy/", "templates/", "requirements/", "README.md", "Makefile", "go.mod", "go.sum", ".ci/", ".golangci.yml"}
)

func root(name string) string { return filepath.Join("..", "..", filepath.FromSlash(name)) }

func securityText(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile(root(security))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// tests are the names of all tests and fuzz targets of the project.
func tests(t *testing.T) map[string]bool {
	t.Helper()
	out := map[string]bool{}
	for _, folder := range []string{"cmd", "internal", "templates", "requirements"} {
		err := filepath.WalkDir(root(folder), func(path string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			if d.IsDir() && d.Name() == "node_modules" {
				return fs.SkipDir
			}
			if !strings.HasSuffix(path, "_test.go") {
				return nil
			}
			b, err := os.ReadFile(path)
			for _, m := range declared.FindAllSubmatch(b, -1) {
				out[string(m[1])] = true
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return out
}

// TestSecurityDocumentCites: every test, file and flag that the document names
// is there.
func TestSecurityDocumentCites(t *testing.T) {
	known := tests(t)
	var help []byte
	files, err := filepath.Glob(root("templates/locales/en/*.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		help = append(append(help, '\n'), b...)
	}
	count := 0
	for _, m := range quoted.FindAllStringSubmatch(securityText(t), -1) {
		name := m[1]
		flag := flagName.FindString(name)
		switch {
		case testName.MatchString(name):
			count++
			if !known[name] {
				t.Errorf("there is no test %s", name)
			}
		case flag != "":
			if !strings.Contains(string(help), "\ncli.help."+flag+":") {
				t.Errorf("there is no flag %s", flag)
			}
		case slices.ContainsFunc(ourFolders, func(f string) bool { return strings.HasPrefix(name, f) }):
			if _, err := os.Stat(root(name)); err != nil {
				t.Errorf("there is no file %s", name)
			}
		}
	}
	if count < 100 {
		t.Errorf("found only %d names of tests", count)
	}
}

// rows reads the tables of the document, by id.
func rows(t *testing.T) map[string]cell {
	t.Helper()
	out := map[string]cell{}
	for line := range strings.SplitSeq(securityText(t), "\n") {
		if !strings.HasPrefix(line, "| v5.0.0-") {
			continue
		}
		parts := strings.Split(strings.Trim(line, "|"), "|")
		if len(parts) != 6 {
			t.Errorf("a row has %d cells, not 6: %s", len(parts), line)
			continue
		}
		for i := range parts {
			parts[i] = strings.TrimSpace(parts[i])
		}
		id, c := parts[0], cell{level: parts[1], state: parts[3], tests: parts[5]}
		if _, twice := out[id]; twice {
			t.Errorf("%s has two rows", id)
		}
		if !slices.Contains([]string{"met", "partly", "not", "n/a"}, c.state) {
			t.Errorf("%s is %q", id, c.state)
		}
		for _, part := range parts {
			if part == "" {
				t.Errorf("%s has an empty cell", id)
			}
		}
		out[id] = c
	}
	return out
}

// TestSecurityDocumentIsWhole: each requirement of levels 1 and 2 has one row,
// the counts in the document are those of its rows, and all that is not met
// stands in the list at its top, and nothing else does.
func TestSecurityDocumentIsWhole(t *testing.T) {
	got := rows(t)
	f, err := os.Open(filepath.Join("testdata", "asvs-5.0.0.txt"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	want := map[string]string{}
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if id, level, ok := strings.Cut(lines.Text(), " "); ok && strings.HasPrefix(id, "v5.0.0-") {
			want[id] = level
		}
	}
	if len(want) != 253 {
		t.Errorf("the list has %d requirements, not 253", len(want))
	}
	states := map[string]int{}
	gaps := map[string]bool{}
	for id, level := range want {
		c, ok := got[id]
		if !ok {
			t.Errorf("%s has no row", id)
			continue
		}
		if c.level != level {
			t.Errorf("%s is of level %s, not %s", id, level, c.level)
		}
		states[c.state]++
		if c.state == "partly" || c.state == "not" {
			gaps[strings.TrimPrefix(id, "v5.0.0-")] = true
		}
	}
	for id := range got {
		if want[id] == "" {
			t.Errorf("%s is no requirement of levels 1 and 2", id)
		}
	}
	text := securityText(t)
	for state, n := range states {
		if said := strconv.Itoa(n) + " " + state; !strings.Contains(text, said) {
			t.Errorf("it does not say that %q", said)
		}
	}
	_, list, found := strings.Cut(text, "\n## What is not met\n")
	list, _, ended := strings.Cut(list, "\n## ")
	if !found || !ended {
		t.Fatal("there is no list of what is not met")
	}
	listed := shortID.FindAllString(list, -1)
	for id := range gaps {
		if !slices.Contains(listed, id) {
			t.Errorf("%s is not met, and not in the list", id)
		}
	}
	for _, id := range listed {
		if !gaps[id] {
			t.Errorf("%s is in the list of what is not met, and its row says otherwise", id)
		}
	}
}

// dangerous says who may import what is easily misused; nobody else does.
var dangerous = map[string][]string{
	"crypto/des":     {},
	"crypto/md5":     {},
	"crypto/rc4":     {},
	"crypto/sha1":    {"internal/signing/revocation"}, // names issuers in OCSP
	"encoding/gob":   {},
	"math/rand":      {},
	"net/http/pprof": {},
	"plugin":         {},
	"text/template":  {},
	"unsafe":         {},
	"os/exec":        {"internal/signing/kms", "internal/bench", "internal/workbook/corpustest", "internal/evidence/clamd/clamdtest", "internal/signing/kms/kmstest"},
	"math/rand/v2":   {"internal/transparency", "internal/storage", "internal/storage/sqlite", "internal/storage/mongo", "internal/storage/storagetest", "internal/bench/garbage"}, // pauses between tries, and what tests send
	"encoding/xml":   {"internal/workbook", "internal/evidence/content", "internal/chart"},
	"html/template":  {"internal/api", "internal/httpd", "internal/web"},
	"crypto/cipher":  {},
	"crypto/aes":     {},
}

// rawHTML is the one place that says of a text that it is HTML: html/template
// drew it there.
const rawHTML = "internal/web/parts.go"

// TestDangerousImports: what the document says of random numbers, templates,
// programs and ciphers.
func TestDangerousImports(t *testing.T) {
	for _, p := range list(t) {
		for _, i := range p.Imports {
			if users, told := dangerous[i]; told && !slices.Contains(users, p.ImportPath) {
				t.Errorf("%s imports %s", p.ImportPath, i)
			}
		}
		for _, name := range p.GoFiles {
			b, err := os.ReadFile(filepath.Join(p.Dir, name))
			if err != nil {
				t.Fatal(err)
			}
			for _, word := range []string{"InsecureSkip" + "Verify", "template.HTML" + "(", "template.JS" + "("} {
				if strings.Contains(string(b), word) && p.ImportPath+"/"+name != rawHTML {
					t.Errorf("%s: %s has %s", p.ImportPath, name, word)
				}
			}
		}
	}
}
