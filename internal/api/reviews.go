package api

import (
	"context"
	"net/http"

	"github.com/gin-gonic/gin"

	"felleskrav/internal/access"
	"felleskrav/internal/evidence"
	"felleskrav/internal/review"
)

// VisitPrepareReviewResponse sends it.
func (s statement) VisitPrepareReviewResponse(w http.ResponseWriter) error { return s.send(w) }

// VisitPrepareReviewWithdrawalResponse sends it.
func (s statement) VisitPrepareReviewWithdrawalResponse(w http.ResponseWriter) error {
	return s.send(w)
}

// PrepareReview makes the statement of a review.
func (a *API) PrepareReview(ctx context.Context, r PrepareReviewRequestObject) (PrepareReviewResponseObject, error) {
	ctx, actor := caller(ctx)
	body, err := a.Reviews.Prepare(ctx, actor, review.Draft{
		Attestation: r.Body.Attestation, Requirement: r.Body.Requirement, Evidence: r.Body.Evidence, Outcome: r.Body.Outcome,
		Reason: r.Body.Reason, Conditions: r.Body.Conditions, ValidUntil: r.Body.ValidUntil, Shared: r.Body.Shared,
	})
	if err != nil {
		return nil, err
	}
	return newStatement(body), nil
}

// PrepareReviewWithdrawal makes the statement that takes a review back.
func (a *API) PrepareReviewWithdrawal(ctx context.Context, r PrepareReviewWithdrawalRequestObject) (PrepareReviewWithdrawalResponseObject, error) {
	ctx, actor := caller(ctx)
	body, err := a.Reviews.PrepareWithdrawal(ctx, actor, r.Digest, r.Body.Reason)
	if err != nil {
		return nil, err
	}
	return newStatement(body), nil
}

func (a *API) submitReview(c *gin.Context) { take(c, a.Reviews.Submit, reviewPlace) }

func (a *API) submitReviewWithdrawal(c *gin.Context) {
	take(c, func(ctx context.Context, actor access.Actor, bundle []byte) (review.Receipt, bool, error) {
		return a.Reviews.Withdraw(ctx, actor, c.Param("digest"), bundle)
	}, reviewPlace)
}

func reviewPlace(r review.Receipt) (string, bool) { return "/api/v1/reviews/" + r.Review, true }

// ListReviews lists those that the caller may see.
func (a *API) ListReviews(ctx context.Context, r ListReviewsRequestObject) (ListReviewsResponseObject, error) {
	ctx, actor := caller(ctx)
	q := review.Query{
		Attestation: r.Params.Attestation, Offering: r.Params.Offering, Supplier: r.Params.Supplier, Reviewer: r.Params.Reviewer,
		After: r.Params.Cursor, Limit: r.Params.Limit,
	}
	if q.After != "" && !evidence.ValidDigest(q.After) {
		return nil, errCursor
	}
	if q.Limit == 0 {
		q.Limit = defaultPage
	}
	all, next, err := a.Reviews.List(ctx, actor, q)
	return ListReviews200JSONResponse{all, next}, err
}

// GetReview reads a review; its bundle has an address of its own.
func (a *API) GetReview(ctx context.Context, r GetReviewRequestObject) (GetReviewResponseObject, error) {
	ctx, actor := caller(ctx)
	e, err := a.Reviews.Get(ctx, actor, r.Digest)
	return GetReview200JSONResponse(e), err
}

// VisitGetReviewBundleResponse sends it.
func (b bundle) VisitGetReviewBundleResponse(w http.ResponseWriter) error { return b.send(w) }

// GetReviewBundle gives the bundle.
func (a *API) GetReviewBundle(ctx context.Context, r GetReviewBundleRequestObject) (GetReviewBundleResponseObject, error) {
	ctx, actor := caller(ctx)
	body, err := a.Reviews.Bundle(ctx, actor, r.Digest, r.Params.Format != "")
	if err != nil {
		return nil, err
	}
	return newBundle(r.Digest[:16]+"-review", body), nil
}

// GetReviewReceipt proves anew that a review is in the log.
func (a *API) GetReviewReceipt(ctx context.Context, r GetReviewReceiptRequestObject) (GetReviewReceiptResponseObject, error) {
	ctx, actor := caller(ctx)
	receipt, err := a.Reviews.Receipt(ctx, actor, r.Digest)
	return GetReviewReceipt200JSONResponse(receipt), err
}
