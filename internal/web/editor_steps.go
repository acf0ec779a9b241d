package web

import (
	"github.com/gin-gonic/gin"

	"felleskrav/internal/catalogue"
	"felleskrav/internal/problem"
)

// draftSubmit hands a draft over to another editor. What lint finds is shown
// with links to where it is mended.
func (w *Web) draftSubmit(c *gin.Context) error {
	var faults error
	err := w.draftStep(c, "page.draft.submitted", func(d catalogue.Draft) error {
		_, err := w.Drafts.SubmitForReview(c.Request.Context(), w.actor(c), d.ID, d.Rev)
		if key := problem.KeyOf(err); key == "draft.faults" || key == "draft.outdated" {
			faults = err
			return errElsewhere
		}
		return err
	})
	if faults != nil {
		return w.showDraftCheck(c, faults)
	}
	return err
}

// errElsewhere ends a step whose answer is another page.
var errElsewhere = problem.New(problem.Internal, "internal", nil)

// draftDecide approves a draft of another's, or returns it.
func (w *Web) draftDecide(c *gin.Context) error {
	if err := parseForm(c); err != nil {
		return err
	}
	decision := catalogue.Decision(c.PostForm("decision"))
	notice := "page.draft.approved"
	if decision == catalogue.DecisionReturn {
		notice = "page.draft.returned"
	}
	return w.draftStep(c, notice, func(d catalogue.Draft) error {
		_, err := w.Drafts.Decide(c.Request.Context(), w.actor(c), d.ID, d.Rev, decision, text(c.PostForm("comment")))
		return err
	})
}

// draftPublish puts an approved draft in force.
func (w *Web) draftPublish(c *gin.Context) error {
	return w.draftStep(c, "page.draft.published", func(d catalogue.Draft) error {
		_, err := w.Drafts.Publish(c.Request.Context(), w.actor(c), d.ID, d.Rev)
		return err
	})
}

// draftDiscard ends a draft.
func (w *Web) draftDiscard(c *gin.Context) error {
	return w.draftStep(c, "page.draft.discarded", func(d catalogue.Draft) error {
		_, err := w.Drafts.Discard(c.Request.Context(), w.actor(c), d.ID, d.Rev)
		return err
	})
}

type draftCheckPage struct {
	Base
	Draft   catalogue.Draft
	Checked catalogue.Checked
	// Remarks are faults and findings, with where to mend them.
	Remarks []draftRemark
}

type draftRemark struct {
	// Fault tells that the content cannot be used; otherwise it could be better.
	Fault bool
	// ID is what it is about, and Href where to mend it, or "".
	ID, Href string
	// Field and Lang are which text it is, or "".
	Field, Lang string
	Where, Text string
}

// draftCheck holds the whole content, with the draft on top, against the rules.
func (w *Web) draftCheck(c *gin.Context) error { return w.showDraftCheck(c, nil) }

func (w *Web) showDraftCheck(c *gin.Context, failed error) error {
	ctx, actor, t, code := c.Request.Context(), w.actor(c), w.texts(c), codeOf(failed)
	d, err := w.Drafts.Get(ctx, actor, c.Param("id"))
	if err != nil {
		return err
	}
	p := draftCheckPage{Base: w.base(c, "editor"), Draft: d}
	p.Here = "/editor/drafts/" + d.ID + "/check"
	if p.Checked, err = w.Drafts.Check(ctx, actor, d.ID); err != nil {
		return err
	}
	remark := func(f catalogue.Fault, kind string) draftRemark {
		where := f.File
		if f.Line > 0 {
			where += ":" + t.Number(int64(f.Line))
		}
		return draftRemark{Where: where, Text: t.T("catalogue."+kind+"."+f.Key, f.Args)}
	}
	for _, f := range p.Checked.Faults {
		r := remark(f, "fault")
		r.Fault = true
		r.Href = "/editor/drafts/" + d.ID + "/file?" + query("path", f.File)
		if !catalogue.ContentPath(f.File) {
			r.Href = ""
		}
		p.Remarks = append(p.Remarks, r)
	}
	for _, f := range p.Checked.Findings {
		r := remark(f.Fault, "lint")
		r.ID, r.Field, r.Lang = f.ID, f.Field, f.Lang
		if _, err := w.Drafts.Requirement(ctx, actor, d, f.ID); err == nil {
			r.Href = "/editor/drafts/" + d.ID + "/requirements/" + f.ID
			if f.Field != "" && f.Lang != "" {
				r.Href += "#" + fieldID(f.Field+"."+f.Lang)
			}
		} else if catalogue.ContentPath(f.File) {
			r.Href = "/editor/drafts/" + d.ID + "/file?" + query("path", f.File)
		}
		p.Remarks = append(p.Remarks, r)
	}
	if failed != nil && len(p.Remarks) == 0 {
		p.Form = newForm(t, failed)
	}
	return w.show(c, code, "draft-check", p)
}
