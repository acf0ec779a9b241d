package attestation

import (
	"context"
	"errors"
	"math"
	"time"

	"felleskrav/internal/evidence"
	"felleskrav/internal/organisation"
	"felleskrav/internal/problem"
)

// describeEvidence fills in name and type of each referred piece of evidence
// from what was uploaded, and refuses a digest that was not.
func (s *Service) describeEvidence(ctx context.Context, owner organisation.Number, answers []Answer) ([]Answer, error) {
	have, err := s.uploaded(ctx, owner, answers)
	if err != nil {
		return nil, err
	}
	out := make([]Answer, len(answers))
	for i, a := range answers {
		refs := make([]EvidenceRef, len(a.Evidence))
		for j, ref := range a.Evidence {
			e := have[ref.Digest.SHA256]
			refs[j] = EvidenceRef{Name: e.Name, Digest: ref.Digest, MediaType: e.MediaType}
		}
		a.Evidence = refs
		out[i] = a
	}
	return out, nil
}

// uploaded finds the evidence that answers refer to. All of it must have been
// uploaded by the owner.
func (s *Service) uploaded(ctx context.Context, owner organisation.Number, answers []Answer) (map[string]evidence.Evidence, error) {
	have := map[string]evidence.Evidence{}
	var digests []string
	for _, a := range answers {
		for _, ref := range a.Evidence {
			digests = append(digests, ref.Digest.SHA256)
		}
	}
	if len(digests) == 0 {
		return have, nil
	}
	found, err := s.Evidence.OwnerEvidence(ctx, owner, digests)
	if err != nil {
		return nil, wrap("find evidence", err)
	}
	for _, e := range found {
		have[e.SHA256] = e
	}
	c := problem.Collector{Key: "statement.evidence"}
	for _, a := range answers {
		for _, ref := range a.Evidence {
			e, ok := have[ref.Digest.SHA256]
			args := problem.Args{"Requirement": a.Requirement, "Digest": ref.Digest.SHA256}
			path := "answers[" + a.Requirement + "].evidence"
			switch {
			case !ok || e.State == evidence.Arriving:
				c.Add(path, "answer.evidence-missing", args)
			case !e.Present():
				c.Add(path, "answer.evidence-erased", args)
			case e.Scan.State == evidence.Infected:
				c.Add(path, "answer.evidence-infected", args)
			}
		}
	}
	return have, c.Err()
}

// need notes on each file that a declaration refers to it, before the
// declaration is stored: a file that is erased meanwhile is refused, and one
// that is noted is not erased for its age.
func (s *Service) need(ctx context.Context, r Record) error {
	files, err := s.uploaded(ctx, r.Supplier, r.Answers)
	if err != nil {
		return err
	}
	for sha256, e := range files {
		if !e.NeededUntil.Before(r.ValidUntil) {
			continue
		}
		_, err := s.Evidence.UpdateEvidence(ctx, r.Supplier, sha256, evidence.Needed(r.ValidUntil))
		if errors.Is(err, problem.ErrNotFound) {
			_, err = s.uploaded(ctx, r.Supplier, r.Answers) // says which
		}
		if err != nil {
			return wrap("note use of evidence", err)
		}
	}
	return nil
}

// EvidenceUse gives, for each digest that a supplier's declarations refer to,
// when the last of them ends. It implements evidence.UseFinder.
func (s *Service) EvidenceUse(ctx context.Context, owner organisation.Number) (map[string]time.Time, error) {
	offerings, err := s.Suppliers.OfferingsOf(ctx, []organisation.Number{owner})
	if err != nil {
		return nil, wrap("list offerings", err)
	}
	out := map[string]time.Time{}
	for _, o := range offerings {
		records, err := s.Store.AttestationsFor(ctx, o.ID, "", math.MaxInt32)
		if err != nil {
			return nil, wrap("list declarations", err)
		}
		for _, r := range records {
			for _, a := range r.Answers {
				for _, ref := range a.Evidence {
					if sha256 := ref.Digest.SHA256; out[sha256].Before(r.ValidUntil) {
						out[sha256] = r.ValidUntil
					}
				}
			}
		}
	}
	return out, nil
}
