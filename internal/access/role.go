package access

import (
	"slices"

	"felleskrav/internal/problem"
)

// Role is what an actor may act as.
type Role string

// Public is everyone, also who has not said who they are, and LoggedIn
// everyone who has, whether or not they act for anybody. Nobody is given these.
const (
	Public   Role = "public"
	LoggedIn Role = "logged-in"
)

// The roles of people and systems. Each holds what the policy gives it and
// nothing of another, so that one who does several things has several roles.
const (
	// SupplierReader sees what the supplier keeps for itself.
	SupplierReader Role = "supplier-reader"
	// SupplierAuthor describes offerings, answers and uploads evidence.
	SupplierAuthor Role = "supplier-author"
	// SupplierSigner submits what is signed, withdraws it, and enrols keys.
	SupplierSigner Role = "supplier-signer"
	// SupplierAdmin says who may do what for the supplier.
	SupplierAdmin Role = "supplier-admin"
	// Supplier stands for all four of the above.
	Supplier Role = "supplier"

	// AgencyReader sees what the body keeps for itself.
	AgencyReader Role = "agency-reader"
	// Procurement makes procurements and compares bidders.
	Procurement Role = "procurement"
	// Adviser follows suppliers up: statuses, lists and reviews.
	Adviser Role = "adviser"
	// Reviewer writes reviews and nothing else, such as a consultant.
	Reviewer Role = "reviewer"
	// AgencyAdmin says who may do what for the body.
	AgencyAdmin Role = "agency-admin"

	// Editor writes the catalogue and verifies suppliers.
	Editor Role = "editor"
	// Operator runs the installation. It sees to access and the audit trail, and
	// can itself neither write content nor answer for anybody. Since it can say
	// who may, it is as trusted as those who have the machine; keys and
	// declarations that come of it stand in the log for everyone to see.
	Operator Role = "operator"
)

// Side is which kind of organisation a role belongs to.
type Side string

// The sides. An organisation can be on both of the first two.
const (
	SideNone     Side = ""
	SideSupplier Side = "supplier"
	SideAgency   Side = "agency"
	SideCommon   Side = "common" // the shared service itself
)

// Side returns which kind of organisation the role belongs to.
func (r Role) Side() Side {
	switch r {
	case Supplier, SupplierReader, SupplierAuthor, SupplierSigner, SupplierAdmin:
		return SideSupplier
	case AgencyReader, Procurement, Adviser, Reviewer, AgencyAdmin:
		return SideAgency
	case Editor, Operator:
		return SideCommon
	}
	return SideNone
}

// SupplierRoles are what [Supplier] stands for.
func SupplierRoles() []Role {
	return []Role{SupplierReader, SupplierAuthor, SupplierSigner, SupplierAdmin}
}

// AgencyRoles are the roles a public body can give.
func AgencyRoles() []Role {
	return []Role{AgencyReader, Procurement, Adviser, Reviewer, AgencyAdmin}
}

// Roles lists the roles somebody can be given.
func Roles() []Role {
	return slices.Concat(SupplierRoles(), []Role{Supplier}, AgencyRoles(), []Role{Editor, Operator})
}

// Grantable lists the roles that the actor may give to others who act for
// org. Editors and operators are appointed by those who run the installation,
// on the machine itself.
func Grantable(a Actor, org string) []Role {
	var out []Role
	if Check(a, WriteMembers, org) != nil {
		return nil
	}
	if a.Has(SupplierAdmin) || a.Has(Operator) {
		out = append(out, SupplierRoles()...)
	}
	if a.Has(AgencyAdmin) || a.Has(Operator) {
		out = append(out, AgencyRoles()...)
	}
	return out
}

// CheckGrant refuses roles that the actor may not give in org.
func CheckGrant(a Actor, org string, roles []Role) error {
	if err := Check(a, WriteMembers, org); err != nil {
		return err
	}
	allowed := Grantable(a, org)
	for _, r := range roles {
		if r == Supplier && slices.Contains(allowed, SupplierAdmin) {
			continue
		}
		if !slices.Contains(allowed, r) {
			return problem.New(problem.Forbidden, "access.grant", problem.Args{"Role": string(r)})
		}
	}
	return nil
}
