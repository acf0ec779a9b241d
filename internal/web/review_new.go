package web

import (
	"errors"
	"slices"
	"time"

	"github.com/gin-gonic/gin"

	"felleskrav/internal/access"
	"felleskrav/internal/attestation"
	"felleskrav/internal/catalogue"
	"felleskrav/internal/evidence"
	"felleskrav/internal/organisation"
	"felleskrav/internal/problem"
	"felleskrav/internal/review"
	"felleskrav/internal/supplier"
)

// reviewing is what every page of making a review needs.
type reviewing struct {
	Record      attestation.Record
	Offering    supplier.Offering
	Version     catalogue.Version
	Requirement catalogue.Requirement
	Answer      attestation.Answer
	// Body is the reader's own organisation; its name is "" when it is not
	// registered here.
	Body      supplier.Supplier
	KeysValid int
}

// reviewing reads the declaration and the requirement of the address, for
// those who can review it.
func (w *Web) reviewing(c *gin.Context) (reviewing, error) {
	ctx, actor := c.Request.Context(), w.actor(c)
	var p reviewing
	if err := access.Check(actor, access.WriteReview, actor.Org); err != nil {
		return p, err
	}
	var err error
	if p.Record, err = w.Attestations.Get(ctx, actor, c.Param("digest")); err != nil {
		return p, err
	}
	if p.Offering, err = w.Suppliers.Offering(ctx, actor, p.Record.Offering); err != nil {
		return p, err
	}
	p.Version, _ = w.Catalogue.Content().Version(p.Record.Set, p.Record.SetVersion)
	id := c.Query("requirement")
	i := slices.IndexFunc(p.Record.Answers, func(a attestation.Answer) bool { return a.Requirement == id })
	r, found := p.Version.Requirement(id)
	if i < 0 || !found {
		return p, errNotFound
	}
	p.Answer, p.Requirement = p.Record.Answers[i], r
	p.Body, err = w.Suppliers.Get(ctx, actor, organisation.Number(actor.Org))
	if err != nil && problem.KindOf(err) != problem.NotFound {
		return p, err
	}
	p.KeysValid = validKeys(p.Body, w.Now())
	return p, nil
}

// validKeys is how many keys an organisation can sign with.
func validKeys(s supplier.Supplier, now time.Time) int {
	n := 0
	for _, k := range s.Keys {
		if s.Usable(k, now) == nil {
			n++
		}
	}
	return n
}

type reviewNewPage struct {
	Base
	reviewing
	Evidence []reviewEvidence
	// EvidenceError is a text, or "".
	EvidenceError                                  string
	Outcome, Reason, Conditions, ValidUntil, Share Field
}

// reviewEvidence is one document to look at.
type reviewEvidence struct {
	choice
	SHA256, Kind string
	Readable     bool
}

func (w *Web) reviewNew(c *gin.Context) error { return w.showReviewNew(c, review.Draft{}, nil) }

func (w *Web) showReviewNew(c *gin.Context, d review.Draft, failed error) error {
	r, err := w.reviewing(c)
	if err != nil {
		return err
	}
	t := w.texts(c)
	p := reviewNewPage{Base: w.base(c, "reviews"), reviewing: r}
	p.Here = "/attestations/" + r.Record.Digest + "/reviews/new?" + query("requirement", r.Requirement.ID)
	code := codeOf(failed)
	p.Form = newForm(t, failed)
	open, err := w.Evidence.Of(c.Request.Context(), p.Actor, r.Record.Supplier)
	if err != nil {
		return err
	}
	for _, ref := range r.Answer.Evidence {
		x := reviewEvidence{SHA256: ref.Digest.SHA256, choice: choice{
			ID: "evidence-" + short(ref.Digest.SHA256), Name: "evidence", Value: ref.Digest.SHA256, Text: ref.Name, Checked: slices.Contains(d.Evidence, ref.Digest.SHA256),
		}}
		if i := slices.IndexFunc(open, func(e evidence.Evidence) bool { return e.SHA256 == ref.Digest.SHA256 && e.Readable() }); i >= 0 {
			x.Readable, x.Kind = true, open[i].Kind
		}
		p.Evidence = append(p.Evidence, x)
	}
	p.EvidenceError = p.Form.takeAs("evidence", "evidence", t.T("page.review-new.evidence"))
	// What the body found is for it to choose, and nothing stands chosen.
	outcome := Field{Name: "outcome", Label: "page.review-new.outcome", Size: "m", Required: true, Options: []Option{{Text: t.T("page.review-new.choose"), Selected: d.Outcome == ""}}}
	for _, o := range review.Outcomes() {
		outcome.Options = append(outcome.Options, Option{string(o), t.T(termKey("outcome", o)), o == d.Outcome})
	}
	share := Field{Name: "shared", Label: "page.review-new.shared", Hint: "page.review-new.shared-hint", Required: true}
	for _, s := range []review.Sharing{review.SharedAgencies, review.SharedBody} {
		share.Options = append(share.Options, Option{string(s), t.T(termKey("sharing", s)), s == d.Shared})
	}
	until := d.ValidUntil
	if until.IsZero() {
		until = w.Now().AddDate(1, 0, 0)
	}
	p.Outcome = p.Form.field(outcome)
	p.Reason = p.Form.field(Field{Name: "reason", Label: "page.review-new.reason", Hint: "page.review-new.reason-hint", Value: d.Reason, Rows: 4, Required: true})
	p.Conditions = p.Form.field(Field{Name: "conditions", Label: "page.review-new.conditions", Hint: "page.review-new.conditions-hint", Value: d.Conditions, Rows: 3})
	p.ValidUntil = p.Form.field(Field{Name: "validUntil", Label: "page.review-new.until", Hint: "page.review-new.until-hint", Type: "date", Value: localDay(until), Size: "m", Required: true})
	p.Share = p.Form.field(share)
	return w.show(c, code, "review-new", p)
}

func (w *Web) reviewPrepare(c *gin.Context) error {
	r, err := w.reviewing(c)
	if err != nil {
		return err
	}
	if err := parseForm(c); err != nil {
		return err
	}
	d := review.Draft{
		Attestation: r.Record.Digest, Requirement: r.Requirement.ID, Evidence: c.PostFormArray("evidence"), Outcome: review.Outcome(c.PostForm("outcome")),
		Reason: text(c.PostForm("reason")), Conditions: text(c.PostForm("conditions")), Shared: review.Sharing(c.PostForm("shared")),
	}
	until, ok := readTime(c.PostForm("validUntil"), true)
	switch {
	case !ok || until == nil:
		return w.showReviewNew(c, d, badDate("validUntil"))
	default:
		d.ValidUntil = *until
	}
	statement, err := w.Reviews.Prepare(c.Request.Context(), w.actor(c), d)
	if err != nil {
		if mendable(err) {
			return w.showReviewNew(c, d, err)
		}
		return err
	}
	return w.showReviewStatement(c, r, statement, nil)
}

type reviewStatementPage struct {
	Base
	reviewing
	Statement *statementPage
	// Says is what the statement says, read back from its bytes.
	Says *review.Predicate
	// Until is its end.
	Until time.Time
}

// showReviewStatement shows exactly what is about to be signed.
func (w *Web) showReviewStatement(c *gin.Context, r reviewing, statement []byte, failed error) error {
	p := reviewStatementPage{Base: w.base(c, "reviews"), reviewing: r}
	p.Here = "/attestations/" + r.Record.Digest + "/reviews/new?" + query("requirement", r.Requirement.ID)
	code := codeOf(failed)
	p.Form = newForm(w.texts(c), failed)
	p.Statement = &statementPage{
		Base: p.Base, Supplier: r.Body, Offering: r.Offering, Version: r.Version, Name: "statement.json",
		Predicate: review.ReviewType, Subject: attestation.URN(r.Record.Digest),
		Action: "/attestations/" + r.Record.Digest + "/reviews?" + query("requirement", r.Requirement.ID),
	}
	p.Statement.fill(statement)
	p.Statement.sortKeys(r.Body.Keys, w.Now())
	p.Statement.Bundle = p.Form.field(bundleField)
	if st, err := attestation.Decode[review.Predicate](statement, review.ReviewType); err == nil {
		p.Says = &st.Predicate
		p.Until, _ = time.Parse(time.RFC3339, st.Predicate.ValidUntil)
	}
	p.Statement.scripted(c)
	return w.show(c, code, "review-statement", p)
}

func (w *Web) reviewSubmit(c *gin.Context) error {
	r, err := w.reviewing(c)
	if err != nil {
		return err
	}
	bundle, statement, err := readBundle(c)
	var receipt review.Receipt
	if err == nil {
		receipt, _, err = w.Reviews.Submit(c.Request.Context(), w.actor(c), bundle)
	}
	if err != nil {
		if mendable(err) {
			return w.showReviewStatement(c, r, statement, err)
		}
		return err
	}
	return w.done(c, "page.review.received", "/reviews/"+receipt.Review)
}

type bodyEditPage struct {
	Base
	Number organisation.Number
	New    bool
	Name   Field
	// Register is what the register of legal entities says about the body.
	Register registered
}

// bodyEdit is where a public body registers itself, to be able to sign.
func (w *Web) bodyEdit(c *gin.Context) error {
	n, err := number(c)
	if err != nil {
		return err
	}
	if err := access.Check(w.actor(c), access.RegisterBody, string(n)); err != nil {
		return err
	}
	s, err := w.Suppliers.Get(c.Request.Context(), w.actor(c), n)
	switch {
	case problem.KindOf(err) == problem.NotFound:
		return w.showBodyEdit(c, n, w.actor(c).Name, true, nil)
	case err != nil:
		return err
	case !s.Body:
		return w.away(c, "/suppliers/"+string(n)+"/keys")
	}
	return w.showBodyEdit(c, n, s.Name, false, nil)
}

func (w *Web) showBodyEdit(c *gin.Context, n organisation.Number, name string, fresh bool, failed error) error {
	p := bodyEditPage{Base: w.base(c, "reviews"), Number: n, New: fresh}
	entry, err := w.suggested(c.Request.Context(), n)
	if err != nil {
		return err
	}
	if fresh && entry != nil && entry.Name != "" {
		name = entry.Name
	}
	p.Register = w.registered(entry, n, name)
	code := codeOf(failed)
	p.Form = newForm(w.texts(c), failed)
	p.Name = p.Form.field(Field{Name: "name", Label: "page.body-edit.name", Hint: "page.body-edit.name-hint", Value: name, Autocomplete: "organization", Required: true})
	return w.show(c, code, "body-edit", p)
}

func (w *Web) bodySave(c *gin.Context) error {
	n, err := number(c)
	if err != nil {
		return err
	}
	if err := parseForm(c); err != nil {
		return err
	}
	name := line(c.PostForm("name"))
	_, _, err = w.Suppliers.RegisterBody(c.Request.Context(), w.actor(c), supplier.Supplier{Number: n, Name: name})
	if pe, ok := errors.AsType[*problem.Error](err); ok && mendable(err) {
		return w.showBodyEdit(c, n, name, false, pe)
	}
	if err != nil {
		return err
	}
	return w.done(c, "page.body-edit.saved", "/suppliers/"+string(n)+"/keys")
}
