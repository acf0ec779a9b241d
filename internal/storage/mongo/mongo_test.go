package mongo

import (
	"testing"
	"time"

	"felleskrav/internal/storage"
	"felleskrav/internal/storage/mongo/mongotest"
	"felleskrav/internal/storage/storagetest"
)

// database gives the URI of a database of the test's own.
func database(t testing.TB) string {
	t.Helper()
	uri, _ := mongotest.Database(t)
	return uri
}

func newStore(t *testing.T) storage.Store { return openAt(t) }

func openAt(t testing.TB) storage.Store {
	t.Helper()
	s, err := Open(t.Context(), database(t), time.Now)
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

func TestConformance(t *testing.T) { storagetest.Run(t, newStore) }

func BenchmarkStore(b *testing.B) { storagetest.Bench(b, openAt) }
