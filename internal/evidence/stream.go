package evidence

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/http"

	"felleskrav/internal/problem"
)

var errTooLarge = errors.New("file is larger than the limit")

// cappedReader fails, and does not just end, when there is more than left.
type cappedReader struct {
	r    io.Reader
	left int64
}

func (c *cappedReader) Read(p []byte) (int, error) {
	if c.left < 0 {
		return 0, errTooLarge
	}
	if int64(len(p)) > c.left+1 {
		p = p[:c.left+1]
	}
	n, err := c.r.Read(p)
	if c.left -= int64(n); c.left < 0 {
		return 0, errTooLarge
	}
	if err != nil && !errors.Is(err, io.EOF) {
		err = &sendError{err}
	}
	return n, err
}

// sendError is a fault in what is sent, apart from those of the store.
type sendError struct{ err error }

func (e *sendError) Error() string { return "read what is sent: " + e.err.Error() }

func (e *sendError) Unwrap() error { return e.err }

var errDigest = errors.New("file has another digest than the sender stated")

// checkedReader turns the end of the stream into an error when the digest is
// not the wanted one, so that the store keeps nothing.
type checkedReader struct {
	r    io.Reader
	want string
	h    hash.Hash
}

func (c *checkedReader) Read(p []byte) (int, error) {
	if c.want == "" {
		return c.r.Read(p)
	}
	if c.h == nil {
		c.h = sha256.New()
	}
	n, err := c.r.Read(p)
	c.h.Write(p[:n])
	if errors.Is(err, io.EOF) && hex.EncodeToString(c.h.Sum(nil)) != c.want {
		return n, errDigest
	}
	return n, err
}

func readError(err error, limit int64) error {
	switch {
	case errors.Is(err, errTooLarge):
		return problem.New(problem.TooLarge, "evidence.large", problem.Args{"MiB": limit >> 20})
	case errors.Is(err, errDigest):
		return problem.New(problem.Refused, "evidence.digest", nil)
	}
	var sent *sendError
	var limited *http.MaxBytesError
	if errors.As(err, &sent) && !errors.As(err, &limited) && !errors.Is(err, context.Canceled) {
		return problem.New(problem.Invalid, "request.cut", nil).Because(err)
	}
	return fmt.Errorf("store evidence: %w", err)
}
