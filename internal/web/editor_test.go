package web

import (
	"bytes"
	"compress/gzip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"felleskrav/internal/attestation"
	"felleskrav/internal/catalogue"
	"felleskrav/internal/status/facts"
	"felleskrav/internal/supplier"
)

// formBack gives the values of the form with this action, as a browser would send
// them back untouched. Buttons are left out.
func formBack(t *testing.T, page, action string) url.Values {
	t.Helper()
	doc := must[*html.Node](t)(html.Parse(strings.NewReader(page)))
	at := func(n *html.Node, name string) string {
		for _, a := range n.Attr {
			if a.Key == name {
				return a.Val
			}
		}
		return ""
	}
	var found *html.Node
	for n := range doc.Descendants() {
		if n.Data == "form" && at(n, "action") == action && found == nil {
			found = n
		}
	}
	if found == nil {
		t.Fatalf("the page has no form for %s", action)
	}
	out := url.Values{}
	for n := range found.Descendants() {
		name := at(n, "name")
		switch {
		case name == "":
		case n.Data == "textarea":
			text := ""
			if n.FirstChild != nil {
				text = n.FirstChild.Data
			}
			out.Set(name, text)
		case n.Data == "input" && (at(n, "type") != "checkbox" || strings.Contains(attributes(n), " checked")):
			out.Set(name, at(n, "value"))
		}
	}
	return out
}

func attributes(n *html.Node) string {
	var b strings.Builder
	for _, a := range n.Attr {
		b.WriteString(" " + a.Key)
	}
	return b.String()
}

// Two editors take a draft from its first word to a published version: what one
// writes is checked where it stands, what both write is not lost, and who wrote
// cannot approve.
func TestEditorsPublish(t *testing.T) {
	s := newSite(t, true)
	first, second := s.visit("editor"), s.visit("second-editor")
	draft := "/editor/drafts/" + s.draft
	page := draft + "/requirements/" + s.editedIn

	// What lint says stands at the field, and in a summary that leads there.
	a := first.get(page)
	if a.code != 200 || !strings.Contains(a.body, `aria-describedby="f-verify-nb-findings"`) || !strings.Contains(a.body, `id="f-verify-nb-findings"`) || !strings.Contains(a.body, `href="#f-verify-nb"`) || !strings.Contains(a.body, "«passende» kan ikke kontrolleres") {
		t.Fatalf("the remark is not at its field: %d", a.code)
	}
	if !strings.Contains(a.body, `lang="nn"`) || !strings.Contains(a.body, "<del") || !strings.Contains(a.body, "<ins") {
		t.Error("language or changes are not marked")
	}
	if a := first.post(draft+"/submit", formBack(t, first.get(draft).body, draft+"/submit")); a.code != 422 || !strings.Contains(a.body, page+"#f-verify-nb") {
		t.Errorf("a draft with remarks is handed over: %d at %s", a.code, a.path)
	}

	// Both open the same text. The second to save sees what the first wrote, and
	// keeps its own.
	mine, theirs := formBack(t, first.get(page).body, page), formBack(t, second.get(page).body, page)
	mine.Set("verify.nb", "Be om planen, og sjekk datoen.")
	if a := first.post(page, mine); a.code != 200 || !strings.Contains(a.body, "Teksten er lagret i utkastet") || strings.Contains(a.body, "kan ikke kontrolleres") {
		t.Errorf("the mended text: %d", a.code)
	}
	theirs.Set("verify.nb", "Se planen.")
	a = second.post(page, theirs)
	if a.code != 412 || !strings.Contains(a.body, ">Se planen.</textarea>") || !strings.Contains(a.body, "Be om planen, og sjekk datoen.") {
		t.Fatalf("the conflict: %d", a.code)
	}
	// Having seen it, the second may write over it.
	again := formBack(t, a.body, page)
	again.Set("verify.nb", "Se planen, og sjekk datoen.")
	again.Set("then", "next")
	if a := second.post(page, again); a.code != 200 || a.path == page || !strings.HasPrefix(a.path, draft+"/requirements/") {
		t.Errorf("saved after the conflict: %d at %s", a.code, a.path)
	}
	missing := formBack(t, first.get(page).body, page)
	missing.Set("title.en", " ")
	if a := first.post(page, missing); a.code != 422 || !strings.Contains(a.body, `href="#f-title-en"`) || !strings.Contains(a.body, "Se planen, og sjekk datoen.") {
		t.Errorf("without a title: %d", a.code)
	}

	// A third person who has written nothing reads it. Both who wrote cannot.
	if a := first.post(draft+"/submit", formBack(t, first.get(draft).body, draft+"/submit")); a.code != 200 || !strings.Contains(a.body, "sendt til vurdering") {
		t.Fatalf("handed over: %d %s", a.code, headed(a.body))
	}
	approve := func(b *browser) answer {
		f := formBack(t, b.get(draft).body, draft+"/decision")
		f.Set("decision", "approve")
		return b.post(draft+"/decision", f)
	}
	for _, b := range []*browser{first, second} {
		if page := b.get(draft).body; strings.Contains(page, `value="approve"`) {
			t.Error("who wrote is offered to approve")
		}
		if a := approve(b); a.code != 403 {
			t.Errorf("who wrote approves: %d", a.code)
		}
	}
	back := formBack(t, second.get(draft).body, draft+"/decision")
	back.Set("decision", "return")
	if a := second.post(draft+"/decision", back); a.code != 422 || !strings.Contains(a.body, `href="#f-comment"`) {
		t.Errorf("returned without a word: %d", a.code)
	}

	reader := s.visit("third-editor")
	changes := reader.get(draft + "/changes")
	if changes.code != 200 || !strings.Contains(changes.body, "Omformulert") || !regexp.MustCompile(`<del[^>]*>.*?</del>`).MatchString(changes.body) || !strings.Contains(changes.body, "lagt til:") {
		t.Errorf("the changes: %d", changes.code)
	}
	back.Set("comment", "Skriv hvem som skal se.")
	if a := reader.post(draft+"/decision", back); a.code != 200 || !strings.Contains(a.body, "ba om endringer") || !strings.Contains(a.body, "Skriv hvem som skal se.") {
		t.Errorf("returned: %d", a.code)
	}
	if a := first.post(draft+"/submit", formBack(t, first.get(draft).body, draft+"/submit")); a.code != 200 {
		t.Fatalf("handed over again: %d", a.code)
	}
	if a := approve(reader); a.code != 200 || !strings.Contains(a.body, "Utkastet er godkjent") {
		t.Fatalf("approved: %d", a.code)
	}
	before, _ := s.web.Catalogue.Content().Version("grunnsett", "")
	if a := reader.post(draft+"/publish", formBack(t, reader.get(draft).body, draft+"/publish")); a.code != 200 || !strings.Contains(a.body, "Publisert av") {
		t.Fatalf("published: %d %s", a.code, headed(a.body))
	}
	after, _ := s.web.Catalogue.Content().Version("grunnsett", "")
	if after.Version != catalogue.NextVersion(before.Version, catalogue.StepPatch) {
		t.Errorf("the newest version is %s", after.Ref())
	}
	// Every version keeps its own words, each at its own address.
	anyone := s.visit("")
	public := "/catalogue/requirements/" + s.editedIn
	if a := anyone.get(public + "?" + query("set", "grunnsett", "version", before.Version)); a.code != 200 || strings.Contains(a.body, "Se planen, og sjekk datoen.") || !strings.Contains(a.body, "Det er endret siden.") {
		t.Errorf("the older version: %d", a.code)
	}
	if a := anyone.get(public + "?" + query("set", "grunnsett", "version", after.Version)); !strings.Contains(a.body, "Se planen, og sjekk datoen.") || !strings.Contains(a.body, "likt i katalogen nå") {
		t.Errorf("the newer version: %d", a.code)
	}
}

// headed is the heading of a page, for what a test says.
func headed(page string) string {
	m := regexp.MustCompile(`(?s)<h1[^>]*>(.*?)</h1>`).FindStringSubmatch(page)
	if m == nil {
		return ""
	}
	return m[1]
}

// A draft is begun, described, given versions and files, and ended; reports on
// any requirement are answered from one list.
func TestEditorsDesk(t *testing.T) {
	s := newSite(t, true)
	b := s.visit("editor")
	if a := b.post("/editor/drafts", url.Values{"set": {"skytjenester"}, "title": {" "}, "note": {"Beholdt."}}); a.code != 422 || !strings.Contains(a.body, `href="#f-title"`) || !strings.Contains(a.body, "Beholdt.") || !strings.Contains(a.body, `value="skytjenester" selected`) {
		t.Errorf("without a title: %d", a.code)
	}
	a := b.post("/editor/drafts", url.Values{"set": {"skytjenester"}, "title": {"Skyen"}})
	wanted, _ := s.web.Catalogue.Content().NewVersion("skytjenester")
	if a.code != 200 || !strings.Contains(a.body, `name="version" value="`+wanted.Version+`"`) {
		t.Fatalf("a new draft: %d at %s", a.code, a.path)
	}
	draft := a.path
	rev := func() string { return formBack(t, b.get(draft).body, draft).Get("rev") }
	for _, step := range []struct {
		to, want string
		code     int
		form     url.Values
	}{
		{draft + "/releases", "Versjonen skal ha formen 1.0.0", 422, url.Values{"set": {"skytjenester"}, "version": {"ny"}}},
		{draft + "/releases", `value="9.0.0"`, 200, url.Values{"set": {"skytjenester"}, "version": {"9.0.0"}}},
		{draft + "/releases", "Konsulenter", 200, url.Values{"set": {"konsulenter"}}},
		{draft + "/releases", "Velg et kravsett.", 422, url.Values{"set": {""}}},
		{draft + "/file", "sources.yaml", 422, url.Values{"path": {"sources.yaml"}, "text": {"sources: 1"}}},
		{draft + "/file", "Noen andre har lagret", 412, url.Values{"path": {"sources.yaml"}, "text": {string(must[[]byte](t)(s.web.Drafts.Live.File("sources.yaml")))}, "rev": {"1"}}},
		{draft + "/file", "", 422, url.Values{"path": {"../etc/passwd"}, "text": {"x"}}},
		{draft, "Skyen 2", 200, url.Values{"title": {"Skyen 2"}, "note": {""}}},
	} {
		if step.form.Get("rev") == "" {
			step.form.Set("rev", rev())
		}
		if a := b.post(step.to, step.form); a.code != step.code || !strings.Contains(a.body, step.want) {
			t.Errorf("%s with %v: %d, without %q", step.to, step.form, a.code, step.want)
		}
	}
	if a := b.get(draft + "/changes"); a.code != 200 || !strings.Contains(a.body, "ingenting å gi ut") {
		t.Errorf("nothing is changed, says %d", a.code)
	}
	if a := b.post(draft+"/discard", url.Values{"rev": {rev()}}); a.code != 200 || !strings.Contains(a.body, "Forkastet av") {
		t.Errorf("discarded: %d", a.code)
	}

	list := b.get("/editor/reports")
	answerTo := regexp.MustCompile(`action="(/editor/reports/[^"]+)"`).FindStringSubmatch(list.body)
	if answerTo == nil || !strings.Contains(list.body, "Hva er godt nok?") || strings.Contains(list.body, "Dette står også i et annet krav.") {
		t.Fatalf("the open reports: %d", list.code)
	}
	form := formBack(t, list.body, answerTo[1])
	form.Set("note", "")
	if a := b.post(answerTo[1], form); a.code != 422 || !strings.Contains(a.body, `href="#f-note-`) {
		t.Errorf("an empty answer: %d", a.code)
	}
	onRequirement := regexp.MustCompile(`action="(/catalogue/requirements/[^"]+/reports/[^"]+)"`).FindStringSubmatch(b.get("/catalogue/requirements/" + form.Get("requirement")).body)
	if onRequirement == nil {
		t.Fatal("the page of the requirement takes no answer")
	}
	if a := b.post(onRequirement[1], url.Values{"note": {" "}}); a.code != 422 || !strings.Contains(a.body, `href="#f-note-`) {
		t.Errorf("an empty answer on the page of the requirement: %d", a.code)
	}
	form.Set("note", "Vi skriver det om.")
	if a := b.post(answerTo[1], form); a.code != 200 || !strings.Contains(a.body, "Svaret er lagret.") || !strings.Contains(a.body, "Ingen merknader venter på svar.") {
		t.Errorf("an answer: %d", a.code)
	}
}

// The list of declarations goes on where the page before ended, and the
// contract is there whole, in pages that are not heavy.
func TestPublicPages(t *testing.T) {
	s := newSite(t, true)
	b := s.visit("")
	a := b.get("/declarations")
	if a.code != 200 || !strings.Contains(a.body, "/attestations/"+s.digest) || !strings.Contains(a.body, "Testsky AS") || !strings.Contains(a.body, "Testsak") {
		t.Errorf("the declarations: %d", a.code)
	}
	r := must[[]facts.Declared](t)(s.web.Facts.Newest(t.Context(), seller, attestation.Position{}, 10))
	place := writePosition(r[len(r)-1].Record)
	if a := b.get("/declarations?after=" + place); a.code != 200 || strings.Contains(a.body, "/attestations/"+s.digest) {
		t.Errorf("after the last: %d", a.code)
	}
	// One that was signed with a key whose issuer had ended it does not count.
	must[supplier.Supplier](t)(s.store.UpdateSupplier(t.Context(), s.supplier, func(v supplier.Supplier) (supplier.Supplier, error) {
		v.Keys = slices.Clone(v.Keys)
		for i := range v.Keys {
			v.Keys[i].Revoked = &supplier.Revocation{Index: 1 << 30, At: time.Now(), Since: &time.Time{}, Reason: supplier.Compromised}
		}
		return v, nil
	}))
	b.get("/declarations").must(t, 200, "Ugyldig nøkkel")
	for _, bad := range []string{"x", "1", strings.Repeat("9", 40) + "-" + s.digest, "1-zz"} {
		if a := b.get("/declarations?after=" + url.QueryEscape(bad)); a.code != 422 && a.code != 400 {
			t.Errorf("after %q: %d", bad, a.code)
		}
	}

	all := b.get("/docs").body
	for _, tag := range contract().Tags {
		page := b.get("/docs/" + tag.Name)
		if page.code != 200 {
			t.Errorf("%s: %d", tag.Name, page.code)
		}
		for _, o := range tag.Operations {
			if !strings.Contains(page.body, `id="`+o.ID+`"`) || !strings.Contains(page.body, o.Path) || !strings.Contains(all, "#"+o.ID) {
				t.Errorf("%s is not shown", o.ID)
			}
		}
		if n := gzipped(t, page.body); n > 150<<10 {
			t.Errorf("%s weighs %d bytes", tag.Name, n)
		}
		if strings.Contains(page.body, "<script") || strings.Contains(page.body, " style=") || strings.Contains(page.body, "ZgotmplZ") {
			t.Errorf("%s holds what its policy keeps out", tag.Name)
		}
		ids := map[string]bool{}
		for _, m := range regexp.MustCompile(` id="([^"]+)"`).FindAllStringSubmatch(page.body, -1) {
			ids[m[1]] = true
		}
		for _, m := range regexp.MustCompile(`href="#([^"]+)"`).FindAllStringSubmatch(page.body, -1) {
			if !ids[m[1]] {
				t.Errorf("%s leads to #%s, which is not there", tag.Name, m[1])
			}
		}
	}
	size := must[int64](t)(s.web.Log.Size(t.Context()))
	if log := html.UnescapeString(b.get("/log").body); !strings.Contains(log, "/log/tile/0/000.p/"+strconv.FormatInt(size, 10)) || !strings.Contains(log, s.web.LogKey) {
		t.Error("the log page has not the log's own tile and key")
	}
	if firstTile(0) != "" || firstTile(255) != "000.p/255" || firstTile(256) != "000" {
		t.Error("the first tile has another path")
	}
}

func gzipped(t *testing.T, s string) int {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write([]byte(s)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Len()
}

// An answer that must be mended is there to mend, also beyond the first page.
func TestReportsBeyondTheFirstPage(t *testing.T) {
	s := newSite(t, true)
	b := s.visit("editor")
	id := s.web.Catalogue.Content().Requirements()[0].ID
	for range listed + 1 {
		r := catalogue.Report{ID: newID(), Requirement: id, Kind: catalogue.ReportOther, Text: "Uklart.", ActorName: "Testvik kommune", At: time.Now()}
		if err := s.store.InsertReport(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	next := regexp.MustCompile(`href="(/editor/reports\?after=[^"]+)"`).FindStringSubmatch(b.get("/editor/reports").body)
	if next == nil {
		t.Fatal("there is no next page")
	}
	list := b.get(next[1])
	answerTo := regexp.MustCompile(`action="(/editor/reports/[^"]+)"`).FindAllStringSubmatch(list.body, -1)
	last := answerTo[len(answerTo)-1][1]
	form := formBack(t, list.body, last)
	form.Set("note", strings.Repeat("For langt. ", 1000))
	if a := b.post(last, form); a.code != 422 || !strings.Contains(a.body, `href="#f-note-`) || !strings.Contains(a.body, "For langt. For langt.") {
		t.Errorf("an answer that is too long: %d", a.code)
	}
}

// A draft from before the rules became stricter can be mended and thrown away.
func TestDraftWithAFileThatCannotBeRead(t *testing.T) {
	s := newSite(t, true)
	d := must[catalogue.Draft](t)(s.web.Drafts.Create(t.Context(), editor, catalogue.DraftInput{Title: "Gammelt"}))
	path := "themes/01-styring.yaml"
	must[catalogue.Draft](t)(s.store.UpdateDraft(t.Context(), d.ID, func(d catalogue.Draft) (catalogue.Draft, error) {
		d.Files = map[string]catalogue.DraftFile{path: {Text: "id: [\n", SHA256: catalogue.Digest([]byte("id: [\n")), Size: 6}}
		return d, nil
	}))
	a := s.visit("editor").get("/editor/drafts/" + d.ID)
	if a.code != 422 || !strings.Contains(a.body, "Filen "+path+" i utkastet har én feil") || !strings.Contains(a.body, `action="/editor/drafts/`+d.ID+`/discard"`) {
		t.Errorf("its page: %d", a.code)
	}
}
