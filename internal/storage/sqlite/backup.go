package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"felleskrav/internal/problem"
)

// Backup writes a copy of everything to dir, which must not hold a database
// yet; the copy is a data folder that Open takes. It may run while this and
// other processes read and write: the copy holds what was acknowledged before
// it began, and all evidence that this refers to. Evidence whose bytes do not
// match their name is an error. After an error, dir is of no use.
func (s *Store) Backup(ctx context.Context, dir string) error {
	if err := s.backup(ctx, dir); err != nil {
		return fmt.Errorf("back up to %s: %w", dir, err)
	}
	return nil
}

func (s *Store) backup(ctx context.Context, dir string) error {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	file := filepath.Join(dir, FileName)
	// SQLite takes an empty file, and keeps its mode.
	f, err := os.OpenFile(file, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	db, err := sql.Open("sqlite", dsn(filepath.Join(s.dir, FileName)))
	if err != nil {
		return err
	}
	if _, err := db.ExecContext(ctx, `VACUUM INTO ?`, file); err != nil {
		return errors.Join(err, db.Close())
	}
	if err := errors.Join(db.Close(), f.Sync(), syncDir(dir)); err != nil {
		return err
	}
	// Bytes are there before anything refers to them, so that those that the
	// copied tables refer to are all there by now, save what is erased meanwhile.
	to := blobs{dir: filepath.Join(dir, "evidence")}
	if err := to.open(s.now()); err != nil {
		return err
	}
	return filepath.WalkDir(s.blobs.dir, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case path == s.blobs.tmp():
			return filepath.SkipDir
		case d.IsDir():
			return nil
		}
		return s.copyBlob(ctx, path, to)
	})
}

// copyBlob copies the bytes in a file, and checks them on the way. A file that
// has gone was replaced by another with the same bytes, or erased.
func (s *Store) copyBlob(ctx context.Context, path string, to blobs) error {
	base, _, _ := strings.Cut(filepath.Base(path), ".")
	digest := filepath.Base(filepath.Dir(path)) + base
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		f, _, err = s.blobs.get(ctx, digest)
	}
	if errors.Is(err, problem.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	b, err := to.put(ctx, f)
	if err != nil {
		return err
	}
	if b.SHA256 != digest {
		return fmt.Errorf("evidence %s is damaged: its bytes have the digest %s", digest, b.SHA256)
	}
	return nil
}
