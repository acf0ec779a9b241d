package supplier_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"felleskrav/internal/access"
	"felleskrav/internal/organisation"
	"felleskrav/internal/problem"
	"felleskrav/internal/signing"
	"felleskrav/internal/storage"
	"felleskrav/internal/supplier"
)

const swedish organisation.Number = "NTRSE-5560125790"

func editor(id string, org organisation.Number) access.Actor {
	return access.Actor{ID: id, Name: "Redaksjonen i " + string(org), Org: string(org), Roles: []access.Role{access.Editor}}
}

func foreign() supplier.Supplier {
	return supplier.Supplier{Number: swedish, Name: "Påhittat Moln AB", Country: "SE", Registration: &supplier.Registration{Register: "Bolagsverket", Number: "556012-5790"}}
}

func TestForeignSupplierIsDescribedWhole(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*supplier.Supplier)
		fields string // path=key of each problem
	}{
		"whole":                   {func(*supplier.Supplier) {}, ""},
		"no register":             {func(s *supplier.Supplier) { s.Registration = nil }, "registration.register=field.required registration.number=field.required"},
		"an empty number":         {func(s *supplier.Supplier) { s.Registration.Number = "" }, "registration.number=field.required"},
		"in Norway":               {func(s *supplier.Supplier) { s.Country = "NO" }, "country=supplier.foreign-in-norway"},
		"in another country":      {func(s *supplier.Supplier) { s.Country = "DK" }, "country=supplier.country-of-register"},
		"an LEI, in any country":  {func(s *supplier.Supplier) { s.Number, s.Country = "LEIXG-506700GE1G29325QX363", "DK" }, ""},
		"small letters":           {func(s *supplier.Supplier) { s.Number = "ntrse-5560125790" }, ""},
		"a Norwegian one with it": {func(s *supplier.Supplier) { s.Number = ours }, "registration=supplier.registration-norwegian"},
	} {
		s := foreign()
		tt.change(&s)
		var got []string
		err := s.Validate()
		if p, ok := errors.AsType[*problem.Error](err); ok {
			for _, f := range p.Fields {
				got = append(got, f.Path+"="+f.Key)
			}
		}
		if name == "small letters" { // it would be another key in the store
			if err == nil {
				t.Errorf("%s were taken", name)
			}
			continue
		}
		if strings.Join(got, " ") != tt.fields {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestTwoEditorsVerifyAForeignSupplier(t *testing.T) {
	h, ctx := newHouse(t), t.Context()
	one, two := editor("person:1", ours), editor("person:2", theirs)
	if _, _, err := h.Register(ctx, as(swedish), foreign()); err != nil {
		t.Fatal(err)
	}
	get := func() supplier.Supplier {
		t.Helper()
		s, err := h.Get(ctx, access.Anyone(), swedish)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	state := func(steps int, verified bool) {
		t.Helper()
		s := get()
		if len(s.VerificationSteps()) != steps || s.Verified() != verified || (s.MayDeclare() == nil) != verified {
			t.Fatalf("%d steps, verified %t, may declare: %v; want %d and %t", len(s.VerificationSteps()), s.Verified(), s.MayDeclare(), steps, verified)
		}
	}
	refused := func(what string, err error, key string) {
		t.Helper()
		if problem.KeyOf(err) != key {
			t.Errorf("%s: %v, want %s", what, err, key)
		}
	}
	state(0, false)
	_, err := h.Verify(ctx, as(swedish), swedish, 0)
	refused("by itself", err, "access.denied")
	_, err = h.Verify(ctx, editor("person:3", swedish), swedish, 0)
	refused("by its own editor", err, "supplier.verify-own")
	_, err = h.Verify(ctx, one, swedish, 99)
	refused("of another revision", err, "supplier.stale")
	if _, err = h.Verify(ctx, one, swedish, get().Rev); err != nil {
		t.Fatal(err)
	}
	state(1, false)
	_, err = h.Verify(ctx, one, swedish, 0)
	refused("twice by one", err, "supplier.verified-by-you")
	state(1, false)
	if _, err = h.Verify(ctx, two, swedish, 0); err != nil {
		t.Fatal(err)
	}
	state(2, true)

	// What the supplier changes is not what they verified; what it changes back is.
	for what, change := range map[string]func(*supplier.Supplier){
		"name": func(s *supplier.Supplier) { s.Name = "Annet AB" }, "number": func(s *supplier.Supplier) { s.Registration.Number = "556012-5791" },
		"register": func(s *supplier.Supplier) { s.Registration.Register = "Et annet" },
	} {
		s := foreign()
		change(&s)
		if _, _, err := h.Register(ctx, as(swedish), s); err != nil {
			t.Fatal(err)
		}
		if get().Verified() {
			t.Errorf("another %s is verified", what)
		}
	}
	other := foreign()
	other.Website = "https://moln.example"
	if _, _, err := h.Register(ctx, as(swedish), other); err != nil {
		t.Fatal(err)
	}
	state(2, true)
	if _, err := h.EndVerification(ctx, two, swedish, 0); err != nil {
		t.Fatal(err)
	}
	state(0, false)

	// Everybody can see which organisations, and nobody who.
	entries, err := h.Store.(storage.Store).LogEntries(ctx, "log.test", 0, 10)
	if err != nil {
		t.Fatal(err)
	}
	var events []string
	for _, e := range entries {
		text := string(e.Body)
		if strings.Contains(text, "person:") {
			t.Errorf("a person in the log: %s", text)
		}
		for _, event := range []string{"supplier-verified-once", "supplier-verified", "supplier-verification-ended"} {
			if strings.Contains(text, `"event":"`+event+`"`) {
				events = append(events, fmt.Sprint(event, strings.Contains(text, ours.ID()), strings.Contains(text, theirs.ID())))
			}
		}
	}
	if got := strings.Join(events, " "); got != "supplier-verified-oncetrue false supplier-verifiedtrue true supplier-verification-endedfalse true" {
		t.Errorf("logged: %s", got)
	}
}

func TestNorwegianSuppliersNeedNoVerification(t *testing.T) {
	h, ctx := newHouse(t), t.Context()
	if _, _, err := h.Register(ctx, as(ours), supplier.Supplier{Number: ours, Name: "A", Country: "NO"}); err != nil {
		t.Fatal(err)
	}
	s, err := h.Get(ctx, access.Anyone(), ours)
	if err != nil || !s.Verified() || s.MayDeclare() != nil {
		t.Errorf("%v, %v", err, s.MayDeclare())
	}
	if _, err := h.Verify(ctx, editor("person:1", theirs), ours, 0); problem.KeyOf(err) != "supplier.verify-norwegian" {
		t.Error(err)
	}
	body := supplier.Supplier{Number: swedish, Name: "A"}
	if _, _, err := h.RegisterBody(ctx, access.Actor{ID: "x", Org: string(swedish), Roles: []access.Role{access.Adviser}}, body); problem.KeyOf(err) != "organisation.number" {
		t.Errorf("a foreign body: %v", err)
	}
}

// TestCertificatesOfForeignSuppliers: the identifier that a supplier is known by
// is the one in its certificate.
func TestCertificatesOfForeignSuppliers(t *testing.T) {
	for text, want := range map[string]bool{"NTRSE-5560125790": true, "NTRSE-5560125791": false, "VATSE-5560125790": false, "NTRNO-123456785": false, "NTRFI-5560125790": false} {
		o, err := signing.ParseOrganisation(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := foreign().Is(o); got != want {
			t.Errorf("%s: %t", text, got)
		}
	}
}
