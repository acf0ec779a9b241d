package maskinporten

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"

	"felleskrav/internal/access"
	"felleskrav/internal/organisation"
	"felleskrav/internal/problem"
	"felleskrav/internal/safehttp"
)

const (
	// MaxToken is the most bytes of a token.
	MaxToken = 8 << 10
	// Leeway is how much the issuer's clock may differ from ours.
	Leeway = 10 * time.Second
)

// algorithms are those that Maskinporten signs with. Neither "none" nor those
// with a shared secret are among them.
var algorithms = []jose.SignatureAlgorithm{jose.RS256, jose.RS384, jose.RS512}

// Config says which tokens are good. Issuer, Audience and Scopes are required.
type Config struct {
	// Issuer is what a token must have as iss, letter by letter.
	Issuer string
	// Audience is what a token must have as aud, or in it.
	Audience string
	// Keys is the address of the issuer's keys; empty is where the issuer's
	// metadata say (RFC 8414).
	Keys string
	// DelegationSource is what a token must have as delegation_source when one
	// organisation uses the access of another. Empty refuses all of those.
	DelegationSource string
	// Scopes say which roles each scope gives.
	Scopes map[string][]access.Role
	// AllowPrivate lets keys be fetched over http and from addresses that are
	// not public.
	AllowPrivate bool
	// Name finds what an organisation is called, or ""; nil knows none.
	Name func(context.Context, organisation.Number) string
	// Log hears when keys cannot be fetched; nil is silent.
	Log *slog.Logger
	// Now is the clock; nil is time.Now.
	Now func() time.Time
}

// Verifier finds actors behind tokens. It is safe for concurrent use.
type Verifier struct {
	cfg  Config
	keys *keySet
}

// What is wrong with a Config, all of it joined; test with errors.Is.
var (
	ErrIssuer   = errors.New("issuer is not an https address")
	ErrAudience = errors.New("audience is missing")
	ErrKeys     = errors.New("address of the keys is not an https address")
	ErrScopes   = errors.New("no scope gives a role")
	ErrRole     = errors.New("role cannot be given by a scope")
)

// Check looks at the configuration without fetching anything.
func (c Config) Check() error {
	var faults []error
	if checkAddress(c.Issuer, c.AllowPrivate) != nil {
		faults = append(faults, ErrIssuer)
	}
	if c.Audience == "" {
		faults = append(faults, ErrAudience)
	}
	if c.Keys != "" && checkAddress(c.Keys, c.AllowPrivate) != nil {
		faults = append(faults, ErrKeys)
	}
	if len(c.Scopes) == 0 {
		faults = append(faults, ErrScopes)
	}
	for _, scope := range slices.Sorted(maps.Keys(c.Scopes)) {
		if len(c.Scopes[scope]) == 0 {
			faults = append(faults, fmt.Errorf("%w: %s", ErrScopes, scope))
		}
		for _, r := range c.Scopes[scope] {
			if !slices.Contains(Roles(), r) {
				faults = append(faults, fmt.Errorf("%w: %s", ErrRole, r))
			}
		}
	}
	return errors.Join(faults...)
}

// Roles are those that a scope can give: all but the ones that reach beyond the
// organisation that has the scope.
func Roles() []access.Role {
	return slices.DeleteFunc(slices.Clone(access.Roles()), func(r access.Role) bool { return r.Side() == access.SideCommon })
}

// New makes a verifier. Keys are fetched when the first token comes.
func New(c Config) (*Verifier, error) {
	if err := c.Check(); err != nil {
		return nil, fmt.Errorf("set up maskinporten: %w", err)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return &Verifier{cfg: c, keys: &keySet{
		issuer: c.Issuer, address: c.Keys, insecure: c.AllowPrivate, now: c.Now,
		client: safehttp.Client(safehttp.Config{Timeout: fetchTime, AllowPrivate: c.AllowPrivate}),
		failed: func(err error) { c.Log.Warn("maskinporten keys", slog.Any("error", err)) },
	}}, nil
}

// Looks reports whether a secret has the shape of a token: three parts with
// dots between.
func Looks(secret string) bool {
	return strings.Count(secret, ".") == 2 && strings.HasPrefix(secret, "ey")
}

// Authenticate finds the actor behind a token, and the time from which the
// token may not be remembered as good. The error is a
// [problem.Unauthenticated]; a [problem.Forbidden] when the token is good and
// gives no access here; or a [problem.Unavailable] when that cannot be told
// now, since the issuer does not give its keys.
func (v *Verifier) Authenticate(ctx context.Context, token string) (access.Actor, time.Time, error) {
	c, err := v.read(ctx, token)
	if err != nil {
		return access.Actor{}, time.Time{}, err
	}
	if err := v.judge(c); err != nil {
		return access.Actor{}, time.Time{}, err
	}
	a, err := v.actor(ctx, c)
	if err != nil {
		return access.Actor{}, time.Time{}, err
	}
	return a, c.Expires.Time, nil
}

func refuse(key string, args problem.Args, err error) error {
	return problem.New(problem.Unauthenticated, key, args).Because(err)
}

// read gives what a token says, once its signature is known to be the issuer's.
// Of the header only alg and kid count: keys that a token brings or points to
// (jwk, jku, x5c, x5u) are its sender's.
func (v *Verifier) read(ctx context.Context, token string) (claims, error) {
	if len(token) > MaxToken || strings.ContainsAny(token, " \t\r\n") { // the library would leave space out
		return claims{}, problem.New(problem.Unauthenticated, "maskinporten.token", nil)
	}
	jws, err := jose.ParseSignedCompact(token, algorithms)
	if err != nil {
		return claims{}, refuse("maskinporten.token", nil, err)
	}
	header := jws.Signatures[0].Protected
	key, err := v.keys.find(ctx, header.KeyID)
	switch {
	case errors.Is(err, errKeys):
		return claims{}, problem.New(problem.Unavailable, "maskinporten.keys", nil).Because(err)
	case errors.Is(err, errNoKey):
		return claims{}, refuse("maskinporten.signature", nil, err)
	case err != nil:
		return claims{}, fmt.Errorf("find key of token: %w", err)
	case key.algorithm != "" && key.algorithm != header.Algorithm:
		return claims{}, problem.New(problem.Unauthenticated, "maskinporten.signature", nil)
	}
	payload, err := jws.Verify(key.key)
	if err != nil {
		return claims{}, refuse("maskinporten.signature", nil, err)
	}
	c, err := parseClaims(payload)
	if err != nil {
		return claims{}, refuse("maskinporten.token", nil, err)
	}
	return c, nil
}

// judge holds what a token says of itself against the configuration and the
// clock.
func (v *Verifier) judge(c claims) error {
	now := v.cfg.Now()
	switch {
	case c.Issuer != v.cfg.Issuer:
		return refuse("maskinporten.issuer", problem.Args{"Issuer": v.cfg.Issuer}, nil)
	case !c.isFor(v.cfg.Audience):
		return refuse("maskinporten.audience", problem.Args{"Audience": v.cfg.Audience}, nil)
	case c.Expires.IsZero() || c.IssuedAt.IsZero() || c.ID == "":
		return refuse("maskinporten.incomplete", nil, nil)
	case !now.Before(c.Expires.Add(Leeway)):
		return refuse("maskinporten.expired", nil, nil)
	case now.Before(c.IssuedAt.Add(-Leeway)) || !c.NotBefore.IsZero() && now.Before(c.NotBefore.Add(-Leeway)):
		return refuse("maskinporten.not-yet", nil, nil)
	}
	return nil
}

// actor is whom the token lets act, and as what.
func (v *Verifier) actor(ctx context.Context, c claims) (access.Actor, error) {
	if c.Consumer == nil {
		return access.Actor{}, refuse("maskinporten.consumer", nil, errIdentifier)
	}
	consumer, err := c.Consumer.number()
	if err != nil {
		return access.Actor{}, refuse("maskinporten.consumer", nil, err)
	}
	a := access.Actor{ID: "machine:" + consumer.String(), Org: consumer.String(), Name: consumer.Grouped()}
	if a.Via, err = v.delegate(c); err != nil {
		return access.Actor{}, err
	}
	for _, scope := range c.scopes() {
		for _, r := range v.cfg.Scopes[scope] {
			if !slices.Contains(a.Roles, r) {
				a.Roles = append(a.Roles, r)
			}
		}
	}
	if len(a.Roles) == 0 {
		known := strings.Join(slices.Sorted(maps.Keys(v.cfg.Scopes)), ", ")
		return access.Actor{}, problem.New(problem.Forbidden, "maskinporten.scope", problem.Args{"Known": known})
	}
	if v.cfg.Name != nil {
		if name := v.cfg.Name(ctx, consumer); name != "" {
			a.Name = name
		}
	}
	return a, nil
}

// delegate is the organisation that uses the access of the consumer; empty when
// the consumer does so itself. Who supplies and by whose word stand together or
// not at all.
func (v *Verifier) delegate(c claims) (string, error) {
	if c.Supplier == nil && c.DelegationSource == nil {
		return "", nil
	}
	if c.Supplier == nil || c.DelegationSource == nil || v.cfg.DelegationSource == "" || *c.DelegationSource != v.cfg.DelegationSource {
		return "", refuse("maskinporten.delegation", nil, nil)
	}
	n, err := c.Supplier.number()
	if err != nil {
		return "", refuse("maskinporten.delegation", nil, err)
	}
	return n.String(), nil
}
