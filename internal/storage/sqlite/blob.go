package sqlite

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"felleskrav/internal/evidence"
	"felleskrav/internal/problem"
	"felleskrav/internal/storage"
)

// blobs keeps bytes as files named by digest, ab/cdef…, under dir. A file gets
// its name only when it is whole and on disk; until then it stands in tmp.
type blobs struct{ dir string }

// halfUploaded is how old a file in tmp must be before it is taken for what a
// crash left; another process may be writing a younger one.
const halfUploaded = time.Hour

func (b blobs) tmp() string { return filepath.Join(b.dir, "tmp") }

// path is where the bytes with this digest stand; ok is false unless digest is
// one, so that nothing else ever becomes part of a path.
func (b blobs) path(digest string) (path string, ok bool) {
	if !storage.IsDigest(digest) {
		return "", false
	}
	return filepath.Join(b.dir, digest[:2], digest[2:]), true
}

// open makes the folders and removes what crashes left.
func (b blobs) open(now time.Time) error {
	if err := os.MkdirAll(b.tmp(), 0o700); err != nil {
		return err
	}
	left, err := os.ReadDir(b.tmp())
	if err != nil {
		return err
	}
	for _, e := range left {
		info, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) {
			continue // its writer has just finished
		}
		if err != nil {
			return err
		}
		if now.Sub(info.ModTime()) < halfUploaded {
			continue
		}
		if err := os.Remove(filepath.Join(b.tmp(), e.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// PutBlob implements evidence.Store.
func (s *Store) PutBlob(ctx context.Context, r io.Reader) (evidence.Blob, error) {
	b, err := s.blobs.put(ctx, r)
	if err != nil {
		return evidence.Blob{}, fmt.Errorf("store bytes: %w", err)
	}
	return b, nil
}

func (b blobs) put(ctx context.Context, r io.Reader) (_ evidence.Blob, err error) {
	f, err := os.CreateTemp(b.tmp(), "put-*") // mode 0600
	if err != nil {
		return evidence.Blob{}, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, f.Close(), ignoreMissing(os.Remove(f.Name())))
		}
	}()
	h := sha256.New()
	size, err := io.Copy(io.MultiWriter(f, h), storage.Reader(ctx, r))
	if err != nil {
		return evidence.Blob{}, err
	}
	if err := f.Sync(); err != nil {
		return evidence.Blob{}, err
	}
	digest := hex.EncodeToString(h.Sum(nil))
	path, _ := b.path(digest)
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return evidence.Blob{}, err
	}
	// If the bytes are there already this puts the same in their place, which
	// mends a damaged file; who reads the old one goes on doing so.
	if err := os.Rename(f.Name(), path); err != nil {
		return evidence.Blob{}, err
	}
	if err := errors.Join(syncDir(dir), syncDir(b.dir)); err != nil {
		return evidence.Blob{}, err
	}
	if err := f.Close(); err != nil {
		return evidence.Blob{}, err
	}
	return evidence.Blob{SHA256: digest, Size: size}, nil
}

// OpenBlob implements evidence.Store.
func (s *Store) OpenBlob(ctx context.Context, digest string) (io.ReadCloser, evidence.Blob, error) {
	f, size, err := s.blobs.get(ctx, digest)
	if err != nil {
		return nil, evidence.Blob{}, fmt.Errorf("open bytes %q: %w", digest, err)
	}
	return f, evidence.Blob{SHA256: digest, Size: size}, nil
}

func (b blobs) get(ctx context.Context, digest string) (*os.File, int64, error) {
	if err := ctx.Err(); err != nil {
		return nil, 0, err
	}
	path, ok := b.path(digest)
	if !ok {
		return nil, 0, problem.ErrNotFound
	}
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, 0, problem.ErrNotFound
	}
	if err != nil {
		return nil, 0, err
	}
	info, err := f.Stat()
	if err != nil {
		return nil, 0, errors.Join(err, f.Close())
	}
	return f, info.Size(), nil
}

func ignoreMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// syncDir makes the names in a folder durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
