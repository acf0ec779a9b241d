package mongo

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/alexedwards/scs/v2"
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"felleskrav/internal/storage"
)

// sessions is the store in the shape scs wants.
type sessions struct{ s *Store }

// Sessions implements storage.Store.
func (s *Store) Sessions() scs.CtxStore { return sessions{s} }

// Find implements scs.Store.
func (v sessions) Find(token string) ([]byte, bool, error) {
	return v.FindCtx(context.Background(), token)
}

// Commit implements scs.Store.
func (v sessions) Commit(token string, b []byte, expiry time.Time) error {
	return v.CommitCtx(context.Background(), token, b, expiry)
}

// Delete implements scs.Store.
func (v sessions) Delete(token string) error { return v.DeleteCtx(context.Background(), token) }

// FindCtx implements scs.CtxStore.
func (v sessions) FindCtx(ctx context.Context, token string) ([]byte, bool, error) {
	var d struct {
		Data []byte `bson:"data"`
	}
	filter := append(byID(token), bson.E{Key: "expires", Value: bson.D{{Key: "$gt", Value: storage.Time(v.s.now())}}})
	err := v.s.sessions.FindOne(ctx, filter).Decode(&d)
	if errors.Is(err, mongo.ErrNoDocuments) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("find session: %w", translate(ctx, err))
	}
	return d.Data, true, nil
}

// CommitCtx implements scs.CtxStore.
func (v sessions) CommitCtx(ctx context.Context, token string, b []byte, expiry time.Time) error {
	doc := bson.D{{Key: "_id", Value: token}, {Key: "expires", Value: storage.Time(expiry)}, {Key: "data", Value: b}}
	for try := 1; ; try++ {
		_, err := v.s.sessions.ReplaceOne(ctx, byID(token), doc, options.Replace().SetUpsert(true))
		// Two upserts of a new token: the loser finds it the next time.
		if mongo.IsDuplicateKeyError(err) && try < deadlockTries {
			continue
		}
		if err != nil {
			return fmt.Errorf("commit session: %w", translate(ctx, err))
		}
		return nil
	}
}

// DeleteCtx implements scs.CtxStore.
func (v sessions) DeleteCtx(ctx context.Context, token string) error {
	if _, err := v.s.sessions.DeleteOne(ctx, byID(token)); err != nil {
		return fmt.Errorf("delete session: %w", translate(ctx, err))
	}
	return nil
}

// DropSessions implements storage.Store.
func (s *Store) DropSessions(ctx context.Context, t time.Time) error {
	if _, err := s.sessions.DeleteMany(ctx, bson.D{{Key: "expires", Value: bson.D{{Key: "$lte", Value: storage.Time(t)}}}}); err != nil {
		return fmt.Errorf("drop sessions: %w", translate(ctx, err))
	}
	return nil
}

// SecretOrCreate implements storage.Store.
func (s *Store) SecretOrCreate(ctx context.Context, name string, create func() ([]byte, error)) ([]byte, error) {
	return storage.SecretOrCreate(ctx, name, create,
		func(ctx context.Context) ([]byte, error) {
			var d struct {
				Value []byte `bson:"value"`
			}
			err := translate(ctx, s.secrets.FindOne(ctx, byID(name)).Decode(&d))
			return d.Value, err
		},
		func(ctx context.Context, b []byte) error {
			return insert(ctx, s.secrets, bson.D{{Key: "_id", Value: name}, {Key: "value", Value: b}})
		})
}
