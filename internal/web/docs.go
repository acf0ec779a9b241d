package web

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"felleskrav/internal/apidoc"
	"felleskrav/internal/problem"
)

type docsPage struct {
	Base
	Document apidoc.Document
	// Tag is the group that is shown; on the first page none is.
	Tag     apidoc.Tag
	Chosen  bool
	BaseURL string
}

// docs shows the contract of the interface for programs: the groups with their
// operations, and what holds for all of them.
func (w *Web) docs(c *gin.Context) error {
	return w.show(c, http.StatusOK, "docs", docsPage{Base: w.base(c, "docs"), Document: w.document(), BaseURL: w.BaseURL})
}

// docsTag shows one group of operations whole.
func (w *Web) docsTag(c *gin.Context) error {
	doc := w.document()
	tag, ok := doc.Tag(c.Param("tag"))
	if !ok {
		return problem.New(problem.NotFound, "page.error.no-item", nil)
	}
	return w.show(c, http.StatusOK, "docs", docsPage{Base: w.base(c, "docs"), Document: doc, Tag: tag, Chosen: true, BaseURL: w.BaseURL})
}
