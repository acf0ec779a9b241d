package workbook

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/xuri/excelize/v2"
)

// summary adds the sheet with what was found: what was asked, how many rows
// have which status, as a table, and the same as a chart beside it.
func (b *bulkFile) summary(l *SupplierList, r BulkResult, counts map[string]int) error {
	t := r.Texts
	name := b.freeName(t.T("workbook.bulk.sheet.summary"))
	if err := b.newSheet(name); err != nil {
		return err
	}
	title, err := b.f.NewStyle(&excelize.Style{Font: typeface(16, true, navy)})
	if err != nil {
		return err
	}
	list := oneLine(r.FileName)
	if l.Sheet != "" {
		list += " – " + oneLine(l.Sheet)
	}
	set := func(cell string, v any) { b.fail(b.f.SetCellValue(name, cell, v)) }
	text := func(cell, s string) { b.fail(b.f.SetCellStr(name, cell, clean(s))) }
	text("A1", t.T("workbook.bulk.title"))
	b.fail(b.f.SetCellStyle(name, "A1", "A1", title))
	row := 3
	for _, fact := range [][2]string{
		{"list", list}, {"set", strings.TrimSpace(oneLine(r.SetName) + " (" + r.Set + ")")}, {"at", t.DateTime(r.At)},
		{"column", l.Heading}, {"rows", t.Number(int64(l.Total()))},
	} {
		text(at(1, row), t.T("workbook.bulk.fact."+fact[0]))
		text(at(2, row), fact[1])
		row++
	}
	row++
	text(at(1, row), t.T("workbook.bulk.column.status"))
	text(at(2, row), t.T("workbook.bulk.column.count"))
	b.fail(b.f.SetCellStyle(name, at(1, row), at(2, row), b.style(cellLook{kind: lookHeader})))
	first := row + 1
	var described []string
	for _, key := range CountKeys() {
		n := counts[key]
		if n == 0 {
			continue
		}
		row++
		word := t.T(CountText(key))
		text(at(1, row), word)
		set(at(2, row), n)
		described = append(described, fmt.Sprintf("%s: %d", word, n))
	}
	last := row
	row++
	text(at(1, row), t.T("workbook.bulk.total"))
	set(at(2, row), l.Total())
	b.fail(b.f.SetCellStyle(name, at(1, first), at(2, row), b.style(cellLook{kind: lookText})))
	// Below the chart, which would hide the end of them.
	height := 120 + 34*(last-first+1)
	row = max(row+2, 3+height/underRow+3)
	for _, note := range []string{"note-row", "note-best", "note-moment"} {
		text(at(1, row), t.T("workbook.bulk."+note))
		row++
	}
	b.fail(b.f.SetColWidth(name, "A", "A", 34))
	b.fail(b.f.SetColWidth(name, "B", "B", 44))
	landscape, a4, fit, wide, tall := "landscape", 9, true, 1, 0
	b.fail(b.f.SetPageLayout(name, &excelize.PageLayoutOptions{Size: &a4, Orientation: &landscape, FitToWidth: &wide, FitToHeight: &tall}))
	b.fail(b.f.SetSheetProps(name, &excelize.SheetPropsOptions{FitToPage: &fit}))
	if b.failed != nil || last < first {
		return b.failed
	}
	ref := func(col string) string {
		return fmt.Sprintf("'%s'!$%s$%d:$%s$%d", strings.ReplaceAll(name, "'", "''"), col, first, col, last)
	}
	heading := t.T("workbook.bulk.chart")
	axis := excelize.ChartAxis{MajorGridLines: true}
	if slices.Max(slices.Collect(maps.Values(counts))) <= 10 { // nobody has half a row
		axis.MajorUnit = 1
	}
	return b.f.AddChart(name, "D3", &excelize.Chart{
		Type: excelize.Bar,
		Series: []excelize.ChartSeries{{
			Name: heading, Categories: ref("A"), Values: ref("B"), Fill: solid(navy),
		}},
		Title:     excelize.ChartTitle{Paragraph: []excelize.RichTextRun{{Text: heading}}},
		Legend:    excelize.ChartLegend{Position: "none"},
		PlotArea:  excelize.ChartPlotArea{ShowVal: true},
		XAxis:     excelize.ChartAxis{ReverseOrder: true},
		YAxis:     axis,
		Dimension: excelize.ChartDimension{Width: 640, Height: uint(height)},
		Format:    excelize.GraphicOptions{AltText: clip(heading+". "+strings.Join(described, ", ")+".", 2000)},
	})
}

// offerings adds the sheet with every offering of the suppliers that have
// several, each supplier once.
func (b *bulkFile) offerings(r BulkResult, several []SupplierRow) error {
	t := r.Texts
	if err := b.newSheet(r.sheet); err != nil {
		return err
	}
	edit := sheetEdit{sheet: r.sheet}
	for i, c := range []struct {
		key   string
		width float64
	}{{"number", 16}, {"name", 32}} {
		edit.cells = append(edit.cells, cellEdit{i + 1, 1, r.heading(c.key), cellLook{kind: lookHeader}})
		edit.widths = append(edit.widths, columnWidth{i + 1, c.width})
	}
	for i, c := range bulkColumns[:7] {
		edit.cells = append(edit.cells, cellEdit{i + 3, 1, r.heading(c), cellLook{kind: lookHeader}})
		edit.widths = append(edit.widths, columnWidth{i + 3, bulkWidths[i]})
	}
	row := 1
	seen := map[string]bool{}
	for _, s := range several {
		if seen[string(s.Number)] {
			continue
		}
		seen[string(s.Number)] = true
		supplier := r.Suppliers[s.Number]
		for _, st := range ranked(supplier.Statuses) {
			row++
			v := verdict{look: statusLooks[st.Overall], status: t.T("status." + string(st.Overall)), st: &st}
			edit.cells = append(edit.cells,
				cellEdit{1, row, s.Number.Grouped(), cellLook{kind: lookText}}, cellEdit{2, row, oneLine(supplier.Name), cellLook{kind: lookText}})
			edit.cells = appendVerdict(edit.cells, r, row, 3, v)
		}
	}
	return b.edit(edit)
}
