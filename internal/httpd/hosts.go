package httpd

import (
	"net"
	"net/http"
	"net/netip"
	"strings"

	"github.com/gin-gonic/gin"

	"felleskrav/internal/problem"
)

var (
	errHost     = problem.New(problem.Refused, "request.host", nil)
	errInsecure = problem.New(problem.Forbidden, "request.insecure", nil)
	errOrigin   = problem.New(problem.Forbidden, "request.cross-origin", nil)
)

// Hosts says under which names the service is to be asked for. A name has no
// port: proxies drop or change it.
type Hosts struct {
	// Names are taken from anybody.
	Names []string
	// LocalOnly takes connections and names of this machine alone, as a
	// demonstration does: a page from elsewhere that had its own name lead to
	// 127.0.0.1 could otherwise ask in the visitor's stead.
	LocalOnly bool
}

// localName reports whether a host, without its port, names this machine.
func localName(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	a, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil && a.Unmap().IsLoopback()
}

// hostname is the Host of a request without its port; "" when it is none.
func hostname(host string) string {
	if h, _, err := net.SplitHostPort(host); err == nil {
		return h
	}
	return strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
}

func (h *Hosts) allow(host string, p peer) bool {
	name := hostname(host)
	if h.LocalOnly {
		return p.local() && localName(name)
	}
	for _, n := range h.Names {
		if strings.EqualFold(strings.TrimSuffix(name, "."), n) {
			return true
		}
	}
	// Somebody on this machine who asks for it by its number looks after it.
	return p.conn.IsLoopback() && localName(name)
}

// hosts refuses requests that are meant for somebody else, and those that were
// sent in clear text to a service that is reached over HTTPS.
func (s *Server) hosts(c *gin.Context) {
	if isHealth(c) {
		return
	}
	r := of(c)
	if c.Request.ProtoMajor == 1 && len(c.Request.TransferEncoding) > 0 {
		// It may have told a length, too, which net/http ignores and does not
		// tell: a proxy that went by it sees the end elsewhere. Nothing that
		// follows is a request (RFC 9112 §6.3).
		c.Header("Connection", "close")
	}
	if s.cfg.Hosts != nil && !s.cfg.Hosts.allow(c.Request.Host, r.peer) {
		c.Header("Connection", "close")
		r.bare = true
		Fail(c, errHost)
		return
	}
	if s.cfg.HTTPS && r.peer.plain {
		s.insecure(c)
		return
	}
	if isAPI(c) && !safe(c.Request.Method) {
		// Nothing here counts cookies, but a page of another site can make its
		// reader ask from an address that others trust.
		if err := s.origins.Check(c.Request); err != nil {
			Fail(c, errOrigin.Because(err))
		}
	}
}

// insecure sends a person to the same page over HTTPS. A program has already
// sent its token in clear text, and is told.
func (s *Server) insecure(c *gin.Context) {
	// "a:.evil.example/" is a target, too, and would be read as more of our name.
	to := c.Request.URL.RequestURI()
	if s.cfg.BaseURL == "" || isAPI(c) || !safe(c.Request.Method) || !strings.HasPrefix(to, "/") {
		Fail(c, errInsecure)
		return
	}
	c.Header("Cache-Control", "no-store")
	c.Redirect(http.StatusPermanentRedirect, s.cfg.BaseURL+to)
	c.Abort()
}
