package workbook

import (
	"bytes"
	"cmp"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"
	"pgregory.net/rapid"

	"felleskrav/internal/attestation"
	"felleskrav/internal/locale"
	"felleskrav/internal/problem"
	"felleskrav/internal/procurement"
)

// drawTender makes a tender in some language, with some of the columns in some
// order.
func drawTender(t *rapid.T, tb testing.TB) Tender {
	tender := testTender(tb, rapid.SampledFrom(locale.Languages()).Draw(t, "language"), rapid.IntRange(1, 9).Draw(t, "requirements"))
	columns := rapid.Permutation(procurement.Columns()).Draw(t, "columns")
	left := rapid.SliceOfDistinct(rapid.SampledFrom(procurement.Columns()), rapid.ID).Draw(t, "left out")
	tender.Procurement.Columns = slices.DeleteFunc(columns, func(c procurement.Column) bool { return !c.Required() && slices.Contains(left, c) })
	return tender
}

// drawText makes what somebody may write in a cell: never empty, and without
// white space at its ends, which does not count.
func drawText(t *rapid.T, name string) string {
	words := []string{"ja", "=1+1", "+47", "-", "@SUM(A1)", "æøå", `<b>&"'`, "𝄞", "a;b", "'", "K-TILGANG-01", "Oppfylt", "\u00a0mellom\u00a0", "5.0", "TRUE"}
	out := rapid.SampledFrom(words).Draw(t, name)
	for range rapid.IntRange(0, 3).Draw(t, name+" length") {
		out += rapid.SampledFrom([]string{" ", "\n", "\n\n"}).Draw(t, name+" space") + rapid.SampledFrom(words).Draw(t, name)
	}
	return strings.TrimSpace(out)
}

// answerSome fills in some rows and gives the answers.
func answerSome(t *rapid.T, tb testing.TB, f *excelize.File, tender Tender) []procurement.ResponseAnswer {
	var out []procurement.ResponseAnswer
	for _, g := range formTables(tb, f, tender.Texts) {
		for _, id := range g.ids {
			if rapid.IntRange(0, 3).Draw(t, "answered") == 0 {
				continue
			}
			a := procurement.ResponseAnswer{Requirement: id, Status: rapid.SampledFrom(attestation.AnswerStatuses()).Draw(t, "status")}
			if a.Status != attestation.Met || rapid.Bool().Draw(t, "explained") {
				a.Statement = drawText(t, "statement")
			}
			if g.columns[colEvidence] > 0 && rapid.Bool().Draw(t, "documented") {
				a.EvidenceRef = drawText(t, "evidence")
			}
			if g.columns[colDeviation] > 0 && rapid.Bool().Draw(t, "deviates") {
				a.Deviation = drawText(t, "deviation")
			}
			for role, value := range map[string]string{colMet: tender.Texts.T("answer." + string(a.Status)), colAnswer: a.Statement, colEvidence: a.EvidenceRef, colDeviation: a.Deviation} {
				if value != "" {
					set(tb, f, g.sheet, at(g.columns[role], g.rows[id]), value)
				}
			}
			out = append(out, a)
		}
	}
	return out
}

// rearrange moves rows within their sheet, moves columns, and inserts rows and
// columns, as people do.
func rearrange(t *rapid.T, tb testing.TB, f *excelize.File, g formTable) {
	rows := rowsOf(tb, f, g.sheet)[g.header-1:]
	width, lines := len(rows[0]), make([]int, len(rows)-1)
	for i := range lines {
		lines[i] = i + 1
	}
	columns := make([]int, width)
	for i := range columns {
		columns[i] = i
	}
	if rapid.Bool().Draw(t, "sort") {
		lines = rapid.Permutation(lines).Draw(t, "rows")
	}
	if rapid.Bool().Draw(t, "move columns") {
		columns = rapid.Permutation(columns).Draw(t, "order")
	}
	for i, from := range append([]int{0}, lines...) {
		for c, source := range columns {
			value := ""
			if source < len(rows[from]) {
				value = rows[from][source]
			}
			set(tb, f, g.sheet, at(c+1, g.header+i), value)
		}
	}
	for range rapid.IntRange(0, 3).Draw(t, "inserted rows") {
		if err := f.InsertRows(g.sheet, rapid.IntRange(1, g.header+len(lines)).Draw(t, "above row"), rapid.IntRange(1, 3).Draw(t, "rows")); err != nil {
			tb.Fatal(err)
		}
	}
	if rapid.Bool().Draw(t, "insert a column") {
		col, err := excelize.ColumnNumberToName(rapid.IntRange(1, width).Draw(t, "before column"))
		if err != nil {
			tb.Fatal(err)
		}
		if err := f.InsertCols(g.sheet, col, 1); err != nil {
			tb.Fatal(err)
		}
	}
}

func byRequirement(a, b procurement.ResponseAnswer) int {
	return cmp.Compare(a.Requirement, b.Requirement)
}

// Whatever a bidder may do to its workbook, exactly what it wrote is read.
func TestLegalEditsAreReadExactly(t *testing.T) {
	rd := testReader(t)
	rapid.Check(t, func(rt *rapid.T) {
		tender := drawTender(rt, t)
		f, err := excelize.OpenReader(bytes.NewReader(writeTender(t, tender)))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		want := answerSome(rt, t, f, tender)
		for _, g := range formTables(t, f, tender.Texts) {
			rearrange(rt, t, f, g)
		}
		data := save(t, f)
		var known Known
		if rapid.Bool().Draw(rt, "known") {
			known = KnownLines(tender.Lines)
		}
		got, err := rd.Tender(bytes.NewReader(data), int64(len(data)), known)
		if err != nil || got.Err() != nil {
			rt.Fatalf("refused: %v %v", err, got.Err())
		}
		slices.SortFunc(want, byRequirement)
		slices.SortFunc(got.Answers, byRequirement)
		if diff := gocmp.Diff(want, got.Answers); diff != "" {
			rt.Fatalf("answers (-want +got):\n%s", diff)
		}
	})
}

// Whatever official cell is altered is named, by sheet and cell, and nothing
// else is.
func TestIllegalEditsAreNamed(t *testing.T) {
	rd := testReader(t)
	keys := map[string]string{
		colNumber: "altered-number", colID: "unknown", colRequirement: "altered-text", colType: "altered-type", colDocument: "altered-documentation", colWeight: "altered-weight",
	}
	rapid.Check(t, func(rt *rapid.T) {
		tender := drawTender(rt, t)
		f, err := excelize.OpenReader(bytes.NewReader(writeTender(t, tender)))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		answered := answerSome(rt, t, f, tender)
		g := rapid.SampledFrom(formTables(t, f, tender.Texts)).Draw(rt, "table")
		id := rapid.SampledFrom(g.ids).Draw(rt, "requirement")
		var roles []string
		for role := range keys {
			if g.columns[role] > 0 {
				roles = append(roles, role)
			}
		}
		slices.Sort(roles)
		role := rapid.SampledFrom(roles).Draw(rt, "column")
		cell := at(g.columns[role], g.rows[id])
		was, err := f.GetCellValue(g.sheet, cell)
		if err != nil {
			t.Fatal(err)
		}
		now := []rune(was)
		i := rapid.IntRange(0, len(now)).Draw(rt, "at")
		switch {
		case role == colID: // still what looks like an id
			now = append(now, '9')
		case len(now) > 0 && i < len(now) && now[i] != ' ' && now[i] != '\n' && rapid.Bool().Draw(rt, "remove"):
			now = slices.Delete(now, i, i+1)
		default:
			now = slices.Insert(now, i, rapid.SampledFrom([]rune("A5.xå")).Draw(rt, "insert"))
		}
		if string(now) == was {
			rt.Skip("nothing changed")
		}
		set(t, f, g.sheet, cell, string(now))
		data := save(t, f)
		var known Known
		if rapid.Bool().Draw(rt, "known") {
			known = KnownLines(tender.Lines)
		}
		got, err := rd.Tender(bytes.NewReader(data), int64(len(data)), known)
		if err != nil {
			rt.Fatal(err)
		}
		var named []string
		for _, r := range got.Refused() {
			if r.Key == "workbook.row.absent" && role == colID && r.Requirement == id && r.Sheet == g.sheet {
				continue // the id that should stand there is missing too
			}
			named = append(named, r.Path()+" "+r.Key)
		}
		if diff := gocmp.Diff([]string{g.sheet + "!" + cell + " workbook.row." + keys[role]}, named); diff != "" {
			rt.Fatalf("%q became %q (-want +got):\n%s", was, string(now), diff)
		}
		if problem.KindOf(got.Err()) != problem.Invalid {
			rt.Fatalf("error %v", got.Err())
		}
		for _, a := range got.Answers {
			if a.Requirement == id {
				rt.Fatal("the answer of the altered row was read")
			}
			if !slices.Contains(answered, a) {
				rt.Fatalf("nobody answered %+v", a)
			}
		}
	})
}
