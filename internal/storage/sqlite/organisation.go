package sqlite

import (
	"context"
	"fmt"

	"felleskrav/internal/organisation"
	"felleskrav/internal/storage"
)

// InsertToken implements organisation.Store.
func (s *Store) InsertToken(ctx context.Context, v organisation.Token) error {
	v.Rev = 1
	doc, err := storage.Encode(v)
	if err == nil {
		err = s.exec(ctx, `INSERT INTO tokens (id, hash, rev, doc) VALUES (?, ?, 1, ?)`, v.ID, v.Hash, string(doc))
	}
	if err != nil {
		return fmt.Errorf("insert token %s: %w", v.ID, err)
	}
	return nil
}

// TokenByHash implements organisation.Store.
func (s *Store) TokenByHash(ctx context.Context, hash string) (organisation.Token, error) {
	v, rev, err := document[organisation.Token](s.query(ctx, `SELECT rev, doc FROM tokens WHERE hash = ?`, hash))
	if err != nil {
		return v, fmt.Errorf("read token: %w", err)
	}
	v.Rev = rev // older documents do not hold it
	return v, nil
}

// Token implements organisation.Store.
func (s *Store) Token(ctx context.Context, id string) (organisation.Token, error) {
	v, _, err := s.token(ctx, id)
	return v, err
}

func (s *Store) token(ctx context.Context, id string) (organisation.Token, int64, error) {
	v, rev, err := document[organisation.Token](s.query(ctx, `SELECT rev, doc FROM tokens WHERE id = ?`, id))
	if err != nil {
		return v, 0, fmt.Errorf("read token %s: %w", id, err)
	}
	v.Rev = rev
	return v, rev, nil
}

// UpdateToken implements organisation.Store.
func (s *Store) UpdateToken(ctx context.Context, id string, change func(organisation.Token) (organisation.Token, error)) (organisation.Token, error) {
	return storage.Update(ctx,
		func(ctx context.Context) (organisation.Token, int64, error) { return s.token(ctx, id) },
		change,
		func(ctx context.Context, old, v organisation.Token, rev int64) (organisation.Token, error) {
			v.Rev = rev + 1
			doc, err := encodeSame(v, v.ID == id && v.Hash == old.Hash && v.Org == old.Org)
			if err == nil {
				err = s.swap(ctx, `UPDATE tokens SET rev = rev + 1, doc = ? WHERE id = ? AND rev = ?`, string(doc), id, rev)
			}
			return stored[organisation.Token](doc, err, "token", id)
		})
}

// TokensOf implements organisation.Store.
func (s *Store) TokensOf(ctx context.Context, org organisation.Number, after string, limit int) ([]organisation.Token, error) {
	q := s.query(ctx, `SELECT doc FROM tokens WHERE org = ? AND id < ? ORDER BY id DESC LIMIT ?`, string(org), after, max(limit, 0))
	if after == "" {
		q = s.query(ctx, `SELECT doc FROM tokens WHERE org = ? ORDER BY id DESC LIMIT ?`, string(org), max(limit, 0))
	}
	all, err := documents[organisation.Token](q)
	if err != nil {
		return nil, fmt.Errorf("list tokens of %s: %w", org, err)
	}
	return all, nil
}
