package storagetest

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"felleskrav/internal/access"
	"felleskrav/internal/member"
	"felleskrav/internal/organisation"
	"felleskrav/internal/problem"
)

func personID() string { return "person:" + id() }

func membership(person string, roles ...access.Role) member.Membership {
	return member.Membership{Person: person, Roles: roles, Since: at, By: "x", Through: "claim:" + id()}
}

func invitation(org organisation.Number) member.Invitation {
	return member.Invitation{ID: id(), Hash: digest(), Org: org, OrgName: unicodeText, Roles: []access.Role{access.Adviser}, For: unicodeText, By: "x", At: at, ExpiresAt: at}
}

func keptInvitation(v member.Invitation) member.Invitation {
	v.At, v.ExpiresAt, v.Rev = utc, utc, 1
	return v
}

func claim(person string, state member.ClaimState) member.Claim {
	return member.Claim{ID: id(), Org: number(), OrgName: unicodeText, Side: access.SideAgency, Person: person, PersonName: unicodeText, Reason: unicodeText, At: at, State: state}
}

func keptClaim(v member.Claim, rev int64) member.Claim {
	v.At, v.Rev = utc, rev
	return v
}

// RunMembers checks member.Store.
func RunMembers(t *testing.T, open Open) {
	t.Run("people", func(t *testing.T) { runPeople(t, open) })
	t.Run("circles", func(t *testing.T) { runCircles(t, open) })
	t.Run("invitations", func(t *testing.T) { runInvitations(t, open) })
	t.Run("claims", func(t *testing.T) { runClaims(t, open) })
}

func runPeople(t *testing.T, open Open) {
	ctx, s := t.Context(), open(t)
	named := func(name string, last time.Time) func(member.Person) (member.Person, error) {
		return func(p member.Person) (member.Person, error) {
			p.Name, p.FirstAt, p.LastAt = name, at, last
			return p, nil
		}
	}
	a, b := personID(), personID()
	want(t, result[member.Person](t)(s.PutPerson(ctx, a, named(unicodeText, at))), member.Person{ID: a, Name: unicodeText, FirstAt: utc, LastAt: utc, Rev: 1})
	want(t, result[member.Person](t)(s.PutPerson(ctx, a, named("B", at.Add(time.Hour)))).Rev, int64(2))
	result[member.Person](t)(s.PutPerson(ctx, b, named("C", at.Add(-time.Hour))))
	want(t, len(result[[]member.Person](t)(s.People(ctx, []string{a, b, a, personID()}))), 2)
	want(t, result[[]member.Person](t)(s.People(ctx, nil)), []member.Person{})
	_, err := s.PutPerson(ctx, a, func(p member.Person) (member.Person, error) { p.ID = "another"; return p, nil })
	if err == nil {
		t.Error("an update moved a person to another id")
	}
	stop := errors.New("stop")
	if _, err := s.PutPerson(ctx, a, func(p member.Person) (member.Person, error) { return p, stop }); !errors.Is(err, stop) {
		t.Errorf("the updater's error is %v", err)
	}
	want(t, result[[]string](t)(s.PeopleBefore(ctx, utc, 10)), []string{b})
	want(t, result[[]string](t)(s.PeopleBefore(ctx, utc.Add(24*time.Hour), 1)), []string{b})
	want(t, result[[]string](t)(s.PeopleBefore(ctx, utc.Add(24*time.Hour), 0)), []string{})
	check(t, s.RemovePerson(ctx, a))
	check(t, s.RemovePerson(ctx, a))
	want(t, result[[]member.Person](t)(s.People(ctx, []string{a})), []member.Person{})
}

func runCircles(t *testing.T, open Open) {
	ctx, s := t.Context(), open(t)
	org, other := number(), number()
	a, b := personID(), personID()
	put := func(org organisation.Number, members ...member.Membership) member.Circle {
		t.Helper()
		return result[member.Circle](t)(s.UpdateCircle(ctx, org, func(c member.Circle) (member.Circle, error) {
			c.Name, c.Members = unicodeText, members
			return c, nil
		}))
	}
	want(t, result[member.Circle](t)(s.Circle(ctx, org)), member.Circle{Org: org})
	first := membership(a, access.AgencyAdmin)
	got := put(org, first)
	first.Since = utc
	want(t, got, member.Circle{Org: org, Name: unicodeText, Members: []member.Membership{first}, Rev: 1})
	want(t, result[member.Circle](t)(s.Circle(ctx, org)), got)
	put(org, membership(a, access.AgencyAdmin), membership(b, access.Adviser))
	put(other, membership(b, access.SupplierAdmin))
	numbers := func(person string) []organisation.Number {
		t.Helper()
		var out []organisation.Number
		for _, c := range result[[]member.Circle](t)(s.CirclesOf(ctx, person)) {
			out = append(out, c.Org)
		}
		return out
	}
	both := []organisation.Number{org, other}
	slices.Sort(both)
	want(t, numbers(b), both)
	want(t, numbers(a), []organisation.Number{org})
	put(org, membership(b, access.AgencyAdmin)) // a has left
	want(t, result[[]member.Circle](t)(s.CirclesOf(ctx, a)), []member.Circle{})
	put(org)
	want(t, numbers(b), []organisation.Number{other})
	_, err := s.UpdateCircle(ctx, org, func(c member.Circle) (member.Circle, error) { c.Org = other; return c, nil })
	if err == nil {
		t.Error("an update moved a circle to another organisation")
	}

	// Many join at once, also the very first time, and nobody is lost.
	fresh := number()
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() {
			_, err := s.UpdateCircle(ctx, fresh, func(c member.Circle) (member.Circle, error) {
				c.Members = append(slices.Clone(c.Members), membership(fmt.Sprintf("person:%02d-%s", i, fresh), access.AgencyAdmin))
				return c, nil
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	want(t, len(result[member.Circle](t)(s.Circle(ctx, fresh)).Members), 16)
	want(t, len(result[[]member.Circle](t)(s.CirclesOf(ctx, "person:07-"+string(fresh)))), 1)
}

func runInvitations(t *testing.T, open Open) {
	ctx, s := t.Context(), open(t)
	org := number()
	v := invitation(org)
	check(t, s.InsertInvitation(ctx, v))
	want(t, result[member.Invitation](t)(s.Invitation(ctx, v.ID)), keptInvitation(v))
	want(t, result[member.Invitation](t)(s.InvitationByHash(ctx, v.Hash)), keptInvitation(v))
	same := invitation(org)
	same.Hash = v.Hash
	wantErr(t, s.InsertInvitation(ctx, same), problem.ErrExists)
	same = invitation(org)
	same.ID = v.ID
	wantErr(t, s.InsertInvitation(ctx, same), problem.ErrExists)
	second := invitation(org)
	check(t, s.InsertInvitation(ctx, second))
	check(t, s.InsertInvitation(ctx, invitation(number())))
	want(t, result[[]member.Invitation](t)(s.InvitationsIn(ctx, org, 10)), []member.Invitation{keptInvitation(second), keptInvitation(v)})
	want(t, len(result[[]member.Invitation](t)(s.InvitationsIn(ctx, org, 1))), 1)
	_, err := s.Invitation(ctx, id())
	wantErr(t, err, problem.ErrNotFound)
	_, err = s.InvitationByHash(ctx, digest())
	wantErr(t, err, problem.ErrNotFound)
	used := at
	got := result[member.Invitation](t)(s.UpdateInvitation(ctx, v.ID, func(i member.Invitation) (member.Invitation, error) {
		i.UsedAt, i.UsedBy = &used, "x"
		return i, nil
	}))
	if got.Rev != 2 || got.UsedAt == nil || !got.UsedAt.Equal(utc) {
		t.Errorf("used invitation is %+v", got)
	}
	for name, change := range map[string]func(*member.Invitation){
		"hash": func(i *member.Invitation) { i.Hash = digest() }, "organisation": func(i *member.Invitation) { i.Org = number() },
	} {
		if _, err := s.UpdateInvitation(ctx, v.ID, func(i member.Invitation) (member.Invitation, error) { change(&i); return i, nil }); err == nil {
			t.Errorf("an update changed the %s", name)
		}
	}
	_, err = s.UpdateInvitation(ctx, id(), func(i member.Invitation) (member.Invitation, error) { return i, nil })
	wantErr(t, err, problem.ErrNotFound)
	// Everybody's, of which others may make more meanwhile.
	after := result[[]member.Invitation](t)(s.InvitationsAfter(ctx, v.ID, 1))
	if len(after) != 1 || after[0].ID <= v.ID {
		t.Errorf("after %s comes %+v", v.ID, after)
	}
	want(t, result[[]member.Invitation](t)(s.InvitationsAfter(ctx, v.ID, 0)), []member.Invitation{})
	want(t, result[[]member.Invitation](t)(s.InvitationsAfter(ctx, "g", 10)), []member.Invitation{})
	check(t, s.RemoveInvitation(ctx, second.ID))
	check(t, s.RemoveInvitation(ctx, second.ID))
	_, err = s.InvitationByHash(ctx, second.Hash)
	wantErr(t, err, problem.ErrNotFound)
	want(t, len(result[[]member.Invitation](t)(s.InvitationsIn(ctx, org, 10))), 1)
}

func runClaims(t *testing.T, open Open) {
	ctx, s := t.Context(), open(t)
	person := personID()
	first, second := claim(person, member.Pending), claim(person, "odd-"+member.ClaimState(person))
	check(t, s.InsertClaim(ctx, first))
	check(t, s.InsertClaim(ctx, second))
	check(t, s.InsertClaim(ctx, claim(personID(), member.Rejected)))
	wantErr(t, s.InsertClaim(ctx, first), problem.ErrExists)
	want(t, result[member.Claim](t)(s.Claim(ctx, first.ID)), keptClaim(first, 1))
	want(t, result[[]member.Claim](t)(s.ClaimsOf(ctx, person)), []member.Claim{keptClaim(second, 1), keptClaim(first, 1)})
	want(t, result[[]member.Claim](t)(s.ClaimsOf(ctx, personID())), []member.Claim{})
	want(t, result[[]member.Claim](t)(s.ClaimsIn(ctx, second.State, 10)), []member.Claim{keptClaim(second, 1)})
	// A state that changes takes the claim to another list.
	moved := "moved-" + member.ClaimState(person)
	result[member.Claim](t)(s.UpdateClaim(ctx, second.ID, func(c member.Claim) (member.Claim, error) { c.State = moved; return c, nil }))
	want(t, result[[]member.Claim](t)(s.ClaimsIn(ctx, second.State, 10)), []member.Claim{})
	second.State = moved
	want(t, result[[]member.Claim](t)(s.ClaimsIn(ctx, moved, 10)), []member.Claim{keptClaim(second, 2)})
	want(t, result[[]member.Claim](t)(s.ClaimsIn(ctx, moved, 0)), []member.Claim{})
	after := result[[]member.Claim](t)(s.ClaimsAfter(ctx, first.ID, 1))
	if len(after) != 1 || after[0].ID <= first.ID {
		t.Errorf("after %s comes %+v", first.ID, after)
	}
	want(t, result[[]member.Claim](t)(s.ClaimsAfter(ctx, first.ID, 0)), []member.Claim{})
	want(t, result[[]member.Claim](t)(s.ClaimsAfter(ctx, "g", 10)), []member.Claim{})
	_, err := s.UpdateClaim(ctx, id(), func(c member.Claim) (member.Claim, error) { return c, nil })
	wantErr(t, err, problem.ErrNotFound)
	_, err = s.Claim(ctx, id())
	wantErr(t, err, problem.ErrNotFound)
	if _, err := s.UpdateClaim(ctx, first.ID, func(c member.Claim) (member.Claim, error) { c.Person = "another"; return c, nil }); err == nil {
		t.Error("an update gave a claim to another person")
	}
}
