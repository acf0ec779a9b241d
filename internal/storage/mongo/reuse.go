package mongo

import (
	"context"
	"fmt"

	"go.mongodb.org/mongo-driver/v2/bson"

	"felleskrav/internal/attestation/reuse"
	"felleskrav/internal/storage"
)

// DeclarationUses implements reuse.Store.
func (s *Store) DeclarationUses(ctx context.Context, attestations []string) ([]reuse.Uses, error) {
	all, err := in[reuse.Uses](ctx, s.declarationUses, "_id", attestations, up("_id"))
	if err != nil {
		return nil, fmt.Errorf("read uses of declarations: %w", err)
	}
	return all, nil
}

// UpdateDeclarationUses implements reuse.Store.
func (s *Store) UpdateDeclarationUses(ctx context.Context, attestation string, change func(reuse.Uses) (reuse.Uses, error)) (reuse.Uses, error) {
	return storage.Update(ctx,
		func(ctx context.Context) (reuse.Uses, int64, error) {
			v, rev, err := document[reuse.Uses](ctx, s.declarationUses, byID(attestation))
			return storage.OrNew(v, rev, err, reuse.Uses{Attestation: attestation}, "uses of", attestation)
		},
		change,
		func(ctx context.Context, _, v reuse.Uses, rev int64) (reuse.Uses, error) {
			v.Rev = rev + 1
			doc, err := encodeSame(v, v.Attestation == attestation)
			if err == nil {
				err = put(ctx, s.declarationUses, attestation, rev, bson.D{{Key: "_id", Value: attestation}, {Key: "rev", Value: v.Rev}, {Key: "doc", Value: string(doc)}})
			}
			return stored[reuse.Uses](doc, err, "uses of", attestation)
		})
}
