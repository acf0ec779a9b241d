package login

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/gin-gonic/gin"

	"felleskrav/internal/access"
	"felleskrav/internal/problem"
)

// Persona is somebody a visitor to a demonstration can choose to be.
type Persona struct {
	// ID is used in the form, such as "supplier".
	ID string
	// Role is the role the persona is shown under.
	Role access.Role
	// Actor is who the visitor becomes. Its ID should tell that it is a
	// demonstration, since it stands in the log.
	Actor access.Actor
}

// Config says how sessions are kept and who can log in.
type Config struct {
	// Store keeps the sessions.
	Store scs.CtxStore
	// Secure marks cookies as sent over HTTPS only. True whenever the
	// installation's base URL is https.
	Secure bool
	// Lifetime is how long a login lasts. Zero means eight hours.
	Lifetime time.Duration
	// Demo lists whom a visitor can choose to be. Empty outside demonstrations.
	Demo []Persona
}

// Sessions ties browsers to actors. It is safe for concurrent use.
type Sessions struct {
	manager *scs.SessionManager
	demo    []Persona
}

const (
	personaKey = "persona"
	noticeKey  = "notice"
	// CookieName is the cookie that a session is known by.
	CookieName = "felleskrav"
)

// New makes the sessions.
func New(cfg Config) *Sessions {
	m := scs.New()
	m.Store = cfg.Store
	m.HashTokenInStore = true
	m.Lifetime = cfg.Lifetime
	if m.Lifetime == 0 {
		m.Lifetime = 8 * time.Hour
	}
	m.Cookie.Name = CookieName
	m.Cookie.HttpOnly = true
	m.Cookie.SameSite = http.SameSiteLaxMode
	m.Cookie.Secure = cfg.Secure
	m.Cookie.Persist = false
	return &Sessions{manager: m, demo: cfg.Demo}
}

// Middleware loads the session into the request's context and saves it before
// the first byte of the answer is sent. failed answers when the store fails
// while loading; after a failed save the answer goes out without the change
// and report is told.
func (s *Sessions) Middleware(failed func(*gin.Context, error), report func(context.Context, error)) gin.HandlerFunc {
	return func(c *gin.Context) {
		c.Writer.Header().Add("Vary", "Cookie")
		var token string
		if cookie, err := c.Request.Cookie(CookieName); err == nil {
			token = cookie.Value
		}
		ctx, err := s.manager.Load(c.Request.Context(), token)
		if err != nil {
			failed(c, fmt.Errorf("load session: %w", err))
			c.Abort()
			return
		}
		c.Request = c.Request.WithContext(ctx)
		w := &savingWriter{ResponseWriter: c.Writer, save: func(h http.ResponseWriter) {
			if err := s.save(ctx, h); err != nil {
				report(ctx, err)
			}
		}}
		c.Writer = w
		c.Next()
		w.once()
	}
}

func (s *Sessions) save(ctx context.Context, w http.ResponseWriter) error {
	switch s.manager.Status(ctx) {
	case scs.Modified:
		token, expiry, err := s.manager.Commit(ctx)
		if err != nil {
			return fmt.Errorf("save session: %w", err)
		}
		s.manager.WriteSessionCookie(ctx, w, token, expiry)
	case scs.Destroyed:
		s.manager.WriteSessionCookie(ctx, w, "", time.Time{})
	}
	return nil
}

// savingWriter saves the session just before the header goes out, when the
// cookie can still be set.
type savingWriter struct {
	gin.ResponseWriter
	save func(http.ResponseWriter)
	done bool
}

func (w *savingWriter) once() {
	if !w.done && !w.Written() {
		w.done = true
		w.save(w.ResponseWriter)
	}
}

func (w *savingWriter) WriteHeaderNow() { w.once(); w.ResponseWriter.WriteHeaderNow() }

func (w *savingWriter) Write(b []byte) (int, error) { w.once(); return w.ResponseWriter.Write(b) }

func (w *savingWriter) WriteString(s string) (int, error) {
	w.once()
	return w.ResponseWriter.WriteString(s)
}

func (w *savingWriter) Flush() { w.once(); w.ResponseWriter.Flush() }

// Unwrap lets http.ResponseController find the writer below.
func (w *savingWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// Actor tells who is behind the request. ctx must come from a request that
// passed the middleware. The session holds only which persona was chosen, so
// that a choice is worth nothing once the demonstration is off.
func (s *Sessions) Actor(ctx context.Context) access.Actor {
	if p, ok := s.persona(s.manager.GetString(ctx, personaKey)); ok {
		return p.Actor
	}
	return access.Anyone()
}

func (s *Sessions) persona(id string) (Persona, bool) {
	for _, p := range s.demo {
		if p.ID == id {
			return p, true
		}
	}
	return Persona{}, false
}

// Ways lists whom a visitor can choose to be; empty means that logging in is
// not set up.
func (s *Sessions) Ways() []Persona { return s.demo }

// Choose makes the visitor one of the personas under a new session token, so
// that a token known before the login is worth nothing after it.
func (s *Sessions) Choose(ctx context.Context, id string) (access.Actor, error) {
	p, ok := s.persona(id)
	if !ok {
		return access.Actor{}, problem.New(problem.Invalid, "login.persona", nil)
	}
	if err := s.manager.RenewToken(ctx); err != nil {
		return access.Actor{}, fmt.Errorf("renew session: %w", err)
	}
	s.manager.Put(ctx, personaKey, p.ID)
	return p.Actor, nil
}

// Logout ends the session.
func (s *Sessions) Logout(ctx context.Context) error {
	if err := s.manager.Destroy(ctx); err != nil {
		return fmt.Errorf("end session: %w", err)
	}
	return nil
}

// Tell keeps a locale key to be shown on the next page.
func (s *Sessions) Tell(ctx context.Context, key string) { s.manager.Put(ctx, noticeKey, key) }

// Told takes the key kept by Tell, or "".
func (s *Sessions) Told(ctx context.Context) string {
	if !s.manager.Exists(ctx, noticeKey) {
		return ""
	}
	return s.manager.PopString(ctx, noticeKey)
}

// Keep holds a value in the session under a name until it is dropped.
func (s *Sessions) Keep(ctx context.Context, name string, value []byte) {
	s.manager.Put(ctx, "kept:"+name, value)
}

// Kept gives back what Keep holds, or nil.
func (s *Sessions) Kept(ctx context.Context, name string) []byte {
	return s.manager.GetBytes(ctx, "kept:"+name)
}

// Drop forgets what Keep holds.
func (s *Sessions) Drop(ctx context.Context, name string) { s.manager.Remove(ctx, "kept:"+name) }
