package oidc

import (
	"crypto"
	"errors"
	"net"
	"net/url"
	"slices"
	"strings"
	"time"

	"felleskrav/internal/login"
	"felleskrav/internal/safehttp"
)

// Config says which provider to use and how this service is known there.
type Config struct {
	// Issuer is the provider's address, exactly as in its tokens: https, or http
	// to this machine when AllowPrivate is set.
	Issuer string
	// Name is what people know the provider by.
	Name string
	// ClientID is this service's name there. It proves it with either Secret or
	// Key (private_key_jwt, RFC 7523): RSA of at least 2048 bits, or P-256.
	ClientID string
	Secret   string
	Key      crypto.Signer
	// KeyID names the key to the provider; "" is its thumbprint (RFC 7638).
	KeyID string
	// Scopes are asked for; openid always is.
	Scopes []string
	// Resources are the rights that are asked about, as authorization details of
	// type ansattporten:altinn:resource. None means that nothing is asked.
	Resources []string
	// BaseURL is where people reach this service, without a slash at the end.
	BaseURL string
	// Levels compare what was asked for with what was done.
	Levels login.Levels
	// AllowPrivate lets the provider have an address that is not public.
	AllowPrivate bool
	// Timeout bounds each question to the provider. Zero means ten seconds.
	Timeout time.Duration
	// Now is the clock.
	Now func() time.Time
}

// Paths below BaseURL that must be made known to the provider.
const (
	CallbackPath           = "/login/oidc/callback"
	FrontchannelLogoutPath = "/login/oidc/frontchannel-logout"
	// AfterLogoutPath is where browsers come back to after logging out there.
	AfterLogoutPath = "/"
)

// Faults in a configuration.
var (
	ErrIssuer   = errors.New("issuer is not an https address without query")
	ErrPrivate  = errors.New("issuer is on this machine or on plain http, which must be allowed")
	ErrClientID = errors.New("client id is empty")
	ErrProof    = errors.New("one of secret and key must be given")
	ErrKey      = errors.New("key is neither RSA of at least 2048 bits nor P-256")
	ErrScope    = errors.New("scope is not one word")
	ErrResource = errors.New("resource is not one word")
)

// Check gives everything that is wrong with the configuration.
func (c Config) Check() []error {
	var out []error
	if err := checkIssuer(c.Issuer, c.AllowPrivate); err != nil {
		out = append(out, err)
	}
	if c.ClientID == "" {
		out = append(out, ErrClientID)
	}
	if (c.Secret == "") == (c.Key == nil) {
		out = append(out, ErrProof)
	}
	if c.Key != nil {
		if _, err := algorithm(c.Key); err != nil {
			out = append(out, err)
		}
	}
	word := func(s string) bool { return s != "" && !strings.ContainsAny(s, " \t\r\n\"\\") }
	if slices.ContainsFunc(c.Scopes, func(s string) bool { return !word(s) }) {
		out = append(out, ErrScope)
	}
	if slices.ContainsFunc(c.Resources, func(s string) bool { return !word(s) }) {
		out = append(out, ErrResource)
	}
	return out
}

func checkIssuer(issuer string, private bool) error {
	u, err := url.Parse(issuer)
	if err != nil || safehttp.CheckURL(u) != nil || u.RawQuery != "" || u.Fragment != "" || strings.Contains(issuer, "?") || strings.Contains(issuer, "#") {
		return ErrIssuer
	}
	here := loopback(u.Hostname())
	switch {
	case u.Scheme == "http" && !here:
		return ErrIssuer
	case here && !private:
		return ErrPrivate
	}
	return nil
}

func loopback(host string) bool {
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}
