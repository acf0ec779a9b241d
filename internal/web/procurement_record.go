package web

import (
	"slices"
	"time"

	"github.com/gin-gonic/gin"

	"felleskrav/internal/catalogue"
	"felleskrav/internal/evidence"
	"felleskrav/internal/organisation"
	"felleskrav/internal/procurement"
)

// recordPage is what goes into the body's own case file: what was chosen and
// why, what was asked, and how the bidders stood. It is made to be printed.
type recordPage struct {
	Base
	procurement.TenderData
	// Excluded are the requirements that the body left out.
	Excluded []catalogue.Requirement
	Counts   struct{ A, B int }
	// MadeAt is when the page was drawn, At the moment that the bidders'
	// statuses and answers hold for.
	MadeAt, At time.Time
	Past       bool
	// Issued are the workbooks that were made, newest first.
	Issued  []procurement.IssuedWorkbook
	AtField Field
	// Checkpoint is the newest signed checkpoint of the log, and LogKey what
	// verifies it.
	LogSize            int64
	Checkpoint, LogKey string
}

func (w *Web) record(c *gin.Context) error {
	ctx, actor, t := c.Request.Context(), w.actor(c), w.texts(c)
	now := w.Now().UTC()
	at, ok := readTime(c.Query("at"), true)
	var failed error
	if ok && at != nil && at.After(now) && sameDay(*at, now) {
		at = nil // today was chosen by its date: as of now
	}
	if !ok || at != nil && at.After(now) {
		failed, at = badDate("at"), nil
	}
	moment := time.Time{}
	if at != nil {
		moment = *at
	}
	tender, err := w.Procurements.TenderAt(ctx, actor, c.Param("id"), moment)
	if err != nil {
		return err
	}
	p := recordPage{Base: w.base(c, "procurements"), TenderData: tender, MadeAt: now, At: now, Past: at != nil, LogKey: w.LogKey}
	if at != nil {
		p.At = *at
	}
	code := codeOf(failed)
	p.Form = newForm(t, failed)
	p.AtField = p.Form.field(Field{Name: "at", Label: "page.record.at", Hint: "page.record.at-hint", Type: "datetime-local", Value: c.Query("at"), Size: "m", Plain: true})
	p.choices()
	if p.Issued, err = w.Procurements.Issued(ctx, actor, tender.Procurement.ID); err != nil {
		return err
	}
	p.Issued = slices.DeleteFunc(p.Issued, func(i procurement.IssuedWorkbook) bool { return i.At.After(p.At) })
	if p.LogSize, err = w.Log.Size(ctx); err != nil {
		return err
	}
	checkpoint, err := w.Log.Checkpoint(ctx)
	if err != nil {
		return err
	}
	p.Checkpoint = string(checkpoint)
	return w.show(c, code, "procurement-record", p)
}

// choices fills in what follows from what the body chose.
func (p *recordPage) choices() {
	asked := map[string]bool{}
	for _, l := range p.Lines {
		asked[l.Requirement.ID] = true
		if l.Type == procurement.TypeA {
			p.Counts.A++
		} else {
			p.Counts.B++
		}
	}
	for _, r := range p.Result.Requirements {
		if asked[r.ID] {
			continue
		}
		for _, v := range p.Versions {
			if known, ok := v.Requirement(r.ID); ok {
				p.Excluded = append(p.Excluded, known)
				break
			}
		}
	}
}

// BidderName names a bidder of the procurement.
func (p recordPage) BidderName(n organisation.Number) string {
	for _, b := range p.Procurement.Bidders {
		if b.Supplier == n {
			return b.Name
		}
	}
	return n.Grouped()
}

// SetName names a set the procurement is bound to.
func (p recordPage) SetName(id string) string { return setName(p.Versions, id, p.Lang) }

// Published is the day a release came.
func (p recordPage) Published(v catalogue.Version) evidence.Date { return evidence.Date(v.Published) }
