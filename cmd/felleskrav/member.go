package main

import (
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/google/uuid"

	"felleskrav/internal/access"
	"felleskrav/internal/console"
	"felleskrav/internal/member"
	"felleskrav/internal/organisation"
	"felleskrav/internal/storage"
	"felleskrav/internal/trail"
)

type memberCmd struct {
	Add    memberAddCmd    `cmd:""`
	List   memberListCmd   `cmd:""`
	Remove memberRemoveCmd `cmd:""`
}

func (s *session) members(store storage.Store) *member.Service {
	return &member.Service{Store: store, Now: s.Now, NewID: uuid.NewString}
}

// appointed is an entry of the trail about a member.
func appointed(operation string, org organisation.Number, person string) trail.Entry {
	return trail.Entry{
		Action: string(access.WriteMembers), Operation: operation, Owner: string(org),
		Targets: []trail.Target{{Kind: "organisation", ID: string(org)}, {Kind: "member", ID: person}},
	}
}

type memberAddCmd struct {
	Person  string   `required:"" placeholder:"PERSON"`
	Org     string   `required:"" placeholder:"ORGNR"`
	OrgName string   `name:"org-name" placeholder:"TEXT"`
	Role    []string `required:"" placeholder:"ROLE"`
	local
}

// Run gives a person roles; it is how editors and operators are made.
func (c *memberAddCmd) Run(s *session) error {
	number, err := organisation.ParseIdentifier(c.Org)
	if err != nil {
		return err
	}
	a := member.Appointment{Person: c.Person, Org: number, OrgName: c.OrgName, By: trail.OperatorCLI}
	for _, r := range c.Role {
		a.Roles = append(a.Roles, access.Role(strings.TrimSpace(r)))
	}
	if err := a.Check(); err != nil {
		return err
	}
	store, err := c.open(s.Ctx, s.Now)
	if err != nil {
		return err
	}
	defer store.Close() //nolint:errcheck // the write is durable already
	// Written down first: nobody gets a role that nobody can find.
	if err := byOperator(s, store, appointed("member add", number, c.Person)); err != nil {
		return err
	}
	m, err := s.members(store).Appoint(s.Ctx, a)
	if err != nil {
		return err
	}
	s.Say("cli.member.added", "Person", c.Person, "Org", number.Grouped(), "Roles", joined(m.Roles))
	return nil
}

func joined(roles []access.Role) string {
	var out []string
	for _, r := range roles {
		out = append(out, string(r))
	}
	return strings.Join(out, ", ")
}

type memberListCmd struct {
	Org string `required:"" placeholder:"ORGNR"`
	local
	console.Output
}

// memberShown is what is shown of a member.
type memberShown struct {
	Person  string        `json:"person" yaml:"person"`
	Name    string        `json:"name,omitempty" yaml:"name,omitempty"`
	Roles   []access.Role `json:"roles" yaml:"roles"`
	Since   time.Time     `json:"since" yaml:"since"`
	By      string        `json:"by" yaml:"by"`
	Through string        `json:"through" yaml:"through"`
	LastAt  time.Time     `json:"lastAt,omitzero" yaml:"lastAt,omitempty"`
}

// Run lists who acts for an organisation by membership.
func (c *memberListCmd) Run(s *session) error {
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
	all, err := s.members(store).All(s.Ctx, number)
	if err != nil {
		return err
	}
	rows := []memberShown{}
	for _, m := range all {
		rows = append(rows, memberShown{m.Person, m.Name, m.Roles, m.Since, m.By, m.Through, m.LastAt})
	}
	if format != "text" {
		return s.PutValue(c.Output, format, rows)
	}
	if len(rows) == 0 {
		s.Say("cli.member.none", "Org", number.Grouped())
		return nil
	}
	var b strings.Builder
	table := tabwriter.NewWriter(&b, 0, 8, 2, ' ', 0)
	fmt.Fprintln(table, strings.Join([]string{s.T("cli.member.column.person"), s.T("cli.member.column.since"), s.T("cli.member.column.roles"), s.T("cli.member.column.name")}, "\t"))
	for _, r := range rows {
		fmt.Fprintln(table, strings.Join([]string{r.Person, s.Date(r.Since), joined(r.Roles), r.Name}, "\t"))
	}
	table.Flush()
	return s.Put(c.Output, []byte(b.String()))
}

type memberRemoveCmd struct {
	Person string `required:"" placeholder:"PERSON"`
	Org    string `required:"" placeholder:"ORGNR"`
	local
}

// Run ends a membership. Servers that run give no access by it after a minute.
func (c *memberRemoveCmd) Run(s *session) error {
	number, err := organisation.ParseIdentifier(c.Org)
	if err != nil {
		return err
	}
	store, err := c.open(s.Ctx, s.Now)
	if err != nil {
		return err
	}
	defer store.Close() //nolint:errcheck // the write is durable already
	if err := s.members(store).Dismiss(s.Ctx, number, c.Person); err != nil {
		return err
	}
	if err := byOperator(s, store, appointed("member remove", number, c.Person)); err != nil {
		return err
	}
	s.Say("cli.member.removed", "Person", c.Person, "Org", number.Grouped())
	return nil
}
