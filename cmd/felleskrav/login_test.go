package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Everything that is wrong with the login is told at the start, at once, and
// no secret with it.
func TestLoginIsCheckedAtStart(t *testing.T) {
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("very-secret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	good := []string{"--oidc-issuer", "https://issuer.example", "--oidc-client-id", "felleskrav", "--base-url", "https://felleskrav.example"}
	for name, c := range map[string]struct {
		args []string
		env  map[string]string
		want []string
	}{
		"no proof":         {good, nil, []string{"--oidc-client-secret"}},
		"both proofs":      {append(good, "--oidc-client-key", secret), map[string]string{"FELLESKRAV_OIDC_CLIENT_SECRET_FILE": secret}, []string{"--oidc-client-key", "--oidc-client-secret"}},
		"no key":           {append(good, "--oidc-client-key", secret+"x"), nil, []string{"--oidc-client-key"}},
		"secret in a file": {append(good, "--oidc-right", "x=editor"), map[string]string{"FELLESKRAV_OIDC_CLIENT_SECRET_FILE": secret}, []string{"--oidc-right"}},
		"several": {[]string{
			"--oidc-issuer", "http://127.0.0.1:1", "--oidc-client-secret", "very-secret", "--base-url", "http://felleskrav.example", "--oidc-right", "x", "--oidc-right", "urn:a:b=supplier,nobody",
			"--oidc-acr", "high", "--oidc-acr-signing", "substantial", "--login-idle", "1s",
		}, nil, []string{"--oidc-private", "--oidc-client-id", "--base-url", "«x»", "nobody", "--oidc-acr-signing", "--login-idle"}},
		"alone":       {[]string{"--oidc-client-id", "felleskrav"}, nil, []string{"--oidc-issuer"}},
		"not https":   {[]string{"--oidc-issuer", "ftp://x", "--oidc-client-id", "x", "--oidc-client-secret", "very-secret"}, nil, []string{"--oidc-issuer"}},
		"environment": {nil, map[string]string{"FELLESKRAV_OIDC_ISSUER": "https://issuer.example", "FELLESKRAV_OIDC_CLIENT_ID": "x", "FELLESKRAV_OIDC_CLIENT_SECRET": "very-secret", "FELLESKRAV_OIDC_RIGHT": "urn:a=supplier,procurement;urn:b=boss"}, []string{"urn:b=boss"}},
	} {
		t.Run(name, func(t *testing.T) {
			r := here(t, c.env, "", append([]string{"serve", "--listen", "127.0.0.1:0", "--data-dir", t.TempDir()}, c.args...)...)
			if r.code != 2 {
				t.Fatalf("ended with %d:\n%s", r.code, r.stderr)
			}
			for _, w := range c.want {
				if !strings.Contains(r.stderr, w) {
					t.Errorf("%q is not told:\n%s", w, r.stderr)
				}
			}
			if strings.Contains(r.stderr, "very-secret") {
				t.Errorf("the secret is told:\n%s", r.stderr)
			}
			if name == "environment" && strings.Contains(r.stderr, "urn:a=") {
				t.Errorf("a right that is good is told:\n%s", r.stderr)
			}
		})
	}
}
