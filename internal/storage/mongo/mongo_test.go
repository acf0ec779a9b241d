package mongo

import (
	"context"
	"crypto/rand"
	"os"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"felleskrav/internal/storage"
	"felleskrav/internal/storage/storagetest"
)

// database gives the URI of a database of the test's own, dropped at its end.
// Without a server the test fails: this backend is not to go untested.
func database(t testing.TB) string {
	t.Helper()
	server := os.Getenv("FELLESKRAV_TEST_MONGO_URI")
	if server == "" {
		t.Fatal("FELLESKRAV_TEST_MONGO_URI is not set: run the tests with `make test`, which starts a database for them and sets it")
	}
	base, query, _ := strings.Cut(server, "?")
	scheme, rest, _ := strings.Cut(base, "://")
	hosts, _, _ := strings.Cut(rest, "/")
	name := "felleskrav_test_" + strings.ToLower(rand.Text())
	uri := scheme + "://" + hosts + "/" + name + "?" + query
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		client, err := mongo.Connect(options.Client().ApplyURI(uri))
		if err == nil {
			err = client.Database(name).Drop(ctx)
		}
		if err == nil {
			err = client.Disconnect(ctx)
		}
		if err != nil {
			t.Errorf("drop the test's database: %v", err)
		}
	})
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
