package facts

import (
	"context"
	"fmt"

	"felleskrav/internal/access"
	"felleskrav/internal/attestation"
	"felleskrav/internal/catalogue"
	"felleskrav/internal/organisation"
	"felleskrav/internal/status"
)

// Declared is a declaration in the list of all of them, with what has become of
// it.
type Declared struct {
	// Record is an outline.
	Record attestation.Record
	// State is where it stands now. Logged is false until it has a place in the
	// log; it does not count before, and State is empty.
	State  status.DeclarationStatus
	Logged bool
}

// perListed is how many declarations of an offering are read to tell whether
// one in the list is the newest for its set.
const perListed = 24

// Newest lists declarations by anybody for anything, the newest first, from the
// one after the position. What has become of them is read for all at once.
func (s *Service) Newest(ctx context.Context, actor access.Actor, after attestation.Position, limit int) ([]Declared, error) {
	if _, err := access.ScopeFor(actor, access.ReadAttestation); err != nil {
		return nil, err
	}
	records, err := s.Attestations.NewestAttestations(ctx, after, limit)
	if err != nil {
		return nil, fmt.Errorf("list declarations: %w", err)
	}
	if len(records) == 0 {
		return nil, nil
	}
	var offerings []string
	var numbers []organisation.Number
	for _, r := range records {
		offerings, numbers = append(offerings, r.Offering), append(numbers, r.Supplier)
	}
	latest, err := s.Attestations.LatestOutlines(ctx, offerings, "", perListed)
	if err != nil {
		return nil, fmt.Errorf("read outlines of declarations: %w", err)
	}
	about, err := s.besides(ctx, records, latest)
	if err != nil {
		return nil, err
	}
	placed, _, err := s.placed(ctx, about)
	if err != nil {
		return nil, err
	}
	suppliers, err := s.suppliersOf(ctx, numbers)
	if err != nil {
		return nil, err
	}
	now := s.Now().UTC()
	out := make([]Declared, len(records))
	for i, r := range records {
		out[i].Record = r
		f := status.Facts{Version: catalogue.Version{Set: r.Set}, Supplier: suppliers[r.Supplier], Declarations: placed[r.Offering]}
		for _, d := range status.History(f, now) {
			if d.Digest == r.Digest {
				out[i].State, out[i].Logged = d, true
			}
		}
	}
	return out, nil
}

// besides gives the records together with what decides about them. One that is
// older than the newest of its offering that were read has those of its own set
// read too.
func (s *Service) besides(ctx context.Context, records, latest []attestation.Record) ([]attestation.Record, error) {
	var out []attestation.Record
	seen := map[string]bool{}
	add := func(all []attestation.Record) {
		for _, r := range all {
			if !seen[r.Digest] {
				seen[r.Digest] = true
				out = append(out, r)
			}
		}
	}
	add(latest)
	asked := map[string]bool{}
	for _, r := range records {
		if key := r.Offering + " " + r.Set; !seen[r.Digest] && !asked[key] {
			asked[key] = true
			own, err := s.Attestations.LatestOutlines(ctx, []string{r.Offering}, r.Set, perListed)
			if err != nil {
				return nil, fmt.Errorf("read outlines of declarations: %w", err)
			}
			add(own)
		}
	}
	add(records)
	return out, nil
}
