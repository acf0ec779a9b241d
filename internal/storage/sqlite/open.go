package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"time"

	modernc "modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"felleskrav/internal/storage"
)

// FileName is the name of the database file in the data folder.
const FileName = "felleskrav.db"

// busyTimeout is how long opening and reading wait for another process.
const busyTimeout = 5 * time.Second

// Store is a storage.Store on a folder.
type Store struct {
	dir    string
	now    func() time.Time
	reads  *sql.DB
	stmts  sync.Map // SQL text → *sql.Stmt on reads
	writer *writer
	blobs  blobs
}

var _ storage.Store = (*Store)(nil)

// Open opens the store in dir, which it makes if needed (only the user may
// enter it), brings the tables up to date and clears what a crash left of half
// uploaded evidence. It fails with storage.ErrNewer when the data were written
// by a newer version. now tells the time, for what expires.
func Open(ctx context.Context, dir string, now func() time.Time) (*Store, error) {
	s, err := open(ctx, dir, now)
	if err != nil {
		return nil, fmt.Errorf("open data folder %s: %w", dir, err)
	}
	return s, nil
}

func open(ctx context.Context, dir string, now func() time.Time) (*Store, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	file := filepath.Join(dir, FileName)
	// SQLite would make the file readable to others; its own -wal and -shm
	// files take after it.
	f, err := os.OpenFile(file, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := f.Close(); err != nil {
		return nil, err
	}
	if err := syncDir(dir); err != nil {
		return nil, err
	}
	s := &Store{dir: dir, now: now, blobs: blobs{dir: filepath.Join(dir, "evidence")}}
	if err := s.blobs.open(now()); err != nil {
		return nil, err
	}
	if err := migrate(ctx, file); err != nil {
		return nil, err
	}
	if s.writer, err = openWriter(ctx, file); err != nil {
		return nil, err
	}
	readers := max(4, 2*runtime.GOMAXPROCS(0))
	// Reads look into the file where it lies in memory: asking the system for
	// each page is half of what a list of 10,000 takes. A page that cannot be read
	// then ends the process rather than the query; writes do not go this way.
	s.reads, err = sql.Open("sqlite", dsn(file, "query_only(1)", "mmap_size("+strconv.Itoa(mapped)+")"))
	if err != nil {
		return nil, errors.Join(err, s.writer.close())
	}
	s.reads.SetMaxOpenConns(readers)
	s.reads.SetMaxIdleConns(readers)
	if err := s.Ping(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// mapped is how much of the file's beginning is read where it lies, in bytes;
// the rest is read page by page.
const mapped = 4 << 30

// dsn is the driver's address of file with our settings. The wait for a lock
// is set first, since the settings after it can meet one.
func dsn(file string, pragmas ...string) string {
	q := url.Values{"_txlock": {"immediate"}}
	q.Add("_pragma", "busy_timeout("+strconv.FormatInt(busyTimeout.Milliseconds(), 10)+")")
	for _, p := range append([]string{
		"journal_mode(WAL)",
		"synchronous(FULL)",
		"foreign_keys(1)",
		"trusted_schema(0)",
		"secure_delete(1)", // what is erased about people is not to be found in the file
		"cache_size(-16000)",
	}, pragmas...) {
		q.Add("_pragma", p)
	}
	return "file:" + (&url.URL{Path: file}).EscapedPath() + "?" + q.Encode()
}

// Ping tells whether the database answers.
func (s *Store) Ping(ctx context.Context) error {
	var n int
	if err := s.query(ctx, `SELECT count(*) FROM secrets WHERE name = ''`).row(&n); err != nil {
		return fmt.Errorf("ping database: %w", err)
	}
	return nil
}

// Close waits for the writes under way and closes the files.
func (s *Store) Close() error {
	err := s.writer.close()
	s.stmts.Range(func(_, st any) bool {
		err = errors.Join(err, st.(*sql.Stmt).Close())
		return true
	})
	if err := errors.Join(err, s.reads.Close()); err != nil {
		return fmt.Errorf("close data folder: %w", err)
	}
	return nil
}

// code gives SQLite's result code of err, or 0.
func code(err error) int {
	if e, ok := errors.AsType[*modernc.Error](err); ok {
		return e.Code()
	}
	return 0
}

// isBusy tells whether err says that another process holds the write lock.
func isBusy(err error) bool { return code(err)&0xff == sqlite3.SQLITE_BUSY }

// isDuplicate tells whether err says that a unique key is taken.
func isDuplicate(err error) bool {
	c := code(err)
	return c == sqlite3.SQLITE_CONSTRAINT_UNIQUE || c == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY
}

// Checkpoint writes what is in the write-ahead log to the database and empties
// the log, so that what has been erased is in no file. It is worth doing now and
// then; the database does it by itself when it is closed. It fails while others
// read for long.
func (s *Store) Checkpoint(ctx context.Context) error {
	db, err := sql.Open("sqlite", dsn(filepath.Join(s.dir, FileName)))
	if err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	defer db.Close() //nolint:errcheck // nothing is written through it after this
	var busy, frames, done int
	if err := db.QueryRowContext(ctx, `PRAGMA wal_checkpoint(TRUNCATE)`).Scan(&busy, &frames, &done); err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	if busy != 0 {
		return fmt.Errorf("checkpoint: %w", errBusy)
	}
	return nil
}

var errBusy = errors.New("others are reading")
