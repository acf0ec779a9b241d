package mongo

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"felleskrav/internal/problem"
	"felleskrav/internal/storage"
)

// chunk is how many keys are asked for in one query.
const chunk = 2000

// How often an insert that met a deadlock is tried, and how long it waits in
// between: at most, and doubling. The server takes some time to see a deadlock,
// so that those who come back too soon make the next one.
const (
	deadlockTries = 14
	firstPause    = 8 * time.Millisecond
	lastPause     = 512 * time.Millisecond
)

// insert adds a document (problem.ErrExists).
func insert(ctx context.Context, c *mongo.Collection, doc bson.D) error {
	return retryDeadlock(ctx, func() error {
		_, err := c.InsertOne(ctx, doc)
		return translate(ctx, err)
	})
}

// retryDeadlock runs f again while it answers that it lost a deadlock. FerretDB
// does so when several inserts race for a secondary unique key, and has then
// stored nothing for the loser. The next try finds the key taken.
func retryDeadlock(ctx context.Context, f func() error) error {
	pause := firstPause
	for try := 1; ; try++ {
		err := f()
		if !isDeadlock(err) || try == deadlockTries {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(rand.N(pause)):
		}
		pause = min(2*pause, lastPause)
	}
}

// deadlock is PostgreSQL's deadlock_detected (40P01) as DocumentDB numbers it.
const deadlock = 16908292

func isDeadlock(err error) bool {
	e, ok := errors.AsType[mongo.ServerError](err)
	return ok && e.HasErrorCode(deadlock)
}

// translate gives a driver's error the shape that callers test for.
func translate(ctx context.Context, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, mongo.ErrNoDocuments):
		return problem.ErrNotFound
	case mongo.IsDuplicateKeyError(err):
		return fmt.Errorf("%w", problem.ErrExists)
	case errors.Is(err, mongo.ErrClientDisconnected):
		return fmt.Errorf("%w: %w", storage.ErrClosed, err)
	case ctx.Err() != nil && !errors.Is(err, ctx.Err()):
		return fmt.Errorf("%w: %w", ctx.Err(), err)
	}
	return err
}

// swap replaces the document with this id and revision (problem.ErrStale).
func swap(ctx context.Context, c *mongo.Collection, id any, rev int64, doc bson.D) error {
	r, err := c.ReplaceOne(ctx, bson.D{{Key: "_id", Value: id}, {Key: "rev", Value: rev}}, doc)
	if err != nil {
		return translate(ctx, err)
	}
	if r.MatchedCount == 0 {
		return problem.ErrStale
	}
	return nil
}

// document reads one document and its revision (problem.ErrNotFound).
func document[T any](ctx context.Context, c *mongo.Collection, filter bson.D) (v T, rev int64, err error) {
	var d struct {
		Rev int64  `bson:"rev"`
		Doc string `bson:"doc"`
	}
	err = c.FindOne(ctx, filter, options.FindOne().SetProjection(bson.D{{Key: "rev", Value: 1}, {Key: "doc", Value: 1}})).Decode(&d)
	if err != nil {
		return v, 0, translate(ctx, err)
	}
	v, err = storage.Decode[T]([]byte(d.Doc))
	return v, d.Rev, err
}

// documents reads all that match, in order; a limit below zero is none. No
// hits give an empty list, not nil.
func documents[T any](ctx context.Context, c *mongo.Collection, filter, sort bson.D, limit int) ([]T, error) {
	return documentsIn[T](ctx, c, "doc", filter, sort, limit)
}

// documentsIn is documents for another field than doc.
func documentsIn[T any](ctx context.Context, c *mongo.Collection, field string, filter, sort bson.D, limit int) ([]T, error) {
	if limit == 0 {
		return []T{}, ctx.Err()
	}
	o := options.Find().SetSort(sort).SetProjection(bson.D{{Key: "_id", Value: 0}, {Key: field, Value: 1}})
	if limit > 0 {
		o.SetLimit(int64(limit))
	}
	var all storage.Decoder[T]
	err := each(ctx, c, filter, o, func(d bson.Raw) error {
		doc, ok := d.Lookup(field).StringValueOK()
		if !ok {
			return fmt.Errorf("a document in %s has no text", c.Name())
		}
		all.Add([]byte(doc))
		return nil
	})
	values, decodeErr := all.Values()
	if err := cmp.Or(err, decodeErr); err != nil {
		return nil, err
	}
	return values, nil
}

// noLimit asks documents for all there are.
const noLimit = -1

// each calls f on everything found.
func each(ctx context.Context, c *mongo.Collection, filter any, o *options.FindOptionsBuilder, f func(bson.Raw) error) error {
	cur, err := c.Find(ctx, filter, o)
	if err != nil {
		return translate(ctx, err)
	}
	defer cur.Close(context.WithoutCancel(ctx))
	for cur.Next(ctx) {
		if err := f(cur.Current); err != nil {
			return err
		}
	}
	return translate(ctx, cur.Err())
}

// in reads the documents whose field has one of the values, ordered by sort,
// which must begin with the field: values are asked for in sorted chunks.
func in[T any, V ~string](ctx context.Context, c *mongo.Collection, field string, values []V, sort bson.D, also ...bson.E) ([]T, error) {
	all := []T{}
	values = storage.Unique(values)
	slices.Sort(values)
	for part := range slices.Chunk(values, chunk) {
		filter := append(bson.D{{Key: field, Value: bson.D{{Key: "$in", Value: part}}}}, also...)
		some, err := documents[T](ctx, c, filter, sort, noLimit)
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	return all, ctx.Err()
}

// encodeSame encodes what an update is to store, provided that the update
// left the document's key alone.
func encodeSame[T any](v T, same bool) ([]byte, error) {
	if !same {
		return nil, storage.ErrIdentity
	}
	return storage.Encode(v)
}

// stored is the end of every update: what a read would now give.
func stored[T any](doc []byte, err error, what, id string) (T, error) {
	var v T
	if err == nil {
		v, err = storage.Decode[T](doc)
	}
	if err != nil {
		return v, fmt.Errorf("update %s %s: %w", what, id, err)
	}
	return v, nil
}
