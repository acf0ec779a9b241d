package procurement

import (
	"felleskrav/internal/attestation"
	"felleskrav/internal/organisation"
	"felleskrav/internal/status"
)

// DeclaredAnswer is a bidder's signed answer to a requirement, with the
// declaration it stands in.
type DeclaredAnswer struct {
	status.RequirementStatus
	Declaration *status.DeclarationStatus
	// Overall is the status of the declaration for its set.
	Overall status.Overall
}

// Declared gives the bidder's signed answers that can be relied on, by
// requirement. Where two sets have the same requirement, the first one counts.
func (b ComparedBidder) Declared() map[string]DeclaredAnswer {
	out := map[string]DeclaredAnswer{}
	for _, s := range b.Statuses {
		if !counts(s.Overall) || s.Declaration == nil {
			continue
		}
		for _, r := range s.Requirements {
			if _, there := out[r.Requirement]; !there && r.Answer != "" {
				out[r.Requirement] = DeclaredAnswer{r, s.Declaration, s.Overall}
			}
		}
	}
	return out
}

// Declared gives a bidder's signed answers by requirement; empty when it has
// none, or is no bidder.
func (t TenderData) Declared(n organisation.Number) map[string]attestation.AnswerStatus {
	out := map[string]attestation.AnswerStatus{}
	for _, b := range t.Comparison.Bidders {
		if b.Bidder.Supplier != n {
			continue
		}
		for id, d := range b.Declared() {
			out[id] = d.Answer
		}
	}
	return out
}
