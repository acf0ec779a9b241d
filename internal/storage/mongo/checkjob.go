package mongo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"felleskrav/internal/bulkcheck"
	"felleskrav/internal/organisation"
	"felleskrav/internal/problem"
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

// Files of jobs are uploaded as evidence is, see blob.go, and published under
// the names the jobs give them.

// checkFileDoc is a published file.
type checkFileDoc struct {
	Name string        `bson:"_id"`
	File bson.ObjectID `bson:"file"`
	Size int64         `bson:"size"`
}

// PutCheckFile implements bulkcheck.Store.
func (s *Store) PutCheckFile(ctx context.Context, name string, r io.Reader) (int64, error) {
	size, err := s.putCheckFile(ctx, name, r)
	if err != nil {
		return 0, fmt.Errorf("store file %q: %w", name, err)
	}
	return size, nil
}

func (s *Store) putCheckFile(ctx context.Context, name string, r io.Reader) (int64, error) {
	if !bulkcheck.ValidFileName(name) {
		return 0, bulkcheck.ErrFileName
	}
	file := bson.NewObjectID()
	if err := insert(ctx, s.uploads, bson.D{{Key: "_id", Value: file}, {Key: "at", Value: storage.Time(s.now())}}); err != nil {
		return 0, err
	}
	b, err := s.upload(ctx, file, r)
	if err != nil {
		return 0, errors.Join(err, s.cleanUp(ctx, file))
	}
	// The file that had the name is found again after a crash by its note.
	var old checkFileDoc
	err = translate(ctx, s.checkFiles.FindOne(ctx, byID(name)).Decode(&old))
	if err == nil {
		err = s.noteOld(ctx, old.File)
	}
	if err != nil && !errors.Is(err, problem.ErrNotFound) {
		return 0, err
	}
	if _, err := s.checkFiles.ReplaceOne(ctx, byID(name), checkFileDoc{name, file, b.Size}, options.Replace().SetUpsert(true)); err != nil {
		// It may have been published: clearUploads finds out.
		return 0, translate(ctx, err)
	}
	if err := s.cleanUp(ctx, file); err != nil {
		return 0, err
	}
	if !old.File.IsZero() {
		return b.Size, s.cleanUp(ctx, old.File)
	}
	return b.Size, nil
}

// noteOld notes an upload that is about to be of no use, as from long ago, so
// that it is cleared after a crash.
func (s *Store) noteOld(ctx context.Context, file bson.ObjectID) error {
	err := insert(ctx, s.uploads, bson.D{{Key: "_id", Value: file}, {Key: "at", Value: time.Unix(0, 0).UTC()}})
	if errors.Is(err, problem.ErrExists) {
		return nil
	}
	return err
}

// OpenCheckFile implements bulkcheck.Store.
func (s *Store) OpenCheckFile(ctx context.Context, name string) (io.ReadCloser, int64, error) {
	var d checkFileDoc
	err := ctx.Err()
	if err == nil {
		err = translate(ctx, s.checkFiles.FindOne(ctx, byID(name)).Decode(&d))
	}
	if err != nil {
		return nil, 0, fmt.Errorf("open file %q: %w", name, err)
	}
	body, err := s.download(ctx, d.File, d.Size)
	if err != nil {
		return nil, 0, fmt.Errorf("open file %q: %w", name, err)
	}
	return body, d.Size, nil
}

// RemoveCheckFile implements bulkcheck.Store.
func (s *Store) RemoveCheckFile(ctx context.Context, name string) error {
	if err := s.removeCheckFile(ctx, name); err != nil {
		return fmt.Errorf("remove file %q: %w", name, err)
	}
	return nil
}

func (s *Store) removeCheckFile(ctx context.Context, name string) error {
	var d checkFileDoc
	err := ctx.Err()
	if err == nil {
		err = translate(ctx, s.checkFiles.FindOne(ctx, byID(name)).Decode(&d))
	}
	if errors.Is(err, problem.ErrNotFound) {
		return nil
	}
	if err == nil {
		err = s.noteOld(ctx, d.File)
	}
	if err != nil {
		return err
	}
	if _, err := s.checkFiles.DeleteOne(ctx, bson.D{{Key: "_id", Value: name}, {Key: "file", Value: d.File}}); err != nil {
		return translate(ctx, err)
	}
	return translate(ctx, s.cleanUp(ctx, d.File))
}
