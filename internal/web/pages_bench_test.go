package web

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"felleskrav/internal/bench/market"
	"felleskrav/internal/catalogue"
	"felleskrav/internal/login"
	"felleskrav/internal/status/facts"
	"felleskrav/internal/storage/sqlite"
	"felleskrav/requirements"
)

const (
	manySuppliers = 100_000
	// visits is how often each page is asked for; enough for a 99th percentile.
	visits = 300
)

// BenchmarkPages asks for the heaviest pages one after another, over HTTP, in a
// store with 100,000 suppliers that have declared, and reports for each page
// how many milliseconds 99 of 100 answers took at most.
func BenchmarkPages(b *testing.B) {
	dir := b.TempDir()
	suppliers := fillMarket(b, dir)
	s := openSite(b, dir, true, time.Now, func(store *sqlite.Store, _ string) login.Config {
		return login.Config{Store: store.Sessions(), Demo: personas()}
	})
	one := suppliers[len(suppliers)/2]
	suppliers = nil //nolint:ineffassign,wastedassign // a service does not hold them all in memory, for the collector to go through
	pages := []struct{ name, persona, path string }{
		{"front", "", "/"},
		{"set", "", "/catalogue/sets/skytjenester"},
		{"status", "", "/offerings/" + one.Offering + "/status"},
		{"status-for-adviser", "adviser", "/offerings/" + one.Offering + "/status"},
		{"status-with-chain", "adviser", "/offerings/" + s.declared + "/status"},
		{"suppliers", "adviser", "/suppliers"},
		{"search-by-number", "adviser", "/suppliers?q=" + string(one.Number)},
		{"search-by-name", "adviser", "/suppliers?q=Leverand%C3%B8r+" + string(one.Number)[:4]},
		{"search-in-vain", "adviser", "/suppliers?q=finnes+ikke"},
		{"supplier", "adviser", "/suppliers/" + string(one.Number)},
		{"procurement", "procurement", "/procurements/" + s.procurement},
		{"comparison", "procurement", "/procurements/" + s.procurement + "/comparison"},
		{"answers", "supplier", "/offerings/" + s.offering + "/answers"},
		{"log", "", "/log"},
	}
	for _, p := range pages {
		b.Run(p.name, func(b *testing.B) {
			v := s.visit(p.persona)
			for b.Loop() {
				b.ReportMetric(float64(p99(b, v, p.path).Microseconds())/1000, "p99-ms")
			}
		})
	}
}

// p99 is what 99 of 100 answers took at most.
func p99(b *testing.B, v *browser, path string) time.Duration {
	b.Helper()
	took := make([]time.Duration, visits)
	for i := range took {
		start := time.Now()
		a := v.get(path)
		took[i] = time.Since(start)
		if a.code != http.StatusOK {
			b.Fatalf("%s: %d", path, a.code)
		}
	}
	slices.Sort(took)
	return took[len(took)*99/100]
}

// fillMarket fills the store in a folder, and closes it again.
func fillMarket(b *testing.B, dir string) []market.Row {
	b.Helper()
	ctx := context.Background()
	fail := func(err error) {
		b.Helper()
		if err != nil {
			b.Fatal(err)
		}
	}
	store, err := sqlite.Open(ctx, dir, time.Now)
	fail(err)
	cat, err := catalogue.Load(requirements.FS)
	fail(err)
	v, ok := cat.Content().Version(facts.DefaultSet, "")
	if !ok {
		fail(fmt.Errorf("no release of %s", facts.DefaultSet))
	}
	rows, err := market.Market{Size: manySuppliers, Origin: "test.example", Set: v, Now: time.Now()}.Fill(ctx, store)
	fail(err)
	fail(store.Close())
	return rows
}
