package web

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
	"pgregory.net/rapid"
)

// Whatever a file is called and wherever a form wants to go on to, the answer
// has the headers it should and leads to this site.
func TestHeadersFromInput(t *testing.T) {
	gin.SetMode(gin.ReleaseMode)
	rapid.Check(t, func(t *rapid.T) {
		pieces := rapid.SliceOf(rapid.SampledFrom([]string{"\r\n", "\n", "\"", ";", "X-Evil: b", "/", "//", "\\", "evil.example", "http:", "æ", "a", "\x00", "%0d%0a", "\t"}))
		name, to := strings.Join(pieces.Draw(t, "name"), ""), strings.Join(pieces.Draw(t, "to"), "")
		rec := httptest.NewRecorder()
		c, _ := gin.CreateTestContext(rec)
		c.Request = httptest.NewRequest(http.MethodGet, "/x", nil)
		attach(c, name, "text/plain")
		for _, v := range rec.Header() {
			if strings.ContainsAny(v[0], "\r\n\x00") {
				t.Fatalf("%q", v[0])
			}
		}
		if strings.Count(rec.Header().Get("Content-Disposition"), "\"") > 0 {
			t.Fatalf("%q", rec.Header())
		}
		switch got := local(to, "/"); {
		case !strings.HasPrefix(got, "/"), strings.HasPrefix(got, "//"), strings.ContainsAny(got, "\r\n\\"):
			t.Fatalf("%q leads to %q", to, got)
		}
	})
}
