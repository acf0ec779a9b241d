package workbook

import (
	"bytes"
	"testing"

	"github.com/xuri/excelize/v2"
)

// The budget: reading 1,000 filled rows back takes at most 1.3 times what
// excelize takes to open the file and read its rows.
func BenchmarkReadBack(b *testing.B) {
	tender := testTender(b, "nb", 1000)
	f := openBook(b, writeTender(b, tender))
	fill(b, f, tender.Texts)
	data := save(b, f)
	known := KnownLines(tender.Lines)
	rd := testReader(b)
	b.Run("ours", func(b *testing.B) {
		for b.Loop() {
			got, err := rd.Tender(bytes.NewReader(data), int64(len(data)), known)
			if err != nil || len(got.Answers) < 900 {
				b.Fatal(len(got.Answers), err)
			}
		}
	})
	b.Run("excelize", func(b *testing.B) {
		for b.Loop() {
			x, err := excelize.OpenReader(bytes.NewReader(data))
			if err != nil {
				b.Fatal(err)
			}
			for _, name := range x.GetSheetList() {
				if _, err := x.GetRows(name); err != nil {
					b.Fatal(err)
				}
			}
			if err := x.Close(); err != nil {
				b.Fatal(err)
			}
		}
	})
}
