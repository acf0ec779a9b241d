package revocation

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/sync/singleflight"

	"felleskrav/internal/safehttp"
)

// ErrCRL says that a list given by the operator cannot be used.
var ErrCRL = errors.New("certificate revocation list is malformed")

const (
	defaultTimeout = 5 * time.Second
	defaultMaxCRL  = 16 << 20
	defaultCRLAge  = time.Hour
	// A certificate may be asked about several times while one bundle is dealt with, and not much later.
	ocspAge = time.Minute

	// How far a source's clock may be ahead of ours.
	skew = 5 * time.Minute
	// How old an OCSP answer may be that does not say how long it stands.
	undatedAge = 24 * time.Hour

	// How many addresses in one certificate are tried, of each kind.
	maxAddresses = 3
	// A certificate has some answer within this many timeouts.
	maxTimeouts = 3

	maxOCSP   = 64 << 10
	keptOCSP  = 4096
	keptLists = 64
)

// Config says how certificates are asked about. The zero value asks at public addresses.
type Config struct {
	// Offline asks nobody: only CRLs is looked into.
	Offline bool
	// CRLs are lists that the operator has, in DER or PEM. They count while they are fresh.
	CRLs [][]byte
	// AllowPrivate lets questions go to addresses that are not public. The addresses stand in the
	// certificates that are asked about, and so in what a trusted issuer signed.
	AllowPrivate bool
	// Timeout bounds one question; a certificate takes three times this at most. Zero means five seconds.
	Timeout time.Duration
	// MaxCRL is the largest list fetched, in bytes. Zero means 16 MiB.
	MaxCRL int64
	// CRLAge is how long a fetched list is kept, and never beyond its next update. Zero means one hour. The
	// OCSP answer "good" is kept for one minute; no other answer is kept.
	CRLAge time.Duration
	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

// Checker asks about certificates. It is safe for use by several goroutines.
type Checker struct {
	config  Config
	client  *http.Client
	given   []*list
	answers *lru.Cache[certID, keptAnswer]
	lists   *lru.Cache[listID, keptList]
	flight  singleflight.Group
}

// certID is the digest of a certificate and of its issuer.
type certID struct{ cert, issuer [sha256.Size]byte }

type listID struct {
	url    string
	issuer [sha256.Size]byte
}

type keptAnswer struct {
	answer answer
	until  time.Time
}

type keptList struct {
	list  *list
	until time.Time
}

// New returns a checker. The error wraps ErrCRL.
func New(c Config) (*Checker, error) {
	if c.Timeout <= 0 {
		c.Timeout = defaultTimeout
	}
	if c.MaxCRL <= 0 {
		c.MaxCRL = defaultMaxCRL
	}
	if c.CRLAge <= 0 {
		c.CRLAge = defaultCRLAge
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	out := &Checker{config: c, client: safehttp.Client(safehttp.Config{Timeout: c.Timeout, AllowPrivate: c.AllowPrivate})}
	for i, data := range c.CRLs {
		l, err := parseList(data)
		if err != nil {
			return nil, fmt.Errorf("read given list %d: %w: %w", i+1, ErrCRL, err)
		}
		out.given = append(out.given, l)
	}
	var err error
	if out.answers, err = lru.New[certID, keptAnswer](keptOCSP); err != nil {
		return nil, err
	}
	if out.lists, err = lru.New[listID, keptList](keptLists); err != nil {
		return nil, err
	}
	return out, nil
}

// Check returns what is known now about cert, which issuer signed. What goes wrong makes the state
// unknown, and stands in Detail. A certificate that was revoked once is revoked, whatever else is known; from
// when is in RevokedAt.
func (c *Checker) Check(ctx context.Context, cert, issuer *x509.Certificate) Status {
	now := c.config.Now()
	ctx, cancel := context.WithTimeout(ctx, maxTimeouts*c.config.Timeout)
	defer cancel()
	var failed []error
	for _, ask := range []func(context.Context, question) (answer, error){c.askOCSP, c.lookInGiven, c.lookInFetched} {
		a, err := ask(ctx, question{cert, issuer, now})
		if err == nil {
			err = a.covers(cert)
		}
		if err == nil {
			a.CheckedAt = now
			return a.Status
		}
		failed = append(failed, err)
	}
	return Status{State: Unknown, CheckedAt: now, Detail: strings.ReplaceAll(errors.Join(failed...).Error(), "\n", "; ")}
}

type question struct {
	cert, issuer *x509.Certificate
	now          time.Time
}

// answer is a status that is signed, fresh and about the certificate.
type answer struct {
	Status
	// keptFrom is since when the source keeps what it knows of expired certificates, or zero if it does not say.
	keptFrom time.Time
}

// covers reports whether the source would know if cert had been revoked. It may forget that once the
// certificate has expired, unless it says otherwise (RFC 5280 §5, RFC 6960 §4.4.4).
func (a answer) covers(cert *x509.Certificate) error {
	if a.State == Revoked || !a.ThisUpdate.After(cert.NotAfter) {
		return nil
	}
	if !a.keptFrom.IsZero() && !a.keptFrom.After(cert.NotAfter) {
		return nil
	}
	return fmt.Errorf("%s: the certificate had expired when the answer was given", a.Source)
}

// fresh reports whether an answer of time this that stands until next counts now. next may be zero; the
// answer then counts for undated.
func fresh(this, next, now time.Time, undated time.Duration) error {
	if next.IsZero() {
		next = this.Add(undated)
	}
	switch {
	case this.After(now.Add(skew)):
		return fmt.Errorf("is of a time to come, %s", this.Format(time.RFC3339))
	case !now.Before(next):
		return fmt.Errorf("stood until %s", next.Format(time.RFC3339))
	}
	return nil
}

// addresses returns the ones that can be asked.
func addresses(texts []string) []*url.URL {
	var out []*url.URL
	for _, text := range texts {
		u, err := url.Parse(text)
		if err == nil && safehttp.CheckURL(u) == nil && len(out) < maxAddresses {
			out = append(out, u)
		}
	}
	return out
}

func idOf(cert, issuer *x509.Certificate) certID {
	return certID{sha256.Sum256(cert.Raw), sha256.Sum256(issuer.Raw)}
}
