package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"felleskrav/internal/signing"
	"felleskrav/internal/storage/sqlite"
)

// The registry's key for verdicts is made once, and kept; an operator's own
// goes before it.
func TestVerdictSigner(t *testing.T) {
	store, err := sqlite.Open(t.Context(), t.TempDir(), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	public := func(file string) signing.PublicKey {
		t.Helper()
		key, err := verdictSigner(t.Context(), store, file)
		if err != nil {
			t.Fatal(err)
		}
		pub, err := signing.PublicOf(key)
		if err != nil {
			t.Fatal(err)
		}
		return pub
	}
	first := public("")
	if first.Algorithm != signing.ECDSAP256 {
		t.Errorf("the key made is %s", first.Algorithm)
	}
	if again := public(""); !bytes.Equal(again.DER, first.DER) {
		t.Error("asked again, there is another key")
	}
	dir := t.TempDir()
	write := func(name string, text []byte) string {
		t.Helper()
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	pem := func(a signing.Algorithm) (signing.PublicKey, []byte) {
		t.Helper()
		key, err := signing.GenerateKey(a)
		if err != nil {
			t.Fatal(err)
		}
		text, err := signing.MarshalPrivateKey(key)
		if err != nil {
			t.Fatal(err)
		}
		pub, err := signing.PublicOf(key)
		if err != nil {
			t.Fatal(err)
		}
		return pub, text
	}
	own, text := pem(signing.ECDSAP256)
	if got := public(write("own.pem", text)); !bytes.Equal(got.DER, own.DER) {
		t.Error("the operator's own key is not used")
	}
	if again := public(""); !bytes.Equal(again.DER, first.DER) {
		t.Error("the operator's own key took the place of the one kept")
	}
	_, unverifiable := pem(signing.ECDSAP384)
	for name, file := range map[string]string{
		"no file": filepath.Join(dir, "missing"), "no key": write("text.pem", []byte("not a key")),
		"a public key": write("public.pem", []byte(own.PEM)), "not for cosign": write("p384.pem", unverifiable),
	} {
		if key, err := verdictSigner(t.Context(), store, file); err == nil || key != nil {
			t.Errorf("%s: %v (%v)", name, key, err)
		}
	}
}
