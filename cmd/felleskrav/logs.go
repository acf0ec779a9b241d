package main

import (
	"bufio"
	"io"
	"log/slog"
	"sync"
	"time"
)

// logWriter gathers log lines for a moment, so that a request does not wait
// for a terminal or a pipe.
type logWriter struct {
	logger *slog.Logger
	mu     sync.Mutex
	buf    *bufio.Writer
	done   chan struct{}
	ended  chan struct{}
}

// flushEvery is how old a line may be before it is written.
const flushEvery = 200 * time.Millisecond

func newLogWriter(w io.Writer, quiet bool) *logWriter {
	l := &logWriter{buf: bufio.NewWriterSize(w, 64<<10), done: make(chan struct{}), ended: make(chan struct{})}
	level := slog.LevelInfo
	if quiet {
		level = slog.LevelWarn
	}
	l.logger = slog.New(slog.NewTextHandler(l, &slog.HandlerOptions{Level: level}))
	go l.flush()
	return l
}

// Write implements io.Writer for the handler, which gives whole lines.
func (l *logWriter) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *logWriter) flush() {
	defer close(l.ended)
	tick := time.NewTicker(flushEvery)
	defer tick.Stop()
	for {
		select {
		case <-l.done:
			return
		case <-tick.C:
			l.mu.Lock()
			_ = l.buf.Flush() // there is nowhere to complain to
			l.mu.Unlock()
		}
	}
}

// Close writes what is left.
func (l *logWriter) Close() {
	close(l.done)
	<-l.ended
	_ = l.buf.Flush() // there is nowhere to complain to
}
