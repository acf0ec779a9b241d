package web

import (
	"github.com/gin-gonic/gin"

	"felleskrav/internal/attestation"
	"felleskrav/internal/catalogue"
	"felleskrav/internal/problem"
)

// renewal shows the statement that renews a declaration, with the requirements
// to read again first. What cannot be renewed so says why on its own page.
func (w *Web) renewal(c *gin.Context) error {
	ctx, actor, digest := c.Request.Context(), w.actor(c), c.Param("digest")
	r, err := w.Attestations.Get(ctx, actor, digest)
	if err != nil {
		return err
	}
	out, err := w.Attestations.PrepareRenewal(ctx, actor, digest, w.Now().AddDate(1, 0, 0))
	if mendable(err) {
		return w.showAttestation(c, err)
	}
	if err != nil {
		return err
	}
	a, err := w.answeringFor(c, r.Offering, out.Version)
	if err != nil {
		return err
	}
	return w.showStatement(c, a, out.Statement, len(r.Answers), nil, out.Reworded...)
}

// answeringFor is what a statement is shown with that was not made on the
// answers' page.
func (w *Web) answeringFor(c *gin.Context, offering string, v catalogue.Version) (answering, error) {
	ctx, actor := c.Request.Context(), w.actor(c)
	o, err := w.Suppliers.Offering(ctx, actor, offering)
	if err != nil {
		return answering{}, err
	}
	s, err := w.Suppliers.Get(ctx, actor, o.Supplier)
	return answering{o, s, v}, err
}

// second shows a declaration that somebody else of the supplier has signed, to
// be signed by one more.
func (w *Web) second(c *gin.Context) error {
	n, err := number(c)
	if err != nil {
		return err
	}
	all, err := w.Attestations.WaitingFor(c.Request.Context(), w.actor(c), n)
	if err != nil {
		return err
	}
	for _, x := range all {
		if x.Attestation != c.Param("digest") {
			continue
		}
		v, ok := w.Catalogue.Content().Version(x.Set, x.SetVersion)
		if !ok {
			break
		}
		a, err := w.answeringFor(c, x.Offering, v)
		if err != nil {
			return err
		}
		return w.showStatement(c, a, x.Statement, 0, nil)
	}
	return problem.New(problem.NotFound, "attestation.not-found", nil)
}

// waitingRow is a declaration that waits for its second signature.
type waitingRow struct {
	attestation.Waiting
	OfferingName string
	Version      catalogue.Version
	SignedBy     string
}

// waiting lists what waits for a second signature at the supplier.
func (w *Web) waiting(c *gin.Context, p *supplierPage) error {
	all, err := w.Attestations.WaitingFor(c.Request.Context(), w.actor(c), p.Supplier.Number)
	if err != nil {
		return err
	}
	for _, x := range all {
		row := waitingRow{Waiting: x}
		for _, o := range p.Offerings {
			if o.Offering.ID == x.Offering {
				row.OfferingName = o.Offering.Name
			}
		}
		row.Version, _ = w.Catalogue.Content().Version(x.Set, x.SetVersion)
		k, _ := p.Supplier.Key(x.KeyID)
		row.SignedBy = k.Label
		p.Waiting = append(p.Waiting, row)
	}
	return nil
}

// fourEyes asks for two signers, or for one.
func (w *Web) fourEyes(c *gin.Context) error {
	n, err := number(c)
	if err != nil {
		return err
	}
	if err := parseForm(c); err != nil {
		return err
	}
	s, err := w.Suppliers.SetFourEyes(c.Request.Context(), w.actor(c), n, c.PostForm("required") == "yes")
	if err != nil {
		if mendable(err) {
			return w.showKeys(c, err)
		}
		return err
	}
	notice := "page.keys.four-eyes-off"
	if s.FourEyes {
		notice = "page.keys.four-eyes-on"
	}
	return w.done(c, notice, "/suppliers/"+string(n)+"/keys")
}

// received tells what became of a bundle, and shows it.
func (w *Web) received(c *gin.Context, r attestation.Receipt) error {
	if r.Waiting != "" {
		return w.done(c, "page.attestation.waits", "/suppliers/"+string(r.Supplier))
	}
	return w.done(c, "page.attestation.received", "/attestations/"+r.Attestation)
}
