package patch

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// The reasons why one cell cannot be changed.
var (
	// ErrFormula is a cell that holds a formula, or is filled by one.
	ErrFormula = errors.New("cell holds a formula")
	// ErrMerged is a cell that is hidden behind another it is joined with.
	ErrMerged = errors.New("cell is joined with another")
	// ErrTwice is two edits of the same cell.
	ErrTwice = errors.New("cell is changed twice")
)

// CellError is a change that cannot be made, with the cell it is about.
type CellError struct {
	Sheet string
	Cell  Ref
	Err   error
}

func (e *CellError) Error() string { return fmt.Sprintf("%s!%s: %v", e.Sheet, e.Cell, e.Err) }
func (e *CellError) Unwrap() error { return e.Err }

// Edit gives a cell a text; an empty one empties it. A number is written as a
// number when Number is set and Text reads as one.
type Edit struct {
	Cell   Ref
	Text   string
	Number bool
	// Like names a cell whose looks a new cell takes; without it a new cell
	// looks as its row or column says. A cell that is there keeps its looks.
	Like Ref
	// Style is the number of a cell format of the file that the cell gets, new or
	// not; 0 is none.
	Style int
}

// Change is an edit that was made, with the text before it.
type Change struct {
	Sheet         string
	Cell          Ref
	Before, After string
}

// Apply makes all the edits in one sheet, or none. Cells that would get the
// text they have are left alone, save that an empty cell the sheet does not
// write down is written to look like another. The error is a *CellError, or wraps
// ErrDamaged.
func (f *File) Apply(s *Sheet, edits []Edit) ([]Change, error) {
	g, err := f.Grid(s)
	if err != nil {
		return nil, err
	}
	todo := slices.Clone(edits)
	slices.SortFunc(todo, func(a, b Edit) int {
		return cmp.Or(a.Cell.Row-b.Cell.Row, a.Cell.Col-b.Cell.Col)
	})
	var changes []Change
	kept := todo[:0]
	for i, e := range todo {
		e.Text = writable(e.Text)
		if i > 0 && todo[i-1].Cell == e.Cell {
			return nil, &CellError{s.Name, e.Cell, ErrTwice}
		}
		if err := g.refuses(e.Cell); err != nil {
			return nil, &CellError{s.Name, e.Cell, err}
		}
		before := g.Cell(e.Cell)
		if before.Text != e.Text {
			changes = append(changes, Change{s.Name, e.Cell, before.Text, e.Text})
		} else if e.Style == 0 && (e.Text != "" || e.Like == (Ref{}) || g.written(e.Cell)) {
			continue
		}
		kept = append(kept, e)
	}
	if len(kept) == 0 {
		return changes, nil
	}
	w := &writer{data: s.data, grid: g, edits: kept}
	data, err := w.sheet()
	if err != nil {
		return nil, fmt.Errorf("change sheet %q: %w", s.Name, err)
	}
	f.set(s, data)
	return changes, nil
}

// set gives a sheet new content.
func (f *File) set(s *Sheet, data []byte) {
	s.data, s.grid = data, nil
	f.change(s.part, data)
}

// written reports whether the sheet writes a cell down.
func (g *Grid) written(c Ref) bool {
	r, ok := g.Row(c.Row)
	return ok && slices.ContainsFunc(r.Cells, func(x Cell) bool { return x.Col == c.Col })
}

func (g *Grid) refuses(c Ref) error {
	if c.Col < 1 || c.Row < 1 || c.Col > MaxColumn || c.Row > MaxRow {
		return fmt.Errorf("%w: no such cell", ErrDamaged)
	}
	if g.Cell(c).Formula {
		return ErrFormula
	}
	for _, a := range g.Arrays {
		if a.Has(c) {
			return ErrFormula
		}
	}
	if m, ok := g.MergedAt(c); ok && m.From != c {
		return ErrMerged
	}
	return nil
}

// writer copies a sheet and puts the edits in. pos is how far it has copied.
type writer struct {
	data  []byte
	grid  *Grid
	edits []Edit
	out   bytes.Buffer
	pos   int
	// open is the last element that new ones take their prefix from.
	open tag
}

func (w *writer) copyTo(pos int) {
	w.out.Write(w.data[w.pos:pos])
	w.pos = pos
}

// row takes the edits of one row off the list.
func (w *writer) row(number int) []Edit {
	n := 0
	for n < len(w.edits) && w.edits[n].Cell.Row == number {
		n++
	}
	out := w.edits[:n]
	w.edits = w.edits[n:]
	return out
}

func (w *writer) sheet() ([]byte, error) {
	bounds := Range{w.edits[0].Cell, w.edits[0].Cell}
	for _, e := range w.edits {
		bounds = bounds.with(e.Cell)
	}
	number, seen, inside := 0, false, false
	s := tags{data: w.data}
	for {
		t, ok := s.next()
		if !ok {
			break
		}
		switch {
		case t.opens("dimension"):
			w.dimension(t, bounds)
		case t.opens("sheetData"):
			seen, inside, w.open = true, !t.empty, t
			if t.empty {
				w.copyTo(t.start)
				fmt.Fprintf(&w.out, "<%s%s>", t.qualified("sheetData"), t.attributes)
				w.newRows(MaxRow + 1)
				fmt.Fprintf(&w.out, "</%s>", t.qualified("sheetData"))
				w.pos = t.end
			}
		case t.closes("sheetData"):
			inside = false
			w.copyTo(t.start)
			w.newRows(MaxRow + 1)
		case t.opens("row") && inside:
			next, err := rowNumber(t, number)
			if err != nil {
				return nil, err
			}
			number, w.open = next, t
			w.copyTo(t.start)
			w.newRows(number)
			if edits := w.row(number); len(edits) > 0 {
				if err := w.changeRow(&s, t, edits); err != nil {
					return nil, err
				}
			} else {
				s.pass(t)
			}
		}
	}
	if !seen || len(w.edits) > 0 {
		return nil, fmt.Errorf("%w: no rows", ErrDamaged)
	}
	w.copyTo(len(w.data))
	return w.out.Bytes(), nil
}

func (r Range) with(c Ref) Range {
	return Range{Ref{min(r.From.Col, c.Col), min(r.From.Row, c.Row)}, Ref{max(r.To.Col, c.Col), max(r.To.Row, c.Row)}}
}

// dimension widens the stated size of the sheet, which some readers trust.
func (w *writer) dimension(t tag, bounds Range) {
	old, ok := ParseRange(t.attr("ref"))
	if !ok {
		return
	}
	wider := old.with(bounds.From).with(bounds.To)
	if wider == old {
		return
	}
	w.replace(t, t.with("ref", wider.String()))
}

// replace writes a tag again with other attributes.
func (w *writer) replace(t tag, attributes []byte) {
	w.copyTo(t.attrStart)
	w.out.Write(attributes)
	w.pos = t.attrStart + len(t.attributes)
}

// newRows writes rows that the sheet does not write down, before one it does.
func (w *writer) newRows(before int) {
	for len(w.edits) > 0 && w.edits[0].Cell.Row < before {
		number := w.edits[0].Cell.Row
		fmt.Fprintf(&w.out, `<%s r="%d">`, w.open.qualified("row"), number)
		for _, e := range w.row(number) {
			w.newCell(e, w.grid.columnStyle(e.Cell.Col))
		}
		fmt.Fprintf(&w.out, "</%s>", w.open.qualified("row"))
	}
}

func (w *writer) changeRow(s *tags, t tag, edits []Edit) error {
	w.replace(t, w.spans(t, edits))
	row, _ := w.grid.Row(edits[0].Cell.Row)
	style := func(col int) int {
		if row.Style > 0 {
			return row.Style
		}
		return w.grid.columnStyle(col)
	}
	if t.empty {
		w.out.WriteByte('>')
		for _, e := range edits {
			w.newCell(e, style(e.Cell.Col))
		}
		fmt.Fprintf(&w.out, "</%s>", t.qualified("row"))
		w.pos = t.end
		return nil
	}
	col := 0
	for {
		c, ok := s.next()
		if !ok {
			return fmt.Errorf("%w: row %d does not end", ErrDamaged, row.Number)
		}
		before, here := MaxColumn+1, false
		switch {
		case c.closes("row"):
		case c.opens("c"):
			next, err := cellColumn(c, col)
			if err != nil {
				return err
			}
			col, before, here = next, next, true
			w.open = c
		default:
			if !c.closing {
				s.pass(c)
			}
			continue
		}
		w.copyTo(c.start)
		for len(edits) > 0 && edits[0].Cell.Col < before {
			w.newCell(edits[0], style(edits[0].Cell.Col))
			edits = edits[1:]
		}
		if !here {
			return nil
		}
		end := c.end
		if !c.empty {
			s.until("c")
			end = s.pos
		}
		if len(edits) > 0 && edits[0].Cell.Col == col {
			// What the cell says about a formula's or a picture's value goes
			// with that value.
			attributes := bytes.TrimRight(c.without("t", "cm", "vm"), " \t\r\n")
			if e := edits[0]; e.Style > 0 {
				attributes = (tag{attributes: attributes}).with("s", strconv.Itoa(e.Style))
			}
			w.cell(c.qualified, attributes, edits[0])
			w.pos = end
			edits = edits[1:]
		}
	}
}

// spans widens a row's hint about its columns.
func (w *writer) spans(t tag, edits []Edit) []byte {
	from, to, ok := strings.Cut(t.attr("spans"), ":")
	a, err := strconv.Atoi(from)
	b, err2 := strconv.Atoi(to)
	if !ok || err != nil || err2 != nil {
		return t.attributes
	}
	return t.with("spans", fmt.Sprintf("%d:%d", min(a, edits[0].Cell.Col), max(b, edits[len(edits)-1].Cell.Col)))
}

func (w *writer) newCell(e Edit, style int) {
	if e.Like != (Ref{}) {
		if r, there := w.grid.Row(e.Like.Row); there {
			style = r.Style
			if style == 0 {
				style = w.grid.columnStyle(e.Like.Col)
			}
			if i := slices.IndexFunc(r.Cells, func(c Cell) bool { return c.Col == e.Like.Col }); i >= 0 {
				style = r.Cells[i].Style
			}
		}
	}
	if e.Style > 0 {
		style = e.Style
	}
	attributes := ` r="` + e.Cell.String() + `"`
	if style > 0 {
		attributes += ` s="` + strconv.Itoa(style) + `"`
	}
	w.cell(w.open.qualified, []byte(attributes), e)
}

func (w *writer) cell(name func(string) string, attributes []byte, e Edit) {
	c := name("c")
	switch {
	case e.Text == "":
		fmt.Fprintf(&w.out, "<%s%s/>", c, attributes)
	case e.Number && number.MatchString(e.Text):
		fmt.Fprintf(&w.out, "<%s%s><%s>%s</%s></%s>", c, attributes, name("v"), e.Text, name("v"), c)
	default:
		is, t := name("is"), name("t")
		fmt.Fprintf(&w.out, `<%s%s t="inlineStr"><%s><%s xml:space="preserve">%s</%s></%s></%s>`, c, attributes, is, t, escapeText(e.Text), t, is, c)
	}
}

var (
	number = regexp.MustCompile(`^-?[0-9]{1,15}(\.[0-9]{1,15})?$`)
	// escaped is text that a reader would take for an escape.
	escaped     = regexp.MustCompile(`^_x[0-9A-Fa-f]{4}_`)
	textEscaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")
)

var lineBreaks = strings.NewReplacer("\r\n", "\n", "\r", "\n")

// writable is a text as a cell can hold it: characters that XML cannot hold are
// left out, and lines end in one way.
func writable(s string) string {
	return lineBreaks.Replace(strings.Map(func(r rune) rune {
		if r < 0x20 && r != '\n' && r != '\t' && r != '\r' || r == 0xfffe || r == 0xffff {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD")))
}

// escapeText writes a text so that every reader gets the same back.
func escapeText(s string) string {
	s = writable(s)
	if strings.Contains(s, "_x") {
		var out strings.Builder
		for i := range len(s) { // bytes: an underscore is one, and no part of another character
			if s[i] == '_' && escaped.MatchString(s[i:min(len(s), i+7)]) {
				out.WriteString("_x005F")
			}
			out.WriteByte(s[i])
		}
		s = out.String()
	}
	return textEscaper.Replace(s)
}
