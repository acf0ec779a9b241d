package web

import (
	"encoding/json"
	"net/http"

	"github.com/gin-gonic/gin"

	"felleskrav/internal/access"
	"felleskrav/internal/member"
	"felleskrav/internal/organisation"
)

type mePage struct {
	Base
	Kept     member.Kept
	Provider string
}

// me shows a person what is kept about them.
func (w *Web) me(c *gin.Context) error { return w.showMe(c, nil) }

func (w *Web) showMe(c *gin.Context, failed error) error {
	kept, err := w.Members.Export(c.Request.Context(), w.actor(c))
	if err != nil {
		return err
	}
	p, code := mePage{Base: w.base(c, "me"), Kept: kept}, http.StatusOK
	p.Here = "/me"
	if provider := w.Sessions.Provider(); provider != nil {
		p.Provider = provider.Name()
	}
	if failed != nil {
		p.Form, code = newForm(w.texts(c), failed), codeOf(failed)
	}
	return w.show(c, code, "me", p)
}

// exported is what a person takes away: what is kept, and what the login holds.
type exported struct {
	member.Kept
	Login exportedLogin `json:"login"`
}

type exportedLogin struct {
	Name      string             `json:"name,omitempty"`
	Standings []exportedStanding `json:"standings"`
}

type exportedStanding struct {
	Org   string        `json:"org"`
	Name  string        `json:"name"`
	Roles []access.Role `json:"roles"`
}

func (w *Web) meExport(c *gin.Context) error {
	ctx := c.Request.Context()
	kept, err := w.Members.Export(ctx, w.actor(c))
	if err != nil {
		return err
	}
	v := w.Sessions.Visitor(ctx)
	out := exported{Kept: kept, Login: exportedLogin{Name: v.Name, Standings: []exportedStanding{}}}
	for _, s := range v.Standings {
		out.Login.Standings = append(out.Login.Standings, exportedStanding{s.Org, s.Name, s.Roles})
	}
	b, err := json.MarshalIndent(out, "", "  ")
	if err != nil {
		return err
	}
	c.Writer.Header().Set("Cache-Control", "no-store")
	attach(c, "felleskrav-me.json", "application/json")
	c.Status(http.StatusOK)
	if c.Request.Method == http.MethodHead {
		return nil
	}
	_, err = c.Writer.Write(b)
	return err
}

// meLeave ends the person's own membership of an organisation.
func (w *Web) meLeave(c *gin.Context) error {
	if err := parseForm(c); err != nil {
		return err
	}
	ctx, actor := c.Request.Context(), w.actor(c)
	if err := w.Members.Remove(ctx, actor, organisation.Number(c.PostForm("organisation")), actor.ID); err != nil {
		if mendable(err) {
			return w.showMe(c, err)
		}
		return err
	}
	if err := w.Sessions.Refresh(ctx); err != nil {
		return err
	}
	return w.done(c, "page.me.left", "/me")
}

// meErase asks whether it is meant.
func (w *Web) meErase(c *gin.Context) error { return w.showErase(c, nil) }

func (w *Web) showErase(c *gin.Context, failed error) error {
	p, code := mePage{Base: w.base(c, "me")}, http.StatusOK
	var err error
	if p.Kept, err = w.Members.Export(c.Request.Context(), w.actor(c)); err != nil {
		return err
	}
	if failed != nil {
		p.Form, code = newForm(w.texts(c), failed), codeOf(failed)
	}
	return w.show(c, code, "me-erase", p)
}

// meErased forgets the person, and ends all their logins.
func (w *Web) meErased(c *gin.Context) error {
	if err := w.Members.Erase(c.Request.Context(), w.actor(c)); err != nil {
		if mendable(err) {
			return w.showErase(c, err)
		}
		return err
	}
	return w.leave(c, w.Sessions.LogoutEverywhere)
}
