package login

import (
	"cmp"
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
	// Idle is how long a person's login lasts without being used. Zero means
	// half an hour.
	Idle time.Duration
	// Demo lists whom a visitor can choose to be. Empty outside demonstrations.
	Demo []Persona
	// Provider is where people log in; nil when they cannot.
	Provider Provider
	// Directory says for whom they may act; nil is for nobody.
	Directory Directory
	// Seen is told of each person who logs in; nil is nobody.
	Seen func(ctx context.Context, who Identity) error
	// ACR is the least that a login asks for, and SigningACR what signing and
	// the like do; "" is nothing.
	ACR, SigningACR string
	// Levels compare them. Nil is KnownLevels.
	Levels Levels
	// Now is the clock; nil is time.Now.
	Now func() time.Time
}

// Sessions ties browsers to actors. It is safe for concurrent use.
type Sessions struct {
	manager        *scs.SessionManager
	store          scs.CtxStore
	demo           []Persona
	provider       Provider
	directory      Directory
	seen           func(context.Context, Identity) error
	acr, signing   string
	levels         Levels
	idle, absolute time.Duration
	now            func() time.Time
}

const (
	personaKey  = "persona"
	noticeKey   = "notice"
	visitKey    = "visit"
	attemptsKey = "attempts"
	// CookieName is the cookie that a session is known by on plain http, and
	// the end of its name on https.
	CookieName = "felleskrav"
	// securePrefix makes browsers keep the cookie to this host, over HTTPS, and
	// to cookies set by it: no neighbour can plant one.
	securePrefix = "__Host-"
)

// CookieNameFor is the name of the cookie, where people reach the service over
// HTTPS or not.
func CookieNameFor(secure bool) string {
	if secure {
		return securePrefix + CookieName
	}
	return CookieName
}

// New makes the sessions.
func New(cfg Config) *Sessions {
	m := scs.New()
	m.Store = cfg.Store
	m.HashTokenInStore = true
	m.Lifetime = cfg.Lifetime
	if m.Lifetime == 0 {
		m.Lifetime = 8 * time.Hour
	}
	m.Cookie.Name = CookieNameFor(cfg.Secure)
	m.Cookie.Path = "/"
	m.Cookie.HttpOnly = true
	m.Cookie.SameSite = http.SameSiteLaxMode
	m.Cookie.Secure = cfg.Secure
	m.Cookie.Persist = false
	s := &Sessions{
		manager: m, store: cfg.Store, demo: cfg.Demo, provider: cfg.Provider, directory: cfg.Directory, seen: cfg.Seen,
		acr: cfg.ACR, signing: cfg.SigningACR, levels: cfg.Levels, idle: cmp.Or(cfg.Idle, 30*time.Minute), absolute: m.Lifetime, now: cfg.Now,
	}
	if s.now == nil {
		s.now = time.Now
	}
	if s.levels == nil {
		s.levels = KnownLevels()
	}
	return s
}

// Middleware loads the session into the request's context and saves it before
// the first byte of the answer is sent. failed answers when the store fails
// while loading; after a failed save the answer goes out without the change
// and report is told.
func (s *Sessions) Middleware(failed func(*gin.Context, error), report func(context.Context, error)) gin.HandlerFunc {
	return func(c *gin.Context) {
		c.Writer.Header().Add("Vary", "Cookie")
		var token string
		if cookie, err := c.Request.Cookie(s.manager.Cookie.Name); err == nil {
			token = cookie.Value
		}
		ctx, err := s.manager.Load(c.Request.Context(), token)
		if err != nil {
			failed(c, fmt.Errorf("load session: %w", err))
			c.Abort()
			return
		}
		if ctx, err = s.enter(ctx); err != nil {
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
	if v := current(ctx); v != nil {
		return v.actor()
	}
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

// Ways lists whom a visitor can choose to be.
func (s *Sessions) Ways() []Persona { return s.demo }

// Provider is where people log in, or nil.
func (s *Sessions) Provider() Provider { return s.provider }

// Cookie is the name of the cookie that a session is known by.
func (s *Sessions) Cookie() string { return s.manager.Cookie.Name }

// Limits tell how long a login lasts without being used, and at most.
func (s *Sessions) Limits() (idle, absolute time.Duration) { return s.idle, s.absolute }

// Open tells whether there is any way to log in.
func (s *Sessions) Open() bool { return s.provider != nil || len(s.demo) > 0 }

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
	if v := current(ctx); v != nil {
		if err := s.mark(ctx, ofLogin, v.Login); err != nil {
			return access.Actor{}, err
		}
		if err := s.keep(ctx, nil); err != nil {
			return access.Actor{}, err
		}
	}
	s.manager.Put(ctx, personaKey, p.ID)
	return p.Actor, nil
}

// Logout ends the session, also for requests of the same browser that are
// still under way.
func (s *Sessions) Logout(ctx context.Context) error {
	if v := current(ctx); v != nil {
		if err := s.mark(ctx, ofLogin, v.Login); err != nil {
			return err
		}
		if err := s.keep(ctx, nil); err != nil {
			return err
		}
	}
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
