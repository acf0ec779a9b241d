package audit

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"felleskrav/internal/attestation"
	"felleskrav/internal/console"
	"felleskrav/internal/locale"
	"felleskrav/internal/organisation"
	"felleskrav/internal/review"
	"felleskrav/internal/signing"
)

// Statement is a statement read for people: a declaration, a review, or the
// withdrawal of one of them.
type Statement struct {
	Digest      string
	Subject     attestation.Subject
	Declaration *attestation.Declaration
	Withdrawal  *attestation.WithdrawalPredicate
	Review      *review.Predicate
	ReviewEnd   *review.WithdrawalPredicate
}

// Receipt is what the receipts of declarations and of reviews have in common.
type Receipt struct {
	Attestation string               `json:"attestation"`
	Review      string               `json:"review"`
	Waiting     string               `json:"waiting"`
	Log         attestation.LogProof `json:"log"`
}

// About is the digest of the declaration or review that the receipt is for.
func (r Receipt) About() string {
	if r.Review != "" {
		return r.Review
	}
	return r.Attestation
}

// About is the digest of the declaration or review that the statement makes
// or withdraws.
func (st Statement) About() string {
	if st.Withdrawal != nil || st.ReviewEnd != nil {
		return st.Subject.Digest.SHA256
	}
	return st.Digest
}

// ReadStatement reads a payload the way the server does, strictly.
func ReadStatement(payload []byte) (Statement, error) {
	var head struct {
		Type          string                `json:"_type"`
		PredicateType string                `json:"predicateType"`
		Subject       []attestation.Subject `json:"subject"`
		Predicate     json.RawMessage       `json:"predicate"`
	}
	st := Statement{Digest: signing.Digest(payload)}
	if err := signing.StrictJSON(payload, &head); err != nil {
		return st, console.No("cli.statement.json", "Detail", err.Error())
	}
	if head.Type != signing.StatementType || len(head.Subject) != 1 {
		return st, console.No("cli.statement.type", "Value", head.Type)
	}
	st.Subject = head.Subject[0]
	var err error
	switch head.PredicateType {
	case attestation.DeclarationType:
		st.Declaration = &attestation.Declaration{}
		err = signing.StrictJSON(head.Predicate, st.Declaration)
	case attestation.WithdrawalType:
		st.Withdrawal = &attestation.WithdrawalPredicate{}
		err = signing.StrictJSON(head.Predicate, st.Withdrawal)
	case review.ReviewType:
		st.Review = &review.Predicate{}
		err = signing.StrictJSON(head.Predicate, st.Review)
	case review.WithdrawalType:
		st.ReviewEnd = &review.WithdrawalPredicate{}
		err = signing.StrictJSON(head.Predicate, st.ReviewEnd)
	default:
		return st, console.No("cli.statement.predicate", "Value", head.PredicateType)
	}
	if err != nil {
		return st, console.No("cli.statement.json", "Detail", err.Error())
	}
	return st, nil
}

// Plain says in words what a statement says.
func (st Statement) Plain(t *locale.Texts) string {
	var b strings.Builder
	line := func(key string, args ...any) { b.WriteString("  " + t.T(key, args...) + "\n") }
	if w := st.Withdrawal; w != nil {
		b.WriteString(t.T("cli.statement.withdrawal") + "\n")
		line("cli.statement.supplier", "Name", w.Supplier.Name, "Number", grouped(w.Supplier.ID))
		line("cli.statement.withdraws", "Digest", st.Subject.Digest.SHA256)
		line("cli.statement.reason", "Reason", w.Reason)
		return b.String()
	}
	if w := st.ReviewEnd; w != nil {
		b.WriteString(t.T("cli.statement.review-withdrawal") + "\n")
		line("cli.statement.reviewer", "Name", w.Reviewer.Name, "Number", grouped(w.Reviewer.ID))
		line("cli.statement.withdraws-review", "Digest", st.Subject.Digest.SHA256)
		line("cli.statement.reason", "Reason", w.Reason)
		return b.String()
	}
	if r := st.Review; r != nil {
		b.WriteString(t.T("cli.statement.review") + "\n")
		line("cli.statement.reviewer", "Name", r.Reviewer.Name, "Number", grouped(r.Reviewer.ID))
		line("cli.statement.reviews", "Digest", st.Subject.Digest.SHA256)
		line("cli.statement.requirement", "Requirement", r.Requirement)
		line("cli.statement.set", "Set", strings.TrimPrefix(r.RequirementSet.URI, "urn:felleskrav:requirement-set:")+"@"+r.RequirementSet.Version, "Digest", r.RequirementSet.Digest.SHA256)
		line("cli.statement.outcome", "Outcome", t.T("outcome."+string(r.Outcome)))
		line("cli.statement.reason", "Reason", r.Reason)
		if r.Conditions != "" {
			line("cli.statement.conditions", "Conditions", r.Conditions)
		}
		for _, e := range r.Evidence {
			line("cli.statement.looked-at", "Name", e.Name, "Digest", e.Digest.SHA256)
		}
		line("cli.statement.reviewed", "At", when(t, r.ReviewedAt), "Until", when(t, r.ValidUntil))
		line("cli.statement.shared", "With", t.T("sharing."+string(r.Shared)))
		if r.Supersedes != nil {
			line("cli.statement.supersedes-review", "Digest", r.Supersedes.Digest.SHA256)
		}
		return b.String()
	}
	d := st.Declaration
	b.WriteString(t.T("cli.statement.declaration") + "\n")
	line("cli.statement.supplier", "Name", d.Supplier.Name, "Number", grouped(d.Supplier.ID))
	line("cli.statement.service", "Service", strings.TrimPrefix(st.Subject.Name, "urn:felleskrav:service:"), "Digest", st.Subject.Digest.SHA256)
	line("cli.statement.set", "Set", strings.TrimPrefix(d.RequirementSet.URI, "urn:felleskrav:requirement-set:")+"@"+d.RequirementSet.Version, "Digest", d.RequirementSet.Digest.SHA256)
	line("cli.statement.declared", "At", when(t, d.DeclaredAt), "Until", when(t, d.ValidUntil))
	counts := map[attestation.AnswerStatus]int{}
	evidence := map[string]bool{}
	for _, a := range d.Answers {
		counts[a.Status]++
		for _, e := range a.Evidence {
			evidence[e.Digest.SHA256] = true
		}
	}
	var parts []string
	for _, a := range attestation.AnswerStatuses() {
		if counts[a] > 0 {
			parts = append(parts, fmt.Sprintf("%s %d", strings.ToLower(t.T("answer."+string(a))), counts[a]))
		}
	}
	line("cli.statement.answers", "Count", len(d.Answers), "Parts", strings.Join(parts, ", "))
	line("cli.statement.evidence", "Count", len(evidence))
	if len(d.SubSuppliers) > 0 {
		var names []string
		for _, x := range d.SubSuppliers {
			names = append(names, x.Name+" ("+x.Country+")")
		}
		line("cli.statement.sub-suppliers", "Names", strings.Join(names, ", "))
	}
	if d.Supersedes != nil {
		line("cli.statement.supersedes", "Digest", d.Supersedes.Digest.SHA256)
	}
	return b.String()
}

// when shows a time as it stands in a statement.
func when(t *locale.Texts, moment string) string {
	at, err := time.Parse(time.RFC3339, moment)
	if err != nil {
		return moment
	}
	return t.DateTime(at)
}

// grouped shows "0192:123456785" the way people write it.
func grouped(id string) string {
	n, err := organisation.ParseIdentifier(id)
	if err != nil {
		return id
	}
	return n.Grouped()
}
