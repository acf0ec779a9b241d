package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"felleskrav/internal/bulkcheck"
	"felleskrav/internal/problem"
	"felleskrav/internal/storage"
)

// Files that are kept for some days, for lists that are checked and workbooks
// that are filled in, stand in a folder of their own under the names their
// owners give them. Unlike evidence, equal bytes are not kept once: each owner's
// go when it goes. Backups leave them out.

// keptFile is the path of a file; ok is false unless the name is one, so that
// nothing else ever becomes part of a path.
func (s *Store) keptFile(name string) (path string, ok bool) {
	if !bulkcheck.ValidFileName(name) {
		return "", false
	}
	return filepath.Join(s.dir, "kept", name), true
}

// PutKeptFile implements bulkcheck.Store. The file gets its name only when it
// is whole and on disk.
func (s *Store) PutKeptFile(ctx context.Context, name string, r io.Reader) (int64, error) {
	size, err := s.putKeptFile(ctx, name, r)
	if err != nil {
		return 0, fmt.Errorf("store file %q: %w", name, err)
	}
	return size, nil
}

func (s *Store) putKeptFile(ctx context.Context, name string, r io.Reader) (size int64, err error) {
	path, ok := s.keptFile(name)
	if !ok {
		return 0, bulkcheck.ErrFileName
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return 0, err
	}
	// What a crash leaves here is cleared with the rest of the folder.
	f, err := os.CreateTemp(s.blobs.tmp(), "put-*") // mode 0600
	if err != nil {
		return 0, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, f.Close(), ignoreMissing(os.Remove(f.Name())))
		}
	}()
	if size, err = io.Copy(f, storage.Reader(ctx, r)); err != nil {
		return 0, err
	}
	if err := f.Sync(); err != nil {
		return 0, err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return 0, err
	}
	if err := errors.Join(syncDir(filepath.Dir(path)), syncDir(s.dir)); err != nil {
		return 0, err
	}
	return size, f.Close()
}

// OpenKeptFile implements bulkcheck.Store.
func (s *Store) OpenKeptFile(ctx context.Context, name string) (io.ReadCloser, int64, error) {
	f, size, err := s.openKeptFile(ctx, name)
	if err != nil {
		return nil, 0, fmt.Errorf("open file %q: %w", name, err)
	}
	return f, size, nil
}

func (s *Store) openKeptFile(ctx context.Context, name string) (*os.File, int64, error) {
	if err := ctx.Err(); err != nil {
		return nil, 0, err
	}
	path, ok := s.keptFile(name)
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

// RemoveKeptFile implements bulkcheck.Store.
func (s *Store) RemoveKeptFile(ctx context.Context, name string) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("remove file %q: %w", name, err)
	}
	path, ok := s.keptFile(name)
	if !ok {
		return nil
	}
	if err := removeAll(filepath.Dir(path), []string{filepath.Base(path)}); err != nil {
		return fmt.Errorf("remove file %q: %w", name, err)
	}
	return nil
}
