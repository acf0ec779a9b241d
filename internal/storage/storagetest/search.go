package storagetest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"felleskrav/internal/organisation"
	"felleskrav/internal/storage"
	"felleskrav/internal/supplier"
)

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
	start := time.Now()
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
	b.Logf("filled in %v", time.Since(start))
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
