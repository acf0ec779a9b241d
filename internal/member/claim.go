package member

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"felleskrav/internal/access"
	"felleskrav/internal/organisation"
	"felleskrav/internal/problem"
)

// maxPending is how many claims a person can have waiting.
const maxPending = 5

// ClaimAsk is what a person says who means to act for an organisation.
type ClaimAsk struct {
	Org     organisation.Number
	OrgName string
	Side    access.Side
	Reason  string
	// PersonName is what the login provider calls them.
	PersonName string
}

// Claim asks to act for an organisation. Nothing comes of it before somebody
// else has looked into it.
func (s *Service) Claim(ctx context.Context, actor access.Actor, a ClaimAsk) (Claim, error) {
	if err := human(actor, access.Claim); err != nil {
		return Claim{}, err
	}
	p := problem.New(problem.Invalid, "member.fields", nil)
	reason, fault := text(a.Reason, "reason", "claim.reason", maxReason)
	if fault != nil {
		p.Fields = append(p.Fields, *fault)
	}
	name, fault := text(a.OrgName, "name", "claim.name", maxName)
	if fault != nil {
		p.Fields = append(p.Fields, *fault)
	}
	if a.Side != access.SideSupplier && a.Side != access.SideAgency {
		p.Fields = append(p.Fields, problem.Field{Path: "side", Key: "claim.side"})
	}
	if len(p.Fields) > 0 {
		return Claim{}, p
	}
	mine, err := s.Store.ClaimsOf(ctx, actor.ID)
	if err != nil {
		return Claim{}, fmt.Errorf("list claims: %w", err)
	}
	pending := 0
	for _, c := range mine {
		if c.State != Pending {
			continue
		}
		if pending++; c.Org == a.Org && c.Side == a.Side {
			return c, problem.New(problem.Exists, "claim.pending", nil)
		}
	}
	if pending >= maxPending {
		return Claim{}, problem.New(problem.Refused, "claim.many", problem.Args{"Max": maxPending})
	}
	c := Claim{
		ID: s.NewID(), Org: a.Org, OrgName: name, Side: a.Side, Person: actor.ID, PersonName: clip(a.PersonName), Reason: reason,
		At: s.now(), State: Pending,
	}
	if err := s.keep(ctx, actor.ID, c.PersonName); err != nil {
		return Claim{}, err
	}
	if err := s.Store.InsertClaim(ctx, c); err != nil {
		return Claim{}, fmt.Errorf("store claim: %w", err)
	}
	return c, nil
}

// Claims lists those that wait, the oldest first.
func (s *Service) Claims(ctx context.Context, actor access.Actor) ([]Claim, error) {
	if _, err := access.ScopeFor(actor, access.DecideClaim); err != nil {
		return nil, err
	}
	all, err := s.Store.ClaimsIn(ctx, Pending, 200)
	if err != nil {
		return nil, fmt.Errorf("list claims: %w", err)
	}
	return all, nil
}

// Administrators counts those who say who may do what in an organisation
// already, for who decides a claim.
func (s *Service) Administrators(ctx context.Context, actor access.Actor, org organisation.Number) (int, error) {
	if _, err := access.ScopeFor(actor, access.DecideClaim); err != nil {
		return 0, err
	}
	c, err := s.Store.Circle(ctx, org)
	if err != nil {
		return 0, fmt.Errorf("read members: %w", err)
	}
	n := 0
	for _, m := range c.Members {
		if m.Admin() {
			n++
		}
	}
	return n, nil
}

// MyClaims lists the actor's own, newest first.
func (s *Service) MyClaims(ctx context.Context, actor access.Actor) ([]Claim, error) {
	if err := human(actor, access.Claim); err != nil {
		return nil, err
	}
	all, err := s.Store.ClaimsOf(ctx, actor.ID)
	if err != nil {
		return nil, fmt.Errorf("list claims: %w", err)
	}
	return all, nil
}

// Decide says what becomes of a claim, with a reason, and never by whoever made
// it. Approving makes the person an administrator with every role on their
// side; doing it again completes what a crash left half done.
func (s *Service) Decide(ctx context.Context, actor access.Actor, id string, approve bool, reason string) (Claim, error) {
	if _, err := access.ScopeFor(actor, access.DecideClaim); err != nil {
		return Claim{}, err
	}
	reason, fault := text(reason, "decision", "claim.decision", maxReason)
	if fault != nil {
		p := problem.New(problem.Invalid, "member.fields", nil)
		p.Fields = []problem.Field{*fault}
		return Claim{}, p
	}
	state := Rejected
	if approve {
		state = Approved
	}
	now := s.now()
	c, err := s.Store.UpdateClaim(ctx, id, func(c Claim) (Claim, error) {
		switch {
		case c.Person == actor.ID:
			return c, problem.New(problem.Forbidden, "claim.own", nil)
		case c.State == state && c.DecidedBy == actor.ID:
			return c, nil
		case c.State != Pending:
			return c, problem.New(problem.Refused, "claim.decided", nil)
		}
		c.State, c.DecidedBy, c.DecidedAt, c.Decision = state, actor.ID, &now, reason
		return c, nil
	})
	if errors.Is(err, problem.ErrNotFound) {
		return c, problem.New(problem.NotFound, "claim.not-found", nil)
	}
	if err != nil {
		return c, fmt.Errorf("decide claim: %w", err)
	}
	// What was approved some time ago is not given again.
	if c.State != Approved || now.Sub(*c.DecidedAt) > acceptAgain {
		return c, nil
	}
	roles := access.SupplierRoles()
	if c.Side == access.SideAgency {
		roles = []access.Role{access.Procurement, access.Adviser, access.AgencyAdmin}
	}
	slices.Sort(roles)
	m := Membership{Person: c.Person, Roles: roles, Since: now, By: actor.ID, Through: "claim:" + c.ID}
	return c, s.join(ctx, c.Org, c.OrgName, m, c.PersonName)
}
