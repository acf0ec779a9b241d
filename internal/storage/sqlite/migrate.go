package sqlite

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"time"

	"github.com/pressly/goose/v3"

	"felleskrav/internal/storage"
)

//go:embed migrations/*.sql
var migrationFiles embed.FS

// migrateFor is how long opening waits for another process that is bringing
// the same file up to date.
const migrateFor = 30 * time.Second

// migrate brings the tables up to date. Two processes that do so at once get
// in each other's way, since reading the version and taking a step are two
// transactions; whoever fails looks again.
func migrate(ctx context.Context, file string) error {
	steps, err := fs.Sub(migrationFiles, "migrations")
	if err != nil {
		return err
	}
	return migrateWith(ctx, file, steps)
}

func migrateWith(ctx context.Context, file string, steps fs.FS) error {
	db, err := sql.Open("sqlite", dsn(file))
	if err != nil {
		return err
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	for start, last := time.Now(), ""; ; {
		done, err := migrateOnce(ctx, db, steps)
		switch {
		case done:
			return err
		// The same fault twice, and no lock in the way: waiting will not help.
		case !isBusy(err) && err.Error() == last, time.Since(start) > migrateFor:
			return fmt.Errorf("migrate database: %w", err)
		}
		last = err.Error()
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(20*time.Millisecond + rand.N(80*time.Millisecond)):
		}
	}
}

// migrateOnce says in done whether it makes no sense to try again.
func migrateOnce(ctx context.Context, db *sql.DB, steps fs.FS) (done bool, err error) {
	p, err := goose.NewProvider(goose.DialectSQLite3, db, steps, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return true, err
	}
	have, want, err := p.GetVersions(ctx)
	if err != nil {
		return false, err
	}
	switch {
	case have > want:
		return true, fmt.Errorf("%w: its tables are at version %d, this program knows %d", storage.ErrNewer, have, want)
	case have == want:
		return true, nil
	}
	if _, err := p.Up(ctx); err != nil {
		return false, err
	}
	return true, nil
}
