package kms

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"felleskrav/internal/signing"
)

// TestMain builds the plugin and puts it first on PATH.
func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "felleskrav-kms-")
	if err == nil {
		err = os.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH"))
	}
	if err == nil {
		var out []byte
		if out, err = exec.Command("go", "build", "-o", filepath.Join(dir, "sigstore-kms-test"), "./kmstest").CombinedOutput(); err != nil {
			err = fmt.Errorf("%w\n%s", err, out)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "build the plugin:", err)
		os.Exit(1)
	}
	code := m.Run()
	if err := os.RemoveAll(dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	os.Exit(code)
}

// keyFile writes a key for the plugin to keep.
func keyFile(t *testing.T, dir, name string, key crypto.PrivateKey) string {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, name)
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func newKey(t *testing.T, a signing.Algorithm) crypto.Signer {
	t.Helper()
	key, err := signing.GenerateKey(a)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func TestSignsWithEveryAllowedAlgorithm(t *testing.T) {
	for _, a := range signing.Algorithms() {
		t.Run(string(a), func(t *testing.T) {
			own := newKey(t, a)
			want, err := signing.PublicOf(own)
			if err != nil {
				t.Fatal(err)
			}
			key, err := Load(t.Context(), "test://"+keyFile(t, t.TempDir(), "key.pem", own))
			if err != nil {
				t.Fatal(err)
			}
			if got, err := signing.PublicOf(key); err != nil || got.ID != want.ID || got.Algorithm != a {
				t.Fatalf("the public key is %s %s (%v), want %s %s", got.Algorithm, got.ID, err, a, want.ID)
			}
			// Longer than a pipe takes at once: for Ed25519 the whole of it goes there.
			message := bytes.Repeat([]byte("sikkerhetserklæring\n"), 10_000)
			sig, err := signing.SignMessage(key, message)
			if err != nil {
				t.Fatal(err)
			}
			if err := signing.VerifyMessage(want, message, sig); err != nil {
				t.Error(err)
			}
			bundle, err := signing.SignBundle(t.Context(), key, []byte(`{"a":1}`))
			if err != nil {
				t.Fatal(err)
			}
			if b, err := signing.ParseBundle(bundle); err != nil || b.VerifySignature(want) != nil {
				t.Errorf("the bundle does not verify (%v)", err)
			}
		})
	}
}

func TestLoadRefuses(t *testing.T) {
	dir := t.TempDir()
	p521, err := ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	rsa2560, err := rsa.GenerateKey(rand.Reader, 2560)
	if err != nil {
		t.Fatal(err)
	}
	good := "test://" + keyFile(t, dir, "key.pem", newKey(t, signing.ECDSAP256))
	// The order of PATH decides which file is the program, so these stand in a folder of their own.
	bin := t.TempDir()
	if err := os.WriteFile(filepath.Join(bin, "sigstore-kms-locked"), []byte("#!/bin/sh\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(bin, "sigstore-kms-silent"), []byte("#!/bin/sh\nexit 3\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", bin+string(os.PathListSeparator)+os.Getenv("PATH"))
	tests := []struct {
		name, uri string
		want      error
		text      string
	}{
		{"no such plugin", "nosuch://key", ErrNoPlugin, "sigstore-kms-nosuch"},
		{"not to be run", "locked://key", ErrNoPlugin, "sigstore-kms-locked"},
		{"a file", "/tmp/key.pem", ErrURI, ""},
		{"no name", "://key", ErrURI, ""},
		{"no key", "test://", ErrURI, ""},
		{"a path", "../../tmp/test://key", ErrURI, ""},
		{"a line break", "test://a\nb", ErrURI, ""},
		{"long", "test://" + strings.Repeat("a", maxURI), ErrURI, ""},
		{"no such key", "test://" + dir + "/nosuch.pem", ErrPlugin, "no such key"},
		{"fails", good + "?fail", ErrPlugin, "the token is locked"},
		{"says nothing", "silent://key", ErrAnswer, ""},
		{"garbage", good + "?garbage", ErrAnswer, ""},
		{"an empty answer", good + "?empty", ErrAnswer, ""},
		{"P-521", "test://" + keyFile(t, dir, "p521.pem", p521), signing.ErrAlgorithm, "P-521"},
		{"RSA-2560", "test://" + keyFile(t, dir, "rsa.pem", rsa2560), signing.ErrAlgorithm, "2560"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			key, err := Load(t.Context(), tt.uri)
			if !errors.Is(err, tt.want) || !strings.Contains(err.Error(), tt.text) || key != nil {
				t.Errorf("%v, %v; want %v with %q", key, err, tt.want, tt.text)
			}
		})
	}
}

// A key store that answers rubbish makes no signature and no bundle.
func TestNothingIsBelieved(t *testing.T) {
	for _, a := range []signing.Algorithm{signing.ECDSAP256, signing.ECDSAP384, signing.Ed25519, signing.RSA2048} {
		t.Run(string(a), func(t *testing.T) {
			dir := t.TempDir()
			file := keyFile(t, dir, "key.pem", newKey(t, a))
			keyFile(t, dir, "key.pem.other", newKey(t, a))
			for how, want := range map[string]error{"bad-signature": ErrAnswer, "other-key": ErrAnswer} {
				key, err := Load(t.Context(), "test://"+file+"?"+how)
				if err != nil {
					t.Fatal(err)
				}
				if b, err := signing.SignBundle(t.Context(), key, []byte(`{}`)); !errors.Is(err, want) || b != nil {
					t.Errorf("%s: %s, %v, want %v", how, b, err, want)
				}
			}
		})
	}
	file := keyFile(t, t.TempDir(), "key.pem", newKey(t, signing.ECDSAP256))
	key, err := Load(t.Context(), "test://"+file)
	if err != nil {
		t.Fatal(err)
	}
	for how, want := range map[string]error{"garbage": ErrAnswer, "empty": ErrAnswer, "fail": ErrPlugin} {
		if err := os.WriteFile(file+"."+how, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if sig, err := signing.SignMessage(key, []byte("a")); !errors.Is(err, want) || sig != nil {
			t.Errorf("%s: %x, %v, want %v", how, sig, err, want)
		}
		if err := os.Remove(file + "." + how); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := signing.SignMessage(key, []byte("a")); err != nil {
		t.Errorf("well again: %v", err)
	}
	if _, err := key.Sign(nil, make([]byte, 32), &rsa.PSSOptions{Hash: crypto.SHA256}); err == nil {
		t.Error("asked for RSA-PSS, it signed with something else")
	}
}

func TestHangingPluginIsGivenUp(t *testing.T) {
	file := keyFile(t, t.TempDir(), "key.pem", newKey(t, signing.ECDSAP256))
	const short = 300 * time.Millisecond
	for _, how := range []string{"hang", "hang-child"} {
		begin := time.Now()
		if _, err := load(t.Context(), "test://"+file+"?"+how, short, short); !errors.Is(err, ErrTimeout) {
			t.Errorf("%s: loaded with %v", how, err)
		}
		key, err := load(t.Context(), "test://"+file, loadWait, short)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file+"."+how, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		// More than may run at once: those that wait for a turn are told as well.
		var wg sync.WaitGroup
		for range 2 * atOnce {
			wg.Go(func() {
				if sig, err := signing.SignMessage(key, []byte("a")); !errors.Is(err, ErrTimeout) || sig != nil {
					t.Errorf("%s: signed with %v", how, err)
				}
			})
		}
		wg.Wait()
		if err := os.Remove(file + "." + how); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(begin); took > 40*time.Second {
			t.Errorf("%s: it took %s", how, took)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(short, cancel)
	if _, err := Load(ctx, "test://"+file+"?hang"); !errors.Is(err, context.Canceled) {
		t.Errorf("interrupted: %v", err)
	}
}
