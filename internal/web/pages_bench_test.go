package web

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
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
	b.Run("hashing-10-ms", func(b *testing.B) {
		for b.Loop() {
			b.ReportMetric(float64(hashing(10*time.Millisecond).Microseconds())/1000, "p99-ms")
		}
	})
	for _, p := range pages {
		b.Run(p.name, func(b *testing.B) {
			v := s.visit(p.persona)
			for b.Loop() {
				b.ReportMetric(float64(p99(b, v, p.path).Microseconds())/1000, "p99-ms")
			}
		})
	}
}

// p99 is what 99 of 100 answers took at most, until their last byte had come.
// What comes is not unpacked or kept: that is the browser's work, and here it
// would be on the server's processors and in its heap.
func p99(b *testing.B, v *browser, path string) time.Duration {
	b.Helper()
	req := must[*http.Request](b)(http.NewRequest(http.MethodGet, v.url+path, nil))
	req.Header.Set("Accept", "text/html")
	req.Header.Set("Accept-Encoding", "gzip")
	took := make([]time.Duration, visits)
	for i := range took {
		start := time.Now()
		resp, err := v.client.Do(req)
		if err != nil {
			b.Fatal(err)
		}
		_, err = io.Copy(io.Discard, resp.Body)
		took[i] = time.Since(start)
		_ = resp.Body.Close()
		if err != nil || resp.StatusCode != http.StatusOK || resp.Header.Get("Content-Encoding") != "gzip" {
			b.Fatalf("%s: %d %v %v", path, resp.StatusCode, resp.Header, err)
		}
	}
	slices.Sort(took)
	return took[len(took)*99/100]
}

// hashing is what 99 of 100 rounds of hashing take at most, when half of them
// take less than about the time given: how evenly the machine works.
func hashing(typical time.Duration) time.Duration {
	block := make([]byte, 64<<10)
	round := func(blocks int) time.Duration {
		start := time.Now()
		for range blocks {
			sha256.Sum256(block)
		}
		return time.Since(start)
	}
	middle := func(took []time.Duration) time.Duration {
		slices.Sort(took)
		return took[len(took)/2]
	}
	trial := make([]time.Duration, 21)
	const blocks = 100
	for i := range trial {
		trial[i] = round(blocks)
	}
	took := make([]time.Duration, visits)
	for i := range took {
		took[i] = round(int(blocks * typical / middle(trial)))
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
