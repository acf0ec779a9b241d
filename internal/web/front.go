package web

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"felleskrav/internal/access"
	"felleskrav/internal/httpd"
	"felleskrav/internal/login"
	"felleskrav/internal/problem"
)

type frontPage struct {
	Base
	SupplierURL                   string
	Tasks, Measures, Requirements int
	LogSize                       int64
}

func (w *Web) front(c *gin.Context) error {
	size, err := w.Log.Size(c.Request.Context())
	if err != nil {
		return err
	}
	p := frontPage{
		Base: w.base(c, ""), SupplierURL: "/login?next=/suppliers",
		Tasks: len(w.Catalogue.Content().Tasks), Measures: len(w.Catalogue.Content().Measures), Requirements: len(w.Catalogue.Content().Requirements()), LogSize: size,
	}
	if p.Actor.Has(access.Supplier) {
		p.SupplierURL = "/suppliers/" + p.Actor.Org
	}
	return w.show(c, http.StatusOK, "front", p)
}

type loginPage struct{ Base }

func (w *Web) login(c *gin.Context) error {
	if len(w.Sessions.Ways()) > 0 {
		to := "/demo/login"
		if next := local(c.Query("next"), ""); next != "" {
			to += "?" + query("next", next)
		}
		return w.away(c, to)
	}
	return w.show(c, http.StatusOK, "login", loginPage{w.base(c, "")})
}

type demoLoginPage struct {
	Base
	Next     string
	Personas []login.Persona
}

func (w *Web) demoLogin(c *gin.Context) error {
	if len(w.Sessions.Ways()) == 0 {
		return errNotFound
	}
	return w.show(c, http.StatusOK, "demo-login", demoLoginPage{Base: w.base(c, ""), Next: local(c.Query("next"), ""), Personas: w.Sessions.Ways()})
}

func (w *Web) demoChoose(c *gin.Context) error {
	if len(w.Sessions.Ways()) == 0 {
		return errNotFound
	}
	if err := parseForm(c); err != nil {
		return err
	}
	actor, err := w.Sessions.Choose(c.Request.Context(), c.PostForm("persona"))
	if err != nil {
		if problem.KindOf(err) != problem.Invalid {
			return err
		}
		p := demoLoginPage{Base: w.base(c, ""), Next: local(c.PostForm("next"), ""), Personas: w.Sessions.Ways()}
		p.Form = newForm(w.texts(c), problem.New(problem.Invalid, "page.demo-login.unknown", nil))
		return w.show(c, http.StatusBadRequest, "demo-login", p)
	}
	httpd.SetActor(c, actor)
	return w.away(c, local(c.PostForm("next"), home(actor)))
}

// home is where an actor's work begins.
func home(a access.Actor) string {
	switch {
	case a.Has(access.Supplier):
		return "/suppliers/" + a.Org
	case a.Has(access.Procurement):
		return "/procurements"
	case a.Has(access.Editor):
		return "/catalogue"
	default:
		return "/suppliers"
	}
}

func (w *Web) logout(c *gin.Context) error {
	if err := w.Sessions.Logout(c.Request.Context()); err != nil {
		return err
	}
	return w.away(c, "/")
}
