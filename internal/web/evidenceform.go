package web

import (
	"slices"
	"strconv"
	"time"

	"felleskrav/internal/catalogue"
	"felleskrav/internal/evidence"
	"felleskrav/internal/locale"
	"felleskrav/internal/organisation"
)

// evidenceFields are the inputs for what a supplier says of a file.
type evidenceFields struct {
	Kind, Issuer, Standard, From, Until, Scope Field
	Applicability                              bool
	Visibility, Basis                          Field
	Grants                                     []grantFields
	// GrantsOpen and BasisOpen unfold what has something in it.
	AboutOpen, GrantsOpen, BasisOpen bool
}

type grantFields struct {
	Number     int
	Org, Until Field
}

const (
	// uploadGrants is how many bodies can be named with an upload, and
	// moreGrants how many more than there are in a change.
	uploadGrants = 3
	moreGrants   = 3
	// maxGrants is how many are read of a form.
	maxGrants = 500
)

// newEvidence is what a new file is taken for until its owner says otherwise.
func newEvidence() evidence.Amendment {
	return evidence.Amendment{Visibility: evidence.VisibleAgencies}
}

// newEvidenceFields fills in the inputs, with room for some bodies.
func newEvidenceFields(t *locale.Texts, form *Form, said evidence.Amendment, grants int) evidenceFields {
	var f evidenceFields
	f.Kind = Field{Name: "kind", Label: "page.evidence.kind", Size: "m", Required: true}
	for _, k := range catalogue.EvidenceKinds() {
		f.Kind.Options = append(f.Kind.Options, Option{string(k), capital(t.T(termKey("evidence-kind", k))), string(k) == said.Kind})
	}
	f.Visibility = Field{Name: "visibility", Label: "page.evidence.visibility", Hint: "page.evidence.visibility-hint", Size: "m", Required: true}
	for _, v := range evidence.Visibilities() {
		f.Visibility.Options = append(f.Visibility.Options, Option{string(v), t.T(termKey("visibility", v)), v == said.Visibility})
	}
	f.Issuer = Field{Name: "issuer", Label: "page.evidence.issuer", Hint: "page.evidence.issuer-hint", Value: said.Issuer}
	f.Standard = Field{Name: "standard", Label: "page.evidence.standard", Hint: "page.evidence.standard-hint", Value: said.Standard, Size: "m"}
	f.From = Field{Name: "validFrom", Label: "page.evidence.from", Value: string(said.ValidFrom), Type: "date", Size: "s"}
	f.Until = Field{Name: "validUntil", Label: "page.evidence.until", Value: string(said.ValidUntil), Type: "date", Size: "s"}
	f.Scope = Field{Name: "scope", Label: "page.evidence.scope", Hint: "page.evidence.scope-hint", Value: said.Scope, Rows: 2}
	f.Basis = Field{Name: "legalBasis", Label: "page.evidence.basis", Hint: "page.evidence.basis-hint", Value: said.LegalBasis}
	f.Applicability = said.Applicability
	for _, in := range []*Field{&f.Kind, &f.Issuer, &f.Standard, &f.From, &f.Until, &f.Scope, &f.Visibility} {
		*in = form.field(*in)
	}
	for i := range max(grants, len(said.Granted)) {
		var g evidence.Grant
		if i < len(said.Granted) {
			g = said.Granted[i]
		}
		n := strconv.Itoa(i)
		row := grantFields{
			Number: i + 1,
			Org:    Field{Name: "grant-org-" + n, Label: "page.evidence.grant-org", Value: string(g.Org), Plain: true, Autocomplete: "off"},
			Until:  Field{Name: "grant-until-" + n, Label: "page.evidence.grant-until", Value: string(g.Until), Type: "date", Plain: true},
		}
		row.Org.Error = form.takeAs(row.Org.ID(), "granted["+n+"]", t.T("page.evidence.grants"))
		f.GrantsOpen = f.GrantsOpen || row.Org.Error != ""
		f.Grants = append(f.Grants, row)
	}
	f.Basis = form.field(f.Basis)
	f.AboutOpen = said.Description != (evidence.Description{LegalBasis: said.LegalBasis})
	f.GrantsOpen = f.GrantsOpen || len(said.Granted) > 0 || said.Visibility == evidence.VisibleGranted
	f.BasisOpen = said.LegalBasis != "" || f.Basis.Error != ""
	for _, in := range []Field{f.Issuer, f.Standard, f.From, f.Until, f.Scope} {
		f.AboutOpen = f.AboutOpen || in.Error != ""
	}
	return f
}

// readEvidence reads the inputs; rows for bodies that are left empty are left
// out.
func readEvidence(get func(string) string) evidence.Amendment {
	a := evidence.Amendment{
		Kind: line(get("kind")), Visibility: evidence.Visibility(line(get("visibility"))),
		Description: evidence.Description{
			Issuer: line(get("issuer")), Standard: line(get("standard")), Applicability: get("applicability") != "",
			ValidFrom: readDay(get("validFrom")), ValidUntil: readDay(get("validUntil")), Scope: line(oneLine(get("scope"))), LegalBasis: line(get("legalBasis")),
		},
	}
	for i := range maxGrants {
		n := strconv.Itoa(i)
		g := evidence.Grant{Org: organisation.Number(line(get("grant-org-" + n))), Until: readDay(get("grant-until-" + n))}
		if g != (evidence.Grant{}) {
			a.Granted = append(a.Granted, g)
		}
	}
	return a
}

// oneLine puts the lines of a textarea after one another.
func oneLine(s string) string {
	out := make([]rune, 0, len(s))
	for _, r := range s {
		switch {
		case r != '\r' && r != '\n':
			out = append(out, r)
		case len(out) > 0 && out[len(out)-1] != ' ':
			out = append(out, ' ')
		}
	}
	return string(out)
}

// readDay reads a day as a date input sends it, or as people write it.
func readDay(s string) evidence.Date {
	s = line(s)
	if d, err := time.Parse("2.1.2006", s); err == nil {
		return evidence.Date(d.Format(time.DateOnly))
	}
	return evidence.Date(s)
}

// dayText writes a day as the reader's language does.
func dayText(t *locale.Texts) func(evidence.Date) string {
	return func(d evidence.Date) string {
		at, err := time.ParseInLocation(time.DateOnly, string(d), locale.Zone())
		if err != nil {
			return string(d)
		}
		return t.Date(at)
	}
}

// changeText writes what a change is from or to.
func changeText(t *locale.Texts) func(field, value string) string {
	kinds := map[string]string{evidence.FieldKind: "evidence-kind", evidence.FieldVisibility: "visibility", evidence.FieldState: "evidence-state"}
	return func(field, value string) string {
		switch {
		case value == "":
			return t.T("page.evidence-edit.nothing")
		case kinds[field] != "":
			return t.T(termKey(kinds[field], value))
		case field == evidence.FieldApplicability:
			return t.T("page.evidence-edit.yes")
		case slices.Contains([]string{evidence.FieldFrom, evidence.FieldUntil}, field):
			return dayText(t)(evidence.Date(value))
		}
		return value
	}
}
