package api

import (
	"bytes"
	"context"
	"fmt"
	"net/http"

	"felleskrav/internal/chart"
	"felleskrav/internal/procurement"
	"felleskrav/internal/status"
)

// comparisonChart is a comparison as a picture. It is for the body that asked
// and for nobody's cache.
type comparisonChart struct{ exact }

// VisitGetComparisonResponse sends it.
func (c comparisonChart) VisitGetComparisonResponse(w http.ResponseWriter) error { return c.send(w) }

// GetComparison sets the bidders side by side, as data or as a picture.
func (a *API) GetComparison(ctx context.Context, r GetComparisonRequestObject) (GetComparisonResponseObject, error) {
	t := a.texts(ctx)
	ctx, actor := caller(ctx)
	tender, err := a.Procurements.Tender(ctx, actor, r.Id)
	if err != nil {
		return nil, err
	}
	c := tender.Comparison
	format := string(r.Params.Format)
	if format == "" || format == "json" {
		return GetComparison200JSONResponse(comparisonOf(c)), nil
	}
	picture := chart.Comparison(t, tender.Procurement.Title, c, a.Now())
	out := exact{mediaType: "image/svg+xml", header: map[string]string{
		"Cache-Control": "no-store", "Content-Language": t.Lang, "Vary": "Accept-Language",
	}}
	if format == "svg" {
		out.body = picture.SVG()
		return comparisonChart{out}, nil
	}
	var buf bytes.Buffer
	if err := picture.PNG(&buf); err != nil {
		return nil, fmt.Errorf("draw comparison: %w", err)
	}
	out.mediaType, out.body = "image/png", buf.Bytes()
	return comparisonChart{out}, nil
}

func comparisonOf(c procurement.Comparison) Comparison {
	supplier := func(i int) OrgNumber { return c.Bidders[i].Bidder.Supplier }
	return Comparison{
		Bidders: each(c.Bidders, comparedBidder), Rows: each(c.Rows, comparedRow), ContractEnd: c.ContractEnd,
		Themes: each(c.Themes, func(t procurement.ComparedTheme) ComparedTheme {
			return ComparedTheme{Theme: t.ID, Name: t.Name, Requirements: t.Requirements, Minimum: t.Minimum, Bidders: each(t.Bidders, func(x procurement.Tally) ComparedTally {
				return ComparedTally{Counts: x.Counts, Deviations: x.Deviations, Contradictions: x.Contradictions, UnmetA: x.UnmetA}
			})}
		}),
		Gaps: each(c.Gaps(), func(g procurement.Gap) ComparedGap {
			return ComparedGap{Requirement: g.Line.Requirement.ID, Type: g.Line.Type, Nobody: g.Nobody, Suppliers: each(g.Bidders, supplier)}
		}),
		Deviations: each(c.Deviations(), func(d procurement.Deviation) ComparedDeviation {
			return ComparedDeviation{
				Requirement: d.Line.Requirement.ID, Supplier: supplier(d.Bidder), Answer: string(d.Cell.Answer), Statement: d.Cell.Statement,
				Deviation: d.Cell.Deviation, Contradicts: d.Cell.Contradicts, Declared: string(d.Cell.Declared), DeclaredStatement: d.Cell.DeclaredStatement,
			}
		}),
	}
}

func comparedBidder(b procurement.ComparedBidder) ComparedBidder {
	out := ComparedBidder{
		Supplier: b.Bidder.Supplier, Name: b.Bidder.Name, Offering: b.Bidder.Offering, Counts: b.Counts,
		Deviations: b.Deviations, Contradictions: b.Contradictions, UnmetA: b.UnmetA,
		Statuses: each(b.Statuses, func(s status.Status) SetStatus {
			return SetStatus{Set: s.Set, SetVersion: s.SetVersion, Overall: string(s.Overall)}
		}),
		Coverage: each(b.Coverage, func(x procurement.Coverage) Coverage {
			return Coverage{Set: x.Set, SetVersion: x.SetVersion, Lasts: string(x.Lasts), LastDay: x.LastDay, MissingDays: x.MissingDays}
		}),
		Chain: b.Chain(),
	}
	if b.ReceivedAt != nil {
		out.ReceivedAt = *b.ReceivedAt
	}
	if weakest := b.Weakest(); weakest != nil {
		out.Weakest = *weakest
	}
	return out
}

func comparedRow(r procurement.ComparedRow) ComparedRow {
	return ComparedRow{
		Requirement: r.Line.Requirement.ID, Title: r.Line.Requirement.Title, Theme: r.Line.ThemeName, Type: r.Line.Type, Weight: r.Line.Weight,
		Cells: each(r.Cells, func(c procurement.Cell) Cell {
			return Cell{
				Source: string(c.Source), Answer: string(c.Answer), Statement: c.Statement, EvidenceRef: c.EvidenceRef, Deviation: c.Deviation,
				Declared: string(c.Declared), DeclaredStatement: c.DeclaredStatement, Assurance: string(c.Assurance), Contradicts: c.Contradicts,
			}
		}),
	}
}
