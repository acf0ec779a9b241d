package workbook

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"felleskrav/internal/attestation"
	"felleskrav/internal/locale"
	"felleskrav/internal/problem"
	"felleskrav/internal/procurement"
)

func testReader(t testing.TB) *Reader { return NewReader(testBundle(t), DefaultLimits()) }

func readTender(t testing.TB, data []byte, known Known) Reading {
	t.Helper()
	r, err := testReader(t).Tender(bytes.NewReader(data), int64(len(data)), known)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func set(t testing.TB, f *excelize.File, sheet, cell, value string) {
	t.Helper()
	if err := f.SetCellStr(sheet, cell, value); err != nil {
		t.Fatal(err)
	}
}

// formTable is a table of requirements as a test finds it: by its header's texts,
// with the row of each id.
type formTable struct {
	sheet   string
	columns map[string]int
	rows    map[string]int
	ids     []string
	header  int
}

// formTables finds the tables of a tender workbook.
func formTables(t testing.TB, f *excelize.File, words *locale.Texts) []formTable {
	t.Helper()
	var out []formTable
	for _, sheet := range f.GetSheetList() {
		rows, err := f.GetRows(sheet)
		if err != nil {
			t.Fatal(err)
		}
		g := formTable{sheet: sheet}
		for i, r := range rows {
			if g.header == 0 {
				columns := map[string]int{}
				for c, text := range r {
					for _, role := range procurement.Columns() {
						if text == words.T("workbook.column."+string(role)) {
							columns[string(role)] = c + 1
						}
					}
				}
				if columns[colID] > 0 && columns[colMet] > 0 {
					g.header, g.columns, g.rows = i+1, columns, map[string]int{}
				}
				continue
			}
			if id := cellAt(r, g.columns[colID]); strings.HasPrefix(id, "K-") {
				g.rows[id] = i + 1
				g.ids = append(g.ids, id)
			}
		}
		if g.header > 0 {
			out = append(out, g)
		}
	}
	return out
}

// fill answers every requirement and gives the answers.
func fill(t testing.TB, f *excelize.File, words *locale.Texts) []procurement.ResponseAnswer {
	t.Helper()
	var out []procurement.ResponseAnswer
	for _, g := range formTables(t, f, words) {
		for _, id := range g.ids {
			i := len(out)
			a := procurement.ResponseAnswer{Requirement: id, Status: attestation.AnswerStatuses()[i%6], Statement: fmt.Sprintf("=Svar %d\nmed to linjer – æøå", i)}
			if i%3 == 0 && g.columns[colEvidence] > 0 {
				a.EvidenceRef = "Vedlegg " + fmt.Sprint(i)
			}
			if i%3 == 0 && g.columns[colDeviation] > 0 {
				a.Deviation = "- forbehold"
			}
			for role, value := range map[string]string{colMet: words.T("answer." + string(a.Status)), colAnswer: a.Statement, colEvidence: a.EvidenceRef, colDeviation: a.Deviation} {
				if value != "" {
					set(t, f, g.sheet, at(g.columns[role], g.rows[id]), value)
				}
			}
			out = append(out, a)
		}
	}
	return out
}

func TestRoundTripInEveryLanguage(t *testing.T) {
	for _, lang := range locale.Languages() {
		tender := testTender(t, lang, 12)
		f := openBook(t, writeTender(t, tender))
		want := fill(t, f, tender.Texts)
		data := save(t, f)
		for name, known := range map[string]Known{"map": nil, "known": KnownLines(tender.Lines)} {
			got := readTender(t, data, known)
			if diff := cmp.Diff(want, got.Answers); diff != "" {
				t.Errorf("%s, %s: answers (-want +got):\n%s", lang, name, diff)
			}
			if err := got.Err(); err != nil {
				t.Errorf("%s, %s: %v", lang, name, err)
			}
			if got.Procurement != tender.Procurement.ID || got.Language != lang || len(got.Sets) != 1 || got.Sets[0].Digest != tender.Versions[0].Digest {
				t.Errorf("%s: the file says %+v", lang, got)
			}
		}
	}
}

func TestEmptyWorkbookIsReadAsEmpty(t *testing.T) {
	got := readTender(t, writeTender(t, testTender(t, "nb", 8)), nil)
	if len(got.Answers) != 0 || got.Err() != nil || len(got.Rows) != 8 {
		t.Fatalf("%d answers, %v, %d rows", len(got.Answers), got.Err(), len(got.Rows))
	}
	for _, r := range got.Rows {
		if r.Outcome != OutcomeEmpty {
			t.Errorf("%s: %s", r.Requirement, r.Outcome)
		}
	}
}

func TestPrefilledWorkbookReadsBack(t *testing.T) {
	tender := withBidders(testTender(t, "en", 12))
	b := tender.Comparison.Bidders[0]
	tender.Prefill = &Prefill{b.Bidder, b.Statuses}
	got := readTender(t, writeTender(t, tender), KnownLines(tender.Lines))
	if got.Bidder != string(b.Bidder.Supplier) || got.Err() != nil || len(got.Answers) != 12 {
		t.Fatalf("bidder %q, %v, %d answers", got.Bidder, got.Err(), len(got.Answers))
	}
	want := map[string]attestation.AnswerStatus{}
	for _, r := range b.Statuses[0].Requirements {
		want[r.Requirement] = r.Answer
	}
	for _, a := range got.Answers {
		if a.Status != want[a.Requirement] {
			t.Errorf("%s: %s, want %s", a.Requirement, a.Status, want[a.Requirement])
		}
	}
}

// swapRows exchanges two rows of the table, as sorting does.
func swapRows(t testing.TB, f *excelize.File, sheet string, a, b int) {
	t.Helper()
	for c := 1; c <= len(tenderColumns); c++ {
		va, errA := f.GetCellValue(sheet, at(c, a))
		vb, errB := f.GetCellValue(sheet, at(c, b))
		if errA != nil || errB != nil {
			t.Fatal(errA, errB)
		}
		set(t, f, sheet, at(c, a), vb)
		set(t, f, sheet, at(c, b), va)
	}
}

func TestSortedRows(t *testing.T) {
	tender := testTender(t, "nb", 8)
	f := openBook(t, writeTender(t, tender))
	want := fill(t, f, tender.Texts)
	swapRows(t, f, "Krav", 5, 10) // a heading goes along
	swapRows(t, f, "Krav", 6, 9)
	got := readTender(t, save(t, f), nil)
	byID := func(a, b procurement.ResponseAnswer) int { return strings.Compare(a.Requirement, b.Requirement) }
	slices.SortFunc(want, byID)
	slices.SortFunc(got.Answers, byID)
	if diff := cmp.Diff(want, got.Answers); diff != "" || got.Err() != nil {
		t.Errorf("%v (-want +got):\n%s", got.Err(), diff)
	}
}

func TestWords(t *testing.T) {
	for word, want := range map[string]attestation.AnswerStatus{
		"Ja": attestation.Met, "J": attestation.Met, "yes": attestation.Met, "Oppfylt": attestation.Met, "✓ Oppfylt": attestation.Met, " met ": attestation.Met,
		"Nei": attestation.NotMet, "N": attestation.NotMet, "No": attestation.NotMet, "IKKE OPPFYLT": attestation.NotMet, "Ikkje oppfylt": attestation.NotMet, "not-met": attestation.NotMet,
		"Delvis": attestation.Partial, "d": attestation.Partial, "Partly met": attestation.Partial, "partial": attestation.Partial,
		"Alternativ løysing": attestation.Alternative, "Planned": attestation.Planned, "not-applicable": attestation.NotApplicable, "Ikkje relevant": attestation.NotApplicable,
	} {
		tender := testTender(t, "nb", 4)
		f := openBook(t, writeTender(t, tender))
		set(t, f, "Krav", "H6", word)
		set(t, f, "Krav", "I6", "Forklart.")
		got := readTender(t, save(t, f), nil)
		if len(got.Answers) != 1 || got.Answers[0].Status != want {
			t.Errorf("%q: %+v, want %s", word, got.Answers, want)
		}
	}
}

func TestRowReports(t *testing.T) {
	cases := []struct {
		name    string
		edit    func(t *testing.T, f *excelize.File)
		path    string
		key     string
		outcome Outcome
	}{
		{"unknown word", func(t *testing.T, f *excelize.File) { set(t, f, "Krav", "H6", "Kanskje") }, "Krav!H6", "workbook.row.word", OutcomeRefused},
		{"no explanation", func(t *testing.T, f *excelize.File) { set(t, f, "Krav", "H6", "Ikke oppfylt") }, "Krav!I6", "workbook.row.explain", OutcomeRefused},
		{"text without answer", func(t *testing.T, f *excelize.File) { set(t, f, "Krav", "I6", "Vi gjør det.") }, "Krav!H6", "workbook.row.no-answer", OutcomeRefused},
		{"deviation without answer", func(t *testing.T, f *excelize.File) { set(t, f, "Krav", "K6", "Forbehold.") }, "Krav!H6", "workbook.row.no-answer", OutcomeRefused},
		{"formula", func(t *testing.T, f *excelize.File) {
			if err := f.SetCellFormula("Krav", "I6", `HYPERLINK("http://x","y")`); err != nil {
				t.Fatal(err)
			}
		}, "Krav!I6", "workbook.row.formula", OutcomeRefused},
		{"formula as answer", func(t *testing.T, f *excelize.File) {
			if err := f.SetCellFormula("Krav", "H6", `"Oppfylt"`); err != nil {
				t.Fatal(err)
			}
		}, "Krav!H6", "workbook.row.formula", OutcomeRefused},
		{"long", func(t *testing.T, f *excelize.File) {
			set(t, f, "Krav", "H6", "Ja")
			set(t, f, "Krav", "I6", strings.Repeat("æ", maxStatement+1))
		}, "Krav!I6", "workbook.row.long", OutcomeRefused},
		{"altered text", func(t *testing.T, f *excelize.File) {
			v, err := f.GetCellValue("Krav", "D6")
			if err != nil {
				t.Fatal(err)
			}
			set(t, f, "Krav", "D6", strings.Replace(v, "minst", "helst", 1))
			set(t, f, "Krav", "H6", "Ja")
		}, "Krav!D6", "workbook.row.altered-text", OutcomeAltered},
		{"altered type", func(t *testing.T, f *excelize.File) { set(t, f, "Krav", "E6", "B") }, "Krav!E6", "workbook.row.altered-type", OutcomeAltered},
		{"altered number", func(t *testing.T, f *excelize.File) { set(t, f, "Krav", "A6", "1.1.2") }, "Krav!A6", "workbook.row.altered-number", OutcomeAltered},
		{"altered weight", func(t *testing.T, f *excelize.File) { set(t, f, "Krav", "G6", "99") }, "Krav!G6", "workbook.row.altered-weight", OutcomeAltered},
		{"altered documentation", func(t *testing.T, f *excelize.File) { set(t, f, "Krav", "F6", "Ingenting.") }, "Krav!F6", "workbook.row.altered-documentation", OutcomeAltered},
		{"another id", func(t *testing.T, f *excelize.File) { set(t, f, "Krav", "B6", "K-ANNET-01") }, "Krav!B6", "workbook.row.unknown", OutcomeUnknown},
		{"repeated id", func(t *testing.T, f *excelize.File) { set(t, f, "Krav", "B7", "K-TILGANG-01") }, "Krav!B7", "workbook.row.repeated", OutcomeRefused},
		{"repeated id on another sheet", func(t *testing.T, f *excelize.File) { set(t, f, "Kontraktsvilkår", "B6", "K-STYRING-01") }, "Kontraktsvilkår!B6", "workbook.row.repeated", OutcomeRefused},
		{"lost row", func(t *testing.T, f *excelize.File) {
			if err := f.RemoveRow("Krav", 6); err != nil {
				t.Fatal(err)
			}
		}, "Krav!B4", "workbook.row.absent", OutcomeAltered},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			tender := testTender(t, "nb", 8)
			f := openBook(t, writeTender(t, tender))
			set(t, f, "Kvalifikasjonskrav", "H6", "Ja") // another row is fine
			c.edit(t, f)
			got := readTender(t, save(t, f), KnownLines(tender.Lines))
			var found *RowReport
			for _, r := range got.Refused() {
				if r.Path() == c.path && r.Key == c.key {
					found = &r
				}
			}
			if found == nil {
				t.Fatalf("no report for %s with %s: %+v", c.path, c.key, got.Refused())
			}
			if found.Outcome != c.outcome {
				t.Errorf("outcome %s, want %s", found.Outcome, c.outcome)
			}
			if len(got.Answers) != 1 || got.Answers[0].Requirement != "K-STYRING-01" {
				t.Errorf("answers %+v", got.Answers)
			}
			err := got.Err()
			e, ok := err.(*problem.Error)
			if !ok || e.Kind != problem.Invalid || len(e.Fields) != len(got.Refused()) {
				t.Errorf("error %v", err)
			}
			for _, lang := range locale.Languages() {
				text := testBundle(t).In(lang).T(found.Key, map[string]any(found.Args))
				if text == found.Key || strings.Contains(text, "<no value>") {
					t.Errorf("%s: text %q", lang, text)
				}
			}
		})
	}
}

// A file's own map is no proof: texts are compared with what is known.
func TestForgedMapIsNotBelieved(t *testing.T) {
	tender := testTender(t, "nb", 4)
	forged := tender
	forged.Lines = slices.Clone(tender.Lines)
	forged.Lines[0].Requirement.Text = same3("Leverandøren gjør som den vil.")
	forged.Lines[2].Type = procurement.TypeB
	got := readTender(t, writeTender(t, forged), KnownLines(tender.Lines))
	var paths []string
	for _, r := range got.Refused() {
		paths = append(paths, r.Path()+" "+r.Key)
	}
	if diff := cmp.Diff([]string{"Krav!D6 workbook.row.other-text"}, paths); diff != "" {
		t.Error(diff)
	}
	if !slices.ContainsFunc(got.Rows, func(r RowReport) bool {
		return r.Path() == "Kvalifikasjonskrav!E6" && r.Key == "workbook.row.other-type"
	}) {
		t.Errorf("the forged type is not named: %+v", got.Rows)
	}
}

// A buyer that changes its tender after the workbook was sent out can still read
// the answers to what is asked as it was, and is told of the rest. Nobody is
// said to have altered the workbook.
func TestTenderChangedAfterTheWorkbook(t *testing.T) {
	tender := testTender(t, "nb", 8)
	f := openBook(t, writeTender(t, tender))
	all := fill(t, f, tender.Texts)
	now := slices.Clone(tender.Lines)
	report := func(data []byte, lines []procurement.Line) (Reading, map[string]string) {
		got := readTender(t, data, KnownLines(lines))
		notes := map[string]string{}
		for _, r := range got.Rows {
			if r.Key != RowRead {
				notes[r.Requirement] = string(r.Outcome) + " " + r.Path() + " " + strings.TrimPrefix(r.Key, "workbook.row.")
			}
			for _, lang := range locale.Languages() {
				if text := testBundle(t).In(lang).T(r.Key, map[string]any(r.Args)); text == r.Key || strings.Contains(text, "<no value>") {
					t.Errorf("%s: text %q", lang, text)
				}
			}
		}
		return got, notes
	}
	at := func(id string) int {
		return slices.IndexFunc(now, func(l procurement.Line) bool { return l.Requirement.ID == id })
	}
	now[at("K-TILGANG-01")].Type, now[at("K-KRYPTO-01")].Weight = procurement.TypeB, 35
	now = slices.Delete(now, at("K-TILGANG-02"), at("K-TILGANG-02")+1)
	more := now[0]
	more.Requirement.ID = "K-KRYPTO-09"
	got, notes := report(save(t, f), append(slices.Clone(now), more))
	want := slices.DeleteFunc(slices.Clone(all), func(a procurement.ResponseAnswer) bool { return a.Requirement == "K-TILGANG-02" })
	if diff := cmp.Diff(want, got.Answers); diff != "" || got.Err() != nil {
		t.Errorf("%v (-want +got):\n%s", got.Err(), diff)
	}
	if diff := cmp.Diff(map[string]string{
		"K-TILGANG-01": "read Krav!E6 other-type", "K-TILGANG-02": "left-out Krav!B7 left-out", "K-KRYPTO-09": "missing Krav!B4 missing",
	}, notes); diff != "" {
		t.Error(diff)
	}

	// Another text is another question.
	now[at("K-KRYPTO-01")].Requirement.Text = same3("Leverandøren krypterer alt.")
	got, notes = report(save(t, f), now)
	if len(got.Refused()) != 1 || !strings.HasPrefix(notes["K-KRYPTO-01"], "altered Krav!") || !strings.HasSuffix(notes["K-KRYPTO-01"], " other-text") {
		t.Errorf("%+v", notes)
	}

	// Without the hidden sheet a row that is gone is missing all the same.
	if err := f.DeleteSheet(hiddenSheet); err != nil {
		t.Fatal(err)
	}
	if err := f.RemoveRow("Krav", 6); err != nil {
		t.Fatal(err)
	}
	if _, notes = report(save(t, f), tender.Lines); notes["K-TILGANG-01"] != "missing Krav!B4 missing" {
		t.Errorf("%+v", notes)
	}
}

func TestTableIsFoundWithoutTheHiddenSheet(t *testing.T) {
	for _, lang := range locale.Languages() {
		tender := testTender(t, lang, 8)
		f := openBook(t, writeTender(t, tender))
		want := fill(t, f, tender.Texts)
		for i, g := range formTables(t, f, tender.Texts) {
			name := fmt.Sprintf("Bilag 2.%d", i+1)
			if err := f.SetSheetName(g.sheet, name); err != nil {
				t.Fatal(err)
			}
			if err := f.InsertRows(name, 2, 3); err != nil {
				t.Fatal(err)
			}
		}
		for _, what := range []string{"renamed", "without the hidden sheet"} {
			got := readTender(t, save(t, f), KnownLines(tender.Lines))
			if diff := cmp.Diff(want, got.Answers); diff != "" || got.Err() != nil {
				t.Errorf("%s, %s: %v (-want +got):\n%s", lang, what, got.Err(), diff)
			}
			if err := f.DeleteSheet(hiddenSheet); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestHeaderOverwritten(t *testing.T) {
	tender := testTender(t, "nb", 8)
	f := openBook(t, writeTender(t, tender))
	want := fill(t, f, tender.Texts)
	for _, g := range formTables(t, f, tender.Texts) {
		for c := 1; c <= 11; c++ {
			set(t, f, g.sheet, at(c, 4), "x")
		}
	}
	got := readTender(t, save(t, f), nil)
	if diff := cmp.Diff(want, got.Answers); diff != "" {
		t.Error(diff)
	}
}

func TestNotOurTable(t *testing.T) {
	f := excelize.NewFile()
	set(t, f, "Sheet1", "A1", "Handleliste")
	data := save(t, f)
	_, err := testReader(t).Tender(bytes.NewReader(data), int64(len(data)), nil)
	if problem.KeyOf(err) != "workbook.error.no-table" {
		t.Errorf("error %v", err)
	}
	answers := writeAnswers(t, "nb", nil)
	_, err = testReader(t).Tender(bytes.NewReader(answers), int64(len(answers)), nil)
	if problem.KeyOf(err) != "workbook.error.wrong-kind" {
		t.Errorf("an answer sheet read as a tender: %v", err)
	}
}

// Files that went out before the hidden map told the sheet of each row are
// still read, and their official texts still compared.
func TestFilesOfTheFirstFormat(t *testing.T) {
	data, err := os.ReadFile("testdata/tender-format-1.xlsx")
	if err != nil {
		t.Fatal(err)
	}
	lines := testTender(t, "nb", 8).Lines
	for name, known := range map[string]Known{"map": nil, "known": KnownLines(lines)} {
		got := readTender(t, data, known)
		if err := got.Err(); err != nil || len(got.Answers) != 8 || got.Procurement == "" {
			t.Errorf("%s: %v, %d answers, procurement %q", name, err, len(got.Answers), got.Procurement)
		}
		for _, a := range got.Answers {
			if a.Status == "" || !strings.HasPrefix(a.Statement, "=Svar") {
				t.Errorf("%s: %+v", name, a)
			}
		}
	}
	f := openBook(t, data)
	set(t, f, "Krav", "B6", "Kontraktsvilkår")
	set(t, f, "Krav", "D7", "Noe annet")
	set(t, f, "Krav", "G8", "99")
	for c := 1; c <= 11; c++ { // without its header the map says where things are
		set(t, f, "Krav", at(c, 4), "x")
	}
	var paths []string
	for _, r := range readTender(t, save(t, f), nil).Refused() {
		paths = append(paths, r.Path()+" "+r.Key)
	}
	if diff := cmp.Diff([]string{"Krav!B6 workbook.row.altered-kind", "Krav!D7 workbook.row.altered-text", "Krav!G8 workbook.row.altered-weight"}, paths); diff != "" {
		t.Error(diff)
	}

	data, err = os.ReadFile("testdata/answers-format-1.xlsx")
	if err != nil {
		t.Fatal(err)
	}
	answers, err := testReader(t).Answers(bytes.NewReader(data), int64(len(data)), findTest)
	if err != nil || answers.Err() != nil || len(answers.Rows) != 8 || len(answers.Sets) != 1 {
		t.Errorf("answer sheet: %v, %v, %d rows, sets %v", err, answers.Err(), len(answers.Rows), answers.Sets)
	}
}
