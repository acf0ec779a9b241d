package access

import (
	"slices"

	"felleskrav/internal/problem"
)

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
	WriteFourEyes     Action = "supplier.four-eyes"
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
	ReadCheck         Action = "check.read"
	ReadWatch         Action = "watch.read"
	WriteWatch        Action = "watch.write"
	ReadProcurement   Action = "procurement.read"
	WriteProcurement  Action = "procurement.write"
	ReadLog           Action = "log.read"
	VerifyWorkbook    Action = "workbook.verify"
	EditCatalogue     Action = "catalogue.edit"
	DecideCatalogue   Action = "catalogue.decide"
	WriteReport       Action = "report.write"
	ReadReport        Action = "report.read"
	ManageTokens      Action = "token.manage"
	ReadMembers       Action = "member.read"
	WriteMembers      Action = "member.write"
	Claim             Action = "member.claim"
	DecideClaim       Action = "member.decide"
	Join              Action = "member.join"
	ReadSelf          Action = "person.read"
	EraseSelf         Action = "person.erase"
	ReadTrail         Action = "trail.read"
	UseSession        Action = "session.use"
)

// reach says how far a role's right to an action goes.
type reach int

const (
	own reach = iota + 1 // only what belongs to the actor's organisation
	all                  // whoever it belongs to
)

// row gives roles how far their right goes.
type row map[Role]reach

// both puts two rows together.
func (r row) and(other row) row {
	out := row{}
	for _, from := range []row{r, other} {
		for role, far := range from {
			out[role] = max(out[role], far)
		}
	}
	return out
}

// Rows that many actions share.
var (
	everyone   = row{Public: all}
	suppliers  = row{SupplierReader: own, SupplierAuthor: own, SupplierSigner: own, SupplierAdmin: own}
	agencies   = row{AgencyReader: all, Procurement: all, Adviser: all, Reviewer: all, AgencyAdmin: all}
	ownAdmins  = row{SupplierAdmin: own, AgencyAdmin: own, Operator: all}
	inPractice = row{SupplierReader: all, SupplierAuthor: all, SupplierSigner: all, SupplierAdmin: all}.and(agencies).and(row{Editor: all})
)

// policy is the whole policy: what is not in it is denied. "own" is what
// belongs to the organisation the actor acts for, "all" whatever anybody has.
// What a right is narrowed by besides is said beside it, and held by the
// package that owns the thing.
var policy = map[Action]row{
	ReadCatalogue:    everyone,
	Select:           everyone,
	ReadSupplier:     everyone,
	RegisterSupplier: {SupplierAdmin: own, Editor: all},
	WriteSupplier:    {SupplierAdmin: own, Editor: all},
	RegisterBody:     {Procurement: own, Adviser: own, Reviewer: own, AgencyAdmin: own},
	// An agency's keys sign its reviews.
	WriteKey:          {SupplierSigner: own, SupplierAdmin: own, Adviser: own, Reviewer: own, AgencyAdmin: own},
	WriteFourEyes:     {SupplierAdmin: own},
	VerifySupplier:    {Editor: all},
	ReadOffering:      everyone,
	WriteOffering:     {SupplierAuthor: own},
	WriteEvidence:     {SupplierAuthor: own},
	EraseEvidence:     {SupplierAuthor: own, SupplierAdmin: own},
	ReadEvidence:      everyone, // the evidence's own visibility narrows this
	PrepareStatement:  {SupplierAuthor: own, SupplierSigner: own},
	SubmitAttestation: {SupplierSigner: own},
	Withdraw:          {SupplierSigner: own},
	ReadAttestation:   everyone,
	WriteReview:       {Adviser: own, Reviewer: own},
	ReadReview:        agencies.and(suppliers).and(row{Editor: all}), // whom it is shared with narrows this
	ReadStatus:        everyone,
	CheckStatus:       {Procurement: all, Adviser: all, Editor: all},
	ReadCheck:         {AgencyReader: own, Procurement: own, Adviser: own, AgencyAdmin: own, Editor: own},
	// What a body watches is the body's own.
	ReadWatch:  {AgencyReader: own, Procurement: own, Adviser: own, AgencyAdmin: own},
	WriteWatch: {Adviser: own},
	// Procurements are seen by the body that makes them, and nobody else ever.
	ReadProcurement:  {AgencyReader: own, Procurement: own, Adviser: own},
	WriteProcurement: {Procurement: own},
	ReadLog:          everyone,
	VerifyWorkbook:   everyone, // whoever has the file may ask whether it is whole
	EditCatalogue:    {Editor: all},
	DecideCatalogue:  {Editor: all}, // that it is another editor, the service sees to
	WriteReport:      inPractice,
	ReadReport:       {Editor: all},
	ManageTokens:     ownAdmins, // never roles beyond Grantable
	ReadMembers:      ownAdmins,
	WriteMembers:     ownAdmins,       // never roles beyond Grantable
	Claim:            {LoggedIn: all}, // people only; an editor decides
	DecideClaim:      {Editor: all, Operator: all},
	Join:             {LoggedIn: all}, // people only, who have the invitation
	ReadSelf:         {LoggedIn: all},
	EraseSelf:        {LoggedIn: all},
	ReadTrail:        ownAdmins,
	UseSession:       everyone, // logging in and out
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
