package safehttp_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"felleskrav/internal/safehttp"
)

func TestPublic(t *testing.T) {
	for text, want := range map[string]bool{
		"1.1.1.1": true, "9.255.255.255": true, "11.0.0.0": true, "172.15.255.255": true, "172.32.0.0": true, "192.167.255.255": true,
		"100.63.255.255": true, "100.128.0.0": true, "169.253.255.255": true, "223.255.255.255": true, "2001:200::1": true, "2a00:1450::1": true,
		"::ffff:1.1.1.1": true, "64:ff9b::1.1.1.1": true,

		"0.0.0.0": false, "0.1.2.3": false, "10.0.0.1": false, "100.64.0.1": false, "100.100.100.200": false, "127.0.0.1": false, "127.8.8.8": false,
		"169.254.169.254": false, "172.16.0.1": false, "172.31.255.255": false, "192.0.0.1": false, "192.168.1.1": false, "198.19.0.1": false,
		"224.0.0.1": false, "240.0.0.1": false, "255.255.255.255": false,
		"::": false, "::1": false, "::ffff:127.0.0.1": false, "::ffff:10.0.0.1": false, "::7f00:1": false, "fe80::1": false, "fec0::1": false,
		"fc00::1": false, "fd00:ec2::254": false, "ff02::1": false, "64:ff9b::7f00:1": false, "64:ff9b::a9fe:a9fe": false, "64:ff9b:1::1": false,
		"2002:7f00:1::1": false, "2001::1": false, "2001:db8::1": false, "100::1": false, "2a00:1450::1%eth0": false,
	} {
		if got := safehttp.Public(netip.MustParseAddr(text)); got != want {
			t.Errorf("%s: public is %t", text, got)
		}
	}
	if safehttp.Public(netip.Addr{}) {
		t.Error("the zero address is public")
	}
}

// Nothing that the standard library calls local is public, and every way to write an IPv4 address gives
// the same answer.
func TestPublicAgrees(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		four := [4]byte(rapid.SliceOfN(rapid.Byte(), 4, 4).Draw(t, "address"))
		a := netip.AddrFrom4(four)
		local := a.IsPrivate() || a.IsLoopback() || a.IsLinkLocalUnicast() || a.IsMulticast() || a.IsUnspecified()
		if got := safehttp.Public(a); got && local || got != safehttp.Public(netip.AddrFrom16(a.As16())) {
			t.Fatalf("%s: %t", a, got)
		}
		six := netip.AddrFrom16([16]byte(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "address")))
		if safehttp.Public(six) && (six.IsPrivate() || six.IsLoopback() || six.IsLinkLocalUnicast() || six.IsMulticast()) {
			t.Fatalf("%s is public", six)
		}
	})
}

func get(t *testing.T, c safehttp.Config, url string, limit int64) ([]byte, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	return safehttp.Fetch(t.Context(), safehttp.Client(c), req, limit)
}

func TestPrivateAddressesAreNotReached(t *testing.T) {
	reached := 0
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached++ }))
	defer server.Close()
	port := server.URL[strings.LastIndex(server.URL, ":"):]
	for _, host := range []string{"127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "10.255.255.1", "169.254.169.254", "[fe80::1]"} {
		if _, err := get(t, safehttp.Config{Timeout: 5 * time.Second}, "http://"+host+port, 10); !errors.Is(err, safehttp.ErrAddress) {
			t.Errorf("%s: %v", host, err)
		}
	}
	if reached != 0 {
		t.Errorf("the server was reached %d times", reached)
	}
	if _, err := get(t, safehttp.Config{AllowPrivate: true}, server.URL, 10); err != nil || reached != 1 {
		t.Errorf("with leave: %v, reached %d times", err, reached)
	}
}

func TestProxyIsNotUsed(t *testing.T) {
	proxy := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the proxy was asked") }))
	defer proxy.Close()
	t.Setenv("HTTP_PROXY", proxy.URL)
	if _, err := get(t, safehttp.Config{}, "http://10.0.0.1/", 10); !errors.Is(err, safehttp.ErrAddress) {
		t.Error(err)
	}
}

func TestFetch(t *testing.T) {
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	defer server.Close()
	secure := httptest.NewTLSServer(http.RedirectHandler(server.URL+"/ten", http.StatusFound))
	defer secure.Close()
	to := func(path, target string) { mux.Handle(path, http.RedirectHandler(target, http.StatusFound)) }
	mux.HandleFunc("/ten", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "0123456789") })
	mux.HandleFunc("/chunks", func(w http.ResponseWriter, _ *http.Request) {
		for range 11 {
			_, _ = io.WriteString(w, "0")
			w.(http.Flusher).Flush()
		}
	})
	mux.HandleFunc("/hang", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	mux.HandleFunc("/drip", func(w http.ResponseWriter, r *http.Request) {
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	})
	to("/one", "/ten")
	to("/two", "/one")
	to("/three", "/two")
	to("/four", "/three")
	to("/file", "file:///etc/hostname")
	to("/ftp", "ftp://ftp.example.no/")
	to("/password", "http://user:secret@"+strings.TrimPrefix(server.URL, "http://")+"/ten")
	short := safehttp.Config{AllowPrivate: true, Timeout: 300 * time.Millisecond}
	for path, want := range map[string]error{
		"/ten": nil, "/one": nil, "/three": nil, "/four": safehttp.ErrRedirect, "/file": safehttp.ErrRedirect, "/ftp": safehttp.ErrRedirect,
		"/password": safehttp.ErrURL, "/none": safehttp.ErrStatus, "/chunks": safehttp.ErrTooLarge,
		"/hang": context.DeadlineExceeded, "/drip": context.DeadlineExceeded,
	} {
		c := safehttp.Config{AllowPrivate: true}
		if want == context.DeadlineExceeded {
			c = short
		}
		body, err := get(t, c, server.URL+path, 10)
		if !errors.Is(err, want) || (want == nil && string(body) != "0123456789") {
			t.Errorf("%s: %q, %v; want %v", path, body, err, want)
		}
	}
	if _, err := get(t, safehttp.Config{AllowPrivate: true}, server.URL+"/ten", 9); !errors.Is(err, safehttp.ErrTooLarge) {
		t.Errorf("ten bytes of nine: %v", err)
	}
	// From https back to http, with a client that trusts the test's certificate.
	client := safehttp.Client(safehttp.Config{AllowPrivate: true})
	trusting := secure.Client()
	trusting.CheckRedirect = client.CheckRedirect
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, secure.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := safehttp.Fetch(t.Context(), trusting, req, 10); !errors.Is(err, safehttp.ErrRedirect) {
		t.Errorf("from https to http: %v", err)
	}
}

func TestCheckURL(t *testing.T) {
	for text, good := range map[string]bool{
		"http://crl.example.no/a.crl": true, "https://crl.example.no:8443/?a=b": true,
		"ldap://ldap.example.no/cn=x": false, "file:///etc/passwd": false, "http://": false, "http:///x": false, "http:x": false, "//example.no/": false,
		"/x": false, "": false, "http://u@example.no/": false, "HTTP://example.no": true,
	} {
		u, err := url.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		if err := safehttp.CheckURL(u); (err == nil) != good || (err != nil && !errors.Is(err, safehttp.ErrURL)) {
			t.Errorf("%s: %v", text, err)
		}
	}
}
