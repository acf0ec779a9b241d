package httpd

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"felleskrav/internal/access"
	"felleskrav/internal/problem"
)

// Trail is told of requests that somebody may have to answer for.
type Trail interface {
	// Record returns when what it was told is durable.
	Record(ctx context.Context, t Trace) error
	// Later takes what it is told, to write it soon; it waits when it has more
	// than it can hold.
	Later(ctx context.Context, t Trace) error
}

// Trace is a request and how it ended. Nothing in it comes from the query, a
// header or the body.
type Trace struct {
	At     time.Time
	Actor  access.Actor
	Action access.Action
	// Method and Route, a pattern, tell the operation.
	Method, Route string
	// Path is what was asked for, and Location the path of what was made or of
	// where the browser is sent; both as the sender and the handler wrote them.
	Path, Location string
	// Targets and Owner are what handlers told; see Target and Owner.
	Targets []TraceTarget
	Owner   string
	// Status is that of the answer, or of what was refused when a browser was
	// sent elsewhere instead.
	Status int
	// Problem is the key of the problem that was answered.
	Problem string
	Request string
	// Address is the client's.
	Address string
}

// TraceTarget is something the request was about.
type TraceTarget struct{ Kind, ID string }

// traced is what is known of a request for the trail.
type traced struct {
	action     access.Action
	changes    bool
	restricted bool
	targets    []TraceTarget
	owner      string
	problem    string
	// refused is the status of what was refused though the answer is another.
	refused int
}

// Act says what the request does. changes is whether, when its method is not a
// safe one, anything is other than before once it is done; restricted, whether
// what it reads is for some only.
func Act(c *gin.Context, action access.Action, changes, restricted bool) {
	t := &of(c).traced
	t.action, t.changes, t.restricted = action, changes, restricted
}

// Restricted says that what this request reads turned out to be for some only.
func Restricted(c *gin.Context) { of(c).traced.restricted = true }

// Target adds something to what the request is about.
func Target(c *gin.Context, kind, id string) {
	t := &of(c).traced
	t.targets = append(t.targets, TraceTarget{kind, id})
}

// Owner says to which organisation the target of the request belongs.
func Owner(c *gin.Context, number string) { of(c).traced.owner = number }

// Failed says which problem is answered, for those who answer by themselves.
func Failed(c *gin.Context, p *problem.Error) { of(c).traced.problem = p.Key }

// Refused is Failed for those who send a browser elsewhere instead of answering
// with the problem: nothing is done.
func Refused(c *gin.Context, p *problem.Error) {
	Failed(c, p)
	of(c).traced.refused = Status(p)
}

// outcome is how a request that was answered with the status ended.
func (t *traced) outcome(status int) int {
	if t.refused != 0 {
		return t.refused
	}
	return status
}

var errTrail = problem.New(problem.Unavailable, "request.trail", nil)

// clientIP is the address of who asks.
func clientIP(c *gin.Context) string {
	if a := ClientIP(c); a.IsValid() {
		return a.String()
	}
	return ""
}

// counts says whether a request that ended like this is one for the trail.
func (t *traced) counts(method string, actor access.Actor, status int) bool {
	if t.action == "" || !actor.Known() {
		return false
	}
	status = t.outcome(status)
	denied := status == http.StatusUnauthorized || status == http.StatusForbidden
	done := status < http.StatusBadRequest
	if safe(method) {
		return t.restricted && (done || denied)
	}
	// What somebody may not even see is not found, and a fault may have come
	// after the change.
	return t.changes && (done || denied || status == http.StatusNotFound || status >= http.StatusInternalServerError)
}

func (s *Server) trace(c *gin.Context, r *request, status int) Trace {
	t := Trace{
		At: s.cfg.Now(), Actor: r.actor, Action: r.traced.action, Method: c.Request.Method, Route: c.FullPath(), Path: c.Request.URL.Path,
		Targets: r.traced.targets, Owner: r.traced.owner, Status: r.traced.outcome(status), Problem: r.traced.problem, Request: r.id, Address: clientIP(c),
	}
	if t.Status < http.StatusBadRequest {
		t.Problem = ""
		t.Location = c.Writer.Header().Get("Location")
	}
	return t
}

// tracingWriter has a change written to the trail before the first byte of its
// answer goes out. When that cannot be done the answer is another one.
type tracingWriter struct {
	gin.ResponseWriter
	c    *gin.Context
	r    *request
	done bool
	// failed says that what the handler answers is not sent.
	failed bool
}

func (w *tracingWriter) once() {
	if w.done || w.ResponseWriter.Written() {
		return
	}
	w.done = true
	s := w.r.server
	if !w.r.traced.counts(w.c.Request.Method, w.r.actor, w.Status()) {
		return
	}
	ctx := context.WithoutCancel(w.c.Request.Context()) // the change is made, whether or not somebody waits for the answer
	err := s.cfg.Trail.Record(ctx, s.trace(w.c, w.r, w.Status()))
	if err == nil {
		return
	}
	s.untraced.Add(1)
	s.cfg.Log.LogAttrs(ctx, slog.LevelError, "no trail of a change", slog.String("request", w.r.id), slog.String("route", w.c.FullPath()), slog.String("error", err.Error()))
	outer := w.c.Writer
	w.c.Writer = w.ResponseWriter
	h := w.Header()
	h.Del("Content-Type")
	h.Del("Content-Language")
	fail(w.c, errTrail.Because(err), false)
	w.c.Writer = outer
	w.failed = true
}

// WriteHeaderNow implements gin.ResponseWriter.
func (w *tracingWriter) WriteHeaderNow() {
	if w.once(); !w.failed {
		w.ResponseWriter.WriteHeaderNow()
	}
}

// WriteHeader implements http.ResponseWriter.
func (w *tracingWriter) WriteHeader(code int) {
	if !w.failed {
		w.ResponseWriter.WriteHeader(code)
	}
}

// Write implements http.ResponseWriter.
func (w *tracingWriter) Write(b []byte) (int, error) {
	if w.once(); w.failed {
		return len(b), nil
	}
	return w.ResponseWriter.Write(b)
}

// WriteString implements io.StringWriter.
func (w *tracingWriter) WriteString(s string) (int, error) {
	if w.once(); w.failed {
		return len(s), nil
	}
	return w.ResponseWriter.WriteString(s)
}

// Flush implements http.Flusher.
func (w *tracingWriter) Flush() {
	if w.once(); !w.failed {
		w.ResponseWriter.Flush()
	}
}

// Unwrap lets http.ResponseController find the writer below.
func (w *tracingWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// watch begins to trace a request that may change something; what it gives is
// called at the end of every request.
func (s *Server) watch(c *gin.Context, r *request) (end func()) {
	if s.cfg.Trail == nil {
		return func() {}
	}
	if !safe(c.Request.Method) {
		w := &tracingWriter{ResponseWriter: c.Writer, c: c, r: r}
		c.Writer = w
		return w.once
	}
	return func() {
		status := c.Writer.Status()
		if !r.traced.counts(c.Request.Method, r.actor, status) {
			return
		}
		ctx := context.WithoutCancel(c.Request.Context())
		if err := s.cfg.Trail.Later(ctx, s.trace(c, r, status)); err != nil {
			s.untraced.Add(1)
			s.cfg.Log.LogAttrs(ctx, slog.LevelError, "no trail of a read", slog.String("request", r.id), slog.String("route", c.FullPath()), slog.String("error", err.Error()))
		}
	}
}
