package safehttp

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"syscall"
	"time"
)

var (
	// ErrAddress says that an address is not public.
	ErrAddress = errors.New("address is not public")
	// ErrURL says that an address is not a plain http or https URL.
	ErrURL = errors.New("not a plain http or https URL")
	// ErrRedirect says that a redirect leads where it is not followed.
	ErrRedirect = errors.New("redirect is not followed")
	// ErrTooLarge says that an answer is longer than asked for.
	ErrTooLarge = errors.New("answer is too large")
	// ErrStatus says that the answer's status is not 200.
	ErrStatus = errors.New("answer is not OK")
)

// StatusError is an answer whose status is not 200. It is an ErrStatus.
type StatusError struct {
	// Code is the status, and Status the line it stood in.
	Code   int
	Status string
}

func (e *StatusError) Error() string { return ErrStatus.Error() + ": " + e.Status }

// Is reports that it is an ErrStatus.
func (e *StatusError) Is(target error) bool { return target == ErrStatus }

const (
	maxRedirects   = 3
	defaultTimeout = 10 * time.Second
	maxHeader      = 16 << 10
)

// Config says what a client may do.
type Config struct {
	// Timeout bounds a request from the look-up of the name to the last byte, redirects included. Zero
	// means ten seconds.
	Timeout time.Duration
	// AllowPrivate lets the client reach addresses that are not public. It is the operator's to say.
	AllowPrivate bool
}

// Client returns a client that reaches public addresses only. It checks the address that it is about to
// connect to, after the name was looked up, so that no name and no redirect leads elsewhere. It follows
// three redirects, from http to https but not back, and no other scheme. It uses no proxy, whose
// connections it could not check, and keeps no cookies and no connection open. The errors of its requests
// wrap ErrAddress, ErrURL or ErrRedirect when that is the reason.
func Client(c Config) *http.Client {
	timeout := c.Timeout
	if timeout <= 0 {
		timeout = defaultTimeout
	}
	dialer := &net.Dialer{Timeout: timeout}
	if !c.AllowPrivate {
		dialer.Control = control
	}
	return &http.Client{
		Timeout: timeout,
		Transport: guard{&http.Transport{
			DialContext:            dialer.DialContext,
			DisableKeepAlives:      true,
			MaxResponseHeaderBytes: maxHeader,
			TLSHandshakeTimeout:    timeout,
			ResponseHeaderTimeout:  timeout,
			ForceAttemptHTTP2:      true,
		}},
		CheckRedirect: checkRedirect,
	}
}

// control is called with the address that is to be connected to, in numbers.
func control(_, address string, _ syscall.RawConn) error {
	a, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("%w: %s", ErrAddress, address)
	}
	if !Public(a.Addr()) {
		return fmt.Errorf("%w: %s", ErrAddress, a.Addr())
	}
	return nil
}

func checkRedirect(req *http.Request, via []*http.Request) error {
	last := via[len(via)-1].URL
	switch {
	case len(via) > maxRedirects:
		return fmt.Errorf("%w: more than %d", ErrRedirect, maxRedirects)
	case req.URL.Scheme != last.Scheme && req.URL.Scheme != "https":
		return fmt.Errorf("%w: from %s to %s", ErrRedirect, last.Scheme, req.URL.Scheme)
	}
	return nil
}

// guard looks at the URL of each request, the redirected ones too.
type guard struct{ next http.RoundTripper }

func (g guard) RoundTrip(req *http.Request) (*http.Response, error) {
	if err := CheckURL(req.URL); err != nil {
		return nil, err
	}
	return g.next.RoundTrip(req)
}

// CheckURL reports whether u is an http or https URL with a host and without user and password. The
// error wraps ErrURL. It does not look the host up.
func CheckURL(u *url.URL) error {
	if (u.Scheme != "http" && u.Scheme != "https") || u.Hostname() == "" || u.User != nil || u.Opaque != "" {
		return fmt.Errorf("%w: %s", ErrURL, u.Redacted())
	}
	return nil
}

// Fetch sends req with client and returns the body of a 200 answer of at most limit bytes. The error is a
// [*StatusError], wraps ErrTooLarge, or is that of the client.
func Fetch(ctx context.Context, client *http.Client, req *http.Request, limit int64) (body []byte, err error) {
	resp, err := client.Do(req.WithContext(ctx))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, resp.Body.Close()) }()
	if resp.StatusCode != http.StatusOK {
		return nil, &StatusError{resp.StatusCode, resp.Status}
	}
	if resp.ContentLength > limit {
		return nil, fmt.Errorf("%w: %d bytes", ErrTooLarge, resp.ContentLength)
	}
	body, err = io.ReadAll(io.LimitReader(resp.Body, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(body)) > limit {
		return nil, fmt.Errorf("%w: more than %d bytes", ErrTooLarge, limit)
	}
	return body, nil
}
