package sqlite

import (
	"context"
	"fmt"
	"time"

	"felleskrav/internal/organisation"
	"felleskrav/internal/ownbook"
	"felleskrav/internal/storage"
)

// InsertOwnWorkbook implements ownbook.Store.
func (s *Store) InsertOwnWorkbook(ctx context.Context, v ownbook.Workbook) error {
	v.Rev = 1
	doc, err := storage.Encode(v)
	if err == nil {
		err = s.exec(ctx, `INSERT INTO own_workbooks (id, procurement, due, rev, doc) VALUES (?, ?, ?, 1, ?)`,
			v.ID, v.Procurement, millis(v.KeepUntil), string(doc))
	}
	if err != nil {
		return fmt.Errorf("insert workbook %s: %w", v.ID, err)
	}
	return nil
}

// OwnWorkbook implements ownbook.Store.
func (s *Store) OwnWorkbook(ctx context.Context, id string) (ownbook.Workbook, error) {
	v, _, err := s.ownWorkbook(ctx, id)
	return v, err
}

func (s *Store) ownWorkbook(ctx context.Context, id string) (ownbook.Workbook, int64, error) {
	v, rev, err := document[ownbook.Workbook](s.query(ctx, `SELECT rev, doc FROM own_workbooks WHERE id = ?`, id))
	if err != nil {
		return v, 0, fmt.Errorf("read workbook %s: %w", id, err)
	}
	return v, rev, nil
}

// OwnWorkbooksOf implements ownbook.Store. Ids are UUIDv7, so that the order
// of ids is the order of time.
func (s *Store) OwnWorkbooksOf(ctx context.Context, procurement string, limit int) ([]ownbook.Workbook, error) {
	all, err := documents[ownbook.Workbook](s.query(ctx, `SELECT doc FROM own_workbooks WHERE procurement = ? ORDER BY id DESC LIMIT ?`, procurement, max(limit, 0)))
	if err != nil {
		return nil, fmt.Errorf("list workbooks of %s: %w", procurement, err)
	}
	return all, nil
}

// DueOwnWorkbooks implements ownbook.Store.
func (s *Store) DueOwnWorkbooks(ctx context.Context, t time.Time, limit int) ([]ownbook.Workbook, error) {
	all, err := documents[ownbook.Workbook](s.query(ctx, `SELECT doc FROM own_workbooks WHERE due <= ? ORDER BY due, id LIMIT ?`, millis(t), max(limit, 0)))
	if err != nil {
		return nil, fmt.Errorf("list due workbooks: %w", err)
	}
	return all, nil
}

// UpdateOwnWorkbook implements ownbook.Store.
func (s *Store) UpdateOwnWorkbook(ctx context.Context, id string, change func(ownbook.Workbook) (ownbook.Workbook, error)) (ownbook.Workbook, error) {
	return storage.Update(ctx,
		func(ctx context.Context) (ownbook.Workbook, int64, error) { return s.ownWorkbook(ctx, id) },
		change,
		func(ctx context.Context, _, v ownbook.Workbook, rev int64) (ownbook.Workbook, error) {
			v.Rev = rev + 1
			doc, err := encodeSame(v, v.ID == id)
			if err == nil {
				err = s.swap(ctx, `UPDATE own_workbooks SET rev = rev + 1, procurement = ?, due = ?, doc = ? WHERE id = ? AND rev = ?`,
					v.Procurement, millis(v.KeepUntil), string(doc), id, rev)
			}
			return stored[ownbook.Workbook](doc, err, "workbook", id)
		})
}

// RemoveOwnWorkbook implements ownbook.Store.
func (s *Store) RemoveOwnWorkbook(ctx context.Context, id string) error {
	if err := s.exec(ctx, `DELETE FROM own_workbooks WHERE id = ?`, id); err != nil {
		return fmt.Errorf("remove workbook %s: %w", id, err)
	}
	return nil
}

// OwnMapping implements ownbook.Store.
func (s *Store) OwnMapping(ctx context.Context, body organisation.Number, template string) (ownbook.Mapping, error) {
	v, rev, err := document[ownbook.Mapping](s.query(ctx, `SELECT rev, doc FROM own_mappings WHERE body = ? AND template = ?`, string(body), template))
	if err != nil {
		return v, fmt.Errorf("read mapping of %s: %w", body, err)
	}
	v.Rev = rev
	return v, nil
}

// PutOwnMapping implements ownbook.Store.
func (s *Store) PutOwnMapping(ctx context.Context, v ownbook.Mapping) error {
	v.Rev = 0 // the row counts
	doc, err := storage.Encode(v)
	if err == nil {
		err = s.exec(ctx, `INSERT INTO own_mappings (body, template, rev, doc) VALUES (?, ?, 1, ?)
			ON CONFLICT (body, template) DO UPDATE SET rev = rev + 1, doc = excluded.doc`, string(v.Body), v.Template, string(doc))
	}
	if err != nil {
		return fmt.Errorf("put mapping of %s: %w", v.Body, err)
	}
	return nil
}
