package sqlite

import (
	"context"
	"fmt"
	"time"

	"felleskrav/internal/bulkcheck"
	"felleskrav/internal/organisation"
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
