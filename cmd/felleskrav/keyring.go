package main

import (
	"bufio"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"felleskrav/internal/console"
	"felleskrav/internal/organisation"
	"felleskrav/internal/supplier"
)

func keysPath(n organisation.Number) string { return "/api/v1/suppliers/" + string(n) + "/keys" }

// fetchKeys reads all keys that a supplier has enrolled, the oldest first.
func fetchKeys(s *session, api *client, number organisation.Number) ([]supplier.Key, error) {
	out := []supplier.Key{}
	query := url.Values{"limit": {"200"}}
	for {
		var page struct {
			Items []supplier.Key `json:"items"`
			Next  string         `json:"next"`
		}
		if err := api.get(s.Ctx, keysPath(number), query, &page); err != nil {
			return nil, err
		}
		out = append(out, page.Items...)
		if page.Next == "" || page.Next == query.Get("cursor") {
			return out, nil
		}
		query.Set("cursor", page.Next)
	}
}

// keyForm is a key id or enough of the beginning of one.
var keyForm = regexp.MustCompile(`^[0-9a-f]{8,64}$`)

// findKey finds a supplier's key by its id or the beginning of it.
func findKey(s *session, api *client, number organisation.Number, id string) (supplier.Key, error) {
	id = strings.ToLower(id)
	if !keyForm.MatchString(id) {
		return supplier.Key{}, console.Usage("cli.key.id", "ID", id)
	}
	keys, err := fetchKeys(s, api, number)
	if err != nil {
		return supplier.Key{}, err
	}
	keys = slices.DeleteFunc(keys, func(k supplier.Key) bool { return !strings.HasPrefix(k.ID, id) })
	switch len(keys) {
	case 0:
		return supplier.Key{}, console.No("cli.key.unknown", "ID", id, "Supplier", number.Grouped())
	case 1:
		return keys[0], nil
	}
	return supplier.Key{}, console.Usage("cli.key.several", "ID", id)
}

type keyListCmd struct {
	Supplier string `required:"" conf:"" placeholder:"ORGNR"`
	remote
	console.Output
}

// Run lists the keys of a supplier, those too that are revoked or expired.
func (c *keyListCmd) Run(s *session) error {
	format, err := c.Choose("text", "json", "yaml")
	if err != nil {
		return err
	}
	number, err := organisation.ParseIdentifier(c.Supplier)
	if err != nil {
		return err
	}
	api, err := s.client(c.remote)
	if err != nil {
		return err
	}
	keys, err := fetchKeys(s, api, number)
	if err != nil {
		return err
	}
	if format != "text" {
		return s.PutValue(c.Output, format, map[string]any{"items": keys})
	}
	if len(keys) == 0 {
		s.Say("cli.key.none", "Supplier", number.Grouped())
		return nil
	}
	return s.Put(c.Output, []byte(s.keyTable(keys)))
}

func (s *session) keyTable(keys []supplier.Key) string {
	var b strings.Builder
	table := tabwriter.NewWriter(&b, 0, 8, 2, ' ', 0)
	fmt.Fprintln(table, strings.Join([]string{
		s.T("cli.key.column.id"), s.T("cli.key.column.state"), s.T("cli.key.column.enrolled"), s.T("cli.key.column.until"),
		s.T("cli.key.column.algorithm"), s.T("cli.key.column.label"),
	}, "\t"))
	for _, k := range keys {
		fmt.Fprintln(table, strings.Join([]string{k.ID, s.keyState(k, s.Now()), s.Date(k.EnrolledAt), s.Date(k.ExpiresAt), k.Algorithm, k.Label}, "\t"))
	}
	table.Flush()
	return b.String()
}

// keyState says what a key can be used for.
func (s *session) keyState(k supplier.Key, now time.Time) string {
	switch {
	case k.Revoked != nil:
		return s.T("cli.key.state.revoked", "At", s.Date(k.Revoked.At), "Index", k.Revoked.Index, "Reason", s.reason(k.Revoked.Reason))
	case !now.Before(k.ExpiresAt):
		return s.T("cli.key.state.expired")
	}
	return s.T("cli.key.state.valid")
}

func (s *session) reason(r supplier.Reason) string {
	return strings.ToLower(s.T("revocation." + string(r)))
}

type keyRevokeCmd struct {
	KeyID    string `arg:"" name:"keyid" placeholder:"KEYID"`
	Supplier string `required:"" conf:"" placeholder:"ORGNR"`
	Reason   string `required:"" enum:"replaced,retired,compromised" placeholder:"WHY"`
	Note     string `placeholder:"TEXT"`
	Yes      bool   `short:"y"`
	remote
	console.Output
}

// Run revokes a key, after it has said what that means and got a yes.
func (c *keyRevokeCmd) Run(s *session) error {
	format, err := c.Choose("text", "json", "yaml")
	if err != nil {
		return err
	}
	number, err := organisation.ParseIdentifier(c.Supplier)
	if err != nil {
		return err
	}
	api, err := s.client(c.remote)
	if err != nil {
		return err
	}
	key, err := findKey(s, api, number, c.KeyID)
	if err != nil {
		return err
	}
	if key.Revoked == nil {
		s.Say("cli.key.revoke-means", "ID", key.ID, "Label", key.Label, "Supplier", number.Grouped(), "Reason", s.reason(supplier.Reason(c.Reason)))
		if c.Reason == string(supplier.Compromised) {
			s.Say("cli.key.revoke-compromised")
		}
		if err := c.confirm(s); err != nil {
			return err
		}
	}
	already := key.Revoked != nil
	in := map[string]any{"reason": c.Reason, "note": c.Note}
	if err := api.send(s.Ctx, http.MethodPost, keysPath(number)+"/"+key.ID+"/revocation", in, &key); err != nil {
		return err
	}
	if key.Revoked == nil {
		return console.Cannot(nil, "cli.server.strange", "Server", c.Server, "Status", "200")
	}
	if format != "text" {
		return s.PutValue(c.Output, format, key)
	}
	about := []any{"ID", key.ID, "At", s.DateTime(key.Revoked.At), "Index", key.Revoked.Index, "Reason", s.reason(key.Revoked.Reason)}
	if already {
		s.Say("cli.key.revoked-before", about...)
	} else {
		s.Say("cli.key.revoked", about...)
	}
	return s.Put(c.Output, []byte(key.ID+"\n"))
}

// confirm asks the person at the terminal; any other answer than yes, in one
// of the languages, is no.
func (c *keyRevokeCmd) confirm(s *session) error {
	if c.Yes {
		return nil
	}
	fmt.Fprint(s.Stderr, s.T("cli.key.confirm"), " ")
	line, err := bufio.NewReader(s.Stdin).ReadString('\n')
	if err != nil && line == "" { // nobody is there to answer
		fmt.Fprintln(s.Stderr)
		return console.Usage("cli.key.confirm-flag")
	}
	if !slices.Contains([]string{"j", "ja", "y", "yes"}, strings.ToLower(strings.TrimSpace(line))) {
		return console.No("cli.key.kept")
	}
	return nil
}
