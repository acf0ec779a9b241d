package evidence

import (
	"context"
	"io"
	"time"

	"felleskrav/internal/organisation"
)

// Evidence is one file a supplier has uploaded. Two suppliers who upload the
// same bytes have one record each, and neither learns of the other's. The
// record stays when its bytes are erased.
type Evidence struct {
	// ID is Owner and SHA256 joined by ":".
	ID     string              `json:"id"`
	Owner  organisation.Number `json:"owner"`
	SHA256 string              `json:"sha256"`
	Size   int64               `json:"size"`
	// MediaType is what the bytes are, never what the sender called them.
	MediaType string `json:"mediaType"`
	// Name is empty when the owner had it erased with the bytes.
	Name string `json:"name"`
	// Kind is one of catalogue.EvidenceKinds.
	Kind       string     `json:"kind"`
	Visibility Visibility `json:"visibility"`
	Granted    []Grant    `json:"granted,omitempty"`
	Description
	UploadedAt time.Time `json:"uploadedAt"`
	Scan       Scan      `json:"scan"`
	// State says whether the bytes are there; none in old records is Stored.
	State State `json:"state,omitempty"`
	// StateAt is when an arrival or an erasure began.
	StateAt time.Time `json:"stateAt,omitzero"`
	// Claim is the revision in which an arrival began, so that whoever ends it
	// can tell that it is the same.
	Claim int64 `json:"claim,omitempty"`
	// Erasure tells why and when bytes were erased.
	Erasure *Erasure `json:"erasure,omitempty"`
	// NeededUntil is when the last declaration that refers to it ends, of those
	// handed in since this was noted.
	NeededUntil time.Time `json:"neededUntil,omitzero"`
	// Changes are the newest changes of what the owner says of it, oldest first.
	Changes []Change `json:"changes,omitempty"`
	Rev     int64    `json:"rev"`

	// Period is computed when the record is shown, and never stored.
	Period Period `json:"period,omitempty"`
}

// State says where the bytes of a record are.
type State string

// The states.
const (
	// Stored: the bytes are there.
	Stored State = "stored"
	// Arriving: they have been received, and are on their way into the store.
	// Nobody has been told that they are kept, and nobody sees the record.
	Arriving State = "arriving"
	// Erasing: they are to go, and nobody can read them any more.
	Erasing State = "erasing"
	// Erased: they are gone. Another owner of the same bytes keeps theirs.
	Erased State = "erased"
)

// States lists the states in which a record is shown.
func States() []State { return []State{Stored, Erasing, Erased} }

// Present reports whether the record's bytes are kept.
func (e Evidence) Present() bool { return e.State == Stored || e.State == "" }

// Readable reports whether the bytes are there and may be given out.
func (e Evidence) Readable() bool { return e.Present() && e.Scan.Readable() }

// hidden reports whether nobody has ever been told of the record.
func (e Evidence) hidden() bool {
	return e.State == Arriving && e.Erasure == nil || e.Erasure != nil && e.Erasure.By == ByNobody
}

// Erasure is why and when bytes were erased.
type Erasure struct {
	By EraseCause `json:"by"`
	// Reason is the owner's own, and optional.
	Reason string `json:"reason,omitempty"`
	// At is when it was asked for.
	At time.Time `json:"at"`
}

// EraseCause says who had bytes erased.
type EraseCause string

// The causes.
const (
	ByOwner     EraseCause = "owner"
	ByRetention EraseCause = "retention" // the operator's time limit
	// ByNobody: an upload broke off after its bytes had been received.
	ByNobody EraseCause = "incomplete"
)

// EraseCauses lists the causes that people see.
func EraseCauses() []EraseCause { return []EraseCause{ByOwner, ByRetention} }

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
	// UnsettledEvidence lists at most limit records, of all owners, that have
	// been Arriving or Erasing since t or longer; the longest first.
	UnsettledEvidence(ctx context.Context, t time.Time, limit int) ([]Evidence, error)
	// EvidenceAfter lists at most limit records, of all owners, in the order of
	// their IDs, from the first whose ID is greater than id.
	EvidenceAfter(ctx context.Context, id string, limit int) ([]Evidence, error)
	// EvidenceOf lists every owner's record of these bytes.
	EvidenceOf(ctx context.Context, sha256 string) ([]Evidence, error)
	// OwnerEvidence lists an owner's records among the given digests; a nil
	// slice lists all, newest first.
	OwnerEvidence(ctx context.Context, owner organisation.Number, digests []string) ([]Evidence, error)

	// PutBlob reads r to its end and keeps the bytes under their digest; bytes
	// that are there already are kept once. A failing r leaves nothing. Each
	// PutBlob gives the bytes a version that they have never had, at some
	// moment between its call and its return, also when they were there.
	PutBlob(ctx context.Context, r io.Reader) (Blob, error)
	// OpenBlob opens bytes for reading (problem.ErrNotFound).
	OpenBlob(ctx context.Context, sha256 string) (io.ReadCloser, Blob, error)
	// BlobVersion is the version that bytes have now (problem.ErrNotFound).
	BlobVersion(ctx context.Context, sha256 string) (string, error)
	// RemoveBlob removes bytes if they still have that version; if not, or if
	// they are gone, it does nothing and that is no error. So what a PutBlob
	// has put after the version was read is there when both have returned,
	// whichever was last. Whoever is reading the bytes may fail.
	RemoveBlob(ctx context.Context, sha256, version string) error
}
