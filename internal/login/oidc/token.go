package oidc

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	gooidc "github.com/coreos/go-oidc/v3/oidc"

	"felleskrav/internal/login"
	"felleskrav/internal/problem"
)

const (
	// maxAge is how old a token may be that answers an attempt.
	maxAge = 10 * time.Minute
	// skew is how far the provider's clock may be ahead.
	skew = time.Minute
	// maxSubject is the longest subject, in bytes (OpenID Connect Core §2).
	maxSubject = 255
	maxName    = 100 // characters
)

// algorithms are those that a token may be signed with: no secret shared with
// the provider, and never none.
var algorithms = []string{gooidc.RS256, gooidc.RS384, gooidc.RS512, gooidc.ES256, gooidc.PS256}

// claims are what is read of a token beside what the library reads.
type claims struct {
	AuthorizedParty string         `json:"azp"`
	ACR             string         `json:"acr"`
	AuthTime        int64          `json:"auth_time"`
	Session         string         `json:"sid"`
	Name            string         `json:"name"`
	Details         detailedClaims `json:"authorization_details"`
	// National is a Norwegian national identity number. It is looked at for two
	// reasons only: it must not be the subject, and a token that has it is not
	// kept.
	National any `json:"pid"`
}

// prove checks everything about an id_token (OpenID Connect Core §3.1.3.7).
func (c *Client) prove(ctx context.Context, p *provider, a login.Attempt, raw, access string) (login.Proof, error) {
	refuse := func(format string, args ...any) (login.Proof, error) {
		return login.Proof{}, login.ErrAnswer.Because(fmt.Errorf(format, args...))
	}
	verifier := p.VerifierContext(gooidc.ClientContext(ctx, c.http), &gooidc.Config{ClientID: c.config.ClientID, SupportedSigningAlgs: algorithms, Now: c.config.Now})
	t, err := verifier.Verify(ctx, raw)
	if err != nil {
		return refuse("id_token: %s", clip(err))
	}
	var more claims
	if err := t.Claims(&more); err != nil {
		return refuse("id_token: its claims cannot be read")
	}
	now := c.config.Now()
	switch {
	case t.Issuer != c.config.Issuer:
		return refuse("id_token: it is another issuer's")
	case a.Nonce == "" || t.Nonce != a.Nonce:
		return refuse("id_token: the nonce is not that of the attempt")
	case t.IssuedAt.IsZero() || t.IssuedAt.Unix() <= 0 || t.IssuedAt.After(now.Add(skew)) || now.Sub(t.IssuedAt) > maxAge:
		return refuse("id_token: iat is not of now")
	case !t.Expiry.After(now):
		return refuse("id_token: it has expired")
	case more.AuthorizedParty != "" && more.AuthorizedParty != c.config.ClientID, len(t.Audience) > 1 && more.AuthorizedParty == "":
		return refuse("id_token: azp is not this service")
	case slices.Contains(t.Audience, ""):
		return refuse("id_token: aud is empty")
	case t.Subject == "" || len(t.Subject) > maxSubject || !problem.Shows(t.Subject):
		return refuse("id_token: sub is no subject")
	case more.National != nil && fmt.Sprint(more.National) == t.Subject:
		return refuse("id_token: sub is a national identity number")
	case !c.config.Levels.AtLeast(more.ACR, a.ACR):
		return login.Proof{}, login.ErrACR.Because(fmt.Errorf("acr is %.60q", more.ACR))
	}
	if t.AccessTokenHash != "" {
		if err := t.VerifyAccessToken(access); err != nil {
			return refuse("id_token: at_hash is not that of the access token")
		}
	}
	out := login.Proof{Session: more.Session, Identity: login.Identity{
		Issuer: t.Issuer, Subject: t.Subject, Name: tidy(more.Name), ACR: more.ACR, Reportees: more.Details.reportees(c.config.Resources),
	}}
	if more.AuthTime > 0 {
		out.Identity.AuthTime = time.Unix(more.AuthTime, 0).UTC()
	}
	if more.National == nil {
		out.Hint = raw
	}
	return out, nil
}

// tidy makes a name of the provider's one that can be shown, or "".
func tidy(name string) string {
	name = strings.TrimSpace(name)
	if !problem.Shows(name) || strings.ContainsAny(name, "\r\n\t") {
		return ""
	}
	if utf8.RuneCountInString(name) > maxName {
		name = string([]rune(name)[:maxName])
	}
	return name
}
