package web

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"felleskrav/internal/access"
	"felleskrav/internal/httpd"
	"felleskrav/internal/login"
	"felleskrav/internal/problem"
)

type loginPage struct {
	Base
	// Provider is the name of where people log in; "" when there is none.
	Provider string
	// Away says that it cannot be reached.
	Away bool
	// Surely says that the reader has logged in, but not surely enough for what
	// they were about to do.
	Surely bool
	// StartURL begins the login.
	StartURL string
	DemoURL  string
}

// signingLevel is the word in addresses for the level that signing asks for.
const signingLevel = "signing"

func (w *Web) login(c *gin.Context) error {
	next := local(c.Query("next"), "")
	demo := "/demo/login"
	if next != "" {
		demo += "?" + query("next", next)
	}
	provider := w.Sessions.Provider()
	if provider == nil {
		if len(w.Sessions.Ways()) > 0 {
			return w.away(c, demo)
		}
		return w.show(c, http.StatusOK, "login", loginPage{Base: w.base(c, "")})
	}
	ctx, level := c.Request.Context(), c.Query("level")
	surely := false
	if w.Sessions.Visitor(ctx).Person {
		if level != signingLevel || w.Sessions.Require(ctx, w.Sessions.SigningACR()) == nil {
			return w.inside(c, next)
		}
		surely = true
	}
	p := loginPage{Base: w.base(c, ""), Provider: provider.Name(), Surely: surely, StartURL: startURL(next, level)}
	if len(w.Sessions.Ways()) > 0 {
		p.DemoURL = demo
	}
	code := http.StatusOK
	if err := provider.Ready(ctx); err != nil {
		w.report(ctx, err)
		p.Away, code = true, http.StatusServiceUnavailable
	}
	return w.show(c, code, "login", p)
}

func startURL(next, level string) string {
	v := url.Values{}
	if next != "" {
		v.Set("next", next)
	}
	if level == signingLevel {
		v.Set("level", level)
	}
	if len(v) == 0 {
		return "/login/oidc"
	}
	return "/login/oidc?" + v.Encode()
}

// loginStart sends the browser to the provider. It is a link and no form, since
// a form may only lead to this site.
func (w *Web) loginStart(c *gin.Context) error {
	if w.Sessions.Provider() == nil {
		return errNotFound
	}
	next, level := local(c.Query("next"), ""), c.Query("level")
	to, err := w.Sessions.Start(c.Request.Context(), next, w.lang(c), level == signingLevel)
	if err != nil {
		return w.loginFailed(c, err, next)
	}
	c.Writer.Header().Set("Cache-Control", "no-store")
	return w.away(c, to)
}

// loginReturn is where the provider sends the browser back to.
func (w *Web) loginReturn(c *gin.Context) error {
	if w.Sessions.Provider() == nil {
		return errNotFound
	}
	c.Writer.Header().Set("Cache-Control", "no-store")
	next, err := w.Sessions.Return(c.Request.Context(), c.Request.URL.Query())
	if err != nil {
		return w.loginFailed(c, err, next)
	}
	return w.inside(c, next)
}

// inside sends a person who has logged in to where they were going, by way of
// the choice of whom to act for when there is one to make.
func (w *Web) inside(c *gin.Context, next string) error {
	httpd.SetActor(c, w.actor(c)) // who it was, for the trail
	httpd.Restricted(c)           // a login is in it, though it is a GET
	v := w.Sessions.Visitor(c.Request.Context())
	if v.Org == "" && !personal(next) {
		return w.away(c, organisationURL(next))
	}
	if next == "" {
		next = home(w.actor(c))
	}
	return w.away(c, next)
}

// personal tells a page for people themselves, whoever they act for.
func personal(next string) bool {
	return slices.ContainsFunc([]string{"/join/", "/claims/", "/me"}, func(p string) bool { return strings.HasPrefix(next, p) })
}

func organisationURL(next string) string {
	if next == "" {
		return "/login/organisation"
	}
	return "/login/organisation?" + query("next", next)
}

type loginFailedPage struct {
	Base
	// Reason picks the heading and the advice: unavailable, cancelled, state,
	// acr or answer.
	Reason   string
	Provider string
	RetryURL string
}

// loginFailed tells why a login came to nothing; what caused it goes to the
// log only. Faults that are not the login's are returned.
func (w *Web) loginFailed(c *gin.Context, err error, next string) error {
	reason, ok := strings.CutPrefix(problem.KeyOf(err), "login.")
	if !ok {
		return err
	}
	w.report(c.Request.Context(), err)
	retry := "/login"
	if next != "" {
		retry += "?" + query("next", next)
	}
	return w.show(c, codeOf(err), "login-failed", loginFailedPage{Base: w.base(c, ""), Reason: reason, Provider: w.Sessions.Provider().Name(), RetryURL: retry})
}

type organisationPage struct {
	Base
	Provider string
	Next     string
}

// organisation lets a person choose whom to act for. What was given to them a
// moment ago is among it.
func (w *Web) organisation(c *gin.Context) error {
	if err := w.Sessions.Refresh(c.Request.Context()); err != nil {
		return err
	}
	return w.showOrganisation(c, c.Query("next"), nil)
}

func (w *Web) showOrganisation(c *gin.Context, next string, failed error) error {
	v := w.Sessions.Visitor(c.Request.Context())
	if !v.Person {
		return problem.New(problem.Unauthenticated, "access.login", nil)
	}
	p := organisationPage{Base: w.base(c, ""), Provider: w.Sessions.Provider().Name(), Next: local(next, "")}
	name, code := "organisation", http.StatusOK
	if len(v.Standings) == 0 {
		name = "no-right"
	}
	if failed != nil {
		p.Form, code = newForm(w.texts(c), failed), codeOf(failed)
	}
	return w.show(c, code, name, p)
}

func (w *Web) organisationChoose(c *gin.Context) error {
	if err := parseForm(c); err != nil {
		return err
	}
	actor, err := w.Sessions.ActFor(c.Request.Context(), c.PostForm("organisation"))
	if err != nil {
		if mendable(err) {
			return w.showOrganisation(c, c.PostForm("next"), err)
		}
		return err
	}
	httpd.SetActor(c, actor)
	return w.away(c, local(c.PostForm("next"), home(actor)))
}

type loggedOutPage struct {
	Base
	Provider, EndURL string
}

func (w *Web) logout(c *gin.Context) error { return w.leave(c, w.Sessions.Logout) }

func (w *Web) logoutEverywhere(c *gin.Context) error {
	return w.leave(c, w.Sessions.LogoutEverywhere)
}

// leave logs out here, and then of the provider. A form may not lead to another
// site, so that a page sends the browser on.
func (w *Web) leave(c *gin.Context, logout func(context.Context) error) error {
	ctx := c.Request.Context()
	end := w.Sessions.EndURL(ctx)
	if err := logout(ctx); err != nil {
		return err
	}
	if end == "" {
		return w.away(c, "/")
	}
	h := c.Writer.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Refresh", "0; url="+end)
	return w.show(c, http.StatusOK, "logged-out", loggedOutPage{Base: w.bare(c, ""), Provider: w.Sessions.Provider().Name(), EndURL: end})
}

// frontchannelLogout is what the provider shows in an invisible frame when a
// person has logged out there. The browser sends no cookie along, so that it
// goes by the provider's name for its session (OpenID Connect Front-Channel
// Logout §2).
func (w *Web) frontchannelLogout(c *gin.Context) error {
	provider := w.Sessions.Provider()
	if provider == nil {
		return errNotFound
	}
	h := c.Writer.Header()
	h.Set("Content-Security-Policy", "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors "+strings.Join(provider.Origins(), " "))
	h.Del("X-Frame-Options") // which knows no other site but this
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Type", "text/html; charset=utf-8")
	iss, sid := c.QueryArray("iss"), c.QueryArray("sid")
	if len(iss) != 1 || len(sid) != 1 || iss[0] != provider.Issuer() || sid[0] == "" {
		c.Status(http.StatusBadRequest)
		return nil
	}
	if err := w.Sessions.EndProviderSession(c.Request.Context(), iss[0], sid[0]); err != nil {
		w.report(c.Request.Context(), err)
		c.Status(http.StatusServiceUnavailable)
		return nil
	}
	c.Status(http.StatusOK)
	return nil
}

// surely has those who may do the action log in as surely as signing asks for
// before h is done. They come back to the page, or when it is no page to the
// address back, in which ":name" is filled in from the page's own.
func (w *Web) surely(action access.Action, back string, h handler) handler {
	return func(c *gin.Context) error {
		if _, err := access.ScopeFor(w.actor(c), action); err != nil {
			return h(c) // which says so itself
		}
		err := w.Sessions.Require(c.Request.Context(), w.Sessions.SigningACR())
		if err == nil {
			return h(c)
		}
		next := back
		for _, p := range c.Params {
			next = strings.ReplaceAll(next, ":"+p.Key, url.PathEscape(p.Value))
		}
		if c.Request.Method == http.MethodGet || c.Request.Method == http.MethodHead {
			next = w.bare(c, "").Here
		}
		return &surelyError{err, next}
	}
}

// surelyError is a *login.StepUp with where to go on after it.
type surelyError struct {
	error
	next string
}

func (e *surelyError) Unwrap() error { return e.error }

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
