package ownbook_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"os"
	"testing"
	"time"

	"felleskrav/internal/access"
	"felleskrav/internal/attestation"
	"felleskrav/internal/attestation/publiclog"
	"felleskrav/internal/catalogue"
	"felleskrav/internal/locale"
	"felleskrav/internal/organisation"
	"felleskrav/internal/ownbook"
	"felleskrav/internal/problem"
	"felleskrav/internal/procurement"
	"felleskrav/internal/selection"
	"felleskrav/internal/signing"
	"felleskrav/internal/status/facts"
	"felleskrav/internal/storage/sqlite"
	"felleskrav/internal/storage/storagetest"
	"felleskrav/internal/supplier"
	"felleskrav/internal/transparency"
	"felleskrav/internal/workbook"
	"felleskrav/internal/workbook/own"
	"felleskrav/internal/workbook/patch"
	"felleskrav/internal/workbook/workbooktest"
	"felleskrav/requirements"
)

const (
	agency organisation.Number = "987654325"
	rival  organisation.Number = "974760673"
	vendor organisation.Number = "123456785"
	silent organisation.Number = "314168267" // a bidder who has declared nothing
)

func actor(org organisation.Number, role access.Role) access.Actor {
	return access.Actor{ID: "test", Org: string(org), Roles: []access.Role{role}}
}

var buyer = actor(agency, access.Procurement)

// house is the real services on a real store, with a procurement in which one
// of two bidders has signed: everything is met but the first requirement.
type house struct {
	*ownbook.Service
	store        *storagetest.Faulty
	procurements *procurement.Service
	now          time.Time
	texts        *locale.Bundle
	p            procurement.Procurement
	notMet       string // the requirement that is not met
	ids          []string
}

func newHouse(t *testing.T) *house {
	t.Helper()
	ctx := t.Context()
	h := &house{now: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)}
	clock := func() time.Time { return h.now }
	store, err := sqlite.Open(ctx, t.TempDir(), clock)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	h.store = storagetest.NewFaulty(store)
	signer, err := transparency.NewSigner("log.test", ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)))
	if err != nil {
		t.Fatal(err)
	}
	tl, err := transparency.Open(ctx, store, transparency.Config{Signer: signer, Now: clock})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tl.Close() })
	log := publiclog.New(tl, store, signer)
	content, err := catalogue.Load(requirements.FS)
	if err != nil {
		t.Fatal(err)
	}
	if h.texts, err = locale.Load(os.DirFS("../../templates"), "locales"); err != nil {
		t.Fatal(err)
	}
	newID := func() string {
		id := fmt.Sprintf("01900000-0000-7000-8000-%012d", len(h.ids))
		h.ids = append(h.ids, id)
		return id
	}
	suppliers := &supplier.Service{Store: store, Log: log, Now: clock, NewID: newID}
	attestations := &attestation.Service{Store: store, Suppliers: store, Evidence: store, Catalogue: content, Log: log, Now: clock}
	facts := &facts.Service{Suppliers: store, Attestations: store, Log: log, Catalogue: content, Now: clock}
	h.procurements = &procurement.Service{Store: store, Catalogue: content, Facts: facts, Suppliers: store, Now: clock, NewID: newID}
	h.Service = &ownbook.Service{Store: h.store, Procurements: h.procurements, Catalogue: content, Texts: h.texts, Limits: workbook.DefaultLimits(), Now: clock, NewID: newID}
	offering := h.declare(ctx, t, content, suppliers, attestations)
	h.p, err = h.procurements.Create(ctx, buyer, procurement.Procurement{
		Title:   "Nytt fagsystem",
		Input:   selection.Input{Tasks: []string{"fag.barnevern"}, DeliveryModels: []catalogue.DeliveryModel{"saas"}, Sets: []string{"skytjenester"}},
		Bidders: []procurement.Bidder{{Supplier: vendor, Offering: offering}, {Supplier: silent}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func (h *house) declare(ctx context.Context, t *testing.T, content *catalogue.Catalogue, suppliers *supplier.Service, attestations *attestation.Service) (offering string) {
	t.Helper()
	seller := actor(vendor, access.Supplier)
	for n, name := range map[organisation.Number]string{vendor: "Vår Sky AS", silent: "=Taus Sky AS"} {
		if _, _, err := suppliers.Register(ctx, actor(n, access.Supplier), supplier.Supplier{Number: n, Name: name, Country: "NO"}); err != nil {
			t.Fatal(err)
		}
	}
	key, err := signing.GenerateKey(signing.ECDSAP256)
	if err != nil {
		t.Fatal(err)
	}
	pub, err := signing.PublicOf(key)
	if err != nil {
		t.Fatal(err)
	}
	ch, err := suppliers.BeginEnrolment(ctx, seller, vendor, supplier.Enrolment{PEM: pub.PEM})
	if err != nil {
		t.Fatal(err)
	}
	proof, err := signing.SignMessage(key, ch.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := suppliers.CompleteEnrolment(ctx, seller, vendor, ch.ID, proof); err != nil {
		t.Fatal(err)
	}
	o, err := suppliers.CreateOffering(ctx, seller, supplier.Offering{Supplier: vendor, Name: "Sakssystem", Models: []catalogue.DeliveryModel{"saas"}, Regions: []string{"NO"}})
	if err != nil {
		t.Fatal(err)
	}
	v, _ := content.Version("skytjenester", "")
	d := attestation.Draft{Offering: o.ID, Set: "skytjenester"}
	for i, r := range v.Requirements {
		a := attestation.Answer{Requirement: r.ID, Status: attestation.Met, Statement: "Slik gjør vi det: " + r.ID}
		if i == 0 {
			a.Status, a.Statement, h.notMet = attestation.NotMet, "=Kommer i 2027.", r.ID
		}
		d.Answers = append(d.Answers, a)
	}
	st, err := attestations.Prepare(ctx, seller, d)
	if err != nil {
		t.Fatal(err)
	}
	bundle, err := signing.SignBundle(ctx, key, st)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := attestations.Submit(ctx, seller, bundle); err != nil {
		t.Fatal(err)
	}
	return o.ID
}

// add uploads a file and gives it as it was understood.
func (h *house) add(t *testing.T, data []byte) ownbook.View {
	t.Helper()
	v, err := h.Add(t.Context(), buyer, h.p.ID, ownbook.Upload{FileName: "Våre krav.xlsx"}, bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// kept reports whether the file with this id is stored.
func (h *house) kept(t *testing.T, id string) bool {
	t.Helper()
	r, _, err := h.store.OpenKeptFile(t.Context(), "own-"+id)
	if errors.Is(err, problem.ErrNotFound) {
		return false
	}
	if err != nil {
		t.Fatal(err)
	}
	_ = r.Close()
	return true
}

// lastID is the newest id that was given.
func (h *house) lastID() string { return h.ids[len(h.ids)-1] }

// head is the row by which a table is known.
func head(t ownbook.TableView) int { return t.Header[len(t.Header)-1] }

// settle answers everything that is asked about tables: columns as they were
// guessed, and codes by the meanings given.
func settle(v ownbook.View, codes map[string]own.Meaning) []own.Decision {
	var out []own.Decision
	for _, t := range v.Tables {
		d := own.Decision{Sheet: t.Sheet, Header: head(t), Columns: map[int]own.Role{}, Codes: codes, Rows: map[int]string{}}
		for _, c := range t.Columns {
			d.Columns[c.Col] = c.Role
		}
		out = append(out, d)
	}
	return out
}

// reader reads cells of a filled workbook with a program that is not ours.
type reader func(sheet, ref string) (workbooktest.Cell, error)

func book(t *testing.T, data []byte) reader {
	t.Helper()
	read, err := workbooktest.Cells(data)
	if err != nil {
		t.Fatal(err)
	}
	return read
}

// cell is the text of a cell, which must not be a formula.
func cell(t *testing.T, read reader, sheet string, col, row int) string {
	t.Helper()
	ref := patch.Ref{Col: col, Row: row}.String()
	c, err := read(sheet, ref)
	if err != nil {
		t.Fatal(err)
	}
	if c.Formula != "" {
		t.Errorf("%s!%s is the formula %q", sheet, ref, c.Formula)
	}
	return c.Text
}
