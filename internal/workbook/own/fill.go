package own

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"felleskrav/internal/attestation"
	"felleskrav/internal/problem"
	"felleskrav/internal/workbook/patch"
)

// Answer is a bidder's answer to one of our requirements. Word is the answer
// in the language of the file, used where the body has no words of its own.
type Answer struct {
	Status    attestation.AnswerStatus
	Word      string
	Statement string
	Reference string
	Deviation string
}

// Added is a column that is added to the right of a table: its header, and
// what stands beside each requirement.
type Added struct {
	Header string
	Width  float64
	// Values are by requirement.
	Values map[string]string
}

// Insertion is one of our requirements as it is put into a table.
type Insertion struct {
	Requirement string
	Theme, Text string
	Instruction string
	// Meaning is minimum or scored; the body's own code for it is used.
	Meaning Meaning
	// Weight is 0 for none.
	Weight int
}

// Filling is what is to be done with one table.
type Filling struct {
	Table Table
	// Rows are the requirements that rows equal, as a person confirmed.
	Rows map[int]string
	// Answers are by requirement.
	Answers map[string]Answer
	// Columns are added to the right.
	Columns []Added
	// Insert is put below the last row.
	Insert []Insertion
}

// Skip is a cell that was left as it is, and why: Key is a text
// "workbook.own.skip." and the reason.
type Skip struct {
	Sheet       string
	Cell        string
	Requirement string
	Key         string
	Args        problem.Args
}

// Report tells all that was done with a file, and what was left.
type Report struct {
	Changes []patch.Change
	Skips   []Skip
	// Parts are the parts of the file that are not the bytes they were.
	Parts []string
}

// Fill does what is to be done with each table of a file. All of it is done,
// or the file is as it was. The error is a *problem.Error about a table, or
// wraps patch.ErrDamaged.
func Fill(f *patch.File, fillings []Filling) (Report, error) {
	var out Report
	for _, x := range fillings {
		s, ok := f.Sheet(x.Table.Sheet)
		if !ok {
			return Report{}, problem.New(problem.Invalid, "workbook.own.no-sheet", problem.Args{"Sheet": problem.Clip(x.Table.Sheet)})
		}
		g, err := f.Grid(s)
		if err != nil {
			return Report{}, err
		}
		p := &plan{Filling: x, view: newView(g), taken: map[patch.Ref]bool{}}
		p.answers()
		if err := p.insert(); err != nil {
			return Report{}, err
		}
		p.columns()
		changes, err := f.Apply(s, p.edits)
		if err != nil {
			return Report{}, fmt.Errorf("fill %q: %w", s.Name, err)
		}
		if err := stands(f, s, changes); err != nil {
			return Report{}, err
		}
		if err := f.Widen(s, p.widths); err != nil {
			return Report{}, err
		}
		if len(x.Insert) > 0 {
			if err := f.Extend(s, x.Table.area(), x.Table.Last+len(x.Insert)); err != nil {
				return Report{}, err
			}
		}
		out.Changes, out.Skips = append(out.Changes, changes...), append(out.Skips, p.skips...)
	}
	if len(out.Changes) > 0 {
		if err := f.Recalculate(); err != nil {
			return Report{}, err
		}
	}
	out.Parts = f.Touched()
	return out, nil
}

// stands reports whether what was filled in is read where it was put. In a
// sheet whose elements do not match it may not be: other programs would see
// something else, or refuse the file.
func stands(f *patch.File, s *patch.Sheet, changes []patch.Change) error {
	if len(changes) == 0 {
		return nil
	}
	g, err := f.Grid(s)
	if err != nil {
		return err
	}
	for _, c := range changes {
		if now := g.Cell(c.Cell); now.Formula || now.Text == "" && c.After != "" {
			return fmt.Errorf("fill %q: %w: %s does not hold what was put in it", s.Name, patch.ErrDamaged, c.Cell)
		}
	}
	return nil
}

// plan collects the edits of one table.
type plan struct {
	Filling
	view   *view
	edits  []patch.Edit
	skips  []Skip
	taken  map[patch.Ref]bool
	widths map[int]float64
	looks  map[int]patch.Ref
}

func (p *plan) skip(c patch.Ref, requirement, reason string, args problem.Args) {
	p.skips = append(p.skips, Skip{p.Table.Sheet, c.String(), requirement, "workbook.own.skip." + reason, args})
}

// put fills an empty cell. One that has another text, or is not free, stays.
func (p *plan) put(row, col int, requirement, text string) {
	if col == 0 || text == "" {
		return
	}
	c := patch.Ref{Col: col, Row: row}
	now := p.view.grid.Cell(c)
	m, joined := p.view.grid.MergedAt(c)
	switch {
	case now.Formula || p.view.arrayed(c):
		p.skip(c, requirement, "formula", nil)
	case joined && m.From != c, joined && m.To.Row > row:
		p.skip(c, requirement, "joined", problem.Args{"Range": m.String()})
	case now.Text != "" && strings.TrimSpace(now.Text) != text:
		p.skip(c, requirement, "occupied", problem.Args{"Text": problem.Clip(now.Text)})
	case p.taken[c]:
		p.skip(c, requirement, "twice", nil)
	default:
		p.taken[c] = true
		p.edits = append(p.edits, patch.Edit{Cell: c, Text: text, Like: p.like(col)})
	}
}

// like is the cell whose looks a new one of its column takes: the first of
// the table's rows that has any.
func (p *plan) like(col int) patch.Ref {
	if like, known := p.looks[col]; known {
		return like
	}
	like := patch.Ref{}
	for _, l := range p.Table.Lines {
		if r, ok := p.view.grid.Row(l.Row); ok && r.Cell(col).Style > 0 {
			like = patch.Ref{Col: col, Row: l.Row}
			break
		}
	}
	if p.looks == nil {
		p.looks = map[int]patch.Ref{}
	}
	p.looks[col] = like
	return like
}

func (v *view) arrayed(c patch.Ref) bool {
	return slices.ContainsFunc(v.grid.Arrays, func(r patch.Range) bool { return r.Has(c) })
}

// answers fills a bidder's answers in beside the rows they belong to.
func (p *plan) answers() {
	if len(p.Answers) == 0 {
		return
	}
	t := p.Table
	ticks := t.ticks()
	met, answer, reference, deviation := t.Column(RoleMet), t.Column(RoleAnswer), t.Column(RoleReference), t.Column(RoleDeviation)
	for _, l := range t.Lines {
		requirement := p.Rows[l.Row]
		a, ok := p.Answers[requirement]
		if requirement == "" || !ok {
			continue
		}
		text := a.Statement
		word, said := "", false
		if col := ticks[a.Status]; col > 0 {
			said = true
			p.put(l.Row, col, requirement, "x")
		} else if ticks != nil {
			p.skip(patch.Ref{Col: t.Column(RoleText), Row: l.Row}, requirement, "no-tick", problem.Args{"Answer": a.Word})
		} else if met > 0 {
			if word, said = t.Word(a.Status, a.Word); said {
				p.put(l.Row, met, requirement, word)
			} else {
				p.skip(patch.Ref{Col: met, Row: l.Row}, requirement, "no-word", problem.Args{"Answer": a.Word, "Words": strings.Join(t.Words, ", ")})
			}
		}
		if !said && a.Word != "" {
			// What the column for it cannot say, the text says.
			text = strings.TrimSpace(a.Word + ". " + text)
		}
		if answer == 0 && text != "" {
			p.skip(patch.Ref{Col: t.Column(RoleText), Row: l.Row}, requirement, "no-column", nil)
		}
		p.put(l.Row, answer, requirement, text)
		if reference == 0 && a.Reference != "" {
			p.skip(patch.Ref{Col: t.Column(RoleText), Row: l.Row}, requirement, "no-reference", nil)
		}
		p.put(l.Row, reference, requirement, a.Reference)
		p.put(l.Row, deviation, requirement, a.Deviation)
	}
}

// insert puts requirements below the last row, where there is room for them.
func (p *plan) insert() error {
	t := p.Table
	if len(p.Insert) == 0 {
		return nil
	}
	columns, codes := t.Open()
	if len(columns)+len(codes) > 0 {
		return problem.New(problem.Invalid, "workbook.own.open", problem.Args{"Sheet": problem.Clip(t.Sheet), "Row": t.Header[len(t.Header)-1], "Open": unsettled(columns, codes)})
	}
	for i := range p.Insert {
		if row := t.Last + 1 + i; !p.free(row) {
			return problem.New(problem.Invalid, "workbook.own.no-room", problem.Args{"Sheet": problem.Clip(t.Sheet), "Need": len(p.Insert), "Free": i, "Row": row, "Count": len(p.Insert) - i})
		}
	}
	for i, in := range p.Insert {
		row := t.Last + 1 + i
		put := func(role Role, text string, number bool) {
			if col := t.Column(role); col > 0 && text != "" {
				p.edits = append(p.edits, patch.Edit{Cell: patch.Ref{Col: col, Row: row}, Text: text, Number: number, Like: patch.Ref{Col: col, Row: t.Last}})
			}
		}
		put(RoleID, in.Requirement, false)
		put(RoleTheme, in.Theme, false)
		put(RoleText, in.Text, false)
		put(RoleInstruction, in.Instruction, false)
		if in.Weight > 0 {
			put(RoleWeight, strconv.Itoa(in.Weight), true)
		}
		if col := t.Column(RoleType); col > 0 {
			if i := slices.IndexFunc(t.Codes, func(c Code) bool { return c.Meaning == in.Meaning }); i >= 0 {
				put(RoleType, t.Codes[i].Value, false)
			} else {
				p.skip(patch.Ref{Col: col, Row: row}, in.Requirement, "no-code", problem.Args{"Meaning": string(in.Meaning)})
			}
		}
		// Cells for the bidder look as those above.
		for _, c := range t.Columns {
			if ofSupplier[c.Role] || c.Role == RolePoints || c.Role == RoleComment {
				p.edits = append(p.edits, patch.Edit{Cell: patch.Ref{Col: c.Col, Row: row}, Like: patch.Ref{Col: c.Col, Row: t.Last}})
			}
		}
	}
	return nil
}

// unsettled lists columns and codes as people know them: «C (Type), «A»».
func unsettled(columns []Column, codes []Code) string {
	const most = 12 // more would tell nobody anything
	var out []string
	for _, c := range columns {
		out = append(out, c.Name()+" («"+problem.Clip(c.Header)+"»)")
	}
	for _, c := range codes {
		out = append(out, "«"+problem.Clip(c.Value)+"»")
	}
	if len(out) > most {
		out = append(out[:most], "…")
	}
	return strings.Join(out, ", ")
}

// free reports whether nothing stands in a row of the table.
func (p *plan) free(row int) bool {
	for _, c := range p.Table.Columns {
		ref := patch.Ref{Col: c.Col, Row: row}
		cell := p.view.grid.Cell(ref)
		if _, joined := p.view.grid.MergedAt(ref); joined || cell.Text != "" || cell.Formula {
			return false
		}
	}
	return row <= patch.MaxRow
}

// columns adds columns beside the table, in the first place to the right that
// is empty all the way down.
func (p *plan) columns() {
	t := p.Table
	if len(p.Columns) == 0 {
		return
	}
	last := t.Columns[len(t.Columns)-1].Col
	start := last + 1
	for n := 0; n < len(p.Columns) && start+n < patch.MaxColumn; {
		if p.vacant(start+n, t.Header[0], t.Last) {
			n++
			continue
		}
		start, n = start+n+1, 0
	}
	like := t.Column(RoleAnswer)
	if like == 0 {
		like = t.Column(RoleText)
	}
	headLike := patch.Ref{Col: last, Row: t.head}
	if m, ok := p.view.grid.MergedAt(headLike); ok {
		headLike = m.From
	}
	p.widths = map[int]float64{}
	for i, a := range p.Columns {
		col := start + i
		p.widths[col] = a.Width
		p.edits = append(p.edits, patch.Edit{Cell: patch.Ref{Col: col, Row: t.head}, Text: a.Header, Like: headLike})
		for _, l := range t.Lines {
			if text := a.Values[p.Rows[l.Row]]; p.Rows[l.Row] != "" && text != "" {
				p.edits = append(p.edits, patch.Edit{Cell: patch.Ref{Col: col, Row: l.Row}, Text: text, Like: patch.Ref{Col: like, Row: l.Row}})
			}
		}
	}
}

// vacant reports whether a column is empty beside the table.
func (p *plan) vacant(col, from, to int) bool {
	for row := from; row <= to; row++ {
		ref := patch.Ref{Col: col, Row: row}
		if _, joined := p.view.merged[ref]; joined || p.view.arrayed(ref) {
			return false
		}
		if c := p.view.grid.Cell(ref); c.Text != "" || c.Formula {
			return false
		}
	}
	return true
}

// Problem turns what package patch says about a file into a text for people;
// other errors stay.
func Problem(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, patch.ErrSigned):
		return problem.New(problem.Refused, "workbook.own.signed", nil)
	case errors.Is(err, patch.ErrDamaged):
		return problem.New(problem.Invalid, "workbook.error.damaged", nil).Because(err)
	}
	return err
}
