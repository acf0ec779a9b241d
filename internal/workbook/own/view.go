package own

import (
	"strings"

	"felleskrav/internal/workbook/patch"
)

// view is a sheet as people see it: a joined cell has its text all over.
type view struct {
	grid *patch.Grid
	// merged gives, for a cell behind another, the one whose text shows.
	merged map[patch.Ref]patch.Ref
	last   int
	// known remembers what header texts can mean.
	known map[string][]heading
}

// maxJoined bounds how many cells are looked at behind joined ones.
const maxJoined = 200_000

func newView(g *patch.Grid) *view {
	v := &view{grid: g, merged: map[patch.Ref]patch.Ref{}, known: map[string][]heading{}}
	for _, m := range g.Merged {
		if n := (m.To.Row - m.From.Row + 1) * (m.To.Col - m.From.Col + 1); n > maxJoined || len(v.merged)+n > maxJoined {
			continue
		}
		for row := m.From.Row; row <= m.To.Row; row++ {
			for col := m.From.Col; col <= m.To.Col; col++ {
				v.merged[patch.Ref{Col: col, Row: row}] = m.From
			}
		}
	}
	if n := len(g.Rows); n > 0 {
		v.last = g.Rows[n-1].Number
	}
	return v
}

// own is a cell's own text, nothing for a cell behind another.
func (v *view) own(row, col int) string {
	return strings.TrimSpace(v.grid.Cell(patch.Ref{Col: col, Row: row}).Text)
}

// at is the text that shows at a cell.
func (v *view) at(row, col int) string {
	if from, ok := v.merged[patch.Ref{Col: col, Row: row}]; ok {
		return v.own(from.Row, from.Col)
	}
	return v.own(row, col)
}

// across tells how many columns the text that shows at a cell goes over.
func (v *view) across(row, col int) int {
	if m, ok := v.grid.MergedAt(patch.Ref{Col: col, Row: row}); ok {
		return m.To.Col - m.From.Col + 1
	}
	return 1
}
