package api

import (
	"bytes"
	"context"
	"io"
	"time"

	"felleskrav/internal/locale"
	"felleskrav/internal/status"
	"felleskrav/internal/workbook"
)

// VerifyWorkbook tells whether a workbook was altered since the service made
// it. Nothing is stored.
func (a *API) VerifyWorkbook(ctx context.Context, r VerifyWorkbookRequestObject) (VerifyWorkbookResponseObject, error) {
	t := a.texts(ctx)
	ctx, actor := caller(ctx)
	// The limits of the route hold, so that the file fits in memory.
	file, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, malformed(err)
	}
	trust, err := workbook.ServiceTrust(a.LogKey, a.Attestations.Verifier, a.Catalogue.Content())
	if err != nil {
		return nil, err
	}
	done, err := a.public.Turn(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	v, err := a.public.Verify(bytes.NewReader(file), int64(len(file)), trust)
	if err != nil {
		return nil, err
	}
	v.Newer(a.Catalogue.Content())
	err = v.Follow(ctx, func(ctx context.Context, offering, set string) (status.Status, error) {
		return a.Facts.Status(ctx, actor, offering, set, time.Time{})
	})
	if err != nil {
		return nil, err
	}
	return VerifyWorkbook200JSONResponse(VerificationOf(v, t)), nil
}

// VerificationOf writes what was found about a workbook, in a language.
func VerificationOf(v workbook.Verification, t *locale.Texts) WorkbookVerification {
	text := func(key string, args map[string]any) string {
		if key == "" {
			return ""
		}
		return t.T(key, args)
	}
	sets := v.Sets
	if sets == nil {
		sets = []WorkbookSet{}
	}
	return WorkbookVerification{
		Verdict: v.Verdict, Text: t.T("workbook.verdict." + string(v.Verdict)), Procurement: v.Procurement, MadeAt: v.MadeAt, LogOrigin: v.LogOrigin,
		Sets: sets, Compared: v.Compared, Filled: v.Filled, More: v.More,
		Checks: each(v.Checks, func(c workbook.SealCheck) WorkbookCheck {
			return WorkbookCheck{Name: WorkbookCheckName(c.Name), Result: c.Result, Text: t.T("workbook.check." + c.Name), Detail: text(c.Key, c.Args)}
		}),
		Findings: each(v.Findings, func(f workbook.Finding) WorkbookFinding {
			out := WorkbookFinding{
				Class: f.Class, Alteration: f.Class.Alteration(), Sheet: f.Sheet, Cell: f.Cell, Row: f.Row, Column: f.Column, Now: f.Now,
				Detail: t.T(f.Key(), map[string]any(f.Args())),
			}
			if f.WasKnown {
				out.Was = f.Was
			}
			return out
		}),
		Declarations: each(v.Declarations, func(d workbook.SealedDeclaration) WorkbookDeclaration {
			return WorkbookDeclaration{
				Digest: d.Digest, Supplier: d.Supplier, SupplierName: d.SupplierName, Offering: d.Offering, Set: d.Set, LogIndex: d.LogIndex,
				DeclaredAt: d.DeclaredAt, ValidUntil: d.ValidUntil, Logged: d.Logged, Signed: d.Signed, Key: d.Key, Detail: text(d.Problem, nil),
			}
		}),
		News: each(v.News, func(n workbook.News) WorkbookNews {
			return WorkbookNews{Declaration: n.Declaration, Set: n.Set, Text: t.T(n.Key, map[string]any(n.Args))}
		}),
	}
}
