package api

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"felleskrav/internal/access"
	"felleskrav/internal/attestation"
	"felleskrav/internal/catalogue"
	"felleskrav/internal/httpd"
	"felleskrav/internal/problem"
)

// statement is the exact bytes to sign.
type statement struct{ exact }

func newStatement(body []byte) statement {
	sum := sha256.Sum256(body)
	return statement{exact{
		mediaType: "application/vnd.in-toto+json", body: body,
		header: map[string]string{"Statement-Digest": hex.EncodeToString(sum[:])},
	}}
}

// VisitPrepareAttestationResponse sends it.
func (s statement) VisitPrepareAttestationResponse(w http.ResponseWriter) error { return s.send(w) }

// VisitPrepareWithdrawalResponse sends it.
func (s statement) VisitPrepareWithdrawalResponse(w http.ResponseWriter) error { return s.send(w) }

// PrepareAttestation makes a statement of a draft.
func (a *API) PrepareAttestation(ctx context.Context, r PrepareAttestationRequestObject) (PrepareAttestationResponseObject, error) {
	ctx, actor := caller(ctx)
	d := attestation.Draft{
		Offering: r.Body.Offering, Set: r.Body.Set, Version: r.Body.Version, Answers: r.Body.Answers,
		ValidUntil: r.Body.ValidUntil, Supersedes: r.Body.Supersedes,
	}
	if d.Version == "" {
		set, version, err := catalogue.ParseRef(d.Set)
		if err != nil {
			return nil, err
		}
		d.Set, d.Version = set, version
	}
	body, err := a.Attestations.Prepare(ctx, actor, d)
	if err != nil {
		return nil, err
	}
	return newStatement(body), nil
}

// PrepareWithdrawal makes the statement of a withdrawal.
func (a *API) PrepareWithdrawal(ctx context.Context, r PrepareWithdrawalRequestObject) (PrepareWithdrawalResponseObject, error) {
	ctx, actor := caller(ctx)
	body, err := a.Attestations.PrepareWithdrawal(ctx, actor, r.Digest, r.Body.Reason)
	if err != nil {
		return nil, err
	}
	return newStatement(body), nil
}

// VisitGetStatementResponse sends it.
func (s statement) VisitGetStatementResponse(w http.ResponseWriter) error { return s.send(w) }

// GetStatement gives the bytes that were signed.
func (a *API) GetStatement(ctx context.Context, r GetStatementRequestObject) (GetStatementResponseObject, error) {
	ctx, actor := caller(ctx)
	body, err := a.Attestations.Statement(ctx, actor, r.Digest)
	if err != nil {
		return nil, err
	}
	return newStatement(body), nil
}

// renewal is a statement, with what to read before signing it.
type renewal struct{ statement }

// VisitPrepareRenewalResponse sends it.
func (r renewal) VisitPrepareRenewalResponse(w http.ResponseWriter) error { return r.send(w) }

// PrepareRenewal makes the statement that renews a declaration.
func (a *API) PrepareRenewal(ctx context.Context, r PrepareRenewalRequestObject) (PrepareRenewalResponseObject, error) {
	ctx, actor := caller(ctx)
	out, err := a.Attestations.PrepareRenewal(ctx, actor, r.Digest, r.Body.ValidUntil)
	if err != nil {
		return nil, err
	}
	st := newStatement(out.Statement)
	if len(out.Reworded) > 0 {
		st.header["Reworded"] = strings.Join(each(out.Reworded, func(c catalogue.Change) string { return c.Requirement }), ", ")
	}
	return renewal{st}, nil
}

// ListWaiting lists what waits for a second signer.
func (a *API) ListWaiting(ctx context.Context, r ListWaitingRequestObject) (ListWaitingResponseObject, error) {
	ctx, actor := caller(ctx)
	n, err := orgnr(r.Orgnr)
	if err != nil {
		return nil, err
	}
	all, err := a.Attestations.WaitingFor(ctx, actor, n)
	if err != nil {
		return nil, err
	}
	some, next, err := page(all, r.Params.Limit, r.Params.Cursor, func(w attestation.Waiting) string { return w.Attestation })
	return ListWaiting200JSONResponse{each(some, func(w attestation.Waiting) Waiting {
		return Waiting{Attestation: w.Attestation, KeyId: w.KeyID, Offering: w.Offering, Set: w.Set, SetVersion: w.SetVersion, At: w.At, Statement: w.Statement}
	}), next}, err
}

// submitAttestation hands a bundle over as it came: it is parsed once, by the
// service, and stored in the very bytes.
func (a *API) submitAttestation(c *gin.Context) {
	a.submit(c, func(ctx context.Context, actor access.Actor, bundle []byte) (attestation.Receipt, bool, error) {
		return a.Attestations.Submit(ctx, actor, bundle)
	})
}

func (a *API) submitWithdrawal(c *gin.Context) {
	a.submit(c, func(ctx context.Context, actor access.Actor, bundle []byte) (attestation.Receipt, bool, error) {
		return a.Attestations.Withdraw(ctx, actor, c.Param("digest"), bundle)
	})
}

func (a *API) submit(c *gin.Context, to func(context.Context, access.Actor, []byte) (attestation.Receipt, bool, error)) {
	take(c, to, func(r attestation.Receipt) (string, bool) {
		return "/api/v1/attestations/" + r.Attestation, r.Waiting == ""
	})
}

// take hands the body of a request over and answers with the receipt. place
// tells where what the receipt is for is found, and whether it has taken effect.
func take[R any](c *gin.Context, to func(context.Context, access.Actor, []byte) (R, bool, error), place func(R) (string, bool)) {
	bundle, err := io.ReadAll(c.Request.Body)
	if err != nil {
		httpd.Fail(c, malformed(err))
		return
	}
	if len(bundle) == 0 {
		httpd.Fail(c, problem.New(problem.Invalid, "request.no-body", nil))
		return
	}
	receipt, created, err := to(c.Request.Context(), httpd.Actor(c), bundle)
	if p := httpd.Classify(err); err != nil && p.Kind == problem.Invalid && p.Key == "bundle.json" {
		err = problem.New(problem.Invalid, "request.malformed", nil).Because(err) // not JSON at all
	}
	if err != nil {
		httpd.Fail(c, err)
		return
	}
	body, err := json.Marshal(receipt)
	if err != nil {
		httpd.Fail(c, err)
		return
	}
	status := http.StatusOK
	location, done := place(receipt)
	switch {
	case !done:
		status = http.StatusAccepted
	case created:
		status = http.StatusCreated
		c.Header("Location", location)
	}
	c.Data(status, "application/json", body)
}

// GetAttestation reads a declaration; its bundle has an address of its own.
func (a *API) GetAttestation(ctx context.Context, r GetAttestationRequestObject) (GetAttestationResponseObject, error) {
	ctx, actor := caller(ctx)
	rec, err := a.Attestations.Get(ctx, actor, r.Digest)
	rec.Bundle = nil
	return GetAttestation200JSONResponse(rec), err
}

// bundle is a bundle in its exact bytes.
type bundle struct{ exact }

// VisitGetAttestationBundleResponse sends it.
func (b bundle) VisitGetAttestationBundleResponse(w http.ResponseWriter) error { return b.send(w) }

// VisitGetVerdictResponse sends it.
func (b bundle) VisitGetVerdictResponse(w http.ResponseWriter) error { return b.send(w) }

func newBundle(name string, body []byte) bundle {
	return bundle{exact{
		mediaType: "application/vnd.dev.sigstore.bundle.v0.3+json", body: body,
		header: map[string]string{"Content-Disposition": `attachment; filename="` + name + `.sigstore.json"`},
	}}
}

// GetAttestationBundle gives the bundle.
func (a *API) GetAttestationBundle(ctx context.Context, r GetAttestationBundleRequestObject) (GetAttestationBundleResponseObject, error) {
	ctx, actor := caller(ctx)
	body, err := a.Attestations.Bundle(ctx, actor, r.Digest, r.Params.Format != "")
	if err != nil {
		return nil, err
	}
	return newBundle(r.Digest[:16], body), nil
}

// GetReceipt proves anew that a declaration is in the log.
func (a *API) GetReceipt(ctx context.Context, r GetReceiptRequestObject) (GetReceiptResponseObject, error) {
	ctx, actor := caller(ctx)
	receipt, err := a.Attestations.Receipt(ctx, actor, r.Digest)
	return GetReceipt200JSONResponse(receipt), err
}

// GetVerdict makes every check again, and signs how they come out when asked
// to.
func (a *API) GetVerdict(ctx context.Context, r GetVerdictRequestObject) (GetVerdictResponseObject, error) {
	t := a.texts(ctx)
	ctx, actor := caller(ctx)
	if r.Params.Format != "" {
		body, err := a.Attestations.SignedVerdict(ctx, actor, r.Digest)
		if err != nil {
			return nil, err
		}
		return newBundle(r.Digest[:16]+"-verdict", body), nil
	}
	v, err := a.Attestations.Verdict(ctx, actor, r.Digest)
	if err != nil {
		return nil, err
	}
	return GetVerdict200JSONResponse{
		Attestation: v.Attestation, At: v.At, Holds: v.Holds,
		Grade: VerdictGrade(v.Grade), GradeText: t.T("grade." + string(v.Grade)), Signer: v.Signer, Issuer: v.Issuer, RevocationChecked: checkedAt(v.RevocationChecked),
		Checks: each(v.Checks, func(c attestation.Check) VerdictCheck {
			return VerdictCheck{Name: string(c.Name), Holds: c.Holds, Text: t.T("verdict." + string(c.Name))}
		}),
	}, nil
}

// checkedAt is the zero time, which is left out, when nobody has checked.
func checkedAt(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return *t
}
