package workbook

import (
	"strings"

	"github.com/xuri/excelize/v2"

	"felleskrav/internal/selection"
)

// measures writes which measures the levels call for, which requirements
// serve them, what they rest on, and what the agency must carry itself.
func (d *tenderBook) measures() {
	st := d.st
	cols := []struct {
		key   string
		width float64
	}{
		{"id", 21}, {"measure", 54}, {"coverage", 21}, {"carrier", 17}, {"triggers", 41}, {"requirements", 20}, {"nsm", 11}, {"iso", 12}, {"law", 36},
	}
	widths := make([]float64, len(cols))
	head := make([]excelize.Cell, len(cols))
	for i, c := range cols {
		widths[i] = c.width
		head[i] = text(st.header, d.t.T("workbook.measures."+c.key))
	}
	s := d.sheet(d.t.T("workbook.sheet.measures"), page{landscape: true, tab: "3D5A80", widths: widths, frozenRows: 4, frozenCols: 1, protect: true, footer: d.footer()})
	s.put(30, text(st.title, d.t.T("workbook.measures.title")))
	s.put(16, text(st.subtitle, oneLine(d.Procurement.Title)))
	s.put(20, text(st.notice, d.t.T("workbook.measures.notice")))
	s.put(32, head...)

	// What is in the tender decides what is covered: a requirement the buyer
	// left out serves nothing.
	inTender := map[string]bool{}
	for _, l := range d.Lines {
		inTender[l.Requirement.ID] = true
	}
	var gaps []selection.SelectedMeasure
	write := func(m selection.SelectedMeasure, serving []string) {
		c := d.names.measures[m.ID]
		if c.ID == "" {
			c.Title = m.Title // the catalogue does not have it any more
		}
		coverage := text(st.toneLeft[toneGood], "✓ "+d.t.T("workbook.measures.covered"))
		if len(serving) == 0 {
			coverage = text(st.toneLeft[toneWarn], "! "+d.t.T("workbook.measures.gap"))
		}
		s.put(0, text(st.strong, m.ID), headed(st.cell, c.Title.In(d.t.Lang), c.Text.In(d.t.Lang)), coverage,
			text(st.cell, d.t.T("carrier."+string(m.Carrier))), text(st.cell, d.triggers(m.Triggers)), text(st.cell, strings.Join(serving, "\n")),
			text(st.cell, strings.Join(c.NSM, "\n")), text(st.cell, strings.Join(c.ISO27002, "\n")), text(st.cell, d.names.law(m.Law)))
	}
	for _, m := range d.Selection.Measures {
		var serving []string
		for _, id := range m.ServedBy {
			if inTender[id] {
				serving = append(serving, id)
			}
		}
		if len(serving) == 0 {
			gaps = append(gaps, m)
			continue
		}
		write(m, serving)
	}
	for _, m := range gaps {
		write(m, nil)
	}
	if d.err == nil {
		d.fail("add filter", d.f.AutoFilter(s.name, at(1, 4)+":"+at(len(cols), max(s.row, 5)), nil))
	}
	s.close()
}

// triggers says why a measure is a minimum, one dimension a line.
func (d *tenderBook) triggers(ts []selection.Trigger) string {
	var out []string
	for _, t := range ts {
		out = append(out, d.t.T("workbook.trigger", "Dimension", d.t.T("dimension."+string(t.Dimension)), "Level", d.names.level(t.Level), "From", d.names.level(t.From)))
	}
	return strings.Join(out, "\n")
}
