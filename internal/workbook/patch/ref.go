package patch

import (
	"strconv"
	"strings"
)

// The size of a sheet (ECMA-376 part 1, § 18.3.1.73; Excel's limits).
const (
	MaxRow    = 1 << 20
	MaxColumn = 1 << 14
)

// Ref is a cell by column and row, both from 1.
type Ref struct{ Col, Row int }

// String writes the cell as "H12".
func (r Ref) String() string { return ColumnName(r.Col) + strconv.Itoa(r.Row) }

// ColumnName writes a column from 1 as letters.
func ColumnName(col int) string {
	var b [8]byte
	i := len(b)
	for col > 0 {
		col--
		i--
		b[i] = byte('A' + col%26)
		col /= 26
	}
	return string(b[i:])
}

// ParseColumn reads letters as a column; 0 when they are none.
func ParseColumn(s string) int {
	n := 0
	for _, c := range s {
		switch {
		case c >= 'A' && c <= 'Z':
			n = n*26 + int(c-'A') + 1
		case c >= 'a' && c <= 'z':
			n = n*26 + int(c-'a') + 1
		default:
			return 0
		}
		if n > MaxColumn {
			return 0
		}
	}
	return n
}

// ParseRef reads "H12" or "$H$12"; ok is false when it is no cell of a sheet.
func ParseRef(s string) (Ref, bool) {
	s = strings.ReplaceAll(s, "$", "")
	i := 0
	for i < len(s) && (s[i] >= 'A' && s[i] <= 'Z' || s[i] >= 'a' && s[i] <= 'z') {
		i++
	}
	col := ParseColumn(s[:i])
	row, err := strconv.Atoi(s[i:])
	if i == 0 || col == 0 || err != nil || row < 1 || row > MaxRow || s[i] == '+' {
		return Ref{}, false
	}
	return Ref{col, row}, true
}

// Range is a rectangle of cells, both corners in it.
type Range struct{ From, To Ref }

// ParseRange reads "A1:C5" or "B2".
func ParseRange(s string) (Range, bool) {
	a, b, two := strings.Cut(s, ":")
	from, ok := ParseRef(a)
	if !ok {
		return Range{}, false
	}
	if !two {
		return Range{from, from}, true
	}
	to, ok := ParseRef(b)
	if !ok {
		return Range{}, false
	}
	return Range{Ref{min(from.Col, to.Col), min(from.Row, to.Row)}, Ref{max(from.Col, to.Col), max(from.Row, to.Row)}}, true
}

// String writes the range as "A1:C5", a single cell as "B2".
func (r Range) String() string {
	if r.From == r.To {
		return r.From.String()
	}
	return r.From.String() + ":" + r.To.String()
}

// Has reports whether a cell is in the range.
func (r Range) Has(c Ref) bool {
	return c.Col >= r.From.Col && c.Col <= r.To.Col && c.Row >= r.From.Row && c.Row <= r.To.Row
}
