package web

import (
	"strings"
	"testing"
	"testing/fstest"

	"felleskrav/internal/catalogue"
	"felleskrav/internal/locale"
	"felleskrav/internal/status"
	"felleskrav/templates"
)

func TestEngineRefusesIncompletePages(t *testing.T) {
	texts := must[*locale.Bundle](t)(locale.Load(templates.FS, "locales"))
	whole := `{{define "title"}}{{t "nav.log"}}{{end}}{{define "main"}}x{{end}}`
	layout := `{{template "title" .}}{{template "main" .}}`
	for name, c := range map[string]struct {
		files map[string]string
		names []string
		want  string
	}{
		"whole":      {map[string]string{"pages/a.html": whole}, []string{"a"}, ""},
		"undeclared": {map[string]string{"pages/a.html": whole, "pages/b.html": whole}, []string{"a"}, "page b is not declared"},
		"missing":    {map[string]string{"pages/a.html": whole}, []string{"a", "b"}, "page b has no file"},
		"no title":   {map[string]string{"pages/a.html": `{{define "main"}}x{{end}}`}, []string{"a"}, `defines no "title"`},
		"function":   {map[string]string{"pages/a.html": whole + `{{define "x"}}{{nosuch}}{{end}}`}, []string{"a"}, "nosuch"},
	} {
		t.Run(name, func(t *testing.T) {
			fsys := fstest.MapFS{"partials/layout.html": {Data: []byte(layout)}}
			for f, s := range c.files {
				fsys[f] = &fstest.MapFile{Data: []byte(s)}
			}
			e, err := newEngine(fsys, c.names, texts, &catalogue.Catalogue{}, assets{})
			if c.want != "" {
				if err == nil || !strings.Contains(err.Error(), c.want) {
					t.Fatalf("error %v, want %q", err, c.want)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			for lang, want := range map[string]string{"nb": "Loggx", "en": "Logx"} {
				if b, err := e.render(lang, "a", nil); err != nil || b.String() != want {
					t.Errorf("%s: %s %v", lang, b, err)
				}
			}
		})
	}
}

// A page that fails halfway sends nothing.
func TestRenderIsWholeOrNothing(t *testing.T) {
	texts := must[*locale.Bundle](t)(locale.Load(templates.FS, "locales"))
	fsys := fstest.MapFS{
		"partials/layout.html": {Data: []byte(`sent {{template "title" .}}{{template "main" .}}`)},
		"pages/a.html":         {Data: []byte(`{{define "title"}}{{end}}{{define "main"}}{{.Missing}}{{end}}`)},
	}
	e := must[*engine](t)(newEngine(fsys, []string{"a"}, texts, &catalogue.Catalogue{}, assets{}))
	if b, err := e.render("nb", "a", struct{}{}); err == nil || b != nil {
		t.Errorf("%s %v", b, err)
	}
}

func TestChartFillsItsWidth(t *testing.T) {
	texts := must[*locale.Bundle](t)(locale.Load(templates.FS, "locales")).In("nb")
	c := newChart(texts, "x", "Svar", []counted{
		{"A", status.Counts{Met: 3, NotMet: 1}}, {"B", status.Counts{}}, {"C", status.Counts{Unanswered: 100, Met: 1}},
	})
	if len(c.Bars) != 3 || len(c.Bars[0].Parts) != 2 || len(c.Bars[1].Parts) != 0 {
		t.Fatalf("%+v", c.Bars)
	}
	if p := c.Bars[0].Parts[1]; p.X != "330.00" || p.Width != "110.00" || p.Value != "1" || p.Class != "not-met" {
		t.Errorf("%+v", p)
	}
	if p := c.Bars[2].Parts[0]; p.Value != "" {
		t.Errorf("a number where it does not fit: %+v", p)
	}
	if want := "A: Oppfylt 3, Ikke oppfylt 1. C: Oppfylt 1, Ikke besvart 100."; c.Description != want {
		t.Errorf("%q, want %q", c.Description, want)
	}
}

func TestLocalAddresses(t *testing.T) {
	for to, want := range map[string]string{
		"/log": "/log", "/a?b=c&d": "/a?b=c&d", "": "/x", "log": "/x", "//evil.example": "/x", "https://evil.example": "/x",
		`/\evil.example`: "/x", "/a\nb": "/x", "javascript:alert(1)": "/x",
	} {
		if got := local(to, "/x"); got != want {
			t.Errorf("local(%q) is %q, want %q", to, got, want)
		}
	}
}

func TestReadTime(t *testing.T) {
	for s, want := range map[string]string{
		"2026-11-23": "2026-11-23T22:59:59Z", "2026-07-01": "2026-07-01T21:59:59Z", "2026-11-23T14:05": "2026-11-23T13:05:00Z",
		"2026-11-23T14:05:00Z": "2026-11-23T14:05:00Z", "": "", "23.11.2026": "bad", "2026-13-01": "bad",
	} {
		at, ok := readTime(s, true)
		got := "bad"
		switch {
		case ok && at == nil:
			got = ""
		case ok:
			got = at.Format("2006-01-02T15:04:05Z")
		}
		if got != want {
			t.Errorf("%q: %s, want %s", s, got, want)
		}
	}
}
