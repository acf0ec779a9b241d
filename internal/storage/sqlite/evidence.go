package sqlite

import (
	"context"
	"fmt"

	"felleskrav/internal/evidence"
	"felleskrav/internal/organisation"
	"felleskrav/internal/storage"
)

// InsertEvidence implements evidence.Store.
func (s *Store) InsertEvidence(ctx context.Context, v evidence.Evidence) error {
	v.Rev = 1
	doc, err := storage.Encode(v)
	if err == nil {
		err = s.exec(ctx, `INSERT INTO evidence (owner, sha256, uploaded_at, rev, doc) VALUES (?, ?, ?, 1, ?)`,
			string(v.Owner), v.SHA256, millis(v.UploadedAt), string(doc))
	}
	if err != nil {
		return fmt.Errorf("insert evidence %s of %s: %w", v.SHA256, v.Owner, err)
	}
	return nil
}

// EvidenceBy implements evidence.Store.
func (s *Store) EvidenceBy(ctx context.Context, owner organisation.Number, sha256 string) (evidence.Evidence, error) {
	v, _, err := document[evidence.Evidence](s.query(ctx, `SELECT rev, doc FROM evidence WHERE owner = ? AND sha256 = ?`, string(owner), sha256))
	if err != nil {
		return v, fmt.Errorf("read evidence %s of %s: %w", sha256, owner, err)
	}
	return v, nil
}

// EvidenceOf implements evidence.Store. Records come ordered by owner.
func (s *Store) EvidenceOf(ctx context.Context, sha256 string) ([]evidence.Evidence, error) {
	all, err := documents[evidence.Evidence](s.query(ctx, `SELECT doc FROM evidence WHERE sha256 = ? ORDER BY owner`, sha256))
	if err != nil {
		return nil, fmt.Errorf("list evidence %s: %w", sha256, err)
	}
	return all, nil
}

// OwnerEvidence implements evidence.Store.
func (s *Store) OwnerEvidence(ctx context.Context, owner organisation.Number, digests []string) ([]evidence.Evidence, error) {
	q := s.query(ctx, `SELECT doc FROM evidence WHERE owner = ? ORDER BY uploaded_at DESC, sha256 DESC`, string(owner))
	if digests != nil {
		arg, err := list(digests)
		if err != nil {
			return nil, err
		}
		q = s.query(ctx, `SELECT doc FROM evidence WHERE owner = ? AND sha256 IN (SELECT value FROM json_each(?))
			ORDER BY uploaded_at DESC, sha256 DESC`, string(owner), arg)
	}
	all, err := documents[evidence.Evidence](q)
	if err != nil {
		return nil, fmt.Errorf("list evidence of %s: %w", owner, err)
	}
	return all, nil
}
