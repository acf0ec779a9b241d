package supplier_test

import (
	"bytes"
	"context"
	"crypto"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"felleskrav/internal/access"
	"felleskrav/internal/catalogue"
	"felleskrav/internal/organisation"
	"felleskrav/internal/problem"
	"felleskrav/internal/signing"
	"felleskrav/internal/storage"
	"felleskrav/internal/storage/sqlite"
	"felleskrav/internal/supplier"
	"felleskrav/internal/transparency"
)

const (
	ours   organisation.Number = "123456785"
	theirs organisation.Number = "314168267"
)

func as(org organisation.Number) access.Actor {
	return access.Actor{ID: "test", Org: string(org), Roles: []access.Role{access.Supplier}}
}

// realLog is the Merkle log in the shape the service asks for.
type realLog struct{ *transparency.Log }

func (l realLog) Append(ctx context.Context, key string, body []byte) (int64, time.Time, error) {
	e, err := l.Log.Append(ctx, key, body)
	return e.Index, e.LoggedAt, err
}

type house struct {
	*supplier.Service
	log *transparency.Log
	now time.Time
}

// newHouse puts around, if there is one, between the services and the store.
func newHouse(t *testing.T, around ...func(storage.Store) storage.Store) *house {
	t.Helper()
	h := &house{now: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)}
	clock := func() time.Time { return h.now }
	kept, err := sqlite.Open(t.Context(), t.TempDir(), clock)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = kept.Close() })
	var store storage.Store = kept
	for _, f := range around {
		store = f(store)
	}
	skey, err := transparency.GenerateSignerKey("log.test")
	if err != nil {
		t.Fatal(err)
	}
	signer, err := transparency.ParseSigner(skey)
	if err != nil {
		t.Fatal(err)
	}
	if h.log, err = transparency.Open(t.Context(), store, transparency.Config{Signer: signer, Now: clock}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.log.Close() })
	var mu sync.Mutex
	n := 0
	h.Service = &supplier.Service{Store: store, Log: realLog{h.log}, Now: clock, NewID: func() string {
		mu.Lock()
		defer mu.Unlock()
		n++
		return fmt.Sprintf("01900000-0000-7000-8000-%012d", n)
	}}
	if _, created, err := h.Register(t.Context(), as(ours), supplier.Supplier{Number: ours, Name: "Vår Sky AS", Country: "NO"}); err != nil || !created {
		t.Fatalf("register: created %v, %v", created, err)
	}
	return h
}

func newKey(t *testing.T) (crypto.Signer, signing.PublicKey) {
	t.Helper()
	key, err := signing.GenerateKey(signing.ECDSAP256)
	if err != nil {
		t.Fatal(err)
	}
	pub, err := signing.PublicOf(key)
	if err != nil {
		t.Fatal(err)
	}
	return key, pub
}

func (h *house) challenge(t *testing.T, pem string) supplier.Challenge {
	t.Helper()
	ch, err := h.BeginEnrolment(t.Context(), as(ours), ours, supplier.Enrolment{PEM: pem, Label: "HSM"})
	if err != nil {
		t.Fatal(err)
	}
	return ch
}

func prove(t *testing.T, key crypto.Signer, message []byte) []byte {
	t.Helper()
	sig, err := signing.SignMessage(key, message)
	if err != nil {
		t.Fatal(err)
	}
	return sig
}

func TestRegisterAgainChangesAndKeepsTheRest(t *testing.T) {
	h := newHouse(t)
	ctx := t.Context()
	key, pub := newKey(t)
	ch := h.challenge(t, pub.PEM)
	if _, err := h.CompleteEnrolment(ctx, as(ours), ours, ch.ID, prove(t, key, ch.Bytes)); err != nil {
		t.Fatal(err)
	}
	s, created, err := h.Register(ctx, as(ours), supplier.Supplier{Number: ours, Name: "Vår Sky ASA", Country: "NO", Website: "https://example.no"})
	if err != nil || created {
		t.Fatalf("created %v, %v", created, err)
	}
	if s.Name != "Vår Sky ASA" || len(s.Keys) != 1 {
		t.Errorf("now %q with %d keys, want the new name and the key kept", s.Name, len(s.Keys))
	}
}

func TestRegisterRefuses(t *testing.T) {
	h := newHouse(t)
	good := supplier.Supplier{Number: ours, Name: "Vår Sky AS", Country: "NO"}
	tests := []struct {
		name   string
		change func(*supplier.Supplier)
		path   string
		key    string
	}{
		{"no name", func(s *supplier.Supplier) { s.Name = " " }, "name", "field.required"},
		{"long name", func(s *supplier.Supplier) { s.Name = strings.Repeat("å", 201) }, "name", "field.long"},
		{"line break in the name", func(s *supplier.Supplier) { s.Name = "a\nb" }, "name", "field.control"},
		{"country", func(s *supplier.Supplier) { s.Country = "Norge" }, "country", "field.country"},
		{"website", func(s *supplier.Supplier) { s.Website = "javascript:alert(1)" }, "website", "field.https"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := good
			tt.change(&s)
			_, _, err := h.Register(t.Context(), as(ours), s)
			p, ok := errors.AsType[*problem.Error](err)
			if !ok || len(p.Fields) != 1 || p.Fields[0].Path != tt.path || p.Fields[0].Key != tt.key {
				t.Errorf("error is %v, want %s at %s", err, tt.key, tt.path)
			}
		})
	}
	if _, _, err := h.Register(t.Context(), as(theirs), good); problem.KindOf(err) != problem.Forbidden {
		t.Errorf("by another organisation: %v, want forbidden", err)
	}
	if _, _, err := h.Register(t.Context(), access.Anyone(), good); problem.KindOf(err) != problem.Unauthenticated {
		t.Errorf("by nobody: %v, want unauthenticated", err)
	}
}

func TestEnrolmentIsProvedOnce(t *testing.T) {
	h := newHouse(t)
	ctx := t.Context()
	key, pub := newKey(t)
	other, _ := newKey(t)

	ch := h.challenge(t, pub.PEM)
	if !bytes.Contains(ch.Bytes, []byte(ours.ID())) || !bytes.Contains(ch.Bytes, []byte(pub.ID)) {
		t.Errorf("the challenge does not say whose and which key it is for:\n%s", ch.Bytes)
	}
	if _, err := h.CompleteEnrolment(ctx, as(ours), ours, ch.ID, prove(t, other, ch.Bytes)); problem.KeyOf(err) != "key.proof" {
		t.Errorf("proof by another key: %v, want key.proof", err)
	}
	if _, err := h.CompleteEnrolment(ctx, as(ours), ours, ch.ID, prove(t, key, ch.Bytes)); problem.KeyOf(err) != "key.challenge-gone" {
		t.Errorf("a challenge tried twice: %v, want key.challenge-gone", err)
	}

	ch = h.challenge(t, pub.PEM)
	h.now = h.now.Add(time.Hour)
	if _, err := h.CompleteEnrolment(ctx, as(ours), ours, ch.ID, prove(t, key, ch.Bytes)); problem.KeyOf(err) != "key.challenge-gone" {
		t.Errorf("an hour later: %v, want key.challenge-gone", err)
	}

	ch = h.challenge(t, pub.PEM)
	k, err := h.CompleteEnrolment(ctx, as(ours), ours, ch.ID, prove(t, key, ch.Bytes))
	if err != nil {
		t.Fatal(err)
	}
	entry, err := h.log.Lookup(ctx, "key-enrolled:"+string(ours)+":"+ch.ID)
	if err != nil || entry.Index != k.EnrolledIndex || !bytes.Contains(entry.Body, []byte(pub.ID)) {
		t.Errorf("log entry %d (%v), want %d with the key's id", entry.Index, err, k.EnrolledIndex)
	}
	if _, err := h.BeginEnrolment(ctx, as(ours), ours, supplier.Enrolment{PEM: pub.PEM}); problem.KeyOf(err) != "key.enrolled-before" {
		t.Errorf("enrolled again: %v, want key.enrolled-before", err)
	}
	first, err := h.RevokeKey(ctx, as(ours), ours, k.ID, supplier.Retired, "ny HSM")
	if err != nil || first.Revoked == nil || first.Revoked.Index <= k.EnrolledIndex {
		t.Fatalf("revoked: %+v, %v", first.Revoked, err)
	}
	again, err := h.RevokeKey(ctx, as(ours), ours, k.ID, supplier.Compromised, "")
	if err != nil || *again.Revoked != *first.Revoked {
		t.Errorf("revoked again: %+v (%v), want the first kept", again.Revoked, err)
	}
	if _, err := h.BeginEnrolment(ctx, as(ours), ours, supplier.Enrolment{PEM: pub.PEM}); problem.KeyOf(err) != "key.revoked-before" {
		t.Errorf("a revoked key enrolled: %v, want key.revoked-before", err)
	}
}

func TestEnrolmentRefuses(t *testing.T) {
	h := newHouse(t)
	_, pub := newKey(t)
	tests := []struct {
		name string
		in   supplier.Enrolment
		key  string
	}{
		{"no key", supplier.Enrolment{}, "key.malformed"},
		{"text", supplier.Enrolment{PEM: "hei"}, "key.malformed"},
		{"already over", supplier.Enrolment{PEM: pub.PEM, ExpiresAt: h.now}, "key.expiry-past"},
		{"lasts too long", supplier.Enrolment{PEM: pub.PEM, ExpiresAt: h.now.AddDate(4, 0, 0)}, "key.expiry-late"},
		{"long label", supplier.Enrolment{PEM: pub.PEM, Label: strings.Repeat("x", 101)}, "field.long"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := h.BeginEnrolment(t.Context(), as(ours), ours, tt.in)
			p, ok := errors.AsType[*problem.Error](err)
			if !ok || len(p.Fields) != 1 || p.Fields[0].Key != tt.key {
				t.Errorf("error is %v, want %s", err, tt.key)
			}
		})
	}
	if _, err := h.BeginEnrolment(t.Context(), as(theirs), ours, supplier.Enrolment{PEM: pub.PEM}); problem.KindOf(err) != problem.Forbidden {
		t.Errorf("by another organisation: %v, want forbidden", err)
	}
	if _, err := h.RevokeKey(t.Context(), as(ours), ours, "nosuch", supplier.Retired, ""); problem.KeyOf(err) != "key.not-found" {
		t.Errorf("revoking an unknown key: %v", err)
	}
	if _, err := h.RevokeKey(t.Context(), as(ours), ours, "nosuch", "bored", ""); problem.KindOf(err) != problem.Invalid {
		t.Errorf("revoking for an unknown reason: %v", err)
	}
}

func TestOfferingDescriptorFollowsWhatItSays(t *testing.T) {
	h := newHouse(t)
	ctx := t.Context()
	o, err := h.CreateOffering(ctx, as(ours), supplier.Offering{Supplier: ours, Name: "Sakssystem", Models: []catalogue.DeliveryModel{"saas"}, Regions: []string{"NO"}})
	if err != nil {
		t.Fatal(err)
	}
	first := o.Descriptor()
	if signing.Digest(first.Bytes) != first.Digest {
		t.Error("the descriptor's digest is not that of its bytes")
	}
	same, err := h.UpdateOffering(ctx, as(ours), o, o.Rev)
	if err != nil || len(same.Descriptors) != 1 {
		t.Fatalf("saved unchanged: %d descriptors (%v), want 1", len(same.Descriptors), err)
	}
	if _, err := h.UpdateOffering(ctx, as(ours), o, o.Rev); problem.KindOf(err) != problem.Stale {
		t.Errorf("from an old revision: %v, want stale", err)
	}
	o.Regions = []string{"NO", "SE"}
	changed, err := h.UpdateOffering(ctx, as(ours), o, 0)
	if err != nil || len(changed.Descriptors) != 2 || changed.Descriptor().Digest == first.Digest {
		t.Fatalf("changed: %d descriptors (%v), want 2 that differ", len(changed.Descriptors), err)
	}
	if !bytes.Equal(changed.Descriptors[0].Bytes, first.Bytes) {
		t.Error("the old descriptor was changed")
	}
	o.Supplier = theirs
	if kept, err := h.UpdateOffering(ctx, as(ours), o, 0); err != nil || kept.Supplier != ours {
		t.Errorf("an offering was moved to %s (%v)", kept.Supplier, err)
	}
	if _, err := h.UpdateOffering(ctx, as(theirs), o, 0); problem.KindOf(err) != problem.Forbidden {
		t.Errorf("by another organisation: %v, want forbidden", err)
	}
	o.Models = nil
	o.Regions = []string{"Norge"}
	_, err = h.UpdateOffering(ctx, as(ours), o, 0)
	if p, ok := errors.AsType[*problem.Error](err); !ok || len(p.Fields) != 2 {
		t.Errorf("no model and a wrong region: %v, want both told", err)
	}
}

// TestSubSuppliersOfferingMustBeTheirs: whoever is named as a sub-supplier
// cannot borrow the declarations of somebody else.
func TestSubSuppliersOfferingMustBeTheirs(t *testing.T) {
	h := newHouse(t)
	if _, _, err := h.Register(t.Context(), as(theirs), supplier.Supplier{Number: theirs, Name: "Andre AS", Country: "NO"}); err != nil {
		t.Fatal(err)
	}
	base := supplier.Offering{Supplier: theirs, Name: "Drift", Models: []catalogue.DeliveryModel{catalogue.ModelIaaS}, Regions: []string{"NO"}}
	good, err := h.CreateOffering(t.Context(), as(theirs), base)
	if err != nil {
		t.Fatal(err)
	}
	link := func(n organisation.Number, offering string) supplier.Offering {
		o := base
		o.Supplier, o.SubSuppliers = ours, []supplier.SubSupplier{{Name: "Andre AS", Country: "NO", Purpose: "drift", Number: n, Offering: offering}}
		return o
	}
	for want, o := range map[string]supplier.Offering{
		"field.offering-other": link(ours, good.ID),
		"field.offering":       link(theirs, "01900000-0000-7000-8000-999999999999"),
	} {
		_, err := h.CreateOffering(t.Context(), as(ours), o)
		p, ok := errors.AsType[*problem.Error](err)
		if !ok || p.Fields[0].Key != want || p.Fields[0].Path != "subSuppliers[0].offering" {
			t.Errorf("%v, want %s", err, want)
		}
	}
	for _, n := range []organisation.Number{"", theirs, "NO 314 168 267 MVA"} {
		saved, err := h.CreateOffering(t.Context(), as(ours), link(n, good.ID))
		if err != nil || saved.SubSuppliers[0].Number != theirs {
			t.Errorf("%q: saved as %+v, %v", n, saved.SubSuppliers, err)
			continue
		}
		if !bytes.Contains(saved.Descriptor().Bytes, []byte(`"orgnr":"314168267"`)) {
			t.Errorf("%q: the descriptor is %s", n, saved.Descriptor().Bytes)
		}
		saved.SubSuppliers[0].Number = ours
		if _, err := h.UpdateOffering(t.Context(), as(ours), saved, 0); problem.KindOf(err) != problem.Invalid {
			t.Errorf("changed to somebody else's: %v", err)
		}
	}
}

// TestDescriptorsHaveABound: all descriptors are read with their offering, so
// nobody can make that slow for everybody by changing it again and again.
func TestDescriptorsHaveABound(t *testing.T) {
	h := newHouse(t)
	o := supplier.Offering{Supplier: ours, Name: "Stor", Models: []catalogue.DeliveryModel{catalogue.ModelSaaS}, Regions: []string{"NO"}}
	for range 100 {
		o.SubSuppliers = append(o.SubSuppliers, supplier.SubSupplier{Name: strings.Repeat("ø", 200), Country: "NO", Purpose: strings.Repeat("ø", 500)})
	}
	o, err := h.CreateOffering(t.Context(), as(ours), o)
	for n := 0; err == nil; n++ {
		if n > 100 {
			t.Fatal("no end to it")
		}
		o.Version = fmt.Sprint(n)
		var next supplier.Offering
		if next, err = h.UpdateOffering(t.Context(), as(ours), o, 0); err == nil {
			o = next
		}
	}
	if problem.KeyOf(err) != "offering.much" || problem.KindOf(err) != problem.Refused {
		t.Errorf("ended with %v", err)
	}
	size := 0
	for _, d := range o.Descriptors {
		size += len(d.Bytes)
	}
	if size > 1<<20 || size < 3<<18 {
		t.Errorf("%d bytes are kept", size)
	}
	o.Models = make([]catalogue.DeliveryModel, 100_000)
	if p, ok := errors.AsType[*problem.Error](o.Validate()); !ok || len(p.Fields) > 10 {
		t.Errorf("a long list gave %d problems", len(p.Fields))
	}
}

// TestChallengeIsNotBurntByOthers: whoever gets to know the id of a challenge
// cannot spend it.
func TestChallengeIsNotBurntByOthers(t *testing.T) {
	h := newHouse(t)
	key, pub := newKey(t)
	ch, err := h.BeginEnrolment(t.Context(), as(ours), ours, supplier.Enrolment{PEM: pub.PEM, Label: "Ny"})
	if err != nil {
		t.Fatal(err)
	}
	proof, err := signing.SignMessage(key, ch.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.CompleteEnrolment(t.Context(), as(theirs), theirs, ch.ID, proof); problem.KeyOf(err) != "key.challenge-gone" {
		t.Errorf("by another: %v", err)
	}
	if k, err := h.CompleteEnrolment(t.Context(), as(ours), ours, ch.ID, proof); err != nil || k.ID != pub.ID {
		t.Errorf("by its owner: %+v, %v", k, err)
	}
}
