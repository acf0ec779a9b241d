package sqlite

import (
	"context"
	"errors"
	"fmt"

	"felleskrav/internal/catalogue"
	"felleskrav/internal/problem"
	"felleskrav/internal/storage"
)

// InsertDraft implements catalogue.Store.
func (s *Store) InsertDraft(ctx context.Context, v catalogue.Draft) error {
	v.Rev = 1
	doc, err := storage.Encode(v)
	summary, sumErr := storage.Encode(v.Summary())
	if err = errors.Join(err, sumErr); err == nil {
		err = s.exec(ctx, `INSERT INTO drafts (id, rev, summary, doc) VALUES (?, 1, ?, ?)`, v.ID, string(summary), string(doc))
	}
	if err != nil {
		return fmt.Errorf("insert draft %s: %w", v.ID, err)
	}
	return nil
}

// Draft implements catalogue.Store.
func (s *Store) Draft(ctx context.Context, id string) (catalogue.Draft, error) {
	v, _, err := s.draft(ctx, id)
	return v, err
}

func (s *Store) draft(ctx context.Context, id string) (catalogue.Draft, int64, error) {
	v, rev, err := document[catalogue.Draft](s.query(ctx, `SELECT rev, doc FROM drafts WHERE id = ?`, id))
	if err != nil {
		return v, 0, fmt.Errorf("read draft %s: %w", id, err)
	}
	return v, rev, nil
}

// Drafts implements catalogue.Store. Ids are UUIDv7, so that the order of ids
// is the order of time.
func (s *Store) Drafts(ctx context.Context, after string, limit int) ([]catalogue.Draft, error) {
	q := s.query(ctx, `SELECT summary FROM drafts WHERE id < ? ORDER BY id DESC LIMIT ?`, after, max(limit, 0))
	if after == "" {
		q = s.query(ctx, `SELECT summary FROM drafts WHERE id > '' ORDER BY id DESC LIMIT ?`, max(limit, 0))
	}
	all, err := documents[catalogue.Draft](q)
	if err != nil {
		return nil, fmt.Errorf("list drafts: %w", err)
	}
	return all, nil
}

// UpdateDraft implements catalogue.Store.
func (s *Store) UpdateDraft(ctx context.Context, id string, change func(catalogue.Draft) (catalogue.Draft, error)) (catalogue.Draft, error) {
	return storage.Update(ctx,
		func(ctx context.Context) (catalogue.Draft, int64, error) { return s.draft(ctx, id) },
		change,
		func(ctx context.Context, _, v catalogue.Draft, rev int64) (catalogue.Draft, error) {
			v.Rev = rev + 1
			doc, err := encodeSame(v, v.ID == id)
			summary, sumErr := storage.Encode(v.Summary())
			if err = errors.Join(err, sumErr); err == nil {
				err = s.swap(ctx, `UPDATE drafts SET rev = rev + 1, summary = ?, doc = ? WHERE id = ? AND rev = ?`, string(summary), string(doc), id, rev)
			}
			return stored[catalogue.Draft](doc, err, "draft", id)
		})
}

// publishedID is the id of the one row of published_content.
const publishedID = "content"

// PublishedContent implements catalogue.Store.
func (s *Store) PublishedContent(ctx context.Context) (catalogue.PublishedContent, error) {
	v, _, err := s.publishedContent(ctx)
	return v, err
}

func (s *Store) publishedContent(ctx context.Context) (catalogue.PublishedContent, int64, error) {
	v, rev, err := document[catalogue.PublishedContent](s.query(ctx, `SELECT rev, doc FROM published_content WHERE id = ?`, publishedID))
	if errors.Is(err, problem.ErrNotFound) {
		return catalogue.PublishedContent{}, 0, nil
	}
	if err != nil {
		return v, 0, fmt.Errorf("read published content: %w", err)
	}
	return v, rev, nil
}

// PublishedRevision implements catalogue.Store.
func (s *Store) PublishedRevision(ctx context.Context) (int64, error) {
	var rev int64
	err := s.query(ctx, `SELECT rev FROM published_content WHERE id = ?`, publishedID).row(&rev)
	if err != nil && !errors.Is(err, problem.ErrNotFound) {
		return 0, fmt.Errorf("read revision of published content: %w", err)
	}
	return rev, nil
}

// UpdatePublishedContent implements catalogue.Store.
func (s *Store) UpdatePublishedContent(ctx context.Context, change func(catalogue.PublishedContent) (catalogue.PublishedContent, error)) (catalogue.PublishedContent, error) {
	return storage.Update(ctx, s.publishedContent, change,
		func(ctx context.Context, _, v catalogue.PublishedContent, rev int64) (catalogue.PublishedContent, error) {
			v.Rev = rev + 1
			doc, err := storage.Encode(v)
			switch {
			case err != nil:
			case rev == 0:
				err = s.exec(ctx, `INSERT INTO published_content (id, rev, doc) VALUES (?, 1, ?)`, publishedID, string(doc))
				if errors.Is(err, problem.ErrExists) {
					err = problem.ErrStale // somebody else made it
				}
			default:
				err = s.swap(ctx, `UPDATE published_content SET rev = rev + 1, doc = ? WHERE id = ? AND rev = ?`, string(doc), publishedID, rev)
			}
			return stored[catalogue.PublishedContent](doc, err, "published", publishedID)
		})
}

// InsertSetRelease implements catalogue.Store.
func (s *Store) InsertSetRelease(ctx context.Context, v catalogue.SetRelease) error {
	doc, err := storage.Encode(v)
	if err == nil {
		err = s.exec(ctx, `INSERT INTO set_releases (set_id, version, doc) VALUES (?, ?, ?)`, v.Set, v.Version, string(doc))
	}
	if err != nil {
		return fmt.Errorf("insert release %s@%s: %w", v.Set, v.Version, err)
	}
	return nil
}

// SetRelease implements catalogue.Store.
func (s *Store) SetRelease(ctx context.Context, set, version string) (catalogue.SetRelease, error) {
	v, _, err := document[catalogue.SetRelease](s.query(ctx, `SELECT 1, doc FROM set_releases WHERE set_id = ? AND version = ?`, set, version))
	if err != nil {
		return v, fmt.Errorf("read release %s@%s: %w", set, version, err)
	}
	return v, nil
}

// InsertReport implements catalogue.Store.
func (s *Store) InsertReport(ctx context.Context, v catalogue.Report) error {
	v.Rev = 1
	doc, err := storage.Encode(v)
	if err == nil {
		err = s.exec(ctx, `INSERT INTO reports (id, requirement, kind, resolved, rev, doc) VALUES (?, ?, ?, ?, 1, ?)`,
			v.ID, v.Requirement, string(v.Kind), v.Resolved != nil, string(doc))
	}
	if err != nil {
		return fmt.Errorf("insert report %s: %w", v.ID, err)
	}
	return nil
}

// Report implements catalogue.Store.
func (s *Store) Report(ctx context.Context, id string) (catalogue.Report, error) {
	v, _, err := s.requirementReport(ctx, id)
	return v, err
}

func (s *Store) requirementReport(ctx context.Context, id string) (catalogue.Report, int64, error) {
	v, rev, err := document[catalogue.Report](s.query(ctx, `SELECT rev, doc FROM reports WHERE id = ?`, id))
	if err != nil {
		return v, 0, fmt.Errorf("read report %s: %w", id, err)
	}
	return v, rev, nil
}

// ReportsOn implements catalogue.Store.
func (s *Store) ReportsOn(ctx context.Context, requirement, after string, limit int) ([]catalogue.Report, error) {
	q := s.query(ctx, `SELECT doc FROM reports WHERE requirement = ? AND id < ? ORDER BY id DESC LIMIT ?`, requirement, after, max(limit, 0))
	if after == "" {
		q = s.query(ctx, `SELECT doc FROM reports WHERE requirement = ? ORDER BY id DESC LIMIT ?`, requirement, max(limit, 0))
	}
	all, err := documents[catalogue.Report](q)
	if err != nil {
		return nil, fmt.Errorf("list reports on %s: %w", requirement, err)
	}
	return all, nil
}

// OpenReports implements catalogue.Store.
func (s *Store) OpenReports(ctx context.Context, after string, limit int) ([]catalogue.Report, error) {
	all, err := documents[catalogue.Report](s.query(ctx, `SELECT doc FROM reports WHERE resolved = 0 AND id > ? ORDER BY id LIMIT ?`, after, max(limit, 0)))
	if err != nil {
		return nil, fmt.Errorf("list open reports: %w", err)
	}
	return all, nil
}

// CountReports implements catalogue.Store.
func (s *Store) CountReports(ctx context.Context, requirement string) (catalogue.ReportCounts, error) {
	c := catalogue.ReportCounts{Open: map[catalogue.ReportKind]int{}, Resolved: map[catalogue.ReportKind]int{}}
	err := s.query(ctx, `SELECT resolved, kind, count(*) FROM reports WHERE requirement = ? GROUP BY resolved, kind`, requirement).
		each(func(scan func(...any) error) error {
			var (
				resolved bool
				kind     string
				n        int
			)
			if err := scan(&resolved, &kind, &n); err != nil {
				return err
			}
			if resolved {
				c.Resolved[catalogue.ReportKind(kind)] = n
			} else {
				c.Open[catalogue.ReportKind(kind)] = n
			}
			return nil
		})
	if err != nil {
		return catalogue.ReportCounts{}, fmt.Errorf("count reports on %s: %w", requirement, err)
	}
	return c, nil
}

// UpdateReport implements catalogue.Store.
func (s *Store) UpdateReport(ctx context.Context, id string, change func(catalogue.Report) (catalogue.Report, error)) (catalogue.Report, error) {
	return storage.Update(ctx,
		func(ctx context.Context) (catalogue.Report, int64, error) { return s.requirementReport(ctx, id) },
		change,
		func(ctx context.Context, _, v catalogue.Report, rev int64) (catalogue.Report, error) {
			v.Rev = rev + 1
			doc, err := encodeSame(v, v.ID == id)
			if err == nil {
				err = s.swap(ctx, `UPDATE reports SET rev = rev + 1, requirement = ?, kind = ?, resolved = ?, doc = ? WHERE id = ? AND rev = ?`,
					v.Requirement, string(v.Kind), v.Resolved != nil, string(doc), id, rev)
			}
			return stored[catalogue.Report](doc, err, "report", id)
		})
}
