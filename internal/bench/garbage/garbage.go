package garbage

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Load says what to send where.
type Load struct {
	// Base is the server's address.
	Base string
	// Rate is how many requests to send a second, over Connections
	// connections, for Lasts.
	Rate, Connections int
	Lasts             time.Duration
	// HalfOpen is how many connections besides say half a word and wait.
	HalfOpen int
	// Token is somebody's in earnest, who asks for Path ten times a second from
	// the address that the garbage comes from.
	Token, Path string
	// Resident tells how much memory the server holds, in bytes.
	Resident func() (int64, error)
}

// Report is what came of it.
type Report struct {
	// Sent counts requests that were written, Answered those that were
	// answered, by status; other connections were closed.
	Sent     int64
	Answered map[int]int64
	Took     time.Duration
	// Health are the times /healthz took, sorted; Unhealthy counts what was not
	// answered with 200.
	Health    []time.Duration
	Unhealthy int
	// Earnest counts what was asked in earnest, Refused what of it was not
	// answered with 200, and Reason tells of the first.
	Earnest, Refused int
	Reason           string
	// Memory is the most that the server held, in bytes.
	Memory int64
}

// P99 is the time within which 99 of 100 questions for health were answered.
func (r Report) P99() time.Duration {
	if len(r.Health) == 0 {
		return 0
	}
	return r.Health[len(r.Health)*99/100]
}

// Rate is requests sent a second.
func (r Report) Rate() float64 { return float64(r.Sent) / r.Took.Seconds() }

// The garbage comes from addresses of its own on this machine; whoever looks
// after the server asks from another.
var (
	sender   = &net.TCPAddr{IP: net.IPv4(127, 0, 0, 2)}
	halfOpen = &net.TCPAddr{IP: net.IPv4(127, 0, 0, 3)}
)

// Run sends the load.
func (l Load) Run(ctx context.Context) (Report, error) {
	u, err := url.Parse(l.Base)
	if err != nil {
		return Report{}, err
	}
	earnest := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DialContext: (&net.Dialer{LocalAddr: sender}).DialContext}}
	defer earnest.CloseIdleConnections()
	// In earnest, one has been here before.
	if err := l.ask(ctx, earnest); err != nil {
		return Report{}, fmt.Errorf("before the load: %w", err)
	}
	// Made before the clock starts: the server is not to wait for the processor
	// while its garbage is thought up.
	pieces := make([][]piece, l.Connections)
	for i := range pieces {
		pieces[i] = noise{rand.New(rand.NewPCG(uint64(i), 1))}.pieces(u.Host, 500)
	}
	ctx, cancel := context.WithTimeout(ctx, l.Lasts)
	defer cancel()
	out := Report{Answered: map[int]int64{}}
	var (
		wg   sync.WaitGroup
		mu   sync.Mutex
		at   atomic.Int64
		errs []error
	)
	begin := time.Now()
	for _, p := range pieces {
		wg.Go(func() {
			mine := map[int]int64{}
			sent := l.send(ctx, u.Host, p, begin, &at, mine)
			mu.Lock()
			defer mu.Unlock()
			out.Sent += sent
			for status, n := range mine {
				out.Answered[status] += n
			}
		})
	}
	for range l.HalfOpen {
		wg.Go(func() { hold(ctx, u.Host) })
	}
	wg.Go(func() { out.Health, out.Unhealthy = l.probe(ctx) })
	wg.Go(func() {
		for tick := time.NewTicker(100 * time.Millisecond); wait(ctx, tick); {
			out.Earnest++
			if err := l.ask(context.WithoutCancel(ctx), earnest); err != nil {
				out.Refused++
				if out.Reason == "" {
					out.Reason = err.Error()
				}
			}
		}
	})
	wg.Go(func() {
		for tick := time.NewTicker(50 * time.Millisecond); wait(ctx, tick); {
			m, err := l.Resident()
			if err != nil {
				errs = append(errs, err)
				return
			}
			out.Memory = max(out.Memory, m)
		}
	})
	wg.Wait()
	out.Took = time.Since(begin)
	slices.Sort(out.Health)
	return out, errors.Join(errs...)
}

// wait waits for the next tick, and says no when the time is up.
func wait(ctx context.Context, tick *time.Ticker) bool {
	select {
	case <-ctx.Done():
		tick.Stop()
		return false
	case <-tick.C:
		return true
	}
}

// send sends garbage on one connection, and a new one when it was closed.
func (l Load) send(ctx context.Context, host string, pieces []piece, begin time.Time, at *atomic.Int64, answered map[int]int64) (sent int64) {
	d := net.Dialer{LocalAddr: sender}
	for ctx.Err() == nil {
		conn, err := d.DialContext(ctx, "tcp", host)
		if err != nil {
			time.Sleep(10 * time.Millisecond)
			continue
		}
		stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Now()) })
		r := bufio.NewReaderSize(conn, 16<<10)
		for ctx.Err() == nil {
			due := begin.Add(time.Duration(at.Add(1)) * time.Second / time.Duration(l.Rate))
			time.Sleep(time.Until(due))
			p := pieces[sent%int64(len(pieces))]
			_, err := conn.Write(p.text)
			sent++
			status, more := answer(r, p.head)
			if status > 0 {
				answered[status]++
			}
			if err != nil || !more || p.ends {
				break
			}
		}
		stop()
		_ = conn.Close() // it was ours to waste
	}
	return sent
}

// answer reads an answer; more is whether another can follow.
func answer(r *bufio.Reader, head bool) (status int, more bool) {
	res, err := http.ReadResponse(r, asked[head])
	if err != nil {
		return 0, false
	}
	_, err = io.Copy(io.Discard, res.Body)
	_ = res.Body.Close()
	return res.StatusCode, err == nil && !res.Close
}

// asked tells [http.ReadResponse] whether an answer has a body.
var asked = map[bool]*http.Request{false: {Method: http.MethodGet}, true: {Method: http.MethodHead}}

// hold opens a connection, says half a word and waits, again and again.
func hold(ctx context.Context, host string) {
	d := net.Dialer{LocalAddr: halfOpen}
	for ctx.Err() == nil {
		conn, err := d.DialContext(ctx, "tcp", host)
		if err != nil {
			time.Sleep(50 * time.Millisecond)
			continue
		}
		stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Now()) })
		_, _ = io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\nX-Half")
		_, _ = io.Copy(io.Discard, conn) // until the server has had enough
		stop()
		_ = conn.Close() // as above
		time.Sleep(10 * time.Millisecond)
	}
}

// probe asks for health fifty times a second, every other time on a new
// connection.
func (l Load) probe(ctx context.Context) (times []time.Duration, failed int) {
	kept := &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{}}
	fresh := &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	defer kept.CloseIdleConnections()
	i := 0
	for tick := time.NewTicker(20 * time.Millisecond); wait(ctx, tick); i++ {
		client := kept
		if i%2 == 0 {
			client = fresh
		}
		begin := time.Now()
		res, err := client.Get(l.Base + "/healthz")
		if err == nil {
			_, _ = io.Copy(io.Discard, res.Body)
			_ = res.Body.Close()
		}
		if err != nil || res.StatusCode != http.StatusOK {
			failed++
		}
		times = append(times, time.Since(begin))
	}
	return times, failed
}

func (l Load) ask(ctx context.Context, client *http.Client) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, l.Base+l.Path, nil)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+l.Token)
	res, err := client.Do(req)
	if err != nil {
		return err
	}
	body, err := io.ReadAll(res.Body)
	_ = res.Body.Close()
	if err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("answered %d: %.300s", res.StatusCode, body)
	}
	return nil
}
