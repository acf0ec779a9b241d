package httpd

import (
	"net/http"
	"net/netip"
	"testing"

	"github.com/gin-gonic/gin"
	"pgregory.net/rapid"
)

func prefixes(text ...string) []netip.Prefix {
	var out []netip.Prefix
	for _, t := range text {
		out = append(out, netip.MustParsePrefix(t))
	}
	return out
}

func TestPeer(t *testing.T) {
	proxies := prefixes("10.0.0.0/8", "2001:db8:1::/48")
	for _, s := range []struct {
		name, conn string
		xff        []string
		proto      string
		client     string
		secure     bool
	}{
		{name: "direct", conn: "192.0.2.1:1", client: "192.0.2.1"},
		{name: "a stranger's word", conn: "192.0.2.1:1", xff: []string{"198.51.100.7"}, proto: "https", client: "192.0.2.1"},
		{name: "a proxy", conn: "10.0.0.1:1", xff: []string{"198.51.100.7"}, proto: "https", client: "198.51.100.7", secure: true},
		{name: "what the client made up is to the left", conn: "10.0.0.1:1", xff: []string{"127.0.0.1, 198.51.100.7"}, client: "198.51.100.7"},
		{name: "in headers of its own", conn: "10.0.0.1:1", xff: []string{"127.0.0.1", "198.51.100.7"}, client: "198.51.100.7"},
		{name: "two proxies", conn: "10.0.0.1:1", xff: []string{"198.51.100.7, 10.2.3.4"}, client: "198.51.100.7"},
		{name: "only proxies", conn: "10.0.0.1:1", xff: []string{"10.9.9.9, 10.2.3.4"}, client: "10.9.9.9"},
		{name: "nonsense", conn: "10.0.0.1:1", xff: []string{"198.51.100.7, x"}, client: "10.0.0.1"},
		{name: "nonsense behind a proxy", conn: "10.0.0.1:1", xff: []string{"198.51.100.7, x, 10.2.3.4"}, client: "10.2.3.4"},
		{name: "empty", conn: "10.0.0.1:1", xff: []string{""}, client: "10.0.0.1"},
		{name: "with a port", conn: "10.0.0.1:1", xff: []string{"198.51.100.7:443"}, client: "198.51.100.7"},
		{name: "IPv6", conn: "[2001:db8:1::1]:1", xff: []string{"[2001:db8:9::7]:443"}, client: "2001:db8:9::7"},
		{name: "IPv4 in IPv6", conn: "[::ffff:10.0.0.1]:1", xff: []string{"::ffff:198.51.100.7"}, client: "198.51.100.7"},
		{name: "a zone", conn: "[fe80::1%eth0]:1", client: "fe80::1"},
		{name: "no address", conn: "@", client: ""},
	} {
		r := &http.Request{RemoteAddr: s.conn, Header: http.Header{}}
		for _, x := range s.xff {
			r.Header.Add("X-Forwarded-For", x)
		}
		if s.proto != "" {
			r.Header.Set("X-Forwarded-Proto", s.proto)
		}
		p := peerOf(r, proxies)
		if got := p.client; got.IsValid() && got.String() != s.client || got.IsValid() != (s.client != "") || p.secure != s.secure {
			t.Errorf("%s: %s, secure %v", s.name, got, p.secure)
		}
	}
}

// Without trusted proxies no header changes who the client is.
func TestStrangersHeadersCountForNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := &http.Request{RemoteAddr: "192.0.2.1:1", Header: http.Header{
			"X-Forwarded-For":   rapid.SliceOf(rapid.String()).Draw(t, "for"),
			"X-Forwarded-Proto": rapid.SliceOf(rapid.String()).Draw(t, "proto"),
		}}
		if p := peerOf(r, prefixes("10.0.0.0/8")); p.client.String() != "192.0.2.1" || p.secure || p.plain || p.local() {
			t.Fatalf("%+v", p)
		}
	})
}

func TestClientIPOfARequest(t *testing.T) {
	h := newHouse(t, func(c *Config) { c.Proxies = prefixes("192.0.2.0/24") })
	h.srv.Mount(feature(func(r gin.IRouter) {
		r.GET("/who", func(c *gin.Context) { c.String(200, "%s %v", ClientIP(c), Secure(c)) })
	}))
	if w := h.do("GET", "/who", nil, "X-Forwarded-For", "198.51.100.7", "X-Forwarded-Proto", "https"); w.Body.String() != "198.51.100.7 true" {
		t.Error(w.Body)
	}
}
