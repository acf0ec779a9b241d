package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"felleskrav/internal/console"
)

// remote are the flags of commands that talk to a server.
type remote struct {
	Server string `conf:"" default:"http://127.0.0.1:8080" placeholder:"URL"`
	Token  string `conf:"" secret:"" placeholder:"TOKEN"`
}

// client calls a server's API.
type client struct {
	base  string
	token string
	lang  string
	http  *http.Client
}

func (s *session) client(r remote) (*client, error) {
	u, err := url.Parse(r.Server)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, console.Usage("cli.usage.server", "Server", r.Server)
	}
	return &client{base: strings.TrimRight(r.Server, "/"), token: r.Token, lang: s.Lang, http: &http.Client{Timeout: 5 * time.Minute}}, nil
}

// remoteProblem is a server's refusal (RFC 9457), already in the reader's
// language.
type remoteProblem struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail"`
	Errors []struct {
		Field  string `json:"field"`
		Detail string `json:"detail"`
	} `json:"errors"`
	Instance string `json:"instance"`
	// raw is the answer as it came: some problems carry more.
	raw []byte
}

func (r *remoteProblem) Error() string { return fmt.Sprintf("%d %s %s", r.Status, r.Type, r.Detail) }

func (r *remoteProblem) text() string {
	var b strings.Builder
	b.WriteString(r.Title)
	if r.Detail != "" && r.Detail != r.Title {
		b.WriteString(": " + r.Detail)
	}
	for _, e := range r.Errors {
		fmt.Fprintf(&b, "\n  %s: %s", e.Field, e.Detail)
	}
	if r.Status >= 500 && r.Instance != "" {
		b.WriteString("\n  " + r.Instance)
	}
	return b.String()
}

// code is 1 when the server said no to what was asked, and 3 when it would
// not or could not consider it.
func (r *remoteProblem) code() int {
	switch r.Status {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusRequestTimeout, http.StatusTooManyRequests:
		return console.ExitUnavailable
	}
	if r.Status >= 500 {
		return console.ExitUnavailable
	}
	return console.ExitNo
}

// maxAnswer is the most that is read of one answer.
const maxAnswer = 256 << 20

// call sends a request and gives the answer's bytes and status; query may be
// nil. An answer of 400 or more is a *remoteProblem.
func (c *client) call(ctx context.Context, method, path string, query url.Values, contentType string, body io.Reader) ([]byte, int, error) {
	data, head, err := c.ask(ctx, method, path, query, contentType, body)
	if p, ok := errors.AsType[*remoteProblem](err); ok {
		return nil, p.Status, err
	}
	if err != nil {
		return nil, 0, err
	}
	return data, head.status, nil
}

// head is what stands before an answer's bytes.
type head struct {
	status int
	header http.Header
}

// ask is call with the answer's head.
func (c *client) ask(ctx context.Context, method, path string, query url.Values, contentType string, body io.Reader) ([]byte, head, error) {
	target := c.base + path
	if len(query) > 0 {
		target += "?" + query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, method, target, body)
	if err != nil {
		return nil, head{}, console.Cannot(err, "cli.server.unreachable", "Server", c.base)
	}
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	if c.token != "" && strings.HasPrefix(path, "/api/") {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	req.Header.Set("Accept-Language", c.lang)
	res, err := c.http.Do(req)
	if err != nil {
		var u *url.Error
		if errors.As(err, &u) { // says method and address again
			err = u.Err
		}
		return nil, head{}, console.Cannot(err, "cli.server.unreachable", "Server", c.base)
	}
	defer res.Body.Close() //nolint:errcheck // read to its end or given up
	data, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return nil, head{}, console.Cannot(err, "cli.server.unreachable", "Server", c.base)
	}
	if res.StatusCode < 400 {
		return data, head{res.StatusCode, res.Header}, nil
	}
	p := &remoteProblem{raw: data}
	if !strings.HasPrefix(res.Header.Get("Content-Type"), "application/problem+json") || json.Unmarshal(data, p) != nil {
		return nil, head{}, console.Cannot(nil, "cli.server.strange", "Server", c.base, "Status", res.Status)
	}
	return nil, head{}, p
}

// get reads a JSON answer into out.
func (c *client) get(ctx context.Context, path string, query url.Values, out any) error {
	data, _, err := c.call(ctx, http.MethodGet, path, query, "", nil)
	if err != nil {
		return err
	}
	return c.decode(data, out)
}

// send sends a value as JSON and reads the JSON answer into out.
func (c *client) send(ctx context.Context, method, path string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return fmt.Errorf("write request: %w", err)
	}
	data, _, err := c.call(ctx, method, path, nil, "application/json", bytes.NewReader(body))
	if err != nil {
		return err
	}
	return c.decode(data, out)
}

func (c *client) decode(data []byte, out any) error {
	if err := json.Unmarshal(data, out); err != nil {
		return console.Cannot(err, "cli.server.strange", "Server", c.base, "Status", "200")
	}
	return nil
}
