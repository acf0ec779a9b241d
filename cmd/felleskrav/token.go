package main

import (
	"fmt"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"felleskrav/internal/access"
	"felleskrav/internal/console"
	"felleskrav/internal/organisation"
	"felleskrav/internal/trail"
)

type tokenCmd struct {
	Create tokenCreateCmd `cmd:""`
	List   tokenListCmd   `cmd:""`
	Revoke tokenRevokeCmd `cmd:""`
}

type tokenCreateCmd struct {
	Org string `required:"" placeholder:"ORGNR"`
	// Name tells what the token is for.
	Name    string   `placeholder:"TEXT"`
	OrgName string   `name:"org-name" placeholder:"TEXT"`
	Role    []string `required:"" placeholder:"ROLE"`
	TTL     string   `name:"ttl" default:"90d" placeholder:"DURATION"`
	local
	console.Output
}

// maxTTL is the longest that a token can work.
const maxTTL = 3650 * 24 * time.Hour

// parseTTL reads days ("90d"), or hours, minutes and seconds ("12h30m").
func parseTTL(s string) (time.Duration, error) {
	ttl, err := time.ParseDuration(s)
	if days, ok := strings.CutSuffix(s, "d"); ok {
		var n int64
		if n, err = strconv.ParseInt(days, 10, 16); err == nil {
			ttl = time.Duration(n) * 24 * time.Hour
		}
	}
	if err != nil || ttl <= 0 || ttl > maxTTL {
		return 0, console.Usage("cli.token.ttl", "Value", s)
	}
	return ttl, nil
}

// Run makes a token in the store and shows its secret, which is kept nowhere.
func (c *tokenCreateCmd) Run(s *session) error {
	format, err := c.Choose("text", "json", "yaml")
	if err != nil {
		return err
	}
	number, err := organisation.ParseIdentifier(c.Org)
	if err != nil {
		return err
	}
	n := organisation.NewToken{Org: number, OrgName: c.OrgName, Name: c.Name}
	for _, r := range c.Role {
		n.Roles = append(n.Roles, access.Role(strings.TrimSpace(r)))
	}
	if n.TTL, err = parseTTL(c.TTL); err != nil {
		return err
	}
	if n.OrgName == "" {
		n.OrgName = number.Grouped()
	}
	store, err := c.open(s.Ctx, s.Now)
	if err != nil {
		return err
	}
	defer store.Close() //nolint:errcheck // the write is durable already
	service := organisation.Service{Store: store, Now: s.Now}
	secret, t, err := service.IssueNew(s.Ctx, n)
	if err != nil {
		return err
	}
	made := trail.Entry{Action: trail.CreateToken, Operation: "token create", Owner: string(number), Targets: []trail.Target{{Kind: "token", ID: t.ID}}}
	if err := byOperator(s, store, made); err != nil {
		return err // nobody has seen the secret, so the token opens nothing
	}
	s.Say("cli.token.made", "Org", number.Grouped(), "Roles", strings.Join(c.Role, ", "), "Until", s.Date(t.ExpiresAt))
	if format == "text" {
		return s.Put(c.Output, []byte(secret+"\n"))
	}
	return s.PutValue(c.Output, format, map[string]any{"token": secret, "id": t.ID, "org": t.Org, "name": t.Name, "roles": t.Roles, "expiresAt": t.ExpiresAt})
}

type tokenListCmd struct {
	Org string `required:"" placeholder:"ORGNR"`
	local
	console.Output
}

// tokenRow is what is shown of a token; never its hash.
type tokenRow struct {
	ID         string                  `json:"id" yaml:"id"`
	Name       string                  `json:"name,omitempty" yaml:"name,omitempty"`
	Roles      []access.Role           `json:"roles" yaml:"roles"`
	State      organisation.TokenState `json:"state" yaml:"state"`
	CreatedAt  time.Time               `json:"createdAt" yaml:"createdAt"`
	CreatedBy  string                  `json:"createdBy,omitempty" yaml:"createdBy,omitempty"`
	ExpiresAt  time.Time               `json:"expiresAt" yaml:"expiresAt"`
	LastUsedAt *time.Time              `json:"lastUsedAt,omitempty" yaml:"lastUsedAt,omitempty"`
	RevokedAt  *time.Time              `json:"revokedAt,omitempty" yaml:"revokedAt,omitempty"`
}

// Run lists the tokens of an organisation, the newest first.
func (c *tokenListCmd) Run(s *session) error {
	format, err := c.Choose("text", "json", "yaml")
	if err != nil {
		return err
	}
	number, err := organisation.ParseIdentifier(c.Org)
	if err != nil {
		return err
	}
	store, err := c.open(s.Ctx, s.Now)
	if err != nil {
		return err
	}
	defer store.Close() //nolint:errcheck // nothing was written
	rows := []tokenRow{}
	const page = 200
	for after := ""; ; {
		some, err := store.TokensOf(s.Ctx, number, after, page)
		if err != nil {
			return err
		}
		for _, t := range some {
			after = t.ID
			rows = append(rows, tokenRow{t.ID, t.Name, t.Roles, t.State(s.Now()), t.CreatedAt, t.CreatedBy, t.ExpiresAt, t.LastUsedAt, t.RevokedAt})
		}
		if len(some) < page {
			break
		}
	}
	if format != "text" {
		return s.PutValue(c.Output, format, rows)
	}
	if len(rows) == 0 {
		s.Say("cli.token.none", "Org", number.Grouped())
		return nil
	}
	return s.Put(c.Output, []byte(s.tokenTable(rows)))
}

func (s *session) tokenTable(rows []tokenRow) string {
	var b strings.Builder
	table := tabwriter.NewWriter(&b, 0, 8, 2, ' ', 0)
	fmt.Fprintln(table, strings.Join([]string{
		s.T("cli.token.column.id"), s.T("cli.token.column.state"), s.T("cli.token.column.until"), s.T("cli.token.column.used"),
		s.T("cli.token.column.roles"), s.T("cli.token.column.name"),
	}, "\t"))
	for _, t := range rows {
		used := s.T("cli.token.unused")
		if t.LastUsedAt != nil {
			used = s.Date(*t.LastUsedAt)
		}
		var roles []string
		for _, r := range t.Roles {
			roles = append(roles, string(r))
		}
		fmt.Fprintln(table, strings.Join([]string{t.ID, s.T("token-state." + string(t.State)), s.Date(t.ExpiresAt), used, strings.Join(roles, ","), t.Name}, "\t"))
	}
	table.Flush()
	return b.String()
}

type tokenRevokeCmd struct {
	ID string `arg:""`
	local
}

// Run ends a token. Servers that run stop taking it within some seconds.
func (c *tokenRevokeCmd) Run(s *session) error {
	store, err := c.open(s.Ctx, s.Now)
	if err != nil {
		return err
	}
	defer store.Close() //nolint:errcheck // the write is durable already
	service := organisation.Service{Store: store, Now: s.Now}
	t, err := service.RevokeAny(s.Ctx, c.ID)
	if err != nil {
		return err
	}
	s.Say("cli.token.revoked", "ID", t.ID, "Org", t.Org.Grouped())
	return nil
}
