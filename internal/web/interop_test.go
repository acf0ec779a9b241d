//go:build interop

package web

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"

	"felleskrav/internal/attestation"
	"felleskrav/internal/signing"
	"felleskrav/internal/supplier"
)

// TestCosignVerifiesWhatTheBrowserSigned has a program that nobody here wrote
// check a signature made by a press in the browser, with its place in the log.
// The path of cosign is in FELLESKRAV_COSIGN.
func TestCosignVerifiesWhatTheBrowserSigned(t *testing.T) {
	cosign := os.Getenv("FELLESKRAV_COSIGN")
	if cosign == "" {
		t.Fatal("FELLESKRAV_COSIGN is not set: run \"make cosign\", which installs cosign, and set it to .cache/bin/cosign")
	}
	s := newSite(t, true)
	ctx := newChromium(t)
	signIn(t, ctx, s)
	id := enrolInBrowser(t, ctx, s)
	prepare(t, ctx, s.url, s.declared)
	run(t, ctx, "sign", chromedp.WaitVisible(confirm), chromedp.Click(confirm), chromedp.Click(signIt), chromedp.WaitVisible(received))
	digest := filepath.Base(ask(t, ctx, "read address", chromedp.Evaluate[string](`location.pathname`)))

	sup := must[supplier.Supplier](t)(s.web.Suppliers.Get(ctx, seller, s.supplier))
	key, ok := sup.Key(id)
	if !ok {
		t.Fatal("the key is not enrolled")
	}
	offering := must[supplier.Offering](t)(s.web.Suppliers.Offering(ctx, seller, s.declared))
	dir := t.TempDir()
	for name, data := range map[string][]byte{
		"key.pem":     []byte(key.PEM),
		"bundle.json": must[[]byte](t)(s.web.Attestations.Bundle(ctx, seller, digest, true)),
		"service":     offering.Descriptor().Bytes,
		"other":       []byte("another service"),
		"root.json":   must[[]byte](t)(signing.TrustedRootJSON(s.log.Name(), "https://"+s.log.Name()+"/log", s.log.PublicKeyDER(), s.log.LogID())),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	verify := func(file string) ([]byte, error) {
		cmd := exec.CommandContext(ctx, cosign, "verify-blob-attestation", "--key", "key.pem", "--bundle", "bundle.json", "--trusted-root", "root.json", "--type", attestation.DeclarationType, file)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "HOME="+dir, "TUF_ROOT="+filepath.Join(dir, "tuf"), "HTTP_PROXY=http://127.0.0.1:1", "HTTPS_PROXY=http://127.0.0.1:1")
		return cmd.CombinedOutput()
	}
	if out, err := verify("service"); err != nil {
		t.Errorf("cosign: %v\n%s", err, out)
	}
	if out, err := verify("other"); err == nil {
		t.Errorf("cosign verifies it for another service\n%s", out)
	}
}
