package httpd

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"felleskrav/internal/access"
	"felleskrav/internal/locale"
	"felleskrav/internal/problem"
)

// house is a server with a few routes and what it logs.
type house struct {
	t   *testing.T
	srv *Server
	log *bytes.Buffer
	now time.Time
}

func newHouse(t *testing.T, change func(*Config)) *house {
	t.Helper()
	bundle, err := locale.Load(os.DirFS("../../templates"), "locales")
	if err != nil {
		t.Fatal(err)
	}
	h := &house{t: t, log: &bytes.Buffer{}, now: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)}
	cfg := Config{Texts: bundle, Log: slog.New(slog.NewJSONHandler(h.log, nil)), Now: func() time.Time { return h.now }}
	if change != nil {
		change(&cfg)
	}
	h.srv, err = New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func (h *house) do(method, path string, body io.Reader, header ...string) *httptest.ResponseRecorder {
	h.t.Helper()
	req := httptest.NewRequestWithContext(h.t.Context(), method, path, body)
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.srv.Engine.ServeHTTP(w, req)
	return w
}

// feature is a Feature of one function.
type feature func(gin.IRouter)

func (f feature) Mount(r gin.IRouter) { f(r) }

func TestEveryKindHasItsStatus(t *testing.T) {
	for want, errs := range map[int][]error{
		400: {problem.New(problem.Invalid, "request.malformed", nil)},
		401: {problem.New(problem.Unauthenticated, "access.token", nil)},
		403: {problem.New(problem.Forbidden, "access.denied", nil)},
		404: {problem.New(problem.NotFound, "store.not-found", nil), fmt.Errorf("read: %w", problem.ErrNotFound)},
		409: {problem.ErrExists},
		412: {problem.ErrStale},
		413: {&http.MaxBytesError{Limit: 10}, fmt.Errorf("read: %w", &http.MaxBytesError{Limit: 10})},
		415: {problem.New(problem.Unsupported, "request.content-type", problem.Args{"Known": "x"})},
		422: {problem.New(problem.Invalid, "invalid.fields", problem.Args{"Count": 2}), problem.New(problem.Refused, "signature.wrong", nil)},
		429: {problem.New(problem.RateLimited, "unavailable", nil)},
		500: {errors.New("secret cause"), problem.New(problem.Internal, "internal", nil).Because(errors.New("secret cause"))},
		503: {context.DeadlineExceeded, problem.New(problem.Unavailable, "unavailable", nil)},
	} {
		for _, err := range errs {
			h := newHouse(t, nil)
			h.srv.Mount(feature(func(r gin.IRouter) { r.GET("/api/x", func(c *gin.Context) { Fail(c, err) }) }))
			w := h.do("GET", "/api/x", nil, "Accept-Language", "en")
			var p Problem
			if e := json.Unmarshal(w.Body.Bytes(), &p); e != nil {
				t.Fatal(e)
			}
			if w.Code != want || p.Status != want || p.Title == "" || p.Detail == "" || !strings.HasPrefix(p.Type, "urn:felleskrav:problem:") {
				t.Errorf("%v: %d %s, want %d", err, w.Code, w.Body, want)
			}
			if w.Header().Get("Content-Type") != "application/problem+json" || p.Instance != "urn:uuid:"+w.Header().Get("X-Request-Id") {
				t.Errorf("%v: sent as %v with %s", err, w.Header(), p.Instance)
			}
			if strings.Contains(w.Body.String(), "secret cause") {
				t.Errorf("the cause got out: %s", w.Body)
			}
			if logged := strings.Contains(h.log.String(), "request failed"); logged != (want >= 500) {
				t.Errorf("%v: logged as a fault: %v", err, logged)
			}
			if (want == 401) != (w.Header().Get("WWW-Authenticate") != "") || (want == 503) != (w.Header().Get("Retry-After") != "") {
				t.Errorf("%d with headers %v", want, w.Header())
			}
		}
	}
}

func TestLanguages(t *testing.T) {
	h := newHouse(t, nil)
	for _, s := range []struct{ path, accept, want string }{
		{"/api/x", "", "Ikke funnet"},
		{"/api/x", "nn, en;q=0.5", "Ikkje funne"},
		{"/api/x?lang=en", "nn", "Not found"},
		{"/api/x?lang=xx", "en", "Not found"},
		{"/api/x", "sv", "Ikke funnet"},
	} {
		if w := h.do("GET", s.path, nil, "Accept-Language", s.accept); !strings.Contains(w.Body.String(), s.want) {
			t.Errorf("%s with %q: %s", s.path, s.accept, w.Body)
		}
	}
}

func TestPanic(t *testing.T) {
	h := newHouse(t, nil)
	h.srv.Mount(feature(func(r gin.IRouter) {
		r.GET("/api/before", func(*gin.Context) { panic("secret cause") })
		r.GET("/page", func(*gin.Context) { panic("secret cause") })
		r.GET("/api/after", func(c *gin.Context) { c.String(200, "half"); panic("secret cause") })
	}))
	w := h.do("GET", "/api/before", nil)
	if w.Code != 500 || strings.Contains(w.Body.String(), "secret") || !strings.Contains(w.Body.String(), `"urn:felleskrav:problem:internal"`) {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	w = h.do("GET", "/page", nil, "Accept", "text/html")
	if w.Code != 500 || !strings.Contains(w.Body.String(), "<h1>Noe gikk galt hos oss</h1>") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if !strings.Contains(h.log.String(), "secret cause") || !strings.Contains(h.log.String(), "server_test.go") {
		t.Errorf("the log lacks cause or stack: %s", h.log)
	}
	// What is under way is cut off rather than ended as if it were whole.
	s := httptest.NewServer(h.srv.Engine)
	defer s.Close()
	res, err := s.Client().Get(s.URL + "/api/after")
	if err == nil {
		_, err = io.ReadAll(res.Body)
		_ = res.Body.Close()
	}
	if err == nil {
		t.Error("half an answer looked whole")
	}
}

func TestAccessLogTellsNoSecrets(t *testing.T) {
	h := newHouse(t, nil)
	h.srv.Mount(feature(func(r gin.IRouter) { r.POST("/api/things/:id", func(c *gin.Context) { c.String(200, "ok") }) }))
	h.do("POST", "/api/things/hemmelig-id?q=hemmelig-sok", strings.NewReader("hemmelig-kropp"), "User-Agent", "hemmelig", "X-Request-Id", "mine")
	h.do("GET", "/hemmelig-sti", nil, "Authorization", "Bearer hemmelig")
	log := h.log.String()
	if strings.Contains(log, "hemmelig") || strings.Contains(log, "mine") {
		t.Errorf("the log tells too much: %s", log)
	}
	for _, want := range []string{`"route":"/api/things/:id"`, `"status":200`, `"route":"none"`, `"request":"`, `"took":`} {
		if !strings.Contains(log, want) {
			t.Errorf("the log lacks %s: %s", want, log)
		}
	}
}

func TestLimit(t *testing.T) {
	h := newHouse(t, nil)
	h.srv.Mount(feature(func(r gin.IRouter) {
		r.POST("/api/x", Limit(10), func(c *gin.Context) {
			b, err := io.ReadAll(c.Request.Body)
			if err != nil {
				Fail(c, err)
				return
			}
			c.String(200, "%d", len(b))
		})
	}))
	for _, s := range []struct {
		body io.Reader
		want int
	}{
		{strings.NewReader("0123456789"), 200},
		{strings.NewReader("0123456789x"), 413},
		{io.MultiReader(strings.NewReader("0123456789x")), 413}, // of unknown length
		{io.MultiReader(strings.NewReader("0123456789")), 200},
	} {
		if w := h.do("POST", "/api/x", s.body); w.Code != s.want {
			t.Errorf("%d %s, want %d", w.Code, w.Body, s.want)
		}
	}
}

// counting is an Authenticator that knows one secret.
type counting struct {
	asked   atomic.Int64
	revoked atomic.Bool
	broken  atomic.Bool
	until   time.Time
	during  func() // happens after the answer was found
}

func (a *counting) Authenticate(_ context.Context, secret string) (access.Actor, time.Time, error) {
	a.asked.Add(1)
	switch {
	case a.broken.Load():
		return access.Actor{}, time.Time{}, errors.New("store is away")
	case secret != "good" || a.revoked.Load():
		return access.Actor{}, time.Time{}, problem.New(problem.Unauthenticated, "access.token", nil)
	}
	until := a.until
	if until.IsZero() {
		until = time.Now().AddDate(100, 0, 0)
	}
	if a.during != nil {
		a.during()
	}
	return access.Actor{ID: "token:1", Org: "123456785", Roles: []access.Role{access.Adviser}}, until, nil
}

func TestTokenCache(t *testing.T) {
	auth := &counting{}
	h := newHouse(t, func(c *Config) { c.Authenticator = auth })
	h.srv.Mount(feature(func(r gin.IRouter) {
		who := func(c *gin.Context) { c.String(200, Actor(c).ID) }
		r.GET("/api/who", who)
		r.GET("/who", who)
	}))
	ask := func(path, token string, want int, id string) {
		t.Helper()
		w := h.do("GET", path, nil, "Authorization", token)
		if w.Code != want || want == 200 && w.Body.String() != id {
			t.Errorf("%s with %q: %d %s", path, token, w.Code, w.Body)
		}
	}
	for range 5 {
		ask("/api/who", "Bearer good", 200, "token:1")
	}
	if n := auth.asked.Load(); n != 1 {
		t.Errorf("asked %d times for one token", n)
	}
	ask("/who", "Bearer good", 200, "public") // tokens count below /api only
	ask("/api/who", "Bearer bad", 401, "")
	ask("/api/who", "Bearer bad", 401, "")
	if n := auth.asked.Load(); n != 3 {
		t.Errorf("refusals were remembered: asked %d times", n)
	}
	auth.revoked.Store(true)
	h.now = h.now.Add(tokenTTL - time.Millisecond)
	ask("/api/who", "Bearer good", 200, "token:1")
	h.now = h.now.Add(time.Millisecond)
	ask("/api/who", "Bearer good", 401, "")
	auth.broken.Store(true)
	ask("/api/who", "Bearer good", 500, "")

	none := newHouse(t, nil)
	if w := none.do("GET", "/api/x", nil, "Authorization", "Bearer good"); w.Code != 401 {
		t.Errorf("without an authenticator: %d", w.Code)
	}
}

// A secret is not remembered beyond its own end, nor once it was forgotten, and
// not even looked up when it is too long to be one.
func TestTokenCacheLetsGo(t *testing.T) {
	auth := &counting{}
	h := newHouse(t, func(c *Config) { c.Authenticator = auth })
	h.srv.Mount(feature(func(r gin.IRouter) { r.GET("/api/who", func(c *gin.Context) { c.String(200, Actor(c).ID) }) }))
	ask := func(token string, want int, asked int64) {
		t.Helper()
		before := auth.asked.Load()
		if w := h.do("GET", "/api/who", nil, "Authorization", "Bearer "+token); w.Code != want {
			t.Errorf("%d %s, want %d", w.Code, w.Body, want)
		}
		if n := auth.asked.Load() - before; n != asked {
			t.Errorf("asked %d times, want %d", n, asked)
		}
	}
	auth.until = h.now.Add(time.Second)
	ask("good", 200, 1)
	h.now = h.now.Add(time.Second - time.Millisecond)
	ask("good", 200, 0)
	h.now = h.now.Add(time.Millisecond)
	ask("good", 200, 1) // at its end: whether it is good is for the authenticator to say
	ask("good", 200, 1) // and never remembered after it

	auth.until = time.Time{}
	ask("good", 200, 1)
	ask("good", 200, 0)
	sum := sha256.Sum256([]byte("good"))
	digest := hex.EncodeToString(sum[:])
	for _, other := range []string{"", "xyz", digest[:62], strings.Repeat("0", 64)} {
		h.srv.ForgetToken(other)
	}
	ask("good", 200, 0)
	h.srv.ForgetToken(digest)
	auth.during = func() { h.srv.ForgetToken(digest) } // revoked while it is looked up
	ask("good", 200, 1)
	auth.during = nil
	auth.revoked.Store(true)
	ask("good", 401, 1)

	ask(strings.Repeat("x", maxSecret), 401, 1)
	ask(strings.Repeat("x", maxSecret+1), 401, 0)
}

func TestReady(t *testing.T) {
	var fault error
	h := newHouse(t, func(c *Config) { c.Ready = func(context.Context) error { return fault } })
	if w := h.do("GET", "/readyz", nil); w.Code != 200 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	fault = errors.New("disk is gone")
	if w := h.do("GET", "/readyz", nil); w.Code != 503 || strings.Contains(w.Body.String(), "disk") || !strings.Contains(h.log.String(), "disk is gone") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if w := h.do("GET", "/healthz", nil); w.Code != 200 {
		t.Errorf("healthz %d", w.Code)
	}
}

func TestPageAndHeaders(t *testing.T) {
	h := newHouse(t, func(c *Config) {
		c.HTTPS = true
		c.Page = func(c *gin.Context, err error) { c.String(418, "side: %s", problem.KeyOf(err)) }
	})
	w := h.do("GET", "/nowhere", nil, "Accept", "text/html")
	if w.Code != 418 || w.Body.String() != "side: request.no-route" {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	for name, want := range map[string]string{
		"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cross-Origin-Resource-Policy": "same-origin",
		"Strict-Transport-Security": "max-age=31536000", "Cache-Control": "no-store",
	} {
		if got := w.Header().Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	for _, path := range []string{"/api/nowhere", "/log/nowhere"} {
		if w := h.do("GET", path, nil, "Accept", "text/html"); w.Header().Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s answered a page", path)
		}
	}
}

func TestQuiet(t *testing.T) {
	h := newHouse(t, nil)
	type seen struct {
		generation uint64
		ok         bool
	}
	look := func(c *gin.Context) seen { g, ok := Quiet(c); return seen{g, ok} }
	var last, during seen
	h.srv.Mount(feature(func(r gin.IRouter) {
		r.GET("/look", func(c *gin.Context) { last = look(c) })
		r.POST("/change", func(c *gin.Context) { during = look(c); panic("even then") })
	}))
	h.do("GET", "/look", nil)
	before := last
	h.do("GET", "/look", nil)
	if last != before || !last.ok {
		t.Errorf("reading changed %+v to %+v", before, last)
	}
	h.do("POST", "/change", nil)
	h.do("GET", "/look", nil)
	if during.ok || !last.ok || last.generation == before.generation {
		t.Errorf("before %+v, during %+v, after %+v", before, during, last)
	}
}

// TestSlashTooMany: the way on stays on this site, whatever the request says.
func TestSlashTooMany(t *testing.T) {
	h := newHouse(t, nil)
	h.srv.Mount(feature(func(r gin.IRouter) { r.GET("/suppliers", func(c *gin.Context) { c.String(200, "ok") }) }))
	for path, want := range map[string]string{
		"/suppliers/":             "/suppliers",
		"/suppliers/?q=a%20b":     "/suppliers?q=a%20b",
		"//example.org/":          "/example.org",
		"/%5C%5Cexample.org/":     "/%5C%5Cexample.org",
		"http://example.org/abc/": "/abc",
		"/%2F%2Fexample.org/":     "/%2F%2Fexample.org",
	} {
		w := h.do("GET", path, nil, "X-Forwarded-Prefix", "/example.org")
		if w.Code != 303 || w.Header().Get("Location") != want || w.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %d to %q, want %q", path, w.Code, w.Header().Get("Location"), want)
		}
	}
	for _, s := range [][2]string{{"POST", "/suppliers/"}, {"GET", "/api/v1/suppliers/"}, {"GET", "/"}, {"GET", "//"}} {
		if w := h.do(s[0], s[1], nil, "X-Forwarded-Prefix", "/example.org"); w.Code != 404 {
			t.Errorf("%s %s: %d to %q", s[0], s[1], w.Code, w.Header().Get("Location"))
		}
	}
}
