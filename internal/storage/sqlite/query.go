package sqlite

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"felleskrav/internal/problem"
	"felleskrav/internal/storage"
)

// query is a read that is about to run. Its statement is prepared once for
// each connection and kept.
type query struct {
	ctx  context.Context
	stmt *sql.Stmt
	err  error
	args []any
}

// query prepares a read; text must be one of a fixed number of texts.
func (s *Store) query(ctx context.Context, text string, args ...any) query {
	if st, ok := s.stmts.Load(text); ok {
		return query{ctx: ctx, stmt: st.(*sql.Stmt), args: args}
	}
	st, err := s.reads.PrepareContext(ctx, text)
	if err != nil {
		return query{err: err}
	}
	if kept, raced := s.stmts.LoadOrStore(text, st); raced {
		err = st.Close()
		st = kept.(*sql.Stmt)
	}
	return query{ctx: ctx, stmt: st, err: err, args: args}
}

// row reads at most one row (problem.ErrNotFound).
func (q query) row(dest ...any) error {
	if q.err != nil {
		return q.err
	}
	err := q.stmt.QueryRowContext(q.ctx, q.args...).Scan(dest...)
	if errors.Is(err, sql.ErrNoRows) {
		return problem.ErrNotFound
	}
	return err
}

// each calls f on every row.
func (q query) each(f func(scan func(...any) error) error) error {
	if q.err != nil {
		return q.err
	}
	rows, err := q.stmt.QueryContext(q.ctx, q.args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := f(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}

// documents reads rows of one column that holds a document. No rows give an
// empty list, not nil.
func documents[T any](q query) ([]T, error) {
	var all storage.Decoder[T]
	err := q.each(func(scan func(...any) error) error {
		var doc sql.RawBytes
		if err := scan(&doc); err != nil {
			return err
		}
		all.Add(doc)
		return nil
	})
	values, decodeErr := all.Values()
	if err := cmp.Or(err, decodeErr); err != nil {
		return nil, err
	}
	return values, nil
}

// document reads the row of a revision and a document.
func document[T any](q query) (v T, rev int64, err error) {
	var doc []byte
	if err := q.row(&rev, &doc); err != nil {
		return v, 0, err
	}
	v, err = storage.Decode[T](doc)
	return v, rev, err
}

// list is the argument of json_each: many values in one parameter.
func list[T any](values []T) (string, error) {
	b, err := json.Marshal(values)
	if err != nil {
		return "", fmt.Errorf("list arguments: %w", err)
	}
	return string(b), nil
}
