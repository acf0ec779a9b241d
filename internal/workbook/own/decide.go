package own

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
)

// Decision is what a person said about one table.
type Decision struct {
	// Sheet and Header say which: the sheet and its lowest header row.
	Sheet  string `json:"sheet"`
	Header int    `json:"header"`
	// None says that it is no requirement table.
	None bool `json:"none,omitempty"`
	// Columns give the role of columns, from 1; an empty role is none.
	Columns map[int]Role `json:"columns,omitempty"`
	// Codes give the meaning of values in the type column.
	Codes map[string]Meaning `json:"codes,omitempty"`
	// Rows give the requirement of ours that a row equals; an empty one says
	// that it equals none.
	Rows map[int]string `json:"rows,omitempty"`
}

// columns puts the decided roles in. A role that was given to a column is
// taken from the one that was guessed to have it.
func (d Decision) columns(cols []Column) {
	given := map[Role]bool{}
	for _, r := range d.Columns {
		given[r] = true
	}
	for i := range cols {
		c := &cols[i]
		role, decided := d.Columns[c.Col]
		switch {
		case decided:
			c.Role, c.Sure, c.Ask, c.Other = role, 1, false, ""
		case c.Role != "" && given[c.Role]:
			c.Role, c.Sure, c.Ask, c.Other = "", 0, false, ""
		}
	}
}

func (d Decision) explain(codes []Code) {
	for i := range codes {
		if m, ok := d.Codes[codes[i].Value]; ok {
			codes[i].Meaning, codes[i].From = m, ""
		}
	}
}

func decisionOf(decisions []Decision, h header) Decision {
	for _, d := range decisions {
		if d.Header == h.rows[len(h.rows)-1] {
			return d
		}
	}
	return Decision{}
}

// with adds the headers that people pointed out and that were not found.
func (v *view) with(found []header, decisions []Decision) []header {
	for _, d := range decisions {
		if d.None || len(d.Columns) == 0 || d.Header < 1 || slices.ContainsFunc(found, func(h header) bool { return h.rows[len(h.rows)-1] == d.Header }) {
			continue
		}
		h := header{rows: []int{d.Header}}
		for col := 1; col <= min(v.grid.MaxCol, 400); col++ {
			leaf := v.at(d.Header, col)
			if _, said := d.Columns[col]; leaf != "" || said {
				h.cols = append(h.cols, headed{col: col, leaf: leaf, roles: meanings(leaf)})
			}
		}
		if len(h.cols) > 0 {
			found = append(found, h)
		}
	}
	slices.SortFunc(found, func(a, b header) int { return cmp.Compare(a.rows[0], b.rows[0]) })
	return found
}

// Template names a table by its headers, so that what was decided about it
// holds for the next file that is made from the same template. It is a
// SHA-256 in hex.
func (t Table) Template() string {
	var b strings.Builder
	for _, c := range t.Columns {
		b.WriteString(plain(c.Header))
		b.WriteByte('\n')
	}
	sum := sha256.Sum256([]byte(b.String()))
	return hex.EncodeToString(sum[:])
}

// Fingerprint names a line by what it demands, wherever it stands.
func (l Line) Fingerprint() string {
	sum := sha256.Sum256([]byte(plain(l.Text)))
	return hex.EncodeToString(sum[:])
}

// Open lists what a person must still say before anything is inserted into
// the table: the columns and the codes that were a near thing.
func (t Table) Open() (columns []Column, codes []Code) {
	for _, c := range t.Columns {
		if c.Ask {
			columns = append(columns, c)
		}
	}
	for _, c := range t.Codes {
		if c.Ask() {
			codes = append(codes, c)
		}
	}
	return columns, codes
}
