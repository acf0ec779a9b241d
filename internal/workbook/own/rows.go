package own

import (
	"slices"
	"strings"

	"felleskrav/internal/workbook/patch"
)

// maxLines bounds the rows of one table.
const maxLines = 20_000

// table reads what stands below a header; ok is false when nothing does. What
// people decided about its columns goes before what they were taken for.
func (v *view) table(h header, d Decision) (Table, bool) {
	head := h.rows[len(h.rows)-1]
	end := v.last
	if h.until > 0 {
		end = h.until - 1
	}
	var rows []int
	for _, r := range v.grid.Rows {
		if r.Number > head && r.Number <= end && len(rows) < maxLines && v.cells(r.Number, h.cols) > 0 {
			rows = append(rows, r.Number)
		}
	}
	if len(rows) == 0 {
		return Table{}, false
	}
	// First all rows tell what the columns are; then the columns tell which
	// rows are requirements.
	var full []int
	for _, r := range rows {
		if v.cells(r, h.cols) > 1 {
			full = append(full, r)
		}
	}
	if len(full) == 0 {
		full = rows
	}
	// What a column is shows in some hundred rows.
	full = full[:min(len(full), 500)]
	profiles := make([]profile, len(h.cols))
	for i, c := range h.cols {
		profiles[i] = v.profile(c.col, full)
	}
	t := Table{Header: h.rows, First: head + 1, Columns: assign(h.cols, profiles)}
	d.columns(t.Columns)
	for i := range t.Columns {
		t.Columns[i].Hidden = v.grid.HiddenColumn(t.Columns[i].Col)
	}
	if t.Column(RoleText) == 0 {
		return Table{}, false
	}
	t.head = h.rows[0]
	for _, row := range h.rows {
		if s := v.own(row, t.Column(RoleText)); s != "" && !enumerated.MatchString(s) {
			t.head = row
		}
	}
	v.lines(&t, rows)
	if len(t.Lines) == 0 {
		return Table{}, false
	}
	t.Last = t.Lines[len(t.Lines)-1].Row
	for i, c := range t.Columns {
		if c.Role == RoleMet {
			t.Words = words(profiles[i], v, c.Col, t.Lines)
			if len(t.Words) == 0 {
				t.Words = wordsOf(h.cols[i].leaf)
			}
		}
	}
	return t, true
}

// cells counts the texts that show in a row of the table, one joined over
// several columns once.
func (v *view) cells(row int, cols []headed) int {
	n := 0
	for _, c := range cols {
		if v.own(row, c.col) != "" {
			n++
		}
	}
	return n
}

// lines picks the rows that are requirements, and gives each its theme.
func (v *view) lines(t *Table, rows []int) {
	id, text, kind, theme := t.Column(RoleID), t.Column(RoleText), t.Column(RoleType), t.Column(RoleTheme)
	withID := 0
	for _, r := range rows {
		if id > 0 && v.own(r, id) != "" && v.own(r, text) != "" {
			withID++
		}
	}
	identified := withID*2 > len(rows)
	cols := make([]headed, len(t.Columns))
	for i, c := range t.Columns {
		cols[i] = headed{col: c.Col}
	}
	current := ""
	for _, r := range rows {
		l := Line{Row: r, Text: v.own(r, text)}
		if id > 0 {
			l.ID = v.at(r, id)
		}
		if kind > 0 {
			l.Type = v.at(r, kind)
		}
		switch {
		case v.heading(r, cols, text):
			current = v.first(r, cols)
			continue
		case l.Text == "", v.across(r, text) > 2 && l.ID == l.Text, total(l.Text) && l.ID == "",
			identified && l.ID == "", v.grid.Cell(patch.Ref{Col: text, Row: r}).Formula && l.ID == "":
			continue
		}
		l.Theme = current
		if theme > 0 && v.at(r, theme) != "" {
			l.Theme = v.at(r, theme)
			current = l.Theme
		}
		row, _ := v.grid.Row(r)
		l.Hidden = row.Hidden
		var all []string
		for _, c := range row.Cells {
			if c.Text != "" {
				all = append(all, c.Text)
			}
		}
		l.all = strings.Join(all, " ")
		t.Lines = append(t.Lines, l)
	}
}

// heading reports whether a row is the heading of those below: one text over
// several columns, or alone in its row.
func (v *view) heading(row int, cols []headed, text int) bool {
	filled := 0
	wide := false
	for _, c := range cols {
		if s := v.own(row, c.col); s != "" {
			filled++
			wide = wide || v.across(row, c.col) > 2 || v.across(row, c.col) == len(cols) && len(cols) > 1
		}
	}
	return wide && filled <= 2 || filled == 1 && (v.own(row, text) == "" || len(cols) > 2)
}

func (v *view) first(row int, cols []headed) string {
	for _, c := range cols {
		if s := v.own(row, c.col); s != "" {
			return s
		}
	}
	return ""
}

// total reports whether a text begins a row of sums.
func total(s string) bool {
	w, _, _ := strings.Cut(plain(s), " ")
	return slices.Contains([]string{"sum", "totalt", "total", "totalsum", "antall", "antal", "delsum", "subtotal"}, strings.Trim(w, ":"))
}

// words lists the answers the body's column offers or has.
func words(p profile, v *view, col int, lines []Line) []string {
	if len(p.list) > 0 {
		return trimmed(p.list)
	}
	var out []string
	for _, l := range lines {
		if w := v.own(l.Row, col); w != "" && !slices.Contains(out, w) && len(out) < 12 {
			out = append(out, w)
		}
	}
	return out
}

// wordsOf lists the answers that a header asks for, as in «Oppfylt (J/N/D)» and
// «Ja/Nei/Delvis»; none unless all of them are answers.
func wordsOf(header string) []string {
	if i, j := strings.IndexByte(header, '('), strings.LastIndexByte(header, ')'); i >= 0 && j > i {
		header = header[i+1 : j]
	}
	out := trimmed(strings.Split(header, "/"))
	if len(out) < 2 || slices.ContainsFunc(out, func(w string) bool { return answerWords[plain(w)] == "" }) {
		return nil
	}
	return out
}

func trimmed(in []string) []string {
	out := make([]string, 0, len(in))
	for _, s := range in {
		if s = strings.TrimSpace(s); s != "" {
			out = append(out, s)
		}
	}
	return out
}
