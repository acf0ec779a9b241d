package bulkcheck

import (
	"context"
	"errors"
	"io"
	"strings"
	"time"

	"felleskrav/internal/organisation"
)

// Store keeps jobs and their files. A file belongs to one job, whatever is in
// it: equal files of two bodies are two. Writes are durable when they return.
type Store interface {
	// InsertCheckJob adds a job (problem.ErrExists).
	InsertCheckJob(ctx context.Context, j Job) error
	// CheckJob reads one (problem.ErrNotFound).
	CheckJob(ctx context.Context, id string) (Job, error)
	// CheckJobsOf lists a body's jobs that are not deleted, newest first, at
	// most limit, after the id given ("" is the beginning).
	CheckJobsOf(ctx context.Context, body organisation.Number, after string, limit int) ([]Job, error)
	// OpenCheckJobs lists the jobs on which work is to come, oldest first, at
	// most limit.
	OpenCheckJobs(ctx context.Context, limit int) ([]Job, error)
	// DueCheckJobs lists the jobs that are due (see Job.Due) at or before t, those
	// due first before others, at most limit.
	DueCheckJobs(ctx context.Context, t time.Time, limit int) ([]Job, error)
	// UpdateCheckJob is compare-and-swap: see package storage.
	UpdateCheckJob(ctx context.Context, id string, change func(Job) (Job, error)) (Job, error)
	// RemoveCheckJob removes the document of a job; that there is none is no
	// error.
	RemoveCheckJob(ctx context.Context, id string) error

	// PutKeptFile reads r to its end and keeps it under a name of lower-case
	// letters, digits and hyphens, in the place of what had that name. Nothing is
	// kept when it fails.
	PutKeptFile(ctx context.Context, name string, r io.Reader) (size int64, err error)
	// OpenKeptFile opens a file for reading (problem.ErrNotFound).
	OpenKeptFile(ctx context.Context, name string) (io.ReadCloser, int64, error)
	// RemoveKeptFile removes a file; that there is none is no error.
	RemoveKeptFile(ctx context.Context, name string) error
}

// ErrFileName is what a store answers to a name that is none.
var ErrFileName = errors.New("not the name of a file")

// ValidFileName reports whether s can name a file: 1 to 100 lower-case letters,
// digits and hyphens.
func ValidFileName(s string) bool {
	return s != "" && len(s) <= 100 && !strings.ContainsFunc(s, func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' })
}
