package api

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"felleskrav/internal/access"
	"felleskrav/internal/evidence"
	"felleskrav/internal/httpd"
	"felleskrav/internal/trail"
)

// ListTrail lists what the caller may see of the audit trail.
func (a *API) ListTrail(ctx context.Context, r ListTrailRequestObject) (ListTrailResponseObject, error) {
	ctx, actor := caller(ctx)
	p := r.Params
	f := trail.Filter{From: p.From, To: p.To, Actor: p.Actor, Action: p.Action, Target: p.Target}
	if p.Cursor != "" {
		n, err := strconv.ParseInt(p.Cursor, 10, 64)
		if err != nil || n < 1 {
			return nil, errCursor
		}
		f.Before = n
	}
	items, next, err := fetch(p.Limit, func(limit int) ([]trail.Entry, error) {
		f.Limit = limit
		return a.Trail.List(ctx, actor, f)
	}, func(e trail.Entry) string { return strconv.FormatInt(e.Seq, 10) })
	return ListTrail200JSONResponse{each(items, trail.Entry.View), next}, err
}

// exportTrail is an export on its way.
type exportTrail struct {
	api    *API
	ctx    context.Context //nolint:containedctx // the answer is the rest of the request
	actor  access.Actor
	filter trail.Filter
	format string
}

// exportWait is how long an export may take.
const exportWait = 10 * time.Minute

// VisitExportTrailResponse streams it.
func (e exportTrail) VisitExportTrailResponse(w http.ResponseWriter) error {
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(exportWait)) // else the ordinary one holds
	kind, name := "text/csv; charset=utf-8", "trail.csv"
	if e.format == trail.JSONL {
		kind, name = "application/jsonl", "trail.jsonl"
	}
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Content-Disposition", `attachment; filename="`+name+`"`)
	return e.api.Trail.Export(e.ctx, e.actor, e.filter, trail.NewWriter(w, e.format))
}

// ExportTrail gives all of it as a file.
func (a *API) ExportTrail(ctx context.Context, r ExportTrailRequestObject) (ExportTrailResponseObject, error) {
	ctx, actor := caller(ctx)
	p := r.Params
	return exportTrail{a, ctx, actor, trail.Filter{From: p.From, To: p.To, Actor: p.Actor, Action: p.Action, Target: p.Target}, string(p.Format)}, nil
}

// noteEvidence tells the trail of documentation that is read.
func noteEvidence(ctx context.Context, all ...evidence.Evidence) {
	c := ginOf(ctx)
	for _, e := range all {
		httpd.Owner(c, string(e.Owner))
		if e.Visibility != evidence.VisiblePublic {
			httpd.Restricted(c)
		}
	}
}
