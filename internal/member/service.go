package member

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"felleskrav/internal/access"
	"felleskrav/internal/organisation"
	"felleskrav/internal/problem"
)

// Service says who acts for whom.
type Service struct {
	Store Store
	Now   func() time.Time
	NewID func() string
}

// maxMembers is how many an organisation can have, with open invitations.
const maxMembers = 500

func (s *Service) now() time.Time { return s.Now().UTC().Truncate(time.Millisecond) }

// Standing is what a person may do for one organisation.
type Standing struct {
	Org   organisation.Number
	Name  string
	Roles []access.Role
}

// Standings lists for whom a person may act by membership. It is for the
// login, which asks before anybody is an actor.
func (s *Service) Standings(ctx context.Context, person string) ([]Standing, error) {
	all, err := s.Store.CirclesOf(ctx, person)
	if err != nil {
		return nil, fmt.Errorf("read memberships: %w", err)
	}
	var out []Standing
	for _, c := range all {
		if m, ok := c.Of(person); ok {
			out = append(out, Standing{Org: c.Org, Name: c.Name, Roles: m.Roles})
		}
	}
	return out, nil
}

// Seen notes that a person was here, once a day, if anything is kept about
// them at all: nothing is kept about people who merely look.
func (s *Service) Seen(ctx context.Context, person, name string) error {
	known, err := s.Store.People(ctx, []string{person})
	if err != nil {
		return fmt.Errorf("read person: %w", err)
	}
	name = clip(name)
	if len(known) == 0 || known[0].LastAt.Equal(day(s.now())) && (name == "" || known[0].Name == name) {
		return nil
	}
	return s.keep(ctx, person, name)
}

// keep notes a person.
func (s *Service) keep(ctx context.Context, person, name string) error {
	now := s.now()
	_, err := s.Store.PutPerson(ctx, person, func(p Person) (Person, error) {
		if p.FirstAt.IsZero() {
			p.FirstAt = now
		}
		p.LastAt = day(now)
		if name != "" {
			p.Name = name
		}
		return p, nil
	})
	if err != nil {
		return fmt.Errorf("keep person: %w", err)
	}
	return nil
}

func day(t time.Time) time.Time { return t.UTC().Truncate(24 * time.Hour) }

func clip(name string) string {
	r := []rune(strings.TrimSpace(name))
	return string(r[:min(len(r), maxName)])
}

// Member is a membership with the person who has it.
type Member struct {
	Membership
	Name   string
	LastAt time.Time
}

// Members lists who acts for an organisation by membership, by name.
func (s *Service) Members(ctx context.Context, actor access.Actor, org organisation.Number) ([]Member, error) {
	if err := access.Check(actor, access.ReadMembers, string(org)); err != nil {
		return nil, err
	}
	return s.members(ctx, org)
}

func (s *Service) members(ctx context.Context, org organisation.Number) ([]Member, error) {
	c, err := s.Store.Circle(ctx, org)
	if err != nil {
		return nil, fmt.Errorf("read members: %w", err)
	}
	people, err := s.Store.People(ctx, c.People())
	if err != nil {
		return nil, fmt.Errorf("read people: %w", err)
	}
	byID := map[string]Person{}
	for _, p := range people {
		byID[p.ID] = p
	}
	out := make([]Member, len(c.Members))
	for i, m := range c.Members {
		out[i] = Member{Membership: m, Name: byID[m.Person].Name, LastAt: byID[m.Person].LastAt}
	}
	slices.SortStableFunc(out, func(a, b Member) int { return strings.Compare(a.Name, b.Name) })
	return out, nil
}

// Colleagues gives what those of some actors are called who are members of the
// organisation that the actor answers for. They see each other's names beside
// what they have written.
func (s *Service) Colleagues(ctx context.Context, actor access.Actor, actors []string) (map[string]string, error) {
	if err := access.Check(actor, access.PrepareStatement, actor.Org); err != nil {
		return nil, err
	}
	out := map[string]string{}
	if !slices.ContainsFunc(actors, func(id string) bool { return access.Actor{ID: id}.Person() }) {
		return out, nil
	}
	all, err := s.members(ctx, organisation.Number(actor.Org))
	if err != nil {
		return nil, err
	}
	for _, m := range all {
		if m.Name != "" && slices.Contains(actors, m.Person) {
			out[m.Person] = m.Name
		}
	}
	return out, nil
}

var errNotMember = problem.New(problem.NotFound, "member.not-found", nil)

// SetRoles changes what a member may do. New roles must be the actor's to give,
// those that are not stay as they were, and an administrator must be left.
func (s *Service) SetRoles(ctx context.Context, actor access.Actor, org organisation.Number, person string, roles []access.Role) (Membership, error) {
	roles = rolesIn(roles)
	if err := access.CheckGrant(actor, string(org), nil); err != nil {
		return Membership{}, err
	}
	mine := access.Grantable(actor, string(org))
	c, err := s.Store.UpdateCircle(ctx, org, func(c Circle) (Circle, error) {
		m, ok := c.Of(person)
		if !ok {
			return c, errNotMember
		}
		fresh := slices.DeleteFunc(slices.Clone(roles), func(r access.Role) bool { return slices.Contains(m.Roles, r) })
		if err := access.CheckGrant(actor, string(org), fresh); err != nil {
			return c, err
		}
		stay := slices.DeleteFunc(slices.Clone(m.Roles), func(r access.Role) bool { return slices.Contains(mine, r) })
		if m.Roles = rolesIn(slices.Concat(roles, stay)); len(m.Roles) == 0 {
			return c, noRoles()
		}
		return c.with(m)
	})
	if err != nil {
		return Membership{}, fmt.Errorf("change roles: %w", err)
	}
	m, _ := c.Of(person)
	return m, s.takeBack(ctx, org, person, m.Roles)
}

// granting checks that the actor may give the roles, and that there are some.
func granting(actor access.Actor, org organisation.Number, roles []access.Role) error {
	if err := access.CheckGrant(actor, string(org), roles); err != nil {
		return err
	}
	if len(roles) == 0 {
		return noRoles()
	}
	return nil
}

func noRoles() error {
	p := problem.New(problem.Invalid, "member.roles", nil)
	p.Fields = []problem.Field{{Path: "roles", Key: "member.roles"}}
	return p
}

// Remove ends a membership: an administrator's of somebody, or anybody's own.
func (s *Service) Remove(ctx context.Context, actor access.Actor, org organisation.Number, person string) error {
	if actor.Known() && actor.ID == person {
		return s.remove(ctx, org, person, func(Membership) error { return nil })
	}
	if err := access.Check(actor, access.WriteMembers, string(org)); err != nil {
		return err
	}
	return s.remove(ctx, org, person, func(m Membership) error { return access.CheckGrant(actor, string(org), m.Roles) })
}

// remove ends a membership that may says can be ended.
func (s *Service) remove(ctx context.Context, org organisation.Number, person string, may func(Membership) error) error {
	_, err := s.Store.UpdateCircle(ctx, org, func(c Circle) (Circle, error) {
		m, ok := c.Of(person)
		if !ok {
			return c, errNotMember
		}
		if err := may(m); err != nil {
			return c, err
		}
		left := c.without(person)
		return left, left.after(c)
	})
	if err != nil {
		return fmt.Errorf("remove member: %w", err)
	}
	return s.takeBack(ctx, org, person, nil)
}

// takeBack ends what could give somebody back what was taken from them when these
// roles were left: the open invitations that they made and could not make any
// more, and those that they came by, which for a while complete what they began.
func (s *Service) takeBack(ctx context.Context, org organisation.Number, person string, left []access.Role) error {
	all, err := s.given(ctx, org)
	if err != nil {
		return err
	}
	now, actor := s.now(), access.Actor{ID: person, Org: string(org), Roles: left}
	for _, i := range all {
		made := i.By == person && i.Open(now) && access.CheckGrant(actor, string(org), i.Roles) != nil
		if !made && (i.UsedBy != person || i.RevokedAt != nil) {
			continue
		}
		_, err := s.Store.UpdateInvitation(ctx, i.ID, func(i Invitation) (Invitation, error) {
			if i.RevokedAt == nil {
				i.RevokedAt = &now
			}
			i.For = ""
			return i, nil
		})
		if err != nil && !errors.Is(err, problem.ErrNotFound) {
			return fmt.Errorf("end invitation: %w", err)
		}
	}
	return nil
}

// join adds to what a person may do for an organisation, and notes the person.
func (s *Service) join(ctx context.Context, org organisation.Number, name string, m Membership, personName string) error {
	if err := s.keep(ctx, m.Person, clip(personName)); err != nil {
		return err
	}
	_, err := s.Store.UpdateCircle(ctx, org, func(c Circle) (Circle, error) {
		if old, ok := c.Of(m.Person); ok {
			if old.Through == m.Through {
				return c, nil // what a crash left half done is done already
			}
			m.Roles, m.Since = rolesIn(slices.Concat(old.Roles, m.Roles)), old.Since
		}
		if name != "" {
			c.Name = name
		}
		return c.with(m)
	})
	if err != nil {
		return fmt.Errorf("add member: %w", err)
	}
	return nil
}
