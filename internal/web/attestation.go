package web

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"felleskrav/internal/access"
	"felleskrav/internal/attestation"
	"felleskrav/internal/catalogue"
	"felleskrav/internal/problem"
	"felleskrav/internal/review"
	"felleskrav/internal/supplier"
)

type statementPage struct {
	Base
	Supplier supplier.Supplier
	Offering supplier.Offering
	Version  catalogue.Version
	// Encoded is the exact statement in base64, so that no browser changes a
	// byte of it between the pages. "" after a failed upload without it.
	Encoded, Pretty, Digest string
	Answers                 int
	// Reworded are requirements to read again before the answers are confirmed.
	Reworded []catalogue.Change
	Action   string
	Bundle   Field
	// Name is the file name in the commands.
	Name string
	// Predicate and Subject are what the statement says it is and is about; a
	// browser that signs it compares.
	Predicate, Subject string
	// Valid are the keys that the supplier can sign with, Ended those it no
	// longer can.
	Valid, Ended []supplier.Key
	// Content is what the statement says, read from the very bytes that are
	// signed; nil when it is no declaration.
	Content *statementContent
}

// statementContent is a declaration for people to read before it is signed.
type statementContent struct {
	Declaration attestation.Declaration
	ValidUntil  time.Time
	Counts      []countRow
	Answers     []signedAnswer
}

type signedAnswer struct {
	attestation.Answer
	Title catalogue.Text
}

// read reads the bytes that are to be signed.
func (p *statementPage) read(statement []byte) {
	st, err := attestation.Decode[attestation.Declaration](statement, attestation.DeclarationType)
	if err != nil {
		return // the exact text is shown all the same
	}
	c := statementContent{Declaration: st.Predicate, Counts: countRows(recordCounts(attestation.Record{Answers: st.Predicate.Answers}))}
	order := attestation.AnswerStatuses() // that of the answers to choose from
	slices.SortStableFunc(c.Counts, func(a, b countRow) int {
		return slices.Index(order, a.Answer) - slices.Index(order, b.Answer)
	})
	c.ValidUntil, _ = attestation.ParseTime(st.Predicate.ValidUntil)
	for _, a := range st.Predicate.Answers {
		r, _ := p.Version.Requirement(a.Requirement)
		c.Answers = append(c.Answers, signedAnswer{a, r.Title})
	}
	p.Content = &c
}

// sortKeys tells the keys that can be used from those that no longer can.
func (p *statementPage) sortKeys(keys []supplier.Key, now time.Time) {
	for _, k := range keys {
		if k.Revoked == nil && now.Before(k.ExpiresAt) {
			p.Valid = append(p.Valid, k)
		} else {
			p.Ended = append(p.Ended, k)
		}
	}
}

// scripted lets the page sign in the browser, if there is something to sign and
// a key to do it with.
func (p *statementPage) scripted(c *gin.Context) {
	if p.Encoded != "" && len(p.Valid) > 0 {
		scripted(c)
	}
}

// Statuses lists the answers in display order.
func (statementPage) Statuses() []attestation.AnswerStatus { return attestation.AnswerStatuses() }

// Outcomes lists what a review can come to, in display order.
func (statementPage) Outcomes() []review.Outcome { return review.Outcomes() }

// Says tells what kind of statement it is, for what a browser shows of it:
// declaration, withdrawal, review or review-withdrawal.
func (p statementPage) Says() string {
	return strings.TrimSuffix(strings.TrimPrefix(strings.TrimPrefix(p.Predicate, "urn:felleskrav:attestation:"), "supplier-"), ":v1")
}

// showStatement shows exactly what is about to be signed.
func (w *Web) showStatement(c *gin.Context, a answering, statement []byte, answers int, failed error, reworded ...catalogue.Change) error {
	p := statementPage{
		Base: w.base(c, "own"), Supplier: a.supplier, Offering: a.offering, Version: a.version, Answers: answers, Reworded: reworded,
		Action: "/offerings/" + a.offering.ID + "/attestations?" + query("set", a.version.Ref()), Name: "statement.json",
		Predicate: attestation.DeclarationType, Subject: supplier.ServiceURN(a.offering.ID),
	}
	p.Here = "/offerings/" + a.offering.ID + "/answers?" + query("set", a.version.Ref())
	p.fill(statement)
	p.read(statement)
	p.sortKeys(a.supplier.Keys, w.Now())
	code := codeOf(failed)
	p.Form = newForm(w.texts(c), failed)
	p.Bundle = p.Form.field(bundleField)
	p.scripted(c)
	return w.show(c, code, "statement", p)
}

var bundleField = Field{Name: "bundle", Label: "page.statement.bundle", Hint: "page.statement.bundle-hint", Type: "file", Accept: ".json", Required: true}

func (p *statementPage) fill(statement []byte) {
	if len(statement) == 0 {
		return
	}
	sum := sha256.Sum256(statement)
	p.Encoded, p.Digest = base64.StdEncoding.EncodeToString(statement), hex.EncodeToString(sum[:])
	p.Pretty = indented(statement)
}

// indented makes JSON readable; anything else is shown as it is.
func indented(b []byte) string {
	var out bytes.Buffer
	if json.Indent(&out, b, "", "  ") != nil {
		return string(b)
	}
	return out.String()
}

// statementFile sends the statement back as a file to sign.
func (w *Web) statementFile(c *gin.Context) error {
	// The file is what the sender has: those may have it who sign anything here.
	if access.Check(w.actor(c), access.WriteReview, w.actor(c).Org) != nil {
		if _, err := w.answering(c); err != nil {
			return err
		}
	}
	if err := parseForm(c); err != nil {
		return err
	}
	b, err := base64.StdEncoding.DecodeString(c.PostForm("statement"))
	if err != nil || !json.Valid(b) {
		return problem.New(problem.Invalid, "page.error.form", nil)
	}
	attach(c, "statement.json", "application/vnd.in-toto+json")
	c.Status(http.StatusOK)
	_, err = c.Writer.Write(b)
	return err
}

// readBundle reads an uploaded bundle, and the statement that stood beside it.
func readBundle(c *gin.Context) (bundle, statement []byte, err error) {
	up, err := readUpload(c, "bundle")
	statement, _ = base64.StdEncoding.DecodeString(up.fields.Get("statement"))
	if !json.Valid(statement) {
		statement = nil
	}
	if err != nil {
		return nil, statement, err
	}
	bundle, err = readBytes(up)
	return bundle, statement, tooLarge(err)
}

func (w *Web) attestationSubmit(c *gin.Context) error {
	a, err := w.answering(c)
	if err != nil {
		return err
	}
	bundle, statement, err := readBundle(c)
	var receipt attestation.Receipt
	if err == nil {
		receipt, _, err = w.Attestations.Submit(c.Request.Context(), w.actor(c), bundle)
	}
	if err != nil {
		if mendable(err) {
			return w.showStatement(c, a, statement, 0, err)
		}
		return err
	}
	return w.received(c, receipt)
}

type attestationPage struct {
	Base
	Record   attestation.Record
	Receipt  attestation.Receipt
	Verdict  attestation.Verdict
	Offering supplier.Offering
	Key      supplier.Key
	// Second is who signed too, where the supplier asks for four eyes.
	Second  supplier.Key
	Own     bool
	BaseURL string
	// VerdictType is the predicate type of the signed verdict.
	VerdictType string
	Counts      []countRow
}

func (w *Web) attestation(c *gin.Context) error { return w.showAttestation(c, nil) }

func (w *Web) showAttestation(c *gin.Context, failed error) error {
	ctx, actor, digest := c.Request.Context(), w.actor(c), c.Param("digest")
	r, err := w.Attestations.Get(ctx, actor, digest)
	if err != nil {
		return err
	}
	receipt, err := w.Attestations.Receipt(ctx, actor, digest)
	if err != nil {
		return err
	}
	verdict, err := w.Attestations.Verdict(ctx, actor, digest)
	if err != nil {
		return err
	}
	o, err := w.Suppliers.Offering(ctx, actor, r.Offering)
	if err != nil {
		return err
	}
	s, err := w.Suppliers.Get(ctx, actor, r.Supplier)
	if err != nil {
		return err
	}
	p := attestationPage{Base: w.base(c, section(actor, r.Supplier)), Record: r, Receipt: receipt, Verdict: verdict, Offering: o, BaseURL: w.BaseURL, VerdictType: attestation.VerdictType}
	p.Key, _ = s.Key(r.KeyID)
	p.Second, _ = s.Key(r.SecondKeyID)
	p.Own = p.Acts(r.Supplier)
	scripted(c)
	p.Counts = countRows(recordCounts(r))
	code := codeOf(failed)
	p.Form = newForm(w.texts(c), failed)
	return w.show(c, code, "attestation", p)
}

func (w *Web) receiptFile(c *gin.Context) error {
	receipt, err := w.Attestations.Receipt(c.Request.Context(), w.actor(c), c.Param("digest"))
	if err != nil {
		return err
	}
	b, err := json.MarshalIndent(receipt, "", "  ")
	if err != nil {
		return err
	}
	return sendFile(c, "receipt-"+short(receipt.Attestation)+".json", "application/json", append(b, '\n'))
}

func (w *Web) bundleFile(c *gin.Context) error {
	digest := c.Param("digest")
	b, err := w.Attestations.Bundle(c.Request.Context(), w.actor(c), digest, c.Query("logged") != "")
	if err != nil {
		return err
	}
	return sendFile(c, "bundle-"+short(digest)+".json", "application/vnd.dev.sigstore.bundle.v0.3+json", b)
}

// verdictFile is the service's own signed verdict, as of now.
func (w *Web) verdictFile(c *gin.Context) error {
	digest := c.Param("digest")
	b, err := w.Attestations.SignedVerdict(c.Request.Context(), w.actor(c), digest)
	if err != nil {
		return err
	}
	return sendFile(c, "verdict-"+short(digest)+".json", "application/vnd.dev.sigstore.bundle.v0.3+json", b)
}

func sendFile(c *gin.Context, name, mediaType string, b []byte) error {
	attach(c, name, mediaType)
	c.Status(http.StatusOK)
	_, err := c.Writer.Write(b)
	return err
}

type withdrawalPage struct {
	Base
	Supplier supplier.Supplier
	Offering supplier.Offering
	Record   attestation.Record
	Reason   Field
	// Statement is set once there is something to sign.
	Statement *statementPage
}

func (w *Web) withdrawal(c *gin.Context) error { return w.showWithdrawal(c, nil, nil) }

func (w *Web) showWithdrawal(c *gin.Context, statement []byte, failed error) error {
	r, err := w.Attestations.Get(c.Request.Context(), w.actor(c), c.Param("digest"))
	if err != nil {
		return err
	}
	if err := access.Check(w.actor(c), access.Withdraw, string(r.Supplier)); err != nil {
		return err
	}
	code := codeOf(failed)
	p := withdrawalPage{Base: w.base(c, "own"), Record: r}
	if p.Supplier, err = w.Suppliers.Get(c.Request.Context(), w.actor(c), r.Supplier); err != nil {
		return err
	}
	if p.Offering, err = w.Suppliers.Offering(c.Request.Context(), w.actor(c), r.Offering); err != nil {
		return err
	}
	p.Form = newForm(w.texts(c), failed)
	p.Reason = p.Form.field(Field{Name: "reason", Label: "page.withdrawal.reason", Hint: "page.withdrawal.reason-hint", Value: c.PostForm("reason"), Rows: 3, Required: true})
	if len(statement) > 0 {
		p.Statement = &statementPage{
			Base: p.Base, Supplier: p.Supplier, Action: "/attestations/" + r.Digest + "/withdrawal/bundle", Name: "withdrawal.json",
			Predicate: attestation.WithdrawalType, Subject: attestation.URN(r.Digest),
		}
		p.Statement.Offering.ID = r.Offering
		p.Statement.sortKeys(p.Supplier.Keys, w.Now())
		p.Statement.fill(statement)
		p.Statement.Bundle = p.Form.field(bundleField)
		p.Statement.scripted(c)
	}
	return w.show(c, code, "withdrawal", p)
}

func (w *Web) withdrawalPrepare(c *gin.Context) error {
	if err := parseForm(c); err != nil {
		return err
	}
	statement, err := w.Attestations.PrepareWithdrawal(c.Request.Context(), w.actor(c), c.Param("digest"), text(c.PostForm("reason")))
	if err != nil && !mendable(err) {
		return err
	}
	return w.showWithdrawal(c, statement, err)
}

func (w *Web) withdrawalSubmit(c *gin.Context) error {
	bundle, statement, err := readBundle(c)
	if err == nil {
		_, _, err = w.Attestations.Withdraw(c.Request.Context(), w.actor(c), c.Param("digest"), bundle)
	}
	if err != nil {
		if mendable(err) {
			return w.showWithdrawal(c, statement, err)
		}
		return err
	}
	return w.done(c, "page.withdrawal.done", "/attestations/"+c.Param("digest"))
}
