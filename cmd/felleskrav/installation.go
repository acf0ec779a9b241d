package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"time"

	"github.com/google/uuid"

	"felleskrav/internal/api"
	"felleskrav/internal/attestation"
	"felleskrav/internal/attestation/answerdraft"
	"felleskrav/internal/attestation/publiclog"
	"felleskrav/internal/attestation/reuse"
	"felleskrav/internal/bulkcheck"
	"felleskrav/internal/catalogue"
	"felleskrav/internal/console"
	"felleskrav/internal/evidence"
	"felleskrav/internal/locale"
	"felleskrav/internal/member"
	"felleskrav/internal/notify"
	"felleskrav/internal/organisation"
	"felleskrav/internal/organisation/registry"
	"felleskrav/internal/ownbook"
	"felleskrav/internal/procurement"
	"felleskrav/internal/review"
	"felleskrav/internal/signing"
	"felleskrav/internal/status/facts"
	"felleskrav/internal/storage"
	"felleskrav/internal/supplier"
	"felleskrav/internal/trail"
	"felleskrav/internal/transparency"
	"felleskrav/internal/workbook"
)

// installation is everything below HTTP, wired together.
type installation struct {
	store  storage.Store
	live   *catalogue.Live
	texts  *locale.Bundle
	signer *transparency.Signer
	log    *transparency.Log
	public *publiclog.Log
	now    func() time.Time

	tokens       *organisation.Service
	members      *member.Service
	suppliers    *supplier.Service
	evidence     *evidence.Service
	attestations *attestation.Service
	answering    *answerdraft.Service
	reuse        *reuse.Service
	reviews      *review.Service
	facts        *facts.Service
	register     *registry.Service
	procurements *procurement.Service
	checks       *bulkcheck.Service
	ownbooks     *ownbook.Service
	watch        *notify.Service
	drafts       *catalogue.DraftService
	reports      *catalogue.ReportService
	// trail is set where requests are served.
	trail *trail.Service
}

// install opens the log and makes the services on it. now is the clock of all
// of them.
func install(ctx context.Context, store storage.Store, live *catalogue.Live, texts *locale.Bundle, signer *transparency.Signer, logger *slog.Logger, now func() time.Time) (*installation, error) {
	log, err := transparency.Open(ctx, store, transparency.Config{Signer: signer, Now: now, Logger: logger})
	if errors.Is(err, transparency.ErrInconsistent) {
		return nil, console.Cannot(err, "cli.log.inconsistent")
	}
	if err != nil {
		return nil, fmt.Errorf("open log: %w", err)
	}
	public := publiclog.New(log, store, signer)
	in := &installation{store: store, live: live, texts: texts, signer: signer, log: log, public: public, now: now}
	in.tokens = &organisation.Service{Store: store, Now: now}
	in.members = &member.Service{Store: store, Now: now, NewID: newID}
	in.suppliers = &supplier.Service{Store: store, Log: public, Now: now, NewID: newID}
	in.evidence = &evidence.Service{Store: store, Now: now, MaxBytes: evidence.DefaultMaxBytes}
	in.attestations = &attestation.Service{Store: store, Suppliers: store, Evidence: store, Catalogue: live, Log: public, Keeper: in.suppliers, Now: now}
	in.evidence.Uses = in.attestations
	in.answering = &answerdraft.Service{Store: store, Suppliers: store, Catalogue: live, Now: now}
	in.attestations.Drafts = in.answering
	in.reuse = &reuse.Service{Store: store, Now: now}
	in.reviews = &review.Service{Store: store, Attestations: store, Suppliers: store, Evidence: store, Log: public, Keeper: in.suppliers, Now: now}
	in.facts = &facts.Service{Suppliers: store, Attestations: store, Reviews: store, Log: public, Catalogue: live, Now: now}
	in.ask(nil, logger)
	in.procurements = &procurement.Service{Store: store, Catalogue: live, Facts: in.facts, Suppliers: store, Reuse: in.reuse, Now: now, NewID: newID}
	in.checks = &bulkcheck.Service{
		Store: store, Facts: in.facts, Catalogue: live, Texts: texts, Limits: workbook.DefaultLimits(), Now: now, NewID: newID, Logger: logger,
	}
	in.watch = &notify.Service{Store: store, Facts: in.facts, Now: now}
	in.ownbooks = &ownbook.Service{Store: store, Procurements: in.procurements, Catalogue: live, Texts: texts, Limits: workbook.DefaultLimits(), Now: now, NewID: newID}
	in.drafts = &catalogue.DraftService{Store: store, Log: public, Live: live, Now: now, NewID: newID}
	in.reports = &catalogue.ReportService{Store: store, Catalogue: live, Now: now, NewID: newID}
	return in, nil
}

// ask has the register of legal entities asked by a client; nil asks nobody, and
// what is known from before is shown while it is young enough.
func (in *installation) ask(c *registry.Client, logger *slog.Logger) {
	in.register = registry.New(in.store, c, in.now, logger)
	in.facts.Register = in.register
}

// listed are the suppliers, for the sweep that asks about them.
type listed struct{ store supplier.Store }

// RegisteredNumbers implements registry.Suppliers.
func (l listed) RegisteredNumbers(ctx context.Context, after organisation.Number, limit int) ([]organisation.Number, error) {
	all, err := l.store.SearchSuppliers(ctx, "", after, limit)
	if err != nil {
		return nil, fmt.Errorf("list suppliers: %w", err)
	}
	out := make([]organisation.Number, len(all))
	for i, s := range all {
		out[i] = s.Number
	}
	return out, nil
}

func newID() string {
	id, err := uuid.NewV7()
	if err != nil {
		panic("no randomness: " + err.Error()) // nothing can be signed or kept apart either
	}
	return id.String()
}

// services are what the contract of /api is served with.
func (in *installation) services(baseURL string) (api.Services, error) {
	in.checks.BaseURL = baseURL
	s := api.Services{
		Catalogue: in.live, Suppliers: in.suppliers, Evidence: in.evidence, Attestations: in.attestations,
		Reviews: in.reviews, Facts: in.facts, Register: in.register, Procurements: in.procurements, OwnBooks: in.ownbooks, Checks: in.checks, Drafts: in.drafts, Reports: in.reports, Trail: in.trail, Tokens: in.tokens, Members: in.members, Log: in.log, LogKey: in.signer.VerifierKey(),
		Texts: in.texts, BaseURL: baseURL, Now: in.now,
	}
	u, err := url.Parse(baseURL)
	if err != nil || u.Hostname() != in.signer.Name() {
		return s, nil // stock verifiers take the log's name from its address
	}
	s.TrustedRoot, err = signing.TrustedRootJSON(in.signer.Name(), baseURL+"/log", in.signer.PublicKeyDER(), in.signer.LogID())
	if err != nil {
		return s, fmt.Errorf("write trusted root: %w", err)
	}
	return s, nil
}

// logReleases makes every published set version part of the log, each once. A
// version that is logged with another digest was changed after it was
// published, and nobody may be asked to answer it.
func (in *installation) logReleases(ctx context.Context) error {
	for _, v := range in.live.Content().Releases {
		body, err := catalogue.ReleaseEvent(v)
		if err != nil {
			return err
		}
		_, err = in.log.Append(ctx, catalogue.ReleaseKey(v.Ref()), body)
		if errors.Is(err, transparency.ErrKeyTaken) {
			return console.Cannot(nil, "cli.serve.release-changed", "Ref", v.Ref())
		}
		if err != nil {
			return fmt.Errorf("log release %s: %w", v.Ref(), err)
		}
	}
	return nil
}
