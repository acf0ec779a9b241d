package sqlite

import (
	"context"
	"fmt"
	"time"

	"felleskrav/internal/organisation"
	"felleskrav/internal/procurement"
	"felleskrav/internal/storage"
)

// InsertProcurement implements procurement.Store.
func (s *Store) InsertProcurement(ctx context.Context, v procurement.Procurement) error {
	v.Rev = 1
	doc, err := storage.Encode(v)
	if err == nil {
		err = s.exec(ctx, `INSERT INTO procurements (id, agency, rev, doc) VALUES (?, ?, 1, ?)`, v.ID, string(v.Agency), string(doc))
	}
	if err != nil {
		return fmt.Errorf("insert procurement %s: %w", v.ID, err)
	}
	return nil
}

// Procurement implements procurement.Store.
func (s *Store) Procurement(ctx context.Context, id string) (procurement.Procurement, error) {
	v, _, err := s.procurement(ctx, id)
	return v, err
}

func (s *Store) procurement(ctx context.Context, id string) (procurement.Procurement, int64, error) {
	v, rev, err := document[procurement.Procurement](s.query(ctx, `SELECT rev, doc FROM procurements WHERE id = ?`, id))
	if err != nil {
		return v, 0, fmt.Errorf("read procurement %s: %w", id, err)
	}
	return v, rev, nil
}

// ProcurementsOf implements procurement.Store. Ids are UUIDv7, so that the
// order of ids is the order of time.
func (s *Store) ProcurementsOf(ctx context.Context, agency organisation.Number, after string, limit int) ([]procurement.Procurement, error) {
	q := s.query(ctx, `SELECT doc FROM procurements WHERE agency = ? AND id < ? ORDER BY id DESC LIMIT ?`, string(agency), after, max(limit, 0))
	if after == "" {
		q = s.query(ctx, `SELECT doc FROM procurements WHERE agency = ? ORDER BY id DESC LIMIT ?`, string(agency), max(limit, 0))
	}
	all, err := documents[procurement.Procurement](q)
	if err != nil {
		return nil, fmt.Errorf("list procurements of %s: %w", agency, err)
	}
	return all, nil
}

// UpdateProcurement implements procurement.Store.
func (s *Store) UpdateProcurement(ctx context.Context, id string, change func(procurement.Procurement) (procurement.Procurement, error)) (procurement.Procurement, error) {
	return storage.Update(ctx,
		func(ctx context.Context) (procurement.Procurement, int64, error) { return s.procurement(ctx, id) },
		change,
		func(ctx context.Context, _, v procurement.Procurement, rev int64) (procurement.Procurement, error) {
			v.Rev = rev + 1
			doc, err := encodeSame(v, v.ID == id)
			if err == nil {
				err = s.swap(ctx, `UPDATE procurements SET rev = rev + 1, agency = ?, doc = ? WHERE id = ? AND rev = ?`,
					string(v.Agency), string(doc), id, rev)
			}
			return stored[procurement.Procurement](doc, err, "procurement", id)
		})
}

// InsertResponse implements procurement.Store.
func (s *Store) InsertResponse(ctx context.Context, v procurement.Response) error {
	doc, err := storage.Encode(v)
	if err == nil {
		err = s.exec(ctx, `INSERT INTO responses (id, procurement, received_at, doc) VALUES (?, ?, ?, ?)`,
			v.ID, v.Procurement, millis(v.ReceivedAt), string(doc))
	}
	if err != nil {
		return fmt.Errorf("insert response %s: %w", v.ID, err)
	}
	return nil
}

// InsertIssuedWorkbook implements procurement.Store.
func (s *Store) InsertIssuedWorkbook(ctx context.Context, v procurement.IssuedWorkbook) error {
	doc, err := storage.Encode(v)
	if err == nil {
		err = s.exec(ctx, `INSERT INTO issued_workbooks (id, procurement, doc) VALUES (?, ?, ?)`, v.ID, v.Procurement, string(doc))
	}
	if err != nil {
		return fmt.Errorf("insert issued workbook %s: %w", v.ID, err)
	}
	return nil
}

// IssuedWorkbooks implements procurement.Store.
func (s *Store) IssuedWorkbooks(ctx context.Context, procurementID string, limit int) ([]procurement.IssuedWorkbook, error) {
	all, err := documents[procurement.IssuedWorkbook](s.query(ctx,
		`SELECT doc FROM issued_workbooks WHERE procurement = ? ORDER BY id DESC LIMIT ?`, procurementID, max(limit, 0)))
	if err != nil {
		return nil, fmt.Errorf("list issued workbooks of %s: %w", procurementID, err)
	}
	return all, nil
}

// LastReceived implements procurement.Store.
func (s *Store) LastReceived(ctx context.Context, procurements []string) (map[string]time.Time, error) {
	out := map[string]time.Time{}
	arg, err := list(procurements)
	if err != nil {
		return nil, fmt.Errorf("read when responses were received: %w", err)
	}
	err = s.query(ctx, `SELECT procurement, max(received_at) FROM responses
		WHERE procurement IN (SELECT value FROM json_each(?)) GROUP BY procurement`, arg).
		each(func(scan func(...any) error) error {
			var (
				id string
				at int64
			)
			if err := scan(&id, &at); err != nil {
				return err
			}
			out[id] = time.UnixMilli(at).UTC()
			return nil
		})
	if err != nil {
		return nil, fmt.Errorf("read when responses were received: %w", err)
	}
	return out, nil
}

// ResponsesTo implements procurement.Store.
func (s *Store) ResponsesTo(ctx context.Context, procurementID string) ([]procurement.Response, error) {
	all, err := documents[procurement.Response](s.query(ctx,
		`SELECT doc FROM responses WHERE procurement = ? ORDER BY received_at, id`, procurementID))
	if err != nil {
		return nil, fmt.Errorf("list responses to %s: %w", procurementID, err)
	}
	return all, nil
}
