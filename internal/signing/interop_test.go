//go:build interop

package signing_test

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"felleskrav/internal/signing"
)

// cosign runs the stock cosign command in dir. Its path is in FELLESKRAV_COSIGN; v3.1.3 is the version
// these tests were written with.
func cosign(t *testing.T, dir string, args ...string) (string, error) {
	t.Helper()
	path := os.Getenv("FELLESKRAV_COSIGN")
	if path == "" {
		t.Fatal("FELLESKRAV_COSIGN is not set: run \"make cosign\", which installs cosign, and set it to .cache/bin/cosign")
	}
	if _, err := exec.LookPath(path); err != nil {
		t.Fatalf("FELLESKRAV_COSIGN: %v: run \"make cosign\", which installs cosign", err)
	}
	cmd := exec.CommandContext(t.Context(), path, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "COSIGN_PASSWORD=secret", "HOME="+dir, "TUF_ROOT="+filepath.Join(dir, "tuf"),
		// Whatever it tries to fetch fails at once.
		"HTTP_PROXY=http://127.0.0.1:1", "HTTPS_PROXY=http://127.0.0.1:1")
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func mustCosign(t *testing.T, dir string, args ...string) {
	t.Helper()
	if out, err := cosign(t, dir, args...); err != nil {
		t.Fatalf("cosign %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

func write(t *testing.T, dir, name string, data []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
		t.Fatal(err)
	}
}

const predicateType = "urn:felleskrav:attestation:supplier-declaration:v1"

// cosign verifies our bundles with the log's entry, given nothing but the key and the trusted root.
func TestCosignVerifiesOurs(t *testing.T) {
	log := newLogSigner(t)
	trustedRoot := must(signing.TrustedRootJSON(logHost, logURL, log.PublicKeyDER(), log.LogID()))
	for _, a := range signing.Algorithms() {
		t.Run(string(a), func(t *testing.T) {
			dir := t.TempDir()
			key := publicOf(t, testKey(t, a))
			data := signed(t, a, statementOf(45))
			b := must(signing.ParseBundle(data))
			in := logged(t, log, must(signing.LeafBody(b, key)))
			write(t, dir, "service", []byte("a service"))
			write(t, dir, "other", []byte("another service"))
			write(t, dir, "key.pem", []byte(key.PEM))
			write(t, dir, "root.json", trustedRoot)
			write(t, dir, "plain.json", data)
			write(t, dir, "logged.json", must(signing.WithInclusion(data, in)))
			in.Hashes = append([][]byte{make([]byte, 32)}, in.Hashes[1:]...)
			write(t, dir, "tampered.json", must(signing.WithInclusion(data, in)))
			verify := func(bundle, file string, more ...string) error {
				out, err := cosign(t, dir, append(append([]string{"verify-blob-attestation", "--key", "key.pem", "--bundle", bundle,
					"--trusted-root", "root.json", "--type", predicateType}, more...), file)...)
				if err != nil {
					return errors.New(out)
				}
				return nil
			}
			if !a.CosignVerifiable() {
				if verify("logged.json", "service") == nil {
					t.Error("cosign verifies it: CosignVerifiable can be true")
				}
				return
			}
			if err := verify("logged.json", "service"); err != nil {
				t.Errorf("bundle with inclusion: %v", err)
			}
			if err := verify("plain.json", "service", "--insecure-ignore-tlog"); err != nil {
				t.Errorf("bundle alone: %v", err)
			}
			if verify("plain.json", "service") == nil {
				t.Error("cosign accepts a bundle that is not in the log")
			}
			if verify("tampered.json", "service") == nil {
				t.Error("cosign accepts a changed proof")
			}
			if verify("logged.json", "other") == nil {
				t.Error("cosign accepts another subject")
			}
		})
	}
}

// We accept what cosign signs, with keys that cosign makes and with imported ones.
func TestWeVerifyCosigns(t *testing.T) {
	for _, a := range []signing.Algorithm{"", signing.ECDSAP256, signing.ECDSAP384, signing.RSA2048, signing.RSA3072, signing.RSA4096} {
		name := string(a)
		if a == "" {
			name = "cosign's own key"
		}
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			mustCosign(t, dir, "signing-config", "create", "--out", "signing.json")
			mustCosign(t, dir, "trusted-root", "create", "--out", "root.json")
			if a == "" {
				mustCosign(t, dir, "generate-key-pair")
			} else {
				write(t, dir, "key.pem", must(signing.MarshalPrivateKey(testKey(t, a))))
				mustCosign(t, dir, "import-key-pair", "--key", "key.pem", "--output-key-prefix", "cosign", "-y")
			}
			payload := statementOf(45)
			write(t, dir, "statement.json", payload)
			write(t, dir, "service", []byte("a service"))
			mustCosign(t, dir, "attest-blob", "--key", "cosign.key", "--statement", "statement.json", "--signing-config", "signing.json",
				"--trusted-root", "root.json", "--bundle", "bundle.json", "-y")
			key := must(signing.ParsePublicKey(must(os.ReadFile(filepath.Join(dir, "cosign.pub")))))
			b, err := signing.ParseBundle(must(os.ReadFile(filepath.Join(dir, "bundle.json"))))
			if err != nil {
				t.Fatal(err)
			}
			if err := b.Verify(key, service); err != nil {
				t.Error(err)
			}
			if !bytes.Equal(b.Payload, payload) || b.Hint != key.Hint() {
				t.Errorf("payload the same: %t, hint %q", bytes.Equal(b.Payload, payload), b.Hint)
			}
			// The private key that cosign writes is encrypted, which the command must be able to say.
			if _, err := signing.ParsePrivateKey(must(os.ReadFile(filepath.Join(dir, "cosign.key")))); !errors.Is(err, signing.ErrKeyEncrypted) {
				t.Errorf("cosign's private key: %v", err)
			}
		})
	}
}

// cosign's --predicate makes a statement v0.1, which is refused.
func TestCosignPredicateIsRefused(t *testing.T) {
	dir := t.TempDir()
	mustCosign(t, dir, "signing-config", "create", "--out", "signing.json")
	mustCosign(t, dir, "trusted-root", "create", "--out", "root.json")
	mustCosign(t, dir, "generate-key-pair")
	write(t, dir, "predicate.json", []byte(`{"answers":[]}`))
	write(t, dir, "service", []byte("a service"))
	mustCosign(t, dir, "attest-blob", "--key", "cosign.key", "--predicate", "predicate.json", "--type", predicateType, "--signing-config", "signing.json",
		"--trusted-root", "root.json", "--bundle", "bundle.json", "-y", "service")
	b := must(signing.ParseBundle(must(os.ReadFile(filepath.Join(dir, "bundle.json")))))
	key := must(signing.ParsePublicKey(must(os.ReadFile(filepath.Join(dir, "cosign.pub")))))
	if err := b.Verify(key, service); !errors.Is(err, signing.ErrStatement) {
		t.Errorf("statement v0.1: %v", err)
	}
}
