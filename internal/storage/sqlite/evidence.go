package sqlite

import (
	"context"
	"fmt"
	"strings"
	"time"

	"felleskrav/internal/evidence"
	"felleskrav/internal/organisation"
	"felleskrav/internal/storage"
)

// InsertEvidence implements evidence.Store.
func (s *Store) InsertEvidence(ctx context.Context, v evidence.Evidence) error {
	v.Rev = 1
	doc, err := storage.Encode(v)
	if err == nil {
		err = s.exec(ctx, `INSERT INTO evidence (owner, sha256, uploaded_at, rev, doc, scan_due, unsettled) VALUES (?, ?, ?, 1, ?, ?, ?)`,
			string(v.Owner), v.SHA256, millis(v.UploadedAt), string(doc), scanDue(v), unsettled(v))
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
	v, rev, err := document[evidence.Evidence](s.query(ctx, `SELECT rev, doc FROM evidence WHERE owner = ? AND sha256 = ?`, string(owner), sha256))
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
				err = s.swap(ctx, `UPDATE evidence SET rev = rev + 1, uploaded_at = ?, doc = ?, scan_due = ?, unsettled = ? WHERE owner = ? AND sha256 = ? AND rev = ?`,
					millis(v.UploadedAt), string(doc), scanDue(v), unsettled(v), string(owner), sha256, rev)
			}
			return stored[evidence.Evidence](doc, err, "evidence", sha256+" of "+string(owner))
		})
}

// PendingEvidence implements evidence.Store.
func (s *Store) PendingEvidence(ctx context.Context, due time.Time, limit int) ([]evidence.Evidence, error) {
	all, err := documents[evidence.Evidence](s.query(ctx, `SELECT doc FROM evidence WHERE scan_due <= ? ORDER BY scan_due, owner, sha256 LIMIT ?`,
		millis(due), max(limit, 0)))
	if err != nil {
		return nil, fmt.Errorf("list evidence to scan: %w", err)
	}
	return all, nil
}

// scanDue is when a record is to be scanned, or nil when it is not.
func scanDue(v evidence.Evidence) any {
	if v.Scan.State != evidence.Pending {
		return nil
	}
	return millis(v.Scan.Next)
}

// UnsettledEvidence implements evidence.Store.
func (s *Store) UnsettledEvidence(ctx context.Context, t time.Time, limit int) ([]evidence.Evidence, error) {
	all, err := documents[evidence.Evidence](s.query(ctx, `SELECT doc FROM evidence WHERE unsettled <= ? ORDER BY unsettled, owner, sha256 LIMIT ?`,
		millis(t), max(limit, 0)))
	if err != nil {
		return nil, fmt.Errorf("list unsettled evidence: %w", err)
	}
	return all, nil
}

// unsettled is since when bytes are arriving or being erased, or nil when they
// are not.
func unsettled(v evidence.Evidence) any {
	if v.State != evidence.Arriving && v.State != evidence.Erasing {
		return nil
	}
	return millis(v.StateAt)
}

// EvidenceAfter implements evidence.Store.
func (s *Store) EvidenceAfter(ctx context.Context, id string, limit int) ([]evidence.Evidence, error) {
	owner, sha256, _ := strings.Cut(id, ":")
	all, err := documents[evidence.Evidence](s.query(ctx, `SELECT doc FROM evidence WHERE (owner, sha256) > (?, ?) ORDER BY owner, sha256 LIMIT ?`,
		owner, sha256, max(limit, 0)))
	if err != nil {
		return nil, fmt.Errorf("list evidence after %q: %w", id, err)
	}
	return all, nil
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
