package own

import (
	"felleskrav/internal/attestation"
	"felleskrav/internal/workbook/patch"
)

// Table is one requirement table as it was understood.
type Table struct {
	Sheet string
	// Header are the numbers of its header rows, top to bottom.
	Header []int
	// First and Last are the first row below the header, and the last row
	// with a requirement.
	First, Last int
	// Columns are all columns with a header, from left to right.
	Columns []Column
	// Lines are the rows with a requirement.
	Lines []Line
	// Codes are the values in the type column, with what they mean.
	Codes []Code
	// Words are the answers that the body's own drop-down offers, or that
	// stand in the column already; empty when there are none.
	Words []string
	// head is the header row in which the names of columns stand.
	head int
	// Protected tells that the sheet is protected: what is filled in can be
	// read, but locked cells cannot be typed into.
	Protected bool
}

// Column is one column of a table.
type Column struct {
	// Col counts from 1.
	Col int
	// Header is its header, the group above it first.
	Header string
	// Role is what it was taken for; empty for none of the roles.
	Role Role
	// Sure is how sure that is, from 0 to 1.
	Sure float64
	// Ask tells that a person should look: the role was a near thing. Other
	// is then the role that came next, if any.
	Ask   bool
	Other Role
	// Tick is set on a column where a cross is put for one answer.
	Tick attestation.AnswerStatus
	// Hidden tells that the column is not shown in the body's file.
	Hidden bool
}

// ticks gives the columns for crosses by answer; nil when there are none.
func (t Table) ticks() map[attestation.AnswerStatus]int {
	var out map[attestation.AnswerStatus]int
	for _, c := range t.Columns {
		if c.Tick != "" && c.Role == "" {
			if out == nil {
				out = map[attestation.AnswerStatus]int{}
			}
			out[c.Tick] = c.Col
		}
	}
	return out
}

// Name writes the column as letters.
func (c Column) Name() string { return patch.ColumnName(c.Col) }

// Line is one row with a requirement.
type Line struct {
	Row                   int
	ID, Text, Type, Theme string
	// Hidden tells that the row is not shown in the body's file.
	Hidden bool
	// all is the text of the whole row, for references to other frameworks.
	all string
}

// Column gives the column of a role, 0 when the table has none.
func (t Table) Column(r Role) int {
	for _, c := range t.Columns {
		if c.Role == r && r != "" {
			return c.Col
		}
	}
	return 0
}

// area is the rectangle of the table's rows.
func (t Table) area() patch.Range {
	return patch.Range{From: patch.Ref{Col: t.Columns[0].Col, Row: t.First}, To: patch.Ref{Col: t.Columns[len(t.Columns)-1].Col, Row: t.Last}}
}
