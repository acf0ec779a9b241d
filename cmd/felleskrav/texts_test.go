package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"felleskrav/internal/audit"
	"felleskrav/internal/console"
	"felleskrav/internal/locale"
	"felleskrav/templates"
)

// keyLiteral finds the text keys that stand in the code.
var keyLiteral = regexp.MustCompile(`"(cli\.[a-z0-9.-]+)"`)

func loadTexts(t *testing.T) *locale.Bundle {
	t.Helper()
	texts, err := locale.Load(templates.FS, "locales")
	if err != nil {
		t.Fatal(err)
	}
	return texts
}

func usedKeys(t *testing.T) map[string]bool {
	t.Helper()
	used := map[string]bool{}
	var files []string
	for _, dir := range []string{".", "../../internal/console", "../../internal/audit"} {
		found, err := filepath.Glob(filepath.Join(dir, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, found...)
	}
	for _, f := range files {
		if strings.HasSuffix(f, "_test.go") {
			continue
		}
		src, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range keyLiteral.FindAllStringSubmatch(string(src), -1) {
			if !strings.HasSuffix(m[1], ".") && !strings.HasSuffix(m[1], "-") {
				used[m[1]] = true
			}
		}
	}
	for _, c := range []string{"bundle", "statement", "receipt", "certificate", "organisation", "login", "logged-key", "signature", "log-entry", "inclusion"} {
		used["cli.verify.check."+c] = true
	}
	for _, c := range []string{"by-certificate", "by-identity", "at-receipt", "at-timestamp", "at-log", "at-now"} {
		used["cli.verify."+c] = true
	}
	for _, c := range []string{"number", "name", "status", "offering", "until", "weakest", "remark"} {
		used["cli.check.column."+c] = true
	}
	return used
}

// Every text the commands need is there in every language, and none of the
// commands' texts is left over.
func TestTexts(t *testing.T) {
	texts := loadTexts(t)
	for _, lang := range locale.Languages() {
		s := testSession(t, lang)
		want := usedKeys(t)
		for _, p := range []console.Program{s.program(), audit.Program()} {
			keys, err := s.HelpKeys(p)
			if err != nil {
				t.Fatal(err)
			}
			for _, k := range keys {
				want[k] = true
			}
		}
		for _, k := range []string{"cli.help.usage"} {
			want[k] = true
		}
		have := map[string]bool{}
		for _, k := range texts.Keys(lang) {
			if strings.HasPrefix(k, "cli.") {
				have[k] = true
			}
		}
		report := func(what string, a, b map[string]bool) {
			var out []string
			for k := range a {
				if !b[k] {
					out = append(out, k)
				}
			}
			slices.Sort(out)
			if len(out) > 0 {
				t.Errorf("%s %s:\n  %s", lang, what, strings.Join(out, "\n  "))
			}
		}
		report("lacks", want, have)
		report("has texts nobody uses:", have, want)
	}
}
