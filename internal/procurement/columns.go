package procurement

import (
	"fmt"
	"slices"

	"felleskrav/internal/problem"
)

// Column is a column of the requirement table in a procurement's workbooks.
type Column string

// The columns, in their usual order.
const (
	ColumnNumber        Column = "number"
	ColumnID            Column = "id"
	ColumnTheme         Column = "theme"
	ColumnRequirement   Column = "requirement"
	ColumnType          Column = "type"
	ColumnDocumentation Column = "documentation"
	ColumnWeight        Column = "weight"
	ColumnMet           Column = "met"
	ColumnAnswer        Column = "answer"
	ColumnEvidence      Column = "evidence"
	ColumnDeviation     Column = "deviation"
)

// Columns lists every column in the usual order.
func Columns() []Column {
	return []Column{
		ColumnNumber, ColumnID, ColumnTheme, ColumnRequirement, ColumnType, ColumnDocumentation, ColumnWeight,
		ColumnMet, ColumnAnswer, ColumnEvidence, ColumnDeviation,
	}
}

// Required reports whether no table can do without the column: what is asked,
// and the answer to it.
func (c Column) Required() bool {
	switch c {
	case ColumnID, ColumnRequirement, ColumnMet, ColumnAnswer:
		return true
	}
	return false
}

// Layout lists the columns of the procurement's workbooks in their order.
func (p Procurement) Layout() []Column {
	if len(p.Columns) == 0 {
		return Columns()
	}
	return slices.Clone(p.Columns)
}

// checkColumns checks a choice of columns and gives it as it is kept: nothing
// for the usual ones, so that a procurement that chose nothing follows along
// when there are more.
func checkColumns(c *problem.Collector, in []Column) []Column {
	all := Columns()
	if len(in) == 0 || slices.Equal(in, all) {
		return nil
	}
	c.Check(len(in) <= len(all), "columns", "field.many", problem.Args{"Max": len(all)})
	in = in[:min(len(in), len(all))]
	for i, col := range in {
		path := fmt.Sprintf("columns[%d]", i)
		c.Check(slices.Contains(all, col), path, "field.unknown", problem.Args{"Value": problem.Clip(string(col))})
		c.Check(slices.Index(in, col) == i, path, "procurement.column-repeated", problem.Args{"Column": problem.Clip(string(col))})
	}
	for _, col := range all {
		c.Check(!col.Required() || slices.Contains(in, col), "columns", "procurement.column-required", problem.Args{"Column": string(col)})
	}
	return slices.Clone(in)
}
