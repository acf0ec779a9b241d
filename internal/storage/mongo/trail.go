package mongo

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"felleskrav/internal/problem"
	"felleskrav/internal/storage"
	"felleskrav/internal/trail"
)

// trailDoc is an entry as it is stored. Addressed is left out of those without
// an address.
type trailDoc struct {
	Seq       int64    `bson:"_id"`
	At        int64    `bson:"at"`
	Addressed bool     `bson:"addressed,omitempty"`
	Refs      []string `bson:"refs"`
	Doc       string   `bson:"doc"`
}

func trailDocOf(e trail.Entry) (trailDoc, error) {
	doc, err := storage.Encode(e)
	return trailDoc{e.Seq, e.At, e.Address != "", e.Refs(), string(doc)}, err
}

// InsertTrailEntries implements trail.Store.
func (s *Store) InsertTrailEntries(ctx context.Context, entries []trail.Entry) error {
	if len(entries) == 0 {
		return nil
	}
	docs := make([]trailDoc, len(entries))
	var err error
	for i, e := range entries {
		d, encodeErr := trailDocOf(e)
		docs[i], err = d, errors.Join(err, encodeErr)
	}
	if err == nil {
		// Ordered: the server stops at the first that fails.
		err = retryDeadlock(ctx, func() error {
			_, err := s.trail.InsertMany(ctx, docs, options.InsertMany().SetOrdered(true))
			return translate(ctx, err)
		})
	}
	if err != nil {
		return fmt.Errorf("insert trail entries from %d: %w", entries[0].Seq, err)
	}
	return nil
}

// LastTrailEntry implements trail.Store.
func (s *Store) LastTrailEntry(ctx context.Context) (trail.Entry, error) {
	all, err := documents[trail.Entry](ctx, s.trail, bson.D{}, down("_id"), 1)
	if err == nil && len(all) == 0 {
		err = problem.ErrNotFound
	}
	if err != nil {
		return trail.Entry{}, fmt.Errorf("read last trail entry: %w", err)
	}
	return all[0], nil
}

// TrailEntries implements trail.Store.
func (s *Store) TrailEntries(ctx context.Context, from int64, limit int) ([]trail.Entry, error) {
	all, err := documents[trail.Entry](ctx, s.trail, bson.D{{Key: "_id", Value: bson.D{{Key: "$gte", Value: from}}}}, up("_id"), max(limit, 0))
	if err != nil {
		return nil, fmt.Errorf("read trail entries from %d: %w", from, err)
	}
	return all, nil
}

// FindTrailEntries implements trail.Store. Times never go back along the trail,
// so that a time is a number.
func (s *Store) FindTrailEntries(ctx context.Context, q trail.Query) ([]trail.Entry, error) {
	all, err := s.findTrailEntries(ctx, q)
	if err != nil {
		return nil, fmt.Errorf("find trail entries: %w", err)
	}
	return all, nil
}

func (s *Store) findTrailEntries(ctx context.Context, q trail.Query) ([]trail.Entry, error) {
	from, before := int64(0), int64(math.MaxInt64)
	if q.Before > 0 {
		before = q.Before
	}
	if !q.From.IsZero() {
		seq, err := s.trailSeq(ctx, q.From)
		if err != nil {
			return nil, err
		}
		from = seq
	}
	if !q.To.IsZero() {
		seq, err := s.trailSeq(ctx, q.To)
		if err != nil {
			return nil, err
		}
		before = min(before, seq)
	}
	filter := bson.D{{Key: "_id", Value: bson.D{{Key: "$gte", Value: from}, {Key: "$lt", Value: before}}}}
	switch len(q.Refs) {
	case 0:
	case 1:
		filter = append(filter, bson.E{Key: "refs", Value: q.Refs[0]})
	default:
		filter = append(filter, bson.E{Key: "refs", Value: bson.D{{Key: "$all", Value: q.Refs}}})
	}
	return documents[trail.Entry](ctx, s.trail, filter, down("_id"), max(q.Limit, 0))
}

// trailSeq is the first number at a time or after it.
func (s *Store) trailSeq(ctx context.Context, t time.Time) (int64, error) {
	var d struct {
		Seq int64 `bson:"_id"`
	}
	o := options.FindOne().SetSort(up("at", "_id")).SetProjection(bson.D{{Key: "_id", Value: 1}})
	err := translate(ctx, s.trail.FindOne(ctx, bson.D{{Key: "at", Value: bson.D{{Key: "$gte", Value: t.UnixMilli()}}}}, o).Decode(&d))
	if errors.Is(err, problem.ErrNotFound) {
		return math.MaxInt64, nil
	}
	return d.Seq, err
}

// EraseTrailAddresses implements trail.Store.
func (s *Store) EraseTrailAddresses(ctx context.Context, before time.Time, limit int) (int, error) {
	filter := bson.D{{Key: "addressed", Value: true}, {Key: "at", Value: bson.D{{Key: "$lt", Value: before.UnixMilli()}}}}
	all, err := documents[trail.Entry](ctx, s.trail, filter, up("at", "_id"), max(limit, 0))
	if err != nil || len(all) == 0 {
		return 0, err
	}
	var writes []mongo.WriteModel
	for _, e := range all {
		d, err := trailDocOf(e.Erased())
		if err != nil {
			return 0, fmt.Errorf("erase address of trail entry %d: %w", e.Seq, err)
		}
		writes = append(writes, mongo.NewReplaceOneModel().SetFilter(bson.D{{Key: "_id", Value: d.Seq}}).SetReplacement(d))
	}
	if _, err := s.trail.BulkWrite(ctx, writes, options.BulkWrite().SetOrdered(false)); err != nil {
		return 0, fmt.Errorf("erase addresses of trail: %w", translate(ctx, err))
	}
	return len(all), nil
}

// DropTrailEntries implements trail.Store.
func (s *Store) DropTrailEntries(ctx context.Context, before int64, limit int) (int, error) {
	var last int64
	n := 0
	o := options.Find().SetSort(up("_id")).SetLimit(int64(max(limit, 1))).SetProjection(bson.D{{Key: "_id", Value: 1}})
	if limit < 1 {
		return 0, ctx.Err()
	}
	err := each(ctx, s.trail, bson.D{{Key: "_id", Value: bson.D{{Key: "$lt", Value: before}}}}, o, func(d bson.Raw) error {
		last, n = d.Lookup("_id").Int64(), n+1
		return nil
	})
	if err == nil && n > 0 {
		_, err = s.trail.DeleteMany(ctx, bson.D{{Key: "_id", Value: bson.D{{Key: "$lte", Value: last}}}})
	}
	if err != nil {
		return 0, fmt.Errorf("drop trail entries before %d: %w", before, translate(ctx, err))
	}
	return n, nil
}

// InsertTrailAnchor implements trail.Store.
func (s *Store) InsertTrailAnchor(ctx context.Context, a trail.Anchor) error {
	doc, err := storage.Encode(a)
	if err == nil {
		err = insert(ctx, s.trailAnchors, bson.D{{Key: "_id", Value: a.Seq}, {Key: "at", Value: a.At}, {Key: "doc", Value: string(doc)}})
	}
	if err != nil {
		return fmt.Errorf("insert trail anchor %d: %w", a.Seq, err)
	}
	return nil
}

// LastTrailAnchor implements trail.Store.
func (s *Store) LastTrailAnchor(ctx context.Context, before time.Time) (trail.Anchor, error) {
	filter := bson.D{{Key: "at", Value: bson.D{{Key: "$lt", Value: before.UnixMilli()}}}}
	all, err := documents[trail.Anchor](ctx, s.trailAnchors, filter, down("at", "_id"), 1)
	if err == nil && len(all) == 0 {
		err = problem.ErrNotFound
	}
	if err != nil {
		return trail.Anchor{}, fmt.Errorf("read last trail anchor: %w", err)
	}
	return all[0], nil
}
