package storagetest

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	"felleskrav/internal/access"
	"felleskrav/internal/organisation"
	"felleskrav/internal/problem"
	"felleskrav/internal/storage"
)

// RunTokens checks organisation.Store.
func RunTokens(t *testing.T, open Open) {
	ctx, s := t.Context(), open(t)
	revoked := at
	v := organisation.Token{
		ID: id(), Hash: digest(), Org: number(), OrgName: unicodeText, Roles: access.Roles(),
		CreatedAt: at, ExpiresAt: at, RevokedAt: &revoked, LastUsedAt: &revoked, Name: unicodeText, CreatedBy: "person:1", RevokedBy: "person:2",
	}
	check(t, s.InsertToken(ctx, v))
	want(t, revoked, at) // the caller's value is the caller's
	kept := utc
	v.CreatedAt, v.ExpiresAt, v.RevokedAt, v.LastUsedAt, v.Rev = utc, utc, &kept, &kept, 1
	want(t, result[organisation.Token](t)(s.TokenByHash(ctx, v.Hash)), v)
	want(t, result[organisation.Token](t)(s.Token(ctx, v.ID)), v)

	for name, roles := range map[string][]access.Role{"nil": nil, "empty": {}} {
		e := organisation.Token{ID: id(), Hash: digest(), Roles: roles}
		check(t, s.InsertToken(ctx, e))
		got := result[organisation.Token](t)(s.TokenByHash(ctx, e.Hash))
		if (got.Roles == nil) != (roles == nil) || len(got.Roles) != 0 {
			t.Errorf("%s roles came back as %#v", name, got.Roles)
		}
	}

	for range 5 { // the same id at once, under hashes of their own
		var wg sync.WaitGroup
		same, errs := id(), make([]error, 8)
		for i := range errs {
			wg.Go(func() { errs[i] = s.InsertToken(ctx, organisation.Token{ID: same, Hash: digest()}) })
		}
		wg.Wait()
		won := 0
		for _, err := range errs {
			if err == nil {
				won++
			} else {
				wantErr(t, err, problem.ErrExists)
			}
		}
		want(t, won, 1)
	}

	_, err := s.TokenByHash(ctx, digest())
	wantErr(t, err, problem.ErrNotFound)
	wantErr(t, s.InsertToken(ctx, organisation.Token{ID: v.ID, Hash: digest()}), problem.ErrExists)
	wantErr(t, s.InsertToken(ctx, organisation.Token{ID: id(), Hash: v.Hash}), problem.ErrExists)
	want(t, result[organisation.Token](t)(s.TokenByHash(ctx, v.Hash)), v)
	if err := s.InsertToken(ctx, organisation.Token{ID: id(), Hash: digest(), OrgName: "a\xffb"}); err == nil {
		t.Error("text that is not UTF-8 was taken")
	}

	t.Run("lists", func(t *testing.T) { runTokensOf(t, open(t)) })
	updates[organisation.Token]{
		insert: func(t *testing.T) string {
			v := organisation.Token{ID: id(), Hash: digest(), Org: number(), CreatedAt: utc, ExpiresAt: utc}
			check(t, s.InsertToken(t.Context(), v))
			return v.ID
		},
		update: s.UpdateToken,
		read:   s.Token,
		count:  func(v organisation.Token) int { return len(v.Name) },
		set:    func(v organisation.Token, n int) organisation.Token { v.Name = strings.Repeat("x", n); return v },
		rev:    func(v organisation.Token) int64 { return v.Rev },
		rename: func(v organisation.Token) organisation.Token { v.Hash = digest(); return v },
	}.run(t)
	for name, change := range map[string]func(organisation.Token) organisation.Token{
		"id":           func(v organisation.Token) organisation.Token { v.ID = id(); return v },
		"organisation": func(v organisation.Token) organisation.Token { v.Org = number(); return v },
	} {
		_, err := s.UpdateToken(ctx, v.ID, func(v organisation.Token) (organisation.Token, error) { return change(v), nil })
		if !errors.Is(err, storage.ErrIdentity) {
			t.Errorf("a change of the %s: %v", name, err)
		}
	}
	want(t, result[organisation.Token](t)(s.TokenByHash(ctx, v.Hash)), v)
}

// runTokensOf checks that an organisation sees its own tokens, the newest first,
// and all of them page by page.
func runTokensOf(t *testing.T, s storage.Store) {
	ctx, mine, others := t.Context(), number(), number()
	var all []string
	for i := range 5 {
		v := organisation.Token{ID: id(), Hash: digest(), Org: mine}
		check(t, s.InsertToken(ctx, v))
		check(t, s.InsertToken(ctx, organisation.Token{ID: id(), Hash: digest(), Org: others}))
		all = append(all, v.ID)
		if i == 2 { // a change moves nothing
			_, err := s.UpdateToken(ctx, all[0], func(v organisation.Token) (organisation.Token, error) { v.Name = "x"; return v, nil })
			check(t, err)
		}
	}
	slices.Sort(all)
	slices.Reverse(all)
	ids := func(after string, limit int) (out []string) {
		for _, v := range result[[]organisation.Token](t)(s.TokensOf(ctx, mine, after, limit)) {
			out = append(out, v.ID)
		}
		return out
	}
	want(t, ids("", 10), all)
	want(t, ids("", 2), all[:2])
	want(t, ids(all[1], 2), all[2:4])
	want(t, ids(all[3], 10), all[4:])
	want(t, len(ids(all[4], 10)), 0)
	want(t, len(ids("", 0)), 0)
	none := result[[]organisation.Token](t)(s.TokensOf(ctx, number(), "", 10))
	if none == nil || len(none) != 0 {
		t.Errorf("tokens of nobody: %#v", none)
	}
}
