package attestation

import (
	"encoding/json"
	"fmt"
	"regexp"
	"time"

	"felleskrav/internal/problem"
	"felleskrav/internal/signing"
)

// The predicate types. They carry the major version only; there is no web
// domain behind them.
const (
	DeclarationType = "urn:felleskrav:attestation:supplier-declaration:v1"
	WithdrawalType  = "urn:felleskrav:attestation:withdrawal:v1"
)

// URN names a declaration by its digest.
func URN(digest string) string { return "urn:felleskrav:attestation:" + digest }

// Subject is what a statement is about: an in-toto ResourceDescriptor.
type Subject struct {
	Name   string    `json:"name"`
	Digest DigestSet `json:"digest"`
}

// Statement is an in-toto Statement v1 with the predicate P.
type Statement[P any] struct {
	Type          string    `json:"_type"`
	Subject       []Subject `json:"subject"`
	PredicateType string    `json:"predicateType"`
	Predicate     P         `json:"predicate"`
}

// Declaration is the predicate a supplier signs.
type Declaration struct {
	Supplier       Party         `json:"supplier"`
	RequirementSet SetRef        `json:"requirementSet"`
	DeclaredAt     string        `json:"declaredAt"` // RFC 3339
	ValidUntil     string        `json:"validUntil"` // RFC 3339
	SubSuppliers   []SubSupplier `json:"subSuppliers,omitempty"`
	Answers        []Answer      `json:"answers"`
	Supersedes     *Superseded   `json:"supersedes,omitempty"`
}

// Party is the supplier, with its number in the form of ISO 6523.
type Party struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// SetRef binds a declaration to the exact bytes of a set version.
type SetRef struct {
	URI     string    `json:"uri"`
	Version string    `json:"version"`
	Digest  DigestSet `json:"digest"`
}

// SubSupplier repeats what the descriptor says of a sub-supplier.
type SubSupplier struct {
	ID      string `json:"id,omitempty"`
	Name    string `json:"name"`
	Country string `json:"country"`
	Purpose string `json:"purpose"`
}

// Superseded names the declaration this one takes the place of.
type Superseded struct {
	Digest DigestSet `json:"digest"`
}

// WithdrawalPredicate is the predicate of a withdrawal, whose subject is the
// declaration.
type WithdrawalPredicate struct {
	Supplier    Party  `json:"supplier"`
	Reason      string `json:"reason"`
	WithdrawnAt string `json:"withdrawnAt"` // RFC 3339
}

// Encode gives the exact bytes to sign: canonical JSON, so that the same
// answers always give the same bytes.
func Encode[P any](predicateType string, subject Subject, predicate P) ([]byte, error) {
	b, err := signing.Canonical(Statement[P]{Type: signing.StatementType, Subject: []Subject{subject}, PredicateType: predicateType, Predicate: predicate})
	if err != nil {
		return nil, fmt.Errorf("write statement: %w", err)
	}
	return b, nil
}

// Decode reads a payload strictly, with the checks that a verifier of
// signatures does not make: the exact statement version, the exact predicate
// type, exactly one subject.
func Decode[P any](payload []byte, predicateType string) (Statement[P], error) {
	var st Statement[P]
	if err := signing.StrictJSON(payload, &st); err != nil {
		return Statement[P]{}, undecodable(payload, predicateType, err)
	}
	if err := checkTypes(st.Type, st.PredicateType, predicateType); err != nil {
		return Statement[P]{}, err
	}
	if len(st.Subject) != 1 || !isDigest(st.Subject[0].Digest.SHA256) {
		return Statement[P]{}, refused("statement.subject", nil)
	}
	return st, nil
}

// undecodable says why a payload is no statement of ours, given what the parser
// says: that it is another kind of statement comes before what is in it.
func undecodable(payload []byte, predicateType string, cause error) error {
	var head struct {
		Type          string          `json:"_type"`
		PredicateType string          `json:"predicateType"`
		Subject       json.RawMessage `json:"subject"`
		Predicate     json.RawMessage `json:"predicate"`
	}
	if err := signing.StrictJSON(payload, &head); err != nil {
		return refused("statement.json", nil).Because(err)
	}
	if err := checkTypes(head.Type, head.PredicateType, predicateType); err != nil {
		return err
	}
	return refused("statement.json", nil).Because(cause)
}

func checkTypes(statement, predicate, wanted string) error {
	if statement != signing.StatementType {
		return refused("statement.type", map[string]any{"Value": problem.Clip(statement), "Known": signing.StatementType})
	}
	if predicate != wanted {
		return refused("statement.predicate", map[string]any{"Value": problem.Clip(predicate), "Known": wanted})
	}
	return nil
}

// rfc3339 is how a time is written (RFC 3339 §5.6). time.Parse lets through
// hours of one digit, commas and offsets of a day and more, which other
// programs refuse or read otherwise.
var rfc3339 = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$`)

// ParseTime reads a time in a statement, to the millisecond and in UTC.
func ParseTime(s string) (time.Time, bool) {
	if !rfc3339.MatchString(s) {
		return time.Time{}, false
	}
	t, err := time.Parse(time.RFC3339, s)
	return t.UTC().Truncate(time.Millisecond), err == nil
}
