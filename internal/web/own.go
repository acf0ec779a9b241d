package web

import (
	"bytes"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"felleskrav/internal/access"
	"felleskrav/internal/ownbook"
	"felleskrav/internal/problem"
	"felleskrav/internal/procurement"
)

type ownListPage struct {
	Base
	Procurement       procurement.Procurement
	Items             []ownbook.Workbook
	Upload, Retention Field
	Max               int
}

func (w *Web) ownList(c *gin.Context) error { return w.showOwnList(c, "", nil) }

func (w *Web) showOwnList(c *gin.Context, retention string, failed error) error {
	ctx, actor := c.Request.Context(), w.actor(c)
	items, err := w.OwnBooks.List(ctx, actor, c.Param("id"))
	if err != nil {
		return err
	}
	of, err := w.Procurements.Get(ctx, actor, c.Param("id"))
	if err != nil {
		return err
	}
	p := ownListPage{Base: w.base(c, "procurements"), Procurement: of, Items: items, Max: ownbook.MaxKept}
	p.Here = "/procurements/" + of.ID + "/own"
	code := codeOf(failed)
	if retention == "" {
		retention = strconv.Itoa(ownbook.DefaultRetentionDays)
	}
	p.Form = newForm(w.texts(c), failed)
	p.Retention = p.Form.field(Field{Name: "retention", Label: "page.own.retention", Hint: "page.own.retention-hint", Value: retention, Type: "number", Size: "s", Required: true})
	p.Upload = p.Form.field(Field{Name: "workbook", Label: "page.own.file", Hint: "page.own.file-hint", Type: "file", Accept: ".xlsx", Required: true})
	return w.show(c, code, "own", p)
}

// ownUpload takes a body's own workbook in. Whoever may not is told before the
// file is read.
func (w *Web) ownUpload(c *gin.Context) error {
	ctx, actor, id := c.Request.Context(), w.actor(c), c.Param("id")
	of, err := w.Procurements.Get(ctx, actor, id)
	if err != nil {
		return err
	}
	if err := access.Check(actor, access.WriteProcurement, string(of.Agency)); err != nil {
		return err
	}
	up, file, err := readWorkbook(c)
	retention := line(up.fields.Get("retention"))
	var v ownbook.View
	if err == nil {
		in := ownbook.Upload{FileName: fileName(up.name)}
		if retention != "" {
			days, bad := strconv.Atoi(retention)
			if bad != nil {
				days = -1 // the service says what can be
			}
			in.RetentionDays = &days
		}
		v, err = w.OwnBooks.Add(ctx, actor, id, in, bytes.NewReader(file))
	}
	switch {
	case err != nil && mendable(err):
		return w.showOwnList(c, retention, err)
	case err != nil:
		return err
	}
	return w.away(c, ownPath(id, v.Workbook.ID))
}

// fileName is a name from a browser as one line that is not too long.
func fileName(s string) string {
	s = s[strings.LastIndexAny(s, `/\`)+1:]
	if !problem.Shows(s) || strings.ContainsAny(s, "\r\n\t") {
		return ""
	}
	if r := []rune(s); len(r) > 200 {
		return string(r[:200])
	}
	return s
}

func ownPath(procurement, workbook string) string {
	return "/procurements/" + procurement + "/own/" + workbook
}

func (w *Web) ownRemove(c *gin.Context) error {
	if err := w.OwnBooks.Remove(c.Request.Context(), w.actor(c), c.Param("id"), c.Param("wid")); err != nil {
		return err
	}
	return w.done(c, "page.own.removed", "/procurements/"+c.Param("id")+"/own")
}
