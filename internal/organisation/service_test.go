package organisation_test

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"felleskrav/internal/access"
	"felleskrav/internal/organisation"
	"felleskrav/internal/problem"
)

const (
	seller = "123456785"
	body   = "314168267"
)

func admin(org string, roles ...access.Role) access.Actor {
	return access.Actor{ID: "person:" + org, Name: "Prøve " + org, Org: org, Roles: roles}
}

// Who may make which token: nobody beyond their own side and organisation, and
// never those who run the service.
func TestCreateByRole(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	s := &organisation.Service{Store: newStore(t, time.Now), Now: func() time.Time { return now }}
	for _, test := range []struct {
		actor access.Actor
		org   organisation.Number
		may   []access.Role
	}{
		{access.Anyone(), seller, nil},
		{admin(seller, access.SupplierAdmin), "", append(access.SupplierRoles(), access.Supplier)},
		{admin(seller, access.Supplier), "", append(access.SupplierRoles(), access.Supplier)},
		{admin(seller, access.SupplierAdmin), body, nil},
		{admin(seller, access.SupplierReader, access.SupplierAuthor, access.SupplierSigner), "", nil},
		{admin(body, access.AgencyAdmin), "", access.AgencyRoles()},
		{admin(body, access.AgencyAdmin), seller, nil},
		{admin(body, access.Procurement, access.Adviser, access.Reviewer, access.AgencyReader), "", nil},
		{admin(body, access.Editor), "", nil},
		{admin(body, access.Operator), seller, slices.Concat(access.SupplierRoles(), []access.Role{access.Supplier}, access.AgencyRoles())},
	} {
		for _, r := range append(access.Roles(), "root", access.Public) {
			secret, tok, err := s.Create(t.Context(), test.actor, organisation.NewToken{Org: test.org, Name: "x", Roles: []access.Role{r}, TTL: time.Hour})
			if may := slices.Contains(test.may, r); may != (err == nil) || may != organisation.IsSecret(secret) {
				t.Errorf("%v of %s gives %s in %q: %v", test.actor.Roles, test.actor.Org, r, test.org, err)
			}
			if err != nil {
				if k := problem.KindOf(err); k != problem.Forbidden && k != problem.Invalid && k != problem.Unauthenticated {
					t.Errorf("%v", err)
				}
				continue
			}
			want := test.org
			if want == "" {
				want = organisation.Number(test.actor.Org)
			}
			a, until, err := s.Authenticate(t.Context(), secret)
			if err != nil || a.Org != string(want) || !slices.Equal(a.Roles, []access.Role{r}) || !until.Equal(now.Add(time.Hour)) || tok.CreatedBy != test.actor.ID {
				t.Errorf("%+v until %s, %v; token %+v", a, until, err, tok)
			}
		}
	}
}

func TestCreateNamesTheFields(t *testing.T) {
	s := &organisation.Service{Store: newStore(t, time.Now), Now: time.Now}
	a, day := admin(seller, access.SupplierAdmin), 24*time.Hour
	good := organisation.NewToken{Name: "x", Roles: []access.Role{access.SupplierReader}, TTL: day}
	for name, test := range map[string]struct {
		change func(*organisation.NewToken)
		fields string
	}{
		"good":           {func(*organisation.NewToken) {}, ""},
		"longest":        {func(n *organisation.NewToken) { n.Name, n.TTL = strings.Repeat("ø", 100), organisation.MaxDays*day }, ""},
		"no name":        {func(n *organisation.NewToken) { n.Name = "  " }, "name"},
		"long name":      {func(n *organisation.NewToken) { n.Name = strings.Repeat("ø", 101) }, "name"},
		"two lines":      {func(n *organisation.NewToken) { n.Name = "a\nb" }, "name"},
		"no time":        {func(n *organisation.NewToken) { n.TTL = 0 }, "days"},
		"too long":       {func(n *organisation.NewToken) { n.TTL = organisation.MaxDays*day + 1 }, "days"},
		"no role":        {func(n *organisation.NewToken) { n.Roles = nil }, "roles"},
		"one bad role":   {func(n *organisation.NewToken) { n.Roles = append(n.Roles, access.Editor) }, "roles"},
		"all of it":      {func(n *organisation.NewToken) { *n = organisation.NewToken{} }, "name days roles"},
		"a role thrice":  {func(n *organisation.NewToken) { n.Roles = slices.Repeat(n.Roles, 3) }, ""},
		"another's name": {func(n *organisation.NewToken) { n.OrgName = "Andre" }, ""},
	} {
		n := good
		n.Roles = slices.Clone(good.Roles)
		test.change(&n)
		_, tok, err := s.Create(t.Context(), a, n)
		var fields []string
		if p, ok := err.(*problem.Error); ok { //nolint:errorlint // returned as it is
			for _, f := range p.Fields {
				fields = append(fields, f.Path)
			}
		}
		if strings.Join(fields, " ") != test.fields || (err == nil) != (test.fields == "") {
			t.Errorf("%s: %v", name, err)
		}
		if err == nil && len(tok.Roles) != 1 {
			t.Errorf("%s: roles %v", name, tok.Roles)
		}
	}
}

func TestListAndRevoke(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	var heard []string
	s := &organisation.Service{Store: newStore(t, time.Now), Now: func() time.Time { return now }, Revoked: func(t organisation.Token) { heard = append(heard, t.Hash) }}
	us, them, operator := admin(seller, access.SupplierAdmin), admin(body, access.AgencyAdmin), admin("", access.Operator)
	secret, tok, err := s.Create(t.Context(), us, organisation.NewToken{Name: "x", Roles: []access.Role{access.SupplierReader}, TTL: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	if all, err := s.List(t.Context(), us, "", "", 10); err != nil || len(all) != 1 || all[0].ID != tok.ID {
		t.Errorf("own: %+v, %v", all, err)
	}
	if all, err := s.List(t.Context(), them, "", "", 10); err != nil || len(all) != 0 {
		t.Errorf("another's own: %+v, %v", all, err)
	}
	if _, err := s.List(t.Context(), them, seller, "", 10); problem.KindOf(err) != problem.Forbidden {
		t.Errorf("another's: %v", err)
	}
	if all, err := s.List(t.Context(), operator, seller, "", 10); err != nil || len(all) != 1 {
		t.Errorf("the operator's: %+v, %v", all, err)
	}
	for _, who := range []access.Actor{them, admin(seller, access.SupplierReader), access.Anyone()} {
		if _, err := s.Revoke(t.Context(), who, tok.ID); err == nil {
			t.Errorf("%v revoked it", who)
		}
	}
	if _, err := s.Revoke(t.Context(), us, "none"); problem.KeyOf(err) != "token.none" {
		t.Errorf("none: %v", err)
	}
	if _, _, err := s.Authenticate(t.Context(), secret); err != nil || len(heard) != 0 {
		t.Errorf("before: %v, heard %v", err, heard)
	}
	at := now
	for range 2 {
		got, err := s.Revoke(t.Context(), us, tok.ID)
		if err != nil || !got.RevokedAt.Equal(at) || got.RevokedBy != us.ID || got.State(now) != organisation.TokenRevoked {
			t.Errorf("%+v, %v", got, err)
		}
		now = now.Add(time.Second)
	}
	if _, _, err := s.Authenticate(t.Context(), secret); problem.KeyOf(err) != "access.token" || heard[0] != tok.Hash {
		t.Errorf("after: %v, heard %v", err, heard)
	}
}

// counted counts the updates of a store.
type counted struct {
	organisation.Store
	updates chan string
}

func (c *counted) UpdateToken(ctx context.Context, id string, change func(organisation.Token) (organisation.Token, error)) (organisation.Token, error) {
	v, err := c.Store.UpdateToken(ctx, id, change)
	if err == nil {
		c.updates <- id
	}
	return v, err
}

// That a token was used is stored beside the request, at most once a minute,
// also by two servers, and before the recorder ends.
func TestLastUsed(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	store := &counted{newStore(t, time.Now), make(chan string, 100)}
	start := func() (*organisation.Service, func()) {
		s := &organisation.Service{Store: store, Now: func() time.Time { return now }, Uses: organisation.NewUses(store, slog.New(slog.DiscardHandler))}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { s.Uses.Run(ctx); close(done) }()
		return s, func() { cancel(); <-done }
	}
	one, stopOne := start()
	two, stopTwo := start()
	secret, tok, err := one.Issue(t.Context(), seller, "Prøve", []access.Role{access.SupplierReader}, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	use := func(s *organisation.Service) {
		t.Helper()
		if _, _, err := s.Authenticate(t.Context(), secret); err != nil {
			t.Fatal(err)
		}
	}
	last := func() *time.Time {
		t.Helper()
		got, err := store.Token(t.Context(), tok.ID)
		if err != nil {
			t.Fatal(err)
		}
		return got.LastUsedAt
	}
	if last() != nil {
		t.Error("used before it was")
	}
	use(one)
	<-store.updates
	if at := last(); at == nil || !at.Equal(now) {
		t.Errorf("last used %v", at)
	}
	first := now
	now = now.Add(time.Minute - time.Millisecond)
	use(one)
	use(two)
	now = now.Add(time.Millisecond)
	use(one)
	use(two)
	use(one)
	stopOne()
	stopTwo()
	if n := len(store.updates); n != 1 {
		t.Errorf("stored %d times in the second minute", n)
	}
	if at := last(); !at.Equal(first.Add(time.Minute)) {
		t.Errorf("last used %v", at)
	}
}

// A store that hangs holds nobody up.
func TestLastUsedNeverWaits(t *testing.T) {
	s := &organisation.Service{Store: newStore(t, time.Now), Now: time.Now}
	s.Uses = organisation.NewUses(s.Store, slog.New(slog.DiscardHandler)) // and does not run
	for range 1100 {
		secret, _, err := s.Issue(t.Context(), seller, "Prøve", []access.Role{access.SupplierReader}, time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := s.Authenticate(t.Context(), secret); err != nil {
			t.Fatal(err)
		}
	}
}
