package web

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"felleskrav/internal/access"
	"felleskrav/internal/bulkcheck"
	"felleskrav/internal/catalogue"
	"felleskrav/internal/locale"
	"felleskrav/internal/problem"
	"felleskrav/internal/status/facts"
	"felleskrav/internal/workbook"
)

// namedSets names the sets that checks ask about.
type namedSets struct {
	catalogue *catalogue.Catalogue
	lang      string
}

// SetOf names a version ("grunnsett@1.0.0"), or gives it as it is when it is
// not known.
func (n namedSets) SetOf(ref string) string {
	id, version, _ := strings.Cut(ref, "@")
	v, ok := n.catalogue.Version(id, version)
	if !ok {
		return ref
	}
	return v.Name.In(n.lang) + " " + v.Version
}

type checksPage struct {
	Base
	namedSets
	Items                      []bulkcheck.Job
	Next                       string
	Set, At, Column, Retention Field
	File                       Field
	MaxRows, MaxMB             int64
}

// checks lists the body's checks of lists, with a form for a new one.
func (w *Web) checks(c *gin.Context) error { return w.showChecks(c, nil, nil) }

func (w *Web) showChecks(c *gin.Context, asked map[string]string, failed error) error {
	items, err := w.Checks.List(c.Request.Context(), w.actor(c), c.Query("after"), listed+1)
	if err != nil {
		return err
	}
	t, code := w.texts(c), codeOf(failed)
	p := checksPage{Base: w.base(c, "checks"), namedSets: namedSets{w.Catalogue.Content(), w.lang(c)}, Items: items, MaxRows: int64(w.Checks.Limits.MaxSuppliers), MaxMB: w.Checks.Limits.MaxBytes >> 20}
	p.Here = "/checks"
	if len(items) > listed {
		p.Items = items[:listed]
		p.Next = "/checks?" + query("after", items[listed-1].ID)
	}
	p.Form = newForm(t, failed)
	p.Set = Field{Name: "set", Label: "page.checks.set", Size: "m", Required: true}
	set := asked["set"]
	if set == "" {
		set = facts.DefaultSet
	}
	for _, s := range w.Catalogue.Content().Sets {
		versions := w.Catalogue.Content().Versions(s.ID)
		for i, v := range slices.Backward(versions) { // the newest stands first
			newest := i == len(versions)-1
			p.Set.Options = append(p.Set.Options, Option{v.Ref(), v.Name.In(t.Lang) + " " + v.Version, set == v.Ref() || newest && set == s.ID})
		}
	}
	p.Set = p.Form.field(p.Set)
	p.At = p.Form.field(Field{Name: "at", Label: "page.checks.at", Hint: "page.checks.at-hint", Type: "date", Value: asked["at"], Size: "m"})
	p.Column = p.Form.field(Field{Name: "column", Label: "page.checks.column", Hint: "page.checks.column-hint", Value: asked["column"], Size: "m", Autocomplete: "off"})
	p.Retention = Field{Name: "retention", Label: "page.checks.retention", Size: "m", Required: true}
	keep := asked["retention"]
	if keep == "" {
		keep = strconv.Itoa(bulkcheck.DefaultRetentionDays)
	}
	for _, days := range []int{0, 1, 7, 30, bulkcheck.MaxRetentionDays} {
		value := strconv.Itoa(days)
		p.Retention.Options = append(p.Retention.Options, Option{value, t.T(keptText(days), "Count", days), value == keep})
	}
	p.Retention = p.Form.field(p.Retention)
	p.File = p.Form.field(Field{Name: "list", Label: "page.checks.file", Type: "file", Accept: ".xlsx,.csv,.txt", Required: true})
	return w.show(c, code, "checks", p)
}

func keptText(days int) string {
	if days == 0 {
		return "page.checks.keep-once"
	}
	return "page.checks.keep-days"
}

// checkStart takes a list.
func (w *Web) checkStart(c *gin.Context) error {
	actor := w.actor(c)
	if _, err := access.ScopeFor(actor, access.CheckStatus); err != nil {
		return err
	}
	up, err := readUpload(c, "list")
	asked := map[string]string{}
	for _, name := range []string{"set", "at", "column", "retention"} {
		asked[name] = line(up.fields.Get(name))
	}
	var job bulkcheck.Job
	if err == nil {
		var o bulkcheck.Order
		if o, err = w.order(c, asked); err == nil {
			o.FileName = up.name
			job, err = w.Checks.Start(c.Request.Context(), actor, o, up.file)
			err = tooLarge(err)
		}
	}
	if err != nil {
		if mendable(err) || problem.KindOf(err) == problem.RateLimited || problem.KindOf(err) == problem.Unavailable {
			return w.showChecks(c, asked, err)
		}
		return err
	}
	return w.away(c, "/checks/"+job.ID)
}

// order reads the fields of the form.
func (w *Web) order(c *gin.Context, asked map[string]string) (bulkcheck.Order, error) {
	o := bulkcheck.Order{Set: asked["set"], Column: asked["column"], Language: w.lang(c)}
	days, err := strconv.Atoi(asked["retention"])
	if err != nil {
		days = -1 // refused by the service, with the place
	}
	o.RetentionDays = &days
	at, ok := readTime(asked["at"], true)
	switch {
	case !ok:
		return o, badDate("at")
	case at != nil:
		o.At = *at
		if now := w.Now(); o.At.After(now) && sameDay(o.At, now) {
			o.At = time.Time{} // today was chosen by its date: as of now
		}
	}
	return o, nil
}

type checkedPage struct {
	Base
	namedSets
	Job     bulkcheck.Job
	Chart   chart
	Counts  []checkCount
	Doubts  []doubtRow
	Failure string
	// Follow tells that the page loads itself again while the work goes on.
	Follow bool
}

// checkCount is one row of the table beside the chart.
type checkCount struct {
	Text, Class string
	Count       int
}

type doubtRow struct {
	Sheet, Place, Value, Text string
}

const (
	// followEach is how often the page of a job loads itself again, in seconds.
	followEach = 3
	// shownDoubts is how many doubtful rows the page lists; the result tells of
	// all.
	shownDoubts = 200
)

// checkShow shows a job. While work goes on the page loads itself again, as
// long as the reader does not ask it to stop.
func (w *Web) checkShow(c *gin.Context) error {
	j, err := w.Checks.Get(c.Request.Context(), w.actor(c), c.Param("id"))
	if err != nil {
		return err
	}
	t := w.texts(c)
	p := checkedPage{Base: w.base(c, "checks"), namedSets: namedSets{w.Catalogue.Content(), w.lang(c)}, Job: j, Follow: j.State.Open() && c.Query("follow") != "no"}
	if p.Follow {
		// The header does what the element in the page would.
		c.Writer.Header().Set("Refresh", strconv.Itoa(followEach))
	}
	if j.Failure != nil {
		p.Failure = t.T(j.Failure.Key, j.Failure.TextArgs())
	}
	for _, key := range workbook.CountKeys() {
		if n := j.Counts[key]; n > 0 {
			p.Counts = append(p.Counts, checkCount{t.T(workbook.CountText(key)), countClass(key), n})
		}
	}
	p.Chart = checkChart(t, p.Counts)
	for _, d := range j.Doubts[:min(len(j.Doubts), shownDoubts)] {
		place := d.Cell
		if place == "" {
			place = t.T("page.check.row", "Row", d.Row)
		}
		p.Doubts = append(p.Doubts, doubtRow{d.Sheet, place, d.Value, t.T(d.Key)})
	}
	return w.show(c, http.StatusOK, "check", p)
}

// countClass is the look of a bar. The word stands beside it.
func countClass(key string) string {
	switch key {
	case "valid":
		return "met"
	case "expiring", "incomplete":
		return "partial"
	case "superseded-set", "scope-mismatch":
		return "planned"
	case "expired", "withdrawn", "revoked":
		return "not-met"
	case workbook.CountDoubtful:
		return "not-applicable"
	}
	return "none"
}

// checkChart draws one bar per status, the longest over the whole width.
func checkChart(t *locale.Texts, counts []checkCount) chart {
	most, words := 1, ""
	for i, n := range counts {
		most = max(most, n.Count)
		if i > 0 {
			words += ", "
		}
		words += fmt.Sprintf("%s %d", n.Text, n.Count)
	}
	ch := chart{
		ID: "check", Title: t.T("workbook.bulk.chart"), Description: words + ".",
		Width: chartWidth, Height: max(1, len(counts)*(barHeight+barLabel+barDistance)),
	}
	for i, n := range counts {
		top := i * (barHeight + barLabel + barDistance)
		width := max(2, float64(chartWidth)*float64(n.Count)/float64(most))
		only := part{
			Class: n.Class, X: "0", Y: fmt.Sprint(top + barLabel), Width: coordinate(width), Height: fmt.Sprint(barHeight),
			MiddleX: coordinate(width / 2), MiddleY: fmt.Sprint(top + barLabel + barHeight/2 + 4),
		}
		if width >= 40 {
			only.Value = fmt.Sprint(n.Count)
		}
		ch.Bars = append(ch.Bars, bar{Label: n.Text, LabelY: top + barLabel - 6, Parts: []part{only}})
	}
	return ch
}

// checkCancel ends the work on a job.
func (w *Web) checkCancel(c *gin.Context) error {
	j, err := w.Checks.Cancel(c.Request.Context(), w.actor(c), c.Param("id"))
	if err != nil {
		return err
	}
	notice := "page.check.cancelled"
	if j.State != bulkcheck.Cancelled {
		notice = "page.check.was-done"
	}
	return w.done(c, notice, "/checks/"+j.ID)
}

// checkDelete removes a job and its files.
func (w *Web) checkDelete(c *gin.Context) error {
	if err := w.Checks.Delete(c.Request.Context(), w.actor(c), c.Param("id")); err != nil {
		return err
	}
	return w.done(c, "page.check.deleted", "/checks")
}

// checkResult sends the list with statuses in it.
func (w *Web) checkResult(c *gin.Context) (err error) {
	body, j, err := w.Checks.Open(c.Request.Context(), w.actor(c), c.Param("id"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, body.Close()) }()
	kind := workbook.Format(j.Kind).MediaType()
	attach(c, j.ResultName(), kind)
	c.Writer.Header().Set("Content-Security-Policy", "default-src 'none'; sandbox")
	if c.Request.Method == http.MethodHead {
		c.Status(http.StatusOK)
		return nil
	}
	c.DataFromReader(http.StatusOK, j.ResultSize, kind, body, nil)
	return nil
}
