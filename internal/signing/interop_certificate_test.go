//go:build interop

package signing_test

import (
	"crypto/x509"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"felleskrav/internal/signing"
	"felleskrav/internal/signing/certtest"
)

// cosign refuses an enterprise certificate, and verifies the same bundle in its key form, by the one log
// entry.
func TestCosignVerifiesKeyForm(t *testing.T) {
	log := newLogSigner(t)
	trustedRoot := must(signing.TrustedRootJSON(logHost, logURL, log.PublicKeyDER(), log.LogID()))
	ca := certtest.New(t, certNow)
	stamper := certtest.NewTimestamper(t, certNow.Add(-1000*time.Hour), certNow.Add(1000*time.Hour))
	for _, a := range []signing.Algorithm{signing.RSA3072, signing.ECDSAP256} {
		for name, n := range map[string]int{"alone": 1, "with its issuer": 2} {
			t.Run(string(a)+" "+name, func(t *testing.T) {
				dir := t.TempDir()
				id := ca.Issue("123456785", certtest.Key(testKey(t, a)))
				data := must(signing.SignBundleWithCertificate(t.Context(), id.Key, id.Chain[:n], statementOf(45)))
				b := must(signing.ParseBundle(data))
				key := must(b.LeafKey())
				in := logged(t, log, must(signing.LeafBody(b, key)))
				write(t, dir, "service", []byte("a service"))
				write(t, dir, "key.pem", []byte(key.PEM))
				write(t, dir, "root.json", trustedRoot)
				stored := must(signing.WithInclusion(data, in))
				write(t, dir, "certificate.json", stored)
				write(t, dir, "key.json", must(signing.KeyForm(stored)))
				write(t, dir, "stamped.json", must(signing.KeyForm(must(signing.WithTimestamp(stored, stamper.Stamp(t, b.Signature, certNow))))))
				verify := func(bundle string, args ...string) error {
					out, err := cosign(t, dir, append([]string{"verify-blob-attestation", "--bundle", bundle, "--trusted-root", "root.json", "--type", predicateType}, append(args, "service")...)...)
					if err != nil {
						return errors.New(out)
					}
					return nil
				}
				if err := verify("key.json", "--key", "key.pem"); err != nil {
					t.Errorf("key form: %v", err)
				}
				if err := verify("stamped.json", "--key", "key.pem"); err != nil {
					t.Errorf("key form with a timestamp: %v", err)
				}
				if verify("certificate.json", "--key", "key.pem") == nil {
					t.Error("cosign verifies the certificate form with a key: the key form is not needed")
				}
				if verify("certificate.json", "--allow-certificate-chain", "--certificate-identity-regexp", ".*", "--certificate-oidc-issuer-regexp", ".*") == nil {
					t.Error("cosign verifies the certificate form: the key form is not needed")
				}
			})
		}
	}
}

// We accept what cosign signs with a certificate, and cosign what we sign with one that has what it asks for.
func TestWeVerifyCosignsCertificates(t *testing.T) {
	for name, above := range map[string]func(ca *certtest.CA) []*x509.Certificate{
		"alone":                    nil,
		"with its issuer":          func(ca *certtest.CA) []*x509.Certificate { return []*x509.Certificate{ca.Issuing} },
		"with its issuer and root": func(ca *certtest.CA) []*x509.Certificate { return []*x509.Certificate{ca.Issuing, ca.Root} },
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			now := time.Now() // cosign has no other clock
			ca := certtest.New(t, now)
			id := ca.Issue("123456785", certtest.Usage(x509.KeyUsageDigitalSignature), certtest.ExtendedUsage(x509.ExtKeyUsageCodeSigning), certtest.Email("post@example.no"))
			write(t, dir, "key.pem", id.KeyPEM())
			write(t, dir, "leaf.pem", certtest.PEM(id.Certificate))
			write(t, dir, "all.pem", certtest.PEM(ca.Issuing, ca.Root))
			payload := statementOf(45)
			write(t, dir, "statement.json", payload)
			mustCosign(t, dir, "signing-config", "create", "--out", "signing.json")
			mustCosign(t, dir, "trusted-root", "create", "--fulcio", "url=https://ca.example,certificate-chain=all.pem", "--no-default-ctfe", "--no-default-rekor", "--no-default-tsa", "--out", "root.json")
			mustCosign(t, dir, "import-key-pair", "--key", "key.pem", "--output-key-prefix", "cosign", "-y")
			args := []string{"attest-blob", "--key", "cosign.key", "--certificate", "leaf.pem", "--statement", "statement.json", "--signing-config", "signing.json",
				"--trusted-root", "root.json", "--bundle", "bundle.json", "-y"}
			chain := []*x509.Certificate{id.Certificate}
			if above != nil {
				chain = append(chain, above(ca)...)
				write(t, dir, "above.pem", certtest.PEM(above(ca)...))
				args = append(args, "--certificate-chain", "above.pem")
			}
			mustCosign(t, dir, args...)
			data := must(os.ReadFile(filepath.Join(dir, "bundle.json")))
			b, err := signing.ParseBundle(data)
			if err != nil {
				t.Fatal(err)
			}
			if len(b.Chain) != min(len(chain)-1, 1) {
				t.Errorf("cosign writes %d certificates above the signer's", len(b.Chain))
			}
			got, err := installed(t, ca, noRevocation, func(c *signing.AuthoritiesConfig) { c.Intermediates = []*x509.Certificate{ca.Issuing} }).Verify(t.Context(), b, now)
			if err != nil || got.Organisation.String() != "NTRNO-123456785" || string(b.Payload) != string(payload) {
				t.Errorf("%+v, %v", got, err)
			}
			if _, err := readBySigstore(data); err != nil {
				t.Errorf("sigstore-go: %v", err)
			}
			write(t, dir, "ours.json", must(signing.SignBundleWithCertificate(t.Context(), id.Key, chain, payload)))
			write(t, dir, "service", []byte("a service"))
			mustCosign(t, dir, "verify-blob-attestation", "--bundle", "ours.json", "--allow-certificate-chain", "--trusted-root", "root.json",
				"--certificate-identity", "post@example.no", "--certificate-oidc-issuer-regexp", ".*", "--insecure-ignore-tlog", "--insecure-ignore-sct", "--type", predicateType, "service")
		})
	}
}
