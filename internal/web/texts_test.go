package web

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"felleskrav/internal/locale"
	"felleskrav/templates"
)

// rawTexts reads a file of texts: by key, the forms of the text.
func rawTexts(t *testing.T, lang, file string) map[string][]string {
	t.Helper()
	b := must[[]byte](t)(fs.ReadFile(templates.FS, "locales/"+lang+"/"+file))
	var raw map[string]yaml.Node
	if err := yaml.Unmarshal(b, &raw); err != nil {
		t.Fatal(err)
	}
	out := map[string][]string{}
	for k, n := range raw {
		if n.Kind == yaml.ScalarNode {
			out[k] = []string{n.Value}
			continue
		}
		forms := map[string]string{}
		if err := n.Decode(&forms); err != nil {
			t.Fatal(err)
		}
		out[k] = []string{forms["one"], forms["other"]}
	}
	return out
}

var placeholder = regexp.MustCompile(`\{\{[^}]*\}\}`)

// pageTexts reads the texts of pages, whichever file they stand in.
func pageTexts(t *testing.T, lang string) map[string][]string {
	t.Helper()
	out := map[string][]string{}
	for _, file := range must[[]string](t)(fs.Glob(templates.FS, "locales/"+lang+"/*.yaml")) {
		for k, forms := range rawTexts(t, lang, filepath.Base(file)) {
			if filepath.Base(file) == "pages.yaml" || strings.HasPrefix(k, "page.") || strings.HasPrefix(k, "nav.") {
				out[k] = forms
			}
		}
	}
	return out
}

func TestPageTextsAgreeBetweenLanguages(t *testing.T) {
	want := pageTexts(t, locale.Default)
	for _, lang := range locale.Languages() {
		got := pageTexts(t, lang)
		for k, forms := range want {
			if len(got[k]) != len(forms) {
				t.Errorf("%s: %s has %d forms, %d in %s", lang, k, len(got[k]), len(forms), locale.Default)
				continue
			}
			for i, f := range got[k] {
				if strings.TrimSpace(f) == "" {
					t.Errorf("%s: %s is empty", lang, k)
				}
				// The form for one may do without the number.
				a, b := placeholder.FindAllString(f, -1), placeholder.FindAllString(forms[i], -1)
				slices.Sort(a)
				slices.Sort(b)
				if !slices.Equal(slices.Compact(a), slices.Compact(b)) {
					t.Errorf("%s: %s is filled in with %v, in %s with %v", lang, k, a, locale.Default, b)
				}
			}
		}
		for k := range got {
			if want[k] == nil {
				t.Errorf("%s has %s, which %s has not", lang, k, locale.Default)
			}
		}
	}
}

// usedKeys gives the keys that stand in pages and code, and patterns for those
// that are put together.
func usedKeys(t *testing.T) (keys map[string]bool, patterns []*regexp.Regexp) {
	t.Helper()
	keys = map[string]bool{}
	literal := regexp.MustCompile(`"((?:page|nav|form|register)\.[a-z0-9.%-]+)"`)
	read := func(src []byte) {
		for _, m := range literal.FindAllSubmatch(src, -1) {
			k := string(m[1])
			switch {
			case k == "register.state": // a kind of term
			case strings.Contains(k, "%s"):
				patterns = append(patterns, regexp.MustCompile("^"+strings.ReplaceAll(regexp.QuoteMeta(k), "%s", "[a-z-]+")+"$"))
			case strings.HasSuffix(k, "-") || strings.HasSuffix(k, "."):
				patterns = append(patterns, regexp.MustCompile("^"+regexp.QuoteMeta(k)+"[a-z-]+$"))
			default:
				keys[k] = true
			}
		}
	}
	err := fs.WalkDir(templates.FS, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".html") {
			return err
		}
		b, err := fs.ReadFile(templates.FS, path)
		read(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	files := must[[]string](t)(filepath.Glob("*.go"))
	for _, f := range files {
		if !strings.HasSuffix(f, "_test.go") {
			read(must[[]byte](t)(os.ReadFile(f)))
		}
	}
	return keys, patterns
}

func TestEveryUsedKeyHasATextAndEveryTextIsUsed(t *testing.T) {
	bundle := must[*locale.Bundle](t)(locale.Load(templates.FS, "locales"))
	keys, patterns := usedKeys(t)
	for k := range keys {
		for _, lang := range locale.Languages() {
			if !bundle.In(lang).Has(k) {
				t.Errorf("%s has no text for %s", lang, k)
			}
		}
	}
	matched := map[string]bool{}
	for k := range pageTexts(t, locale.Default) {
		used := keys[k]
		for _, p := range patterns {
			if p.MatchString(k) {
				used, matched[p.String()] = true, true
			}
		}
		if !used {
			t.Errorf("%s is not used", k)
		}
	}
	for _, p := range patterns {
		if !matched[p.String()] {
			t.Errorf("no text fits %s", p)
		}
	}
}

// letters matches words between tags that are not filled in.
var letters = regexp.MustCompile(`>[^<{]*[A-Za-zæøåÆØÅ]{3,}[^<{]*<`)

// Names of others' catalogues and algorithms are the same in every language.
var names = []string{"KOSTRA", "COFOG", "Los", "NSM", "ISO/IEC 27002", "SHA-256", "sha256", "/openapi.json"}

func TestNoTextInPages(t *testing.T) {
	files := must[[]string](t)(fs.Glob(templates.FS, "p*/*.html"))
	if len(files) < 30 {
		t.Fatalf("%d files", len(files))
	}
	for _, f := range files {
		src := string(must[[]byte](t)(fs.ReadFile(templates.FS, f)))
		src = regexp.MustCompile(`(?s)\{\{/\*.*?\*/\}\}`).ReplaceAllString(src, "")
		for _, m := range letters.FindAllString(src, -1) {
			text := strings.Trim(m, "<>")
			for _, n := range names {
				text = strings.ReplaceAll(text, n, "")
			}
			if regexp.MustCompile(`[A-Za-zæøåÆØÅ]{3,}`).MatchString(text) {
				t.Errorf("%s holds the text %q", f, m)
			}
		}
	}
}
