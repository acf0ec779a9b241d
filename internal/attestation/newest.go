package attestation

import (
	"context"

	"felleskrav/internal/access"
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
	out := make([]Declared, len(records))
	for i, r := range records {
		out[i].Record = r
		out[i].Place, out[i].Logged = places[keys[i]], hasKey(places, keys[i])
		for j := range withdrawn {
			if withdrawn[j].Attestation == r.Digest {
				out[i].Withdrawn = &withdrawn[j]
			}
		}
	}
	return out, nil
}

func hasKey(places map[string]Place, key string) bool {
	_, ok := places[key]
	return ok
}
