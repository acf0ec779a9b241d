package workbook

import (
	"bytes"
	"io"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"slices"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"
)

// benchTender has 500 requirements and 20 bidders.
func benchTender(b *testing.B) Tender {
	b.Helper()
	return withManyBidders(testTender(b, "nb", 500), 20)
}

// mostInUse is the most memory in use at one time while a function runs, in bytes
// above what was in use before: the most of five runs, since it is what the
// collector found in use each time it ran. It is made to run all the time, so
// this is no measure of speed.
func mostInUse(b *testing.B, run func()) float64 {
	b.Helper()
	defer debug.SetGCPercent(debug.SetGCPercent(2))
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	in := func() uint64 { metrics.Read(sample); return sample[0].Value.Uint64() }
	runtime.GC()
	before := in()
	most := before
	done, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			select {
			case <-done:
				return
			case <-time.After(200 * time.Microsecond):
				most = max(most, in())
			}
		}
	}()
	for range 5 {
		run()
	}
	close(done)
	<-stopped
	return float64(most - before)
}

// BenchmarkTender writes the buyer's own workbook of a large tender.
func BenchmarkTender(b *testing.B) {
	tender := benchTender(b)
	b.ReportAllocs()
	for b.Loop() {
		writeOurs(b, tender)
	}
}

func writeOurs(b *testing.B, tender Tender) {
	if err := WriteTender(io.Discard, tender); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkTenderAgainstRaw compares BenchmarkTender with its floor,
// BenchmarkRawExcelize, in time and in peak memory. The two take turns, so that
// whatever else the machine does meets both alike.
func BenchmarkTenderAgainstRaw(b *testing.B) {
	tender := benchTender(b)
	sheets, source := rawSheets(b)
	defer source.Close()
	var ours, raw []time.Duration
	timed := func(run func()) time.Duration {
		start := time.Now()
		run()
		return time.Since(start)
	}
	for b.Loop() {
		ours = append(ours, timed(func() { writeOurs(b, tender) }))
		raw = append(raw, timed(func() { writeRaw(b, sheets) }))
	}
	slices.Sort(ours)
	slices.Sort(raw)
	b.ReportMetric(float64(ours[len(ours)/2]), "tender-ns")
	b.ReportMetric(float64(raw[len(raw)/2]), "raw-ns")
	b.ReportMetric(mostInUse(b, func() { writeOurs(b, tender) }), "tender-peak-B")
	b.ReportMetric(mostInUse(b, func() { writeRaw(b, sheets) }), "raw-peak-B")
}

// rawSheet is what a sheet holds, to be written by the library alone.
type rawSheet struct {
	name    string
	rows    [][]any
	heights []float64
}

// rawSheets reads back what a tender workbook holds: the same values, rich
// text and style ids.
func rawSheets(b *testing.B) ([]rawSheet, *excelize.File) {
	b.Helper()
	f, err := excelize.OpenReader(bytes.NewReader(writeTender(b, benchTender(b))))
	if err != nil {
		b.Fatal(err)
	}
	var out []rawSheet
	for _, name := range f.GetSheetList() {
		rows, err := f.GetRows(name)
		if err != nil {
			b.Fatal(err)
		}
		s := rawSheet{name: name}
		for i, r := range rows {
			cells := make([]any, max(len(r), 11))
			for c := range cells {
				ref := at(c+1, i+1)
				style, err := f.GetCellStyle(name, ref)
				if err != nil {
					b.Fatal(err)
				}
				cell := excelize.Cell{StyleID: style}
				if c < len(r) && r[c] != "" {
					cell.Value = r[c]
					if runs, err := f.GetCellRichText(name, ref); err == nil && len(runs) > 1 {
						cell.Value = runs
					}
				}
				cells[c] = cell
			}
			h, err := f.GetRowHeight(name, i+1)
			if err != nil {
				b.Fatal(err)
			}
			s.rows, s.heights = append(s.rows, cells), append(s.heights, h)
		}
		out = append(out, s)
	}
	return out, f
}

// BenchmarkRawExcelize is the floor for BenchmarkTender: excelize's stream
// writer writing the same cells with the same styles, and nothing else.
func BenchmarkRawExcelize(b *testing.B) {
	sheets, source := rawSheets(b)
	defer source.Close()
	b.ReportAllocs()
	for b.Loop() {
		writeRaw(b, sheets)
	}
}

func writeRaw(b *testing.B, sheets []rawSheet) {
	f := excelize.NewFile()
	if _, err := newStyles(f); err != nil {
		b.Fatal(err)
	}
	for i, s := range sheets {
		if i == 0 {
			_ = f.SetSheetName("Sheet1", s.name)
		} else if _, err := f.NewSheet(s.name); err != nil {
			b.Fatal(err)
		}
		sw, err := f.NewStreamWriter(s.name)
		if err != nil {
			b.Fatal(err)
		}
		for r, cells := range s.rows {
			if err := sw.SetRow(at(1, r+1), cells, excelize.RowOpts{Height: s.heights[r]}); err != nil {
				b.Fatal(err)
			}
		}
		if err := sw.Flush(); err != nil {
			b.Fatal(err)
		}
	}
	if err := f.Write(io.Discard); err != nil {
		b.Fatal(err)
	}
	_ = f.Close()
}

// BenchmarkReadTender reads a filled workbook of 400 requirements.
func BenchmarkReadTender(b *testing.B) {
	tender := testTender(b, "nb", 400)
	f, err := excelize.OpenReader(bytes.NewReader(writeTender(b, tender)))
	if err != nil {
		b.Fatal(err)
	}
	fill(b, f, tender.Texts)
	data := save(b, f)
	rd, known := testReader(b), KnownLines(tender.Lines)
	b.ReportAllocs()
	for b.Loop() {
		r, err := rd.Tender(bytes.NewReader(data), int64(len(data)), known)
		if err != nil || len(r.Answers) != 400 {
			b.Fatal(err, len(r.Answers))
		}
	}
}

// BenchmarkSealedTender writes the workbook of BenchmarkTender with its seal,
// as the service does.
func BenchmarkSealedTender(b *testing.B) {
	tender := newNotary(b).seal(benchTender(b))
	b.ReportAllocs()
	for b.Loop() {
		if err := WriteTender(io.Discard, tender); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkVerify verifies that workbook.
func BenchmarkVerify(b *testing.B) {
	n := newNotary(b)
	tender := n.seal(benchTender(b))
	data, trust, rd := writeTender(b, tender), n.trust(tender), testReader(b)
	b.ReportAllocs()
	for b.Loop() {
		v, err := rd.Verify(bytes.NewReader(data), int64(len(data)), trust)
		if err != nil || v.Verdict != Untouched {
			b.Fatal(err, v.Verdict)
		}
	}
}
