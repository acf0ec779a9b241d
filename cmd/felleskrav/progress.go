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

// watch shows progress on a terminal; anywhere else it is silent.
func (s *session) watch(log *openLog) transparency.Reader {
	f, ok := s.Stderr.(*os.File)
	if !ok {
		return log.logReader
	}
	if info, err := f.Stat(); err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return log.logReader
	}
	return &watchedLog{openLog: log, session: s}
}

// Checkpoint implements transparency.Reader, and learns how long the log is.
func (w *watchedLog) Checkpoint(ctx context.Context) ([]byte, error) {
	data, err := w.logReader.Checkpoint(ctx)
	if err != nil {
		return nil, err
	}
	if cp, err := transparency.ParseCheckpoint(w.verifier, data); err == nil {
		w.bar = progressbar.NewOptions64(cp.Size, progressbar.OptionSetWriter(w.session.Stderr),
			progressbar.OptionSetDescription(w.session.T("cli.log.reading", "Origin", cp.Origin)), progressbar.OptionShowCount(), progressbar.OptionClearOnFinish())
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
