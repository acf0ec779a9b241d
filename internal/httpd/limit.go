package httpd

import (
	"net/http"

	"github.com/gin-gonic/gin"
)

// Limit refuses bodies of more than max bytes: at once when their length is
// stated, else when reading passes it.
func Limit(max int64) gin.HandlerFunc {
	return func(c *gin.Context) {
		if c.Request.ContentLength > max {
			// The rest is not worth reading.
			c.Header("Connection", "close")
			Fail(c, TooLarge(max))
			return
		}
		if c.Request.Body != nil {
			c.Request.Body = http.MaxBytesReader(c.Writer, c.Request.Body, max)
		}
	}
}
