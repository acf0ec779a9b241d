package mongo

import (
	"context"
	"fmt"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"felleskrav/internal/organisation"
	"felleskrav/internal/storage"
	"felleskrav/internal/supplier"
)

func supplierDoc(v supplier.Supplier, doc []byte) bson.D {
	d := bson.D{{Key: "_id", Value: string(v.Number)}, {Key: "rev", Value: v.Rev}, {Key: "name", Value: storage.Fold(v.Name)}, {Key: "grams", Value: supplierGrams(string(v.Number), storage.Fold(v.Name))}, {Key: "doc", Value: string(doc)}}
	if v.Body { // suppliers do without, as those do that were stored before there were bodies
		d = append(d, bson.E{Key: "body", Value: true})
	}
	return d
}

// InsertSupplier implements supplier.Store.
func (s *Store) InsertSupplier(ctx context.Context, v supplier.Supplier) error {
	v.Rev = 1
	doc, err := storage.Encode(v)
	if err == nil {
		err = insert(ctx, s.suppliers, supplierDoc(v, doc))
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
	v, rev, err := document[supplier.Supplier](ctx, s.suppliers, byID(string(number)))
	if err != nil {
		return v, 0, fmt.Errorf("read supplier %s: %w", number, err)
	}
	return v, rev, nil
}

func byID(id string) bson.D { return bson.D{{Key: "_id", Value: id}} }

// SuppliersByNumber implements supplier.Store. They come ordered by number.
func (s *Store) SuppliersByNumber(ctx context.Context, numbers []organisation.Number) ([]supplier.Supplier, error) {
	all, err := in[supplier.Supplier](ctx, s.suppliers, "_id", numbers, up("_id"))
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
		func(ctx context.Context, _, v supplier.Supplier, rev int64) (supplier.Supplier, error) {
			v.Rev = rev + 1
			doc, err := encodeSame(v, v.Number == number)
			if err == nil {
				err = swap(ctx, s.suppliers, string(number), rev, supplierDoc(v, doc))
			}
			return stored[supplier.Supplier](doc, err, "supplier", string(number))
		})
}

func offeringDoc(v supplier.Offering, doc []byte) bson.D {
	return bson.D{{Key: "_id", Value: v.ID}, {Key: "rev", Value: v.Rev}, {Key: "supplier", Value: string(v.Supplier)}, {Key: "name", Value: storage.Fold(v.Name)}, {Key: "grams", Value: gramsOf(storage.Fold(v.Name))}, {Key: "doc", Value: string(doc)}}
}

// InsertOffering implements supplier.Store.
func (s *Store) InsertOffering(ctx context.Context, v supplier.Offering) error {
	v.Rev = 1
	doc, err := storage.Encode(v)
	if err == nil {
		err = insert(ctx, s.offerings, offeringDoc(v, doc))
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
	v, rev, err := document[supplier.Offering](ctx, s.offerings, byID(id))
	if err != nil {
		return v, 0, fmt.Errorf("read offering %s: %w", id, err)
	}
	return v, rev, nil
}

// OfferingsByID implements supplier.Store. They come ordered by id.
func (s *Store) OfferingsByID(ctx context.Context, ids []string) ([]supplier.Offering, error) {
	all, err := in[supplier.Offering](ctx, s.offerings, "_id", ids, up("_id"))
	if err != nil {
		return nil, fmt.Errorf("read offerings: %w", err)
	}
	return all, nil
}

// OfferingsOf implements supplier.Store.
func (s *Store) OfferingsOf(ctx context.Context, numbers []organisation.Number) ([]supplier.Offering, error) {
	all, err := in[supplier.Offering](ctx, s.offerings, "supplier", numbers, up("supplier", "_id"))
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
		func(ctx context.Context, _, v supplier.Offering, rev int64) (supplier.Offering, error) {
			v.Rev = rev + 1
			doc, err := encodeSame(v, v.ID == id)
			if err == nil {
				err = swap(ctx, s.offerings, id, rev, offeringDoc(v, doc))
			}
			return stored[supplier.Offering](doc, err, "offering", id)
		})
}

// InsertChallenge implements supplier.Store.
func (s *Store) InsertChallenge(ctx context.Context, v supplier.Challenge) error {
	doc, err := storage.Encode(v)
	if err == nil {
		err = insert(ctx, s.challenges, bson.D{{Key: "_id", Value: v.ID}, {Key: "expires", Value: storage.Time(v.ExpiresAt)}, {Key: "doc", Value: string(doc)}})
	}
	if err != nil {
		return fmt.Errorf("insert challenge %s: %w", v.ID, err)
	}
	return nil
}

// TakeChallenge implements supplier.Store.
func (s *Store) TakeChallenge(ctx context.Context, id string) (supplier.Challenge, error) {
	var d struct {
		Doc string `bson:"doc"`
	}
	var v supplier.Challenge
	err := translate(ctx, s.challenges.FindOneAndDelete(ctx, byID(id)).Decode(&d))
	if err == nil {
		v, err = storage.Decode[supplier.Challenge]([]byte(d.Doc))
	}
	if err != nil {
		return v, fmt.Errorf("take challenge %s: %w", id, err)
	}
	return v, nil
}

// DropChallenges implements supplier.Store.
func (s *Store) DropChallenges(ctx context.Context, t time.Time) error {
	if _, err := s.challenges.DeleteMany(ctx, bson.D{{Key: "expires", Value: bson.D{{Key: "$lt", Value: storage.Time(t)}}}}); err != nil {
		return fmt.Errorf("drop challenges: %w", translate(ctx, err))
	}
	return nil
}
