package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"felleskrav/internal/httpd"
)

const (
	// grace is how long a witness's requests under way may take to finish.
	grace = 30 * time.Second
	// follow is how often published content is looked for: what another
	// instance publishes is in force here after that long.
	follow = 5 * time.Second
	// certificateEvery is how often the files of the certificate are looked at.
	certificateEvery = time.Minute
)

// run takes requests until the context ends, then finishes those it took, and
// after them the work behind them.
func (v *server) run(in *installation, h *httpd.Server, listener, admin net.Listener, demo *demonstration) error {
	g, ctx := errgroup.WithContext(v.session.Ctx)
	// What works behind the requests goes on for as long as there may be some.
	work, rest := context.WithCancel(context.WithoutCancel(ctx))
	servers, err := v.listenOn(g, work, h, listener, admin)
	if err != nil {
		rest()
		return err
	}
	g.Go(func() error { return v.tend(work, in) })
	g.Go(func() error { in.tokens.Uses.Run(work); return nil })
	g.Go(func() error { v.rescan(work, in.evidence); return nil })
	g.Go(func() error { v.recheck(work, in.suppliers); return nil })
	g.Go(func() error { in.register.Run(work, listed{in.store}); return nil })
	g.Go(func() error { v.sweepEvidence(work, in.evidence); return nil })
	g.Go(func() error { v.sweepPeople(work, in.members, in.store); return nil })
	g.Go(func() error { v.sweepOwnBooks(work, in.ownbooks); return nil })
	g.Go(func() error { v.sweepAnswers(work, in.answering); return nil })
	g.Go(func() error { in.checks.Run(work); return nil })
	g.Go(func() error { v.sweepChecks(work, in.checks); return nil })
	g.Go(func() error { in.trail.Run(work); return nil })
	g.Go(func() error { in.live.Run(work, follow); return nil })
	if len(v.Witness) > 0 {
		witnesses := v.gather(in, h)
		g.Go(func() error { witnesses.Run(work); return nil })
	}
	g.Go(func() error {
		defer rest()
		<-ctx.Done()
		return v.drain(ctx, h, servers)
	})
	v.announce(demo)
	return g.Wait()
}

// listenOn has servers serve, and gives them in the order they are to stop.
func (v *server) listenOn(g *errgroup.Group, work context.Context, h *httpd.Server, listener, admin net.Listener) ([]*http.Server, error) {
	proxies, err := v.proxies()
	if err != nil {
		return nil, fmt.Errorf("read trusted proxies: %w", err)
	}
	srv := h.HTTP(listener.Addr().String())
	serve := func() error {
		return srv.Serve(httpd.Connections{Max: v.MaxConnections, PerAddress: v.MaxConnectionsPerAddress, Proxies: proxies}.Over(listener))
	}
	if v.tls() {
		certificate, err := httpd.LoadCertificate(v.TLSCertFile, v.TLSKeyFile, v.logger)
		if err != nil {
			return nil, err
		}
		srv.TLSConfig = certificate.Config()
		again := make(chan os.Signal, 1)
		signal.Notify(again, syscall.SIGHUP)
		g.Go(func() error {
			defer signal.Stop(again)
			certificate.Run(work, certificateEvery, again)
			return nil
		})
		serve = func() error {
			return srv.ServeTLS(httpd.Connections{Max: v.MaxConnections, PerAddress: v.MaxConnectionsPerAddress, Proxies: proxies}.Over(listener), "", "")
		}
	}
	servers := []*http.Server{srv}
	g.Go(func() error { return served(serve()) })
	if admin != nil {
		adminServer := h.Admin()
		servers = append(servers, adminServer)
		g.Go(func() error { return served(adminServer.Serve(admin)) })
	}
	return servers, nil
}

func served(err error) error {
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return fmt.Errorf("serve: %w", err)
}

// drain says that the server stops, lets those who heard it go elsewhere, and
// waits for the requests under way. Those that take too long are cut off.
func (v *server) drain(ctx context.Context, h *httpd.Server, servers []*http.Server) error {
	h.Drain()
	time.Sleep(v.ShutdownDelay)
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), v.ShutdownTimeout)
	defer cancel()
	var all error
	for _, srv := range servers {
		if err := srv.Shutdown(end); err != nil {
			all = errors.Join(all, fmt.Errorf("stop serving: %w", err), srv.Close())
		}
	}
	return all
}
