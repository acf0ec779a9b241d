package sqlite

import (
	"bytes"
	"database/sql"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"felleskrav/internal/organisation"
	"felleskrav/internal/supplier"
)

// Suppliers in the order of their slots are in the order of their numbers.
func TestSlots(t *testing.T) {
	letters := rapid.SampledFrom([]rune("0189ABZaz -/:\x00\x7f\u0080\u0081ø中"))
	numbers := rapid.OneOf(rapid.StringMatching(`[0-9]{9}`), rapid.StringMatching(`[A-Z]{2}[0-9A-Z]{2,12}`), rapid.StringOfN(letters, 0, 12, -1))
	rapid.Check(t, func(t *rapid.T) {
		a := numbers.Draw(t, "a")
		b := rapid.OneOf(numbers, rapid.Map(numbers, func(end string) string { return a[:len(a)/2] + end })).Draw(t, "b")
		if a < b && slot(a) > slot(b) || a > b && slot(a) < slot(b) {
			t.Fatalf("%q is in %d and %q in %d", a, slot(a), b, slot(b))
		}
		if slot(a) < 0 {
			t.Fatalf("%q is in %d", a, slot(a))
		}
	})
	for _, pair := range [][2]string{{"910000001", "910000002"}, {"000000000", "999999999"}, {"EE1234567", "EE1234667"}} {
		if slot(pair[0]) >= slot(pair[1]) {
			t.Errorf("%q and %q are in one slot", pair[0], pair[1])
		}
	}
}

// What the index is asked for is words of letters, whatever somebody looks for.
func TestMatchIsQuoted(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		part := rapid.StringN(1, 20, -1).Filter(func(s string) bool { return !strings.Contains(s, "\x00") }).Draw(t, "part")
		for word := range strings.SplitSeq(matchPart(part), " AND ") {
			inner := strings.Trim(word, `"`)
			if len(word) != len(inner)+2 || strings.ContainsAny(inner, "\"'*+-^:(){}, \t\n") {
				t.Fatalf("%q asks for %q", part, word)
			}
		}
	})
}

// What was stored before there was an index of grams is found by it.
func TestIndexOfOldData(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, FileName)
	if err := migrateWith(t.Context(), file, upTo(t, 19)); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", dsn(file))
	if err != nil {
		t.Fatal(err)
	}
	for _, statement := range []string{
		`INSERT INTO suppliers (number, rev, name, body, doc) VALUES ('987654325', 1, 'østen drift', 0, '{"orgnr":"987654325"}'),
			('EE123456789', 1, 'blå', 0, '{"orgnr":"EE123456789"}'), ('EE123456781', 1, 'grå' || char(0) || 'drift', 0, '{"orgnr":"EE123456781"}')`,
		`INSERT INTO offerings (id, supplier, rev, name, doc) VALUES ('a', 'EE123456781', 1, 'kart', '{}'), ('b', 'EE123456789', 1, 'arkiv', '{}'), ('c', 'EE123456789', 1, 'kart', '{}')`,
	} {
		if _, err := db.Exec(statement); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	s, ctx := mustOpen(t, dir), t.Context()
	for query, want := range map[string][]organisation.Number{
		"drift": {"987654325", "EE123456781"}, "ØSTEN": {"987654325"}, "ee1234": {"EE123456781", "EE123456789"}, "5": {"987654325", "EE123456781", "EE123456789"}, "ød": {},
	} {
		all, err := s.SearchSuppliers(ctx, query, "", 10)
		got := []organisation.Number{}
		for _, v := range all {
			got = append(got, v.Number)
		}
		if !slices.Equal(got, want) || err != nil {
			t.Errorf("%q finds %q, %v; want %q", query, got, err, want)
		}
	}
	for query, want := range map[string][]organisation.Number{"kart": {"EE123456781", "EE123456789"}, "arkiv": {"EE123456789"}} {
		if got, err := s.SuppliersOffering(ctx, query, "", 10); !slices.Equal(got, want) || err != nil {
			t.Errorf("offering %q finds %q, %v; want %q", query, got, err, want)
		}
	}
}

// Only what a supplier and an offering are found by is written to the index.
func TestIndexIsLeftAlone(t *testing.T) {
	s, ctx := mustOpen(t, t.TempDir()), t.Context()
	if err := s.InsertSupplier(ctx, supplier.Supplier{Number: "987654325", Name: "A"}); err != nil {
		t.Fatal(err)
	}
	if err := s.InsertOffering(ctx, supplier.Offering{ID: "a", Supplier: "987654325", Name: "A"}); err != nil {
		t.Fatal(err)
	}
	// The record of what the index is made of, which changes with each write.
	made := func(index string) (record []byte) {
		t.Helper()
		if err := s.reads.QueryRow(`SELECT block FROM ` + index + `_data WHERE id = 10`).Scan(&record); err != nil {
			t.Fatal(err)
		}
		return record
	}
	for _, c := range []struct {
		index  string
		change func(name string, other string) error
	}{
		{"supplier_grams", func(name, other string) error {
			_, err := s.UpdateSupplier(ctx, "987654325", func(v supplier.Supplier) (supplier.Supplier, error) {
				v.Name, v.Website, v.Body = name, other, !v.Body
				return v, nil
			})
			return err
		}},
		{"offering_grams", func(name, other string) error {
			_, err := s.UpdateOffering(ctx, "a", func(v supplier.Offering) (supplier.Offering, error) { v.Name, v.Version = name, other; return v, nil })
			return err
		}},
	} {
		before := made(c.index)
		if err := c.change("A", "other"); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(before, made(c.index)) {
			t.Errorf("%s was written to for nothing", c.index)
		}
		if err := c.change("B", "other"); err != nil {
			t.Fatal(err)
		}
		if bytes.Equal(before, made(c.index)) {
			t.Errorf("%s was not written to", c.index)
		}
	}
}
