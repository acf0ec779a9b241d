package storagetest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
	"pgregory.net/rapid"

	"felleskrav/internal/organisation"
	"felleskrav/internal/storage"
	"felleskrav/internal/supplier"
)

// words are what the names below are made of: alike, so that searches nearly
// hit, and what a query language of some database would read as more than text.
var words = []string{
	"blå", "blåbær", "blå bær", "BLÅ", "æøå", "Øst", "Ø", "bla\u030a", "AND", "OR", "NOT", "NEAR(", "a AND b", "100%", "a_b", "axb", "\"", "\"blå\"", "*", "blå*", "'", "^", "-", ":", "(", "{", "\\", "$", ".*",
	"sky", "skyen", "kyst", "aaaa", "aaa", "İ", "ß", "ﬀ", "中文", "😀", "\n", "\ufffe", "\ue020", "a\x00b", "", " ",
}

// plain is the supplier search as its contract has it, among what was put into a
// store.
type plain struct {
	suppliers map[organisation.Number]supplier.Supplier
	offerings map[string]supplier.Offering
}

// find lists the numbers that hold in order, after a number, at most limit.
func find[T any](all map[organisation.Number]T, holds func(organisation.Number, T) bool, after organisation.Number, limit int) []organisation.Number {
	found := []organisation.Number{}
	for n, v := range all {
		if n > after && holds(n, v) {
			found = append(found, n)
		}
	}
	slices.Sort(found)
	return found[:min(len(found), max(limit, 0))]
}

func (p plain) search(query string, after organisation.Number, limit int) []organisation.Number {
	q, ok := storage.Query(query)
	return find(p.suppliers, func(n organisation.Number, v supplier.Supplier) bool {
		number := strings.ToLower(string(n))
		return ok && (!v.Body && (strings.Contains(storage.Fold(v.Name), q) || strings.Contains(number, q)) || number == q)
	}, after, limit)
}

func (p plain) like(words []supplier.Pieces, limit int) []organisation.Number {
	return find(p.suppliers, func(_ organisation.Number, v supplier.Supplier) bool {
		return !v.Body && !slices.ContainsFunc(words[:min(len(words), 3)], func(w supplier.Pieces) bool {
			return !slices.ContainsFunc(w[:], func(piece string) bool { return strings.Contains(storage.Fold(v.Name), storage.Fold(piece)) })
		})
	}, "", limit)
}

func (p plain) offering(query string, after organisation.Number, limit int) []organisation.Number {
	names := map[organisation.Number][]string{}
	for _, o := range p.offerings {
		names[o.Supplier] = append(names[o.Supplier], storage.Fold(o.Name))
	}
	q, ok := storage.NameQuery(query)
	return find(names, func(_ organisation.Number, names []string) bool {
		return ok && slices.ContainsFunc(names, func(name string) bool { return strings.Contains(name, q) })
	}, after, limit)
}

// RunSearches checks that a search finds what a look at every name would find,
// in the same order, whatever the names are and however they change.
func RunSearches(t *testing.T, open Open) {
	ctx, s := t.Context(), open(t)
	p := plain{map[organisation.Number]supplier.Supplier{}, map[string]supplier.Offering{}}
	name := rapid.Custom(func(t *rapid.T) string {
		return strings.Join(rapid.SliceOfN(rapid.SampledFrom(words), 1, 4).Draw(t, "words"), rapid.SampledFrom([]string{" ", ""}).Draw(t, "between"))
	})
	// Foreign ones begin alike for longer than an index may look.
	numbers := rapid.OneOf(rapid.StringMatching(`9[0-2]{8}`), rapid.StringMatching(`EE12345678[0-3]{1,2}`), rapid.StringMatching(`[A-F]{2}[0-9]{1,3}`))
	query := rapid.OneOf(rapid.SampledFrom(words), name, numbers, rapid.Custom(func(t *rapid.T) string {
		all := []rune(rapid.OneOf(name, numbers).Draw(t, "text"))
		if len(all) == 0 {
			return ""
		}
		from := rapid.IntRange(0, len(all)-1).Draw(t, "from")
		return string(all[from:min(len(all), from+rapid.IntRange(1, 6).Draw(t, "letters"))])
	}))
	numbered := func(v []supplier.Supplier) []organisation.Number {
		out := []organisation.Number{}
		for _, v := range v {
			out = append(out, v.Number)
		}
		return out
	}
	rapid.Check(t, func(r *rapid.T) {
		fine := func(err error) {
			if err != nil {
				r.Fatal(err)
			}
		}
		same := func(what string, got, want []organisation.Number, err error) {
			fine(err)
			if !slices.Equal(got, want) {
				r.Fatalf("%s gave %v, want %v", what, got, want)
			}
		}
		for range rapid.IntRange(1, 3).Draw(r, "writes") {
			n := organisation.Number(numbers.Draw(r, "number"))
			v, known := p.suppliers[n]
			v.Number, v.Name, v.Body = n, name.Draw(r, "name"), rapid.IntRange(0, 4).Draw(r, "body") == 0
			if known {
				_, err := s.UpdateSupplier(ctx, n, func(supplier.Supplier) (supplier.Supplier, error) { return v, nil })
				fine(err)
			} else {
				fine(s.InsertSupplier(ctx, v))
			}
			p.suppliers[n] = v

			o := supplier.Offering{ID: fmt.Sprint(len(p.offerings)), Supplier: organisation.Number(numbers.Draw(r, "number")), Name: name.Draw(r, "name")}
			if moved := fmt.Sprint(rapid.IntRange(0, 2*len(p.offerings)).Draw(r, "offering")); p.offerings[moved].ID != "" {
				o.ID = moved
				_, err := s.UpdateOffering(ctx, o.ID, func(supplier.Offering) (supplier.Offering, error) { return o, nil })
				fine(err)
			} else {
				fine(s.InsertOffering(ctx, o))
			}
			p.offerings[o.ID] = o
		}
		for range 4 {
			q := query.Draw(r, "query")
			after := organisation.Number(rapid.OneOf(rapid.Just(""), numbers).Draw(r, "after"))
			limit := rapid.IntRange(1, 20).Draw(r, "limit")
			found, err := s.SearchSuppliers(ctx, q, after, limit)
			same(fmt.Sprintf("search for %q", q), numbered(found), p.search(q, after, limit), err)
			offering, err := s.SuppliersOffering(ctx, q, after, limit)
			same(fmt.Sprintf("search for offering %q", q), offering, p.offering(q, after, limit), err)
			pieces := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) supplier.Pieces {
				piece := query.Filter(func(s string) bool { return s != "" && !strings.Contains(s, "\x00") })
				return supplier.Pieces{piece.Draw(t, "piece"), piece.Draw(t, "piece")}
			}), 1, 4).Draw(r, "pieces")
			likely, err := s.SuppliersLike(ctx, pieces, limit)
			var like []organisation.Number
			for _, v := range likely {
				like = append(like, v.Number)
				if want := storage.Fold(p.suppliers[v.Number].Name); v.Name != want {
					r.Fatalf("%s is called %q, want %q", v.Number, v.Name, want)
				}
			}
			same(fmt.Sprintf("search for names like %q", pieces), append([]organisation.Number{}, like...), p.like(pieces, limit), err)
		}
	})
}

// manySuppliers is how many the searches are measured with.
const manySuppliers = 100_000

// firstMany is the number before the first of them.
const firstMany = 910_000_000

// benchSearch measures the searches among many suppliers, and reports how many
// milliseconds 99 of 100 took at most.
func benchSearch(b *testing.B, s storage.Store) {
	ctx := b.Context()
	trades := []string{"Drift", "Sky", "Bygg", "Regnskap", "Data", "Helse", "Transport", "Rådgivning", "Energi", "Sjømat", "Eiendom"}
	places := []string{"Norge", "Bergen", "Østlandet", "Nord", "Tromsø", "Vest", "Innlandet"}
	g, each := errgroup.WithContext(ctx)
	g.SetLimit(256)
	for i := range manySuppliers {
		g.Go(func() error {
			n := organisation.Number(fmt.Sprintf("%09d", firstMany+1+11*i))
			v := supplierWith(fmt.Sprintf("Leverandør %s %s %s AS", n, trades[i%len(trades)], places[i%len(places)]))
			v.Number = n
			if err := s.InsertSupplier(each, v); err != nil {
				return err
			}
			o := offeringOf(n)
			o.Name = "Sakssystem for " + trades[i%len(trades)]
			return s.InsertOffering(each, o)
		})
	}
	must(b, g.Wait())
	suppliers := func(query string, after organisation.Number) func() (int, error) {
		return func() (int, error) {
			all, err := s.SearchSuppliers(ctx, query, after, 100)
			return len(all), err
		}
	}
	offering := func(query string) func() (int, error) {
		return func() (int, error) {
			all, err := s.SuppliersOffering(ctx, query, "", 100)
			return len(all), err
		}
	}
	like := func(words ...supplier.Pieces) func() (int, error) {
		return func() (int, error) {
			all, err := s.SuppliersLike(ctx, words, 2000)
			return len(all), err
		}
	}
	for _, c := range []struct {
		name   string
		search func() (int, error)
	}{
		{"all", suppliers("", "")},
		{"every", suppliers("leverandør", "")},
		{"every, late", suppliers("leverandør", "911000000")},
		{"some", suppliers("Bygg Bergen", "")},
		{"some, together", suppliers("Leverandør 91055", "")},
		{"one", suppliers("910550000 ", "")},
		{"part of a number", suppliers("0550", "")},
		{"none", suppliers("finnes ikke", "")},
		{"none, common grams", suppliers("Leverandør 99", "")},
		{"none, common words", suppliers("bergen bygg", "")},
		{"none, two letters", suppliers("q9", "")},
		{"none, one letter", suppliers("ß", "")},
		{"none, long", suppliers("leverandør av regnskap, rådgivning og transport på østlandet og innlandet", "")},
		{"offering, every", offering("Sakssystem")},
		{"offering, some", offering("helse")},
		{"offering, none", offering("leverandør 910550")},
		{"like many", like(supplier.Pieces{"lever", "andør"}, supplier.Pieces{"reg", "skap"})},
		{"like few", like(supplier.Pieces{"91055", "0000"}, supplier.Pieces{"ør", "ve"}, supplier.Pieces{"nor", "ge"})},
		{"like none", like(supplier.Pieces{"finn", "ikke"}, supplier.Pieces{"rør", "vek"})},
		{"like none, two letters", like(supplier.Pieces{"qx", "zq"})},
	} {
		b.Run(c.name, func(b *testing.B) {
			var took []time.Duration
			hits := 0
			for b.Loop() {
				start := time.Now()
				n, err := c.search()
				took = append(took, time.Since(start))
				must(b, err)
				hits = n
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
			b.ReportMetric(float64(hits), "hits")
		})
	}
}
