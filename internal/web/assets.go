package web

import (
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
	"sync"

	"github.com/gin-gonic/gin"
)

// addTypes names types that are not in every system's list. It reads these
// lists, and so is for servers alone.
var addTypes = sync.OnceFunc(func() { _ = mime.AddExtensionType(".woff2", "font/woff2") })

// asset serves a built file. Its name holds a hash of its content, so that a
// browser may keep it for ever.
func (w *Web) asset(c *gin.Context) {
	name := path.Base(c.Param("name"))
	if strings.HasSuffix(name, ".gz") || name == "manifest.json" {
		w.NotFound(c)
		return
	}
	h := c.Writer.Header()
	file := "dist/" + name
	if _, err := fs.Stat(w.dist, file+".gz"); err == nil {
		h.Add("Vary", "Accept-Encoding")
		if takesGzip(c.GetHeader("Accept-Encoding")) {
			h.Set("Content-Encoding", "gzip")
			file += ".gz"
		}
	}
	b, err := fs.ReadFile(w.dist, file)
	if err != nil {
		w.NotFound(c)
		return
	}
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	c.Data(http.StatusOK, mime.TypeByExtension(path.Ext(name)), b)
}
