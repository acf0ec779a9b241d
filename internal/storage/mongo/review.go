package mongo

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"felleskrav/internal/organisation"
	"felleskrav/internal/problem"
	"felleskrav/internal/review"
	"felleskrav/internal/storage"
)

// InsertReview implements review.Store.
func (s *Store) InsertReview(ctx context.Context, r review.Record) error {
	bundle := r.Bundle
	r.Bundle = nil
	doc, err := storage.Encode(r)
	if err == nil {
		err = insert(ctx, s.reviews, withBundle(bson.D{
			{Key: "_id", Value: r.Digest}, {Key: "attestation", Value: r.Attestation}, {Key: "offering", Value: r.Offering},
			{Key: "supplier", Value: string(r.Supplier)}, {Key: "reviewer", Value: string(r.Reviewer)}, {Key: "shared", Value: string(r.Shared)},
			{Key: "received", Value: storage.Time(r.ReceivedAt)}, {Key: "doc", Value: string(doc)},
		}, bundle))
	}
	if err != nil {
		return fmt.Errorf("insert review %s: %w", r.Digest, err)
	}
	return nil
}

// Review implements review.Store.
func (s *Store) Review(ctx context.Context, digest string) (review.Record, error) {
	var d struct {
		Doc    string `bson:"doc"`
		Bundle []byte `bson:"bundle"`
	}
	var r review.Record
	err := translate(ctx, s.reviews.FindOne(ctx, byID(digest)).Decode(&d))
	if err == nil {
		r, err = storage.Decode[review.Record]([]byte(d.Doc))
	}
	if err != nil {
		return r, fmt.Errorf("read review %s: %w", digest, err)
	}
	r.Bundle = d.Bundle
	return r, nil
}

// seenBy matches the reviews that a body may see: those shared with all, and
// its own.
func seenBy(viewer organisation.Number) bson.E {
	return bson.E{Key: "$or", Value: bson.A{
		bson.D{{Key: "shared", Value: string(review.SharedAgencies)}}, bson.D{{Key: "reviewer", Value: string(viewer)}},
	}}
}

// Reviews implements review.Store.
func (s *Store) Reviews(ctx context.Context, q review.Query) ([]review.Record, error) {
	filter := bson.D{}
	for _, f := range []struct{ field, value string }{
		{"attestation", q.Attestation}, {"offering", q.Offering}, {"supplier", string(q.Supplier)}, {"reviewer", string(q.Reviewer)},
	} {
		if f.value != "" {
			filter = append(filter, bson.E{Key: f.field, Value: f.value})
		}
	}
	seen := bson.D{seenBy(q.Viewer)}
	if q.After == "" {
		filter = append(filter, seen...)
	} else {
		last, err := s.Review(ctx, q.After)
		if errors.Is(err, problem.ErrNotFound) {
			return []review.Record{}, nil
		}
		if err != nil {
			return nil, fmt.Errorf("list reviews: %w", err)
		}
		at := storage.Time(last.ReceivedAt)
		filter = append(filter, bson.E{Key: "$and", Value: bson.A{seen, bson.D{{Key: "$or", Value: bson.A{
			bson.D{{Key: "received", Value: bson.D{{Key: "$lt", Value: at}}}},
			bson.D{{Key: "received", Value: at}, {Key: "_id", Value: bson.D{{Key: "$lt", Value: q.After}}}},
		}}}}})
	}
	all, err := documents[review.Record](ctx, s.reviews, filter, down("received", "_id"), max(q.Limit, 0))
	if err != nil {
		return nil, fmt.Errorf("list reviews: %w", err)
	}
	return all, nil
}

// ReviewsOf implements review.Store.
func (s *Store) ReviewsOf(ctx context.Context, offerings []string, viewer organisation.Number) ([]review.Record, error) {
	all, err := in[review.Record](ctx, s.reviews, "offering", offerings, up("offering"), seenBy(viewer))
	if err != nil {
		return nil, fmt.Errorf("list reviews of offerings: %w", err)
	}
	// The order within an offering runs against the index.
	slices.SortFunc(all, func(a, b review.Record) int {
		switch {
		case a.Offering != b.Offering:
			return strings.Compare(a.Offering, b.Offering)
		case !a.ReceivedAt.Equal(b.ReceivedAt):
			return b.ReceivedAt.Compare(a.ReceivedAt)
		}
		return strings.Compare(b.Digest, a.Digest)
	})
	return all, nil
}

// ReviewsSince implements review.Store.
func (s *Store) ReviewsSince(ctx context.Context, t time.Time, limit int) ([]string, error) {
	all, err := idsSince(ctx, s.reviews, "received", t, limit)
	if err != nil {
		return nil, fmt.Errorf("list reviews since %s: %w", t, err)
	}
	return all, nil
}

// ReviewsRevision implements review.Store. Both collections only grow.
func (s *Store) ReviewsRevision(ctx context.Context, offering string, viewer organisation.Number) (string, error) {
	of := bson.D{{Key: "offering", Value: offering}, seenBy(viewer)}
	recorded, err := s.reviews.CountDocuments(ctx, of)
	if err != nil {
		return "", fmt.Errorf("count reviews of offering %s: %w", offering, translate(ctx, err))
	}
	withdrawn, err := s.reviewWithdrawals.CountDocuments(ctx, of)
	if err != nil {
		return "", fmt.Errorf("count withdrawn reviews of offering %s: %w", offering, translate(ctx, err))
	}
	return fmt.Sprintf("%d-%d", recorded, withdrawn), nil
}

// InsertReviewWithdrawal implements review.Store.
func (s *Store) InsertReviewWithdrawal(ctx context.Context, w review.Withdrawal) error {
	bundle := w.Bundle
	w.Bundle = nil
	doc, err := storage.Encode(w)
	if err == nil {
		err = insert(ctx, s.reviewWithdrawals, withBundle(bson.D{
			{Key: "_id", Value: w.Review}, {Key: "offering", Value: w.Offering}, {Key: "reviewer", Value: string(w.Reviewer)},
			{Key: "shared", Value: string(w.Shared)}, {Key: "at", Value: storage.Time(w.At)}, {Key: "doc", Value: string(doc)},
		}, bundle))
	}
	if err != nil {
		return fmt.Errorf("insert withdrawal of review %s: %w", w.Review, err)
	}
	return nil
}

// ReviewWithdrawal implements review.Store.
func (s *Store) ReviewWithdrawal(ctx context.Context, of string) (review.Withdrawal, error) {
	var d struct {
		Doc    string `bson:"doc"`
		Bundle []byte `bson:"bundle"`
	}
	var w review.Withdrawal
	err := translate(ctx, s.reviewWithdrawals.FindOne(ctx, byID(of)).Decode(&d))
	if err == nil {
		w, err = storage.Decode[review.Withdrawal]([]byte(d.Doc))
	}
	if err != nil {
		return w, fmt.Errorf("read withdrawal of review %s: %w", of, err)
	}
	w.Bundle = d.Bundle
	return w, nil
}

// ReviewWithdrawals implements review.Store.
func (s *Store) ReviewWithdrawals(ctx context.Context, reviews []string) ([]review.Withdrawal, error) {
	all, err := in[review.Withdrawal](ctx, s.reviewWithdrawals, "_id", reviews, up("_id"))
	if err != nil {
		return nil, fmt.Errorf("read review withdrawals: %w", err)
	}
	return all, nil
}

// ReviewWithdrawalsSince implements review.Store. Those of the same
// millisecond come by review.
func (s *Store) ReviewWithdrawalsSince(ctx context.Context, t time.Time, limit int) ([]string, error) {
	all, err := idsSince(ctx, s.reviewWithdrawals, "at", t, limit)
	if err != nil {
		return nil, fmt.Errorf("list review withdrawals since %s: %w", t, err)
	}
	return all, nil
}
