package patch

import (
	"bytes"
	"fmt"
	"path"
	"slices"
	"strings"
)

// Extend makes what is said about the rows of a table, down to its last row,
// hold for rows added below: drop-downs, conditional formats, the filter, and
// the table itself where Excel knows it as one. Only what reaches the last row
// in one of the table's columns is extended.
func (f *File) Extend(s *Sheet, table Range, last int) error {
	if last <= table.To.Row {
		return nil
	}
	grow := func(refs string) (string, bool) {
		var out []string
		grew := false
		for ref := range strings.FieldsSeq(refs) {
			r, ok := ParseRange(ref)
			if ok && r.To.Row == table.To.Row && r.From.Row > table.From.Row-headDepth && r.From.Col <= table.To.Col && r.To.Col >= table.From.Col {
				r.To.Row = last
				ref, grew = r.String(), true
			}
			out = append(out, ref)
		}
		return strings.Join(out, " "), grew
	}
	data := growAttributes(s.data, grow)
	if !bytes.Equal(data, s.data) {
		f.set(s, data)
	}
	return f.extendTables(s, table, last)
}

// headDepth is how far above a table's first row its header may begin.
const headDepth = 10

func growAttributes(data []byte, grow func(string) (string, bool)) []byte {
	var out bytes.Buffer
	pos := 0
	for s := (tags{data: data}); ; {
		t, ok := s.next()
		if !ok {
			break
		}
		name := ""
		switch {
		case t.opens("dataValidation"), t.opens("conditionalFormatting") && t.attr("sqref") != "":
			name = "sqref"
		case t.opens("autoFilter"):
			name = "ref"
		case t.opens("sqref") && !t.empty: // of an extension: the ranges are its text
			from := s.pos
			if refs, grew := grow(content(s.until("sqref"))); grew {
				out.Write(data[pos:from])
				out.WriteString(escape(refs))
				pos = bytes.Index(data[from:], []byte("</")) + from
			}
			continue
		default:
			continue
		}
		if refs, grew := grow(t.attr(name)); grew {
			out.Write(data[pos:t.attrStart])
			out.Write(t.with(name, refs))
			pos = t.attrStart + len(t.attributes)
		}
	}
	out.Write(data[pos:])
	return out.Bytes()
}

// extendTables widens the tables of the sheet that end in the last row. One
// with a row of totals is left: its totals stand below.
func (f *File) extendTables(s *Sheet, table Range, last int) error {
	rels := relsOf(s.part)
	if f.entries[strings.ToLower(rels)] == nil {
		return nil
	}
	list, err := f.relations(rels)
	if err != nil {
		return err
	}
	for _, rel := range list {
		if !strings.HasSuffix(rel.kind, "/table") {
			continue
		}
		data, err := f.part(rel.target)
		if err != nil {
			return err
		}
		grown := slices.Clone(data)
		for s := (tags{data: data}); ; {
			t, ok := s.next()
			if !ok {
				break
			}
			if !t.opens("table") {
				continue
			}
			r, ok := ParseRange(t.attr("ref"))
			if !ok || r.To.Row != table.To.Row || r.To.Col < table.From.Col || r.From.Col > table.To.Col || t.attr("totalsRowCount") != "" && t.attr("totalsRowCount") != "0" {
				break
			}
			r.To.Row = last
			old := t.attr("ref")
			// The table and its filter say the same range.
			grown = bytes.ReplaceAll(data, []byte(`ref="`+old+`"`), []byte(`ref="`+r.String()+`"`))
			break
		}
		if !bytes.Equal(grown, data) {
			f.change(rel.target, grown)
		}
	}
	return nil
}

// Recalculate has the program that opens the file work out all formulas anew,
// if there are any: what they were when the file was saved may rest on cells
// that were changed.
func (f *File) Recalculate() error {
	formulas := false
	for _, s := range f.sheets {
		g, err := f.Grid(s)
		if err != nil {
			return err
		}
		formulas = formulas || g.Formulas
	}
	if !formulas {
		return nil
	}
	data, err := f.part(f.book)
	if err != nil {
		return err
	}
	end := -1 // where calcPr belongs: after the last of the elements before it
	var of tag
	for s := (tags{data: data}); ; {
		t, ok := s.next()
		if !ok {
			break
		}
		switch t.name {
		case "calcPr":
			if !t.closing {
				f.change(f.book, slices.Concat(data[:t.attrStart], t.with("fullCalcOnLoad", "1"), data[t.attrStart+len(t.attributes):]))
				return nil
			}
		case "sheets", "functionGroups", "externalReferences", "definedNames":
			end, of = t.end, t
		}
	}
	if end < 0 {
		return fmt.Errorf("%w: %s lists no sheets", ErrDamaged, path.Base(f.book))
	}
	f.change(f.book, slices.Concat(data[:end], []byte("<"+of.qualified("calcPr")+` fullCalcOnLoad="1"/>`), data[end:]))
	return nil
}
