package httpd

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
)

// pair writes a certificate for 127.0.0.1 and its key.
func pair(t *testing.T, dir, name string) (certFile, keyFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(now.UnixNano()), Subject: pkix.Name{CommonName: name}, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	certFile, keyFile = filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key")
	for file, block := range map[string]*pem.Block{certFile: {Type: "CERTIFICATE", Bytes: der}, keyFile: {Type: "PRIVATE KEY", Bytes: private}} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return certFile, keyFile
}

func TestTLS(t *testing.T) {
	dir := t.TempDir()
	certFile, keyFile := pair(t, dir, "first")
	cert, err := LoadCertificate(certFile, keyFile, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	again := make(chan os.Signal)
	go cert.Run(t.Context(), 20*time.Millisecond, again)
	h := newHouse(t, nil)
	h.srv.Mount(feature(func(r gin.IRouter) {
		r.GET("/x", func(c *gin.Context) { c.String(200, "%s %v", c.Request.Proto, Secure(c)) })
	}))
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv := h.srv.HTTP("")
	srv.TLSConfig = cert.Config()
	go srv.ServeTLS(Connections{Max: 100, PerAddress: 100}.Over(l), "", "") //nolint:errcheck // ends with the test
	defer srv.Close()

	dial := func(change func(*tls.Config)) (*tls.ConnectionState, error) {
		c := &tls.Config{InsecureSkipVerify: true}
		if change != nil {
			change(c)
		}
		conn, err := tls.Dial("tcp", l.Addr().String(), c)
		if err != nil {
			return nil, err
		}
		defer conn.Close()
		state := conn.ConnectionState()
		return &state, nil
	}
	name := func() string {
		state, err := dial(nil)
		if err != nil {
			t.Fatal(err)
		}
		if state.Version != tls.VersionTLS13 {
			t.Errorf("version %x", state.Version)
		}
		return state.PeerCertificates[0].Subject.CommonName
	}
	if _, err := dial(func(c *tls.Config) { c.MinVersion, c.MaxVersion = tls.VersionTLS10, tls.VersionTLS11 }); err == nil {
		t.Error("TLS 1.1 was taken")
	}
	if state, err := dial(func(c *tls.Config) { c.MaxVersion = tls.VersionTLS12 }); err != nil || state.Version != tls.VersionTLS12 {
		t.Errorf("TLS 1.2: %v", err)
	}
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, ForceAttemptHTTP2: true}}
	res, err := client.Get("https://" + l.Addr().String() + "/x")
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(res.Body)
	_ = res.Body.Close()
	if string(body) != "HTTP/2.0 true" {
		t.Errorf("served as %s", body)
	}

	if n := name(); n != "first" {
		t.Errorf("certificate %s", n)
	}
	wait := func(want string) {
		t.Helper()
		for deadline := time.Now().Add(10 * time.Second); name() != want; time.Sleep(10 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("the certificate is still %s, want %s", name(), want)
			}
		}
	}
	pair(t, dir, "second")
	wait("second")
	// Half of a pair changes nothing.
	if err := os.WriteFile(certFile, []byte("nonsense"), 0o600); err != nil {
		t.Fatal(err)
	}
	again <- syscall.SIGHUP
	time.Sleep(100 * time.Millisecond)
	if n := name(); n != "second" {
		t.Errorf("certificate %s", n)
	}
	pair(t, dir, "third")
	wait("third")
	if _, err := LoadCertificate(certFile, filepath.Join(dir, "missing"), nil); err == nil {
		t.Error("a missing key was taken")
	}
}

// Connections beyond the cap are closed at once; an address that has none
// finds room a little longer.
func TestConnections(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	h := newHouse(t, nil)
	srv := h.srv.HTTP("")
	go srv.Serve(Connections{Max: 16, PerAddress: 10, Proxies: prefixes("127.0.0.9/32")}.Over(l)) //nolint:errcheck // ends with the test
	defer srv.Close()
	// open gives how many of n connections from an address are answered, and
	// leaves them open.
	var conns []net.Conn
	open := func(from string, n int) (answered int) {
		for range n {
			d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}
			conn, err := d.Dial("tcp", l.Addr().String())
			if err != nil {
				continue
			}
			conns = append(conns, conn)
			_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
			_, _ = io.WriteString(conn, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
			if k, err := conn.Read(make([]byte, 4096)); err == nil && k > 0 {
				answered++
			}
		}
		return answered
	}
	for _, s := range []struct {
		from    string
		n, want int
	}{{"127.0.0.1", 12, 10}, {"127.0.0.2", 12, 6}, {"127.0.0.3", 2, 1}, {"127.0.0.4", 2, 1}, {"127.0.0.5", 1, 0}} {
		if got := open(s.from, s.n); got != s.want {
			t.Errorf("%s: %d of %d, want %d", s.from, got, s.n, s.want)
		}
	}
	for _, c := range conns {
		_ = c.Close()
	}
	conns = nil
	time.Sleep(100 * time.Millisecond)
	if got := open("127.0.0.9", 12); got != 12 {
		t.Errorf("a proxy: %d of 12", got)
	}
	for _, c := range conns {
		_ = c.Close()
	}
}
