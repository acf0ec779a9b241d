package main

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"felleskrav/internal/attestation"
	"felleskrav/internal/audit"
	"felleskrav/internal/locale"
	"felleskrav/internal/signing/certtest"
)

// TestVerifiers holds the program for auditors against "attest verify": what
// they say is the same in every language and format, whatever they are given.
func TestVerifiers(t *testing.T) {
	d := newDoor(t, []string{"--data-dir", t.TempDir()})
	d.write("bundle.json", d.sign("supplier.key", d.statement))
	d.run(0, d.selling, "attest", "submit", "bundle.json", "-o", "receipt.json")
	d.write("log.key", do(t, http.MethodGet, d.base+"/log/key", "", "", nil).body)
	var r attestation.Receipt
	if err := json.Unmarshal(d.read("receipt.json"), &r); err != nil {
		t.Fatal(err)
	}
	r.Log.Index--
	tampered, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	d.write("tampered.json", tampered)
	d.write("logged.json", do(t, http.MethodGet, d.base+"/api/v1/attestations/"+r.Attestation+"/bundle?format=key", "", "", nil).body)
	d.write("edited.json", d.editBundle(func(_, envelope map[string]any) {
		envelope["payload"] = base64.StdEncoding.EncodeToString([]byte(strings.Replace(string(d.statement), `"met"`, `"not-met"`, 1)))
	}))
	d.write("other.json", d.sign("other.key", d.edit(func(st map[string]any) { st["predicateType"] = "urn:other" })))
	d.write("text.json", []byte("not a bundle"))
	d.write("roots.pem", certtest.PEM(certtest.New(t, r.Log.LoggedAt).Root))

	cases := []struct {
		name string
		code int
		args []string
	}{
		{"all of it", 0, []string{"--bundle", "bundle.json", "--receipt", "receipt.json", "--log-key", "log.key", "--key", "supplier.key.pub"}},
		{"the log's word for the key", 0, []string{"--bundle", "bundle.json", "--receipt", "receipt.json", "--log-key", string(d.read("log.key"))}},
		{"proof in the bundle", 0, []string{"--bundle=logged.json", "--log-key=log.key"}},
		{"roots that no certificate asks for", 0, []string{"--bundle", "bundle.json", "--key", "supplier.key.pub", "--certificate-roots", "roots.pem"}},
		{"another key", 1, []string{"--bundle", "bundle.json", "--key", "other.key.pub"}},
		{"another place", 1, []string{"--bundle", "bundle.json", "--receipt", "tampered.json", "--log-key", "log.key"}},
		{"no proof", 1, []string{"--bundle", "bundle.json", "--log-key", "log.key"}},
		{"edited", 1, []string{"--bundle", "edited.json", "--key", "supplier.key.pub"}},
		{"another type", 1, []string{"--bundle", "other.json", "--key", "other.key.pub"}},
		{"no bundle", 1, []string{"--bundle", "text.json", "--key", "supplier.key.pub"}},
		{"a private key", 1, []string{"--bundle", "bundle.json", "--key", "supplier.key"}},
		{"nothing to verify against", 2, []string{"--bundle", "bundle.json"}},
		{"no such flag", 2, []string{"--bundel", "bundle.json"}},
		{"no bundle named", 2, []string{"--key", "supplier.key.pub"}},
		{"no such file", 3, []string{"--bundle", "nowhere.json", "--key", "supplier.key.pub"}},
		{"no certificates", 3, []string{"--bundle", "bundle.json", "--certificate-roots", "text.json"}},
	}
	// Each names itself in what it says on standard error.
	unnamed := strings.NewReplacer("felleskrav attest verify", "program", audit.ProgramName, "program", "felleskrav:", "program:")
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			for _, lang := range locale.Languages() {
				for _, format := range []string{"text", "json", "yaml"} {
					args := append([]string{"--lang", lang, "--format", format}, c.args...)
					one, small := command(t, d.dir, nil, append([]string{"attest", "verify"}, args...)...), execute(t, verifier, d.dir, nil, args...)
					one.stderr, small.stderr = unnamed.Replace(one.stderr), unnamed.Replace(small.stderr)
					if one != small {
						t.Errorf("in %s as %s felleskrav says\n%+v\nand the program for auditors\n%+v", lang, format, one, small)
					}
					if one.code != c.code || one.stdout == "" && c.code < 1 || one.stdout+one.stderr == "" {
						t.Errorf("in %s as %s: %+v, want the code %d", lang, format, one, c.code)
					}
				}
			}
		})
	}
	if r := execute(t, verifier, d.dir, nil, "--version"); r.code != 0 || !strings.HasPrefix(r.stdout, audit.ProgramName+" ") {
		t.Errorf("its version is %+v", r)
	}
	if r := execute(t, verifier, d.dir, nil); r.code != 2 || !strings.Contains(r.stderr, "--log-key") {
		t.Errorf("without anything it says %+v", r)
	}
}
