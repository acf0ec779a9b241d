package httpd

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
)

// WellKnown serves what programs look for on every site: robots.txt, and
// security.txt (RFC 9116) when there is somebody to tell.
type WellKnown struct {
	// BaseURL is the service's own address, without a slash at the end.
	BaseURL string
	// Contacts are addresses (https:, mailto: or tel:) that take reports of
	// weaknesses, the preferred one first.
	Contacts []string
	// Started is when the server started. What is said holds for a year from
	// then, less a day: RFC 9116 asks for less than a year.
	Started time.Time
}

const yearLessADay = 364 * 24 * time.Hour

// Mount implements Feature.
func (w WellKnown) Mount(r gin.IRouter) {
	serve := func(path, body string) {
		h := func(c *gin.Context) {
			c.Header("Cache-Control", "public, max-age=86400")
			c.Data(http.StatusOK, "text/plain; charset=utf-8", []byte(body))
		}
		r.GET(path, h)
		r.HEAD(path, h)
	}
	serve("/robots.txt", robots())
	if len(w.Contacts) > 0 {
		serve("/.well-known/security.txt", w.security())
	}
}

func robots() string {
	var b strings.Builder
	b.WriteString("User-agent: *\nAllow: /$\n")
	for _, p := range append(publicPaths, "/assets/", "/robots.txt") {
		fmt.Fprintf(&b, "Allow: %s\n", p)
	}
	b.WriteString("Disallow: /\n")
	return b.String()
}

func (w WellKnown) security() string {
	var b strings.Builder
	for _, c := range w.Contacts {
		fmt.Fprintf(&b, "Contact: %s\n", c)
	}
	fmt.Fprintf(&b, "Expires: %s\nPreferred-Languages: nb, nn, en\nCanonical: %s/.well-known/security.txt\n",
		w.Started.Add(yearLessADay).UTC().Truncate(time.Second).Format(time.RFC3339), w.BaseURL)
	return b.String()
}
