package own

import (
	"regexp"
	"slices"
	"strings"

	"felleskrav/internal/workbook/patch"
)

// Bounds of what is looked at, so that a strange file costs little.
const (
	maxHeaderText = 120
	maxWords      = 10
	maxTables     = 50
	maxGap        = 1 // columns without a header within a table
)

// Tables finds the requirement tables of a file, sheet by sheet. Sheets that
// are not shown are passed over. The error wraps patch.ErrDamaged.
func Tables(f *patch.File) ([]Table, error) { return Decided(f, nil) }

// Decided is [Tables] with what people have decided about them. A decision
// about a header that was not found makes a table of it.
func Decided(f *patch.File, decisions []Decision) ([]Table, error) {
	legend := newLegend()
	type page struct {
		sheet *patch.Sheet
		view  *view
	}
	var pages []page
	for _, s := range f.Sheets() {
		if s.Hidden {
			continue
		}
		g, err := f.Grid(s)
		if err != nil {
			return nil, err
		}
		pages = append(pages, page{s, newView(g)})
	}
	var out []Table
	for _, p := range pages {
		on := slices.DeleteFunc(slices.Clone(decisions), func(d Decision) bool { return d.Sheet != p.sheet.Name })
		for _, h := range p.view.with(headers(p.view), on) {
			d := decisionOf(on, h)
			if d.None || len(out) >= maxTables {
				continue
			}
			if t, ok := p.view.table(h, d); ok {
				t.Sheet, t.Protected = p.sheet.Name, p.view.grid.Protected
				out = append(out, t)
			}
		}
	}
	// What the codes mean may be told on any sheet, but not in a table.
	for _, p := range pages {
		legend.read(p.view, slices.DeleteFunc(slices.Clone(out), func(t Table) bool { return t.Sheet != p.sheet.Name }))
	}
	for i := range out {
		out[i].Codes = legend.codes(out[i])
		for _, d := range decisions {
			if d.Sheet == out[i].Sheet && d.Header == out[i].Header[len(out[i].Header)-1] {
				d.explain(out[i].Codes)
			}
		}
	}
	return out, nil
}

// header is a header found: its rows and its columns with their texts.
type header struct {
	rows  []int
	cols  []headed
	until int // the row before which the table ends; 0 for the sheet's end
}

// headed is one column of a header.
type headed struct {
	col         int
	leaf, group string
	roles       []heading
}

// text is the header as people read it.
func (h headed) text() string {
	if h.group == "" {
		return h.leaf
	}
	return h.group + " – " + h.leaf
}

// headers finds the headers of a sheet, from the top.
func headers(v *view) []header {
	var out []header
	taken := 0
	for _, r := range v.grid.Rows {
		if r.Number <= taken || !v.likely(r) {
			continue
		}
		for _, h := range v.headersAt(r.Number) {
			taken = h.rows[len(h.rows)-1]
			out = append(out, h)
		}
	}
	// A table ends where the next one in the same columns begins.
	for i := range out {
		for _, next := range out[i+1:] {
			if out[i].until == 0 && next.rows[0] > out[i].rows[0] && next.cols[0].col <= out[i].cols[len(out[i].cols)-1].col && next.cols[len(next.cols)-1].col >= out[i].cols[0].col {
				out[i].until = next.rows[0]
			}
		}
	}
	return out
}

// likely says that a row could be a header: short texts, one of them known.
func (v *view) likely(r patch.Row) bool {
	known := false
	for _, c := range r.Cells {
		if c.Kind != patch.Text {
			continue
		}
		if len(c.Text) > 2*maxHeaderText {
			return false
		}
		known = known || len(v.meanings(c.Text)) > 0
	}
	return known
}

// headersAt gives the headers that begin in a row: more than one when tables
// stand beside each other.
func (v *view) headersAt(row int) []header {
	best, most := []header(nil), 0.0
	for n := 1; n <= 3; n++ {
		rows := []int{row}
		for i := 1; i < n; i++ {
			rows = append(rows, row+i)
		}
		found := v.block(rows)
		total := 0.0
		for _, h := range found {
			total += h.worth()
		}
		// A further row must bring something: the rows below have texts too.
		if total > most+0.3 {
			best, most = found, total
		}
	}
	for len(best) > 0 && len(best[0].rows) > 1 && !v.groups(best[0]) {
		// A row above that joins no columns and adds nothing is no part of it.
		less := v.block(best[0].rows[1:])
		total := 0.0
		for _, h := range less {
			total += h.worth()
		}
		if total < most-0.05 {
			break
		}
		best = less
	}
	for i, h := range best {
		best[i] = v.deepen(h)
	}
	return best
}

// groups reports whether the top row of a header joins columns, or has texts
// that go down into the next row.
func (v *view) groups(h header) bool {
	for _, c := range h.cols {
		if m, ok := v.grid.MergedAt(patch.Ref{Col: c.col, Row: h.rows[0]}); ok && (m.To.Col > m.From.Col || m.To.Row > m.From.Row) && v.own(m.From.Row, m.From.Col) != "" {
			return true
		}
	}
	return false
}

// enumerated is what stands in a row that only gives columns letters or
// numbers.
var enumerated = regexp.MustCompile(`^\(?([a-zA-Z]|[IVX]{1,4}|\d{1,2})[).]?$`)

// deepen adds rows to a header that say more about columns joined above, such
// as «Ja», «Nei» and «Delvis» below «Oppfylt», or that only number them.
func (v *view) deepen(h header) header {
	for len(h.rows) < 5 {
		last := h.rows[len(h.rows)-1]
		row, ok := v.grid.Row(last + 1)
		if !ok {
			return h
		}
		texts, below, numbers := 0, 0, 0
		for _, c := range row.Cells {
			if c.Kind == patch.Empty {
				continue
			}
			texts++
			if v.across(last, c.Col) > 1 {
				below++
			}
			if enumerated.MatchString(strings.TrimSpace(c.Text)) {
				numbers++
			}
		}
		rows := append(slices.Clone(h.rows), last+1)
		switch {
		case texts >= 2 && below == texts:
			for _, deeper := range v.block(rows) {
				if deeper.cols[0].col == h.cols[0].col {
					h = deeper
				}
			}
			if len(h.rows) < len(rows) {
				return h
			}
		case texts >= 3 && numbers == texts && texts*4 >= 3*len(h.cols):
			h.rows = rows
		default:
			return h
		}
	}
	return h
}

// block reads some rows as a header.
func (v *view) block(rows []int) []header {
	var cols []headed
	for col := 1; col <= min(v.grid.MaxCol, 400); col++ {
		if h, ok := v.headed(rows, col); ok {
			cols = append(cols, h)
		}
	}
	var out []header
	for _, part := range segments(cols) {
		h := header{rows: rows, cols: part}
		if h.good() {
			out = append(out, h)
		}
	}
	if len(out) == 0 {
		if h := (header{rows: rows, cols: cols}); h.good() {
			out = append(out, h)
		}
	}
	return out
}

// segments cuts a row of headers where columns without one stand between.
func segments(cols []headed) [][]headed {
	var out [][]headed
	for i, c := range cols {
		if i == 0 || c.col-cols[i-1].col > maxGap+1 {
			out = append(out, nil)
		}
		out[len(out)-1] = append(out[len(out)-1], c)
	}
	return out
}

// headed reads the header of a column: the lowest text in it, and what stands
// above that.
func (v *view) headed(rows []int, col int) (headed, bool) {
	h := headed{col: col}
	var above []string
	for i := len(rows) - 1; i >= 0; i-- {
		text := v.at(rows[i], col)
		if text == "" || len(text) > 2*maxHeaderText || v.across(rows[i], col) > 12 {
			continue
		}
		switch {
		case h.leaf == "":
			// The lowest row says what one column holds; a text over several
			// is a group of those that say more below.
			h.leaf = text
		case text != h.leaf && !slices.Contains(above, text):
			above = append([]string{text}, above...)
		}
	}
	if h.leaf == "" {
		return h, false
	}
	h.group = strings.Join(above, " – ")
	h.roles = v.meanings(h.leaf)
	if len(h.roles) == 0 && h.group != "" {
		// «Svar» above «(maks 500 ord)»: what is below only adds to it.
		for _, m := range v.meanings(above[len(above)-1]) {
			if v.across(rows[0], col) == 1 {
				h.roles = append(h.roles, heading{m.role, m.sure * 0.8})
			}
		}
	}
	return h, true
}

// worth adds up how sure the roles are, each counted once.
func (h header) worth() float64 {
	best := map[Role]float64{}
	for _, c := range h.cols {
		for _, m := range c.roles[:min(1, len(c.roles))] {
			best[m.role] = max(best[m.role], m.sure)
		}
	}
	sum := 0.0
	for _, s := range best {
		sum += s
	}
	return sum
}

// priced are words of tables about prices, people and plans.
var priced = []string{"pris", "beløp", "antall", "antal", "timepris", "price", "amount", "quantity", "kostnad", "sum eks", "mva", "kompetanse", "stilling", "erfaring", "rolle", "milepæl", "frist", "dato", "date", "asked", "author", "forfatter", "sannsynlighet", "risiko", "betydning", "tyding", "forklaring", "enhet", "eining"}

// good reports whether the texts make the header of a requirement table:
// what is required, and at least two things about it, one of them a bidder's
// answer, a type or how to answer.
func (h header) good() bool {
	has := map[Role]float64{}
	other := 0
	for _, c := range h.cols {
		for _, m := range c.roles {
			has[m.role] = max(has[m.role], m.sure)
		}
		if len(c.roles) == 0 && containsAny(plain(c.leaf), priced) {
			other++
		}
	}
	what := has[RoleText] >= 0.5 || has[RoleID] >= 1
	about := 0
	for _, r := range []Role{RoleMet, RoleAnswer, RoleType, RoleInstruction, RoleDeviation, RoleReference, RoleWeight} {
		if has[r] >= 0.5 {
			about++
		}
	}
	if !what || len(h.cols) < 2 {
		return false
	}
	if has[RoleText] < 0.9 && other > 0 {
		return about >= 3
	}
	strong := has[RoleText] >= 0.9 && (has[RoleID] >= 0.8 || about >= 1)
	return strong || about >= 2 && has[RoleID] >= 0.8 || about >= 1 && has[RoleID] >= 1 && (has[RoleText] >= 0.5 || other == 0) || about >= 3
}

// alternatives are words of which a header for types has one of each, as in
// «Skal-krav (S) / Bør-krav (B)».
var alternatives = [2][]string{
	{"må", "skal", "absolutt", "minimum", "obligatorisk", "must", "mandatory", "shall"},
	{"bør", "evaluer", "kan-", "/kan", "ønske", "should", "optional", "desirable"},
}

// meanings is the function of that name, which remembers: the texts of a
// column are often the same.
func (v *view) meanings(text string) []heading {
	m, known := v.known[text]
	if !known {
		m = meanings(text)
		v.known[text] = m
	}
	return m
}

// meanings gives the roles a header text can mean, the surest first.
func meanings(text string) []heading {
	p := plain(text)
	if p == "" || len(p) > maxHeaderText {
		return nil
	}
	best := map[Role]float64{}
	note := func(key string, share float64) {
		for _, h := range headings[trim(key)] {
			best[h.role] = max(best[h.role], h.sure*share)
		}
	}
	note(p, 1)
	note(strings.ReplaceAll(p, "- ", ""), 1) // a word broken at a line's end
	if low := " " + p + " "; len(p) < 60 && containsAny(low, alternatives[0]) && containsAny(low, alternatives[1]) {
		best[RoleType] = max(best[RoleType], 0.95)
	}
	if i := strings.IndexByte(p, '('); i > 0 {
		note(p[:i], 0.97)
	}
	if len(best) == 0 {
		for _, cut := range []string{" - ", ":", "/", ".", ","} {
			if before, _, ok := strings.Cut(p, cut); ok {
				note(before, 0.9)
			}
		}
	}
	if words := strings.Fields(p); len(best) == 0 && len(words) <= maxWords {
		for n := len(words) - 1; n >= 1; n-- {
			note(strings.Join(words[:n], " "), 0.85-0.05*float64(len(words)-n-1))
		}
		for i := 1; i < len(words); i++ {
			note(strings.Join(words[i:], " "), 0.72-0.05*float64(i-1))
		}
	}
	var out []heading
	for role, sure := range best {
		if sure >= 0.3 {
			out = append(out, heading{role, sure})
		}
	}
	slices.SortFunc(out, func(a, b heading) int {
		switch {
		case a.sure > b.sure:
			return -1
		case a.sure < b.sure:
			return 1
		}
		return strings.Compare(string(a.role), string(b.role))
	})
	return out
}
