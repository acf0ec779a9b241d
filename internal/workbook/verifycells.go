package workbook

import (
	"cmp"
	"slices"
	"strings"

	"felleskrav/internal/locale"
)

// arrangement is where the rows and columns of a sealed sheet are now: people sort
// tables and move columns, and that alters nothing.
type arrangement struct {
	sealed *sealSheet
	now    *present
	// cols gives for every sealed column, from 0, the column now; -1 is gone.
	cols []int
	// moved tells that cols is not what it was.
	moved bool
	// rows gives for every sealed row, by its place in the seal, the row now,
	// from 0; -1 is gone.
	rows []int
}

func known(lang string) bool { return slices.Contains(locale.Languages(), lang) }

// look finds the places of a sheet's cells in the seal's texts.
func (p *present) look(l lexicon) {
	p.text, p.number = make([][]int, len(p.rows)), make([][]int, len(p.rows))
	for i, r := range p.rows {
		p.text[i], p.number[i] = make([]int, len(r)), make([]int, len(r))
		for j, s := range r {
			p.text[i][j], p.number[i][j] = l.find(s)
		}
	}
}

// is reports whether a cell holds what is at a place of the seal's texts.
func (p *present) is(row, col, place int) bool {
	if row < 0 || row >= len(p.text) || col < 0 || col >= len(p.text[row]) {
		return place == 0
	}
	return p.text[row][col] == place || p.number[row][col] == place
}

func (p *present) empty(row, col int) bool { return p.is(row, col, 0) }

func (p *present) cell(row, col int) string {
	if row < 0 || row >= len(p.rows) || col < 0 || col >= len(p.rows[row]) {
		return ""
	}
	return strings.TrimSpace(clean(p.rows[row][col]))
}

// compareCells holds every sheet against the seal.
func (v *verifying) compareCells() error {
	v.lex = v.seal.lexicon()
	for _, p := range v.sheets {
		p.look(v.lex)
	}
	taken := map[string]bool{}
	for i := range v.seal.Sheets {
		taken[v.seal.Sheets[i].Name] = true
	}
	v.layouts = make([]*arrangement, len(v.seal.Sheets))
	for i := range v.seal.Sheets {
		s := &v.seal.Sheets[i]
		p := v.sheets[s.Name]
		if p == nil {
			if p = v.renamed(s, taken); p == nil {
				v.find(Finding{Class: ClassSheetGone, Sheet: s.Name, sheet: i, row: -1})
				continue
			}
			taken[p.name] = true
			v.find(Finding{Class: ClassRenamed, Sheet: p.name, Was: s.Name, WasKnown: true, Now: p.name, sheet: i, row: -1})
		}
		v.layouts[i] = arrange(s, p)
		if err := v.compareSheet(i); err != nil {
			return err
		}
	}
	for name := range v.sheets {
		if !taken[name] {
			v.find(Finding{Class: ClassNewSheet, Sheet: name, sheet: len(v.seal.Sheets), row: -1})
		}
	}
	result := Holds
	if v.altered {
		result = Fails
	}
	v.check(CheckCells, result, "", nil)
	return nil
}

func (v *verifying) find(f Finding) {
	v.altered = v.altered || f.Class.Alteration()
	if len(v.out.Findings) >= maxFindings {
		v.out.More++
		return
	}
	f.Was, f.Now = clip(f.Was, shown), clip(f.Now, shown)
	v.out.Findings = append(v.out.Findings, f)
}

// renamed finds the sheet that holds most of what a missing one held.
func (v *verifying) renamed(s *sealSheet, taken map[string]bool) *present {
	held := map[int]bool{}
	for _, r := range s.Rows {
		for _, c := range r.Cells {
			if c > 0 {
				held[c] = true
			}
		}
	}
	var best *present
	most := len(held) / 2
	for name, p := range v.sheets {
		if taken[name] {
			continue
		}
		there := map[int]bool{}
		for i := range p.text {
			for j := range p.text[i] {
				for _, n := range []int{p.text[i][j], p.number[i][j]} {
					if held[n] {
						there[n] = true
					}
				}
			}
		}
		if len(there) > most || best != nil && len(there) == most && name < best.name {
			best, most = p, len(there)
		}
	}
	return best
}

// arrange finds rows and columns: as they were, or by the headings if fewer
// cells then differ.
func arrange(s *sealSheet, p *present) *arrangement {
	width := 0
	for _, r := range s.Rows {
		width = max(width, len(r.Cells))
	}
	l := &arrangement{sealed: s, now: p, cols: make([]int, width)}
	for c := range l.cols {
		l.cols[c] = c
	}
	differ := l.arrangeRows()
	if differ == 0 || s.Header == 0 {
		return l
	}
	cols, ok := headings(s, p, width)
	if !ok || slices.Equal(cols, l.cols) {
		return l
	}
	other := &arrangement{sealed: s, now: p, cols: cols, moved: true}
	if other.arrangeRows() < differ {
		return other
	}
	return l
}

// headings finds columns by the row of headings that is most like the sealed
// one.
func headings(s *sealSheet, p *present, width int) ([]int, bool) {
	i := slices.IndexFunc(s.Rows, func(r sealRow) bool { return r.Row == s.Header })
	if i < 0 {
		return nil, false
	}
	want := s.Rows[i].Cells
	best, most := -1, 0
	for row := range min(len(p.text), headerDepth+s.Header) {
		n := 0
		for _, w := range want {
			if w > 0 && slices.Contains(p.text[row], w) {
				n++
			}
		}
		if n > most {
			best, most = row, n
		}
	}
	if best < 0 {
		return nil, false
	}
	cols, used := make([]int, width), map[int]bool{}
	for c := range cols {
		cols[c] = -1
		if c < len(want) && want[c] > 0 && p.is(best, c, want[c]) {
			cols[c], used[c] = c, true
		}
	}
	for c := range cols {
		if cols[c] >= 0 || c >= len(want) || want[c] <= 0 {
			continue
		}
		for now, n := range p.text[best] {
			if n == want[c] && !used[now] {
				cols[c], used[now] = now, true
				break
			}
		}
	}
	// A heading that was overwritten: its column is the one that is left.
	for c := range cols {
		if cols[c] < 0 && !used[c] && c < len(p.text[best]) {
			cols[c], used[c] = c, true
		}
	}
	return cols, true
}

// rowCols is where the cells of a sealed row are. What stands above a table
// does not move with its columns.
func (l *arrangement) rowCols(i, row int) []int {
	r := l.sealed.Rows[i]
	if !l.moved || r.Row >= l.sealed.Header || row < 0 {
		return l.cols[:len(r.Cells)]
	}
	still := make([]int, len(r.Cells))
	for c := range still {
		still[c] = c
	}
	if l.alike(i, row, still) > l.alike(i, row, l.cols[:len(r.Cells)]) {
		return still
	}
	return l.cols[:len(r.Cells)]
}

// alike counts the official cells with content that are in a row now.
func (l *arrangement) alike(i, row int, cols []int) int {
	n := 0
	for c, want := range l.sealed.Rows[i].Cells {
		if want > 0 && cols[c] >= 0 && l.now.is(row, cols[c], want) {
			n++
		}
	}
	return n
}

// same reports whether every official cell of a sealed row is in a row now.
func (l *arrangement) same(i, row int) bool {
	cols := l.rowCols(i, row)
	for c, want := range l.sealed.Rows[i].Cells {
		if want >= 0 && (cols[c] < 0 || !l.now.is(row, cols[c], want)) {
			return false
		}
	}
	return true
}

// first is the first official cell with content: its column, and its text's
// place. Rows are known by it, as requirements are by their ids.
func (l *arrangement) first(i int) (col, place int) {
	for c, want := range l.sealed.Rows[i].Cells {
		if want > 0 {
			return c, want
		}
	}
	return -1, 0
}

// maxPairs bounds how many pairs of rows are compared when nothing tells them
// apart.
const maxPairs = 100_000

// maxLooked bounds how many rows are looked at for one that is not where it
// was.
const maxLooked = 200

// arrangeRows finds the rows, first those that are where they were, then those
// that are the same somewhere else, then those that are most like. It returns
// how many official cells differ.
func (l *arrangement) arrangeRows() int {
	n := len(l.sealed.Rows)
	l.rows = make([]int, n)
	used := make([]bool, len(l.now.rows))
	take := func(i, row int) { l.rows[i] = row; used[row] = true }
	var rest []int
	for i, r := range l.sealed.Rows {
		l.rows[i] = -1
		if row := r.Row - 1; row < len(used) && l.same(i, row) {
			take(i, row)
			continue
		}
		rest = append(rest, i)
	}
	// Candidates by what a row begins with, where it now stands.
	byFirst := map[[2]int][]int{}
	key := func(i int) ([2]int, bool) {
		c, place := l.first(i)
		if c < 0 || l.cols[c] < 0 {
			return [2]int{}, false
		}
		return [2]int{l.cols[c], place}, true
	}
	if len(rest) > 0 {
		columns := map[int]bool{}
		for _, i := range rest {
			if k, ok := key(i); ok {
				columns[k[0]] = true
			}
		}
		for row := range used {
			if used[row] {
				continue
			}
			for col := range columns {
				if col < len(l.now.text[row]) {
					byFirst[[2]int{col, l.now.text[row][col]}] = append(byFirst[[2]int{col, l.now.text[row][col]}], row)
				}
			}
		}
	}
	pass := func(choose func(i int) int) {
		var left []int
		for _, i := range rest {
			if row := choose(i); row >= 0 {
				take(i, row)
			} else {
				left = append(left, i)
			}
		}
		rest = left
	}
	single := make([]bool, n)
	for _, i := range rest {
		single[i] = l.filled(i) == 1
	}
	candidates := func(i int) []int {
		k, ok := key(i)
		if !ok {
			return nil
		}
		var out []int
		looked := 0
		for _, row := range byFirst[k] {
			if used[row] {
				continue
			}
			if looked++; looked > maxLooked {
				break
			}
			if len(out) < 50 && (!single[i] || l.movable(i, row, single)) {
				out = append(out, row)
			}
		}
		return out
	}
	for _, titles := range []bool{false, true} { // the same, moved
		pass(func(i int) int {
			if single[i] != titles {
				return -1
			}
			for _, row := range candidates(i) {
				if l.same(i, row) {
					return row
				}
			}
			return -1
		})
	}
	pass(func(i int) int { // where it was, and mostly the same
		row := l.sealed.Rows[i].Row - 1
		if row < len(used) && !used[row] && 2*l.alike(i, row, l.rowCols(i, row)) >= l.filled(i) {
			return row
		}
		return -1
	})
	pass(func(i int) int { // begins the same
		best, most := -1, -1
		for _, row := range candidates(i) {
			if n := l.alike(i, row, l.rowCols(i, row)); n > most {
				best, most = row, n
			}
		}
		return best
	})
	var free []int
	for row := range used {
		if !used[row] && slices.ContainsFunc(l.now.text[row], func(n int) bool { return n != 0 }) {
			free = append(free, row)
		}
	}
	if len(rest)*len(free) <= maxPairs {
		pass(func(i int) int { // has most in common
			best, most := -1, 0
			for _, row := range free {
				if used[row] || single[i] && !l.movable(i, row, single) {
					continue
				}
				if n := l.alike(i, row, l.rowCols(i, row)); n > most || n == most && n > 0 && row == l.sealed.Rows[i].Row-1 {
					best, most = row, n
				}
			}
			return best
		})
	}
	pass(func(i int) int { // where it was, with other content
		if row := l.sealed.Rows[i].Row - 1; row < len(used) && !used[row] {
			return row
		}
		return -1
	})
	differ := 0
	for i, row := range l.rows {
		cols := l.rowCols(i, row)
		for c, want := range l.sealed.Rows[i].Cells {
			if want >= 0 && (row < 0 || cols[c] < 0 || !l.now.is(row, cols[c], want)) {
				differ++
			}
		}
	}
	return differ
}

// movable reports whether a row with one official cell, such as a title, can
// have moved to where its text now stands: with the rows around it, or within
// a table when others stand where it was. Else somebody has copied its text.
func (l *arrangement) movable(i, row int, single []bool) bool {
	was := l.sealed.Rows[i].Row - 1
	if l.sealed.Header > 0 && was >= l.sealed.Header && was < len(l.now.text) && slices.ContainsFunc(l.now.text[was], func(n int) bool { return n != 0 }) {
		return true
	}
	for j := i + 1; j < min(len(l.rows), i+maxLooked); j++ {
		if !single[j] && l.rows[j] >= 0 {
			return row-was == l.rows[j]-(l.sealed.Rows[j].Row-1)
		}
	}
	for j := i - 1; j >= max(0, i-maxLooked); j-- {
		if !single[j] && l.rows[j] >= 0 {
			return row-was == l.rows[j]-(l.sealed.Rows[j].Row-1)
		}
	}
	return false
}

// filled counts the official cells of a sealed row with content.
func (l *arrangement) filled(i int) int {
	n := 0
	for _, want := range l.sealed.Rows[i].Cells {
		if want > 0 {
			n++
		}
	}
	return n
}

// order puts findings where people look for them: by sheet, row and column of
// what the service made, alterations first.
func (v *verifying) order() {
	slices.SortStableFunc(v.out.Findings, func(a, b Finding) int {
		return cmp.Or(
			cmp.Compare(b2i(b.Class.Alteration()), b2i(a.Class.Alteration())),
			cmp.Compare(a.sheet, b.sheet), cmp.Compare(a.row, b.row), cmp.Compare(a.col, b.col), strings.Compare(a.Sheet, b.Sheet), strings.Compare(a.Cell, b.Cell),
		)
	})
}
