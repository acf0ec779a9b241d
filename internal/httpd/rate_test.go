package httpd

import (
	"fmt"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"pgregory.net/rapid"

	"felleskrav/internal/access"
)

// limited is a house with small rates, and a counting authenticator.
func limited(t *testing.T, rates Rates) (*house, *counting) {
	t.Helper()
	auth := &counting{}
	h := newHouse(t, func(c *Config) { c.Rates, c.Authenticator, c.SessionCookie = &rates, auth, "felleskrav" })
	h.srv.Mount(feature(func(r gin.IRouter) {
		ok := func(c *gin.Context) { c.String(200, "ok") }
		r.Any("/api/x", ok)
		r.GET("/log/tile/:n", ok)
		r.GET("/page", func(c *gin.Context) {
			if cookie, err := c.Cookie("felleskrav"); err == nil && cookie == "good" {
				SetActor(c, access.Actor{ID: "person:1", Roles: []access.Role{access.Adviser}})
			}
			c.String(200, "ok")
		})
		r.POST("/login", Attempt, func(c *gin.Context) {
			if c.Query("secret") != "good" {
				c.String(422, "no")
				return
			}
			c.String(200, "ok")
		})
		r.POST("/api/heavy", Costly, ok)
	}))
	return h, auth
}

// until sends the same request until it is refused, at most most times, and
// gives how many were answered, and the refusal.
func until(most int, ask func() *httptest.ResponseRecorder) (int, *httptest.ResponseRecorder) {
	for i := range most {
		if w := ask(); w.Code == 429 {
			return i, w
		}
	}
	return most, nil
}

func TestRatesByClass(t *testing.T) {
	h, _ := limited(t, Rates{Read: 600, Write: 120, Costly: 60, Public: 1200, Failures: 60})
	for _, s := range []struct {
		method, path string
		want         int
	}{{"GET", "/api/x", 100}, {"POST", "/api/x", 20}, {"GET", "/log/tile/1", 200}, {"POST", "/api/heavy", 10}, {"GET", "/healthz", 500}, {"GET", "/readyz", 500}} {
		from := fmt.Sprintf("192.0.2.%d:1", s.want%250)
		n, w := until(500, func() *httptest.ResponseRecorder { return h.ask(s.method, s.path, "x", from) })
		if n != s.want {
			t.Errorf("%s %s: %d answered, want %d", s.method, s.path, n, s.want)
		}
		if w == nil {
			continue
		}
		retry, err := strconv.Atoi(w.Header().Get("Retry-After"))
		if err != nil || retry != 1 || !strings.Contains(w.Body.String(), `"urn:felleskrav:problem:rate-limited"`) || w.Header().Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s %s: refused with %v %s", s.method, s.path, w.Header(), w.Body)
		}
		// After the time it names, there is room again.
		h.now = h.now.Add(time.Duration(retry) * time.Second)
		if w := h.ask(s.method, s.path, "x", from); w.Code != 200 {
			t.Errorf("%s %s: %d after Retry-After", s.method, s.path, w.Code)
		}
	}
}

// Addresses have buckets of their own; a /64 counts as one.
func TestRatesByAddress(t *testing.T) {
	h, _ := limited(t, Rates{Read: 60})
	take := func(from string) int {
		n, _ := until(50, func() *httptest.ResponseRecorder { return h.ask("GET", "/api/x", "x", from) })
		return n
	}
	for _, s := range []struct {
		from string
		want int
	}{{"192.0.2.1:1", 10}, {"192.0.2.1:2", 0}, {"[::ffff:192.0.2.1]:2", 0}, {"192.0.2.2:1", 10}, {"[2001:db8::1]:1", 10}, {"[2001:db8::ffff:1]:1", 0}, {"[2001:db8:0:1::1]:1", 10}} {
		if n := take(s.from); n != s.want {
			t.Errorf("%s: %d, want %d", s.from, n, s.want)
		}
	}
	for lang, word := range map[string]string{"nb": "forespørsler", "nn": "førespurnader", "en": "requests"} {
		if w := h.ask("GET", "/api/x", "x", "192.0.2.1:1", "Accept-Language", lang); w.Code != 429 || !strings.Contains(w.Body.String(), word) {
			t.Errorf("%s: %d %s", lang, w.Code, w.Body)
		}
	}
}

// A token that is known to be good is counted by itself, whatever else comes
// from its address; one that is bad is looked up only so often.
func TestTokensBesideGarbage(t *testing.T) {
	h, auth := limited(t, Rates{Read: 600, Failures: 60})
	with := func(token string) *httptest.ResponseRecorder {
		return h.ask("GET", "/api/x", "x", outside, "Authorization", "Bearer "+token)
	}
	if w := with("good"); w.Code != 200 {
		t.Fatal(w.Code)
	}
	i := 0
	bad, w := until(1000, func() *httptest.ResponseRecorder { i++; return with(fmt.Sprint("bad", i)) })
	if bad != 10 || w == nil || w.Header().Get("Retry-After") == "" {
		t.Errorf("%d bad tokens were looked up", bad)
	}
	asked := auth.asked.Load()
	for range 1000 {
		if w := with("bad"); w.Code != 429 {
			t.Fatalf("a bad token: %d", w.Code)
		}
		if w := h.ask("GET", "/api/x", "x", outside); w.Code != 200 && w.Code != 429 {
			t.Fatal(w.Code)
		}
	}
	if n := auth.asked.Load(); n != asked {
		t.Errorf("refused tokens were looked up %d times", n-asked)
	}
	for range 50 {
		if w := with("good"); w.Code != 200 {
			t.Fatalf("the good token beside garbage: %d %s", w.Code, w.Body)
		}
	}
	// Also after what is known of it has to be asked for again.
	h.now = h.now.Add(tokenTTL)
	for with("bad").Code != 429 {
	}
	if w := with("good"); w.Code != 200 {
		t.Errorf("the good token, looked up again: %d", w.Code)
	}
	// Its own limit is where it always is.
	h.now = h.now.Add(time.Hour)
	if n, _ := until(500, func() *httptest.ResponseRecorder { return with("good") }); n != 100 {
		t.Errorf("%d with one token", n)
	}
	// Once revoked, it is like any other.
	auth.revoked.Store(true)
	h.now = h.now.Add(time.Hour)
	if n, _ := until(500, func() *httptest.ResponseRecorder { return with("good") }); n > 11 {
		t.Errorf("a revoked token was tried %d times", n)
	}
}

// A fault of ours is nobody's failure.
func TestFaultsAreNoFailures(t *testing.T) {
	h, auth := limited(t, Rates{Failures: 60})
	auth.broken.Store(true)
	for range 50 {
		if w := h.ask("GET", "/api/x", "x", outside, "Authorization", "Bearer good"); w.Code != 500 {
			t.Fatal(w.Code)
		}
	}
}

func TestSessionsBesideGarbage(t *testing.T) {
	h, _ := limited(t, Rates{Read: 60})
	page := func(cookie string) int {
		return h.ask("GET", "/page", "x", outside, "Cookie", "felleskrav="+cookie).Code
	}
	if page("good") != 200 {
		t.Fatal("the first")
	}
	for page("bad") == 200 {
	}
	for i := range 10 {
		if code := page("good"); code != 200 {
			t.Errorf("page %d of somebody known: %d", i, code)
		}
	}
	if code := page("good"); code != 429 {
		t.Errorf("beyond their own limit: %d", code)
	}
}

func TestAttempts(t *testing.T) {
	h, _ := limited(t, Rates{Failures: 12})
	try := func(secret, from string) int { return h.ask("POST", "/login?secret="+secret, "x", from).Code }
	for range 100 {
		if code := try("good", outside); code != 200 {
			t.Fatalf("a good login counted: %d", code)
		}
	}
	for i := range 10 {
		if code := try("bad", outside); code != 422 {
			t.Fatalf("try %d: %d", i, code)
		}
	}
	if bad, good, other := try("bad", outside), try("good", outside), try("good", "198.51.100.1:1"); bad != 429 || good != 429 || other != 200 {
		t.Errorf("after ten failures: %d %d, from elsewhere %d", bad, good, other)
	}
	h.now = h.now.Add(5 * time.Second)
	if code := try("good", outside); code != 200 {
		t.Errorf("after five seconds: %d", code)
	}
}

// Memory is bounded however many ask.
func TestBucketsAreBounded(t *testing.T) {
	l, err := newLimiter(Rates{Read: 60}, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	for i := range buckets + 1000 {
		l.take(bucketKey{actor: strconv.Itoa(i)})
	}
	if n := l.buckets.Len(); n != buckets {
		t.Errorf("%d buckets", n)
	}
}

// However requests are spread in time, no more pass than burst and rate allow,
// and all that ask no faster than the rate do.
func TestTakeHoldsTheRate(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		per := rapid.IntRange(1, 6000).Draw(t, "per minute")
		now := time.Unix(1_000_000_000, 0)
		l, err := newLimiter(Rates{Read: per}, func() time.Time { return now })
		if err != nil {
			t.Fatal(err)
		}
		begin, passed := now, 0
		for range rapid.IntRange(1, 300).Draw(t, "requests") {
			now = now.Add(time.Duration(rapid.IntRange(0, 2000).Draw(t, "ms")) * time.Millisecond)
			if _, wait := l.take(bucketKey{}); wait == 0 {
				passed++
			} else if wait > time.Minute+time.Second {
				t.Fatalf("to wait %s", wait)
			}
		}
		if most := float64(burst(per)) + now.Sub(begin).Minutes()*float64(per) + 1; float64(passed) > most {
			t.Fatalf("%d passed of %.1f", passed, most)
		}
		every := time.Minute / time.Duration(per)
		for range 20 {
			now = now.Add(every + time.Millisecond)
			if _, wait := l.take(bucketKey{actor: "steady"}); wait != 0 {
				t.Fatalf("a steady one waits %s", wait)
			}
		}
	})
}

// Who sends garbage does not write the log.
func TestRefusalsAreToldSeldom(t *testing.T) {
	h, _ := limited(t, Rates{Read: 60})
	for range 5000 {
		h.ask("GET", "/api/x", "x", outside)
	}
	if lines := strings.Count(h.log.String(), "\n"); lines > 12 {
		t.Errorf("%d lines", lines)
	}
	h.now = h.now.Add(10 * time.Second)
	for range 20 {
		h.ask("GET", "/api/x", "x", outside)
	}
	if !strings.Contains(h.log.String(), `"count":49`) {
		t.Errorf("the log does not say how many: %s", h.log)
	}
}
