package member_test

import (
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"
	"pgregory.net/rapid"

	"felleskrav/internal/access"
	"felleskrav/internal/member"
	"felleskrav/internal/organisation"
	"felleskrav/internal/problem"
	"felleskrav/internal/storage/sqlite"
)

const (
	org   = organisation.Number("910000004")
	rival = organisation.Number("910000012")
)

type house struct {
	*member.Service
	at time.Time
}

func newHouse(t *testing.T) *house {
	t.Helper()
	h := &house{at: time.Date(2026, 11, 29, 9, 0, 0, 0, time.UTC)}
	now := func() time.Time { return h.at }
	store, err := sqlite.Open(t.Context(), t.TempDir(), now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	h.Service = &member.Service{Store: store, Now: now, NewID: func() string { return uuid.Must(uuid.NewV7()).String() }}
	return h
}

func person(id string, roles ...access.Role) access.Actor {
	a := access.Actor{ID: "person:" + id, Roles: roles}
	if len(roles) > 0 {
		a.Org = string(org)
	}
	return a
}

func wantKey(t *testing.T, err error, key string) {
	t.Helper()
	if problem.KeyOf(err) != key {
		t.Errorf("error is %v (%s), want %s", err, problem.KeyOf(err), key)
	}
}

var (
	editor = access.Actor{ID: "person:editor", Org: "910000047", Roles: []access.Role{access.Editor}}
	admin  = person("admin", access.Procurement, access.Adviser, access.AgencyAdmin)
)

// founded makes admin the administrator of org by a claim.
func (h *house) founded(t *testing.T) {
	t.Helper()
	c, err := h.Claim(t.Context(), person("admin"), member.ClaimAsk{Org: org, OrgName: "Testvik kommune", Side: access.SideAgency, Reason: "Ring sentralbordet.", PersonName: "Prøveperson"})
	if err == nil {
		_, err = h.Decide(t.Context(), editor, c.ID, true, "Ringt tilbake på nummeret i registeret.")
	}
	if err != nil {
		t.Fatal(err)
	}
}

func (h *house) roles(t *testing.T, id string) []access.Role {
	t.Helper()
	all, err := h.Standings(t.Context(), "person:"+id)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range all {
		if s.Org == org {
			return s.Roles
		}
	}
	return nil
}

// TestFirstPerson holds that nobody acts for an organisation before somebody
// else has said so.
func TestFirstPerson(t *testing.T) {
	h, ctx := newHouse(t), t.Context()
	me := person("first")
	ask := member.ClaimAsk{Org: org, OrgName: "Testsky AS", Side: access.SideSupplier, Reason: "Daglig leder", PersonName: "Prøveperson"}
	c, err := h.Claim(ctx, me, ask)
	if err != nil || c.State != member.Pending {
		t.Fatalf("%+v, %v", c, err)
	}
	if got := h.roles(t, "first"); got != nil {
		t.Errorf("a claim alone gives %v", got)
	}
	_, err = h.Claim(ctx, me, ask)
	wantKey(t, err, "claim.pending")
	// Not the claimant, not another role, not without a reason.
	meEditor := access.Actor{ID: me.ID, Org: "910000047", Roles: []access.Role{access.Editor}}
	_, err = h.Decide(ctx, meEditor, c.ID, true, "Jeg kjenner meg selv.")
	wantKey(t, err, "claim.own")
	_, err = h.Decide(ctx, admin, c.ID, true, "x")
	wantKey(t, err, "access.denied")
	_, err = h.Decide(ctx, editor, c.ID, true, " ")
	wantKey(t, err, "member.fields")
	_, err = h.Decide(ctx, editor, "none", true, "x")
	wantKey(t, err, "claim.not-found")
	for range 2 { // again completes what a crash left
		if _, err := h.Decide(ctx, editor, c.ID, true, "Ringt opp."); err != nil {
			t.Fatal(err)
		}
		if got := h.roles(t, "first"); !slices.Equal(got, []access.Role{access.SupplierAdmin, access.SupplierAuthor, access.SupplierReader, access.SupplierSigner}) {
			t.Errorf("the first person has %v", got)
		}
	}
	other := editor
	other.ID = "person:another"
	_, err = h.Decide(ctx, other, c.ID, false, "Angret.")
	wantKey(t, err, "claim.decided")
	// A system is no person.
	_, err = h.Claim(ctx, access.Actor{ID: "token:1", Org: string(org), Roles: []access.Role{access.Supplier}}, ask)
	wantKey(t, err, "member.people")
	_, err = h.Claim(ctx, access.Anyone(), ask)
	wantKey(t, err, "access.login")
	_, err = h.Claim(ctx, person("x"), member.ClaimAsk{Org: org, Side: access.SideCommon})
	wantKey(t, err, "member.fields")
	for i := range 5 {
		if _, err := h.Claim(ctx, person("many"), member.ClaimAsk{Org: organisation.Number(rune('a' + i)), OrgName: "x", Side: access.SideAgency, Reason: "x"}); err != nil {
			t.Fatal(err)
		}
	}
	_, err = h.Claim(ctx, person("many"), ask)
	wantKey(t, err, "claim.many")
}

func TestInvitation(t *testing.T) {
	h, ctx := newHouse(t), t.Context()
	h.founded(t)
	secret, i, err := h.Invite(ctx, admin, member.Ask{Org: org, OrgName: "Testvik kommune", Roles: []access.Role{access.Reviewer}, For: "Innleid rådgiver"})
	if err != nil {
		t.Fatal(err)
	}
	for name, try := range map[string]struct {
		actor access.Actor
		ask   member.Ask
		key   string
	}{
		"another organisation": {admin, member.Ask{Org: rival, Roles: []access.Role{access.Reviewer}}, "access.other-organisation"},
		"the other side":       {admin, member.Ask{Org: org, Roles: []access.Role{access.SupplierSigner}}, "access.grant"},
		"the service's own":    {admin, member.Ask{Org: org, Roles: []access.Role{access.Editor}}, "access.grant"},
		"no roles":             {admin, member.Ask{Org: org}, "member.roles"},
		"no administrator":     {person("x", access.Adviser), member.Ask{Org: org, Roles: []access.Role{access.Reviewer}}, "access.denied"},
	} {
		if _, _, err := h.Invite(ctx, try.actor, try.ask); problem.KeyOf(err) != try.key {
			t.Errorf("%s: %v, want %s", name, err, try.key)
		}
	}
	// A wrong secret, one cut short, and the hash itself are all the same.
	for _, bad := range []string{"", secret[1:], "A" + secret[1:], i.Hash, secret + "\n"} {
		if bad == secret {
			continue
		}
		_, err := h.Look(ctx, person("new"), bad)
		wantKey(t, err, "invitation.not-found")
	}
	_, err = h.Look(ctx, access.Anyone(), secret)
	wantKey(t, err, "access.login")
	for range 2 {
		if _, err := h.Accept(ctx, person("new"), "Ny person", secret); err != nil {
			t.Fatal(err)
		}
	}
	if got := h.roles(t, "new"); !slices.Equal(got, []access.Role{access.Reviewer}) {
		t.Errorf("the invited person has %v", got)
	}
	_, err = h.Accept(ctx, person("thief"), "", secret)
	wantKey(t, err, "invitation.not-found")
	// Once removed, the same invitation does not lead back.
	if err := h.Remove(ctx, admin, org, "person:new"); err != nil {
		t.Fatal(err)
	}
	_, err = h.Accept(ctx, person("new"), "", secret)
	wantKey(t, err, "invitation.not-found")

	secret, i, err = h.Invite(ctx, admin, member.Ask{Org: org, Roles: []access.Role{access.Reviewer}})
	if err != nil {
		t.Fatal(err)
	}
	wantKey(t, h.Revoke(ctx, admin, rival, i.ID), "access.other-organisation")
	other := admin
	other.Org = string(rival)
	wantKey(t, h.Revoke(ctx, other, rival, i.ID), "invitation.not-found")
	if err := h.Revoke(ctx, admin, org, i.ID); err != nil {
		t.Fatal(err)
	}
	_, err = h.Accept(ctx, person("late"), "", secret)
	wantKey(t, err, "invitation.not-found")
	secret, _, err = h.Invite(ctx, admin, member.Ask{Org: org, Roles: []access.Role{access.Reviewer}})
	if err != nil {
		t.Fatal(err)
	}
	h.at = h.at.Add(14*24*time.Hour - time.Millisecond)
	if _, err := h.Look(ctx, person("late"), secret); err != nil {
		t.Error(err)
	}
	h.at = h.at.Add(time.Millisecond)
	_, err = h.Accept(ctx, person("late"), "", secret)
	wantKey(t, err, "invitation.not-found")
}

// TestOneUse holds that of many who use an invitation at once one comes in.
func TestOneUse(t *testing.T) {
	h, ctx := newHouse(t), t.Context()
	h.founded(t)
	secret, _, err := h.Invite(ctx, admin, member.Ask{Org: org, Roles: []access.Role{access.Adviser}})
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for i := range 12 {
		wg.Go(func() { _, _ = h.Accept(ctx, person(string(rune('a'+i))), "", secret) })
	}
	wg.Wait()
	all, err := h.Members(ctx, admin, org)
	if err != nil || len(all) != 2 {
		t.Errorf("%d members, %v", len(all), err)
	}
}

// TestSomebodyIsLeft holds, whatever administrators do to each other, that an
// organisation with members has one who can say who may do what, and that no
// administrator gives what is not theirs.
func TestSomebodyIsLeft(t *testing.T) {
	h, ctx := newHouse(t), t.Context()
	h.founded(t)
	ids := []string{"admin", "b", "c"}
	rapid.Check(t, func(t *rapid.T) {
		who := rapid.SampledFrom(ids).Draw(t, "who")
		target := "person:" + rapid.SampledFrom(ids).Draw(t, "target")
		roles := rapid.SliceOfDistinct(rapid.SampledFrom(access.Roles()), rapid.ID[access.Role]).Draw(t, "roles")
		standings, err := h.Standings(ctx, "person:"+who)
		if err != nil {
			t.Fatal(err)
		}
		actor := person(who)
		if len(standings) > 0 {
			actor = access.Actor{ID: actor.ID, Org: string(org), Roles: standings[0].Roles}
		}
		switch rapid.SampledFrom([]string{"roles", "remove", "invite"}).Draw(t, "what") {
		case "roles":
			_, _ = h.SetRoles(ctx, actor, org, target, roles)
		case "remove":
			_ = h.Remove(ctx, actor, org, target)
		case "invite":
			if secret, _, err := h.Invite(ctx, actor, member.Ask{Org: org, Roles: roles}); err == nil {
				_, _ = h.Accept(ctx, access.Actor{ID: target}, "", secret)
			}
		}
		c, err := h.Store.Circle(ctx, org)
		if err != nil {
			t.Fatal(err)
		}
		if len(c.Members) > 0 && !slices.ContainsFunc(c.Members, member.Membership.Admin) {
			t.Fatalf("nobody is left: %+v", c)
		}
		for _, m := range c.Members {
			for _, r := range m.Roles {
				if r.Side() != access.SideAgency {
					t.Fatalf("%s has %s", m.Person, r)
				}
			}
		}
	})
}

func TestRolesAreTheAdministrators(t *testing.T) {
	h, ctx := newHouse(t), t.Context()
	h.founded(t)
	_, err := h.SetRoles(ctx, admin, org, "person:admin", []access.Role{access.Adviser})
	wantKey(t, err, "member.last-admin")
	wantKey(t, h.Remove(ctx, admin, org, "person:nobody"), "member.not-found")
	// The other side's administrator takes nothing from this side's members.
	seller := person("seller", access.SupplierAdmin)
	if m, err := h.SetRoles(ctx, seller, org, "person:admin", []access.Role{access.SupplierReader}); err != nil || !slices.Contains(m.Roles, access.AgencyAdmin) || len(m.Roles) != 4 {
		t.Errorf("%v, %v", m.Roles, err)
	}
	_, err = h.SetRoles(ctx, seller, org, "person:admin", []access.Role{access.Reviewer})
	wantKey(t, err, "access.grant")
	wantKey(t, h.Remove(ctx, seller, org, "person:admin"), "access.grant")
	wantKey(t, h.Remove(ctx, access.Actor{ID: "person:x", Org: string(rival), Roles: []access.Role{access.AgencyAdmin}}, org, "person:admin"), "access.other-organisation")
	// Alone, one may leave.
	if err := h.Remove(ctx, person("admin"), org, "person:admin"); err != nil {
		t.Error(err)
	}
}

// TestErasure holds that nothing leads from the pseudonym to the person any
// more, and that a person sees beforehand all that is kept.
func TestErasure(t *testing.T) {
	h, ctx := newHouse(t), t.Context()
	h.founded(t)
	secret, _, err := h.Invite(ctx, admin, member.Ask{Org: org, Roles: []access.Role{access.Adviser}})
	if err == nil {
		_, err = h.Accept(ctx, person("b"), "Andre person", secret)
	}
	if err != nil {
		t.Fatal(err)
	}
	kept, err := h.Export(ctx, person("admin"))
	if err != nil || kept.Person == nil || kept.Person.Name != "Prøveperson" || len(kept.Claims) != 1 || len(kept.Memberships) != 1 || len(kept.Memberships[0].Members) != 1 {
		t.Fatalf("export is %+v, %v", kept, err)
	}
	wantKey(t, h.Erase(ctx, person("admin")), "member.erase-last-admin")
	if _, err := h.SetRoles(ctx, admin, org, "person:b", []access.Role{access.AgencyAdmin}); err != nil {
		t.Fatal(err)
	}
	if err := h.Erase(ctx, person("admin")); err != nil {
		t.Fatal(err)
	}
	kept, err = h.Export(ctx, person("admin"))
	if err != nil || kept.Person != nil || len(kept.Memberships) != 0 || len(kept.Claims) != 1 || kept.Claims[0].PersonName != "" || kept.Claims[0].Reason != "" {
		t.Errorf("after erasure %+v, %v", kept, err)
	}
	// Whoever has not been here for two years is forgotten.
	if err := h.Seen(ctx, "person:b", "Andre person"); err != nil {
		t.Fatal(err)
	}
	h.at = h.at.AddDate(0, 0, 729)
	if n, err := h.Sweep(ctx, 10); n != 0 || err != nil {
		t.Errorf("%d forgotten too early, %v", n, err)
	}
	h.at = h.at.AddDate(0, 0, 3)
	if n, err := h.Sweep(ctx, 10); n != 1 || err != nil {
		t.Errorf("%d forgotten, %v", n, err)
	}
	if got := h.roles(t, "b"); got != nil {
		t.Errorf("somebody forgotten has %v", got)
	}
}

// TestSeen holds that nothing is kept about somebody who merely logged in.
func TestSeen(t *testing.T) {
	h, ctx := newHouse(t), t.Context()
	if err := h.Seen(ctx, "person:x", "Noen"); err != nil {
		t.Fatal(err)
	}
	if kept, err := h.Export(ctx, person("x")); err != nil || kept.Person != nil {
		t.Errorf("kept %+v, %v", kept, err)
	}
	h.founded(t)
	before, _ := h.Export(ctx, person("admin"))
	h.at = h.at.Add(25 * time.Hour)
	if err := h.Seen(ctx, "person:admin", ""); err != nil {
		t.Fatal(err)
	}
	after, _ := h.Export(ctx, person("admin"))
	if after.Person.Name != "Prøveperson" || !after.Person.LastAt.After(before.Person.LastAt) {
		t.Errorf("%+v after %+v", after.Person, before.Person)
	}
}

// TestAppointments holds that who runs the installation makes editors and
// operators, whom no administrator can make, change or remove.
func TestAppointments(t *testing.T) {
	h, ctx := newHouse(t), t.Context()
	const id = "person:0123456789abcdef0123456789abcdef"
	for _, bad := range []member.Appointment{
		{Person: "person:admin", Org: org, Roles: []access.Role{access.Editor}},
		{Person: id, Org: org},
		{Person: id, Org: org, Roles: []access.Role{"root"}},
	} {
		_, err := h.Appoint(ctx, bad)
		wantKey(t, err, "member.fields")
	}
	for range 2 {
		if _, err := h.Appoint(ctx, member.Appointment{Person: id, Org: org, OrgName: "Testvik kommune", Roles: []access.Role{access.Editor}, By: "operator:cli"}); err != nil {
			t.Fatal(err)
		}
	}
	h.founded(t)
	m, err := h.SetRoles(ctx, admin, org, id, []access.Role{access.Adviser})
	if err != nil || !slices.Equal(m.Roles, []access.Role{access.Adviser, access.Editor}) {
		t.Errorf("%v, %v", m.Roles, err)
	}
	if m, err = h.SetRoles(ctx, admin, org, id, nil); err != nil || !slices.Equal(m.Roles, []access.Role{access.Editor}) {
		t.Errorf("%v, %v", m.Roles, err)
	}
	_, err = h.SetRoles(ctx, admin, org, "person:admin", []access.Role{access.AgencyAdmin, access.Editor})
	wantKey(t, err, "access.grant")
	wantKey(t, h.Remove(ctx, admin, org, id), "access.grant")
	if err := h.Dismiss(ctx, org, id); err != nil {
		t.Fatal(err)
	}
	wantKey(t, h.Dismiss(ctx, org, id), "member.not-found")
	if all, err := h.All(ctx, org); err != nil || len(all) != 1 {
		t.Errorf("%+v, %v", all, err)
	}
}

// TestInvitedByARight holds that an administrator by a right elsewhere, who is no
// member, can invite the first, and that the invitations of a member who is no
// longer an administrator let nobody in.
func TestInvitedByARight(t *testing.T) {
	h, ctx := newHouse(t), t.Context()
	elsewhere := person("elsewhere", access.AgencyAdmin)
	invite := func(by access.Actor, role access.Role) string {
		t.Helper()
		secret, _, err := h.Invite(ctx, by, member.Ask{Org: org, Roles: []access.Role{role}})
		if err != nil {
			t.Fatal(err)
		}
		return secret
	}
	if _, err := h.Accept(ctx, person("a"), "", invite(elsewhere, access.Reviewer)); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"b", "c", "d"} {
		if _, err := h.Accept(ctx, person(id), "", invite(elsewhere, access.AgencyAdmin)); err != nil {
			t.Fatal(err)
		}
	}
	of := map[string]string{}
	for _, id := range []string{"b", "c", "d"} {
		of[id] = invite(person(id, access.AgencyAdmin), access.AgencyAdmin)
	}
	if err := h.Remove(ctx, elsewhere, org, "person:b"); err != nil {
		t.Fatal(err)
	}
	if _, err := h.SetRoles(ctx, elsewhere, org, "person:c", []access.Role{access.Adviser}); err != nil {
		t.Fatal(err)
	}
	for id, secret := range of {
		_, err := h.Look(ctx, person(id), secret)
		if id == "d" && err == nil {
			continue
		}
		wantKey(t, err, "invitation.not-found")
	}
	wantKey(t, h.Remove(ctx, elsewhere, org, "person:d"), "member.last-admin")
}

// TestFinishedIsForgotten holds that a year after an invitation or a claim is
// over nobody can be read out of it, and not before.
func TestFinishedIsForgotten(t *testing.T) {
	h, ctx := newHouse(t), t.Context()
	h.founded(t)
	invite := func() (string, member.Invitation) {
		t.Helper()
		secret, i, err := h.Invite(ctx, admin, member.Ask{Org: org, Roles: []access.Role{access.Adviser}, For: "Innleid rådgiver"})
		if err != nil {
			t.Fatal(err)
		}
		return secret, i
	}
	secret, used := invite()
	if _, err := h.Accept(ctx, person("new"), "Ny person", secret); err != nil {
		t.Fatal(err)
	}
	_, revoked := invite()
	if err := h.Revoke(ctx, admin, org, revoked.ID); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{used.ID, revoked.ID} {
		if i, err := h.Store.Invitation(ctx, id); err != nil || i.For != "" {
			t.Errorf("%+v, %v", i, err)
		}
	}
	_, unused := invite()
	waits, err := h.Claim(ctx, person("waits"), member.ClaimAsk{Org: rival, OrgName: "x", Side: access.SideAgency, Reason: "x", PersonName: "Venter"})
	if err != nil {
		t.Fatal(err)
	}
	h.at = h.at.Add(member.FinishedKept)
	if n, err := h.SweepFinished(ctx); n != 0 || err != nil {
		t.Errorf("%d after a year to the moment, %v", n, err)
	}
	h.at = h.at.Add(time.Millisecond)
	if n, err := h.SweepFinished(ctx); n != 3 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	if _, err := h.Store.Invitation(ctx, unused.ID); err != nil {
		t.Errorf("the one that could be used longer: %v", err)
	}
	kept, err := h.Export(ctx, person("admin"))
	if err != nil || len(kept.Claims) != 1 || kept.Claims[0].PersonName+kept.Claims[0].Reason+kept.Claims[0].Decision != "" || kept.Claims[0].State != member.Approved {
		t.Errorf("%+v, %v", kept.Claims, err)
	}
	if c, err := h.Store.Claim(ctx, waits.ID); err != nil || c.PersonName == "" {
		t.Errorf("%+v, %v", c, err)
	}
	h.at = h.at.Add(member.InvitationLife)
	if n, err := h.SweepFinished(ctx); n != 1 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
}

// TestEachSideHasSomebodyLeft holds that an organisation that is both supplier
// and public body keeps an administrator on each side that has members.
func TestEachSideHasSomebodyLeft(t *testing.T) {
	h, ctx := newHouse(t), t.Context()
	h.founded(t)
	seller := person("seller", access.SupplierAdmin)
	for id, role := range map[string]access.Role{"seller": access.SupplierAdmin, "author": access.SupplierAuthor} {
		secret, _, err := h.Invite(ctx, person("elsewhere", access.SupplierAdmin), member.Ask{Org: org, Roles: []access.Role{role}})
		if err == nil {
			_, err = h.Accept(ctx, person(id), "", secret)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	// The body's administrator could not take the author's role away.
	wantKey(t, h.Remove(ctx, admin, org, "person:author"), "access.grant")
	wantKey(t, h.Remove(ctx, seller, org, seller.ID), "member.last-admin")
	wantKey(t, h.Erase(ctx, seller), "member.erase-last-admin")
	if err := h.Remove(ctx, seller, org, "person:author"); err != nil {
		t.Fatal(err)
	}
	if err := h.Remove(ctx, seller, org, seller.ID); err != nil {
		t.Errorf("the last on a side cannot leave: %v", err)
	}
}

// TestOldInvitationsGiveNothingBack holds that what was taken from a member does
// not come back by an invitation that they used a moment before, nor by one that
// they made on the side where they are no administrator any more.
func TestOldInvitationsGiveNothingBack(t *testing.T) {
	h, ctx := newHouse(t), t.Context()
	h.founded(t)
	me := person("b")
	invite := func(by access.Actor, role access.Role) string {
		t.Helper()
		secret, _, err := h.Invite(ctx, by, member.Ask{Org: org, Roles: []access.Role{role}})
		if err != nil {
			t.Fatal(err)
		}
		return secret
	}
	joined := func(role access.Role) string {
		t.Helper()
		secret := invite(admin, role)
		if _, err := h.Accept(ctx, me, "", secret); err != nil {
			t.Fatal(err)
		}
		return secret
	}
	first, second := joined(access.AgencyAdmin), joined(access.Adviser)
	if _, err := h.SetRoles(ctx, admin, org, me.ID, []access.Role{access.AgencyReader}); err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{first, second} {
		_, err := h.Accept(ctx, me, "", secret)
		wantKey(t, err, "invitation.not-found")
	}
	if got := h.roles(t, "b"); !slices.Equal(got, []access.Role{access.AgencyReader}) {
		t.Errorf("after their roles were changed they have %v", got)
	}
	third, fourth := joined(access.Reviewer), joined(access.Adviser)
	if err := h.Remove(ctx, admin, org, me.ID); err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{third, fourth} {
		_, err := h.Accept(ctx, me, "", secret)
		wantKey(t, err, "invitation.not-found")
	}
	if got := h.roles(t, "b"); got != nil {
		t.Errorf("after they were removed they have %v", got)
	}
	fifth := joined(access.Adviser)
	if err := h.Erase(ctx, me); err != nil {
		t.Fatal(err)
	}
	_, err := h.Accept(ctx, me, "", fifth)
	wantKey(t, err, "invitation.not-found")

	// An administrator on both sides, and then on one.
	both := person("both", access.AgencyAdmin, access.SupplierAdmin)
	other := person("elsewhere", access.SupplierAdmin)
	for _, by := range []access.Actor{admin, other} {
		role := access.AgencyAdmin
		if by.ID == other.ID {
			role = access.SupplierAdmin
		}
		if _, err := h.Accept(ctx, both, "", invite(by, role)); err != nil {
			t.Fatal(err)
		}
	}
	lost, kept := invite(both, access.SupplierAdmin), invite(both, access.Adviser)
	if _, err := h.SetRoles(ctx, other, org, both.ID, nil); err != nil {
		t.Fatal(err)
	}
	_, err = h.Look(ctx, both, lost)
	wantKey(t, err, "invitation.not-found")
	if _, err := h.Look(ctx, both, kept); err != nil {
		t.Errorf("an invitation that is still theirs to make: %v", err)
	}
}

// TestManyInvitations holds that no invitation that can be used is hidden behind
// others, from the list and from what ends it.
func TestManyInvitations(t *testing.T) {
	h, ctx := newHouse(t), t.Context()
	h.founded(t)
	secret, hidden, err := h.Invite(ctx, admin, member.Ask{Org: org, Roles: []access.Role{access.AgencyAdmin}})
	if err != nil {
		t.Fatal(err)
	}
	// As if they had been made and revoked one by one.
	var making errgroup.Group
	for range 999 {
		making.Go(func() error {
			id := h.NewID()
			return h.Store.InsertInvitation(ctx, member.Invitation{ID: id, Hash: id, Org: org, By: admin.ID, At: h.at, ExpiresAt: hidden.ExpiresAt, RevokedAt: &h.at})
		})
	}
	if err := making.Wait(); err != nil {
		t.Fatal(err)
	}
	_, _, err = h.Invite(ctx, admin, member.Ask{Org: org, Roles: []access.Role{access.AgencyReader}})
	wantKey(t, err, "invitation.many")
	open, err := h.Invitations(ctx, admin, org)
	if err != nil || len(open) != 1 || open[0].ID != hidden.ID {
		t.Errorf("%d are listed, %v", len(open), err)
	}
	if err := h.Remove(ctx, admin, org, admin.ID); err != nil {
		t.Fatal(err)
	}
	_, err = h.Look(ctx, admin, secret)
	wantKey(t, err, "invitation.not-found")
	h.at = h.at.Add(member.InvitationLife)
	if _, _, err := h.Invite(ctx, person("elsewhere", access.AgencyAdmin), member.Ask{Org: org, Roles: []access.Role{access.AgencyReader}}); err != nil {
		t.Errorf("when the others are old: %v", err)
	}
}
