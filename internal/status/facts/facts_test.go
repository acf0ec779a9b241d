package facts_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"testing"
	"time"

	"felleskrav/internal/access"
	"felleskrav/internal/attestation"
	"felleskrav/internal/catalogue"
	"felleskrav/internal/organisation"
	"felleskrav/internal/status"
	"felleskrav/internal/status/facts"
	"felleskrav/internal/storage"
	"felleskrav/internal/storage/sqlite"
	"felleskrav/internal/supplier"
	"felleskrav/requirements"
)

const (
	ours   organisation.Number = "123456785"
	theirs organisation.Number = "314168267"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// places is a log that holds what it is told.
type places map[string]attestation.Place

func (p places) Places(_ context.Context, keys []string) (map[string]attestation.Place, error) {
	out := map[string]attestation.Place{}
	for _, k := range keys {
		if at, ok := p[k]; ok {
			out[k] = at
		}
	}
	return out, nil
}

// house is the service on a real store with two suppliers.
type house struct {
	*facts.Service
	t     *testing.T
	store storage.Store
	log   places
	set   catalogue.Version
}

func newHouse(t *testing.T) *house {
	t.Helper()
	clock := func() time.Time { return noon }
	store, err := sqlite.Open(t.Context(), t.TempDir(), clock)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	content, err := catalogue.Load(requirements.FS)
	if err != nil {
		t.Fatal(err)
	}
	h := &house{t: t, store: store, log: places{}}
	h.set, _ = content.Version(facts.DefaultSet, "")
	h.Service = &facts.Service{Suppliers: store, Attestations: store, Log: h.log, Catalogue: content, Now: clock}
	for _, n := range []organisation.Number{ours, theirs} {
		keys := []supplier.Key{{ID: "good"}, {ID: "stolen", Revoked: &supplier.Revocation{At: noon.Add(-time.Hour), Index: 100, Reason: supplier.Compromised}}}
		if err := store.InsertSupplier(t.Context(), supplier.Supplier{Number: n, Name: "Firma " + string(n), Country: "NO", Keys: keys}); err != nil {
			t.Fatal(err)
		}
	}
	return h
}

func (h *house) offer(n organisation.Number, id int, subs ...supplier.SubSupplier) supplier.Offering {
	h.t.Helper()
	o := supplier.Offering{
		ID: fmt.Sprintf("01900000-0000-7000-8000-%012d", id), Supplier: n, Name: fmt.Sprintf("Tjeneste %d", id), SubSuppliers: subs,
		Descriptors: []supplier.Descriptor{{Digest: "d", At: noon.AddDate(-1, 0, 0)}},
	}
	if err := h.store.InsertOffering(h.t.Context(), o); err != nil {
		h.t.Fatal(err)
	}
	return o
}

// declare declares everything met, at a time and a place in the log.
func (h *house) declare(o supplier.Offering, key string, at time.Time, index int64) string {
	h.t.Helper()
	r := attestation.Record{
		Digest: fmt.Sprintf("%x", sha256.Sum256(fmt.Append(nil, o.ID, index))), Supplier: o.Supplier, Offering: o.ID, Descriptor: "d",
		Set: h.set.Set, SetVersion: h.set.Version, SetDigest: h.set.Digest, KeyID: key, DeclaredAt: at, ReceivedAt: at, ValidUntil: at.AddDate(1, 0, 0),
	}
	for _, q := range h.set.Requirements {
		r.Answers = append(r.Answers, attestation.Answer{Requirement: q.ID, Status: attestation.Met})
	}
	if err := h.store.InsertAttestation(h.t.Context(), r); err != nil {
		h.t.Fatal(err)
	}
	h.log[r.LogKey()] = attestation.Place{Index: index, At: at}
	return r.Digest
}

func on(o supplier.Offering) supplier.SubSupplier {
	return supplier.SubSupplier{Name: o.Name, Country: "NO", Number: o.Supplier, Offering: o.ID, Purpose: "drift"}
}

func (h *house) status(o supplier.Offering, at time.Time) status.Status {
	h.t.Helper()
	st, err := h.Status(h.t.Context(), access.Anyone(), o.ID, facts.DefaultSet, at)
	if err != nil {
		h.t.Fatal(err)
	}
	return st
}

func (h *house) checked(at time.Time) status.Status {
	h.t.Helper()
	rows, err := h.Check(h.t.Context(), access.Actor{Roles: []access.Role{access.Adviser}, Org: "987654325"}, []organisation.Number{ours}, "", at)
	if err != nil || len(rows) != 1 || rows[0].Status == nil {
		h.t.Fatalf("%+v, %v", rows, err)
	}
	return *rows[0].Status
}

// TestManyWaysThroughAChain: a hundred ways from each level to the next make
// 10^10 ways in all. Each offering is judged once.
func TestManyWaysThroughAChain(t *testing.T) {
	h := newHouse(t)
	below := h.offer(theirs, 1)
	h.declare(below, "good", noon.AddDate(0, 0, -2), 1)
	for level := 2; level <= 6; level++ {
		var subs []supplier.SubSupplier
		for range 100 {
			subs = append(subs, on(below))
		}
		below = h.offer(theirs, level, subs...)
		h.declare(below, "good", noon.AddDate(0, 0, -2), int64(level))
	}
	begun := time.Now()
	st := h.status(below, time.Time{})
	if took := time.Since(begun); took > 10*time.Second {
		t.Errorf("took %s", took)
	}
	if st.Overall != status.Valid || st.Weakest != nil || len(st.Chain) != 100 || st.Chain[99].Overall != status.Valid {
		t.Errorf("%s with weakest %+v", st.Overall, st.Weakest)
	}
}

// TestChainEnds: a ring ends, and the weakest link is named by its way.
func TestChainEnds(t *testing.T) {
	h := newHouse(t)
	weak := h.offer(theirs, 1)
	middle := h.offer(theirs, 2, on(weak))
	h.declare(middle, "good", noon.AddDate(0, 0, -2), 1)
	top := h.offer(ours, 3, on(middle))
	h.declare(top, "good", noon.AddDate(0, 0, -2), 2)
	st := h.status(top, time.Time{})
	if st.Overall != status.Valid || st.Weakest == nil || st.Weakest.Overall != status.Missing || len(st.Weakest.Path) != 2 || st.Weakest.Path[1] != weak.Name {
		t.Errorf("%s with weakest %+v", st.Overall, st.Weakest)
	}
	ring := supplier.Offering{ID: "01900000-0000-7000-8000-000000000010", Supplier: ours, Name: "Ring"}
	other := h.offer(theirs, 11, on(ring))
	ring = h.offer(ours, 10, on(other))
	if st := h.status(ring, time.Time{}); len(st.Chain) != 1 || st.Chain[0].Overall != status.Missing {
		t.Errorf("ring: %+v", st.Chain)
	}
}

// TestSomebodyElsesOfferingIsNoCover: naming one supplier and pointing at the
// valid offering of another does not make the first one good.
func TestSomebodyElsesOfferingIsNoCover(t *testing.T) {
	h := newHouse(t)
	good := h.offer(ours, 1)
	h.declare(good, "good", noon.AddDate(0, 0, -2), 1)
	link := on(good)
	link.Number = theirs
	top := h.offer(ours, 2, link)
	if st := h.status(top, time.Time{}); st.Chain[0].Overall != status.Missing {
		t.Errorf("the chain says %s", st.Chain[0].Overall)
	}
}

// TestCheckAgreesWithStatus: a check of many reads only the newest few
// declarations at first, and still finds the one that counts.
func TestCheckAgreesWithStatus(t *testing.T) {
	h := newHouse(t)
	o := h.offer(ours, 1)
	first := h.declare(o, "good", noon.AddDate(0, -2, 0), 1)
	for i := range 20 { // a stolen key brings many
		h.declare(o, "stolen", noon.Add(time.Duration(i-30)*time.Minute), int64(200+i))
	}
	for _, at := range []time.Time{{}, noon.AddDate(0, -1, 0)} {
		one, many := h.status(o, at), h.checked(at)
		if one.Overall != status.Valid || one.Declaration.Digest != first {
			t.Fatalf("at %s: %s by %+v", at, one.Overall, one.Declaration)
		}
		if many.Overall != one.Overall || many.Declaration == nil || many.Declaration.Digest != first {
			t.Errorf("at %s: the check says %s, the status %s", at, many.Overall, one.Overall)
		}
	}
	top := h.offer(theirs, 2, on(o))
	if st := h.status(top, time.Time{}); st.Chain[0].Overall != status.Valid {
		t.Errorf("as a sub-supplier: %s", st.Chain[0].Overall)
	}
}

// TestUnloggedIsUnsettled: what is on its way into the log does not count, and
// the status says that it is about to change, also further up.
func TestUnloggedIsUnsettled(t *testing.T) {
	h := newHouse(t)
	o := h.offer(theirs, 1)
	digest := h.declare(o, "good", noon.AddDate(0, 0, -1), 1)
	place := h.log[attestation.LogKey(digest)]
	delete(h.log, attestation.LogKey(digest))
	top := h.offer(ours, 2, on(o))
	if st := h.status(top, time.Time{}); !st.Unsettled || st.Chain[0].Overall != status.Missing {
		t.Errorf("unsettled %v, chain %+v", st.Unsettled, st.Chain)
	}
	h.log[attestation.LogKey(digest)] = place
	if st := h.status(top, time.Time{}); st.Unsettled || st.Chain[0].Overall != status.Valid {
		t.Errorf("unsettled %v, chain %+v", st.Unsettled, st.Chain)
	}
}
