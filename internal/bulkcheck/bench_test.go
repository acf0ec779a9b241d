package bulkcheck_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"fmt"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/xuri/excelize/v2"

	"felleskrav/internal/access"
	"felleskrav/internal/attestation/publiclog"
	benchmarket "felleskrav/internal/bench/market"
	"felleskrav/internal/bulkcheck"
	"felleskrav/internal/catalogue"
	"felleskrav/internal/locale"
	"felleskrav/internal/organisation"
	"felleskrav/internal/status/facts"
	"felleskrav/internal/storage/sqlite"
	"felleskrav/internal/transparency"
	"felleskrav/internal/workbook"
	"felleskrav/requirements"
)

const (
	manySuppliers = 100_000
	listed        = 10_000
)

var now = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// market is a store with many suppliers, each with an offering that has been
// declared in full.
type market struct {
	service *bulkcheck.Service
	numbers []organisation.Number
}

func newMarket(b testing.TB, size int) *market {
	b.Helper()
	ctx := context.Background()
	must := func(err error) {
		b.Helper()
		if err != nil {
			b.Fatal(err)
		}
	}
	clock := func() time.Time { return now }
	store, err := sqlite.Open(ctx, b.TempDir(), clock)
	must(err)
	b.Cleanup(func() { _ = store.Close() })
	cat, err := catalogue.Load(requirements.FS)
	must(err)
	v, ok := cat.Content().Version(facts.DefaultSet, "")
	if !ok {
		b.Fatal("no release of the default set")
	}
	rows, err := benchmarket.Market{Size: size, Origin: "log.test", Set: v, Now: now}.Fill(ctx, store)
	must(err)
	m := &market{}
	for _, r := range rows {
		m.numbers = append(m.numbers, r.Number)
	}
	signer, err := transparency.NewSigner("log.test", ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)))
	must(err)
	log, err := transparency.Open(ctx, store, transparency.Config{Signer: signer, Now: clock})
	must(err)
	b.Cleanup(func() { _ = log.Close() })
	_, err = log.Append(ctx, "last", []byte("last")) // publishes those before it
	must(err)
	texts, err := locale.Load(os.DirFS("../../templates"), "locales")
	must(err)
	public := publiclog.New(log, store, signer)
	m.service = &bulkcheck.Service{
		Store: store, Catalogue: cat, Texts: texts, BaseURL: "https://krav.example.no", Limits: workbook.DefaultLimits(), Now: clock,
		NewID: func() string { return uuid.Must(uuid.NewV7()).String() },
		Facts: &facts.Service{Suppliers: store, Attestations: store, Reviews: store, Log: public, Catalogue: cat, Now: clock},
	}
	return m
}

// list is a spreadsheet as bodies have them, with suppliers from all over the
// market.
func (m *market) list(b testing.TB, rows int) []byte {
	b.Helper()
	f := excelize.NewFile()
	defer f.Close()
	put := func(row int, cells ...any) {
		if err := f.SetSheetRow("Sheet1", fmt.Sprintf("A%d", row), &cells); err != nil {
			b.Fatal(err)
		}
	}
	put(1, "Avtale", "Leverandør", "Orgnr", "Ansvarlig", "Beløp", "Merknad")
	for i := range rows {
		n := m.numbers[i*len(m.numbers)/rows]
		put(i+2, fmt.Sprintf("A-%05d", i), "Leverandør nr. "+n.String(), n.Grouped(), "Avdeling for innkjøp", i*1000, "Rammeavtale fra 2024, to års opsjon")
	}
	var out bytes.Buffer
	if err := f.Write(&out); err != nil {
		b.Fatal(err)
	}
	return out.Bytes()
}

var adviser = access.Actor{ID: "bench", Org: "876543214", Roles: []access.Role{access.Adviser}}

// check has a list checked, from upload to result.
func (m *market) check(b testing.TB, list []byte) bulkcheck.Job {
	b.Helper()
	ctx := context.Background()
	j, err := m.service.Start(ctx, adviser, bulkcheck.Order{FileName: "liste.xlsx"}, bytes.NewReader(list))
	if err == nil {
		err = m.service.WorkOnce(ctx)
	}
	if err == nil {
		j, err = m.service.Get(ctx, adviser, j.ID)
	}
	if err != nil {
		b.Fatal(err)
	}
	return j
}

// BenchmarkBulk has two parts that share a market: the check of a list of
// 10,000 suppliers among 100,000, from upload to result, and its floor, which
// reads the same file and writes it with the same added cells by the library
// alone: with the links to the pages, which take the library most of its time,
// and without.
func BenchmarkBulk(b *testing.B) {
	m := newMarket(b, manySuppliers)
	list := m.list(b, listed)
	b.Run("check", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if j := m.check(b, list); j.State != bulkcheck.Done || j.Counts["valid"] != listed {
				b.Fatalf("%+v", j)
			}
		}
	})
	for name, links := range map[string]bool{"floor": true, "floor-without-links": false} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				rewrite(b, list, links)
			}
		})
	}
}

// rewrite reads a file and writes it with the cells that a check adds.
func rewrite(b testing.TB, list []byte, links bool) {
	b.Helper()
	fail := func(err error) {
		if err != nil {
			b.Fatal(err)
		}
	}
	f, err := excelize.OpenReader(bytes.NewReader(list))
	fail(err)
	defer f.Close()
	rows, err := f.Rows("Sheet1")
	fail(err)
	n := 0
	for rows.Next() {
		_, err := rows.Columns()
		fail(err)
		n++
	}
	fail(rows.Close())
	style, err := f.NewStyle(&excelize.Style{Font: &excelize.Font{Bold: true}})
	fail(err)
	at := func(col, row int) string {
		name, err := excelize.CoordinatesToCellName(col, row)
		fail(err)
		return name
	}
	for row := 1; row <= n; row++ {
		link := fmt.Sprintf("https://krav.example.no/offerings/019ac000-0000-7000-8000-%012d/status?set=grunnsett", row)
		for i, value := range []string{"✓ Gyldig", "Sakssystem", "grunnsett 1.0.0", "", "Erklært (14 dokumentert og 0 vurdert av 40 svar)", link} {
			col := 7 + i
			if i > 4 {
				col++ // no sub-supplier is weakest
			}
			if value == "" {
				fail(f.SetCellValue("Sheet1", at(col, row), now))
			} else {
				fail(f.SetCellStr("Sheet1", at(col, row), value))
			}
			fail(f.SetCellStyle("Sheet1", at(col, row), at(col, row), style))
		}
		if links {
			fail(f.SetCellHyperLink("Sheet1", at(13, row), link, "External"))
		}
	}
	fail(f.Write(&bytes.Buffer{}))
}

// What a list costs in memory is in proportion to its rows.
func TestListTakesLittleMemory(t *testing.T) {
	m := newMarket(t, 1000)
	list := m.list(t, 1000)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if j := m.check(t, list); j.State != bulkcheck.Done || j.Counts["valid"] != 1000 {
		t.Fatalf("%+v", j)
	}
	runtime.ReadMemStats(&after)
	// Bytes for each row, most of it soon garbage; the race detector takes more
	// than half of it.
	const most = 300 << 10
	if grown := (after.TotalAlloc - before.TotalAlloc) / 1000; grown > most {
		t.Errorf("a row took %d kB", grown>>10)
	}
}
