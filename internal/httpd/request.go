package httpd

import (
	"crypto/sha256"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"felleskrav/internal/access"
	"felleskrav/internal/locale"
	"felleskrav/internal/problem"
)

// request is what is known about a request from its beginning. One value
// under one key, since every gin key costs.
type request struct {
	id     string
	lang   string
	actor  access.Actor
	server *Server
	peer   peer

	// credential is the digest of the token or session cookie sent, owner whose
	// it was known to be before it was looked at.
	credential [sha256.Size]byte
	owner      string
	// giveBack undoes an attempt.
	giveBack func()
	// leave is called in the end, the last first.
	leave    []func()
	deadline *time.Timer
	// long: the request may take the longer time.
	long bool
	// cause is why reading the body failed, if it is this package's doing.
	cause atomic.Pointer[problem.Error]
	// refused: not taken on at all. bare: not worth a drawn page.
	refused, bare bool
	traced        traced
}

const requestKey = "felleskrav.request"

func of(c *gin.Context) *request {
	if v, ok := c.Get(requestKey); ok {
		return v.(*request)
	}
	return &request{lang: locale.Default, actor: access.Anyone()}
}

// ID returns the request's id: a UUID, ours and never the sender's.
func ID(c *gin.Context) string { return of(c).id }

// Lang returns the language of the answer: ?lang= if it is one we have, else
// by Accept-Language.
func Lang(c *gin.Context) string { return of(c).lang }

// Actor returns who asks. Below /api it comes from the bearer token and
// nothing else; everywhere else it is anyone unless SetActor said otherwise.
func Actor(c *gin.Context) access.Actor { return of(c).actor }

// SetActor says who asks, for features that find that out in their own way.
func SetActor(c *gin.Context, a access.Actor) {
	r := of(c)
	r.actor = a
	if r.server != nil {
		r.server.recognised(r)
	}
}

// begin surrounds every request: id, language, headers, log line,
// measurement, and recovery from panics.
func (s *Server) begin(c *gin.Context) {
	start := s.cfg.Now()
	r := &request{id: newID(), actor: access.Anyone(), server: s, peer: peerOf(c.Request, s.cfg.Proxies)}
	r.lang = language(c.Request)
	c.Set(requestKey, r)
	s.headers(c, r)
	if !safe(c.Request.Method) {
		s.changes.begun.Add(1)
		defer s.changes.ended.Add(1)
	}
	traced := s.watch(c, r)
	defer func() {
		if v := recover(); v != nil {
			if v == http.ErrAbortHandler { //nolint:errorlint // this very value, as net/http compares it
				traced()
				panic(v)
			}
			s.recovered(c, v)
		}
		for _, f := range slices.Backward(r.leave) {
			f()
		}
		traced()
		s.end(c, r, s.cfg.Now().Sub(start))
	}()
	c.Next()
}

func newID() string {
	id, err := uuid.NewV7()
	if err != nil { // no randomness: an id only has to tell requests apart
		return fmt.Sprintf("time-%d", time.Now().UnixNano())
	}
	return id.String()
}

func language(r *http.Request) string {
	choice := ""
	if strings.Contains(r.URL.RawQuery, "lang=") {
		choice = r.URL.Query().Get("lang")
	}
	return locale.Negotiate(choice, r.Header.Get("Accept-Language"))
}

func (s *Server) recovered(c *gin.Context, v any) {
	s.cfg.Log.LogAttrs(c.Request.Context(), slog.LevelError, "panic",
		slog.String("request", ID(c)), slog.Any("value", v), slog.String("stack", string(debug.Stack())))
	c.Abort()
	if c.Writer.Written() {
		// What has been sent cannot be taken back; make sure that it is not
		// mistaken for the whole answer.
		panic(http.ErrAbortHandler)
	}
	fail(c, fmt.Errorf("panic: %v", v), false)
}

// end writes the access log: the route's pattern rather than the path, and
// never query, headers or body, so that neither tokens nor searches are kept.
func (s *Server) end(c *gin.Context, r *request, took time.Duration) {
	route := c.FullPath()
	if route == "" {
		route = "none"
	}
	status := c.Writer.Status()
	s.metrics.observe(c.Request.Method, route, status, took)
	if r.refused {
		return // they are counted, and told about now and then
	}
	s.cfg.Log.LogAttrs(c.Request.Context(), slog.LevelInfo, "request",
		slog.String("request", r.id), slog.String("method", c.Request.Method), slog.String("route", route),
		slog.Int("status", status), slog.Int("bytes", max(c.Writer.Size(), 0)), slog.Duration("took", took), slog.String("actor", r.actor.ID))
}
