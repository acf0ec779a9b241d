package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"felleskrav/internal/bulkcheck"
	"felleskrav/internal/organisation"
	"felleskrav/internal/problem"
	"felleskrav/internal/storage"
)

// InsertCheckJob implements bulkcheck.Store.
func (s *Store) InsertCheckJob(ctx context.Context, v bulkcheck.Job) error {
	v.Rev = 1
	doc, err := storage.Encode(v)
	if err == nil {
		hidden, open, due := checkColumns(v)
		err = s.exec(ctx, `INSERT INTO check_jobs (id, body, hidden, open, due, rev, doc) VALUES (?, ?, ?, ?, ?, 1, ?)`,
			v.ID, string(v.Body), hidden, open, due, string(doc))
	}
	if err != nil {
		return fmt.Errorf("insert job %s: %w", v.ID, err)
	}
	return nil
}

// checkColumns are what queries look for.
func checkColumns(v bulkcheck.Job) (hidden int, open, due any) {
	if v.State == bulkcheck.Deleted {
		hidden = 1
	}
	if v.State.Open() {
		open = 1
	}
	if at := v.Due(); !at.IsZero() {
		due = millis(at)
	}
	return hidden, open, due
}

// CheckJob implements bulkcheck.Store.
func (s *Store) CheckJob(ctx context.Context, id string) (bulkcheck.Job, error) {
	v, _, err := s.checkJob(ctx, id)
	return v, err
}

func (s *Store) checkJob(ctx context.Context, id string) (bulkcheck.Job, int64, error) {
	v, rev, err := document[bulkcheck.Job](s.query(ctx, `SELECT rev, doc FROM check_jobs WHERE id = ?`, id))
	if err != nil {
		return v, 0, fmt.Errorf("read job %s: %w", id, err)
	}
	return v, rev, nil
}

// CheckJobsOf implements bulkcheck.Store. Ids are UUIDv7, so that the order of
// ids is the order of time.
func (s *Store) CheckJobsOf(ctx context.Context, body organisation.Number, after string, limit int) ([]bulkcheck.Job, error) {
	q := s.query(ctx, `SELECT doc FROM check_jobs WHERE body = ? AND hidden = 0 AND id < ? ORDER BY id DESC LIMIT ?`, string(body), after, max(limit, 0))
	if after == "" {
		q = s.query(ctx, `SELECT doc FROM check_jobs WHERE body = ? AND hidden = 0 ORDER BY id DESC LIMIT ?`, string(body), max(limit, 0))
	}
	all, err := documents[bulkcheck.Job](q)
	if err != nil {
		return nil, fmt.Errorf("list jobs of %s: %w", body, err)
	}
	return all, nil
}

// OpenCheckJobs implements bulkcheck.Store.
func (s *Store) OpenCheckJobs(ctx context.Context, limit int) ([]bulkcheck.Job, error) {
	all, err := documents[bulkcheck.Job](s.query(ctx, `SELECT doc FROM check_jobs WHERE open = 1 ORDER BY id LIMIT ?`, max(limit, 0)))
	if err != nil {
		return nil, fmt.Errorf("list open jobs: %w", err)
	}
	return all, nil
}

// DueCheckJobs implements bulkcheck.Store.
func (s *Store) DueCheckJobs(ctx context.Context, t time.Time, limit int) ([]bulkcheck.Job, error) {
	all, err := documents[bulkcheck.Job](s.query(ctx, `SELECT doc FROM check_jobs WHERE due <= ? ORDER BY due, id LIMIT ?`, millis(t), max(limit, 0)))
	if err != nil {
		return nil, fmt.Errorf("list due jobs: %w", err)
	}
	return all, nil
}

// UpdateCheckJob implements bulkcheck.Store.
func (s *Store) UpdateCheckJob(ctx context.Context, id string, change func(bulkcheck.Job) (bulkcheck.Job, error)) (bulkcheck.Job, error) {
	return storage.Update(ctx,
		func(ctx context.Context) (bulkcheck.Job, int64, error) { return s.checkJob(ctx, id) },
		change,
		func(ctx context.Context, _, v bulkcheck.Job, rev int64) (bulkcheck.Job, error) {
			v.Rev = rev + 1
			doc, err := encodeSame(v, v.ID == id)
			if err == nil {
				hidden, open, due := checkColumns(v)
				err = s.swap(ctx, `UPDATE check_jobs SET rev = rev + 1, body = ?, hidden = ?, open = ?, due = ?, doc = ? WHERE id = ? AND rev = ?`,
					string(v.Body), hidden, open, due, string(doc), id, rev)
			}
			return stored[bulkcheck.Job](doc, err, "job", id)
		})
}

// RemoveCheckJob implements bulkcheck.Store.
func (s *Store) RemoveCheckJob(ctx context.Context, id string) error {
	if err := s.exec(ctx, `DELETE FROM check_jobs WHERE id = ?`, id); err != nil {
		return fmt.Errorf("remove job %s: %w", id, err)
	}
	return nil
}

// The files of jobs stand in a folder of their own, named as the job names
// them. Unlike evidence, equal bytes are not kept once: each job's go when it
// goes. Backups leave them out, since they are kept for some days only.

// checkFile is the path of a file; ok is false unless the name is one, so that
// nothing else ever becomes part of a path.
func (s *Store) checkFile(name string) (path string, ok bool) {
	if !bulkcheck.ValidFileName(name) {
		return "", false
	}
	return filepath.Join(s.dir, "checks", name), true
}

// PutCheckFile implements bulkcheck.Store. The file gets its name only when it
// is whole and on disk.
func (s *Store) PutCheckFile(ctx context.Context, name string, r io.Reader) (int64, error) {
	size, err := s.putCheckFile(ctx, name, r)
	if err != nil {
		return 0, fmt.Errorf("store file %q: %w", name, err)
	}
	return size, nil
}

func (s *Store) putCheckFile(ctx context.Context, name string, r io.Reader) (size int64, err error) {
	path, ok := s.checkFile(name)
	if !ok {
		return 0, bulkcheck.ErrFileName
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return 0, err
	}
	// What a crash leaves here is cleared with the rest of the folder.
	f, err := os.CreateTemp(s.blobs.tmp(), "put-*") // mode 0600
	if err != nil {
		return 0, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, f.Close(), ignoreMissing(os.Remove(f.Name())))
		}
	}()
	if size, err = io.Copy(f, storage.Reader(ctx, r)); err != nil {
		return 0, err
	}
	if err := f.Sync(); err != nil {
		return 0, err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return 0, err
	}
	if err := errors.Join(syncDir(filepath.Dir(path)), syncDir(s.dir)); err != nil {
		return 0, err
	}
	return size, f.Close()
}

// OpenCheckFile implements bulkcheck.Store.
func (s *Store) OpenCheckFile(ctx context.Context, name string) (io.ReadCloser, int64, error) {
	f, size, err := s.openCheckFile(ctx, name)
	if err != nil {
		return nil, 0, fmt.Errorf("open file %q: %w", name, err)
	}
	return f, size, nil
}

func (s *Store) openCheckFile(ctx context.Context, name string) (*os.File, int64, error) {
	if err := ctx.Err(); err != nil {
		return nil, 0, err
	}
	path, ok := s.checkFile(name)
	if !ok {
		return nil, 0, problem.ErrNotFound
	}
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, 0, problem.ErrNotFound
	}
	if err != nil {
		return nil, 0, err
	}
	info, err := f.Stat()
	if err != nil {
		return nil, 0, errors.Join(err, f.Close())
	}
	return f, info.Size(), nil
}

// RemoveCheckFile implements bulkcheck.Store.
func (s *Store) RemoveCheckFile(ctx context.Context, name string) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("remove file %q: %w", name, err)
	}
	path, ok := s.checkFile(name)
	if !ok {
		return nil
	}
	if err := removeAll(filepath.Dir(path), []string{filepath.Base(path)}); err != nil {
		return fmt.Errorf("remove file %q: %w", name, err)
	}
	return nil
}
