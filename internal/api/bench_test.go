package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
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

// BenchmarkSubmit submits declarations over HTTP, each durable and logged
// when it is answered.
func BenchmarkSubmit(b *testing.B) {
	h := newHouse(b)
	offering, key := h.supplierWith(ours)
	var statement map[string]any
	if err := json.Unmarshal(h.prepared(ours, offering, "skytjenester"), &statement); err != nil {
		b.Fatal(err)
	}
	answers := statement["predicate"].(map[string]any)["answers"].([]any)
	bundles := make([][]byte, b.N)
	for i := range bundles {
		answers[0].(map[string]any)["statement"] = fmt.Sprintf("Svar nummer %d.", i)
		body, err := json.Marshal(statement)
		if err != nil {
			b.Fatal(err)
		}
		bundles[i] = h.sign(key, body)
	}
	token := h.token("supplier")
	client := h.server.Client()
	client.Transport.(*http.Transport).MaxIdleConnsPerHost = 64
	var next atomic.Int64
	b.SetParallelism(8)
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			req, err := http.NewRequestWithContext(b.Context(), "POST", h.server.URL+"/api/v1/attestations", bytes.NewReader(bundles[next.Add(1)-1]))
			if err != nil {
				b.Error(err)
				return
			}
			req.Header.Set("Authorization", "Bearer "+token)
			req.Header.Set("Content-Type", bundleType)
			res, err := client.Do(req)
			if err != nil {
				b.Error(err)
				return
			}
			_, _ = io.Copy(io.Discard, res.Body)
			_ = res.Body.Close()
			if res.StatusCode != http.StatusCreated {
				b.Errorf("status %d", res.StatusCode)
				return
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "submits/s")
	b.ReportMetric(float64(len(answers)), "answers")
}

func BenchmarkNew(b *testing.B) {
	for b.Loop() {
		if _, err := loadContract(); err != nil {
			b.Fatal(err)
		}
	}
}
