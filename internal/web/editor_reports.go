package web

import (
	"github.com/gin-gonic/gin"

	"felleskrav/internal/catalogue"
)

type reportsPage struct {
	Base
	Items []openReport
	Next  string
	// After is where the page begins, to come back to when an answer must be
	// mended.
	After string
}

type openReport struct {
	catalogue.Report
	// Title is the requirement's, if it still is in force.
	Title catalogue.Text
	// Answer is the form of an answer.
	Answer Field
}

// openReports lists the reports on all requirements that wait for an answer,
// the oldest first.
func (w *Web) openReports(c *gin.Context) error { return w.showReports(c, nil) }

func (w *Web) showReports(c *gin.Context, failed error) error {
	t, code := w.texts(c), codeOf(failed)
	items, err := w.Reports.Open(c.Request.Context(), w.actor(c), c.Query("after"), listed+1)
	if err != nil {
		return err
	}
	p := reportsPage{Base: w.base(c, "reports"), After: c.Query("after")}
	p.Here = "/editor/reports"
	p.Form = newForm(t, failed)
	if len(items) > listed {
		items = items[:listed]
		p.Next = "/editor/reports?" + query("after", items[listed-1].ID)
	}
	for _, r := range items {
		row := openReport{Report: r, Answer: Field{Name: "note-" + r.ID, Rows: 3, Required: true}}
		if req, ok := w.Catalogue.Content().Requirement(r.Requirement); ok {
			row.Title = req.Title
		}
		if failed != nil && r.ID == c.Param("rid") {
			row.Answer.Value = text(c.PostForm("note"))
			row.Answer.Error = p.Form.takeAs(row.Answer.ID(), "note", t.T("page.reports.answer")+" "+r.Requirement)
		}
		p.Items = append(p.Items, row)
	}
	return w.show(c, code, "reports", p)
}

// reportResolve answers a report from the list.
func (w *Web) reportResolve(c *gin.Context) error {
	if err := parseForm(c); err != nil {
		return err
	}
	_, err := w.Reports.Resolve(c.Request.Context(), w.actor(c), c.PostForm("requirement"), c.Param("rid"), text(c.PostForm("note")))
	switch {
	case err == nil:
		return w.done(c, "page.reports.answered", "/editor/reports")
	case mendable(err):
		return w.showReports(c, err)
	default:
		return err
	}
}
