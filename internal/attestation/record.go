package attestation

import (
	"context"
	"time"

	"felleskrav/internal/organisation"
)

// Record is an accepted declaration. It is written once and never changed;
// what happens to it later (withdrawal, a revoked key) is kept beside it.
type Record struct {
	// Digest is the SHA-256 of the payload bytes, in hex: the identity.
	Digest       string              `json:"digest"`
	Supplier     organisation.Number `json:"supplier"`
	SupplierName string              `json:"supplierName"`
	Offering     string              `json:"offering"`
	// Descriptor is the digest of the offering's descriptor that was signed.
	Descriptor string `json:"descriptor"`
	Set        string `json:"set"`
	SetVersion string `json:"setVersion"`
	SetDigest  string `json:"setDigest"`
	KeyID      string `json:"keyId"`
	// SecondKeyID is who signed too, where the supplier asks for four eyes.
	SecondKeyID string    `json:"secondKeyId,omitempty"`
	DeclaredAt  time.Time `json:"declaredAt"`
	ValidUntil  time.Time `json:"validUntil"`
	ReceivedAt  time.Time `json:"receivedAt"`
	Supersedes  string    `json:"supersedes,omitempty"`
	Answers     []Answer  `json:"answers"`
	// Bundle is the received bundle, verbatim. Lists leave it out.
	Bundle []byte `json:"bundle,omitempty"`
}

// LogKey is the key of the declaration's entry in the log.
func (r Record) LogKey() string { return LogKey(r.Digest) }

// LogKey is the key under which the declaration with this digest is logged.
func LogKey(digest string) string { return "attestation:" + digest }

// Withdrawal is the supplier's signed word that a declaration no longer holds.
type Withdrawal struct {
	// Attestation is the digest of the withdrawn declaration; there is one
	// withdrawal per declaration.
	Attestation string              `json:"attestation"`
	Supplier    organisation.Number `json:"supplier"`
	Offering    string              `json:"offering"`
	Set         string              `json:"set"`
	Reason      string              `json:"reason"`
	At          time.Time           `json:"at"`
	KeyID       string              `json:"keyId"`
	Digest      string              `json:"digest"`
	Bundle      []byte              `json:"bundle,omitempty"`
}

// LogKey is the key of the withdrawal's entry in the log.
func (w Withdrawal) LogKey() string { return WithdrawalLogKey(w.Attestation) }

// WithdrawalLogKey is the key under which the withdrawal of the declaration
// with this digest is logged.
func WithdrawalLogKey(digest string) string { return "withdrawal:" + digest }

// Position is a place in the list of declarations by when they were received.
type Position struct {
	ReceivedAt time.Time
	Digest     string
}

// Store keeps declarations and withdrawals, insert-only. Writes are durable
// when they return.
type Store interface {
	// InsertAttestation adds a declaration (problem.ErrExists when its digest
	// is there).
	InsertAttestation(ctx context.Context, r Record) error
	// Attestation reads one with its bundle (problem.ErrNotFound).
	Attestation(ctx context.Context, digest string) (Record, error)
	// AttestationsFor lists, newest ReceivedAt first and without bundles, the
	// declarations for an offering and set, at most limit. An empty set means
	// every set.
	AttestationsFor(ctx context.Context, offering, set string, limit int) ([]Record, error)
	// LatestAttestations lists for each of the offerings the newest perOffering
	// declarations for the set (every set when empty), without bundles.
	LatestAttestations(ctx context.Context, offerings []string, set string, perOffering int) ([]Record, error)
	// LatestOutlines is LatestAttestations with outlines in the place of whole
	// declarations (see [Record.Outline]).
	LatestOutlines(ctx context.Context, offerings []string, set string, perOffering int) ([]Record, error)
	// AttestationsSince lists digests received at or after t, oldest first, at
	// most limit: those that may lack a place in the log after a crash.
	AttestationsSince(ctx context.Context, t time.Time, limit int) ([]string, error)
	// NewestAttestations lists the outlines of declarations by anybody for
	// anything, newest ReceivedAt first, and the greatest digest first in the same
	// millisecond: those that come after the position, at most limit. The zero
	// position is before all of them.
	NewestAttestations(ctx context.Context, after Position, limit int) ([]Record, error)
	// AttestationsRevision tells cheaply whether something was declared or
	// withdrawn for an offering: the value changes then, and only then.
	AttestationsRevision(ctx context.Context, offering string) (string, error)

	// InsertSignature adds one signer's bundle over a declaration that needs two
	// (problem.ErrExists when that signer has signed it).
	InsertSignature(ctx context.Context, s Signature) error
	// Signatures lists those over a declaration with their bundles, the oldest
	// first, and by signer in the same millisecond.
	Signatures(ctx context.Context, attestation string) ([]Signature, error)
	// SignaturesOf lists a supplier's signatures at or after t without bundles,
	// the newest first, at most limit.
	SignaturesOf(ctx context.Context, number organisation.Number, t time.Time, limit int) ([]Signature, error)

	// InsertWithdrawal adds a withdrawal (problem.ErrExists).
	InsertWithdrawal(ctx context.Context, w Withdrawal) error
	// Withdrawal reads the one of a declaration with its bundle
	// (problem.ErrNotFound).
	Withdrawal(ctx context.Context, attestation string) (Withdrawal, error)
	// WithdrawalsSince lists the digests of the declarations withdrawn at or
	// after t, oldest withdrawal first, at most limit: those whose withdrawal
	// may lack a place in the log after a crash.
	WithdrawalsSince(ctx context.Context, t time.Time, limit int) ([]string, error)
	// Withdrawals reads those of the given declarations, without bundles.
	Withdrawals(ctx context.Context, attestations []string) ([]Withdrawal, error)
}
