package mongo

import (
	"context"
	"fmt"

	"go.mongodb.org/mongo-driver/v2/bson"

	"felleskrav/internal/organisation"
	"felleskrav/internal/storage"
)

// PutRegisterEntry implements registry.Store.
func (s *Store) PutRegisterEntry(ctx context.Context, v organisation.RegisterEntry) error {
	doc, err := storage.Encode(v)
	if err == nil {
		fetched := storage.Time(v.FetchedAt)
		replace := func() (bool, error) {
			r, err := s.registry.UpdateOne(ctx,
				bson.D{{Key: "_id", Value: string(v.Number)}, {Key: "fetched", Value: bson.D{{Key: "$lte", Value: fetched}}}},
				bson.D{{Key: "$set", Value: bson.D{{Key: "fetched", Value: fetched}, {Key: "doc", Value: string(doc)}}}, {Key: "$inc", Value: bson.D{{Key: "rev", Value: int64(1)}}}})
			if err != nil {
				return false, translate(ctx, err)
			}
			return r.MatchedCount > 0, nil
		}
		var done bool
		if done, err = replace(); err == nil && !done {
			err = insert(ctx, s.registry, bson.D{{Key: "_id", Value: string(v.Number)}, {Key: "rev", Value: int64(1)}, {Key: "fetched", Value: fetched}, {Key: "doc", Value: string(doc)}})
			if isExists(err) { // one that is newer, or somebody else was first
				_, err = replace()
			}
		}
	}
	if err != nil {
		return fmt.Errorf("put register entry %s: %w", v.Number, err)
	}
	return nil
}

// RegisterEntries implements registry.Store.
func (s *Store) RegisterEntries(ctx context.Context, numbers []organisation.Number) ([]organisation.RegisterEntry, error) {
	all, err := in[organisation.RegisterEntry](ctx, s.registry, "_id", numbers, up("_id"))
	if err != nil {
		return nil, fmt.Errorf("read register entries: %w", err)
	}
	return all, nil
}
