package organisation

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"felleskrav/internal/access"
	"felleskrav/internal/problem"
)

// Token is a credential for an organisation's system. The secret is shown
// once and never stored; Hash is its SHA-256 in hex.
type Token struct {
	ID        string        `json:"id"`
	Hash      string        `json:"hash"`
	Org       Number        `json:"org"`
	OrgName   string        `json:"orgName"`
	Roles     []access.Role `json:"roles"`
	CreatedAt time.Time     `json:"createdAt"`
	ExpiresAt time.Time     `json:"expiresAt"`
	RevokedAt *time.Time    `json:"revokedAt,omitempty"`
}

// Store keeps tokens. Writes are durable when they return.
type Store interface {
	// InsertToken adds a token; its id and hash are unique (storage.ErrExists).
	InsertToken(ctx context.Context, t Token) error
	// TokenByHash finds a token by the hash of its secret (storage.ErrNotFound).
	TokenByHash(ctx context.Context, hash string) (Token, error)
}

// secretPrefix makes a leaked token recognisable to secret scanners.
const secretPrefix = "fkt_"

// Service issues and checks tokens.
type Service struct {
	Store Store
	Now   func() time.Time
}

// Issue makes a token for org with the given roles, valid for ttl, and returns
// its secret, which is not stored anywhere.
func (s *Service) Issue(ctx context.Context, org Number, orgName string, roles []access.Role, ttl time.Duration) (secret string, t Token, err error) {
	for _, r := range roles {
		if !slices.Contains(access.Roles(), r) {
			return "", Token{}, problem.New(problem.Invalid, "token.role", problem.Args{"Role": string(r), "Known": fmt.Sprint(access.Roles())})
		}
	}
	if len(roles) == 0 || ttl <= 0 {
		return "", Token{}, problem.New(problem.Invalid, "token.incomplete", nil)
	}
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
	t = Token{ID: id.String(), Hash: hashSecret(secret), Org: org, OrgName: orgName, Roles: roles, CreatedAt: now, ExpiresAt: now.Add(ttl)}
	if err := s.Store.InsertToken(ctx, t); err != nil {
		return "", Token{}, fmt.Errorf("store token: %w", err)
	}
	return secret, t, nil
}

// Authenticate finds the actor behind a secret. Every reason to say no gives
// the same [problem.Unauthenticated], so that nothing is learnt by trying.
func (s *Service) Authenticate(ctx context.Context, secret string) (access.Actor, error) {
	no := problem.New(problem.Unauthenticated, "access.token", nil)
	if !strings.HasPrefix(secret, secretPrefix) || len(secret) > 100 {
		return access.Actor{}, no
	}
	t, err := s.Store.TokenByHash(ctx, hashSecret(secret))
	if err != nil {
		if problem.KindOf(err) == problem.NotFound {
			return access.Actor{}, no
		}
		return access.Actor{}, fmt.Errorf("find token: %w", err)
	}
	if !s.Now().Before(t.ExpiresAt) || t.RevokedAt != nil {
		return access.Actor{}, no
	}
	return access.Actor{ID: "token:" + t.ID, Name: t.OrgName, Org: string(t.Org), Roles: t.Roles}, nil
}

func hashSecret(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}
