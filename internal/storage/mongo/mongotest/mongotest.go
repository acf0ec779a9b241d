// Package mongotest gives tests a database on the MongoDB that "make test" has
// started. It knows nothing of what is stored there.
package mongotest

import (
	"context"
	"crypto/rand"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// Database gives a database of the test's own, and its URI. It is dropped at
// the end of the test. Without a server the test fails: this backend is not to
// go untested.
func Database(t testing.TB) (uri string, database *mongo.Database) {
	t.Helper()
	server := os.Getenv("FELLESKRAV_TEST_MONGO_URI")
	if server == "" {
		t.Fatal("FELLESKRAV_TEST_MONGO_URI is not set: run the tests with `make test`, which starts a database for them and sets it")
	}
	base, query, _ := strings.Cut(server, "?")
	scheme, rest, _ := strings.Cut(base, "://")
	hosts, _, _ := strings.Cut(rest, "/")
	name := "felleskrav_test_" + strings.ToLower(rand.Text())
	uri = scheme + "://" + hosts + "/" + name + "?" + query
	client, err := mongo.Connect(options.Client().ApplyURI(uri))
	if err != nil {
		t.Fatalf("connect to %s: %v", uri, err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		if err := errors.Join(client.Database(name).Drop(ctx), client.Disconnect(ctx)); err != nil {
			t.Errorf("drop the test's database: %v", err)
		}
	})
	return uri, client.Database(name)
}
