package httpd

import (
	"net"
	"net/http"
	"net/netip"
	"strings"

	"github.com/gin-gonic/gin"
)

// peer is who is at the other end of a request.
type peer struct {
	// conn is the address of the connection, client the one that asked, which
	// differs behind proxies that are trusted. Both may be invalid.
	conn, client netip.Addr
	// secure says that the client asked over TLS; plain that a trusted proxy
	// says it did not.
	secure, plain bool
	// relayed says that somebody passed the request on, trusted or not.
	relayed bool
}

// ClientIP returns the address of the client: that of the connection, or when
// that is a trusted proxy, the rightmost address of X-Forwarded-For that is
// none. It is invalid where there is no address, as on a Unix socket.
func ClientIP(c *gin.Context) netip.Addr { return of(c).peer.client }

// Secure reports whether the client asked over TLS, as this server or a
// trusted proxy saw it.
func Secure(c *gin.Context) bool { return of(c).peer.secure }

// peerOf looks at a request. Headers of others than the trusted are not
// believed.
func peerOf(r *http.Request, proxies []netip.Prefix) peer {
	p := peer{conn: address(r.RemoteAddr), secure: r.TLS != nil}
	p.client = p.conn
	for _, name := range []string{"X-Forwarded-For", "Forwarded", "X-Real-Ip", "Via"} {
		if len(r.Header[name]) > 0 {
			p.relayed = true
		}
	}
	if !within(p.conn, proxies) {
		return p
	}
	hops := strings.Split(strings.Join(r.Header["X-Forwarded-For"], ","), ",")
	for i := len(hops) - 1; i >= 0; i-- {
		a := address(strings.TrimSpace(hops[i]))
		if !a.IsValid() {
			break // what is to the left of nonsense is no better
		}
		p.client = a
		if !within(a, proxies) {
			break
		}
	}
	if protos := r.Header["X-Forwarded-Proto"]; len(protos) == 1 {
		p.secure = strings.EqualFold(protos[0], "https")
		p.plain = strings.EqualFold(protos[0], "http")
	}
	return p
}

// address reads an address with or without a port, in the one form that
// addresses are compared in.
func address(text string) netip.Addr {
	if host, _, err := net.SplitHostPort(text); err == nil {
		text = host
	}
	a, err := netip.ParseAddr(strings.Trim(text, "[]"))
	if err != nil {
		return netip.Addr{}
	}
	return a.Unmap().WithZone("")
}

func within(a netip.Addr, all []netip.Prefix) bool {
	for _, p := range all {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// local reports whether the request comes from this machine and from nowhere
// else by way of it.
func (p peer) local() bool { return p.conn.IsLoopback() && p.client.IsLoopback() && !p.relayed }
