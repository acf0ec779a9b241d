package attestation

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"strings"
	"time"

	"felleskrav/internal/access"
	"felleskrav/internal/problem"
	"felleskrav/internal/signing"
	"felleskrav/internal/supplier"
)

// VerdictType is the predicate type of a signed verdict: in-toto's Simple
// Verification Result, which any tool may know.
const VerdictType = "https://in-toto.io/attestation/svr/v0.1"

// Verifier is who signs verdicts: the registry itself.
type Verifier struct {
	// ID is a URI, new whenever the checks come to mean something else.
	ID string
	// Key is the registry's own, and not the log's.
	Key crypto.Signer
}

// NewVerifier is the registry whose log has the given name.
func NewVerifier(origin string, key crypto.Signer) *Verifier {
	return &Verifier{ID: "urn:felleskrav:registry:" + origin + ":verdict:v1", Key: key}
}

// PublicKey is what a verdict is verified with.
func (v *Verifier) PublicKey() (signing.PublicKey, error) {
	k, err := signing.PublicOf(v.Key)
	return k, wrap("read verdict key", err)
}

// Property is the check's name in a signed verdict: SIGNATURE_VALID and so on.
func (c CheckName) Property() string { return strings.ToUpper(strings.ReplaceAll(string(c), "-", "_")) }

// VerdictPredicate is an in-toto Simple Verification Result v0.1.
type VerdictPredicate struct {
	Verifier    VerdictVerifier `json:"verifier"`
	TimeCreated string          `json:"timeCreated"` // RFC 3339
	// Properties are the checks that hold, in the order they are made. One
	// that is not here does not hold: the type has no way to say no.
	Properties []string `json:"properties"`
}

// VerdictVerifier names who verified.
type VerdictVerifier struct {
	ID string `json:"id"`
}

// verdictStatement is a Statement whose subjects may have annotations, which
// no statement that suppliers sign may have.
type verdictStatement struct {
	Type          string           `json:"_type"`
	Subject       []verdictSubject `json:"subject"`
	PredicateType string           `json:"predicateType"`
	Predicate     VerdictPredicate `json:"predicate"`
}

type verdictSubject struct {
	Subject
	Annotations *verdictAnnotations `json:"annotations,omitempty"`
}

// verdictAnnotations say how every check came out, those too that fail and so
// are no properties.
type verdictAnnotations struct {
	Checks map[string]bool `json:"checks"`
}

var errNoVerifier = errors.New("no key to sign verdicts with")

// SignedVerdict makes every check of [Service.Verdict] anew and signs how they
// come out: a Sigstore bundle with an in-toto Simple Verification Result about
// the declaration (the digest of its payload) and the descriptor it was signed
// for. A declaration that fails a check gets a verdict too, without that
// property; whoever relies on one must ask for the properties they need, and
// for a time that is recent enough. It is not logged: it can be had at any
// time, and says nothing that the log and the published files do not show.
func (s *Service) SignedVerdict(ctx context.Context, actor access.Actor, digest string) ([]byte, error) {
	if s.Verifier == nil {
		return nil, fmt.Errorf("sign verdict: %w", errNoVerifier)
	}
	v, r, err := s.verdict(ctx, actor, digest)
	if err != nil {
		return nil, err
	}
	st := verdictStatement{
		Type: signing.StatementType, PredicateType: VerdictType,
		Predicate: VerdictPredicate{
			Verifier: VerdictVerifier{ID: s.Verifier.ID}, TimeCreated: v.At.Format(time.RFC3339Nano), Properties: []string{},
		},
	}
	checks := make(map[string]bool, len(v.Checks))
	for _, c := range v.Checks {
		checks[c.Name.Property()] = c.Holds
		if c.Holds {
			st.Predicate.Properties = append(st.Predicate.Properties, c.Name.Property())
		}
	}
	st.Subject = []verdictSubject{
		{Subject{Name: URN(r.Digest), Digest: DigestSet{r.Digest}}, &verdictAnnotations{checks}},
		{Subject{Name: supplier.ServiceURN(r.Offering), Digest: DigestSet{r.Descriptor}}, nil},
	}
	payload, err := signing.Canonical(st)
	if err != nil {
		return nil, wrap("write verdict", err)
	}
	b, err := signing.SignBundle(ctx, s.Verifier.Key, payload)
	if err != nil { // the key may be kept elsewhere, and be out of reach
		return nil, problem.New(problem.Unavailable, "attestation.verdict-unsigned", nil).Because(wrap("sign verdict", err))
	}
	return b, nil
}
