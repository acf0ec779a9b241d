package workbook

import (
	"slices"
	"strings"

	"github.com/xuri/excelize/v2"

	"felleskrav/internal/attestation"
	"felleskrav/internal/catalogue"
	"felleskrav/internal/procurement"
	"felleskrav/internal/status"
)

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

// requirements writes the tables that bidders fill in, one sheet for each kind
// of requirement there is.
func (d *tenderBook) requirements(p *payload) {
	filled := d.prefilled()
	p.Rows = slices.Grow(p.Rows, len(d.Lines))
	for _, kind := range d.tables() {
		d.requirementTable(p, kind, filled)
	}
}

// tables lists the kinds of requirement that have a table: those the tender
// has, or requirements when it has nothing.
func (d *tenderBook) tables() []catalogue.Kind {
	has := map[catalogue.Kind]bool{}
	for i := range d.Lines {
		has[d.Lines[i].Requirement.Kind] = true
	}
	if len(has) == 0 {
		return []catalogue.Kind{catalogue.KindRequirement}
	}
	return slices.DeleteFunc(procurement.Kinds(), func(k catalogue.Kind) bool { return !has[k] })
}

// sheetOf names the sheet of a kind of requirement.
func (d *tenderBook) sheetOf(k catalogue.Kind) string {
	if k == catalogue.KindRequirement {
		return d.t.T("workbook.sheet.requirements")
	}
	return d.t.T("workbook.sheet." + string(k))
}

func (d *tenderBook) requirementTable(p *payload, kind catalogue.Kind, filled map[string]prefilled) {
	name := d.sheetOf(kind)
	notice := d.t.T("workbook.requirements.notice")
	if d.has(colType) {
		notice += " " + d.t.T("workbook.requirements.notice-types")
	}
	s := d.table(name, d.columns, tableHead{
		title: name + " – " + clip(oneLine(d.Procurement.Title), 60), subtitle: d.t.T("workbook.guide.sheet." + string(kind)), notice: notice, footer: d.footer(),
	})
	p.Tables = append(p.Tables, payloadTable{s.name, s.row, columnMap(d.columns)})
	cells := make([]excelize.Cell, len(d.columns))
	theme := ""
	for i := range d.Lines {
		l := &d.Lines[i]
		r := &l.Requirement
		if r.Kind != kind {
			continue
		}
		if r.Theme != theme {
			theme = r.Theme
			d.themeHeading(s, l)
		}
		documentation := d.documentation(r)
		f := filled[r.ID]
		for c, col := range d.columns {
			cells[c] = d.cell(col.role, l, documentation, f)
		}
		s.put(0, cells...)
		row := payloadRow{
			ID: r.ID, Sheet: s.name, Row: s.row, Number: l.Number, Kind: string(kind),
			Text: fingerprint(r.Title.In(d.t.Lang) + "\n" + r.Text.In(d.t.Lang)),
		}
		// What the buyer left out must not stand hidden in the file either.
		if d.has(colType) {
			row.Type = l.Type
		}
		if d.has(colWeight) {
			row.Weight = l.Weight
		}
		if d.has(colDocument) {
			row.Documentation = fingerprint(documentation + "\n" + r.Verify.In(d.t.Lang))
		}
		p.Rows = append(p.Rows, row)
	}
	d.finishTable(s, d.columns, tableNames[kind])
}

// themeHeading writes the heading of a theme: its number and name, across the
// table without joining cells, so that filters and programs see plain rows.
func (d *tenderBook) themeHeading(s *sheet, first *procurement.Line) {
	cells := make([]excelize.Cell, len(d.columns))
	for i := range cells {
		cells[i].StyleID = d.st.group
	}
	// In a column of answers it would be read as one.
	title := slices.IndexFunc(d.columns, func(c column) bool { return !c.input })
	cells[title] = text(d.st.group, themeNumber(first.Number)+"  "+first.ThemeName.In(d.t.Lang))
	s.put(18, cells...)
}

// themeNumber is the part of a line's number that its theme has: "1.2" of
// "1.2.3".
func themeNumber(number string) string {
	if i := strings.LastIndexByte(number, '.'); i > 0 {
		return number[:i]
	}
	return number
}

// has reports whether the tables have a column.
func (d *tenderBook) has(role string) bool {
	return slices.ContainsFunc(d.columns, func(c column) bool { return c.role == role })
}

// documentation is what a requirement accepts as documentation, in words.
func (d *tenderBook) documentation(r *catalogue.Requirement) string {
	return d.names.evidence(r.Evidence)
}

// cell writes what stands in one column for one requirement.
func (d *tenderBook) cell(role string, l *procurement.Line, documentation string, f prefilled) excelize.Cell {
	st, r := &d.st, &l.Requirement
	switch role {
	case colNumber:
		return text(st.strong, l.Number)
	case colID:
		return text(st.strong, r.ID)
	case colTheme:
		return text(st.cell, l.ThemeName.In(d.t.Lang))
	case colRequirement:
		return headed(st.cell, r.Title.In(d.t.Lang), r.Text.In(d.t.Lang))
	case colType:
		if l.Type == procurement.TypeA {
			return text(st.typeA, l.Type)
		}
		return text(st.typeB, l.Type)
	case colDocument:
		return noted(st.cell, documentation, r.Verify.In(d.t.Lang))
	case colWeight:
		if l.Weight > 0 {
			return count(st.center, l.Weight)
		}
		return text(st.center, "")
	case colMet:
		return text(st.inputCenter, d.answerWord(f.answer))
	case colAnswer:
		return text(st.input, f.statement)
	case colEvidence:
		return text(st.input, f.evidence)
	}
	return text(st.input, "")
}

func (d *tenderBook) footer() string {
	return strings.TrimSpace(strings.Join([]string{oneLine(d.Procurement.Title), oneLine(d.Procurement.Reference), d.sets()}, "  ·  "))
}
