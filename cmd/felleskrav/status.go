package main

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"text/tabwriter"
	"time"

	"felleskrav/internal/console"
	"felleskrav/internal/organisation"
	"felleskrav/internal/status"
)

type statusCmd struct {
	Who string `arg:"" name:"who" placeholder:"WHO"`
	Set string `placeholder:"SET[@VERSION]"`
	At  string `placeholder:"TIME"`
	remote
	console.Output
}

var uuidForm = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

// Run shows the status of an offering, or of everything a supplier offers. It
// ends with 1 when something shown is neither valid nor about to expire.
func (c *statusCmd) Run(s *session) error {
	format, err := c.Choose("text", "json", "yaml")
	if err != nil {
		return err
	}
	query := url.Values{}
	at, err := moment(c.At)
	if err != nil {
		return err
	}
	if !at.IsZero() {
		query.Set("at", at.Format(time.RFC3339))
	}
	api, err := s.client(c.remote)
	if err != nil {
		return err
	}
	var all []status.Status
	var result any
	if uuidForm.MatchString(c.Who) {
		if c.Set != "" {
			query.Set("set", c.Set)
		}
		all = make([]status.Status, 1)
		err = api.get(s.Ctx, "/api/v1/offerings/"+c.Who+"/status", query, &all[0])
		result = all[0]
	} else {
		all, err = c.ofSupplier(s, api, query)
		result = map[string]any{"items": all}
	}
	if err != nil {
		return err
	}
	if format == "text" {
		var b strings.Builder
		for _, st := range all {
			s.statusText(&b, st)
		}
		err = s.Put(c.Output, []byte(b.String()))
	} else {
		err = s.PutValue(c.Output, format, result)
	}
	for _, st := range all {
		if err == nil && st.Overall != status.Valid && st.Overall != status.Expiring {
			err = console.ErrNo
		}
	}
	if err == nil && len(all) == 0 {
		s.Say("cli.status.none", "Who", c.Who)
		err = console.ErrNo
	}
	return err
}

func (c *statusCmd) ofSupplier(s *session, api *client, query url.Values) ([]status.Status, error) {
	number, err := organisation.ParseNumber(c.Who)
	if err != nil {
		return nil, err
	}
	var list struct {
		Items []status.Status `json:"items"`
	}
	if err := api.get(s.Ctx, "/api/v1/suppliers/"+string(number)+"/status", query, &list); err != nil {
		return nil, err
	}
	if c.Set == "" {
		return list.Items, nil
	}
	// The supplier's own list is of sets it has declared for; another set is
	// asked about offering by offering.
	query.Set("set", c.Set)
	seen := map[string]bool{}
	var out []status.Status
	for _, st := range list.Items {
		if seen[st.Offering] {
			continue
		}
		seen[st.Offering] = true
		var one status.Status
		if err := api.get(s.Ctx, "/api/v1/offerings/"+st.Offering+"/status", query, &one); err != nil {
			return nil, err
		}
		out = append(out, one)
	}
	return out, nil
}

func (s *session) statusText(b *strings.Builder, st status.Status) {
	line := func(key string, args ...any) { b.WriteString("  " + s.T(key, args...) + "\n") }
	fmt.Fprintf(b, "%s – %s (%s)\n", s.T("status."+string(st.Overall)), st.OfferingName, st.Offering)
	line("cli.statement.supplier", "Name", st.SupplierName, "Number", st.Supplier.Grouped())
	line("cli.status.set", "Set", st.Set+"@"+st.SetVersion, "At", s.DateTime(st.At))
	if d := st.Declaration; d != nil {
		line("cli.status.declaration", "Digest", d.Digest, "Declared", s.Date(d.DeclaredAt), "Until", s.Date(d.ValidUntil), "Index", d.LogIndex)
	}
	c := st.Counts
	line("cli.status.counts", "Met", c.Met, "Partial", c.Partial, "Planned", c.Planned, "Alternative", c.Alternative,
		"NotMet", c.NotMet, "NotApplicable", c.NotApplicable, "Unanswered", c.Unanswered, "Documented", c.Documented)
	for _, l := range st.Chain {
		line("cli.status.link", "Name", l.Name, "Status", strings.ToLower(s.T("status."+string(l.Overall))))
	}
	if w := st.Weakest; w != nil {
		line("cli.status.weakest", "Name", strings.Join(append([]string{w.Name}, w.Path...), " → "), "Status", strings.ToLower(s.T("status."+string(w.Overall))))
	}
	b.WriteString("\n")
}

type checkCmd struct {
	File   string `arg:"" placeholder:"FILE"`
	Set    string `placeholder:"SET[@VERSION]"`
	At     string `placeholder:"TIME"`
	Column string `placeholder:"NAME"`
	remote
	console.Output
}

// Run looks many suppliers up at once: a list of organisation numbers, or a
// table that has a column of them. It ends with 1 when one of them is neither
// valid nor about to expire.
func (c *checkCmd) Run(s *session) error {
	format, err := c.Choose("text", "csv", "json", "yaml")
	if err != nil {
		return err
	}
	at, err := moment(c.At)
	if err != nil {
		return err
	}
	data, err := s.Read(c.File)
	if err != nil {
		return err
	}
	list, err := readSupplierList(data, c.Column)
	if err != nil {
		return err
	}
	api, err := s.client(c.remote)
	if err != nil {
		return err
	}
	in := map[string]any{"suppliers": list.numbers()}
	if c.Set != "" {
		in["set"] = c.Set
	}
	if !at.IsZero() {
		in["at"] = at.Format(time.RFC3339)
	}
	var result checkResult
	if err := api.send(s.Ctx, http.MethodPost, "/api/v1/status/check", in, &result); err != nil {
		return err
	}
	switch format {
	case "text":
		err = s.Put(c.Output, []byte(s.checkText(result)))
	case "csv":
		if data, err = s.checkCSV(list, result); err == nil {
			err = s.Put(c.Output, data)
		}
	default:
		err = s.PutValue(c.Output, format, result)
	}
	if err != nil {
		return err
	}
	good := 0
	for _, r := range result.Items {
		if r.good() {
			good++
		}
	}
	s.Say("cli.check.summary", "Count", len(result.Items), "Good", good, "Set", result.Set)
	if good < len(result.Items) {
		return console.ErrNo
	}
	return nil
}

// checkResult is the server's answer.
type checkResult struct {
	Set   string     `json:"set"`
	Items []checkRow `json:"items"`
}

type checkRow struct {
	Number       string       `json:"orgnr"`
	Known        bool         `json:"known"`
	SupplierName string       `json:"supplierName,omitempty"`
	Status       *checkStatus `json:"status,omitempty"`
	Error        *struct {
		Key    string `json:"key"`
		Detail string `json:"detail"`
	} `json:"error,omitempty"`
}

type checkStatus struct {
	Offering     string                    `json:"offering"`
	OfferingName string                    `json:"offeringName"`
	Set          string                    `json:"set"`
	SetVersion   string                    `json:"setVersion"`
	Overall      status.Overall            `json:"overall"`
	At           time.Time                 `json:"at"`
	ChangesAt    *time.Time                `json:"changesAt,omitempty"`
	Declaration  *status.DeclarationStatus `json:"declaration,omitempty"`
	Counts       status.Counts             `json:"counts"`
	Weakest      *status.Link              `json:"weakest,omitempty"`
}

func (r checkRow) good() bool {
	return r.Status != nil && (r.Status.Overall == status.Valid || r.Status.Overall == status.Expiring)
}

// cells are the columns a check adds: status, offering, valid until, weakest
// link, and what was wrong with the number.
func (s *session) cells(r checkRow) []string {
	switch {
	case r.Error != nil:
		return []string{"", "", "", "", r.Error.Detail}
	case !r.Known:
		return []string{s.T("cli.check.unknown"), "", "", "", ""}
	case r.Status == nil:
		return []string{s.T("cli.check.no-offering"), "", "", "", ""}
	}
	out := []string{s.T("status." + string(r.Status.Overall)), r.Status.OfferingName, "", "", ""}
	if d := r.Status.Declaration; d != nil {
		out[2] = s.Date(d.ValidUntil)
	}
	if w := r.Status.Weakest; w != nil {
		out[3] = w.Name + ": " + strings.ToLower(s.T("status."+string(w.Overall)))
	}
	return out
}

func (s *session) checkHead() []string {
	var out []string
	for _, k := range []string{"number", "name", "status", "offering", "until", "weakest", "remark"} {
		out = append(out, s.T("cli.check.column."+k))
	}
	return out
}

func (s *session) checkText(r checkResult) string {
	var b strings.Builder
	table := tabwriter.NewWriter(&b, 0, 8, 2, ' ', 0)
	fmt.Fprintln(table, strings.Join(s.checkHead(), "\t"))
	for _, row := range r.Items {
		cells := append([]string{organisation.Number(row.Number).Grouped(), row.SupplierName}, s.cells(row)...)
		fmt.Fprintln(table, strings.TrimRight(strings.Join(cells, "\t"), "\t"))
	}
	_ = table.Flush() // to memory
	return b.String()
}

// checkCSV gives the table back with columns added. A supplier with several
// offerings has its row several times.
func (s *session) checkCSV(list supplierList, r checkResult) ([]byte, error) {
	head := s.checkHead()
	rows := [][]string{append(list.head(head[0]), head[1:]...)}
	next := 0
	for _, in := range list.rows {
		if in.number == "" {
			rows = append(rows, in.cells)
			continue
		}
		// The answer has the rows in the order asked, those of one supplier
		// next to each other, repeated when the number was.
		first := next
		for next < len(r.Items) && (next == first || r.Items[next].Number == r.Items[first].Number && r.Items[next].other(r.Items[first:next])) {
			row := r.Items[next]
			rows = append(rows, append(append(list.pad(in.cells), row.SupplierName), s.cells(row)...))
			next++
		}
	}
	return writeCSV(rows)
}

// other tells whether the row is about another offering than those before it.
func (r checkRow) other(before []checkRow) bool {
	for _, b := range before {
		if r.Status == nil || b.Status == nil || b.Status.Offering == r.Status.Offering {
			return false
		}
	}
	return true
}
