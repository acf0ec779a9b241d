package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/sync/errgroup"

	"felleskrav/internal/audit"
	"felleskrav/internal/console"
	"felleskrav/internal/transparency/witness"
)

// logWitnessCmd runs a witness: for somebody else than who runs the log.
type logWitnessCmd struct {
	Listen   string   `conf:"" default:"127.0.0.1:8090" placeholder:"ADDR"`
	KeyFile  string   `conf:"" required:"" placeholder:"FILE"`
	Name     string   `placeholder:"NAME"`
	Log      []string `sep:"none" required:"" placeholder:"VKEY|FILE"`
	StateDir string   `conf:"" required:"" placeholder:"DIR"`
	Quiet    bool     `conf:""`
}

// Run serves until the process is told to stop.
func (c *logWitnessCmd) Run(s *session) (err error) {
	if _, _, err := net.SplitHostPort(c.Listen); err != nil {
		return console.Usage("cli.serve.listen", "Value", c.Listen)
	}
	logs, err := c.logs(s)
	if err != nil {
		return err
	}
	if c.Name == "" {
		host, err := os.Hostname()
		if err != nil {
			return fmt.Errorf("find the machine's name: %w", err)
		}
		c.Name = host + "/witness"
	}
	signer, err := witness.LoadOrCreateKey(c.KeyFile, c.Name)
	if err != nil {
		return console.Cannot(err, "cli.witness.key", "File", c.KeyFile)
	}
	out := newLogWriter(s.Stderr, c.Quiet)
	defer out.Close()
	server, err := witness.NewServer(witness.Config{
		Signer: signer, Logs: logs, Dir: c.StateDir, About: s.T("cli.witness.about"), Now: s.Now, Logger: out.logger,
	})
	if err != nil {
		return console.Cannot(err, "cli.witness.state", "File", c.StateDir)
	}
	defer func() { err = errors.Join(err, server.Close()) }()
	listener, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return console.Cannot(err, "cli.serve.cannot-listen", "Value", c.Listen)
	}
	defer listener.Close() //nolint:errcheck // closed by the server in the ordinary case
	fmt.Fprintln(s.Stdout, s.T("cli.witness.at", "Address", "http://"+listener.Addr().String(), "Key", signer.VerifierKey()))
	return runHTTP(s.Ctx, server.HTTP(), listener)
}

// logs reads the keys of the logs to watch.
func (c *logWitnessCmd) logs(s *session) ([]note.Verifier, error) {
	var all []note.Verifier
	for _, key := range c.Log {
		v, err := audit.LogVerifier(s.Session, key)
		if err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	return all, nil
}

// runHTTP serves until ctx ends, then finishes the requests it took.
func runHTTP(ctx context.Context, srv *http.Server, listener net.Listener) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		if err := srv.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("serve: %w", err)
		}
		return nil
	})
	g.Go(func() error {
		<-ctx.Done()
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
		defer cancel()
		if err := srv.Shutdown(end); err != nil {
			return fmt.Errorf("stop serving: %w", err)
		}
		return nil
	})
	return g.Wait()
}
