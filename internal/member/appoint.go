package member

import (
	"context"
	"fmt"
	"regexp"
	"slices"

	"felleskrav/internal/access"
	"felleskrav/internal/organisation"
	"felleskrav/internal/problem"
)

// Appointed is what a membership came from that whoever runs the installation
// gave on the machine itself.
const Appointed = "operator"

// Appointment makes somebody a member on the word of whoever runs the
// installation. It is the only way to become an editor or an operator.
type Appointment struct {
	Person  string
	Org     organisation.Number
	OrgName string
	Roles   []access.Role
	// By is who did it, as in the trail.
	By string
}

// pseudonym is what a person acts under, as the login makes it.
var pseudonym = regexp.MustCompile(`^person:[0-9a-f]{32}$`)

// Check says what is wrong with an appointment, if anything.
func (a Appointment) Check() error {
	p := problem.New(problem.Invalid, "member.fields", nil)
	if !pseudonym.MatchString(a.Person) {
		p.Fields = append(p.Fields, problem.Field{Path: "person", Key: "member.person", Args: problem.Args{"Person": problem.Clip(a.Person)}})
	}
	for _, r := range a.Roles {
		if !slices.Contains(access.Roles(), r) {
			p.Fields = append(p.Fields, problem.Field{Path: "roles", Key: "member.unknown-role", Args: problem.Args{"Role": problem.Clip(string(r))}})
		}
	}
	if len(a.Roles) == 0 {
		p.Fields = append(p.Fields, problem.Field{Path: "roles", Key: "member.roles"})
	}
	if len(p.Fields) > 0 {
		return p
	}
	return nil
}

// Appoint adds roles to what a person may do for an organisation. It is for
// commands on the machine itself: there is no actor to check.
func (s *Service) Appoint(ctx context.Context, a Appointment) (Membership, error) {
	if err := a.Check(); err != nil {
		return Membership{}, err
	}
	m := Membership{Person: a.Person, Roles: rolesIn(a.Roles), Since: s.now(), By: a.By, Through: Appointed}
	if err := s.keep(ctx, a.Person, ""); err != nil {
		return Membership{}, err
	}
	c, err := s.Store.UpdateCircle(ctx, a.Org, func(c Circle) (Circle, error) {
		if old, ok := c.Of(a.Person); ok {
			m.Roles, m.Since = rolesIn(slices.Concat(old.Roles, m.Roles)), old.Since
		}
		if a.OrgName != "" || c.Name == "" {
			c.Name = clip(a.OrgName)
		}
		return c.with(m)
	})
	if err != nil {
		return Membership{}, fmt.Errorf("appoint member: %w", err)
	}
	m, _ = c.Of(a.Person)
	return m, nil
}

// Dismiss ends a membership, as Appoint begins one.
func (s *Service) Dismiss(ctx context.Context, org organisation.Number, person string) error {
	return s.remove(ctx, org, person, func(Membership) error { return nil })
}

// All lists who acts for an organisation, for commands on the machine itself.
func (s *Service) All(ctx context.Context, org organisation.Number) ([]Member, error) {
	return s.members(ctx, org)
}
