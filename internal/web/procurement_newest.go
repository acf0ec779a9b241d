package web

import (
	"slices"
	"strconv"

	"github.com/gin-gonic/gin"

	"felleskrav/internal/access"
	"felleskrav/internal/procurement"
)

// newestPage tells what becomes another when a procurement is bound to the
// content in force.
type newestPage struct {
	Base
	Procurement procurement.Procurement
	procurement.Rebinding
	// Sent tells that workbooks were made for bidders, Received that answers of
	// bidders were read.
	Sent, Received bool
}

// MayRebind tells whether the reader can go on.
func (p newestPage) MayRebind() bool {
	return !p.Gone && !p.Late && !p.Nothing() && p.Actor.Has(access.Procurement)
}

func (w *Web) newest(c *gin.Context) error { return w.showNewest(c, nil) }

func (w *Web) showNewest(c *gin.Context, failed error) error {
	ctx, actor := c.Request.Context(), w.actor(c)
	tender, err := w.Procurements.Tender(ctx, actor, c.Param("id"))
	if err != nil {
		return err
	}
	p := newestPage{Base: w.base(c, "procurements"), Procurement: tender.Procurement}
	if p.Rebinding, err = w.Procurements.Rebinding(tender); err != nil {
		return err
	}
	issued, err := w.Procurements.Issued(ctx, actor, tender.Procurement.ID)
	if err != nil {
		return err
	}
	p.Sent = slices.ContainsFunc(issued, func(i procurement.IssuedWorkbook) bool { return i.ToBidders })
	p.Received = slices.ContainsFunc(tender.Comparison.Bidders, func(b procurement.ComparedBidder) bool { return b.ReceivedAt != nil })
	code := codeOf(failed)
	p.Form = newForm(w.texts(c), failed)
	return w.show(c, code, "procurement-newest", p)
}

func (w *Web) rebind(c *gin.Context) error {
	if err := parseForm(c); err != nil {
		return err
	}
	rev, err := strconv.ParseInt(c.PostForm("rev"), 10, 64)
	if err != nil {
		rev = -1 // nobody has looked at that
	}
	p, err := w.Procurements.Rebind(c.Request.Context(), w.actor(c), c.Param("id"), rev)
	if err != nil {
		if mendable(err) {
			return w.showNewest(c, err)
		}
		return err
	}
	return w.done(c, "page.procurement-newest.done", "/procurements/"+p.ID)
}
