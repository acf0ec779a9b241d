package sqlite

import (
	"context"

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
	v, rev, err := document[notify.List](s.query(ctx, `SELECT rev, doc FROM watch_lists WHERE org = ?`, string(org)))
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
			switch {
			case err != nil:
			case rev == 0:
				err = staleIfThere(s.exec(ctx, `INSERT INTO watch_lists (org, rev, doc) VALUES (?, 1, ?)`, string(org), string(doc)))
			default:
				err = s.swap(ctx, `UPDATE watch_lists SET rev = rev + 1, doc = ? WHERE org = ? AND rev = ?`, string(doc), string(org), rev)
			}
			return stored[notify.List](doc, err, "watch list", string(org))
		})
}
