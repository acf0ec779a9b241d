package web

import (
	"encoding/json"
	"net/http"
	"slices"
	"time"

	"github.com/gin-gonic/gin"

	"felleskrav/internal/access"
	"felleskrav/internal/catalogue"
	"felleskrav/internal/locale"
	"felleskrav/internal/organisation"
	"felleskrav/internal/problem"
	"felleskrav/internal/review"
	"felleskrav/internal/status"
	"felleskrav/internal/supplier"
)

// localDay is the day of a moment where the readers are, as a date input has it.
func localDay(at time.Time) string { return at.In(locale.Zone()).Format(localDate) }

type reviewsPage struct {
	Base
	// Body is set for a public body, whose own reviews these are; a supplier
	// sees those about itself.
	Body bool
	// Registered tells whether the body can have keys, KeysValid how many.
	Registered bool
	KeysValid  int
	Soon       []review.Entry
	Items      []review.Entry
	Next       string
}

// shownReviews is how many reviews stand on one page of the list.
const shownReviews = 200

// reviews lists a body's own reviews, those first that end soon, or the shared
// ones about a supplier.
func (w *Web) reviews(c *gin.Context) error {
	ctx, actor := c.Request.Context(), w.actor(c)
	p := reviewsPage{Base: w.base(c, "reviews"), Body: actor.Agency()}
	q := review.Query{After: c.Query("after"), Limit: shownReviews}
	if p.Body {
		q.Reviewer = organisation.Number(actor.Org)
		s, err := w.Suppliers.Get(ctx, actor, q.Reviewer)
		if err != nil && problem.KindOf(err) != problem.NotFound {
			return err
		}
		p.Registered, p.KeysValid = err == nil, validKeys(s, w.Now())
	}
	all, next, err := w.Reviews.List(ctx, actor, q)
	if err != nil {
		return err
	}
	if p.Next = ""; next != "" {
		p.Next = "/reviews?" + query("after", next)
	}
	soon := w.Now().Add(status.ExpiringWithin)
	for _, e := range all {
		if e.Standing.State == review.Active && e.ValidUntil.Before(soon) {
			p.Soon = append(p.Soon, e)
		} else {
			p.Items = append(p.Items, e)
		}
	}
	slices.SortStableFunc(p.Soon, func(a, b review.Entry) int { return a.ValidUntil.Compare(b.ValidUntil) })
	return w.show(c, http.StatusOK, "reviews", p)
}

type reviewPage struct {
	Base
	Review      review.Entry
	Receipt     review.Receipt
	Offering    supplier.Offering
	Supplier    supplier.Supplier
	Requirement catalogue.Requirement
	Key         supplier.Key
	// Own is set for those who can take it back.
	Own bool
}

func (w *Web) review(c *gin.Context) error {
	ctx, actor := c.Request.Context(), w.actor(c)
	e, err := w.Reviews.Get(ctx, actor, c.Param("digest"))
	if err != nil {
		return err
	}
	p := reviewPage{Base: w.base(c, "reviews"), Review: e}
	if p.Receipt, err = w.Reviews.Receipt(ctx, actor, e.Digest); err != nil {
		return err
	}
	if p.Offering, err = w.Suppliers.Offering(ctx, actor, e.Offering); err != nil {
		return err
	}
	if p.Supplier, err = w.Suppliers.Get(ctx, actor, e.Supplier); err != nil {
		return err
	}
	reviewer, err := w.Suppliers.Get(ctx, actor, e.Reviewer)
	if err != nil {
		return err
	}
	p.Key, _ = reviewer.Key(e.KeyID)
	v, _ := w.Catalogue.Content().Version(e.Set, e.SetVersion)
	p.Requirement, _ = v.Requirement(e.Requirement)
	p.Own = e.Standing.State != review.Withdrawn && access.Check(actor, access.WriteReview, string(e.Reviewer)) == nil
	return w.show(c, http.StatusOK, "review", p)
}

func (w *Web) reviewReceiptFile(c *gin.Context) error {
	receipt, err := w.Reviews.Receipt(c.Request.Context(), w.actor(c), c.Param("digest"))
	if err != nil {
		return err
	}
	b, err := json.MarshalIndent(receipt, "", "  ")
	if err != nil {
		return err
	}
	return sendFile(c, "receipt-"+short(receipt.Review)+".json", "application/json", append(b, '\n'))
}

func (w *Web) reviewBundleFile(c *gin.Context) error {
	digest := c.Param("digest")
	b, err := w.Reviews.Bundle(c.Request.Context(), w.actor(c), digest, c.Query("logged") != "")
	if err != nil {
		return err
	}
	return sendFile(c, "bundle-"+short(digest)+".json", "application/vnd.dev.sigstore.bundle.v0.3+json", b)
}

type reviewWithdrawalPage struct {
	Base
	Review review.Entry
	Reason Field
	// Statement is set once there is something to sign.
	Statement *statementPage
}

func (w *Web) reviewWithdrawal(c *gin.Context) error { return w.showReviewWithdrawal(c, nil, nil) }

func (w *Web) showReviewWithdrawal(c *gin.Context, statement []byte, failed error) error {
	e, err := w.Reviews.Get(c.Request.Context(), w.actor(c), c.Param("digest"))
	if err != nil {
		return err
	}
	if err := access.Check(w.actor(c), access.WriteReview, string(e.Reviewer)); err != nil {
		return err
	}
	code := codeOf(failed)
	p := reviewWithdrawalPage{Base: w.base(c, "reviews"), Review: e}
	p.Form = newForm(w.texts(c), failed)
	p.Reason = p.Form.field(Field{Name: "reason", Label: "page.review-withdrawal.reason", Hint: "page.review-withdrawal.reason-hint", Value: c.PostForm("reason"), Rows: 3, Required: true})
	if len(statement) > 0 {
		p.Statement = &statementPage{Base: p.Base, Action: "/reviews/" + e.Digest + "/withdrawal/bundle", Name: "withdrawal.json", Predicate: review.WithdrawalType, Subject: review.URN(e.Digest)}
		body, err := w.Suppliers.Get(c.Request.Context(), w.actor(c), e.Reviewer)
		if err != nil {
			return err
		}
		p.Statement.Supplier = body
		p.Statement.sortKeys(body.Keys, w.Now())
		p.Statement.Offering.ID = e.Offering
		p.Statement.fill(statement)
		p.Statement.Bundle = p.Form.field(bundleField)
		p.Statement.scripted(c)
	}
	return w.show(c, code, "review-withdrawal", p)
}

func (w *Web) reviewWithdrawalPrepare(c *gin.Context) error {
	if err := parseForm(c); err != nil {
		return err
	}
	statement, err := w.Reviews.PrepareWithdrawal(c.Request.Context(), w.actor(c), c.Param("digest"), text(c.PostForm("reason")))
	if err != nil && !mendable(err) {
		return err
	}
	return w.showReviewWithdrawal(c, statement, err)
}

func (w *Web) reviewWithdrawalSubmit(c *gin.Context) error {
	bundle, statement, err := readBundle(c)
	if err == nil {
		_, _, err = w.Reviews.Withdraw(c.Request.Context(), w.actor(c), c.Param("digest"), bundle)
	}
	if err != nil {
		if mendable(err) {
			return w.showReviewWithdrawal(c, statement, err)
		}
		return err
	}
	return w.done(c, "page.review-withdrawal.done", "/reviews/"+c.Param("digest"))
}
