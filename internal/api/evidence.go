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
)

// evidenceView hides from others whom else the owner lets see it.
func evidenceView(actor access.Actor) func(evidence.Evidence) Evidence {
	return func(e evidence.Evidence) Evidence {
		if actor.Org != string(e.Owner) {
			e.Granted = nil
		}
		return e
	}
}

// UploadEvidence streams a file into the store.
func (a *API) UploadEvidence(ctx context.Context, r UploadEvidenceRequestObject) (UploadEvidenceResponseObject, error) {
	ctx, actor := caller(ctx)
	p := r.Params
	e, created, err := a.Evidence.Upload(ctx, actor, evidence.Upload{
		Name: p.Name, Kind: p.Kind, Visibility: p.Visibility, Granted: p.Granted, SHA256: p.Sha256,
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
	ctx, actor := caller(ctx)
	body, meta, err := a.Evidence.Open(ctx, actor, r.Sha256)
	if err != nil {
		return nil, err
	}
	return file{body: body, meta: meta}, nil
}

// ListEvidence lists what the caller may see of a supplier's documentation.
func (a *API) ListEvidence(ctx context.Context, r ListEvidenceRequestObject) (ListEvidenceResponseObject, error) {
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
	return ListEvidence200JSONResponse{each(some, evidenceView(actor)), next}, err
}
