package sqlite

import (
	"database/sql"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"felleskrav/internal/attestation"
	"felleskrav/internal/storage"
)

// Declarations from before there were outlines get the one they would have
// been stored with.
func TestOutlineOldAttestations(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, FileName)
	if err := migrateWith(t.Context(), file, upTo(t, 10)); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", dsn(file))
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 11, 23, 12, 0, 0, 123e6, time.UTC)
	evidence := []attestation.EvidenceRef{{Name: "a"}, {Name: "b"}}
	var want []attestation.Record
	for i, answers := range [][]attestation.Answer{
		nil, {},
		{{Requirement: "K-LOG-01", Status: attestation.Met, Evidence: evidence}},
		{{Requirement: "K-LOG-02", Status: attestation.NotMet, Statement: "Nei,\n«ikke» ennå 1"}, {Requirement: "K-LOG-01", Status: attestation.Met, Evidence: evidence}},
	} {
		r := attestation.Record{
			Digest: string(rune('a' + i)), Supplier: "987654325", SupplierName: "Gammel \"AS\"", Offering: string(rune('o' + i)), Set: "s", SetVersion: "1.0.0",
			DeclaredAt: at, ValidUntil: at, ReceivedAt: at, Answers: answers,
		}
		doc, err := storage.Encode(r)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := db.Exec(`INSERT INTO attestations (digest, offering, set_id, received_at, doc) VALUES (?, ?, ?, ?, ?)`, r.Digest, r.Offering, r.Set, millis(at), string(doc)); err != nil {
			t.Fatal(err)
		}
		r = r.Outline()
		if r.Answers == nil { // a declaration has answers; none is none
			r.Answers = []attestation.Answer{}
		}
		want = append(want, r)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	s := mustOpen(t, dir)
	got, err := s.LatestOutlines(t.Context(), []string{"o", "p", "q", "r"}, "s", 5)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("outlines (-want +got):\n%s", d)
	}
}
