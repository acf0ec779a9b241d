package main

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
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
	number, err := organisation.ParseIdentifier(c.Who)
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
