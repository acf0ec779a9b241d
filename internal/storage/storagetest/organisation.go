package storagetest

import (
	"sync"
	"testing"

	"felleskrav/internal/access"
	"felleskrav/internal/organisation"
	"felleskrav/internal/problem"
)

// RunTokens checks organisation.Store.
func RunTokens(t *testing.T, open Open) {
	ctx, s := t.Context(), open(t)
	revoked := at
	v := organisation.Token{
		ID: id(), Hash: digest(), Org: number(), OrgName: unicodeText, Roles: access.Roles(),
		CreatedAt: at, ExpiresAt: at, RevokedAt: &revoked,
	}
	check(t, s.InsertToken(ctx, v))
	want(t, revoked, at) // the caller's value is the caller's
	kept := utc
	v.CreatedAt, v.ExpiresAt, v.RevokedAt = utc, utc, &kept
	want(t, result[organisation.Token](t)(s.TokenByHash(ctx, v.Hash)), v)

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
}
