package procurement

import (
	"context"
	"time"

	"felleskrav/internal/attestation"
	"felleskrav/internal/organisation"
	"felleskrav/internal/selection"
)

// Procurement is one competition of one public body.
type Procurement struct {
	// ID is a UUIDv7.
	ID     string              `json:"id"`
	Agency organisation.Number `json:"agency"`
	Title  string              `json:"title"`
	// Reference is the body's own case number.
	Reference string     `json:"reference,omitempty"`
	Deadline  *time.Time `json:"deadline,omitempty"`
	// ContractEnd is the last day of the contract, if it is known.
	ContractEnd Day `json:"contractEnd,omitempty"`
	// Language of the workbook: nb, nn or en.
	Language string          `json:"language"`
	Input    selection.Input `json:"input"`
	// Sets are the set versions the procurement is bound to, chosen when it
	// was made, so that a later version changes nothing in it.
	Sets []SetRef `json:"sets"`
	// Basis is what the input led to when it was given, so that later content
	// changes nothing either. Nil where that was not kept.
	Basis *selection.Basis `json:"basis,omitempty"`
	// Choices hold what the buyer decided per requirement.
	Choices []Choice `json:"choices,omitempty"`
	// Columns are those of the requirement table in every workbook of the
	// procurement, in their order; none means the usual ones.
	Columns   []Column  `json:"columns,omitempty"`
	Bidders   []Bidder  `json:"bidders,omitempty"`
	CreatedAt time.Time `json:"createdAt"`
	UpdatedAt time.Time `json:"updatedAt"`
	// CreatedBy and UpdatedBy are the ids of the actors who made it and last
	// changed it; "" where that was not kept.
	CreatedBy string `json:"createdBy,omitempty"`
	UpdatedBy string `json:"updatedBy,omitempty"`
	Rev       int64  `json:"rev"`
}

// SetRef names a released set version by id, version and digest.
type SetRef struct {
	ID      string `json:"id"`
	Version string `json:"version"`
	Digest  string `json:"digest"`
}

// Choice is the buyer's decision about one requirement.
type Choice struct {
	Requirement string `json:"requirement"`
	// Type is "A" (minimum) or "B" (scored); empty means as suggested.
	Type string `json:"type,omitempty"`
	// Weight is the buyer's weight of a scored requirement, 0 to 100.
	Weight int `json:"weight,omitempty"`
	// Left out of the tender.
	Excluded bool `json:"excluded,omitempty"`
}

// Bidder is a supplier who takes part, with the offering it bids with if the
// offering is known here.
type Bidder struct {
	Supplier organisation.Number `json:"supplier"`
	Name     string              `json:"name"`
	Offering string              `json:"offering,omitempty"`
}

// Response is one bidder's filled workbook as it was read. A later response
// of the same bidder replaces it in comparisons; both are kept.
type Response struct {
	// ID is a UUIDv7.
	ID          string              `json:"id"`
	Procurement string              `json:"procurement"`
	Supplier    organisation.Number `json:"supplier"`
	ReceivedAt  time.Time           `json:"receivedAt"`
	// SHA256 is the digest of the file that was read.
	SHA256 string `json:"sha256"`
	// Sets are the set versions that were answered; nil where that was not kept.
	Sets    []SetRef         `json:"sets,omitempty"`
	Answers []ResponseAnswer `json:"answers"`
}

// ResponseAnswer is one row a bidder filled in.
type ResponseAnswer struct {
	Requirement string                   `json:"requirement"`
	Status      attestation.AnswerStatus `json:"status"`
	Statement   string                   `json:"statement,omitempty"`
	EvidenceRef string                   `json:"evidenceRef,omitempty"`
	Deviation   string                   `json:"deviation,omitempty"`
}

// Store keeps procurements and responses, one document each. Writes are
// durable when they return.
type Store interface {
	// InsertProcurement adds a procurement (problem.ErrExists).
	InsertProcurement(ctx context.Context, p Procurement) error
	// Procurement reads one (problem.ErrNotFound).
	Procurement(ctx context.Context, id string) (Procurement, error)
	// ProcurementsOf lists an agency's procurements, newest first, after the
	// given id ("" for the first page), at most limit.
	ProcurementsOf(ctx context.Context, agency organisation.Number, after string, limit int) ([]Procurement, error)
	// UpdateProcurement changes one by compare-and-swap; the change may run
	// more than once (problem.ErrStale when every try is lost).
	UpdateProcurement(ctx context.Context, id string, change func(Procurement) (Procurement, error)) (Procurement, error)
	// InsertResponse adds a response (problem.ErrExists).
	InsertResponse(ctx context.Context, r Response) error
	// InsertIssuedWorkbook notes that a workbook was made (problem.ErrExists).
	InsertIssuedWorkbook(ctx context.Context, w IssuedWorkbook) error
	// IssuedWorkbooks lists those of a procurement, newest first, at most limit.
	IssuedWorkbooks(ctx context.Context, procurement string, limit int) ([]IssuedWorkbook, error)
	// LastReceived tells when the last response to each of many procurements was
	// read; those without any are left out.
	LastReceived(ctx context.Context, procurements []string) (map[string]time.Time, error)
	// ResponsesTo lists a procurement's responses, oldest first.
	ResponsesTo(ctx context.Context, procurement string) ([]Response, error)
}
