package mongo

import (
	"context"
	"fmt"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"felleskrav/internal/bulkcheck"
	"felleskrav/internal/organisation"
	"felleskrav/internal/storage"
)

// checkJobDoc has open only while work is to come, and due only when there is
// something for the sweep.
func checkJobDoc(v bulkcheck.Job, doc []byte) bson.D {
	d := bson.D{
		{Key: "_id", Value: v.ID}, {Key: "rev", Value: v.Rev}, {Key: "body", Value: string(v.Body)},
		{Key: "hidden", Value: v.State == bulkcheck.Deleted}, {Key: "doc", Value: string(doc)},
	}
	if v.State.Open() {
		d = append(d, bson.E{Key: "open", Value: true})
	}
	if due := v.Due(); !due.IsZero() {
		d = append(d, bson.E{Key: "due", Value: storage.Time(due)})
	}
	return d
}

// InsertCheckJob implements bulkcheck.Store.
func (s *Store) InsertCheckJob(ctx context.Context, v bulkcheck.Job) error {
	v.Rev = 1
	doc, err := storage.Encode(v)
	if err == nil {
		err = insert(ctx, s.checkJobs, checkJobDoc(v, doc))
	}
	if err != nil {
		return fmt.Errorf("insert job %s: %w", v.ID, err)
	}
	return nil
}

// CheckJob implements bulkcheck.Store.
func (s *Store) CheckJob(ctx context.Context, id string) (bulkcheck.Job, error) {
	v, _, err := s.checkJob(ctx, id)
	return v, err
}

func (s *Store) checkJob(ctx context.Context, id string) (bulkcheck.Job, int64, error) {
	v, rev, err := document[bulkcheck.Job](ctx, s.checkJobs, byID(id))
	if err != nil {
		return v, 0, fmt.Errorf("read job %s: %w", id, err)
	}
	return v, rev, nil
}

// CheckJobsOf implements bulkcheck.Store. Ids are UUIDv7, so that the order of
// ids is the order of time.
func (s *Store) CheckJobsOf(ctx context.Context, body organisation.Number, after string, limit int) ([]bulkcheck.Job, error) {
	filter := bson.D{{Key: "body", Value: string(body)}, {Key: "hidden", Value: false}}
	if after != "" {
		filter = append(filter, bson.E{Key: "_id", Value: bson.D{{Key: "$lt", Value: after}}})
	}
	all, err := documents[bulkcheck.Job](ctx, s.checkJobs, filter, down("_id"), max(limit, 0))
	if err != nil {
		return nil, fmt.Errorf("list jobs of %s: %w", body, err)
	}
	return all, nil
}

// OpenCheckJobs implements bulkcheck.Store.
func (s *Store) OpenCheckJobs(ctx context.Context, limit int) ([]bulkcheck.Job, error) {
	all, err := documents[bulkcheck.Job](ctx, s.checkJobs, bson.D{{Key: "open", Value: true}}, up("_id"), max(limit, 0))
	if err != nil {
		return nil, fmt.Errorf("list open jobs: %w", err)
	}
	return all, nil
}

// DueCheckJobs implements bulkcheck.Store.
func (s *Store) DueCheckJobs(ctx context.Context, t time.Time, limit int) ([]bulkcheck.Job, error) {
	filter := bson.D{{Key: "due", Value: bson.D{{Key: "$lte", Value: storage.Time(t)}}}}
	all, err := documents[bulkcheck.Job](ctx, s.checkJobs, filter, up("due", "_id"), max(limit, 0))
	if err != nil {
		return nil, fmt.Errorf("list due jobs: %w", err)
	}
	return all, nil
}

// UpdateCheckJob implements bulkcheck.Store.
func (s *Store) UpdateCheckJob(ctx context.Context, id string, change func(bulkcheck.Job) (bulkcheck.Job, error)) (bulkcheck.Job, error) {
	return storage.Update(ctx,
		func(ctx context.Context) (bulkcheck.Job, int64, error) { return s.checkJob(ctx, id) },
		change,
		func(ctx context.Context, _, v bulkcheck.Job, rev int64) (bulkcheck.Job, error) {
			v.Rev = rev + 1
			doc, err := encodeSame(v, v.ID == id)
			if err == nil {
				err = swap(ctx, s.checkJobs, id, rev, checkJobDoc(v, doc))
			}
			return stored[bulkcheck.Job](doc, err, "job", id)
		})
}

// RemoveCheckJob implements bulkcheck.Store.
func (s *Store) RemoveCheckJob(ctx context.Context, id string) error {
	if _, err := s.checkJobs.DeleteOne(ctx, byID(id)); err != nil {
		return fmt.Errorf("remove job %s: %w", id, translate(ctx, err))
	}
	return nil
}
