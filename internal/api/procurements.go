package api

import (
	"context"

	"felleskrav/internal/procurement"
)

// ListProcurements lists those of the caller's body.
func (a *API) ListProcurements(ctx context.Context, r ListProcurementsRequestObject) (ListProcurementsResponseObject, error) {
	ctx, actor := caller(ctx)
	items, next, err := fetch(r.Params.Limit, func(limit int) ([]procurement.Procurement, error) {
		return a.Procurements.List(ctx, actor, r.Params.Cursor, limit)
	}, func(p procurement.Procurement) string { return p.ID })
	return ListProcurements200JSONResponse{each(items, shownProcurement), next}, err
}

// shownProcurement leaves out what a procurement rests on, which is large, and
// which getSelection explains.
func shownProcurement(p procurement.Procurement) Procurement {
	p.Basis = nil
	return p
}

func procurementOf(in ProcurementInput) procurement.Procurement {
	p := procurement.Procurement{
		Title: in.Title, Reference: in.Reference, ContractEnd: in.ContractEnd, Language: in.Language, Input: in.Input, Choices: in.Choices,
		Columns: in.Columns, Bidders: in.Bidders,
	}
	if !in.Deadline.IsZero() {
		p.Deadline = &in.Deadline
	}
	return p
}

// CreateProcurement begins one for the caller's body.
func (a *API) CreateProcurement(ctx context.Context, r CreateProcurementRequestObject) (CreateProcurementResponseObject, error) {
	ctx, actor := caller(ctx)
	p, err := a.Procurements.Create(ctx, actor, procurementOf(*r.Body))
	if err != nil {
		return nil, err
	}
	return CreateProcurement201JSONResponse{shownProcurement(p), CreateProcurement201ResponseHeaders{ETag: etag(p.Rev), Location: "/api/v1/procurements/" + p.ID}}, nil
}

// GetProcurement reads one.
func (a *API) GetProcurement(ctx context.Context, r GetProcurementRequestObject) (GetProcurementResponseObject, error) {
	ctx, actor := caller(ctx)
	p, err := a.Procurements.Get(ctx, actor, r.Id)
	if err != nil {
		return nil, err
	}
	return GetProcurement200JSONResponse{shownProcurement(p), GetProcurement200ResponseHeaders{etag(p.Rev)}}, nil
}

// PutProcurement changes one.
func (a *API) PutProcurement(ctx context.Context, r PutProcurementRequestObject) (PutProcurementResponseObject, error) {
	ctx, actor := caller(ctx)
	rev, err := revision(r.Params.IfMatch)
	if err != nil {
		return nil, err
	}
	in := procurementOf(*r.Body)
	in.ID = r.Id
	p, err := a.Procurements.Update(ctx, actor, in, rev)
	if err != nil {
		return nil, err
	}
	return PutProcurement200JSONResponse{shownProcurement(p), PutProcurement200ResponseHeaders{etag(p.Rev)}}, nil
}
