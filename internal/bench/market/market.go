// Package market fills a store with suppliers that have declared, so that what
// is to be fast with many can be measured. It goes past the door on purpose:
// nothing in it is signed, and it knows no storage backend.
package market

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"felleskrav/internal/attestation"
	"felleskrav/internal/catalogue"
	"felleskrav/internal/organisation"
	"felleskrav/internal/supplier"
	"felleskrav/internal/transparency"
)

// Store is what of a storage backend a market is put into.
type Store interface {
	InsertSupplier(ctx context.Context, s supplier.Supplier) error
	InsertOffering(ctx context.Context, o supplier.Offering) error
	InsertAttestation(ctx context.Context, r attestation.Record) error
	InsertLogEntries(ctx context.Context, origin string, entries []transparency.Entry) error
}

// Market says what to fill a store with.
type Market struct {
	// Size is how many suppliers, each with one offering that is declared in full.
	Size int
	// Origin is that of the log, which must be empty.
	Origin string
	// Set is what they have declared against.
	Set catalogue.Version
	// Now is an hour after they did.
	Now time.Time
}

// Row is one supplier of a market.
type Row struct {
	Number   organisation.Number
	Offering string // its id
	Digest   string // of its declaration
}

// Fill puts the market into the store and gives it row by row. What it appends
// to the log is published with the next thing that is appended.
func (m Market) Fill(ctx context.Context, store Store) ([]Row, error) {
	answers := m.answers()
	rows := make([]Row, m.Size)
	entries := make([]transparency.Entry, m.Size)
	g, each := errgroup.WithContext(ctx)
	g.SetLimit(256)
	for i, at := 0, 10_000_000; i < m.Size; i++ {
		var n organisation.Number
		n, at = next(at)
		row := Row{Number: n, Offering: uuid.Must(uuid.NewV7()).String(), Digest: fmt.Sprintf("%064x", i)}
		rows[i] = row
		entries[i] = transparency.Entry{Index: int64(i), Key: attestation.LogKey(row.Digest), Body: []byte(row.Digest), LoggedAt: m.Now.Add(-time.Hour)}
		g.Go(func() error { return m.put(each, store, row, answers) })
	}
	if err := g.Wait(); err != nil {
		return nil, fmt.Errorf("fill a market: %w", err)
	}
	for left := entries; len(left) > 0; {
		n := min(len(left), 2000)
		if err := store.InsertLogEntries(ctx, m.Origin, left[:n]); err != nil {
			return nil, fmt.Errorf("fill a market: %w", err)
		}
		left = left[n:]
	}
	return rows, nil
}

func (m Market) put(ctx context.Context, store Store, r Row, answers []attestation.Answer) error {
	descriptor := strings.Repeat("cd", 32)
	if err := store.InsertSupplier(ctx, supplier.Supplier{Number: r.Number, Name: "Leverandør " + r.Number.String(), Country: "NO", Invented: true}); err != nil {
		return err
	}
	if err := store.InsertOffering(ctx, supplier.Offering{
		ID: r.Offering, Supplier: r.Number, Name: "Sakssystem", Models: []catalogue.DeliveryModel{catalogue.ModelSaaS}, Regions: []string{"NO"},
		Descriptors: []supplier.Descriptor{{Digest: descriptor, At: m.Now.Add(-2 * time.Hour)}},
	}); err != nil {
		return err
	}
	return store.InsertAttestation(ctx, attestation.Record{
		Digest: r.Digest, Supplier: r.Number, Offering: r.Offering, Descriptor: descriptor, Set: m.Set.Set, SetVersion: m.Set.Version, SetDigest: m.Set.Digest,
		KeyID: strings.Repeat("ef", 32), DeclaredAt: m.Now.Add(-time.Hour), ValidUntil: m.Now.AddDate(1, 0, 0), ReceivedAt: m.Now.Add(-time.Hour), Answers: answers,
	})
}

func (m Market) answers() []attestation.Answer {
	out := make([]attestation.Answer, len(m.Set.Requirements))
	for i, r := range m.Set.Requirements {
		out[i] = attestation.Answer{Requirement: r.ID, Status: attestation.Met, Statement: "Ja, slik gjør vi det hver dag, og hvert år ser en utenforstående etter at vi gjør det: se dokumentasjonen."}
		if i%3 == 0 {
			out[i].Evidence = []attestation.EvidenceRef{{Name: "sertifikat.pdf", Digest: attestation.DigestSet{SHA256: strings.Repeat("ab", 32)}}}
		}
	}
	return out
}

// next gives an organisation number, each once, and where to go on.
func next(from int) (n organisation.Number, after int) {
	for {
		from++
		for d := range 10 {
			if n, err := organisation.ParseNumber(fmt.Sprintf("%08d%d", from, d)); err == nil {
				return n, from
			}
		}
	}
}
