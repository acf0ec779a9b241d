package web

import (
	"errors"
	"net/http"
	"slices"

	"github.com/gin-gonic/gin"

	"felleskrav/internal/access"
	"felleskrav/internal/member"
	"felleskrav/internal/organisation"
	"felleskrav/internal/problem"
)

type membersPage struct {
	Base
	Items []memberRow
	Open  []member.Invitation
	// Roles are those the reader can give.
	Roles      []tokenRole
	RolesError string
	For        Field
}

type memberRow struct {
	member.Member
	// Me: it is the reader.
	Me bool
	// Choices are the roles that the reader can give and take, Fixed those the
	// member has besides.
	Choices []tokenRole
	Fixed   []access.Role
}

// members lists who acts for the organisation, with a form to invite more.
func (w *Web) members(c *gin.Context) error { return w.showMembers(c, nil) }

func (w *Web) showMembers(c *gin.Context, failed error) error {
	ctx, actor, code := c.Request.Context(), w.actor(c), codeOf(failed)
	org := organisation.Number(actor.Org)
	all, err := w.Members.Members(ctx, actor, org)
	if err != nil {
		return err
	}
	p := membersPage{Base: w.base(c, "members")}
	p.Here = "/members"
	if p.Open, err = w.Members.Invitations(ctx, actor, org); err != nil {
		return err
	}
	mine := access.Grantable(actor, actor.Org)
	for _, m := range all {
		row := memberRow{Member: m, Me: m.Person == actor.ID}
		for _, r := range mine {
			row.Choices = append(row.Choices, tokenRole{r, slices.Contains(m.Roles, r)})
		}
		row.Fixed = slices.DeleteFunc(slices.Clone(m.Roles), func(r access.Role) bool { return slices.Contains(mine, r) })
		p.Items = append(p.Items, row)
	}
	p.Form = newForm(w.texts(c), failed)
	p.For = p.Form.field(Field{Name: "for", Label: "page.members.for", Hint: "page.members.for-hint", Value: line(c.PostForm("for")), Size: "m", Autocomplete: "off"})
	chosen := c.PostFormArray("roles")
	for _, r := range mine {
		p.Roles = append(p.Roles, tokenRole{r, slices.Contains(chosen, string(r))})
	}
	p.RolesError = p.Form.take("roles", w.texts(c).T("page.members.roles"))
	return w.show(c, code, "members", p)
}

func postedRoles(c *gin.Context) []access.Role {
	var out []access.Role
	for _, r := range c.PostFormArray("roles") {
		out = append(out, access.Role(r))
	}
	return out
}

type invitedPage struct {
	Base
	Link       string
	Invitation member.Invitation
}

// invitationCreate makes an invitation. The answer itself shows the link, since
// nothing is to keep it until another page could.
func (w *Web) invitationCreate(c *gin.Context) error {
	if err := parseForm(c); err != nil {
		return err
	}
	actor := w.actor(c)
	secret, i, err := w.Members.Invite(c.Request.Context(), actor, member.Ask{
		Org: organisation.Number(actor.Org), OrgName: actor.Name, Roles: postedRoles(c), For: line(c.PostForm("for")),
	})
	if err != nil {
		if mendable(err) {
			return w.showMembers(c, err)
		}
		return err
	}
	c.Writer.Header().Set("Cache-Control", "no-store")
	p := invitedPage{Base: w.base(c, "members"), Link: w.BaseURL + "/join/" + secret, Invitation: i}
	p.Here = "/members"
	scripted(c)
	return w.show(c, http.StatusOK, "invited", p)
}

func (w *Web) invitationRevoke(c *gin.Context) error {
	actor := w.actor(c)
	if err := w.Members.Revoke(c.Request.Context(), actor, organisation.Number(actor.Org), c.Param("id")); err != nil {
		if mendable(err) {
			return w.showMembers(c, err)
		}
		return err
	}
	return w.done(c, "page.members.revoked", "/members")
}

// memberRoles says what a member may do.
func (w *Web) memberRoles(c *gin.Context) error {
	if err := parseForm(c); err != nil {
		return err
	}
	actor := w.actor(c)
	_, err := w.Members.SetRoles(c.Request.Context(), actor, organisation.Number(actor.Org), c.Param("person"), postedRoles(c))
	return w.memberChanged(c, err, "page.members.changed")
}

func (w *Web) memberRemove(c *gin.Context) error {
	actor := w.actor(c)
	err := w.Members.Remove(c.Request.Context(), actor, organisation.Number(actor.Org), c.Param("person"))
	return w.memberChanged(c, err, "page.members.removed")
}

// memberChanged goes on after a change of a member, which may be the reader.
func (w *Web) memberChanged(c *gin.Context, err error, notice string) error {
	if err != nil {
		if p, ok := errors.AsType[*problem.Error](err); ok && mendable(err) {
			c.Request.PostForm = nil // the form for invitations is another
			return w.showMembers(c, problem.New(p.Kind, p.Key, p.Args))
		}
		return err
	}
	to := "/members"
	if w.actor(c).ID == c.Param("person") {
		if err := w.Sessions.Refresh(c.Request.Context()); err != nil {
			return err
		}
		if actor := w.actor(c); actor.Org == "" || access.Check(actor, access.ReadMembers, actor.Org) != nil {
			to = "/me"
		}
	}
	return w.done(c, notice, to)
}

type joinPage struct {
	Base
	Invitation member.Invitation
	// By is what whoever invites is called, or "".
	By     string
	Secret string
}

// join shows what an invitation gives, to a person who has its secret.
func (w *Web) join(c *gin.Context) error {
	i, err := w.Members.Look(c.Request.Context(), w.actor(c), c.Param("secret"))
	if err != nil {
		return err
	}
	p := joinPage{Base: w.base(c, ""), Invitation: i, Secret: c.Param("secret")}
	if p.By, err = w.Members.Inviter(c.Request.Context(), i); err != nil {
		return err
	}
	c.Writer.Header().Set("Cache-Control", "no-store")
	return w.show(c, http.StatusOK, "join", p)
}

// joinAccept makes the person a member, and offers to act for the organisation.
func (w *Web) joinAccept(c *gin.Context) error {
	ctx := c.Request.Context()
	i, err := w.Members.Accept(ctx, w.actor(c), w.Sessions.Visitor(ctx).Name, c.Param("secret"))
	if err != nil {
		return err
	}
	c.Writer.Header().Set("Cache-Control", "no-store")
	p := joinPage{Base: w.base(c, ""), Invitation: i}
	p.Here = "/me" // the invitation is used
	return w.show(c, http.StatusOK, "joined", p)
}
