package attestation_test

import (
	"context"
	"crypto"
	"crypto/ed25519"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"felleskrav/internal/access"
	"felleskrav/internal/attestation"
	"felleskrav/internal/attestation/publiclog"
	"felleskrav/internal/catalogue"
	"felleskrav/internal/evidence"
	"felleskrav/internal/organisation"
	"felleskrav/internal/signing"
	"felleskrav/internal/status/facts"
	"felleskrav/internal/storage"
	"felleskrav/internal/storage/sqlite"
	"felleskrav/internal/supplier"
	"felleskrav/internal/transparency"
	"felleskrav/requirements"
)

const (
	ours   organisation.Number = "123456785"
	theirs organisation.Number = "314168267"
)

func as(org organisation.Number) access.Actor {
	return access.Actor{ID: "test", Org: string(org), Roles: []access.Role{access.Supplier}}
}

// clock is the injected time.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

// house is the real services on a real store, with one supplier that has an
// enrolled key and an offering.
type house struct {
	t         testing.TB
	clock     *clock
	store     storage.Store
	log       *publiclog.Log
	suppliers *supplier.Service
	evidence  *evidence.Service
	service   *attestation.Service
	facts     *facts.Service
	offering  supplier.Offering
	key       crypto.Signer
	keyID     string
}

// newHouse takes the store apart from the services' own wiring so that a test
// can put a failing one around it.
func newHouse(t testing.TB, around func(storage.Store) storage.Store) *house {
	t.Helper()
	ctx := t.Context()
	h := &house{t: t, clock: &clock{t: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)}}
	store, err := sqlite.Open(ctx, t.TempDir(), h.clock.now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	h.store = store
	if around != nil {
		h.store = around(store)
	}
	signer, err := transparency.NewSigner("log.test", ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)))
	if err != nil {
		t.Fatal(err)
	}
	tl, err := transparency.Open(ctx, h.store, transparency.Config{Signer: signer, Now: h.clock.now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tl.Close() })
	h.log = publiclog.New(tl, h.store, signer)
	content, err := catalogue.Load(requirements.FS)
	if err != nil {
		t.Fatal(err)
	}
	var n int
	var mu sync.Mutex
	newID := func() string {
		mu.Lock()
		defer mu.Unlock()
		n++
		return fmt.Sprintf("01900000-0000-7000-8000-%012d", n)
	}
	h.suppliers = &supplier.Service{Store: h.store, Log: h.log, Now: h.clock.now, NewID: newID}
	h.evidence = &evidence.Service{Store: h.store, Now: h.clock.now, MaxBytes: 1 << 20}
	registry, err := signing.GenerateKey(signing.ECDSAP256)
	if err != nil {
		t.Fatal(err)
	}
	h.service = &attestation.Service{Store: h.store, Suppliers: h.store, Evidence: h.store, Catalogue: content, Log: h.log, Verifier: attestation.NewVerifier("log.test", registry), Now: h.clock.now}
	h.facts = &facts.Service{Suppliers: h.store, Attestations: h.store, Log: h.log, Catalogue: content, Now: h.clock.now}
	h.register(ours, "Vår Sky AS")
	h.key, h.keyID = h.enrol(ours, signing.ECDSAP256)
	h.offering, err = h.suppliers.CreateOffering(ctx, as(ours), supplier.Offering{
		Supplier: ours, Name: "Sakssystem", Models: []catalogue.DeliveryModel{catalogue.ModelSaaS}, Version: "4", Regions: []string{"NO"},
		SubSuppliers: []supplier.SubSupplier{{Name: "Rom og strøm AS", Country: "NO", Purpose: "drift", Number: theirs}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func (h *house) register(n organisation.Number, name string) {
	h.t.Helper()
	if _, _, err := h.suppliers.Register(h.t.Context(), as(n), supplier.Supplier{Number: n, Name: name, Country: "NO"}); err != nil {
		h.t.Fatal(err)
	}
}

// enrol makes a key and proves it.
func (h *house) enrol(n organisation.Number, alg signing.Algorithm) (crypto.Signer, string) {
	h.t.Helper()
	ctx := h.t.Context()
	key, err := signing.GenerateKey(alg)
	if err != nil {
		h.t.Fatal(err)
	}
	pub, err := signing.PublicOf(key)
	if err != nil {
		h.t.Fatal(err)
	}
	ch, err := h.suppliers.BeginEnrolment(ctx, as(n), n, supplier.Enrolment{PEM: pub.PEM, Label: string(alg)})
	if err != nil {
		h.t.Fatal(err)
	}
	proof, err := signing.SignMessage(key, ch.Bytes)
	if err != nil {
		h.t.Fatal(err)
	}
	k, err := h.suppliers.CompleteEnrolment(ctx, as(n), n, ch.ID, proof)
	if err != nil {
		h.t.Fatal(err)
	}
	return key, k.ID
}

// draft answers every requirement of a set with met.
func (h *house) draft(set string) attestation.Draft {
	v, ok := h.service.Catalogue.Content().Version(set, "")
	if !ok {
		h.t.Fatalf("no set %s", set)
	}
	d := attestation.Draft{Offering: h.offering.ID, Set: set}
	for _, r := range v.Requirements {
		d.Answers = append(d.Answers, attestation.Answer{Requirement: r.ID, Status: attestation.Met, Statement: "Ja."})
	}
	return d
}

func (h *house) prepare(d attestation.Draft) []byte {
	h.t.Helper()
	st, err := h.service.Prepare(h.t.Context(), as(ours), d)
	if err != nil {
		h.t.Fatal(err)
	}
	return st
}

func sign(t testing.TB, key crypto.Signer, statement []byte) []byte {
	t.Helper()
	b, err := signing.SignBundle(context.Background(), key, statement)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func (h *house) submit(bundle []byte) attestation.Receipt {
	h.t.Helper()
	r, _, err := h.service.Submit(h.t.Context(), as(ours), bundle)
	if err != nil {
		h.t.Fatal(err)
	}
	return r
}

// replace swaps old, which must be there once, for new.
func replace(t testing.TB, b []byte, old, new string) []byte {
	t.Helper()
	if strings.Count(string(b), old) != 1 {
		t.Fatalf("%q stands %d times in the statement, want once", old, strings.Count(string(b), old))
	}
	return []byte(strings.Replace(string(b), old, new, 1))
}
