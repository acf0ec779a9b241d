package workbook

import (
	"fmt"
	"strconv"

	"github.com/xuri/excelize/v2"

	"felleskrav/internal/attestation"
)

// headerRow is the row of the header in every table of requirements.
const headerRow = 4

type tableHead struct{ title, subtitle, notice, footer string }

// table opens a sheet with title, subtitle, notice and header row; the header
// stays in view together with the columns that tell the requirement.
func (b *book) table(name string, cols []column, head tableHead) *sheet {
	widths := make([]float64, len(cols))
	for i, c := range cols {
		widths[i] = c.width
	}
	s := b.sheet(name, page{landscape: true, tab: "B58900", widths: widths, frozenRows: headerRow, frozenCols: keyColumns(cols), protect: true, footer: head.footer})
	s.put(30, text(b.st.title, head.title))
	s.put(16, text(b.st.subtitle, head.subtitle))
	s.put(20, text(b.st.notice, head.notice))
	cells := make([]excelize.Cell, len(cols))
	for i, c := range cols {
		style := b.st.header
		if c.input {
			style = b.st.headerInput
		}
		cells[i] = text(style, b.t.T("workbook.column."+c.role))
	}
	s.put(32, cells...)
	return s
}

// answerWord is the word for an answer in the workbook's language; none for
// no answer.
func (b *book) answerWord(a attestation.AnswerStatus) string {
	if a == "" {
		return ""
	}
	return b.t.T("answer." + string(a))
}

// finishTable adds filter, drop-downs, the signs that follow the answer and,
// when the table has a name, names for its columns.
func (b *book) finishTable(s *sheet, cols []column, name string) {
	if b.err != nil {
		return
	}
	first, last := headerRow+1, max(s.row, headerRow+1)
	m := columnMap(cols)
	b.fail("add filter", b.f.AutoFilter(s.name, at(1, headerRow)+":"+at(len(cols), last), nil))

	met := at(m[colMet], first)
	area := met + ":" + at(m[colMet], last)
	dv := excelize.NewDataValidation(true)
	dv.Sqref = area
	var words []string
	for _, a := range attestation.AnswerStatuses() {
		words = append(words, b.answerWord(a))
	}
	b.fail("add drop-down", dv.SetDropList(words))
	dv.SetError(excelize.DataValidationErrorStyleStop, b.t.T("workbook.dropdown.title"), b.t.T("workbook.dropdown.error"))
	dv.SetInput(b.t.T("workbook.column.met"), b.t.T("workbook.dropdown.input"))
	b.fail("add drop-down", b.f.AddDataValidation(s.name, dv))

	ref := "$" + met
	expl := "$" + at(m[colAnswer], first)
	missing := fmt.Sprintf(`AND(%s<>"",%s<>"%s",LEN(TRIM(%s))=0)`, ref, ref, b.answerWord(attestation.Met), expl)
	rules := []excelize.ConditionalFormatOptions{
		{Type: "formula", Criteria: missing, Format: b.sign(toneBad, `"! "@" – `+b.t.T("workbook.explain")+`"`), StopIfTrue: true},
	}
	for _, a := range attestation.AnswerStatuses() {
		look := answerLooks[a]
		rules = append(rules, excelize.ConditionalFormatOptions{
			Type: "formula", Criteria: ref + "=" + strconv.Quote(b.answerWord(a)), Format: b.sign(look.tone, `"`+look.symbol+` "@`),
		})
	}
	b.fail("add signs", b.f.SetConditionalFormat(s.name, area, rules))
	explArea := at(m[colAnswer], first) + ":" + at(m[colAnswer], last)
	b.fail("add signs", b.f.SetConditionalFormat(s.name, explArea, []excelize.ConditionalFormatOptions{
		{Type: "formula", Criteria: missing, Format: b.sign(toneBad, "")},
	}))
	if name != "" {
		b.define(name+"_tabell", s.name, absolute(1, headerRow)+":"+absolute(len(cols), last))
		for i, c := range cols {
			b.define(name+"_"+rangeNames[c.role], s.name, absolute(i+1, first)+":"+absolute(i+1, last))
		}
	}
	s.close()
}

// define names a range of cells for formulas and for the list of names, which
// leads to the cells without a mouse.
func (b *book) define(name, sheet, cells string) {
	if b.err == nil {
		b.fail("name cells", b.f.SetDefinedName(&excelize.DefinedName{Name: name, RefersTo: quoted(sheet) + "!" + cells}))
	}
}

// sign makes a conditional style that changes the colours and, with a number
// format, what stands before or after the word. Tables share their signs.
func (b *book) sign(t tone, format string) *int {
	key := signKey{t, format}
	if id, ok := b.signs[key]; ok {
		return &id
	}
	st := excelize.Style{Font: &excelize.Font{Color: t.text, Bold: format != ""}, Fill: solid(t.fill)}
	if format != "" {
		st.CustomNumFmt = &format
	}
	id, err := b.f.NewConditionalStyle(&st)
	b.fail("make style", err)
	b.signs[key] = id
	return &id
}

type signKey struct {
	tone   tone
	format string
}
