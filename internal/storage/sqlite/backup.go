package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
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
	// Bytes are there before anything refers to them and are never removed,
	// so that those that the copied tables refer to are all there by now.
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
		return copyBlob(ctx, path, to)
	})
}

// copyBlob copies the bytes in a file, and checks them on the way.
func copyBlob(ctx context.Context, path string, to blobs) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	b, err := to.put(ctx, f)
	if err != nil {
		return err
	}
	if name := filepath.Base(filepath.Dir(path)) + filepath.Base(path); b.SHA256 != name {
		return fmt.Errorf("evidence %s is damaged: its bytes have the digest %s", name, b.SHA256)
	}
	return nil
}
