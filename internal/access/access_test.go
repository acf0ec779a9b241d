package access_test

import (
	"testing"

	"felleskrav/internal/access"
	"felleskrav/internal/problem"
)

// TestPolicy writes the whole policy down a second time, action by action, so
// that a change to it is a change here too.
func TestPolicy(t *testing.T) {
	type row struct{ public, editor, procurement, supplier, adviser string }
	want := map[access.Action]row{
		access.ReadCatalogue:     {"all", "all", "all", "all", "all"},
		access.Select:            {"all", "all", "all", "all", "all"},
		access.ReadSupplier:      {"all", "all", "all", "all", "all"},
		access.WriteSupplier:     {"login", "all", "no", "own", "no"},
		access.RegisterSupplier:  {"login", "all", "no", "own", "no"},
		access.RegisterBody:      {"login", "no", "own", "no", "own"},
		access.WriteKey:          {"login", "no", "no", "own", "own"},
		access.VerifySupplier:    {"login", "all", "no", "no", "no"},
		access.ReadOffering:      {"all", "all", "all", "all", "all"},
		access.WriteOffering:     {"login", "no", "no", "own", "no"},
		access.WriteEvidence:     {"login", "no", "no", "own", "no"},
		access.EraseEvidence:     {"login", "no", "no", "own", "no"},
		access.ReadEvidence:      {"all", "all", "all", "all", "all"},
		access.PrepareStatement:  {"login", "no", "no", "own", "no"},
		access.SubmitAttestation: {"login", "no", "no", "own", "no"},
		access.Withdraw:          {"login", "no", "no", "own", "no"},
		access.ReadAttestation:   {"all", "all", "all", "all", "all"},
		access.WriteReview:       {"login", "no", "no", "no", "own"},
		access.ReadReview:        {"login", "all", "all", "own", "all"},
		access.ReadStatus:        {"all", "all", "all", "all", "all"},
		access.CheckStatus:       {"login", "all", "all", "no", "all"},
		access.ReadProcurement:   {"login", "no", "own", "no", "own"},
		access.WriteProcurement:  {"login", "no", "own", "no", "no"},
		access.ReadLog:           {"all", "all", "all", "all", "all"},
		access.VerifyWorkbook:    {"all", "all", "all", "all", "all"},
		access.EditCatalogue:     {"login", "all", "no", "no", "no"},
		access.DecideCatalogue:   {"login", "all", "no", "no", "no"},
		access.WriteReport:       {"login", "all", "all", "all", "all"},
		access.ReadReport:        {"login", "all", "no", "no", "no"},
	}
	if len(want) != len(access.Actions()) {
		t.Errorf("the policy has %d actions, this table %d", len(access.Actions()), len(want))
	}
	for action, r := range want {
		for role, cell := range map[access.Role]string{access.Public: r.public, access.Editor: r.editor, access.Procurement: r.procurement, access.Supplier: r.supplier, access.Adviser: r.adviser} {
			a := access.Anyone()
			if role != access.Public {
				a = access.Actor{ID: "x", Org: "123456785", Roles: []access.Role{role}}
			}
			mine, other := access.Check(a, action, "123456785"), access.Check(a, action, "314168267")
			var got string
			switch {
			case mine == nil && other == nil:
				got = "all"
			case mine == nil && problem.KeyOf(other) == "access.other-organisation":
				got = "own"
			case problem.KindOf(mine) == problem.Unauthenticated:
				got = "login"
			case problem.KindOf(mine) == problem.Forbidden:
				got = "no"
			}
			if got != cell {
				t.Errorf("%s as %s: %q, want %q", action, role, got, cell)
			}
		}
	}
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
