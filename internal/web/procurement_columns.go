package web

import (
	"cmp"
	"slices"
	"strconv"

	"github.com/gin-gonic/gin"

	"felleskrav/internal/problem"
	"felleskrav/internal/procurement"
)

type columnsPage struct {
	Base
	Procurement procurement.Procurement
	Columns     []columnRow
}

type columnRow struct {
	Column   procurement.Column
	Included bool
	Place    Field
}

// columns shows which columns the workbooks of a procurement have, in their
// order; those left out come last.
func (w *Web) columns(c *gin.Context) error { return w.showColumns(c, nil) }

func (w *Web) showColumns(c *gin.Context, failed error) error {
	proc, err := w.Procurements.Get(c.Request.Context(), w.actor(c), c.Param("id"))
	if err != nil {
		return err
	}
	code := codeOf(failed)
	p := columnsPage{Base: w.base(c, "procurements"), Procurement: proc}
	p.Form = newForm(w.texts(c), failed)
	chosen := proc.Layout()
	all := slices.Clone(chosen)
	for _, col := range procurement.Columns() {
		if !slices.Contains(all, col) {
			all = append(all, col)
		}
	}
	for i, col := range all {
		row := columnRow{Column: col, Included: slices.Contains(chosen, col)}
		row.Place = Field{Name: "place." + string(col), Label: "page.procurement-columns.place", Size: "s", Required: true}
		for n := range all {
			place := strconv.Itoa(n + 1)
			row.Place.Options = append(row.Place.Options, Option{Value: place, Text: place, Selected: n == i})
		}
		p.Columns = append(p.Columns, row)
	}
	return w.show(c, code, "procurement-columns", p)
}

// columnsSave keeps the columns ticked, by their places. Columns given the same
// place keep their order.
func (w *Web) columnsSave(c *gin.Context) error {
	if err := parseForm(c); err != nil {
		return err
	}
	ctx, actor := c.Request.Context(), w.actor(c)
	p, err := w.Procurements.Get(ctx, actor, c.Param("id"))
	if err != nil {
		return err
	}
	rev, _ := strconv.ParseInt(c.PostForm("rev"), 10, 64)
	old := p.Layout()
	p.Columns = nil
	if c.PostForm("usual") == "" {
		place := map[procurement.Column]int{}
		for _, col := range procurement.Columns() {
			if !col.Required() && c.PostForm("in."+string(col)) == "" {
				continue
			}
			if place[col], err = strconv.Atoi(c.PostForm("place." + string(col))); err != nil {
				return problem.New(problem.Invalid, "field.unknown", problem.Args{"Value": problem.Clip(c.PostForm("place." + string(col)))})
			}
			p.Columns = append(p.Columns, col)
		}
		slices.SortStableFunc(p.Columns, func(a, b procurement.Column) int {
			return cmp.Or(cmp.Compare(place[a], place[b]), cmp.Compare(slices.Index(old, a), slices.Index(old, b)))
		})
	}
	if _, err := w.Procurements.Update(ctx, actor, p, rev); err != nil {
		if mendable(err) {
			return w.showColumns(c, err)
		}
		return err
	}
	return w.done(c, "page.procurement.saved", "/procurements/"+p.ID)
}
