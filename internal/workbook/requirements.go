package workbook

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/xuri/excelize/v2"

	"felleskrav/internal/attestation"
	"felleskrav/internal/procurement"
	"felleskrav/internal/status"
)

// The columns of the requirement table, by role. The header text of a column
// is the text "workbook.column." and its role; readers find columns by the
// hidden map or by these texts in any language.
const (
	colID          = "id"
	colKind        = "kind"
	colTheme       = "theme"
	colRequirement = "requirement"
	colType        = "type"
	colDocument    = "documentation"
	colWeight      = "weight"
	colMet         = "met"
	colAnswer      = "answer"
	colEvidence    = "evidence"
	colDeviation   = "deviation"
)

type column struct {
	role  string
	width float64
	input bool
}

var tenderColumns = []column{
	{colID, 20.5, false}, {colKind, 19, false}, {colTheme, 19.5, false}, {colRequirement, 48, false}, {colType, 7, false},
	{colDocument, 34, false}, {colWeight, 7, false}, {colMet, 20, true}, {colAnswer, 40, true}, {colEvidence, 20, true}, {colDeviation, 21, true},
}

// prefilled is what a bidder's declaration says about one requirement.
type prefilled struct {
	answer    attestation.AnswerStatus
	statement string
	evidence  string
}

func (d *tenderBook) prefilled() map[string]prefilled {
	out := map[string]prefilled{}
	if d.Prefill == nil {
		return out
	}
	for _, s := range d.Prefill.Statuses {
		if !relied(s) {
			continue
		}
		for _, r := range s.Requirements {
			if _, there := out[r.Requirement]; there || r.Answer == "" {
				continue
			}
			p := prefilled{answer: r.Answer, statement: r.Statement}
			var names []string
			for _, e := range r.Evidence {
				names = append(names, oneLine(e.Name))
			}
			names = append(names, d.t.T("workbook.declaration-ref", "Index", s.Declaration.LogIndex))
			p.evidence = strings.Join(names, "; ")
			out[r.Requirement] = p
		}
	}
	return out
}

// relied reports whether a status rests on a declaration whose answers may be
// used, as procurement.Compare has it.
func relied(s status.Status) bool {
	if s.Declaration == nil {
		return false
	}
	switch s.Overall {
	case status.Valid, status.Expiring, status.SupersededSet, status.Incomplete:
		return true
	}
	return false
}

// requirements writes the table that bidders fill in.
func (d *tenderBook) requirements(p *payload) {
	st := d.st
	s := d.table(d.t.T("workbook.sheet.requirements"), tenderColumns, tableHead{
		title: d.t.T("workbook.requirements.title"), subtitle: oneLine(d.Procurement.Title) + "  ·  " + d.sets(),
		notice: d.t.T("workbook.requirements.notice"), footer: d.footer(),
	})
	p.Tables = append(p.Tables, payloadTable{s.name, s.row, columnMap(tenderColumns)})
	filled := d.prefilled()
	for _, l := range d.Lines {
		r := l.Requirement
		docs := noted(st.cell, d.names.evidence(r.Evidence), r.Verify.In(d.t.Lang))
		typeStyle := st.typeB
		if l.Type == procurement.TypeA {
			typeStyle = st.typeA
		}
		weight := text(st.center, "")
		if l.Weight > 0 {
			weight = count(st.center, l.Weight)
		}
		f := filled[r.ID]
		s.put(0,
			text(st.strong, r.ID), text(st.cell, d.names.word("kind."+string(r.Kind))), text(st.cell, l.ThemeName.In(d.t.Lang)),
			headed(st.cell, r.Title.In(d.t.Lang), r.Text.In(d.t.Lang)), text(typeStyle, l.Type), docs, weight,
			text(st.inputCenter, d.answerWord(f.answer)), text(st.input, f.statement), text(st.input, f.evidence), text(st.input, ""))
		p.Rows = append(p.Rows, payloadRow{
			ID: r.ID, Sheet: s.name, Row: s.row, Kind: string(r.Kind), Type: l.Type, Weight: l.Weight,
			Text:          fingerprint(r.Title.In(d.t.Lang) + "\n" + r.Text.In(d.t.Lang)),
			Documentation: fingerprint(d.names.evidence(r.Evidence) + "\n" + r.Verify.In(d.t.Lang)),
		})
	}
	d.finishTable(s, tenderColumns)
}

func (d *tenderBook) footer() string {
	return strings.TrimSpace(strings.Join([]string{oneLine(d.Procurement.Title), oneLine(d.Procurement.Reference), d.sets()}, "  ·  "))
}

func columnMap(cols []column) map[string]int {
	out := map[string]int{}
	for i, c := range cols {
		out[c.role] = i + 1
	}
	return out
}

type tableHead struct{ title, subtitle, notice, footer string }

// table opens a sheet with title, subtitle, notice and header row; the header
// stays in view together with the first column.
func (b *book) table(name string, cols []column, head tableHead) *sheet {
	widths := make([]float64, len(cols))
	for i, c := range cols {
		widths[i] = c.width
	}
	s := b.sheet(name, page{landscape: true, tab: "B58900", widths: widths, frozenRows: 4, frozenCols: 1, protect: true, footer: head.footer})
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

// finishTable adds filter, drop-downs and the signs that follow the answer.
func (b *book) finishTable(s *sheet, cols []column) {
	if b.err != nil {
		return
	}
	header, last := 4, max(s.row, 5)
	m := columnMap(cols)
	b.fail("add filter", b.f.AutoFilter(s.name, at(1, header)+":"+at(len(cols), last), nil))

	met := at(m[colMet], header+1)
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
	expl := "$" + at(m[colAnswer], header+1)
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
	explArea := at(m[colAnswer], header+1) + ":" + at(m[colAnswer], last)
	b.fail("add signs", b.f.SetConditionalFormat(s.name, explArea, []excelize.ConditionalFormatOptions{
		{Type: "formula", Criteria: missing, Format: b.sign(toneBad, "")},
	}))
	s.close()
}

// sign makes a conditional style that changes the colours and, with a number
// format, what stands before or after the word.
func (b *book) sign(t tone, format string) *int {
	st := excelize.Style{Font: &excelize.Font{Color: t.text, Bold: format != ""}, Fill: solid(t.fill)}
	if format != "" {
		st.CustomNumFmt = &format
	}
	id, err := b.f.NewConditionalStyle(&st)
	b.fail("make style", err)
	return &id
}
