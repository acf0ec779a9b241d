package web

import (
	"net/http"

	"github.com/gin-gonic/gin"
)

type accessibilityPage struct {
	Base
	Operator Operator
}

// accessibility says what was tested of the pages, what was not, and where to
// complain.
func (w *Web) accessibility(c *gin.Context) error {
	return w.show(c, http.StatusOK, "accessibility", accessibilityPage{w.base(c, ""), w.Operator})
}
