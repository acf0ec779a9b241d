package oidctest

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

// Names that both providers know.
const (
	ClientID = "felleskrav-test"
	Secret   = "a secret & a half"
)

// Person is who logs in at a provider, at once and without being asked.
type Person struct {
	Subject, Name string
	// ACRs are the levels the person can reach, from the least. The one that is
	// asked for is used when it is here, else the last.
	ACRs []string
	// SID is the provider's session.
	SID string
	// More are further claims of the id_token.
	More map[string]any
}

// Provider is a provider that follows the standard.
type Provider struct {
	// URL is the issuer.
	URL string
	// Ended are the subjects whose sessions were ended at end_session_endpoint.
	Ended []string
	// Details are the authorization_details of the last request.
	Details string

	mu       sync.Mutex
	person   Person
	key      *rsa.PrivateKey
	keyID    string
	requests map[string]*request
	codes    map[string]string
	client   client
	op.Storage
}

// NewProvider starts a provider. clientKey is the key of the client when it
// proves itself with one, else nil.
func NewProvider(t *testing.T, clientKey *rsa.PublicKey, redirects ...string) *Provider {
	t.Helper()
	p := &Provider{requests: map[string]*request{}, codes: map[string]string{}}
	p.client = client{redirects: redirects, key: clientKey}
	p.key, p.keyID = firstKey(), rand.Text()
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	p.URL = server.URL
	config := &op.Config{CodeMethodS256: true, AuthMethodPost: true, AuthMethodPrivateKeyJWT: true, CryptoKeyId: "test"}
	if _, err := rand.Read(config.CryptoKey[:]); err != nil {
		t.Fatal(err)
	}
	provider, err := op.NewProvider(config, p, op.StaticIssuer(p.URL), op.WithAllowInsecure(), op.WithLogger(slog.New(slog.DiscardHandler)))
	if err != nil {
		t.Fatal(err)
	}
	callback := op.AuthCallbackURL(provider)
	mux.HandleFunc("/person", func(w http.ResponseWriter, r *http.Request) {
		id := r.FormValue("id")
		p.mu.Lock()
		if q := p.requests[id]; q != nil {
			q.settle(p.person)
		}
		p.mu.Unlock()
		http.Redirect(w, r, callback(op.ContextWithIssuer(r.Context(), p.URL), id), http.StatusFound)
	})
	mux.HandleFunc("/authorize", func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		p.Details = r.FormValue("authorization_details")
		p.mu.Unlock()
		provider.ServeHTTP(w, r)
	})
	mux.Handle("/", provider)
	return p
}

// Is says who logs in from now on.
func (p *Provider) Is(person Person) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.person = person
}

// Rotate takes another key into use and forgets the one before.
func (p *Provider) Rotate(t *testing.T) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.key, p.keyID = key, rand.Text()
}

// client is the one client that the provider has.
type client struct {
	redirects []string
	key       *rsa.PublicKey
}

func (c client) GetID() string                       { return ClientID }
func (c client) RedirectURIs() []string              { return c.redirects }
func (c client) PostLogoutRedirectURIs() []string    { return c.redirects }
func (c client) ApplicationType() op.ApplicationType { return op.ApplicationTypeWeb }
func (c client) AuthMethod() oidc.AuthMethod {
	if c.key != nil {
		return oidc.AuthMethodPrivateKeyJWT
	}
	return oidc.AuthMethodBasic
}
func (c client) ResponseTypes() []oidc.ResponseType {
	return []oidc.ResponseType{oidc.ResponseTypeCode}
}
func (c client) GrantTypes() []oidc.GrantType        { return []oidc.GrantType{oidc.GrantTypeCode} }
func (c client) LoginURL(id string) string           { return "/person?" + url.Values{"id": {id}}.Encode() }
func (c client) AccessTokenType() op.AccessTokenType { return op.AccessTokenTypeBearer }
func (c client) IDTokenLifetime() time.Duration      { return 2 * time.Minute }
func (c client) DevMode() bool                       { return true }
func (c client) RestrictAdditionalIdTokenScopes() func([]string) []string {
	return func(s []string) []string { return s }
}
func (c client) RestrictAdditionalAccessTokenScopes() func([]string) []string {
	return func(s []string) []string { return s }
}
func (c client) IsScopeAllowed(string) bool           { return true }
func (c client) IDTokenUserinfoClaimsAssertion() bool { return true }
func (c client) ClockSkew() time.Duration             { return 0 }

// request is a login under way.
type request struct {
	*oidc.AuthRequest
	id     string
	person Person
	acr    string
	done   bool
}

func (q *request) settle(p Person) {
	q.person, q.done = p, true
	for _, acr := range p.ACRs {
		q.acr = acr
		if slices.Contains(q.ACRValues, acr) {
			break
		}
	}
}

func (q *request) GetID() string          { return q.id }
func (q *request) GetACR() string         { return q.acr }
func (q *request) GetAMR() []string       { return nil }
func (q *request) GetAudience() []string  { return []string{q.ClientID} }
func (q *request) GetAuthTime() time.Time { return time.Now() }
func (q *request) GetClientID() string    { return q.ClientID }
func (q *request) GetCodeChallenge() *oidc.CodeChallenge {
	return &oidc.CodeChallenge{Challenge: q.CodeChallenge, Method: q.CodeChallengeMethod}
}
func (q *request) GetNonce() string                   { return q.Nonce }
func (q *request) GetRedirectURI() string             { return q.RedirectURI }
func (q *request) GetResponseType() oidc.ResponseType { return q.ResponseType }
func (q *request) GetResponseMode() oidc.ResponseMode { return q.ResponseMode }
func (q *request) GetScopes() []string                { return q.Scopes }
func (q *request) GetState() string                   { return q.State }
func (q *request) GetSubject() string                 { return q.person.Subject }
func (q *request) Done() bool                         { return q.done }

var errGone = errors.New("no such thing")

// CreateAuthRequest implements op.Storage, as do those below.
func (p *Provider) CreateAuthRequest(_ context.Context, r *oidc.AuthRequest, _ string) (op.AuthRequest, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	q := &request{AuthRequest: r, id: rand.Text()}
	p.requests[q.id] = q
	return q, nil
}

// AuthRequestByID finds a login under way.
func (p *Provider) AuthRequestByID(_ context.Context, id string) (op.AuthRequest, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if q, ok := p.requests[id]; ok {
		return q, nil
	}
	return nil, errGone
}

// AuthRequestByCode finds it by its code.
func (p *Provider) AuthRequestByCode(ctx context.Context, code string) (op.AuthRequest, error) {
	p.mu.Lock()
	id, ok := p.codes[code]
	p.mu.Unlock()
	if !ok {
		return nil, errGone
	}
	return p.AuthRequestByID(ctx, id)
}

// SaveAuthCode keeps a code.
func (p *Provider) SaveAuthCode(_ context.Context, id, code string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.codes[code] = id
	return nil
}

// DeleteAuthRequest ends a login: its code is good once.
func (p *Provider) DeleteAuthRequest(_ context.Context, id string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.requests, id)
	return nil
}

// CreateAccessToken names an access token, which is good for nothing.
func (p *Provider) CreateAccessToken(context.Context, op.TokenRequest) (string, time.Time, error) {
	return rand.Text(), time.Now().Add(time.Minute), nil
}

// TerminateSession ends a session.
func (p *Provider) TerminateSession(_ context.Context, subject, _ string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.Ended = append(p.Ended, subject)
	return nil
}

// SigningKey is the key in use.
func (p *Provider) SigningKey(context.Context) (op.SigningKey, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return key{p.key, p.keyID}, nil
}

// SignatureAlgorithms are those of the key.
func (p *Provider) SignatureAlgorithms(context.Context) ([]jose.SignatureAlgorithm, error) {
	return []jose.SignatureAlgorithm{jose.RS256}, nil
}

// KeySet is the key in use, in public.
func (p *Provider) KeySet(context.Context) ([]op.Key, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return []op.Key{publicKey{key{p.key, p.keyID}}}, nil
}

type key struct {
	key *rsa.PrivateKey
	id  string
}

func (k key) SignatureAlgorithm() jose.SignatureAlgorithm { return jose.RS256 }
func (k key) Algorithm() jose.SignatureAlgorithm          { return jose.RS256 }
func (k key) Key() any                                    { return k.key }
func (k key) ID() string                                  { return k.id }
func (k key) Use() string                                 { return "sig" }

type publicKey struct{ key }

func (k publicKey) Key() any { return &k.key.key.PublicKey }

// GetClientByClientID finds the client.
func (p *Provider) GetClientByClientID(_ context.Context, id string) (op.Client, error) {
	if id != ClientID {
		return nil, errGone
	}
	return p.client, nil
}

// AuthorizeClientIDSecret knows the client by its secret.
func (p *Provider) AuthorizeClientIDSecret(_ context.Context, id, secret string) error {
	if id != ClientID || secret != Secret || p.client.key != nil {
		return errGone
	}
	return nil
}

// GetKeyByIDAndClientID knows the client by its key.
func (p *Provider) GetKeyByIDAndClientID(_ context.Context, id, clientID string) (*jose.JSONWebKey, error) {
	if p.client.key == nil || clientID != ClientID || id == "" {
		return nil, errGone
	}
	return &jose.JSONWebKey{Key: p.client.key, KeyID: id, Algorithm: string(jose.RS256), Use: "sig"}, nil
}

// SetUserinfoFromScopes does nothing, as it should.
func (p *Provider) SetUserinfoFromScopes(context.Context, *oidc.UserInfo, string, string, []string) error {
	return nil
}

// SetUserinfoFromRequest says who the person is.
func (p *Provider) SetUserinfoFromRequest(_ context.Context, info *oidc.UserInfo, r op.IDTokenRequest, _ []string) error {
	q, ok := r.(*request)
	if !ok {
		return errGone
	}
	info.Subject, info.Name = q.person.Subject, q.person.Name
	if q.person.SID != "" {
		info.AppendClaims("sid", q.person.SID)
	}
	for name, value := range q.person.More {
		info.AppendClaims(name, value)
	}
	return nil
}

// GetPrivateClaimsFromScopes gives none.
func (p *Provider) GetPrivateClaimsFromScopes(context.Context, string, string, []string) (map[string]any, error) {
	return nil, nil //nolint:nilnil // none is right
}

// Health is good.
func (p *Provider) Health(context.Context) error { return nil }

// Right is an authorization detail as Ansattporten writes them, for each
// organisation number one reportee.
func Right(resource string, numbers ...string) map[string]any {
	reportees := []map[string]any{}
	for _, n := range numbers {
		reportees = append(reportees, map[string]any{"Rights": []string{"access"}, "Authority": "iso6523-actorid-upis", "ID": "0192:" + n, "Name": "Virksomhet " + n})
	}
	return map[string]any{"type": "ansattporten:altinn:resource", "resource": resource, "reportees": reportees}
}

// JSON reads a value as a test would write it.
func JSON(t *testing.T, text string) any {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatal(err)
	}
	return v
}
