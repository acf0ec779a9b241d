package workbook

import (
	"slices"
)

// maxVisits bounds how many rows are gone through to find formulas.
const maxVisits = 200_000_000

// compareSheet notes what differs on one sheet.
func (v *verifying) compareSheet(sheet int) error {
	l := v.layouts[sheet]
	gone := make([]bool, len(l.cols))
	for c, now := range l.cols {
		if now >= 0 {
			continue
		}
		gone[c] = true
		f := Finding{Class: ClassColumnGone, Sheet: l.now.name, Cell: at(c+1, max(1, l.sealed.Header)), sheet: sheet, row: l.sealed.Header, col: c}
		f.Column, _ = v.heading(sheet, c)
		v.find(f)
	}
	rowOf := map[int]int{} // sealed rows by the row now
	for i, row := range l.rows {
		if row < 0 {
			c, _ := l.first(i)
			if c < 0 {
				continue // nothing official stood there
			}
			f := v.finding(ClassRowGone, sheet, i, c)
			f.Cell = at(c+1, l.sealed.Rows[i].Row)
			f.Was, f.WasKnown = v.seal.text(l.sealed.Rows[i].Cells[c])
			v.find(f)
			continue
		}
		rowOf[row] = i
		cols := l.rowCols(i, row)
		for c, want := range l.sealed.Rows[i].Cells {
			if gone[c] || want < 0 {
				continue
			}
			v.out.Compared++
			formula, err := v.formula(l.now, row, cols[c])
			if err != nil {
				return err
			}
			same := l.now.is(row, cols[c], want)
			if same && !formula {
				continue
			}
			f := v.finding(ClassAltered, sheet, i, c)
			f.Cell = at(cols[c]+1, row+1)
			f.Was, f.WasKnown = v.seal.text(want)
			f.Now = l.now.cell(row, cols[c])
			if formula {
				f.Class = ClassFormula
			}
			v.find(f)
		}
	}
	v.extras(sheet, rowOf)
	return nil
}

// finding begins a finding about a cell of the seal.
func (v *verifying) finding(class Class, sheet, row, col int) Finding {
	f := Finding{Class: class, Sheet: v.layouts[sheet].now.name, sheet: sheet, row: row, col: col}
	label, place := v.layouts[sheet].first(row)
	cells := v.seal.Sheets[sheet].Rows[row].Cells
	if id, ok := v.roles(sheet)[colID]; ok && id < len(cells) && cells[id] > 0 {
		label, place = id, cells[id]
	}
	if label >= 0 && label != col {
		if s, known := v.seal.text(place); known {
			f.Row = s
		}
	}
	f.Column, _ = v.heading(sheet, col)
	if v.seal.Sheets[sheet].Rows[row].Row <= v.seal.Sheets[sheet].Header {
		f.Row, f.Column = "", ""
	}
	return f
}

// heading is what a sealed column was headed.
func (v *verifying) heading(sheet, col int) (string, bool) {
	s := v.seal.Sheets[sheet]
	i := slices.IndexFunc(s.Rows, func(r sealRow) bool { return r.Row == s.Header })
	if i < 0 || col >= len(s.Rows[i].Cells) {
		return "", false
	}
	return v.seal.text(s.Rows[i].Cells[col])
}

// extras notes what stands where the service wrote nothing. Within the
// official columns it may pass for official; beside them it is a remark.
func (v *verifying) extras(sheet int, rowOf map[int]int) {
	l := v.layouts[sheet]
	columns := map[int]int{} // sealed columns by the column now
	for c, now := range l.cols {
		if now >= 0 {
			columns[now] = c
		}
	}
	open := v.openColumns(sheet)
	for row := range l.now.rows {
		i, sealed := rowOf[row]
		cells := 0
		var cols []int
		if sealed {
			cells = len(l.sealed.Rows[i].Cells)
			cols = l.rowCols(i, row)
		}
		added := false
		for col := range l.now.rows[row] {
			if l.now.empty(row, col) || slices.Contains(cols, col) {
				continue
			}
			c, official := columns[col]
			if sealed && official && c < cells {
				continue // a title that stands where it stood, over moved columns
			}
			f := Finding{Class: ClassAdded, Sheet: l.now.name, Cell: at(col+1, row+1), Now: l.now.cell(row, col), WasKnown: true, sheet: sheet, row: len(l.sealed.Rows) + row, col: col}
			f.Column, _ = v.heading(sheet, c)
			switch {
			case !official:
				f.Class, f.Column = ClassOutside, ""
			case !sealed && open[c]:
				f.Class = ClassFilled
				v.out.Filled++
			case !sealed && added:
				continue // a row is one finding
			case !sealed:
				added, f.Column = true, ""
			}
			v.find(f)
		}
	}
}

// openColumns are those that others fill in.
func (v *verifying) openColumns(sheet int) map[int]bool {
	out := map[int]bool{}
	for _, r := range v.seal.Sheets[sheet].Rows {
		for c, want := range r.Cells {
			if want < 0 {
				out[c] = true
			}
		}
	}
	return out
}

// formula reports whether a cell holds a formula, which may show anything the
// next time it is worked out.
func (v *verifying) formula(p *present, row, col int) (bool, error) {
	if !v.found.formulas || col < 0 {
		return false, nil
	}
	if v.visits += len(p.rows); v.visits > maxVisits {
		return false, tooLarge("cells", v.limits.MaxTags)
	}
	s, err := v.file.GetCellFormula(p.name, at(col+1, row+1))
	return err != nil || s != "", nil
}
