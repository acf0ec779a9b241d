package sqlite

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"felleskrav/internal/member"
)

// TestErasedIsGoneFromTheFiles holds that the bytes of what was removed are in
// no file any more after a checkpoint.
func TestErasedIsGoneFromTheFiles(t *testing.T) {
	dir := t.TempDir()
	s := mustOpen(t, dir)
	name := []byte("Unikt Navn-Navnesen")
	holds := func() bool {
		t.Helper()
		for _, f := range []string{FileName, FileName + "-wal"} {
			b, err := os.ReadFile(filepath.Join(dir, f))
			if err != nil {
				t.Fatal(err)
			}
			if bytes.Contains(b, name) {
				return true
			}
		}
		return false
	}
	for range 3 {
		if _, err := s.PutPerson(t.Context(), "person:x", func(p member.Person) (member.Person, error) {
			p.Name += string(name)
			return p, nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Checkpoint(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !holds() {
		t.Fatal("the name was never there")
	}
	if err := s.RemovePerson(t.Context(), "person:x"); err != nil {
		t.Fatal(err)
	}
	if err := s.Checkpoint(t.Context()); err != nil {
		t.Fatal(err)
	}
	if holds() {
		t.Error("the name is still there")
	}
}
