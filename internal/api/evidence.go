package api

import (
	"context"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"

	"felleskrav/internal/access"
	"felleskrav/internal/evidence"
	"felleskrav/internal/organisation"
)

// evidenceView is a record as the caller may see it.
func evidenceView(actor access.Actor) func(evidence.Evidence) Evidence {
	return func(e evidence.Evidence) Evidence { return e.For(actor) }
}

// UploadEvidence streams a file into the store.
func (a *API) UploadEvidence(ctx context.Context, r UploadEvidenceRequestObject) (UploadEvidenceResponseObject, error) {
	ctx, actor := caller(ctx)
	p := r.Params
	e, created, err := a.Evidence.Upload(ctx, actor, evidence.Upload{
		Name: p.Name, Kind: p.Kind, Visibility: p.Visibility, Granted: each(p.Granted, evidence.ParseGrant), SHA256: p.Sha256,
		Description: evidence.Description{
			Issuer: p.Issuer, Standard: p.Standard, Applicability: p.Applicability, ValidFrom: p.ValidFrom, ValidUntil: p.ValidUntil,
			Scope: p.Scope, LegalBasis: p.LegalBasis,
		},
	}, r.Body)
	switch {
	case err != nil:
		return nil, err
	case created:
		return UploadEvidence201JSONResponse{e, UploadEvidence201ResponseHeaders{"/api/v1/evidence/" + e.SHA256}}, nil
	default:
		return UploadEvidence200JSONResponse(e), nil
	}
}

// file is a download. The bytes are somebody else's, so nothing in them may
// run: not as another type, not in the page's place, not with our origin.
type file struct {
	body io.ReadCloser
	meta evidence.Evidence
}

// VisitDownloadEvidenceResponse streams it.
func (f file) VisitDownloadEvidenceResponse(w http.ResponseWriter) error {
	defer func() { _ = f.body.Close() }() // nothing was written
	h := w.Header()
	h.Set("Content-Type", f.meta.MediaType)
	h.Set("Content-Length", strconv.FormatInt(f.meta.Size, 10))
	disposition := mime.FormatMediaType("attachment", map[string]string{"filename": f.meta.Name})
	if disposition == "" {
		disposition = "attachment"
	}
	h.Set("Content-Disposition", disposition)
	h.Set("Content-Security-Policy", "sandbox; default-src 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("ETag", `"`+f.meta.SHA256+`"`)
	w.WriteHeader(http.StatusOK)
	if _, err := io.Copy(w, f.body); err != nil {
		// The length is promised, so the client sees that it did not get all.
		return fmt.Errorf("send evidence: %w", err)
	}
	return nil
}

// DownloadEvidence opens a file the caller may see.
func (a *API) DownloadEvidence(ctx context.Context, r DownloadEvidenceRequestObject) (DownloadEvidenceResponseObject, error) {
	gin := ctx
	ctx, actor := caller(ctx)
	body, meta, err := a.Evidence.Open(ctx, actor, r.Sha256)
	if err != nil {
		return nil, err
	}
	noteEvidence(gin, meta)
	return file{body: body, meta: meta}, nil
}

// GetEvidence tells what is said of a file.
func (a *API) GetEvidence(ctx context.Context, r GetEvidenceRequestObject) (GetEvidenceResponseObject, error) {
	gin := ctx
	ctx, actor := caller(ctx)
	e, err := a.Evidence.About(ctx, actor, r.Sha256)
	if err != nil {
		return nil, err
	}
	noteEvidence(gin, e)
	return GetEvidence200JSONResponse{e.For(actor), GetEvidence200ResponseHeaders{etag(e.Rev)}}, nil
}

// PutEvidence changes what the caller's organisation says of its file.
func (a *API) PutEvidence(ctx context.Context, r PutEvidenceRequestObject) (PutEvidenceResponseObject, error) {
	ctx, actor := caller(ctx)
	rev, err := revision(r.Params.IfMatch)
	if err != nil {
		return nil, err
	}
	b := r.Body
	e, err := a.Evidence.Amend(ctx, actor, organisation.Number(actor.Org), r.Sha256, evidence.Amendment{
		Kind: b.Kind, Visibility: b.Visibility, Granted: b.Granted,
		Description: evidence.Description{
			Issuer: b.Issuer, Standard: b.Standard, Applicability: b.Applicability, ValidFrom: b.ValidFrom, ValidUntil: b.ValidUntil,
			Scope: b.Scope, LegalBasis: b.LegalBasis,
		},
	}, rev)
	if err != nil {
		return nil, err
	}
	return PutEvidence200JSONResponse{e, PutEvidence200ResponseHeaders{etag(e.Rev)}}, nil
}

// EraseEvidence erases the bytes of the caller's organisation's file.
func (a *API) EraseEvidence(ctx context.Context, r EraseEvidenceRequestObject) (EraseEvidenceResponseObject, error) {
	ctx, actor := caller(ctx)
	rev, err := revision(r.Params.IfMatch)
	if err != nil {
		return nil, err
	}
	ask := evidence.ErasureRequest{Reason: r.Params.Reason, ForgetName: r.Params.ForgetName}
	e, err := a.Evidence.Erase(ctx, actor, organisation.Number(actor.Org), r.Sha256, ask, rev)
	if err != nil {
		return nil, err
	}
	return EraseEvidence200JSONResponse{e, EraseEvidence200ResponseHeaders{etag(e.Rev)}}, nil
}

// ListEvidence lists what the caller may see of a supplier's documentation.
func (a *API) ListEvidence(ctx context.Context, r ListEvidenceRequestObject) (ListEvidenceResponseObject, error) {
	gin := ctx
	ctx, actor := caller(ctx)
	n, err := orgnr(r.Orgnr)
	if err != nil {
		return nil, err
	}
	if _, err := a.Suppliers.Get(ctx, actor, n); err != nil {
		return nil, err
	}
	all, err := a.Evidence.Of(ctx, actor, n)
	if err != nil {
		return nil, err
	}
	some, next, err := page(all, r.Params.Limit, r.Params.Cursor, func(e evidence.Evidence) string { return e.SHA256 })
	noteEvidence(gin, some...)
	return ListEvidence200JSONResponse{each(some, evidenceView(actor)), next}, err
}
