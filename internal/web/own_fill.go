package web

import (
	"bytes"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"felleskrav/internal/locale"
	"felleskrav/internal/organisation"
	"felleskrav/internal/ownbook"
	"felleskrav/internal/procurement"
	"felleskrav/internal/workbook"
	"felleskrav/internal/workbook/own"
	"felleskrav/internal/workbook/patch"
)

// ownOrder is the form for what to fill in.
type ownOrder struct {
	// Ready tells that something has been decided.
	Ready   bool
	Answers []Option
	Columns []choice
	Insert  []Option
	// Left is how many requirements no row equals.
	Left int
	// Asks tells that a decided table still has questions.
	Asks bool
}

func orderForm(t *locale.Texts, v ownbook.View, tender procurement.TenderData, sent url.Values) *ownOrder {
	o := &ownOrder{Answers: []Option{{Text: t.T("page.own.nobody")}}, Insert: []Option{{Text: t.T("page.own.nowhere")}}}
	equal := map[string]bool{}
	for _, d := range v.Workbook.Decisions {
		for _, r := range d.Rows {
			equal[r] = true
		}
	}
	for _, l := range tender.Lines {
		if !equal[l.Requirement.ID] {
			o.Left++
		}
	}
	for _, b := range tender.Procurement.Bidders {
		n := string(b.Supplier)
		o.Answers = append(o.Answers, Option{Value: n, Text: b.Name, Selected: sent.Get("answers") == n})
		o.Columns = append(o.Columns, choice{ID: "column-" + n, Name: "column", Value: n, Text: b.Name, Checked: slices.Contains(sent["column"], n)})
	}
	for _, table := range v.Tables {
		if !table.Decided {
			continue
		}
		o.Ready = true
		columns, codes := table.Open()
		o.Asks = o.Asks || len(columns)+len(codes) > 0
		row := strconv.Itoa(table.Header[len(table.Header)-1])
		value := table.Sheet + "!" + row
		o.Insert = append(o.Insert, Option{Value: value, Text: t.T("page.own.below", "Sheet", short80(table.Sheet), "Row", row), Selected: sent.Get("insert") == value})
	}
	return o
}

// orderOf reads what is to be filled in from an address.
func orderOf(q url.Values) ownbook.Order {
	o := ownbook.Order{Answers: organisation.Number(q.Get("answers"))}
	for _, n := range q["column"] {
		o.Columns = append(o.Columns, organisation.Number(n))
	}
	if i := strings.LastIndexByte(q.Get("insert"), '!'); i > 0 {
		o.Insert.Sheet = q.Get("insert")[:i]
		o.Insert.Header, _ = strconv.Atoi(q.Get("insert")[i+1:])
	}
	return o
}

// Rows of a report that a page shows.
const reported = 200

type ownReportPage struct {
	Base
	Procurement procurement.Procurement
	Book        ownbook.Workbook
	Path        string
	Download    string
	File        string
	Changes     []patch.Change
	Skips       []ownSkip
	// AllChanges and AllSkips are how many there are.
	AllChanges, AllSkips int
	Parts                []string
}

type ownSkip struct {
	own.Skip
	Text string
}

// filledIn fills the workbook in; done tells that the answer has been sent.
func (w *Web) filledIn(c *gin.Context) (out ownbook.Filled, done bool, err error) {
	q := c.Request.URL.Query()
	out, err = w.OwnBooks.Fill(c.Request.Context(), w.actor(c), c.Param("id"), c.Param("wid"), orderOf(q))
	if err != nil && mendable(err) {
		return out, true, w.showOwn(c, nil, q, err)
	}
	return out, err != nil, err
}

// ownReport tells what filling in does, before the file is fetched.
func (w *Web) ownReport(c *gin.Context) error {
	out, done, err := w.filledIn(c)
	if done {
		return err
	}
	of, err := w.Procurements.Get(c.Request.Context(), w.actor(c), c.Param("id"))
	if err != nil {
		return err
	}
	q := c.Request.URL.Query()
	q.Del("lang")
	t := w.texts(c)
	p := ownReportPage{
		Base: w.base(c, "procurements"), Procurement: of, Path: ownPath(c.Param("id"), c.Param("wid")), File: out.FileName,
		AllChanges: len(out.Report.Changes), AllSkips: len(out.Report.Skips), Parts: out.Report.Parts,
		Changes: out.Report.Changes[:min(len(out.Report.Changes), reported)],
	}
	p.Download = p.Path + "/file?" + q.Encode()
	for i := range p.Changes {
		p.Changes[i].After = clip(p.Changes[i].After, 400)
	}
	for _, s := range out.Report.Skips[:min(len(out.Report.Skips), reported)] {
		p.Skips = append(p.Skips, ownSkip{s, ownbook.SkipText(t, s)})
	}
	return w.show(c, http.StatusOK, "own-report", p)
}

// ownFile sends the filled workbook.
func (w *Web) ownFile(c *gin.Context) error {
	out, done, err := w.filledIn(c)
	if done {
		return err
	}
	return sendWorkbook(c, out.FileName, workbook.XLSX, bytes.NewBuffer(out.Data))
}
