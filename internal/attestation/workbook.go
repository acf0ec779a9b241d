package attestation

import (
	"context"
	"time"

	"felleskrav/internal/access"
	"felleskrav/internal/problem"
	"felleskrav/internal/signing"
)

// WorkbookType is the predicate type of what the service signs about a
// workbook it has made.
const WorkbookType = "urn:felleskrav:attestation:workbook:v1"

// WorkbookPredicate says who made a workbook and when. The subject is its
// seal, which stands in the workbook and lists what every cell held.
type WorkbookPredicate struct {
	Verifier    VerdictVerifier `json:"verifier"`
	TimeCreated string          `json:"timeCreated"` // RFC 3339
}

// SignWorkbook signs that the service made, at a time, the workbook with this
// name and the seal with this SHA-256 (hex): a Sigstore bundle. The error is a
// [problem.Unavailable] when the key cannot be reached.
func (v *Verifier) SignWorkbook(ctx context.Context, name, digest string, at time.Time) ([]byte, error) {
	if v == nil {
		return nil, problem.New(problem.Unavailable, "attestation.workbook-unsigned", nil).Because(errNoVerifier)
	}
	payload, err := Encode(WorkbookType, Subject{Name: name, Digest: DigestSet{digest}}, WorkbookPredicate{
		Verifier: VerdictVerifier{ID: v.ID}, TimeCreated: at.UTC().Format(time.RFC3339),
	})
	if err != nil {
		return nil, err
	}
	b, err := signing.SignBundle(ctx, v.Key, payload)
	if err != nil { // the key may be kept elsewhere, and be out of reach
		return nil, problem.New(problem.Unavailable, "attestation.workbook-unsigned", nil).Because(wrap("sign workbook", err))
	}
	return b, nil
}

// Proved is a declaration with what shows, offline, that it is in the log.
type Proved struct {
	// Digest is the SHA-256 of the signed payload, in hex.
	Digest string
	Log    LogProof
	// Bundle is what the supplier signed, as it was received.
	Bundle []byte
}

// Prove proves that declarations are in the log. Those without a place there
// yet are left out.
func (s *Service) Prove(ctx context.Context, actor access.Actor, digests []string) ([]Proved, error) {
	if err := access.Check(actor, access.ReadAttestation, ""); err != nil {
		return nil, err
	}
	keys := make([]string, len(digests))
	for i, d := range digests {
		keys[i] = LogKey(d)
	}
	places, err := s.Log.Places(ctx, keys)
	if err != nil {
		return nil, wrap("find log entries", err)
	}
	var out []Proved
	for _, d := range digests {
		p, ok := places[LogKey(d)]
		if !ok {
			continue
		}
		r, err := s.read(ctx, d)
		if err != nil {
			return nil, err
		}
		proof, err := Prove(ctx, s.Log, p)
		if err != nil {
			return nil, err
		}
		out = append(out, Proved{Digest: d, Log: proof, Bundle: r.Bundle})
	}
	return out, nil
}
