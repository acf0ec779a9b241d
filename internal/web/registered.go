package web

import (
	"context"
	"strconv"

	"github.com/gin-gonic/gin"

	"felleskrav/internal/access"
	"felleskrav/internal/organisation"
	"felleskrav/internal/problem"
	"felleskrav/internal/supplier"
)

// registered is what the register of legal entities says about an organisation,
// as the partial of that name draws it.
type registered struct {
	// On tells whether the register is asked at all.
	On    bool
	Entry *organisation.RegisterEntry
	// Differs: the organisation has given another name than the register has.
	Differs bool
}

func (w *Web) registered(entry *organisation.RegisterEntry, n organisation.Number, name string) registered {
	return registered{On: w.Facts.RegisterOn() && !n.Foreign(), Entry: entry, Differs: entry != nil && entry.Differs(name)}
}

// suggested waits a moment for what the register says about somebody who is
// registering.
func (w *Web) suggested(ctx context.Context, n organisation.Number) (*organisation.RegisterEntry, error) {
	if !w.Register.On() {
		return w.Facts.KnownInRegister(ctx, n)
	}
	return w.Register.Ask(ctx, n)
}

// Verifies tells whether the reader can verify the supplier: an editor who has
// not done so.
func (p supplierPage) Verifies() bool {
	return p.MayVerify && !p.Supplier.Verified() && p.Supplier.Registration != nil
}

// mayVerify tells whether the reader's word about a supplier would count.
func mayVerify(a access.Actor, s supplier.Supplier) bool {
	if !s.Number.Foreign() || a.Org == string(s.Number) || access.Check(a, access.VerifySupplier, string(s.Number)) != nil {
		return false
	}
	for _, step := range s.VerificationSteps() {
		if step.By == a.ID {
			return false
		}
	}
	return true
}

// verify takes an editor's word about a foreign supplier, or takes it back.
func (w *Web) verify(c *gin.Context) error {
	n, err := number(c)
	if err != nil {
		return err
	}
	if err := parseForm(c); err != nil {
		return err
	}
	// The editor's word is about what stood on the page.
	rev, err := strconv.ParseInt(c.PostForm("rev"), 10, 64)
	if err != nil || rev < 1 {
		return problem.New(problem.Stale, "supplier.stale", nil)
	}
	change, notice := w.Suppliers.Verify, "page.supplier.verified-saved"
	if c.PostForm("end") == "yes" {
		change, notice = w.Suppliers.EndVerification, "page.supplier.verified-ended"
	}
	if _, err := change(c.Request.Context(), w.actor(c), n, rev); err != nil {
		return err
	}
	return w.done(c, notice, "/suppliers/"+string(n))
}
