package sqlite_test

import (
	"testing"
	"time"

	"felleskrav/internal/storage"
	"felleskrav/internal/storage/sqlite"
	"felleskrav/internal/storage/storagetest"
)

func open(t *testing.T) storage.Store { return openAt(t) }

func openAt(t testing.TB) storage.Store {
	t.Helper()
	s, err := sqlite.Open(t.Context(), t.TempDir(), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func TestConformance(t *testing.T) { storagetest.Run(t, open) }
