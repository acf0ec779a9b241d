package access_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"felleskrav/internal/access"
	"felleskrav/internal/problem"
)

// TestPolicy writes the whole policy down a second time, action by action, so
// that a change to it is a change here too. The columns are nobody, somebody
// without a role, and the roles in the order of the heading: "all", "own", "no"
// and "log" for "log in first".
func TestPolicy(t *testing.T) {
	const none, in = access.Role(""), access.Role("-")
	columns := []access.Role{
		none, in, access.SupplierReader, access.SupplierAuthor, access.SupplierSigner, access.SupplierAdmin,
		access.AgencyReader, access.Procurement, access.Adviser, access.Reviewer, access.AgencyAdmin, access.Editor, access.Operator,
	}
	want := map[access.Action][13]string{
		//                        nobody  in     reader author signer admin  reader procur advis  review admin  editor operator
		access.ReadCatalogue:     {"all", "all", "all", "all", "all", "all", "all", "all", "all", "all", "all", "all", "all"},
		access.Select:            {"all", "all", "all", "all", "all", "all", "all", "all", "all", "all", "all", "all", "all"},
		access.ReadSupplier:      {"all", "all", "all", "all", "all", "all", "all", "all", "all", "all", "all", "all", "all"},
		access.RegisterSupplier:  {"log", "no", "no", "no", "no", "own", "no", "no", "no", "no", "no", "all", "no"},
		access.WriteSupplier:     {"log", "no", "no", "no", "no", "own", "no", "no", "no", "no", "no", "all", "no"},
		access.RegisterBody:      {"log", "no", "no", "no", "no", "no", "no", "own", "own", "own", "own", "no", "no"},
		access.WriteKey:          {"log", "no", "no", "no", "own", "own", "no", "no", "own", "own", "own", "no", "no"},
		access.WriteFourEyes:     {"log", "no", "no", "no", "no", "own", "no", "no", "no", "no", "no", "no", "no"},
		access.VerifySupplier:    {"log", "no", "no", "no", "no", "no", "no", "no", "no", "no", "no", "all", "no"},
		access.ReadOffering:      {"all", "all", "all", "all", "all", "all", "all", "all", "all", "all", "all", "all", "all"},
		access.WriteOffering:     {"log", "no", "no", "own", "no", "no", "no", "no", "no", "no", "no", "no", "no"},
		access.WriteEvidence:     {"log", "no", "no", "own", "no", "no", "no", "no", "no", "no", "no", "no", "no"},
		access.EraseEvidence:     {"log", "no", "no", "own", "no", "own", "no", "no", "no", "no", "no", "no", "no"},
		access.ReadEvidence:      {"all", "all", "all", "all", "all", "all", "all", "all", "all", "all", "all", "all", "all"},
		access.PrepareStatement:  {"log", "no", "no", "own", "own", "no", "no", "no", "no", "no", "no", "no", "no"},
		access.SubmitAttestation: {"log", "no", "no", "no", "own", "no", "no", "no", "no", "no", "no", "no", "no"},
		access.Withdraw:          {"log", "no", "no", "no", "own", "no", "no", "no", "no", "no", "no", "no", "no"},
		access.ReadAttestation:   {"all", "all", "all", "all", "all", "all", "all", "all", "all", "all", "all", "all", "all"},
		access.WriteReview:       {"log", "no", "no", "no", "no", "no", "no", "no", "own", "own", "no", "no", "no"},
		access.ReadReview:        {"log", "no", "own", "own", "own", "own", "all", "all", "all", "all", "all", "all", "no"},
		access.ReadStatus:        {"all", "all", "all", "all", "all", "all", "all", "all", "all", "all", "all", "all", "all"},
		access.CheckStatus:       {"log", "no", "no", "no", "no", "no", "no", "all", "all", "no", "no", "all", "no"},
		access.ReadCheck:         {"log", "no", "no", "no", "no", "no", "own", "own", "own", "no", "own", "own", "no"},
		access.ReadWatch:         {"log", "no", "no", "no", "no", "no", "own", "own", "own", "no", "own", "no", "no"},
		access.WriteWatch:        {"log", "no", "no", "no", "no", "no", "no", "no", "own", "no", "no", "no", "no"},
		access.ReadProcurement:   {"log", "no", "no", "no", "no", "no", "own", "own", "own", "no", "no", "no", "no"},
		access.WriteProcurement:  {"log", "no", "no", "no", "no", "no", "no", "own", "no", "no", "no", "no", "no"},
		access.ReadLog:           {"all", "all", "all", "all", "all", "all", "all", "all", "all", "all", "all", "all", "all"},
		access.VerifyWorkbook:    {"all", "all", "all", "all", "all", "all", "all", "all", "all", "all", "all", "all", "all"},
		access.EditCatalogue:     {"log", "no", "no", "no", "no", "no", "no", "no", "no", "no", "no", "all", "no"},
		access.DecideCatalogue:   {"log", "no", "no", "no", "no", "no", "no", "no", "no", "no", "no", "all", "no"},
		access.WriteReport:       {"log", "no", "all", "all", "all", "all", "all", "all", "all", "all", "all", "all", "no"},
		access.ReadReport:        {"log", "no", "no", "no", "no", "no", "no", "no", "no", "no", "no", "all", "no"},
		access.ManageTokens:      {"log", "no", "no", "no", "no", "own", "no", "no", "no", "no", "own", "no", "all"},
		access.ReadMembers:       {"log", "no", "no", "no", "no", "own", "no", "no", "no", "no", "own", "no", "all"},
		access.WriteMembers:      {"log", "no", "no", "no", "no", "own", "no", "no", "no", "no", "own", "no", "all"},
		access.Claim:             {"log", "all", "all", "all", "all", "all", "all", "all", "all", "all", "all", "all", "all"},
		access.DecideClaim:       {"log", "no", "no", "no", "no", "no", "no", "no", "no", "no", "no", "all", "all"},
		access.Join:              {"log", "all", "all", "all", "all", "all", "all", "all", "all", "all", "all", "all", "all"},
		access.ReadSelf:          {"log", "all", "all", "all", "all", "all", "all", "all", "all", "all", "all", "all", "all"},
		access.EraseSelf:         {"log", "all", "all", "all", "all", "all", "all", "all", "all", "all", "all", "all", "all"},
		access.ReadTrail:         {"log", "no", "no", "no", "no", "own", "no", "no", "no", "no", "own", "no", "all"},
		access.UseSession:        {"all", "all", "all", "all", "all", "all", "all", "all", "all", "all", "all", "all", "all"},
	}
	if len(want) != len(access.Actions()) {
		t.Errorf("the policy has %d actions, this table %d", len(access.Actions()), len(want))
	}
	for action, r := range want {
		for i, role := range columns {
			a := access.Actor{ID: "x", Org: "123456785", Roles: []access.Role{role}}
			switch role {
			case none:
				a = access.Anyone()
			case in:
				a = access.Actor{ID: "person:x"}
			}
			mine, other := access.Check(a, action, "123456785"), access.Check(a, action, "314168267")
			var got string
			switch {
			case mine == nil && other == nil:
				got = "all"
			case mine == nil && problem.KeyOf(other) == "access.other-organisation":
				got = "own"
			case problem.KindOf(mine) == problem.Unauthenticated:
				got = "log"
			case problem.KindOf(mine) == problem.Forbidden:
				got = "no"
			}
			if got != r[i] {
				t.Errorf("%s as %q: %q, want %q", action, role, got, r[i])
			}
		}
	}
}

// TestSupplierIsAllFour holds that the short role gives what the four give
// together, and that the four make somebody a supplier.
func TestSupplierIsAllFour(t *testing.T) {
	whole := access.Actor{ID: "x", Org: "123456785", Roles: []access.Role{access.Supplier}}
	parts := access.Actor{ID: "x", Org: "123456785", Roles: access.SupplierRoles()}
	for _, action := range access.Actions() {
		one, errOne := access.ScopeFor(whole, action)
		four, errFour := access.ScopeFor(parts, action)
		if one != four || problem.KeyOf(errOne) != problem.KeyOf(errFour) {
			t.Errorf("%s: %v %v as supplier, %v %v as all four", action, one, errOne, four, errFour)
		}
	}
	for _, r := range access.SupplierRoles() {
		if !(access.Actor{Roles: []access.Role{r}}).Has(access.Supplier) {
			t.Errorf("%s is no supplier", r)
		}
	}
	if (access.Actor{Roles: access.AgencyRoles()}).Has(access.Supplier) || whole.Agency() {
		t.Error("the sides are mixed up")
	}
}

// TestGrantsStayOnTheirSide holds that nobody can give a role they could not
// be trusted with themselves: admins give roles on their own side, in their
// own organisation; the service's own roles are given by nobody here.
func TestGrantsStayOnTheirSide(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		roles := rapid.SliceOfDistinct(rapid.SampledFrom(access.Roles()), rapid.ID[access.Role]).Draw(t, "roles")
		give := rapid.SampledFrom(access.Roles()).Draw(t, "give")
		org := rapid.SampledFrom([]string{"123456785", "314168267"}).Draw(t, "org")
		a := access.Actor{ID: "x", Org: "123456785", Roles: roles}
		may := false
		switch give.Side() {
		case access.SideSupplier:
			may = a.Has(access.Operator) || a.Has(access.SupplierAdmin) && org == a.Org
		case access.SideAgency:
			may = a.Has(access.Operator) || a.Has(access.AgencyAdmin) && org == a.Org
		}
		if err := access.CheckGrant(a, org, []access.Role{give}); (err == nil) != may {
			t.Fatalf("%v gives %s in %s: %v", roles, give, org, err)
		}
		if may && !slices.Contains(access.Grantable(a, org), give) && give != access.Supplier {
			t.Fatalf("%s is not listed", give)
		}
	})
}

func TestUnknownActionIsDenied(t *testing.T) {
	a := access.Actor{ID: "x", Org: "123456785", Roles: access.Roles()}
	if err := access.Check(a, "world.rule", "123456785"); problem.KindOf(err) != problem.Forbidden {
		t.Errorf("error is %v, want forbidden", err)
	}
}

func TestOwnNeedsAnOrganisation(t *testing.T) {
	a := access.Actor{ID: "x", Roles: []access.Role{access.Supplier}}
	if err := access.Check(a, access.WriteKey, ""); problem.KindOf(err) != problem.Forbidden {
		t.Errorf("a supplier without an organisation may write keys of nobody: %v", err)
	}
}
