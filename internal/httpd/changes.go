package httpd

import (
	"net/http"
	"sync/atomic"

	"github.com/gin-gonic/gin"
)

// changes counts the requests that may have changed something.
type changes struct {
	begun, ended atomic.Uint64
}

// safe reports whether a method by its definition changes nothing (RFC 9110
// §9.2.1).
func safe(method string) bool {
	return method == http.MethodGet || method == http.MethodHead || method == http.MethodOptions
}

// Quiet tells a cache whether it may trust for a moment what it has checked:
// the number is the same as long as no request that may change something has
// been under way on this server, and ok is false while one is. What other
// servers do on the same store does not show.
func Quiet(c *gin.Context) (generation uint64, ok bool) {
	s := of(c).server
	if s == nil {
		return 0, false
	}
	ended := s.changes.ended.Load()
	return ended, s.changes.begun.Load() == ended
}
