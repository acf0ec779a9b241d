package main

import (
	"context"
	"os"

	"github.com/schollz/progressbar/v3"

	"felleskrav/internal/transparency"
)

// watchedLog shows how far the reading of a log has come.
type watchedLog struct {
	*openLog
	session *session
	bar     *progressbar.ProgressBar
}

// onTerminal reports whether messages are shown on a terminal.
func (s *session) onTerminal() bool {
	f, ok := s.Stderr.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// watch shows progress on a terminal; anywhere else it is silent.
func (s *session) watch(log *openLog) transparency.Reader {
	if !s.onTerminal() {
		return log.logReader
	}
	return &watchedLog{openLog: log, session: s}
}

// bar shows how much of a number has been done, on a terminal; anywhere else it
// is nil.
func (s *session) bar(total int64, doing string) *progressbar.ProgressBar {
	if !s.onTerminal() {
		return nil
	}
	return progressbar.NewOptions64(total, progressbar.OptionSetWriter(s.Stderr),
		progressbar.OptionSetDescription(doing), progressbar.OptionShowCount(), progressbar.OptionClearOnFinish())
}

// Checkpoint implements transparency.Reader, and learns how long the log is.
func (w *watchedLog) Checkpoint(ctx context.Context) ([]byte, error) {
	data, err := w.logReader.Checkpoint(ctx)
	if err != nil {
		return nil, err
	}
	if cp, err := transparency.ParseCheckpoint(w.verifier, data); err == nil {
		w.bar = w.session.bar(cp.Size, w.session.T("cli.log.reading", "Origin", cp.Origin))
	}
	return data, nil
}

// EntryBundle implements transparency.Reader.
func (w *watchedLog) EntryBundle(ctx context.Context, index int64, width int) ([]byte, error) {
	data, err := w.logReader.EntryBundle(ctx, index, width)
	if w.bar != nil {
		_ = w.bar.Add(width) // it only shows
	}
	return data, err
}
