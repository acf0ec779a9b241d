package web

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"felleskrav/internal/access"
	"felleskrav/internal/attestation"
	"felleskrav/internal/catalogue"
	"felleskrav/internal/locale"
	"felleskrav/internal/problem"
	"felleskrav/internal/status"
	"felleskrav/internal/supplier"
)

type statusPage struct {
	Base
	Status   status.Status
	Offering supplier.Offering
	Supplier supplier.Supplier
	Key      supplier.Key
	Version  catalogue.Version
	Versions []catalogue.Version
	Themes   []statusTheme
	Chart    chart
	Counts   []countRow
	At       Field
	Set      Field
	// Past is set when the page answers for a moment in the past.
	Past bool
	Own  bool
	// Erased has the digests of the files that are referred to and erased.
	Erased map[string]bool
	// Register is what the register of legal entities says about the supplier.
	Register registered
	// Reviews is set for those who can review the answers.
	Reviews bool
}

type statusTheme struct {
	ID   string
	Name catalogue.Text
	Rows []statusRow
}

type statusRow struct {
	Requirement catalogue.Requirement
	Status      status.RequirementStatus
}

func (w *Web) status(c *gin.Context) error {
	ctx, actor, t := c.Request.Context(), w.actor(c), w.texts(c)
	o, err := w.Suppliers.Offering(ctx, actor, c.Param("id"))
	if err != nil {
		return err
	}
	s, err := w.Suppliers.Get(ctx, actor, o.Supplier)
	if err != nil {
		return err
	}
	p := statusPage{Base: w.base(c, section(actor, o.Supplier)), Offering: o, Supplier: s, Own: false}
	p.Own = p.Acts(o.Supplier)
	at, readable := readTime(c.Query("at"), true)
	var failed error
	if !readable {
		failed = badDate("at")
	}
	var moment time.Time
	if at != nil {
		moment = *at
		if now := w.Now(); moment.After(now) && sameDay(moment, now) {
			moment = now // today was chosen by its date: as of now
		}
		p.Past = moment.Before(w.Now().Add(-time.Minute))
	}
	st, err := w.Facts.Status(ctx, actor, o.ID, c.Query("set"), moment)
	if err != nil && at != nil && problem.KindOf(err) == problem.Invalid {
		failed, p.Past = err, false
		st, err = w.Facts.Status(ctx, actor, o.ID, c.Query("set"), time.Time{})
	}
	if err != nil {
		return err
	}
	p.Status = st
	p.Register = w.registered(st.Register, o.Supplier, s.Name)
	code := http.StatusOK
	if failed != nil {
		code = unprocessable(failed)
	}
	p.Form = newForm(t, failed)
	if st.Declaration != nil {
		p.Key, _ = s.Key(st.Declaration.KeyID)
	}
	p.Reviews = st.Declaration != nil && st.Declaration.Lifecycle != status.LifeWithdrawn && !p.Past && actor.Org != string(o.Supplier) &&
		access.Check(actor, access.WriteReview, actor.Org) == nil
	p.Version, _ = w.Catalogue.Content().Version(st.Set, st.SetVersion)
	p.group(t)
	if p.Erased, err = w.erasedOf(ctx, o.Supplier, st); err != nil {
		return err
	}
	p.At = p.Form.field(Field{Name: "at", Label: "page.status.at", Hint: "page.status.at-hint", Type: "date", Value: c.Query("at"), Size: "m", Plain: true})
	p.Set = Field{Name: "set", Label: "page.status.set", Size: "m", Required: true}
	for _, set := range w.Catalogue.Content().Sets {
		for _, v := range w.Catalogue.Content().Versions(set.ID) {
			p.Set.Options = append(p.Set.Options, Option{v.Ref(), v.Name.In(t.Lang) + " " + v.Version, v.Set == st.Set && v.Version == st.SetVersion})
		}
	}
	return w.show(c, code, "status", p)
}

func sameDay(a, b time.Time) bool {
	return a.In(locale.Zone()).Format(localDate) == b.In(locale.Zone()).Format(localDate)
}

// group sorts the answers by theme and counts them.
func (p *statusPage) group(t *locale.Texts) {
	byID := map[string]status.RequirementStatus{}
	for _, r := range p.Status.Requirements {
		byID[r.Requirement] = r
	}
	var rows []counted
	for _, vt := range versionThemes(p.Version) {
		theme := statusTheme{ID: vt.ID, Name: vt.Name}
		var counts status.Counts
		for _, r := range vt.Requirements {
			theme.Rows = append(theme.Rows, statusRow{r, byID[r.ID]})
			counts.Add(byID[r.ID].Answer)
		}
		p.Themes = append(p.Themes, theme)
		rows = append(rows, counted{vt.Name.In(t.Lang), counts})
	}
	p.Chart = newChart(t, "answers", t.T("page.status.chart"), rows)
	p.Counts = countRows(p.Status.Counts)
}

// recordCounts counts the answers of one declaration.
func recordCounts(r attestation.Record) status.Counts {
	var c status.Counts
	for _, a := range r.Answers {
		c.Add(a.Status)
		if len(a.Evidence) > 0 {
			c.Documented++
		}
	}
	return c
}
