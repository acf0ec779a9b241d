package api

import "testing"

// What is for one reader is kept nowhere; what is the same for all may be.
func TestWhatIsKept(t *testing.T) {
	h := newHouse(t)
	for _, s := range []struct{ who, path, want string }{
		{"", "/api/v1/levels", "private, no-cache"},
		{"supplier", "/api/v1/levels", "no-store"},
		{"supplier", "/api/v1/requirement-sets/grunnsett/versions/1.0.0", "public, max-age=86400, immutable"},
		{"", "/log/key", "public, max-age=300"},
	} {
		r := h.want(200, s.who, "GET", s.path, nil)
		if got := r.header.Get("Cache-Control"); got != s.want {
			t.Errorf("%s as %q: %q, want %q", s.path, s.who, got, s.want)
		}
		if s.want[0:3] != "pub" && r.header.Get("Vary") == "" {
			t.Errorf("%s as %q: no Vary", s.path, s.who)
		}
	}
}
