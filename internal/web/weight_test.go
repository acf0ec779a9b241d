package web

import (
	"bytes"
	"io/fs"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"felleskrav/templates"
)

// The most bytes a page may cost whom it is sent to, compressed and without
// fonts: the first time, and when the browser has kept what it may keep.
const (
	firstView = 150_000
	nextView  = 30_000
)

// kept matches the addresses of what pages load.
var kept = regexp.MustCompile(`(?:href|src)="/assets/([a-z]+\.[0-9a-f]{12}\.[a-z0-9]+)"`)

// imported matches what a script loads.
var imported = regexp.MustCompile(`from "\./([a-z]+\.[0-9a-f]{12}\.js)"`)

// weigh checks what a page costs.
func weigh(t *testing.T, s seen) {
	t.Helper()
	if s.header.Get("Content-Encoding") != "gzip" || !strings.Contains(strings.Join(s.header.Values("Vary"), ","), "Accept-Encoding") {
		t.Errorf("the page is not sent compressed: %v", s.header)
	}
	if s.sent > nextView {
		t.Errorf("the page is %d bytes, want at most %d", s.sent, nextView)
	}
	all, names := s.sent, map[string]bool{}
	var add func(string)
	add = func(name string) {
		if names[name] || strings.HasSuffix(name, ".woff2") {
			return
		}
		names[name] = true
		all += len(must[[]byte](t)(fs.ReadFile(templates.Dist, "dist/"+name+".gz")))
		if strings.HasSuffix(name, ".js") {
			for _, m := range imported.FindAllSubmatch(must[[]byte](t)(fs.ReadFile(templates.Dist, "dist/"+name)), -1) {
				add(string(m[1]))
			}
		}
	}
	for _, m := range kept.FindAllStringSubmatch(s.body, -1) {
		add(m[1])
	}
	if len(names) == 0 {
		t.Error("the page loads nothing, not even its style")
	}
	if all > firstView {
		t.Errorf("the page and what it loads are %d bytes, want at most %d", all, firstView)
	}
}

// What pages load has its content's hash for a name and is never asked for
// again; a page itself always is.
func TestCaching(t *testing.T) {
	s := newSite(t, false)
	b := s.visit("")
	page := b.get("/").must(t, 200)
	if got := page.header.Get("Cache-Control"); got != "private, no-cache" {
		t.Errorf("a page: %q", got)
	}
	for name, file := range must[assets](t)(loadAssets(templates.Dist)) {
		a := b.get("/assets/"+file).must(t, 200)
		if got := a.header.Get("Cache-Control"); got != "public, max-age=31536000, immutable" {
			t.Errorf("%s: %q", name, got)
		}
		if compressed := a.header.Get("Content-Encoding") == "gzip"; compressed == strings.HasSuffix(name, ".woff2") {
			t.Errorf("%s is compressed: %v", name, compressed)
		}
	}
	for header, want := range map[string]bool{"gzip": true, "br, gzip;q=0.5": true, "*": true, "": false, "identity": false, "gzip;q=0": false, "gzip; q=0, *": false, "br": false, "GZIP": true} {
		if got := takesGzip(header); got != want {
			t.Errorf("%q takes gzip: %v", header, got)
		}
	}
	req := must[*http.Request](t)(http.NewRequest(http.MethodGet, s.url+"/", nil))
	req.Header.Set("Accept-Encoding", "identity")
	resp := must[*http.Response](t)(b.client.Do(req))
	defer resp.Body.Close()
	if resp.Header.Get("Content-Encoding") != "" {
		t.Error("a page is compressed for somebody who cannot read that")
	}
}

// The length of a compressed page is not that of its content.
func TestLengthTellsNothing(t *testing.T) {
	lengths := map[int]bool{}
	for range 50 {
		var b strings.Builder
		if err := compress(&b, bytes.Repeat([]byte("Felleskrav. "), 500)); err != nil {
			t.Fatal(err)
		}
		lengths[b.Len()] = true
	}
	if len(lengths) < 10 {
		t.Errorf("50 times the same page has %d lengths", len(lengths))
	}
}
