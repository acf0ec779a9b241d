package httpd

import (
	"errors"
	"io"
	"net/http"
	"os"
	"time"

	"github.com/gin-gonic/gin"

	"felleskrav/internal/problem"
)

var errSlow = problem.New(problem.Invalid, "request.slow", nil)

// pacedBody reads a body that must keep coming: whoever sends a byte now and
// then would hold a connection and a handler for as long as they like.
type pacedBody struct {
	io.ReadCloser
	control *http.ResponseController
	request *request
	begun   time.Time
	read    int64
}

// paced wraps the body of a request, if it has one. The clock is that of the
// connection.
func (s *Server) paced(c *gin.Context, r *request) {
	_ = http.NewResponseController(c.Writer).SetWriteDeadline(time.Now().Add(s.works.Deadline + s.works.BodyGrace)) // not all writers can
	if c.Request.Body == nil || c.Request.Body == http.NoBody {
		return
	}
	b := &pacedBody{ReadCloser: c.Request.Body, control: http.NewResponseController(c.Writer), request: r, begun: time.Now()}
	b.expect() // for bodies that nobody reads, too
	c.Request.Body = b
}

// expect sets when the next bytes must be here.
func (b *pacedBody) expect() {
	w := b.request.server.works
	due := b.begun.Add(w.BodyGrace + time.Duration(float64(b.read)/float64(w.BodyRate)*float64(time.Second)))
	latest := b.begun.Add(w.Deadline)
	if b.request.long {
		latest = b.begun.Add(w.LongDeadline)
	}
	if due.After(latest) {
		due = latest
	}
	_ = b.control.SetReadDeadline(due) // not all readers can
}

// Read implements io.Reader.
func (b *pacedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.read += int64(n)
	switch {
	case err == nil:
		b.expect()
	case errors.Is(err, os.ErrDeadlineExceeded):
		b.request.cause.Store(errSlow)
		return n, errors.Join(errSlow, err)
	case errors.Is(err, io.EOF):
		// The connection is read on for its end: that must not come too early.
		_ = b.control.SetReadDeadline(b.begun.Add(b.request.server.works.LongDeadline + time.Minute))
	}
	return n, err
}
