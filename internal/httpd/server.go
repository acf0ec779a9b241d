package httpd

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"sync/atomic"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"

	"felleskrav/internal/locale"
)

// Config says how to serve. Texts is required.
type Config struct {
	// Texts hold the texts of problems.
	Texts *locale.Bundle
	// Authenticator finds the actor behind a bearer token below /api. Without
	// one, every token is refused.
	Authenticator Authenticator
	// Page answers a browser with a page that tells err. It is asked for errors
	// outside /api and /log when the caller prefers HTML; nil gives a plain
	// page. It may be called before any other middleware of the feature that
	// draws it.
	Page func(c *gin.Context, err error)
	// Ready tells whether the service can do its work; nil means always. What
	// it says goes to the log only.
	Ready func(ctx context.Context) error
	// Trail hears about changes and about reads of what is not for all, and who
	// made them; nil is nobody.
	Trail Trail
	// HTTPS says that people reach the service over HTTPS only, so that
	// browsers may be told to insist on it.
	HTTPS bool
	// HSTSSubdomains has browsers insist on it for all names below, too.
	HSTSSubdomains bool
	// BaseURL is the address people use, without a slash at the end; it may be
	// empty. Addresses in answers are made from it, never from what is asked.
	BaseURL string
	// Hosts are the names the service is asked for by; nil is any.
	Hosts *Hosts
	// Proxies are addresses whose X-Forwarded-For and -Proto are believed.
	Proxies []netip.Prefix
	// Rates limit how often is asked; nil does not.
	Rates *Rates
	// SessionCookie is the name of the cookie that pages know people by. Its
	// owner has a bucket of requests of their own.
	SessionCookie string
	// Work limits how much is done at the same time and for how long; nil does
	// not.
	Work *Work
	// AdminElsewhere says that measurements are served by Admin and not here,
	// where else those on this machine may see them.
	AdminElsewhere bool
	// Log hears about every request and every fault. Nil is silent.
	Log *slog.Logger
	// Now is the clock; nil is time.Now.
	Now func() time.Time
}

// Feature is something that has routes.
type Feature interface {
	// Mount adds the feature's routes.
	Mount(r gin.IRouter)
}

// Server is the engine with what it measures.
type Server struct {
	// Engine serves the requests; it is an http.Handler.
	Engine *gin.Engine
	// Registry holds the measurements served at /metrics. Others may add
	// theirs.
	Registry *prometheus.Registry

	cfg     Config
	metrics *metrics
	tokens  *tokenCache
	changes changes
	origins *http.CrossOriginProtection
	// limits and works are nil when there are none.
	limits   *limiter
	works    *works
	draining atomic.Bool
	// untraced counts the requests that should be in the trail and are not.
	untraced atomic.Int64
}

// New makes a server with the routes /healthz, /readyz and /metrics.
func New(cfg Config) (*Server, error) {
	if cfg.Texts == nil {
		return nil, errors.New("make server: Texts is not set")
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	gin.SetMode(gin.ReleaseMode)
	e := gin.New()
	e.ContextWithFallback = true // handlers pass the gin context on as a context
	e.HandleMethodNotAllowed = true
	// gin's own redirect goes past everything here and takes part of the address
	// from a header anybody can send.
	e.RedirectTrailingSlash = false
	if err := e.SetTrustedProxies(nil); err != nil {
		return nil, fmt.Errorf("make server: %w", err)
	}
	s := &Server{Engine: e, Registry: prometheus.NewRegistry(), cfg: cfg}
	s.metrics = newMetrics(s.Registry)
	tokens, err := newTokenCache(cfg.Authenticator, cfg.Now)
	if err != nil {
		return nil, fmt.Errorf("make server: %w", err)
	}
	s.tokens = tokens
	if cfg.Rates != nil {
		if s.limits, err = newLimiter(*cfg.Rates, cfg.Now); err != nil {
			return nil, fmt.Errorf("make server: %w", err)
		}
	}
	if cfg.Work != nil {
		s.works = newWorks(*cfg.Work)
	}
	s.origins = http.NewCrossOriginProtection()
	if cfg.BaseURL != "" {
		if err := s.origins.AddTrustedOrigin(cfg.BaseURL); err != nil {
			return nil, fmt.Errorf("make server: %w", err)
		}
	}
	// Cheap refusals come first.
	e.Use(s.begin, s.hosts, s.enter, s.admit, s.bearer)
	if cfg.Trail != nil {
		s.Gauge("felleskrav_trail_missing", "Requests that should be in the audit trail and are not, since the start.", nil, func() float64 { return float64(s.untraced.Load()) })
	}
	e.NoRoute(withoutSlash, func(c *gin.Context) { Fail(c, errNoRoute) })
	e.NoMethod(func(c *gin.Context) { Fail(c, errMethod) })
	s.mountHealth(e)
	return s, nil
}

// withoutSlash sends a person who wrote a slash too many at the end to the
// page without it, on this site whatever the path begins with.
func withoutSlash(c *gin.Context) {
	u := c.Request.URL
	trimmed := "/" + strings.Trim(u.EscapedPath(), "/")
	if !safe(c.Request.Method) || isAPI(c) || len(trimmed) < 2 || !strings.HasSuffix(u.Path, "/") || strings.ContainsAny(trimmed, "\\") {
		return
	}
	if u.RawQuery != "" {
		trimmed += "?" + u.RawQuery
	}
	c.Writer.Header().Set("Cache-Control", "no-store")
	c.Redirect(http.StatusSeeOther, trimmed)
	c.Abort()
}

// Mount adds the routes of features.
func (s *Server) Mount(features ...Feature) {
	for _, f := range features {
		f.Mount(s.Engine)
	}
}

// HTTP returns an http.Server for the engine with limits on how long and how
// much a client may keep it waiting. Uploads and downloads of the largest
// files must fit within the longer ones.
func (s *Server) HTTP(addr string) *http.Server {
	return &http.Server{
		Addr: addr, Handler: s.Engine,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       5 * time.Minute,
		WriteTimeout:      5 * time.Minute,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    32 << 10,
		HTTP2:             &http.HTTP2Config{MaxConcurrentStreams: 100},
		ErrorLog:          slog.NewLogLogger(s.cfg.Log.Handler(), slog.LevelWarn),
	}
}
