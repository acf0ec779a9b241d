package api

import (
	"errors"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"felleskrav/internal/httpd"
	"felleskrav/internal/problem"
	"felleskrav/internal/transparency"
)

var (
	errNoTile       = problem.New(problem.NotFound, "log.no-tile", nil)
	errNotWitnessed = problem.New(problem.NotFound, "log.not-witnessed", nil)
)

// anyOrigin lets programs on other pages read the log: it is public.
func anyOrigin(c *gin.Context) {
	h := c.Writer.Header()
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
}

func (a *API) checkpoint(c *gin.Context) {
	body, err := a.Log.Checkpoint(c.Request.Context())
	if err != nil {
		httpd.Fail(c, err)
		return
	}
	sendCheckpoint(c, body)
}

// witnessedCheckpoint serves the newest one that is cosigned.
func (a *API) witnessedCheckpoint(c *gin.Context) {
	body, err := a.Log.WitnessedCheckpoint(c.Request.Context())
	switch {
	case errors.Is(err, transparency.ErrNotFound):
		httpd.Fail(c, errNotWitnessed.Because(err))
	case err != nil:
		httpd.Fail(c, err)
	default:
		sendCheckpoint(c, body)
	}
}

func sendCheckpoint(c *gin.Context, body []byte) {
	anyOrigin(c)
	c.Header("Cache-Control", "no-cache")
	c.Data(http.StatusOK, "text/plain; charset=utf-8", body)
}

// tile serves a page of the log (C2SP tlog-tiles). A page never changes.
func (a *API) tile(c *gin.Context) {
	p, err := transparency.ParseTilePath("tile/" + strings.TrimPrefix(c.Param("tile"), "/"))
	if err != nil {
		httpd.Fail(c, errNoTile.Because(err))
		return
	}
	var body []byte
	if p.Level == transparency.EntriesLevel {
		body, err = a.Log.EntryBundle(c.Request.Context(), p.Index, p.Width)
	} else {
		body, err = a.Log.Tile(c.Request.Context(), p.Level, p.Index, p.Width)
	}
	switch {
	case errors.Is(err, transparency.ErrNotFound):
		httpd.Fail(c, errNoTile.Because(err))
	case err != nil:
		httpd.Fail(c, err)
	default:
		anyOrigin(c)
		c.Header("Cache-Control", "public, max-age=31536000, immutable")
		c.Data(http.StatusOK, "application/octet-stream", body)
	}
}

func (a *API) trustedRoot(c *gin.Context) {
	if len(a.TrustedRoot) == 0 {
		httpd.Fail(c, problem.New(problem.NotFound, "log.no-trusted-root", nil))
		return
	}
	anyOrigin(c)
	c.Header("Cache-Control", "public, max-age=300")
	c.Data(http.StatusOK, "application/json", a.TrustedRoot)
}

func (a *API) logKey(c *gin.Context) {
	anyOrigin(c)
	c.Header("Cache-Control", "public, max-age=300")
	c.String(http.StatusOK, "%s\n", a.LogKey)
}

// verdictKey is the registry's own key, which signs verdicts and not the log.
func (a *API) verdictKey(c *gin.Context) {
	key, err := a.Attestations.Verifier.PublicKey()
	if err != nil {
		httpd.Fail(c, err)
		return
	}
	anyOrigin(c)
	c.Header("Cache-Control", "public, max-age=300")
	c.Data(http.StatusOK, "application/x-pem-file", []byte(key.PEM))
}
