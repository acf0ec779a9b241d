package main

import (
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"felleskrav/internal/api"
	"felleskrav/internal/attestation"
	"felleskrav/internal/audit"
	"felleskrav/internal/signing"
	"felleskrav/internal/signing/certtest"
	"felleskrav/internal/signing/keyless/keylesstest"
)

// answered writes a sheet in which everything is met, and the statement of it.
func (w *walk) prepare(token, offering, out string) {
	w.t.Helper()
	w.run(0, token, "answers", "new", setRef, "-o", "answers.yaml")
	sheet := strings.ReplaceAll(string(w.read("answers.yaml")), `status: ""`, "status: met")
	w.write("answers.yaml", []byte(sheet))
	w.run(0, token, "attest", "prepare", "--offering", offering, "--set", setRef, "--answers", "answers.yaml", "-o", out)
}

// TestCertificateJourney walks a supplier with an enterprise certificate, and
// an auditor who has public files only, on both backends.
func TestCertificateJourney(t *testing.T) {
	onBackends(t, func(t *testing.T, store []string) {
		now := time.Now()
		ca := certtest.New(t, now)
		w := &walk{t: t, dir: t.TempDir(), store: store}
		w.write("roots.pem", certtest.PEM(ca.Root))
		server := serve(t, append([]string{"--certificate-roots", w.file("roots.pem"), "--revocation-private"}, store...)...)
		w.base = server.base
		token := w.token(seller, "supplier")
		want(t, http.StatusCreated, http.MethodPut, w.base+"/api/v1/suppliers/"+seller, token, "", map[string]any{"name": "Oppdiktet Sky AS"}, nil)
		var o api.Offering
		want(t, http.StatusCreated, http.MethodPost, w.base+"/api/v1/suppliers/"+seller+"/offerings", token, "", map[string]any{"name": "Sky", "deliveryModels": []string{"saas"}, "regions": []string{"NO"}}, &o)
		otherKey, err := signing.GenerateKey(signing.ECDSAP256)
		if err != nil {
			t.Fatal(err)
		}
		seal, other := ca.Issue(seller), ca.Issue(otherSeller, certtest.Key(otherKey))
		w.write("seal.pem", seal.ChainPEM())
		w.write("seal.key", seal.KeyPEM())
		w.write("other.pem", other.ChainPEM())
		w.write("other.key", other.KeyPEM())
		w.prepare(token, o.Id, "statement.json")

		// Somebody else's seal, and a seal that does not go with the key.
		w.run(1, token, "attest", "sign", "--key", "seal.key", "--certificate", "other.pem", "statement.json", "-o", "wrong.json")
		w.run(0, token, "attest", "sign", "--key", "other.key", "--certificate", "other.pem", "statement.json", "-o", "wrong.json")
		if r := w.run(1, token, "attest", "submit", "wrong.json"); !strings.Contains(r.stderr, "NTRNO-"+otherSeller) {
			t.Errorf("the refusal does not name whose certificate it is:\n%s", r.stderr)
		}

		w.run(0, token, "attest", "sign", "--key", "seal.key", "--certificate", "seal.pem", "statement.json", "-o", "bundle.json")
		w.run(0, token, "attest", "submit", "bundle.json", "-o", "receipt.json")
		var receipt attestation.Receipt
		if err := json.Unmarshal(w.read("receipt.json"), &receipt); err != nil {
			t.Fatal(err)
		}
		var verdict api.Verdict
		want(t, http.StatusOK, http.MethodGet, w.base+"/api/v1/attestations/"+receipt.Attestation+"/verdict", "", "", nil, &verdict)
		if !verdict.Holds || verdict.Grade != "certificate" || !strings.Contains(verdict.Signer, seller) {
			t.Errorf("verdict: %+v", verdict)
		}

		// The auditor: roots, lists of revoked certificates and the log's key.
		w.write("log.pub", do(t, http.MethodGet, w.base+"/log/key", "", "", nil).body)
		w.write("issuing.crl", ca.Server.List())
		w.write("root.crl", ca.Server.RootList())
		verify := []string{"attest", "verify", "--bundle", "bundle.json", "--receipt", "receipt.json", "--log-key", "log.pub", "--certificate-roots", "roots.pem"}
		text := w.run(0, "", append(verify, "--crl", "issuing.crl,root.crl")...).stdout
		for _, part := range []string{"NTRNO-" + seller, "Ja, dette stemmer."} {
			if !strings.Contains(text, part) {
				t.Errorf("the answer does not say %q:\n%s", part, text)
			}
		}
		var v audit.Verification
		if err := json.Unmarshal([]byte(w.run(0, "", append(verify, "--format", "json")...).stdout), &v); err != nil {
			t.Fatal(err)
		}
		if !v.Verified || v.Signer == nil || v.Signer.Organisation != "NTRNO-"+seller || v.Signer.AtSource != "receipt" || v.Signer.Revocation != "unchecked" {
			t.Errorf("answer: %+v, signer %+v", v, v.Signer)
		}
		stranger := certtest.New(t, now)
		w.write("others.pem", certtest.PEM(stranger.Root))
		w.run(1, "", "attest", "verify", "--bundle", "bundle.json", "--receipt", "receipt.json", "--log-key", "log.pub", "--certificate-roots", "others.pem")
		ca.Server.Revoke(seal.Certificate, now.Add(-time.Minute), 1)
		w.write("issuing.crl", ca.Server.List())
		w.run(1, "", append(verify, "--crl", "issuing.crl,root.crl")...)

		// Stock cosign, with the key's form of the bundle.
		w.write("key-form.json", do(t, http.MethodGet, w.base+"/api/v1/attestations/"+receipt.Attestation+"/bundle?format=key", "", "", nil).body)
		w.cosignVerify(token, receipt.Attestation)
	})
}

// cosignVerify has stock cosign verify key-form.json against the log, with
// the public key that the service shows for the signer.
func (w *walk) cosignVerify(token, digest string) {
	w.t.Helper()
	cosign := os.Getenv("FELLESKRAV_COSIGN")
	if cosign == "" {
		w.t.Fatal("FELLESKRAV_COSIGN is not set: run the tests with `make test`, which installs cosign and sets it")
	}
	var rec attestation.Record
	want(w.t, http.StatusOK, http.MethodGet, w.base+"/api/v1/attestations/"+digest, token, "", nil, &rec)
	var keys struct {
		Items []struct{ ID, PEM string } `json:"items"`
	}
	want(w.t, http.StatusOK, http.MethodGet, w.base+"/api/v1/suppliers/"+string(rec.Supplier)+"/keys", token, "", nil, &keys)
	for _, k := range keys.Items {
		if k.ID == rec.KeyID {
			w.write("signer.pub", []byte(k.PEM))
		}
	}
	w.write("trusted_root.json", do(w.t, http.MethodGet, w.base+"/log/trusted_root.json", "", "", nil).body)
	cmd := exec.Command(cosign, "verify-blob-attestation", "--key", "signer.pub", "--bundle", "key-form.json", "--trusted-root", "trusted_root.json",
		"--type", attestation.DeclarationType, "--digest", rec.Descriptor, "--digestAlg", "sha256")
	cmd.Dir, cmd.Env = w.dir, environment()
	if out, err := cmd.CombinedOutput(); err != nil {
		w.t.Errorf("cosign: %v\n%s", err, out)
	}
}

// TestRenewalAndFourEyes walks a supplier that renews with one signature, and
// then asks for two.
func TestRenewalAndFourEyes(t *testing.T) {
	onBackends(t, func(t *testing.T, store []string) {
		server := serve(t, store...)
		w := &walk{t: t, dir: t.TempDir(), store: store, base: server.base}
		token := w.token(seller, "supplier")
		offering := w.register(token, seller, "Oppdiktet AS", "first.key")
		w.prepare(token, offering, "statement.json")
		w.run(0, token, "attest", "sign", "--key", "first.key", "statement.json", "-o", "bundle.json")
		w.run(0, token, "attest", "submit", "bundle.json", "-o", "receipt.json")
		var first attestation.Receipt
		if err := json.Unmarshal(w.read("receipt.json"), &first); err != nil {
			t.Fatal(err)
		}
		time.Sleep(1100 * time.Millisecond) // a statement's time has whole seconds
		w.run(0, token, "attest", "prepare", "--renew", first.Attestation, "-o", "renewal.json")
		w.run(0, token, "attest", "sign", "--key", "first.key", "renewal.json", "-o", "renewed.json")
		w.run(0, token, "attest", "submit", "renewed.json", "-o", "receipt2.json")
		w.run(1, token, "attest", "prepare", "--renew", first.Attestation) // there is a newer one

		four := w.base + "/api/v1/suppliers/" + seller + "/four-eyes"
		if a := do(t, http.MethodPut, four, token, "", map[string]any{"required": true}); a.problemType() != "supplier.four-eyes-keys" {
			t.Errorf("four eyes with one key: %d %s", a.status, a.body)
		}
		must(t, 0, w.dir, nil, "key", "generate", "-o", "second.key", "--algorithm", "ed25519")
		w.run(0, token, "key", "enrol", "--key", "second.key", "--supplier", seller, "--label", "Nummer to")
		want(t, http.StatusOK, http.MethodPut, four, token, "", map[string]any{"required": true}, nil)
		time.Sleep(1100 * time.Millisecond)
		w.prepare(token, offering, "third.json")
		w.run(0, token, "attest", "sign", "--key", "first.key", "third.json", "-o", "one.json")
		waiting := w.run(0, token, "attest", "submit", "one.json", "-o", "waiting.json")
		var half attestation.Receipt
		if err := json.Unmarshal(w.read("waiting.json"), &half); err != nil || half.Waiting != attestation.WaitsForSecond {
			t.Fatalf("after one signature: %+v, %v\n%s", half, err, waiting.stderr)
		}
		w.run(0, token, "attest", "prepare", "--second", half.Attestation, "-o", "same.json")
		if string(w.read("same.json")) != string(w.read("third.json")) {
			t.Error("what the second signer gets is not what the first signed")
		}
		w.run(0, token, "attest", "sign", "--key", "second.key", "same.json", "-o", "two.json")
		w.run(0, token, "attest", "submit", "two.json", "-o", "receipt3.json")
		w.run(0, "", "attest", "verify", "--bundle", "one.json", "--receipt", "receipt3.json", "--key", "first.key.pub", "--log-key", string(do(t, http.MethodGet, w.base+"/log/key", "", "", nil).body))
	})
}

// TestLoginJourney: a supplier signs by logging in, where the operator trusts
// a service that vouches for logins.
func TestLoginJourney(t *testing.T) {
	now := time.Now().UTC()
	authority := keylesstest.New(t, now.Add(-time.Hour))
	w := &walk{t: t, dir: t.TempDir(), store: []string{"--data-dir", t.TempDir()}}
	w.write("logins.json", authority.TrustedRoot(t))
	server := serve(t, append([]string{"--identity-root", w.file("logins.json")}, w.store...)...)
	w.base = server.base
	token := w.token(seller, "supplier")
	const issuer, subject = "https://innlogging.example", "segl@oppdiktet.example"
	want(t, http.StatusCreated, http.MethodPut, w.base+"/api/v1/suppliers/"+seller, token, "", map[string]any{"name": "Oppdiktet AS"}, nil)
	var o api.Offering
	want(t, http.StatusCreated, http.MethodPost, w.base+"/api/v1/suppliers/"+seller+"/offerings", token, "", map[string]any{"name": "Sky", "deliveryModels": []string{"saas"}, "regions": []string{"NO"}}, &o)
	var ch api.Challenge
	keys := w.base + "/api/v1/suppliers/" + seller + "/keys"
	want(t, http.StatusCreated, http.MethodPost, keys, token, "", map[string]any{"identity": map[string]string{"issuer": issuer, "subject": subject}}, &ch)
	proof := authority.SignBlob(t, ch.Message, issuer, subject, keylesstest.IssuedAt(now))
	want(t, http.StatusCreated, http.MethodPost, keys+"/challenges/"+ch.Id, token, "", map[string]any{"bundle": proof}, nil)
	w.prepare(token, o.Id, "statement.json")
	w.write("bundle.json", authority.Sign(t, w.read("statement.json"), issuer, subject, keylesstest.IssuedAt(now)))
	w.run(0, token, "attest", "submit", "bundle.json", "-o", "receipt.json")
	w.write("log.pub", do(t, http.MethodGet, w.base+"/log/key", "", "", nil).body)
	text := w.run(0, "", "attest", "verify", "--bundle", "bundle.json", "--receipt", "receipt.json", "--log-key", "log.pub", "--identity-root", "logins.json").stdout
	if !strings.Contains(text, subject) || !strings.Contains(text, issuer) {
		t.Errorf("the answer does not say who logged in where:\n%s", text)
	}
	w.run(0, token, "attest", "sign", "--key", w.stranger(), "statement.json", "-o", "other.json")
	w.run(1, token, "attest", "submit", "other.json")
}

// stranger makes a key that nobody has enrolled.
func (w *walk) stranger() string {
	w.t.Helper()
	must(w.t, 0, w.dir, nil, "key", "generate", "-o", "stranger.key")
	return "stranger.key"
}
