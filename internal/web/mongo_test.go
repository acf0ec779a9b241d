package web

import (
	"context"
	"crypto/rand"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"felleskrav/internal/login"
	"felleskrav/internal/storage/mongo"
)

// newSiteOnMongo is newSite with a demonstration on a MongoDB, in a database of
// the test's own.
func newSiteOnMongo(t *testing.T) *site {
	t.Helper()
	server := os.Getenv("FELLESKRAV_TEST_MONGO_URI")
	if server == "" {
		t.Fatal("FELLESKRAV_TEST_MONGO_URI is not set: run the tests with `make test`, which starts a database for them and sets it")
	}
	base, query, _ := strings.Cut(server, "?")
	scheme, rest, _ := strings.Cut(base, "://")
	hosts, _, _ := strings.Cut(rest, "/")
	name := "felleskrav_web_" + strings.ToLower(rand.Text())
	uri := scheme + "://" + hosts + "/" + name + "?" + query
	conn := must[*driver.Client](t)(driver.Connect(options.Client().ApplyURI(uri)))
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		if err := errors.Join(conn.Database(name).Drop(ctx), conn.Disconnect(ctx)); err != nil {
			t.Errorf("drop the test's database: %v", err)
		}
	})
	store := must[*mongo.Store](t)(mongo.Open(t.Context(), uri, time.Now))
	return openSiteOn(t, store, true, time.Now, func(string) login.Config {
		return login.Config{Store: store.Sessions(), Demo: personas()}
	})
}
