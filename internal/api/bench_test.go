package api

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/gin-gonic/gin"
)

// BenchmarkStatus reads a status over HTTP beside its floor: a bare gin
// handler that sends the same bytes. The budget is 0.4 of the floor's rate.
func BenchmarkStatus(b *testing.B) {
	h := newHouse(b)
	offering, key := h.supplierWith(ours)
	h.declare(ours, offering, "skytjenester", key)
	path := "/api/v1/offerings/" + offering + "/status?set=skytjenester"
	body := h.want(200, "", "GET", path, nil).body

	bare := gin.New()
	bare.GET("/status", func(c *gin.Context) { c.Data(http.StatusOK, "application/json", body) })
	floor := httptest.NewServer(bare)
	b.Cleanup(floor.Close)

	b.Run("floor", func(b *testing.B) { load(b, floor, "/status", len(body)) })
	b.Run("status", func(b *testing.B) { load(b, h.server, path, len(body)) })
}

func load(b *testing.B, s *httptest.Server, path string, size int) {
	b.SetParallelism(8)
	client := s.Client()
	client.Transport.(*http.Transport).MaxIdleConnsPerHost = 64
	b.SetBytes(int64(size))
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			res, err := client.Get(s.URL + path)
			if err != nil {
				b.Error(err)
				return
			}
			n, err := io.Copy(io.Discard, res.Body)
			_ = res.Body.Close()
			if err != nil || int(n) != size {
				b.Errorf("%d bytes, %v", n, err)
				return
			}
		}
	})
}
