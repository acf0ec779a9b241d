package api

import (
	"context"

	"felleskrav/internal/access"
	"felleskrav/internal/catalogue"
)

func reportView(r catalogue.Report) Report {
	out := Report{
		Id: r.ID, Requirement: r.Requirement, Kind: string(r.Kind), Text: r.Text, By: ContentPerson{Name: r.ActorName, Org: r.Org}, At: r.At,
	}
	if r.Resolved != nil {
		out.Resolved = ReportResolution{By: personView(r.Resolved.By), At: r.Resolved.At, Note: r.Resolved.Note}
	}
	return out
}

func countView(in map[catalogue.ReportKind]int) map[string]int {
	out := make(map[string]int, len(in))
	for k, n := range in {
		out[string(k)] = n
	}
	return out
}

// ListReports counts the reports on a requirement, and shows them to editors.
func (a *API) ListReports(ctx context.Context, r ListReportsRequestObject) (ListReportsResponseObject, error) {
	ctx, actor := caller(ctx)
	counts, err := a.Reports.Count(ctx, r.Id)
	if err != nil {
		return nil, err
	}
	out := ListReports200JSONResponse{Counts: ReportCounts{Open: countView(counts.Open), Resolved: countView(counts.Resolved)}}
	if _, err := access.ScopeFor(actor, access.ReadReport); err != nil {
		return out, nil //nolint:nilerr // the counts are for everyone
	}
	some, next, err := fetch(r.Params.Limit, func(limit int) ([]catalogue.Report, error) {
		return a.Reports.List(ctx, actor, r.Id, r.Params.Cursor, limit)
	}, func(r catalogue.Report) string { return r.ID })
	if err != nil {
		return nil, err
	}
	out.Items, out.Next = each(some, reportView), next
	return out, nil
}

// CreateReport makes a remark on a requirement.
func (a *API) CreateReport(ctx context.Context, r CreateReportRequestObject) (CreateReportResponseObject, error) {
	ctx, actor := caller(ctx)
	made, err := a.Reports.Report(ctx, actor, r.Id, catalogue.ReportKind(r.Body.Kind), r.Body.Text)
	if err != nil {
		return nil, err
	}
	return CreateReport201JSONResponse(reportView(made)), nil
}

// ResolveReport answers a remark.
func (a *API) ResolveReport(ctx context.Context, r ResolveReportRequestObject) (ResolveReportResponseObject, error) {
	ctx, actor := caller(ctx)
	answered, err := a.Reports.Resolve(ctx, actor, r.Id, r.Rid, r.Body.Note)
	if err != nil {
		return nil, err
	}
	return ResolveReport200JSONResponse(reportView(answered)), nil
}
