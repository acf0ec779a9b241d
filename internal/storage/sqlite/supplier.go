package sqlite

import (
	"context"
	"fmt"
	"time"

	"felleskrav/internal/organisation"
	"felleskrav/internal/storage"
	"felleskrav/internal/supplier"
)

// InsertSupplier implements supplier.Store.
func (s *Store) InsertSupplier(ctx context.Context, v supplier.Supplier) error {
	v.Rev = 1
	doc, err := storage.Encode(v)
	if err == nil {
		at := slot(v.Number)
		err = s.indexed(ctx, indexSuppliers, []int64{at}, func(t tx) error {
			_, err := t.exec(`INSERT INTO suppliers (number, slot, rev, name, body, doc) VALUES (?, ?, 1, ?, ?, ?)`,
				string(v.Number), at, storage.Fold(v.Name), v.Body, string(doc))
			return err
		})
	}
	if err != nil {
		return fmt.Errorf("insert supplier %s: %w", v.Number, err)
	}
	return nil
}

// Supplier implements supplier.Store.
func (s *Store) Supplier(ctx context.Context, number organisation.Number) (supplier.Supplier, error) {
	v, _, err := s.supplier(ctx, number)
	return v, err
}

func (s *Store) supplier(ctx context.Context, number organisation.Number) (supplier.Supplier, int64, error) {
	v, rev, err := document[supplier.Supplier](s.query(ctx, `SELECT rev, doc FROM suppliers WHERE number = ?`, string(number)))
	if err != nil {
		return v, 0, fmt.Errorf("read supplier %s: %w", number, err)
	}
	return v, rev, nil
}

// SuppliersByNumber implements supplier.Store. They come ordered by number.
func (s *Store) SuppliersByNumber(ctx context.Context, numbers []organisation.Number) ([]supplier.Supplier, error) {
	arg, err := list(numbers)
	if err != nil {
		return nil, err
	}
	all, err := documents[supplier.Supplier](s.query(ctx,
		`SELECT doc FROM suppliers WHERE number IN (SELECT value FROM json_each(?)) ORDER BY number`, arg))
	if err != nil {
		return nil, fmt.Errorf("read suppliers: %w", err)
	}
	return all, nil
}

// UpdateSupplier implements supplier.Store.
func (s *Store) UpdateSupplier(ctx context.Context, number organisation.Number, change func(supplier.Supplier) (supplier.Supplier, error)) (supplier.Supplier, error) {
	return storage.Update(ctx,
		func(ctx context.Context) (supplier.Supplier, int64, error) { return s.supplier(ctx, number) },
		change,
		func(ctx context.Context, old, v supplier.Supplier, rev int64) (supplier.Supplier, error) {
			v.Rev = rev + 1
			doc, err := encodeSame(v, v.Number == number)
			if err == nil {
				var touched []int64
				if v.Name != old.Name {
					touched = []int64{slot(number)}
				}
				err = s.indexed(ctx, indexSuppliers, touched, func(t tx) error {
					return t.swap(`UPDATE suppliers SET rev = rev + 1, name = ?, body = ?, doc = ? WHERE number = ? AND rev = ?`,
						storage.Fold(v.Name), v.Body, string(doc), string(number), rev)
				})
			}
			return stored[supplier.Supplier](doc, err, "supplier", string(number))
		})
}

// encodeSame encodes what an update is to store, provided that the update
// left the document's key alone.
func encodeSame[T any](v T, same bool) ([]byte, error) {
	if !same {
		return nil, storage.ErrIdentity
	}
	return storage.Encode(v)
}

// stored is the end of every update: what a read would now give.
func stored[T any](doc []byte, err error, what, id string) (T, error) {
	var v T
	if err == nil {
		v, err = storage.Decode[T](doc)
	}
	if err != nil {
		return v, fmt.Errorf("update %s %s: %w", what, id, err)
	}
	return v, nil
}

// InsertOffering implements supplier.Store.
func (s *Store) InsertOffering(ctx context.Context, v supplier.Offering) error {
	v.Rev = 1
	doc, err := storage.Encode(v)
	if err == nil {
		at := slot(v.Supplier)
		err = s.indexed(ctx, indexOfferings, []int64{at}, func(t tx) error {
			_, err := t.exec(`INSERT INTO offerings (id, supplier, slot, rev, name, doc) VALUES (?, ?, ?, 1, ?, ?)`,
				v.ID, string(v.Supplier), at, storage.Fold(v.Name), string(doc))
			return err
		})
	}
	if err != nil {
		return fmt.Errorf("insert offering %s: %w", v.ID, err)
	}
	return nil
}

// Offering implements supplier.Store.
func (s *Store) Offering(ctx context.Context, id string) (supplier.Offering, error) {
	v, _, err := s.offering(ctx, id)
	return v, err
}

func (s *Store) offering(ctx context.Context, id string) (supplier.Offering, int64, error) {
	v, rev, err := document[supplier.Offering](s.query(ctx, `SELECT rev, doc FROM offerings WHERE id = ?`, id))
	if err != nil {
		return v, 0, fmt.Errorf("read offering %s: %w", id, err)
	}
	return v, rev, nil
}

// OfferingsByID implements supplier.Store. They come ordered by id.
func (s *Store) OfferingsByID(ctx context.Context, ids []string) ([]supplier.Offering, error) {
	arg, err := list(ids)
	if err != nil {
		return nil, err
	}
	all, err := documents[supplier.Offering](s.query(ctx,
		`SELECT doc FROM offerings WHERE id IN (SELECT value FROM json_each(?)) ORDER BY id`, arg))
	if err != nil {
		return nil, fmt.Errorf("read offerings: %w", err)
	}
	return all, nil
}

// OfferingsOf implements supplier.Store.
func (s *Store) OfferingsOf(ctx context.Context, numbers []organisation.Number) ([]supplier.Offering, error) {
	arg, err := list(numbers)
	if err != nil {
		return nil, err
	}
	all, err := documents[supplier.Offering](s.query(ctx,
		`SELECT doc FROM offerings WHERE supplier IN (SELECT value FROM json_each(?)) ORDER BY supplier, id`, arg))
	if err != nil {
		return nil, fmt.Errorf("read offerings of suppliers: %w", err)
	}
	return all, nil
}

// UpdateOffering implements supplier.Store.
func (s *Store) UpdateOffering(ctx context.Context, id string, change func(supplier.Offering) (supplier.Offering, error)) (supplier.Offering, error) {
	return storage.Update(ctx,
		func(ctx context.Context) (supplier.Offering, int64, error) { return s.offering(ctx, id) },
		change,
		func(ctx context.Context, old, v supplier.Offering, rev int64) (supplier.Offering, error) {
			v.Rev = rev + 1
			doc, err := encodeSame(v, v.ID == id)
			if err == nil {
				var touched []int64
				if v.Name != old.Name || v.Supplier != old.Supplier {
					touched = storage.Unique([]int64{slot(v.Supplier), slot(old.Supplier)})
				}
				err = s.indexed(ctx, indexOfferings, touched, func(t tx) error {
					return t.swap(`UPDATE offerings SET rev = rev + 1, supplier = ?, slot = ?, name = ?, doc = ? WHERE id = ? AND rev = ?`,
						string(v.Supplier), slot(v.Supplier), storage.Fold(v.Name), string(doc), id, rev)
				})
			}
			return stored[supplier.Offering](doc, err, "offering", id)
		})
}

// InsertChallenge implements supplier.Store.
func (s *Store) InsertChallenge(ctx context.Context, v supplier.Challenge) error {
	doc, err := storage.Encode(v)
	if err == nil {
		err = s.exec(ctx, `INSERT INTO challenges (id, expires_at, doc) VALUES (?, ?, ?)`, v.ID, millis(v.ExpiresAt), string(doc))
	}
	if err != nil {
		return fmt.Errorf("insert challenge %s: %w", v.ID, err)
	}
	return nil
}

// TakeChallenge implements supplier.Store.
func (s *Store) TakeChallenge(ctx context.Context, id string) (supplier.Challenge, error) {
	var doc []byte
	err := s.writer.do(ctx, &write{run: func(t tx) error {
		return t.row(`DELETE FROM challenges WHERE id = ? RETURNING doc`, []any{id}, &doc)
	}})
	var v supplier.Challenge
	if err == nil {
		v, err = storage.Decode[supplier.Challenge](doc)
	}
	if err != nil {
		return v, fmt.Errorf("take challenge %s: %w", id, err)
	}
	return v, nil
}

// DropChallenges implements supplier.Store.
func (s *Store) DropChallenges(ctx context.Context, t time.Time) error {
	if err := s.exec(ctx, `DELETE FROM challenges WHERE expires_at < ?`, millis(t)); err != nil {
		return fmt.Errorf("drop challenges: %w", err)
	}
	return nil
}

// millis is how times stand in columns.
func millis(t time.Time) int64 { return storage.Time(t).UnixMilli() }
