package patch

import (
	"bytes"
	"fmt"
	"html"
	"slices"
	"strconv"
	"strings"
)

// Kind says what a cell holds.
type Kind int

// The kinds.
const (
	Empty Kind = iota
	Text
	Number
	Bool
	Error
)

// Cell is one cell that the file writes down. Text is its value as text, for
// a formula the value it had when the file was saved; numbers have at most 15
// digits, as programs show them, and no number format.
type Cell struct {
	Col     int
	Style   int
	Kind    Kind
	Formula bool
	Text    string
}

// Row is one row that the file writes down.
type Row struct {
	Number int
	Hidden bool
	// Style is that of cells the row does not write down; 0 for none.
	Style int
	Cells []Cell // by rising column
}

// Cell gives the cell in a column, empty when there is none.
func (r Row) Cell(col int) Cell {
	i, ok := slices.BinarySearchFunc(r.Cells, col, func(c Cell, col int) int { return c.Col - col })
	if !ok {
		return Cell{Col: col}
	}
	return r.Cells[i]
}

// Columns is a run of columns with the same looks.
type Columns struct {
	From, To int
	Hidden   bool
	Style    int
}

// Grid is what stands on a sheet.
type Grid struct {
	Rows    []Row // by rising number
	Columns []Columns
	Merged  []Range
	// Arrays are the ranges of formulas that fill several cells.
	Arrays []Range
	// Lists are the drop-downs: where, and the values when they stand in the
	// rule itself.
	Lists []List
	// MaxCol is the last column with a cell.
	MaxCol int
	// Formulas tells that some cell has one.
	Formulas bool
	// Protected tells that locked cells cannot be typed into.
	Protected bool
}

// List is a drop-down.
type List struct {
	Where  []Range
	Values []string
}

// Row gives a row by number; ok is false when the file does not write it down.
func (g *Grid) Row(number int) (Row, bool) {
	i, ok := slices.BinarySearchFunc(g.Rows, number, func(r Row, n int) int { return r.Number - n })
	if !ok {
		return Row{Number: number}, false
	}
	return g.Rows[i], true
}

// Cell gives a cell, empty when there is none.
func (g *Grid) Cell(ref Ref) Cell {
	r, _ := g.Row(ref.Row)
	return r.Cell(ref.Col)
}

// MergedAt gives the range a cell is joined in.
func (g *Grid) MergedAt(c Ref) (Range, bool) {
	for _, m := range g.Merged {
		if m.Has(c) {
			return m, true
		}
	}
	return Range{}, false
}

// HiddenColumn reports whether a column is not shown.
func (g *Grid) HiddenColumn(col int) bool {
	for _, c := range g.Columns {
		if col >= c.From && col <= c.To {
			return c.Hidden
		}
	}
	return false
}

// columnStyle is the style of cells that are not written down.
func (g *Grid) columnStyle(col int) int {
	for _, c := range g.Columns {
		if col >= c.From && col <= c.To {
			return c.Style
		}
	}
	return 0
}

// Grid reads a sheet, once. The error wraps ErrDamaged.
func (f *File) Grid(s *Sheet) (*Grid, error) {
	if s.grid != nil {
		return s.grid, nil
	}
	g, err := f.readGrid(s.data)
	if err != nil {
		return nil, fmt.Errorf("read sheet %q: %w", s.Name, err)
	}
	s.grid = g
	return g, nil
}

func truth(s string) bool { return s == "1" || strings.EqualFold(s, "true") }

func (f *File) readGrid(data []byte) (*Grid, error) {
	g := &Grid{}
	read := false // whether the rows have been
	for s := (tags{data: data}); ; {
		t, ok := s.next()
		if !ok {
			break
		}
		if t.closing {
			continue
		}
		switch t.name {
		case "col":
			// After the rows it is another's: where a drawing or a control stands.
			if !read {
				g.Columns = append(g.Columns, columns(t))
			}
		case "sheetData":
			if read {
				return nil, fmt.Errorf("%w: rows in two places", ErrDamaged)
			}
			read = true
			if !t.empty {
				if err := f.readRows(&s, g); err != nil {
					return nil, err
				}
			}
		case "mergeCell":
			if m, ok := ParseRange(t.attr("ref")); ok {
				g.Merged = append(g.Merged, m)
			}
		case "sheetProtection":
			g.Protected = truth(t.attr("sheet"))
		case "dataValidation":
			g.readList(&s, t)
		}
	}
	return g, nil
}

// misplaced is an end where another should be.
func misplaced(t tag, within string) error {
	return fmt.Errorf("%w: </%s> within a %s", ErrDamaged, t.name, within)
}

func (f *File) readRows(s *tags, g *Grid) error {
	number := 0
	for {
		t, ok := s.next()
		switch {
		case !ok:
			return fmt.Errorf("%w: the rows do not end", ErrDamaged)
		case t.closes("sheetData"):
			return nil
		case t.closing:
			return misplaced(t, "sheet")
		case t.name != "row":
			s.pass(t)
			continue
		}
		next, err := rowNumber(t, number)
		if err != nil {
			return err
		}
		number = next
		row := Row{Number: number, Hidden: truth(t.attr("hidden"))}
		if truth(t.attr("customFormat")) {
			row.Style, _ = strconv.Atoi(t.attr("s"))
		}
		if !t.empty {
			if err := f.readRow(s, g, &row); err != nil {
				return err
			}
		}
		g.Rows = append(g.Rows, row)
	}
}

func columns(t tag) Columns {
	c := Columns{Hidden: truth(t.attr("hidden"))}
	c.From, _ = strconv.Atoi(t.attr("min"))
	c.To, _ = strconv.Atoi(t.attr("max"))
	c.Style, _ = strconv.Atoi(t.attr("style"))
	return c
}

// rowNumber is a row's own number, or the one after the row before (ECMA-376
// part 1, § 18.3.1.73: r is optional). Rows must rise.
func rowNumber(t tag, before int) (int, error) {
	n := before + 1
	if r := t.attr("r"); r != "" {
		v, err := strconv.Atoi(r)
		if err != nil {
			return 0, fmt.Errorf("%w: row %q", ErrDamaged, r)
		}
		n = v
	}
	if n <= before || n > MaxRow {
		return 0, fmt.Errorf("%w: row %d after row %d", ErrDamaged, n, before)
	}
	return n, nil
}

// cellColumn is a cell's own column, or the one after the cell before.
func cellColumn(t tag, before int) (int, error) {
	n := before + 1
	if r := t.attr("r"); r != "" {
		ref, ok := ParseRef(r)
		if !ok {
			return 0, fmt.Errorf("%w: cell %q", ErrDamaged, r)
		}
		n = ref.Col
	}
	if n <= before || n > MaxColumn {
		return 0, fmt.Errorf("%w: column %d after column %d", ErrDamaged, n, before)
	}
	return n, nil
}

func (f *File) readRow(s *tags, g *Grid, row *Row) error {
	col := 0
	for {
		t, ok := s.next()
		if !ok {
			return fmt.Errorf("%w: row %d does not end", ErrDamaged, row.Number)
		}
		switch {
		case t.closes("row"):
			return nil
		case t.closing:
			return misplaced(t, "row")
		case t.name != "c":
			s.pass(t)
			continue
		}
		next, err := cellColumn(t, col)
		if err != nil {
			return err
		}
		col = next
		c := Cell{Col: col}
		c.Style, _ = strconv.Atoi(t.attr("s"))
		if !t.empty {
			if err := f.readCell(s, g, t, &c); err != nil {
				return err
			}
		}
		g.MaxCol = max(g.MaxCol, col)
		g.Formulas = g.Formulas || c.Formula
		row.Cells = append(row.Cells, c)
	}
}

func (f *File) readCell(s *tags, g *Grid, open tag, c *Cell) error {
	kind := open.attr("t")
	var value []byte
	for {
		t, ok := s.next()
		if !ok {
			return fmt.Errorf("%w: a cell does not end", ErrDamaged)
		}
		switch {
		case t.closes("c"):
			return f.setCell(c, kind, value)
		case t.closing:
			return misplaced(t, "cell")
		case t.name == "f":
			c.Formula = true
			if t.attr("t") == "array" || t.attr("t") == "dataTable" {
				if r, ok := ParseRange(t.attr("ref")); ok && r.From != r.To {
					g.Arrays = append(g.Arrays, r)
				}
			}
			s.pass(t)
		case t.name == "v" && !t.empty:
			value = s.until("v")
		case t.name == "is" && !t.empty:
			c.Text = richText(s.until("is"))
		default:
			s.pass(t)
		}
	}
}

// until gives what stands before the end of the element that was just begun, and
// steps past it. One that does not end, or ends within another, has all the rest.
func (s *tags) until(name string) []byte {
	from, within := s.pos, 0
	for {
		t, ok := s.next()
		switch {
		case ok && !t.closing:
			if !t.empty {
				within++
			}
		case ok && within > 0:
			within--
		case ok && t.name == name:
			return s.data[from:t.start]
		default:
			s.pos = len(s.data)
			return s.data[from:]
		}
	}
}

// pass steps past the element that a tag begins.
func (s *tags) pass(t tag) {
	if !t.empty {
		s.until(t.name)
	}
}

func (f *File) setCell(c *Cell, kind string, value []byte) error {
	v := content(value)
	switch kind {
	case "s":
		i, err := strconv.Atoi(strings.TrimSpace(v))
		if value == nil {
			return nil
		}
		if err != nil || i < 0 || i >= len(f.strings) {
			return fmt.Errorf("%w: no shared text %q", ErrDamaged, v)
		}
		c.Kind, c.Text = Text, f.strings[i]
	case "inlineStr":
		c.Kind = Text
	case "str", "d":
		c.Kind, c.Text = Text, unescapeX(v)
	case "b":
		c.Kind, c.Text = Bool, v
	case "e":
		c.Kind, c.Text = Error, v
	default:
		if value == nil {
			return nil
		}
		c.Kind, c.Text = Number, v
		if n, err := strconv.ParseFloat(v, 64); err == nil {
			c.Text = strconv.FormatFloat(n, 'f', -1, 64)
			if len(c.Text) > 15 {
				c.Text = strconv.FormatFloat(n, 'g', 15, 64)
				if m, err := strconv.ParseFloat(c.Text, 64); err == nil {
					c.Text = strconv.FormatFloat(m, 'f', -1, 64)
				}
			}
		}
	}
	if c.Text == "" {
		c.Kind = Empty
	}
	return nil
}

// content is the text between two tags: entities read, CDATA opened.
func content(data []byte) string {
	if bytes.Contains(data, cdataStart) {
		var out strings.Builder
		for len(data) > 0 {
			i := bytes.Index(data, cdataStart)
			if i < 0 {
				break
			}
			out.WriteString(html.UnescapeString(string(data[:i])))
			data = data[i+len(cdataStart):]
			if j := bytes.Index(data, cdataEnd); j >= 0 {
				out.Write(data[:j])
				data = data[j+len(cdataEnd):]
			}
		}
		return out.String() + html.UnescapeString(string(data))
	}
	if bytes.IndexByte(data, '&') < 0 {
		return string(data)
	}
	return html.UnescapeString(string(data))
}

// richText is the text of a string item: its t, or those of its runs. What
// readers are to be told about pronunciation (rPh) is no part of it.
func richText(data []byte) string {
	var out strings.Builder
	for s := (tags{data: data}); ; {
		t, ok := s.next()
		if !ok {
			return out.String()
		}
		switch {
		case t.opens("rPh") && !t.empty:
			s.until("rPh")
		case t.opens("t") && !t.empty:
			out.WriteString(unescapeX(content(s.until("t"))))
		}
	}
}

// unescapeX reads the escapes _xHHHH_ (ECMA-376 part 1, § 22.9.2.19).
func unescapeX(s string) string {
	if !strings.Contains(s, "_x") {
		return s
	}
	var out strings.Builder
	for {
		i := strings.Index(s, "_x")
		if i < 0 || i+7 > len(s) {
			return out.String() + s
		}
		n, err := strconv.ParseUint(s[i+2:i+6], 16, 32)
		if err != nil || s[i+6] != '_' {
			out.WriteString(s[:i+2])
			s = s[i+2:]
			continue
		}
		out.WriteString(s[:i])
		out.WriteRune(rune(n))
		s = s[i+7:]
	}
}

// maxStrings bounds the table of shared texts.
const maxStrings = 2_000_000

func (f *File) readStrings(part string) error {
	if f.entries[strings.ToLower(part)] == nil {
		return nil // Excel opens a file that lost an empty table
	}
	data, err := f.part(part)
	if err != nil {
		return err
	}
	for s := (tags{data: data}); ; {
		t, ok := s.next()
		if !ok {
			return nil
		}
		if !t.opens("si") {
			continue
		}
		if len(f.strings) >= maxStrings {
			return fmt.Errorf("%w: too many shared texts", ErrDamaged)
		}
		if t.empty {
			f.strings = append(f.strings, "")
			continue
		}
		f.strings = append(f.strings, richText(s.until("si")))
	}
}

// readList reads a drop-down; other rules are passed over.
func (g *Grid) readList(s *tags, t tag) {
	if t.attr("type") != "list" {
		return
	}
	var l List
	for ref := range strings.FieldsSeq(t.attr("sqref")) {
		if r, ok := ParseRange(ref); ok {
			l.Where = append(l.Where, r)
		}
	}
	if !t.empty {
		inside := s.until("dataValidation")
		for in := (tags{data: inside}); ; {
			e, ok := in.next()
			if !ok {
				break
			}
			if e.opens("formula1") && !e.empty {
				if v := content(in.until("formula1")); strings.HasPrefix(v, `"`) && strings.HasSuffix(v, `"`) && len(v) > 1 {
					l.Values = strings.Split(v[1:len(v)-1], ",")
				}
			}
		}
	}
	g.Lists = append(g.Lists, l)
}
