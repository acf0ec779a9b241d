package clamd

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"strings"
	"time"

	"felleskrav/internal/evidence"
)

// Client asks one daemon. It holds no connection between scans and is safe for
// concurrent use.
type Client struct {
	// DialTimeout, SendTimeout and AnswerTimeout bound how long one scan waits
	// for the daemon: to be reached, to take the next chunk, and to answer when
	// it has all. A slow sender is not held against the daemon.
	DialTimeout, SendTimeout, AnswerTimeout time.Duration

	network, address string
}

// ErrAddress: an address is not one of a daemon.
var ErrAddress = errors.New(`address is neither "unix:" with an absolute path nor "tcp:" with host and port`)

// New makes a client for a daemon at unix:/PATH or tcp:HOST:PORT.
func New(address string) (*Client, error) {
	c := &Client{DialTimeout: 2 * time.Second, SendTimeout: 10 * time.Second, AnswerTimeout: 150 * time.Second} // it scans for two minutes itself
	network, rest, _ := strings.Cut(address, ":")
	switch network {
	case "unix":
		if !filepath.IsAbs(rest) {
			return nil, ErrAddress
		}
	case "tcp":
		if _, port, err := net.SplitHostPort(rest); err != nil || port == "" {
			return nil, ErrAddress
		}
	default:
		return nil, ErrAddress
	}
	c.network, c.address = network, rest
	return c, nil
}

// chunk is how much is sent at a time, in bytes.
const chunk = 64 << 10

// maxAnswer is the longest answer read, in bytes.
const maxAnswer = 4 << 10

// Scan implements evidence.Scanner. An error of r is returned as it is.
func (c *Client) Scan(ctx context.Context, r io.Reader) (evidence.Verdict, error) {
	dialer := net.Dialer{Timeout: c.DialTimeout}
	conn, err := dialer.DialContext(ctx, c.network, c.address)
	if err != nil {
		return evidence.Verdict{}, fmt.Errorf("reach clamd: %w: %w", evidence.ErrScannerAway, err)
	}
	defer func() { _ = conn.Close() }() // the verdict is read or there is none
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()

	answer, err := c.exchange(conn, r)
	if err != nil {
		if ctx.Err() != nil {
			return evidence.Verdict{}, ctx.Err()
		}
		return evidence.Verdict{}, err
	}
	return read(answer)
}

// exchange sends r in chunks, each after its length in four bytes, the most
// significant first, and an empty one last; and gives the daemon's answer.
func (c *Client) exchange(conn net.Conn, r io.Reader) (string, error) {
	sent := c.send(conn, []byte("zINSTREAM\x00"))
	buf := make([]byte, 4+chunk)
	for sent == nil {
		n, err := io.ReadFull(r, buf[4:])
		if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			return "", err
		}
		if n > 0 {
			binary.BigEndian.PutUint32(buf, uint32(n)) //nolint:gosec // at most chunk
			sent = c.send(conn, buf[:4+n])
		}
		if err != nil {
			break
		}
	}
	if sent == nil {
		sent = c.send(conn, make([]byte, 4))
	}
	if timedOut(sent) {
		return "", slow("send to", sent)
	}
	// A daemon that does not want more says why and hangs up, so a failed send
	// is followed by an answer as well.
	if err := conn.SetReadDeadline(time.Now().Add(c.AnswerTimeout)); err != nil {
		return "", fmt.Errorf("ask clamd: %w", err)
	}
	answer, err := bufio.NewReader(io.LimitReader(conn, maxAnswer)).ReadString(0)
	switch {
	case timedOut(err):
		return "", slow("hear from", err)
	case err != nil:
		return "", fmt.Errorf("hear from clamd: %w", errors.Join(sent, err))
	}
	return strings.TrimSuffix(answer, "\x00"), nil
}

func (c *Client) send(conn net.Conn, b []byte) error {
	if err := conn.SetWriteDeadline(time.Now().Add(c.SendTimeout)); err != nil {
		return err
	}
	_, err := conn.Write(b)
	return err
}

func timedOut(err error) bool {
	t, ok := errors.AsType[net.Error](err)
	return ok && t.Timeout()
}

func slow(what string, err error) error {
	return fmt.Errorf("%s clamd: %w: %w", what, evidence.ErrScannerSlow, err)
}

// limits begins the signatures by which a daemon with AlertExceedsMax says
// that it did not look at all of a file.
const limits = "Heuristics.Limits.Exceeded"

// read takes an answer apart. Only the one that says so is clean.
func read(answer string) (evidence.Verdict, error) {
	if answer == "stream: OK" {
		return evidence.Verdict{Clean: true}, nil
	}
	if name, ok := strings.CutSuffix(strings.TrimPrefix(answer, "stream: "), " FOUND"); ok && name != "" {
		if strings.HasPrefix(name, limits) {
			return evidence.Verdict{}, fmt.Errorf("clamd answers %q: %w", answer, evidence.ErrScanLimit)
		}
		return evidence.Verdict{Signature: name}, nil
	}
	if strings.Contains(answer, "size limit exceeded") {
		return evidence.Verdict{}, fmt.Errorf("clamd answers %q: %w", answer, evidence.ErrScanLimit)
	}
	return evidence.Verdict{}, fmt.Errorf("clamd answers %q", answer)
}
