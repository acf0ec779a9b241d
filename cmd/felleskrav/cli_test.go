package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// here runs the program inside the test, with only the environment given.
func here(t *testing.T, env map[string]string, stdin string, args ...string) result {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code := run(t.Context(), args, strings.NewReader(stdin), &stdout, &stderr, func(k string) string { return env[k] })
	return result{code, stdout.String(), stderr.String()}
}

func TestUsage(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "missing")
	cases := []struct {
		args []string
		code int
		// out and err must stand in standard output and standard error.
		out, err string
	}{
		{nil, 2, "", "Kommandoer:"},
		{[]string{"--help"}, 0, "Kommandoer:", ""},
		{[]string{"serve", "--help"}, 0, "$FELLESKRAV_MONGO_URI_FILE", ""},
		{[]string{"serv"}, 2, "", `Mente du "serve"?`},
		{[]string{"attest"}, 2, "", "skriv en av"},
		{[]string{"select", "--modell", "saas"}, 2, "", "ukjent flagg: --modell"},
		{[]string{"version"}, 0, "felleskrav ", ""},
		{[]string{"version", "--format", "xml"}, 2, "", "kan ikke skrive xml her"},
		{[]string{"version", "--format", "json"}, 0, `"go": "go1.`, ""},
		{[]string{"--lang", "nn", "version", "--format", "xml"}, 2, "", "kan ikkje skrive xml her"},
		{[]string{"--lang=en", "version", "--format", "xml"}, 2, "", "cannot write xml here"},
		{[]string{"catalogue", "lint"}, 0, "", "Ingen feil: "},
		{[]string{"catalogue", "lint", missing}, 3, "", "finnes ikke"},
		{[]string{"catalogue", "show"}, 0, "skytjenester@1.0.0", ""},
		{[]string{"catalogue", "show", "K-STYRING-01"}, 0, "id: K-STYRING-01", ""},
		{[]string{"catalogue", "show", "K-STYRINGS-01"}, 1, "", "Mente du K-STYRING-01"},
		{[]string{"catalogue", "show", "grunnsett@1.0.0", "--format", "json"}, 0, `"id":"grunnsett"`, ""},
		{[]string{"catalogue", "diff", "grunnsett@2.0.0"}, 0, "Uendret", ""},
		{[]string{"catalogue", "diff", "grunnsett@1.0.0", "skytjenester@1.0.0"}, 2, "", "ikke versjoner av samme kravsett"},
		{[]string{"catalogue", "diff", "grunnsett@7.0.0"}, 1, "", "grunnsett@1.0.0"},
		{[]string{"select", "-t", "fag.grunnskole", "-m", "saas"}, 0, "Konsekvensnivå", ""},
		{[]string{"select", "-t", "fag.grunnskola", "-m", "saas"}, 1, "", "fag.grunnskole"},
		{[]string{"select", "-t", "fag.grunnskole", "-m", "saas", "--level", "integrity"}, 2, "", "--level"},
		{[]string{"select", "-t", "fag.grunnskole", "-m", "saas", "--level", "integrity=4:Eksamen, og vitnemål", "--format", "json"}, 0, `"reason": "Eksamen, og vitnemål"`, ""},
		{[]string{"answers", "new", "grunnsett@1.0.0"}, 0, "requirement: K-STYRING-01", ""},
		{[]string{"answers", "new", "grunnsett@1.0.0", "--format", "xlsx"}, 2, "", "-o FIL.xlsx"},
		{[]string{"answers", "new", "ukjent"}, 1, "", "finner ikke kravsettet"},
		{[]string{"attest", "sign", missing, "--key", missing}, 3, "", "finnes ikke"},
		{[]string{"attest", "prepare"}, 2, "", "--offering"},
		{[]string{"status", "310911380", "--server", "http://127.0.0.1:1"}, 3, "", "får ikke kontakt med"},
		{[]string{"status", "310911380", "--server", "ftp://x"}, 2, "", "er ikke en adresse"},
		{[]string{"status", "123456789"}, 1, "", "123456789"},
		{[]string{"token", "create", "--org", "311036459", "--role", "king", "--data-dir", t.TempDir()}, 1, "", "king"},
		{[]string{"log", "verify", "--data-dir", t.TempDir()}, 3, "", "ingen logg"},
		{[]string{"serve", "--demo", "--listen", "0.0.0.0:0", "--data-dir", t.TempDir()}, 2, "", "bare lytte på egen maskin"},
	}
	for _, c := range cases {
		t.Run(strings.Join(c.args, " "), func(t *testing.T) {
			r := here(t, nil, "", c.args...)
			if r.code != c.code {
				t.Errorf("ended with %d, want %d", r.code, c.code)
			}
			if !strings.Contains(r.stdout, c.out) || c.out == "" && r.stdout != "" && c.code != 0 {
				t.Errorf("standard output is\n%s", r.stdout)
			}
			if !strings.Contains(r.stderr, c.err) {
				t.Errorf("standard error is\n%s", r.stderr)
			}
		})
	}
}

// All that is wrong with a configuration is told at once.
func TestConfigurationFaults(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "missing")
	r := here(t, map[string]string{"FELLESKRAV_BASE_URL": "felleskrav.example/under"}, "", "serve", "--listen", "8080",
		"--log-key-file", missing, "--verdict-key-file", missing+".pem", "--requirements", missing, "--log-origin", "https://x", "--mongo-uri", "localhost", "--clamd", "/run/clamd.ctl")
	if r.code != 2 {
		t.Errorf("ended with %d", r.code)
	}
	for _, part := range []string{"--listen", "--base-url", "--log-origin", "--mongo-uri", "--clamd", missing, missing + ".pem"} {
		if !strings.Contains(r.stderr, part) {
			t.Errorf("does not mention %s:\n%s", part, r.stderr)
		}
	}
}

// A secret can stand in a file, and the environment goes behind the flag.
func TestSecretsFromFiles(t *testing.T) {
	file := filepath.Join(t.TempDir(), "uri")
	if err := os.WriteFile(file, []byte("mysql://secret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	r := here(t, map[string]string{"FELLESKRAV_MONGO_URI_FILE": file}, "", "serve", "--listen", "127.0.0.1:0")
	if r.code != 2 || !strings.Contains(r.stderr, "mongodb://") || strings.Contains(r.stderr, "secret") {
		t.Errorf("ended with %d:\n%s", r.code, r.stderr)
	}
	r = here(t, map[string]string{"FELLESKRAV_MONGO_URI_FILE": file + "x"}, "", "serve", "--listen", "127.0.0.1:0")
	if r.code == 0 || !strings.Contains(r.stderr, "FELLESKRAV_MONGO_URI_FILE") {
		t.Errorf("a missing file: ended with %d:\n%s", r.code, r.stderr)
	}
}

// Keys are never written over, and the private one is its owner's alone.
func TestKeyGenerate(t *testing.T) {
	for _, algorithm := range []string{"ecdsa-p256", "ed25519", "rsa-3072"} {
		file := filepath.Join(t.TempDir(), "supplier.key")
		if r := here(t, nil, "", "key", "generate", "--algorithm", algorithm, "-o", file); r.code != 0 {
			t.Fatalf("%s: %s", algorithm, r.stderr)
		}
		before, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v %v", algorithm, info.Mode(), err)
		}
		public, err := os.ReadFile(file + ".pub")
		if err != nil || !bytes.HasPrefix(public, []byte("-----BEGIN PUBLIC KEY-----")) {
			t.Errorf("%s: %v\n%s", algorithm, err, public)
		}
		if r := here(t, nil, "", "key", "generate", "-o", file); r.code != 3 || !strings.Contains(r.stderr, "finnes fra før") {
			t.Errorf("%s: a second time ended with %d: %s", algorithm, r.code, r.stderr)
		}
		if after, err := os.ReadFile(file); err != nil || !bytes.Equal(before, after) {
			t.Errorf("%s: the key was written over (%v)", algorithm, err)
		}
	}
	if r := here(t, nil, "", "key", "generate", "--algorithm", "rsa-1024", "-o", filepath.Join(t.TempDir(), "k")); r.code != 2 || !strings.Contains(r.stderr, "ecdsa-p256") {
		t.Errorf("a weak key: %d %s", r.code, r.stderr)
	}
}

// A selection can stand in a file; what it does not know is told.
func TestSelectFile(t *testing.T) {
	good := "tasks: [fag.grunnskole]\ndeliveryModels: [saas]\n"
	r := here(t, nil, good, "select", "-f", "-", "--format", "csv")
	if r.code != 0 || !strings.HasPrefix(r.stdout, "\ufeffid;kind;type;title;text;reason\r\nK-STYRING-01;") {
		t.Errorf("ended with %d:\n%.300s%s", r.code, r.stdout, r.stderr)
	}
	if r := here(t, nil, good+"level: 3\n", "select", "-f", "-"); r.code != 2 || !strings.Contains(r.stderr, "level") {
		t.Errorf("an unknown field ended with %d: %s", r.code, r.stderr)
	}
}
