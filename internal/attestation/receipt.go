package attestation

import (
	"context"
	"time"

	"felleskrav/internal/organisation"
	"felleskrav/internal/signing"
)

// Log is where declarations are made public and countable.
type Log interface {
	// Append logs body under key and returns when the entry is durable and has
	// its place. It is idempotent by key.
	Append(ctx context.Context, key string, body []byte) (index int64, at time.Time, err error)
	// AppendProved is Append, with the entry's proof of inclusion in the log as it
	// was when it got its place, or later.
	AppendProved(ctx context.Context, key string, body []byte) (Place, signing.Inclusion, error)
	// Places finds where keys are logged; those that are not are left out.
	Places(ctx context.Context, keys []string) (map[string]Place, error)
	// Inclusion proves that the entry at index is in the log.
	Inclusion(ctx context.Context, index int64) (signing.Inclusion, error)
	// Origin is the log's name and VerifierKey its public key, as a signed
	// note's verifier key.
	Origin() string
	VerifierKey() string
}

// Place is a position in the log and when it was given.
type Place struct {
	Index int64
	At    time.Time
}

// Receipt is what a supplier keeps: it proves offline, with the log's public
// key, that the declaration is in the log.
type Receipt struct {
	// Attestation is the SHA-256 of the signed payload, in hex.
	Attestation string              `json:"attestation"`
	Supplier    organisation.Number `json:"supplier"`
	Offering    string              `json:"offering"`
	Set         string              `json:"set"`
	SetVersion  string              `json:"setVersion,omitempty"`
	ReceivedAt  time.Time           `json:"receivedAt"`
	Log         LogProof            `json:"log,omitzero"`
	// Waiting says what is missing before the declaration takes effect; until
	// then there is no proof.
	Waiting string `json:"waiting,omitempty"`
}

// WaitsForSecond is what a declaration waits for where the supplier asks for
// four eyes.
const WaitsForSecond = "second-signature"

// LogProof is an inclusion proof (RFC 6962 §2.1.1) with the checkpoint it
// leads to. Byte strings are base64 in JSON.
type LogProof struct {
	Origin string `json:"origin"`
	// Key is the log's verifier key. A verifier must know it from elsewhere.
	Key        string    `json:"key"`
	Index      int64     `json:"index"`
	LoggedAt   time.Time `json:"loggedAt"`
	TreeSize   int64     `json:"treeSize"`
	RootHash   []byte    `json:"rootHash"`
	Hashes     [][]byte  `json:"hashes"`
	Checkpoint string    `json:"checkpoint"`
	// Body is the logged leaf.
	Body []byte `json:"body"`
}

// Prove gives the proof that the entry at a place is in the log as it is now.
func Prove(ctx context.Context, log Log, p Place) (LogProof, error) {
	in, err := log.Inclusion(ctx, p.Index)
	if err != nil {
		return LogProof{}, wrap("prove inclusion", err)
	}
	return logProof(log, p, in), nil
}

func logProof(log Log, p Place, in signing.Inclusion) LogProof {
	return LogProof{
		Origin: log.Origin(), Key: log.VerifierKey(), Index: in.Index, LoggedAt: p.At, TreeSize: in.TreeSize,
		RootHash: in.RootHash, Hashes: in.Hashes, Checkpoint: in.Checkpoint, Body: in.Body,
	}
}

func (s *Service) receiptFor(ctx context.Context, r Record, p Place) (Receipt, error) {
	proof, err := Prove(ctx, s.Log, p)
	if err != nil {
		return Receipt{}, err
	}
	return receiptOf(r, proof), nil
}

func receiptOf(r Record, proof LogProof) Receipt {
	return Receipt{Attestation: r.Digest, Supplier: r.Supplier, Offering: r.Offering, Set: r.Set, SetVersion: r.SetVersion, ReceivedAt: r.ReceivedAt, Log: proof}
}
