package oidc

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	gooidc "github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"felleskrav/internal/login"
)

const maxCode = 4096 // bytes

// refusals are the error codes of RFC 6749 §4.1.2.1, OpenID Connect Core
// §3.1.2.6 and OpenID Connect Unmet Authentication Requirements that say more
// than that something is wrong between this service and the provider.
var refusals = map[string]error{
	"access_denied":                     login.ErrCancelled,
	"login_required":                    login.ErrCancelled,
	"consent_required":                  login.ErrCancelled,
	"interaction_required":              login.ErrCancelled,
	"account_selection_required":        login.ErrCancelled,
	"unmet_authentication_requirements": login.ErrACR,
	"temporarily_unavailable":           login.ErrUnavailable,
	"server_error":                      login.ErrUnavailable,
}

// Finish implements login.Provider.
func (c *Client) Finish(ctx context.Context, a login.Attempt, params url.Values) (login.Proof, error) {
	p, err := c.discover(ctx)
	if err != nil {
		return login.Proof{}, err
	}
	// Another provider's answer to the same browser (RFC 9207).
	if iss := params["iss"]; len(iss) > 1 || len(iss) == 1 && iss[0] != c.config.Issuer || len(iss) == 0 && p.says {
		return login.Proof{}, login.ErrAnswer.Because(errors.New("the answer is another issuer's"))
	}
	if code := params.Get("error"); code != "" {
		if err, ok := refusals[code]; ok {
			return login.Proof{}, err
		}
		return login.Proof{}, login.ErrAnswer.Because(fmt.Errorf("the provider answered %.40q", code))
	}
	code := params["code"]
	if len(code) != 1 || code[0] == "" || len(code[0]) > maxCode {
		return login.Proof{}, login.ErrAnswer.Because(errors.New("the answer has no code"))
	}
	tokens, err := c.exchange(ctx, p, a, code[0])
	if err != nil {
		return login.Proof{}, err
	}
	raw, _ := tokens.Extra("id_token").(string)
	if raw == "" {
		return login.Proof{}, login.ErrAnswer.Because(errors.New("there is no id_token"))
	}
	return c.prove(ctx, p, a, raw, tokens.AccessToken)
}

// exchange gives the code for tokens. Its errors repeat nothing of the answer
// but the error code.
func (c *Client) exchange(ctx context.Context, p *provider, a login.Attempt, code string) (*oauth2.Token, error) {
	options := []oauth2.AuthCodeOption{oauth2.VerifierOption(a.Verifier)}
	if c.config.Key != nil {
		assertion, err := c.assertion()
		if err != nil {
			return nil, err
		}
		options = append(options, oauth2.SetAuthURLParam("client_assertion_type", assertionType), oauth2.SetAuthURLParam("client_assertion", assertion))
	}
	tokens, err := c.oauth(p).Exchange(gooidc.ClientContext(ctx, c.http), code, options...)
	if err == nil {
		return tokens, nil
	}
	if refused, ok := errors.AsType[*oauth2.RetrieveError](err); ok {
		status := 0
		if refused.Response != nil {
			status = refused.Response.StatusCode
		}
		cause := fmt.Errorf("the provider refused the code: status %d, %.40q", status, refused.ErrorCode)
		if status >= http.StatusInternalServerError || status == http.StatusTooManyRequests {
			return nil, login.ErrUnavailable.Because(cause)
		}
		return nil, login.ErrAnswer.Because(cause)
	}
	if _, ok := errors.AsType[*url.Error](err); ok {
		return nil, login.ErrUnavailable.Because(errors.New(clip(err)))
	}
	return nil, login.ErrAnswer.Because(errors.New("the provider gave no tokens for the code"))
}
