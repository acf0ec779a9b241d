package locale_test

import (
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"felleskrav/internal/locale"
)

func files(nb string) fstest.MapFS {
	other := "hello: \"Hi {{.Name}}\"\nrows:\n  one: \"{{.Count}} row\"\n  other: \"{{.Count}} rows\"\n"
	return fstest.MapFS{
		"l/nb/a.yaml": {Data: []byte(nb)}, "l/nn/a.yaml": {Data: []byte("hello: \"Hei, {{.Name}}\"\n")}, "l/en/a.yaml": {Data: []byte(other)},
	}
}

const good = "hello: \"Hei {{.Name}}\"\nrows:\n  one: \"{{.Count}} rad\"\n  other: \"{{.Count}} rader\"\n"

func TestTexts(t *testing.T) {
	b, err := locale.Load(files(good), "l")
	if err != nil {
		t.Fatal(err)
	}
	nb := b.In("nb")
	for _, tt := range []struct{ got, want string }{
		{nb.T("hello", "Name", "du"), "Hei du"},
		{nb.T("hello", map[string]any{"Name": "<b>"}), "Hei <b>"},
		{nb.T("rows", "Count", 1), "1 rad"},
		{nb.T("rows", "Count", 2), "2 rader"},
		{b.In("en").T("rows", "Count", 0), "0 rows"},
		{nb.T("nosuch"), "nosuch"},
		{b.In("nn").T("rows", "Count", 2), "rows"}, // not another language's text
		{b.In("xx").T("hello", "Name", "du"), "Hei du"},
	} {
		if tt.got != tt.want {
			t.Errorf("got %q, want %q", tt.got, tt.want)
		}
	}
	if !nb.Has("hello") || nb.Has("nosuch") {
		t.Error("Has does not tell which texts there are")
	}
}

// The texts of the program itself, each in both ways.
func TestLazyGivesWhatLoadGives(t *testing.T) {
	files := os.DirFS("../../templates")
	loaded, err := locale.Load(files, "locales")
	if err != nil {
		t.Fatal(err)
	}
	lazy := locale.Lazy(files, "locales")
	for _, lang := range locale.Languages() {
		keys := loaded.Keys(lang)
		if len(keys) < 1000 || !slices.Equal(lazy.Keys(lang), keys) {
			t.Fatalf("%s: %d keys, and %d when they are read as needed", lang, len(keys), len(lazy.Keys(lang)))
		}
		for _, key := range keys {
			for _, args := range [][]any{nil, {"Count", 1, "Name", "N"}, {"Count", 2}} {
				want, got := loaded.In(lang).T(key, args...), lazy.In(lang).T(key, args...)
				if got != want {
					t.Errorf("%s %s: %q, want %q", lang, key, got, want)
				}
				if args != nil && want == key {
					t.Errorf("%s %s cannot be filled in", lang, key)
				}
			}
			if !lazy.In(lang).Has(key) {
				t.Errorf("%s lacks %s", lang, key)
			}
		}
		if lazy.In(lang).Has("nosuch") || lazy.In(lang).T("nosuch") != "nosuch" {
			t.Errorf("%s has a text that there is not", lang)
		}
	}
}

func TestLazyFromSeveralGoroutines(t *testing.T) {
	nb := locale.Lazy(files(good), "l").In("nb")
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if got := nb.T("rows", "Count", 2) + nb.T("hello", "Name", "du"); got != "2 raderHei du" {
				t.Errorf("got %q", got)
			}
		})
	}
	wg.Wait()
}

func TestLoadRefuses(t *testing.T) {
	for name, tt := range map[string]struct{ nb, want string }{
		"empty text":    {"hello: \"\"\n", "hello"},
		"not a mapping": {"- a\n", "l/nb/a.yaml"},
		"key twice":     {"hello: a\nhello: b\n", "l/nb/a.yaml"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := locale.Load(files(tt.nb), "l")
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error is %v, want one that names %s", err, tt.want)
			}
		})
	}
	m := files(good)
	m["l/nb/b.yaml"] = &fstest.MapFile{Data: []byte("hello: igjen\n")}
	if _, err := locale.Load(m, "l"); err == nil || !strings.Contains(err.Error(), "both") {
		t.Errorf("a key in two files: %v", err)
	}
	delete(m, "l/nb/b.yaml")
	delete(m, "l/en/a.yaml")
	if _, err := locale.Load(m, "l"); err == nil {
		t.Error("a language without files was accepted")
	}
}

func TestNegotiate(t *testing.T) {
	for _, tt := range []struct{ choice, header, want string }{
		{"", "", "nb"}, {"nn", "en", "nn"}, {"xx", "en", "en"}, {"", "no", "nb"}, {"", "nn-NO,nn;q=0.9,en;q=0.5", "nn"}, {"", "nb;q=0.4, en;q=0.8", "en"},
		{"", "fr-FR", "nb"}, {"", "sv, en;q=0.5", "en"}, {"", ";;;", "nb"}, {"", strings.Repeat("en,", 200), "nb"}, {"", "*", "nb"},
	} {
		if got := locale.Negotiate(tt.choice, tt.header); got != tt.want {
			t.Errorf("Negotiate(%q, %.20q) = %s, want %s", tt.choice, tt.header, got, tt.want)
		}
	}
}

func TestDatesAndNumbers(t *testing.T) {
	b, err := locale.Load(files(good), "l")
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 6, 30, 22, 30, 0, 0, time.UTC) // after midnight in Oslo
	for _, tt := range []struct{ got, want string }{
		{b.In("nb").Date(at), "01.07.2026"}, {b.In("nn").DateTime(at), "01.07.2026 kl. 00.30"}, {b.In("en").Date(at), "1 July 2026"}, {b.In("en").DateTime(at), "1 July 2026 at 00:30"},
		{b.In("en").Number(1234567), "1,234,567"}, {strings.ReplaceAll(b.In("nb").Number(1234567), "\u00a0", " "), "1 234 567"},
		{b.In("nb").Percent(0.505), "51\u00a0%"}, {b.In("en").Percent(1), "100%"},
	} {
		if tt.got != tt.want {
			t.Errorf("got %q, want %q", tt.got, tt.want)
		}
	}
}
