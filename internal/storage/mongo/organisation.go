package mongo

import (
	"context"
	"fmt"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"felleskrav/internal/organisation"
	"felleskrav/internal/storage"
)

// InsertToken implements organisation.Store.
func (s *Store) InsertToken(ctx context.Context, v organisation.Token) error {
	v.Rev = 1
	doc, err := storage.Encode(v)
	if err == nil {
		err = insert(ctx, s.tokens, tokenDoc(v, doc))
	}
	if err != nil {
		return fmt.Errorf("insert token %s: %w", v.ID, err)
	}
	return nil
}

// tokenDoc is the whole document. The hash is what every request asks for.
func tokenDoc(v organisation.Token, doc []byte) bson.D {
	return bson.D{{Key: "_id", Value: v.Hash}, {Key: "rev", Value: v.Rev}, {Key: "id", Value: v.ID}, {Key: "org", Value: string(v.Org)}, {Key: "doc", Value: string(doc)}}
}

// ownTokens writes the organisation of each token beside its document, where
// older versions did not.
func ownTokens(ctx context.Context, s *Store) error {
	unowned := bson.D{{Key: "org", Value: bson.D{{Key: "$exists", Value: false}}}}
	return each(ctx, s.tokens, unowned, options.Find().SetProjection(bson.D{{Key: "doc", Value: 1}}), func(d bson.Raw) error {
		v, err := storage.Decode[organisation.Token]([]byte(d.Lookup("doc").StringValue()))
		if err != nil {
			return err
		}
		set := bson.D{{Key: "$set", Value: bson.D{{Key: "org", Value: string(v.Org)}}}}
		if _, err := s.tokens.UpdateOne(ctx, byID(v.Hash), set); err != nil {
			return fmt.Errorf("set organisation of token %s: %w", v.ID, translate(ctx, err))
		}
		return nil
	})
}

// TokenByHash implements organisation.Store.
func (s *Store) TokenByHash(ctx context.Context, hash string) (organisation.Token, error) {
	v, rev, err := document[organisation.Token](ctx, s.tokens, byID(hash))
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
	v, rev, err := document[organisation.Token](ctx, s.tokens, bson.D{{Key: "id", Value: id}})
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
				err = swap(ctx, s.tokens, v.Hash, rev, tokenDoc(v, doc))
			}
			return stored[organisation.Token](doc, err, "token", id)
		})
}

// TokensOf implements organisation.Store.
func (s *Store) TokensOf(ctx context.Context, org organisation.Number, after string, limit int) ([]organisation.Token, error) {
	filter := bson.D{{Key: "org", Value: string(org)}}
	if after != "" {
		filter = append(filter, bson.E{Key: "id", Value: bson.D{{Key: "$lt", Value: after}}})
	}
	all, err := documents[organisation.Token](ctx, s.tokens, filter, down("id"), max(limit, 0))
	if err != nil {
		return nil, fmt.Errorf("list tokens of %s: %w", org, err)
	}
	return all, nil
}
