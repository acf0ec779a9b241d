package sqlite

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"

	modernc "modernc.org/sqlite"

	"felleskrav/internal/organisation"
	"felleskrav/internal/storage"
	"felleskrav/internal/supplier"
)

// The search asks an index of grams (storage.Grams) which suppliers may be hits,
// and looks at what they are called: a hit has all grams of what is looked for,
// but what has them all need not be a hit. A row of the index is a slot: the
// suppliers whose numbers begin alike, nearly always one.

// How many grams of a text that is looked for are asked about at most, and of
// each piece of a word: each one costs a search in the index, and beyond some
// they tell little.
const (
	queryGrams = 8
	pieceGrams = 3
)

// slot gives the row of the index that a supplier is in. A greater number is
// never in a lower row. Norwegian numbers have rows close to each other, which
// makes the index smaller.
func slot[T ~string](number T) int64 {
	const (
		digits  = 9
		above   = 11 // of what comes after the digits; a digit is 1 to 10, and what comes before them 0
		base    = above + 1
		letters = 8
		bits    = 7
		foreign = 1 << 33 // more than base to the power of digits
	)
	var v int64
	if number == "" || number[0] <= '9' {
		// What follows the first that is no digit counts as nothing.
		counts := true
		for i := range digits {
			v *= base
			if counts && i < len(number) {
				c := min(max(int64(number[i])-'0'+1, 0), above)
				counts = c > 0 && c < above
				v += c
			}
		}
		return v
	}
	// The same beyond ASCII.
	ascii := true
	for i := range letters {
		v <<= bits
		if ascii && i < len(number) {
			ascii = number[i] < 1<<bits-1
			v |= min(int64(number[i]), 1<<bits-1)
		}
	}
	return foreign + v
}

// SQL that brings rows of the index in step with the tables, also that of a slot
// that has become empty. Texts are apart by a zero byte, which nobody can look for.
// Before an INSERT … SELECT there would be a savepoint: see indexed.
const (
	indexSuppliers = `INSERT OR REPLACE INTO supplier_grams (rowid, grams) VALUES (?1, search_grams(CAST(
		(SELECT coalesce(group_concat(name || char(0) || lower(number), char(0)), '') FROM suppliers WHERE slot = ?1) AS BLOB)))`
	indexOfferings = `INSERT OR REPLACE INTO offering_grams (rowid, grams) VALUES (?1, search_grams(CAST(
		(SELECT coalesce(group_concat(name, char(0)), '') FROM offerings WHERE slot = ?1) AS BLOB)))`
)

// The functions are for migrations and the statements above; the tables do not
// depend on them.
func init() {
	modernc.MustRegisterDeterministicScalarFunction("search_slot", 1, func(_ *modernc.FunctionContext, args []driver.Value) (driver.Value, error) {
		number, ok := args[0].(string)
		if !ok {
			return nil, errors.New("search_slot takes a text")
		}
		return slot(number), nil
	})
	modernc.MustRegisterDeterministicScalarFunction("search_grams", 1, func(_ *modernc.FunctionContext, args []driver.Value) (driver.Value, error) {
		texts, ok := args[0].([]byte) // a text would end at its first zero byte
		if !ok {
			return nil, errors.New("search_grams takes bytes")
		}
		return tokens(string(texts)), nil
	})
}

// tokens gives the grams of texts as words for the index.
func tokens(texts string) string {
	var b strings.Builder
	b.Grow(16 * len(texts))
	for text := range strings.SplitSeq(texts, "\x00") {
		for _, g := range storage.Grams(text) {
			writeToken(&b, g)
			b.WriteByte(' ')
		}
	}
	return b.String()
}

// private is a range of letters that nobody else uses.
const private = 0xE000

// writeToken writes a gram so that it is one word to the index, and no more in
// its query language: signs are written as letters.
func writeToken(b *strings.Builder, gram string) {
	for _, r := range gram {
		if r < 0x80 && (r < '0' || r > '9') && (r < 'a' || r > 'z') {
			r += private
		}
		b.WriteRune(r)
	}
}

// matching asks the index for what has all the grams.
func matching(b *strings.Builder, grams []string) {
	for i, g := range grams {
		if i > 0 {
			b.WriteString(" AND ")
		}
		b.WriteByte('"')
		writeToken(b, g)
		b.WriteByte('"')
	}
}

// matchPart asks the index for what may contain part.
func matchPart(part string) string {
	var b strings.Builder
	matching(&b, storage.GramsOf(part, queryGrams))
	return b.String()
}

// matchPieces asks the index for what may have, of each of the words, one of its
// pieces.
func matchPieces(words []supplier.Pieces) string {
	var b strings.Builder
	for i, pieces := range words {
		if i > 0 {
			b.WriteString(" AND ")
		}
		b.WriteString("((")
		matching(&b, storage.GramsOf(pieces[0], pieceGrams))
		b.WriteString(") OR (")
		matching(&b, storage.GramsOf(pieces[1], pieceGrams))
		b.WriteString("))")
	}
	return b.String()
}

// indexed queues a write, and brings the slots in step that it touches. That
// waits for the end of the transaction: the index gathers what is written, as
// long as the rows come in order and no savepoint is set.
func (s *Store) indexed(ctx context.Context, index string, touched []int64, change func(tx) error) error {
	return s.writer.do(ctx, &write{run: func(t tx) error {
		if err := change(t); err != nil {
			return err
		}
		for _, at := range touched {
			t.later(index, at)
		}
		return nil
	}})
}

// In the searches below the index comes first and gives its slots in order; of
// each slot the other index gives the suppliers in order. What the documents hold
// is read for hits only, and nothing is read beyond the last hit that is wanted.

// SearchSuppliers implements supplier.Store.
func (s *Store) SearchSuppliers(ctx context.Context, query string, after organisation.Number, limit int) ([]supplier.Supplier, error) {
	folded, ok := storage.Query(query)
	if !ok {
		return []supplier.Supplier{}, ctx.Err()
	}
	q := s.query(ctx, `SELECT doc FROM suppliers WHERE number > ? AND NOT body ORDER BY number LIMIT ?`, string(after), max(limit, 0))
	if folded != "" {
		// instr takes the query as it is, where LIKE would read % and _ in it.
		q = s.query(ctx, `SELECT doc FROM supplier_grams g CROSS JOIN suppliers s INDEXED BY suppliers_search ON s.slot = g.rowid
			WHERE supplier_grams MATCH ?1 AND g.rowid >= ?2 AND number > ?3
			AND (NOT body AND (instr(name, ?4) > 0 OR instr(lower(number), ?4) > 0) OR lower(number) = ?4)
			ORDER BY g.rowid LIMIT ?5`, matchPart(folded), slot(after), string(after), folded, max(limit, 0))
	}
	all, err := documents[supplier.Supplier](q)
	if err != nil {
		return nil, fmt.Errorf("search suppliers: %w", err)
	}
	return all, nil
}

// SuppliersAfter implements supplier.Store.
func (s *Store) SuppliersAfter(ctx context.Context, after organisation.Number, limit int) ([]supplier.Supplier, error) {
	all, err := documents[supplier.Supplier](s.query(ctx, `SELECT doc FROM suppliers WHERE number > ? ORDER BY number LIMIT ?`, string(after), max(limit, 0)))
	if err != nil {
		return nil, fmt.Errorf("list suppliers: %w", err)
	}
	return all, nil
}

// SuppliersLike implements supplier.Store.
func (s *Store) SuppliersLike(ctx context.Context, words []supplier.Pieces, limit int) ([]supplier.Named, error) {
	args, ok := storage.PieceArgs(words)
	if !ok {
		return []supplier.Named{}, ctx.Err()
	}
	out := []supplier.Named{}
	err := s.query(ctx, `SELECT number, name FROM supplier_grams g CROSS JOIN suppliers s INDEXED BY suppliers_search ON s.slot = g.rowid
		WHERE supplier_grams MATCH ?1 AND NOT body
		AND (instr(name, ?2) > 0 OR instr(name, ?3) > 0) AND (instr(name, ?4) > 0 OR instr(name, ?5) > 0) AND (instr(name, ?6) > 0 OR instr(name, ?7) > 0)
		ORDER BY g.rowid LIMIT ?8`, matchPieces(storage.Unique(args[:])), args[0][0], args[0][1], args[1][0], args[1][1], args[2][0], args[2][1], max(limit, 0)).
		each(func(scan func(...any) error) error {
			var v supplier.Named
			err := scan(&v.Number, &v.Name)
			out = append(out, v)
			return err
		})
	if err != nil {
		return nil, fmt.Errorf("search suppliers: %w", err)
	}
	return out, nil
}

// errEnough ends a read that has given what is wanted.
var errEnough = errors.New("enough")

// SuppliersOffering implements supplier.Store.
func (s *Store) SuppliersOffering(ctx context.Context, query string, after organisation.Number, limit int) ([]organisation.Number, error) {
	folded, ok := storage.NameQuery(query)
	out := []organisation.Number{}
	if !ok || limit < 1 {
		return out, ctx.Err()
	}
	// A supplier comes once for each of its offerings.
	err := s.query(ctx, `SELECT supplier FROM offering_grams g CROSS JOIN offerings o INDEXED BY offerings_search ON o.slot = g.rowid
		WHERE offering_grams MATCH ? AND g.rowid >= ? AND supplier > ? AND instr(name, ?) > 0 ORDER BY g.rowid`,
		matchPart(folded), slot(after), string(after), folded).
		each(func(scan func(...any) error) error {
			var n organisation.Number
			if err := scan(&n); err != nil {
				return err
			}
			if len(out) == 0 || out[len(out)-1] != n {
				out = append(out, n)
			}
			if len(out) == limit {
				return errEnough
			}
			return nil
		})
	if err != nil && !errors.Is(err, errEnough) {
		return nil, fmt.Errorf("search offerings: %w", err)
	}
	return out, nil
}
