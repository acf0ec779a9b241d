package main

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"felleskrav/internal/bench/garbage"
)

// send sends a request with a host and headers from an address of this machine.
func (s *running) send(method, path, host, from string, header ...string) answer {
	s.t.Helper()
	client := http.Client{
		Transport: &http.Transport{
			DisableKeepAlives: true, TLSClientConfig: &tls.Config{InsecureSkipVerify: true},
			DialContext: (&net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}).DialContext,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	req, err := http.NewRequestWithContext(s.t.Context(), method, s.at()+path, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	if host != "" {
		req.Host = host
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Add(header[i], header[i+1])
	}
	res, err := client.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return answer{res.StatusCode, res.Header, body}
}

// at is where the server listens, whatever people call it.
func (s *running) at() string {
	if s.listens != "" {
		return s.listens
	}
	return s.base
}

// free gives an address nobody listens on.
func free(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// named starts a server that people reach by another name than its address.
func named(t *testing.T, args ...string) *running {
	t.Helper()
	addr := free(t)
	return serveAt(t, "http://"+addr, append([]string{"--data-dir", t.TempDir(), "--listen", addr, "--base-url", "https://krav.example"}, args...)...)
}

// TestGarbage: what the open internet sends takes no more than its share.
func TestGarbage(t *testing.T) {
	dir := t.TempDir()
	s := serve(t, "--quiet", "--rate-limits=on", "--data-dir", dir)
	token := strings.TrimSpace(must(t, 0, dir, nil, "token", "create", "--org", seller, "--role", "supplier", "--data-dir", dir).stdout)
	r, err := garbage.Load{
		Base: s.base, Rate: 10_000, Connections: 64, HalfOpen: 100, Lasts: 5 * time.Second, Token: token, Path: "/api/v1/requirements",
		Resident: func() (int64, error) { return resident(s.cmd.Process.Pid) },
	}.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d requests, %.0f/s, answered %v; /healthz p99 %s; %d MB; %d in earnest", r.Sent, r.Rate(), r.Answered, r.P99(), r.Memory>>20, r.Earnest)
	if r.Refused > 0 || r.Earnest < 5 {
		t.Errorf("%d of %d in earnest were refused: %s", r.Refused, r.Earnest, r.Reason)
	}
	if r.Memory > 256<<20 {
		t.Errorf("%d MB", r.Memory>>20)
	}
	// The bound of 100 ms is for bench: other tests run beside this one.
	if r.Unhealthy > 0 || r.P99() > 5*time.Second {
		t.Errorf("/healthz: p99 %s, %d of %d failed", r.P99(), r.Unhealthy, len(r.Health))
	}
	if r.Answered[http.StatusInternalServerError] > 0 || r.Answered[http.StatusTooManyRequests] == 0 {
		t.Errorf("answered %v", r.Answered)
	}
}

func resident(pid int) (int64, error) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	if err != nil {
		return 0, err
	}
	var size, pages int64
	_, err = fmt.Sscan(string(data), &size, &pages)
	return pages * int64(os.Getpagesize()), err
}

// keyPair writes a certificate for 127.0.0.1 and its key.
func keyPair(t *testing.T, dir, name string) (certFile, keyFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(now.UnixNano()), Subject: pkix.Name{CommonName: name}, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
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

func TestServesTLS(t *testing.T) {
	dir := t.TempDir()
	cert, key := keyPair(t, dir, "first")
	s := serve(t, "--data-dir", dir, "--tls-cert-file", cert, "--tls-key-file", key)
	if !strings.HasPrefix(s.base, "https://127.0.0.1:") {
		t.Fatalf("announced %s", s.base)
	}
	if a := s.send("GET", "/", "", "127.0.0.1"); a.status != 200 || a.header.Get("Strict-Transport-Security") == "" {
		t.Errorf("%d %v", a.status, a.header)
	}
	name := func() string {
		conn, err := tls.Dial("tcp", strings.TrimPrefix(s.base, "https://"), &tls.Config{InsecureSkipVerify: true})
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		return conn.ConnectionState().PeerCertificates[0].Subject.CommonName
	}
	if n := name(); n != "first" {
		t.Errorf("certificate %s", n)
	}
	keyPair(t, dir, "second")
	if err := s.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(20 * time.Second); name() != "second"; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the certificate was not read again")
		}
	}
}

// Behind a proxy that is trusted, clients are counted by themselves; whoever
// comes around it cannot say who they are.
func TestBehindProxy(t *testing.T) {
	s := named(t, "--rate-limits=on", "--rate-read=60", "--trusted-proxy", "127.0.0.7", "--admin-listen", "127.0.0.1:0")
	until := func(from, client string) int {
		for i := range 50 {
			a := s.send("GET", "/api/v1/levels", "krav.example", from, "X-Forwarded-For", client, "X-Forwarded-Proto", "https")
			if a.status == http.StatusTooManyRequests {
				if a.header.Get("Retry-After") == "" || a.problemType() != "rate-limited" {
					t.Errorf("refused with %v %s", a.header, a.body)
				}
				return i
			}
		}
		return 50
	}
	if n := until("127.0.0.7", "192.0.2.1"); n < 10 || n > 15 {
		t.Errorf("one client: %d", n)
	}
	if n := until("127.0.0.7", "6.6.6.6, 192.0.2.1"); n > 5 {
		t.Errorf("the same with something before it: %d", n)
	}
	if n := until("127.0.0.7", "192.0.2.2"); n < 10 {
		t.Errorf("another client: %d", n)
	}
	total := 0
	for i := range 4 {
		total += until("127.0.0.8", fmt.Sprintf("192.0.3.%d", i))
	}
	if total > 30 {
		t.Errorf("a stranger made itself many: %d", total)
	}
	if a := s.send("GET", "/metrics", "127.0.0.1", "127.0.0.1"); a.status != 404 {
		t.Errorf("/metrics beside the operator's listener: %d", a.status)
	}
}

func TestAdminListen(t *testing.T) {
	admin := free(t)
	s := serve(t, "--data-dir", t.TempDir(), "--admin-listen", admin)
	for path, want := range map[string]int{"/metrics": 200, "/healthz": 200, "/readyz": 200, "/": 404, "/api/v1/levels": 404} {
		if a := do(t, "GET", "http://"+admin+path, "", "", nil); a.status != want {
			t.Errorf("%s at the operator's: %d, want %d", path, a.status, want)
		}
	}
	if a := do(t, "GET", s.base+"/metrics", "", "", nil); a.status != 404 {
		t.Errorf("/metrics for everybody: %d", a.status)
	}
}

// The server answers to its own names, and never repeats another.
func TestNames(t *testing.T) {
	s := named(t, "--allowed-host", "intern.example", "--security-contact", "mailto:sikkerhet@krav.example")
	for host, want := range map[string]int{"krav.example": 200, "krav.example:443": 200, "intern.example": 200, "evil.example": 421, "127.0.0.1": 200} {
		a := s.send("GET", "/", host, "127.0.0.1", "X-Forwarded-Host", "evil.example", "Accept", "text/html")
		if a.status != want || strings.Contains(string(a.body), "evil.example") {
			t.Errorf("%s: %d\n%.300s", host, a.status, a.body)
		}
	}
	if a := s.send("GET", "/healthz", "evil.example", "127.0.0.1"); a.status != 200 {
		t.Errorf("healthz: %d", a.status)
	}
	a := s.send("GET", "/.well-known/security.txt", "krav.example", "127.0.0.1")
	if a.status != 200 || !strings.Contains(string(a.body), "Contact: mailto:sikkerhet@krav.example\n") || !strings.Contains(string(a.body), "Canonical: https://krav.example/") {
		t.Errorf("security.txt: %d %s", a.status, a.body)
	}
	if a := s.send("GET", "/robots.txt", "krav.example", "127.0.0.1"); a.status != 200 || !strings.Contains(string(a.body), "Disallow: /\n") {
		t.Errorf("robots.txt: %d %s", a.status, a.body)
	}
	if out := s.output(); !strings.Contains(out, "--trusted-proxy") {
		t.Errorf("no warning that nothing speaks TLS:\n%s", out)
	}
}

// A demonstration is for this machine: not for its other addresses, not for
// names that were made to lead here, and not through a proxy.
func TestDemoIsLocal(t *testing.T) {
	s := serve(t, "--demo", "--data-dir", t.TempDir())
	_, port, err := net.SplitHostPort(strings.TrimPrefix(s.base, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	for host, want := range map[string]int{
		"localhost:" + port: 200, "127.0.0.1:" + port: 200, "[::1]:" + port: 200,
		"evil.example:" + port: 421, "localhost.evil.example:" + port: 421, "127.0.0.1.nip.example:" + port: 421, "0.0.0.0:" + port: 421,
	} {
		if a := s.send("GET", "/", host, "127.0.0.1", "X-Forwarded-Host", "localhost"); a.status != want {
			t.Errorf("%s: %d, want %d", host, a.status, want)
		}
	}
	for _, name := range []string{"X-Forwarded-For", "X-Real-IP", "Forwarded", "Via"} {
		if a := s.send("GET", "/", "localhost:"+port, "127.0.0.1", name, "127.0.0.1"); a.status != 421 {
			t.Errorf("passed on with %s: %d", name, a.status)
		}
	}
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	tried := 0
	for _, a := range addrs {
		n, ok := a.(*net.IPNet)
		if !ok || n.IP.IsLoopback() || n.IP.IsLinkLocalUnicast() {
			continue
		}
		tried++
		if conn, err := net.DialTimeout("tcp", net.JoinHostPort(n.IP.String(), port), 2*time.Second); err == nil {
			_ = conn.Close()
			t.Errorf("reached at %s", n.IP)
		}
	}
	t.Logf("not reached at %d other addresses of this machine", tried)
}

// Stopping is told before it begins, and takes no longer than it may.
func TestStopping(t *testing.T) {
	dir := t.TempDir()
	s := serve(t, "--quiet", "--data-dir", dir, "--shutdown-delay=1500ms", "--shutdown-timeout=1s")
	ready := func() int {
		a, err := try(t.Context(), "GET", s.base+"/readyz", "", "", nil)
		if err != nil {
			return 0
		}
		return a.status
	}
	// Somebody who never ends.
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.base, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_, _ = io.WriteString(conn, "POST /api/v1/selections HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{")
	time.Sleep(100 * time.Millisecond)
	begin := time.Now()
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	time.Sleep(200 * time.Millisecond)
	if got := ready(); got != http.StatusServiceUnavailable {
		t.Errorf("/readyz while stopping: %d", got)
	}
	if a, err := try(t.Context(), "GET", s.base+"/api/v1/levels", "", "", nil); err != nil || a.status != 200 {
		t.Errorf("a request while stopping: %v %d", err, a.status)
	}
	<-s.done
	if err := s.cmd.Wait(); err == nil {
		t.Error("the server does not tell that it cut somebody off")
	}
	if took := time.Since(begin); took < 2*time.Second || took > 20*time.Second {
		t.Errorf("it took %s", took)
	}
	_ = conn.SetReadDeadline(time.Now().Add(5 * time.Second))
	if res, err := http.ReadResponse(bufio.NewReader(conn), nil); err == nil {
		t.Errorf("the one that never ended was answered %d", res.StatusCode)
	}
}

// All that is wrong with how the server meets the network is told at once.
func TestEdgeFaults(t *testing.T) {
	dir := t.TempDir()
	cert, _ := keyPair(t, dir, "x")
	r := here(t, map[string]string{"FELLESKRAV_RATE_READ": "0"}, "", "serve", "--data-dir", dir, "--tls-cert-file", cert, "--tls-key-file", cert,
		"--trusted-proxy", "0.0.0.0/0", "--allowed-host", "a/b", "--admin-listen", "9090", "--security-contact", "sikkerhet", "--max-requests=0",
		"--max-costly=-1", "--shutdown-timeout=-1s")
	if r.code != 2 {
		t.Errorf("ended with %d", r.code)
	}
	for _, part := range []string{"--tls-cert-file", "--trusted-proxy", "--allowed-host", "--admin-listen", "--security-contact", "--rate-read", "--max-requests", "--max-costly", "--shutdown-timeout"} {
		if !strings.Contains(r.stderr, part) {
			t.Errorf("does not mention %s:\n%s", part, r.stderr)
		}
	}
	for _, args := range [][]string{
		{"--demo", "--trusted-proxy", "127.0.0.1"}, {"--demo", "--allowed-host", "x.example"}, {"--demo", "--admin-listen", "0.0.0.0:0"}, {"--tls-cert-file", cert},
		{"--trusted-proxy", "::/0"}, {"--trusted-proxy", "proxy.example"}, {"--allowed-host", "x.example:80"}, {"--rate-limits=maybe"}, {"--security-contact", "http://x.example"},
	} {
		if r := here(t, nil, "", append([]string{"serve", "--data-dir", dir, "--listen", "127.0.0.1:0"}, args...)...); r.code != 2 {
			t.Errorf("%v: ended with %d\n%s", args, r.code, r.stderr)
		}
	}
}

func TestWarnsOfReadableKeys(t *testing.T) {
	dir := t.TempDir()
	cert, key := keyPair(t, dir, "x")
	if err := os.Chmod(key, 0o644); err != nil {
		t.Fatal(err)
	}
	s := serve(t, "--data-dir", dir, "--tls-cert-file", cert, "--tls-key-file", key)
	if out := s.output(); !strings.Contains(out, key) || strings.Contains(out, cert+" kan") {
		t.Errorf("said\n%s", out)
	}
}
