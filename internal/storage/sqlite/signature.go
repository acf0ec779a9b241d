package sqlite

import (
	"context"
	"fmt"
	"time"

	"felleskrav/internal/attestation"
	"felleskrav/internal/organisation"
	"felleskrav/internal/storage"
)

// InsertSignature implements attestation.Store.
func (s *Store) InsertSignature(ctx context.Context, sig attestation.Signature) error {
	bundle := blob(sig.Bundle)
	sig.Bundle = nil
	doc, err := storage.Encode(sig)
	if err == nil {
		err = s.exec(ctx, `INSERT INTO signatures (attestation, key_id, supplier, at, doc, bundle) VALUES (?, ?, ?, ?, ?, ?)`,
			sig.Attestation, sig.KeyID, string(sig.Supplier), millis(sig.At), string(doc), bundle)
	}
	if err != nil {
		return fmt.Errorf("insert signature on %s: %w", sig.Attestation, err)
	}
	return nil
}

// Signatures implements attestation.Store.
func (s *Store) Signatures(ctx context.Context, of string) ([]attestation.Signature, error) {
	all := []attestation.Signature{}
	q := s.query(ctx, `SELECT doc, bundle FROM signatures WHERE attestation = ? ORDER BY at, key_id`, of)
	err := q.each(func(scan func(...any) error) error {
		var doc, bundle []byte
		if err := scan(&doc, &bundle); err != nil {
			return err
		}
		sig, err := storage.Decode[attestation.Signature](doc)
		sig.Bundle = bundle
		all = append(all, sig)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list signatures on %s: %w", of, err)
	}
	return all, nil
}

// SignaturesOf implements attestation.Store.
func (s *Store) SignaturesOf(ctx context.Context, number organisation.Number, t time.Time, limit int) ([]attestation.Signature, error) {
	all, err := documents[attestation.Signature](s.query(ctx,
		`SELECT doc FROM signatures WHERE supplier = ? AND at >= ? ORDER BY at DESC, attestation DESC, key_id DESC LIMIT ?`,
		string(number), millis(t), max(limit, 0)))
	if err != nil {
		return nil, fmt.Errorf("list signatures of %s: %w", number, err)
	}
	return all, nil
}
