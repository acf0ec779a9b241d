package web

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"felleskrav/internal/access"
)

type frontPage struct {
	Base
	SupplierURL         string
	Tasks, Requirements int
	LogSize             int64
}

func (w *Web) front(c *gin.Context) error {
	size, err := w.Log.Size(c.Request.Context())
	if err != nil {
		return err
	}
	p := frontPage{
		Base: w.base(c, ""), SupplierURL: "/login?next=/suppliers",
		Tasks: len(w.Catalogue.Content().Tasks), Requirements: len(w.Catalogue.Content().Requirements()), LogSize: size,
	}
	if p.Actor.Has(access.Supplier) {
		p.SupplierURL = "/suppliers/" + p.Actor.Org
	}
	return w.show(c, http.StatusOK, "front", p)
}
