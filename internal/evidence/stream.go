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
// not the wanted one, or when the scan that reads along found malware, so that
// the store keeps nothing.
type checkedReader struct {
	r    io.Reader
	want string
	scan *scanning // nil when nothing is scanned
	h    hash.Hash
}

func (c *checkedReader) Read(p []byte) (int, error) {
	if c.want == "" && c.scan == nil {
		return c.r.Read(p)
	}
	if c.h == nil {
		c.h = sha256.New()
	}
	n, err := c.r.Read(p)
	c.h.Write(p[:n])
	if c.scan != nil && n > 0 {
		c.scan.feed(p[:n])
	}
	if !errors.Is(err, io.EOF) {
		return n, err
	}
	if c.want != "" && c.sum() != c.want {
		return n, errDigest
	}
	if c.scan == nil {
		return n, err
	}
	switch v, failed := c.scan.end(nil); {
	case errors.Is(failed, ErrScanLimit):
		return n, failed // no later scan would take it either
	case failed == nil && !v.Clean:
		return n, &infectedError{v.Signature}
	}
	return n, err
}

// sum is the digest of what was read.
func (c *checkedReader) sum() string { return hex.EncodeToString(c.h.Sum(nil)) }

func readError(err error, limit int64) error {
	switch {
	case errors.Is(err, errTooLarge):
		return problem.New(problem.TooLarge, "evidence.large", problem.Args{"MiB": limit >> 20})
	case errors.Is(err, errDigest):
		return problem.New(problem.Refused, "evidence.digest", nil)
	case errors.Is(err, ErrScanLimit):
		return problem.New(problem.TooLarge, "evidence.scan-limit", nil).Because(err)
	}
	if found, ok := errors.AsType[*infectedError](err); ok {
		return problem.New(problem.Refused, "evidence.infected", problem.Args{"Signature": found.signature}).Because(err)
	}
	var sent *sendError
	var limited *http.MaxBytesError
	if errors.As(err, &sent) && !errors.As(err, &limited) && !errors.Is(err, context.Canceled) {
		return problem.New(problem.Invalid, "request.cut", nil).Because(err)
	}
	return fmt.Errorf("store evidence: %w", err)
}
