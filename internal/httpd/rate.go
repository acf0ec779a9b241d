package httpd

import (
	"crypto/sha256"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"net/netip"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/gin-gonic/gin"
	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/time/rate"

	"felleskrav/internal/problem"
)

// Rates are how many requests a minute each actor may send, and each address
// as long as nobody known asks from it. A tenth of a minute's worth and more
// may come at once. Zero is no limit for the class.
type Rates struct {
	// Read is for reading, Write for changing, Costly for what takes long to
	// compute, Public for assets and the log, which auditors read whole.
	Read, Write, Costly, Public int
	// Failures is for tokens and logins that are no good, by address alone.
	Failures int
}

// DefaultRates leave room for everything a person or a program in earnest does.
func DefaultRates() Rates {
	return Rates{Read: 3000, Write: 600, Costly: 60, Public: 18000, Failures: 12}
}

// class is a kind of request with a limit of its own.
type class uint8

const (
	reading class = iota
	writing
	costly
	public
	failing
)

func (c class) String() string {
	return [...]string{"read", "write", "costly", "public", "failures"}[c]
}

// burst is how many of perMinute may come at once: ten seconds' worth.
func burst(perMinute int) int { return max(10, perMinute/6) }

const (
	// buckets bounds the memory: about 200 bytes each.
	buckets = 1 << 16
	// credentials is how many tokens and sessions are remembered that were good.
	credentials = 1 << 14
)

// bucketKey is whose bucket: an actor's or an address's.
type bucketKey struct {
	class class
	actor string
	net   netip.Prefix
}

// limiter counts requests. What it has forgotten begins anew, so that memory
// is bounded whoever asks.
type limiter struct {
	per     [failing + 1]int
	now     func() time.Time
	buckets *lru.Cache[bucketKey, *rate.Limiter]
	// known are credentials that were good, and whose they were. Their owners
	// have buckets of their own, whatever else comes from their address.
	known   *lru.Cache[[sha256.Size]byte, string]
	refused atomic.Int64
	told    atomic.Int64
}

func newLimiter(r Rates, now func() time.Time) (*limiter, error) {
	b, err := lru.New[bucketKey, *rate.Limiter](buckets)
	if err != nil {
		return nil, fmt.Errorf("make limiter: %w", err)
	}
	k, err := lru.New[[sha256.Size]byte, string](credentials)
	if err != nil {
		return nil, fmt.Errorf("make limiter: %w", err)
	}
	return &limiter{per: [...]int{r.Read, r.Write, r.Costly, r.Public, r.Failures}, now: now, buckets: b, known: k}, nil
}

// network is what counts as one address: in IPv6 a subscriber has a /64.
func network(a netip.Addr) netip.Prefix {
	bits := 32
	if a.Is6() {
		bits = 64
	}
	p, _ := a.Prefix(bits) // the zero value stands for no address
	return p
}

// take takes one request out of a bucket, or tells how long there will be none.
// give puts it back.
func (l *limiter) take(k bucketKey) (give func(), wait time.Duration) {
	per := l.per[k.class]
	if per == 0 {
		return func() {}, 0
	}
	b, found := l.buckets.Get(k)
	if !found {
		b = rate.NewLimiter(rate.Limit(float64(per)/60), burst(per))
		if old, was, _ := l.buckets.PeekOrAdd(k, b); was {
			b = old
		}
	}
	now := l.now()
	r := b.ReserveN(now, 1)
	if wait := r.DelayFrom(now); wait > 0 {
		r.CancelAt(now)
		return nil, wait
	}
	return func() { r.CancelAt(now) }, 0
}

// refuse answers that there were too many.
func (s *Server) refuse(c *gin.Context, k class, wait time.Duration) {
	seconds := max(1, int(math.Ceil(wait.Seconds())))
	c.Header("Retry-After", strconv.Itoa(seconds))
	s.metrics.refused.WithLabelValues(k.String()).Inc()
	s.limits.tell(s.cfg.Log)
	of(c).refused = true
	Fail(c, problem.New(problem.RateLimited, "rate-limited", problem.Args{"Count": seconds}))
}

// tell has at most one line every ten seconds say what was refused: whoever
// sends garbage is not to fill the log with it.
func (l *limiter) tell(log *slog.Logger) {
	const each = int64(10 * time.Second)
	n := l.refused.Add(1)
	now, last := l.now().UnixNano(), l.told.Load()
	if now-last >= each && l.told.CompareAndSwap(last, now) {
		l.refused.Add(-n)
		log.Warn("requests refused by rate", slog.Int64("count", n))
	}
}

// classOf is the class of a request as its method and address tell.
func classOf(r *http.Request) class {
	switch p := r.URL.Path; {
	case !safe(r.Method):
		return writing
	case len(p) > 5 && p[:5] == "/log/", len(p) > 8 && p[:8] == "/assets/":
		return public
	}
	return reading
}

// admit lets a request in by the bucket of its credential's owner if it has
// one that was good, else by its address's.
func (s *Server) admit(c *gin.Context) {
	if s.limits == nil || isHealth(c) {
		return
	}
	r := of(c)
	secret := ""
	if isAPI(c) {
		if secret = c.Request.Header.Get("Authorization"); secret != "" {
			s.admitToken(c, r, secret)
			return
		}
	} else if s.cfg.SessionCookie != "" {
		if cookie, err := c.Request.Cookie(s.cfg.SessionCookie); err == nil {
			secret = "cookie " + cookie.Value
			r.credential = sha256.Sum256([]byte(secret))
			r.owner, _ = s.limits.known.Get(r.credential)
		}
	}
	s.charge(c, classOf(c.Request))
}

// admitToken lets unknown tokens be looked up as long as few of those from
// their address were bad.
func (s *Server) admitToken(c *gin.Context, r *request, header string) {
	r.credential = sha256.Sum256([]byte(header))
	if owner, ok := s.limits.known.Get(r.credential); ok {
		r.owner = owner
		s.charge(c, classOf(c.Request))
		return
	}
	s.attempt(c)
}

// attempt takes a try with a credential from the address's. It is given back
// when the credential is good.
func (s *Server) attempt(c *gin.Context) {
	r := of(c)
	give, wait := s.limits.take(bucketKey{class: failing, net: network(r.peer.client)})
	if wait > 0 {
		s.refuse(c, failing, wait)
		return
	}
	r.giveBack = give
}

// charge takes the request from its bucket.
func (s *Server) charge(c *gin.Context, k class) {
	if s.limits == nil {
		return
	}
	r := of(c)
	key := bucketKey{class: k, actor: r.owner}
	if r.owner == "" {
		key.net = network(r.peer.client)
	}
	if _, wait := s.limits.take(key); wait > 0 {
		s.refuse(c, k, wait)
		return
	}
	if s.works == nil || k == costly { // which is charged besides
		return
	}
	key.class = reading // all together
	give, ok := s.works.share(key)
	if !ok {
		s.full(c)
		return
	}
	r.leave = append(r.leave, give)
}

// recognised remembers whose the request's credential is.
func (s *Server) recognised(r *request) {
	if s.limits == nil || r.credential == [sha256.Size]byte{} || r.actor.ID == "" || !r.actor.Known() {
		return
	}
	s.limits.known.Add(r.credential, r.actor.ID)
	r.owner = r.actor.ID
}

// Attempt is for routes where people prove who they are: tries that end with a
// fault of theirs count against their address, and when there were many, more
// are refused for a while.
func Attempt(c *gin.Context) {
	r := of(c)
	if r.server == nil || r.server.limits == nil {
		return
	}
	r.server.attempt(c)
	if c.IsAborted() {
		return
	}
	c.Next()
	if status := c.Writer.Status(); status < http.StatusBadRequest || status >= http.StatusInternalServerError {
		r.giveBack()
	}
}
