package web

import (
	"errors"
	"net/http"

	"github.com/gin-gonic/gin"

	"felleskrav/internal/problem"
)

var (
	errCrossOrigin = problem.New(problem.Forbidden, "page.error.cross-origin", nil)
	errNotFound    = problem.New(problem.NotFound, "page.error.no-page", nil)
)

// codes are the answers to each kind of problem.
var codes = map[problem.Kind]int{
	problem.Invalid:         http.StatusBadRequest,
	problem.Refused:         http.StatusUnprocessableEntity,
	problem.NotFound:        http.StatusNotFound,
	problem.Exists:          http.StatusConflict,
	problem.Stale:           http.StatusPreconditionFailed,
	problem.Unauthenticated: http.StatusUnauthorized,
	problem.Forbidden:       http.StatusForbidden,
	problem.TooLarge:        http.StatusRequestEntityTooLarge,
	problem.Unsupported:     http.StatusUnsupportedMediaType,
	problem.RateLimited:     http.StatusTooManyRequests,
	problem.Unavailable:     http.StatusServiceUnavailable,
}

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
	err = tooLarge(err)
	kind := problem.KindOf(err)
	if kind == problem.Unauthenticated && c.Request.Method == http.MethodGet && len(w.Sessions.Ways()) > 0 {
		c.Redirect(http.StatusSeeOther, w.bare(c, "").LoginURL())
		return
	}
	code, ok := codes[kind]
	if !ok {
		kind, code = problem.Internal, http.StatusInternalServerError
		w.report(c.Request.Context(), err)
	}
	if c.Writer.Written() {
		w.report(c.Request.Context(), err)
		return
	}
	page := errorPage{Base: w.base(c, ""), Code: code, Kind: kind}
	if p, ok := errors.AsType[*problem.Error](err); ok && kind != problem.Internal {
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
func (w *Web) NotFound(c *gin.Context) {
	w.headers(c)
	w.Error(c, errNotFound)
}

// tooLarge turns a body beyond its limit into a problem.
func tooLarge(err error) error {
	if m, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return problem.New(problem.TooLarge, "page.error.too-large-detail", problem.Args{"MB": m.Limit >> 20}).Because(err)
	}
	return err
}
