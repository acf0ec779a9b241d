package web

import (
	"bytes"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"felleskrav/internal/access"
	"felleskrav/internal/attestation"
	charts "felleskrav/internal/chart"
	"felleskrav/internal/locale"
	"felleskrav/internal/procurement"
	"felleskrav/internal/status"
)

type comparisonPage struct {
	Base
	// TenderData has the bidders that were chosen.
	procurement.TenderData
	At     time.Time
	Chart  chart
	Themes []comparedTheme
	Gaps   []procurement.Gap
	// Deviations come bidder by bidder.
	Deviations []procurement.Deviation
	// All are the bidders to choose from; Picked is the query that chooses those
	// that are shown, and "" when all are.
	All    []choice
	Picked string
	// ContractEnd is the form's input.
	ContractEnd Field
	MayWrite    bool
}

type comparedTheme struct {
	procurement.ComparedTheme
	Chart chart
	Rows  []procurement.ComparedRow
}

func (w *Web) comparison(c *gin.Context) error { return w.showComparison(c, nil) }

func (w *Web) showComparison(c *gin.Context, failed error) error {
	tender, err := w.Procurements.Tender(c.Request.Context(), w.actor(c), c.Param("id"))
	if err != nil {
		return err
	}
	t, code := w.texts(c), codeOf(failed)
	p := comparisonPage{Base: w.base(c, "procurements"), At: w.Now()}
	p.MayWrite = access.Check(p.Actor, access.WriteProcurement, string(tender.Procurement.Agency)) == nil
	p.choose(&tender, c.Request.URL.Query()["bidder"])
	p.TenderData = tender
	p.Chart = bidderChart(t, "comparison", t.T("page.procurement-comparison.chart"), tender.Comparison.Bidders, func(i int) status.Counts { return tender.Comparison.Bidders[i].Counts })
	p.group(t)
	p.Gaps, p.Deviations = tender.Comparison.Gaps(), tender.Comparison.Deviations()
	p.Form = newForm(t, failed)
	end := string(tender.Procurement.ContractEnd)
	if failed != nil { // what was typed stays
		end = line(c.PostForm("contractEnd"))
	}
	p.ContractEnd = p.Form.field(contractEndField(end))
	return w.show(c, code, "procurement-comparison", p)
}

// choose keeps the bidders whose numbers are picked, in the order they were
// entered; numbers of nobody are as none.
func (p *comparisonPage) choose(tender *procurement.TenderData, picked []string) {
	all := tender.Comparison
	chosen := all.Only(func(b procurement.Bidder) bool { return slices.Contains(picked, string(b.Supplier)) })
	if len(chosen.Bidders) > 0 && len(chosen.Bidders) < len(all.Bidders) {
		tender.Comparison = chosen
	}
	v := url.Values{}
	for _, b := range all.Bidders {
		n := string(b.Bidder.Supplier)
		on := slices.ContainsFunc(tender.Comparison.Bidders, func(x procurement.ComparedBidder) bool { return x.Bidder.Supplier == b.Bidder.Supplier })
		p.All = append(p.All, choice{ID: "bidder-" + n, Name: "bidder", Value: n, Text: b.Bidder.Name, Checked: on})
		if on {
			v.Add("bidder", n)
		}
	}
	if len(tender.Comparison.Bidders) < len(all.Bidders) {
		p.Picked = "?" + v.Encode()
	}
}

// group puts the rows under their themes.
func (p *comparisonPage) group(t *locale.Texts) {
	at := map[string]int{}
	for i, theme := range p.Comparison.Themes {
		at[theme.ID] = i
		ct := comparedTheme{ComparedTheme: theme}
		ct.Chart = bidderChart(t, "theme-"+strconv.Itoa(i), t.T("page.procurement-comparison.chart")+" – "+theme.Name.In(t.Lang), p.Comparison.Bidders,
			func(b int) status.Counts { return theme.Bidders[b].Counts })
		p.Themes = append(p.Themes, ct)
	}
	for _, row := range p.Comparison.Rows {
		i := at[row.Line.Requirement.Theme]
		p.Themes[i].Rows = append(p.Themes[i].Rows, row)
	}
}

func bidderChart(t *locale.Texts, id, title string, bidders []procurement.ComparedBidder, counts func(bidder int) status.Counts) chart {
	rows := make([]counted, len(bidders))
	for i, b := range bidders {
		rows[i] = counted{b.Bidder.Name, counts(i)}
	}
	return newChart(t, id, title, rows)
}

// standing is a bidder's status for one set.
type standing struct {
	// Set names the set, or is "" when the status is the same for all of them.
	Set     string
	Overall status.Overall
}

// standings are a bidder's statuses: one when all sets have the same, so that
// a set without a declaration does not hide one that has.
func standings(b procurement.ComparedBidder, name func(set string) string) []standing {
	worst := b.Overall()
	if !slices.ContainsFunc(b.Statuses, func(s status.Status) bool { return s.Overall != worst }) {
		return []standing{{Overall: worst}}
	}
	out := make([]standing, len(b.Statuses))
	for i, s := range b.Statuses {
		out[i] = standing{name(s.Set), s.Overall}
	}
	return out
}

// StandingsOf are a bidder's statuses for the sets of the procurement.
func (p comparisonPage) StandingsOf(b procurement.ComparedBidder) []standing {
	return standings(b, func(id string) string { return setName(p.Versions, id, p.Lang) })
}

// BidderAt is a bidder by its place.
func (p comparisonPage) BidderAt(i int) procurement.Bidder { return p.Comparison.Bidders[i].Bidder }

// sameAnswer is the bidders who give one answer.
type sameAnswer struct {
	Answer attestation.AnswerStatus
	Names  []string
}

// Who lists those who do not meet a requirement by what they answer.
func (p comparisonPage) Who(g procurement.Gap) []sameAnswer {
	var out []sameAnswer
	for i, c := range g.Cells {
		name := p.Comparison.Bidders[g.Bidders[i]].Bidder.Name
		at := slices.IndexFunc(out, func(s sameAnswer) bool { return s.Answer == c.Answer })
		if at < 0 {
			at = len(out)
			out = append(out, sameAnswer{Answer: c.Answer})
		}
		out[at].Names = append(out[at].Names, name)
	}
	return out
}

// Met is how many of the counted requirements are met, in their own way or
// another, or do not apply.
func (p comparisonPage) Met(x procurement.Tally) int {
	return x.Counts.Met + x.Counts.Alternative + x.Counts.NotApplicable
}

// comparisonPicture sends the chart of the bidders that are shown, as a file
// for a memorandum. The ending of the address says which kind.
func (w *Web) comparisonPicture(c *gin.Context) error {
	tender, err := w.Procurements.Tender(c.Request.Context(), w.actor(c), c.Param("id"))
	if err != nil {
		return err
	}
	var p comparisonPage
	p.choose(&tender, c.Request.URL.Query()["bidder"])
	t := w.texts(c)
	picture := charts.Comparison(t, tender.Procurement.Title, tender.Comparison, w.Now())
	name := t.T("page.procurement-comparison.title") + " " + tender.Procurement.Title
	var out bytes.Buffer
	if strings.HasSuffix(c.FullPath(), ".svg") {
		attach(c, name+".svg", "image/svg+xml")
		out.Write(picture.SVG())
	} else {
		if err := picture.PNG(&out); err != nil {
			return err
		}
		attach(c, name+".png", "image/png")
	}
	c.Status(http.StatusOK)
	_, err = out.WriteTo(c.Writer)
	return err
}

// contractEndField asks for the last day of the contract.
func contractEndField(value string) Field {
	return Field{Name: "contractEnd", Label: "form.contract-end", Hint: "form.contract-end-hint", Value: value, Type: "date", Size: "m"}
}

func (w *Web) contractEndSave(c *gin.Context) error {
	if err := parseForm(c); err != nil {
		return err
	}
	ctx, actor := c.Request.Context(), w.actor(c)
	p, err := w.Procurements.Get(ctx, actor, c.Param("id"))
	if err != nil {
		return err
	}
	p.ContractEnd = procurement.Day(line(c.PostForm("contractEnd")))
	if _, err := w.Procurements.Update(ctx, actor, p, p.Rev); err != nil {
		if mendable(err) {
			return w.showComparison(c, err)
		}
		return err
	}
	return w.done(c, "page.procurement.saved", "/procurements/"+p.ID+"/comparison#lasts")
}
