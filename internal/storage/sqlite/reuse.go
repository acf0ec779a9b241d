package sqlite

import (
	"context"
	"fmt"

	"felleskrav/internal/attestation/reuse"
	"felleskrav/internal/storage"
)

// DeclarationUses implements reuse.Store.
func (s *Store) DeclarationUses(ctx context.Context, attestations []string) ([]reuse.Uses, error) {
	arg, err := list(attestations)
	if err != nil {
		return nil, err
	}
	all, err := documents[reuse.Uses](s.query(ctx, `SELECT doc FROM declaration_uses WHERE attestation IN (SELECT value FROM json_each(?)) ORDER BY attestation`, arg))
	if err != nil {
		return nil, fmt.Errorf("read uses of declarations: %w", err)
	}
	return all, nil
}

// UpdateDeclarationUses implements reuse.Store.
func (s *Store) UpdateDeclarationUses(ctx context.Context, attestation string, change func(reuse.Uses) (reuse.Uses, error)) (reuse.Uses, error) {
	return storage.Update(ctx,
		func(ctx context.Context) (reuse.Uses, int64, error) {
			v, rev, err := document[reuse.Uses](s.query(ctx, `SELECT rev, doc FROM declaration_uses WHERE attestation = ?`, attestation))
			return storage.OrNew(v, rev, err, reuse.Uses{Attestation: attestation}, "uses of", attestation)
		},
		change,
		func(ctx context.Context, _, v reuse.Uses, rev int64) (reuse.Uses, error) {
			v.Rev = rev + 1
			doc, err := encodeSame(v, v.Attestation == attestation)
			if err == nil {
				err = s.put(ctx, rev, `INSERT INTO declaration_uses (doc, rev, attestation) VALUES (?, 1, ?)`,
					`UPDATE declaration_uses SET rev = rev + 1, doc = ? WHERE attestation = ? AND rev = ?`, string(doc), attestation)
			}
			return stored[reuse.Uses](doc, err, "uses of", attestation)
		})
}
