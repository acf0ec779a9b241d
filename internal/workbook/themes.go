package workbook

import (
	"fmt"
	"sort"
	"strings"

	"github.com/xuri/excelize/v2"

	"felleskrav/internal/attestation"
	"felleskrav/internal/procurement"
	"felleskrav/internal/status"
)

// counted are the answers in the order of the table and of the chart's bars.
var counted = []struct {
	answer attestation.AnswerStatus
	// fill and ink are the chart's: the palette of the cells is too pale for
	// bars. The contrast is at least 4.5:1.
	fill, ink string
	count     func(status.Counts) int
}{
	{attestation.Met, "14713A", "FFFFFF", func(c status.Counts) int { return c.Met }},
	{attestation.Alternative, "0B5CAD", "FFFFFF", func(c status.Counts) int { return c.Alternative }},
	{attestation.Partial, "E0A100", "1F2933", func(c status.Counts) int { return c.Partial }},
	{attestation.Planned, "F7DFA0", "1F2933", func(c status.Counts) int { return c.Planned }},
	{attestation.NotMet, "B3261E", "FFFFFF", func(c status.Counts) int { return c.NotMet }},
	{attestation.NotApplicable, "9AA5B1", "1F2933", func(c status.Counts) int { return c.NotApplicable }},
	{"", "E4E7EB", "1F2933", func(c status.Counts) int { return c.Unanswered }},
}

// firstCount is the column of the first answer, from 1.
const firstCount = 5

// themes writes what was answered theme by theme: the whole tender first, which
// is what the chart beside it shows.
func (d *tenderBook) themes() {
	cols := []column{{"theme", 30, false}, {"bidder", 26, false}, {"count", 8, false}, {"minimum", 9, false}}
	for _, c := range counted {
		cols = append(cols, column{answerKey(c.answer), 11.5, false})
	}
	cols = append(cols, column{"unmet", 11, false}, column{"reserved", 11, false}, column{"differing", 13.5, false})
	s := d.found("themes", cols, page{})
	bidders := d.Comparison.Bidders
	all := procurement.ComparedTheme{}
	for _, t := range d.Comparison.Themes {
		all.Requirements, all.Minimum = all.Requirements+t.Requirements, all.Minimum+t.Minimum
	}
	for _, b := range bidders {
		d.themeRow(s, d.t.T("workbook.themes.all"), b.Bidder, all, b.Tally)
	}
	for _, t := range d.Comparison.Themes {
		for i, b := range bidders {
			d.themeRow(s, t.Name.In(d.t.Lang), b.Bidder, t, t.Bidders[i])
		}
	}
	d.chart(s, len(cols))
	s.filter(len(cols), "")
}

func (d *tenderBook) themeRow(s *sheet, name string, b procurement.Bidder, t procurement.ComparedTheme, x procurement.Tally) {
	st := d.st
	row := []excelize.Cell{text(st.strong, oneLine(name)), text(st.cell, oneLine(b.Name)), count(st.number, t.Requirements), count(st.number, t.Minimum)}
	for _, c := range counted {
		row = append(row, count(st.number, c.count(x.Counts)))
	}
	for _, n := range []int{x.UnmetA, x.Deviations, x.Contradictions} {
		style := st.number
		if n > 0 {
			style = st.tones[toneBad]
		}
		row = append(row, count(style, n))
	}
	s.put(0, row...)
}

// The chart's width, and what the library takes columns and rows for when it
// works out which of them lie under a chart; all in pixels.
const (
	chartWide   = 1080
	underColumn = 64
	underRow    = 20
)

// chart puts stacked bars, one per bidder, beside the table they are drawn
// from. The text alternative holds every number.
func (d *tenderBook) chart(s *sheet, cols int) {
	if d.err != nil {
		return
	}
	bidders := d.Comparison.Bidders
	first, last := 5, 4+len(bidders)
	sheet := "'" + strings.ReplaceAll(s.name, "'", "''") + "'!"
	column := func(col int) string {
		name, _ := excelize.ColumnNumberToName(col)
		return fmt.Sprintf("%s$%s$%d:$%s$%d", sheet, name, first, name, last)
	}
	title := d.t.T("workbook.themes.chart")
	height := 180 + 30*len(bidders)
	chart := &excelize.Chart{
		Type:      excelize.BarStacked,
		Title:     excelize.ChartTitle{Paragraph: []excelize.RichTextRun{{Text: title, Font: typeface(14, true, navy)}}},
		Legend:    excelize.ChartLegend{Position: "bottom"},
		XAxis:     excelize.ChartAxis{ReverseOrder: true, Font: *typeface(fontSize, false, ink)}, // the first bidder at the top
		YAxis:     excelize.ChartAxis{MajorGridLines: true, Font: *typeface(fontSize, false, ink)},
		PlotArea:  excelize.ChartPlotArea{ShowVal: true, NumFmt: excelize.ChartNumFmt{CustomNumFmt: "0;;;"}},
		Dimension: excelize.ChartDimension{Width: chartWide, Height: uint(height)},
		Format:    excelize.GraphicOptions{Name: title, AltText: clip(d.chartText(title), 30_000), Positioning: "absolute"}, // rows that are filtered away take none of it
		GapWidth:  new(uint(40)), VaryColors: new(false),
	}
	for i, c := range counted {
		head, _ := excelize.ColumnNumberToName(firstCount + i)
		chart.Series = append(chart.Series, excelize.ChartSeries{
			Name: fmt.Sprintf("%s$%s$4", sheet, head), Categories: column(2), Values: column(firstCount + i),
			Fill:      solid(c.fill),
			DataLabel: excelize.ChartDataLabel{Font: *typeface(fontSize, true, c.ink)},
		})
	}
	d.fail("add chart", d.f.AddChart(s.name, at(cols+2, 4), chart))
	// On paper the table and the chart have pages of their own.
	end, _ := excelize.ColumnNumberToName(cols)
	left, _ := excelize.ColumnNumberToName(cols + 2)
	right, _ := excelize.ColumnNumberToName(cols + 2 + chartWide/underColumn)
	under := 4 + height/underRow + 1
	d.fail("set what is printed", d.f.SetDefinedName(&excelize.DefinedName{Name: "_xlnm.Print_Area", Scope: s.name,
		RefersTo: fmt.Sprintf("%s$A$1:$%s$%d,%s$%s$4:$%s$%d", sheet, end, s.row, sheet, left, right, under)}))
	// With the first drawing the library also lists every type of picture, in no
	// order; the same content is to give the same bytes.
	types := d.f.ContentTypes.Defaults
	sort.Slice(types, func(i, j int) bool { return types[i].Extension < types[j].Extension })
}

// chartText says in words what the chart shows.
func (d *tenderBook) chartText(title string) string {
	out := []string{title}
	for _, b := range d.Comparison.Bidders {
		var words []string
		for _, c := range counted {
			if n := c.count(b.Counts); n > 0 {
				words = append(words, fmt.Sprintf("%s %d", d.names.word(answerKey(c.answer)), n))
			}
		}
		out = append(out, oneLine(b.Bidder.Name)+": "+strings.Join(words, ", "))
	}
	return clean(strings.Join(out, ". ") + ".")
}

func answerKey(a attestation.AnswerStatus) string {
	if a == "" {
		return "answer.none"
	}
	return "answer." + string(a)
}
