package sqlite

import (
	"database/sql"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"felleskrav/internal/storage"
	"felleskrav/internal/supplier"
)

func mustOpen(t *testing.T, dir string) *Store {
	t.Helper()
	s, err := Open(t.Context(), dir, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// Nobody but the user may read the data, and any folder name will do.
func TestFiles(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "mappe med ø", "a#b?c=d&e%20f;g")
	s := mustOpen(t, dir)
	if err := s.InsertSupplier(t.Context(), supplier.Supplier{Number: "1"}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.PutBlob(t.Context(), strings.NewReader("bytes")); err != nil {
		t.Fatal(err)
	}
	seen := 0
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		want := fs.FileMode(0o600)
		if d.IsDir() {
			want = 0o700
		}
		if got := info.Mode().Perm(); got != want {
			t.Errorf("%s has mode %o, want %o", path, got, want)
		}
		seen++
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if seen < 7 { // folder, database, -wal, -shm, evidence, tmp, ab, the bytes
		t.Errorf("saw only %d files", seen)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := mustOpen(t, dir).Supplier(t.Context(), "1"); err != nil {
		t.Error(err)
	}
}

// What a setting is worth is whether the connection has it.
func TestSettings(t *testing.T) {
	s := mustOpen(t, t.TempDir())
	for pragma, want := range map[string]string{
		"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "secure_delete": "1",
	} {
		var read, write string
		if err := s.reads.QueryRow("PRAGMA " + pragma).Scan(&read); err != nil {
			t.Fatal(err)
		}
		if err := s.writer.tx.conn.QueryRowContext(t.Context(), "PRAGMA "+pragma).Scan(&write); err != nil {
			t.Fatal(err)
		}
		if read != want || write != want {
			t.Errorf("%s is %s and %s, want %s", pragma, read, write, want)
		}
	}
	if _, err := s.reads.Exec(`DELETE FROM suppliers`); err == nil {
		t.Error("a reading connection can write")
	}
}

// schema is everything that defines the tables of a file.
func schema(t *testing.T, file string) []string {
	t.Helper()
	db, err := sql.Open("sqlite", dsn(file))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.Query(`SELECT type || ' ' || name || ' ' || coalesce(sql, '') FROM sqlite_schema ORDER BY type, name`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var all []string
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			t.Fatal(err)
		}
		all = append(all, strings.Join(strings.Fields(s), " "))
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

// upTo gives the first n migrations.
func upTo(t *testing.T, n int) fs.FS {
	t.Helper()
	names, err := fs.Glob(migrationFiles, "migrations/*.sql")
	if err != nil {
		t.Fatal(err)
	}
	m := fstest.MapFS{}
	for _, name := range names[:n] {
		b, err := fs.ReadFile(migrationFiles, name)
		if err != nil {
			t.Fatal(err)
		}
		m[filepath.Base(name)] = &fstest.MapFile{Data: b}
	}
	return m
}

// A file made by any older version, with data in it, ends up the same as a new
// one; a second run changes nothing.
func TestMigrate(t *testing.T) {
	names, _ := fs.Glob(migrationFiles, "migrations/*.sql")
	fresh := filepath.Join(t.TempDir(), FileName)
	if err := migrate(t.Context(), fresh); err != nil {
		t.Fatal(err)
	}
	want := schema(t, fresh)
	if len(want) < 20 {
		t.Fatalf("a new file has only %v", want)
	}
	for n := 1; n <= len(names); n++ {
		dir := t.TempDir()
		file := filepath.Join(dir, FileName)
		if err := migrateWith(t.Context(), file, upTo(t, n)); err != nil {
			t.Fatal(err)
		}
		db, err := sql.Open("sqlite", dsn(file))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := db.Exec(`INSERT INTO suppliers (number, rev, name, doc) VALUES ('987654325', 4, 'gammel', '{"orgnr":"987654325","name":"Gammel","rev":4}')`); err != nil {
			t.Fatal(err)
		}
		if n < 3 { // withdrawals had no time of their own
			if _, err := db.Exec(`INSERT INTO withdrawals (attestation, offering, doc) VALUES
				('aa', 'o', '{"attestation":"aa","at":"2026-11-23T12:00:00.123Z"}'), ('bb', 'o', '{"attestation":"bb","at":"2026-11-23T12:00:00Z"}')`); err != nil {
				t.Fatal(err)
			}
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			s := mustOpen(t, dir)
			got, err := s.Supplier(t.Context(), "987654325")
			if err != nil || got.Name != "Gammel" || got.Rev != 4 {
				t.Errorf("version %d: old supplier is %+v, %v", n, got, err)
			}
			if n < 3 {
				at := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
				all, err := s.WithdrawalsSince(t.Context(), at, 10)
				late, err2 := s.WithdrawalsSince(t.Context(), at.Add(123*time.Millisecond), 10)
				if !slices.Equal(all, []string{"bb", "aa"}) || !slices.Equal(late, []string{"aa"}) || err != nil || err2 != nil {
					t.Errorf("version %d: old withdrawals are %v and %v, %v, %v", n, all, late, err, err2)
				}
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(want, schema(t, file)); d != "" {
				t.Errorf("from version %d (-fresh +migrated):\n%s", n, d)
			}
		}
	}
}

// A next migration, as a later release will bring, meets real data.
func TestMigrateNext(t *testing.T) {
	dir := t.TempDir()
	s := mustOpen(t, dir)
	if err := s.InsertSupplier(t.Context(), supplier.Supplier{Number: "1", Name: "Æ"}); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	names, _ := fs.Glob(migrationFiles, "migrations/*.sql")
	next := upTo(t, len(names)).(fstest.MapFS)
	next["99999_next.sql"] = &fstest.MapFile{Data: []byte("-- +goose Up\nALTER TABLE suppliers ADD COLUMN country TEXT;\nUPDATE suppliers SET country = doc ->> 'country';\n")}
	file := filepath.Join(dir, FileName)
	if err := migrateWith(t.Context(), file, next); err != nil {
		t.Fatal(err)
	}
	before := schema(t, file)

	_, err := Open(t.Context(), dir, time.Now)
	if !errors.Is(err, storage.ErrNewer) {
		t.Fatalf("an older program opens a newer file: %v", err)
	}
	if !strings.Contains(err.Error(), "version 99999") || !strings.Contains(err.Error(), dir) {
		t.Errorf("the error does not say what and where: %v", err)
	}
	if d := cmp.Diff(before, schema(t, file)); d != "" {
		t.Errorf("refusing changed the file:\n%s", d)
	}
}

// A migration that fails leaves the file as it was, and says so at once.
func TestMigrateFails(t *testing.T) {
	file := filepath.Join(t.TempDir(), FileName)
	if err := migrate(t.Context(), file); err != nil {
		t.Fatal(err)
	}
	before := schema(t, file)
	names, _ := fs.Glob(migrationFiles, "migrations/*.sql")
	next := upTo(t, len(names)).(fstest.MapFS)
	next["99999_next.sql"] = &fstest.MapFile{Data: []byte("-- +goose Up\nCREATE TABLE x (a INTEGER) STRICT;\nINSERT INTO nowhere VALUES (1);\n")}
	start := time.Now()
	if err := migrateWith(t.Context(), file, next); err == nil {
		t.Fatal("a broken migration went through")
	}
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("it took %s to say so", took)
	}
	if d := cmp.Diff(before, schema(t, file)); d != "" {
		t.Errorf("half a migration is there:\n%s", d)
	}
}

func TestOpenAtOnce(t *testing.T) {
	dir := t.TempDir()
	var wg sync.WaitGroup
	for range 6 {
		wg.Go(func() {
			s, err := Open(t.Context(), dir, time.Now)
			if err != nil {
				t.Error(err)
				return
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

func TestOpenRefuses(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), file, time.Now); err == nil {
		t.Error("a file was taken for a folder")
	}
	if err := os.WriteFile(filepath.Join(dir, FileName), []byte(strings.Repeat("not a database ", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), dir, time.Now); err == nil {
		t.Error("something else was taken for a database")
	}
}

// Opening removes what crashes left, and nothing younger than an hour.
func TestHalfUploaded(t *testing.T) {
	dir := t.TempDir()
	if err := mustOpen(t, dir).Close(); err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	for name, age := range map[string]time.Duration{"put-old": 61 * time.Minute, "put-young": 59 * time.Minute} {
		path := filepath.Join(dir, "evidence", "tmp", name)
		if err := os.WriteFile(path, []byte("half"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, now, now.Add(-age)); err != nil {
			t.Fatal(err)
		}
	}
	s := mustOpen(t, dir)
	if _, err := s.PutBlob(t.Context(), strings.NewReader("whole")); err != nil {
		t.Fatal(err)
	}
	broken := errors.New("broken")
	if _, err := s.PutBlob(t.Context(), errReader{broken}); !errors.Is(err, broken) {
		t.Fatal(err)
	}
	left, err := os.ReadDir(filepath.Join(dir, "evidence", "tmp"))
	if err != nil {
		t.Fatal(err)
	}
	if len(left) != 1 || left[0].Name() != "put-young" {
		t.Errorf("left are %v", left)
	}
}

type errReader struct{ err error }

func (r errReader) Read([]byte) (int, error) { return 0, r.err }
