package web

import (
	"context"
	"net/http"
	"strconv"

	"github.com/gin-gonic/gin"

	"felleskrav/internal/access"
	"felleskrav/internal/evidence"
	"felleskrav/internal/organisation"
	"felleskrav/internal/problem"
	"felleskrav/internal/status"
	"felleskrav/internal/supplier"
)

type evidencePage struct {
	Base
	Supplier supplier.Supplier
	Own      bool
	Items    []evidence.Evidence
	Fields   evidenceFields
	File     Field
	MaxMB    int64
}

// evidence lists what the reader may see of a supplier's files; the supplier
// itself can add to them.
func (w *Web) evidence(c *gin.Context) error { return w.showEvidence(c, newEvidence(), nil) }

func (w *Web) showEvidence(c *gin.Context, typed evidence.Amendment, failed error) error {
	ctx, actor, t := c.Request.Context(), w.actor(c), w.texts(c)
	n, err := number(c)
	if err != nil {
		return err
	}
	s, err := w.Suppliers.Get(ctx, actor, n)
	if err != nil {
		return err
	}
	items, err := w.Evidence.Of(ctx, actor, n)
	if err != nil {
		return err
	}
	noteEvidence(c, items...)
	p := evidencePage{Base: w.base(c, section(actor, n)), Supplier: s, Own: access.Check(actor, access.WriteEvidence, string(n)) == nil, MaxMB: w.MaxEvidence >> 20}
	for _, e := range items {
		p.Items = append(p.Items, e.For(actor))
	}
	code := codeOf(failed)
	p.Form = newForm(t, failed)
	p.Fields = newEvidenceFields(t, p.Form, typed, uploadGrants)
	p.File = p.Form.field(Field{Name: "file", Label: "page.evidence.file", Type: "file", Required: true})
	if e := p.Form.take("name", t.T("page.evidence.file")); e != "" {
		p.File.Error = e
	}
	if p.Own {
		saving(c)
	}
	return w.show(c, code, "evidence", p)
}

func (w *Web) evidenceUpload(c *gin.Context) error {
	n, err := number(c)
	if err != nil {
		return err
	}
	if err := access.Check(w.actor(c), access.WriteEvidence, string(n)); err != nil {
		return err
	}
	up, err := readUpload(c, "file")
	typed := readEvidence(up.fields.Get)
	saved := "page.evidence.saved"
	if err == nil {
		var e evidence.Evidence
		e, _, err = w.Evidence.Upload(c.Request.Context(), w.actor(c), evidence.Upload{
			Owner: n, Name: up.name, Kind: typed.Kind, Visibility: typed.Visibility, Granted: typed.Granted, Description: typed.Description,
		}, up.file)
		err = tooLarge(err)
		if e.Scan.State == evidence.Pending {
			saved = "page.evidence.saved-pending"
		}
	}
	script := asksScript(c)
	switch {
	case err != nil && script && mendable(err):
		c.JSON(codeOf(err), uploadedFile{Text: w.inWords(c, err)})
		return nil
	case err != nil && mendable(err):
		return w.showEvidence(c, typed, err)
	case err != nil:
		return err
	case script:
		w.Sessions.Tell(c.Request.Context(), saved)
		c.JSON(http.StatusOK, uploadedFile{Location: evidenceURL(n)})
		return nil
	}
	return w.done(c, saved, evidenceURL(n))
}

// uploadedFile is what a script is told of a file that it sent: where to go, or
// what was wrong.
type uploadedFile struct {
	Location string `json:"location,omitempty"`
	Text     string `json:"text,omitempty"`
}

func evidenceURL(n organisation.Number) string { return "/suppliers/" + string(n) + "/evidence" }

func (w *Web) evidenceFile(c *gin.Context) error {
	r, e, err := w.Evidence.Open(c.Request.Context(), w.actor(c), c.Param("sha256"))
	if err != nil {
		return err
	}
	noteEvidence(c, e)
	defer func() { _ = r.Close() }() // it was only read from
	// Always saved, never shown: it is somebody else's file under our address.
	attach(c, e.Name, e.MediaType)
	c.Writer.Header().Set("Content-Security-Policy", "default-src 'none'; sandbox")
	c.DataFromReader(http.StatusOK, e.Size, e.MediaType, r, nil)
	return nil
}

type evidenceEditPage struct {
	Base
	Supplier supplier.Supplier
	Evidence evidence.Evidence
	Fields   evidenceFields
	// Changes are newest first.
	Changes []evidence.Change
	// For the page that erases. Needed is set when a declaration that is in
	// force refers to the file.
	Reason         Field
	Forget, Needed bool
}

// ownEvidence reads the file of the address, which must be the actor's own.
func (w *Web) ownEvidence(c *gin.Context, action access.Action) (evidenceEditPage, error) {
	ctx, actor := c.Request.Context(), w.actor(c)
	n, err := number(c)
	if err != nil {
		return evidenceEditPage{}, err
	}
	if err := access.Check(actor, action, string(n)); err != nil {
		return evidenceEditPage{}, err
	}
	s, err := w.Suppliers.Get(ctx, actor, n)
	if err != nil {
		return evidenceEditPage{}, err
	}
	e, err := w.Evidence.About(ctx, actor, c.Param("sha256"))
	if err != nil {
		return evidenceEditPage{}, err
	}
	noteEvidence(c, e)
	if e.Owner != n {
		return evidenceEditPage{}, problem.New(problem.NotFound, "evidence.not-found", nil)
	}
	p := evidenceEditPage{Base: w.base(c, section(actor, n)), Supplier: s, Evidence: e}
	for i := len(e.Changes) - 1; i >= 0; i-- {
		p.Changes = append(p.Changes, e.Changes[i])
	}
	return p, nil
}

func (w *Web) evidenceEdit(c *gin.Context) error { return w.showEvidenceEdit(c, nil, nil) }

func (w *Web) showEvidenceEdit(c *gin.Context, typed *evidence.Amendment, failed error) error {
	p, err := w.ownEvidence(c, access.WriteEvidence)
	if err != nil {
		return err
	}
	code := codeOf(failed)
	said := p.Evidence.Amendment()
	if typed != nil {
		said = *typed
	}
	p.Form = newForm(w.texts(c), failed)
	p.Fields = newEvidenceFields(w.texts(c), p.Form, said, len(said.Granted)+moreGrants)
	return w.show(c, code, "evidence-edit", p)
}

func (w *Web) evidenceSave(c *gin.Context) error {
	p, err := w.ownEvidence(c, access.WriteEvidence)
	if err != nil {
		return err
	}
	if err := parseForm(c); err != nil {
		return err
	}
	typed := readEvidence(c.PostForm)
	rev, err := strconv.ParseInt(c.PostForm("rev"), 10, 64)
	if err != nil {
		rev = 0
	}
	if _, err := w.Evidence.Amend(c.Request.Context(), w.actor(c), p.Supplier.Number, p.Evidence.SHA256, typed, rev); err != nil {
		if mendable(err) {
			return w.showEvidenceEdit(c, &typed, err)
		}
		return err
	}
	return w.done(c, "page.evidence-edit.saved", evidenceURL(p.Supplier.Number))
}

func (w *Web) evidenceErase(c *gin.Context) error {
	return w.showEvidenceErase(c, evidence.ErasureRequest{}, nil)
}

func (w *Web) showEvidenceErase(c *gin.Context, ask evidence.ErasureRequest, failed error) error {
	p, err := w.ownEvidence(c, access.EraseEvidence)
	if err != nil {
		return err
	}
	code := codeOf(failed)
	p.Form = newForm(w.texts(c), failed)
	p.Reason = p.Form.field(Field{Name: "reason", Label: "page.evidence-erase.reason", Hint: "page.evidence-erase.reason-hint", Value: ask.Reason, Required: true})
	p.Forget, p.Needed = ask.ForgetName, w.Now().Before(p.Evidence.NeededUntil)
	return w.show(c, code, "evidence-erase", p)
}

func (w *Web) evidenceEraseConfirm(c *gin.Context) error {
	p, err := w.ownEvidence(c, access.EraseEvidence)
	if err != nil {
		return err
	}
	if err := parseForm(c); err != nil {
		return err
	}
	ask := evidence.ErasureRequest{Reason: line(c.PostForm("reason")), ForgetName: c.PostForm("forget") != ""}
	if _, err := w.Evidence.Erase(c.Request.Context(), w.actor(c), p.Supplier.Number, p.Evidence.SHA256, ask, 0); err != nil {
		if mendable(err) {
			return w.showEvidenceErase(c, ask, err)
		}
		return err
	}
	return w.done(c, "page.evidence-erase.done", evidenceURL(p.Supplier.Number))
}

// erasedOf tells which of the files that answers refer to are erased.
func (w *Web) erasedOf(ctx context.Context, owner organisation.Number, st status.Status) (map[string]bool, error) {
	var digests []string
	for _, r := range st.Requirements {
		for _, e := range r.Evidence {
			digests = append(digests, e.Digest.SHA256)
		}
	}
	return w.Evidence.Erased(ctx, owner, digests)
}
