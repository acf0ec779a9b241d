package httpd

import (
	"context"
	"encoding/json"
	"errors"
	"html/template"
	"log/slog"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"felleskrav/internal/locale"
	"felleskrav/internal/problem"
)

// Problem is the body of an error answer (RFC 9457), in the caller's
// language.
type Problem struct {
	// Type is "urn:felleskrav:problem:" and the key; it does not change with
	// the language.
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail"`
	// Instance names the request, so that the log can be searched for it.
	Instance string         `json:"instance"`
	Errors   []FieldProblem `json:"errors,omitempty"`
}

// FieldProblem is what is wrong with one part of the input.
type FieldProblem struct {
	Field  string `json:"field"`
	Key    string `json:"key"`
	Detail string `json:"detail"`
}

var (
	errNoRoute  = problem.New(problem.NotFound, "request.no-route", nil)
	errMethod   = problem.New(problem.Unsupported, "request.method", nil)
	errInternal = problem.New(problem.Internal, "internal", nil)
	errBusy     = problem.New(problem.Unavailable, "unavailable", nil)
)

// statuses are the HTTP statuses of the kinds.
var statuses = map[problem.Kind]int{
	problem.Invalid:         http.StatusUnprocessableEntity,
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

// Status returns the HTTP status for a problem. Input that cannot be read at
// all, whose keys begin with "request.", is 400; input that can be read but
// does not hold is 422.
func Status(p *problem.Error) int {
	switch {
	case p.Key == errMethod.Key:
		return http.StatusMethodNotAllowed
	case p.Key == errSlow.Key:
		return http.StatusRequestTimeout
	case p.Key == errLength.Key:
		return http.StatusLengthRequired
	case p.Key == errHost.Key:
		return http.StatusMisdirectedRequest
	case p.Kind == problem.Invalid && strings.HasPrefix(p.Key, "request."):
		return http.StatusBadRequest
	}
	if s, ok := statuses[p.Kind]; ok {
		return s
	}
	return http.StatusInternalServerError
}

// Classify returns the problem that err is or holds. Bodies beyond their
// limit and deadlines that ran out are problems of their own; anything else
// is internal.
func Classify(err error) *problem.Error {
	if m, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return TooLarge(m.Limit)
	}
	if p, ok := errors.AsType[*problem.Error](err); ok {
		return p
	}
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return errBusy
	}
	return errInternal
}

// Cause is Classify for the error of a request: when its body came too slowly
// or found no turn, that is the problem, whatever those that read it made of it.
func Cause(c *gin.Context, err error) *problem.Error {
	if p := of(c).cause.Load(); p != nil {
		if p == errSlow {
			c.Header("Connection", "close")
		} else {
			c.Header("Retry-After", "5")
		}
		return p
	}
	return Classify(err)
}

// TooLarge is the problem of a body of more than limit bytes.
func TooLarge(limit int64) *problem.Error {
	return problem.New(problem.TooLarge, "request.too-large", problem.Args{"Max": limit, "KiB": (limit + 1023) >> 10})
}

// Describe writes a problem in a language.
func Describe(p *problem.Error, t *locale.Texts, instance string) Problem {
	out := Problem{
		Type: "urn:felleskrav:problem:" + p.Key, Title: t.T("problem." + string(p.Kind)), Status: Status(p),
		Detail: t.T(p.Key, map[string]any(p.Args)), Instance: instance,
	}
	for _, f := range p.Fields {
		out.Errors = append(out.Errors, FieldProblem{Field: f.Path, Key: f.Key, Detail: t.T(f.Key, map[string]any(f.Args))})
	}
	return out
}

// Fail answers with err and ends the request: as problem+json, or to a
// browser as a page. What caused an internal error goes to the log only.
func Fail(c *gin.Context, err error) { fail(c, err, true) }

func fail(c *gin.Context, err error, report bool) {
	c.Abort()
	r := of(c)
	p := Cause(c, err)
	status := Status(p)
	Failed(c, p)
	if r.server == nil { // not our engine: still no detail to anybody
		c.Status(status)
		return
	}
	if report && status >= http.StatusInternalServerError && !r.refused {
		r.server.cfg.Log.LogAttrs(c.Request.Context(), slog.LevelError, "request failed",
			slog.String("request", r.id), slog.String("route", c.FullPath()), slog.String("error", err.Error()))
	}
	if c.Writer.Written() {
		return // the answer is under way; a second one would only spoil it
	}
	h := c.Writer.Header()
	switch status {
	case http.StatusUnauthorized:
		h.Set("WWW-Authenticate", `Bearer realm="felleskrav"`)
	case http.StatusServiceUnavailable:
		if h.Get("Retry-After") == "" {
			h.Set("Retry-After", "5")
		}
	}
	for _, name := range []string{"ETag", "Content-Length", "Content-Disposition", "Last-Modified", "Location"} {
		h.Del(name)
	}
	h.Set("Cache-Control", "no-store")
	if wantsPage(c) {
		r.page(c, p, err)
		return
	}
	out := Describe(p, r.server.cfg.Texts.In(r.lang), "urn:uuid:"+r.id)
	WriteProblem(c, out)
}

// WriteProblem sends any body that is a Problem or extends one.
func WriteProblem(c *gin.Context, body any) {
	status := http.StatusInternalServerError
	switch b := body.(type) {
	case Problem:
		status = b.Status
	case interface{ HTTPStatus() int }:
		status = b.HTTPStatus()
	}
	data, err := json.Marshal(body)
	if err != nil {
		c.Status(http.StatusInternalServerError)
		return
	}
	h := c.Writer.Header()
	h.Set("Content-Language", Lang(c))
	c.Data(status, "application/problem+json", data)
}

// wantsPage tells a person in a browser from a program.
func wantsPage(c *gin.Context) bool {
	p := c.Request.URL.Path
	return !isAPI(c) && !strings.HasPrefix(p, "/log/") && strings.Contains(c.Request.Header.Get("Accept"), "text/html")
}

func (r *request) page(c *gin.Context, p *problem.Error, err error) {
	// A drawn page costs; those nobody knows get one only if they were let in.
	bare := r.bare || r.refused && r.owner == ""
	if draw := r.server.cfg.Page; draw != nil && !bare {
		draw(c, err)
		return
	}
	t := r.server.cfg.Texts.In(r.lang)
	var b strings.Builder
	if err := plain.Execute(&b, map[string]string{"Lang": r.lang, "Title": t.T("problem." + string(p.Kind)), "Detail": t.T(p.Key, map[string]any(p.Args)), "ID": r.id}); err != nil {
		c.Status(Status(p))
		return
	}
	c.Data(Status(p), "text/html; charset=utf-8", []byte(b.String()))
}

var plain = template.Must(template.New("plain").Parse(`<!DOCTYPE html>
<html lang="{{.Lang}}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{{.Title}}</title></head>
<body><main><h1>{{.Title}}</h1><p>{{.Detail}}</p><p><code>{{.ID}}</code></p></main></body></html>
`))
