package web

import (
	"errors"
	"html/template"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"text/template/parse"

	"felleskrav/internal/catalogue"
	"felleskrav/internal/locale"
	"felleskrav/templates"
)

// Fixed words are written into the pages as HTML. So they may stand only where
// html/template itself would escape them as that: in text or in a quoted
// attribute, never in a script, an address or an attribute without quotes. Small
// parts may stand in text only.
func TestFixedWordsStandWhereHTMLIsNeeded(t *testing.T) {
	texts := must[*locale.Bundle](t)(locale.Load(templates.FS, "locales"))
	known := functions(texts.In(locale.Default), &catalogue.Catalogue{}, assets{})
	common, err := template.New("layout").Funcs(known).ParseFS(templates.FS, "partials/*.html")
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, name := range pageNames {
		page, err := must[*template.Template](t)(common.Clone()).ParseFS(templates.FS, "pages/"+name+".html")
		if err != nil {
			t.Fatal(err)
		}
		// The escapers are put in when the page is first drawn, whether or not there
		// is something to draw it of.
		var misplaced *template.Error
		if err := page.ExecuteTemplate(io.Discard, "layout.html", nil); errors.As(err, &misplaced) {
			t.Errorf("page %s: %v", name, err)
		}
		for _, part := range page.Templates() {
			if part.Tree == nil {
				continue
			}
			each(part.Tree.Root, func(node parse.Node) {
				if n, ok := node.(*parse.TemplateNode); ok {
					// Elsewhere than in text a copy is called, which says so in its name.
					if of, _, elsewhere := strings.Cut(n.Name, "$"); elsewhere && slices.Contains(smallParts, of) {
						t.Errorf("%s: %s stands elsewhere than in text", part.Name(), n)
					}
					return
				}
				n, ok := node.(*parse.ActionNode)
				if !ok || len(n.Pipe.Cmds) < 2 {
					return
				}
				call := *n.Pipe
				call.Cmds = call.Cmds[:1]
				if _, fixed := fixedKey(&parse.ActionNode{Pipe: &call}); !fixed {
					return
				}
				seen++
				if by := n.Pipe.Cmds[1].String(); len(n.Pipe.Cmds) > 2 || !slices.Contains([]string{"_html_template_htmlescaper", "_html_template_attrescaper", "_html_template_rcdataescaper"}, by) {
					t.Errorf("%s: %s is written by %s", part.Name(), n, by)
				}
			})
		}
	}
	if seen < 1000 {
		t.Errorf("%d fixed words were found", seen)
	}
}

func each(list *parse.ListNode, do func(parse.Node)) {
	if list == nil {
		return
	}
	for _, node := range list.Nodes {
		do(node)
		switch n := node.(type) {
		case *parse.IfNode:
			each(n.List, do)
			each(n.ElseList, do)
		case *parse.WithNode:
			each(n.List, do)
			each(n.ElseList, do)
		case *parse.RangeNode:
			each(n.List, do)
			each(n.ElseList, do)
		}
	}
}

// A page with its fixed words written in is the page without.
func TestFoldedPageIsTheSame(t *testing.T) {
	const page = `<p title="{{t "nav.log"}}">{{t "nav.log"}}, {{t "page.layout.level" "Number" .N}}{{range .Rows}} {{term "answer" "met"}}{{.}} {{term "answer" .}}{{else}}{{t "nav.log"}}{{end}}{{with .None}}{{.}}{{else}} {{t "nav.log"}}{{t "nav.log"}}{{end}}</p>`
	texts := must[*locale.Bundle](t)(locale.Load(templates.FS, "locales"))
	for _, lang := range locale.Languages() {
		funcs := functions(texts.In(lang), &catalogue.Catalogue{}, assets{})
		draw := func(folded bool) string {
			p := must[*template.Template](t)(template.New("page").Funcs(funcs).Parse(page))
			if folded {
				folder{texts: texts.In(lang)}.fold(p)
			}
			var b strings.Builder
			if err := p.Execute(&b, map[string]any{"N": 2, "Rows": []string{"met", "partial"}, "None": ""}); err != nil {
				t.Fatal(err)
			}
			if left := strings.Count(p.Tree.Root.String(), `"nav.log"`); folded != (left == 0) {
				t.Errorf("%s, folded %v: %d fixed words are looked up", lang, folded, left)
			}
			return b.String()
		}
		if got, want := draw(true), draw(false); got != want {
			t.Errorf("%s:\n%s\nwant\n%s", lang, got, want)
		}
	}
}

// What is special in HTML is so in the texts, too.
func TestFoldEscapes(t *testing.T) {
	fsys := fstest.MapFS{}
	for _, lang := range locale.Languages() {
		fsys["locales/"+lang+"/a.yaml"] = &fstest.MapFile{Data: []byte("a.b: '<b> & \"c\"'\n")}
	}
	bundle, err := locale.Load(fsys, "locales")
	if err != nil {
		t.Fatal(err)
	}
	p := must[*template.Template](t)(template.New("page").Funcs(template.FuncMap{"t": bundle.In("nb").T}).Parse(`<i title="{{t "a.b"}}">{{t "a.b"}}</i>`))
	folder{texts: bundle.In("nb")}.fold(p)
	var b strings.Builder
	if err := p.Execute(&b, nil); err != nil {
		t.Fatal(err)
	}
	if want := `<i title="&lt;b&gt; &amp; &#34;c&#34;">&lt;b&gt; &amp; &#34;c&#34;</i>`; b.String() != want {
		t.Errorf("%s, want %s", b.String(), want)
	}
}
