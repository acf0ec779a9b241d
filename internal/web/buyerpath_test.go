package web

import (
	"archive/zip"
	"bytes"
	"net/url"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"felleskrav/internal/workbook"
)

// walk is somebody on the way through the site: it counts the pages that were
// drawn, and the words to read on them.
type walk struct {
	*browser
	page  answer
	seen  int
	words int
	// read are the texts that were read before, and so are not read again.
	read map[string]bool
}

func (w *walk) at(a answer) {
	w.t.Helper()
	a.must(w.t, 200)
	w.page = a
	if strings.HasPrefix(a.header.Get("Content-Type"), "text/html") {
		w.seen++
		for _, text := range reading(w.document()) {
			if n := len(strings.Fields(text)); !w.read[text] {
				w.read[text] = true
				w.words += n
			}
		}
	}
}

func (w *walk) document() *html.Node {
	return must[*html.Node](w.t)(html.Parse(strings.NewReader(w.page.body)))
}

// first gives the first element that fits, or nil.
func first(n *html.Node, fits func(*html.Node) bool) *html.Node {
	for c := range n.Descendants() {
		if c.Type == html.ElementNode && fits(c) {
			return c
		}
	}
	return nil
}

func attributeOf(n *html.Node, name string) string {
	v, _ := attribute(n, name)
	return v
}

func words(n *html.Node) string {
	var b strings.Builder
	for c := range n.Descendants() {
		if c.Type == html.TextNode {
			b.WriteString(c.Data + " ")
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// reading are the texts of the main part that somebody reads on the way: not
// tables and lists, which are looked up in, and not what is folded away.
func reading(doc *html.Node) []string {
	var out []string
	var read func(*html.Node)
	read = func(n *html.Node) {
		if n.Type == html.TextNode {
			out = append(out, strings.TrimSpace(n.Data))
		}
		for c := range n.ChildNodes() {
			folded := n.Data == "details" && !slices.ContainsFunc(n.Attr, func(a html.Attribute) bool { return a.Key == "open" }) && c.Data != "summary"
			if !folded && !slices.Contains([]string{"table", "ul", "ol", "select", "script", "style"}, c.Data) {
				read(c)
			}
		}
	}
	if main := first(doc, func(n *html.Node) bool { return n.Data == "main" }); main != nil {
		read(main)
	}
	return out
}

// follow clicks a link by its words.
func (w *walk) follow(text string) {
	w.t.Helper()
	a := first(w.document(), func(n *html.Node) bool { return n.Data == "a" && words(n) == text })
	if a == nil {
		w.t.Fatalf("no link %q at %s", text, w.page.path)
	}
	href := attributeOf(a, "href")
	if strings.HasPrefix(href, "#") {
		return
	}
	w.at(w.get(href))
}

// send fills in the form with the button of this name, ticks what is named in
// ticks by its label, and clicks the button.
func (w *walk) send(button string, fields map[string]string, ticks ...string) {
	w.t.Helper()
	doc := w.document()
	isButton := func(n *html.Node) bool { return n.Data == "button" && words(n) == button }
	form := first(doc, func(n *html.Node) bool { return n.Data == "form" && first(n, isButton) != nil })
	if form == nil {
		w.t.Fatalf("no button %q at %s", button, w.page.path)
	}
	labels := map[string]string{}
	for n := range form.Descendants() {
		if n.Data == "label" {
			labels[attributeOf(n, "for")] = words(n)
		}
	}
	v := url.Values{}
	ticked := 0
	for n := range form.Descendants() {
		name, value := attributeOf(n, "name"), attributeOf(n, "value")
		switch {
		case n.Data == "input" && attributeOf(n, "type") == "checkbox":
			if slices.Contains(ticks, labels[attributeOf(n, "id")]) {
				v.Add(name, value)
				ticked++
			} else if slices.ContainsFunc(n.Attr, func(a html.Attribute) bool { return a.Key == "checked" }) {
				v.Add(name, value)
			}
		case n.Data == "input" && name != "":
			if typed, ok := fields[name]; ok {
				value = typed
			}
			v.Add(name, value)
		case n.Data == "select":
			if o := first(n, func(o *html.Node) bool {
				return o.Data == "option" && slices.ContainsFunc(o.Attr, func(a html.Attribute) bool { return a.Key == "selected" })
			}); o != nil {
				v.Add(name, attributeOf(o, "value"))
			}
		}
	}
	if ticked < len(ticks) {
		w.t.Fatalf("not all of %q can be ticked at %s", ticks, w.page.path)
	}
	if b := first(form, isButton); attributeOf(b, "name") != "" {
		v.Set(attributeOf(b, "name"), attributeOf(b, "value"))
	}
	if action := attributeOf(form, "action"); attributeOf(form, "method") == "post" {
		w.at(w.post(action, v))
	} else {
		w.at(w.get(action + "?" + v.Encode()))
	}
}

// The first time, from the front page to the workbook.
const (
	mostPages = 7
	mostWords = 500 // about two minutes
)

// TestFirstTimeFromFrontPageToWorkbook goes the way of a procurement officer who
// has never been here, with a slip in the search and the login on the way.
func TestFirstTimeFromFrontPageToWorkbook(t *testing.T) {
	s := newSite(t, true)
	w := &walk{browser: s.visit(""), read: map[string]bool{}}
	w.at(w.get("/"))
	w.send("Finn kravene", map[string]string{"q": "barnvern"})
	w.send("Neste", nil, "Barnevern")
	w.send("Vis krav", nil, "Programvare som tjeneste (SaaS)")
	w.follow("Logg inn")
	w.send("Vær innkjøper (Testvik kommune)", nil)
	w.send("Lagre anskaffelsen", map[string]string{"title": "Fagsystem for barnevern"})
	w.follow("Last ned (.xlsx)")
	if w.seen > mostPages || w.words > mostWords {
		t.Errorf("%d pages and %d words, want at most %d and %d", w.seen, w.words, mostPages, mostWords)
	}
	t.Logf("%d pages, %d words", w.seen, w.words)
	if got := w.page.header.Get("Content-Type"); got != workbook.XLSX.MediaType() {
		t.Fatalf("the file is %s", got)
	}
	z := must[*zip.Reader](t)(zip.NewReader(bytes.NewReader([]byte(w.page.body)), int64(len(w.page.body))))
	if !slices.ContainsFunc(z.File, func(f *zip.File) bool { return f.Name == "xl/workbook.xml" }) {
		t.Error("the file holds no workbook")
	}
}

// TestNothingIsLostOnTheWay goes back and forth in the guided start, searches,
// chooses badly, and finds what was chosen before.
func TestNothingIsLostOnTheWay(t *testing.T) {
	s := newSite(t, true)
	b := s.visit("procurement")
	b.get("/procurements/new?q=barnvern&task=fag.sfo").must(t, 200, "Ingen treff på akkurat «barnvern»", `value="fag.barnevern"`, `value="fag.sfo" checked`)
	b.get("/procurements/new?q=xyzzyxyzzy&task=fag.sfo").must(t, 200, "Ingen treff på «xyzzyxyzzy»", "Prøv et annet ord", `value="fag.sfo" checked`)
	b.lang = "en"
	b.get("/procurements/new?q=SKULEFRITID").must(t, 200, `value="fag.sfo"`, "After-school care")
	b.lang = ""
	info := b.get("/procurements/new?step=information&task=fag.sfo&info=helseopplysninger&model=saas&level.integrity=4&reason.integrity=Egen+grunn").must(t, 200,
		`name="task" value="fag.sfo"`, `value="helseopplysninger" checked`, `value="saas" checked`, `name="reason.integrity" value="Egen grunn"`)
	if strings.Count(info.body, `name="model"`) != 6 {
		t.Error("the delivery models are kept twice")
	}
	// What was chosen stays, also while a task brings it: the task may go again.
	task, _ := s.web.Catalogue.Content().Task("fag.sfo")
	b.get("/procurements/new?step=information&task=fag.sfo&info="+task.InformationTypes[0]).must(t, 200, `name="info" value="`+task.InformationTypes[0]+`"`)
	b.get("/procurements/new?step=information&task=fag.sfo&q=lonn&find=fodselsnumer").must(t, 200, "Fødselsnummer", "treff ligner")
	b.get("/procurements/new?step=result&task=fag.sfo").must(t, 422, `href="#f-deliveryModels"`, `id="f-deliveryModels"`, `name="task" value="fag.sfo"`)
	b.get("/procurements/new?step=result").must(t, 422, `href="#f-tasks"`)
	result := b.get("/procurements/new?step=result&task=fag.sfo&model=saas&level.integrity=4&reason.integrity=Egen+grunn").must(t, 200,
		"Egen grunn", "Hvorfor er dette med?", "Tiltaket er minimum fra nivå", `name="level.integrity" value="4"`)
	if !strings.Contains(result.body, `href="/procurements/new?`) {
		t.Error("no way back")
	}
	b.post("/procurements", url.Values{"task": {"fag.sfo"}, "model": {"saas"}, "level.integrity": {"4"}, "reason.integrity": {"Egen grunn"}, "title": {""}, "reference": {"26/7"}}).must(t, 422,
		`name="task" value="fag.sfo"`, `value="26/7"`, "Egen grunn", `href="#f-title"`)
}
