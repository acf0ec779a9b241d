package web

import (
	"testing"
	"time"

	"felleskrav/internal/login"
	"felleskrav/internal/storage/mongo"
	"felleskrav/internal/storage/mongo/mongotest"
)

// newSiteOnMongo is newSite with a demonstration on a MongoDB, in a database of
// the test's own.
func newSiteOnMongo(t *testing.T) *site {
	t.Helper()
	uri, _ := mongotest.Database(t)
	store := must[*mongo.Store](t)(mongo.Open(t.Context(), uri, time.Now))
	return openSiteOn(t, store, true, time.Now, func(string) login.Config {
		return login.Config{Store: store.Sessions(), Demo: personas()}
	})
}
