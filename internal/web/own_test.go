package web

import (
	"bytes"
	"context"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"felleskrav/internal/ownbook"
	"felleskrav/internal/workbook"
	"felleskrav/internal/workbook/corpustest"
	"felleskrav/internal/workbook/own"
	"felleskrav/internal/workbook/workbooktest"
)

// grouped is a workbook with a header of two rows, columns that are a near
// thing, and codes that it does not explain.
const grouped = "exceljs/engelsk-grupper"

func (s *site) ownBook(file string) ownbook.View {
	s.t.Helper()
	return must[ownbook.View](s.t)(s.web.OwnBooks.Add(context.Background(), buyer, s.procurement, ownbook.Upload{FileName: "Våre <krav>.xlsx"}, bytes.NewReader(corpustest.Get(s.t, file).Read(s.t))))
}

// ownBooks uploads a workbook that nobody has decided about, one that is
// settled, and one without a table.
func (s *site) ownBooks() (open, settled, none string) {
	s.t.Helper()
	open, none = s.ownBook(grouped).Workbook.ID, s.ownBook(noTable(s.t)).Workbook.ID
	v := s.ownBook("openpyxl/bilag")
	var d []own.Decision
	for _, t := range v.Tables {
		x := own.Decision{Sheet: t.Sheet, Header: t.Header[len(t.Header)-1], Columns: map[int]own.Role{}, Codes: map[string]own.Meaning{"M": own.Minimum}, Rows: map[int]string{}}
		for _, c := range t.Columns {
			x.Columns[c.Col] = c.Role
		}
		for row, m := range t.Suggestions {
			x.Rows[row] = m[0].Requirement
		}
		d = append(d, x)
	}
	d[0].None = true
	must[ownbook.View](s.t)(s.web.OwnBooks.Decide(context.Background(), buyer, s.procurement, v.Workbook.ID, d, 0))
	return open, v.Workbook.ID, none
}

func noTable(t testing.TB) string {
	t.Helper()
	for _, f := range corpustest.Files(t) {
		if f.Truth.None && f.Truth.Refused == "" {
			return f.Name
		}
	}
	t.Fatal("the corpus has no file without a table")
	return ""
}

// formOf reads what a browser would send of the form with the rows.
func formOf(t *testing.T, a answer) url.Values {
	t.Helper()
	out := url.Values{}
	for _, m := range regexp.MustCompile(`<input type="hidden" name="([^"]+)" value="([^"]*)">`).FindAllStringSubmatch(a.body[strings.Index(a.body, `id="table-heading"`):], -1) {
		out.Set(m[1], htmlUnescape(m[2]))
	}
	for _, m := range regexp.MustCompile(`(?s)<select class="ds-input" id="[^"]*" name="((?:col|code)\.\d+)".*?</select>`).FindAllStringSubmatch(a.body, -1) {
		chosen := regexp.MustCompile(`value="([^"]*)" selected`).FindStringSubmatch(m[0])
		out.Set(m[1], "")
		if chosen != nil {
			out.Set(m[1], chosen[1])
		}
	}
	for _, m := range regexp.MustCompile(`type="radio" id="[^"]*" name="(row\.\d+)" value="([^"]*)" checked`).FindAllStringSubmatch(a.body, -1) {
		out.Set(m[1], m[2])
	}
	for _, m := range regexp.MustCompile(`name="(other\.\d+)" value="([^"]*)"`).FindAllStringSubmatch(a.body, -1) {
		out.Set(m[1], m[2])
	}
	return out
}

// cells reads the table of the grouped workbook with a program that is not
// ours.
func cells(t *testing.T, file []byte) func(ref string) string {
	t.Helper()
	read, err := workbooktest.Cells(file)
	if err != nil {
		t.Fatal(err)
	}
	return func(ref string) string {
		t.Helper()
		return must[workbooktest.Cell](t)(read("Security requirements", ref)).Text
	}
}

var htmlUnescape = strings.NewReplacer("&lt;", "<", "&gt;", ">", "&#34;", `"`, "&#39;", "'", "&amp;", "&").Replace

func TestOwnWorkbookOnPages(t *testing.T) {
	s := newSite(t, true)
	b := s.visit("procurement")
	proc := "/procurements/" + s.procurement
	b.get(proc).must(t, 200, proc+"/own", "Fyll ut vårt eget regneark")
	b.upload(proc+"/own", map[string]string{"retention": "365"}, "workbook", "krav.xlsx", corpustest.Get(t, grouped).Read(t)).must(t, 422, `id="f-retention-error"`, `value="365"`)
	b.upload(proc+"/own", map[string]string{"retention": "snart"}, "workbook", "krav.xlsx", corpustest.Get(t, grouped).Read(t)).must(t, 422, `id="f-retention-error"`)
	b.upload(proc+"/own", map[string]string{"retention": "7"}, "workbook", "krav.xlsx", []byte("Krav;Svar")).must(t, 415, "ikke et regneark")
	b.upload(proc+"/own", map[string]string{"retention": "7"}, "workbook", "", nil).must(t, 422, "f-workbook-error")
	page := b.upload(proc+"/own", map[string]string{"retention": "7"}, "workbook", `C:\krav\Våre <krav>.xlsx`, corpustest.Get(t, grouped).Read(t)).must(t, 200, "Våre &lt;krav&gt;.xlsx", "Må avklares")
	at := page.path
	if strings.Contains(page.body, "Vis hva som blir fylt inn") {
		t.Error("offers to fill in before anything is decided")
	}
	form := formOf(t, page)
	for name, v := range form {
		if (strings.HasPrefix(name, "row.") || strings.HasPrefix(name, "other.")) && v[0] != "" {
			t.Errorf("%s is %q before anybody has said anything", name, v[0])
		}
	}
	if form.Get("code.0") != "" || form.Get("col.4") == "" {
		t.Fatalf("read the form as %v", form)
	}
	// The columns that are asked about come before the others, and the same role
	// twice is told where it was chosen.
	if strings.Index(page.body, `name="col.7"`) > strings.Index(page.body, `name="col.2"`) {
		t.Error("a column that nobody must look at comes before one that somebody must")
	}
	form.Set("col.8", form.Get("col.7"))
	form.Set("do", "save")
	form.Set("other.6", "K-FINNES-99")
	b.post(at, form).must(t, 422, `id="f-col-8-error"`, `href="#f-col-8"`, `id="f-other-6-error"`, "K-FINNES-99")
	form.Set("col.8", "")
	form.Set("code.0", "minimum")
	form.Set("code.1", "scored")
	row, requirement := "", ""
	v, _ := s.web.Catalogue.Content().Version("skytjenester", "")
	for _, m := range regexp.MustCompile(`type="radio" id="f-row-(\d+)-0" name="row\.\d+" value="(K-[A-Z]+-\d+)"`).FindAllStringSubmatch(page.body, -1) {
		form.Set("row."+m[1], m[2])
		if _, declared := v.Requirement(m[2]); declared {
			row, requirement = m[1], m[2]
		}
	}
	if row == "" {
		t.Fatal("no row has a suggestion that the bidder has declared an answer to")
	}
	form.Set("other.6", "")
	saved := b.post(at, form).must(t, 200, "Svarene er lagret", "Vis hva som blir fylt inn")
	if again := formOf(t, saved); again.Get("row."+row) != requirement || again.Get("code.0") != "minimum" || again.Get("col.8") != "" {
		t.Errorf("after saving the form says %s, %s", again.Get("row."+row), again.Get("code.0"))
	}
	b.post(at, form).must(t, 412, "endret svarene") // the revision is the old one

	order := url.Values{"answers": {string(s.supplier)}, "column": {string(s.supplier), string(s.rival)}, "insert": {"Security requirements!" + form.Get("header")}}
	report := b.get(at+"/report?"+order.Encode()).must(t, 200, "Dette blir fylt inn", "celler fylles ut")
	checkPage(t, "nb", report)
	file := b.get(find(t, report, `id="download" href="([^"]+)"`)).must(t, 200)
	if file.header.Get("Content-Type") != workbook.XLSX.MediaType() || !strings.Contains(file.header.Get("Content-Disposition"), url.PathEscape("Våre <krav> – utfylt.xlsx")) {
		t.Errorf("sent as %v", file.header)
	}
	read := cells(t, []byte(file.body))
	// One answer in four has no word in the body's list, and stands as a text.
	if read("F"+row)+read("G"+row) == "" {
		t.Errorf("row %s (%s) has no answer", row, requirement)
	}

	// The next file of the template: what was said stands in the form, and
	// counts only when it is saved.
	next := b.upload(proc+"/own", map[string]string{"retention": "7"}, "workbook", "ny.xlsx", corpustest.Get(t, grouped).Read(t)).must(t, 200, "de samme overskriftene")
	if again := formOf(t, next); again.Get("row."+row) != requirement {
		t.Errorf("the next file says %q about row %s", again.Get("row."+row), row)
	}
	b.get(next.path+"/report?"+order.Encode()).must(t, 422, "Ingen har sagt hva som gjelder")
	form = formOf(t, next)
	form.Set("do", "none")
	aside := b.post(next.path, form).must(t, 200, "ikke er kravtabeller", "Fant ingen kravtabell")
	back := url.Values{"rev": {find(t, aside, `name="rev" value="(\d+)"`)}, "sheet": {form.Get("sheet")}, "header": {form.Get("header")}, "do": {"restore"}}
	b.post(next.path, back).must(t, 200, "Vi husker svarene")
	b.post(next.path+"/remove", nil).must(t, 200, "Regnearket er slettet")
	b.get(next.path).must(t, 404)

	// Nobody else sees it or changes it.
	for persona, code := range map[string]int{"supplier": 403, "adviser": 403} {
		other := s.visit(persona)
		other.get(at).must(t, code)
		other.post(at, form).must(t, code)
		other.post(at+"/remove", nil).must(t, code)
		other.get(at+"/file?"+order.Encode()).must(t, code)
		other.upload(proc+"/own", nil, "workbook", "krav.xlsx", []byte("x")).must(t, code)
	}
	b.get(at).must(t, 200)
}

// Two thousand rows: those with suggestions come first, the rest in pages, and
// what is said on one page stays when the next is saved.
func TestOwnWorkbookOfManyRows(t *testing.T) {
	s := newSite(t, true)
	b := s.visit("procurement")
	v := s.ownBook("openpyxl/to-tusen")
	at := ownPath(s.procurement, v.Workbook.ID)
	page := b.get(at).must(t, 200, "Side 1 av 40")
	if len(page.body) > 400_000 {
		t.Errorf("the page has %d bytes", len(page.body))
	}
	form := formOf(t, page)
	shown := strings.Split(form.Get("shown"), ",")
	if len(shown) != rowsOnPage {
		t.Fatalf("%d rows on a page", len(shown))
	}
	first, _ := strconv.Atoi(shown[0])
	if len(v.Tables[0].Suggestions[first]) == 0 {
		t.Error("the first row has no suggestion")
	}
	id := s.web.Catalogue.Content().Requirements()[0].ID
	tender := b.get(at)
	if m := regexp.MustCompile(`<option value="(K-[A-Z]+-\d+)">`).FindStringSubmatch(tender.body); m != nil {
		id = m[1]
	}
	form.Set("other."+shown[0], strings.ToLower(id)+" og tittelen")
	form.Set("do", "next")
	second := b.post(at, form).must(t, 200, "Side 2 av 40")
	form = formOf(t, second)
	if slices.Contains(strings.Split(form.Get("shown"), ","), shown[0]) {
		t.Error("the second page repeats the first")
	}
	other := strings.Split(form.Get("shown"), ",")[3]
	form.Set("other."+other, id)
	form.Set("do", "save")
	b.post(at, form).must(t, 200, "Side 2 av 40")
	got := must[ownbook.View](t)(s.web.OwnBooks.Get(context.Background(), buyer, s.procurement, v.Workbook.ID))
	n, _ := strconv.Atoi(other)
	if rows := got.Tables[0].Rows; len(rows) != 2 || rows[first] != id || rows[n] != id {
		t.Errorf("saved %v, want rows %s and %s", rows, shown[0], other)
	}
}

// The button fills the form with the rows that are the same, and no others,
// and saves nothing.
func TestAcceptWhatIsTheSame(t *testing.T) {
	s := newSite(t, true)
	b := s.visit("procurement")
	v := s.ownBook("openpyxl/vaare-id")
	at := ownPath(s.procurement, v.Workbook.ID)
	same := v.Tables[0].Accept()
	if len(same) < 3 {
		t.Fatalf("only %d rows are the same", len(same))
	}
	page := b.get(at).must(t, 200, fmt.Sprintf("Godta alle %d", len(same)))
	form := formOf(t, page)
	form.Set("do", "accept")
	filled := b.post(at, form).must(t, 200, "Ingenting er lagret ennå")
	checkPage(t, "nb", filled)
	got := formOf(t, filled)
	for _, l := range v.Tables[0].Lines {
		if chosen := got.Get("row." + strconv.Itoa(l.Row)); chosen != same[l.Row] {
			t.Errorf("row %d: %q is chosen, want %q", l.Row, chosen, same[l.Row])
		}
	}
	if now := must[ownbook.View](t)(s.web.OwnBooks.Get(context.Background(), buyer, s.procurement, v.Workbook.ID)); now.Workbook.Rev != v.Workbook.Rev || len(now.Workbook.Decisions) != 0 {
		t.Error("something was saved")
	}
	got.Set("do", "save")
	b.post(at, got).must(t, 200, "Svarene er lagret")
	if now := must[ownbook.View](t)(s.web.OwnBooks.Get(context.Background(), buyer, s.procurement, v.Workbook.ID)); len(now.Tables[0].Rows) != len(same) {
		t.Errorf("saved %d rows, want %d", len(now.Tables[0].Rows), len(same))
	}
}

// TestOwnWorkbookInChromium goes from the upload to the download, with scripts
// off, in a real browser.
func TestOwnWorkbookInChromium(t *testing.T) {
	s := newSite(t, true)
	ctx := newChromium(t)
	withoutScripts(t, ctx)
	run(t, ctx, "choose bokmål", chromedp.Navigate(s.url+"/?lang=nb"), chromedp.WaitReady("footer"))
	become(t, ctx, s, "", "procurement")
	run(t, ctx, "find the way", chromedp.Navigate(s.url+"/procurements/"+s.procurement), chromedp.Click("#own"), chromedp.WaitVisible(`input[name="workbook"]`))
	run(t, ctx, "upload", chromedp.SetUploadFiles(`input[name="workbook"]`, []string{corpustest.Get(t, grouped).Path}), chromedp.Click(`form[enctype] button`), chromedp.WaitVisible("#table-heading"))
	row := ask(t, ctx, "find a suggestion", chromedp.Evaluate[string](`document.querySelector("input[type=radio][value^=K-]").name.slice(4)`))
	requirement := ask(t, ctx, "read it", chromedp.Evaluate[string](`document.querySelector("input[type=radio][value^=K-]").value`))
	run(t, ctx, "answer", chromedp.SetValue(`select[name="code.0"]`, "minimum"), chromedp.SetValue(`select[name="code.1"]`, "scored"), chromedp.SetValue(`select[name="col.8"]`, ""),
		chromedp.Click("#f-row-"+row+"-0"), chromedp.Click("#save"), chromedp.WaitVisible("#fill"))
	if on := ask(t, ctx, "read what is saved", chromedp.Evaluate[bool](`document.querySelector("#f-row-`+row+`-0").checked`)); !on {
		t.Errorf("row %s is not saved", row)
	}
	run(t, ctx, "fill", chromedp.SetValue(`#f-answers`, string(s.supplier)), chromedp.Click("#fill"), chromedp.WaitVisible("#download"))
	href := ask(t, ctx, "read link", chromedp.Evaluate[string](`document.querySelector("#download").getAttribute("href")`))
	a := s.visit("procurement").get(href).must(t, 200)
	was, is := cells(t, corpustest.Get(t, grouped).Read(t))("F"+row), cells(t, []byte(a.body))("F"+row)
	if was != "" || is == "" {
		t.Errorf("the answer to %s in row %s was %q and is %q", requirement, row, was, is)
	}
}
