package httpd

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/gin-gonic/gin"
	lru "github.com/hashicorp/golang-lru/v2"

	"felleskrav/internal/access"
	"felleskrav/internal/problem"
)

// Authenticator finds the actor behind a token's secret, and the time from
// which the secret is no longer good. The error is a problem.Unauthenticated
// when there is none.
type Authenticator interface {
	Authenticate(ctx context.Context, secret string) (actor access.Actor, until time.Time, err error)
}

const (
	// tokenTTL is how long a token that was good is taken to be good: the
	// longest one that was revoked by another server still works.
	tokenTTL = 5 * time.Second
	// maxSecret is the most bytes of a secret.
	maxSecret = 8 << 10
	// tokenCount bounds the memory: what is beyond it is looked up again.
	tokenCount = 4096
)

// tokenCache remembers for a moment whom tokens belong to. Secrets are kept
// as digests only; refusals are not kept at all.
type tokenCache struct {
	auth    Authenticator
	now     func() time.Time
	entries *lru.Cache[[sha256.Size]byte, tokenEntry]
	// forgotten counts what was forgotten: an answer from before it is not kept
	// after it.
	forgotten atomic.Int64
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
	before := t.forgotten.Load()
	a, until, err := t.auth.Authenticate(ctx, secret)
	if err != nil {
		t.entries.Remove(key)
		return access.Actor{}, fmt.Errorf("authenticate: %w", err)
	}
	if end := now.Add(tokenTTL); end.Before(until) {
		until = end
	}
	t.entries.Add(key, tokenEntry{a, until})
	if t.forgotten.Load() != before {
		t.entries.Remove(key)
	}
	return a, nil
}

// forget drops a token, and what was just being asked about it.
func (t *tokenCache) forget(key [sha256.Size]byte) {
	t.forgotten.Add(1)
	t.entries.Remove(key)
}

// ForgetToken has the server look a token up anew the next time it comes. digest
// is the SHA-256 of its secret in hex; anything else is no token's.
func (s *Server) ForgetToken(digest string) {
	var key [sha256.Size]byte
	if n, err := hex.Decode(key[:], []byte(digest)); err == nil && n == len(key) {
		s.tokens.forget(key)
	}
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
	secret = strings.TrimSpace(secret)
	if len(secret) > maxSecret {
		Fail(c, errToken)
		return
	}
	r := of(c)
	a, err := s.tokens.actor(c.Request.Context(), secret)
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
