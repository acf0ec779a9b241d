package procurement_test

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"felleskrav/internal/access"
	"felleskrav/internal/attestation"
	"felleskrav/internal/attestation/publiclog"
	"felleskrav/internal/catalogue"
	"felleskrav/internal/organisation"
	"felleskrav/internal/problem"
	"felleskrav/internal/procurement"
	"felleskrav/internal/review"
	"felleskrav/internal/selection"
	"felleskrav/internal/signing"
	"felleskrav/internal/status"
	"felleskrav/internal/status/facts"
	"felleskrav/internal/storage/sqlite"
	"felleskrav/internal/supplier"
	"felleskrav/internal/transparency"
	"felleskrav/requirements"
)

const (
	agency  organisation.Number = "987654325"
	other   organisation.Number = "974760673"
	vendor  organisation.Number = "123456785"
	vendor2 organisation.Number = "314168267"
)

func actor(org organisation.Number, role access.Role) access.Actor {
	return access.Actor{ID: "test", Org: string(org), Roles: []access.Role{role}}
}

var buyer = actor(agency, access.Procurement)

// house is the real services on a real store with two suppliers, of which the
// first has declared for skytjenester: everything met but one.
type house struct {
	*procurement.Service
	facts    *facts.Service
	now      time.Time
	offering supplier.Offering
	partial  string // the requirement that is not met
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
	n := 0
	newID := func() string {
		n++
		return fmt.Sprintf("01900000-0000-7000-8000-%012d", n)
	}
	suppliers := &supplier.Service{Store: store, Log: log, Now: clock, NewID: newID}
	attestations := &attestation.Service{Store: store, Suppliers: store, Evidence: store, Catalogue: content, Log: log, Now: clock}
	h.facts = &facts.Service{Suppliers: store, Attestations: store, Log: log, Catalogue: content, Now: clock}
	h.Service = &procurement.Service{Store: store, Catalogue: content, Facts: h.facts, Suppliers: store, Now: clock, NewID: newID}
	h.declare(ctx, t, suppliers, attestations)
	return h
}

func (h *house) declare(ctx context.Context, t *testing.T, suppliers *supplier.Service, attestations *attestation.Service) {
	t.Helper()
	seller := actor(vendor, access.Supplier)
	for n, name := range map[organisation.Number]string{vendor: "Vår Sky AS", vendor2: "Annen Sky AS"} {
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
	h.offering, err = suppliers.CreateOffering(ctx, seller, supplier.Offering{Supplier: vendor, Name: "Sakssystem", Models: []catalogue.DeliveryModel{"saas"}, Regions: []string{"NO"}})
	if err != nil {
		t.Fatal(err)
	}
	v, _ := h.Catalogue.Content().Version("skytjenester", "")
	d := attestation.Draft{Offering: h.offering.ID, Set: "skytjenester"}
	for i, r := range v.Requirements {
		a := attestation.Answer{Requirement: r.ID, Status: attestation.Met}
		if i == 0 {
			a.Status, a.Statement, h.partial = attestation.NotMet, "Kommer i 2027.", r.ID
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
}

func (h *house) create(t *testing.T) procurement.Procurement {
	t.Helper()
	p, err := h.Create(t.Context(), buyer, procurement.Procurement{
		Title: "Nytt fagsystem for barnevernet", Reference: "2026/1234",
		Input:   selection.Input{Tasks: []string{"fag.barnevern"}, DeliveryModels: []catalogue.DeliveryModel{"saas"}, Sets: []string{"skytjenester"}},
		Bidders: []procurement.Bidder{{Supplier: vendor, Offering: h.offering.ID}, {Supplier: vendor2}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestProcurementIsBoundToTheReleasedSets(t *testing.T) {
	h := newHouse(t)
	p := h.create(t)
	v, _ := h.Catalogue.Content().Version("skytjenester", "")
	if diff := cmp.Diff([]procurement.SetRef{{ID: "skytjenester", Version: v.Version, Digest: v.Digest}}, p.Sets); diff != "" {
		t.Error(diff)
	}
	if p.Bidders[0].Name != "Vår Sky AS" || p.Agency != agency || p.Language != "nb" {
		t.Errorf("bidder %q, agency %s, language %s", p.Bidders[0].Name, p.Agency, p.Language)
	}
	tender, err := h.Tender(t.Context(), buyer, p.ID)
	if err != nil {
		t.Fatal(err)
	}
	if len(tender.Lines) != len(tender.Result.Requirements) || len(tender.Lines) == 0 {
		t.Errorf("%d lines for %d selected requirements", len(tender.Lines), len(tender.Result.Requirements))
	}
	for _, l := range tender.Lines {
		frozen, ok := v.Requirement(l.Requirement.ID)
		if !ok || l.Requirement.Text != frozen.Text || l.ThemeName.NB == "" || len(l.Why.Measures) == 0 {
			t.Errorf("line %s is not the released text with its theme and reasons", l.Requirement.ID)
		}
		want := procurement.TypeB
		if frozen.Suggested == catalogue.SuggestedAbsolute {
			want = procurement.TypeA
		}
		if l.Type != want {
			t.Errorf("line %s is of type %s, want the suggested %s", l.Requirement.ID, l.Type, want)
		}
	}
}

func TestComparisonOfDeclarationAndBid(t *testing.T) {
	h := newHouse(t)
	p := h.create(t)
	c, err := h.Comparison(t.Context(), buyer, p.ID)
	if err != nil {
		t.Fatal(err)
	}
	n := len(c.Rows)
	if got := c.Bidders[0]; got.Counts.Met != n-1 || got.Counts.NotMet != 1 || got.ReceivedAt != nil || len(got.Statuses) != 1 || got.Statuses[0].Overall != status.Valid {
		t.Errorf("declared: %+v, statuses %d", got.Counts, len(got.Statuses))
	}
	if got := c.Bidders[1].Counts; got.Unanswered != n {
		t.Errorf("a bidder who said nothing: %+v", got)
	}

	at := map[string]int{}
	var others []string
	for i, r := range c.Rows {
		at[r.Line.Requirement.ID] = i
		if r.Line.Requirement.ID != h.partial {
			others = append(others, r.Line.Requirement.ID)
		}
	}
	second, third := others[0], others[1]
	for _, answers := range [][]procurement.ResponseAnswer{
		{{Requirement: second, Status: attestation.Partial, Statement: "den gamle"}},
		{
			{Requirement: h.partial, Status: attestation.Met},
			{Requirement: second, Status: attestation.Met, Deviation: "Forbehold om pris."},
		},
	} {
		if _, err := h.AddResponse(t.Context(), buyer, p.ID, procurement.Response{Supplier: vendor, Answers: answers}); err != nil {
			t.Fatal(err)
		}
		h.now = h.now.Add(time.Minute)
	}
	if c, err = h.Comparison(t.Context(), buyer, p.ID); err != nil {
		t.Fatal(err)
	}
	got := c.Bidders[0]
	if got.Counts.Met != n || got.Deviations != 1 || got.Contradictions != 1 || got.UnmetA != 0 || got.ReceivedAt == nil {
		t.Errorf("after the bid: %+v, %d deviations, %d contradictions, %d unmet", got.Counts, got.Deviations, got.Contradictions, got.UnmetA)
	}
	cell := c.Rows[at[h.partial]].Cells[0]
	if cell.Source != procurement.FromResponse || cell.Answer != attestation.Met || cell.Declared != attestation.NotMet || !cell.Contradicts {
		t.Errorf("a bid that says more than the declaration: %+v", cell)
	}
	if cell := c.Rows[at[third]].Cells[0]; cell.Source != procurement.FromDeclaration || cell.Answer != attestation.Met {
		t.Errorf("a requirement left out of the bid: %+v", cell)
	}
}

func TestNobodyElseSeesAProcurement(t *testing.T) {
	h := newHouse(t)
	p := h.create(t)
	ctx := t.Context()
	for name, a := range map[string]access.Actor{
		"another agency": actor(other, access.Procurement), "its adviser": actor(other, access.Adviser),
	} {
		_, err := h.Get(ctx, a, p.ID)
		_, err2 := h.Get(ctx, a, "01900000-0000-7000-8000-999999999999")
		if problem.KindOf(err) != problem.NotFound || problem.KeyOf(err) != problem.KeyOf(err2) {
			t.Errorf("%s: %v; one that is not there: %v", name, err, err2)
		}
		if all, err := h.List(ctx, a, "", 10); err != nil || len(all) != 0 {
			t.Errorf("%s lists %d (%v)", name, len(all), err)
		}
	}
	for name, a := range map[string]access.Actor{"a bidder": actor(vendor, access.Supplier), "an editor": actor(agency, access.Editor)} {
		if _, err := h.Tender(ctx, a, p.ID); problem.KindOf(err) != problem.Forbidden {
			t.Errorf("%s: %v, want forbidden", name, err)
		}
	}
	if _, err := h.Get(ctx, access.Anyone(), p.ID); problem.KindOf(err) != problem.Unauthenticated {
		t.Errorf("anyone: %v, want unauthenticated", err)
	}
	adviser := actor(agency, access.Adviser)
	if _, err := h.Get(ctx, adviser, p.ID); err != nil {
		t.Errorf("the agency's own adviser: %v", err)
	}
	if _, err := h.Update(ctx, adviser, p, 0); problem.KindOf(err) != problem.Forbidden {
		t.Errorf("the adviser changes it: %v, want forbidden", err)
	}
	if all, err := h.List(ctx, buyer, "", 10); err != nil || len(all) != 1 {
		t.Errorf("the owner lists %d (%v), want 1", len(all), err)
	}
}

func TestProcurementRefuses(t *testing.T) {
	h := newHouse(t)
	p := h.create(t)
	numbers := []organisation.Number{vendor, vendor2}
	tests := []struct {
		name   string
		change func(*procurement.Procurement)
		path   string
		key    string
	}{
		{"no title", func(p *procurement.Procurement) { p.Title = "" }, "title", "field.required"},
		{"language", func(p *procurement.Procurement) { p.Language = "se" }, "language", "field.unknown"},
		{"weight", func(p *procurement.Procurement) {
			p.Choices = []procurement.Choice{{Requirement: h.partial, Weight: 101}}
		}, "choices[0].weight", "procurement.weight"},
		{"type", func(p *procurement.Procurement) {
			p.Choices = []procurement.Choice{{Requirement: h.partial, Type: "C"}}
		}, "choices[0].type", "procurement.type"},
		{"requirement that is not selected", func(p *procurement.Procurement) {
			p.Choices = []procurement.Choice{{Requirement: "K-NO-01"}}
		}, "choices[0].requirement", "procurement.choice"},
		{"title with a control character", func(p *procurement.Procurement) { p.Title = "a\x00b" }, "title", "field.control"},
		{"end of the contract", func(p *procurement.Procurement) { p.ContractEnd = "31.12.2029" }, "contractEnd", "procurement.contract-end"},
		{"contract that ends before the bids come", func(p *procurement.Procurement) {
			at := time.Date(2027, 1, 31, 23, 30, 0, 0, time.UTC) // the first of February in Oslo
			p.Deadline, p.ContractEnd = &at, "2027-01-31"
		}, "contractEnd", "procurement.contract-end-early"},
		{"too many bidders", func(p *procurement.Procurement) {
			p.Bidders = make([]procurement.Bidder, 5000)
			for i := range p.Bidders {
				p.Bidders[i] = procurement.Bidder{Supplier: numbers[i%len(numbers)], Name: "x"}
			}
		}, "bidders", "field.many"},
		{"too many choices", func(p *procurement.Procurement) { p.Choices = make([]procurement.Choice, 100_000) }, "choices", "field.many"},
		{"unknown column", func(p *procurement.Procurement) { p.Columns = append(procurement.Columns()[:10], "price") }, "columns[10]", "field.unknown"},
		{"column twice", func(p *procurement.Procurement) { p.Columns = append(procurement.Columns()[:10], procurement.ColumnID) }, "columns[10]", "procurement.column-repeated"},
		{"without the answer", func(p *procurement.Procurement) {
			p.Columns = []procurement.Column{procurement.ColumnID, procurement.ColumnRequirement, procurement.ColumnMet}
		}, "columns", "procurement.column-required"},
		{"too many columns", func(p *procurement.Procurement) { p.Columns = make([]procurement.Column, 100_000) }, "columns", "field.many"},
		{"bidder's number", func(p *procurement.Procurement) { p.Bidders = []procurement.Bidder{{Supplier: "123456784"}} }, "bidders[0].supplier", "organisation.check-digit"},
		{"bidder twice", func(p *procurement.Procurement) { p.Bidders = append(p.Bidders, p.Bidders[0]) }, "bidders[2].supplier", "procurement.bidder-repeated"},
		{"offering of another", func(p *procurement.Procurement) {
			p.Bidders = []procurement.Bidder{{Supplier: vendor2, Offering: h.offering.ID}}
		}, "bidders[0].offering", "procurement.offering"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			in := p
			in.Bidders = append([]procurement.Bidder(nil), p.Bidders...)
			tt.change(&in)
			_, err := h.Update(t.Context(), buyer, in, 0)
			pe, ok := errors.AsType[*problem.Error](err)
			many := ok && tt.key == "field.many" // what is within the limit has faults of its own
			if many && len(pe.Fields) > 5000 {
				t.Errorf("%d faults are told", len(pe.Fields))
			}
			if !ok || !many && len(pe.Fields) != 1 || pe.Fields[0].Path != tt.path || pe.Fields[0].Key != tt.key {
				t.Errorf("error is %v, want %s at %s", err, tt.key, tt.path)
			}
		})
	}
	t.Run("old revision", func(t *testing.T) {
		if _, err := h.Update(t.Context(), buyer, p, p.Rev); err != nil {
			t.Fatal(err)
		}
		if _, err := h.Update(t.Context(), buyer, p, p.Rev); problem.KindOf(err) != problem.Stale {
			t.Errorf("error is %v, want stale", err)
		}
	})
	t.Run("input that selects nothing known", func(t *testing.T) {
		in := p
		in.Input = selection.Input{Tasks: []string{"fag.nosuch"}, DeliveryModels: []catalogue.DeliveryModel{"saas"}}
		if _, err := h.Update(t.Context(), buyer, in, 0); problem.KeyOf(err) != "selection.invalid" {
			t.Errorf("error is %v, want selection.invalid", err)
		}
	})
}

func TestResponseRefuses(t *testing.T) {
	h := newHouse(t)
	p := h.create(t)
	good := procurement.ResponseAnswer{Requirement: h.partial, Status: attestation.Met}
	for name, r := range map[string]procurement.Response{
		"not a bidder":        {Supplier: other, Answers: []procurement.ResponseAnswer{good}},
		"empty":               {Supplier: vendor},
		"unknown requirement": {Supplier: vendor, Answers: []procurement.ResponseAnswer{{Requirement: "K-NO-01", Status: attestation.Met}}},
		"twice":               {Supplier: vendor, Answers: []procurement.ResponseAnswer{good, good}},
		"unknown answer":      {Supplier: vendor, Answers: []procurement.ResponseAnswer{{Requirement: h.partial, Status: "yes"}}},
		"control character":   {Supplier: vendor, Answers: []procurement.ResponseAnswer{{Requirement: h.partial, Status: attestation.Met, Deviation: "a\x1bb"}}},
		"long":                {Supplier: vendor, Answers: []procurement.ResponseAnswer{{Requirement: h.partial, Status: attestation.Met, Statement: strings.Repeat("x", 8001)}}},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := h.AddResponse(t.Context(), buyer, p.ID, r); problem.KeyOf(err) != "response.invalid" {
				t.Errorf("error is %v, want response.invalid", err)
			}
		})
	}
	c, err := h.Comparison(t.Context(), buyer, p.ID)
	if err != nil || c.Bidders[0].ReceivedAt != nil {
		t.Errorf("a refused response counts (%v)", err)
	}
}

func TestCheckOfManySuppliers(t *testing.T) {
	h := newHouse(t)
	rows, err := h.facts.Check(t.Context(), buyer, []organisation.Number{other, vendor2, vendor, vendor}, "skytjenester", time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range rows {
		word := "no offering"
		if r.Status != nil {
			word = string(r.Status.Overall)
		}
		got = append(got, fmt.Sprintf("%s %v %s", r.Number, r.Known, word))
	}
	want := []string{"974760673 false no offering", "314168267 true no offering", "123456785 true valid", "123456785 true valid"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if _, err := h.facts.Check(t.Context(), actor(vendor, access.Supplier), nil, "", time.Time{}); problem.KindOf(err) != problem.Forbidden {
		t.Errorf("by a supplier: %v, want forbidden", err)
	}
	if _, err := h.facts.Check(t.Context(), buyer, nil, "nosuch", time.Time{}); problem.KeyOf(err) != "set.not-found" {
		t.Errorf("of an unknown set: %v", err)
	}
}

func TestRevisionFollowsWhatCanChangeAStatus(t *testing.T) {
	h := newHouse(t)
	ctx := t.Context()
	before, err := h.facts.Revision(ctx, h.offering.ID, review.View{})
	if err != nil {
		t.Fatal(err)
	}
	if again, err := h.facts.Revision(ctx, h.offering.ID, review.View{}); err != nil || again != before {
		t.Errorf("nothing changed, but %q became %q (%v)", before, again, err)
	}
	svc := &supplier.Service{Store: h.Suppliers, Now: h.Now, NewID: h.NewID}
	o := h.offering
	o.Version = "5"
	if _, err := svc.UpdateOffering(ctx, actor(vendor, access.Supplier), o, 0); err != nil {
		t.Fatal(err)
	}
	if after, err := h.facts.Revision(ctx, h.offering.ID, review.View{}); err != nil || after == before {
		t.Errorf("the offering changed, but the revision is still %q (%v)", after, err)
	}
	if _, err := h.facts.Revision(ctx, "nosuch", review.View{}); problem.KindOf(err) != problem.NotFound {
		t.Errorf("of an unknown offering: %v", err)
	}
}

// A workbook for nobody in particular does not say whose it is. Chosen for two
// bidders, it would have them answer alike.
func TestOneFileIsNotTwoBids(t *testing.T) {
	h := newHouse(t)
	p := h.create(t)
	first, second := p.Bidders[0].Supplier, p.Bidders[1].Supplier
	add := func(supplier organisation.Number, file string) error {
		h.now = h.now.Add(time.Minute)
		_, err := h.AddResponse(t.Context(), buyer, p.ID, procurement.Response{
			Supplier: supplier, SHA256: file,
			Answers: []procurement.ResponseAnswer{{Requirement: h.partial, Status: attestation.Met}},
		})
		return err
	}
	refused := func(err error) bool {
		var e *problem.Error
		return errors.As(err, &e) && len(e.Fields) == 1 && e.Fields[0].Key == "response.same-file" && e.Fields[0].Path == "workbook"
	}
	for _, file := range []string{"aa", "aa"} { // a bidder's own file again is no harm
		if err := add(first, file); err != nil {
			t.Fatal(err)
		}
	}
	if err := add(second, "aa"); !refused(err) {
		t.Errorf("the first bidder's file for the second: %v", err)
	}
	if err := add(second, "bb"); err != nil {
		t.Errorf("another file: %v", err)
	}
	if err := add(first, "cc"); err != nil {
		t.Fatal(err)
	}
	if err := add(second, "aa"); err != nil {
		t.Errorf("a file that the first bidder has replaced: %v", err)
	}
	if err := add(second, "cc"); !refused(err) {
		t.Errorf("the first bidder's new file for the second: %v", err)
	}
	p.Bidders = p.Bidders[1:]
	if _, err := h.Update(t.Context(), buyer, p, 0); err != nil {
		t.Fatal(err)
	}
	if err := add(second, "cc"); err != nil {
		t.Errorf("the file of a bidder who is out: %v", err)
	}
}
