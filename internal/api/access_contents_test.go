package api

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"felleskrav/internal/storage"
	"felleskrav/internal/storage/mongo"
	"felleskrav/internal/storage/mongo/mongotest"
	"felleskrav/internal/storage/sqlite"
	"felleskrav/internal/storage/storagetest"
)

// newWorldOnSQLite is a world whose contents are those of its tables.
func newWorldOnSQLite(t *testing.T) *world {
	t.Helper()
	h := newHouse(t)
	db, err := sql.Open("sqlite", "file:"+filepath.Join(h.dir, sqlite.FileName)+"?mode=ro")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	w := newWorld(t, h)
	w.contents = func() map[string]string { return storagetest.Contents(w.t, db) }
	return w
}

// newWorldOnMongo is a world whose contents are those of its collections.
func newWorldOnMongo(t *testing.T) *world {
	t.Helper()
	uri, database := mongotest.Database(t)
	w := newWorld(t, newHouseOn(t, func(now func() time.Time) (storage.Store, error) { return mongo.Open(context.Background(), uri, now) }))
	w.contents = func() map[string]string {
		w.t.Helper()
		out := map[string]string{}
		names, err := database.ListCollectionNames(context.Background(), bson.D{})
		if err != nil {
			w.t.Fatal(err)
		}
		for _, name := range names {
			if strings.HasPrefix(name, "trail") || name == "log_leases" {
				continue
			}
			found, err := database.Collection(name).Find(context.Background(), bson.D{})
			if err != nil {
				w.t.Fatal(err)
			}
			var all []bson.Raw
			if err := found.All(context.Background(), &all); err != nil {
				w.t.Fatal(err)
			}
			slices.SortFunc(all, func(a, b bson.Raw) int { return bytes.Compare(a, b) })
			sum := sha256.New()
			for _, d := range all {
				sum.Write(d)
			}
			out[name] = hex.EncodeToString(sum.Sum(nil))
		}
		return out
	}
	return w
}
