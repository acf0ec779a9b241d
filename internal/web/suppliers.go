package web

import (
	"net/http"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"felleskrav/internal/access"
	"felleskrav/internal/attestation/reuse"
	"felleskrav/internal/locale"
	"felleskrav/internal/notify"
	"felleskrav/internal/organisation"
	"felleskrav/internal/problem"
	"felleskrav/internal/status"
	"felleskrav/internal/supplier"
)

type suppliersPage struct {
	Base
	Search Field
	Query  string
	Items  []supplierRow
	Next   string
	// Near tells that nothing was found, and the items are what is nearly it.
	Near bool
	// Max is how many there are on a page, where there is another after it.
	Max int
}

type supplierRow struct {
	Supplier supplier.Supplier
	// Statuses are those of its offerings, worst first, but for those that were
	// searched for by name, which come before the others; Left is how many more
	// there are.
	Statuses []status.Status
	Left     int
	// Warning is what the register of legal entities warns of, or "".
	Warning organisation.RegisterState
}

// shownStatuses is how many statuses one supplier has in the list.
const shownStatuses = 5

func newSupplierRow(s supplier.Supplier, statuses []status.Status, asked string) supplierRow {
	if asked = strings.ToLower(asked); asked != "" {
		named := func(st status.Status) int {
			if strings.Contains(strings.ToLower(st.OfferingName), asked) {
				return 0
			}
			return 1
		}
		slices.SortStableFunc(statuses, func(a, b status.Status) int { return named(a) - named(b) })
	}
	row := supplierRow{Supplier: s, Statuses: statuses}
	if len(statuses) > shownStatuses {
		row.Statuses, row.Left = statuses[:shownStatuses], len(statuses)-shownStatuses
	}
	return row
}

// shownSuppliers is how many suppliers stand on one page of the list; each is shown
// with its statuses, so there are fewer than in other lists.
const shownSuppliers = 20

func (w *Web) suppliers(c *gin.Context) error {
	ctx, actor, t := c.Request.Context(), w.actor(c), w.texts(c)
	p := suppliersPage{Base: w.base(c, "suppliers"), Query: line(c.Query("q"))}
	after, err := organisation.ParseIdentifier(c.Query("after"))
	if c.Query("after") == "" || err != nil {
		after = ""
	}
	found, err := w.Suppliers.Search(ctx, actor, p.Query, after, shownSuppliers+1)
	code := http.StatusOK
	if err != nil {
		if !mendable(err) {
			return err
		}
		code = codeOf(err)
	}
	p.Form = newForm(t, err)
	p.Search = p.Form.field(Field{Name: "q", Label: "page.suppliers.search", Hint: "page.suppliers.search-hint", Value: p.Query, Type: "search", Autocomplete: "off", Plain: true})
	if len(found) == 0 && err == nil && p.Query != "" && after == "" {
		if found, err = w.Suppliers.Near(ctx, actor, p.Query, shownSuppliers); err != nil {
			return err
		}
		p.Near = len(found) > 0
	}
	if len(found) > shownSuppliers {
		found = found[:shownSuppliers]
		p.Max = shownSuppliers
		p.Next = "/suppliers?" + query("q", p.Query, "after", string(found[shownSuppliers-1].Number))
	}
	numbers := make([]organisation.Number, len(found))
	for i, s := range found {
		numbers[i] = s.Number
	}
	now, err := w.Facts.Followed(ctx, actor, numbers, nil, w.Now())
	if err != nil {
		return err
	}
	for _, s := range found {
		var of []status.Status
		for _, st := range now.Statuses {
			if st.Supplier == s.Number {
				of = append(of, st)
			}
		}
		row := newSupplierRow(s, worstOf(of), p.Query)
		if e, ok := now.Register[s.Number]; ok && e.Known(w.Now()) && e.Warns() {
			row.Warning = e.State()
		}
		p.Items = append(p.Items, row)
	}
	return w.show(c, code, "suppliers", p)
}

type supplierPage struct {
	Base
	// Waiting are declarations that wait for a second signature.
	Waiting []waitingRow
	// Todos are what the supplier ought to do, for those who can (Does), and
	// Reviewers the bodies that have reviewed its documentation: for itself only.
	Todos     []todo
	Does      bool
	Reviewers []reviewedBy
	Months    []reuse.Month
	Supplier  supplier.Supplier
	Own       bool
	Offerings []offeringRow
	Evidence  int
	KeysValid int
	Register  registered
	Watching  watching
	// MayVerify is set for an editor whose word about the supplier would count,
	// and MayEnd for every editor.
	MayVerify, MayEnd bool
}

type offeringRow struct {
	Offering supplier.Offering
	Statuses []status.Status
}

// None is the status of an offering nobody has declared anything about.
func (p supplierPage) None() status.Overall { return status.Missing }

// number reads the organisation number of the address.
func number(c *gin.Context) (organisation.Number, error) {
	n, err := organisation.ParseIdentifier(c.Param("orgnr"))
	if err != nil {
		return "", problem.New(problem.NotFound, "page.error.no-page", nil).Because(err)
	}
	return n, nil
}

// section is the menu entry of a supplier's page: one's own or any other.
func section(a access.Actor, n organisation.Number) string {
	if a.Has(access.Supplier) && a.Org == string(n) {
		return "own"
	}
	return "suppliers"
}

func (w *Web) supplier(c *gin.Context) error {
	ctx, actor := c.Request.Context(), w.actor(c)
	n, err := number(c)
	if err != nil {
		return err
	}
	s, err := w.Suppliers.Get(ctx, actor, n)
	own := actor.Has(access.Supplier) && actor.Org == string(n)
	if own && problem.KindOf(err) == problem.NotFound {
		return w.away(c, "/suppliers/"+string(n)+"/edit") // the first visit
	}
	if err != nil {
		return err
	}
	p := supplierPage{Base: w.base(c, section(actor, n)), Supplier: s, Own: own}
	if p.Watching, err = w.watching(c, notify.Target{Supplier: n}); err != nil {
		return err
	}
	entry, err := w.Facts.KnownInRegister(ctx, n)
	if err != nil {
		return err
	}
	p.Register = w.registered(entry, n, s.Name)
	p.MayVerify = mayVerify(actor, s)
	p.MayEnd = len(s.VerificationSteps()) > 0 && access.Check(actor, access.VerifySupplier, string(n)) == nil
	offerings, err := w.Suppliers.Offerings(ctx, actor, n)
	if err != nil {
		return err
	}
	statuses, err := w.Facts.OfSupplier(ctx, actor, n, w.Now())
	if err != nil {
		return err
	}
	for _, o := range offerings {
		row := offeringRow{Offering: o}
		for _, st := range statuses {
			if st.Offering == o.ID {
				row.Statuses = append(row.Statuses, st)
			}
		}
		p.Offerings = append(p.Offerings, row)
	}
	files, err := w.Evidence.Of(ctx, actor, n)
	if err != nil {
		return err
	}
	p.Evidence = len(files)
	if own {
		for _, k := range s.Keys {
			if k.Revoked == nil && w.Now().Before(k.ExpiresAt) {
				p.KeysValid++
			}
		}
	}
	if p.Does = own && access.Check(actor, access.PrepareStatement, string(n)) == nil; p.Does {
		if err := w.waiting(c, &p); err != nil {
			return err
		}
		if p.Todos, err = w.todos(c, statuses, files); err != nil {
			return err
		}
	}
	if own {
		if p.Reviewers, err = w.reviewers(c, n); err != nil {
			return err
		}
		if p.Months, err = w.Reuse.Months(ctx, actor, n, declarationsOf(statuses), locale.Zone()); err != nil {
			return err
		}
	}
	return w.show(c, http.StatusOK, "supplier", p)
}

type supplierEditPage struct {
	Base
	Number                 organisation.Number
	New                    bool
	Name, Country, Website Field
	// Where and RegisterNumber are of a supplier without a Norwegian number.
	Foreign               bool
	Where, RegisterNumber Field
	Register              registered
}

func (w *Web) supplierEdit(c *gin.Context) error {
	n, err := number(c)
	if err != nil {
		return err
	}
	if err := access.Check(w.actor(c), access.RegisterSupplier, string(n)); err != nil {
		return err
	}
	s, err := w.Suppliers.Get(c.Request.Context(), w.actor(c), n)
	fresh := problem.KindOf(err) == problem.NotFound
	if err != nil && !fresh {
		return err
	}
	if fresh {
		s = supplier.Supplier{Number: n, Country: n.RegisterCountry()}
		if w.actor(c).Org == string(n) {
			s.Name = w.actor(c).Name
		}
	}
	return w.showSupplierEdit(c, s, fresh, nil)
}

func (w *Web) showSupplierEdit(c *gin.Context, s supplier.Supplier, fresh bool, failed error) error {
	p := supplierEditPage{Base: w.base(c, section(w.actor(c), s.Number)), Number: s.Number, New: fresh, Foreign: s.Number.Foreign()}
	entry, err := w.suggested(c.Request.Context(), s.Number)
	if err != nil {
		return err
	}
	if fresh && entry != nil && entry.Name != "" {
		s.Name = entry.Name
	}
	p.Register = w.registered(entry, s.Number, s.Name)
	code := codeOf(failed)
	p.Form = newForm(w.texts(c), failed)
	p.Name = p.Form.field(Field{Name: "name", Label: "page.supplier-edit.name", Hint: "page.supplier-edit.name-hint", Value: s.Name, Autocomplete: "organization", Required: true})
	p.Country = p.Form.field(Field{Name: "country", Label: "form.country", Hint: "form.country-hint", Value: s.Country, Size: "s", Required: true})
	p.Website = p.Form.field(Field{Name: "website", Label: "page.supplier-edit.website", Hint: "page.supplier-edit.website-hint", Value: s.Website, Autocomplete: "url"})
	if p.Foreign {
		var r supplier.Registration
		if s.Registration != nil {
			r = *s.Registration
		}
		p.Where = p.Form.field(Field{Name: "registration.register", Label: "page.supplier-edit.register", Hint: "page.supplier-edit.register-hint", Value: r.Register, Required: true})
		p.RegisterNumber = p.Form.field(Field{Name: "registration.number", Label: "page.supplier-edit.register-number", Hint: "page.supplier-edit.register-number-hint", Value: r.Number, Size: "m", Required: true})
	}
	return w.show(c, code, "supplier-edit", p)
}

func (w *Web) supplierSave(c *gin.Context) error {
	n, err := number(c)
	if err != nil {
		return err
	}
	if err := parseForm(c); err != nil {
		return err
	}
	s := supplier.Supplier{Number: n, Name: line(c.PostForm("name")), Country: strings.ToUpper(line(c.PostForm("country"))), Website: line(c.PostForm("website"))}
	if n.Foreign() {
		s.Registration = &supplier.Registration{Register: line(c.PostForm("registration.register")), Number: line(c.PostForm("registration.number"))}
	}
	if _, _, err := w.Suppliers.Register(c.Request.Context(), w.actor(c), s); err != nil {
		if mendable(err) {
			return w.showSupplierEdit(c, s, false, err)
		}
		return err
	}
	return w.done(c, "page.supplier.saved", "/suppliers/"+string(n))
}

// worstOf orders statuses worst first, for a list.
func worstOf(all []status.Status) []status.Status {
	out := slices.Clone(all)
	order := status.Overalls()
	slices.SortStableFunc(out, func(a, b status.Status) int {
		return slices.Index(order, b.Overall) - slices.Index(order, a.Overall)
	})
	return out
}
