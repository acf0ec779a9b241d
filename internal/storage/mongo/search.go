package mongo

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"felleskrav/internal/organisation"
	"felleskrav/internal/storage"
	"felleskrav/internal/supplier"
)

// A search for suppliers first looks through the next documents in order, where it finds
// enough of what is common. What is rarer it asks an index of grams for
// (storage.Grams, those of three letters), which knows no order: all that may be
// hits are read and sorted. Fewer letters than three have no gram here: the
// search goes on through all names.
const (
	gramLetters = 3
	// askedGrams is how many grams of a text are asked for at most: each costs, and
	// few are enough to leave little to look at.
	askedGrams = 4
	// firstLook is how many documents are looked through before the index is asked.
	firstLook = 2000
)

// gramsOf gives the grams of folded texts. Nobody can look for a zero byte.
func gramsOf(texts ...string) []string {
	all := []string{}
	for text := range strings.SplitSeq(strings.Join(texts, "\x00"), "\x00") {
		for _, g := range storage.Grams(text) {
			if utf8.RuneCountInString(g) == gramLetters {
				all = append(all, g)
			}
		}
	}
	return storage.Unique(all)
}

func supplierGrams(number, name string) []string { return gramsOf(name, strings.ToLower(number)) }

// mayHold is the condition that a document may hold a text; ok is false when
// that cannot be asked for.
func mayHold(text string) (grams bson.E, ok bool) {
	if utf8.RuneCountInString(text) < gramLetters {
		return bson.E{}, false
	}
	return bson.E{Key: "grams", Value: bson.D{{Key: "$all", Value: storage.GramsOf(text, askedGrams)}}}, true
}

// found reads what an aggregation gives.
func found[T any](ctx context.Context, c *mongo.Collection, pipeline bson.A) ([]T, error) {
	var all []T
	cur, err := c.Aggregate(ctx, pipeline)
	if err == nil {
		err = cur.All(ctx, &all)
	}
	return all, translate(ctx, err)
}

// stage is a step of an aggregation.
func stage(name string, v any) bson.D { return bson.D{{Key: name, Value: v}} }

// beyond is the condition that a key comes after another.
func beyond[T ~string](field string, after T) bson.E {
	return bson.E{Key: field, Value: bson.D{{Key: "$gt", Value: string(after)}}}
}

// SearchSuppliers implements supplier.Store.
func (s *Store) SearchSuppliers(ctx context.Context, query string, after organisation.Number, limit int) ([]supplier.Supplier, error) {
	folded, ok := storage.Query(query)
	if !ok || limit < 1 {
		return []supplier.Supplier{}, ctx.Err()
	}
	all, err := s.searchSuppliers(ctx, folded, after, limit)
	if err != nil {
		return nil, fmt.Errorf("search suppliers: %w", err)
	}
	return all, nil
}

// SuppliersAfter implements supplier.Store.
func (s *Store) SuppliersAfter(ctx context.Context, after organisation.Number, limit int) ([]supplier.Supplier, error) {
	all, err := documents[supplier.Supplier](ctx, s.suppliers, bson.D{beyond("_id", after)}, up("_id"), max(limit, 0))
	if err != nil {
		return nil, fmt.Errorf("list suppliers: %w", err)
	}
	return all, nil
}

func (s *Store) searchSuppliers(ctx context.Context, folded string, after organisation.Number, limit int) ([]supplier.Supplier, error) {
	offers := bson.E{Key: "body", Value: bson.D{{Key: "$ne", Value: true}}}
	if folded == "" {
		return documents[supplier.Supplier](ctx, s.suppliers, bson.D{beyond("_id", after), offers}, up("_id"), limit)
	}
	pattern := bson.Regex{Pattern: regexp.QuoteMeta(folded)}
	hit := bson.E{Key: "$or", Value: bson.A{
		bson.D{{Key: "name", Value: pattern}, offers}, bson.D{{Key: "_id", Value: bson.Regex{Pattern: pattern.Pattern, Options: "i"}}, offers},
		byID(folded), byID(strings.ToUpper(folded)), // foreign identifiers are in capitals
	}}
	filter := bson.D{beyond("_id", after), hit}
	if grams, ok := mayHold(folded); ok {
		first, err := found[struct {
			Doc string `bson:"doc"`
		}](ctx, s.suppliers, bson.A{
			stage("$match", bson.D{beyond("_id", after)}), stage("$sort", up("_id")), stage("$limit", firstLook),
			stage("$match", bson.D{hit}), stage("$limit", int64(limit)), stage("$project", bson.D{{Key: "doc", Value: 1}}),
		})
		if err != nil {
			return nil, err
		}
		if len(first) == limit {
			var all storage.Decoder[supplier.Supplier]
			for _, d := range first {
				all.Add([]byte(d.Doc))
			}
			return all.Values()
		}
		filter = append(bson.D{grams}, filter...)
	}
	return documents[supplier.Supplier](ctx, s.suppliers, filter, up("_id"), limit)
}

// SuppliersLike implements supplier.Store.
func (s *Store) SuppliersLike(ctx context.Context, words []supplier.Pieces, limit int) ([]supplier.Named, error) {
	args, ok := storage.PieceArgs(words)
	out := []supplier.Named{}
	if !ok || limit < 1 {
		return out, ctx.Err()
	}
	all := bson.A{bson.D{{Key: "body", Value: bson.D{{Key: "$ne", Value: true}}}}}
	for _, pieces := range storage.Unique(args[:]) {
		a, okA := mayHold(pieces[0])
		b, okB := mayHold(pieces[1])
		if okA && okB {
			all = slices.Insert(all, 0, any(bson.D{{Key: "$or", Value: bson.A{bson.D{a}, bson.D{b}}}}))
		}
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
	if !ok || limit < 1 {
		return []organisation.Number{}, ctx.Err()
	}
	type row struct {
		Supplier organisation.Number `bson:"_id"`
	}
	hit := bson.E{Key: "name", Value: bson.Regex{Pattern: regexp.QuoteMeta(folded)}}
	filter := bson.D{beyond("supplier", after), hit}
	// There is no first look here: not every database gives offerings in the order
	// of suppliers without sorting them all.
	if grams, ok := mayHold(folded); ok {
		filter = append(bson.D{grams}, filter...)
	}
	rows, err := found[row](ctx, s.offerings, bson.A{
		stage("$match", filter), stage("$group", bson.D{{Key: "_id", Value: "$supplier"}}), stage("$sort", up("_id")), stage("$limit", int64(limit)),
	})
	if err != nil {
		return nil, fmt.Errorf("search offerings: %w", err)
	}
	out := make([]organisation.Number, len(rows))
	for i, r := range rows {
		out[i] = r.Supplier
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

// gramNames writes the grams of each supplier and offering beside its document,
// where older versions did not.
func gramNames(ctx context.Context, s *Store) error {
	for _, c := range []struct {
		in    *mongo.Collection
		grams func(id, name string) []string
	}{
		{s.suppliers, supplierGrams},
		{s.offerings, func(_, name string) []string { return gramsOf(name) }},
	} {
		without := bson.E{Key: "grams", Value: bson.D{{Key: "$exists", Value: false}}}
		var updates []mongo.WriteModel
		write := func() error {
			if len(updates) == 0 {
				return nil
			}
			_, err := c.in.BulkWrite(ctx, updates)
			updates = nil
			if err != nil {
				return fmt.Errorf("set grams in %s: %w", c.in.Name(), translate(ctx, err))
			}
			return nil
		}
		err := each(ctx, c.in, bson.D{without}, options.Find().SetProjection(bson.D{{Key: "name", Value: 1}}), func(d bson.Raw) error {
			id, name := d.Lookup("_id").StringValue(), d.Lookup("name").StringValue()
			// Whoever changes the name meanwhile writes the grams as well.
			updates = append(updates, mongo.NewUpdateOneModel().SetFilter(append(byID(id), without)).
				SetUpdate(stage("$set", bson.D{{Key: "grams", Value: c.grams(id, name)}})))
			if len(updates) < chunk {
				return nil
			}
			return write()
		})
		if err == nil {
			err = write()
		}
		if err != nil {
			return err
		}
	}
	return nil
}
