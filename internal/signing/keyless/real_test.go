package keyless_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	bundlepb "github.com/sigstore/protobuf-specs/gen/pb-go/bundle/v1"
	"google.golang.org/protobuf/encoding/protojson"

	"felleskrav/internal/signing"
	"felleskrav/internal/signing/keyless"
)

// sigstoreFile reads a file of sigstore-go's own sources.
func sigstoreFile(t testing.TB, parts ...string) []byte {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", "github.com/sigstore/sigstore-go").Output()
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(append([]string{strings.TrimSpace(string(out))}, parts...)...))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// asV03 writes a bundle of version 0.1 anew in version 0.3, which names the leaf certificate alone.
func asV03(t testing.TB, data []byte) (inV03, payload []byte) {
	t.Helper()
	var b bundlepb.Bundle
	if err := protojson.Unmarshal(data, &b); err != nil {
		t.Fatal(err)
	}
	b.MediaType = signing.MediaType
	if chain := b.VerificationMaterial.GetX509CertificateChain(); chain != nil {
		b.VerificationMaterial.Content = &bundlepb.VerificationMaterial_Certificate{Certificate: chain.Certificates[0]}
	}
	inV03, err := protojson.Marshal(&b)
	if err != nil {
		t.Fatal(err)
	}
	return inV03, b.GetDsseEnvelope().GetPayload()
}

// Signatures made by the public Sigstore and by a test installation of it.
func TestRealBundles(t *testing.T) {
	public := verifier(t, sigstoreFile(t, "pkg", "testing", "data", "trusted-roots", "public-good.json"))
	scaffolding := verifier(t, sigstoreFile(t, "pkg", "testing", "data", "trusted-roots", "scaffolding.json"))
	provenance := sigstoreFile(t, "pkg", "testing", "data", "bundles", "sigstore.js@2.0.0-provenance.sigstore.json")
	data, payload := asV03(t, provenance)
	// Its statement names a SHA-512 digest alone, which package signing does not accept; all before that is right.
	if _, err := public.VerifyStatement(data, payload); !errors.Is(err, signing.ErrStatement) {
		t.Errorf("npm provenance: %v", err)
	}
	got, err := public.VerifyAnyPayload(data)
	if err != nil {
		t.Fatal(err)
	}
	if got.Issuer != "https://token.actions.githubusercontent.com" || got.SubjectType != keyless.URI || got.TimeSource != keyless.Log ||
		got.Subject != "https://github.com/sigstore/sigstore-js/.github/workflows/release.yml@refs/heads/main" || got.Time.Unix() != 1692374735 {
		t.Errorf("npm provenance: signed by %+v", got)
	}
	if _, err := scaffolding.VerifyAnyPayload(data); !errors.Is(err, keyless.ErrNoLogEntry) {
		t.Errorf("npm provenance, another root: %v", err)
	}
	// The certificate is in a certificate log, and must be.
	var doc map[string]any
	if err := json.Unmarshal(sigstoreFile(t, "pkg", "testing", "data", "trusted-roots", "public-good.json"), &doc); err != nil {
		t.Fatal(err)
	}
	doc["ctlogs"] = doc["tlogs"]
	otherCT, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := verifier(t, otherCT).VerifyAnyPayload(data); !errors.Is(err, keyless.ErrCertificate) {
		t.Errorf("npm provenance, other certificate logs: %v", err)
	}

	changed := func(old, replacement string) []byte {
		return edit(t, data, base64.StdEncoding.EncodeToString([]byte(old))[:8], base64.StdEncoding.EncodeToString([]byte(replacement))[:8])
	}
	for name, c := range map[string]refusal{
		"version 0.1":          {provenance, signing.ErrMediaType},
		"payload changed":      {changed(string(payload), "["+string(payload)), signing.ErrSignature},
		"name of another kind": {sigstoreFile(t, "pkg", "testing", "data", "bundles", "othername.sigstore.json"), signing.ErrNoEnvelope},
	} {
		if _, err := public.VerifyAnyPayload(c.bundle); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	for name, want := range map[string]error{
		"dsse.sigstore.json":       signing.ErrLogEntry, // a promise, and no proof
		"dsse-2sigs.sigstore.json": signing.ErrLogEntry,
	} {
		data, payload := asV03(t, sigstoreFile(t, "pkg", "testing", "data", "bundles", name))
		if _, err := public.VerifyStatement(data, payload); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", name, err, want)
		}
	}
	for _, name := range []string{"bundle-provenance.json", "bundle-publish.json"} {
		data, payload := asV03(t, sigstoreFile(t, "examples", name))
		want := map[string]error{"bundle-provenance.json": signing.ErrLogEntry, "bundle-publish.json": keyless.ErrNoCertificate}[name]
		if _, err := public.VerifyStatement(data, payload); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", name, err, want)
		}
	}
	if _, err := scaffolding.VerifyBlob(sigstoreFile(t, "pkg", "testing", "data", "bundles", "othername.sigstore.json"), []byte("x")); !errors.Is(err, keyless.ErrIdentity) {
		t.Errorf("user name in the certificate: %v", err)
	}
	if _, err := public.VerifyBlob(sigstoreFile(t, "pkg", "testing", "data", "bundles", "public-key-validity.sigstore.json"), []byte("x")); !errors.Is(err, keyless.ErrNoCertificate) {
		t.Errorf("plain key: %v", err)
	}
}
