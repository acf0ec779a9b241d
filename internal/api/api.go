package api

import (
	"context"
	"errors"
	"fmt"
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
	"felleskrav/internal/member"
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

// Log is what is published of the transparency log.
type Log interface {
	// Checkpoint is the newest signed checkpoint, with what cosignatures it has.
	Checkpoint(ctx context.Context) ([]byte, error)
	// WitnessedCheckpoint is the newest one that witnesses have cosigned;
	// transparency.ErrNotFound when there is none.
	WitnessedCheckpoint(ctx context.Context) ([]byte, error)
	// Tile and EntryBundle read a page; transparency.ErrNotFound when the log
	// does not reach that far.
	Tile(ctx context.Context, level int, index int64, width int) ([]byte, error)
	EntryBundle(ctx context.Context, index int64, width int) ([]byte, error)
}

// Services are what the interface is made of. All fields are required unless
// they say otherwise.
type Services struct {
	Catalogue    catalogue.Provider
	Suppliers    *supplier.Service
	Evidence     *evidence.Service
	Attestations *attestation.Service
	Reviews      *review.Service
	Facts        *facts.Service
	// Register may be nil: then nothing is asked for who registers.
	Register     *registry.Service
	Procurements *procurement.Service
	Checks       *bulkcheck.Service
	OwnBooks     *ownbook.Service
	Drafts       *catalogue.DraftService
	Reports      *catalogue.ReportService
	Tokens       *organisation.Service
	Members      *member.Service
	Trail        *trail.Service
	Log          Log
	// LogKey is the log's public key as a note verifier key.
	LogKey string
	// TrustedRoot is the Sigstore trusted root of the log, as JSON; empty when
	// the installation's address does not allow for one.
	TrustedRoot []byte
	Texts       *locale.Bundle
	// BaseURL is the address people use, without a slash at the end.
	BaseURL string
	// Now is the clock; nil is time.Now.
	Now func() time.Time
}

// API serves the contract. It is an httpd.Feature.
type API struct {
	Services
	spec     *contract
	statuses *statusCache
	reader   *workbook.Reader
	// public reads what anybody may send.
	public *workbook.Reader
}

// New reads the contract and checks that it and the services are complete.
func New(s Services) (*API, error) {
	var missing []error
	for name, isMissing := range map[string]bool{
		"Catalogue": s.Catalogue == nil, "Suppliers": s.Suppliers == nil, "Evidence": s.Evidence == nil,
		"Attestations": s.Attestations == nil, "Reviews": s.Reviews == nil, "Facts": s.Facts == nil, "Procurements": s.Procurements == nil, "OwnBooks": s.OwnBooks == nil, "Checks": s.Checks == nil,
		"Drafts": s.Drafts == nil, "Reports": s.Reports == nil, "Trail": s.Trail == nil, "Tokens": s.Tokens == nil, "Members": s.Members == nil,
		"Log": s.Log == nil, "LogKey": s.LogKey == "", "Attestations.Verifier": s.Attestations != nil && s.Attestations.Verifier == nil, "Texts": s.Texts == nil,
	} {
		if isMissing {
			missing = append(missing, fmt.Errorf("%s is not set", name))
		}
	}
	if err := errors.Join(missing...); err != nil {
		return nil, fmt.Errorf("set up api: %w", err)
	}
	if s.Now == nil {
		s.Now = time.Now
	}
	spec, err := loadContract()
	if err != nil {
		return nil, fmt.Errorf("set up api: %w", err)
	}
	cache, err := newStatusCache(s.Facts, s.Now)
	if err != nil {
		return nil, fmt.Errorf("set up api: %w", err)
	}
	return &API{
		Services: s, spec: spec, statuses: cache,
		reader: workbook.NewReader(s.Texts, workbook.DefaultLimits()), public: workbook.NewReader(s.Texts, workbook.PublicLimits()),
	}, nil
}

// Mount adds every route of the contract but those of operation, which are
// httpd's own.
func (a *API) Mount(r gin.IRouter) {
	g := r.Group("/", a.guard)
	strict := NewStrictHandlerWithOptions(a, nil, StrictGinServerOptions{
		RequestErrorHandlerFunc:  func(c *gin.Context, err error) { httpd.Fail(c, malformed(err)) },
		HandlerErrorFunc:         httpd.Fail,
		ResponseErrorHandlerFunc: httpd.Fail,
	})
	RegisterHandlersWithOptions(g, strict, GinServerOptions{
		ErrorHandler: func(c *gin.Context, err error, _ int) { httpd.Fail(c, malformed(err)) },
	})
	g.POST("/api/v1/status/check", a.checkStatus)
	// A bundle is kept as it came, so these read the body themselves.
	g.POST("/api/v1/attestations", a.submitAttestation)
	g.POST("/api/v1/attestations/:digest/withdrawals", a.submitWithdrawal)
	g.POST("/api/v1/reviews", a.submitReview)
	g.POST("/api/v1/reviews/:digest/withdrawals", a.submitReviewWithdrawal)

	g.GET("/log/checkpoint", a.checkpoint)
	g.GET("/log/checkpoint/witnessed", a.witnessedCheckpoint)
	g.GET("/log/tile/*tile", a.tile)
	g.GET("/log/trusted_root.json", a.trustedRoot)
	g.GET("/log/key", a.logKey)
	g.GET("/log/verdict-key.pem", a.verdictKey)
	r.GET("/openapi.json", a.openapi)
}

// caller gives the request's own context, which may outlive the gin context's
// reuse, and who asks.
func caller(ctx context.Context) (context.Context, access.Actor) {
	c := ginOf(ctx)
	return c.Request.Context(), httpd.Actor(c)
}

// ginOf returns the gin context that the generated code passes as ctx.
func ginOf(ctx context.Context) *gin.Context {
	return ctx.(*gin.Context) //nolint:forcetypeassert // the generated code passes nothing else
}

// exact is an answer of exact bytes.
type exact struct {
	status    int
	mediaType string
	header    map[string]string
	body      []byte
}

func (e exact) send(w http.ResponseWriter) error {
	h := w.Header()
	for k, v := range e.header {
		h.Set(k, v)
	}
	if e.mediaType != "" {
		h.Set("Content-Type", e.mediaType)
	}
	if e.status == 0 {
		e.status = http.StatusOK
	}
	w.WriteHeader(e.status)
	if e.status == http.StatusNotModified {
		return nil
	}
	if _, err := w.Write(e.body); err != nil {
		return fmt.Errorf("send answer: %w", err)
	}
	return nil
}
