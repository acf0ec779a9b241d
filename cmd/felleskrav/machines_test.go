package main

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"felleskrav/internal/procurement"
)

// authority issues access tokens as Maskinporten does.
type authority struct {
	*httptest.Server
	key *rsa.PrivateKey
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	a := &authority{key: key}
	a.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/jwk" {
			_ = json.NewEncoder(w).Encode(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: &key.PublicKey, KeyID: "k", Use: "sig"}}})
			return
		}
		_ = json.NewEncoder(w).Encode(map[string]string{"issuer": a.URL + "/", "jwks_uri": a.URL + "/jwk"})
	}))
	t.Cleanup(a.Close)
	return a
}

func (a *authority) token(t *testing.T, org, scope string) string {
	t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: a.key}, (&jose.SignerOptions{}).WithHeader("kid", "k"))
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	payload, err := json.Marshal(map[string]any{
		"iss": a.URL + "/", "aud": "https://felleskrav.example", "scope": scope, "client_id": "c", "iat": now.Unix(), "exp": now.Add(2 * time.Minute).Unix(), "jti": rand.Text(),
		"consumer": map[string]string{"authority": "iso6523-actorid-upis", "ID": "0192:" + org},
	})
	if err != nil {
		t.Fatal(err)
	}
	jws, err := signer.Sign(payload)
	if err != nil {
		t.Fatal(err)
	}
	token, err := jws.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// TestMachines has systems of two public bodies come with tokens of both kinds:
// each does its own work and is refused the other's, on both backends.
func TestMachines(t *testing.T) {
	onBackends(t, func(t *testing.T, store []string) {
		issuer := newAuthority(t)
		server := serve(t, append([]string{
			"--maskinporten-issuer", issuer.URL + "/", "--maskinporten-audience", "https://felleskrav.example", "--maskinporten-private",
			"--maskinporten-scope", "felleskrav:anskaffelse=agency-reader,procurement", "--maskinporten-scope", "felleskrav:les=agency-reader",
		}, store...)...)
		w := &walk{t: t, dir: t.TempDir(), store: store, base: server.base}
		const mine, others = "123456785", "314168267"
		buying := issuer.token(t, mine, "felleskrav:anskaffelse")
		var p procurement.Procurement
		want(t, http.StatusCreated, http.MethodPost, w.base+"/api/v1/procurements", buying, "", map[string]any{
			"title": "Sak og arkiv", "deadline": time.Now().AddDate(0, 1, 0).Format(time.RFC3339),
			"input": map[string]any{"tasks": []string{"stotte.arkiv-og-saksbehandling"}, "deliveryModels": []string{"saas"}, "sets": []string{"skytjenester"}},
		}, &p)
		here := w.base + "/api/v1/procurements/" + p.ID
		want(t, http.StatusOK, http.MethodGet, here, buying, "", nil, nil)
		want(t, http.StatusOK, http.MethodGet, here, issuer.token(t, mine, "felleskrav:les"), "", nil, nil)
		want(t, http.StatusNotFound, http.MethodGet, here, issuer.token(t, others, "felleskrav:anskaffelse"), "", nil, nil)
		want(t, http.StatusForbidden, http.MethodPost, w.base+"/api/v1/procurements", issuer.token(t, mine, "felleskrav:les"), "", map[string]any{}, nil)
		refused := want(t, http.StatusForbidden, http.MethodGet, here, issuer.token(t, mine, "annet:les"), "", nil, nil)
		if !strings.Contains(string(refused.body), "felleskrav:anskaffelse, felleskrav:les") {
			t.Errorf("the refusal does not say which scopes there are: %s", refused.body)
		}
		tampered := buying[:len(buying)-4] + "AAAA"
		want(t, http.StatusUnauthorized, http.MethodGet, here, tampered, "", nil, nil)

		// The operator's own tokens, beside them: listed with their last use, and
		// gone some seconds after they are revoked on the machine.
		own := w.token(mine, "agency-reader")
		want(t, http.StatusOK, http.MethodGet, here, own, "", nil, nil)
		var rows []tokenRow
		for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(100 * time.Millisecond) {
			r := must(t, 0, w.dir, nil, append([]string{"token", "list", "--org", mine, "--format", "json"}, store...)...)
			if strings.Contains(r.stdout, own) {
				t.Fatal("the list shows the secret")
			}
			if err := json.Unmarshal([]byte(r.stdout), &rows); err != nil || len(rows) != 1 {
				t.Fatalf("%v: %s", err, r.stdout)
			}
			if rows[0].LastUsedAt != nil {
				break
			}
			if time.Now().After(deadline) {
				t.Fatalf("never used: %s", r.stdout)
			}
		}
		must(t, 0, w.dir, nil, append([]string{"token", "revoke", rows[0].ID}, store...)...)
		revoked := time.Now()
		for {
			a := do(t, http.MethodGet, here, own, "", nil)
			if a.status == http.StatusUnauthorized {
				break
			}
			if time.Since(revoked) > 15*time.Second {
				t.Fatalf("a revoked token still works: %d", a.status)
			}
			time.Sleep(200 * time.Millisecond)
		}
		must(t, 1, w.dir, nil, append([]string{"token", "revoke", "00000000-0000-7000-8000-000000000000"}, store...)...)
		must(t, 2, w.dir, nil, append([]string{"token", "create", "--org", mine, "--role", "agency-reader", "--ttl", "3651d"}, store...)...)
		if out := server.output(); strings.Contains(out, own) || strings.Contains(out, buying) {
			t.Error("the server logs secrets")
		}
	})
}

// All that is wrong with the flags is told at once.
func TestMaskinportenFlags(t *testing.T) {
	r := must(t, 2, t.TempDir(), nil, "serve", "--listen", "127.0.0.1:0", "--lang", "en", "--maskinporten-issuer", "http://issuer.example/", "--maskinporten-jwks", "ftp://x",
		"--maskinporten-scope", "a=editor", "--maskinporten-scope", "b", "--maskinporten-scope", "c=agency-reader", "--maskinporten-scope", "c=adviser", "--maskinporten-scope", "d=")
	for _, text := range []string{"--maskinporten-issuer", "--maskinporten-audience", "--maskinporten-jwks", "“editor”", "“b”", "c is given twice", "“”"} {
		if !strings.Contains(r.stderr, text) {
			t.Errorf("%s is not told of:\n%s", text, r.stderr)
		}
	}
}

func TestParseTTL(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"1d": 24 * time.Hour, "90d": 90 * 24 * time.Hour, "3650d": maxTTL, "12h30m": 12*time.Hour + 30*time.Minute, "1s": time.Second, "87600h": maxTTL,
		"": 0, "d": 0, "0d": 0, "-1d": 0, "3651d": 0, "99999999d": 0, "1.5d": 0, "90": 0, "x": 0, "-1h": 0, "87600h1s": 0,
	} {
		if got, err := parseTTL(text); got != want || (err == nil) != (want > 0) {
			t.Errorf("%q: %s, %v", text, got, err)
		}
	}
}
