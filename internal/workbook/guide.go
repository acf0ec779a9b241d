package workbook

import (
	"strings"

	"github.com/xuri/excelize/v2"

	"felleskrav/internal/catalogue"
	"felleskrav/internal/procurement"
	"felleskrav/internal/selection"
)

// guide writes the first sheet: what this is, what to do, and why the level
// is what it is.
func (d *tenderBook) guide() {
	s := d.sheet(d.t.T("workbook.sheet.guide"), page{
		tab: navy, widths: []float64{25, 88}, protect: true, footer: d.Procurement.Title,
	})
	st := d.st
	s.put(34, text(st.title, d.t.T("workbook.title")))
	s.put(18, text(st.subtitle, oneLine(d.Procurement.Title)))
	if !d.BidderCopy {
		s.put(18, text(st.warning, d.t.T("workbook.internal-copy")))
	}
	s.skip(8)

	facts := [][2]string{
		{d.t.T("workbook.guide.procurement"), oneLine(d.Procurement.Title)},
		{d.t.T("workbook.guide.reference"), oneLine(d.Procurement.Reference)},
		{d.t.T("workbook.guide.agency"), oneLine(d.agency())},
		{d.t.T("workbook.guide.deadline"), ""},
		{d.t.T("workbook.guide.models"), d.models()},
		{d.t.T("workbook.guide.count"), d.tally()},
		{d.t.T("workbook.guide.made"), d.t.DateTime(d.GeneratedAt)},
	}
	if d.Procurement.Deadline != nil {
		facts[3][1] = d.t.DateTime(*d.Procurement.Deadline)
	}
	if d.Prefill != nil {
		facts = append(facts, [2]string{d.t.T("workbook.guide.bidder"), oneLine(d.Prefill.Bidder.Name) + " (" + d.Prefill.Bidder.Supplier.Grouped() + ")"})
	}
	for _, f := range facts {
		if f[1] != "" {
			s.put(0, text(st.label, f[0]), text(st.value, f[1]))
		}
	}

	d.steps(s)
	d.sheetList(s)
	d.answerLegend(s)

	s.section(d.t.T("workbook.guide.level"))
	s.put(0, text(st.label, d.t.T("workbook.guide.proposal")), text(st.value, d.t.T("workbook.guide.proposal-text")))
	for _, l := range d.Selection.Levels {
		s.put(0, text(st.label, d.t.T("dimension."+string(l.Dimension))), d.level(l))
	}
	if d.Selection.Overall.Valid() {
		s.put(0, text(st.label, d.t.T("workbook.guide.overall")), text(st.strong, d.names.level(d.Selection.Overall)))
	}

	s.section(d.t.T("workbook.guide.origin"))
	for _, v := range d.Versions {
		s.put(0, text(st.label, d.t.T("workbook.guide.set")), headed(st.value, v.Name.In(d.t.Lang)+" "+v.Version,
			v.URI+"\n"+"sha256 "+v.Digest))
	}
	if d.LogOrigin != "" {
		s.put(0, text(st.label, d.t.T("workbook.guide.log")), headed(st.value, d.LogOrigin, d.treeHead()))
	}
	if d.BaseURL != "" {
		s.put(0, text(st.label, d.t.T("workbook.guide.service")), text(st.value, d.BaseURL))
	}
	s.close()
}

// steps says what the supplier does, and what the buyer does.
func (d *tenderBook) steps(s *sheet) {
	st := d.st
	write := func(texts ...string) {
		for i, t := range texts {
			s.put(0, text(st.label, d.t.T("workbook.guide.step", "Number", i+1)), text(st.value, t))
		}
	}
	// Without a column of its own something is written in the answer.
	or := func(key, role string) string {
		if !d.has(role) {
			key += "-in-answer"
		}
		return d.t.T(key)
	}
	var sheets []string
	for _, k := range d.tables() {
		sheets = append(sheets, d.t.T("workbook.guide.quoted", "Name", d.sheetOf(k)))
	}
	s.section(d.t.T("workbook.guide.how"))
	write(
		d.t.T("workbook.guide.step-1", "Sheets", d.list(sheets)), d.t.T("workbook.guide.step-2"), d.t.T("workbook.guide.step-3"),
		or("workbook.guide.step-4", colEvidence), or("workbook.guide.step-5", colDeviation),
	)
	if d.Prefill != nil {
		s.put(0, text(st.label, d.t.T("workbook.guide.prefilled")), text(st.value, d.t.T("workbook.guide.prefilled-text")))
	}
	if !d.BidderCopy {
		s.section(d.t.T("workbook.guide.buyer"))
		var texts []string
		if d.has(colType) {
			texts = append(texts, d.t.T("workbook.guide.buyer-1"))
		}
		write(append(texts, d.t.T("workbook.guide.buyer-2"), d.t.T("workbook.guide.buyer-3"))...)
	}
}

// list joins words: "a, b and c".
func (d *tenderBook) list(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	last := len(words) - 1
	return d.t.T("workbook.guide.list", "First", strings.Join(words[:last], ", "), "Last", words[last])
}

// sheetList says what is on each sheet and what the numbers mean.
func (d *tenderBook) sheetList(s *sheet) {
	st := d.st
	s.section(d.t.T("workbook.guide.sheets"))
	describe := func(name, key string) {
		s.put(0, text(st.label, name), text(st.value, d.t.T("workbook.guide.sheet."+key)))
	}
	for _, k := range d.tables() {
		describe(d.sheetOf(k), string(k))
	}
	describe(d.t.T("workbook.sheet.measures"), "measures")
	if d.withStanding() {
		describe(d.t.T("workbook.sheet.standing"), "standing")
	}
	if !d.BidderCopy {
		describe(d.t.T("workbook.sheet.comparison"), "comparison")
		if len(d.Comparison.Bidders) > 0 {
			for _, key := range []string{"themes", "gaps", "differences"} {
				s.put(0, text(st.label, d.t.T("workbook.sheet."+key)), text(st.value, d.t.T("workbook."+key+".notice")))
			}
		}
	}
	if d.has(colNumber) {
		s.put(0, text(st.label, d.t.T("workbook.guide.numbers")), text(st.value, d.t.T("workbook.guide.numbers-text")))
	}
}

// section writes a heading across the sheet's columns.
func (s *sheet) section(title string) {
	s.skip(10)
	row := make([]excelize.Cell, len(s.page.widths))
	for i := range row {
		row[i] = text(s.b.st.section, "")
	}
	row[0] = text(s.b.st.section, title)
	s.put(22, row...)
	s.skip(4)
}

func (d *tenderBook) models() string {
	var out []string
	for _, m := range d.Procurement.Input.DeliveryModels {
		out = append(out, d.t.T("model."+string(m)))
	}
	return strings.Join(out, ", ")
}

// tally says how many requirements there are, by what procurement law keeps
// apart and by type.
func (d *tenderBook) tally() string {
	kinds, types := map[catalogue.Kind]int{}, map[string]int{}
	for _, l := range d.Lines {
		kinds[l.Requirement.Kind]++
		types[l.Type]++
	}
	out := d.t.T("workbook.guide.count-text", "Requirements", kinds[catalogue.KindRequirement], "Qualifications", kinds[catalogue.KindQualification],
		"Terms", kinds[catalogue.KindContractTerm])
	if d.has(colType) {
		out += " " + d.t.T("workbook.guide.count-types", "A", types[procurement.TypeA], "B", types[procurement.TypeB])
	}
	return out
}

// level writes the level of one dimension with where it comes from.
func (d *tenderBook) level(l selection.DimensionLevel) excelize.Cell {
	var why []string
	if l.Override != nil {
		why = append(why, d.t.T("workbook.guide.override", "Proposed", d.names.level(l.Proposed), "Reason", oneLine(l.Override.Reason)))
	}
	for _, o := range l.Origins {
		name := d.t.T("origin."+o.Kind) + " " + d.t.T("workbook.guide.quoted", "Name", o.Name.In(d.t.Lang))
		if via := o.ViaName.In(d.t.Lang); via != "" {
			name += " (" + d.t.T("workbook.guide.via", "Task", via) + ")"
		}
		why = append(why, "• "+name+": "+o.Reason.In(d.t.Lang))
	}
	return headed(d.st.value, d.names.level(l.Level), strings.Join(why, "\n"))
}

// treeHead is the part of the checkpoint that says what state the log had:
// size and root hash. The whole of it, with signatures, is in the hidden sheet.
func (d *tenderBook) treeHead() string {
	head, _, _ := strings.Cut(d.Checkpoint, "\n\n")
	head = strings.TrimSpace(strings.TrimPrefix(head, d.LogOrigin))
	size, root, ok := strings.Cut(head, "\n")
	if !ok {
		return head
	}
	return d.t.T("workbook.guide.log-size", "Size", size) + "\n" + root
}
