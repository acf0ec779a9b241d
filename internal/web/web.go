package web

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/gin-gonic/gin"

	"felleskrav/internal/access"
	"felleskrav/internal/apidoc"
	"felleskrav/internal/attestation"
	"felleskrav/internal/attestation/answerdraft"
	"felleskrav/internal/attestation/reuse"
	"felleskrav/internal/bulkcheck"
	"felleskrav/internal/catalogue"
	"felleskrav/internal/evidence"
	"felleskrav/internal/locale"
	"felleskrav/internal/login"
	"felleskrav/internal/member"
	"felleskrav/internal/notify"
	"felleskrav/internal/organisation"
	"felleskrav/internal/organisation/registry"
	"felleskrav/internal/ownbook"
	"felleskrav/internal/procurement"
	"felleskrav/internal/review"
	"felleskrav/internal/status/facts"
	"felleskrav/internal/supplier"
	"felleskrav/internal/trail"
	"felleskrav/internal/workbook"
)

// Log is what the pages show of the transparency log.
type Log interface {
	Size(ctx context.Context) (int64, error)
	// Checkpoint is the newest signed checkpoint, as text.
	Checkpoint(ctx context.Context) ([]byte, error)
}

// Config is everything the pages are drawn from. All fields are required
// unless they say otherwise.
type Config struct {
	Catalogue    catalogue.Provider
	Suppliers    *supplier.Service
	Evidence     *evidence.Service
	Attestations *attestation.Service
	Answering    *answerdraft.Service
	Reuse        *reuse.Service
	Reviews      *review.Service
	Facts        *facts.Service
	// Register may be nil: then no name is suggested to who registers.
	Register     *registry.Service
	Procurements *procurement.Service
	Checks       *bulkcheck.Service
	OwnBooks     *ownbook.Service
	Watch        *notify.Service
	Drafts       *catalogue.DraftService
	Reports      *catalogue.ReportService
	Tokens       *organisation.Service
	Members      *member.Service
	Trail        *trail.Service
	Log          Log
	// LogKey is the log's public key in the form of a note verifier key.
	LogKey   string
	Sessions *login.Sessions
	Texts    *locale.Bundle
	// Files holds pages and partials, Dist the built assets: templates.FS and
	// templates.Dist.
	Files, Dist fs.FS
	// Document gives the contract of the interface for programs. It is asked
	// once, when a page first shows it.
	Document func() apidoc.Document
	// BaseURL is the address people use, without a slash at the end; it stands
	// in commands to copy.
	BaseURL string
	// Operator is who runs the installation and answers for what is kept about
	// people; what is not set is said to be so.
	Operator Operator
	// Demo marks every page as a demonstration with invented organisations.
	Demo bool
	Now  func() time.Time
	// Logger hears about faults that are not shown to people. Nil is silent.
	Logger *slog.Logger
	// MaxEvidence is the largest file of documentation in bytes; zero is 50 MiB.
	MaxEvidence int64
}

// Operator is who runs an installation.
type Operator struct {
	// Name is the organisation's, and Contact how people reach it about privacy.
	Name, Contact string
}

// Web draws the pages.
type Web struct {
	Config
	engine *engine
	// document is Document, once.
	document func() apidoc.Document
	dist     fs.FS
	guard    *http.CrossOriginProtection
	reader   *workbook.Reader
	// public reads what anybody may send.
	public *workbook.Reader
}

// New parses the pages in every language and checks that they are complete.
func New(cfg Config) (*Web, error) {
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	if cfg.MaxEvidence == 0 {
		cfg.MaxEvidence = 50 << 20
	}
	if err := cfg.check(); err != nil {
		return nil, fmt.Errorf("set up pages: %w", err)
	}
	addTypes()
	a, err := loadAssets(cfg.Dist)
	if err != nil {
		return nil, fmt.Errorf("set up pages: %w", err)
	}
	e, err := newEngine(cfg.Files, pageNames, cfg.Texts, cfg.Catalogue, a)
	if err != nil {
		return nil, fmt.Errorf("set up pages: %w", err)
	}
	w := &Web{Config: cfg, engine: e, document: sync.OnceValue(cfg.Document), dist: cfg.Dist, guard: http.NewCrossOriginProtection(), reader: workbook.NewReader(cfg.Texts, workbook.DefaultLimits()), public: workbook.NewReader(cfg.Texts, workbook.PublicLimits())}
	if err := guarded(w.Routes()); err != nil {
		return nil, fmt.Errorf("set up pages: %w", err)
	}
	return w, nil
}

// guarded refuses routes with an action that the policy does not know, which
// would let nobody in or, worse, be overlooked.
func guarded(routes []Route) error {
	var out []error
	for _, r := range routes {
		if !slices.Contains(access.Actions(), r.Action) {
			out = append(out, fmt.Errorf("%s %s has the action %q, which is not in the policy", r.Method, r.Path, r.Action))
		}
	}
	return errors.Join(out...)
}

func (cfg Config) check() error {
	var out []error
	for name, missing := range map[string]bool{
		"Catalogue": cfg.Catalogue == nil, "Suppliers": cfg.Suppliers == nil, "Evidence": cfg.Evidence == nil,
		"Attestations": cfg.Attestations == nil, "Answering": cfg.Answering == nil, "Reuse": cfg.Reuse == nil, "Reviews": cfg.Reviews == nil, "Facts": cfg.Facts == nil, "Procurements": cfg.Procurements == nil, "OwnBooks": cfg.OwnBooks == nil, "Watch": cfg.Watch == nil, "Checks": cfg.Checks == nil,
		"Drafts": cfg.Drafts == nil, "Reports": cfg.Reports == nil, "Tokens": cfg.Tokens == nil, "Members": cfg.Members == nil, "Trail": cfg.Trail == nil,
		"Log": cfg.Log == nil, "Document": cfg.Document == nil, "Sessions": cfg.Sessions == nil, "Texts": cfg.Texts == nil,
		"Files": cfg.Files == nil, "Dist": cfg.Dist == nil, "Now": cfg.Now == nil,
	} {
		if missing {
			out = append(out, fmt.Errorf("%s is not set", name))
		}
	}
	return errors.Join(out...)
}

// pageNames lists every page file; New refuses a folder that differs.
var pageNames = []string{
	"front", "error", "login", "login-failed", "organisation", "no-right", "logged-out", "demo-login",
	"procurements", "procurement-new", "procurement", "procurement-requirements", "procurement-columns", "procurement-bidders",
	"procurement-newest", "procurement-response", "procurement-comparison", "procurement-record", "own", "own-workbook", "own-report",
	"suppliers", "supplier", "supplier-edit", "keys", "key-challenge", "evidence", "evidence-edit", "evidence-erase",
	"offering-edit", "answers", "statement", "attestation", "withdrawal",
	"review-new", "review-statement", "review", "review-withdrawal", "reviews", "body-edit",
	"status", "watch", "checks", "check",
	"catalogue", "tasks", "task", "measures", "measure", "sets", "set-version", "requirement",
	"drafts", "draft", "draft-requirement", "draft-changes", "draft-check", "draft-file", "reports",
	"catalogue-search", "crosswalk", "declarations", "docs", "accessibility",
	"log", "workbook-verify", "tokens", "trail",
	"members", "invited", "join", "joined", "claim-new", "claims-mine", "claims", "me", "me-erase", "privacy",
}

// Sizes of uploads, in bytes.
const (
	maxWorkbook = 16 << 20
	maxPublic   = 10<<20 + 64<<10 // a workbook that anybody may send, and the form around it
	maxBundle   = 16 << 20        // with the statement beside it; the bundle itself is capped by the service
)

// handler draws a page or returns what went wrong.
type handler func(c *gin.Context) error

// handle lets a handler return its error.
func (w *Web) handle(h handler) gin.HandlerFunc {
	return func(c *gin.Context) {
		if err := h(c); err != nil {
			w.Error(c, err)
		}
	}
}

// limit caps the body; reading beyond it fails with *http.MaxBytesError.
func limit(max int64) gin.HandlerFunc {
	return func(c *gin.Context) {
		c.Request.Body = http.MaxBytesReader(c.Writer, c.Request.Body, max)
	}
}

// policy lets a page load nothing from anywhere else and run no script at all.
// Designsystemet draws its icons from data addresses in the style sheet.
const policy = "default-src 'none'; style-src 'self'; font-src 'self'; img-src 'self' data:; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// scriptPolicy is for the pages that use keys kept in the browser. Scripts come
// from the built files alone, cannot fetch or send anything but the page's own
// forms, and cannot turn text into code.
const scriptPolicy = policy + "; script-src 'self'; require-trusted-types-for 'script'; trusted-types 'none'"

// savingPolicy is for the pages whose scripts save or send what is on them while
// it is worked on, to this service alone.
const savingPolicy = scriptPolicy + "; connect-src 'self'"

// saving lets the page run our scripts, and those send something back.
func saving(c *gin.Context) { c.Writer.Header().Set("Content-Security-Policy", savingPolicy) }

// scripted lets the page run our scripts.
func scripted(c *gin.Context) { c.Writer.Header().Set("Content-Security-Policy", scriptPolicy) }

func (w *Web) headers(c *gin.Context) {
	h := c.Writer.Header()
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
	// A page may hold what only one organisation should see.
	h.Set("Cache-Control", "private, no-cache")
}

// sameOrigin refuses a change asked for from another site.
func (w *Web) sameOrigin(c *gin.Context) {
	if err := w.guard.Check(c.Request); err != nil {
		w.Error(c, errCrossOrigin.Because(err))
		c.Abort()
	}
}

func (w *Web) report(ctx context.Context, err error) {
	w.Logger.ErrorContext(ctx, "page", "error", err)
}
