package audit

import (
	"fmt"
	"strings"

	"felleskrav/internal/locale"
)

// Finding is one check with its result.
type Finding struct {
	Check  string `json:"check"`
	OK     bool   `json:"ok"`
	Detail string `json:"detail,omitempty"`
	err    error
}

// Verification is the answer.
type Verification struct {
	Verified    bool   `json:"verified"`
	Attestation string `json:"attestation,omitempty"`
	Kind        string `json:"kind,omitempty"`
	Supplier    string `json:"supplier,omitempty"`
	Review      string `json:"review,omitempty"`
	Reviewer    string `json:"reviewer,omitempty"`
	Requirement string `json:"requirement,omitempty"`
	Outcome     string `json:"outcome,omitempty"`
	Offering    string `json:"offering,omitempty"`
	Set         string `json:"set,omitempty"`
	ValidUntil  string `json:"validUntil,omitempty"`
	Key         string `json:"key,omitempty"`
	// Signer is set when a certificate names the signer and was judged.
	Signer    *Signer   `json:"signer,omitempty"`
	LogOrigin string    `json:"logOrigin,omitempty"`
	LogIndex  *int64    `json:"logIndex,omitempty"`
	Checks    []Finding `json:"checks"`
}

func (v *Verification) add(check string, err error) bool {
	v.Checks = append(v.Checks, Finding{Check: check, OK: err == nil, err: err})
	return err == nil
}

// describe takes over what the statement is about.
func (v *Verification) describe(st Statement) {
	if st.Withdrawal != nil {
		v.Kind, v.Supplier, v.Attestation = "withdrawal", st.Withdrawal.Supplier.ID, st.Subject.Digest.SHA256
		return
	}
	if w := st.ReviewEnd; w != nil {
		v.Kind, v.Reviewer, v.Attestation, v.Review = "review-withdrawal", w.Reviewer.ID, "", st.Subject.Digest.SHA256
		return
	}
	if r := st.Review; r != nil {
		v.Kind, v.Reviewer, v.Attestation, v.Review = "review", r.Reviewer.ID, st.Subject.Digest.SHA256, st.Digest
		v.Requirement, v.Outcome, v.ValidUntil = r.Requirement, string(r.Outcome), r.ValidUntil
		v.Set = strings.TrimPrefix(r.RequirementSet.URI, "urn:felleskrav:requirement-set:") + "@" + r.RequirementSet.Version
		return
	}
	d := st.Declaration
	v.Kind, v.Supplier, v.ValidUntil = "declaration", d.Supplier.ID, d.ValidUntil
	v.Offering = strings.TrimPrefix(st.Subject.Name, "urn:felleskrav:service:")
	v.Set = strings.TrimPrefix(d.RequirementSet.URI, "urn:felleskrav:requirement-set:") + "@" + d.RequirementSet.Version
}

// text says in words what was checked, and what the answer is.
func (v Verification) text(t *locale.Texts, st *Statement) string {
	var b strings.Builder
	if st != nil {
		b.WriteString(st.Plain(t) + "\n")
	}
	for _, f := range v.Checks {
		mark := "✓"
		if !f.OK {
			mark = "✗"
		}
		text := t.T("cli.verify.check." + f.Check)
		if f.Detail != "" {
			text += " (" + f.Detail + ")"
		}
		fmt.Fprintf(&b, "  %s %s\n", mark, text)
	}
	if v.LogIndex != nil {
		b.WriteString("\n" + t.T("cli.verify.logged", "Origin", v.LogOrigin, "Index", *v.LogIndex) + "\n")
	}
	if v.Signer != nil {
		b.WriteString(signerText(t, v.Signer))
	}
	if v.Key != "" {
		b.WriteString(t.T("cli.verify.key", "ID", v.Key) + "\n")
	}
	if v.Verified {
		b.WriteString("\n" + t.T("cli.verify.yes") + "\n")
	} else {
		b.WriteString("\n" + t.T("cli.verify.no") + "\n")
	}
	return b.String()
}
