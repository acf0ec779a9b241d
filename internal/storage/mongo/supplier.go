package mongo

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"felleskrav/internal/organisation"
	"felleskrav/internal/storage"
	"felleskrav/internal/supplier"
)

func supplierDoc(v supplier.Supplier, doc []byte) bson.D {
	d := bson.D{{Key: "_id", Value: string(v.Number)}, {Key: "rev", Value: v.Rev}, {Key: "name", Value: storage.Fold(v.Name)}, {Key: "doc", Value: string(doc)}}
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

// SearchSuppliers implements supplier.Store.
func (s *Store) SearchSuppliers(ctx context.Context, query string, after organisation.Number, limit int) ([]supplier.Supplier, error) {
	folded, ok := storage.Query(query)
	if !ok {
		limit = 0
	}
	filter := bson.D{{Key: "_id", Value: bson.D{{Key: "$gt", Value: string(after)}}}}
	offers := bson.E{Key: "body", Value: bson.D{{Key: "$ne", Value: true}}}
	if query == "" {
		filter = append(filter, offers)
	} else {
		pattern := bson.Regex{Pattern: regexp.QuoteMeta(folded)}
		filter = append(filter, bson.E{Key: "$or", Value: bson.A{
			bson.D{{Key: "name", Value: pattern}, offers}, bson.D{{Key: "_id", Value: bson.Regex{Pattern: pattern.Pattern, Options: "i"}}, offers},
			byID(folded), byID(strings.ToUpper(folded)), // foreign identifiers are in capitals
		}})
	}
	all, err := documents[supplier.Supplier](ctx, s.suppliers, filter, up("_id"), max(limit, 0))
	if err != nil {
		return nil, fmt.Errorf("search suppliers: %w", err)
	}
	return all, nil
}

// SuppliersLike implements supplier.Store.
func (s *Store) SuppliersLike(ctx context.Context, words []supplier.Pieces, limit int) ([]supplier.Named, error) {
	args, ok := storage.PieceArgs(words)
	out := []supplier.Named{}
	if !ok || limit < 1 {
		return out, ctx.Err()
	}
	all := bson.A{bson.D{{Key: "body", Value: bson.D{{Key: "$ne", Value: true}}}}}
	for _, pieces := range args {
		all = append(all, bson.D{{Key: "name", Value: bson.Regex{Pattern: regexp.QuoteMeta(pieces[0]) + "|" + regexp.QuoteMeta(pieces[1])}}})
	}
	o := options.Find().SetSort(up("_id")).SetLimit(int64(limit)).SetProjection(bson.D{{Key: "name", Value: 1}})
	err := each(ctx, s.suppliers, bson.D{{Key: "$and", Value: all}}, o, func(d bson.Raw) error {
		out = append(out, supplier.Named{Number: organisation.Number(d.Lookup("_id").StringValue()), Name: d.Lookup("name").StringValue()})
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("search suppliers: %w", err)
	}
	return out, nil
}

// SuppliersOffering implements supplier.Store.
func (s *Store) SuppliersOffering(ctx context.Context, query string, after organisation.Number, limit int) ([]organisation.Number, error) {
	folded, ok := storage.NameQuery(query)
	out := []organisation.Number{}
	if !ok || limit < 1 {
		return out, ctx.Err()
	}
	cur, err := s.offerings.Aggregate(ctx, bson.A{
		bson.D{{Key: "$match", Value: bson.D{{Key: "supplier", Value: bson.D{{Key: "$gt", Value: string(after)}}}, {Key: "name", Value: bson.Regex{Pattern: regexp.QuoteMeta(folded)}}}}},
		bson.D{{Key: "$group", Value: bson.D{{Key: "_id", Value: "$supplier"}}}},
		bson.D{{Key: "$sort", Value: up("_id")}},
		bson.D{{Key: "$limit", Value: int64(limit)}},
	})
	var found []struct {
		Supplier organisation.Number `bson:"_id"`
	}
	if err == nil {
		err = cur.All(ctx, &found)
	}
	if err != nil {
		return nil, fmt.Errorf("search offerings: %w", translate(ctx, err))
	}
	for _, f := range found {
		out = append(out, f.Supplier)
	}
	return out, nil
}

// nameOfferings writes the name of each offering beside its document, where
// older versions did not.
func nameOfferings(ctx context.Context, s *Store) error {
	unnamed := bson.D{{Key: "name", Value: bson.D{{Key: "$exists", Value: false}}}}
	return each(ctx, s.offerings, unnamed, options.Find().SetProjection(bson.D{{Key: "doc", Value: 1}}), func(d bson.Raw) error {
		v, err := storage.Decode[supplier.Offering]([]byte(d.Lookup("doc").StringValue()))
		if err != nil {
			return err
		}
		set := bson.D{{Key: "$set", Value: bson.D{{Key: "name", Value: storage.Fold(v.Name)}}}}
		if _, err := s.offerings.UpdateOne(ctx, append(byID(v.ID), unnamed...), set); err != nil {
			return fmt.Errorf("set name of offering %s: %w", v.ID, translate(ctx, err))
		}
		return nil
	})
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
	return bson.D{{Key: "_id", Value: v.ID}, {Key: "rev", Value: v.Rev}, {Key: "supplier", Value: string(v.Supplier)}, {Key: "name", Value: storage.Fold(v.Name)}, {Key: "doc", Value: string(doc)}}
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
