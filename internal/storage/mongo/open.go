package mongo

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"time"

	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.mongodb.org/mongo-driver/v2/mongo/readconcern"
	"go.mongodb.org/mongo-driver/v2/mongo/readpref"
	"go.mongodb.org/mongo-driver/v2/mongo/writeconcern"

	"felleskrav/internal/storage"
)

// DefaultDatabase is the database used when the URI names none.
const DefaultDatabase = "felleskrav"

// Store is a storage.Store on a database.
type Store struct {
	now    func() time.Time
	client *mongo.Client
	db     *mongo.Database
	bucket *mongo.GridFSBucket

	tokens, suppliers, offerings, challenges, evidence, attestations, withdrawals, signatures,
	procurements, responses, checkJobs, keptFiles, issuedWorkbooks, ownWorkbooks, ownMappings, answerDrafts, declarationUses, people, circles, invitations, claims, registry, logStates, logEntries, logHashes, logLeases, logCosigned, sessions, secrets,
	blobs, uploads, drafts, published, releases, reports, reviews, reviewWithdrawals, trail, trailAnchors, watchLists *mongo.Collection

	closing sync.Once
}

var _ storage.Store = (*Store)(nil)

// Open connects to the database that the URI names (DefaultDatabase if it
// names none), makes what indexes are missing and clears what a crash left of
// half uploaded evidence. It fails with storage.ErrNewer when the data were
// written by a newer version. now tells the time, for what expires.
//
// The URI may hold a password: no error repeats it.
func Open(ctx context.Context, uri string, now func() time.Time) (*Store, error) {
	s, err := open(ctx, uri, now)
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	return s, nil
}

func open(ctx context.Context, uri string, now func() time.Time) (*Store, error) {
	name, err := databaseName(uri)
	if err != nil {
		return nil, err
	}
	journal := true
	o := options.Client().ApplyURI(uri).
		SetAppName("felleskrav").
		// An answered write survives the loss of a minority of the servers.
		SetWriteConcern(&writeconcern.WriteConcern{W: "majority", Journal: &journal}).
		// What is read cannot be rolled back, and an answered write is seen.
		SetReadConcern(readconcern.Majority()).
		SetReadPreference(readpref.Primary())
	client, err := mongo.Connect(o)
	if err != nil {
		return nil, err
	}
	db := client.Database(name)
	s := &Store{
		now: now, client: client, db: db,
		bucket:          db.GridFSBucket(options.GridFSBucket().SetName("evidence_bytes")),
		tokens:          db.Collection("tokens"),
		suppliers:       db.Collection("suppliers"),
		offerings:       db.Collection("offerings"),
		challenges:      db.Collection("challenges"),
		evidence:        db.Collection("evidence"),
		attestations:    db.Collection("attestations"),
		withdrawals:     db.Collection("withdrawals"),
		signatures:      db.Collection("signatures"),
		procurements:    db.Collection("procurements"),
		responses:       db.Collection("responses"),
		checkJobs:       db.Collection("check_jobs"),
		keptFiles:       db.Collection("kept_files"),
		ownWorkbooks:    db.Collection("own_workbooks"),
		issuedWorkbooks: db.Collection("issued_workbooks"),
		ownMappings:     db.Collection("own_mappings"),
		answerDrafts:    db.Collection("answer_drafts"),
		declarationUses: db.Collection("declaration_uses"),
		people:          db.Collection("people"),
		circles:         db.Collection("circles"),
		invitations:     db.Collection("invitations"),
		claims:          db.Collection("claims"),
		registry:        db.Collection("register_entries"),
		logStates:       db.Collection("log_states"),
		logEntries:      db.Collection("log_entries"),
		logHashes:       db.Collection("log_hashes"),
		logLeases:       db.Collection("log_leases"),
		logCosigned:     db.Collection("log_cosigned"),
		sessions:        db.Collection("sessions"),
		secrets:         db.Collection("secrets"),
		blobs:           db.Collection("evidence_blobs"),
		uploads:         db.Collection("evidence_uploads"),
		drafts:          db.Collection("drafts"),
		published:       db.Collection("published_content"),
		releases:        db.Collection("set_releases"),
		reports:         db.Collection("reports"),
		reviews:         db.Collection("reviews"),

		reviewWithdrawals: db.Collection("review_withdrawals"),
		trail:             db.Collection("trail"),
		trailAnchors:      db.Collection("trail_anchors"),
		watchLists:        db.Collection("watch_lists"),
	}
	for _, step := range []func(context.Context) error{s.Ping, s.migrate, s.clearUploads} {
		if err := step(ctx); err != nil {
			return nil, errors.Join(err, s.Close())
		}
	}
	return s, nil
}

// databaseName finds the database in mongodb://hosts/NAME?options. The hosts
// may be a list with ports, which net/url does not take.
func databaseName(uri string) (string, error) {
	_, rest, ok := strings.Cut(uri, "://")
	if !ok {
		return "", errors.New("the address is not a mongodb:// URI")
	}
	rest, _, _ = strings.Cut(rest, "?")
	_, name, _ := strings.Cut(rest, "/")
	name, err := url.PathUnescape(name)
	if err != nil {
		return "", errors.New("the database name in the address cannot be read")
	}
	if name == "" {
		return DefaultDatabase, nil
	}
	return name, nil
}

// Ping tells whether the primary answers.
func (s *Store) Ping(ctx context.Context) error {
	if err := s.client.Ping(ctx, readpref.Primary()); err != nil {
		return fmt.Errorf("ping database: %w", err)
	}
	return nil
}

// closeWait is how long closing waits for operations under way.
const closeWait = 10 * time.Second

// Close waits for the operations under way and disconnects.
func (s *Store) Close() error {
	var err error
	s.closing.Do(func() {
		ctx, cancel := context.WithTimeout(context.Background(), closeWait)
		defer cancel()
		if err = s.client.Disconnect(ctx); err != nil {
			err = fmt.Errorf("close database: %w", err)
		}
	})
	return err
}
