//go:build interop

package keyless_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"felleskrav/internal/signing"
	"felleskrav/internal/signing/keyless/keylesstest"
)

// Stock cosign agrees about what the test authority makes, so that the tests that build on it say something. Its
// path is in FELLESKRAV_COSIGN.
func TestCosignAgrees(t *testing.T) {
	path := os.Getenv("FELLESKRAV_COSIGN")
	if path == "" {
		t.Fatal("FELLESKRAV_COSIGN is not set: run \"make cosign\", which installs cosign, and set it to .cache/bin/cosign")
	}
	a := keylesstest.New(t, start)
	dir := t.TempDir()
	write := func(name string, data []byte) {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cosign := func(command string, args ...string) error {
		cmd := exec.CommandContext(t.Context(), path, append([]string{command, "--trusted-root", "root.json", "--insecure-ignore-sct",
			"--certificate-oidc-issuer", issuer}, args...)...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "HOME="+dir, "TUF_ROOT="+filepath.Join(dir, "tuf"), "HTTP_PROXY=http://127.0.0.1:1", "HTTPS_PROXY=http://127.0.0.1:1")
		out, err := cmd.CombinedOutput()
		t.Logf("%s %v: %v\n%s", command, args, err, out)
		return err
	}
	message := []byte("utfordring 7f3a")
	write("root.json", a.TrustedRoot(t))
	write("message", message)
	for name, c := range map[string]struct {
		options []keylesstest.Option
		subject string
		ok      bool
	}{
		"person":            {nil, person, true},
		"workflow":          {nil, builder, true},
		"no timestamp":      {[]keylesstest.Option{keylesstest.WithoutTimestamp()}, person, false},
		"no log entry":      {[]keylesstest.Option{keylesstest.WithoutLogEntry()}, person, false},
		"signed after that": {[]keylesstest.Option{keylesstest.StampedAt(start.AddDate(0, 0, 1))}, person, false},
	} {
		write("statement.json", a.Sign(t, statementOf(2), issuer, c.subject, c.options...))
		err := cosign("verify-blob-attestation", "--bundle", "statement.json", "--certificate-identity", c.subject,
			"--type", "urn:felleskrav:attestation:supplier-declaration:v1", "--digest", signing.Digest([]byte("a service")), "--digestAlg", "sha256")
		if c.ok != (err == nil) {
			t.Errorf("%s: statement: %v", name, err)
		}
		write("blob.json", a.SignBlob(t, message, issuer, c.subject, c.options...))
		if err := cosign("verify-blob", "--bundle", "blob.json", "--certificate-identity", c.subject, "message"); c.ok != (err == nil) {
			t.Errorf("%s: message: %v", name, err)
		}
	}
}
