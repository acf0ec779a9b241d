package storagetest

import (
	"testing"
	"time"

	"felleskrav/internal/organisation"
)

func registerEntry(n organisation.Number) organisation.RegisterEntry {
	return organisation.RegisterEntry{
		Number: n, Found: true, Name: unicodeText, Form: "AS", Municipality: "0301", Sector: "6500", PublicBody: true, Language: "nn", Parent: number(),
		Bankrupt: true, WindingUp: true, Deleted: true, DeletedOn: "2026-01-31", VAT: true, FetchedAt: at,
	}
}

func keptRegisterEntry(v organisation.RegisterEntry) organisation.RegisterEntry {
	v.FetchedAt = v.FetchedAt.UTC().Truncate(time.Millisecond)
	return v
}

// RunRegisterEntries checks registry.Store.
func RunRegisterEntries(t *testing.T, open Open) {
	ctx, s := t.Context(), open(t)
	read := func(n ...organisation.Number) []organisation.RegisterEntry {
		t.Helper()
		return result[[]organisation.RegisterEntry](t)(s.RegisterEntries(ctx, n))
	}
	a, b, c := registerEntry(number()), registerEntry(number()), number()
	check(t, s.PutRegisterEntry(ctx, b))
	check(t, s.PutRegisterEntry(ctx, a))
	want(t, read(b.Number, c, a.Number, b.Number), []organisation.RegisterEntry{keptRegisterEntry(a), keptRegisterEntry(b)})
	want(t, read(c), []organisation.RegisterEntry{})
	want(t, read(), []organisation.RegisterEntry{})

	absent := organisation.RegisterEntry{Number: a.Number, FetchedAt: at.Add(time.Hour)}
	check(t, s.PutRegisterEntry(ctx, absent))
	want(t, read(a.Number), []organisation.RegisterEntry{keptRegisterEntry(absent)})
	// What was fetched earlier comes too late, and the same again changes nothing.
	check(t, s.PutRegisterEntry(ctx, a))
	check(t, s.PutRegisterEntry(ctx, absent))
	want(t, read(a.Number), []organisation.RegisterEntry{keptRegisterEntry(absent)})

	// Several answers at once: the last fetched stays.
	n := number()
	errs := make(chan error)
	const writers = 8
	for i := range writers {
		go func() {
			errs <- s.PutRegisterEntry(ctx, organisation.RegisterEntry{Number: n, FetchedAt: at.Add(time.Duration(i) * time.Hour)})
		}()
	}
	for range writers {
		check(t, <-errs)
	}
	want(t, read(n), []organisation.RegisterEntry{keptRegisterEntry(organisation.RegisterEntry{Number: n, FetchedAt: at.Add((writers - 1) * time.Hour)})})

	// A list of ten thousand.
	many := []organisation.Number{a.Number}
	for range 10_000 {
		many = append(many, number())
	}
	want(t, len(read(many...)), 1)
	if err := s.PutRegisterEntry(ctx, organisation.RegisterEntry{Number: number(), Name: "a\xffb", FetchedAt: at}); err == nil {
		t.Error("text that is not UTF-8 was taken")
	}
}
