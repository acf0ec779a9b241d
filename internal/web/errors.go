package web

import (
	"errors"
	"net/http"

	"github.com/gin-gonic/gin"

	"felleskrav/internal/httpd"
	"felleskrav/internal/login"
	"felleskrav/internal/problem"
)

var (
	errCrossOrigin = problem.New(problem.Forbidden, "page.error.cross-origin", nil)
	errNotFound    = problem.New(problem.NotFound, "page.error.no-page", nil)
)

type errorPage struct {
	Base
	Code int
	// Kind picks the heading and the advice.
	Kind problem.Kind
	// Detail is a text in the reader's language, or "".
	Detail string
}

// Error draws a page that says what went wrong and what to do. The detail of a
// fault goes to the log only.
func (w *Web) Error(c *gin.Context, err error) {
	if more, ok := errors.AsType[*surelyError](err); ok {
		httpd.Refused(c, login.ErrACR)
		c.Redirect(http.StatusSeeOther, "/login?"+query("level", signingLevel, "next", more.next))
		return
	}
	p := httpd.Cause(c, err)
	code := httpd.Status(p)
	httpd.Failed(c, p)
	if c.Request.Method == http.MethodGet && w.Sessions.Open() {
		person := c.GetBool(sessionKey) && w.Sessions.Visitor(c.Request.Context()).ActsForNobody()
		switch {
		case person && (p.Kind == problem.Unauthenticated || p.Key == "access.denied"):
			httpd.Refused(c, p)
			c.Redirect(http.StatusSeeOther, organisationURL(w.bare(c, "").Here))
			return
		case p.Kind == problem.Unauthenticated:
			c.Redirect(http.StatusSeeOther, w.bare(c, "").LoginURL())
			return
		}
	}
	if code >= http.StatusInternalServerError || c.Writer.Written() {
		w.report(c.Request.Context(), err)
	}
	if c.Writer.Written() {
		return
	}
	w.headers(c) // this may be all of the pages that the request has met
	private(c)
	page := errorPage{Base: w.base(c, ""), Code: code, Kind: p.Kind}
	if p.Kind != problem.Internal {
		t := w.texts(c)
		page.Detail = t.T(p.Key, map[string]any(p.Args))
		for _, f := range p.Fields {
			page.Detail += " " + t.T(f.Key, map[string]any(f.Args))
		}
	}
	if err := w.show(c, code, "error", page); err != nil {
		w.report(c.Request.Context(), err)
		c.Status(http.StatusInternalServerError)
	}
}

// NotFound answers for addresses that lead nowhere.
func (w *Web) NotFound(c *gin.Context) { w.Error(c, errNotFound) }

// tooLarge turns a body beyond its limit into a problem, so that a form can
// tell about it; any other error is returned as it is.
func tooLarge(err error) error {
	if m, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return httpd.TooLarge(m.Limit).Because(err)
	}
	return err
}

// isTooLarge tells a body beyond its limit from one that cannot be read.
func isTooLarge(err error) bool {
	_, ok := errors.AsType[*http.MaxBytesError](err)
	return ok
}
