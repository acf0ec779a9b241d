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
	e.GET("/readyz", s.ready)
	h := promhttp.HandlerFor(s.Registry, promhttp.HandlerOpts{Registry: s.Registry})
	e.GET("/metrics", gin.WrapH(h))
}

func (s *Server) ready(c *gin.Context) {
	c.Header("Cache-Control", "no-store")
	if s.cfg.Ready != nil {
		ctx, cancel := context.WithTimeout(c.Request.Context(), readyTimeout)
		defer cancel()
		if err := s.cfg.Ready(ctx); err != nil {
			s.cfg.Log.LogAttrs(ctx, slog.LevelWarn, "not ready", slog.String("error", err.Error()))
			c.String(http.StatusServiceUnavailable, "not ready\n")
			return
		}
	}
	c.String(http.StatusOK, "ready\n")
}
