package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"felleskrav/internal/storage/sqlite"
	"felleskrav/internal/transparency"
)

// logAt appends entries to the log of a store, with the key given, and returns
// the checkpoint after them.
func logAt(t *testing.T, dir, key string, entries ...string) string {
	t.Helper()
	ctx := t.Context()
	store, err := sqlite.Open(ctx, dir, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	text, err := store.SecretOrCreate(ctx, logSecret, func() ([]byte, error) { return []byte(key), nil })
	if err != nil {
		t.Fatal(err)
	}
	signer, err := transparency.ParseSigner(string(text))
	if err != nil {
		t.Fatal(err)
	}
	log, err := transparency.Open(ctx, store, transparency.Config{Signer: signer})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if _, err := log.Append(ctx, "key:"+e, []byte(e)); err != nil {
			t.Fatal(err)
		}
	}
	cp, err := log.Checkpoint(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	return string(cp)
}

// TestLogVerify keeps an old checkpoint and asks again when the log has grown,
// when it has been rewritten, and when it has been cut short.
func TestLogVerify(t *testing.T) {
	key, err := transparency.GenerateSignerKey("log.example")
	if err != nil {
		t.Fatal(err)
	}
	other, err := transparency.GenerateSignerKey("log.example")
	if err != nil {
		t.Fatal(err)
	}
	var entries []string
	for i := range 300 { // more than one bundle
		entries = append(entries, fmt.Sprint("entry ", i))
	}
	honest, rewritten, short, stranger := t.TempDir(), t.TempDir(), t.TempDir(), t.TempDir()
	old := filepath.Join(t.TempDir(), "old.checkpoint")
	if err := os.WriteFile(old, []byte(logAt(t, honest, key, entries[:270]...)), 0o600); err != nil {
		t.Fatal(err)
	}
	logAt(t, honest, key, entries[270:]...)
	changed := append([]string{"another beginning"}, entries[1:]...)
	logAt(t, rewritten, key, changed...)
	logAt(t, short, key, entries[:10]...)
	logAt(t, stranger, other, entries...)
	older := filepath.Join(t.TempDir(), "older.checkpoint")
	if err := os.WriteFile(older, []byte(logAt(t, t.TempDir(), key, entries[:7]...)), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, dir string
		args      []string
		code      int
		out       string
	}{
		{"grown from two", honest, []string{"--since", old, "--since", older}, 0, "older.checkpoint, er der fortsatt"},
		{"cut short, to after the older", short, []string{"--since", old, "--since", older}, 1, "older.checkpoint, er der fortsatt"},
		{"shrunk", short, []string{"--since", old}, 1, "da hadde den 270 oppføringer, nå har den 10."},
		{"as data", short, []string{"--since", old, "--since", older, "--format", "json"}, 1, `"shrunk": true`},
		{"as data, grown", honest, []string{"--since", older, "--format", "json"}, 0, `"extends": true,`},
		{"too large a quorum", honest, []string{"--quorum", "1"}, 2, ""},
		{"no witness key", honest, []string{"--witness", "x"}, 2, ""},
		{"grown", honest, []string{"--since", old}, 0, "er der fortsatt"},
		{"by itself", rewritten, nil, 0, "har 300 oppføringer"},
		{"rewritten", rewritten, []string{"--since", old}, 1, "skrevet om"},
		{"cut short", short, []string{"--since", old}, 1, "skrevet om"},
		{"another key", stranger, []string{"--since", old}, 1, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := here(t, nil, "", append([]string{"log", "verify", "--data-dir", c.dir}, c.args...)...)
			if r.code != c.code || !strings.Contains(r.stdout, c.out) {
				t.Errorf("ended with %d:\n%s%s", r.code, r.stdout, r.stderr)
			}
		})
	}
}
