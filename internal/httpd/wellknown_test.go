package httpd

import (
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
)

func TestWellKnown(t *testing.T) {
	h := newHouse(t, nil)
	h.srv.Mount(WellKnown{BaseURL: "https://krav.example", Contacts: []string{"mailto:a@krav.example", "https://krav.example/b"}, Started: h.now})
	w := h.do("GET", "/.well-known/security.txt", nil)
	want := "Contact: mailto:a@krav.example\nContact: https://krav.example/b\nExpires: 2027-11-22T12:00:00Z\n" +
		"Preferred-Languages: nb, nn, en\nCanonical: https://krav.example/.well-known/security.txt\n"
	if w.Code != 200 || w.Body.String() != want || w.Header().Get("Content-Type") != "text/plain; charset=utf-8" {
		t.Errorf("%d %v\n%s", w.Code, w.Header(), w.Body)
	}
	if until := h.now.Add(yearLessADay); !until.Before(h.now.AddDate(1, 0, 0)) || until.Before(h.now.Add(300*24*time.Hour)) {
		t.Errorf("until %s", until)
	}
	w = h.do("GET", "/robots.txt", nil)
	if w.Code != 200 || !strings.Contains(w.Body.String(), "Disallow: /\n") || !strings.Contains(w.Body.String(), "Allow: /catalogue\n") {
		t.Errorf("%d\n%s", w.Code, w.Body)
	}
	none := newHouse(t, nil)
	none.srv.Mount(WellKnown{BaseURL: "https://krav.example", Started: h.now})
	if w := none.do("GET", "/.well-known/security.txt", nil); w.Code != 404 {
		t.Errorf("without a contact: %d", w.Code)
	}
}

func TestRobotsAndCaches(t *testing.T) {
	h := newHouse(t, func(c *Config) { c.HTTPS, c.HSTSSubdomains = true, true })
	h.srv.Mount(feature(func(r gin.IRouter) {
		r.GET("/catalogue/mine", func(c *gin.Context) { Private(c); c.String(200, "x") })
		for _, p := range []string{"/", "/catalogue", "/catalogue/sets", "/log", "/suppliers/1", "/catalogues", "/login"} {
			r.GET(p, func(c *gin.Context) { c.String(200, "x") })
		}
	}))
	for path, want := range map[string]string{"/": "", "/catalogue": "", "/catalogue/sets": "", "/log": "", "/suppliers/1": "noindex", "/catalogues": "noindex", "/login": "noindex", "/api/x": "noindex", "/catalogue/mine": "noindex"} {
		if got := h.do("GET", path, nil).Header().Get("X-Robots-Tag"); got != want {
			t.Errorf("%s: %q", path, got)
		}
	}
	w := h.do("GET", "/catalogue/mine", nil)
	for name, want := range map[string]string{
		"Cache-Control": "no-store", "X-Frame-Options": "DENY", "Cross-Origin-Opener-Policy": "same-origin",
		"Strict-Transport-Security": "max-age=31536000; includeSubDomains",
	} {
		if got := w.Header().Get(name); got != want {
			t.Errorf("%s: %q", name, got)
		}
	}
	if p := w.Header().Get("Permissions-Policy"); !strings.Contains(p, "camera=()") || strings.Contains(p, "\n") {
		t.Errorf("Permissions-Policy: %q", p)
	}
}
