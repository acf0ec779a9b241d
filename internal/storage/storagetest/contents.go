package storagetest

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"testing"
)

// Contents is a digest of each table of an SQLite store, by its name, without
// those that a refused request may write to: the audit trail, and the lease of
// the log.
func Contents(t testing.TB, database *sql.DB) map[string]string {
	t.Helper()
	out := map[string]string{}
	fatal := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	ctx := context.Background()
	tables, err := database.QueryContext(ctx, "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'trail%' AND name NOT LIKE 'sqlite%' AND name <> 'log_leases'")
	fatal(err)
	defer tables.Close()
	var names []string
	for tables.Next() {
		var name string
		fatal(tables.Scan(&name))
		names = append(names, name)
	}
	fatal(tables.Err())
	digest := func(name string) string {
		rows, err := database.QueryContext(ctx, "SELECT * FROM "+name)
		fatal(err)
		defer rows.Close()
		columns, err := rows.Columns()
		fatal(err)
		values, into := make([]any, len(columns)), make([]any, len(columns))
		for i := range values {
			into[i] = &values[i]
		}
		sum := sha256.New()
		for rows.Next() {
			fatal(rows.Scan(into...))
			fmt.Fprintln(sum, values...)
		}
		fatal(rows.Err())
		return hex.EncodeToString(sum.Sum(nil))
	}
	for _, name := range names {
		out[name] = digest(name)
	}
	return out
}
