package main

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"time"

	"felleskrav/internal/access"
	"felleskrav/internal/httpd"
	"felleskrav/internal/maskinporten"
	"felleskrav/internal/organisation"
)

// maskinportenFlags are the flags of a server that takes access tokens of
// Maskinporten. Without any of them it does not.
type maskinportenFlags struct {
	MaskinportenIssuer   string   `conf:"" placeholder:"URL"`
	MaskinportenAudience string   `conf:"" placeholder:"URL"`
	MaskinportenScope    []string `conf:"" sep:"none" placeholder:"SCOPE=ROLE[,ROLE]"`
	// MaskinportenJWKS is where the issuer's keys are, when its metadata do not say.
	MaskinportenJWKS             string `name:"maskinporten-jwks" conf:"" placeholder:"URL"`
	MaskinportenDelegationSource string `conf:"" placeholder:"URL"`
	// MaskinportenPrivate lets keys be fetched over http and from addresses that
	// are not public.
	MaskinportenPrivate bool `conf:""`
}

// set reports whether anything is said of Maskinporten.
func (f maskinportenFlags) set() bool {
	return f.MaskinportenIssuer != "" || f.MaskinportenAudience != "" || len(f.MaskinportenScope) > 0 || f.MaskinportenJWKS != "" || f.MaskinportenDelegationSource != ""
}

// config reads the flags; add hears all that is wrong.
func (f maskinportenFlags) config(add func(key string, args ...any)) maskinporten.Config {
	c := maskinporten.Config{
		Issuer: f.MaskinportenIssuer, Audience: f.MaskinportenAudience, Keys: f.MaskinportenJWKS, DelegationSource: f.MaskinportenDelegationSource,
		AllowPrivate: f.MaskinportenPrivate, Scopes: map[string][]access.Role{},
	}
	if !f.set() {
		return c
	}
	known := maskinporten.Roles()
	for _, text := range f.MaskinportenScope {
		// A scope may have an equals sign, a role not.
		at := strings.LastIndex(text, "=")
		if at < 1 || strings.ContainsAny(text[:at], " \t") {
			add("cli.serve.maskinporten-scope", "Value", text)
			continue
		}
		scope := text[:at]
		if c.Scopes[scope] != nil {
			add("cli.serve.maskinporten-scope-twice", "Scope", scope)
		}
		for name := range strings.SplitSeq(text[at+1:], ",") {
			role := access.Role(strings.TrimSpace(name))
			if !slices.Contains(known, role) {
				add("cli.serve.maskinporten-role", "Role", string(role), "Known", roleList(known))
			}
			c.Scopes[scope] = append(c.Scopes[scope], role)
		}
	}
	err := c.Check()
	for _, fault := range []struct {
		is  error
		key string
	}{
		{maskinporten.ErrIssuer, "cli.serve.maskinporten-issuer"}, {maskinporten.ErrAudience, "cli.serve.maskinporten-audience"},
		{maskinporten.ErrKeys, "cli.serve.maskinporten-jwks"},
	} {
		if errors.Is(err, fault.is) {
			add(fault.key, "Issuer", f.MaskinportenIssuer, "Keys", f.MaskinportenJWKS)
		}
	}
	if len(f.MaskinportenScope) == 0 {
		add("cli.serve.maskinporten-no-scope")
	}
	return c
}

func roleList(roles []access.Role) string {
	var all []string
	for _, r := range roles {
		all = append(all, string(r))
	}
	return strings.Join(all, ", ")
}

// machines finds the actors behind both kinds of tokens.
type machines struct {
	own *organisation.Service
	// maskinporten is nil when its tokens are not taken.
	maskinporten *maskinporten.Verifier
}

// Authenticate implements httpd.Authenticator.
func (m machines) Authenticate(ctx context.Context, secret string) (access.Actor, time.Time, error) {
	if m.maskinporten != nil && !organisation.IsSecret(secret) && maskinporten.Looks(secret) {
		return m.maskinporten.Authenticate(ctx, secret)
	}
	return m.own.Authenticate(ctx, secret)
}

// authenticator makes what finds the actors behind tokens.
func (v *server) authenticator(in *installation) (httpd.Authenticator, error) {
	m := machines{own: in.tokens}
	if !v.maskinportenFlags.set() {
		return m, nil
	}
	c := v.config(func(string, ...any) {}) // the flags were checked
	c.Now, c.Log = in.now, v.logger
	c.Name = func(ctx context.Context, n organisation.Number) string {
		s, err := in.store.Supplier(ctx, n)
		if err != nil {
			return "" // the number will do
		}
		return s.Name
	}
	var err error
	m.maskinporten, err = maskinporten.New(c)
	return m, err
}

// follows has what happens to tokens reach the server's memory of them.
func follows(tokens *organisation.Service, h *httpd.Server, logger *slog.Logger) {
	tokens.Uses = organisation.NewUses(tokens.Store, logger)
	tokens.Revoked = func(t organisation.Token) { h.ForgetToken(t.Hash) }
}
