package evidence

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
)

// spoolMemory is how much of a file is held in memory; more goes to disk.
const spoolMemory = 1 << 20

// spool holds what is being received until it is known whether it is to be
// kept. Its place on disk has no name, so that nothing is left of it if the
// process dies.
type spool struct {
	dir  string
	mem  []byte
	file *os.File
	size int64
}

func (s *spool) Write(p []byte) (int, error) {
	if s.file == nil && len(s.mem)+len(p) <= spoolMemory {
		s.mem = append(s.mem, p...)
		s.size += int64(len(p))
		return len(p), nil
	}
	if s.file == nil {
		if err := s.open(); err != nil {
			return 0, err
		}
	}
	n, err := s.file.Write(p)
	s.size += int64(n)
	return n, err
}

func (s *spool) open() error {
	f, err := os.CreateTemp(s.dir, "felleskrav-upload-*") // mode 0600
	if err != nil {
		return fmt.Errorf("make room for upload: %w", err)
	}
	s.file = f
	if err := os.Remove(f.Name()); err != nil {
		return fmt.Errorf("make room for upload: %w", err)
	}
	if _, err := f.Write(s.mem); err != nil {
		return fmt.Errorf("make room for upload: %w", err)
	}
	s.mem = nil
	return nil
}

// ReadAt implements io.ReaderAt.
func (s *spool) ReadAt(p []byte, at int64) (int, error) {
	if s.file != nil {
		return s.file.ReadAt(p, at)
	}
	return bytes.NewReader(s.mem).ReadAt(p, at)
}

// reader reads all of it from the beginning.
func (s *spool) reader() io.Reader { return io.NewSectionReader(s, 0, s.size) }

func (s *spool) Close() error {
	if s.file == nil {
		return nil
	}
	return s.file.Close()
}

var errTooLarge = errors.New("file is larger than the limit")

// cappedReader fails, and does not just end, when there is more than left. It
// ends with ctx.
type cappedReader struct {
	ctx  context.Context
	r    io.Reader
	left int64
}

func (c *cappedReader) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
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

// sendError is a fault in what is sent, apart from our own.
type sendError struct{ err error }

func (e *sendError) Error() string { return "read what is sent: " + e.err.Error() }

func (e *sendError) Unwrap() error { return e.err }
