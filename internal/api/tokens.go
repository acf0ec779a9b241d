package api

import (
	"context"
	"time"

	"felleskrav/internal/access"
	"felleskrav/internal/organisation"
)

func (a *API) tokenView(t organisation.Token) Token {
	return Token{
		Id: t.ID, Org: t.Org, Name: t.Name, Roles: each(t.Roles, func(r access.Role) string { return string(r) }), State: TokenState(t.State(a.Now())),
		CreatedAt: t.CreatedAt, CreatedBy: t.CreatedBy, ExpiresAt: t.ExpiresAt, LastUsedAt: timeOf(t.LastUsedAt), RevokedAt: timeOf(t.RevokedAt), RevokedBy: t.RevokedBy,
	}
}

// timeOf is the time, or none.
func timeOf(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return *t
}

// ListTokens lists the tokens of the caller's organisation.
func (a *API) ListTokens(ctx context.Context, r ListTokensRequestObject) (ListTokensResponseObject, error) {
	ctx, actor := caller(ctx)
	some, next, err := fetch(r.Params.Limit, func(limit int) ([]organisation.Token, error) {
		return a.Tokens.List(ctx, actor, r.Params.Org, r.Params.Cursor, limit)
	}, func(t organisation.Token) string { return t.ID })
	if err != nil {
		return nil, err
	}
	return ListTokens200JSONResponse{Items: each(some, a.tokenView), Next: next}, nil
}

// defaultDays is how long a token works when nothing is said.
const defaultDays = 90

// CreateToken makes a token and tells its secret, which no cache may keep.
func (a *API) CreateToken(ctx context.Context, r CreateTokenRequestObject) (CreateTokenResponseObject, error) {
	ctx, actor := caller(ctx)
	days := r.Body.Days
	if days == 0 {
		days = defaultDays
	}
	secret, t, err := a.Tokens.Create(ctx, actor, organisation.NewToken{
		Name: r.Body.Name, Roles: each(r.Body.Roles, func(s string) access.Role { return access.Role(s) }), TTL: time.Duration(days) * 24 * time.Hour,
	})
	if err != nil {
		return nil, err
	}
	return CreateToken201JSONResponse{
		Body:    NewToken{Token: a.tokenView(t), Secret: secret},
		Headers: CreateToken201ResponseHeaders{CacheControl: "no-store", Location: "/api/v1/tokens/" + t.ID},
	}, nil
}

// RevokeToken ends a token.
func (a *API) RevokeToken(ctx context.Context, r RevokeTokenRequestObject) (RevokeTokenResponseObject, error) {
	ctx, actor := caller(ctx)
	t, err := a.Tokens.Revoke(ctx, actor, r.Id)
	if err != nil {
		return nil, err
	}
	return RevokeToken200JSONResponse(a.tokenView(t)), nil
}
