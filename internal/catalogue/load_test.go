package catalogue_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"felleskrav/internal/catalogue"
	"felleskrav/requirements"
)

func TestEmbeddedContentLoads(t *testing.T) {
	c, err := catalogue.Load(requirements.FS)
	if err != nil {
		t.Fatal(err)
	}
	for name, got := range map[string][2]int{
		"tasks": {len(c.Tasks), 12}, "information types": {len(c.InformationTypes), 10}, "levels": {len(c.Levels), 4},
		"measures": {len(c.Measures), 30}, "requirements": {len(c.Requirements()), 45}, "sets": {len(c.Sets), 2}, "releases": {len(c.Releases), 2},
	} {
		if got[0] < got[1] {
			t.Errorf("%d %s, want at least %d", got[0], name, got[1])
		}
	}
	for _, set := range c.Sets {
		v, ok := c.Version(set.ID, "latest")
		if !ok {
			t.Errorf("set %s has no release", set.ID)
			continue
		}
		for _, d := range catalogue.Diff(v, frozen(t, c, set.ID)) {
			if d.Kind != catalogue.ChangeUnchanged {
				t.Errorf("%s: %s is %s (%v) in the working content: release a new version", v.Ref(), d.Requirement, d.Kind, d.Fields)
			}
		}
	}
}

func frozen(t *testing.T, c *catalogue.Catalogue, set string) catalogue.Version {
	t.Helper()
	v, err := c.Freeze(set, "99.0.0", time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// copyContent gives the embedded content as a map that a test can spoil.
func copyContent(t *testing.T) fstest.MapFS {
	t.Helper()
	m := fstest.MapFS{}
	err := fs.WalkDir(requirements.FS, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := requirements.FS.ReadFile(path)
		m[path] = &fstest.MapFile{Data: data}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// spoil replaces old, which must be there, by new in a file, and returns the
// line that old began on.
func spoil(t *testing.T, m fstest.MapFS, file, old, new string) int {
	t.Helper()
	s := string(m[file].Data)
	i := strings.Index(s, old)
	if i < 0 {
		t.Fatalf("%s does not hold %q", file, old)
	}
	m[file] = &fstest.MapFile{Data: []byte(s[:i] + new + s[i+len(old):])}
	return 1 + strings.Count(s[:i], "\n")
}

func TestFaultsNameFileLineAndWhatIsWrong(t *testing.T) {
	tests := []struct {
		name, file, old, new string
		key                  string
		lineOffset           int
		near                 string
	}{
		{"unknown key", "measures/tilgang.yaml", "    carrier:", "    carier:", "unknown-key", 0, "carrier"},
		{"missing language", "themes/03-tilgang.yaml", "  nn: \"Identitet og tilgang\"\n", "", "missing-language", -1, ""},
		{"empty language", "themes/03-tilgang.yaml", "  nn: \"Identitet og tilgang\"\n", "  nn: \"\"\n", "missing-language", 0, ""},
		{"repeated key", "themes/03-tilgang.yaml", "    kind: requirement\n", "    kind: requirement\n    kind: requirement\n", "repeated-key", 1, ""},
		{"duplicate id", "themes/03-tilgang.yaml", "id: K-TILGANG-02", "id: K-TILGANG-01", "duplicate-id", 0, ""},
		{"dangling measure", "themes/03-tilgang.yaml", "[T-TILGANG-02]", "[T-TILGANG-20]", "dangling", 0, "T-TILGANG-02"},
		{"dangling requirement", "sets/grunnsett.yaml", "K-KRYPTO-01", "K-KRYPTO-91", "dangling", 0, "K-KRYPTO-01"},
		{"dangling source", "themes/03-tilgang.yaml", "{source: gdpr,", "{source: gdrp,", "dangling", 0, "gdpr"},
		{"id of another form", "themes/03-tilgang.yaml", "id: K-TILGANG-01", "id: K-tilgang-1", "id-form", 0, ""},
		{"id of another theme", "themes/03-tilgang.yaml", "id: K-TILGANG-01", "id: K-KRYPTO-71", "requirement-theme", 0, ""},
		{"unknown value", "themes/03-tilgang.yaml", "kind: requirement", "kind: wish", "unknown-value", 0, ""},
		{"level out of range", "measures/tilgang.yaml", "confidentiality: ", "confidentiality: 9", "level", 0, ""},
		{"not YAML", "sets/grunnsett.yaml", "id: grunnsett", "id: [", "syntax", 1, ""},
		{"list where a text belongs", "themes/03-tilgang.yaml", "    kind: requirement", "    kind: [requirement]", "value-expected", 0, ""},
		{"set includes itself", "sets/grunnsett.yaml", "deliveryModels:", "includes: [skytjenester]\ndeliveryModels:", "set-cycle", 0, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := copyContent(t)
			line := spoil(t, m, tt.file, tt.old, tt.new) + tt.lineOffset
			_, err := catalogue.Load(m)
			faults, ok := errors.AsType[catalogue.Faults](err)
			if !ok {
				t.Fatalf("error is %v, want faults", err)
			}
			for _, f := range faults {
				if f.Key != tt.key || f.File != tt.file {
					continue
				}
				if tt.key != "set-cycle" && f.Line != line {
					t.Errorf("line %d, want %d: %s", f.Line, line, f)
				}
				if near, _ := f.Args["Near"].(string); tt.near != "" && !strings.Contains(near, tt.near) {
					t.Errorf("nearest %q, want %q", near, tt.near)
				}
				return
			}
			t.Errorf("no fault %q in %s: %v", tt.key, tt.file, faults)
		})
	}
}

func TestMissingFilesAreFaults(t *testing.T) {
	m := copyContent(t)
	delete(m, "levels.yaml")
	for f := range m {
		if strings.HasPrefix(f, "tasks/") {
			delete(m, f)
		}
	}
	_, err := catalogue.Load(m)
	faults, ok := errors.AsType[catalogue.Faults](err)
	if !ok {
		t.Fatalf("error is %v, want faults", err)
	}
	got := faults.Error()
	for _, want := range []string{"levels.yaml", "tasks:0: no-files"} {
		if !strings.Contains(got, want) {
			t.Errorf("faults do not tell of %s:\n%s", want, got)
		}
	}
}

func TestChangedReleaseIsAFault(t *testing.T) {
	m := copyContent(t)
	spoil(t, m, "releases/grunnsett-1.0.0.json", "TLS 1.2", "TLS 1.0")
	_, err := catalogue.Load(m)
	if err == nil || !strings.Contains(err.Error(), "release-changed") {
		t.Errorf("error is %v, want release-changed", err)
	}
	delete(m, "releases/grunnsett-1.0.0.json")
	if _, err = catalogue.Load(m); err == nil || !strings.Contains(err.Error(), "release-missing") {
		t.Errorf("error is %v, want release-missing", err)
	}
}

func TestContentFromAFolderIsTheSame(t *testing.T) {
	dir := t.TempDir()
	for path, f := range copyContent(t) {
		p := filepath.Join(dir, path)
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, f.Data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	a, err := catalogue.Load(os.DirFS(dir))
	if err != nil {
		t.Fatal(err)
	}
	b, err := catalogue.Load(requirements.FS)
	if err != nil {
		t.Fatal(err)
	}
	if x, y := frozen(t, a, "skytjenester"), frozen(t, b, "skytjenester"); x.Digest != y.Digest {
		t.Error("a folder and the embedded content freeze to different bytes")
	}
}
