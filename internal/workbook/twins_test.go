package workbook

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"felleskrav/internal/catalogue"
	"felleskrav/internal/locale"
	"felleskrav/internal/procurement"
	"felleskrav/internal/workbook/patch"
)

func writeAs(t testing.TB, tender Tender, f Format) []byte {
	t.Helper()
	var buf bytes.Buffer
	if err := WriteTenderAs(&buf, tender, f); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func readCSV(t testing.TB, data []byte) [][]string {
	t.Helper()
	if !bytes.HasPrefix(data, bom) {
		t.Error("no byte order mark")
	}
	if bytes.Count(data, []byte("\n")) != bytes.Count(data, []byte("\r\n")) {
		t.Error("a line does not end with CRLF")
	}
	r := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(data, bom)))
	r.Comma = ';'
	rows, err := r.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// CSV says what the workbook's tables say, in every language.
func TestCSVIsATwinOfTheWorkbook(t *testing.T) {
	for _, lang := range locale.Languages() {
		tender := withBidders(testTender(t, lang, 12))
		tender.Prefill = &Prefill{tender.Comparison.Bidders[0].Bidder, tender.Comparison.Bidders[0].Statuses}
		f := openBook(t, writeTender(t, tender))
		var want [][]string
		for i, g := range formTables(t, f, tender.Texts) {
			rows, err := f.GetRows(g.sheet)
			if err != nil {
				t.Fatal(err)
			}
			kind := func() string { return tender.Texts.T("kind." + string(procurement.Kinds()[i])) }
			row := func(first string, r []string) {
				out := make([]string, 12)
				out[0] = first
				copy(out[1:], r)
				want = append(want, out)
			}
			if i == 0 {
				row(tender.Texts.T("workbook.column.kind"), rows[g.header-1])
			}
			for _, id := range g.ids {
				row(kind(), rows[g.rows[id]-1])
			}
		}
		if diff := cmp.Diff(want, readCSV(t, writeAs(t, tender, CSV))); diff != "" {
			t.Errorf("%s (-workbook +csv):\n%s", lang, diff)
		}
	}
}

func TestJSONIsATwinOfTheWorkbook(t *testing.T) {
	tender := withBidders(testTender(t, "nn", 12))
	tender.Prefill = &Prefill{tender.Comparison.Bidders[0].Bidder, tender.Comparison.Bidders[0].Statuses}
	data := writeAs(t, tender, JSON)
	var doc Document
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&doc); err != nil {
		t.Fatal(err)
	}
	if doc.Language != "nn" || doc.Procurement.ID != tender.Procurement.ID || doc.Bidder.Number != "314168267" || doc.Sets[0].Digest != tender.Versions[0].Digest ||
		len(doc.Levels) != 3 || !slices.Equal(doc.Columns, procurement.Columns()) || len(doc.Requirements) != 12 {
		t.Errorf("%+v", doc)
	}
	for i, r := range doc.Requirements {
		l := tender.Lines[i]
		if r.Number != l.Number || r.ID != l.Requirement.ID || r.Title != l.Requirement.Title.NN || r.Text != l.Requirement.Text.NN || r.Type != l.Type || r.Weight != l.Weight ||
			r.Theme.Name != l.ThemeName.NN || !strings.HasPrefix(r.Number, r.Theme.Number+".") || r.Documentation == nil || r.Answer == nil || r.Answer.Status == "" {
			t.Errorf("line %d: %+v", i+1, r)
		}
	}
	if strings.Contains(string(data), "Fjordata") {
		t.Error("another bidder is named")
	}
}

// Text that begins like a formula is text in CSV too.
func TestFormulaTextInCSV(t *testing.T) {
	for _, evil := range []string{"=1+1", "+SUM(A1)", "-A1", "@SUM(A1)", "=cmd|' /C calc'!A0", "＝1+1"} {
		tender := withBidders(testTender(t, "nb", 4))
		for i := range tender.Lines {
			tender.Lines[i].ThemeName.NB, tender.Lines[i].Requirement.Title.NB = evil, evil
		}
		for i := range tender.Comparison.Bidders[0].Statuses[0].Requirements {
			tender.Comparison.Bidders[0].Statuses[0].Requirements[i].Statement = evil
		}
		tender.Prefill = &Prefill{tender.Comparison.Bidders[0].Bidder, tender.Comparison.Bidders[0].Statuses}
		marked := 0
		for _, row := range readCSV(t, writeAs(t, tender, CSV)) {
			for _, c := range row {
				if strings.HasPrefix(c, evil) {
					t.Errorf("%q stands as it is", c)
				}
				if strings.HasPrefix(c, "'"+evil) {
					marked++
				}
			}
		}
		if marked < 12 {
			t.Errorf("%q: %d cells marked, want a theme, a title and a statement on 4 rows", evil, marked)
		}
	}
}

// few are the columns no table can do without, in another order.
var few = []procurement.Column{procurement.ColumnAnswer, procurement.ColumnMet, procurement.ColumnRequirement, procurement.ColumnID}

// What the buyer left out is in no file of the procurement, not hidden either.
func TestColumnsLeftOut(t *testing.T) {
	for _, lang := range locale.Languages() {
		tender := withBidders(testTender(t, lang, 12))
		tender.Procurement.Columns = few
		for i := range tender.Lines {
			tender.Lines[i].Weight = 73
		}
		tender.BidderCopy = true
		data := writeTender(t, tender)
		f := openBook(t, data)
		tables := formTables(t, f, tender.Texts)
		if len(tables) != 3 {
			t.Fatalf("%s: %d tables", lang, len(tables))
		}
		for _, g := range tables {
			if diff := cmp.Diff(map[string]int{colAnswer: 1, colMet: 2, colRequirement: 3, colID: 4}, g.columns); diff != "" {
				t.Errorf("%s: %s: %s", lang, g.sheet, diff)
			}
		}
		data = save(t, f)
		file, err := patch.Open(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			t.Fatal(err)
		}
		p, err := hidden(file, 1000)
		if err != nil || p == nil {
			t.Fatal(p, err)
		}
		for _, r := range p.Rows {
			if r.Weight != 0 || r.Type != "" || r.Documentation != "" {
				t.Errorf("%s: the hidden map tells %+v", lang, r)
			}
		}
		guide := strings.Join(slices.Concat(rowsOf(t, f, tender.Texts.T("workbook.sheet.guide"))...), "\n")
		for _, role := range []string{colWeight, colType, colEvidence, colDeviation, colNumber} {
			if name := tender.Texts.T("workbook.column." + role); strings.Contains(guide, "«"+name) || strings.Contains(guide, "“"+name) {
				t.Errorf("%s: the guide speaks of the column %q", lang, name)
			}
		}
		for _, f := range []Format{CSV, JSON} {
			if out := string(writeAs(t, tender, f)); strings.Contains(out, "73") {
				t.Errorf("%s: the weight is in the %s", lang, f)
			}
		}
		if head := readCSV(t, writeAs(t, tender, CSV))[0]; len(head) != 5 || head[4] != tender.Texts.T("workbook.column.id") {
			t.Errorf("%s: head of the CSV %q", lang, head)
		}
		want := fill(t, f, tender.Texts)
		for name, known := range map[string]Known{"map": nil, "known": KnownLines(tender.Lines)} {
			got := readTender(t, save(t, f), known)
			if diff := cmp.Diff(want, got.Answers); diff != "" || got.Err() != nil {
				t.Errorf("%s, %s: %v (-want +got):\n%s", lang, name, got.Err(), diff)
			}
		}
	}
}

func rowsOf(t testing.TB, f *excelize.File, sheet string) [][]string {
	t.Helper()
	rows, err := f.GetRows(sheet)
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// An empty tender is empty in every form.
func TestTwinsOfNothing(t *testing.T) {
	tender := testTender(t, "nb", 4)
	tender.Lines, tender.Catalogue = nil, &catalogue.Catalogue{}
	if rows := readCSV(t, writeAs(t, tender, CSV)); len(rows) != 1 {
		t.Errorf("%q", rows)
	}
	if out := string(writeAs(t, tender, JSON)); !strings.Contains(out, `"requirements": []`) {
		t.Errorf("%s", out)
	}
}

func TestSafeCell(t *testing.T) {
	for in, want := range map[string]string{"": "", "tekst": "tekst", "=1+1": "'=1+1", "+47": "+47", "-5": "-5", "-5+A1": "'-5+A1", "@x": "'@x", "\t=1": "'\t=1", "＝1": "'＝1"} {
		if got := SafeCell(in); got != want {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
	}
}
