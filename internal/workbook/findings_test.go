package workbook

import (
	"encoding/xml"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"felleskrav/internal/locale"
	"felleskrav/internal/procurement"
)

// TestThemesAddUpInTheWorkbook reads the numbers as somebody with a calculator
// would.
func TestThemesAddUpInTheWorkbook(t *testing.T) {
	tender := withBidders(testTender(t, "nb", 24))
	bidders := tender.Comparison.Bidders
	rows, err := openBook(t, writeTender(t, tender)).GetRows("Sammenligning per tema")
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != 4+len(bidders)*(1+len(tender.Comparison.Themes)) {
		t.Fatalf("%d rows", len(rows))
	}
	number := func(r []string, col int) int {
		n, err := strconv.Atoi(r[col])
		if err != nil {
			t.Fatalf("%q: %v", r, err)
		}
		return n
	}
	for i, b := range bidders {
		all := rows[4+i]
		if all[0] != "Alle tema" || all[1] != b.Bidder.Name || number(all, 2) != 24 || number(all, 4) != b.Counts.Met || number(all, 11) != b.UnmetA || number(all, 13) != b.Contradictions {
			t.Errorf("totals %q of %+v", all, b.Tally)
		}
		answers := 0
		for col := 2; col < 14; col++ {
			sum := 0
			for theme := range tender.Comparison.Themes {
				r := rows[4+len(bidders)*(theme+1)+i]
				if r[1] != b.Bidder.Name {
					t.Fatalf("row %q is not %s's", r, b.Bidder.Name)
				}
				sum += number(r, col)
			}
			if sum != number(all, col) {
				t.Errorf("%s: the themes have %d in column %d, all of them %s", b.Bidder.Name, sum, col, all[col])
			}
			if col >= 4 && col < 11 {
				answers += sum
			}
		}
		if answers != 24 {
			t.Errorf("%s: %d answers", b.Bidder.Name, answers)
		}
	}
}

type cellRef struct {
	Col int `xml:"col"`
	Row int `xml:"row"`
}

// TestChartShowsTheTable holds the chart to the cells it is drawn from, and its
// text alternative to the numbers.
func TestChartShowsTheTable(t *testing.T) {
	for _, lang := range locale.Languages() {
		tender := withBidders(testTender(t, lang, 24))
		parts := rawParts(t, writeTender(t, tender))
		var frame struct {
			Anchor struct {
				Edit  string  `xml:"editAs,attr"`
				From  cellRef `xml:"from"`
				To    cellRef `xml:"to"`
				Props struct {
					Name string `xml:"name,attr"`
					Alt  string `xml:"descr,attr"`
				} `xml:"graphicFrame>nvGraphicFramePr>cNvPr"`
			} `xml:"twoCellAnchor"`
		}
		if err := xml.Unmarshal([]byte(parts["xl/drawings/drawing1.xml"]), &frame); err != nil {
			t.Fatal(err)
		}
		a := frame.Anchor
		if a.From.Col < 14 || a.To.Col <= a.From.Col+5 || a.To.Row <= a.From.Row+5 {
			t.Errorf("%s: the chart stands from %v to %v", lang, a.From, a.To)
		}
		// On paper the table and the chart each have their pages, and all of both.
		printed := regexp.MustCompile(`name="_xlnm.Print_Area"[^>]*>[^<]*!\$A\$1:\$N\$(\d+),[^<]*!\$(\w+)\$(\d+):\$(\w+)\$(\d+)<`).FindStringSubmatch(parts["xl/workbook.xml"])
		if printed == nil {
			t.Fatalf("%s: no areas to print: %s", lang, parts["xl/workbook.xml"])
		}
		left, top := coordinates(t, printed[2]+printed[3])
		right, bottom := coordinates(t, printed[4]+printed[5])
		if want := strconv.Itoa(4 + len(tender.Comparison.Bidders)*(1+len(tender.Comparison.Themes))); printed[1] != want {
			t.Errorf("%s: the table is printed to row %s, want %s", lang, printed[1], want)
		}
		// Anchors count from 0.
		if left != a.From.Col+1 || top != a.From.Row+1 || right < a.To.Col+1 || bottom < a.To.Row+1 {
			t.Errorf("%s: printed is %v, and the chart stands from %v to %v", lang, printed[2:], a.From, a.To)
		}
		for _, b := range tender.Comparison.Bidders {
			said := oneLine(b.Bidder.Name) + ": " + tender.Texts.T("answer.met") + fmt.Sprintf(" %d", b.Counts.Met)
			if a.Props.Name == "" || !strings.Contains(a.Props.Alt, said) {
				t.Errorf("%s: the text alternative %q does not say %q", lang, a.Props.Alt, said)
			}
		}
		chart := parts["xl/charts/chart1.xml"]
		if !strings.Contains(chart, `<grouping val="stacked">`) || !strings.Contains(chart, `<barDir val="bar">`) {
			t.Errorf("%s: no stacked bars", lang)
		}
		refs := regexp.MustCompile(`<f>([^<]*)</f>`).FindAllStringSubmatch(chart, -1)
		sheet := "&#39;" + tender.Texts.T("workbook.sheet.themes") + "&#39;!"
		if len(refs) != 3*len(counted) || refs[0][1] != sheet+"$E$4" || refs[1][1] != sheet+"$B$5:$B$8" || refs[2][1] != sheet+"$E$5:$E$8" {
			t.Errorf("%s: the chart is drawn from %v", lang, refs)
		}
		drawings := 0
		for name, part := range parts {
			if strings.HasPrefix(name, "xl/worksheets/sheet") && strings.Contains(part, "<drawing r:id=") {
				drawings++
			}
		}
		if drawings != 1 {
			t.Errorf("%s: %d sheets refer to a drawing", lang, drawings)
		}
	}
}

// coordinates are a cell's column and row, from 1.
func coordinates(t *testing.T, cell string) (col, row int) {
	t.Helper()
	col, row, err := excelize.CellNameToCoordinates(cell)
	if err != nil {
		t.Fatal(err)
	}
	return col, row
}

func TestGapsAndDeviationsAreListed(t *testing.T) {
	tender := withBidders(testTender(t, "nb", 24))
	long := strings.Repeat("æ", 5000)
	for i := range tender.Comparison.Rows {
		tender.Comparison.Rows[i].Cells[1].Deviation = long
	}
	f := openBook(t, writeTender(t, tender))
	gaps, err := f.GetRows("Ikke oppfylt")
	if err != nil {
		t.Fatal(err)
	}
	want := tender.Comparison.Gaps()
	if len(want) < 5 || len(gaps) != 4+len(want) {
		t.Fatalf("%d rows of %d gaps", len(gaps), len(want))
	}
	for i, g := range want {
		r := gaps[4+i]
		who := oneLine(tender.Comparison.Bidders[g.Bidders[0]].Bidder.Name)
		if r[0] != g.Line.Requirement.ID || r[2] != g.Line.Type || !strings.Contains(r[4], who) || strings.Count(r[4], "\n") != len(g.Bidders)-1 || strings.HasPrefix(r[3], "! ") != (g.Line.Type == procurement.TypeA) {
			t.Errorf("gap %d: %q", i, r)
		}
	}
	rows, err := f.GetRows("Avvik")
	if err != nil {
		t.Fatal(err)
	}
	deviations := tender.Comparison.Deviations()
	if len(deviations) < 24 || len(rows) != 4+len(deviations) {
		t.Fatalf("%d rows of %d deviations", len(rows), len(deviations))
	}
	for i, d := range deviations {
		r := append(rows[4+i], make([]string, 10)...)
		if r[0] != oneLine(tender.Comparison.Bidders[d.Bidder].Bidder.Name) || r[1] != d.Line.Requirement.ID || strings.Contains(r[4], "≠ Svaret i tilbudet avviker fra erklæringen") != d.Cell.Contradicts ||
			d.Cell.Contradicts && (r[6] != d.Cell.Statement || r[8] != d.Cell.DeclaredStatement) || len([]rune(r[9])) > maxQuoted {
			t.Errorf("deviation %d: %q", i, r)
		}
	}

	// When there is nothing to tell, that is what it says.
	none := withBidders(testTender(t, "nb", 4))
	for i := range none.Comparison.Rows {
		for j := range none.Comparison.Rows[i].Cells {
			none.Comparison.Rows[i].Cells[j] = procurement.Cell{Source: procurement.FromResponse, Answer: "met"}
		}
	}
	f = openBook(t, writeTender(t, none))
	for sheet, said := range map[string]string{"Ikke oppfylt": "Alle tilbyderne oppfyller alle kravene.", "Avvik": "Ingen svar har forbehold"} {
		if rows, err := f.GetRows(sheet); err != nil || len(rows) != 5 || !strings.HasPrefix(rows[4][0], said) {
			t.Errorf("%s: %q %v", sheet, rows, err)
		}
	}
}

// TestStandingAgainstTheContract adds a column when the contract has an end,
// and none to what is sent to a bidder.
func TestStandingAgainstTheContract(t *testing.T) {
	tender := withBidders(testTender(t, "nb", 8))
	end := procurement.DayOf(testNow.AddDate(0, 9, 0)) // the day the declarations end
	for day, want := range map[procurement.Day][]string{
		end:          {"✓ Varer kontrakten ut", "✓ Varer kontrakten ut", "○ Ingen erklæring å bygge på", "✓ Varer kontrakten ut"},
		"2027-08-24": {"! Går ut én dag før kontrakten", "! Går ut én dag før kontrakten", "○ Ingen erklæring å bygge på", "! Går ut én dag før kontrakten"},
		"2028-08-23": {"! Går ut 366 dager før kontrakten", "! Går ut 366 dager før kontrakten", "○ Ingen erklæring å bygge på", "! Går ut 366 dager før kontrakten"},
	} {
		tender.Comparison = tender.Comparison.Until(day)
		rows, err := openBook(t, writeTender(t, tender)).GetRows("Leverandørstatus")
		if err != nil {
			t.Fatal(err)
		}
		if rows[3][7] != "Gyldig til" || rows[3][8] != "Varer kontrakten ut" || rows[3][9] != "Signert av" || !strings.Contains(rows[1][0], "til og med "+tender.Texts.Date(day.Time())) {
			t.Errorf("%s: head %q, %q", day, rows[1], rows[3])
		}
		for i, w := range want {
			if r := rows[4+i]; r[8] != w || i == 0 && (r[7] != "23.08.2027" || r[10] != "41") {
				t.Errorf("%s, bidder %d: %q", day, i, r)
			}
		}
	}
	b := tender.Comparison.Bidders[0]
	tender.Prefill = &Prefill{b.Bidder, b.Statuses}
	rows, err := openBook(t, writeTender(t, tender)).GetRows("Leverandørstatus")
	if err != nil || rows[3][8] != "Signert av" || strings.Contains(rows[1][0], "Kontrakten") {
		t.Errorf("the bidder's copy has %q (%v)", rows[3], err)
	}
}

// TestNoCellsOfDataAreJoined: filters, sorting and screen readers need each
// cell by itself.
func TestNoCellsOfDataAreJoined(t *testing.T) {
	for name, part := range rawParts(t, writeTender(t, withBidders(testTender(t, "nb", 12)))) {
		if strings.Contains(part, "<mergeCell ") {
			t.Errorf("%s joins cells", name)
		}
	}
}
