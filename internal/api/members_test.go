package api

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"felleskrav/internal/access"
)

// A member's life: invited by a system of the organisation, changed, removed;
// and out of reach for everybody else.
func TestMemberLife(t *testing.T) {
	h := newHouse(t)
	admin, rivalAdmin := "supplier-admin@"+ours, "supplier-admin@"+theirs
	base := "/api/v1/organisations/" + ours
	person := access.Actor{ID: "person:0123456789abcdef0123456789abcdef"}
	boss := access.Actor{ID: "person:ffffffffffffffffffffffffffffffff"}
	join := func(who access.Actor, roles ...string) {
		t.Helper()
		var n NewInvitation
		made := h.want(201, admin, "POST", base+"/invitations", InvitationInput{Roles: roles, For: "Innleid"})
		made.into(t, &n)
		secret, ok := strings.CutPrefix(n.Link, "https://log.test/join/")
		if !ok || len(secret) != 43 || made.header.Get("Cache-Control") != "no-store" || n.Invitation.For != "Innleid" {
			t.Fatalf("%s %v", made.body, made.header)
		}
		listed := h.want(200, admin, "GET", base+"/invitations", nil)
		if strings.Contains(string(listed.body), secret) || !strings.Contains(string(listed.body), n.Invitation.Id) || strings.Contains(string(listed.body), "hash") {
			t.Errorf("%s", listed.body)
		}
		if _, err := h.api.Members.Accept(t.Context(), who, "Prøveperson", secret); err != nil {
			t.Fatal(err)
		}
	}
	join(person, "supplier-author")
	join(boss, "supplier-admin")

	var all MemberList
	h.want(200, admin, "GET", base+"/members", nil).into(t, &all)
	i := slices.IndexFunc(all.Items, func(m Member) bool { return m.Person == person.ID })
	if len(all.Items) != 2 || i < 0 || all.Items[i].Name != "Prøveperson" || !slices.Equal(all.Items[i].Roles, []string{"supplier-author"}) || !strings.HasPrefix(all.Items[i].Through, "invitation:") {
		t.Fatalf("%+v", all)
	}
	one := base + "/members/" + person.ID
	var m Member
	h.want(200, admin, "PUT", one, MemberInput{Roles: []string{"supplier-reader", "supplier-signer"}}).into(t, &m)
	if !slices.Equal(m.Roles, []string{"supplier-reader", "supplier-signer"}) || m.Name != "Prøveperson" {
		t.Errorf("%+v", m)
	}
	for _, roles := range [][]string{{"editor"}, {"operator"}, {"procurement"}, {"root"}} {
		if r := h.want(403, admin, "PUT", one, MemberInput{Roles: roles}); r.key() != "access.grant" {
			t.Errorf("%v: %s", roles, r.body)
		}
		h.want(403, admin, "POST", base+"/invitations", InvitationInput{Roles: roles})
	}
	h.want(422, admin, "PUT", one, MemberInput{})
	h.want(422, admin, "PUT", base+"/members/somebody", MemberInput{Roles: []string{"supplier-reader"}})
	h.want(404, admin, "PUT", base+"/members/person:00000000000000000000000000000000", MemberInput{Roles: []string{"supplier-reader"}})
	h.want(422, admin, "GET", "/api/v1/organisations/123456789/members", nil)
	if r := h.want(422, admin, "PUT", base+"/members/"+boss.ID, MemberInput{Roles: []string{"supplier-reader"}}); r.key() != "member.last-admin" {
		t.Errorf("%s", r.body)
	}

	var n NewInvitation
	h.want(201, admin, "POST", base+"/invitations", InvitationInput{Roles: []string{"supplier-reader"}}).into(t, &n)
	for _, who := range []string{rivalAdmin, "supplier-author@" + ours, "procurement", "editor"} {
		h.want(403, who, "GET", base+"/members", nil)
		h.want(403, who, "GET", base+"/invitations", nil)
		h.want(403, who, "PUT", one, MemberInput{Roles: []string{"supplier-reader"}})
		h.want(403, who, "DELETE", one, nil)
		h.want(403, who, "POST", base+"/invitations", InvitationInput{Roles: []string{"supplier-reader"}})
		h.want(403, who, "DELETE", base+"/invitations/"+n.Invitation.Id, nil)
	}
	h.want(404, rivalAdmin, "DELETE", "/api/v1/organisations/"+theirs+"/invitations/"+n.Invitation.Id, nil)
	h.want(200, "operator", "GET", base+"/members", nil)
	h.want(http.StatusUnauthorized, "", "GET", base+"/members", nil)

	h.want(204, admin, "DELETE", base+"/invitations/"+n.Invitation.Id, nil)
	h.want(204, admin, "DELETE", one, nil)
	h.want(404, admin, "DELETE", one, nil)
	if s, err := h.api.Members.Standings(t.Context(), person.ID); err != nil || len(s) != 0 {
		t.Errorf("%+v, %v", s, err)
	}
}
