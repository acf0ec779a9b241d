package mongo

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"felleskrav/internal/problem"
	"felleskrav/internal/storage"
)

// step changes stored documents from one version to the next. It may run again
// after a crash, and in two processes at once, and must come to the same.
type step func(context.Context, *Store) error

// steps are numbered from 1 in this order and never change place. Indexes are
// no steps: they are made at every opening, unless they are there.
var steps = []step{
	// 1: the documents as they were first.
	func(context.Context, *Store) error { return nil },
	// 2: withdrawals have their time beside the document.
	dateWithdrawals,
	// 3: declarations have their outline beside the document.
	outlineAttestations,
	// 4: tokens have their organisation beside the document.
	ownTokens,
	// 5: offerings have their name beside the document.
	nameOfferings,
	// 6: suppliers and offerings have the grams of their names beside the document.
	gramNames,
}

// migrate brings indexes and documents up to date.
func (s *Store) migrate(ctx context.Context) error { return s.migrateWith(ctx, steps) }

func (s *Store) migrateWith(ctx context.Context, steps []step) error {
	done := s.db.Collection("migrations")
	var last struct {
		Number int `bson:"_id"`
	}
	err := done.FindOne(ctx, bson.D{}, options.FindOne().SetSort(bson.D{{Key: "_id", Value: -1}})).Decode(&last)
	if err != nil && !errors.Is(err, mongo.ErrNoDocuments) {
		return fmt.Errorf("read migrations: %w", err)
	}
	if last.Number > len(steps) {
		return fmt.Errorf("%w: its documents are at version %d, this program knows %d", storage.ErrNewer, last.Number, len(steps))
	}
	if err := s.index(ctx); err != nil {
		return err
	}
	for n := last.Number + 1; n <= len(steps); n++ {
		if err := steps[n-1](ctx, s); err != nil {
			return fmt.Errorf("migrate documents to version %d: %w", n, err)
		}
		err := insert(ctx, done, bson.D{{Key: "_id", Value: n}, {Key: "at", Value: storage.Time(s.now())}})
		if err != nil && !isExists(err) {
			return fmt.Errorf("record migration %d: %w", n, err)
		}
	}
	return nil
}

// index makes the indexes that are missing.
func (s *Store) index(ctx context.Context) error {
	const unique, plain = true, false
	for _, x := range []struct {
		on     *mongo.Collection
		keys   bson.D
		unique bool
	}{
		{s.tokens, up("id"), unique},
		{s.tokens, up("org", "id"), plain},
		{s.offerings, up("supplier", "_id"), plain},
		{s.offerings, up("supplier", "name"), plain},
		{s.offerings, up("grams"), plain},
		{s.suppliers, up("grams"), plain},
		{s.challenges, up("expires"), plain},
		{s.evidence, up("sha256", "owner"), plain},
		{s.evidence, up("owner", "uploaded", "sha256"), plain},
		{s.evidence, up("scanDue", "owner", "sha256"), plain},
		{s.evidence, up("unsettled", "owner", "sha256"), plain},
		{s.attestations, up("offering", "set", "received", "_id"), plain},
		{s.attestations, up("offering", "received", "_id"), plain},
		{s.attestations, up("received", "_id"), plain},
		{s.withdrawals, up("offering"), plain},
		{s.withdrawals, up("at", "_id"), plain},
		{s.signatures, up("attestation", "at", "_id"), plain},
		{s.signatures, up("supplier", "at", "_id"), plain},
		{s.reviews, up("attestation", "received", "_id"), plain},
		{s.reviews, up("offering", "received", "_id"), plain},
		{s.reviews, up("supplier", "received", "_id"), plain},
		{s.reviews, up("reviewer", "received", "_id"), plain},
		{s.reviews, up("received", "_id"), plain},
		{s.reviewWithdrawals, up("offering"), plain},
		{s.reviewWithdrawals, up("at", "_id"), plain},
		{s.procurements, up("agency", "_id"), plain},
		{s.responses, up("procurement", "received", "_id"), plain},
		{s.checkJobs, up("body", "hidden", "_id"), plain},
		{s.checkJobs, up("open", "_id"), plain},
		{s.checkJobs, up("due", "_id"), plain},
		{s.keptFiles, up("file"), plain},
		{s.issuedWorkbooks, up("procurement", "_id"), plain},
		{s.ownWorkbooks, up("procurement", "_id"), plain},
		{s.ownWorkbooks, up("due", "_id"), plain},
		{s.answerDrafts, up("due", "_id"), plain},
		{s.people, up("last", "_id"), plain},
		{s.circles, up("people", "_id"), plain},
		{s.invitations, up("hash"), unique},
		{s.invitations, up("org", "_id"), plain},
		{s.claims, up("person", "_id"), plain},
		{s.claims, up("state", "_id"), plain},
		{s.reports, up("requirement", "_id"), plain},
		{s.reports, up("requirement", "resolved", "kind"), plain},
		{s.reports, up("resolved", "_id"), plain},
		{s.logEntries, up("origin", "key"), unique},
		{s.trail, up("refs", "_id"), plain},
		{s.trail, up("at", "_id"), plain},
		{s.trail, up("addressed", "at", "_id"), plain},
		{s.trailAnchors, up("at", "_id"), plain},
		{s.sessions, up("expires"), plain},
		{s.uploads, up("at"), plain},
		{s.blobs, up("file"), plain},
		// The two that GridFS asks for.
		{s.bucket.GetFilesCollection(), up("filename", "uploadDate"), plain},
		{s.bucket.GetChunksCollection(), up("files_id", "n"), unique},
	} {
		if _, err := x.on.Indexes().CreateOne(ctx, mongo.IndexModel{Keys: x.keys, Options: options.Index().SetUnique(x.unique)}); err != nil {
			return fmt.Errorf("index %s: %w", x.on.Name(), err)
		}
	}
	return nil
}

// up and down are keys in ascending and descending order.
func up(fields ...string) bson.D   { return ordered(1, fields) }
func down(fields ...string) bson.D { return ordered(-1, fields) }

func ordered(direction int, fields []string) bson.D {
	var d bson.D
	for _, f := range fields {
		d = append(d, bson.E{Key: f, Value: direction})
	}
	return d
}

func isExists(err error) bool { return problem.KindOf(err) == problem.Exists }

// clearUploads removes what half uploaded evidence a crash left.
func (s *Store) clearUploads(ctx context.Context) error {
	before := storage.Time(s.now().Add(-halfUploaded))
	cur, err := s.uploads.Find(ctx, bson.D{{Key: "at", Value: bson.D{{Key: "$lt", Value: before}}}})
	if err != nil {
		return fmt.Errorf("find half uploaded evidence: %w", err)
	}
	var left []struct {
		File bson.ObjectID `bson:"_id"`
		At   time.Time     `bson:"at"`
	}
	if err := cur.All(ctx, &left); err != nil {
		return fmt.Errorf("find half uploaded evidence: %w", err)
	}
	for _, u := range left {
		if err := s.dropUpload(ctx, u.File); err != nil {
			return fmt.Errorf("clear half uploaded evidence: %w", err)
		}
	}
	return nil
}
