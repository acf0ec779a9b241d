package httpd

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"felleskrav/internal/problem"
)

// street is a house behind a real connection.
type street struct {
	*house
	addr string
}

func newStreet(t *testing.T, work Work, mount func(gin.IRouter)) *street {
	t.Helper()
	h := newHouse(t, func(c *Config) { c.Work = &work })
	h.srv.cfg.Now = time.Now
	h.srv.Mount(feature(mount))
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv := h.srv.HTTP("")
	done := make(chan error, 1)
	go func() { done <- srv.Serve(l) }()
	t.Cleanup(func() {
		_ = srv.Close()
		<-done
	})
	return &street{h, l.Addr().String()}
}

// say writes to a connection of its own and reads the answer's status; 0 when
// there is none.
func (s *street) say(text string, after ...func(net.Conn)) int {
	s.t.Helper()
	conn, err := net.Dial("tcp", s.addr)
	if err != nil {
		s.t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(30 * time.Second))
	if _, err := io.WriteString(conn, text); err != nil {
		return 0
	}
	for _, f := range after {
		f(conn)
	}
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return 0
	}
	_, _ = io.Copy(io.Discard, res.Body)
	_ = res.Body.Close()
	return res.StatusCode
}

func roomy() Work {
	w := DefaultWork()
	w.BodyGrace, w.BodyRate = 300*time.Millisecond, 1000
	return w
}

func readAll(c *gin.Context) {
	b, err := io.ReadAll(c.Request.Body)
	if err != nil {
		// Some make something else of it on the way.
		Fail(c, problem.New(problem.Invalid, "request.malformed", nil).Because(errors.New("could not read")))
		return
	}
	c.String(200, "%d", len(b))
}

// Bodies must keep coming.
func TestSlowBodies(t *testing.T) {
	s := newStreet(t, roomy(), func(r gin.IRouter) {
		r.POST("/api/read", Limit(1<<20), readAll)
		r.POST("/api/unread", func(c *gin.Context) { c.String(200, "ok") })
	})
	drip := func(every time.Duration, bytes, times int) func(net.Conn) {
		return func(c net.Conn) {
			for range times {
				time.Sleep(every)
				if _, err := c.Write(make([]byte, bytes)); err != nil {
					return
				}
			}
		}
	}
	begin := time.Now()
	if got := s.say("POST /api/read HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n", drip(20*time.Millisecond, 1, 100)); got != 408 {
		t.Errorf("a byte now and then: %d", got)
	}
	if got := s.say("POST /api/read HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n"); got != 408 {
		t.Errorf("nothing at all: %d", got)
	}
	if got := s.say("POST /api/read HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n"); got != 408 {
		t.Errorf("chunks that do not come: %d", got)
	}
	if took := time.Since(begin); took > 15*time.Second {
		t.Errorf("it took %s", took)
	}
	// Slow and steady, and far longer than the grace.
	if got := s.say("POST /api/read HTTP/1.1\r\nHost: x\r\nContent-Length: 20000\r\n\r\n", drip(50*time.Millisecond, 1000, 20)); got != 200 {
		t.Errorf("20 kB a second: %d", got)
	}
	// A body that nobody reads keeps no connection.
	begin = time.Now()
	conn, err := net.Dial("tcp", s.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_, _ = io.WriteString(conn, "POST /api/unread HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n")
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
	if _, err := io.ReadAll(conn); err != nil || time.Since(begin) > 10*time.Second {
		t.Errorf("the connection was kept for %s (%v)", time.Since(begin), err)
	}
}

// A handler that takes long after its body was read is not cut off by the
// body's own deadline.
func TestLongWorkAfterTheBody(t *testing.T) {
	s := newStreet(t, roomy(), func(r gin.IRouter) {
		r.POST("/api/x", func(c *gin.Context) {
			if _, err := io.ReadAll(c.Request.Body); err != nil {
				Fail(c, err)
				return
			}
			select {
			case <-c.Request.Context().Done():
				Fail(c, c.Request.Context().Err())
			case <-time.After(time.Second):
				c.String(200, "ok")
			}
		})
	})
	if got := s.say("POST /api/x HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"); got != 200 {
		t.Errorf("%d", got)
	}
}

func TestDeadlines(t *testing.T) {
	w := roomy()
	w.Deadline, w.LongDeadline = 200*time.Millisecond, 20*time.Second
	work := func(c *gin.Context) {
		select {
		case <-c.Request.Context().Done():
			Fail(c, fmt.Errorf("work: %w", c.Request.Context().Err()))
		case <-time.After(time.Second):
			c.String(200, "ok")
		}
	}
	s := newStreet(t, w, func(r gin.IRouter) { r.GET("/api/x", work); r.GET("/api/long", Long, work) })
	if got := s.say("GET /api/x HTTP/1.1\r\nHost: x\r\n\r\n"); got != 503 {
		t.Errorf("beyond the deadline: %d", got)
	}
	if got := s.say("GET /api/long HTTP/1.1\r\nHost: x\r\n\r\n"); got != 200 {
		t.Errorf("with more time: %d", got)
	}
}

// No more costly work is done at once than there is room for, some wait, and
// the rest is told to come again. Bodies that are on their way take no room.
func TestCostlyTakesTurns(t *testing.T) {
	w := roomy()
	w.Costly, w.Queue, w.QueueWait = 2, 3, 20*time.Second
	var now, most atomic.Int64
	open := make(chan struct{})
	s := newStreet(t, w, func(r gin.IRouter) {
		heavy := func(c *gin.Context) {
			if c.Request.Body != nil {
				if _, err := io.ReadAll(c.Request.Body); err != nil {
					Fail(c, err)
					return
				}
			}
			n := now.Add(1)
			for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
			}
			<-open
			now.Add(-1)
			c.String(200, "ok")
		}
		r.POST("/api/heavy", Costly, heavy)
		r.GET("/api/heavy", Costly, heavy)
	})
	// These never come to their end, and hold nobody up.
	for range 10 {
		conn, err := net.Dial("tcp", s.addr)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		_, _ = io.WriteString(conn, "POST /api/heavy HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nabc")
	}
	var ok, busy, other atomic.Int64
	var wg sync.WaitGroup
	for i := range 10 {
		wg.Go(func() {
			text := "POST /api/heavy HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"
			if i%2 == 0 {
				text = "GET /api/heavy HTTP/1.1\r\nHost: x\r\n\r\n"
			}
			switch s.say(text) {
			case 200:
				ok.Add(1)
			case 503:
				busy.Add(1)
			default:
				other.Add(1)
			}
		})
	}
	for deadline := time.Now().Add(20 * time.Second); busy.Load() < 5 && time.Now().Before(deadline); {
		time.Sleep(5 * time.Millisecond)
	}
	if got := s.say("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"); got != 200 {
		t.Errorf("healthz under load: %d", got)
	}
	close(open)
	wg.Wait()
	if ok.Load() != 5 || busy.Load() != 5 || other.Load() != 0 || most.Load() != 2 {
		t.Errorf("%d done, %d told to wait, %d else, %d at once", ok.Load(), busy.Load(), other.Load(), most.Load())
	}
	if got := s.say("POST /api/heavy HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"); got != 411 {
		t.Errorf("a form of unknown length: %d", got)
	}
}

func TestInFlight(t *testing.T) {
	w := roomy()
	w.InFlight = 3
	open := make(chan struct{})
	var in atomic.Int64
	s := newStreet(t, w, func(r gin.IRouter) {
		r.GET("/api/x", func(c *gin.Context) { in.Add(1); <-open; c.String(200, "ok") })
		r.GET("/api/panic", func(*gin.Context) { panic("x") })
	})
	for range 5 {
		s.say("GET /api/panic HTTP/1.1\r\nHost: x\r\n\r\n") // gives its place back all the same
	}
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			if got := s.say("GET /api/x HTTP/1.1\r\nHost: x\r\n\r\n"); got != 200 {
				t.Errorf("one of three: %d", got)
			}
		})
	}
	for in.Load() < 3 {
		time.Sleep(time.Millisecond)
	}
	res, err := http.Get("http://" + s.addr + "/api/x")
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(res.Body)
	_ = res.Body.Close()
	if res.StatusCode != 503 || res.Header.Get("Retry-After") == "" || !strings.Contains(string(body), "request.busy") {
		t.Errorf("the fourth: %d %s", res.StatusCode, body)
	}
	for _, path := range []string{"/healthz", "/readyz"} {
		if got := s.say("GET " + path + " HTTP/1.1\r\nHost: x\r\n\r\n"); got != 200 {
			t.Errorf("%s: %d", path, got)
		}
	}
	close(open)
	wg.Wait()
	if got := s.say("GET /api/x HTTP/1.1\r\nHost: x\r\n\r\n"); got != 200 {
		t.Errorf("afterwards: %d", got)
	}
}

// One address does not have all that may be under way.
func TestShares(t *testing.T) {
	work, rates := roomy(), DefaultRates()
	work.InFlight = 8
	h := newHouse(t, func(c *Config) { c.Work, c.Rates = &work, &rates })
	open := make(chan struct{})
	var in atomic.Int64
	h.srv.Mount(feature(func(r gin.IRouter) {
		r.GET("/api/x", func(c *gin.Context) { in.Add(1); <-open; c.String(200, "ok") })
	}))
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() { h.ask("GET", "/api/x", "x", outside) })
	}
	for in.Load() < 2 {
		time.Sleep(time.Millisecond)
	}
	if w := h.ask("GET", "/api/x", "x", outside); w.Code != 503 {
		t.Errorf("the third of one address: %d", w.Code)
	}
	wg.Go(func() {
		if w := h.ask("GET", "/api/x", "x", "198.51.100.1:1"); w.Code != 200 {
			t.Errorf("another address: %d", w.Code)
		}
	})
	for in.Load() < 3 {
		time.Sleep(time.Millisecond)
	}
	close(open)
	wg.Wait()
	if len(h.srv.works.by) != 0 {
		t.Errorf("left: %v", h.srv.works.by)
	}
}

// Requests whose end is told in two ways are refused, and what follows them is
// not taken for another request.
func TestSmuggling(t *testing.T) {
	var reached atomic.Int64
	s := newStreet(t, roomy(), func(r gin.IRouter) {
		r.POST("/api/x", readAll)
		r.GET("/api/smuggled", func(c *gin.Context) { reached.Add(1); c.String(200, "ok") })
	})
	const rest = "GET /api/smuggled HTTP/1.1\r\nHost: x\r\n\r\n"
	for name, head := range map[string]string{
		"length twice":         "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabc",
		"negative":             "Content-Length: -1\r\n\r\n",
		"signed":               "Content-Length: +3\r\n\r\nabc",
		"coding unknown":       "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
		"coding twice":         "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"coding disguised":     "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
		"space before colon":   "Content-Length : 3\r\n\r\nabc",
		"bare line in a chunk": "Transfer-Encoding: chunked\r\n\r\n3;x=\ny\r\nabc\r\n0\r\n\r\n",
		"no number":            "Transfer-Encoding: chunked\r\n\r\nx\r\n\r\n",
	} {
		if got := s.say("POST /api/x HTTP/1.1\r\nHost: x\r\n" + head + rest); got != 400 && got != 501 {
			t.Errorf("%s: %d", name, got)
		}
	}
	// RFC 9112 §6.3 lets a server take the chunks where both are told, and then
	// close: nothing after it is a request.
	if got := s.say("POST /api/x HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + rest); got != 200 && got != 400 {
		t.Errorf("both: %d", got)
	}
	time.Sleep(50 * time.Millisecond)
	if n := reached.Load(); n != 0 {
		t.Errorf("%d requests got in behind another", n)
	}
}

// Nothing that is sent can begin a header of the answer's.
func TestHeadersAreNotInjected(t *testing.T) {
	s := newStreet(t, roomy(), func(r gin.IRouter) {
		r.GET("/api/x", func(c *gin.Context) {
			c.Header("Content-Disposition", `attachment; filename="`+c.Query("name")+`"`)
			c.Redirect(http.StatusSeeOther, c.Query("to"))
		})
	})
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	for _, path := range []string{"/api/x?name=a%0d%0aX-Evil:%20b&to=/y", "/api/x?to=/y%0d%0aX-Evil:%20b", "/api/x?to=/y%0aX-Evil:%20b", "/y%0d%0aX-Evil:%20b/"} {
		req, err := http.NewRequestWithContext(context.Background(), http.MethodGet, "http://"+s.addr+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		res, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if res.Header.Get("X-Evil") != "" {
			t.Errorf("%s gave %v", path, res.Header)
		}
	}
}

func TestDrain(t *testing.T) {
	s := newStreet(t, roomy(), func(r gin.IRouter) { r.GET("/api/x", func(c *gin.Context) { c.String(200, "ok") }) })
	s.srv.Drain()
	for path, want := range map[string]int{"/readyz": 503, "/healthz": 200, "/api/x": 200} {
		if got := s.say("GET " + path + " HTTP/1.1\r\nHost: x\r\n\r\n"); got != want {
			t.Errorf("%s: %d", path, got)
		}
	}
}

func TestMeasurementsAreForThisMachine(t *testing.T) {
	h := newHouse(t, nil)
	for _, s := range []struct {
		from   string
		header []string
		want   int
	}{{here, nil, 200}, {"[::1]:9", nil, 200}, {outside, nil, 404}, {outside, []string{"X-Forwarded-For", "127.0.0.1"}, 404}, {here, []string{"X-Forwarded-For", "192.0.2.1"}, 404}, {here, []string{"X-Forwarded-For", "127.0.0.1"}, 404}} {
		if w := h.ask("GET", "/metrics", "x", s.from, s.header...); w.Code != s.want {
			t.Errorf("from %s with %v: %d", s.from, s.header, w.Code)
		}
	}
	elsewhere := newHouse(t, func(c *Config) { c.AdminElsewhere = true })
	if w := elsewhere.ask("GET", "/metrics", "x", here); w.Code != 404 {
		t.Errorf("beside the operator's listener: %d", w.Code)
	}
}
