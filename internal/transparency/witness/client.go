package witness

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"

	"felleskrav/internal/transparency"
)

// callWait bounds one call to a witness.
const callWait = 10 * time.Second

// Client asks one witness for cosignatures. It talks only to the address it was given: it follows no
// redirection.
type Client struct {
	verifier note.Verifier
	prefix   string
	http     *http.Client
}

// ParseClient reads a witness as an operator writes it: VKEY=URL, where URL is the witness' submission
// prefix, http or https.
func ParseClient(text string) (*Client, error) {
	// A key may end in "=" too.
	at := strings.Index(text, "=http")
	if at < 0 {
		return nil, fmt.Errorf("%w: no address", errKey)
	}
	v, err := ParseVerifier(text[:at])
	if err != nil {
		return nil, err
	}
	u, err := url.Parse(text[at+1:])
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, fmt.Errorf("%w: not an address of a witness", errKey)
	}
	return &Client{
		verifier: v, prefix: strings.TrimRight(u.String(), "/"),
		http: &http.Client{Timeout: callWait, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
	}, nil
}

// Name is the witness' name.
func (c *Client) Name() string { return c.verifier.Name() }

// ConflictError is a witness' answer that it has cosigned another tree than the proof began with.
type ConflictError struct {
	// Size is that tree's; -1 if the witness did not say.
	Size int64
}

func (e *ConflictError) Error() string {
	return fmt.Sprintf("the witness has cosigned a tree of %d entries", e.Size)
}

// RefusedError is any other answer than a cosignature.
type RefusedError struct {
	// Status is the HTTP status.
	Status int
	// Reason is the beginning of what the witness said.
	Reason string
}

func (e *RefusedError) Error() string {
	return fmt.Sprintf("the witness answered %d: %q", e.Status, e.Reason)
}

// add sends a request and returns the witness' signature lines, which it has verified.
func (c *Client) add(ctx context.Context, r request) ([]string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.prefix+"/add-checkpoint", bytes.NewReader(r.body()))
	if err != nil {
		return nil, fmt.Errorf("ask witness: %w", err)
	}
	req.Header.Set("Content-Type", "text/plain; charset=utf-8")
	req.Header.Set("User-Agent", "felleskrav")
	res, err := c.http.Do(req)
	if err != nil {
		if u, ok := errors.AsType[*url.Error](err); ok { // says method and address again
			err = u.Err
		}
		return nil, fmt.Errorf("ask witness: %w", err)
	}
	defer res.Body.Close() //nolint:errcheck // read to its end or given up
	body, err := io.ReadAll(io.LimitReader(res.Body, maxResponse))
	if err != nil {
		return nil, fmt.Errorf("read witness' answer: %w", err)
	}
	switch res.StatusCode {
	case http.StatusOK:
		return c.verify(r.Checkpoint, body)
	case http.StatusConflict:
		conflict := &ConflictError{Size: -1}
		if kind, _, err := mime.ParseMediaType(res.Header.Get("Content-Type")); err == nil && kind == sizeType {
			if size, err := parseSize(strings.TrimSuffix(string(body), "\n")); err == nil {
				conflict.Size = size
			}
		}
		return nil, conflict
	}
	return nil, &RefusedError{Status: res.StatusCode, Reason: string(body[:min(len(body), 200)])}
}

// verify takes the witness' own cosignatures out of its answer.
func (c *Client) verify(checkpoint, answer []byte) ([]string, error) {
	n, err := note.Open(slices.Concat(checkpoint, answer), note.VerifierList(c.verifier))
	if err != nil {
		return nil, fmt.Errorf("%w: the witness' answer: %w", transparency.ErrVerification, err)
	}
	var lines []string
	for _, sig := range n.Sigs {
		lines = append(lines, "— "+sig.Name+" "+sig.Base64+"\n")
	}
	return lines, nil
}
