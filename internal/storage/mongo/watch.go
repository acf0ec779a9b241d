package mongo

import (
	"context"

	"go.mongodb.org/mongo-driver/v2/bson"

	"felleskrav/internal/notify"
	"felleskrav/internal/organisation"
	"felleskrav/internal/storage"
)

// WatchList implements notify.Store.
func (s *Store) WatchList(ctx context.Context, org organisation.Number) (notify.List, error) {
	v, _, err := s.watchList(ctx, org)
	return v, err
}

func (s *Store) watchList(ctx context.Context, org organisation.Number) (notify.List, int64, error) {
	v, rev, err := document[notify.List](ctx, s.watchLists, byID(string(org)))
	return storage.OrNew(v, rev, err, notify.List{Org: org}, "watch list", string(org))
}

// UpdateWatchList implements notify.Store.
func (s *Store) UpdateWatchList(ctx context.Context, org organisation.Number, change func(notify.List) (notify.List, error)) (notify.List, error) {
	return storage.Update(ctx,
		func(ctx context.Context) (notify.List, int64, error) { return s.watchList(ctx, org) },
		change,
		func(ctx context.Context, _, v notify.List, rev int64) (notify.List, error) {
			v.Rev = rev + 1
			doc, err := encodeSame(v, v.Org == org)
			if err == nil {
				err = put(ctx, s.watchLists, string(org), rev, bson.D{{Key: "_id", Value: string(org)}, {Key: "rev", Value: v.Rev}, {Key: "doc", Value: string(doc)}})
			}
			return stored[notify.List](doc, err, "watch list", string(org))
		})
}
