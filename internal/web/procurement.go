package web

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"slices"
	"strconv"

	"github.com/gin-gonic/gin"

	"felleskrav/internal/attestation"
	"felleskrav/internal/organisation"
	"felleskrav/internal/problem"
	"felleskrav/internal/procurement"
	"felleskrav/internal/supplier"
	"felleskrav/internal/workbook"
)

const listed = 50 // items on one page of a list

type procurementsPage struct {
	Base
	Items []procurement.Listed
	Next  string
}

func (w *Web) procurements(c *gin.Context) error {
	items, err := w.Procurements.Overview(c.Request.Context(), w.actor(c), c.Query("after"), listed+1)
	if err != nil {
		return err
	}
	p := procurementsPage{Base: w.base(c, "procurements"), Items: items}
	if len(items) > listed {
		p.Items = items[:listed]
		p.Next = "/procurements?" + query("after", items[listed-1].ID)
	}
	return w.show(c, http.StatusOK, "procurements", p)
}

// procurementWorkbook sends the tender workbook. With ?copy=bidders the sheets
// that tell about other bidders are left out; with &bidder=NUMBER that
// bidder's declared answers are filled in. &format=csv and json give the
// requirements for programs.
func (w *Web) procurementWorkbook(c *gin.Context) error {
	ctx, actor := c.Request.Context(), w.actor(c)
	data, err := w.Procurements.Tender(ctx, actor, c.Param("id"))
	if err != nil {
		return err
	}
	checkpoint, err := w.Log.Checkpoint(ctx)
	if err != nil {
		return err
	}
	origin, _, _ := bytes.Cut(checkpoint, []byte("\n"))
	tender := workbook.Tender{
		Texts: w.Texts.In(data.Procurement.Language), Procurement: data.Procurement, AgencyName: actor.Name,
		Selection: data.Result, Versions: data.Versions, Catalogue: w.Catalogue.Content(), Lines: data.Lines, Comparison: data.Comparison,
		BidderCopy: c.Query("copy") == "bidders", LogOrigin: string(origin), Checkpoint: string(checkpoint),
		GeneratedAt: w.Now().UTC(), BaseURL: w.BaseURL,
	}
	format := cmp.Or(workbook.Format(c.Query("format")), workbook.XLSX)
	if !slices.Contains([]workbook.Format{workbook.XLSX, workbook.CSV, workbook.JSON}, format) {
		return problem.New(problem.NotFound, "page.error.no-item", nil)
	}
	name := tender.Texts.T("page.procurement.file")
	if n := c.Query("bidder"); n != "" {
		i := slices.IndexFunc(data.Comparison.Bidders, func(b procurement.ComparedBidder) bool { return string(b.Bidder.Supplier) == n })
		if i < 0 {
			return problem.New(problem.NotFound, "page.error.no-item", nil)
		}
		b := data.Comparison.Bidders[i]
		tender.Prefill = &workbook.Prefill{Bidder: b.Bidder, Statuses: b.Statuses}
		name += " " + b.Bidder.Name
	}
	if format == workbook.XLSX {
		tender.Seal, err = workbook.NewSeal(ctx, tender, w.Attestations.Verifier, func(ctx context.Context, digests []string) ([]attestation.Proved, error) {
			return w.Attestations.Prove(ctx, actor, digests)
		})
		if err != nil {
			return err
		}
	}
	var out bytes.Buffer
	if err := workbook.WriteTenderAs(&out, tender, format); err != nil {
		return fmt.Errorf("write tender workbook: %w", err)
	}
	if c.Request.Method != http.MethodHead {
		if err := w.Procurements.Issue(ctx, actor, data, issued(tender, format, out.Bytes())); err != nil {
			return err
		}
	}
	return sendWorkbook(c, name+" "+data.Procurement.Title, format, &out)
}

// issued is what is noted of a workbook before it is sent.
func issued(t workbook.Tender, format workbook.Format, file []byte) procurement.IssuedWorkbook {
	digest := sha256.Sum256(file)
	out := procurement.IssuedWorkbook{
		At: t.GeneratedAt, ToBidders: t.BidderCopy, Format: string(format), SHA256: hex.EncodeToString(digest[:]),
	}
	if t.Prefill != nil {
		out.Bidder = t.Prefill.Bidder.Supplier
	}
	return out
}

// sendWorkbook sends a file; its ending follows from the format.
func sendWorkbook(c *gin.Context, name string, format workbook.Format, out *bytes.Buffer) error {
	attach(c, name+"."+string(format), format.MediaType())
	c.Status(http.StatusOK)
	_, err := out.WriteTo(c.Writer)
	return err
}

type choicesPage struct {
	Base
	Procurement procurement.Procurement
	Themes      []choiceTheme
}

type choiceTheme struct {
	Theme whyTheme
	Rows  []choiceRow
}

type choiceRow struct {
	Item whyItem
	// Number is the requirement's number in the tender, "" when it is left out.
	Number   string
	Type     Field
	Weight   Field
	Included bool
}

func (w *Web) choices(c *gin.Context) error { return w.showChoices(c, nil) }

func (w *Web) showChoices(c *gin.Context, failed error) error {
	tender, err := w.Procurements.Tender(c.Request.Context(), w.actor(c), c.Param("id"))
	if err != nil {
		return err
	}
	t, code := w.texts(c), codeOf(failed)
	p := choicesPage{Base: w.base(c, "procurements"), Procurement: tender.Procurement}
	p.Form = newForm(t, failed)
	all := tender.Procurement
	excluded := map[string]bool{}
	all.Choices = slices.Clone(all.Choices)
	for i, ch := range all.Choices {
		excluded[ch.Requirement] = ch.Excluded
		all.Choices[i].Excluded = false // a requirement left out must be there to take in again
	}
	numbers := map[string]string{}
	for _, l := range tender.Lines {
		numbers[l.Requirement.ID] = l.Number
	}
	n := 0
	for _, theme := range whyThemes(tender.Result, all.Lines(tender.Result, tender.Versions)) {
		ct := choiceTheme{Theme: theme}
		for _, item := range theme.Items {
			id := item.Requirement.ID
			typ, weight, in := item.Line.Type, strconv.Itoa(item.Line.Weight), !excluded[id]
			if failed != nil { // what was typed stays
				typ, weight, in = c.PostForm("type."+id), c.PostForm("weight."+id), c.PostForm("in."+id) != ""
			}
			row := choiceRow{Item: item, Number: numbers[id], Included: in}
			row.Type = Field{Name: "type." + id, Label: "page.procurement-requirements.type", Size: "m", Required: true, Options: []Option{
				{Value: "A", Text: t.T("type.A"), Selected: typ == "A"}, {Value: "B", Text: t.T("type.B"), Selected: typ == "B"},
			}}
			row.Weight = Field{Name: "weight." + id, Label: "page.procurement-requirements.weight", Size: "s", Type: "number", Value: weight, Required: true}
			row.Weight.Error = p.Form.takeAs(row.Weight.ID(), fmt.Sprintf("choices[%d].weight", n), id)
			row.Type.Error = p.Form.takeAs(row.Type.ID(), fmt.Sprintf("choices[%d].type", n), id)
			n++
			ct.Rows = append(ct.Rows, row)
		}
		p.Themes = append(p.Themes, ct)
	}
	return w.show(c, code, "procurement-requirements", p)
}

func (w *Web) choicesSave(c *gin.Context) error {
	if err := parseForm(c); err != nil {
		return err
	}
	ctx, actor := c.Request.Context(), w.actor(c)
	tender, err := w.Procurements.Tender(ctx, actor, c.Param("id"))
	if err != nil {
		return err
	}
	p := tender.Procurement
	rev, _ := strconv.ParseInt(c.PostForm("rev"), 10, 64)
	all := p
	all.Choices = nil
	p.Choices = nil
	for _, theme := range whyThemes(tender.Result, all.Lines(tender.Result, tender.Versions)) {
		for _, item := range theme.Items {
			id := item.Requirement.ID
			weight, err := strconv.Atoi(line(c.PostForm("weight." + id)))
			if err != nil {
				weight = -1 // refused by the service, with the place
			}
			p.Choices = append(p.Choices, procurement.Choice{Requirement: id, Type: c.PostForm("type." + id), Weight: weight, Excluded: c.PostForm("in."+id) == ""})
		}
	}
	if _, err := w.Procurements.Update(ctx, actor, p, rev); err != nil {
		if mendable(err) {
			return w.showChoices(c, err)
		}
		return err
	}
	return w.done(c, "page.procurement.saved", "/procurements/"+p.ID)
}

type biddersPage struct {
	Base
	Procurement procurement.Procurement
	Search      Field
	Query       string
	Found       []foundSupplier
	// ByHand adds a bidder that is not registered here.
	Number, Name Field
}

type foundSupplier struct {
	Supplier  supplier.Supplier
	Offerings []supplier.Offering
	Added     bool
}

func (w *Web) bidders(c *gin.Context) error { return w.showBidders(c, nil) }

func (w *Web) showBidders(c *gin.Context, failed error) error {
	ctx, actor := c.Request.Context(), w.actor(c)
	proc, err := w.Procurements.Get(ctx, actor, c.Param("id"))
	if err != nil {
		return err
	}
	p := biddersPage{Base: w.base(c, "procurements"), Procurement: proc, Query: line(c.Query("q"))}
	if p.Query != "" {
		found, err := w.Suppliers.Search(ctx, actor, p.Query, "", 20)
		switch {
		case err != nil && failed == nil && mendable(err):
			failed = err
		case err != nil:
			return err
		}
		for _, s := range found {
			offerings, err := w.Suppliers.Offerings(ctx, actor, s.Number)
			if err != nil {
				return err
			}
			added := slices.ContainsFunc(proc.Bidders, func(b procurement.Bidder) bool { return b.Supplier == s.Number })
			p.Found = append(p.Found, foundSupplier{s, offerings, added})
		}
	}
	code := codeOf(failed)
	p.Form = newForm(w.texts(c), failed)
	t := w.texts(c)
	p.Search = Field{Name: "q", Label: "page.procurement-bidders.search", Value: p.Query, Type: "search", Autocomplete: "off", Plain: true}
	p.Number = Field{Name: "supplier", Label: "form.orgnr", Hint: "form.orgnr-hint", Value: c.PostForm("supplier"), Size: "s", Required: true}
	p.Name = Field{Name: "name", Label: "page.procurement-bidders.name", Value: c.PostForm("name"), Required: true}
	if i := len(proc.Bidders); failed != nil {
		p.Number.Error = p.Form.takeAs(p.Number.ID(), fmt.Sprintf("bidders[%d].supplier", i), t.T(p.Number.Label))
		p.Name.Error = p.Form.takeAs(p.Name.ID(), fmt.Sprintf("bidders[%d].name", i), t.T(p.Name.Label))
	}
	return w.show(c, code, "procurement-bidders", p)
}

func (w *Web) bidderAdd(c *gin.Context) error {
	if err := parseForm(c); err != nil {
		return err
	}
	ctx, actor := c.Request.Context(), w.actor(c)
	p, err := w.Procurements.Get(ctx, actor, c.Param("id"))
	if err != nil {
		return err
	}
	p.Bidders = append(p.Bidders, procurement.Bidder{
		Supplier: organisation.Number(line(c.PostForm("supplier"))), Name: line(c.PostForm("name")), Offering: c.PostForm("offering"),
	})
	if _, err := w.Procurements.Update(ctx, actor, p, p.Rev); err != nil {
		if mendable(err) {
			return w.showBidders(c, err)
		}
		return err
	}
	return w.done(c, "page.procurement-bidders.added", "/procurements/"+p.ID+"/bidders")
}

func (w *Web) bidderRemove(c *gin.Context) error {
	if err := parseForm(c); err != nil {
		return err
	}
	ctx, actor := c.Request.Context(), w.actor(c)
	p, err := w.Procurements.Get(ctx, actor, c.Param("id"))
	if err != nil {
		return err
	}
	p.Bidders = slices.DeleteFunc(p.Bidders, func(b procurement.Bidder) bool { return string(b.Supplier) == c.PostForm("supplier") })
	if _, err := w.Procurements.Update(ctx, actor, p, p.Rev); err != nil {
		if mendable(err) {
			return w.showBidders(c, err)
		}
		return err
	}
	return w.done(c, "page.procurement-bidders.removed", "/procurements/"+p.ID+"/bidders")
}
