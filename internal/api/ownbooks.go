package api

import (
	"context"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"slices"
	"strconv"

	"felleskrav/internal/locale"
	"felleskrav/internal/ownbook"
	"felleskrav/internal/workbook"
	"felleskrav/internal/workbook/own"
	"felleskrav/internal/workbook/patch"
)

// ListOwnWorkbooks lists the workbooks that wait to be filled in.
func (a *API) ListOwnWorkbooks(ctx context.Context, r ListOwnWorkbooksRequestObject) (ListOwnWorkbooksResponseObject, error) {
	ctx, actor := caller(ctx)
	all, err := a.OwnBooks.List(ctx, actor, r.Id)
	if err != nil {
		return nil, err
	}
	return ListOwnWorkbooks200JSONResponse{Items: each(all, ownWorkbook)}, nil
}

// AddOwnWorkbook takes a workbook in and shows what it was understood as.
func (a *API) AddOwnWorkbook(ctx context.Context, r AddOwnWorkbookRequestObject) (AddOwnWorkbookResponseObject, error) {
	t := a.texts(ctx)
	ctx, actor := caller(ctx)
	v, err := a.OwnBooks.Add(ctx, actor, r.Id, ownbook.Upload{FileName: r.Params.Name, RetentionDays: r.Params.Retention}, wellRead{r.Body})
	if err != nil {
		return nil, err
	}
	return AddOwnWorkbook201JSONResponse{ownView(v, t), AddOwnWorkbook201ResponseHeaders{
		ETag: etag(v.Workbook.Rev), Location: "/api/v1/procurements/" + r.Id + "/fill/" + v.Workbook.ID,
	}}, nil
}

// wellRead is a body whose faults are the sender's: it broke off, or is larger
// than the route takes.
type wellRead struct{ io.Reader }

func (r wellRead) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	if err != nil && err != io.EOF { //nolint:errorlint // readers give it as it is
		err = malformed(err)
	}
	return n, err
}

// GetOwnWorkbook shows what a workbook is understood as.
func (a *API) GetOwnWorkbook(ctx context.Context, r GetOwnWorkbookRequestObject) (GetOwnWorkbookResponseObject, error) {
	t := a.texts(ctx)
	ctx, actor := caller(ctx)
	v, err := a.OwnBooks.Get(ctx, actor, r.Id, r.Workbook)
	if err != nil {
		return nil, err
	}
	return GetOwnWorkbook200JSONResponse{ownView(v, t), GetOwnWorkbook200ResponseHeaders{etag(v.Workbook.Rev)}}, nil
}

// PutOwnWorkbook takes decisions about a workbook.
func (a *API) PutOwnWorkbook(ctx context.Context, r PutOwnWorkbookRequestObject) (PutOwnWorkbookResponseObject, error) {
	t := a.texts(ctx)
	ctx, actor := caller(ctx)
	rev, err := revision(r.Params.IfMatch)
	if err != nil {
		return nil, err
	}
	v, err := a.OwnBooks.Decide(ctx, actor, r.Id, r.Workbook, r.Body.Decisions, rev)
	if err != nil {
		return nil, err
	}
	return PutOwnWorkbook200JSONResponse{ownView(v, t), PutOwnWorkbook200ResponseHeaders{etag(v.Workbook.Rev)}}, nil
}

// RemoveOwnWorkbook deletes a workbook.
func (a *API) RemoveOwnWorkbook(ctx context.Context, r RemoveOwnWorkbookRequestObject) (RemoveOwnWorkbookResponseObject, error) {
	ctx, actor := caller(ctx)
	if err := a.OwnBooks.Remove(ctx, actor, r.Id, r.Workbook); err != nil {
		return nil, err
	}
	return RemoveOwnWorkbook204Response{}, nil
}

// FillOwnWorkbook fills a workbook in, or tells what that would do.
func (a *API) FillOwnWorkbook(ctx context.Context, r FillOwnWorkbookRequestObject) (FillOwnWorkbookResponseObject, error) {
	t := a.texts(ctx)
	ctx, actor := caller(ctx)
	o := ownbook.Order{Answers: r.Body.Answers, Columns: r.Body.Columns, Language: string(r.Body.Lang)}
	o.Insert.Sheet, o.Insert.Header = r.Body.Insert.Sheet, r.Body.Insert.Header
	out, err := a.OwnBooks.Fill(ctx, actor, r.Id, r.Workbook, o)
	if err != nil {
		return nil, err
	}
	if string(r.Params.Format) == "report" {
		return FillOwnWorkbook200JSONResponse(ownReport(out, t)), nil
	}
	return filledFile(out), nil
}

// filledFile is a filled workbook about to be sent.
type filledFile ownbook.Filled

// VisitFillOwnWorkbookResponse sends the file.
func (f filledFile) VisitFillOwnWorkbookResponse(w http.ResponseWriter) error {
	h := w.Header()
	h.Set("Content-Type", workbook.XLSX.MediaType())
	h.Set("Content-Length", strconv.Itoa(len(f.Data)))
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": f.FileName}))
	h.Set("Cache-Control", "no-store")
	if _, err := w.Write(f.Data); err != nil {
		return fmt.Errorf("send workbook: %w", err)
	}
	return nil
}

func ownWorkbook(w ownbook.Workbook) OwnWorkbook {
	return OwnWorkbook{Id: w.ID, FileName: w.FileName, Size: w.Size, Sha256: w.SHA256, RetentionDays: w.RetentionDays, CreatedAt: w.CreatedAt, KeepUntil: w.KeepUntil}
}

func ownView(v ownbook.View, t *locale.Texts) OwnView {
	out := OwnView{
		Workbook: ownWorkbook(v.Workbook), SetAside: []OwnPlace{},
		Tables: each(v.Tables, func(b ownbook.TableView) OwnTable { return ownTable(b, t) }),
	}
	for _, d := range v.Workbook.Decisions {
		if d.None {
			out.SetAside = append(out.SetAside, OwnPlace{Sheet: d.Sheet, Header: d.Header})
		}
	}
	return out
}

// Characters of what stands in a row that an answer holds.
const (
	maxLineText = 4000
	maxLineCell = 200
)

func ownTable(b ownbook.TableView, t *locale.Texts) OwnTable {
	out := OwnTable{
		Sheet: b.Sheet, Header: b.Header[len(b.Header)-1], First: b.First, Last: b.Last, Decided: b.Decided, Remembered: b.Remembered, Protected: b.Protected,
		Columns: each(b.Columns, func(c own.Column) OwnColumn {
			return OwnColumn{
				Column: c.Col, Name: c.Name(), Header: c.Header, Role: string(c.Role), Sure: c.Sure, Ask: c.Ask, Other: string(c.Other),
				Tick: string(c.Tick), Hidden: c.Hidden,
			}
		}),
		Codes: each(b.Codes, func(c own.Code) OwnCode {
			return OwnCode{Value: c.Value, Count: c.Count, Meaning: string(c.Meaning), From: c.From, Ask: c.Ask()}
		}),
		Lines: each(b.Lines, func(l own.Line) OwnLine {
			return OwnLine{
				Row: l.Row, Id: cut(l.ID, maxLineCell), Text: cut(l.Text, maxLineText), Type: cut(l.Type, maxLineCell), Theme: cut(l.Theme, maxLineCell), Hidden: l.Hidden,
				Suggestions: each(b.Suggestions[l.Row], func(m own.Match) OwnSuggestion { return ownSuggestion(m, t) }),
			}
		}),
		Rows: map[string]string{},
	}
	for _, row := range slices.Sorted(maps.Keys(b.Rows)) {
		out.Rows[strconv.Itoa(row)] = b.Rows[row]
	}
	return out
}

// cut gives the first characters of a text.
func cut(s string, most int) string {
	if len(s) <= most {
		return s
	}
	if r := []rune(s); len(r) > most {
		return string(r[:most])
	}
	return s
}

func ownSuggestion(m own.Match, t *locale.Texts) OwnSuggestion {
	return OwnSuggestion{
		Requirement: m.Requirement, Score: m.Score, Word: ownbook.ScoreWord(t, m), Same: ownbook.Same(m),
		Reasons: each(m.Why, func(r own.Reason) OwnReason {
			return OwnReason{Kind: string(r.Kind), Detail: r.Detail, Text: ownbook.ReasonText(t, r)}
		}),
	}
}

func ownReport(f ownbook.Filled, t *locale.Texts) OwnReport {
	return OwnReport{
		FileName: f.FileName, Parts: append([]string{}, f.Report.Parts...),
		Changes: each(f.Report.Changes, func(c patch.Change) OwnChange {
			return OwnChange{Sheet: c.Sheet, Cell: c.Cell.String(), Before: c.Before, After: c.After}
		}),
		Skips: each(f.Report.Skips, func(s own.Skip) OwnSkip {
			return OwnSkip{Sheet: s.Sheet, Cell: s.Cell, Requirement: s.Requirement, Key: s.Key, Detail: ownbook.SkipText(t, s)}
		}),
	}
}
