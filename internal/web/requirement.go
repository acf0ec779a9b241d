package web

import (
	"github.com/gin-gonic/gin"

	"felleskrav/internal/access"
	"felleskrav/internal/catalogue"
	"felleskrav/internal/evidence"
	"felleskrav/internal/problem"
)

type requirementPage struct {
	Base
	Requirement catalogue.Requirement
	From        []fromLevel
	// Sets are those the requirement stands in.
	Sets      []requirementSet
	Crosswalk []crosswalkRow
	// Version is the release whose requirement is shown, and Ref its name; without
	// it is the one in force.
	Version catalogue.Version
	Ref     string
	// Published is when that was, and Change how the requirement there differs
	// from the one in force.
	Published string
	Change    catalogue.Change
	Gone      bool // no longer in force

	// Open is how many reports wait for an answer, by kind in Kinds.
	Open  int
	Kinds []reportCount
	// Kind and Text are the form of a report.
	Kind, Text Field
	// Reports are for editors only, newest first; there may be older ones.
	Reports []openReport
}

// requirementSet is a set with the releases that have the requirement.
type requirementSet struct {
	Newest   catalogue.Version // of the set, whether it has the requirement or not
	Versions []catalogue.Version
}

type crosswalkRow struct {
	Label string
	IDs   []string
}

type reportCount struct {
	Kind  catalogue.ReportKind
	Count int
}

// shownReports is how many reports an editor sees on the page; the API has all.
const shownReports = 50

func (w *Web) requirement(c *gin.Context) error { return w.showRequirement(c, nil) }

func (w *Web) showRequirement(c *gin.Context, failed error) error {
	cat := w.Catalogue.Content()
	r, v, ok := requirementAsked(c, cat)
	if !ok {
		return problem.New(problem.NotFound, "page.error.no-item", nil)
	}
	p := requirementPage{Base: w.base(c, "catalogue"), Requirement: r, From: fromLevels(r.From), Version: v}
	if v.Set != "" {
		p.Ref, p.Published = v.Ref(), dayText(w.texts(c))(evidence.Date(v.Published))
		now, there := cat.Requirement(r.ID)
		p.Gone, p.Change = !there, catalogue.Compare(r, now)
	}
	for _, s := range cat.EverySet() {
		var in requirementSet
		for _, v := range cat.Versions(s.ID) {
			in.Newest = v
			if _, ok := v.Requirement(r.ID); ok {
				in.Versions = append(in.Versions, v)
			}
		}
		if len(in.Versions) > 0 {
			p.Sets = append(p.Sets, in)
		}
	}
	x := r.Crosswalk
	for _, row := range []crosswalkRow{
		{"page.requirement.nsm", x.NSM}, {"page.requirement.iso27001", x.ISO27001}, {"page.requirement.iso27002", x.ISO27002},
		{"page.requirement.ccm", x.CCM}, {"page.requirement.c5", x.C5}, {"page.requirement.csf", x.CSF},
		{"page.requirement.gdpr", x.GDPR}, {"page.requirement.dfo", x.DFO},
	} {
		if len(row.IDs) > 0 {
			p.Crosswalk = append(p.Crosswalk, row)
		}
	}
	code := codeOf(failed)
	if err := w.reports(c, &p, failed); err != nil {
		return err
	}
	return w.show(c, code, "requirement", p)
}

// requirementAsked finds the requirement of the address: the one of the set
// version that the address names, or else the one in force. One that is so no
// longer is shown as it was last released.
func requirementAsked(c *gin.Context, cat *catalogue.Catalogue) (catalogue.Requirement, catalogue.Version, bool) {
	id := c.Param("id")
	if c.Query("set") == "" {
		if r, ok := cat.Requirement(id); ok {
			return r, catalogue.Version{}, true
		}
		return cat.Released(id)
	}
	v, ok := cat.Version(c.Query("set"), c.Query("version"))
	if !ok {
		return catalogue.Requirement{}, v, false
	}
	r, ok := v.Requirement(id)
	return r, v, ok
}

// reports fills in what users have reported, and the form to do so.
func (w *Web) reports(c *gin.Context, p *requirementPage, failed error) error {
	ctx, actor, id := c.Request.Context(), w.actor(c), p.Requirement.ID
	counts, err := w.Reports.Count(ctx, id)
	if err != nil {
		return err
	}
	p.Open = counts.Total()
	texts := w.texts(c)
	var kinds []Option
	for _, k := range catalogue.ReportKinds() {
		if n := counts.Open[k]; n > 0 {
			p.Kinds = append(p.Kinds, reportCount{k, n})
		}
		kinds = append(kinds, Option{Value: string(k), Text: texts.T("report-kind." + string(k)), Selected: c.PostForm("kind") == string(k)})
	}
	if _, err := access.ScopeFor(actor, access.ReadReport); err == nil {
		reports, err := w.Reports.List(ctx, actor, id, "", shownReports)
		if err != nil {
			return err
		}
		for _, r := range reports {
			p.Reports = append(p.Reports, openReport{Report: r, Answer: Field{Name: "note-" + r.ID, Rows: 2, Required: true}})
		}
	}
	p.Form = newForm(texts, failed)
	for i := range p.Reports {
		if r := &p.Reports[i]; failed != nil && r.ID == c.Param("rid") {
			r.Answer.Value = text(c.PostForm("note"))
			r.Answer.Error = p.Form.takeAs(r.Answer.ID(), "note", texts.T("page.requirement.answer"))
		}
	}
	p.Kind = p.Form.field(Field{Name: "kind", Label: "page.requirement.report-kind", Options: kinds, Required: true, Size: "m"})
	p.Text = p.Form.field(Field{Name: "text", Label: "page.requirement.report-text", Hint: "page.requirement.report-hint", Value: c.PostForm("text"), Rows: 4, Required: true})
	return nil
}

func (w *Web) requirementReport(c *gin.Context) error {
	if err := parseForm(c); err != nil {
		return err
	}
	id := c.Param("id")
	_, err := w.Reports.Report(c.Request.Context(), w.actor(c), id, catalogue.ReportKind(c.PostForm("kind")), text(c.PostForm("text")))
	switch {
	case err == nil:
		return w.done(c, "page.requirement.reported", "/catalogue/requirements/"+id)
	case mendable(err):
		return w.showRequirement(c, err)
	default:
		return err
	}
}

func (w *Web) requirementAnswer(c *gin.Context) error {
	if err := parseForm(c); err != nil {
		return err
	}
	id := c.Param("id")
	_, err := w.Reports.Resolve(c.Request.Context(), w.actor(c), id, c.Param("rid"), text(c.PostForm("note")))
	switch {
	case err == nil:
		return w.done(c, "page.requirement.answered", "/catalogue/requirements/"+id)
	case mendable(err):
		return w.showRequirement(c, err)
	default:
		return err
	}
}
