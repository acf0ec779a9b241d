package mongo

import (
	"context"
	"fmt"

	"go.mongodb.org/mongo-driver/v2/bson"

	"felleskrav/internal/organisation"
	"felleskrav/internal/storage"
)

// InsertToken implements organisation.Store.
func (s *Store) InsertToken(ctx context.Context, v organisation.Token) error {
	doc, err := storage.Encode(v)
	if err == nil {
		// The hash is what every request asks for.
		err = insert(ctx, s.tokens, bson.D{{Key: "_id", Value: v.Hash}, {Key: "rev", Value: int64(1)}, {Key: "id", Value: v.ID}, {Key: "doc", Value: string(doc)}})
	}
	if err != nil {
		return fmt.Errorf("insert token %s: %w", v.ID, err)
	}
	return nil
}

// TokenByHash implements organisation.Store.
func (s *Store) TokenByHash(ctx context.Context, hash string) (organisation.Token, error) {
	v, _, err := document[organisation.Token](ctx, s.tokens, byID(hash))
	if err != nil {
		return v, fmt.Errorf("read token: %w", err)
	}
	return v, nil
}
