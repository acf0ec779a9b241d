package httpd

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// readyTimeout is how long /readyz waits for an answer from what is below.
const readyTimeout = 3 * time.Second

func (s *Server) mountHealth(e *gin.Engine) {
	e.GET("/healthz", func(c *gin.Context) { c.String(http.StatusOK, "ok\n") })
	e.GET("/readyz", func(c *gin.Context) { s.ready(c.Writer, c.Request) })
	measurements := s.measurements()
	e.GET("/metrics", func(c *gin.Context) {
		// Measurements tell strangers what goes on here.
		if s.cfg.AdminElsewhere || !of(c).peer.local() {
			Fail(c, errNoRoute)
			return
		}
		measurements.ServeHTTP(c.Writer, c.Request)
	})
}

func (s *Server) measurements() http.Handler {
	return promhttp.HandlerFor(s.Registry, promhttp.HandlerOpts{Registry: s.Registry, MaxRequestsInFlight: 4})
}

// Drain has /readyz say from now on that no more requests are to be sent here.
// Those that come are answered.
func (s *Server) Drain() { s.draining.Store(true) }

func (s *Server) ready(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	code, text := http.StatusOK, "ready\n"
	if s.draining.Load() {
		code, text = http.StatusServiceUnavailable, "stopping\n"
	} else if s.cfg.Ready != nil {
		ctx, cancel := context.WithTimeout(r.Context(), readyTimeout)
		defer cancel()
		if err := s.cfg.Ready(ctx); err != nil {
			s.cfg.Log.LogAttrs(ctx, slog.LevelWarn, "not ready", slog.String("error", err.Error()))
			code, text = http.StatusServiceUnavailable, "not ready\n"
		}
	}
	w.WriteHeader(code)
	_, _ = w.Write([]byte(text)) // the status says it already
}

// Admin is for a listener of the operator's own: health and measurements, and
// nothing that anybody else asks for.
func (s *Server) Admin() *http.Server {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", s.measurements())
	mux.HandleFunc("GET /readyz", s.ready)
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("ok\n")) })
	srv := s.HTTP("")
	srv.Handler = mux
	return srv
}
