package registry

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"felleskrav/internal/organisation"
	"felleskrav/internal/safehttp"
)

// DefaultURL is the public register.
const DefaultURL = "https://data.brreg.no/enhetsregisteret/api"

var (
	// ErrURL says that the address of a register is not one.
	ErrURL = errors.New("not the address of a register")
	// ErrAnswer says that an answer is not to be believed: it is no entry, or
	// another's.
	ErrAnswer = errors.New("not an answer about the organisation")
)

const (
	// Timeout is how long one look-up may take, both of its questions together.
	Timeout = 3 * time.Second
	// maxAnswer is the most bytes of an answer that are read.
	maxAnswer = 1 << 20
)

// Client asks a register that has the shape of Enhetsregisteret.
type Client struct {
	base *url.URL
	http *http.Client
}

// NewClient makes a client for the register at an address, such as [DefaultURL].
// Redirects are followed on the same host only, so that the register cannot lead
// elsewhere. Names lead to public addresses only; who writes a private address in
// numbers, or localhost, means it. The error wraps [ErrURL].
func NewClient(base string) (*Client, error) {
	u, err := url.Parse(strings.TrimRight(base, "/"))
	if err != nil || safehttp.CheckURL(u) != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, fmt.Errorf("%w: %.100q", ErrURL, base)
	}
	c := safehttp.Client(safehttp.Config{Timeout: Timeout, AllowPrivate: writtenPrivate(u.Hostname())})
	follow := c.CheckRedirect
	c.CheckRedirect = func(req *http.Request, via []*http.Request) error {
		if req.URL.Host != u.Host {
			return fmt.Errorf("%w: to another host", safehttp.ErrRedirect)
		}
		return follow(req, via)
	}
	return &Client{u, c}, nil
}

func writtenPrivate(host string) bool {
	if host == "localhost" {
		return true
	}
	a, err := netip.ParseAddr(host)
	return err == nil && !safehttp.Public(a)
}

// Ask asks about one Norwegian number: as an entity first, then as a sub-unit. An
// organisation that the register does not have, or no longer shows, is an entry
// that is not found. Any other answer, and none within [Timeout], is an error.
func (c *Client) Ask(ctx context.Context, n organisation.Number, now time.Time) (organisation.RegisterEntry, error) {
	ctx, cancel := context.WithTimeout(ctx, Timeout)
	defer cancel()
	for _, kind := range []string{"enheter", "underenheter"} {
		body, err := c.get(ctx, kind, n)
		if absent(err) {
			continue
		}
		if err != nil {
			return organisation.RegisterEntry{}, fmt.Errorf("ask about %s: %w", n, err)
		}
		e, err := parse(body, n)
		if err != nil {
			return organisation.RegisterEntry{}, fmt.Errorf("read answer about %s: %w", n, err)
		}
		e.FetchedAt = now
		return e, nil
	}
	return organisation.RegisterEntry{Number: n, FetchedAt: now}, nil
}

func (c *Client) get(ctx context.Context, kind string, n organisation.Number) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.base.JoinPath(kind, string(n)).String(), nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "application/json")
	return safehttp.Fetch(ctx, c.http, req, maxAnswer)
}

// absent: 404 is an unknown number, 410 one that may not be shown any more.
func absent(err error) bool {
	s, ok := errors.AsType[*safehttp.StatusError](err)
	return ok && (s.Code == http.StatusNotFound || s.Code == http.StatusGone)
}
