package member

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"felleskrav/internal/access"
	"felleskrav/internal/organisation"
	"felleskrav/internal/problem"
)

// InvitationLife is how long an invitation can be used.
const InvitationLife = 14 * 24 * time.Hour

// Ask is what an administrator says when inviting somebody.
type Ask struct {
	Org     organisation.Number
	OrgName string
	Roles   []access.Role
	// For is a note about whom it is meant for, seen by administrators only.
	For string
}

// Invite makes an invitation. The secret is what the invited person is given,
// as part of an address; it is kept nowhere.
func (s *Service) Invite(ctx context.Context, actor access.Actor, a Ask) (secret string, _ Invitation, _ error) {
	roles := rolesIn(a.Roles)
	if err := granting(actor, a.Org, roles); err != nil {
		return "", Invitation{}, err
	}
	note, fault := text(a.For, "for", "", maxName)
	if fault != nil {
		p := problem.New(problem.Invalid, "member.fields", nil)
		p.Fields = []problem.Field{*fault}
		return "", Invitation{}, p
	}
	if err := s.room(ctx, a.Org); err != nil {
		return "", Invitation{}, err
	}
	raw := make([]byte, 32)
	if _, err := rand.Read(raw); err != nil {
		return "", Invitation{}, fmt.Errorf("make invitation: %w", err)
	}
	secret = base64.RawURLEncoding.EncodeToString(raw)
	now := s.now()
	i := Invitation{
		ID: s.NewID(), Hash: hash(secret), Org: a.Org, OrgName: clip(a.OrgName), Roles: roles, For: note,
		By: actor.ID, At: now, ExpiresAt: now.Add(InvitationLife),
	}
	if err := s.Store.InsertInvitation(ctx, i); err != nil {
		return "", Invitation{}, fmt.Errorf("store invitation: %w", err)
	}
	return secret, i, nil
}

// maxGiven is how many invitations an organisation can make while one can be
// used, whatever became of them: so all that matter can be gone through.
const maxGiven = 2 * maxMembers

// room refuses one more invitation when there are too many.
func (s *Service) room(ctx context.Context, org organisation.Number) error {
	all, err := s.given(ctx, org)
	if err != nil {
		return err
	}
	open, young, now := 0, 0, s.now()
	for _, i := range all {
		if now.Before(i.ExpiresAt) {
			young++
		}
		if i.Open(now) {
			open++
		}
	}
	switch {
	case open >= maxMembers:
		return problem.New(problem.Refused, "member.many", problem.Args{"Max": maxMembers})
	case young >= maxGiven:
		return problem.New(problem.Refused, "invitation.many", problem.Args{"Max": maxGiven, "Days": int(InvitationLife / (24 * time.Hour))})
	}
	return nil
}

func hash(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// Invitations lists those that can still be used in an organisation, newest
// first.
func (s *Service) Invitations(ctx context.Context, actor access.Actor, org organisation.Number) ([]Invitation, error) {
	if err := access.Check(actor, access.ReadMembers, string(org)); err != nil {
		return nil, err
	}
	return s.open(ctx, org)
}

// given lists an organisation's invitations, newest first: all that can be used,
// and all that were a moment ago. Some may be made at the same time as the last
// there is room for.
func (s *Service) given(ctx context.Context, org organisation.Number) ([]Invitation, error) {
	all, err := s.Store.InvitationsIn(ctx, org, 2*maxGiven)
	if err != nil {
		return nil, fmt.Errorf("list invitations: %w", err)
	}
	return all, nil
}

func (s *Service) open(ctx context.Context, org organisation.Number) ([]Invitation, error) {
	all, err := s.given(ctx, org)
	if err != nil {
		return nil, err
	}
	out, now := []Invitation{}, s.now()
	for _, i := range all {
		if i.Open(now) {
			out = append(out, i)
		}
	}
	return out, nil
}

// Revoke ends an invitation before it is used.
func (s *Service) Revoke(ctx context.Context, actor access.Actor, org organisation.Number, id string) error {
	if err := access.Check(actor, access.WriteMembers, string(org)); err != nil {
		return err
	}
	return s.revoke(ctx, org, id)
}

func (s *Service) revoke(ctx context.Context, org organisation.Number, id string) error {
	now := s.now()
	_, err := s.Store.UpdateInvitation(ctx, id, func(i Invitation) (Invitation, error) {
		if i.Org != org {
			return i, problem.ErrNotFound
		}
		if i.UsedAt != nil {
			return i, problem.New(problem.Refused, "invitation.used", nil)
		}
		if i.RevokedAt == nil {
			i.RevokedAt = &now
		}
		i.For = ""
		return i, nil
	})
	if errors.Is(err, problem.ErrNotFound) {
		return problem.New(problem.NotFound, "invitation.not-found", nil)
	}
	if err != nil {
		return fmt.Errorf("revoke invitation: %w", err)
	}
	return nil
}

// errInvitation is the one answer to every invitation that is no good, so that
// nothing is learnt by trying.
var errInvitation = problem.New(problem.NotFound, "invitation.not-found", nil)

// Look tells what an invitation gives, to whoever has its secret.
func (s *Service) Look(ctx context.Context, actor access.Actor, secret string) (Invitation, error) {
	if err := human(actor, access.Join); err != nil {
		return Invitation{}, err
	}
	if len(secret) != base64.RawURLEncoding.EncodedLen(32) || strings.ContainsAny(secret, "\n\r") {
		return Invitation{}, errInvitation
	}
	i, err := s.Store.InvitationByHash(ctx, hash(secret))
	if errors.Is(err, problem.ErrNotFound) {
		return Invitation{}, errInvitation
	}
	if err != nil {
		return Invitation{}, fmt.Errorf("find invitation: %w", err)
	}
	if i.RevokedAt != nil || i.UsedBy != actor.ID && !i.Open(s.now()) {
		return Invitation{}, errInvitation
	}
	return i, nil
}

// Inviter is what whoever made an invitation is called; "" when that is not
// known, or it was a system.
func (s *Service) Inviter(ctx context.Context, i Invitation) (string, error) {
	people, err := s.Store.People(ctx, []string{i.By})
	if err != nil {
		return "", fmt.Errorf("read person: %w", err)
	}
	if len(people) == 0 {
		return "", nil
	}
	return people[0].Name, nil
}

// human holds that it is a person who asks: systems are no members.
func human(actor access.Actor, action access.Action) error {
	if err := access.Check(actor, action, actor.Org); err != nil {
		return err
	}
	if !actor.Person() {
		return problem.New(problem.Forbidden, "member.people", nil)
	}
	return nil
}

// Accept makes the actor a member by an invitation. Doing it again changes
// nothing, so that what a crash left half done is completed.
func (s *Service) Accept(ctx context.Context, actor access.Actor, personName, secret string) (Invitation, error) {
	i, err := s.Look(ctx, actor, secret)
	if err != nil {
		return i, err
	}
	now := s.now()
	// Whoever marks the invitation first has it.
	i, err = s.Store.UpdateInvitation(ctx, i.ID, func(i Invitation) (Invitation, error) {
		switch {
		case i.RevokedAt != nil:
			return i, errInvitation
		case i.UsedBy == actor.ID:
		case !i.Open(now):
			return i, errInvitation
		default:
			i.UsedAt, i.UsedBy, i.For = &now, actor.ID, ""
		}
		return i, nil
	})
	if err != nil {
		return i, fmt.Errorf("use invitation: %w", err)
	}
	if now.Sub(*i.UsedAt) > acceptAgain {
		return i, errInvitation
	}
	m := Membership{Person: actor.ID, Roles: i.Roles, Since: now, By: i.By, Through: "invitation:" + i.ID}
	return i, s.join(ctx, i.Org, i.OrgName, m, personName)
}

// acceptAgain is how long after its first use an invitation can complete what
// it began.
const acceptAgain = 10 * time.Minute
