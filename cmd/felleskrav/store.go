package main

import (
	"context"
	"errors"
	"time"

	"felleskrav/internal/console"
	"felleskrav/internal/storage"
	"felleskrav/internal/storage/mongo"
	"felleskrav/internal/storage/sqlite"
)

// local are the flags of commands that open the store themselves. A MongoDB
// URI goes before the folder, which the server still uses for its own files.
type local struct {
	DataDir  string `conf:"" default:"./data" placeholder:"DIR"`
	MongoURI string `name:"mongo-uri" conf:"" secret:"" placeholder:"URI"`
}

// open opens the store. This is the one place that knows the backends.
func (l local) open(ctx context.Context, now func() time.Time) (storage.Store, error) {
	var (
		store storage.Store
		err   error
		what  = l.DataDir
	)
	if l.MongoURI != "" {
		what = "MongoDB" // the URI may hold a password
		store, err = mongo.Open(ctx, l.MongoURI, now)
	} else {
		store, err = sqlite.Open(ctx, l.DataDir, now)
	}
	if errors.Is(err, storage.ErrNewer) {
		return nil, console.Cannot(nil, "cli.store.newer", "Store", what)
	}
	if err != nil {
		return nil, console.Cannot(err, "cli.store.open", "Store", what)
	}
	return store, nil
}
