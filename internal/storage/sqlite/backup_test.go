package sqlite

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"felleskrav/internal/organisation"
	"felleskrav/internal/supplier"
)

// A backup taken while the store is in use holds all that was acknowledged
// before it began, and is a data folder.
func TestBackup(t *testing.T) {
	s, ctx := mustOpen(t, t.TempDir()), t.Context()
	blob, err := s.PutBlob(ctx, strings.NewReader("evidence"))
	if err != nil {
		t.Fatal(err)
	}
	insert := func(n int) {
		if err := s.InsertSupplier(ctx, supplier.Supplier{Number: organisation.Number(fmt.Sprint(n)), Name: "Æ"}); err != nil {
			t.Error(err)
		}
	}
	for n := range 100 {
		insert(n)
	}
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for n := 100; ; n++ {
			select {
			case <-stop:
				return
			default:
				insert(n)
			}
		}
	}()
	dir := filepath.Join(t.TempDir(), "kopi")
	err = s.Backup(ctx, dir)
	close(stop)
	<-stopped
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(filepath.Join(dir, FileName))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the copy has mode %v, %v", info.Mode(), err)
	}
	c := mustOpen(t, dir)
	for n := range 100 {
		if _, err := c.Supplier(ctx, organisation.Number(fmt.Sprint(n))); err != nil {
			t.Fatal(err)
		}
	}
	r, _, err := c.OpenBlob(ctx, blob.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	if b, err := io.ReadAll(r); err != nil || string(b) != "evidence" {
		t.Errorf("evidence is %q, %v", b, err)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}

	if err := s.Backup(ctx, dir); err == nil {
		t.Error("a backup was overwritten")
	}
	folder, name, _ := s.blobs.place(blob.SHA256)
	files, err := versions(folder, name)
	if err != nil || len(files) != 1 {
		t.Fatalf("%v, %v", files, err)
	}
	if err := os.WriteFile(filepath.Join(folder, files[0]), []byte("Evidence"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.Backup(ctx, filepath.Join(t.TempDir(), "b")); err == nil || !strings.Contains(err.Error(), blob.SHA256) {
		t.Errorf("damaged evidence: %v", err)
	}
}

// Bytes from before there were versions are read, replaced and removed.
func TestOldBytes(t *testing.T) {
	s, ctx := mustOpen(t, t.TempDir()), t.Context()
	blob, err := s.PutBlob(ctx, strings.NewReader("old"))
	if err != nil {
		t.Fatal(err)
	}
	folder, name, _ := s.blobs.place(blob.SHA256)
	files := func() []string {
		t.Helper()
		all, err := versions(folder, name)
		if err != nil {
			t.Fatal(err)
		}
		return all
	}
	old := func() {
		t.Helper()
		if err := os.Rename(filepath.Join(folder, files()[0]), filepath.Join(folder, name)); err != nil {
			t.Fatal(err)
		}
	}
	old()
	r, b, err := s.OpenBlob(ctx, blob.SHA256)
	if err != nil || b.Size != 3 {
		t.Fatalf("%+v, %v", b, err)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	version, err := s.BlobVersion(ctx, blob.SHA256)
	if err != nil || version != name {
		t.Errorf("version %q, %v", version, err)
	}
	if _, err := s.PutBlob(ctx, strings.NewReader("old")); err != nil {
		t.Fatal(err)
	}
	if err := s.RemoveBlob(ctx, blob.SHA256, version); err != nil || len(files()) != 1 || files()[0] == name {
		t.Errorf("%v, %v, want the new file alone", files(), err)
	}
	old()
	if err := s.RemoveBlob(ctx, blob.SHA256, version); err != nil || len(files()) != 0 {
		t.Errorf("%v, %v, want nothing", files(), err)
	}
}
