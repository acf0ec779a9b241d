package mongo

import (
	"context"
	"fmt"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"felleskrav/internal/attestation"
	"felleskrav/internal/organisation"
	"felleskrav/internal/storage"
)

// InsertSignature implements attestation.Store.
func (s *Store) InsertSignature(ctx context.Context, sig attestation.Signature) error {
	bundle := sig.Bundle
	sig.Bundle = nil
	doc, err := storage.Encode(sig)
	if err == nil {
		err = insert(ctx, s.signatures, withBundle(bson.D{
			{Key: "_id", Value: sig.Attestation + ":" + sig.KeyID}, {Key: "attestation", Value: sig.Attestation},
			{Key: "supplier", Value: string(sig.Supplier)}, {Key: "at", Value: storage.Time(sig.At)}, {Key: "doc", Value: string(doc)},
		}, bundle))
	}
	if err != nil {
		return fmt.Errorf("insert signature on %s: %w", sig.Attestation, err)
	}
	return nil
}

// Signatures implements attestation.Store.
func (s *Store) Signatures(ctx context.Context, of string) ([]attestation.Signature, error) {
	all := []attestation.Signature{}
	o := options.Find().SetSort(up("at", "_id"))
	err := each(ctx, s.signatures, bson.D{{Key: "attestation", Value: of}}, o, func(raw bson.Raw) error {
		var d struct {
			Doc    string `bson:"doc"`
			Bundle []byte `bson:"bundle"`
		}
		if err := bson.Unmarshal(raw, &d); err != nil {
			return err
		}
		sig, err := storage.Decode[attestation.Signature]([]byte(d.Doc))
		sig.Bundle = d.Bundle
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
	filter := bson.D{{Key: "supplier", Value: string(number)}, {Key: "at", Value: bson.D{{Key: "$gte", Value: storage.Time(t)}}}}
	all, err := documents[attestation.Signature](ctx, s.signatures, filter, down("at", "_id"), max(limit, 0))
	if err != nil {
		return nil, fmt.Errorf("list signatures of %s: %w", number, err)
	}
	return all, nil
}
