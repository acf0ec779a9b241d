package workbook

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"felleskrav/internal/organisation"
	"felleskrav/internal/status"
)

// TestRegisterColumn: what the register says stands at the end of each row, in
// words, in both kinds of list and in three languages; without a register there
// is no such column, and no status is another with it.
func TestRegisterColumn(t *testing.T) {
	const gone, fine, unknown organisation.Number = "123456785", "314168267", "987654325"
	at := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	suppliers := map[organisation.Number]BulkSupplier{
		gone: {Known: true, Name: "A", Register: &organisation.RegisterEntry{Number: gone, Found: true, Deleted: true, DeletedOn: "2026-01-31", FetchedAt: at},
			Statuses: []status.Status{{Offering: "x", OfferingName: "Sky", Overall: status.Valid}}},
		fine: {Register: &organisation.RegisterEntry{Number: fine, Found: true, FetchedAt: at}},
	}
	sheet := bookOf(t, map[string][][]any{"Leverandører": {{"Organisasjonsnummer"}, {string(gone)}, {string(fine)}, {string(unknown)}, {"NTRSE-5560125790"}}})
	csv := list("Organisasjonsnummer;Navn", string(gone)+";A", string(fine)+";B", string(unknown)+";C", "NTRSE-5560125790;D")
	for lang, want := range map[string][]string{
		"nb": {"Enhetsregisteret", "Slettet 2026-01-31", "Registrert", "Ikke hentet", ""},
		"nn": {"Einingsregisteret", "Sletta 2026-01-31", "Registrert", "Ikkje henta", ""},
		"en": {"Enhetsregisteret", "Deleted 2026-01-31", "Registered", "Not fetched", ""},
	} {
		for _, on := range []bool{true, false} {
			r := BulkResult{Texts: testBundle(t).In(lang), Set: "grunnsett@1.0.0", At: at, Suppliers: suppliers, Register: on}
			for kind, data := range map[string][]byte{"xlsx": sheet, "csv": csv} {
				l, err := readList(t, data, "")
				if err != nil {
					t.Fatal(err)
				}
				if len(l.Rows) != 4 {
					t.Fatalf("%d rows were read", len(l.Rows))
				}
				var out bytes.Buffer
				counts, err := l.Write(&out, r)
				if err != nil {
					t.Fatal(err)
				}
				if counts["valid"] != 1 {
					t.Errorf("counts %v: a deleted supplier's declaration is what it was", counts)
				}
				var rows [][]string
				if kind == "csv" {
					back, err := readTable(out.Bytes(), DefaultLimits())
					if err != nil {
						t.Fatal(err)
					}
					rows = back.rows
				} else {
					f, err := excelize.OpenReader(&out)
					if err != nil {
						t.Fatal(err)
					}
					if rows, err = f.GetRows("Leverandører"); err != nil {
						t.Fatal(err)
					}
				}
				column := slices.Index(rows[0], want[0])
				if !on {
					if column >= 0 {
						t.Errorf("%s: a column without a register", kind)
					}
					continue
				}
				for i := range want {
					got := ""
					if column >= 0 && column < len(rows[i]) {
						got = rows[i][column]
					}
					symbol := map[string]string{"xlsx": []string{"", "! ", "✓ ", "○ ", ""}[i]}[kind]
					if got != symbol+want[i] {
						t.Errorf("%s in %s, row %d: %q, want %q", kind, lang, i+1, got, symbol+want[i])
					}
				}
			}
		}
	}
}
