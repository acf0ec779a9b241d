package organisation

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"

	"felleskrav/internal/access"
)

// Token is a credential for an organisation's system. The secret is shown
// once and never stored; Hash is its SHA-256 in hex.
type Token struct {
	ID      string `json:"id"`
	Hash    string `json:"hash"`
	Org     Number `json:"org"`
	OrgName string `json:"orgName"`
	// Name tells the organisation what the token is for.
	Name      string        `json:"name,omitempty"`
	Roles     []access.Role `json:"roles"`
	CreatedAt time.Time     `json:"createdAt"`
	// CreatedBy is the id of the actor who made it; empty when the operator did.
	CreatedBy string    `json:"createdBy,omitempty"`
	ExpiresAt time.Time `json:"expiresAt"`
	// LastUsedAt is about when it was last used: see [Uses].
	LastUsedAt *time.Time `json:"lastUsedAt,omitempty"`
	RevokedAt  *time.Time `json:"revokedAt,omitempty"`
	// RevokedBy is the id of the actor who revoked it; empty when the operator
	// did.
	RevokedBy string `json:"revokedBy,omitempty"`
	// Rev is the revision; the store sets it.
	Rev int64 `json:"rev,omitempty"`
}

// TokenState is what a token is worth.
type TokenState string

// The states.
const (
	TokenActive  TokenState = "active"
	TokenExpired TokenState = "expired"
	TokenRevoked TokenState = "revoked"
)

// State says what the token is worth at a time.
func (t Token) State(at time.Time) TokenState {
	switch {
	case t.RevokedAt != nil:
		return TokenRevoked
	case !at.Before(t.ExpiresAt):
		return TokenExpired
	}
	return TokenActive
}

// Store keeps tokens. Writes are durable when they return.
type Store interface {
	// InsertToken adds a token with revision 1; its id and hash are unique
	// (storage.ErrExists).
	InsertToken(ctx context.Context, t Token) error
	// TokenByHash finds a token by the hash of its secret (storage.ErrNotFound).
	TokenByHash(ctx context.Context, hash string) (Token, error)
	// Token finds a token by its id (storage.ErrNotFound).
	Token(ctx context.Context, id string) (Token, error)
	// UpdateToken is compare-and-swap. change is pure and may run again; it may
	// change neither id, hash nor organisation.
	UpdateToken(ctx context.Context, id string, change func(Token) (Token, error)) (Token, error)
	// TokensOf lists at most limit of an organisation's tokens by id, the newest
	// first, beginning after the id after unless that is empty.
	TokensOf(ctx context.Context, org Number, after string, limit int) ([]Token, error)
}

const (
	// secretPrefix makes a leaked token recognisable to secret scanners.
	secretPrefix = "fkt_"
	// maxSecret is more bytes than any secret has.
	maxSecret = 100
)

// IsSecret reports whether s has the shape of a token's secret.
func IsSecret(s string) bool { return strings.HasPrefix(s, secretPrefix) && len(s) <= maxSecret }

func hashSecret(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}
