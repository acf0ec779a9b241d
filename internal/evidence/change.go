package evidence

import (
	"context"
	"slices"
	"strings"
	"time"

	"felleskrav/internal/access"
	"felleskrav/internal/organisation"
	"felleskrav/internal/problem"
)

// Change is one change of what the owner says of a file. Declarations refer to
// a file by digest, and its digest, size and type never change; so what is
// said of it may, and the change is kept.
type Change struct {
	At    time.Time `json:"at"`
	Field string    `json:"field"`
	From  string    `json:"from,omitempty"`
	To    string    `json:"to,omitempty"`
}

// The fields that change, by their names in JSON; FieldState is for erasure
// and for bytes that came back.
const (
	FieldKind          = "kind"
	FieldVisibility    = "visibility"
	FieldGranted       = "granted"
	FieldIssuer        = "issuer"
	FieldStandard      = "standard"
	FieldApplicability = "applicability"
	FieldFrom          = "validFrom"
	FieldUntil         = "validUntil"
	FieldScope         = "scope"
	FieldBasis         = "legalBasis"
	FieldState         = "state"
)

// Fields lists them.
func Fields() []string {
	return []string{FieldKind, FieldVisibility, FieldGranted, FieldIssuer, FieldStandard, FieldApplicability, FieldFrom, FieldUntil, FieldScope, FieldBasis, FieldState}
}

const (
	// maxChanges is how many are kept; the oldest go first.
	maxChanges = 100
	// maxChangeText is how much is kept of a value, in bytes: a list of bodies
	// can be long.
	maxChangeText = 2000
)

// Amendment is everything an owner can change of a file.
type Amendment struct {
	Kind       string
	Visibility Visibility
	Granted    []Grant
	Description
}

func (a *Amendment) validate() error {
	var c problem.Collector
	checkSorting(&c, a.Kind, a.Visibility)
	a.Granted = checkGrants(&c, a.Granted)
	a.Description.validate(&c)
	return c.Err()
}

// Amendment is what the record says now.
func (e Evidence) Amendment() Amendment {
	return Amendment{Kind: e.Kind, Visibility: e.Visibility, Granted: slices.Clone(e.Granted), Description: e.Description}
}

// amend gives the record with what is changed, and notes each change. It is
// pure.
func (e Evidence) amend(a Amendment, now time.Time) Evidence {
	granted := slices.Clone(a.Granted)
	for i, g := range granted {
		granted[i].GrantedAt = now
		for _, old := range e.Granted {
			if old.Org == g.Org {
				granted[i].GrantedAt = old.GrantedAt
			}
		}
	}
	was, is := e.Amendment().said(), a.said()
	e.Changes = slices.Clone(e.Changes)
	for i, f := range was {
		if to := is[i][1]; f[1] != to {
			e.note(f[0], f[1], to, now)
		}
	}
	e.Kind, e.Visibility, e.Granted, e.Description = a.Kind, a.Visibility, granted, a.Description
	return e
}

// note adds a change to the record, which must have a list of its own.
func (e *Evidence) note(field, from, to string, now time.Time) {
	e.Changes = append(e.Changes, Change{At: now, Field: field, From: clip(from), To: clip(to)})
	if over := len(e.Changes) - maxChanges; over > 0 {
		e.Changes = slices.Delete(e.Changes, 0, over)
	}
}

// said lists fields and values as text.
func (a Amendment) said() [][2]string {
	granted := make([]string, len(a.Granted))
	for i, g := range a.Granted {
		granted[i] = g.String()
	}
	applicability := ""
	if a.Applicability {
		applicability = "true"
	}
	return [][2]string{
		{FieldKind, a.Kind}, {FieldVisibility, string(a.Visibility)}, {FieldGranted, strings.Join(granted, ", ")}, {FieldIssuer, a.Issuer},
		{FieldStandard, a.Standard}, {FieldApplicability, applicability}, {FieldFrom, string(a.ValidFrom)}, {FieldUntil, string(a.ValidUntil)},
		{FieldScope, a.Scope}, {FieldBasis, a.LegalBasis},
	}
}

func clip(s string) string {
	if len(s) <= maxChangeText {
		return s
	}
	return strings.ToValidUTF8(s[:maxChangeText], "") + "…"
}

// Amend changes what the owner says of a file, also when its bytes are erased.
// rev is the revision the change was made from (problem.Stale when it is
// another by now); 0 is any.
func (s *Service) Amend(ctx context.Context, actor access.Actor, owner organisation.Number, sha256 string, a Amendment, rev int64) (Evidence, error) {
	if err := access.Check(actor, access.WriteEvidence, string(owner)); err != nil {
		return Evidence{}, err
	}
	if err := s.own(ctx, owner, sha256); err != nil {
		return Evidence{}, err
	}
	if err := a.validate(); err != nil {
		return Evidence{}, err
	}
	now := s.now()
	e, err := s.Store.UpdateEvidence(ctx, owner, sha256, func(e Evidence) (Evidence, error) {
		if rev != 0 && e.Rev != rev {
			return e, problem.New(problem.Stale, "evidence.stale", nil)
		}
		return e.amend(a, now), nil
	})
	return s.shown(e), wrap("change evidence", err)
}

// own fails unless the owner has a record of these bytes that it knows of.
func (s *Service) own(ctx context.Context, owner organisation.Number, sha256 string) error {
	missing := problem.New(problem.NotFound, "evidence.not-found", nil)
	if !ValidDigest(sha256) {
		return missing
	}
	e, err := s.Store.EvidenceBy(ctx, owner, sha256)
	if problem.KindOf(err) == problem.NotFound || err == nil && e.hidden() {
		return missing
	}
	return wrap("read evidence", err)
}
