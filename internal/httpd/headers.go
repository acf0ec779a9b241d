package httpd

import (
	"strings"

	"github.com/gin-gonic/gin"
)

// The values of the headers every answer begins with; a feature that needs
// another sets it. Shared, so never appended to.
var (
	nosniff        = []string{"nosniff"}
	noReferrer     = []string{"no-referrer"}
	nothing        = []string{"default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"}
	sameOrigin     = []string{"same-origin"}
	deny           = []string{"DENY"}
	noFeatures     = []string{"accelerometer=(), browsing-topics=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), hid=(), magnetometer=(), microphone=(), midi=(), payment=(), serial=(), usb=()"}
	hsts           = []string{"max-age=31536000"}
	hstsSubdomains = []string{"max-age=31536000; includeSubDomains"}
	noindex        = []string{"noindex"}
)

func (s *Server) headers(c *gin.Context, r *request) {
	h := c.Writer.Header()
	h["X-Request-Id"] = []string{r.id}
	h["X-Content-Type-Options"] = nosniff
	h["Referrer-Policy"] = noReferrer
	h["Content-Security-Policy"] = nothing
	h["Cross-Origin-Resource-Policy"] = sameOrigin
	h["Cross-Origin-Opener-Policy"] = sameOrigin
	h["X-Frame-Options"] = deny // for browsers that do not know frame-ancestors
	h["Permissions-Policy"] = noFeatures
	if !indexed(c.Request.URL.Path) {
		h["X-Robots-Tag"] = noindex
	}
	switch {
	case s.cfg.HTTPS && s.cfg.HSTSSubdomains:
		h["Strict-Transport-Security"] = hstsSubdomains
	case s.cfg.HTTPS:
		h["Strict-Transport-Security"] = hsts
	}
}

// publicPaths are what search engines may show: the front page, and what lies
// below these.
var publicPaths = []string{"/catalogue", "/log"}

func indexed(path string) bool {
	if path == "/" || path == "/robots.txt" {
		return true
	}
	for _, p := range publicPaths {
		if rest, ok := strings.CutPrefix(path, p); ok && (rest == "" || rest[0] == '/') {
			return true
		}
	}
	return false
}

// Private says that the answer is for one reader: nobody keeps it, and no
// search engine shows it.
func Private(c *gin.Context) {
	h := c.Writer.Header()
	h["Cache-Control"] = noStore
	h["X-Robots-Tag"] = noindex
}

var noStore = []string{"no-store"}
