package web

import (
	"slices"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"felleskrav/internal/access"
	"felleskrav/internal/organisation"
)

type tokensPage struct {
	Base
	Items []tokenRow
	Next  string
	Name  Field
	Roles []tokenRole
	// RolesError is a text, or "".
	RolesError string
	Days       Field
	// Secret is that of the token just made, the only time it is shown.
	Secret string
}

type tokenRow struct {
	organisation.Token
	Current organisation.TokenState
}

type tokenRole struct {
	Role    access.Role
	Checked bool
}

const defaultTokenDays = 90

// tokens lists the organisation's tokens, with a form for a new one.
func (w *Web) tokens(c *gin.Context) error { return w.showTokens(c, "", nil) }

func (w *Web) showTokens(c *gin.Context, secret string, failed error) error {
	actor, code := w.actor(c), codeOf(failed)
	items, err := w.Tokens.List(c.Request.Context(), actor, "", c.Query("after"), listed+1)
	if err != nil {
		return err
	}
	// What an administrator sees here is nobody else's, and a secret not even a
	// browser's to keep.
	c.Writer.Header().Set("Cache-Control", "no-store")
	p := tokensPage{Base: w.base(c, "tokens"), Secret: secret}
	if secret != "" {
		scripted(c)
	}
	p.Here = "/tokens"
	if len(items) > listed {
		items = items[:listed]
		p.Next = "/tokens?" + query("after", items[listed-1].ID)
	}
	for _, t := range items {
		p.Items = append(p.Items, tokenRow{t, t.State(w.Now())})
	}
	p.Form = newForm(w.texts(c), failed)
	name, days, roles := "", strconv.Itoa(defaultTokenDays), []string(nil)
	if failed != nil {
		name, days, roles = line(c.PostForm("name")), line(c.PostForm("days")), c.PostFormArray("roles")
	}
	p.Name = p.Form.field(Field{Name: "name", Label: "page.tokens.name", Hint: "page.tokens.name-hint", Value: name, Size: "m", Required: true, Autocomplete: "off"})
	for _, r := range access.Grantable(actor, actor.Org) {
		p.Roles = append(p.Roles, tokenRole{r, slices.Contains(roles, string(r))})
	}
	p.RolesError = p.Form.take("roles", w.texts(c).T("page.tokens.roles"))
	p.Days = p.Form.field(Field{Name: "days", Label: "page.tokens.days", Type: "number", Value: days, Size: "s", Required: true})
	return w.show(c, code, "tokens", p)
}

// tokenCreate makes a token. The answer itself shows the secret, since nothing
// is to keep it until another page could.
func (w *Web) tokenCreate(c *gin.Context) error {
	if err := parseForm(c); err != nil {
		return err
	}
	days, err := strconv.ParseUint(line(c.PostForm("days")), 10, 16)
	if err != nil {
		days = 0 // refused by the service, with the place
	}
	n := organisation.NewToken{Name: line(c.PostForm("name")), TTL: time.Duration(days) * 24 * time.Hour}
	for _, r := range c.PostFormArray("roles") {
		n.Roles = append(n.Roles, access.Role(r))
	}
	secret, _, err := w.Tokens.Create(c.Request.Context(), w.actor(c), n)
	if err != nil {
		if mendable(err) {
			return w.showTokens(c, "", err)
		}
		return err
	}
	return w.showTokens(c, secret, nil)
}

// tokenRevoke ends a token.
func (w *Web) tokenRevoke(c *gin.Context) error {
	if _, err := w.Tokens.Revoke(c.Request.Context(), w.actor(c), c.Param("id")); err != nil {
		return err
	}
	return w.done(c, "page.tokens.revoked", "/tokens")
}
