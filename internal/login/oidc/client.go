package oidc

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	gooidc "github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"felleskrav/internal/login"
	"felleskrav/internal/safehttp"
)

const (
	// maxAnswer is the most that is read of any answer of the provider's, in
	// bytes.
	maxAnswer = 1 << 20
	// lasting is how long what the provider says of itself is believed, keys
	// included: one that it takes away is good for nothing after that.
	lasting = time.Hour
	// pause is how long a provider that could not be reached is let alone.
	pause = 5 * time.Second
	// readyTimeout bounds how long a page waits to tell whether the provider is
	// there.
	readyTimeout = 2 * time.Second
)

// Client is this service at a provider. It is a login.Provider.
type Client struct {
	config Config
	http   *http.Client

	mu     sync.Mutex
	found  *provider
	failed error
	tried  time.Time
}

var _ login.Provider = (*Client)(nil)

// provider is what a provider says of itself.
type provider struct {
	*gooidc.Provider
	at       time.Time
	endpoint oauth2.Endpoint
	end      string
	// says tells that it names itself in its answers (RFC 9207).
	says bool
}

// New makes the client. It does not speak to the provider, which may be down.
func New(c Config) (*Client, error) {
	if err := errors.Join(c.Check()...); err != nil {
		return nil, fmt.Errorf("set up login: %w", err)
	}
	c.Timeout = cmp.Or(c.Timeout, 10*time.Second)
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Name == "" {
		u, _ := url.Parse(c.Issuer) // it was checked
		c.Name = u.Hostname()
	}
	if c.Levels == nil {
		c.Levels = login.KnownLevels()
	}
	client := safehttp.Client(safehttp.Config{Timeout: c.Timeout, AllowPrivate: c.AllowPrivate})
	// A redirect could take a secret or a code elsewhere.
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	client.Transport = capped{client.Transport}
	return &Client{config: c, http: client}, nil
}

// capped ends answers that are too long.
type capped struct{ next http.RoundTripper }

func (c capped) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := c.next.RoundTrip(req)
	if err == nil {
		resp.Body = struct {
			io.Reader
			io.Closer
		}{io.LimitReader(resp.Body, maxAnswer), resp.Body}
	}
	return resp, err
}

// Name implements login.Provider.
func (c *Client) Name() string { return c.config.Name }

// Issuer implements login.Provider.
func (c *Client) Issuer() string { return c.config.Issuer }

// Ready implements login.Provider.
func (c *Client) Ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	_, err := c.discover(ctx)
	return err
}

// discover asks the provider what it is, unless that is known. One at a time
// asks; the others wait for the answer.
func (c *Client) discover(ctx context.Context) (*provider, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.config.Now()
	if c.found != nil && now.Sub(c.found.at) < lasting {
		return c.found, nil
	}
	if c.failed != nil && now.Sub(c.tried) < pause {
		return nil, c.failed
	}
	p, err := c.ask(ctx)
	c.tried = now
	if err != nil {
		c.failed = login.ErrUnavailable.Because(fmt.Errorf("ask %s what it is: %s", c.config.Issuer, clip(err)))
		return nil, c.failed
	}
	p.at = now
	c.found, c.failed = p, nil
	return p, nil
}

func (c *Client) ask(ctx context.Context) (*provider, error) {
	found, err := gooidc.NewProvider(gooidc.ClientContext(ctx, c.http), c.config.Issuer)
	if err != nil {
		return nil, err
	}
	var more struct {
		Keys    string   `json:"jwks_uri"`
		End     string   `json:"end_session_endpoint"`
		Says    bool     `json:"authorization_response_iss_parameter_supported"`
		Methods []string `json:"token_endpoint_auth_methods_supported"`
	}
	if err := found.Claims(&more); err != nil {
		return nil, err
	}
	p := &provider{Provider: found, endpoint: found.Endpoint(), end: more.End, says: more.Says}
	for _, address := range []string{p.endpoint.AuthURL, p.endpoint.TokenURL, more.Keys} {
		if err := c.checkEndpoint(address); err != nil {
			return nil, err
		}
	}
	if c.checkEndpoint(p.end) != nil {
		p.end = "" // one can do without
	}
	p.endpoint.AuthStyle = oauth2.AuthStyleInHeader
	if c.config.Key != nil || len(more.Methods) > 0 && !slices.Contains(more.Methods, "client_secret_basic") {
		p.endpoint.AuthStyle = oauth2.AuthStyleInParams
	}
	return p, nil
}

// checkEndpoint refuses addresses that are less safe than the issuer's own.
func (c *Client) checkEndpoint(address string) error {
	u, err := url.Parse(address)
	if err != nil || safehttp.CheckURL(u) != nil || u.Fragment != "" {
		return fmt.Errorf("%q is no endpoint", address)
	}
	if u.Scheme == "https" || c.config.AllowPrivate && loopback(u.Hostname()) {
		return nil
	}
	return fmt.Errorf("endpoint %q is not https", address)
}

// clip shortens the text of an error, in which a library may have put a whole
// answer.
func clip(err error) string {
	const most = 300
	s := err.Error()
	if len(s) > most {
		s = s[:most] + "…"
	}
	return s
}

func (c *Client) oauth(p *provider) *oauth2.Config {
	scopes := append([]string{gooidc.ScopeOpenID}, c.config.Scopes...)
	slices.Sort(scopes)
	return &oauth2.Config{
		ClientID: c.config.ClientID, ClientSecret: c.config.Secret, Endpoint: p.endpoint,
		RedirectURL: c.config.BaseURL + CallbackPath, Scopes: slices.Compact(scopes),
	}
}

// Begin implements login.Provider.
func (c *Client) Begin(ctx context.Context, ask login.Ask) (login.Attempt, string, error) {
	p, err := c.discover(ctx)
	if err != nil {
		return login.Attempt{}, "", err
	}
	a := login.Attempt{State: rand.Text(), Nonce: rand.Text(), Verifier: oauth2.GenerateVerifier()}
	options := []oauth2.AuthCodeOption{gooidc.Nonce(a.Nonce), oauth2.S256ChallengeOption(a.Verifier)}
	set := func(name, value string) { options = append(options, oauth2.SetAuthURLParam(name, value)) }
	if ask.ACR != "" {
		set("acr_values", ask.ACR)
	}
	if ask.Lang != "" {
		set("ui_locales", ask.Lang)
	}
	if len(c.config.Resources) > 0 {
		details := make([]map[string]string, 0, len(c.config.Resources))
		for _, r := range c.config.Resources {
			details = append(details, map[string]string{"type": detailType, "resource": r})
		}
		b, err := json.Marshal(details)
		if err != nil {
			return login.Attempt{}, "", fmt.Errorf("begin login: %w", err)
		}
		set("authorization_details", string(b))
	}
	return a, c.oauth(p).AuthCodeURL(a.State, options...), nil
}

// End implements login.Provider.
func (c *Client) End(hint string) string {
	c.mu.Lock()
	p := c.found
	c.mu.Unlock()
	if p == nil || p.end == "" {
		return ""
	}
	u, err := url.Parse(p.end)
	if err != nil {
		return ""
	}
	q := u.Query()
	q.Set("client_id", c.config.ClientID)
	q.Set("post_logout_redirect_uri", c.config.BaseURL+AfterLogoutPath)
	if hint != "" {
		q.Set("id_token_hint", hint)
	}
	u.RawQuery = q.Encode()
	return u.String()
}

// Origins implements login.Provider: the issuer's, and those of the pages that
// it shows.
func (c *Client) Origins() []string {
	c.mu.Lock()
	p := c.found
	c.mu.Unlock()
	addresses := []string{c.config.Issuer}
	if p != nil {
		addresses = append(addresses, p.endpoint.AuthURL, p.end)
	}
	var out []string
	for _, address := range addresses {
		if u, err := url.Parse(address); err == nil && u.Host != "" {
			out = append(out, u.Scheme+"://"+u.Host)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
