package web

import (
	"slices"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"felleskrav/internal/access"
	"felleskrav/internal/catalogue"
	"felleskrav/internal/organisation"
	"felleskrav/internal/supplier"
)

type offeringEditPage struct {
	Base
	Supplier supplier.Supplier
	Offering supplier.Offering
	New      bool
	Action   string

	Name, Description, Version, Regions Field
	Models                              []choice
	ModelsError, ModelsID               string
	Subs                                []subFields
	MoreSubs                            int
}

// subFields are the inputs for one sub-supplier.
type subFields struct {
	Number                                  int
	Name, Purpose, Country, Orgnr, Offering Field
}

func (w *Web) offeringNew(c *gin.Context) error {
	n, err := number(c)
	if err != nil {
		return err
	}
	if err := access.Check(w.actor(c), access.WriteOffering, string(n)); err != nil {
		return err
	}
	return w.showOffering(c, supplier.Offering{Supplier: n}, true, nil)
}

func (w *Web) offeringEdit(c *gin.Context) error {
	o, err := w.Suppliers.Offering(c.Request.Context(), w.actor(c), c.Param("id"))
	if err != nil {
		return err
	}
	if err := access.Check(w.actor(c), access.WriteOffering, string(o.Supplier)); err != nil {
		return err
	}
	return w.showOffering(c, o, false, nil)
}

func (w *Web) showOffering(c *gin.Context, o supplier.Offering, fresh bool, failed error) error {
	t := w.texts(c)
	s, err := w.Suppliers.Get(c.Request.Context(), w.actor(c), o.Supplier)
	if err != nil {
		return err
	}
	p := offeringEditPage{Base: w.base(c, "own"), Supplier: s, Offering: o, New: fresh, Action: "/offerings/" + o.ID + "/edit"}
	if fresh {
		p.Action = "/suppliers/" + string(o.Supplier) + "/offerings/new"
	}
	code := codeOf(failed)
	f := newForm(t, failed)
	p.Form = f
	p.Name = f.field(Field{Name: "name", Label: "page.offering-edit.name", Hint: "page.offering-edit.name-hint", Value: o.Name, Required: true})
	p.Description = f.field(Field{Name: "description", Label: "page.offering-edit.description", Hint: "page.offering-edit.description-hint", Value: o.Description})
	p.Version = f.field(Field{Name: "version", Label: "page.offering-edit.version", Hint: "page.offering-edit.version-hint", Value: o.Version, Size: "s"})
	p.ModelsError = f.takeAs(fieldID("model-saas"), "deliveryModels", t.T("page.offering-edit.models"))
	for _, m := range catalogue.DeliveryModels() {
		p.Models = append(p.Models, choice{
			ID: fieldID("model-" + string(m)), Name: "model", Value: string(m), Text: t.T(termKey("model", m)),
			Description: t.T("page.offering-edit.model-" + string(m)), Checked: slices.Contains(o.Models, m),
		})
	}
	p.Regions = f.field(Field{Name: "regions", Label: "page.offering-edit.regions", Hint: "page.offering-edit.regions-hint", Value: strings.Join(o.Regions, ", "), Size: "m", Required: true})
	more := 2
	if v, err := strconv.Atoi(c.Query("subs")); err == nil && v > 0 && v <= 100 {
		more = v
	}
	p.MoreSubs = len(o.SubSuppliers) + more + 5
	for i := range len(o.SubSuppliers) + more {
		var sub supplier.SubSupplier
		if i < len(o.SubSuppliers) {
			sub = o.SubSuppliers[i]
		}
		prefix := "subSuppliers[" + strconv.Itoa(i) + "]."
		p.Subs = append(p.Subs, subFields{
			Number:   i + 1,
			Name:     f.field(Field{Name: prefix + "name", Label: "page.offering-edit.sub-name", Value: sub.Name}),
			Purpose:  f.field(Field{Name: prefix + "purpose", Label: "page.offering-edit.sub-purpose", Value: sub.Purpose}),
			Country:  f.field(Field{Name: prefix + "country", Label: "form.country", Hint: "form.country-hint", Value: sub.Country, Size: "s"}),
			Orgnr:    f.field(Field{Name: prefix + "orgnr", Label: "form.orgnr", Hint: "page.offering-edit.sub-orgnr-hint", Value: string(sub.Number), Size: "s"}),
			Offering: f.field(Field{Name: prefix + "offering", Label: "page.offering-edit.sub-offering", Hint: "page.offering-edit.sub-offering-hint", Value: sub.Offering}),
		})
	}
	return w.show(c, code, "offering-edit", p)
}

// offeringIn finds the id of an offering in the address of one of its pages,
// which is what people have at hand; anything else is left as it is.
func offeringIn(s string) string {
	_, id, ok := strings.Cut(s, "/offerings/")
	if !ok {
		return s
	}
	if end := strings.IndexAny(id, "/?#"); end >= 0 {
		id = id[:end]
	}
	return id
}

// readOffering reads the form. A sub-supplier without any text is left out.
func readOffering(c *gin.Context) supplier.Offering {
	o := supplier.Offering{
		Name: line(c.PostForm("name")), Description: line(strings.Join(strings.Fields(c.PostForm("description")), " ")),
		Version: line(c.PostForm("version")),
	}
	for _, m := range c.PostFormArray("model") {
		o.Models = append(o.Models, catalogue.DeliveryModel(m))
	}
	for _, r := range strings.FieldsFunc(c.PostForm("regions"), func(r rune) bool { return r == ',' || r == ';' || r == ' ' || r == '\t' }) {
		o.Regions = append(o.Regions, strings.ToUpper(r))
	}
	for i := range 100 {
		prefix := "subSuppliers[" + strconv.Itoa(i) + "]."
		get := func(name string) string { return line(c.PostForm(prefix + name)) }
		sub := supplier.SubSupplier{Name: get("name"), Purpose: get("purpose"), Country: strings.ToUpper(get("country")), Offering: offeringIn(get("offering"))}
		if n := get("orgnr"); n != "" {
			sub.Number = organisation.Number(n)
			if parsed, err := organisation.ParseIdentifier(n); err == nil {
				sub.Number = parsed
			}
		}
		if sub != (supplier.SubSupplier{}) {
			o.SubSuppliers = append(o.SubSuppliers, sub)
		}
	}
	return o
}

func (w *Web) offeringCreate(c *gin.Context) error {
	n, err := number(c)
	if err != nil {
		return err
	}
	if err := parseForm(c); err != nil {
		return err
	}
	o := readOffering(c)
	o.Supplier = n
	saved, err := w.Suppliers.CreateOffering(c.Request.Context(), w.actor(c), o)
	if err != nil {
		if mendable(err) {
			return w.showOffering(c, o, true, err)
		}
		return err
	}
	return w.done(c, "page.offering-edit.created", "/offerings/"+saved.ID+"/answers")
}

func (w *Web) offeringSave(c *gin.Context) error {
	if err := parseForm(c); err != nil {
		return err
	}
	ctx, actor := c.Request.Context(), w.actor(c)
	old, err := w.Suppliers.Offering(ctx, actor, c.Param("id"))
	if err != nil {
		return err
	}
	o := readOffering(c)
	o.ID, o.Supplier, o.Descriptors = old.ID, old.Supplier, old.Descriptors
	o.Rev, _ = strconv.ParseInt(c.PostForm("rev"), 10, 64)
	if _, err := w.Suppliers.UpdateOffering(ctx, actor, o, o.Rev); err != nil {
		if mendable(err) {
			return w.showOffering(c, o, false, err)
		}
		return err
	}
	return w.done(c, "page.offering-edit.saved", "/suppliers/"+string(old.Supplier))
}
