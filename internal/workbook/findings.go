package workbook

import (
	"strings"

	"github.com/xuri/excelize/v2"

	"felleskrav/internal/attestation"
	"felleskrav/internal/procurement"
)

// findings writes the sheets that sum the comparison up: theme by theme with a
// chart, what is not met, and what differs from the declarations.
func (d *tenderBook) findings() {
	if len(d.Comparison.Bidders) == 0 {
		return
	}
	d.themes()
	d.gaps()
	d.deviations()
}

// maxQuoted is how much of a bidder's text stands in the list of deviations, in
// characters; the whole of it is in the bid.
const maxQuoted = 1000

// found opens a sheet with a table of findings.
func (d *tenderBook) found(key string, cols []column, p page) *sheet {
	for _, c := range cols {
		p.widths = append(p.widths, c.width)
	}
	p.landscape, p.tab, p.frozenRows, p.frozenCols, p.protect, p.footer = true, "7F1717", 4, 1, true, d.footer()
	s := d.sheet(d.t.T("workbook.sheet."+key), p)
	s.put(30, text(d.st.title, d.t.T("workbook."+key+".title")))
	s.put(16, text(d.st.subtitle, d.t.T("workbook.standing.at", "Time", d.t.DateTime(d.GeneratedAt))+"  ·  "+d.t.T("workbook."+key+".notice")))
	s.put(20, text(d.st.warning, d.t.T("workbook.internal")))
	head := make([]excelize.Cell, len(cols))
	for i, c := range cols {
		key := "workbook.column." + c.role
		if strings.HasPrefix(c.role, "answer.") {
			key = c.role
		}
		head[i] = text(d.st.header, d.t.T(key))
	}
	s.put(46, head...)
	return s
}

// filter adds a filter to the table, when it has rows, and ends the sheet.
func (s *sheet) filter(cols int, nothing string) {
	switch {
	case s.row == 4:
		s.put(0, text(s.b.st.notice, nothing))
	case s.b.err == nil:
		s.b.fail("add filter", s.b.f.AutoFilter(s.name, area(4, s.row, cols), nil))
	}
	s.close()
}

// area is the reference of a table from its header to its last row.
func area(header, last, cols int) string { return at(1, header) + ":" + at(cols, last) }

func (d *tenderBook) word(a attestation.AnswerStatus) string {
	return answerLooks[a].symbol + " " + d.names.word(answerKey(a))
}

// answerCells are the cells of the answers with their symbols and tones, which
// many rows share.
func (d *tenderBook) answerCells() map[attestation.AnswerStatus]excelize.Cell {
	out := map[attestation.AnswerStatus]excelize.Cell{}
	for a, look := range answerLooks {
		out[a] = text(d.st.toneLeft[look.tone], d.word(a))
	}
	return out
}

func (d *tenderBook) typeCell(l *procurement.Line) excelize.Cell {
	if l.Type == procurement.TypeA {
		return text(d.st.typeA, l.Type)
	}
	return text(d.st.typeB, l.Type)
}

// gaps lists what somebody does not meet, minimum requirements first.
func (d *tenderBook) gaps() {
	st := d.st
	cols := []column{{colID, 20.5, false}, {colRequirement, 46, false}, {colType, 7, false}, {"gap", 24, false}, {"gap-who", 60, false}}
	s := d.found("gaps", cols, page{})
	for _, g := range d.Comparison.Gaps() {
		tone, extent := toneWarn, d.t.T("workbook.gaps.some", "Some", len(g.Bidders), "All", len(d.Comparison.Bidders))
		if g.Nobody {
			extent = d.names.word("workbook.gaps.nobody")
		}
		if g.Line.Type == procurement.TypeA {
			tone, extent = toneBad, "! "+extent
		}
		var who []string
		for i, b := range g.Bidders {
			who = append(who, d.word(g.Cells[i].Answer)+": "+oneLine(d.Comparison.Bidders[b].Bidder.Name))
		}
		s.put(0, text(st.strong, g.Line.Requirement.ID), text(st.cell, g.Line.Requirement.Title.In(d.t.Lang)), d.typeCell(g.Line),
			text(st.toneLeft[tone], extent), text(st.cell, strings.Join(who, "\n")))
	}
	s.filter(len(cols), d.t.T("workbook.gaps.none"))
}

// deviations lists reservations, and answers that differ from what was signed.
func (d *tenderBook) deviations() {
	st := d.st
	cols := []column{
		{"bidder", 26, false}, {colID, 20.5, false}, {colRequirement, 38, false}, {colType, 7, false}, {"finding", 30, false},
		{"bid-answer", 20, false}, {"bid-text", 40, false}, {"declared-answer", 20, false}, {"declared-text", 40, false}, {colDeviation, 40, false},
	}
	s := d.found("differences", cols, page{})
	answers := d.answerCells()
	answers[""] = text(st.cell, "") // nothing was declared
	contradicts, deviates := "≠ "+d.names.word("workbook.differences.contradicts"), "! "+d.names.word("workbook.differences.deviation")
	found := map[[2]bool]excelize.Cell{
		{true, true}:  text(st.toneLeft[toneWarn], contradicts+"\n"+deviates),
		{true, false}: text(st.toneLeft[toneWarn], contradicts),
		{false, true}: text(st.toneLeft[toneWarn], deviates),
	}
	row := make([]excelize.Cell, 0, len(cols))
	for _, x := range d.Comparison.Deviations() {
		c := x.Cell
		row = append(row[:0], text(st.strong, oneLine(d.Comparison.Bidders[x.Bidder].Bidder.Name)), text(st.cell, x.Line.Requirement.ID),
			text(st.cell, x.Line.Requirement.Title.In(d.t.Lang)), d.typeCell(x.Line), found[[2]bool{c.Contradicts, c.Deviation != ""}],
			answers[c.Answer], text(st.cell, clip(c.Statement, maxQuoted)),
			answers[c.Declared], text(st.cell, clip(c.DeclaredStatement, maxQuoted)), text(st.cell, clip(c.Deviation, maxQuoted)))
		s.put(0, row...)
	}
	s.filter(len(cols), d.t.T("workbook.differences.none"))
}
