package review

import (
	"slices"
	"strings"
	"time"

	"felleskrav/internal/attestation"
	"felleskrav/internal/problem"
)

// The predicate types. They carry the major version only.
const (
	ReviewType     = "urn:felleskrav:attestation:review:v1"
	WithdrawalType = "urn:felleskrav:attestation:review-withdrawal:v1"
)

// URN names a review by its digest.
func URN(digest string) string { return "urn:felleskrav:review:" + digest }

// Outcome is what the body found.
type Outcome string

// The outcomes.
const (
	Accepted               Outcome = "accepted"
	AcceptedWithConditions Outcome = "accepted-with-conditions"
	NotAccepted            Outcome = "not-accepted"
)

// Outcomes lists the outcomes in display order.
func Outcomes() []Outcome { return []Outcome{Accepted, AcceptedWithConditions, NotAccepted} }

// Accepts reports whether the outcome raises the assurance of an answer.
func (o Outcome) Accepts() bool { return o == Accepted || o == AcceptedWithConditions }

// Sharing says who may see a review.
type Sharing string

// The two: the body's own people, or all public bodies and the supplier.
const (
	SharedBody     Sharing = "body"
	SharedAgencies Sharing = "agencies"
)

// Sharings lists them.
func Sharings() []Sharing { return []Sharing{SharedBody, SharedAgencies} }

// Predicate is what a body signs. The subject of its statement is the
// declaration, by the digest of that statement's bytes.
type Predicate struct {
	Reviewer       attestation.Party  `json:"reviewer"`
	Requirement    string             `json:"requirement"`
	RequirementSet attestation.SetRef `json:"requirementSet"`
	// Evidence is what was looked at, as the answer refers to it.
	Evidence   []attestation.EvidenceRef `json:"evidence"`
	Outcome    Outcome                   `json:"outcome"`
	Reason     string                    `json:"reason"`
	Conditions string                    `json:"conditions,omitempty"`
	ReviewedAt string                    `json:"reviewedAt"` // RFC 3339
	ValidUntil string                    `json:"validUntil"` // RFC 3339
	Shared     Sharing                   `json:"shared"`
	// Nonce is random text in a review that is not shared, so that nobody can
	// find out what it says by trying texts against the digest in the log.
	Nonce string `json:"nonce,omitempty"`
	// Supersedes is the body's earlier review of the same answer.
	Supersedes *attestation.Superseded `json:"supersedes,omitempty"`
}

// WithdrawalPredicate is the predicate of a withdrawal, whose subject is the
// review.
type WithdrawalPredicate struct {
	Reviewer    attestation.Party `json:"reviewer"`
	Reason      string            `json:"reason"`
	WithdrawnAt string            `json:"withdrawnAt"` // RFC 3339
}

// Limits on one review.
const (
	maxText     = 4000
	maxEvidence = 20
	minNonce    = 22 // 128 bits in base64
	maxNonce    = 100
	// MaxValidity is how long a review may last: two years, one of them a leap
	// year.
	MaxValidity = 731 * 24 * time.Hour
	// maxSkew is how far ahead of ours the signer's clock may be, and maxAge how
	// long ago a review that is handed in now may have been written.
	maxSkew = 10 * time.Minute
	maxAge  = 90 * 24 * time.Hour
)

// checkFields notes what is wrong with the predicate itself.
func (p Predicate) checkFields(c *problem.Collector, now time.Time) (reviewed, until time.Time) {
	c.Check(p.Outcome != "", "outcome", "field.required", nil)
	c.Check(p.Outcome == "" || slices.Contains(Outcomes(), p.Outcome), "outcome", "field.unknown", problem.Args{"Value": problem.Clip(string(p.Outcome))})
	c.Check(slices.Contains(Sharings(), p.Shared), "shared", "field.unknown", problem.Args{"Value": problem.Clip(string(p.Shared))})
	c.Check(strings.TrimSpace(p.Reason) != "", "reason", "field.required", nil)
	c.Text("reason", p.Reason, 0, maxText)
	if p.Outcome == AcceptedWithConditions {
		c.Check(strings.TrimSpace(p.Conditions) != "", "conditions", "review.conditions-needed", nil)
	} else {
		c.Check(p.Conditions == "", "conditions", "review.conditions-only", nil)
	}
	c.Text("conditions", p.Conditions, 0, maxText)
	c.Check(!p.Outcome.Accepts() || len(p.Evidence) > 0, "evidence", "review.evidence-needed", nil)
	c.Check(len(p.Evidence) <= maxEvidence, "evidence", "field.many", problem.Args{"Max": maxEvidence})
	switch p.Shared {
	case SharedBody:
		c.Check(len(p.Nonce) >= minNonce && len(p.Nonce) <= maxNonce, "nonce", "review.nonce", problem.Args{"Min": minNonce, "Max": maxNonce})
	default:
		c.Check(p.Nonce == "", "nonce", "review.nonce-only", nil)
	}
	reviewed, ok := attestation.ParseTime(p.ReviewedAt)
	c.Check(ok, "reviewedAt", "field.time", nil)
	until, ok2 := attestation.ParseTime(p.ValidUntil)
	c.Check(ok2, "validUntil", "field.time", nil)
	if ok && ok2 {
		c.Check(!reviewed.After(now.Add(maxSkew)), "reviewedAt", "review.time-future", nil)
		c.Check(!reviewed.Before(now.Add(-maxAge)), "reviewedAt", "review.time-old", problem.Args{"Days": int(maxAge.Hours() / 24)})
		c.Check(until.After(now) && until.After(reviewed), "validUntil", "review.valid-past", nil)
		c.Check(!until.After(reviewed.Add(MaxValidity)), "validUntil", "review.valid-long", nil)
	}
	return reviewed, until
}

// checkEvidence notes evidence that is not the answer's, or is named twice.
func (p Predicate) checkEvidence(c *problem.Collector, a attestation.Answer) {
	seen := map[string]bool{}
	for _, e := range p.Evidence[:min(len(p.Evidence), maxEvidence)] {
		args := problem.Args{"Digest": problem.Clip(e.Digest.SHA256), "Requirement": a.Requirement}
		c.Check(slices.Contains(a.Evidence, e), "evidence", "review.evidence-other", args)
		c.Check(!seen[e.Digest.SHA256], "evidence", "review.evidence-repeated", args)
		seen[e.Digest.SHA256] = true
	}
}
