package main

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"os"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"felleskrav/internal/api"
	"felleskrav/internal/apidoc"
	"felleskrav/internal/attestation"
	"felleskrav/internal/catalogue"
	"felleskrav/internal/console"
	"felleskrav/internal/evidence"
	"felleskrav/internal/evidence/clamd"
	"felleskrav/internal/httpd"
	"felleskrav/internal/locale"
	"felleskrav/internal/organisation/registry"
	"felleskrav/internal/storage"
	"felleskrav/internal/trail/requests"
	"felleskrav/internal/transparency"
	"felleskrav/internal/web"
	"felleskrav/templates"
)

// serveCmd configures the server.
type serveCmd struct {
	Listen string `conf:"" default:"127.0.0.1:8080" placeholder:"ADDR"`
	local
	BaseURL string `name:"base-url" conf:"" placeholder:"URL"`
	logKey
	// VerdictKeyFile holds a private key in PEM, unencrypted.
	VerdictKeyFile string `conf:"" placeholder:"FILE"`
	VerdictKeyKMS  string `name:"verdict-key-kms" conf:"" placeholder:"NAME://KEY"`
	Clamd          string `conf:"" placeholder:"ADDR"`
	// RegistryURL is the register of legal entities: an address, "off" or "" for
	// none, or "auto" for the public one, which a demonstration does without.
	RegistryURL string `name:"registry-url" conf:"" default:"auto" placeholder:"URL"`
	serverTrust
	maskinportenFlags
	witnessing
	edge
	// EvidenceRetentionDays is how long files are kept that no declaration
	// needs; 0 keeps all.
	EvidenceRetentionDays int `conf:"" default:"0" placeholder:"N"`
	trailing
	loggingIn
	operating
	content
	Demo  bool `conf:""`
	Quiet bool `conf:""`
}

// check looks at the configuration without opening anything but folders.
func (c *serveCmd) check() error {
	var faults configFaults
	add := func(key string, args ...any) { faults = append(faults, console.Usage(key, args...)) }
	host, _, err := net.SplitHostPort(c.Listen)
	if err != nil {
		add("cli.serve.listen", "Value", c.Listen)
	} else if c.Demo && !loopback(host) {
		add("cli.serve.demo-loopback", "Value", c.Listen)
	}
	if c.BaseURL != "" {
		u, err := url.Parse(c.BaseURL)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" {
			add("cli.serve.base-url", "Value", c.BaseURL)
		}
	}
	faults = append(faults, c.logKey.faults()...)
	if c.VerdictKeyFile != "" && c.VerdictKeyKMS != "" {
		add("cli.kms.twice", "File", "--verdict-key-file", "KMS", "--verdict-key-kms")
	}
	for _, file := range []string{c.LogKeyFile, c.VerdictKeyFile} {
		if file == "" {
			continue
		}
		if _, err := os.Stat(file); err != nil {
			faults = append(faults, console.Cannot(err, "cli.file.read", "File", file))
		}
	}
	c.edge.check(c.Demo, add)
	if _, err := c.scanner(); err != nil {
		add("cli.serve.clamd", "Value", c.Clamd)
	}
	if _, err := c.register(); err != nil {
		add("cli.serve.registry-url", "Value", c.RegistryURL)
	}
	if _, err := c.signers(time.Now); err != nil {
		faults = append(faults, err)
	}
	c.clients(add)
	c.maskinportenFlags.config(add)
	c.loggingIn.faults(strings.TrimRight(c.BaseURL, "/"), add)
	if c.EvidenceRetentionDays < 0 || c.EvidenceRetentionDays > maxRetentionDays {
		add("cli.serve.evidence-retention-days", "Value", c.EvidenceRetentionDays, "Max", maxRetentionDays)
	}
	c.trailing.faults(add)
	if _, err := c.fs(); err != nil {
		faults = append(faults, err)
	}
	if c.MongoURI != "" && !strings.HasPrefix(c.MongoURI, "mongodb://") && !strings.HasPrefix(c.MongoURI, "mongodb+srv://") {
		add("cli.serve.mongo-uri")
	}
	if len(faults) == 0 {
		return nil
	}
	return faults
}

// scanner is what looks for malware in evidence; nil when the operator has
// none.
func (c *serveCmd) scanner() (evidence.Scanner, error) {
	if c.Clamd == "" {
		return nil, nil //nolint:nilnil // no scanner is a choice
	}
	return clamd.New(c.Clamd)
}

// register asks the register of legal entities; nil when the operator has none.
// A demonstration, whose organisations are invented, asks nobody unless told to.
func (c *serveCmd) register() (*registry.Client, error) {
	switch {
	case c.RegistryURL == "", c.RegistryURL == "off", c.RegistryURL == "auto" && c.Demo:
		return nil, nil //nolint:nilnil // no register is a choice
	case c.RegistryURL == "auto":
		return registry.NewClient(registry.DefaultURL)
	}
	return registry.NewClient(c.RegistryURL)
}

func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

func loopbackURL(address string) bool {
	u, err := url.Parse(address)
	return err == nil && loopback(u.Hostname())
}

// Run serves until the process is told to stop.
func (c *serveCmd) Run(s *session) error {
	packed(s.Getenv)
	if err := c.check(); err != nil {
		return err
	}
	logs := newLogWriter(s.Stderr, c.Quiet)
	defer logs.Close()
	c.warn(s)
	listener, admin, err := c.listenAll()
	if err != nil {
		return err
	}
	defer listener.Close() //nolint:errcheck // closed by the server in the ordinary case
	if admin != nil {
		defer admin.Close() //nolint:errcheck // as above
	}
	srv := &server{serveCmd: *c, session: s, logger: logs.logger, base: c.baseURL(listener.Addr())}
	return srv.serve(listener, admin)
}

// baseURL is the address people use.
func (c *serveCmd) baseURL(addr net.Addr) string {
	if c.BaseURL != "" {
		return strings.TrimRight(c.BaseURL, "/")
	}
	host, port, _ := net.SplitHostPort(addr.String())
	if ip := net.ParseIP(host); ip == nil || ip.IsUnspecified() {
		host = "localhost"
	}
	if given, _, err := net.SplitHostPort(c.Listen); err == nil && given == "localhost" {
		host = given
	}
	scheme := "http"
	if c.tls() {
		scheme = "https"
	}
	return scheme + "://" + net.JoinHostPort(host, port)
}

// packed has the collector run often while a server is put together: what it
// keeps for good then lies close together, and what was needed on the way goes.
// A short command rather has it rest.
func packed(getenv func(string) string) {
	if getenv("GOGC") == "" {
		debug.SetGCPercent(60)
	}
}

// settled gives back what starting took, and has the collector, which rests
// while the program starts, run as it does in other programs.
func settled(getenv func(string) string) {
	if getenv("GOGC") == "" {
		debug.SetGCPercent(100)
	}
	debug.FreeOSMemory() // starting takes more than idling
}

// server is a running serve.
type server struct {
	serveCmd
	session *session
	logger  *slog.Logger
	base    string
	ready   atomic.Bool
}

func (v *server) serve(listener, admin net.Listener) (err error) {
	ctx := v.session.Ctx
	live, store, err := v.load(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	u, err := url.Parse(v.base)
	if err != nil {
		return fmt.Errorf("read base URL: %w", err)
	}
	signer, err := v.logKey.signer(ctx, store, u.Hostname())
	if err != nil {
		return err
	}
	var verdictKey crypto.Signer
	if v.VerdictKeyKMS != "" {
		verdictKey, err = verdictKMS(ctx, v.VerdictKeyKMS)
	} else {
		verdictKey, err = verdictSigner(ctx, store, v.VerdictKeyFile)
	}
	if err != nil {
		return err
	}
	var demo *demonstration
	if v.Demo {
		if demo, err = v.fillDemo(ctx, store, live, signer); err != nil {
			return fmt.Errorf("fill demonstration: %w", err)
		}
	}
	in, err := install(ctx, store, live, v.session.Bundle, signer, v.logger, v.session.Now)
	if err != nil {
		return kmsFault(v.LogKeyKMS, err)
	}
	defer func() { err = errors.Join(err, in.log.Close()) }()
	in.attestations.Verifier = attestation.NewVerifier(signer.Name(), verdictKey)
	signers, err := v.signers(v.session.Now)
	if err != nil {
		return err
	}
	in.attestations.Signers, in.suppliers.Signers, in.reviews.Signers = signers, signers, signers
	if in.evidence.Scanner, err = v.scanner(); err != nil {
		return err
	}
	asks, err := v.register()
	if err != nil {
		return err
	}
	in.ask(asks, v.logger)
	in.evidence.Retention = time.Duration(v.EvidenceRetentionDays) * 24 * time.Hour
	in.trail = v.trail(in)
	defer func() { err = errors.Join(err, v.endTrail(in)) }()
	handler, err := v.handler(in, demo)
	if err != nil {
		return err
	}
	return v.run(in, handler, listener, admin, demo)
}

// load reads content and texts and opens the store side by side: all take their
// time. A server has every text in memory, and does not start without one.
func (v *server) load(ctx context.Context) (live *catalogue.Live, store storage.Store, err error) {
	files, err := v.fs()
	if err != nil {
		return nil, nil, err
	}
	var g errgroup.Group
	g.Go(func() (err error) { live, err = catalogue.NewLive(files, v.logger); return err })
	g.Go(func() (err error) { store, err = v.local.open(ctx, v.session.Now); return err })
	var texts *locale.Bundle
	g.Go(func() (err error) { texts, err = locale.Load(templates.FS, "locales"); return err })
	err = g.Wait()
	if err == nil {
		v.session.Bundle, v.session.Texts = texts, texts.In(v.session.Lang)
		err = live.Follow(ctx, store)
	}
	if err != nil {
		if store != nil {
			err = errors.Join(err, store.Close())
		}
		return nil, nil, err
	}
	return live, store, nil
}

// handler makes the engine with pages and API.
func (v *server) handler(in *installation, demo *demonstration) (*httpd.Server, error) {
	services, err := in.services(v.base)
	if err != nil {
		return nil, err
	}
	secure := strings.HasPrefix(v.base, "https://")
	sessions, err := v.sessions(in, demo)
	if err != nil {
		return nil, err
	}
	var (
		pages    *web.Web
		contract *api.API
		g        errgroup.Group
	)
	g.Go(func() (err error) { contract, err = api.New(services); return err })
	g.Go(func() (err error) {
		pages, err = web.New(web.Config{
			Catalogue: in.live, Drafts: in.drafts, Reports: in.reports, Document: func() apidoc.Document { return contract.Document() }, Trail: in.trail, Suppliers: in.suppliers, Evidence: in.evidence, Attestations: in.attestations, Answering: in.answering, Reuse: in.reuse,
			Reviews: in.reviews, Facts: in.facts, Register: in.register, Procurements: in.procurements, OwnBooks: in.ownbooks, Watch: in.watch, Checks: in.checks, Tokens: in.tokens, Members: in.members, Operator: v.operator(), Log: in.log, LogKey: services.LogKey, Sessions: sessions,
			Texts: in.texts, Files: templates.FS, Dist: templates.Dist, BaseURL: v.base, Demo: v.Demo, Now: in.now, Logger: v.logger,
		})
		return err
	})
	if err := g.Wait(); err != nil {
		return nil, err
	}
	machines, err := v.authenticator(in)
	if err != nil {
		return nil, err
	}
	cfg, err := v.edgeConfig(httpd.Config{
		Texts: in.texts, Authenticator: machines, Page: pages.Error, Trail: requests.Trail{Service: in.trail}, HTTPS: secure, Log: v.logger, Now: in.now,
		Ready: func(ctx context.Context) error { return v.isReady(ctx, in) },
	})
	if err != nil {
		return nil, err
	}
	h, err := httpd.New(cfg)
	if err != nil {
		return nil, err
	}
	follows(in.tokens, h, v.logger)
	h.Mount(contract, pages, httpd.WellKnown{BaseURL: v.base, Contacts: v.SecurityContact, Started: in.now()})
	return h, nil
}

var errStarting = errors.New("still starting")

func (v *server) isReady(ctx context.Context, in *installation) error {
	if !v.ready.Load() {
		return errStarting
	}
	return in.store.Ping(ctx)
}

func (v *server) unlessStopped(ctx context.Context, err error) error {
	if ctx.Err() != nil && (errors.Is(err, context.Canceled) || errors.Is(err, transparency.ErrClosed)) {
		return nil
	}
	return err
}

// announce tells where the service is, and in a demonstration how to get in.
func (v *server) announce(demo *demonstration) {
	t := v.session.Texts
	fmt.Fprintln(v.session.Stdout, t.T("cli.serve.at", "Address", v.base))
	if demo != nil {
		fmt.Fprintln(v.session.Stdout, t.T("cli.serve.demo", "Address", v.base, "File", demo.file))
	}
}
