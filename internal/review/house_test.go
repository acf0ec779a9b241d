package review_test

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
	"felleskrav/internal/review"
	"felleskrav/internal/signing"
	"felleskrav/internal/status/facts"
	"felleskrav/internal/storage"
	"felleskrav/internal/storage/sqlite"
	"felleskrav/internal/supplier"
	"felleskrav/internal/transparency"
	"felleskrav/requirements"
)

// Organisations of the tests: numbers with right check digits and nothing
// more.
const (
	vendor organisation.Number = "123456785" // the supplier that is reviewed
	other  organisation.Number = "998877660" // another supplier
	body   organisation.Number = "876543214" // the public body that reviews
	rival  organisation.Number = "314159268" // another public body
)

func as(role access.Role, org organisation.Number) access.Actor {
	return access.Actor{ID: "test", Org: string(org), Roles: []access.Role{role}}
}

// reviewer is the adviser of the body.
func reviewer() access.Actor { return as(access.Adviser, body) }

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

// house is the real services on a real store: a supplier with a declaration
// whose first two answers have evidence, and a public body with a key.
type house struct {
	t            *testing.T
	clock        *clock
	store        storage.Store
	log          *publiclog.Log
	suppliers    *supplier.Service
	evidence     *evidence.Service
	attestations *attestation.Service
	reviews      *review.Service
	facts        *facts.Service
	offering     string
	key          crypto.Signer // the supplier's
	bodyKey      crypto.Signer
	bodyKeyID    string
	declaration  string
	first, two   string // requirements with evidence
	bare         string // a requirement without
	open, shut   string // digests of evidence: for agencies, and granted to nobody
}

func newHouse(t *testing.T, around func(storage.Store) storage.Store) *house {
	t.Helper()
	ctx := t.Context()
	h := &house{t: t, clock: &clock{t: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)}}
	store, err := sqlite.Open(ctx, t.TempDir(), h.clock.now)
	h.must(err)
	t.Cleanup(func() { _ = store.Close() })
	h.store = store
	if around != nil {
		h.store = around(store)
	}
	signer, err := transparency.NewSigner("log.test", ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)))
	h.must(err)
	tl, err := transparency.Open(ctx, h.store, transparency.Config{Signer: signer, Now: h.clock.now})
	h.must(err)
	t.Cleanup(func() { _ = tl.Close() })
	h.log = publiclog.New(tl, h.store, signer)
	content, err := catalogue.Load(requirements.FS)
	h.must(err)
	var n int
	var mu sync.Mutex
	newID := func() string {
		mu.Lock()
		defer mu.Unlock()
		n++
		return fmt.Sprintf("01900000-0000-7000-8000-%012d", n)
	}
	now := h.clock.now
	h.suppliers = &supplier.Service{Store: h.store, Log: h.log, Now: now, NewID: newID}
	h.evidence = &evidence.Service{Store: h.store, Now: now, MaxBytes: 1 << 20}
	h.attestations = &attestation.Service{Store: h.store, Suppliers: h.store, Evidence: h.store, Catalogue: content, Log: h.log, Now: now}
	h.reviews = &review.Service{Store: h.store, Attestations: h.store, Suppliers: h.store, Evidence: h.store, Log: h.log, Now: now}
	h.facts = &facts.Service{Suppliers: h.store, Attestations: h.store, Reviews: h.store, Log: h.log, Catalogue: content, Now: now}
	_, _, err = h.suppliers.Register(ctx, as(access.Supplier, vendor), supplier.Supplier{Number: vendor, Name: "Vår Sky AS", Country: "NO"})
	h.must(err)
	h.key, _ = h.enrol(as(access.Supplier, vendor))
	h.bodyKey, h.bodyKeyID = h.body(body, "Prøve kommune")
	o, err := h.suppliers.CreateOffering(ctx, as(access.Supplier, vendor), supplier.Offering{
		Supplier: vendor, Name: "Sakssystem", Models: []catalogue.DeliveryModel{catalogue.ModelSaaS}, Version: "4", Regions: []string{"NO"},
	})
	h.must(err)
	h.offering = o.ID
	h.open, h.shut = h.upload("rapport.txt", evidence.VisibleAgencies), h.upload("hemmelig.txt", evidence.VisibleGranted)
	v := h.version()
	h.first, h.two, h.bare = v.Requirements[0].ID, v.Requirements[1].ID, v.Requirements[2].ID
	h.declaration = h.declare(nil)
	return h
}

func (h *house) must(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) version() catalogue.Version {
	v, ok := h.attestations.Catalogue.Content().Version("grunnsett", "")
	if !ok {
		h.t.Fatal("no set")
	}
	return v
}

// body registers a public body and enrols a key for it.
func (h *house) body(n organisation.Number, name string) (crypto.Signer, string) {
	h.t.Helper()
	_, _, err := h.suppliers.RegisterBody(h.t.Context(), as(access.Adviser, n), supplier.Supplier{Number: n, Name: name})
	h.must(err)
	return h.enrol(as(access.Adviser, n))
}

func (h *house) enrol(a access.Actor) (crypto.Signer, string) {
	h.t.Helper()
	ctx, n := h.t.Context(), organisation.Number(a.Org)
	key, err := signing.GenerateKey(signing.ECDSAP256)
	h.must(err)
	pub, err := signing.PublicOf(key)
	h.must(err)
	ch, err := h.suppliers.BeginEnrolment(ctx, a, n, supplier.Enrolment{PEM: pub.PEM})
	h.must(err)
	proof, err := signing.SignMessage(key, ch.Bytes)
	h.must(err)
	k, err := h.suppliers.CompleteEnrolment(ctx, a, n, ch.ID, proof)
	h.must(err)
	return key, k.ID
}

func (h *house) upload(name string, v evidence.Visibility) string {
	h.t.Helper()
	e, _, err := h.evidence.Upload(h.t.Context(), as(access.Supplier, vendor), evidence.Upload{Name: name, Kind: "other", Visibility: v}, strings.NewReader(name))
	h.must(err)
	return e.SHA256
}

// declare has the supplier declare for the set, with answers changed by edit.
func (h *house) declare(edit func(map[string]*attestation.Answer)) string {
	h.t.Helper()
	d := attestation.Draft{Offering: h.offering, Set: "grunnsett"}
	byID := map[string]*attestation.Answer{}
	for _, r := range h.version().Requirements {
		byID[r.ID] = &attestation.Answer{Requirement: r.ID, Status: attestation.Met, Statement: "Ja."}
	}
	for _, id := range []string{h.first, h.two} {
		for _, digest := range []string{h.open, h.shut} {
			byID[id].Evidence = append(byID[id].Evidence, attestation.EvidenceRef{Digest: attestation.DigestSet{SHA256: digest}})
		}
	}
	if edit != nil {
		edit(byID)
	}
	for _, r := range h.version().Requirements {
		if a := byID[r.ID]; a != nil {
			d.Answers = append(d.Answers, *a)
		}
	}
	st, err := h.attestations.Prepare(h.t.Context(), as(access.Supplier, vendor), d)
	h.must(err)
	r, _, err := h.attestations.Submit(h.t.Context(), as(access.Supplier, vendor), h.sign(h.key, st))
	h.must(err)
	h.clock.add(time.Minute)
	return r.Attestation
}

func (h *house) sign(key crypto.Signer, statement []byte) []byte {
	h.t.Helper()
	b, err := signing.SignBundle(context.Background(), key, statement)
	h.must(err)
	return b
}

// draft accepts the first answer on the evidence that is open to the body.
func (h *house) draft() review.Draft {
	return review.Draft{
		Attestation: h.declaration, Requirement: h.first, Evidence: []string{h.open}, Outcome: review.Accepted,
		Reason: "Rapporten dekker kravet.", Shared: review.SharedAgencies,
	}
}

func (h *house) prepare(d review.Draft) []byte {
	h.t.Helper()
	st, err := h.reviews.Prepare(h.t.Context(), reviewer(), d)
	h.must(err)
	return st
}

// record signs and submits a review by the body.
func (h *house) record(d review.Draft) review.Receipt {
	h.t.Helper()
	r, created, err := h.reviews.Submit(h.t.Context(), reviewer(), h.sign(h.bodyKey, h.prepare(d)))
	h.must(err)
	if !created {
		h.t.Fatal("the review was there already")
	}
	h.clock.add(time.Minute)
	return r
}

// recordAs is record by another body.
func (h *house) recordAs(n organisation.Number, key crypto.Signer, d review.Draft) review.Receipt {
	h.t.Helper()
	st, err := h.reviews.Prepare(h.t.Context(), as(access.Adviser, n), d)
	h.must(err)
	r, _, err := h.reviews.Submit(h.t.Context(), as(access.Adviser, n), h.sign(key, st))
	h.must(err)
	h.clock.add(time.Minute)
	return r
}

func (h *house) withdraw(digest string) review.Receipt {
	h.t.Helper()
	st, err := h.reviews.PrepareWithdrawal(h.t.Context(), reviewer(), digest, "Vi tok feil.")
	h.must(err)
	r, _, err := h.reviews.Withdraw(h.t.Context(), reviewer(), digest, h.sign(h.bodyKey, st))
	h.must(err)
	return r
}
