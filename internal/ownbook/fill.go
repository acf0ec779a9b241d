package ownbook

import (
	"bytes"
	"context"
	"path"
	"slices"
	"strings"

	"felleskrav/internal/access"
	"felleskrav/internal/locale"
	"felleskrav/internal/organisation"
	"felleskrav/internal/problem"
	"felleskrav/internal/procurement"
	"felleskrav/internal/status"
	"felleskrav/internal/workbook/own"
)

// Order is what is to be filled in.
type Order struct {
	// Answers names the bidder whose declared answers go into the body's own
	// answer columns; empty for none.
	Answers organisation.Number
	// Columns name the bidders for whom columns are added beside the tables,
	// with what they declared and how well it stands.
	Columns []organisation.Number
	// Insert names the table that the tender's other requirements are put
	// below: those that no row of the workbook equals. An empty sheet is none.
	Insert struct {
		Sheet  string
		Header int
	}
	// Language is that of the words that the body has none of its own for;
	// empty is the procurement's.
	Language string
}

// Filled is a workbook that was filled in.
type Filled struct {
	FileName string
	Data     []byte
	Report   own.Report
}

// Fill fills a workbook in: into a copy, so that what was uploaded stays and
// can be filled in again. Only what people decided about this file is used.
func (s *Service) Fill(ctx context.Context, actor access.Actor, procurementID, id string, o Order) (Filled, error) {
	w, data, err := s.read(ctx, actor, procurementID, id)
	if err != nil {
		return Filled{}, err
	}
	if o.Language == "" {
		o.Language = data.Procurement.Language
	}
	if o.Answers == "" && len(o.Columns) == 0 && o.Insert.Sheet == "" {
		return Filled{}, problem.New(problem.Invalid, "ownbook.nothing", nil)
	}
	done, err := s.turn(ctx)
	if err != nil {
		return Filled{}, err
	}
	defer done()
	file, err := s.file(ctx, w)
	if err != nil {
		return Filled{}, err
	}
	f, err := s.open(file)
	if err != nil {
		return Filled{}, err
	}
	tables, err := own.Decided(f, w.Decisions)
	if err != nil {
		return Filled{}, own.Problem(err)
	}
	t := s.Texts.In(o.Language)
	fillings, err := fillings(w, data, tables, o, t)
	if err != nil {
		return Filled{}, err
	}
	report, err := own.Fill(f, fillings)
	if err != nil {
		return Filled{}, own.Problem(err)
	}
	var b bytes.Buffer
	if err := f.Write(&b); err != nil {
		return Filled{}, own.Problem(err)
	}
	if _, err := s.update(ctx, id, func(w Workbook) (Workbook, error) { return s.kept(w), nil }); err != nil {
		return Filled{}, err
	}
	for _, n := range o.used() {
		if err := s.Procurements.Exported(ctx, data, n); err != nil {
			return Filled{}, err
		}
	}
	return Filled{FileName: filledName(w.FileName, t), Data: b.Bytes(), Report: report}, nil
}

// used are the bidders whose declarations an order asks for.
func (o Order) used() []organisation.Number {
	out := slices.Clone(o.Columns)
	if o.Answers != "" && !slices.Contains(out, o.Answers) {
		out = append(out, o.Answers)
	}
	return out
}

// filledName is the sender's name for the file with a word added.
func filledName(name string, t *locale.Texts) string {
	base := strings.TrimSuffix(name, path.Ext(name))
	if base == "" {
		base = "felleskrav"
	}
	return base + " – " + t.T("ownbook.filled") + ".xlsx"
}

func fillings(w Workbook, data procurement.TenderData, tables []own.Table, o Order, t *locale.Texts) ([]own.Filling, error) {
	equal := map[string]bool{} // requirements that some row equals
	for _, d := range w.Decisions {
		for _, r := range d.Rows {
			equal[r] = true
		}
	}
	answers, columns, err := bidders(data, o, t)
	if err != nil {
		return nil, err
	}
	var out []own.Filling
	inserted := o.Insert.Sheet == ""
	for _, table := range tables {
		i := slices.IndexFunc(w.Decisions, func(d own.Decision) bool { return keyOf(d) == key(table) })
		if i < 0 {
			continue
		}
		x := own.Filling{Table: table, Rows: w.Decisions[i].Rows, Answers: answers}
		if slices.ContainsFunc(table.Lines, func(l own.Line) bool { return x.Rows[l.Row] != "" }) {
			x.Columns = columns
		}
		if (tableKey{o.Insert.Sheet, o.Insert.Header}) == key(table) {
			inserted = true
			x.Insert = insertions(data, equal, t)
		}
		out = append(out, x)
	}
	switch {
	case len(out) == 0:
		return nil, problem.New(problem.Invalid, "ownbook.undecided", nil)
	case !inserted:
		return nil, problem.New(problem.Invalid, "ownbook.no-table", problem.Args{"Sheet": problem.Clip(o.Insert.Sheet), "Row": o.Insert.Header})
	}
	return out, nil
}

// insertions are the requirements of the tender that no row equals.
func insertions(data procurement.TenderData, equal map[string]bool, t *locale.Texts) []own.Insertion {
	var out []own.Insertion
	for _, l := range data.Lines {
		r := l.Requirement
		if equal[r.ID] {
			continue
		}
		m := own.Scored
		if l.Type == procurement.TypeA {
			m = own.Minimum
		}
		out = append(out, own.Insertion{
			Requirement: r.ID, Theme: l.ThemeName.In(t.Lang), Text: r.Title.In(t.Lang) + "\n" + r.Text.In(t.Lang), Instruction: r.Verify.In(t.Lang), Meaning: m, Weight: l.Weight,
		})
	}
	return out
}

// bidders gathers what the bidders of an order declared.
func bidders(data procurement.TenderData, o Order, t *locale.Texts) (map[string]own.Answer, []own.Added, error) {
	find := func(n organisation.Number) (procurement.ComparedBidder, error) {
		i := slices.IndexFunc(data.Comparison.Bidders, func(b procurement.ComparedBidder) bool { return b.Bidder.Supplier == n })
		if i < 0 {
			return procurement.ComparedBidder{}, problem.New(problem.Invalid, "response.bidder", problem.Args{"Number": n.Grouped()})
		}
		return data.Comparison.Bidders[i], nil
	}
	var answers map[string]own.Answer
	if o.Answers != "" {
		b, err := find(o.Answers)
		if err != nil {
			return nil, nil, err
		}
		answers = map[string]own.Answer{}
		for id, d := range b.Declared() {
			answers[id] = own.Answer{Status: d.Answer, Word: t.T("answer." + string(d.Answer)), Statement: d.Statement, Reference: reference(d, t)}
		}
	}
	var columns []own.Added
	for i, n := range o.Columns {
		if slices.Contains(o.Columns[:i], n) {
			continue
		}
		b, err := find(n)
		if err != nil {
			return nil, nil, err
		}
		columns = append(columns, added(data, b, t)...)
	}
	return answers, columns, nil
}

// reference says where an answer comes from, so that anyone can look it up:
// the declaration's digest and place in the log, and the documents with it.
func reference(d procurement.DeclaredAnswer, t *locale.Texts) string {
	out := t.T("ownbook.reference", "Digest", d.Declaration.Digest, "Index", d.Declaration.LogIndex, "Declared", t.Date(d.Declaration.DeclaredAt), "Until", t.Date(d.Declaration.ValidUntil))
	for _, e := range d.Evidence {
		out += "\n" + e.Name
	}
	return out
}

// added are the two columns of a bidder: the answer, and how it stands.
func added(data procurement.TenderData, b procurement.ComparedBidder, t *locale.Texts) []own.Added {
	answer := own.Added{Header: t.T("ownbook.column.answer", "Name", b.Bidder.Name), Width: 40, Values: map[string]string{}}
	standing := own.Added{Header: t.T("ownbook.column.standing", "Name", b.Bidder.Name), Width: 30, Values: map[string]string{}}
	declared := b.Declared()
	for _, l := range data.Lines {
		d, ok := declared[l.Requirement.ID]
		if !ok {
			answer.Values[l.Requirement.ID] = t.T("answer.none")
			standing.Values[l.Requirement.ID] = t.T("ownbook.no-declaration")
			continue
		}
		text := t.T("answer." + string(d.Answer))
		if d.Statement != "" {
			text += "\n" + d.Statement
		}
		answer.Values[l.Requirement.ID] = text
		standing.Values[l.Requirement.ID] = t.T("ownbook.standing", "Status", t.T("status."+string(d.Overall)), "Assurance", strings.ToLower(t.T("assurance."+string(assurance(d)))),
			"Until", t.Date(d.Declaration.ValidUntil), "Version", d.Declaration.SetVersion)
	}
	return []own.Added{answer, standing}
}

func assurance(d procurement.DeclaredAnswer) status.Assurance {
	if d.Assurance == "" {
		return status.Declared
	}
	return d.Assurance
}
