package workbook

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"felleskrav/internal/locale"
	"felleskrav/internal/organisation"
	"felleskrav/internal/status"
)

// BulkSupplier is what a check found about one supplier.
type BulkSupplier struct {
	// Known tells whether it is registered here.
	Known bool
	Name  string
	// Statuses has one status per offering; requirements and history may be
	// left out.
	Statuses []status.Status
	// Register is what the register of legal entities says; nil when that is not
	// known.
	Register *organisation.RegisterEntry
}

// BulkResult is what a check found about a list.
type BulkResult struct {
	Texts *locale.Texts
	// FileName is the name of the list, Set the version asked for
	// ("grunnsett@1.0.0") and SetName its name.
	FileName, Set, SetName string
	// At is the moment the statuses hold for.
	At time.Time
	// BaseURL is the address of the pages, without a slash at the end.
	BaseURL   string
	Suppliers map[organisation.Number]BulkSupplier
	// Register adds a column with what the register of legal entities says.
	Register bool

	// sheet is the sheet with all offerings, if there is to be one.
	sheet string
}

// What rows are counted as, besides the words for a status.
const (
	CountUnknown    = "unknown"     // not registered here
	CountNoOffering = "no-offering" // registered, and offers nothing
	CountDoubtful   = "doubtful"    // the number could not be read
)

// CountKeys are what rows are counted as, in the order they are shown.
func CountKeys() []string {
	var out []string
	for _, o := range status.Overalls() {
		out = append(out, string(o))
	}
	return append(out, CountNoOffering, CountUnknown, CountDoubtful)
}

// CountText is the key of the text for one of CountKeys.
func CountText(key string) string {
	switch key {
	case CountUnknown, CountNoOffering, CountDoubtful:
		return "workbook.bulk.count." + key
	}
	return "status." + key
}

// bulkColumns are the columns that are added to a list.
var bulkColumns = []string{"status", "offering", "version", "until", "assurance", "weakest", "link", "remark"}

// registerColumn is the one that is added at the end where the register of legal
// entities is asked.
const registerColumn = "register"

func (r BulkResult) columns() []string {
	if r.Register {
		return append(slices.Clone(bulkColumns), registerColumn)
	}
	return bulkColumns
}

// registered says in a few words what the register says about a supplier.
func (r BulkResult) registered(n organisation.Number) (string, look) {
	if n.Foreign() {
		return "", look{}
	}
	e := r.Suppliers[n].Register
	if e == nil {
		return r.Texts.T("register.none"), look{toneNone, "○"}
	}
	text := r.Texts.T("register.state." + string(e.State()))
	if e.Deleted && e.DeletedOn != "" {
		text += " " + e.DeletedOn
	}
	if e.Warns() {
		return text, look{toneWarn, "!"}
	}
	return text, look{toneGood, "✓"}
}

// verdict is what is written beside one row.
type verdict struct {
	count  string
	look   look
	status string
	// st is nil without an offering.
	st     *status.Status
	remark string
	// register says what the register of legal entities says.
	register     string
	registerLook look
}

// judgeRow picks the status that a row shows. A row that names an offering
// shows that one; any other shows the one that stands best for the set asked
// about, since the question is whether the supplier has what is asked for. The
// remark tells that there are more, and the sheet of offerings shows them all.
func (r BulkResult) judgeRow(row SupplierRow) verdict {
	s, found := r.Suppliers[row.Number]
	t := r.Texts
	switch {
	case !found || !s.Known:
		return verdict{count: CountUnknown, look: look{toneNone, "○"}, status: t.T("workbook.bulk.count.unknown")}
	case len(s.Statuses) == 0:
		return verdict{count: CountNoOffering, look: look{toneNone, "○"}, status: t.T("workbook.bulk.count.no-offering")}
	}
	st := best(s.Statuses)
	var remarks []string
	if row.Offering != "" {
		if named := namedOffering(s.Statuses, row.Offering); named != nil {
			st = named
		} else {
			remarks = append(remarks, t.T("workbook.bulk.no-such-offering", "Name", clip(row.Offering, 80)))
		}
	}
	if n := len(s.Statuses) - 1; n > 0 {
		if r.sheet != "" {
			remarks = append(remarks, t.T("workbook.bulk.others-see", "Count", n, "Sheet", r.sheet))
		} else {
			remarks = append(remarks, t.T("workbook.bulk.others", "Count", n))
		}
	}
	return verdict{
		count: string(st.Overall), look: statusLooks[st.Overall], status: t.T("status." + string(st.Overall)), st: st,
		remark: strings.Join(remarks, " "),
	}
}

// best is the status that stands best, and of several that do, the one that
// holds longest.
func best(all []status.Status) *status.Status {
	order := status.Overalls()
	i := 0
	for j := range all {
		a, b := slices.Index(order, all[j].Overall), slices.Index(order, all[i].Overall)
		if a < b || a == b && until(all[j]).After(until(all[i])) {
			i = j
		}
	}
	return &all[i]
}

func namedOffering(all []status.Status, name string) *status.Status {
	for i, st := range all {
		if st.Offering == name || fold(st.OfferingName) == fold(name) {
			return &all[i]
		}
	}
	return nil
}

func until(st status.Status) time.Time {
	if st.Declaration == nil {
		return time.Time{}
	}
	return st.Declaration.ValidUntil
}

// version is the set version that was declared for, or else asked about.
func version(st status.Status) string {
	if st.Declaration != nil {
		return st.Set + " " + st.Declaration.SetVersion
	}
	return st.Set + " " + st.SetVersion
}

// assurance says what stands behind the answers: the step that all of them
// have reached, and how many are documented or reviewed.
func (r BulkResult) assurance(st status.Status) string {
	c := st.Counts
	answered := c.Total() - c.Unanswered
	if st.Declaration == nil || answered == 0 {
		return ""
	}
	step := status.Declared
	switch {
	case c.Reviewed >= answered:
		step = status.Reviewed
	case c.Documented >= answered:
		step = status.Documented
	}
	text := r.Texts.T("assurance." + string(step))
	if step == status.Declared && c.Documented > 0 || c.Reviewed > 0 && step != status.Reviewed {
		text += " (" + r.Texts.T("workbook.bulk.assured", "Documented", c.Documented, "Reviewed", c.Reviewed, "Total", answered) + ")"
	}
	return text
}

func (r BulkResult) weakest(st status.Status) string {
	if st.Weakest == nil {
		return ""
	}
	path := st.Weakest.Path
	if len(path) == 0 {
		path = []string{st.Weakest.Name}
	}
	return oneLine(strings.Join(path, " → ")) + ": " + strings.ToLower(r.Texts.T("status."+string(st.Weakest.Overall)))
}

func (r BulkResult) link(st status.Status) string {
	set, _, _ := strings.Cut(r.Set, "@")
	return r.BaseURL + "/offerings/" + st.Offering + "/status?set=" + set
}

func (r BulkResult) heading(column string) string { return r.Texts.T("workbook.bulk.column." + column) }

// texts are the added columns of a row as text, for CSV.
func (r BulkResult) texts(v verdict) []string {
	out := make([]string, len(r.columns()))
	out[0], out[7] = v.status, v.remark
	if r.Register {
		out[8] = v.register
	}
	if st := v.st; st != nil {
		out[1], out[2], out[4], out[5], out[6] = oneLine(st.OfferingName), version(*st), r.assurance(*st), r.weakest(*st), r.link(*st)
		if at := until(*st); !at.IsZero() {
			out[3] = r.Texts.Date(at)
		}
	}
	return out
}

// doubtful is what is written beside a row whose number could not be read.
func (r BulkResult) doubtful(d Doubt) verdict {
	return verdict{count: CountDoubtful, look: look{toneWarn, "?"}, status: r.Texts.T("workbook.bulk.count.doubtful"), remark: r.Texts.T(d.Key)}
}

// Write writes the list back with the results beside its rows, in the format
// it came in, and tells how many rows were counted as what. A spreadsheet gets
// a summary sheet too, and one with all offerings of suppliers that have
// several; nothing else in it is changed. A list can be written once.
func (l *SupplierList) Write(w io.Writer, r BulkResult) (counts map[string]int, err error) {
	counts = map[string]int{}
	if l.Kind == ListCSV {
		return counts, l.writeCSV(w, r, counts)
	}
	defer func() {
		// What the library trips over came in with the file.
		if p := recover(); p != nil {
			err = damaged(fmt.Errorf("write list of suppliers: %v", p))
		}
	}()
	return counts, l.writeBook(w, r, counts)
}

// verdicts gives each row of the list what is to stand beside it, in order.
func (l *SupplierList) verdicts(r BulkResult, counts map[string]int, give func(row int, v verdict)) {
	rows := l.Rows
	doubts := make([]int, 0, len(l.doubtful))
	for row := range l.doubtful {
		doubts = append(doubts, row)
	}
	slices.Sort(doubts)
	for len(rows) > 0 || len(doubts) > 0 {
		var v verdict
		var row int
		if len(doubts) == 0 || len(rows) > 0 && rows[0].Row < doubts[0] {
			row, v = rows[0].Row, r.judgeRow(rows[0])
			if r.Register {
				v.register, v.registerLook = r.registered(rows[0].Number)
			}
			rows = rows[1:]
		} else {
			row, v, doubts = doubts[0], r.doubtful(l.Doubts[l.doubtful[doubts[0]]]), doubts[1:]
		}
		counts[v.count]++
		give(row, v)
	}
}

func (l *SupplierList) writeCSV(w io.Writer, r BulkResult, counts map[string]int) error {
	out := make([][]string, len(l.csv.rows))
	for i, row := range l.csv.rows {
		out[i] = append(make([]string, 0, l.width+len(bulkColumns)+1), row[:min(len(row), l.width)]...)
		for len(out[i]) < l.width {
			out[i] = append(out[i], "")
		}
	}
	var head []string
	for _, c := range r.columns() {
		head = append(head, r.heading(c))
	}
	l.verdicts(r, counts, func(row int, v verdict) { out[row-1] = append(out[row-1], r.texts(v)...) })
	if l.Header > 0 {
		out[l.Header-1] = append(out[l.Header-1], head...)
	} else {
		first := make([]string, l.width)
		first[l.Column-1] = r.heading("number")
		out = slices.Insert(out, 0, append(first, head...))
	}
	if err := WriteCSV(w, l.csv.comma, out); err != nil {
		return fmt.Errorf("write list of suppliers: %w", err)
	}
	return nil
}
