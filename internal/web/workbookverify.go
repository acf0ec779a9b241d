package web

import (
	"bytes"
	"context"
	"time"

	"github.com/gin-gonic/gin"

	"felleskrav/internal/locale"
	"felleskrav/internal/status"
	"felleskrav/internal/workbook"
)

type workbookVerifyPage struct {
	Base
	Upload  Field
	BaseURL string
	// File is the name of the file that was looked at; the rest is about it.
	File    string
	Verdict workbook.Verdict
	MadeAt  time.Time
	Checks  []workbookCheck
	// Altered are findings about what is official, and Told the others.
	Altered, Told          []workbookFinding
	News                   []string
	Compared, Filled, More int
}

type workbookCheck struct {
	Name   string
	Result workbook.CheckResult
	Why    string
}

type workbookFinding struct{ Where, What, Text string }

func (w *Web) workbookVerify(c *gin.Context) error { return w.showWorkbookVerify(c, nil, nil, "") }

// workbookVerified tells anybody whether a workbook was altered since it was
// made here. Nothing is stored.
func (w *Web) workbookVerified(c *gin.Context) error {
	up, file, err := readWorkbook(c)
	if err != nil {
		if mendable(err) {
			return w.showWorkbookVerify(c, err, nil, "")
		}
		return err
	}
	ctx, actor := c.Request.Context(), w.actor(c)
	trust, err := workbook.ServiceTrust(w.LogKey, w.Attestations.Verifier, w.Catalogue.Content())
	if err != nil {
		return err
	}
	done, err := w.public.Turn(ctx)
	if err != nil {
		return err
	}
	defer done()
	v, err := w.public.Verify(bytes.NewReader(file), int64(len(file)), trust)
	if err != nil {
		if mendable(err) {
			return w.showWorkbookVerify(c, err, nil, "")
		}
		return err
	}
	v.Newer(w.Catalogue.Content())
	err = v.Follow(ctx, func(ctx context.Context, offering, set string) (status.Status, error) {
		return w.Facts.Status(ctx, actor, offering, set, time.Time{})
	})
	if err != nil {
		return err
	}
	return w.showWorkbookVerify(c, nil, &v, up.name)
}

func (w *Web) showWorkbookVerify(c *gin.Context, failed error, v *workbook.Verification, name string) error {
	t := w.texts(c)
	p := workbookVerifyPage{Base: w.base(c, "log"), BaseURL: w.BaseURL}
	p.Here = "/workbooks/verify"
	p.Form = newForm(t, failed)
	p.Upload = p.Form.field(Field{Name: "workbook", Label: "page.workbook-verify.file", Type: "file", Accept: ".xlsx", Required: true})
	code := codeOf(failed)
	if v != nil {
		p.File = name
		p.tell(t, *v)
	}
	return w.show(c, code, "workbook-verify", p)
}

// tell puts what was found into words.
func (p *workbookVerifyPage) tell(t *locale.Texts, v workbook.Verification) {
	p.Verdict, p.MadeAt, p.Compared, p.Filled, p.More = v.Verdict, v.MadeAt, v.Compared, v.Filled, v.More
	for _, c := range v.Checks {
		out := workbookCheck{Name: c.Name, Result: c.Result}
		if c.Key != "" {
			out.Why = t.T(c.Key, map[string]any(c.Args))
		}
		p.Checks = append(p.Checks, out)
	}
	for _, f := range v.Findings {
		if f.Class == workbook.ClassFilled {
			continue
		}
		out := workbookFinding{Where: f.Path(), What: f.Row, Text: t.T(f.Key(), map[string]any(f.Args()))}
		if f.Column != "" {
			if out.What != "" {
				out.What += ", "
			}
			out.What += f.Column
		}
		if f.Class.Alteration() {
			p.Altered = append(p.Altered, out)
		} else {
			p.Told = append(p.Told, out)
		}
	}
	for _, n := range v.News {
		p.News = append(p.News, t.T(n.Key, map[string]any(n.Args)))
	}
}
