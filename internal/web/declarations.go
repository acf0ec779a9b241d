package web

import (
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"felleskrav/internal/attestation"
	"felleskrav/internal/problem"
	"felleskrav/internal/status/facts"
)

type declarationsPage struct {
	Base
	Items []declarationRow
	Next  string
	// First tells that nothing newer is left out.
	First bool
}

type declarationRow struct {
	facts.Declared
	// Offering is its name as it is now.
	Offering string
}

// shownDeclarations is how many stand on one page.
const shownDeclarations = 25

// declarations lists what anybody has declared, the newest first.
func (w *Web) declarations(c *gin.Context) error {
	ctx, actor := c.Request.Context(), w.actor(c)
	after, ok := readPosition(c.Query("after"))
	if !ok {
		return problem.New(problem.Invalid, "page.error.form", nil)
	}
	all, err := w.Facts.Newest(ctx, actor, after, shownDeclarations+1)
	if err != nil {
		return err
	}
	p := declarationsPage{Base: w.base(c, "declarations"), First: after.Digest == ""}
	if len(all) > shownDeclarations {
		all = all[:shownDeclarations]
		p.Next = "/declarations?" + query("after", writePosition(all[shownDeclarations-1].Record))
	}
	ids := make([]string, len(all))
	for i, d := range all {
		ids[i] = d.Record.Offering
	}
	offerings, err := w.Suppliers.OfferingsByID(ctx, actor, ids)
	if err != nil {
		return err
	}
	names := make(map[string]string, len(offerings))
	for _, o := range offerings {
		names[o.ID] = o.Name
	}
	for _, d := range all {
		p.Items = append(p.Items, declarationRow{d, names[d.Record.Offering]})
	}
	return w.show(c, http.StatusOK, "declarations", p)
}

var positionForm = regexp.MustCompile(`^[0-9]{1,15}-[0-9a-f]{64}$`)

// readPosition reads where a page of the list begins; "" is at the top.
func readPosition(s string) (attestation.Position, bool) {
	if s == "" {
		return attestation.Position{}, true
	}
	if !positionForm.MatchString(s) {
		return attestation.Position{}, false
	}
	at, digest, _ := strings.Cut(s, "-")
	ms, err := strconv.ParseInt(at, 10, 64)
	return attestation.Position{ReceivedAt: time.UnixMilli(ms).UTC(), Digest: digest}, err == nil
}

func writePosition(r attestation.Record) string {
	return strconv.FormatInt(r.ReceivedAt.UnixMilli(), 10) + "-" + r.Digest
}
