package api

import (
	"context"

	"felleskrav/internal/access"
	"felleskrav/internal/member"
	"felleskrav/internal/organisation"
)

func roleNames(roles []access.Role) []string {
	return each(roles, func(r access.Role) string { return string(r) })
}

func rolesNamed(names []string) []access.Role {
	return each(names, func(s string) access.Role { return access.Role(s) })
}

func memberView(m member.Member) Member {
	return Member{Person: m.Person, Name: m.Name, Roles: roleNames(m.Roles), Since: m.Since, By: m.By, Through: m.Through, LastAt: m.LastAt}
}

func invitationView(i member.Invitation) Invitation {
	return Invitation{Id: i.ID, Org: i.Org, Roles: roleNames(i.Roles), For: i.For, By: i.By, CreatedAt: i.At, ExpiresAt: i.ExpiresAt}
}

// ListMembers lists who acts for an organisation by membership.
func (a *API) ListMembers(ctx context.Context, r ListMembersRequestObject) (ListMembersResponseObject, error) {
	ctx, actor := caller(ctx)
	n, err := orgnr(r.Orgnr)
	if err != nil {
		return nil, err
	}
	all, err := a.Members.Members(ctx, actor, n)
	if err != nil {
		return nil, err
	}
	return ListMembers200JSONResponse{Items: each(all, memberView)}, nil
}

// PutMember says what a member may do.
func (a *API) PutMember(ctx context.Context, r PutMemberRequestObject) (PutMemberResponseObject, error) {
	ctx, actor := caller(ctx)
	n, err := orgnr(r.Orgnr)
	if err != nil {
		return nil, err
	}
	m, err := a.Members.SetRoles(ctx, actor, n, r.Person, rolesNamed(r.Body.Roles))
	if err != nil {
		return nil, err
	}
	all, err := a.Members.Members(ctx, actor, n)
	if err != nil {
		return nil, err
	}
	out := member.Member{Membership: m}
	for _, other := range all {
		if other.Person == m.Person {
			out.Name, out.LastAt = other.Name, other.LastAt
		}
	}
	return PutMember200JSONResponse(memberView(out)), nil
}

// RemoveMember ends a membership.
func (a *API) RemoveMember(ctx context.Context, r RemoveMemberRequestObject) (RemoveMemberResponseObject, error) {
	ctx, actor := caller(ctx)
	n, err := orgnr(r.Orgnr)
	if err != nil {
		return nil, err
	}
	if err := a.Members.Remove(ctx, actor, n, r.Person); err != nil {
		return nil, err
	}
	return RemoveMember204Response{}, nil
}

// ListInvitations lists those that can still be used.
func (a *API) ListInvitations(ctx context.Context, r ListInvitationsRequestObject) (ListInvitationsResponseObject, error) {
	ctx, actor := caller(ctx)
	n, err := orgnr(r.Orgnr)
	if err != nil {
		return nil, err
	}
	all, err := a.Members.Invitations(ctx, actor, n)
	if err != nil {
		return nil, err
	}
	return ListInvitations200JSONResponse{Items: each(all, invitationView)}, nil
}

// CreateInvitation makes an invitation and tells its address, which no cache may
// keep.
func (a *API) CreateInvitation(ctx context.Context, r CreateInvitationRequestObject) (CreateInvitationResponseObject, error) {
	ctx, actor := caller(ctx)
	n, err := orgnr(r.Orgnr)
	if err != nil {
		return nil, err
	}
	secret, i, err := a.Members.Invite(ctx, actor, member.Ask{Org: n, OrgName: a.nameOf(ctx, actor, n), Roles: rolesNamed(r.Body.Roles), For: r.Body.For})
	if err != nil {
		return nil, err
	}
	return CreateInvitation201JSONResponse{
		Body:    NewInvitation{Invitation: invitationView(i), Link: a.BaseURL + "/join/" + secret},
		Headers: CreateInvitation201ResponseHeaders{CacheControl: "no-store", Location: "/api/v1/organisations/" + string(n) + "/invitations/" + i.ID},
	}, nil
}

// nameOf is what an organisation is called, or its number.
func (a *API) nameOf(ctx context.Context, actor access.Actor, n organisation.Number) string {
	if s, err := a.Suppliers.Get(ctx, actor, n); err == nil && s.Name != "" {
		return s.Name
	}
	if actor.Org == string(n) && actor.Name != "" {
		return actor.Name
	}
	return n.Grouped()
}

// RevokeInvitation ends an invitation before it is used.
func (a *API) RevokeInvitation(ctx context.Context, r RevokeInvitationRequestObject) (RevokeInvitationResponseObject, error) {
	ctx, actor := caller(ctx)
	n, err := orgnr(r.Orgnr)
	if err != nil {
		return nil, err
	}
	if err := a.Members.Revoke(ctx, actor, n, r.Id); err != nil {
		return nil, err
	}
	return RevokeInvitation204Response{}, nil
}
