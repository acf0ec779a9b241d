package workbook

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/charmap"
	"pgregory.net/rapid"

	"felleskrav/internal/organisation"
	"felleskrav/internal/problem"
	"felleskrav/internal/status"
)

func TestReadNumber(t *testing.T) {
	const n = organisation.Number("123456785")
	for _, s := range []struct {
		cell string
		want organisation.Number
		why  doubt
	}{
		{"123456785", n, ""}, {" 123 456 785 ", n, ""}, {"123.456.785", n, ""}, {"123,456,785", n, ""}, {"123\u00a0456\u00a0785", n, ""},
		{"123\u202f456\u2009785", n, ""}, {"123'456'785", n, ""}, {"123-456-785", n, ""}, {"'123456785", n, ""}, {"’123456785", n, ""},
		{"123456785.0", n, ""}, {"123456785,00", n, ""}, {"123,456,785.00", n, ""}, {"123 456 785,00", n, ""}, {"123.456.785,0", n, ""},
		{"1.23456785E8", n, ""}, {"1,23456785E+08", n, ""}, {"NO 123 456 785 MVA", n, ""}, {"NO123456785MVA", n, ""}, {"123456785 mva", n, ""},
		{"0192:123456785", n, ""}, {"Org.nr. 123 456 785", n, ""}, {"Orgnr: 123456785", n, ""}, {"organisasjonsnummer 123456785", n, ""},
		{"\ufeff123456785\u200b", n, ""}, {"12 34 56 785", n, ""}, {"NO123456785 (MVA)", n, ""},
		{"", "", doubtAbsent}, {"  ", "", doubtAbsent}, {"Sum", "", doubtText}, {"Eksempel 2 AS", "", doubtText}, {"#N/A", "", doubtText},
		{"123456789", "", doubtDigit}, {"12345678", "", doubtShort}, {"1234567850", "", doubtLong}, {"123456785.5", "", doubtMore},
		{"123456785 / 974760673", "", doubtTwo}, {"123456785974760673", "", doubtTwo}, {"123456785, 974760673", "", doubtTwo}, {"123456785;974760673", "", doubtTwo},
		{"SE556036079301", "", doubtForeign}, {"556036-0793", "", doubtForeign}, {"DK 12345678", "", doubtForeign}, {"GB123456789", "", doubtForeign},
		{"NTRSE-5560125790", "NTRSE-5560125790", ""}, {"vatde-136695976", "VATDE-136695976", ""}, {"NTRNO-123456785", n, ""},
		{"NTRSE-", "", doubtText}, {"VAT in-house 2026", "", doubtText}, {"LEIXG-506700GE1G29325QX364", "", doubtText}, {"NTRNO-123456784", "", doubtForeign},
		{"01010112345", "", doubtPerson}, {"010101 12345", "", doubtPerson},
		{"123456785 Eksempel AS", "", doubtMore}, {"Eksempel AS (123456785)", "", doubtMore},
		{"9.3E+08", "", doubtShort}, {"9,74E+08", "", doubtShort}, {"9.3E8", "930000000", ""}, // shown with a plus, the rest was not kept
		{"97476067.0", "", doubtShort}, {"9747606.00", "", doubtShort}, {"93000000.0", "", doubtShort}, {"930000.000", "930000000", ""},
		{"1E300", "", doubtText}, {"١٢٣٤٥٦٧٨٥", "", doubtText},
	} {
		got, why := readNumber(s.cell)
		if got != s.want || why != s.why {
			t.Errorf("%q: %q %q, want %q %q", s.cell, got, why, s.want, s.why)
		}
	}
	bundle := testBundle(t)
	for _, why := range []doubt{doubtAbsent, doubtText, doubtMore, doubtDigit, doubtShort, doubtLong, doubtTwo, doubtForeign, doubtPerson} {
		for _, lang := range []string{"nb", "nn", "en"} {
			if d := doubtAbout("Ark", 2, 1, "x", why); !bundle.In(lang).Has(d.Key) {
				t.Errorf("%s lacks %s", lang, d.Key)
			}
		}
	}
	if d := doubtAbout("Ark", 2, 3, "01010112345", doubtPerson); strings.ContainsAny(d.Value, "0123456789") || d.Cell != "C2" {
		t.Errorf("%+v repeats what may be a national identity number", d)
	}
}

func list(rows ...string) []byte { return []byte(strings.Join(rows, "\n")) }

func readList(t testing.TB, data []byte, column string) (*SupplierList, error) {
	t.Helper()
	l, err := ReadSuppliers(data, column, DefaultLimits())
	return l, err
}

func bookOf(t testing.TB, sheets map[string][][]any) []byte {
	t.Helper()
	f := excelize.NewFile()
	defer f.Close()
	names := []string{}
	for name := range sheets {
		names = append(names, name)
	}
	slices.Sort(names)
	for i, name := range names {
		if i == 0 {
			name, sheets[name] = names[0], sheets[names[0]]
			if err := f.SetSheetName("Sheet1", name); err != nil {
				t.Fatal(err)
			}
		} else if _, err := f.NewSheet(name); err != nil {
			t.Fatal(err)
		}
		for r, row := range sheets[name] {
			if err := f.SetSheetRow(name, at(1, r+1), &row); err != nil {
				t.Fatal(err)
			}
		}
	}
	var b bytes.Buffer
	if err := f.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestFindColumn(t *testing.T) {
	latin, err := charmap.Windows1252.NewEncoder().String("Leverandør;Org.nr.\r\nBlåbær AS – €;123456785\r\n")
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []struct {
		name, column   string
		data           []byte
		at, header, of int
		rows, doubts   int
		key            string
	}{
		{"by heading", "", list("Navn;Org.nr.", "A;123456785", "B;974 760 673"), 2, 1, 0, 2, 0, ""},
		{"nynorsk", "", list("Namn,Organisasjonsnummer,Tlf", "A,123456785,22334455"), 2, 1, 0, 1, 0, ""},
		{"English, tabs", "", list("Organization number\tName", "123456785\tA"), 1, 1, 0, 1, 0, ""},
		{"with a supplier in front", "", list("Kunde orgnr;Leverandør orgnr", "974760673;123456785"), 2, 1, 0, 1, 0, ""},
		{"bare list", "", list("123456785", "974760673"), 1, 0, 0, 2, 0, ""},
		{"one number", "", list("123456785"), 1, 0, 0, 1, 0, ""},
		{"no headings", "", list("A;123456785;x", "B;974760673;y"), 2, 0, 0, 2, 0, ""},
		{"unknown headings", "", list("Hvem;Hva", "A;123456785", "B;974760673"), 2, 1, 0, 2, 0, ""},
		{"title above", "", list("Leverandører 2026;", ";", "Navn;Orgnr", "A;123456785", ";", "B;123456789"), 2, 3, 0, 1, 1, ""},
		{"Windows-1252", "", []byte(latin), 2, 1, 0, 1, 0, ""},
		{"byte order mark", "", append([]byte("\ufeff"), list("Orgnr;Navn", "123456785;A")...), 1, 1, 0, 1, 0, ""},
		{"quoted commas", "", list(`Orgnr;Navn`, `"123456785";"A, B, C, D"`), 1, 1, 0, 1, 0, ""},
		{"offering", "", list("Orgnr;Tjeneste", "123456785;Sak"), 1, 1, 2, 1, 0, ""},
		{"doubtful", "", list("Orgnr;N", "123456785;A", "12345;B", ";C", "SE556036079301;D"), 1, 1, 0, 1, 3, ""},
		{"named by heading", "kunde ORGNR", list("Kunde orgnr;Leverandør orgnr", "974760673;123456785"), 1, 1, 0, 1, 0, ""},
		{"named by letter", "B", list("Orgnr;Annet", "974760673;123456785"), 2, 1, 0, 1, 0, ""},
		{"two fit", "", list("Orgnr;Org.nr. 2", "974760673;123456785"), 0, 0, 0, 0, 0, "workbook.bulk.ambiguous"},
		{"two fit without headings", "", list("974760673;123456785", "123456785;974760673"), 0, 0, 0, 0, 0, "workbook.bulk.ambiguous"},
		{"no such column", "Q", list("Orgnr", "974760673"), 0, 0, 0, 0, 0, "workbook.bulk.no-named"},
		{"none", "", list("Navn;Tlf", "A;22334455"), 0, 0, 0, 0, 0, "workbook.bulk.no-column"},
		{"only doubts", "", list("Navn;Orgnr", "A;22334455"), 0, 0, 0, 0, 0, "workbook.bulk.no-numbers"},
		{"empty", "", []byte(" \r\n"), 0, 0, 0, 0, 0, "workbook.error.empty-file"},
		{"binary", "", []byte("a\x00b;c"), 0, 0, 0, 0, 0, "workbook.bulk.not-list"},
		{"second sheet", "", bookOf(t, map[string][][]any{"A om": {{"Om listen"}, {"Versjon", 3}}, "B liste": {{"Navn", "Orgnr."}, {"A", 123456785}, {"B", 974760673.0}, {"C", "NO 974 760 673 MVA"}}}), 2, 1, 0, 3, 0, ""},
		{"two sheets", "", bookOf(t, map[string][][]any{"A": {{"Orgnr"}, {123456785}}, "B": {{"Orgnr"}, {974760673}}}), 0, 0, 0, 0, 0, "workbook.bulk.ambiguous"},
		{"named on a sheet", "B!A (Orgnr)", bookOf(t, map[string][][]any{"A": {{"Orgnr"}, {123456785}}, "B": {{"Orgnr"}, {974760673}}}), 1, 1, 0, 1, 0, ""},
	} {
		t.Run(s.name, func(t *testing.T) {
			l, err := readList(t, s.data, s.column)
			if s.key != "" {
				p, ok := errors.AsType[*problem.Error](err)
				if !ok || p.Key != s.key {
					t.Fatalf("%v, want %s", err, s.key)
				}
				if c, _ := p.Args["Candidates"].(string); s.key == "workbook.bulk.ambiguous" && !strings.Contains(c, "A") {
					t.Errorf("does not name the columns: %q", c)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if l.Column != s.at || l.Header != s.header || l.OfferingColumn != s.of || len(l.Rows) != s.rows || len(l.Doubts) != s.doubts {
				t.Errorf("column %d header %d offering %d, %d rows, doubts %+v", l.Column, l.Header, l.OfferingColumn, len(l.Rows), l.Doubts)
			}
		})
	}
}

func TestTooManySuppliers(t *testing.T) {
	rows := []string{"Orgnr"}
	for range 10_000 {
		rows = append(rows, "123456785")
	}
	if l, err := readList(t, list(rows...), ""); err != nil || len(l.Rows) != 10_000 {
		t.Fatal(err)
	}
	_, err := readList(t, list(append(rows, "12")...), "")
	if problem.KeyOf(err) != "workbook.bulk.rows" || problem.KindOf(err) != problem.TooLarge {
		t.Errorf("10,001 rows: %v", err)
	}
}

// numbers draws valid organisation numbers.
func numbers() *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		for {
			base := rapid.IntRange(10_000_000, 99_999_999).Draw(t, "base")
			for d := range 10 {
				if s := fmt.Sprintf("%d%d", base, d); valid(s) {
					return s
				}
			}
		}
	})
}

// A column of numbers is found among columns of anything else, wherever it
// stands and however it is written.
func TestAnyNumberColumnIsFound(t *testing.T) {
	noise := rapid.OneOf(
		rapid.StringMatching(`[A-ZÆØÅ][a-zæøå]{2,12} AS`), rapid.StringMatching(`[1-9][0-9]{7}`), rapid.StringMatching(`0[0-9]{3}`),
		rapid.StringMatching(`[1-9][0-9]{0,5}`), rapid.Just(""), rapid.StringMatching(`20[0-9]{2}-1[0-2]-[0-2][1-8]`), rapid.StringMatching(`[a-z]{3,8}@example\.no`),
	)
	forms := []func(string) string{
		func(s string) string { return s },
		func(s string) string { return s[:3] + " " + s[3:6] + " " + s[6:] },
		func(s string) string { return "NO" + s + "MVA" },
		func(s string) string { return s + ".0" },
		func(s string) string { return s[:3] + "." + s[3:6] + "." + s[6:] },
	}
	rapid.Check(t, func(t *rapid.T) {
		want := rapid.SliceOfN(numbers(), 1, 30).Draw(t, "numbers")
		width := rapid.IntRange(1, 6).Draw(t, "width")
		at := rapid.IntRange(0, width-1).Draw(t, "at")
		heading := rapid.SampledFrom([]string{"", "Orgnr", "Org.nr.", "Organisasjonsnummer", "Leverandør orgnr", "Organisation number"}).Draw(t, "heading")
		var rows [][]string
		if heading != "" {
			row := make([]string, width)
			for i := range row {
				row[i] = "Kolonne"
			}
			row[at] = heading
			rows = append(rows, row)
		}
		for _, n := range want {
			row := make([]string, width)
			for i := range row {
				row[i] = noise.Draw(t, "noise")
			}
			row[at] = rapid.SampledFrom(forms).Draw(t, "form")(n)
			rows = append(rows, row)
		}
		var b bytes.Buffer
		if err := WriteCSV(&b, rapid.SampledFrom([]rune{';', '\t'}).Draw(t, "comma"), rows); err != nil {
			t.Fatal(err)
		}
		l, err := ReadSuppliers(b.Bytes(), "", DefaultLimits())
		if err != nil {
			t.Fatalf("%v\n%s", err, b.String())
		}
		var got []string
		for _, r := range l.Rows {
			got = append(got, string(r.Number))
		}
		if l.Column != at+1 || !slices.Equal(got, want) || len(l.Doubts) > 0 {
			t.Fatalf("column %d, %v, doubts %v\n%s", l.Column, got, l.Doubts, b.String())
		}
	})
}

// bulkResult has one supplier with two offerings and one with a name that
// would be a formula.
func bulkResult(t testing.TB, lang string) BulkResult {
	end := testNow.AddDate(1, 0, 0)
	st := func(id, name string, o status.Overall) status.Status {
		return status.Status{
			Offering: id, OfferingName: name, Set: "grunnsett", SetVersion: "1.0.0", Overall: o, Counts: status.Counts{Met: 4, Documented: 2},
			Declaration: &status.DeclarationStatus{SetVersion: "1.0.0", ValidUntil: end},
		}
	}
	weak := st("o3", "=HYPERLINK(\"http://example.com\")", status.Valid)
	weak.Weakest = &status.Link{Name: "+Under AS", Overall: status.Expired}
	return BulkResult{
		Texts: testBundle(t).In(lang), FileName: "liste.xlsx", Set: "grunnsett@1.0.0", SetName: "Grunnsett", At: testNow, BaseURL: "https://krav.example.no",
		Suppliers: map[organisation.Number]BulkSupplier{
			"123456785": {Known: true, Name: "A", Statuses: []status.Status{st("o1", "Arkiv", status.Expired), st("o2", "Sak", status.Valid)}},
			"974760673": {Known: true, Name: "B", Statuses: []status.Status{weak}},
			"310922757": {Known: true, Name: "C"},
		},
	}
}

func TestCSVComesBack(t *testing.T) {
	in := "Orgnr;Navn;Leveranse;Saldo\r\n123456785;\"Å; b\";;-5\r\n123456785;=1+1;arkiv;+47 22 33\r\n974760673;@x;;0\r\n310922757;;;\r\n999999990;D;;\r\n991825827;E;;\r\n"
	l, err := readList(t, []byte(in), "")
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	counts, err := l.Write(&b, bulkResult(t, "nb"))
	if err != nil {
		t.Fatal(err)
	}
	want := "\ufeffOrgnr;Navn;Leveranse;Saldo;Status;Leveranse;Kravsett;Gyldig til;Grunnlag;Svakeste underleverandør;Statusside;Merknad\r\n" +
		"123456785;\"Å; b\";;-5;Gyldig;Sak;grunnsett 1.0.0;23.11.2027;Erklært (2 dokumentert og 0 vurdert av 4 svar);;https://krav.example.no/offerings/o2/status?set=grunnsett;Leverandøren har 1 annen leveranse.\r\n" +
		"123456785;'=1+1;arkiv;+47 22 33;Utløpt;Arkiv;grunnsett 1.0.0;23.11.2027;Erklært (2 dokumentert og 0 vurdert av 4 svar);;https://krav.example.no/offerings/o1/status?set=grunnsett;Leverandøren har 1 annen leveranse.\r\n" +
		"974760673;'@x;;0;Gyldig;\"'=HYPERLINK(\"\"http://example.com\"\")\";grunnsett 1.0.0;23.11.2027;Erklært (2 dokumentert og 0 vurdert av 4 svar);'+Under AS: utløpt;https://krav.example.no/offerings/o3/status?set=grunnsett;\r\n" +
		"310922757;;;;Ingen leveranse;;;;;;;\r\n" +
		"999999990;D;;;Må kontrolleres;;;;;;;Kontrollsifferet stemmer ikke. Se etter skrivefeil.\r\n" +
		"991825827;E;;;Ikke registrert;;;;;;;\r\n"
	if d := cmp.Diff(want, b.String()); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(map[string]int{"valid": 2, "expired": 1, CountNoOffering: 1, CountUnknown: 1, CountDoubtful: 1}, counts); d != "" {
		t.Error(d)
	}
}

func TestBareCSVGetsHeadings(t *testing.T) {
	l, err := readList(t, list("123456785"), "")
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if _, err := l.Write(&b, bulkResult(t, "en")); err != nil {
		t.Fatal(err)
	}
	if got := b.String(); !strings.HasPrefix(got, "\ufeffOrganisation number;Status;Offering;") || !strings.Contains(got, "\r\n123456785;Valid;Sak;") {
		t.Error(got)
	}
}

// The user's sheet keeps what it has; columns, a summary and a sheet of
// offerings are added, and LibreOffice opens it.
func TestSpreadsheetComesBack(t *testing.T) {
	f := openBook(t, bookOf(t, map[string][][]any{"Leveranser": {
		{"Navn", "Orgnr", "Sum"}, {"A", 123456785, 1}, {"B", "974 760 673", 2}, {"C", 12, 3}, {"D", "310922757", 4}, {"A", 123456785, 5},
	}, "Notater": {{"=1+1", "husk"}}}))
	if err := f.SetCellFormula("Leveranser", "C7", "SUM(C2:C6)"); err != nil {
		t.Fatal(err)
	}
	data := save(t, f)
	l, err := readList(t, data, "")
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	counts, err := l.Write(&b, bulkResult(t, "nb"))
	if err != nil || counts["valid"] != 3 {
		t.Fatal(err, counts)
	}
	out := b.Bytes()
	parts := rawParts(t, out)
	chart := ""
	// The other sheet is what it was, to the byte; the list's own begins and ends
	// as it did.
	for name, xml := range rawParts(t, data) {
		if !strings.HasPrefix(name, "xl/worksheets/sheet") {
			continue
		}
		if own := strings.Contains(xml, "SUM(C2:C6)"); !own && parts[name] != xml || own && !strings.Contains(parts[name], "<f>SUM(C2:C6)</f>") {
			t.Errorf("%s is not what it was:\n%s\n%s", name, xml, parts[name])
		}
	}
	for name, xml := range parts {
		if strings.HasPrefix(name, "xl/charts/") {
			chart = xml
		}
		if strings.HasPrefix(name, "xl/drawings/drawing") && !strings.Contains(xml, `descr="Antall rader etter status. Gyldig: 3, `) {
			t.Errorf("the chart has no alternative text: %s", xml)
		}
	}
	if !strings.Contains(chart, "Sammendrag") {
		t.Errorf("no chart of the summary: %s", chart)
	}
	for name, data := range map[string][]byte{"as written": out, "from LibreOffice": resave(t, map[string][]byte{"bulk": out})["bulk"]} {
		got := openBook(t, data)
		if want := []string{"Leveranser", "Notater", "Sammendrag", "Leveranser 2"}; !slices.Equal(got.GetSheetList(), want) {
			t.Errorf("%s: sheets %v", name, got.GetSheetList())
		}
		for cell, want := range map[string]string{
			"A1": "Navn", "B3": "974 760 673", "D1": "Status", "K1": "Merknad", "D2": "✓ Gyldig", "E2": "Sak", "F2": "grunnsett 1.0.0", "G2": "46714",
			"K2": "Leverandøren har 1 annen leveranse, se «Leveranser 2».", "E3": `=HYPERLINK("http://example.com")`, "I3": "+Under AS: utløpt",
			"D4": "? Må kontrolleres", "K4": "Nummeret har færre enn ni sifre.", "D5": "○ Ingen leveranse", "D6": "✓ Gyldig",
		} {
			if v, err := got.GetCellValue("Leveranser", cell); err != nil || v != want {
				t.Errorf("%s: %s is %q, want %q (%v)", name, cell, v, want, err)
			}
		}
		if formula, err := got.GetCellFormula("Leveranser", "C7"); err != nil || formula != "SUM(C2:C6)" {
			t.Errorf("%s: the user's formula is %q", name, formula)
		}
		for _, cell := range []string{"E3", "I3"} {
			if formula, err := got.GetCellFormula("Leveranser", cell); err != nil || formula != "" {
				t.Errorf("%s: %s became a formula: %q", name, cell, formula)
			}
		}
		if has, target, err := got.GetCellHyperLink("Leveranser", "J2"); err != nil || !has || target != "https://krav.example.no/offerings/o2/status?set=grunnsett" {
			t.Errorf("%s: link %v %q %v", name, has, target, err)
		}
		rows, err := got.GetRows("Leveranser 2")
		if err != nil || len(rows) != 3 || rows[1][3] != "Sak" || rows[2][3] != "Arkiv" {
			t.Errorf("%s: offerings %v %v", name, rows, err)
		}
		summary, err := got.GetRows("Sammendrag")
		if err != nil || !slices.ContainsFunc(summary, func(r []string) bool { return len(r) > 1 && r[0] == "Gyldig" && r[1] == "3" }) {
			t.Errorf("%s: summary %v %v", name, summary, err)
		}
	}
}

// A list that was checked before can be checked again.
func TestSpreadsheetIsCheckedAgain(t *testing.T) {
	data := bookOf(t, map[string][][]any{"Liste": {{"Orgnr"}, {123456785}, {974760673}}})
	for range 3 {
		l, err := readList(t, data, "")
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		if _, err := l.Write(&b, bulkResult(t, "nb")); err != nil {
			t.Fatal(err)
		}
		data = b.Bytes()
	}
	got := openBook(t, resave(t, map[string][]byte{"again": data})["again"])
	for _, cell := range []string{"H2", "P2", "X2"} {
		if has, target, err := got.GetCellHyperLink("Liste", cell); err != nil || !has || target != "https://krav.example.no/offerings/o2/status?set=grunnsett" {
			t.Errorf("%s: %v %q %v", cell, has, target, err)
		}
	}
	if want := []string{"Liste", "Sammendrag", "Leveranser", "Sammendrag 2", "Leveranser 2", "Sammendrag 3", "Leveranser 3"}; !slices.Equal(got.GetSheetList(), want) {
		t.Errorf("sheets %v", got.GetSheetList())
	}
}

// Whatever comes in, a problem with a key comes out or a list does, and what
// is written back can be read again.
func FuzzReadSuppliers(f *testing.F) {
	f.Add([]byte("Orgnr;Navn\r\n123456785;A\r\n"), "")
	f.Add([]byte("\ufeffa,b\n\"123 456 785\",\"x\ny\"\n"), "B")
	f.Add([]byte("\xff\xfeO\x00r\x00g\x00n\x00r\x00"), "")
	f.Add(bookOf(f, map[string][][]any{"A": {{"Orgnr"}, {123456785}}}), "A!A")
	f.Add([]byte("PK\x03\x04"), "")
	r := bulkResult(f, "nb")
	f.Fuzz(func(t *testing.T, data []byte, column string) {
		l, err := ReadSuppliers(data, column, fuzzLimits())
		if err != nil {
			if problem.KindOf(err) == problem.Internal {
				t.Errorf("%v", err)
			}
			return
		}
		if len(l.Rows) == 0 || l.Column < 1 {
			t.Errorf("a list of nothing: %+v", l)
		}
		for _, n := range l.Rows {
			if !valid(string(n.Number)) {
				t.Errorf("%+v is no number", n)
			}
		}
		var b bytes.Buffer
		if _, err := l.Write(&b, r); err != nil {
			if problem.KindOf(err) == problem.Internal {
				t.Errorf("write: %v", err)
			}
			return
		}
		if l.Kind == ListCSV {
			again, err := readTable(b.Bytes(), DefaultLimits())
			if err != nil || len(again.rows) < l.Total() {
				t.Errorf("%d rows came back as %d: %v", l.Total(), len(again.rows), err)
			}
		}
	})
}
