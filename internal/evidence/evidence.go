package evidence

import (
	"context"
	"io"
	"time"

	"felleskrav/internal/organisation"
)

// Visibility says who may read a piece of evidence.
type Visibility string

// The visibilities.
const (
	VisiblePublic   Visibility = "public"
	VisibleAgencies Visibility = "agencies"
	VisibleGranted  Visibility = "granted"
)

// Evidence is one file a supplier has uploaded. Two suppliers who upload the
// same bytes have one record each.
type Evidence struct {
	// ID is Owner and SHA256 joined by ":".
	ID     string              `json:"id"`
	Owner  organisation.Number `json:"owner"`
	SHA256 string              `json:"sha256"`
	Size   int64               `json:"size"`
	// MediaType is what the bytes are, never what the sender called them.
	MediaType string `json:"mediaType"`
	Name      string `json:"name"`
	// Kind is one of catalogue.EvidenceKinds.
	Kind       string                `json:"kind"`
	Visibility Visibility            `json:"visibility"`
	Granted    []organisation.Number `json:"granted,omitempty"`
	UploadedAt time.Time             `json:"uploadedAt"`
	Scan       Scan                  `json:"scan"`
	Rev        int64                 `json:"rev"`
}

// Blob is stored bytes, named by their digest.
type Blob struct {
	SHA256 string
	Size   int64
}

// Store keeps records and bytes. Writes are durable when they return. Bytes
// are streamed both ways and never held whole.
type Store interface {
	// InsertEvidence adds a record (problem.ErrExists when the owner has it).
	InsertEvidence(ctx context.Context, e Evidence) error
	// EvidenceBy reads one owner's record (problem.ErrNotFound).
	EvidenceBy(ctx context.Context, owner organisation.Number, sha256 string) (Evidence, error)
	// UpdateEvidence changes a record by compare-and-swap and gives what is
	// stored then (problem.ErrNotFound, problem.ErrStale). change is pure and
	// may run several times; it leaves owner and digest alone.
	UpdateEvidence(ctx context.Context, owner organisation.Number, sha256 string, change func(Evidence) (Evidence, error)) (Evidence, error)
	// PendingEvidence lists at most limit records, of all owners, whose scan is
	// pending and was to be tried again at due or before; the longest due first.
	PendingEvidence(ctx context.Context, due time.Time, limit int) ([]Evidence, error)
	// EvidenceOf lists every owner's record of these bytes.
	EvidenceOf(ctx context.Context, sha256 string) ([]Evidence, error)
	// OwnerEvidence lists an owner's records among the given digests; a nil
	// slice lists all, newest first.
	OwnerEvidence(ctx context.Context, owner organisation.Number, digests []string) ([]Evidence, error)

	// PutBlob reads r to its end and keeps the bytes under their digest;
	// bytes that are there already are kept once. A failing r leaves nothing.
	PutBlob(ctx context.Context, r io.Reader) (Blob, error)
	// OpenBlob opens bytes for reading (problem.ErrNotFound).
	OpenBlob(ctx context.Context, sha256 string) (io.ReadCloser, Blob, error)
}
