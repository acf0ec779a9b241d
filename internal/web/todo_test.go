package web

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"felleskrav/internal/access"
	"felleskrav/internal/attestation"
	"felleskrav/internal/attestation/reuse"
	"felleskrav/internal/catalogue"
	"felleskrav/internal/locale"
	"felleskrav/internal/login"
	"felleskrav/internal/procurement"
	"felleskrav/internal/signing"
	"felleskrav/internal/supplier"
)

// TestWhoUsedTheAnswers has a buyer fetch workbooks: the supplier is told how
// many procurements that was, after the deadline and a good while, and nothing
// else.
func TestWhoUsedTheAnswers(t *testing.T) {
	s := newSite(t, true)
	ctx, own := context.Background(), "/suppliers/"+string(s.supplier)
	deadline := time.Now().AddDate(0, 1, 0)
	p := must[procurement.Procurement](t)(s.web.Procurements.Get(ctx, buyer, s.procurement))
	p.Deadline = &deadline
	must[procurement.Procurement](t)(s.web.Procurements.Update(ctx, buyer, p, p.Rev))
	b := s.visit("procurement")
	b.get("/procurements/"+s.procurement+"/workbook?copy=bidders").must(t, 200)
	uses := func() []reuse.Uses {
		return must[[]reuse.Uses](t)(s.store.DeclarationUses(ctx, []string{s.digest}))
	}
	if got := uses(); len(got) > 0 {
		t.Errorf("a copy without answers counts: %+v", got)
	}
	for range 2 {
		b.get("/procurements/"+s.procurement+"/workbook").must(t, 200)
		b.get("/procurements/"+s.procurement+"/workbook?bidder="+string(s.supplier)).must(t, 200)
	}
	got := uses()
	if len(got) != 1 || len(got[0].Since) != 1 || got[0].Rev != 1 || got[0].Supplier != s.supplier {
		t.Fatalf("counted %+v", got)
	}
	for key, since := range got[0].Since {
		if strings.Contains(key, s.procurement) || since.Before(deadline.Add(reuse.Silence-time.Second)) {
			t.Errorf("%s may be told from %s", key, since)
		}
	}
	// A later deadline is waited for, when the answers are fetched again.
	p = must[procurement.Procurement](t)(s.web.Procurements.Get(ctx, buyer, s.procurement))
	later := deadline.AddDate(0, 2, 0)
	p.Deadline = &later
	must[procurement.Procurement](t)(s.web.Procurements.Update(ctx, buyer, p, p.Rev))
	b.get("/procurements/"+s.procurement+"/workbook").must(t, 200)
	told := func(at time.Time) []reuse.Month {
		at = at.In(locale.Zone())
		r := reuse.Service{Store: s.store, Now: func() time.Time { return at }}
		return must[[]reuse.Month](t)(r.Months(ctx, seller, s.supplier, []string{s.digest}, locale.Zone()))
	}
	since := later.Add(reuse.Silence)
	if early := told(since); len(early) > 0 {
		t.Errorf("told too early: %+v", early)
	}
	if late := told(since.AddDate(0, 0, 32)); len(late) != 1 || late[0].Count != 1 || late[0].First.Day() != 1 {
		t.Errorf("told %+v", late)
	}
	if _, err := s.web.Reuse.Months(ctx, other, s.supplier, []string{s.digest}, locale.Zone()); err == nil {
		t.Error("a rival is told")
	}
	a := s.visit("supplier").get(own).must(t, 200, "Ingen ennå", "Testetaten", "Testarkiv har ingen sikkerhetserklæring")
	if strings.Contains(a.body, s.procurement) || strings.Contains(a.body, "Sak og arkiv</") {
		t.Error("the supplier sees the procurement")
	}
	must[reuse.Uses](t)(s.store.UpdateDeclarationUses(ctx, s.digest, func(u reuse.Uses) (reuse.Uses, error) {
		u.Since = map[string]time.Time{"a": time.Date(2025, 2, 1, 12, 0, 0, 0, time.UTC), "b": time.Date(2025, 2, 27, 12, 0, 0, 0, time.UTC)}
		return u, nil
	}))
	a = s.visit("supplier").get(own).must(t, 200, "02.2025")
	find(t, a, `02\.2025</th><td class="fk-num">(2)<`)
	for _, persona := range []string{"", "rival", "adviser"} {
		if a := s.visit(persona).get(own); strings.Contains(a.body, "02.2025") || strings.Contains(a.body, "Dette bør dere gjøre") {
			t.Errorf("%q sees what is the supplier's own", persona)
		}
	}
}

// TestWhatToDo shows a supplier what expires, what a new version of a set asks
// anew, and what is under way.
func TestWhatToDo(t *testing.T) {
	s := newSite(t, true)
	ctx, own := context.Background(), "/suppliers/"+string(s.supplier)
	declare := func(offering, set, version string, until time.Time) {
		t.Helper()
		v, ok := s.web.Catalogue.Content().Version(set, version)
		if !ok {
			t.Fatalf("no %s@%s", set, version)
		}
		d := attestation.Draft{Offering: offering, Set: set, Version: v.Version, ValidUntil: until}
		for _, r := range v.Requirements {
			d.Answers = append(d.Answers, attestation.Answer{Requirement: r.ID, Status: attestation.Partial, Statement: "Svaret fra før."})
		}
		bundle := must[[]byte](t)(signing.SignBundle(ctx, s.key, must[[]byte](t)(s.web.Attestations.Prepare(ctx, seller, d))))
		if _, _, err := s.web.Attestations.Submit(ctx, seller, bundle); err != nil {
			t.Fatal(err)
		}
	}
	b := s.visit("supplier")
	b.get(own).must(t, 200, "Testarkiv har ingen sikkerhetserklæring")
	declare(s.declared, "skytjenester", "", time.Now().AddDate(0, 0, 30))
	declare(s.offering, "grunnsett", "1.0.0", time.Time{})
	old, _ := s.web.Catalogue.Content().Version("grunnsett", "1.0.0")
	v, _ := s.web.Catalogue.Content().Version("grunnsett", "")
	var again, changed []string
	for _, ch := range catalogue.Diff(old, v) {
		switch ch.Kind {
		case catalogue.ChangeSubstance:
			changed = append(changed, ch.Requirement)
			again = append(again, ch.Requirement)
		case catalogue.ChangeAdded:
			again = append(again, ch.Requirement)
		case catalogue.ChangeUnchanged, catalogue.ChangeReworded, catalogue.ChangeRemoved:
		}
	}
	if len(again) == 0 || len(changed) == 0 {
		t.Fatal("the versions ask nothing anew")
	}
	a := b.get(own).must(t, 200, "Testsak: erklæringen for Skytjenester går ut", "/renewal", "har fått versjon "+v.Version, "svare på på nytt:")
	for _, id := range again {
		if !strings.Contains(a.body, `/catalogue/requirements/`+id+`"`) {
			t.Errorf("%s is not among what must be answered", id)
		}
	}
	if strings.Index(a.body, "går ut") > strings.Index(a.body, "har fått versjon") {
		t.Error("what expires first does not stand first")
	}
	page := "/offerings/" + s.offering + "/answers?set=" + v.Ref()
	a = b.get(page).must(t, 200, "Dette må dere svare på på nytt", "Forrige svar:", "Svaret fra før.")
	find(t, a, `(<a class="ds-link" href="#f-answer-`+changed[0]+`">)`)
	// Answering takes it off the list.
	form := answerForm(t, a)
	for _, id := range again {
		form.Set("answer."+id, "met")
	}
	a = b.post("/offerings/"+s.offering+"/draft?set="+v.Ref(), form).must(t, 200, "Alle krav har svar")
	if strings.Contains(a.body, "Dette må dere svare på på nytt") {
		t.Error("what is answered must be answered again")
	}
	b.get(own).must(t, 200, "utkast til svar på", "Fortsett på utkastet")
}

// TestWhatToDoWithARevokedKey tells why a declaration does not count, and says
// nothing of what is to be done to whoever cannot do it.
func TestWhatToDoWithARevokedKey(t *testing.T) {
	only := func(id string, r access.Role) login.Persona {
		return login.Persona{ID: id, Role: r, Actor: access.Actor{ID: "test:" + id, Name: seller.Name, Org: seller.Org, Roles: []access.Role{r}}}
	}
	s := newSiteFor(t, []login.Persona{{ID: "supplier", Role: access.Supplier, Actor: seller}, only("reader", access.SupplierReader), only("admin", access.SupplierAdmin)})
	must[supplier.Supplier](t)(s.store.UpdateSupplier(t.Context(), s.supplier, func(v supplier.Supplier) (supplier.Supplier, error) {
		v.Keys = slices.Clone(v.Keys)
		for i := range v.Keys {
			v.Keys[i].Revoked = &supplier.Revocation{Index: 1 << 30, At: time.Now(), Since: &time.Time{}, Reason: supplier.Compromised}
		}
		return v, nil
	}))
	own := "/suppliers/" + string(s.supplier)
	s.visit("supplier").get(own).must(t, 200, "gjelder ikke lenger", "Signer på nytt med en annen nøkkel")
	for _, who := range []string{"reader", "admin"} {
		if a := s.visit(who).get(own).must(t, 200, "Hvem som har brukt svarene deres"); strings.Contains(a.body, "ingenting dere må gjøre") {
			t.Errorf("the %s is told that all is well", who)
		}
	}
}
