package organisation

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"felleskrav/internal/access"
	"felleskrav/internal/problem"
)

const (
	// MaxDays is how long a token that an organisation makes for itself can work.
	MaxDays = 366
	// maxName is how many characters the name of a token can have.
	maxName = 100
)

// Service issues, checks and revokes tokens.
type Service struct {
	Store Store
	Now   func() time.Time
	// Uses hears of every token that was good; nil hears nothing.
	Uses *Uses
	// Revoked hears of every token that was revoked here; nil hears nothing.
	Revoked func(Token)
}

// NewToken is a token to be made.
type NewToken struct {
	// Org is whom it is for. Empty is the actor's own organisation.
	Org     Number
	OrgName string
	Name    string
	Roles   []access.Role
	TTL     time.Duration
}

// Issue makes a token for org with the given roles, valid for ttl, and returns
// its secret, which is not stored anywhere. It asks nobody's leave: that is the
// operator's.
func (s *Service) Issue(ctx context.Context, org Number, orgName string, roles []access.Role, ttl time.Duration) (secret string, t Token, err error) {
	return s.IssueNew(ctx, NewToken{Org: org, OrgName: orgName, Roles: roles, TTL: ttl})
}

// IssueNew is Issue for a token with a name.
func (s *Service) IssueNew(ctx context.Context, n NewToken) (secret string, t Token, err error) {
	for _, r := range n.Roles {
		if !slices.Contains(access.Roles(), r) {
			return "", Token{}, problem.New(problem.Invalid, "token.role", problem.Args{"Role": string(r), "Known": fmt.Sprint(access.Roles())})
		}
	}
	if len(n.Roles) == 0 || n.TTL <= 0 {
		return "", Token{}, problem.New(problem.Invalid, "token.incomplete", nil)
	}
	return s.make(ctx, "", n)
}

func (s *Service) make(ctx context.Context, by string, n NewToken) (secret string, t Token, err error) {
	raw := make([]byte, 32)
	if _, err := rand.Read(raw); err != nil {
		return "", Token{}, fmt.Errorf("make token: %w", err)
	}
	secret = secretPrefix + base64.RawURLEncoding.EncodeToString(raw)
	id, err := uuid.NewV7()
	if err != nil {
		return "", Token{}, fmt.Errorf("make token id: %w", err)
	}
	now := s.Now().UTC().Truncate(time.Millisecond)
	t = Token{
		ID: id.String(), Hash: hashSecret(secret), Org: n.Org, OrgName: n.OrgName, Name: n.Name, Roles: n.Roles,
		CreatedAt: now, CreatedBy: by, ExpiresAt: now.Add(n.TTL), Rev: 1,
	}
	if err := s.Store.InsertToken(ctx, t); err != nil {
		return "", Token{}, fmt.Errorf("store token: %w", err)
	}
	return secret, t, nil
}

// Create is how an administrator makes a token: for the own organisation, with
// roles that the administrator may give, and for at most [MaxDays]. The secret
// is shown this once. The error is a [problem.Invalid] with the fields name,
// roles and days, or a [problem.Forbidden].
func (s *Service) Create(ctx context.Context, actor access.Actor, n NewToken) (secret string, t Token, err error) {
	if n.Org == "" {
		n.Org = Number(actor.Org)
	}
	if n.Org == Number(actor.Org) && n.OrgName == "" {
		n.OrgName = actor.Name
	}
	if err := access.Check(actor, access.ManageTokens, string(n.Org)); err != nil {
		return "", Token{}, err
	}
	n.Name = strings.TrimSpace(n.Name)
	c := problem.Collector{Key: "token.invalid"}
	c.Line("name", n.Name, 1, maxName)
	number, err := ParseIdentifier(string(n.Org))
	c.Check(err == nil && number == n.Org, "org", "field.orgnr", nil)
	c.Check(n.TTL > 0 && n.TTL <= MaxDays*24*time.Hour, "days", "field.range", problem.Args{"Min": 1, "Max": MaxDays})
	c.Check(len(n.Roles) > 0, "roles", "token.no-role", nil)
	for _, r := range n.Roles {
		if access.CheckGrant(actor, string(n.Org), []access.Role{r}) != nil {
			known := list(access.Grantable(actor, string(n.Org)))
			c.Add("roles", "token.not-grantable", problem.Args{"Role": problem.Clip(string(r)), "Known": known})
			break
		}
	}
	if err := c.Err(); err != nil {
		return "", Token{}, err
	}
	n.Roles = slices.Clone(n.Roles)
	slices.Sort(n.Roles)
	n.Roles = slices.Compact(n.Roles)
	return s.make(ctx, actor.ID, n)
}

func list(roles []access.Role) string {
	var all []string
	for _, r := range roles {
		all = append(all, string(r))
	}
	return strings.Join(all, ", ")
}

// List gives at most limit tokens of an organisation, the newest first,
// beginning after the id after. An empty org is the actor's own.
func (s *Service) List(ctx context.Context, actor access.Actor, org Number, after string, limit int) ([]Token, error) {
	if org == "" {
		org = Number(actor.Org)
	}
	if err := access.Check(actor, access.ManageTokens, string(org)); err != nil {
		return nil, err
	}
	all, err := s.Store.TokensOf(ctx, org, after, limit)
	if err != nil {
		return nil, fmt.Errorf("list tokens: %w", err)
	}
	return all, nil
}

// Revoke ends a token for good. One that is revoked already stays as it is.
// Another organisation's is not found.
func (s *Service) Revoke(ctx context.Context, actor access.Actor, id string) (Token, error) {
	scope, err := access.ScopeFor(actor, access.ManageTokens)
	if err != nil {
		return Token{}, err
	}
	return s.revoke(ctx, id, actor.ID, func(t Token) bool { return scope.All || string(t.Org) == scope.Org })
}

// RevokeAny is Revoke by the operator.
func (s *Service) RevokeAny(ctx context.Context, id string) (Token, error) {
	return s.revoke(ctx, id, "", func(Token) bool { return true })
}

func (s *Service) revoke(ctx context.Context, id, by string, may func(Token) bool) (Token, error) {
	none := problem.New(problem.NotFound, "token.none", nil)
	now := s.Now().UTC().Truncate(time.Millisecond)
	t, err := s.Store.UpdateToken(ctx, id, func(t Token) (Token, error) {
		if !may(t) {
			return t, none
		}
		if t.RevokedAt == nil {
			t.RevokedAt, t.RevokedBy = &now, by
		}
		return t, nil
	})
	switch {
	case problem.KindOf(err) == problem.NotFound:
		return Token{}, none
	case err != nil:
		return Token{}, fmt.Errorf("revoke token: %w", err)
	}
	if s.Revoked != nil {
		s.Revoked(t)
	}
	return t, nil
}

// Authenticate finds the actor behind a secret, and the time from which the
// secret is no longer good. Every reason to say no gives the same
// [problem.Unauthenticated], so that nothing is learnt by trying.
func (s *Service) Authenticate(ctx context.Context, secret string) (access.Actor, time.Time, error) {
	no := problem.New(problem.Unauthenticated, "access.token", nil)
	if !IsSecret(secret) {
		return access.Actor{}, time.Time{}, no
	}
	t, err := s.Store.TokenByHash(ctx, hashSecret(secret))
	if err != nil {
		if problem.KindOf(err) == problem.NotFound {
			return access.Actor{}, time.Time{}, no
		}
		return access.Actor{}, time.Time{}, fmt.Errorf("find token: %w", err)
	}
	now := s.Now()
	if t.State(now) != TokenActive {
		return access.Actor{}, time.Time{}, no
	}
	s.Uses.note(t, now)
	return access.Actor{ID: "token:" + t.ID, Name: t.OrgName, Org: string(t.Org), Roles: t.Roles}, t.ExpiresAt, nil
}
