package api

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"mime"
	"net/http"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"felleskrav/internal/access"
	"felleskrav/internal/attestation"
	"felleskrav/internal/httpd"
	"felleskrav/internal/locale"
	"felleskrav/internal/organisation"
	"felleskrav/internal/problem"
	"felleskrav/internal/procurement"
	"felleskrav/internal/workbook"
)

// tenderFile is a tender workbook about to be written.
type tenderFile struct {
	tender workbook.Tender
	name   string
	format workbook.Format
}

// VisitGetWorkbookResponse writes the workbook. Nothing is sent before the
// whole of it could be made.
func (f tenderFile) VisitGetWorkbookResponse(w http.ResponseWriter) error {
	h := w.Header()
	h.Set("Content-Type", f.format.MediaType())
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": f.name}))
	h.Set("Cache-Control", "no-store")
	if err := workbook.WriteTenderAs(w, f.tender, f.format); err != nil {
		return fmt.Errorf("write workbook: %w", err)
	}
	return nil
}

// GetWorkbook makes the tender workbook: the buyer's own with what compares
// bidders, or a copy to send out.
func (a *API) GetWorkbook(ctx context.Context, r GetWorkbookRequestObject) (GetWorkbookResponseObject, error) {
	ctx, actor := caller(ctx)
	data, err := a.Procurements.Tender(ctx, actor, r.Id)
	if err != nil {
		return nil, err
	}
	lang := string(r.Params.Lang)
	if lang == "" {
		lang = data.Procurement.Language
	}
	checkpoint, err := a.Log.Checkpoint(ctx)
	if err != nil {
		return nil, fmt.Errorf("read checkpoint: %w", err)
	}
	origin, _, _ := strings.Cut(a.LogKey, "+")
	t := workbook.Tender{
		Texts: a.Texts.In(lang), Procurement: data.Procurement, AgencyName: agencyName(actor, data.Procurement),
		Selection: data.Result, Versions: data.Versions, Catalogue: a.Catalogue.Content(), Lines: data.Lines, Comparison: data.Comparison,
		BidderCopy: string(r.Params.Copy) == "bidder", LogOrigin: origin, Checkpoint: string(checkpoint),
		GeneratedAt: a.Now(), BaseURL: a.BaseURL,
	}
	name := "felleskrav-" + data.Procurement.ID[len(data.Procurement.ID)-12:]
	if r.Params.Supplier != "" {
		n, err := orgnr(r.Params.Supplier)
		if err != nil {
			return nil, err
		}
		if t.Prefill, err = prefill(data, n); err != nil {
			return nil, err
		}
		name += "-" + string(n)
	}
	format := cmp.Or(workbook.Format(r.Params.Format), workbook.XLSX)
	if format == workbook.XLSX {
		t.Seal, err = workbook.NewSeal(ctx, t, a.Attestations.Verifier, func(ctx context.Context, digests []string) ([]attestation.Proved, error) {
			return a.Attestations.Prove(ctx, actor, digests)
		})
		if err != nil {
			return nil, err
		}
	}
	made := procurement.IssuedWorkbook{At: t.GeneratedAt, ToBidders: t.BidderCopy, Format: string(format)}
	if t.Prefill != nil {
		made.Bidder = t.Prefill.Bidder.Supplier
	}
	if err := a.Procurements.Issue(ctx, actor, data, made); err != nil {
		return nil, err
	}
	return tenderFile{t, name + "." + string(format), format}, nil
}

func agencyName(actor access.Actor, p procurement.Procurement) string {
	if actor.Org == string(p.Agency) {
		return actor.Name
	}
	return ""
}

func prefill(data procurement.TenderData, n organisation.Number) (*workbook.Prefill, error) {
	i := slices.IndexFunc(data.Comparison.Bidders, func(b procurement.ComparedBidder) bool { return b.Bidder.Supplier == n })
	if i < 0 {
		return nil, &problem.Error{Kind: problem.Invalid, Key: "invalid.fields", Args: problem.Args{"Count": 1}, Fields: []problem.Field{
			{Path: "supplier", Key: "response.bidder", Args: problem.Args{"Number": n.Grouped()}},
		}}
	}
	b := data.Comparison.Bidders[i]
	return &workbook.Prefill{Bidder: b.Bidder, Statuses: b.Statuses}, nil
}

// AddResponse reads a filled workbook. Only when every row could be read is
// anything stored.
func (a *API) AddResponse(ctx context.Context, r AddResponseRequestObject) (AddResponseResponseObject, error) {
	c := ginOf(ctx)
	ctx, actor := caller(ctx)
	n, err := orgnr(r.Params.Supplier)
	if err != nil {
		return nil, err
	}
	data, err := a.Procurements.Tender(ctx, actor, r.Id)
	if err != nil {
		return nil, err
	}
	// The limits of the route hold, so that the file fits in memory.
	file, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, malformed(err)
	}
	reading, err := a.reader.Tender(bytes.NewReader(file), int64(len(file)), workbook.KnownLines(data.Lines))
	if err != nil {
		return nil, err
	}
	if err := reading.From(r.Id, n); err != nil {
		return nil, err
	}
	t := a.texts(c)
	reading.Against(data.Declared(n), t)
	rows := each(reading.Rows, func(row workbook.RowReport) ReportRow { return reportRow(row, t) })
	if err := reading.Err(); err != nil {
		return refusedResponse(c, httpd.Classify(err), t, rows), nil
	}
	sum := sha256.Sum256(file)
	saved, err := a.Procurements.AddResponse(ctx, actor, r.Id, procurement.Response{Supplier: n, SHA256: hex.EncodeToString(sum[:]), Answers: reading.Answers})
	if err != nil {
		return nil, err
	}
	return AddResponse201JSONResponse{Id: saved.ID, Supplier: saved.Supplier, Sha256: saved.SHA256, ReceivedAt: saved.ReceivedAt, Rows: rows}, nil
}

func reportRow(r workbook.RowReport, t *locale.Texts) ReportRow {
	out := ReportRow{Sheet: r.Sheet, Cell: r.Cell, Requirement: r.Requirement, Outcome: r.Outcome, Key: r.Key}
	if r.Key != "" {
		out.Detail = t.T(r.Key, map[string]any(r.Args))
	}
	return out
}

func refusedResponse(c *gin.Context, p *problem.Error, t *locale.Texts, rows []ReportRow) AddResponseResponseObject {
	c.Header("Cache-Control", "no-store")
	c.Header("Content-Language", t.Lang)
	d := httpd.Describe(p, t, "urn:uuid:"+httpd.ID(c))
	return AddResponse422ApplicationProblemPlusJSONResponse{
		Type: d.Type, Title: d.Title, Status: d.Status, Detail: d.Detail, Instance: d.Instance, Errors: d.Errors, Rows: rows,
	}
}
