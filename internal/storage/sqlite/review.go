package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"felleskrav/internal/organisation"
	"felleskrav/internal/review"
	"felleskrav/internal/storage"
)

// InsertReview implements review.Store.
func (s *Store) InsertReview(ctx context.Context, r review.Record) error {
	bundle := blob(r.Bundle)
	r.Bundle = nil
	doc, err := storage.Encode(r)
	if err == nil {
		err = s.exec(ctx, `INSERT INTO reviews (digest, attestation, offering, supplier, reviewer, shared, received_at, doc, bundle) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
			r.Digest, r.Attestation, r.Offering, string(r.Supplier), string(r.Reviewer), string(r.Shared), millis(r.ReceivedAt), string(doc), bundle)
	}
	if err != nil {
		return fmt.Errorf("insert review %s: %w", r.Digest, err)
	}
	return nil
}

// Review implements review.Store.
func (s *Store) Review(ctx context.Context, digest string) (review.Record, error) {
	var doc, bundle []byte
	var r review.Record
	err := s.query(ctx, `SELECT doc, bundle FROM reviews WHERE digest = ?`, digest).row(&doc, &bundle)
	if err == nil {
		r, err = storage.Decode[review.Record](doc)
	}
	if err != nil {
		return r, fmt.Errorf("read review %s: %w", digest, err)
	}
	r.Bundle = bundle
	return r, nil
}

// Reviews implements review.Store.
func (s *Store) Reviews(ctx context.Context, q review.Query) ([]review.Record, error) {
	where, args := []string{`(shared = 'agencies' OR reviewer = ?)`}, []any{string(q.Viewer)}
	for _, f := range []struct{ column, value string }{
		{"attestation", q.Attestation}, {"offering", q.Offering}, {"supplier", string(q.Supplier)}, {"reviewer", string(q.Reviewer)},
	} {
		if f.value != "" {
			where, args = append(where, f.column+` = ?`), append(args, f.value)
		}
	}
	if q.After != "" {
		where, args = append(where, `(received_at, digest) < (SELECT received_at, digest FROM reviews WHERE digest = ?)`), append(args, q.After)
	}
	text := `SELECT doc FROM reviews WHERE ` + strings.Join(where, ` AND `) + ` ORDER BY received_at DESC, digest DESC LIMIT ?`
	all, err := documents[review.Record](s.query(ctx, text, append(args, max(q.Limit, 0))...))
	if err != nil {
		return nil, fmt.Errorf("list reviews: %w", err)
	}
	return all, nil
}

// ReviewsOf implements review.Store.
func (s *Store) ReviewsOf(ctx context.Context, offerings []string, viewer organisation.Number) ([]review.Record, error) {
	arg, err := list(offerings)
	if err != nil {
		return nil, err
	}
	all, err := documents[review.Record](s.query(ctx, `SELECT doc FROM reviews
		WHERE offering IN (SELECT value FROM json_each(?)) AND (shared = 'agencies' OR reviewer = ?)
		ORDER BY offering, received_at DESC, digest DESC`, arg, string(viewer)))
	if err != nil {
		return nil, fmt.Errorf("list reviews of offerings: %w", err)
	}
	return all, nil
}

// ReviewsSince implements review.Store.
func (s *Store) ReviewsSince(ctx context.Context, t time.Time, limit int) ([]string, error) {
	all, err := texts(s.query(ctx, `SELECT digest FROM reviews WHERE received_at >= ? ORDER BY received_at, digest LIMIT ?`, millis(t), max(limit, 0)))
	if err != nil {
		return nil, fmt.Errorf("list reviews since %s: %w", t, err)
	}
	return all, nil
}

// ReviewsRevision implements review.Store.
func (s *Store) ReviewsRevision(ctx context.Context, offering string, viewer organisation.Number) (string, error) {
	var recorded, withdrawn sql.NullInt64
	err := s.query(ctx, `SELECT
		(SELECT max(seq) FROM reviews INDEXED BY reviews_revision WHERE offering = ?1 AND (shared = 'agencies' OR reviewer = ?2)),
		(SELECT max(seq) FROM review_withdrawals INDEXED BY review_withdrawals_revision WHERE offering = ?1 AND (shared = 'agencies' OR reviewer = ?2))`,
		offering, string(viewer)).row(&recorded, &withdrawn)
	if err != nil {
		return "", fmt.Errorf("read revision of reviews of offering %s: %w", offering, err)
	}
	return fmt.Sprintf("%d-%d", recorded.Int64, withdrawn.Int64), nil
}

// InsertReviewWithdrawal implements review.Store.
func (s *Store) InsertReviewWithdrawal(ctx context.Context, w review.Withdrawal) error {
	bundle := blob(w.Bundle)
	w.Bundle = nil
	doc, err := storage.Encode(w)
	if err == nil {
		err = s.exec(ctx, `INSERT INTO review_withdrawals (review, offering, reviewer, shared, withdrawn_at, doc, bundle) VALUES (?, ?, ?, ?, ?, ?, ?)`,
			w.Review, w.Offering, string(w.Reviewer), string(w.Shared), millis(w.At), string(doc), bundle)
	}
	if err != nil {
		return fmt.Errorf("insert withdrawal of review %s: %w", w.Review, err)
	}
	return nil
}

// ReviewWithdrawal implements review.Store.
func (s *Store) ReviewWithdrawal(ctx context.Context, of string) (review.Withdrawal, error) {
	var doc, bundle []byte
	var w review.Withdrawal
	err := s.query(ctx, `SELECT doc, bundle FROM review_withdrawals WHERE review = ?`, of).row(&doc, &bundle)
	if err == nil {
		w, err = storage.Decode[review.Withdrawal](doc)
	}
	if err != nil {
		return w, fmt.Errorf("read withdrawal of review %s: %w", of, err)
	}
	w.Bundle = bundle
	return w, nil
}

// ReviewWithdrawals implements review.Store.
func (s *Store) ReviewWithdrawals(ctx context.Context, reviews []string) ([]review.Withdrawal, error) {
	arg, err := list(reviews)
	if err != nil {
		return nil, err
	}
	all, err := documents[review.Withdrawal](s.query(ctx,
		`SELECT doc FROM review_withdrawals WHERE review IN (SELECT value FROM json_each(?)) ORDER BY review`, arg))
	if err != nil {
		return nil, fmt.Errorf("read review withdrawals: %w", err)
	}
	return all, nil
}

// ReviewWithdrawalsSince implements review.Store. Those of the same
// millisecond come by review.
func (s *Store) ReviewWithdrawalsSince(ctx context.Context, t time.Time, limit int) ([]string, error) {
	all, err := texts(s.query(ctx, `SELECT review FROM review_withdrawals WHERE withdrawn_at >= ? ORDER BY withdrawn_at, review LIMIT ?`,
		millis(t), max(limit, 0)))
	if err != nil {
		return nil, fmt.Errorf("list review withdrawals since %s: %w", t, err)
	}
	return all, nil
}
