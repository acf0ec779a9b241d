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
	"felleskrav/internal/problem"
	"felleskrav/internal/storage"
)

// Files that are kept for some days, for lists that are checked and workbooks
// that are filled in, are uploaded as evidence is, see blob.go, and published
// under the names their owners give them.

// keptFileDoc is a published file.
type keptFileDoc struct {
	Name string        `bson:"_id"`
	File bson.ObjectID `bson:"file"`
	Size int64         `bson:"size"`
}

// PutKeptFile implements bulkcheck.Store.
func (s *Store) PutKeptFile(ctx context.Context, name string, r io.Reader) (int64, error) {
	size, err := s.putKeptFile(ctx, name, r)
	if err != nil {
		return 0, fmt.Errorf("store file %q: %w", name, err)
	}
	return size, nil
}

func (s *Store) putKeptFile(ctx context.Context, name string, r io.Reader) (int64, error) {
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
	var old keptFileDoc
	err = translate(ctx, s.keptFiles.FindOne(ctx, byID(name)).Decode(&old))
	if err == nil {
		err = s.noteOld(ctx, old.File)
	}
	if err != nil && !errors.Is(err, problem.ErrNotFound) {
		return 0, err
	}
	if _, err := s.keptFiles.ReplaceOne(ctx, byID(name), keptFileDoc{name, file, b.Size}, options.Replace().SetUpsert(true)); err != nil {
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

// OpenKeptFile implements bulkcheck.Store.
func (s *Store) OpenKeptFile(ctx context.Context, name string) (io.ReadCloser, int64, error) {
	var d keptFileDoc
	err := ctx.Err()
	if err == nil {
		err = translate(ctx, s.keptFiles.FindOne(ctx, byID(name)).Decode(&d))
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

// RemoveKeptFile implements bulkcheck.Store.
func (s *Store) RemoveKeptFile(ctx context.Context, name string) error {
	if err := s.removeKeptFile(ctx, name); err != nil {
		return fmt.Errorf("remove file %q: %w", name, err)
	}
	return nil
}

func (s *Store) removeKeptFile(ctx context.Context, name string) error {
	var d keptFileDoc
	err := ctx.Err()
	if err == nil {
		err = translate(ctx, s.keptFiles.FindOne(ctx, byID(name)).Decode(&d))
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
	if _, err := s.keptFiles.DeleteOne(ctx, bson.D{{Key: "_id", Value: name}, {Key: "file", Value: d.File}}); err != nil {
		return translate(ctx, err)
	}
	return translate(ctx, s.cleanUp(ctx, d.File))
}
