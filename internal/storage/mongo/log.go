package mongo

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"felleskrav/internal/problem"
	"felleskrav/internal/storage"
	"felleskrav/internal/transparency"
)

// logErr gives err with the log's own sentinels in the place of ours.
func logErr(err error) error {
	switch {
	case errors.Is(err, problem.ErrNotFound):
		return transparency.ErrNotFound
	case errors.Is(err, problem.ErrExists):
		return transparency.ErrExists
	case errors.Is(err, problem.ErrStale):
		return transparency.ErrStale
	}
	return err
}

// position is the key of an entry or a hash. Positions of one log sort in
// order; an origin is one line of text, so that no other log's come between.
func position(origin string, index int64) string { return fmt.Sprintf("%s\n%016x", origin, index) }

func logStateDoc(v transparency.LogState, rev int64) bson.D {
	return bson.D{
		{Key: "_id", Value: v.Origin}, {Key: "rev", Value: rev}, {Key: "size", Value: v.Size},
		{Key: "root", Value: v.Root[:]}, {Key: "checkpoint", Value: v.Checkpoint},
	}
}

// LogState implements transparency.Store.
func (s *Store) LogState(ctx context.Context, origin string) (transparency.LogState, error) {
	var d struct {
		Rev        int64  `bson:"rev"`
		Size       int64  `bson:"size"`
		Root       []byte `bson:"root"`
		Checkpoint []byte `bson:"checkpoint"`
	}
	v := transparency.LogState{Origin: origin}
	err := translate(ctx, s.logStates.FindOne(ctx, byID(origin)).Decode(&d))
	if err == nil {
		v.Root, err = hash(d.Root)
	}
	if err != nil {
		return transparency.LogState{}, fmt.Errorf("read state of log %s: %w", origin, logErr(err))
	}
	v.Size, v.Checkpoint, v.Rev = d.Size, d.Checkpoint, d.Rev
	return v, nil
}

func hash(b []byte) (h transparency.Hash, err error) {
	if copy(h[:], b) != len(h) || len(b) != len(h) {
		return h, fmt.Errorf("stored hash has %d bytes", len(b))
	}
	return h, nil
}

// CreateLogState implements transparency.Store.
func (s *Store) CreateLogState(ctx context.Context, v transparency.LogState) error {
	if err := insert(ctx, s.logStates, logStateDoc(v, 1)); err != nil {
		return fmt.Errorf("create state of log %s: %w", v.Origin, logErr(err))
	}
	return nil
}

// SwapLogState implements transparency.Store.
func (s *Store) SwapLogState(ctx context.Context, v transparency.LogState) error {
	if err := swap(ctx, s.logStates, v.Origin, v.Rev, logStateDoc(v, v.Rev+1)); err != nil {
		return fmt.Errorf("swap state of log %s: %w", v.Origin, logErr(err))
	}
	return nil
}

// entryDoc is an entry as it is stored.
type entryDoc struct {
	ID     string    `bson:"_id"`
	Origin string    `bson:"origin"`
	Index  int64     `bson:"index"`
	Key    string    `bson:"key"`
	At     time.Time `bson:"at"`
	Body   []byte    `bson:"body"`
}

// InsertLogEntries implements transparency.Store.
func (s *Store) InsertLogEntries(ctx context.Context, origin string, entries []transparency.Entry) error {
	if len(entries) == 0 {
		return nil
	}
	docs := make([]entryDoc, len(entries))
	for i, e := range entries {
		docs[i] = entryDoc{position(origin, e.Index), origin, e.Index, e.Key, storage.Time(e.LoggedAt), e.Body}
	}
	// Ordered: the server stops at the first that fails. After a deadlock the
	// whole is tried again; if a part of it had been stored after all, that
	// ends in ErrExists with a prefix stored, which is what the error means.
	err := retryDeadlock(ctx, func() error {
		_, err := s.logEntries.InsertMany(ctx, docs, options.InsertMany().SetOrdered(true))
		return translate(ctx, err)
	})
	if err != nil {
		return fmt.Errorf("insert entries of log %s: %w", origin, logErr(err))
	}
	return nil
}

// LogEntries implements transparency.Store.
func (s *Store) LogEntries(ctx context.Context, origin string, from int64, limit int) ([]transparency.Entry, error) {
	if limit < 1 {
		return []transparency.Entry{}, ctx.Err()
	}
	// "g" comes after every hexadecimal digit.
	filter := bson.D{{Key: "_id", Value: bson.D{{Key: "$gte", Value: position(origin, max(from, 0))}, {Key: "$lt", Value: origin + "\ng"}}}}
	all, err := s.entries(ctx, filter, options.Find().SetSort(up("_id")).SetLimit(int64(limit)))
	if err != nil {
		return nil, fmt.Errorf("read entries of log %s from %d: %w", origin, from, err)
	}
	return all, nil
}

// LogEntriesByKey implements transparency.Store.
func (s *Store) LogEntriesByKey(ctx context.Context, origin string, keys []string) ([]transparency.Entry, error) {
	return s.entriesByKey(ctx, origin, keys, options.Find())
}

// LogPlacesByKey implements transparency.Store.
func (s *Store) LogPlacesByKey(ctx context.Context, origin string, keys []string) ([]transparency.Entry, error) {
	return s.entriesByKey(ctx, origin, keys, options.Find().SetProjection(bson.D{{Key: "body", Value: 0}}))
}

func (s *Store) entriesByKey(ctx context.Context, origin string, keys []string, o *options.FindOptionsBuilder) ([]transparency.Entry, error) {
	all := []transparency.Entry{}
	for part := range slices.Chunk(storage.Unique(keys), chunk) {
		filter := bson.D{{Key: "origin", Value: origin}, {Key: "key", Value: bson.D{{Key: "$in", Value: part}}}}
		some, err := s.entries(ctx, filter, o)
		if err != nil {
			return nil, fmt.Errorf("find entries of log %s: %w", origin, err)
		}
		all = append(all, some...)
	}
	return all, ctx.Err()
}

func (s *Store) entries(ctx context.Context, filter bson.D, o *options.FindOptionsBuilder) ([]transparency.Entry, error) {
	all := []transparency.Entry{}
	err := each(ctx, s.logEntries, filter, o, func(raw bson.Raw) error {
		var d entryDoc
		err := bson.Unmarshal(raw, &d)
		all = append(all, transparency.Entry{Index: d.Index, Key: d.Key, Body: d.Body, LoggedAt: d.At.UTC()})
		return err
	})
	return all, err
}

// hashDoc is a node of the tree as it is stored.
type hashDoc struct {
	ID   string `bson:"_id"`
	Hash []byte `bson:"hash"`
}

// PutLogHashes implements transparency.Store. Nearly always none of them is
// there, and inserting is much the fastest; those that are get replaced.
func (s *Store) PutLogHashes(ctx context.Context, origin string, hashes []transparency.StoredHash) error {
	if len(hashes) == 0 {
		return nil
	}
	docs := make([]hashDoc, len(hashes))
	for i, h := range hashes {
		docs[i] = hashDoc{position(origin, h.Index), slices.Clone(h.Hash[:])}
	}
	_, err := s.logHashes.InsertMany(ctx, docs, options.InsertMany().SetOrdered(false))
	var e mongo.BulkWriteException
	if errors.As(err, &e) && e.WriteConcernError == nil {
		if docs = taken(e, docs); docs != nil {
			err = s.replaceHashes(ctx, docs)
		}
	}
	if err != nil {
		return fmt.Errorf("put hashes of log %s: %w", origin, translate(ctx, err))
	}
	return nil
}

// taken gives the documents that were not inserted because they are there, or
// nil if anything else went wrong.
func taken(e mongo.BulkWriteException, docs []hashDoc) []hashDoc {
	var there []hashDoc
	for _, w := range e.WriteErrors {
		if !mongo.IsDuplicateKeyError(w.WriteError) || w.Index < 0 || w.Index >= len(docs) {
			return nil
		}
		there = append(there, docs[w.Index])
	}
	return there
}

func (s *Store) replaceHashes(ctx context.Context, docs []hashDoc) error {
	var writes []mongo.WriteModel
	for _, d := range docs {
		writes = append(writes, mongo.NewReplaceOneModel().SetFilter(byID(d.ID)).SetReplacement(d))
	}
	_, err := s.logHashes.BulkWrite(ctx, writes, options.BulkWrite().SetOrdered(false))
	return err
}

// LogHashes implements transparency.Store.
func (s *Store) LogHashes(ctx context.Context, origin string, indexes []int64) ([]transparency.Hash, error) {
	ids := make([]string, len(indexes))
	for n, i := range indexes {
		ids[n] = position(origin, i)
	}
	found := make(map[string]transparency.Hash, len(ids))
	for part := range slices.Chunk(storage.Unique(ids), chunk) {
		err := each(ctx, s.logHashes, bson.D{{Key: "_id", Value: bson.D{{Key: "$in", Value: part}}}}, options.Find(), func(raw bson.Raw) error {
			var d hashDoc
			if err := bson.Unmarshal(raw, &d); err != nil {
				return err
			}
			h, err := hash(d.Hash)
			found[d.ID] = h
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("read hashes of log %s: %w", origin, err)
		}
	}
	all := make([]transparency.Hash, len(indexes))
	for n, id := range ids {
		h, ok := found[id]
		if !ok {
			return nil, fmt.Errorf("read hash %d of log %s: %w", indexes[n], origin, transparency.ErrNotFound)
		}
		all[n] = h
	}
	return all, ctx.Err()
}
