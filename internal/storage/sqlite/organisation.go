package sqlite

import (
	"context"
	"fmt"

	"felleskrav/internal/organisation"
	"felleskrav/internal/storage"
)

// InsertToken implements organisation.Store.
func (s *Store) InsertToken(ctx context.Context, v organisation.Token) error {
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
	v, _, err := document[organisation.Token](s.query(ctx, `SELECT rev, doc FROM tokens WHERE hash = ?`, hash))
	if err != nil {
		return v, fmt.Errorf("read token: %w", err)
	}
	return v, nil
}
