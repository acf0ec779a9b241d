package httpd

import (
	"net"
	"net/netip"
	"sync"
)

// Connections caps a listener's connections. Those beyond it are closed at
// once: waiting for room would keep everybody out, who asks for /healthz too.
type Connections struct {
	// Max is how many there may be, PerAddress how many from one address (in
	// IPv6 a /64). An address that has none may take one of an eighth more.
	Max, PerAddress int
	// Proxies are addresses that have many clients behind them.
	Proxies []netip.Prefix
}

// Over caps l.
func (c Connections) Over(l net.Listener) net.Listener {
	return &cappedListener{Listener: l, Connections: c, open: map[netip.Prefix]int{}}
}

type cappedListener struct {
	net.Listener
	Connections

	mu    sync.Mutex
	total int
	open  map[netip.Prefix]int
}

// Accept implements net.Listener.
func (l *cappedListener) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		a := address(conn.RemoteAddr().String())
		from := network(a)
		if l.enter(from, within(a, l.Proxies)) {
			return &cappedConn{Conn: conn, leave: sync.OnceFunc(func() { l.leave(from) })}, nil
		}
		if tcp, ok := conn.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0) // nothing was said; keep nothing of it
		}
		_ = conn.Close() // it was never used
	}
}

func (l *cappedListener) enter(from netip.Prefix, proxy bool) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := l.open[from]
	room := l.Max
	if n == 0 || proxy {
		room += l.Max / 8
	}
	if l.total >= room || n >= l.PerAddress && !proxy {
		return false
	}
	l.total++
	l.open[from] = n + 1
	return true
}

func (l *cappedListener) leave(from netip.Prefix) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.total--
	if l.open[from]--; l.open[from] == 0 {
		delete(l.open, from)
	}
}

type cappedConn struct {
	net.Conn
	leave func()
}

// Close implements net.Conn.
func (c *cappedConn) Close() error {
	defer c.leave()
	return c.Conn.Close()
}
