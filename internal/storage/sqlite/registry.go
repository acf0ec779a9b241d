package sqlite

import (
	"context"
	"fmt"

	"felleskrav/internal/organisation"
	"felleskrav/internal/storage"
)

// PutRegisterEntry implements registry.Store.
func (s *Store) PutRegisterEntry(ctx context.Context, v organisation.RegisterEntry) error {
	doc, err := storage.Encode(v)
	if err == nil {
		err = s.exec(ctx, `INSERT INTO register_entries (number, fetched, rev, doc) VALUES (?, ?, 1, ?)
			ON CONFLICT (number) DO UPDATE SET rev = rev + 1, fetched = excluded.fetched, doc = excluded.doc WHERE fetched <= excluded.fetched`,
			string(v.Number), millis(v.FetchedAt), string(doc))
	}
	if err != nil {
		return fmt.Errorf("put register entry %s: %w", v.Number, err)
	}
	return nil
}

// RegisterEntries implements registry.Store.
func (s *Store) RegisterEntries(ctx context.Context, numbers []organisation.Number) ([]organisation.RegisterEntry, error) {
	arg, err := list(numbers)
	if err != nil {
		return nil, err
	}
	all, err := documents[organisation.RegisterEntry](s.query(ctx,
		`SELECT doc FROM register_entries WHERE number IN (SELECT value FROM json_each(?)) ORDER BY number`, arg))
	if err != nil {
		return nil, fmt.Errorf("read register entries: %w", err)
	}
	return all, nil
}
