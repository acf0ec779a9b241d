package login

import (
	"context"
	"regexp"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"felleskrav/internal/access"
)

func TestActorIDTellsNothing(t *testing.T) {
	a := Identity{Issuer: "https://issuer.example", Subject: "x", Name: "A", ACR: "high"}
	if id := a.ActorID(); !regexp.MustCompile(`^person:[0-9a-f]{32}$`).MatchString(id) || id != (Identity{Issuer: a.Issuer, Subject: "x"}).ActorID() {
		t.Errorf("%s", id)
	}
	seen := map[string]bool{}
	for _, i := range []Identity{a, {Issuer: a.Issuer, Subject: "y"}, {Issuer: "https://other.example", Subject: "x"}} {
		if seen[i.ActorID()] {
			t.Errorf("two are %s", i.ActorID())
		}
		seen[i.ActorID()] = true
	}
}

func TestRightsDirectory(t *testing.T) {
	d := RightsDirectory{Roles: map[string][]access.Role{"a": {access.SupplierSigner, access.SupplierAuthor}, "b": {access.SupplierAuthor, access.Procurement}, "none": nil}}
	who := Identity{Issuer: "i", Subject: "s", Reportees: []Reportee{
		{Org: "910000012", Name: "Testsky AS", Resources: []string{"a", "b"}}, {Org: "910000020", Resources: []string{"none", "unknown"}}, {Org: "910000004", Resources: []string{"b"}},
	}}
	got, err := d.Standings(t.Context(), who)
	if err != nil {
		t.Fatal(err)
	}
	want := []access.Actor{
		{ID: who.ActorID(), Name: "Testsky AS", Org: "910000012", Roles: []access.Role{access.Procurement, access.SupplierAuthor, access.SupplierSigner}},
		{ID: who.ActorID(), Name: "910 000 004", Org: "910000004", Roles: []access.Role{access.Procurement, access.SupplierAuthor}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

type fixed []access.Actor

func (f fixed) Standings(context.Context, Identity) ([]access.Actor, error) { return f, nil }

// A directory cannot give a person another id, an organisation twice, or
// nothing to do.
func TestStandingsAreTidied(t *testing.T) {
	s := New(Config{Store: open(t).Sessions(), Directory: fixed{
		{ID: "person:other", Org: "910000012", Roles: []access.Role{access.SupplierReader}},
		{Org: "910000012", Roles: []access.Role{access.SupplierAdmin}},
		{Org: "910000020"},
		{Roles: []access.Role{access.Editor}},
	}})
	who := Identity{Issuer: "i", Subject: "s"}
	got, err := s.standings(t.Context(), who)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]access.Actor{{ID: who.ActorID(), Org: "910000012", Roles: []access.Role{access.SupplierReader}}}, got); diff != "" {
		t.Error(diff)
	}
}

// TestDirectories holds that roles are united organisation by organisation, and
// that no right elsewhere makes an editor or an operator.
func TestDirectories(t *testing.T) {
	who := Identity{Issuer: "https://idp.example", Subject: "1", Reportees: []Reportee{{Org: "910000012", Resources: []string{"right"}}}}
	all := Directories{
		RightsDirectory{Roles: map[string][]access.Role{"right": {access.SupplierReader, access.Editor, access.Operator}}},
		fixed{
			{Org: "910000012", Name: "Testsky AS", Roles: []access.Role{access.SupplierReader, access.SupplierAuthor}},
			{Org: "910000047", Name: "Testdirektoratet", Roles: []access.Role{access.Editor}},
		},
	}
	got, err := all.Standings(t.Context(), who)
	if err != nil || len(got) != 2 {
		t.Fatalf("%+v, %v", got, err)
	}
	if a := got[0]; a.Name != "Testsky AS" || !slices.Equal(a.Roles, []access.Role{access.SupplierAuthor, access.SupplierReader}) {
		t.Errorf("%+v", a)
	}
	if a := got[1]; a.Org != "910000047" || !slices.Equal(a.Roles, []access.Role{access.Editor}) {
		t.Errorf("%+v", a)
	}
	alone, err := RightsDirectory{Roles: map[string][]access.Role{"right": {access.Operator}}}.Standings(t.Context(), who)
	if err != nil || len(alone) != 0 {
		t.Errorf("%+v, %v", alone, err)
	}
}
