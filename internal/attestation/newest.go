package attestation

import (
	"context"
	"time"

	"felleskrav/internal/access"
	"felleskrav/internal/organisation"
	"felleskrav/internal/supplier"
)

// Declared is a declaration in the list of all of them, with what has become of
// it as far as it can be told without others.
type Declared struct {
	// Record is an outline.
	Record Record
	// Place is where it stands in the log; Logged is false until it has one.
	Place  Place
	Logged bool
	// Withdrawn is nil unless the supplier has taken it back.
	Withdrawn *Withdrawal
	// Revoked is when a key was revoked that it is signed with, if it came after
	// that and so never counts; otherwise nil.
	Revoked *time.Time
}

// Newest lists declarations by anybody for anything, the newest first, from the
// one after the position.
func (s *Service) Newest(ctx context.Context, actor access.Actor, after Position, limit int) ([]Declared, error) {
	if _, err := access.ScopeFor(actor, access.ReadAttestation); err != nil {
		return nil, err
	}
	records, err := s.Store.NewestAttestations(ctx, after, limit)
	if err != nil {
		return nil, wrap("list declarations", err)
	}
	digests, keys := make([]string, len(records)), make([]string, len(records))
	for i, r := range records {
		digests[i], keys[i] = r.Digest, r.LogKey()
	}
	withdrawn, err := s.Store.Withdrawals(ctx, digests)
	if err != nil {
		return nil, wrap("list withdrawals", err)
	}
	places, err := s.Log.Places(ctx, keys)
	if err != nil {
		return nil, wrap("find places in the log", err)
	}
	signers, err := s.signersOf(ctx, records)
	if err != nil {
		return nil, err
	}
	out := make([]Declared, len(records))
	for i, r := range records {
		out[i].Record = r
		out[i].Place, out[i].Logged = places[keys[i]], hasKey(places, keys[i])
		out[i].Revoked = revokedBefore(signers[r.Supplier], out[i])
		for j := range withdrawn {
			if withdrawn[j].Attestation == r.Digest {
				out[i].Withdrawn = &withdrawn[j]
			}
		}
	}
	return out, nil
}

// signersOf reads the suppliers of declarations.
func (s *Service) signersOf(ctx context.Context, records []Record) (map[organisation.Number]supplier.Supplier, error) {
	numbers := make([]organisation.Number, len(records))
	for i, r := range records {
		numbers[i] = r.Supplier
	}
	found, err := s.Suppliers.SuppliersByNumber(ctx, numbers)
	if err != nil {
		return nil, wrap("read suppliers", err)
	}
	out := make(map[organisation.Number]supplier.Supplier, len(found))
	for _, sup := range found {
		out[sup.Number] = sup
	}
	return out, nil
}

// revokedBefore tells when a key of a declaration was revoked that came too late
// for that.
func revokedBefore(sup supplier.Supplier, d Declared) *time.Time {
	for _, id := range []string{d.Record.KeyID, d.Record.SecondKeyID} {
		if k, ok := sup.Key(id); ok && k.Revoked != nil && d.Logged && k.Revoked.Counts(d.Place.Index, d.Place.At) {
			return &k.Revoked.At
		}
	}
	return nil
}

func hasKey(places map[string]Place, key string) bool {
	_, ok := places[key]
	return ok
}
