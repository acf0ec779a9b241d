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
	for _, c := range []struct {
		name, dir string
		args      []string
		code      int
		out       string
	}{
		{"grown", honest, []string{"--since", old}, 0, "er der fortsatt"},
		{"by itself", rewritten, nil, 0, "har 300 innførsler"},
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
