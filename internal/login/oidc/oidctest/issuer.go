package oidctest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// Issuer is a provider that says whatever it is told to. What is not told is
// as it should be.
type Issuer struct {
	// URL is the issuer.
	URL string

	// The fields below are changed before a login begins.

	// Claims changes the claims of an id_token.
	Claims func(map[string]any)
	// Sign makes the id_token; nil is Signed with Key and RS256.
	Sign func(claims map[string]any) string
	// Callback changes what the browser brings back.
	Callback func(url.Values)
	// Discovery changes what the issuer says of itself.
	Discovery func(map[string]any)
	// Token answers in place of the token endpoint.
	Token http.HandlerFunc
	// Key signs; Published is the key that is shown to be the issuer's.
	Key       *rsa.PrivateKey
	Published []jose.JSONWebKey
	// EC is a second key, P-256.
	EC *ecdsa.PrivateKey
	// Asked are the parameters of the last authorization request, and Form that
	// of the last token request.
	Asked, Form url.Values

	mu    sync.Mutex
	codes map[string]url.Values
}

// KeyID names the issuer's RSA key, ECKeyID the other.
const (
	KeyID   = "one"
	ECKeyID = "two"
)

// NewIssuer starts an issuer.
func NewIssuer(t *testing.T) *Issuer {
	t.Helper()
	i := &Issuer{codes: map[string]url.Values{}}
	i.Key = firstKey()
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	i.EC = ec
	i.Published = []jose.JSONWebKey{{Key: &i.Key.PublicKey, KeyID: KeyID, Use: "sig"}, {Key: &ec.PublicKey, KeyID: ECKeyID, Use: "sig"}}
	mux := http.NewServeMux()
	mux.HandleFunc("/.well-known/openid-configuration", i.discovery)
	mux.HandleFunc("/jwks", func(w http.ResponseWriter, _ *http.Request) { answer(w, jose.JSONWebKeySet{Keys: i.Published}) })
	mux.HandleFunc("/authorize", i.authorize)
	mux.HandleFunc("/token", i.token)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	i.URL = server.URL
	return i
}

// firstKey is the key that every provider begins with: making one takes long.
var firstKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

// NewKey makes an RSA key.
func NewKey(t *testing.T) *rsa.PrivateKey {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(v); err != nil {
		panic(http.ErrAbortHandler)
	}
}

func (i *Issuer) discovery(w http.ResponseWriter, _ *http.Request) {
	d := map[string]any{
		"issuer": i.URL, "authorization_endpoint": i.URL + "/authorize", "token_endpoint": i.URL + "/token", "jwks_uri": i.URL + "/jwks",
		"end_session_endpoint":                  i.URL + "/end",
		"response_types_supported":              []string{"code"},
		"subject_types_supported":               []string{"pairwise"},
		"id_token_signing_alg_values_supported": []string{"RS256", "none", "HS256"},
	}
	if i.Discovery != nil {
		i.Discovery(d)
	}
	answer(w, d)
}

func (i *Issuer) authorize(w http.ResponseWriter, r *http.Request) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.Asked = r.URL.Query()
	code := rand.Text()
	i.codes[code] = i.Asked
	back := url.Values{"code": {code}, "state": {i.Asked.Get("state")}}
	if i.Callback != nil {
		i.Callback(back)
	}
	http.Redirect(w, r, i.Asked.Get("redirect_uri")+"?"+back.Encode(), http.StatusFound)
}

func (i *Issuer) token(w http.ResponseWriter, r *http.Request) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if r.ParseForm() != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	i.Form = r.PostForm
	if i.Token != nil {
		i.Token(w, r)
		return
	}
	asked, ok := i.codes[r.PostForm.Get("code")]
	delete(i.codes, r.PostForm.Get("code"))
	verifier := sha256.Sum256([]byte(r.PostForm.Get("code_verifier")))
	if !ok || asked.Get("code_challenge_method") != "S256" || asked.Get("code_challenge") != base64.RawURLEncoding.EncodeToString(verifier[:]) ||
		asked.Get("redirect_uri") != r.PostForm.Get("redirect_uri") {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusBadRequest)
		_, _ = w.Write([]byte(`{"error":"invalid_grant"}`))
		return
	}
	now := time.Now()
	claims := map[string]any{
		"iss": i.URL, "aud": ClientID, "sub": "subject-1", "iat": now.Unix(), "exp": now.Add(2 * time.Minute).Unix(), "auth_time": now.Unix(),
		"nonce": asked.Get("nonce"), "acr": "substantial", "sid": "session-1",
	}
	if i.Claims != nil {
		i.Claims(claims)
	}
	sign := i.Sign
	if sign == nil {
		sign = func(c map[string]any) string { return Signed(jose.RS256, i.Key, KeyID, c) }
	}
	answer(w, map[string]any{"access_token": "access", "token_type": "Bearer", "expires_in": 60, "id_token": sign(claims)})
}

// Signed makes a token with any algorithm that the library has.
func Signed(alg jose.SignatureAlgorithm, key any, id string, claims map[string]any) string {
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: jose.JSONWebKey{Key: key, KeyID: id}}, nil)
	if err != nil {
		panic(err)
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		panic(err)
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		panic(err)
	}
	out, err := signed.CompactSerialize()
	if err != nil {
		panic(err)
	}
	return out
}

func unsigned(header, claims map[string]any) string {
	h, err := json.Marshal(header)
	if err != nil {
		panic(err)
	}
	c, err := json.Marshal(claims)
	if err != nil {
		panic(err)
	}
	return base64.RawURLEncoding.EncodeToString(h) + "." + base64.RawURLEncoding.EncodeToString(c)
}

// None makes a token that says it needs no signature.
func None(claims map[string]any) string {
	return unsigned(map[string]any{"alg": "none", "kid": KeyID}, claims) + "."
}

// Confused makes a token with HS256 and the public key, which everybody has, as
// the secret.
func Confused(public crypto.PublicKey, claims map[string]any) string {
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		panic(err)
	}
	text := unsigned(map[string]any{"alg": "HS256", "kid": KeyID}, claims)
	mac := hmac.New(sha256.New, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
	mac.Write([]byte(text))
	return text + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}
