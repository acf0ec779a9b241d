package main

import (
	"strings"
	"time"

	"felleskrav/internal/access"
	"felleskrav/internal/console"
	"felleskrav/internal/organisation"
	"felleskrav/internal/trail"
)

type tokenCmd struct {
	Create tokenCreateCmd `cmd:""`
}

type tokenCreateCmd struct {
	Org  string   `required:"" placeholder:"ORGNR"`
	Name string   `placeholder:"TEXT"`
	Role []string `required:"" placeholder:"ROLE"`
	Days int      `default:"90" placeholder:"N"`
	local
	console.Output
}

// Run makes a token in the store and shows its secret, which is kept nowhere.
func (c *tokenCreateCmd) Run(s *session) error {
	format, err := c.Choose("text", "json", "yaml")
	if err != nil {
		return err
	}
	number, err := organisation.ParseNumber(c.Org)
	if err != nil {
		return err
	}
	var roles []access.Role
	for _, r := range c.Role {
		roles = append(roles, access.Role(strings.TrimSpace(r)))
	}
	if c.Days < 1 || c.Days > 3650 {
		return console.Usage("cli.token.days", "Value", c.Days)
	}
	name := c.Name
	if name == "" {
		name = number.Grouped()
	}
	store, err := c.open(s.Ctx, s.Now)
	if err != nil {
		return err
	}
	defer store.Close() //nolint:errcheck // the write is durable already
	service := organisation.Service{Store: store, Now: s.Now}
	secret, t, err := service.Issue(s.Ctx, number, name, roles, time.Duration(c.Days)*24*time.Hour)
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
	return s.PutValue(c.Output, format, map[string]any{"token": secret, "id": t.ID, "org": t.Org, "roles": t.Roles, "expiresAt": t.ExpiresAt})
}
