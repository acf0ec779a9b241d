package access

import (
	"slices"

	"felleskrav/internal/problem"
)

// Role is what an actor may act as.
type Role string

// The roles. Everyone, also someone who has not said who they are, is public.
const (
	Public      Role = "public"
	Editor      Role = "editor"
	Procurement Role = "procurement"
	Supplier    Role = "supplier"
	Adviser     Role = "adviser"
)

// Roles lists the roles a token can carry.
func Roles() []Role { return []Role{Editor, Procurement, Supplier, Adviser} }

// Actor is who asks, and for which organisation.
type Actor struct {
	// ID identifies the credential or person, for the log.
	ID string
	// Name is how the actor is shown to themselves.
	Name string
	// Org is the organisation number the actor acts for; empty for the public.
	Org   string
	Roles []Role
}

// Anyone is the actor who has not said who they are.
func Anyone() Actor { return Actor{ID: "public"} }

// Known reports whether the actor said who they are.
func (a Actor) Known() bool { return len(a.Roles) > 0 }

// Has reports whether the actor holds the role.
func (a Actor) Has(r Role) bool { return r == Public || slices.Contains(a.Roles, r) }

// Action is something that can be allowed or denied.
type Action string

// The actions. A route names exactly one of them.
const (
	ReadCatalogue     Action = "catalogue.read"
	Select            Action = "selection.make"
	ReadSupplier      Action = "supplier.read"
	WriteSupplier     Action = "supplier.write"
	RegisterSupplier  Action = "supplier.register"
	RegisterBody      Action = "body.register"
	WriteKey          Action = "key.write"
	VerifySupplier    Action = "supplier.verify"
	ReadOffering      Action = "offering.read"
	WriteOffering     Action = "offering.write"
	WriteEvidence     Action = "evidence.write"
	ReadEvidence      Action = "evidence.read"
	EraseEvidence     Action = "evidence.erase"
	PrepareStatement  Action = "attestation.prepare"
	SubmitAttestation Action = "attestation.submit"
	Withdraw          Action = "attestation.withdraw"
	ReadAttestation   Action = "attestation.read"
	WriteReview       Action = "review.write"
	ReadReview        Action = "review.read"
	ReadStatus        Action = "status.read"
	CheckStatus       Action = "status.check"
	ReadProcurement   Action = "procurement.read"
	WriteProcurement  Action = "procurement.write"
	ReadLog           Action = "log.read"
	VerifyWorkbook    Action = "workbook.verify"
	EditCatalogue     Action = "catalogue.edit"
	DecideCatalogue   Action = "catalogue.decide"
	WriteReport       Action = "report.write"
	ReadReport        Action = "report.read"
)

// reach says how far a role's right to an action goes.
type reach int

const (
	own reach = iota + 1 // only what belongs to the actor's organisation
	all                  // whoever it belongs to
)

// policy is the whole policy: what is not in it is denied.
var policy = map[Action]map[Role]reach{
	ReadCatalogue:     {Public: all},
	Select:            {Public: all},
	ReadSupplier:      {Public: all},
	RegisterSupplier:  {Supplier: own, Editor: all},
	WriteSupplier:     {Supplier: own, Editor: all},
	RegisterBody:      {Procurement: own, Adviser: own},
	WriteKey:          {Supplier: own, Adviser: own},
	VerifySupplier:    {Editor: all},
	ReadOffering:      {Public: all},
	WriteOffering:     {Supplier: own},
	WriteEvidence:     {Supplier: own},
	EraseEvidence:     {Supplier: own},
	ReadEvidence:      {Public: all}, // the evidence's own visibility narrows this
	PrepareStatement:  {Supplier: own},
	SubmitAttestation: {Supplier: own},
	Withdraw:          {Supplier: own},
	ReadAttestation:   {Public: all},
	WriteReview:       {Adviser: own},
	ReadReview:        {Procurement: all, Adviser: all, Editor: all, Supplier: own}, // whom it is shared with narrows this
	ReadStatus:        {Public: all},
	CheckStatus:       {Procurement: all, Adviser: all, Editor: all},
	ReadProcurement:   {Procurement: own, Adviser: own},
	WriteProcurement:  {Procurement: own},
	ReadLog:           {Public: all},
	VerifyWorkbook:    {Public: all}, // whoever has the file may ask whether it is whole
	EditCatalogue:     {Editor: all},
	DecideCatalogue:   {Editor: all}, // that it is another editor, the service sees to
	WriteReport:       {Editor: all, Procurement: all, Supplier: all, Adviser: all},
	ReadReport:        {Editor: all},
}

// Actions lists every action of the policy, sorted.
func Actions() []Action {
	out := make([]Action, 0, len(policy))
	for a := range policy {
		out = append(out, a)
	}
	slices.Sort(out)
	return out
}

// Scope is what a storage call may reach: everything, or what belongs to Org.
type Scope struct {
	All bool
	Org string
}

// ScopeFor returns how far the actor's right to the action goes. The error is
// a [problem.Unauthenticated] when logging in could help, else
// [problem.Forbidden].
func ScopeFor(a Actor, action Action) (Scope, error) {
	best := reach(0)
	for role, r := range policy[action] {
		if a.Has(role) && r > best {
			best = r
		}
	}
	switch {
	case best == all:
		return Scope{All: true}, nil
	case best == own && a.Org != "":
		return Scope{Org: a.Org}, nil
	case !a.Known():
		return Scope{}, problem.New(problem.Unauthenticated, "access.login", nil)
	default:
		return Scope{}, problem.New(problem.Forbidden, "access.denied", nil)
	}
}

// Check says whether the actor may do the action to something that belongs to
// the organisation owner.
func Check(a Actor, action Action, owner string) error {
	s, err := ScopeFor(a, action)
	if err != nil {
		return err
	}
	if !s.All && s.Org != owner {
		return problem.New(problem.Forbidden, "access.other-organisation", nil)
	}
	return nil
}

// Agency reports whether the actor acts for a public body.
func (a Actor) Agency() bool { return a.Has(Procurement) || a.Has(Adviser) || a.Has(Editor) }
