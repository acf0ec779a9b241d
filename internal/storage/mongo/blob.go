package mongo

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"felleskrav/internal/evidence"
	"felleskrav/internal/problem"
	"felleskrav/internal/storage"
)

// Bytes are uploaded to GridFS under a random id, since the digest is known
// only at the end, and published by one insert of {_id: digest, file, size,
// version} into evidence_blobs. Before the upload its id is noted in evidence_uploads,
// and struck out after; what is still noted after a day is what a crash left.

// halfUploaded is how old a note must be before its upload is taken for dead.
const halfUploaded = 24 * time.Hour

// cleanupWait is how long clearing up after a failed upload may take; it goes
// on when the caller has gone.
const cleanupWait = 30 * time.Second

// blobDoc is published bytes.
type blobDoc struct {
	Digest string        `bson:"_id"`
	File   bson.ObjectID `bson:"file"`
	Size   int64         `bson:"size"`
	// Version is the upload that last had these bytes; documents from before
	// there were versions have none, and theirs is the file.
	Version bson.ObjectID `bson:"version,omitempty"`
}

// PutBlob implements evidence.Store.
func (s *Store) PutBlob(ctx context.Context, r io.Reader) (evidence.Blob, error) {
	b, err := s.putBlob(ctx, r)
	if err != nil {
		return evidence.Blob{}, fmt.Errorf("store bytes: %w", err)
	}
	return b, nil
}

func (s *Store) putBlob(ctx context.Context, r io.Reader) (evidence.Blob, error) {
	file := bson.NewObjectID()
	err := insert(ctx, s.uploads, bson.D{{Key: "_id", Value: file}, {Key: "at", Value: storage.Time(s.now())}})
	if err != nil {
		return evidence.Blob{}, err
	}
	b, err := s.upload(ctx, file, r)
	if err != nil {
		return evidence.Blob{}, errors.Join(err, s.cleanUp(ctx, file))
	}
	err = translate(ctx, s.publish(ctx, blobDoc{b.SHA256, file, b.Size, file}))
	switch {
	case err == nil:
		// Published, or the same bytes were before: the note goes, and in the
		// second case the upload with it.
		if err := s.cleanUp(ctx, file); err != nil {
			return evidence.Blob{}, err
		}
		return b, nil
	default:
		// It may have been published: leave it to clearUploads to find out.
		return evidence.Blob{}, err
	}
}

// publish inserts a document, or gives the one that is there a new version.
// One that is removed between the two is inserted after all.
func (s *Store) publish(ctx context.Context, d blobDoc) error {
	for {
		_, err := s.blobs.InsertOne(ctx, d)
		if err == nil || !errors.Is(translate(ctx, err), problem.ErrExists) {
			return err
		}
		renewed, err := s.blobs.UpdateOne(ctx, byID(d.Digest), bson.D{{Key: "$set", Value: bson.D{{Key: "version", Value: d.Version}}}})
		if err != nil || renewed.MatchedCount > 0 {
			return err
		}
	}
}

// BlobVersion implements evidence.Store.
func (s *Store) BlobVersion(ctx context.Context, digest string) (string, error) {
	var d blobDoc
	if err := translate(ctx, s.blobs.FindOne(ctx, byID(digest)).Decode(&d)); err != nil {
		return "", fmt.Errorf("find bytes %q: %w", digest, err)
	}
	return d.version().Hex(), nil
}

func (d blobDoc) version() bson.ObjectID {
	if d.Version.IsZero() {
		return d.File
	}
	return d.Version
}

// RemoveBlob implements evidence.Store. The file is noted before it is no
// longer published, as from long ago, so that after a crash it is cleared at the
// next opening.
func (s *Store) RemoveBlob(ctx context.Context, digest, version string) error {
	if err := s.removeBlob(ctx, digest, version); err != nil {
		return fmt.Errorf("remove bytes %q: %w", digest, err)
	}
	return nil
}

func (s *Store) removeBlob(ctx context.Context, digest, version string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	var d blobDoc
	err := translate(ctx, s.blobs.FindOne(ctx, byID(digest)).Decode(&d))
	if errors.Is(err, problem.ErrNotFound) || err == nil && d.version().Hex() != version {
		return nil
	}
	if err != nil {
		return err
	}
	if err := s.noteOld(ctx, d.File); err != nil {
		return err
	}
	same := bson.D{{Key: "_id", Value: digest}, {Key: "file", Value: d.File}}
	if d.Version.IsZero() {
		same = append(same, bson.E{Key: "version", Value: bson.D{{Key: "$exists", Value: false}}})
	} else {
		same = append(same, bson.E{Key: "version", Value: d.Version})
	}
	if _, err := s.blobs.DeleteOne(ctx, same); err != nil {
		return translate(ctx, err)
	}
	return translate(ctx, s.cleanUp(ctx, d.File)) // leaves it if it is published
}

// The driver's own upload stream gathers 16 MiB before it sends anything and
// copies it more than once on the way; this one sends what GridFS calls chunks
// a few at a time, so that an upload costs little memory however large it is.
const (
	chunkBytes = 255 << 10
	sendChunks = 4
)

// chunkDoc and fileDoc are the documents of GridFS (its specification, "Terms").
type chunkDoc struct {
	ID   bson.ObjectID `bson:"_id"`
	File bson.ObjectID `bson:"files_id"`
	N    int32         `bson:"n"`
	Data []byte        `bson:"data"`
}

type fileDoc struct {
	ID        bson.ObjectID `bson:"_id"`
	Length    int64         `bson:"length"`
	ChunkSize int32         `bson:"chunkSize"`
	Uploaded  time.Time     `bson:"uploadDate"`
	Name      string        `bson:"filename"`
}

// upload streams r into GridFS. After an error, chunks may be left.
func (s *Store) upload(ctx context.Context, file bson.ObjectID, r io.Reader) (evidence.Blob, error) {
	h := sha256.New()
	r = io.TeeReader(storage.Reader(ctx, r), h)
	buf := make([]byte, sendChunks*chunkBytes)
	var size int64
	for end := false; !end; {
		n, err := fill(r, buf)
		if errors.Is(err, io.EOF) {
			end = true
		} else if err != nil {
			return evidence.Blob{}, err
		}
		var docs []chunkDoc
		for part := range slices.Chunk(buf[:n], chunkBytes) {
			docs = append(docs, chunkDoc{bson.NewObjectID(), file, int32(size / chunkBytes), part})
			size += int64(len(part))
		}
		if len(docs) == 0 {
			break
		}
		if _, err := s.bucket.GetChunksCollection().InsertMany(ctx, docs); err != nil {
			return evidence.Blob{}, translate(ctx, err)
		}
	}
	_, err := s.bucket.GetFilesCollection().InsertOne(ctx, fileDoc{file, size, chunkBytes, storage.Time(s.now()), file.Hex()})
	if err != nil {
		return evidence.Blob{}, translate(ctx, err)
	}
	return evidence.Blob{SHA256: hex.EncodeToString(h.Sum(nil)), Size: size}, nil
}

// fill reads until buf is full or r ends. io.ReadFull will not do: it tells a
// good end in the same way as a sender who broke off (io.ErrUnexpectedEOF).
func fill(r io.Reader, buf []byte) (n int, err error) {
	for n < len(buf) && err == nil {
		var more int
		more, err = r.Read(buf[n:])
		n += more
	}
	return n, err
}

// cleanUp is dropUpload for a caller who may have gone.
func (s *Store) cleanUp(ctx context.Context, file bson.ObjectID) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanupWait)
	defer cancel()
	return s.dropUpload(ctx, file)
}

// dropUpload removes an upload unless it is published, and then its note. It
// may run again after a crash anywhere in it.
func (s *Store) dropUpload(ctx context.Context, file bson.ObjectID) error {
	published, err := s.isPublished(ctx, file)
	if err != nil {
		return err
	}
	if !published {
		if _, err := s.bucket.GetFilesCollection().DeleteOne(ctx, bson.D{{Key: "_id", Value: file}}); err != nil {
			return err
		}
		if _, err := s.bucket.GetChunksCollection().DeleteMany(ctx, bson.D{{Key: "files_id", Value: file}}); err != nil {
			return err
		}
	}
	_, err = s.uploads.DeleteOne(ctx, bson.D{{Key: "_id", Value: file}})
	return err
}

// isPublished tells whether something refers to an upload.
func (s *Store) isPublished(ctx context.Context, file bson.ObjectID) (bool, error) {
	for _, c := range []*mongo.Collection{s.blobs, s.keptFiles} {
		err := c.FindOne(ctx, bson.D{{Key: "file", Value: file}}).Err()
		if err == nil || !errors.Is(err, mongo.ErrNoDocuments) {
			return err == nil, err
		}
	}
	return false, nil
}

// OpenBlob implements evidence.Store.
func (s *Store) OpenBlob(ctx context.Context, digest string) (io.ReadCloser, evidence.Blob, error) {
	var d blobDoc
	err := ctx.Err()
	if err == nil {
		err = translate(ctx, s.blobs.FindOne(ctx, byID(digest)).Decode(&d))
	}
	if err != nil {
		return nil, evidence.Blob{}, fmt.Errorf("open bytes %q: %w", digest, err)
	}
	body, err := s.download(ctx, d.File, d.Size)
	if err != nil {
		return nil, evidence.Blob{}, fmt.Errorf("open bytes %s: %w", digest, err)
	}
	return body, evidence.Blob{SHA256: d.Digest, Size: d.Size}, nil
}

// download opens an upload that is published.
func (s *Store) download(ctx context.Context, file bson.ObjectID, size int64) (*download, error) {
	o := options.Find().SetSort(up("n")).SetBatchSize(sendChunks)
	cur, err := s.bucket.GetChunksCollection().Find(ctx, bson.D{{Key: "files_id", Value: file}}, o)
	if err != nil {
		return nil, translate(ctx, err)
	}
	return &download{ctx: ctx, cur: cur, left: size}, nil
}

// download reads published bytes, a few chunks at a time.
type download struct {
	ctx  context.Context
	cur  *mongo.Cursor
	next int32
	data []byte // what is left of the chunk read last; the cursor owns it
	left int64  // bytes not yet taken out of chunks
}

// errBytes is a fault of the store: bytes were published and are not whole.
var errBytes = errors.New("stored bytes are damaged")

// Read implements io.Reader.
func (d *download) Read(p []byte) (int, error) {
	for len(d.data) == 0 {
		if d.left == 0 {
			return 0, io.EOF
		}
		if !d.cur.Next(d.ctx) {
			if err := d.cur.Err(); err != nil {
				return 0, fmt.Errorf("read stored bytes: %w", translate(d.ctx, err))
			}
			return 0, fmt.Errorf("%w: %d missing", errBytes, d.left)
		}
		n, okN := d.cur.Current.Lookup("n").AsInt64OK()
		_, data, okData := d.cur.Current.Lookup("data").BinaryOK()
		if !okN || !okData || n != int64(d.next) || int64(len(data)) > d.left {
			return 0, fmt.Errorf("%w: chunk %d", errBytes, d.next)
		}
		d.next++
		d.left -= int64(len(data))
		d.data = data
	}
	n := copy(p, d.data)
	d.data = d.data[n:]
	return n, nil
}

// Close implements io.Closer.
func (d *download) Close() error { return d.cur.Close(context.WithoutCancel(d.ctx)) }
