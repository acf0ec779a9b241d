package web

import (
	"context"
	"net/http"
	"slices"

	"github.com/gin-gonic/gin"

	"felleskrav/internal/access"
	"felleskrav/internal/member"
	"felleskrav/internal/organisation"
	"felleskrav/internal/problem"
)

type claimNewPage struct {
	Base
	Number, Name, Side, Reason Field
}

// claimNew lets a person ask to be the first who acts for an organisation.
func (w *Web) claimNew(c *gin.Context) error { return w.showClaimNew(c, nil) }

func (w *Web) showClaimNew(c *gin.Context, failed error) error {
	t, code := w.texts(c), codeOf(failed)
	p := claimNewPage{Base: w.base(c, "")}
	p.Here = "/claims/new"
	p.Form = newForm(t, failed)
	p.Number = p.Form.field(Field{Name: "number", Label: "page.claim-new.number", Hint: "page.claim-new.number-hint", Value: line(c.PostForm("number")), Size: "m", Required: true, Autocomplete: "off"})
	p.Name = p.Form.field(Field{Name: "name", Label: "page.claim-new.name", Hint: "page.claim-new.name-hint", Value: line(c.PostForm("name")), Autocomplete: "organization"})
	side := c.PostForm("side")
	p.Side = Field{Name: "side", Label: "page.claim-new.side", Size: "m", Required: true, Options: []Option{{Text: t.T("page.claim-new.choose")}}}
	for _, s := range []access.Side{access.SideSupplier, access.SideAgency} {
		p.Side.Options = append(p.Side.Options, Option{Value: string(s), Text: t.T("side." + string(s)), Selected: side == string(s)})
	}
	p.Side = p.Form.field(p.Side)
	p.Reason = p.Form.field(Field{Name: "reason", Label: "page.claim-new.reason", Hint: "page.claim-new.reason-hint", Value: text(c.PostForm("reason")), Rows: 5, Required: true})
	return w.show(c, code, "claim-new", p)
}

func (w *Web) claimSend(c *gin.Context) error {
	if err := parseForm(c); err != nil {
		return err
	}
	ctx := c.Request.Context()
	n, err := organisation.ParseNumber(line(c.PostForm("number")))
	if err != nil {
		p := problem.New(problem.Invalid, "member.fields", nil)
		p.Fields = []problem.Field{{Path: "number", Key: problem.KeyOf(err), Args: problem.Args{"Number": problem.Clip(line(c.PostForm("number")))}}}
		return w.showClaimNew(c, p)
	}
	a := member.ClaimAsk{
		Org: n, OrgName: line(c.PostForm("name")), Side: access.Side(c.PostForm("side")), Reason: text(c.PostForm("reason")),
		PersonName: w.Sessions.Visitor(ctx).Name,
	}
	if a.OrgName == "" {
		entry, err := w.suggested(ctx, n)
		if err != nil {
			return err
		}
		if entry != nil {
			a.OrgName = entry.Name
		}
	}
	if _, err := w.Members.Claim(ctx, w.actor(c), a); err != nil {
		if mendable(err) {
			return w.showClaimNew(c, err)
		}
		return err
	}
	return w.done(c, "page.claims-mine.sent", "/claims/mine")
}

type claimsMinePage struct {
	Base
	Items []member.Claim
}

// Waits tells whether there is anything that nobody has decided.
func (p claimsMinePage) Waits() bool {
	return slices.ContainsFunc(p.Items, func(c member.Claim) bool { return c.State == member.Pending })
}

// MayChoose tells whether there is an organisation to act for: what was approved
// a moment ago is not among those of the session yet.
func (p claimsMinePage) MayChoose() bool {
	return len(p.Visitor.Standings) > 0 || slices.ContainsFunc(p.Items, func(c member.Claim) bool { return c.State == member.Approved })
}

// claimsMine says what has become of a person's claims, and what happens now.
func (w *Web) claimsMine(c *gin.Context) error {
	items, err := w.Members.MyClaims(c.Request.Context(), w.actor(c))
	if err != nil {
		return err
	}
	return w.show(c, http.StatusOK, "claims-mine", claimsMinePage{Base: w.base(c, ""), Items: items})
}

type claimsPage struct {
	Base
	Items []claimRow
}

type claimRow struct {
	member.Claim
	Register registered
	// Admins is how many say who may do what for the organisation already.
	Admins int
	// Mine: the reader may not decide it.
	Mine bool
	// Written and Error are of a decision that could not be made.
	Written, Error string
}

// claims lists what waits for a decision.
func (w *Web) claims(c *gin.Context) error { return w.showClaims(c, "", nil) }

func (w *Web) showClaims(c *gin.Context, id string, failed error) error {
	ctx, actor, t, code := c.Request.Context(), w.actor(c), w.texts(c), codeOf(failed)
	all, err := w.Members.Claims(ctx, actor)
	if err != nil {
		return err
	}
	p := claimsPage{Base: w.base(c, "claims")}
	p.Here = "/claims"
	p.Form = newForm(t, failed)
	for _, claim := range all {
		row, err := w.claimRow(ctx, actor, claim)
		if err != nil {
			return err
		}
		if claim.ID == id {
			row.Written = text(c.PostForm("decision"))
			row.Error = p.Form.takeAs("decision-"+id, "decision", t.T("page.claims.decision"))
		}
		p.Items = append(p.Items, row)
	}
	return w.show(c, code, "claims", p)
}

func (w *Web) claimRow(ctx context.Context, actor access.Actor, claim member.Claim) (claimRow, error) {
	row := claimRow{Claim: claim, Mine: claim.Person == actor.ID}
	entry, err := w.Facts.KnownInRegister(ctx, claim.Org)
	if err != nil {
		return row, err
	}
	row.Register = w.registered(entry, claim.Org, claim.OrgName)
	row.Admins, err = w.Members.Administrators(ctx, actor, claim.Org)
	return row, err
}

// claimDecide says what becomes of a claim.
func (w *Web) claimDecide(c *gin.Context) error {
	if err := parseForm(c); err != nil {
		return err
	}
	approve := c.PostForm("verdict") == "approve"
	if !approve && c.PostForm("verdict") != "reject" {
		return problem.New(problem.Invalid, "page.error.form", nil)
	}
	if _, err := w.Members.Decide(c.Request.Context(), w.actor(c), c.Param("id"), approve, text(c.PostForm("decision"))); err != nil {
		if mendable(err) {
			return w.showClaims(c, c.Param("id"), err)
		}
		return err
	}
	if approve {
		return w.done(c, "page.claims.approved", "/claims")
	}
	return w.done(c, "page.claims.rejected", "/claims")
}
