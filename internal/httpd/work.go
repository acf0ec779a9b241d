package httpd

import (
	"context"
	"errors"
	"io"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gin-gonic/gin"

	"felleskrav/internal/problem"
)

// Work is how much is done at the same time, and for how long.
type Work struct {
	// InFlight is how many requests may be under way in all; one actor or
	// address has a quarter of that, where there are rates.
	InFlight int
	// Costly is how many of the costly ones may be; as many as Queue wait for
	// their turn, each for QueueWait at most.
	Costly, Queue int
	QueueWait     time.Duration
	// Deadline is how long a request may take, LongDeadline one that is costly
	// or moves a file.
	Deadline, LongDeadline time.Duration
	// BodyGrace is how long the first byte of a body may take, and BodyRate how
	// many bytes a second must come on average after that.
	BodyGrace time.Duration
	BodyRate  int
}

// DefaultWork is for one machine.
func DefaultWork() Work {
	slots := 2 * runtime.GOMAXPROCS(0)
	return Work{
		InFlight: 1024, Costly: slots, Queue: max(128, 16*slots), QueueWait: 15 * time.Second,
		Deadline: time.Minute, LongDeadline: 5 * time.Minute, BodyGrace: 10 * time.Second, BodyRate: 1 << 10,
	}
}

var (
	errFull   = problem.New(problem.Unavailable, "request.busy", nil)
	errLength = problem.New(problem.Invalid, "request.length", nil)
)

// works counts what is under way.
type works struct {
	Work
	inFlight, queued atomic.Int64
	slots            chan struct{}

	mu sync.Mutex
	// by is how many are under way of each.
	by map[bucketKey]int
}

func newWorks(w Work) *works {
	return &works{Work: w, slots: make(chan struct{}, max(1, w.Costly)), by: map[bucketKey]int{}}
}

// share takes one of the requests that somebody may have under way, unless
// there are none left. give puts it back.
func (w *works) share(k bucketKey) (give func(), ok bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.by[k] >= max(1, w.InFlight/4) {
		return nil, false
	}
	w.by[k]++
	return func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		if w.by[k]--; w.by[k] == 0 {
			delete(w.by, k)
		}
	}, true
}

// isHealth reports whether the request asks how the service is. It must hear
// that however much there is to do.
func isHealth(c *gin.Context) bool {
	p := c.Request.URL.Path
	return p == "/healthz" || p == "/readyz"
}

// enter lets the request begin, with an end by which it must be done.
func (s *Server) enter(c *gin.Context) {
	w := s.works
	if w == nil || isHealth(c) {
		return
	}
	r := of(c)
	if n := w.inFlight.Add(1); n > int64(w.InFlight) {
		w.inFlight.Add(-1)
		s.full(c)
		return
	}
	ctx, cancel := context.WithCancelCause(c.Request.Context())
	c.Request = c.Request.WithContext(ctx)
	r.deadline = time.AfterFunc(w.Deadline, func() { cancel(context.DeadlineExceeded) })
	r.leave = append(r.leave, func() {
		r.deadline.Stop()
		cancel(nil)
		w.inFlight.Add(-1)
	})
	s.paced(c, r)
}

func (s *Server) full(c *gin.Context) {
	r := of(c)
	r.refused, r.bare = true, true
	s.metrics.refused.WithLabelValues("in-flight").Inc()
	Fail(c, errFull)
}

// Long is for routes that move files: they have more time.
func Long(c *gin.Context) {
	if r := of(c); r.deadline != nil {
		r.deadline.Reset(r.server.works.LongDeadline)
		r.long = true
		_ = http.NewResponseController(c.Writer).SetWriteDeadline(time.Now().Add(r.server.works.LongDeadline)) // not all writers can
	}
}

// Costly is for routes that take long to compute. They have a limit of their
// own, and wait for their turn, which begins when the body is here: whoever
// sends it slowly keeps nobody else waiting. It ends the request when there are
// too many.
func Costly(c *gin.Context) {
	r := of(c)
	if r.server == nil {
		return
	}
	r.server.charge(c, costly)
	if c.IsAborted() || r.server.works == nil {
		return
	}
	Long(c)
	body := c.Request.Body
	switch length := c.Request.ContentLength; {
	case body == nil || body == http.NoBody || length == 0:
		if err := r.server.turn(c.Request.Context(), r); err != nil {
			Fail(c, err)
		}
	case length < 0 && strings.HasPrefix(c.Request.Header.Get("Content-Type"), "multipart/"):
		// Its reader stops at the last boundary, and never sees the end.
		Fail(c, errLength)
	default:
		c.Request.Body = &turnBody{ReadCloser: body, turn: func() error { return r.server.turn(c.Request.Context(), r) }}
	}
}

// turnBody has the work wait for its turn at the end of the body.
type turnBody struct {
	io.ReadCloser
	turn func() error
}

// Read implements io.Reader.
func (b *turnBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if errors.Is(err, io.EOF) && b.turn != nil {
		turn := b.turn
		b.turn = nil
		if err := turn(); err != nil {
			return n, err
		}
	}
	return n, err
}

// turn takes a slot until the request's end.
func (s *Server) turn(ctx context.Context, r *request) error {
	w := s.works
	select {
	case w.slots <- struct{}{}:
	default:
		if !w.wait(ctx) {
			s.metrics.refused.WithLabelValues("queue").Inc()
			r.cause.Store(errFull)
			return errFull
		}
	}
	r.leave = append(r.leave, func() { <-w.slots })
	return nil
}

// wait waits for a slot, unless too many do.
func (w *works) wait(ctx context.Context) bool {
	if n := w.queued.Add(1); n > int64(w.Queue) {
		w.queued.Add(-1)
		return false
	}
	defer w.queued.Add(-1)
	patience := time.NewTimer(w.QueueWait)
	defer patience.Stop()
	select {
	case w.slots <- struct{}{}:
		return true
	case <-patience.C:
	case <-ctx.Done():
	}
	return false
}
