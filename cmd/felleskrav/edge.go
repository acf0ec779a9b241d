package main

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"os"
	"strings"
	"time"

	"felleskrav/internal/console"
	"felleskrav/internal/httpd"
	"felleskrav/internal/login"
)

// edge are the flags of how a server meets the network.
type edge struct {
	TLSCertFile string `name:"tls-cert-file" conf:"" placeholder:"FILE"`
	// TLSKeyFile holds a private key in PEM, unencrypted.
	TLSKeyFile            string   `name:"tls-key-file" conf:"" placeholder:"FILE"`
	HSTSIncludeSubdomains bool     `name:"hsts-include-subdomains" conf:""`
	TrustedProxy          []string `conf:"" placeholder:"CIDR"`
	AllowedHost           []string `conf:"" placeholder:"NAME"`
	AdminListen           string   `conf:"" placeholder:"ADDR"`
	SecurityContact       []string `conf:"" placeholder:"URI"`

	// Rates are requests a minute.
	RateLimits   string `conf:"" enum:"on,off" default:"on" placeholder:"on|off"`
	RateRead     int    `conf:"" default:"3000" placeholder:"N"`
	RateWrite    int    `conf:"" default:"600" placeholder:"N"`
	RateCostly   int    `conf:"" default:"60" placeholder:"N"`
	RatePublic   int    `conf:"" default:"18000" placeholder:"N"`
	RateFailures int    `conf:"" default:"12" placeholder:"N"`

	MaxConnections           int `conf:"" default:"4096" placeholder:"N"`
	MaxConnectionsPerAddress int `conf:"" default:"512" placeholder:"N"`
	MaxRequests              int `conf:"" default:"1024" placeholder:"N"`
	// MaxCostly 0 is two for each core.
	MaxCostly int `conf:"" default:"0" placeholder:"N"`

	// ShutdownTimeout is how long requests under way may take to finish, and
	// ShutdownDelay how long new ones are still taken after /readyz says no.
	ShutdownTimeout time.Duration `conf:"" default:"30s" placeholder:"DURATION"`
	ShutdownDelay   time.Duration `conf:"" default:"0s" placeholder:"DURATION"`
}

// longestShutdown bounds both parts of stopping.
const longestShutdown = time.Hour

// check looks for what is wrong. demo is whether this is a demonstration.
func (e edge) check(demo bool, add func(key string, args ...any)) {
	e.checkTLS(add)
	if _, err := e.proxies(); err != nil {
		add("cli.serve.trusted-proxy", "Value", err.Error())
	}
	for _, h := range e.AllowedHost {
		if u, err := url.Parse("//" + h); err != nil || u.Host != h || u.Port() != "" || u.User != nil || h == "" {
			add("cli.serve.allowed-host", "Value", h)
		}
	}
	if e.AdminListen != "" {
		host, _, err := net.SplitHostPort(e.AdminListen)
		if err != nil {
			add("cli.serve.admin-listen", "Value", e.AdminListen)
		} else if demo && !loopback(host) {
			add("cli.serve.demo-loopback", "Value", e.AdminListen)
		}
	}
	if demo && (len(e.TrustedProxy) > 0 || len(e.AllowedHost) > 0) {
		add("cli.serve.demo-proxy")
	}
	for _, c := range e.SecurityContact {
		if u, err := url.Parse(c); err != nil || u.Scheme != "https" && u.Scheme != "mailto" && u.Scheme != "tel" || strings.ContainsAny(c, " \r\n\t") {
			add("cli.serve.security-contact", "Value", c)
		}
	}
	for flag, n := range map[string]int{
		"--rate-read": e.RateRead, "--rate-write": e.RateWrite, "--rate-costly": e.RateCostly, "--rate-public": e.RatePublic, "--rate-failures": e.RateFailures,
		"--max-connections": e.MaxConnections, "--max-connections-per-address": e.MaxConnectionsPerAddress, "--max-requests": e.MaxRequests,
	} {
		if n < 1 || n > maxNumber {
			add("cli.serve.number", "Flag", flag, "Value", n, "Min", 1, "Max", maxNumber)
		}
	}
	if e.MaxCostly < 0 || e.MaxCostly > maxNumber {
		add("cli.serve.number", "Flag", "--max-costly", "Value", e.MaxCostly, "Min", 0, "Max", maxNumber)
	}
	for flag, d := range map[string]time.Duration{"--shutdown-timeout": e.ShutdownTimeout, "--shutdown-delay": e.ShutdownDelay} {
		if d < 0 || d > longestShutdown {
			add("cli.serve.shutdown", "Flag", flag, "Value", d.String(), "Max", longestShutdown.String())
		}
	}
}

// maxNumber is the largest limit that can be set.
const maxNumber = 1_000_000

func (e edge) checkTLS(add func(key string, args ...any)) {
	switch {
	case e.TLSCertFile == "" && e.TLSKeyFile == "":
	case e.TLSCertFile == "" || e.TLSKeyFile == "":
		add("cli.serve.tls-both")
	default:
		if _, err := httpd.LoadCertificate(e.TLSCertFile, e.TLSKeyFile, nil); err != nil {
			add("cli.serve.tls", "Cert", e.TLSCertFile, "Key", e.TLSKeyFile, "Detail", err.Error())
		}
	}
}

// badProxy is what cannot be trusted as a proxy.
type badProxy string

func (b badProxy) Error() string { return string(b) }

// proxies are the networks whose word on the client's address counts. All of
// the internet is refused: everybody would be whom they say.
func (e edge) proxies() ([]netip.Prefix, error) {
	var out []netip.Prefix
	for _, text := range e.TrustedProxy {
		p, err := netip.ParsePrefix(text)
		if err != nil {
			a, err := netip.ParseAddr(text)
			if err != nil || a.Zone() != "" {
				return nil, badProxy(text)
			}
			p = netip.PrefixFrom(a, a.BitLen())
		}
		if p.Bits() == 0 || p.Addr().Is4In6() {
			return nil, badProxy(text)
		}
		out = append(out, p.Masked())
	}
	return out, nil
}

// tls reports whether the server speaks TLS itself.
func (e edge) tls() bool { return e.TLSCertFile != "" }

// limits are the rates, or nil when there are to be none.
func (e edge) limits() *httpd.Rates {
	if e.RateLimits == "off" {
		return nil
	}
	return &httpd.Rates{Read: e.RateRead, Write: e.RateWrite, Costly: e.RateCostly, Public: e.RatePublic, Failures: e.RateFailures}
}

func (e edge) work() *httpd.Work {
	w := httpd.DefaultWork()
	w.InFlight = e.MaxRequests
	if e.MaxCostly > 0 {
		w.Costly = e.MaxCostly
	}
	return &w
}

// hosts are the names the server answers to; nil is any.
func (c *serveCmd) hosts() *httpd.Hosts {
	if c.Demo {
		return &httpd.Hosts{LocalOnly: true}
	}
	names := c.AllowedHost
	if u, err := url.Parse(c.BaseURL); err == nil && u.Hostname() != "" {
		names = append([]string{u.Hostname()}, names...)
	}
	if len(names) == 0 {
		return nil
	}
	return &httpd.Hosts{Names: names}
}

// edgeConfig is how the engine meets the network.
func (v *server) edgeConfig(cfg httpd.Config) (httpd.Config, error) {
	proxies, err := v.proxies()
	if err != nil {
		return cfg, fmt.Errorf("read trusted proxies: %w", err)
	}
	cfg.BaseURL, cfg.Proxies, cfg.Hosts = v.base, proxies, v.hosts()
	cfg.Rates, cfg.Work, cfg.SessionCookie = v.limits(), v.work(), login.CookieNameFor(strings.HasPrefix(v.base, "https://"))
	cfg.HSTSSubdomains, cfg.AdminElsewhere = v.HSTSIncludeSubdomains, v.AdminListen != ""
	return cfg, nil
}

// warn tells what is allowed and yet seldom meant.
func (c *serveCmd) warn(s *session) {
	if strings.HasPrefix(c.BaseURL, "https://") && !c.tls() && len(c.TrustedProxy) == 0 {
		fmt.Fprintln(s.Stderr, s.T("cli.serve.warn-https"))
	}
	for _, file := range []string{c.TLSKeyFile, c.LogKeyFile, c.VerdictKeyFile, c.OIDCClientKey, s.Getenv("FELLESKRAV_MONGO_URI_FILE"), s.Getenv("FELLESKRAV_OIDC_CLIENT_SECRET_FILE")} {
		if othersRead(file) {
			fmt.Fprintln(s.Stderr, s.T("cli.serve.warn-readable", "File", file))
		}
	}
}

// othersRead reports whether everybody on the machine can read a file.
func othersRead(file string) bool {
	if file == "" {
		return false
	}
	info, err := os.Stat(file)
	return err == nil && info.Mode().IsRegular() && info.Mode().Perm()&0o004 != 0
}

// listenAll opens the listeners: the public one, and the operator's or nil.
func (c *serveCmd) listenAll() (public, admin net.Listener, err error) {
	if public, err = net.Listen("tcp", c.Listen); err != nil {
		return nil, nil, console.Cannot(err, "cli.serve.cannot-listen", "Value", c.Listen)
	}
	if c.AdminListen == "" {
		return public, nil, nil
	}
	if admin, err = net.Listen("tcp", c.AdminListen); err != nil {
		_ = public.Close() // never used
		return nil, nil, console.Cannot(err, "cli.serve.cannot-listen", "Value", c.AdminListen)
	}
	return public, admin, nil
}
