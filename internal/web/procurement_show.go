package web

import (
	"time"

	"github.com/gin-gonic/gin"

	"felleskrav/internal/access"
	"felleskrav/internal/catalogue"
	"felleskrav/internal/evidence"
	"felleskrav/internal/procurement"
)

type procurementPage struct {
	Base
	procurement.TenderData
	Counts struct{ A, B, Excluded int }
	News   procurement.News
	Since  Field
	// Stage picks the step to point at.
	Stage procurement.Stage
}

func (w *Web) procurementShow(c *gin.Context) error { return w.showProcurement(c, nil) }

func (w *Web) showProcurement(c *gin.Context, failed error) error {
	ctx, actor := c.Request.Context(), w.actor(c)
	tender, err := w.Procurements.Tender(ctx, actor, c.Param("id"))
	if err != nil {
		return err
	}
	p := procurementPage{Base: w.base(c, "procurements"), TenderData: tender}
	since, ok := readTime(c.Query("since"), false)
	if (!ok || since != nil && since.After(w.Now())) && failed == nil {
		failed, since = badDate("since"), nil
	}
	if p.News, err = w.Procurements.News(ctx, actor, tender, since); err != nil {
		return err
	}
	code := codeOf(failed)
	p.Form = newForm(w.texts(c), failed)
	for _, l := range tender.Lines {
		if l.Type == procurement.TypeA {
			p.Counts.A++
		} else {
			p.Counts.B++
		}
	}
	var received time.Time
	for _, b := range tender.Comparison.Bidders {
		if b.ReceivedAt != nil && b.ReceivedAt.After(received) {
			received = *b.ReceivedAt
		}
	}
	p.Stage = tender.Procurement.Stage(received, w.Now())
	p.Counts.Excluded = len(tender.Result.Requirements) - len(tender.Lines)
	p.Since = p.Form.field(Field{Name: "since", Label: "page.procurement.since", Hint: "page.procurement.since-hint", Type: "date", Value: c.Query("since"), Size: "m", Plain: true})
	return w.show(c, code, "procurement", p)
}

// StandingsOf are a bidder's statuses for the sets of the procurement.
func (p procurementPage) StandingsOf(b procurement.ComparedBidder) []standing {
	return standings(b, p.SetName)
}

// MayWrite tells whether the reader may change procurements.
func (p procurementPage) MayWrite() bool { return p.Actor.Has(access.Procurement) }

// Events tells whether anything has happened to any bidder's declarations.
func (p procurementPage) Events() bool {
	for _, b := range p.News.Bidders {
		if len(b.Events) > 0 {
			return true
		}
	}
	return false
}

// SetName names a set the procurement is bound to.
func (p procurementPage) SetName(id string) string { return setName(p.Versions, id, p.Lang) }

func setName(versions []catalogue.Version, id, lang string) string {
	for _, v := range versions {
		if v.Set == id {
			return v.Name.In(lang)
		}
	}
	return id
}

// TitleIn gives the title of a requirement in the newer version, or in the
// older one when it has left the set.
func (p procurementPage) TitleIn(newer, older catalogue.Version, id string) string {
	for _, v := range []catalogue.Version{newer, older} {
		if r, ok := v.Requirement(id); ok {
			return r.Title.In(p.Lang)
		}
	}
	return ""
}

// Published is the day a release came.
func (p procurementPage) Published(v catalogue.Version) evidence.Date {
	return evidence.Date(v.Published)
}
