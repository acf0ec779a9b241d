package httpd

import (
	"context"
	"crypto/sha256"
	"fmt"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	lru "github.com/hashicorp/golang-lru/v2"

	"felleskrav/internal/access"
	"felleskrav/internal/problem"
)

// Authenticator finds the actor behind a token's secret. The error is a
// problem.Unauthenticated when there is none.
type Authenticator interface {
	Authenticate(ctx context.Context, secret string) (access.Actor, error)
}

const (
	// tokenTTL is how long a token that was good is taken to be good: the
	// longest a revoked one still works.
	tokenTTL = 10 * time.Second
	// tokenCount bounds the memory: what is beyond it is looked up again.
	tokenCount = 4096
)

// tokenCache remembers for a moment whom tokens belong to. Secrets are kept
// as digests only; refusals are not kept at all.
type tokenCache struct {
	auth    Authenticator
	now     func() time.Time
	entries *lru.Cache[[sha256.Size]byte, tokenEntry]
}

type tokenEntry struct {
	actor access.Actor
	until time.Time
}

func newTokenCache(auth Authenticator, now func() time.Time) (*tokenCache, error) {
	entries, err := lru.New[[sha256.Size]byte, tokenEntry](tokenCount)
	if err != nil {
		return nil, fmt.Errorf("make token cache: %w", err)
	}
	return &tokenCache{auth: auth, now: now, entries: entries}, nil
}

func (t *tokenCache) actor(ctx context.Context, secret string) (access.Actor, error) {
	if t.auth == nil {
		return access.Actor{}, errToken
	}
	key := sha256.Sum256([]byte(secret))
	now := t.now()
	if e, ok := t.entries.Get(key); ok && now.Before(e.until) {
		return e.actor, nil
	}
	a, err := t.auth.Authenticate(ctx, secret)
	if err != nil {
		t.entries.Remove(key)
		return access.Actor{}, fmt.Errorf("authenticate: %w", err)
	}
	t.entries.Add(key, tokenEntry{a, now.Add(tokenTTL)})
	return a, nil
}

var errToken = problem.New(problem.Unauthenticated, "access.token", nil)

// bearer finds the actor of a request below /api. Only the Authorization
// header counts: a cookie is sent by a browser whether its owner meant it or
// not. A token that is no good is refused on public routes, too, since its
// owner believes to be somebody.
func (s *Server) bearer(c *gin.Context) {
	if !isAPI(c) {
		return
	}
	values := c.Request.Header.Values("Authorization")
	if len(values) == 0 {
		return
	}
	scheme, secret, ok := strings.Cut(values[0], " ")
	if len(values) > 1 || !ok || !strings.EqualFold(scheme, "Bearer") {
		Fail(c, errToken)
		return
	}
	r := of(c)
	a, err := s.tokens.actor(c.Request.Context(), strings.TrimSpace(secret))
	if err != nil {
		switch {
		case s.limits == nil:
		case problem.KindOf(err) == problem.Unauthenticated:
			s.limits.known.Remove(r.credential)
		case r.giveBack != nil: // not the sender's fault
			r.giveBack()
		}
		Fail(c, err)
		return
	}
	r.actor = a
	if s.limits == nil || r.owner != "" {
		return // charged already
	}
	r.giveBack()
	s.recognised(r)
	s.charge(c, classOf(c.Request))
}

func isAPI(c *gin.Context) bool { return strings.HasPrefix(c.Request.URL.Path, "/api/") }
