package main

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/google/uuid"

	"felleskrav/internal/api"
	"felleskrav/internal/attestation"
	"felleskrav/internal/attestation/publiclog"
	"felleskrav/internal/catalogue"
	"felleskrav/internal/evidence"
	"felleskrav/internal/locale"
	"felleskrav/internal/organisation"
	"felleskrav/internal/procurement"
	"felleskrav/internal/review"
	"felleskrav/internal/signing"
	"felleskrav/internal/status/facts"
	"felleskrav/internal/storage"
	"felleskrav/internal/supplier"
	"felleskrav/internal/transparency"
)

// installation is everything below HTTP, wired together.
type installation struct {
	store  storage.Store
	live   *catalogue.Live
	texts  *locale.Bundle
	signer *transparency.Signer
	log    *transparency.Log
	now    func() time.Time

	tokens       *organisation.Service
	suppliers    *supplier.Service
	evidence     *evidence.Service
	attestations *attestation.Service
	reviews      *review.Service
	facts        *facts.Service
	procurements *procurement.Service
	drafts       *catalogue.DraftService
	reports      *catalogue.ReportService
}

// install opens the log and makes the services on it. now is the clock of all
// of them.
func install(ctx context.Context, store storage.Store, live *catalogue.Live, texts *locale.Bundle, signer *transparency.Signer, logger *slog.Logger, now func() time.Time) (*installation, error) {
	log, err := transparency.Open(ctx, store, transparency.Config{Signer: signer, Now: now, Logger: logger})
	if errors.Is(err, transparency.ErrInconsistent) {
		return nil, cannot(err, "cli.log.inconsistent")
	}
	if err != nil {
		return nil, fmt.Errorf("open log: %w", err)
	}
	public := publiclog.New(log, store, signer)
	in := &installation{store: store, live: live, texts: texts, signer: signer, log: log, now: now}
	in.tokens = &organisation.Service{Store: store, Now: now}
	in.suppliers = &supplier.Service{Store: store, Log: public, Now: now, NewID: newID}
	in.evidence = &evidence.Service{Store: store, Now: now, MaxBytes: evidence.DefaultMaxBytes}
	in.attestations = &attestation.Service{Store: store, Suppliers: store, Evidence: store, Catalogue: live, Log: public, Now: now}
	in.reviews = &review.Service{Store: store, Attestations: store, Suppliers: store, Evidence: store, Log: public, Now: now}
	in.facts = &facts.Service{Suppliers: store, Attestations: store, Reviews: store, Log: public, Catalogue: live, Now: now}
	in.procurements = &procurement.Service{Store: store, Catalogue: live, Facts: in.facts, Suppliers: store, Now: now, NewID: newID}
	in.drafts = &catalogue.DraftService{Store: store, Log: public, Live: live, Now: now, NewID: newID}
	in.reports = &catalogue.ReportService{Store: store, Catalogue: live, Now: now, NewID: newID}
	return in, nil
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
	s := api.Services{
		Catalogue: in.live, Suppliers: in.suppliers, Evidence: in.evidence, Attestations: in.attestations,
		Reviews: in.reviews, Facts: in.facts, Procurements: in.procurements, Drafts: in.drafts, Reports: in.reports, Log: in.log, LogKey: in.signer.VerifierKey(),
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

// logSecret names the log's private key among the store's secrets.
const logSecret = "log-key"

// logSigner finds the log's key: in the file the operator keeps it in, or in
// the store, which makes one the first time. origin names a new log, and must
// be "" or the name of one that is there: a log keeps its name.
func logSigner(ctx context.Context, store storage.Store, file, origin, fallback string) (*transparency.Signer, error) {
	var text []byte
	var err error
	if file != "" {
		if text, err = os.ReadFile(file); err != nil {
			return nil, cannot(err, "cli.file.read", "File", file)
		}
	} else {
		text, err = store.SecretOrCreate(ctx, logSecret, func() ([]byte, error) {
			name := origin
			if name == "" {
				name = fallback
			}
			key, err := transparency.GenerateSignerKey(name)
			return []byte(key), err
		})
		if err != nil {
			return nil, fmt.Errorf("make log key: %w", err)
		}
	}
	signer, err := transparency.ParseSigner(strings.TrimSpace(string(text)))
	if err != nil {
		return nil, cannot(nil, "cli.log.key", "File", file)
	}
	if origin != "" && signer.Name() != origin {
		return nil, usage("cli.log.origin", "Origin", origin, "Known", signer.Name())
	}
	return signer, nil
}

// verdictSecret names the private key for verdicts among the store's secrets.
const verdictSecret = "verdict-key"

// verdictSigner finds the registry's own key: in the file the operator keeps
// it in, or in the store, which makes one the first time. It is another than
// the log's, since stock verifiers take no log key for a signer's.
func verdictSigner(ctx context.Context, store storage.Store, file string) (crypto.Signer, error) {
	if file == "" {
		text, err := store.SecretOrCreate(ctx, verdictSecret, func() ([]byte, error) {
			key, err := signing.GenerateKey(signing.ECDSAP256)
			if err != nil {
				return nil, err
			}
			return signing.MarshalPrivateKey(key)
		})
		if err != nil {
			return nil, fmt.Errorf("make verdict key: %w", err)
		}
		key, err := signing.ParsePrivateKey(text)
		if err != nil {
			return nil, fmt.Errorf("read verdict key: %w", err)
		}
		return key, nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, cannot(err, "cli.file.read", "File", file)
	}
	key, err := signing.ParsePrivateKey(text)
	if err != nil {
		return nil, cannot(err, "cli.serve.verdict-key", "File", file)
	}
	public, err := signing.PublicOf(key)
	if err != nil || !public.Algorithm.CosignVerifiable() {
		return nil, cannot(err, "cli.serve.verdict-key", "File", file)
	}
	return key, nil
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
			return cannot(nil, "cli.serve.release-changed", "Ref", v.Ref())
		}
		if err != nil {
			return fmt.Errorf("log release %s: %w", v.Ref(), err)
		}
	}
	return nil
}
