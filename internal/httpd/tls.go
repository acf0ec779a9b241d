package httpd

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"os"
	"sync/atomic"
	"time"
)

// Certificate is a server's certificate and key in files, which are read again
// when they change.
type Certificate struct {
	certFile, keyFile string
	log               *slog.Logger
	current           atomic.Pointer[tls.Certificate]
	// seen is what the files looked like when they were read last. Only
	// Reload writes it.
	seen [2]fileState
}

type fileState struct {
	changed time.Time
	size    int64
}

// LoadCertificate reads PEM files: the certificate with those of its issuers
// after it, and its private key without a password.
func LoadCertificate(certFile, keyFile string, log *slog.Logger) (*Certificate, error) {
	c := &Certificate{certFile: certFile, keyFile: keyFile, log: log}
	if err := c.read(); err != nil {
		return nil, err
	}
	return c, nil
}

func (c *Certificate) read() error {
	state, err := c.state()
	if err != nil {
		return err
	}
	pair, err := tls.LoadX509KeyPair(c.certFile, c.keyFile)
	if err != nil {
		return fmt.Errorf("read certificate: %w", err)
	}
	c.current.Store(&pair)
	c.seen = state
	return nil
}

func (c *Certificate) state() (out [2]fileState, err error) {
	for i, f := range []string{c.certFile, c.keyFile} {
		info, err := os.Stat(f) // follows links, which is how some replace them
		if err != nil {
			return out, fmt.Errorf("read certificate: %w", err)
		}
		out[i] = fileState{info.ModTime(), info.Size()}
	}
	return out, nil
}

// Run reads the files again when they have changed, looking every so often, and
// when told by again. Files that do not fit together, as in the middle of being
// replaced, leave things as they were.
func (c *Certificate) Run(ctx context.Context, every time.Duration, again <-chan os.Signal) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-again:
		case <-tick.C:
			if now, err := c.state(); err == nil && now == c.seen {
				continue
			}
		}
		if err := c.read(); err != nil {
			c.log.LogAttrs(ctx, slog.LevelError, "the certificate is not read again", slog.String("error", err.Error()))
			continue
		}
		c.log.LogAttrs(ctx, slog.LevelInfo, "the certificate was read again", slog.Time("until", c.current.Load().Leaf.NotAfter))
	}
}

// Config is TLS 1.3, and 1.2 for those that know no better.
func (c *Certificate) Config() *tls.Config {
	return &tls.Config{
		MinVersion:     tls.VersionTLS12,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return c.current.Load(), nil },
	}
}
