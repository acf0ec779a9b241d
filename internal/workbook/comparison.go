package workbook

import (
	"github.com/xuri/excelize/v2"

	"felleskrav/internal/attestation"
	"felleskrav/internal/procurement"
	"felleskrav/internal/status"
)

// biddersPerPage is how many bidders fit beside the requirements on paper.
const biddersPerPage = 6

// bidderWidth is the width of a bidder's column.
const bidderWidth = 28

// comparison writes requirement by bidder, with counts on top.
func (d *tenderBook) comparison() {
	st := d.st
	bidders := d.Comparison.Bidders
	widths := []float64{20.5, 46, 8}
	for range bidders {
		widths = append(widths, bidderWidth)
	}
	pages := max(1, (len(bidders)+biddersPerPage-1)/biddersPerPage)
	summary := d.summary()
	s := d.sheet(d.t.T("workbook.sheet.comparison"), page{
		landscape: true, tab: "7F1717", widths: widths, frozenRows: 4, frozenCols: 3, pagesWide: pages, protect: true, footer: d.footer(),
	})
	s.put(30, text(st.title, d.t.T("workbook.comparison.title")))
	s.put(16, text(st.subtitle, d.t.T("workbook.standing.at", "Time", d.t.DateTime(d.GeneratedAt))))
	s.put(20, text(st.warning, d.t.T("workbook.internal")))
	if len(bidders) == 0 {
		s.page.frozenRows, s.page.frozenCols = 0, 0
		s.put(0, text(st.notice, d.t.T("workbook.no-bidders")))
		s.close()
		return
	}
	head := []excelize.Cell{text(st.header, d.t.T("workbook.column.id")), text(st.header, d.t.T("workbook.column.requirement")), text(st.header, d.t.T("workbook.column.type"))}
	for _, b := range bidders {
		head = append(head, text(st.header, oneLine(b.Bidder.Name)))
	}
	s.put(32, head...)
	for _, line := range summary {
		row := []excelize.Cell{text(st.lead, line.name), text(st.lead, ""), text(st.lead, "")}
		for _, b := range bidders {
			n := line.count(b.Tally)
			style := st.total
			if line.bad && n > 0 {
				style = st.totalBad
			}
			row = append(row, count(style, n))
		}
		s.put(17, row...)
	}
	row := make([]excelize.Cell, 0, len(widths))
	for i := range d.Comparison.Rows {
		r := &d.Comparison.Rows[i]
		typeStyle := st.typeB
		if r.Line.Type == procurement.TypeA {
			typeStyle = st.typeA
		}
		row = append(row[:0], text(st.strong, r.Line.Requirement.ID), text(st.cell, r.Line.Requirement.Title.In(d.t.Lang)), text(typeStyle, r.Line.Type))
		most := 0
		for b := range min(len(r.Cells), len(bidders)) {
			cell, n := d.compared(&r.Cells[b])
			row, most = append(row, cell), max(most, n)
		}
		s.put(max(rowHeight(most), height(row[:3], widths)), row...)
	}
	s.close()
}

type summaryLine struct {
	name  string
	bad   bool
	count func(procurement.Tally) int
}

// summary lists the counts on top, the ones that can decide first.
func (d *tenderBook) summary() []summaryLine {
	word := func(a attestation.AnswerStatus) string {
		return answerLooks[a].symbol + " " + d.t.T("answer."+string(a))
	}
	return []summaryLine{
		{d.t.T("workbook.comparison.unmet-a"), true, func(b procurement.Tally) int { return b.UnmetA }},
		{word(attestation.Met), false, func(b procurement.Tally) int { return b.Counts.Met }},
		{word(attestation.Partial), false, func(b procurement.Tally) int { return b.Counts.Partial }},
		{word(attestation.Planned), false, func(b procurement.Tally) int { return b.Counts.Planned }},
		{word(attestation.Alternative), false, func(b procurement.Tally) int { return b.Counts.Alternative }},
		{word(attestation.NotMet), false, func(b procurement.Tally) int { return b.Counts.NotMet }},
		{word(attestation.NotApplicable), false, func(b procurement.Tally) int { return b.Counts.NotApplicable }},
		{answerLooks[""].symbol + " " + d.t.T("answer.none"), false, func(b procurement.Tally) int { return b.Counts.Unanswered }},
		{d.t.T("workbook.comparison.documented"), false, func(b procurement.Tally) int { return b.Counts.Documented }},
		{d.t.T("workbook.comparison.deviations"), true, func(b procurement.Tally) int { return b.Deviations }},
		{d.t.T("workbook.comparison.contradictions"), true, func(b procurement.Tally) int { return b.Contradictions }},
	}
}

// comparedKey is what the words of a cell depend on.
type comparedKey struct {
	answer, declared attestation.AnswerStatus
	source           procurement.Source
	assurance        status.Assurance
	contradicts      bool
}

// remark is what many cells say: the cell, ready to write, and how many lines
// it takes.
type remark struct {
	cell  excelize.Cell
	words string
	lines int
}

// compared writes one bidder's answer to one requirement: the word with its
// symbol, then where it comes from and what to look at. It tells how many
// lines that takes.
func (d *tenderBook) compared(c *procurement.Cell) (excelize.Cell, int) {
	key := comparedKey{c.Answer, c.Declared, c.Source, c.Assurance, c.Contradicts}
	r, ok := d.said[key]
	if !ok {
		words := d.say(key)
		r = remark{text(d.st.toneLeft[answerLooks[c.Answer].tone], words), words, lines(words, bidderWidth, false)}
		d.said[key] = r
	}
	if c.Deviation == "" {
		return r.cell, r.lines
	}
	deviation := "! " + d.names.filled("workbook.comparison.deviation", "Text", clip(oneLine(c.Deviation), 120))
	return text(r.cell.StyleID, r.words+"\n"+deviation), r.lines + lines(deviation, bidderWidth, false)
}

func (d *tenderBook) say(c comparedKey) string {
	word := "answer." + string(c.answer)
	if c.answer == "" {
		word = "answer.none"
	}
	out := answerLooks[c.answer].symbol + " " + d.t.T(word)
	if c.source != procurement.FromNothing && c.source != "" {
		out += "\n" + d.t.T("answer-source."+string(c.source))
		if c.assurance != "" && c.assurance != status.Declared {
			out += ", " + lowerFirst(d.t.T("assurance."+string(c.assurance)))
		}
	}
	if c.contradicts {
		out += "\n≠ " + d.t.T("workbook.comparison.declared", "Answer", d.t.T("answer."+string(c.declared)))
	}
	return out
}
