package mongo

import (
	"context"
	"fmt"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"felleskrav/internal/evidence"
	"felleskrav/internal/organisation"
	"felleskrav/internal/storage"
)

// evidenceID is the key of an owner's record of these bytes.
func evidenceID(owner organisation.Number, sha256 string) string { return string(owner) + ":" + sha256 }

// evidenceDoc has scanDue only while the record waits for its scan, and
// unsettled only while its bytes are arriving or being erased, so that no other
// is found by them.
func evidenceDoc(v evidence.Evidence, doc []byte) bson.D {
	d := bson.D{
		{Key: "_id", Value: evidenceID(v.Owner, v.SHA256)}, {Key: "rev", Value: v.Rev}, {Key: "owner", Value: string(v.Owner)},
		{Key: "sha256", Value: v.SHA256}, {Key: "uploaded", Value: storage.Time(v.UploadedAt)}, {Key: "doc", Value: string(doc)},
	}
	if v.Scan.State == evidence.Pending {
		d = append(d, bson.E{Key: "scanDue", Value: storage.Time(v.Scan.Next)})
	}
	if v.State == evidence.Arriving || v.State == evidence.Erasing {
		d = append(d, bson.E{Key: "unsettled", Value: storage.Time(v.StateAt)})
	}
	return d
}

// InsertEvidence implements evidence.Store.
func (s *Store) InsertEvidence(ctx context.Context, v evidence.Evidence) error {
	v.Rev = 1
	doc, err := storage.Encode(v)
	if err == nil {
		err = insert(ctx, s.evidence, evidenceDoc(v, doc))
	}
	if err != nil {
		return fmt.Errorf("insert evidence %s of %s: %w", v.SHA256, v.Owner, err)
	}
	return nil
}

// EvidenceBy implements evidence.Store.
func (s *Store) EvidenceBy(ctx context.Context, owner organisation.Number, sha256 string) (evidence.Evidence, error) {
	v, _, err := s.evidenceBy(ctx, owner, sha256)
	return v, err
}

func (s *Store) evidenceBy(ctx context.Context, owner organisation.Number, sha256 string) (evidence.Evidence, int64, error) {
	v, rev, err := document[evidence.Evidence](ctx, s.evidence, byID(evidenceID(owner, sha256)))
	if err != nil {
		return v, 0, fmt.Errorf("read evidence %s of %s: %w", sha256, owner, err)
	}
	return v, rev, nil
}

// UpdateEvidence implements evidence.Store.
func (s *Store) UpdateEvidence(ctx context.Context, owner organisation.Number, sha256 string, change func(evidence.Evidence) (evidence.Evidence, error)) (evidence.Evidence, error) {
	return storage.Update(ctx,
		func(ctx context.Context) (evidence.Evidence, int64, error) { return s.evidenceBy(ctx, owner, sha256) },
		change,
		func(ctx context.Context, _, v evidence.Evidence, rev int64) (evidence.Evidence, error) {
			v.Rev = rev + 1
			doc, err := encodeSame(v, v.Owner == owner && v.SHA256 == sha256)
			if err == nil {
				err = swap(ctx, s.evidence, evidenceID(owner, sha256), rev, evidenceDoc(v, doc))
			}
			return stored[evidence.Evidence](doc, err, "evidence", sha256+" of "+string(owner))
		})
}

// PendingEvidence implements evidence.Store.
func (s *Store) PendingEvidence(ctx context.Context, due time.Time, limit int) ([]evidence.Evidence, error) {
	filter := bson.D{{Key: "scanDue", Value: bson.D{{Key: "$lte", Value: storage.Time(due)}}}}
	all, err := documents[evidence.Evidence](ctx, s.evidence, filter, up("scanDue", "owner", "sha256"), max(limit, 0))
	if err != nil {
		return nil, fmt.Errorf("list evidence to scan: %w", err)
	}
	return all, nil
}

// UnsettledEvidence implements evidence.Store.
func (s *Store) UnsettledEvidence(ctx context.Context, t time.Time, limit int) ([]evidence.Evidence, error) {
	filter := bson.D{{Key: "unsettled", Value: bson.D{{Key: "$lte", Value: storage.Time(t)}}}}
	all, err := documents[evidence.Evidence](ctx, s.evidence, filter, up("unsettled", "owner", "sha256"), max(limit, 0))
	if err != nil {
		return nil, fmt.Errorf("list unsettled evidence: %w", err)
	}
	return all, nil
}

// EvidenceAfter implements evidence.Store.
func (s *Store) EvidenceAfter(ctx context.Context, id string, limit int) ([]evidence.Evidence, error) {
	filter := bson.D{{Key: "_id", Value: bson.D{{Key: "$gt", Value: id}}}}
	all, err := documents[evidence.Evidence](ctx, s.evidence, filter, up("_id"), max(limit, 0))
	if err != nil {
		return nil, fmt.Errorf("list evidence after %q: %w", id, err)
	}
	return all, nil
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
