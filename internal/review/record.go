package review

import (
	"context"
	"slices"
	"time"

	"felleskrav/internal/access"
	"felleskrav/internal/attestation"
	"felleskrav/internal/organisation"
)

// Record is a review that was taken in. It is written once and never changed;
// what happens to it later is kept beside it.
type Record struct {
	// Digest is the SHA-256 of the payload bytes, in hex: the identity.
	Digest       string              `json:"digest"`
	Reviewer     organisation.Number `json:"reviewer"`
	ReviewerName string              `json:"reviewerName"`
	// Attestation is the digest of the declaration that was reviewed.
	Attestation string              `json:"attestation"`
	Supplier    organisation.Number `json:"supplier"`
	// SupplierName is the supplier's name in the declaration.
	SupplierName string `json:"supplierName"`
	Offering     string `json:"offering"`
	Set          string `json:"set"`
	SetVersion   string `json:"setVersion"`
	Requirement  string `json:"requirement"`
	// Answer is the answer as it stood in the declaration.
	Answer attestation.Answer `json:"answer"`
	// Evidence is what was looked at.
	Evidence   []attestation.EvidenceRef `json:"evidence"`
	Outcome    Outcome                   `json:"outcome"`
	Reason     string                    `json:"reason"`
	Conditions string                    `json:"conditions,omitempty"`
	ReviewedAt time.Time                 `json:"reviewedAt"`
	ValidUntil time.Time                 `json:"validUntil"`
	ReceivedAt time.Time                 `json:"receivedAt"`
	Shared     Sharing                   `json:"shared"`
	Supersedes string                    `json:"supersedes,omitempty"`
	KeyID      string                    `json:"keyId"`
	// Bundle is the received bundle, verbatim. Lists leave it out.
	Bundle []byte `json:"bundle,omitempty"`
}

// LogKey is the key of the review's entry in the log.
func (r Record) LogKey() string { return LogKey(r.Digest) }

// LogKey is the key under which the review with this digest is logged.
func LogKey(digest string) string { return "review:" + digest }

// Covers reports whether the review of one answer holds for another answer to
// the same requirement: the answer, the supplier's words and the evidence, by
// digest and in any order, are the same. Whether the requirement itself still
// asks for the same is for the caller to know.
func (r Record) Covers(a attestation.Answer) bool {
	return r.Requirement == a.Requirement && r.Answer.Status == a.Status && r.Answer.Statement == a.Statement &&
		slices.Equal(digests(r.Answer.Evidence), digests(a.Evidence))
}

// digests gives the digests of evidence, sorted, each once.
func digests(refs []attestation.EvidenceRef) []string {
	out := make([]string, 0, len(refs))
	for _, e := range refs {
		out = append(out, e.Digest.SHA256)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Withdrawal is the body's signed word that a review no longer holds.
type Withdrawal struct {
	// Review is the digest of the withdrawn review; there is one withdrawal per
	// review.
	Review   string              `json:"review"`
	Reviewer organisation.Number `json:"reviewer"`
	Offering string              `json:"offering"`
	// Shared repeats whom the review is shared with.
	Shared Sharing   `json:"shared"`
	Reason string    `json:"reason"`
	At     time.Time `json:"at"`
	KeyID  string    `json:"keyId"`
	Digest string    `json:"digest"`
	Bundle []byte    `json:"bundle,omitempty"`
}

// LogKey is the key of the withdrawal's entry in the log.
func (w Withdrawal) LogKey() string { return WithdrawalLogKey(w.Review) }

// WithdrawalLogKey is the key under which the withdrawal of the review with
// this digest is logged.
func WithdrawalLogKey(digest string) string { return "review-withdrawal:" + digest }

// View says which reviews somebody may see. The zero value sees none.
type View struct {
	// Shared: those that are shared with all bodies.
	Shared bool
	// About narrows Shared to those about one supplier; "" does not.
	About organisation.Number
	// Body sees its own reviews too, shared or not; "" is no body.
	Body organisation.Number
}

// ViewOf gives the view of an actor: public bodies see what is shared and what
// is their own, a supplier sees what is shared about itself.
func ViewOf(a access.Actor) View {
	switch {
	case a.Agency():
		return View{Shared: true, Body: organisation.Number(a.Org)}
	case a.Has(access.Supplier) && a.Org != "":
		return View{Shared: true, About: organisation.Number(a.Org)}
	}
	return View{}
}

// Sees reports whether the review is in view.
func (v View) Sees(r Record) bool {
	if v.Body != "" && r.Reviewer == v.Body {
		return true
	}
	return v.Opens(r.Supplier) && r.Shared == SharedAgencies
}

// Opens reports whether the shared reviews about a supplier are in view.
func (v View) Opens(supplier organisation.Number) bool {
	return v.Shared && (v.About == "" || v.About == supplier)
}

// Query chooses reviews: those that all its fields fit; an empty field fits
// all.
type Query struct {
	Attestation string
	Offering    string
	Supplier    organisation.Number
	Reviewer    organisation.Number
	// Viewer is the body that sees its own reviews too; all others are seen only
	// if they are shared.
	Viewer organisation.Number
	// After is the digest of the review that the page before ended with; one
	// that is not there gives nothing.
	After string
	Limit int
}

// Store keeps reviews and their withdrawals, insert-only. Writes are durable
// when they return. Where a viewer is asked for, a review by another body that
// is not shared with all is as if it were not there.
type Store interface {
	// InsertReview adds a review (problem.ErrExists when its digest is there).
	InsertReview(ctx context.Context, r Record) error
	// Review reads one with its bundle (problem.ErrNotFound), whoever may see it.
	Review(ctx context.Context, digest string) (Record, error)
	// Reviews lists what a query chooses, newest ReceivedAt first and then by
	// digest, the greatest first, without bundles.
	Reviews(ctx context.Context, q Query) ([]Record, error)
	// ReviewsOf lists all reviews of the offerings, ordered by offering, then as
	// Reviews, without bundles.
	ReviewsOf(ctx context.Context, offerings []string, viewer organisation.Number) ([]Record, error)
	// ReviewsSince lists digests received at or after t, oldest first, at most
	// limit: those that may lack a place in the log after a crash.
	ReviewsSince(ctx context.Context, t time.Time, limit int) ([]string, error)
	// ReviewsRevision tells cheaply whether a review of an offering that the
	// viewer sees was added or withdrawn: the value changes then, and only then.
	ReviewsRevision(ctx context.Context, offering string, viewer organisation.Number) (string, error)

	// InsertReviewWithdrawal adds a withdrawal (problem.ErrExists).
	InsertReviewWithdrawal(ctx context.Context, w Withdrawal) error
	// ReviewWithdrawal reads the one of a review with its bundle
	// (problem.ErrNotFound).
	ReviewWithdrawal(ctx context.Context, review string) (Withdrawal, error)
	// ReviewWithdrawals reads those of the given reviews, ordered by review,
	// without bundles.
	ReviewWithdrawals(ctx context.Context, reviews []string) ([]Withdrawal, error)
	// ReviewWithdrawalsSince lists the digests of the reviews withdrawn at or
	// after t, oldest withdrawal first, at most limit.
	ReviewWithdrawalsSince(ctx context.Context, t time.Time, limit int) ([]string, error)
}
