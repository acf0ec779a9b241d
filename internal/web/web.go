package web

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"felleskrav/internal/access"
	"felleskrav/internal/attestation"
	"felleskrav/internal/bulkcheck"
	"felleskrav/internal/catalogue"
	"felleskrav/internal/evidence"
	"felleskrav/internal/httpd"
	"felleskrav/internal/locale"
	"felleskrav/internal/login"
	"felleskrav/internal/organisation"
	"felleskrav/internal/organisation/registry"
	"felleskrav/internal/ownbook"
	"felleskrav/internal/procurement"
	"felleskrav/internal/review"
	"felleskrav/internal/status/facts"
	"felleskrav/internal/supplier"
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
	Reviews      *review.Service
	Facts        *facts.Service
	// Register may be nil: then no name is suggested to who registers.
	Register     *registry.Service
	Procurements *procurement.Service
	Checks       *bulkcheck.Service
	OwnBooks     *ownbook.Service
	Reports      *catalogue.ReportService
	Tokens       *organisation.Service
	Log          Log
	// LogKey is the log's public key in the form of a note verifier key.
	LogKey   string
	Sessions *login.Sessions
	Texts    *locale.Bundle
	// Files holds pages and partials, Dist the built assets: templates.FS and
	// templates.Dist.
	Files, Dist fs.FS
	// BaseURL is the address people use, without a slash at the end; it stands
	// in commands to copy.
	BaseURL string
	// Demo marks every page as a demonstration with invented organisations.
	Demo bool
	Now  func() time.Time
	// Logger hears about faults that are not shown to people. Nil is silent.
	Logger *slog.Logger
	// MaxEvidence is the largest file of documentation in bytes; zero is 50 MiB.
	MaxEvidence int64
}

// Web draws the pages.
type Web struct {
	Config
	engine *engine
	dist   fs.FS
	guard  *http.CrossOriginProtection
	reader *workbook.Reader
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
	return &Web{Config: cfg, engine: e, dist: cfg.Dist, guard: http.NewCrossOriginProtection(), reader: workbook.NewReader(cfg.Texts, workbook.DefaultLimits()), public: workbook.NewReader(cfg.Texts, workbook.PublicLimits())}, nil
}

func (cfg Config) check() error {
	var out []error
	for name, missing := range map[string]bool{
		"Catalogue": cfg.Catalogue == nil, "Suppliers": cfg.Suppliers == nil, "Evidence": cfg.Evidence == nil,
		"Attestations": cfg.Attestations == nil, "Reviews": cfg.Reviews == nil, "Facts": cfg.Facts == nil, "Procurements": cfg.Procurements == nil, "OwnBooks": cfg.OwnBooks == nil, "Checks": cfg.Checks == nil,
		"Reports": cfg.Reports == nil, "Tokens": cfg.Tokens == nil,
		"Log": cfg.Log == nil, "Sessions": cfg.Sessions == nil, "Texts": cfg.Texts == nil,
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
	"procurement-response", "procurement-comparison", "own", "own-workbook", "own-report",
	"suppliers", "supplier", "supplier-edit", "keys", "key-challenge", "evidence", "evidence-edit", "evidence-erase",
	"offering-edit", "answers", "statement", "attestation", "withdrawal",
	"review-new", "review-statement", "review", "review-withdrawal", "reviews", "body-edit",
	"status", "checks", "check",
	"catalogue", "tasks", "task", "measures", "measure", "sets", "set-version", "requirement",
	"log", "workbook-verify", "tokens",
}

// Mount adds every page below r, with sessions, the guard against requests
// from other sites, and the headers pages go out with.
func (w *Web) Mount(r gin.IRouter) {
	r.GET("/assets/:name", w.asset)
	r.HEAD("/assets/:name", w.asset)

	g := r.Group("/", w.headers, w.sameOrigin, w.Sessions.Middleware(w.Error, w.report), w.language)
	get := func(path string, h handler) { g.GET(path, w.handle(h)); g.HEAD(path, w.handle(h)) }
	post := func(path string, max int64, h handler) { g.POST(path, limit(max), w.handle(h)) }
	// What takes long to compute waits for its turn; what moves files has more time.
	getCostly := func(path string, h handler) {
		g.GET(path, httpd.Costly, w.handle(h))
		g.HEAD(path, httpd.Costly, w.handle(h))
	}
	postCostly := func(path string, max int64, h handler) { g.POST(path, httpd.Costly, limit(max), w.handle(h)) }
	getLong := func(path string, h handler) {
		g.GET(path, httpd.Long, w.handle(h))
		g.HEAD(path, httpd.Long, w.handle(h))
	}
	const form = 1 << 20 // bytes of a form without files

	get("/", w.front)
	get("/login", w.login)
	get("/demo/login", w.demoLogin)
	g.POST("/demo/login", httpd.Attempt, limit(form), w.handle(w.demoChoose))
	post("/logout", form, w.logout)
	post("/logout/everywhere", form, w.logoutEverywhere)
	// These do something, and so answer to nothing but GET.
	g.GET("/login/oidc", w.handle(w.loginStart))
	g.GET("/login/oidc/callback", w.handle(w.loginReturn))
	g.GET("/login/oidc/frontchannel-logout", w.handle(w.frontchannelLogout))
	get("/login/organisation", w.organisation)
	post("/login/organisation", form, w.organisationChoose)

	get("/procurements", w.procurements)
	get("/procurements/new", w.procurementNew)
	post("/procurements", form, w.procurementCreate)
	get("/procurements/:id", w.procurementShow)
	getCostly("/procurements/:id/workbook", w.procurementWorkbook)
	get("/procurements/:id/requirements", w.choices)
	post("/procurements/:id/requirements", form, w.choicesSave)
	get("/procurements/:id/columns", w.columns)
	post("/procurements/:id/columns", form, w.columnsSave)
	get("/procurements/:id/bidders", w.bidders)
	post("/procurements/:id/bidders", form, w.bidderAdd)
	post("/procurements/:id/bidders/remove", form, w.bidderRemove)
	postCostly("/procurements/:id/responses", maxWorkbook, w.responseUpload)
	get("/procurements/:id/comparison", w.comparison)
	get("/procurements/:id/comparison.svg", w.comparisonPicture)
	getCostly("/procurements/:id/comparison.png", w.comparisonPicture)
	post("/procurements/:id/contract-end", form, w.contractEndSave)
	get("/procurements/:id/own", w.ownList)
	postCostly("/procurements/:id/own", maxWorkbook, w.ownUpload)
	get("/procurements/:id/own/:wid", w.ownShow)
	post("/procurements/:id/own/:wid", form, w.ownDecide)
	post("/procurements/:id/own/:wid/remove", form, w.ownRemove)
	get("/procurements/:id/own/:wid/report", w.ownReport)
	getCostly("/procurements/:id/own/:wid/file", w.ownFile)

	get("/suppliers", w.suppliers)
	get("/suppliers/:orgnr", w.supplier)
	get("/suppliers/:orgnr/edit", w.supplierEdit)
	post("/suppliers/:orgnr/edit", form, w.supplierSave)
	get("/suppliers/:orgnr/keys", w.keys)
	post("/suppliers/:orgnr/keys", form, w.surely(access.WriteKey, "/suppliers/:orgnr/keys", w.keyBegin))
	get("/suppliers/:orgnr/keys/challenge", w.surely(access.WriteKey, "/suppliers/:orgnr/keys", w.keyChallenge))
	get("/suppliers/:orgnr/keys/challenge/file", w.keyChallengeFile)
	post("/suppliers/:orgnr/keys/challenge", form, w.surely(access.WriteKey, "/suppliers/:orgnr/keys", w.keyComplete))
	post("/suppliers/:orgnr/keys/revoke", form, w.surely(access.WriteKey, "/suppliers/:orgnr/keys", w.keyRevoke))
	post("/suppliers/:orgnr/four-eyes", form, w.surely(access.WriteKey, "/suppliers/:orgnr/keys", w.fourEyes))
	post("/suppliers/:orgnr/verification", form, w.verify)
	get("/suppliers/:orgnr/waiting/:digest", w.surely(access.SubmitAttestation, "", w.second))
	get("/suppliers/:orgnr/evidence", w.evidence)
	g.POST("/suppliers/:orgnr/evidence", httpd.Long, limit(w.MaxEvidence+form), w.handle(w.evidenceUpload))
	get("/suppliers/:orgnr/evidence/:sha256", w.evidenceEdit)
	post("/suppliers/:orgnr/evidence/:sha256", form, w.evidenceSave)
	get("/suppliers/:orgnr/evidence/:sha256/erase", w.evidenceErase)
	post("/suppliers/:orgnr/evidence/:sha256/erase", form, w.evidenceEraseConfirm)
	get("/suppliers/:orgnr/offerings/new", w.offeringNew)
	post("/suppliers/:orgnr/offerings/new", form, w.offeringCreate)
	getLong("/evidence/:sha256", w.evidenceFile)

	get("/offerings/:id/edit", w.offeringEdit)
	post("/offerings/:id/edit", form, w.offeringSave)
	get("/offerings/:id/answers", w.surely(access.SubmitAttestation, "", w.answers))
	post("/offerings/:id/answers", 8<<20, w.answersPrepare)
	getCostly("/offerings/:id/answers/workbook", w.answersWorkbook)
	postCostly("/offerings/:id/answers/workbook", maxWorkbook, w.answersUpload)
	post("/offerings/:id/statement/file", 8<<20, w.statementFile)
	post("/offerings/:id/attestations", maxBundle, w.surely(access.SubmitAttestation, "/offerings/:id/answers", w.attestationSubmit))
	get("/offerings/:id/status", w.status)

	get("/checks", w.checks)
	postCostly("/checks", maxWorkbook, w.checkStart)
	get("/checks/:id", w.checkShow)
	getLong("/checks/:id/result", w.checkResult)
	post("/checks/:id/cancel", form, w.checkCancel)
	post("/checks/:id/delete", form, w.checkDelete)

	get("/attestations/:digest", w.attestation)
	get("/attestations/:digest/receipt.json", w.receiptFile)
	get("/attestations/:digest/bundle.json", w.bundleFile)
	get("/attestations/:digest/verdict.json", w.verdictFile)
	get("/attestations/:digest/renewal", w.renewal)
	get("/attestations/:digest/withdrawal", w.surely(access.Withdraw, "", w.withdrawal))
	post("/attestations/:digest/withdrawal", form, w.surely(access.Withdraw, "/attestations/:digest/withdrawal", w.withdrawalPrepare))
	post("/attestations/:digest/withdrawal/bundle", maxBundle, w.surely(access.Withdraw, "/attestations/:digest/withdrawal", w.withdrawalSubmit))

	get("/attestations/:digest/reviews/new", w.surely(access.WriteReview, "", w.reviewNew))
	post("/attestations/:digest/reviews/statement", form, w.surely(access.WriteReview, "/attestations/:digest", w.reviewPrepare))
	post("/attestations/:digest/reviews", maxBundle, w.surely(access.WriteReview, "/attestations/:digest", w.reviewSubmit))
	get("/reviews", w.reviews)
	get("/reviews/:digest", w.review)
	get("/reviews/:digest/receipt.json", w.reviewReceiptFile)
	get("/reviews/:digest/bundle.json", w.reviewBundleFile)
	get("/reviews/:digest/withdrawal", w.surely(access.WriteReview, "", w.reviewWithdrawal))
	post("/reviews/:digest/withdrawal", form, w.surely(access.WriteReview, "/reviews/:digest/withdrawal", w.reviewWithdrawalPrepare))
	post("/reviews/:digest/withdrawal/bundle", maxBundle, w.surely(access.WriteReview, "/reviews/:digest/withdrawal", w.reviewWithdrawalSubmit))
	get("/bodies/:orgnr/edit", w.bodyEdit)
	post("/bodies/:orgnr/edit", form, w.bodySave)

	get("/catalogue", w.catalogue)
	get("/catalogue/tasks", w.tasks)
	get("/catalogue/tasks/:id", w.task)
	get("/catalogue/measures", w.measures)
	get("/catalogue/measures/:id", w.measure)
	get("/catalogue/sets", w.sets)
	get("/catalogue/sets/:id", w.setVersion)
	get("/catalogue/requirements/:id", w.requirement)
	post("/catalogue/requirements/:id/reports", form, w.requirementReport)
	post("/catalogue/requirements/:id/reports/:rid", form, w.requirementAnswer)
	get("/tokens", w.tokens)
	post("/tokens", form, w.tokenCreate)
	post("/tokens/:id/revoke", form, w.tokenRevoke)
	get("/log", w.log)
	get("/workbooks/verify", w.workbookVerify)
	postCostly("/workbooks/verify", maxPublic, w.workbookVerified)
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
