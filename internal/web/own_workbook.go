package web

import (
	"net/url"
	"slices"
	"strconv"

	"github.com/gin-gonic/gin"

	"felleskrav/internal/ownbook"
	"felleskrav/internal/problem"
	"felleskrav/internal/procurement"
	"felleskrav/internal/workbook/own"
)

// ownPage is the conversation about one workbook: one table at a time.
type ownPage struct {
	Base
	procurement.TenderData
	Book     ownbook.Workbook
	Path     string
	Tables   []ownTableLink
	SetAside []own.Decision
	Table    *ownTable
	Order    *ownOrder
}

type ownTableLink struct {
	Sheet         string
	Row, Rows     int
	Asks          int
	URL           string
	Current       bool
	Decided, Kept bool
}

// At is the query that leads to a page of the table that is shown.
func (p ownPage) At(page int) string {
	return place(p.Table.Sheet, p.Table.Row) + "&page=" + strconv.Itoa(page)
}

func (w *Web) ownShow(c *gin.Context) error { return w.showOwn(c, nil, nil, nil) }

// showOwn draws the page: with what somebody sent about a table, or with what
// they wanted filled in, when there is something to mend.
func (w *Web) showOwn(c *gin.Context, sent url.Values, order url.Values, failed error) error {
	ctx, actor := c.Request.Context(), w.actor(c)
	v, err := w.OwnBooks.Get(ctx, actor, c.Param("id"), c.Param("wid"))
	if err != nil {
		return err
	}
	tender, err := w.Procurements.Tender(ctx, actor, c.Param("id"))
	if err != nil {
		return err
	}
	t := w.texts(c)
	p := ownPage{Base: w.base(c, "procurements"), TenderData: tender, Book: v.Workbook, Path: ownPath(c.Param("id"), c.Param("wid"))}
	p.Form = newForm(t, failed)
	asked := sent
	if asked == nil {
		asked = c.Request.URL.Query()
	}
	at := tableAt(v, asked)
	for i, table := range v.Tables {
		columns, codes := table.Open()
		row := table.Header[len(table.Header)-1]
		p.Tables = append(p.Tables, ownTableLink{
			Sheet: table.Sheet, Row: row, Rows: len(table.Lines), Asks: len(columns) + len(codes), URL: p.Path + "?" + place(table.Sheet, row),
			Current: i == at, Decided: table.Decided, Kept: table.Remembered,
		})
	}
	for _, d := range v.Workbook.Decisions {
		if d.None {
			p.SetAside = append(p.SetAside, d)
		}
	}
	if at >= 0 {
		page, _ := strconv.Atoi(asked.Get("page"))
		if sent != nil {
			page = 1 // the rows that were sent come first
		}
		index := slices.IndexFunc(v.Workbook.Decisions, func(d own.Decision) bool { return about(d, v.Tables[at]) })
		if index < 0 {
			index = len(v.Workbook.Decisions)
		}
		p.Table = tableForm(t, v.Tables[at], tender.Lines, sent, page, index, p.Form)
	}
	p.Order = orderForm(t, v, tender, order)
	if failed != nil {
		p.Here = p.Path
	}
	return w.show(c, codeOf(failed), "own-workbook", p)
}

func place(sheet string, row int) string {
	return query("sheet", sheet, "header", strconv.Itoa(row))
}

// about reports whether a decision is about a table.
func about(d own.Decision, t ownbook.TableView) bool {
	return d.Sheet == t.Sheet && d.Header == t.Header[len(t.Header)-1]
}

// tableAt is the table that is asked for, or the first that nobody has decided
// about, or the first; -1 when there is none.
func tableAt(v ownbook.View, asked url.Values) int {
	row, _ := strconv.Atoi(asked.Get("header"))
	if i := slices.IndexFunc(v.Tables, func(t ownbook.TableView) bool { return about(own.Decision{Sheet: asked.Get("sheet"), Header: row}, t) }); i >= 0 {
		return i
	}
	if i := slices.IndexFunc(v.Tables, func(t ownbook.TableView) bool { return !t.Decided }); i >= 0 {
		return i
	}
	return min(0, len(v.Tables)-1)
}

// ownDecide takes what is said about one table. "accept" fills the form with
// the rows that have the same text or id, and saves nothing.
func (w *Web) ownDecide(c *gin.Context) error {
	if err := parseForm(c); err != nil {
		return err
	}
	values := c.Request.PostForm
	if values.Get("do") == "accept" {
		return w.showOwn(c, values, nil, nil)
	}
	ctx, actor := c.Request.Context(), w.actor(c)
	v, err := w.OwnBooks.Get(ctx, actor, c.Param("id"), c.Param("wid"))
	if err != nil {
		return err
	}
	rev, err := strconv.ParseInt(values.Get("rev"), 10, 64)
	if err != nil || rev < 1 {
		return problem.New(problem.Invalid, "page.error.form", nil)
	}
	row, _ := strconv.Atoi(values.Get("header"))
	said := own.Decision{Sheet: values.Get("sheet"), Header: row, None: values.Get("do") == "none"}
	decisions := slices.Clone(v.Workbook.Decisions)
	i := slices.IndexFunc(decisions, func(d own.Decision) bool { return d.Sheet == said.Sheet && d.Header == said.Header })
	if n := slices.IndexFunc(v.Tables, func(t ownbook.TableView) bool { return about(said, t) }); n >= 0 && !said.None {
		var before *own.Decision
		if i >= 0 {
			before = &decisions[i]
		}
		said = decisionOf(v.Tables[n], before, values)
	}
	switch {
	case values.Get("do") == "restore" && i >= 0:
		decisions = slices.Delete(decisions, i, i+1)
	case i >= 0:
		decisions[i] = said
	default:
		decisions = append(decisions, said)
	}
	if _, err := w.OwnBooks.Decide(ctx, actor, c.Param("id"), c.Param("wid"), decisions, rev); err != nil {
		if mendable(err) {
			return w.showOwn(c, values, nil, err)
		}
		return err
	}
	to := ownPath(c.Param("id"), c.Param("wid"))
	page, _ := strconv.Atoi(values.Get("page"))
	switch values.Get("do") {
	case "next":
		to += "?" + place(said.Sheet, said.Header) + "&page=" + strconv.Itoa(page+1)
	case "save":
		to += "?" + place(said.Sheet, said.Header) + "&page=" + strconv.Itoa(max(page, 1))
	}
	return w.done(c, "page.own.saved", to)
}
