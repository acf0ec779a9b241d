package sqlite

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"felleskrav/internal/evidence"
	"felleskrav/internal/problem"
	"felleskrav/internal/storage"
)

// blobs keeps bytes as files named by digest and version, ab/cdef….VERSION,
// under dir; what was stored before there were versions has none. A file gets
// its name only when it is whole and on disk; until then it stands in tmp. All
// files of one digest hold the same bytes, and one of them is enough.
type blobs struct{ dir string }

// halfUploaded is how old a file in tmp must be before it is taken for what a
// crash left; another process may be writing a younger one.
const halfUploaded = time.Hour

func (b blobs) tmp() string { return filepath.Join(b.dir, "tmp") }

// place is the folder of the bytes with this digest, and how their names begin;
// ok is false unless digest is one, so that nothing else ever becomes part of a
// path.
func (b blobs) place(digest string) (dir, name string, ok bool) {
	if !storage.IsDigest(digest) {
		return "", "", false
	}
	return filepath.Join(b.dir, digest[:2]), digest[2:], true
}

// versions lists the files with these bytes by name, in order.
func versions(dir, name string) ([]string, error) {
	d, err := os.Open(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	all, err := d.Readdirnames(-1)
	if err := errors.Join(err, d.Close()); err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(all, func(n string) bool { return n != name && !strings.HasPrefix(n, name+".") })
	slices.Sort(all)
	return all, nil
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
	dir, name, _ := b.place(digest)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return evidence.Blob{}, err
	}
	// If the bytes are there already, these take their place, which mends a
	// damaged file; who reads the old one goes on doing so. Of two who put them
	// at once, only the later can have seen the other's.
	older, err := versions(dir, name)
	if err != nil {
		return evidence.Blob{}, err
	}
	if err := os.Rename(f.Name(), filepath.Join(dir, name+"."+rand.Text())); err != nil {
		return evidence.Blob{}, err
	}
	if err := errors.Join(syncDir(dir), syncDir(b.dir)); err != nil {
		return evidence.Blob{}, err
	}
	if err := removeAll(dir, older); err != nil {
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
	dir, name, ok := b.place(digest)
	for ok {
		if err := ctx.Err(); err != nil {
			return nil, 0, err
		}
		all, err := versions(dir, name)
		if err != nil {
			return nil, 0, err
		}
		if len(all) == 0 {
			break
		}
		f, err := os.Open(filepath.Join(dir, all[len(all)-1]))
		if errors.Is(err, fs.ErrNotExist) {
			continue // another version took its place
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
	if err := ctx.Err(); err != nil {
		return nil, 0, err
	}
	return nil, 0, problem.ErrNotFound
}

// BlobVersion implements evidence.Store. It names all files with the bytes.
func (s *Store) BlobVersion(ctx context.Context, digest string) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", fmt.Errorf("find bytes %q: %w", digest, err)
	}
	dir, name, ok := s.blobs.place(digest)
	if !ok {
		return "", fmt.Errorf("find bytes %q: %w", digest, problem.ErrNotFound)
	}
	all, err := versions(dir, name)
	if err == nil && len(all) == 0 {
		err = problem.ErrNotFound
	}
	if err != nil {
		return "", fmt.Errorf("find bytes %s: %w", digest, err)
	}
	return strings.Join(all, "/"), nil
}

// RemoveBlob implements evidence.Store. What was put later is another file.
func (s *Store) RemoveBlob(ctx context.Context, digest, version string) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("remove bytes %q: %w", digest, err)
	}
	dir, name, ok := s.blobs.place(digest)
	if !ok {
		return nil
	}
	var mine []string
	for v := range strings.SplitSeq(version, "/") {
		if v == name || strings.HasPrefix(v, name+".") {
			mine = append(mine, v)
		}
	}
	if err := removeAll(dir, mine); err != nil {
		return fmt.Errorf("remove bytes %s: %w", digest, err)
	}
	return nil
}

// removeAll removes files of a folder that may be gone, durably.
func removeAll(dir string, names []string) error {
	if len(names) == 0 {
		return nil
	}
	for _, n := range names {
		if err := ignoreMissing(os.Remove(filepath.Join(dir, n))); err != nil {
			return err
		}
	}
	return ignoreMissing(syncDir(dir))
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
