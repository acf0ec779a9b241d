package workbook

import (
	"archive/zip"
	"bytes"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"felleskrav/internal/attestation"
	"felleskrav/internal/catalogue"
	"felleskrav/internal/locale"
	"felleskrav/internal/procurement"
)

// openBook opens written bytes with excelize.
func openBook(t testing.TB, data []byte) *excelize.File {
	t.Helper()
	f, err := excelize.OpenReader(bytes.NewReader(data), excelize.Options{RawCellValue: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}

// save gives the bytes of an excelize file.
func save(t testing.TB, f *excelize.File) []byte {
	t.Helper()
	var buf bytes.Buffer
	if err := f.Write(&buf); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

// rawParts gives the parts of a zip file.
func rawParts(t testing.TB, data []byte) map[string]string {
	t.Helper()
	zr, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, f := range zr.File {
		rc, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(rc)
		if err != nil {
			t.Fatal(err)
		}
		out[f.Name] = string(b)
	}
	return out
}

func TestTenderHasItsSheetsInEveryLanguage(t *testing.T) {
	want := map[string][]string{
		"nb": {"Veiledning", "Krav", "Kvalifikasjonskrav", "Kontraktsvilkår", "Tiltak og hjemler", "Leverandørstatus", "Sammenligning", "Sammenligning per tema", "Ikke oppfylt", "Avvik", hiddenSheet},
		"nn": {"Rettleiing", "Krav", "Kvalifikasjonskrav", "Kontraktsvilkår", "Tiltak og heimlar", "Leverandørstatus", "Samanlikning", "Samanlikning per tema", "Ikkje oppfylt", "Avvik", hiddenSheet},
		"en": {"Guide", "Requirements", "Qualification", "Contract terms", "Measures and law", "Supplier status", "Comparison", "Comparison by theme", "Not met", "Differences", hiddenSheet},
	}
	for _, lang := range locale.Languages() {
		f := openBook(t, writeTender(t, withBidders(testTender(t, lang, 12))))
		if got := f.GetSheetList(); strings.Join(got, "|") != strings.Join(want[lang], "|") {
			t.Errorf("%s: sheets %v, want %v", lang, got, want[lang])
		}
		if visible, err := f.GetSheetVisible(hiddenSheet); err != nil || visible {
			t.Errorf("%s: hidden sheet visible=%v err=%v", lang, visible, err)
		}
		for _, sheet := range want[lang][:10] {
			rows, err := f.GetRows(sheet)
			if err != nil || len(rows) < 4 {
				t.Fatalf("%s: sheet %s: %d rows, %v", lang, sheet, len(rows), err)
			}
			for i, row := range rows {
				for j, c := range row {
					if regexp.MustCompile(`^(workbook|answer|status|kind|level|carrier|dimension|model|origin|assurance|evidence-kind|answer-source)\.[a-z]|<no value>|\{\{`).MatchString(c) {
						t.Errorf("%s: %s!%s holds %q", lang, sheet, at(j+1, i+1), c)
					}
				}
			}
		}
		props, err := f.GetDocProps()
		if err != nil || props.Creator != "felleskrav" || !strings.HasPrefix(props.Language, lang) || !strings.Contains(props.Title, "Nytt fagsystem for barnevernet") {
			t.Errorf("%s: properties %+v, %v", lang, props, err)
		}
	}
}

// What procurement law keeps apart stands on sheets of its own, grouped by
// theme and numbered.
func TestTenderRequirementTables(t *testing.T) {
	tender := testTender(t, "nb", 12)
	data := writeTender(t, tender)
	f := openBook(t, data)
	tables := formTables(t, f, tender.Texts)
	type place struct{ sheet, number, heading, first string }
	want := []place{
		{"Krav", "1.1.1", "1.1  Tilgangsstyring", "K-TILGANG-01"}, {"Kvalifikasjonskrav", "2.1.1", "2.1  Styring", "K-STYRING-01"}, {"Kontraktsvilkår", "3.1.1", "3.1  Hendelser", "K-HENDELSE-01"},
	}
	if len(tables) != len(want) {
		t.Fatalf("%d tables, want %d", len(tables), len(want))
	}
	count := 0
	for i, g := range tables {
		rows, err := f.GetRows(g.sheet)
		if err != nil {
			t.Fatal(err)
		}
		if got := (place{g.sheet, rows[5][0], rows[4][0], rows[5][1]}); got != want[i] {
			t.Errorf("table %d begins with %+v, want %+v", i+1, got, want[i])
		}
		for _, id := range g.ids {
			r := rows[g.rows[id]-1]
			count++
			if !strings.Contains(r[5], "eller tilsvarende") {
				t.Errorf("%s: documentation %q lacks «eller tilsvarende»", id, r[5])
			}
			if len(r) > 7 && strings.Join(r[7:], "") != "" {
				t.Errorf("%s: answers %q in a workbook without a bidder", id, r[7:])
			}
			if id == "K-KRYPTO-01" && (r[0] != "1.2.1" || r[4] != "B" || r[6] != "20") {
				t.Errorf("%s: number %q, and of the buyer's choice type %q weight %q", id, r[0], r[4], r[6])
			}
		}
	}
	if count != 12 {
		t.Errorf("%d requirements, want 12", count)
	}
	parts := rawParts(t, data)
	for i, last := range []string{"12", "8", "8"} { // Krav has two headings and six rows
		name := tables[i].sheet
		dvs, err := f.GetDataValidations(name)
		if err != nil || len(dvs) != 1 || !strings.Contains(dvs[0].Formula1, "Oppfylt,Delvis oppfylt,Planlagt,Alternativ løsning,Ikke oppfylt,Ikke relevant") || dvs[0].Sqref != "H5:H"+last {
			t.Errorf("%s: drop-downs %+v, %v", name, dvs, err)
		}
		for cell, locked := range map[string]bool{"A6": true, "B6": true, "D6": true, "E6": true, "G6": true, "H6": false, "I6": false, "J6": false, "K6": false, "A5": true, "H5": true} {
			id, err := f.GetCellStyle(name, cell)
			if err != nil {
				t.Fatal(err)
			}
			st, err := f.GetStyle(id)
			if err != nil {
				t.Fatal(err)
			}
			if got := st.Protection == nil || st.Protection.Locked; got != locked {
				t.Errorf("%s!%s locked=%v, want %v", name, cell, got, locked)
			}
			if !locked && len(st.Fill.Color) == 0 {
				t.Errorf("%s!%s is open but not tinted", name, cell)
			}
		}
		xml := parts["xl/worksheets/sheet"+strconv.Itoa(i+2)+".xml"]
		for _, part := range []string{
			`<sheetProtection `, `autoFilter="false"`, `sort="false"`, `formatColumns="false"`, `formatRows="false"`, `sheet="true"`, `<autoFilter ref="$A$4:$K$` + last + `"`,
			`state="frozen"`, `topLeftCell="C5"`, `orientation="landscape"`, `paperSize="9"`, `fitToWidth="1"`, `fitToHeight="0"`, `&amp;P / &amp;N`, `<conditionalFormatting sqref="H5:H` + last + `"`,
		} {
			if !strings.Contains(xml, part) {
				t.Errorf("%s lacks %s", name, part)
			}
		}
		if strings.Contains(xml, "password=") || strings.Contains(xml, "hashValue=") {
			t.Errorf("%s has a password", name)
		}
	}
	titles, names := 0, map[string]string{}
	for _, n := range f.GetDefinedName() {
		names[n.Name] = n.RefersTo
		if n.Name == "_xlnm.Print_Titles" {
			titles++
		}
	}
	if titles != 5 { // three tables, the measures and the standing
		t.Errorf("%d sheets repeat their header", titles)
	}
	for name, cells := range map[string]string{"Krav_svar": "'Krav'!$I$5:$I$12", "Krav_oppfylt": "'Krav'!$H$5:$H$12", "Kontraktsvilkaar_id": "'Kontraktsvilkår'!$B$5:$B$8", "Kvalifikasjonskrav_tabell": "'Kvalifikasjonskrav'!$A$4:$K$8"} {
		if names[name] != cells {
			t.Errorf("range %s is %q, want %q", name, names[name], cells)
		}
	}
	english := openBook(t, writeTender(t, testTender(t, "en", 12)))
	for _, n := range english.GetDefinedName() {
		if !strings.HasPrefix(n.Name, "_xlnm") && names[n.Name] == "" {
			t.Errorf("the English workbook calls a range %s", n.Name)
		}
	}
}

// A kind nobody asks for has no sheet, and a tender of one kind has one table.
func TestOnlyTheKindsThereAre(t *testing.T) {
	tender := testTender(t, "nb", 12)
	tender.Lines = slices.DeleteFunc(tender.Lines, func(l procurement.Line) bool { return l.Requirement.Kind != catalogue.KindContractTerm })
	f := openBook(t, writeTender(t, tender))
	if got := formTables(t, f, tender.Texts); len(got) != 1 || got[0].sheet != "Kontraktsvilkår" || len(got[0].ids) != 3 {
		t.Errorf("tables %+v", got)
	}
	if got := readTender(t, save(t, f), KnownLines(tender.Lines)); got.Err() != nil || len(got.Rows) != 3 {
		t.Errorf("%v, %d rows", got.Err(), len(got.Rows))
	}
	tender.Lines = nil
	f = openBook(t, writeTender(t, tender))
	if got := formTables(t, f, tender.Texts); len(got) != 1 || got[0].sheet != "Krav" || len(got[0].ids) != 0 {
		t.Errorf("tables of an empty tender: %+v", got)
	}
}

// Everything a stranger can write stays text, wherever it lands.
func TestFormulaTextIsNeverAFormula(t *testing.T) {
	tender := testTender(t, "nb", 8)
	for _, evil := range []string{"=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "=cmd|' /C calc'!A0", "a\x00b\x1fc\u202ed", "<script>&\"'"} {
		tender.Procurement.Title, tender.Procurement.Reference, tender.AgencyName = evil, evil, evil
		for i := range tender.Lines {
			tender.Lines[i].ThemeName.NB = evil
			tender.Lines[i].Requirement.Title.NB = evil
		}
		full := withBidders(tender)
		for i := range full.Comparison.Bidders {
			b := &full.Comparison.Bidders[i]
			b.Bidder.Name = evil
			for j := range b.Statuses {
				b.Statuses[j].OfferingName, b.Statuses[j].SupplierName = evil, evil
				for k := range b.Statuses[j].Requirements {
					b.Statuses[j].Requirements[k].Statement = evil
				}
			}
		}
		for i := range full.Comparison.Rows {
			for j := range full.Comparison.Rows[i].Cells {
				full.Comparison.Rows[i].Cells[j].Deviation = evil
			}
		}
		prefilled := full
		prefilled.Prefill = &Prefill{full.Comparison.Bidders[0].Bidder, full.Comparison.Bidders[0].Statuses}
		for _, w := range []Tender{full, prefilled} {
			data := writeTender(t, w)
			for name, xml := range rawParts(t, data) {
				if !strings.HasPrefix(name, "xl/worksheets/sheet") {
					continue
				}
				if regexp.MustCompile(`<f[ >]`).MatchString(xml) {
					t.Errorf("%q: %s has a formula", evil, name)
				}
				if strings.ContainsAny(xml, "\x00\x1f\u202e") {
					t.Errorf("%q: %s has a control character", evil, name)
				}
			}
			f := openBook(t, data)
			for _, sheet := range f.GetSheetList() {
				rows, err := f.GetRows(sheet)
				if err != nil {
					t.Fatal(err)
				}
				for i, row := range rows {
					for j, c := range row {
						if c == "" || !strings.ContainsAny(c[:1], "=+-@") {
							continue
						}
						if typ, err := f.GetCellType(sheet, at(j+1, i+1)); err != nil || typ != excelize.CellTypeInlineString {
							t.Errorf("%s!%s %q has type %v, %v", sheet, at(j+1, i+1), c, typ, err)
						}
					}
				}
			}
		}
	}
}

func TestBidderCopyTellsNothingAboutOthers(t *testing.T) {
	full := withBidders(testTender(t, "nb", 8))
	blank := full
	blank.BidderCopy = true
	personal := full
	personal.Prefill = &Prefill{full.Comparison.Bidders[0].Bidder, full.Comparison.Bidders[0].Statuses}
	for name, w := range map[string]Tender{"blank": blank, "personal": personal} {
		parts := rawParts(t, writeTender(t, w))
		for part, xml := range parts {
			for _, other := range []string{"Fjordata Drift AS", "Kystlinje", "123456785"} {
				if other == "123456785" && part != "xl/worksheets/sheet4.xml" {
					continue // the agency's own number in the guide
				}
				if strings.Contains(xml, other) {
					t.Errorf("%s: %s names %s", name, part, other)
				}
			}
		}
	}
	f := openBook(t, writeTender(t, blank))
	if got := strings.Join(f.GetSheetList(), "|"); got != "Veiledning|Krav|Kvalifikasjonskrav|Kontraktsvilkår|Tiltak og hjemler|"+hiddenSheet {
		t.Errorf("sheets of the bidders' copy: %s", got)
	}
}

func TestPersonalCopyIsPrefilledFromTheDeclaration(t *testing.T) {
	tender := withBidders(testTender(t, "nn", 8))
	b := tender.Comparison.Bidders[0]
	tender.Prefill = &Prefill{b.Bidder, b.Statuses}
	answers := map[string]string{}
	for _, r := range b.Statuses[0].Requirements {
		answers[r.Requirement] = testBundle(t).In("nn").T("answer." + string(r.Answer))
	}
	f := openBook(t, writeTender(t, tender))
	seen := 0
	each := func(f *excelize.File, check func(id string, r []string)) {
		for _, g := range formTables(t, f, tender.Texts) {
			rows, err := f.GetRows(g.sheet)
			if err != nil {
				t.Fatal(err)
			}
			for _, id := range g.ids {
				check(id, append(rows[g.rows[id]-1], make([]string, 11)...))
			}
		}
	}
	each(f, func(id string, r []string) {
		seen++
		if r[7] != answers[id] || r[8] == "" || !strings.Contains(r[9], "loggnr. 41") {
			t.Errorf("%s: prefilled with %q, want %q", id, r[7:], answers[id])
		}
	})
	if seen != 8 {
		t.Errorf("%d rows", seen)
	}

	// A declaration that no longer counts fills nothing in.
	expired := b.Statuses[0]
	expired.Overall = "expired"
	tender.Prefill = &Prefill{b.Bidder, append(b.Statuses[:0:0], expired)}
	each(openBook(t, writeTender(t, tender)), func(id string, r []string) {
		if strings.Join(r[7:], "") != "" {
			t.Errorf("%s: %q from an expired declaration", id, r[7:])
		}
	})
}

func TestComparisonCountsAndSaysWhereAnswersComeFrom(t *testing.T) {
	tender := withBidders(testTender(t, "nb", 12))
	f := openBook(t, writeTender(t, tender))
	rows, err := f.GetRows("Sammenligning")
	if err != nil {
		t.Fatal(err)
	}
	if rows[3][3] != "Nordlys Sky AS" || rows[4][0] != "A-krav som ikke er oppfylt" {
		t.Fatalf("head %q, first count %q", rows[3], rows[4])
	}
	for i, b := range tender.Comparison.Bidders {
		unmet := 0
		for _, r := range tender.Comparison.Rows {
			if c := r.Cells[i]; r.Line.Type == procurement.TypeA && c.Answer != attestation.Met && c.Answer != attestation.Alternative && c.Answer != attestation.NotApplicable {
				unmet++
			}
		}
		if got := rows[4][3+i]; got != weightOrZero(unmet) {
			t.Errorf("%s: %s A requirements not met, want %d", b.Bidder.Name, got, unmet)
		}
	}
	seen := map[string]bool{}
	for _, r := range rows[15:] {
		for _, c := range r[3:] {
			first, _, _ := strings.Cut(c, "\n")
			seen[first] = true
		}
	}
	for _, want := range []string{"✓ Oppfylt", "◐ Delvis oppfylt", "✗ Ikke oppfylt"} {
		if !seen[want] {
			t.Errorf("no cell says %q: %v", want, seen)
		}
	}
	if !strings.Contains(strings.Join(rows[15], "|"), "Tilbudet") || !strings.Contains(strings.Join(rows[15], "|"), "Sikkerhetserklæringen") {
		t.Errorf("cells do not say where answers come from: %q", rows[15])
	}
}

func weightOrZero(n int) string {
	if n == 0 {
		return "0"
	}
	return weight(n)
}

func TestStandingSheet(t *testing.T) {
	rows, err := openBook(t, writeTender(t, withBidders(testTender(t, "en", 8)))).GetRows("Supplier status")
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != 8 {
		t.Fatalf("%d rows, want 4 and one per bidder", len(rows))
	}
	want := [][]string{{"Nordlys Sky AS", "✓ Valid", "41"}, {"Fjordata Drift AS", "! Expires soon", "42"}, {"=HYPERLINK(\"http://x\";\"Vestvind\")", "○ No attestation", ""}, {"Kystlinje Programvare AS", "≠ For another version", "44"}}
	for i, w := range want {
		r := append(rows[4+i], make([]string, 12)...)
		if r[0] != w[0] || r[4] != w[1] || r[9] != w[2] {
			t.Errorf("row %d: %q, want %q", i, r, w)
		}
	}
	if r := rows[4]; !strings.Contains(r[10], "Datahall Nord AS") || !strings.Contains(r[10], "✗ Expired") || !strings.Contains(r[11], "0a1b2c3d4e5f") {
		t.Errorf("weakest link %q, digest %q", r[10], r[11])
	}
}

func TestMeasuresNameGaps(t *testing.T) {
	rows, err := openBook(t, writeTender(t, testTender(t, "nb", 8))).GetRows("Tiltak og hjemler")
	if err != nil {
		t.Fatal(err)
	}
	last := rows[len(rows)-1]
	if last[0] != "T-STYRING-09" || last[2] != "! Ingen av kravene dekker tiltaket. Gjør det selv, eller still et eget krav" || last[3] != "Virksomheten" {
		t.Errorf("last row %q is not the gap", last)
	}
	if first := rows[4]; !strings.Contains(first[8], "Personvernforordningen (GDPR) art. 32") || !strings.Contains(first[5], "K-STYRING-01") || !strings.Contains(first[6], "2.6.1") {
		t.Errorf("first measure %q", first)
	}
}

// What LibreOffice forgives and Excel may not.
func TestSheetsKeepTheOrderOfTheFormat(t *testing.T) {
	parts := rawParts(t, writeTender(t, withBidders(testTender(t, "nb", 8))))
	for name, xml := range parts {
		if !strings.HasPrefix(name, "xl/worksheets/sheet") {
			continue
		}
		if strings.Contains(xml, "<mergeCell") {
			t.Errorf("%s: joined cells", name)
		}
		last := 0
		for _, m := range regexp.MustCompile(`<col min="(\d+)" max="(\d+)"`).FindAllStringSubmatch(xml, -1) {
			from, errA := strconv.Atoi(m[1])
			to, errB := strconv.Atoi(m[2])
			if errA != nil || errB != nil || from <= last || to < from {
				t.Errorf("%s: column %s after %d", name, m[0], last)
			}
			last = to
		}
		if last == 0 {
			t.Errorf("%s: no column widths", name)
		}
		if m := regexp.MustCompile(`<tabColor rgb="([0-9A-F]*)"`).FindStringSubmatch(xml); m == nil || len(m[1]) != 8 {
			t.Errorf("%s: tab colour %v", name, m)
		}
		if strings.Contains(xml, "customHeight") {
			t.Errorf("%s: rows would not grow when somebody types", name)
		}
		order := []string{"<sheetPr>", "<sheetViews>", "<cols>", "<sheetData>", "<sheetProtection", "<autoFilter", "<conditionalFormatting", "<dataValidations", "<pageMargins", "<pageSetup", "<headerFooter", "<drawing "}
		at := -1
		for _, e := range order {
			i := strings.Index(xml, e)
			if i >= 0 && i < at {
				t.Errorf("%s: %s comes too early", name, e)
			}
			at = max(at, i)
		}
	}
	if !strings.Contains(parts["xl/worksheets/sheet1.xml"], `tabSelected="true"`) {
		t.Error("no sheet is shown first")
	}
}

func TestSameTenderGivesSameBytes(t *testing.T) {
	tender := withBidders(testTender(t, "nb", 12))
	if !bytes.Equal(writeTender(t, tender), writeTender(t, tender)) {
		t.Error("two writings differ")
	}
}
