package main

import (
	"bytes"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"felleskrav/internal/console"
	"felleskrav/internal/signing"
	"felleskrav/internal/supplier"
)

// pluginPath builds the test's key management service and puts it on PATH,
// for this program and for those it starts.
func pluginPath(t *testing.T) {
	t.Helper()
	dir := t.TempDir()
	build := exec.CommandContext(t.Context(), "go", "build", "-o", filepath.Join(dir, "sigstore-kms-test"), "felleskrav/internal/signing/kms/kmstest")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build the plugin: %v\n%s", err, out)
	}
	t.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH"))
}

// kept makes a key in the test's key management service.
func (w *walk) kept(name, algorithm string) string {
	w.t.Helper()
	must(w.t, 0, w.dir, nil, "key", "generate", "--algorithm", algorithm, "-o", name)
	return "test://" + w.file(name)
}

// faulty makes a kept key misbehave until undone.
func (w *walk) faulty(name, how string) (undo func()) {
	w.t.Helper()
	w.write(name+"."+how, nil)
	return func() {
		w.t.Helper()
		if err := os.Remove(w.file(name + "." + how)); err != nil {
			w.t.Fatal(err)
		}
	}
}

// TestKeysInAKMS walks a key's life with every private key in a key management
// service: the log's, the registry's and the supplier's two.
func TestKeysInAKMS(t *testing.T) {
	pluginPath(t)
	store := []string{"--data-dir", t.TempDir()}
	w := &walk{t: t, dir: t.TempDir(), store: store}
	logKey := []string{"--log-key-kms", w.kept("log.pem", "ed25519"), "--log-origin", "127.0.0.1"}
	flags := append(append([]string{"--quiet", "--verdict-key-kms", w.kept("verdict.pem", "ecdsa-p256")}, logKey...), store...)
	server := serve(t, flags...)
	w.base = server.base
	d := &door{walk: w, server: server, selling: w.token(seller, "supplier")}
	d.offering = w.register(d.selling, seller, "Prøve AS (oppdiktet)", "file.key")

	first, second := w.kept("supplier.key", "ecdsa-p256"), w.kept("second.pem", "ed25519")
	id := strings.TrimSpace(w.run(0, d.selling, "key", "enrol", "--key", first, "--supplier", seller, "--label", "HSM").stdout)
	w.write("statement.json", d.prepare(d.selling, d.offering))
	must(t, 0, w.dir, nil, "attest", "sign", "--key", first, "statement.json", "-o", "bundle.json")
	w.run(0, d.selling, "attest", "submit", "bundle.json", "-o", "receipt.json")
	w.write("log.key", want(t, http.StatusOK, http.MethodGet, w.base+"/log/key", "", "", nil, nil).body)
	w.cosign(signing.Digest(w.read("statement.json")), d.offering)
	if !bytes.Equal(w.read("verdict-key.pem"), w.read("verdict.pem.pub")) {
		t.Error("verdicts are signed with another key than the one that is kept")
	}

	// The second key takes the place of the first.
	w.write("late.json", d.prepare(d.selling, d.offering))
	must(t, 0, w.dir, nil, "attest", "sign", "--key", first, "late.json", "-o", "late-bundle.json")
	w.run(1, d.selling, "key", "rotate", "--key", second, "--supplier", seller, "--replaces", strings.Repeat("0", 64))
	newID := strings.TrimSpace(w.run(0, d.selling, "key", "rotate", "--key", second, "--supplier", seller, "--label", "Ny HSM", "--replaces", id[:8]).stdout)
	if r := w.run(1, d.selling, "attest", "submit", "late-bundle.json"); !strings.Contains(r.stderr, "trukket tilbake") {
		t.Errorf("signed with the replaced key:\n%s", r.stderr)
	}
	var list struct {
		Items []supplier.Key `json:"items"`
	}
	want(t, http.StatusOK, http.MethodGet, w.base+"/api/v1/suppliers/"+seller+"/keys", "", "", nil, &list)
	if len(list.Items) != 3 || list.Items[1].ID != id || list.Items[1].Revoked == nil || list.Items[1].Revoked.Reason != supplier.Replaced ||
		list.Items[2].ID != newID || list.Items[1].Revoked.Index <= list.Items[2].EnrolledIndex {
		t.Errorf("the keys are %+v", list.Items)
	}

	// A service that answers rubbish makes no bundle.
	for how, say := range map[string]string{"bad-signature": "Ingenting er signert", "garbage": "Ingenting er signert", "fail": "the token is locked"} {
		undo := w.faulty("second.pem", how)
		r := must(t, console.ExitUnavailable, w.dir, nil, "attest", "sign", "--key", second, "late.json", "-o", how+".json")
		if _, err := os.Stat(w.file(how + ".json")); err == nil || !strings.Contains(r.stderr, say) {
			t.Errorf("%s: a file is there (%v), and it said\n%s", how, err == nil, r.stderr)
		}
		undo()
	}

	// The log's key is out of reach: nothing is acknowledged, and nothing lost.
	must(t, 0, w.dir, nil, "attest", "sign", "--key", second, "late.json", "-o", "late-bundle.json")
	undo := w.faulty("log.pem", "fail")
	w.run(console.ExitUnavailable, d.selling, "attest", "submit", "late-bundle.json")
	undo()
	w.run(0, d.selling, "attest", "submit", "late-bundle.json", "-o", "late-receipt.json")
	must(t, 0, w.dir, nil, "attest", "verify", "--bundle", "late-bundle.json", "--receipt", "late-receipt.json", "--key", "second.pem.pub", "--log-key", "log.key")
	undo = w.faulty("verdict.pem", "bad-signature")
	verdict := w.base + "/api/v1/attestations/" + signing.Digest(w.read("late.json")) + "/verdict?format=bundle"
	if a := want(t, http.StatusServiceUnavailable, http.MethodGet, verdict, "", "", nil, nil); a.problemType() != "attestation.verdict-unsigned" {
		t.Errorf("a verdict that cannot be signed is %s", a.problemType())
	}
	undo()
	want(t, http.StatusOK, http.MethodGet, verdict, "", "", nil, nil)
	must(t, 0, w.dir, nil, "log", "verify", "--server", w.base)

	// The log is the KMS key's: nobody else goes on with it.
	server.stop()
	must(t, 0, w.dir, nil, append(append([]string{"log", "verify"}, store...), logKey...)...)
	if r := must(t, console.ExitUnavailable, w.dir, nil, append([]string{"serve", "--listen", "127.0.0.1:0", "--log-origin", "127.0.0.1"}, store...)...); !strings.Contains(r.stderr, "henger ikke sammen") {
		t.Errorf("with another key it said\n%s", r.stderr)
	}
	again := serve(t, flags...)
	must(t, 0, w.dir, nil, "log", "verify", "--server", again.base)
}

// What is wrong with a key is told before anything is served.
func TestServeRefusesKMSKeys(t *testing.T) {
	pluginPath(t)
	w := &walk{t: t, dir: t.TempDir()}
	p256, p384, ed := w.kept("p256.pem", "ecdsa-p256"), w.kept("p384.pem", "ecdsa-p384"), w.kept("ed.pem", "ed25519")
	named := []string{"--log-origin", "log.example"}
	for _, c := range []struct {
		name string
		args []string
		code int
		say  string
	}{
		{"no name", []string{"--log-key-kms", ed}, console.ExitUsage, "--log-origin"},
		{"file and service", append([]string{"--log-key-kms", ed, "--log-key-file", w.file("ed.pem")}, named...), console.ExitUsage, "--log-key-file"},
		{"both for verdicts", []string{"--verdict-key-kms", p256, "--verdict-key-file", w.file("p256.pem")}, console.ExitUsage, "--verdict-key-file"},
		{"no URI", []string{"--verdict-key-kms", "p256.pem"}, console.ExitUsage, "p256.pem"},
		{"no plugin", append([]string{"--log-key-kms", "nosuch://1"}, named...), console.ExitUnavailable, "sigstore-kms-nosuch"},
		{"no plugin for verdicts", []string{"--verdict-key-kms", "nosuch://1"}, console.ExitUnavailable, "sigstore-kms-nosuch"},
		{"log key of another type", append([]string{"--log-key-kms", p256}, named...), console.ExitUnavailable, "Ed25519"},
		{"verdict key not for cosign", []string{"--verdict-key-kms", p384}, console.ExitUnavailable, "cosign"},
		{"locked", []string{"--verdict-key-kms", p256 + "?fail"}, console.ExitUnavailable, "the token is locked"},
		{"rubbish", []string{"--verdict-key-kms", p256 + "?empty"}, console.ExitUnavailable, "sigstore-kms-test"},
		{"out of order", append([]string{"--log-key-kms", ed + "?bad-signature"}, named...), console.ExitUnavailable, "Ingenting er signert"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := must(t, c.code, w.dir, nil, append([]string{"serve", "--quiet", "--listen", "127.0.0.1:0", "--data-dir", t.TempDir()}, c.args...)...)
			if !strings.Contains(r.stderr, c.say) || r.stdout != "" {
				t.Errorf("it said\n%s%s", r.stdout, r.stderr)
			}
		})
	}
}

// TestKeyring lists and revokes, asks before it does, and ends as it should.
func TestKeyring(t *testing.T) { onBackends(t, testKeyring) }

func testKeyring(t *testing.T, store []string) {
	d := newDoor(t, store)
	w := d.walk
	read := func(args ...string) result {
		return w.run(0, "", append([]string{"key", "list", "--supplier", seller}, args...)...)
	}
	var list struct {
		Items []supplier.Key `json:"items"`
	}
	want(t, http.StatusOK, http.MethodGet, w.base+"/api/v1/suppliers/"+seller+"/keys", "", "", nil, &list)
	id := list.Items[0].ID
	if r := read(); !strings.Contains(r.stdout, id) || !strings.Contains(r.stdout, "gyldig") || !strings.Contains(r.stdout, "Prøve") {
		t.Errorf("the table is\n%s", r.stdout)
	}
	if r := read("--format", "json"); !strings.Contains(r.stdout, `"id": "`+id) {
		t.Errorf("as JSON it is\n%s", r.stdout)
	}
	if r := read("--format", "yaml"); !strings.Contains(r.stdout, "id: "+id) {
		t.Errorf("as YAML it is\n%s", r.stdout)
	}
	env := map[string]string{"FELLESKRAV_SERVER": w.base, "FELLESKRAV_TOKEN": d.selling, "FELLESKRAV_SUPPLIER": seller}
	stranger := map[string]string{"FELLESKRAV_SERVER": w.base, "FELLESKRAV_TOKEN": d.other, "FELLESKRAV_SUPPLIER": seller}
	revoke := func(key string, more ...string) []string { return append([]string{"key", "revoke", key}, more...) }
	for _, c := range []struct {
		name  string
		env   map[string]string
		stdin string
		args  []string
		code  int
		say   string
	}{
		{"no reason", env, "ja\n", revoke(id), console.ExitUsage, "--reason"},
		{"unknown reason", env, "ja\n", revoke(id, "--reason", "bored"), console.ExitUsage, "replaced"},
		{"no id", env, "ja\n", revoke("xyz", "--reason", "retired"), console.ExitUsage, "xyz"},
		{"short id", env, "ja\n", revoke(id[:7], "--reason", "retired"), console.ExitUsage, id[:7]},
		{"unknown id", env, "ja\n", revoke("0123456789abcdef", "--reason", "retired"), console.ExitNo, "0123456789abcdef"},
		{"nobody answers", env, "", revoke(id, "--reason", "retired"), console.ExitUsage, "--yes"},
		{"no", env, "nei\n", revoke(id, "--reason", "retired"), console.ExitNo, "ikke trukket tilbake"},
		{"not one's own", stranger, "", revoke(id, "--reason", "retired", "--yes"), console.ExitUnavailable, ""},
		{"yes", env, "ja\n", revoke(id[:12], "--reason", "compromised", "--note", "Mistet."), console.ExitDone, "Erklæringer som er logget før, gjelder fortsatt"},
		{"again", env, "", revoke(id, "--reason", "retired"), console.ExitDone, "fra før"},
	} {
		r := here(t, c.env, c.stdin, c.args...)
		if r.code != c.code || !strings.Contains(r.stderr, c.say) {
			t.Errorf("%s: ended with %d, want %d\n%s%s", c.name, r.code, c.code, r.stdout, r.stderr)
		}
		if c.name == "yes" && (!strings.Contains(r.stderr, "noen andre") || strings.TrimSpace(r.stdout) != id) {
			t.Errorf("a stolen key: it said\n%s%s", r.stdout, r.stderr)
		}
	}
	if r := read(); !strings.Contains(r.stdout, "trukket tilbake") || !strings.Contains(r.stdout, "på avveie") {
		t.Errorf("afterwards the table is\n%s", r.stdout)
	}
	must(t, 0, w.dir, nil, "key", "generate", "-o", "new.key")
	w.run(0, d.selling, "key", "enrol", "--key", "new.key", "--supplier", seller, "--label", "Ny", "-o", "new.txt")
	must(t, 0, w.dir, nil, "key", "generate", "-o", "newer.key")
	if r := w.run(0, d.selling, "key", "rotate", "--key", "newer.key", "--supplier", seller, "--replaces", string(w.read("new.txt")[:10])); !strings.Contains(r.stderr, "erstattet") {
		t.Errorf("it said\n%s", r.stderr)
	}
	want(t, http.StatusOK, http.MethodGet, w.base+"/api/v1/suppliers/"+seller+"/keys", "", "", nil, &list)
	if k := list.Items; len(k) != 3 || k[1].Revoked == nil || k[1].Revoked.Reason != supplier.Replaced || k[2].Revoked != nil || k[1].Revoked.Index <= k[2].EnrolledIndex {
		t.Errorf("the keys are %+v", k)
	}
	if r := w.run(0, "", "key", "list", "--supplier", otherSeller, "--format", "json"); !strings.Contains(r.stdout, "items") {
		t.Errorf("another supplier's keys are\n%s", r.stdout)
	}
}
