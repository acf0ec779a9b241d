package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// outcome is what a load gave.
type outcome struct {
	count    int
	took     time.Duration
	p50, p99 time.Duration
	// last is the body of some answer.
	last []byte
}

func (o outcome) rate() float64 { return float64(o.count) / o.took.Seconds() }

func (o outcome) String() string {
	return fmt.Sprintf("%.0f/s, p50 %s, p99 %s", o.rate(), o.p50.Round(100*time.Microsecond), o.p99.Round(100*time.Microsecond))
}

// request writes an HTTP/1.1 request once, so that the load costs little
// beside the server it shares the machine with.
func request(method, base, path, token, contentType string, body []byte) []byte {
	u, err := url.Parse(base)
	if err != nil {
		panic(err) // our own address
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: %s\r\n", method, path, u.Host)
	if token != "" {
		fmt.Fprintf(&b, "Authorization: Bearer %s\r\n", token)
	}
	if method != "GET" {
		fmt.Fprintf(&b, "Content-Type: %s\r\nContent-Length: %d\r\n", contentType, len(body))
	}
	b.WriteString("\r\n")
	b.Write(body)
	return b.Bytes()
}

// load is how requests are sent.
type load struct {
	// clients is how many ask at the same time, each on a connection.
	clients int
	// every is the time from one request to the next of all clients together,
	// whether answers come or not: an open loop. Zero is a closed one: each
	// client asks again as soon as it is answered.
	every time.Duration
	lasts time.Duration
}

// run sends requests until the time is up or they are all sent. next gives
// request i, or nil when there are no more; an answer other than status is an
// error. In an open loop the time of a request counts from when it was to be
// sent, also when no client was free for it then.
func (l load) run(ctx context.Context, base string, status int, next func(i int) []byte) (outcome, error) {
	u, err := url.Parse(base)
	if err != nil {
		return outcome{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, l.lasts)
	defer cancel()
	var (
		wg    sync.WaitGroup
		mu    sync.Mutex
		at    atomic.Int64
		times []time.Duration
		out   outcome
		errs  []error
	)
	begin := time.Now()
	turn := func() ([]byte, time.Time) {
		i := int(at.Add(1) - 1)
		req := next(i)
		if l.every == 0 || req == nil {
			return req, time.Now()
		}
		due := begin.Add(time.Duration(i) * l.every)
		time.Sleep(time.Until(due))
		return req, due
	}
	for range l.clients {
		wg.Go(func() {
			mine, body, err := client(ctx, u.Host, status, turn)
			mu.Lock()
			defer mu.Unlock()
			times, errs = append(times, mine...), append(errs, err)
			if body != nil {
				out.last = body
			}
		})
	}
	wg.Wait()
	out.took, out.count = time.Since(begin), len(times)
	if err := errors.Join(errs...); err != nil || out.count == 0 {
		return out, errors.Join(err, ctx.Err())
	}
	slices.Sort(times)
	out.p50, out.p99 = times[len(times)/2], times[len(times)*99/100]
	return out, nil
}

// client sends one request after the other on one connection. turn gives a
// request, when it is time for it, and that time.
func client(ctx context.Context, host string, status int, turn func() ([]byte, time.Time)) ([]time.Duration, []byte, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", host)
	if err != nil {
		return nil, nil, err
	}
	defer conn.Close() //nolint:errcheck // read to its end
	r := bufio.NewReaderSize(conn, 64<<10)
	var times []time.Duration
	var body []byte
	for ctx.Err() == nil {
		req, begin := turn()
		if req == nil {
			break
		}
		if _, err := conn.Write(req); err != nil {
			return times, body, err
		}
		got, err := response(r, &body)
		if err != nil {
			return times, body, err
		}
		if got != status {
			return times, body, fmt.Errorf("answered %d, want %d: %s", got, status, body)
		}
		times = append(times, time.Since(begin))
	}
	return times, body, nil
}

// response reads an answer of a stated or chunked length.
func response(r *bufio.Reader, body *[]byte) (int, error) {
	line, err := r.ReadSlice('\n')
	if err != nil {
		return 0, err
	}
	fields := bytes.Fields(line)
	if len(fields) < 2 {
		return 0, fmt.Errorf("not HTTP: %q", line)
	}
	status, err := strconv.Atoi(string(fields[1]))
	if err != nil {
		return 0, err
	}
	length := -1
	for {
		line, err := r.ReadSlice('\n')
		if err != nil {
			return 0, err
		}
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 {
			break
		}
		if v, ok := bytes.CutPrefix(line, []byte("Content-Length: ")); ok {
			if length, err = strconv.Atoi(string(v)); err != nil {
				return 0, err
			}
		}
	}
	if length >= 0 {
		*body = slices.Grow((*body)[:0], length)[:length]
		_, err = io.ReadFull(r, *body)
		return status, err
	}
	*body = (*body)[:0]
	for {
		line, err := r.ReadSlice('\n')
		if err != nil {
			return 0, err
		}
		n, err := strconv.ParseInt(string(bytes.TrimRight(line, "\r\n")), 16, 32)
		if err != nil {
			return 0, err
		}
		from := len(*body)
		*body = slices.Grow(*body, int(n))[:from+int(n)]
		if _, err := io.ReadFull(r, (*body)[from:]); err != nil {
			return 0, err
		}
		if _, err := r.Discard(2); err != nil {
			return 0, err
		}
		if n == 0 {
			return status, nil
		}
	}
}
