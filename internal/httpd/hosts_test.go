package httpd

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
)

// ask sends a request with a host from an address.
func (h *house) ask(method, path, host, from string, header ...string) *httptest.ResponseRecorder {
	h.t.Helper()
	req := httptest.NewRequestWithContext(h.t.Context(), method, path, nil)
	req.Host, req.RemoteAddr = host, from
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Add(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.srv.Engine.ServeHTTP(w, req)
	return w
}

const outside, here = "192.0.2.1:99", "127.0.0.1:99"

var anything = feature(func(r gin.IRouter) {
	r.Any("/x", func(c *gin.Context) { c.String(200, "x") })
	r.Any("/api/x", func(c *gin.Context) { c.String(200, "x") })
})

func TestHosts(t *testing.T) {
	named := newHouse(t, func(c *Config) { c.Hosts = &Hosts{Names: []string{"krav.example", "other.example"}} })
	demo := newHouse(t, func(c *Config) { c.Hosts = &Hosts{LocalOnly: true} })
	for _, h := range []*house{named, demo} {
		h.srv.Mount(anything)
	}
	for _, s := range []struct {
		house      *house
		host, from string
		want       int
	}{
		{named, "krav.example", outside, 200},
		{named, "KRAV.example:8080", outside, 200},
		{named, "krav.example.", outside, 200},
		{named, "other.example", outside, 200},
		{named, "evil.example", outside, 421},
		{named, "krav.example.evil.example", outside, 421},
		{named, "evil.example:krav.example", outside, 421},
		{named, "", outside, 421},
		{named, "localhost", outside, 421},
		{named, "127.0.0.1:8080", here, 200},
		{named, "[::1]:8080", "[::1]:99", 200},
		{named, "evil.example", here, 421},

		{demo, "localhost:8080", here, 200},
		{demo, "127.0.0.1:8080", here, 200},
		{demo, "[::1]:8080", "[::1]:99", 200},
		{demo, "evil.example:8080", here, 421}, // a name that was made to lead here
		{demo, "localhost.evil.example:8080", here, 421},
		{demo, "127.0.0.1.evil.example", here, 421},
		{demo, "", here, 421},
		{demo, "localhost:8080", outside, 421},
		{demo, "localhost:8080", "[2001:db8::1]:99", 421},
	} {
		w := s.house.ask("GET", "/x", s.host, s.from)
		if w.Code != s.want {
			t.Errorf("%q from %s: %d, want %d", s.host, s.from, w.Code, s.want)
		}
		if s.host != "" && s.want == 421 && strings.Contains(w.Body.String(), s.host) {
			t.Errorf("%q stands in the answer: %s", s.host, w.Body)
		}
		if w := s.house.ask("GET", "/healthz", s.host, s.from); w.Code != 200 {
			t.Errorf("%q from %s: healthz %d", s.host, s.from, w.Code)
		}
	}
	// No header makes a request from elsewhere one from here, and what passed
	// a proxy on this machine is not from here.
	for _, header := range []string{"X-Forwarded-For", "X-Real-Ip", "Forwarded", "Via"} {
		for _, from := range []string{outside, here} {
			if w := demo.ask("GET", "/x", "localhost:8080", from, header, "127.0.0.1"); w.Code != 421 {
				t.Errorf("%s from %s: %d", header, from, w.Code)
			}
		}
	}
	if w := demo.ask("GET", "/x", "evil.example", here, "X-Forwarded-Host", "localhost"); w.Code != 421 {
		t.Errorf("a host told by a header: %d", w.Code)
	}
}

// What a proxy got in clear text does not go on as if nothing had happened.
func TestClearText(t *testing.T) {
	h := newHouse(t, func(c *Config) {
		c.HTTPS, c.BaseURL, c.Proxies = true, "https://krav.example", prefixes("192.0.2.0/24")
	})
	h.srv.Mount(anything)
	w := h.ask("GET", "/x?a=b", "evil.example", outside, "X-Forwarded-Proto", "http")
	if w.Code != 308 || w.Header().Get("Location") != "https://krav.example/x?a=b" {
		t.Errorf("%d to %q", w.Code, w.Header().Get("Location"))
	}
	for _, s := range [][2]string{{"POST", "/x"}, {"GET", "/api/x"}} {
		if w := h.ask(s[0], s[1], "krav.example", outside, "X-Forwarded-Proto", "http"); w.Code != 403 {
			t.Errorf("%v: %d", s, w.Code)
		}
	}
	// What is no path of ours would be read as more of the name.
	for _, target := range []string{"a:.evil.example/", "a:@evil.example/", "a:8080@evil.example"} {
		if w := h.ask("GET", target, "krav.example", outside, "X-Forwarded-Proto", "http"); w.Code != 403 || w.Header().Get("Location") != "" {
			t.Errorf("%s: %d to %q", target, w.Code, w.Header().Get("Location"))
		}
	}
	if w := h.ask("GET", "/x", "krav.example", outside, "X-Forwarded-Proto", "https"); w.Code != 200 {
		t.Errorf("https: %d", w.Code)
	}
	if w := h.ask("GET", "/x", "krav.example", "198.51.100.1:9", "X-Forwarded-Proto", "http"); w.Code != 200 {
		t.Errorf("a stranger's word: %d", w.Code)
	}
}

// The API hears no other site's pages, and no cookie makes anybody known.
func TestOtherSitesAndTheAPI(t *testing.T) {
	h := newHouse(t, func(c *Config) { c.BaseURL, c.Authenticator = "https://krav.example", &counting{} })
	h.srv.Mount(feature(func(r gin.IRouter) {
		r.Any("/api/who", func(c *gin.Context) { c.String(200, Actor(c).ID) })
	}))
	for _, s := range []struct {
		method string
		header []string
		want   int
	}{
		{"POST", []string{"Sec-Fetch-Site", "cross-site"}, 403},
		{"POST", []string{"Sec-Fetch-Site", "same-site"}, 403},
		{"POST", []string{"Origin", "https://evil.example"}, 403},
		{"POST", []string{"Origin", "null"}, 403},
		{"DELETE", []string{"Sec-Fetch-Site", "cross-site", "Authorization", "Bearer good"}, 403},
		{"POST", []string{"Sec-Fetch-Site", "same-origin"}, 200},
		{"POST", []string{"Origin", "https://krav.example", "Sec-Fetch-Site", "cross-site"}, 200},
		{"POST", nil, 200}, // a program
		{"GET", []string{"Sec-Fetch-Site", "cross-site"}, 200},
	} {
		if w := h.ask(s.method, "/api/who", "krav.example", outside, s.header...); w.Code != s.want {
			t.Errorf("%s %v: %d, want %d", s.method, s.header, w.Code, s.want)
		}
	}
	if w := h.ask("POST", "/api/who", "krav.example", outside, "Cookie", "felleskrav=good", "Cookie", "Authorization=Bearer good"); w.Body.String() != "public" {
		t.Errorf("a cookie made %s", w.Body)
	}
}
