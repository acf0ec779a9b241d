package mongo

import (
	"context"
	"fmt"

	"go.mongodb.org/mongo-driver/v2/bson"

	"felleskrav/internal/evidence"
	"felleskrav/internal/organisation"
	"felleskrav/internal/storage"
)

// evidenceID is the key of an owner's record of these bytes.
func evidenceID(owner organisation.Number, sha256 string) string { return string(owner) + ":" + sha256 }

// InsertEvidence implements evidence.Store.
func (s *Store) InsertEvidence(ctx context.Context, v evidence.Evidence) error {
	v.Rev = 1
	doc, err := storage.Encode(v)
	if err == nil {
		err = insert(ctx, s.evidence, bson.D{
			{Key: "_id", Value: evidenceID(v.Owner, v.SHA256)}, {Key: "rev", Value: v.Rev}, {Key: "owner", Value: string(v.Owner)},
			{Key: "sha256", Value: v.SHA256}, {Key: "uploaded", Value: storage.Time(v.UploadedAt)}, {Key: "doc", Value: string(doc)},
		})
	}
	if err != nil {
		return fmt.Errorf("insert evidence %s of %s: %w", v.SHA256, v.Owner, err)
	}
	return nil
}

// EvidenceBy implements evidence.Store.
func (s *Store) EvidenceBy(ctx context.Context, owner organisation.Number, sha256 string) (evidence.Evidence, error) {
	v, _, err := document[evidence.Evidence](ctx, s.evidence, byID(evidenceID(owner, sha256)))
	if err != nil {
		return v, fmt.Errorf("read evidence %s of %s: %w", sha256, owner, err)
	}
	return v, nil
}

// EvidenceOf implements evidence.Store. Records come ordered by owner.
func (s *Store) EvidenceOf(ctx context.Context, sha256 string) ([]evidence.Evidence, error) {
	all, err := documents[evidence.Evidence](ctx, s.evidence, bson.D{{Key: "sha256", Value: sha256}}, up("owner"), noLimit)
	if err != nil {
		return nil, fmt.Errorf("list evidence %s: %w", sha256, err)
	}
	return all, nil
}

// OwnerEvidence implements evidence.Store.
func (s *Store) OwnerEvidence(ctx context.Context, owner organisation.Number, digests []string) ([]evidence.Evidence, error) {
	filter := bson.D{{Key: "owner", Value: string(owner)}}
	if digests != nil {
		// An answer names twenty at most, and a declaration a few thousand.
		filter = append(filter, bson.E{Key: "sha256", Value: bson.D{{Key: "$in", Value: storage.Unique(digests)}}})
	}
	all, err := documents[evidence.Evidence](ctx, s.evidence, filter, down("uploaded", "sha256"), noLimit)
	if err != nil {
		return nil, fmt.Errorf("list evidence of %s: %w", owner, err)
	}
	return all, nil
}
