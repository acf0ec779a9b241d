package api

import (
	"context"

	"felleskrav/internal/procurement"
	"felleskrav/internal/status"
)

// ListProcurements lists those of the caller's body.
func (a *API) ListProcurements(ctx context.Context, r ListProcurementsRequestObject) (ListProcurementsResponseObject, error) {
	ctx, actor := caller(ctx)
	items, next, err := fetch(r.Params.Limit, func(limit int) ([]procurement.Procurement, error) {
		return a.Procurements.List(ctx, actor, r.Params.Cursor, limit)
	}, func(p procurement.Procurement) string { return p.ID })
	if items == nil {
		items = []Procurement{}
	}
	return ListProcurements200JSONResponse{items, next}, err
}

func procurementOf(in ProcurementInput) procurement.Procurement {
	p := procurement.Procurement{
		Title: in.Title, Reference: in.Reference, Language: in.Language, Input: in.Input, Choices: in.Choices, Columns: in.Columns, Bidders: in.Bidders,
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
	return CreateProcurement201JSONResponse{p, CreateProcurement201ResponseHeaders{ETag: etag(p.Rev), Location: "/api/v1/procurements/" + p.ID}}, nil
}

// GetProcurement reads one.
func (a *API) GetProcurement(ctx context.Context, r GetProcurementRequestObject) (GetProcurementResponseObject, error) {
	ctx, actor := caller(ctx)
	p, err := a.Procurements.Get(ctx, actor, r.Id)
	if err != nil {
		return nil, err
	}
	return GetProcurement200JSONResponse{p, GetProcurement200ResponseHeaders{etag(p.Rev)}}, nil
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
	return PutProcurement200JSONResponse{p, PutProcurement200ResponseHeaders{etag(p.Rev)}}, nil
}

// GetComparison sets the bidders side by side.
func (a *API) GetComparison(ctx context.Context, r GetComparisonRequestObject) (GetComparisonResponseObject, error) {
	ctx, actor := caller(ctx)
	c, err := a.Procurements.Comparison(ctx, actor, r.Id)
	if err != nil {
		return nil, err
	}
	return GetComparison200JSONResponse{Bidders: each(c.Bidders, comparedBidder), Rows: each(c.Rows, comparedRow)}, nil
}

func comparedBidder(b procurement.ComparedBidder) ComparedBidder {
	out := ComparedBidder{
		Supplier: b.Bidder.Supplier, Name: b.Bidder.Name, Offering: b.Bidder.Offering, Counts: b.Counts,
		Deviations: b.Deviations, Contradictions: b.Contradictions, UnmetA: b.UnmetA,
		Statuses: each(b.Statuses, func(s status.Status) SetStatus {
			return SetStatus{Set: s.Set, SetVersion: s.SetVersion, Overall: string(s.Overall)}
		}),
	}
	if b.ReceivedAt != nil {
		out.ReceivedAt = *b.ReceivedAt
	}
	return out
}

func comparedRow(r procurement.ComparedRow) ComparedRow {
	return ComparedRow{
		Requirement: r.Line.Requirement.ID, Title: r.Line.Requirement.Title, Theme: r.Line.ThemeName, Type: r.Line.Type, Weight: r.Line.Weight,
		Cells: each(r.Cells, func(c procurement.Cell) Cell {
			return Cell{
				Source: string(c.Source), Answer: string(c.Answer), Statement: c.Statement, EvidenceRef: c.EvidenceRef, Deviation: c.Deviation,
				Declared: string(c.Declared), Assurance: string(c.Assurance), Contradicts: c.Contradicts,
			}
		}),
	}
}
