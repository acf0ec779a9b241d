package workbook

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"felleskrav/internal/attestation"
	"felleskrav/internal/locale"
	"felleskrav/internal/problem"
	"felleskrav/internal/procurement"
)

// The longest texts that are read: an answer, as in a declaration, and the names
// and digests of all the evidence that one can have there.
const (
	maxStatement = 4000
	maxEvidence  = 8000
)

// row is one row of a table being read.
type row struct {
	*table
	number int
	cells  []string
	id     string
	report []RowReport
}

func (r *row) cell(role string) string { return cellAt(r.cells, r.columns[role]) }

func (r *row) note(role string, o Outcome, key string, args problem.Args) {
	r.report = append(r.report, RowReport{Sheet: r.sheet, Cell: r.name(role, r.number), Requirement: r.id, Outcome: o, Key: "workbook.row." + key, Args: args})
}

// answered is what the answer cells of a row say.
type answered struct {
	status    attestation.AnswerStatus
	statement string
	evidence  string
	deviation string
}

// Tender reads a filled tender workbook of size bytes. known gives the
// official requirements of the procurement; without it (nil) the file's own
// hidden map is what texts are compared with. The error is a *problem.Error
// about the whole file; problems of rows are in the reading.
func (rd *Reader) Tender(r io.ReaderAt, size int64, known Known) (out Reading, err error) {
	f, err := rd.open(r, size, kindTender)
	if err != nil {
		return Reading{}, err
	}
	defer func() {
		if p := recover(); p != nil {
			out, err = Reading{}, damaged(fmt.Errorf("read workbook: %v", p))
		}
	}()
	if p := f.payload; p != nil {
		out.Procurement, out.Language, out.Bidder, out.Sets = p.Procurement, p.Language, p.Bidder, p.Sets
	}
	out.Rows = rd.each(f, known, []string{colMet, colAnswer, colEvidence, colDeviation}, func(id string, a answered) {
		out.Answers = append(out.Answers, procurement.ResponseAnswer{
			Requirement: id, Status: a.status, Statement: a.statement, EvidenceRef: a.evidence, Deviation: a.deviation,
		})
	})
	stands := map[string]bool{}
	for _, r := range out.Rows {
		stands[r.Requirement] = true
	}
	for _, id := range known.ids() {
		if t := f.tables[0]; !stands[id] {
			out.Rows = append(out.Rows, RowReport{Sheet: t.sheet, Cell: t.name(colID, t.header), Requirement: id, Outcome: OutcomeMissing,
				Key: "workbook.row.missing", Args: problem.Args{"Requirement": id}})
		}
	}
	return out, nil
}

// each goes through the rows of every table, gives what was read to keep and
// returns the reports. inputs are the columns the supplier fills in.
func (rd *Reader) each(f *opened, known Known, inputs []string, keep func(id string, a answered)) []RowReport {
	w := walk{rd: rd, official: officials(f, known), inputs: inputs, keep: keep, seen: map[string]*row{}}
	for _, t := range f.tables {
		for i := t.header; i < len(t.rows); i++ {
			r := &row{table: t, number: i + 1, cells: t.rows[i]}
			w.row(r)
			w.reports = append(w.reports, r.report...)
		}
	}
	for _, id := range w.official.order {
		if w.seen[id] == nil {
			t := f.home(w.official.rows[id].Sheet)
			w.reports = append(w.reports, RowReport{Sheet: t.sheet, Cell: t.name(colID, t.header), Requirement: id, Outcome: OutcomeAltered,
				Key: "workbook.row.absent", Args: problem.Args{"Requirement": id}})
		}
	}
	return w.reports
}

// home is the table on a sheet, or the first when there is none.
func (o *opened) home(sheet string) *table {
	for _, t := range o.tables {
		if t.sheet == sheet {
			return t
		}
	}
	return o.tables[0]
}

// walk is a reading of rows under way.
type walk struct {
	rd       *Reader
	official reference
	inputs   []string
	keep     func(id string, a answered)
	seen     map[string]*row
	reports  []RowReport
}

func (w *walk) row(r *row) {
	r.id = clip(oneLine(r.cell(colID)), 60)
	filled := slices.ContainsFunc(w.inputs, func(role string) bool { return r.cell(role) != "" })
	if r.id == "" && !filled {
		return
	}
	if !w.official.has(r.id) {
		if _, was := w.official.rows[r.id]; was {
			r.note(colID, OutcomeLeftOut, "left-out", problem.Args{"Requirement": r.id})
		} else if filled || strings.HasPrefix(r.id, "K-") {
			r.note(colID, OutcomeUnknown, "unknown", problem.Args{"Requirement": r.id})
		}
		return
	}
	if first := w.seen[r.id]; first != nil {
		cell := first.name(colID, first.number)
		if first.sheet != r.sheet {
			cell = first.sheet + "!" + cell
		}
		r.note(colID, OutcomeRefused, "repeated", problem.Args{"Requirement": r.id, "Cell": cell})
		return
	}
	w.seen[r.id] = r
	w.official.compare(w.rd, r)
	a := w.rd.answers(r, w.inputs, filled)
	switch {
	case len(obstacles(r.report)) > 0:
	case filled:
		if len(r.report) == 0 {
			r.note(colMet, OutcomeRead, "read", nil)
		}
		w.keep(r.id, a)
	case len(r.report) > 0:
	default:
		r.note(colMet, OutcomeEmpty, "empty", nil)
	}
}

// answers reads the answer cells and notes what is wrong with them. inputs
// are the columns of the answer, its words, its evidence and perhaps more.
func (rd *Reader) answers(r *row, inputs []string, filled bool) answered {
	a := answered{statement: r.cell(colAnswer), evidence: r.cell(inputs[2]), deviation: r.cell(colDeviation)}
	formula := false
	for _, role := range inputs {
		if r.isFormula(role, r.number) {
			r.note(role, OutcomeRefused, "formula", nil)
			formula = true
		}
		longest := maxStatement
		if role == inputs[2] {
			longest = maxEvidence
		}
		if n := utf8.RuneCountInString(r.cell(role)); role != colMet && n > longest {
			r.note(role, OutcomeRefused, "long", problem.Args{"Max": longest})
		}
	}
	if formula || !filled {
		return a
	}
	word := r.cell(colMet)
	if word == "" {
		r.note(colMet, OutcomeRefused, "no-answer", nil)
		return a
	}
	status, ok := rd.words.answer(word)
	if !ok {
		r.note(colMet, OutcomeRefused, "word", problem.Args{"Value": clip(oneLine(word), 60)})
		return a
	}
	a.status = status
	if status != attestation.Met && a.statement == "" {
		r.note(colAnswer, OutcomeRefused, "explain", problem.Args{"Answer": clip(oneLine(word), 60)})
	}
	return a
}

// reference is what the official cells of a file are compared with.
type reference struct {
	known Known
	rows  map[string]payloadRow
	order []string
	lang  string
}

func officials(f *opened, known Known) reference {
	o := reference{known: known, rows: map[string]payloadRow{}}
	if f.payload == nil {
		return o
	}
	o.lang = f.payload.Language
	for _, p := range f.payload.Rows {
		if _, again := o.rows[p.ID]; !again {
			o.rows[p.ID] = p
			if known == nil {
				o.order = append(o.order, p.ID)
				continue
			}
			if _, ok := known[p.ID]; ok {
				o.order = append(o.order, p.ID)
			}
		}
	}
	return o
}

// has reports whether the id is one of the workbook's requirements. Without
// anything to compare with, an id of our form is believed.
func (o reference) has(id string) bool {
	if o.known != nil {
		_, ok := o.known[id]
		return ok
	}
	if len(o.rows) > 0 {
		_, ok := o.rows[id]
		return ok
	}
	return strings.HasPrefix(id, "K-") && !strings.ContainsAny(id, " \n")
}

// compare notes every official cell that says something else than it should.
// Where it says what it did when the file was made, by the file's own word, it is
// the tender that is another now: another text must be answered anew, and the
// type is the buyer's own business.
func (o reference) compare(rd *Reader, r *row) {
	stated, inFile := o.rows[r.id]
	asMade := inFile && fingerprint(r.cell(colRequirement)) == stated.Text
	textFine := !inFile || asMade
	docFine := !inFile || r.columns[colDocument] < 1 || fingerprint(r.cell(colDocument)) == stated.Documentation
	wantType := stated.Type
	args := problem.Args{"Requirement": r.id}
	if o.known != nil {
		official := o.known[r.id]
		q := official.Requirement
		textFine = false
		for _, lang := range locale.Languages() {
			textFine = textFine || oneLine(r.cell(colRequirement)) == oneLine(q.Title.In(lang)+"\n"+q.Text.In(lang))
		}
		switch now := oneLine(r.cell(colType)); {
		case official.Type == "":
		case r.columns[colType] > 0 && inFile && now == stated.Type && now != official.Type:
			r.note(colType, OutcomeRead, "other-type", problem.Args{"Requirement": r.id, "Type": official.Type, "Stated": now})
		default:
			wantType = official.Type
		}
	}
	switch {
	case r.columns[colRequirement] < 1 || textFine:
	case asMade:
		r.note(colRequirement, OutcomeAltered, "other-text", args)
	default:
		r.note(colRequirement, OutcomeAltered, "altered-text", args)
	}
	if !docFine {
		r.note(colDocument, OutcomeAltered, "altered-documentation", args)
	}
	was := func(role, key, want string) {
		if now := oneLine(r.cell(role)); r.columns[role] > 0 && now != want {
			r.note(role, OutcomeAltered, key, problem.Args{"Requirement": r.id, "Was": want, "Now": clip(now, 40)})
		}
	}
	if wantType != "" {
		was(colType, "altered-type", wantType)
	}
	if inFile && r.payload.Kind == kindTender {
		was(colKind, "altered-kind", rd.texts.In(o.lang).T("kind."+stated.Kind))
		was(colWeight, "altered-weight", weight(stated.Weight))
		was(colNumber, "altered-number", stated.Number)
	}
}
