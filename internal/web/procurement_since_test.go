package web

import (
	"context"
	"html"
	"net/url"
	"strings"
	"testing"

	"felleskrav/internal/attestation"
	"felleskrav/internal/organisation"
	"felleskrav/internal/procurement"
	"felleskrav/internal/selection"
	"felleskrav/internal/signing"
	"felleskrav/internal/workbook/workbooktest"
)

// TestWhatChangedSinceAndTheRecord follows a procurement after it was made: a
// bidder declares anew and withdraws, and a newer set version is there.
func TestWhatChangedSinceAndTheRecord(t *testing.T) {
	s := newSite(t, true)
	b, ctx := s.visit("procurement"), context.Background()
	path := "/procurements/" + s.procurement
	b.get("/procurements").must(t, 200, "Sak og arkiv", "Svarene skal leses inn", path+"#bids", "2 tilbydere")
	b.get(path).must(t, 200, "Ingen av tilbydernes erklæringer er fornyet")
	if page := b.get(path); strings.Contains(page.body, "Se hva") {
		t.Error("an alert about nothing")
	}

	withdraw := must[[]byte](t)(s.web.Attestations.PrepareWithdrawal(ctx, seller, s.digest, "Feil <i> svarene"))
	if _, _, err := s.web.Attestations.Withdraw(ctx, seller, s.digest, must[[]byte](t)(signing.SignBundle(ctx, s.key, withdraw))); err != nil {
		t.Fatal(err)
	}
	b.get(path).must(t, 200, "Se hva", "Leverandøren har trukket erklæringen tilbake.", "Feil &lt;i&gt; svarene", "/attestations/"+s.digest, "fra anskaffelsen ble laget")
	v, _ := s.web.Catalogue.Content().Version("skytjenester", "")
	draft := attestation.Draft{Offering: s.declared, Set: v.Set, Version: v.Version}
	for _, r := range v.Requirements {
		draft.Answers = append(draft.Answers, attestation.Answer{Requirement: r.ID, Status: attestation.Met})
	}
	bundle := must[[]byte](t)(signing.SignBundle(ctx, s.key, must[[]byte](t)(s.web.Attestations.Prepare(ctx, seller, draft))))
	if _, _, err := s.web.Attestations.Submit(ctx, seller, bundle); err != nil {
		t.Fatal(err)
	}
	b.get(path).must(t, 200, "Ny erklæring er levert. Den gjelder til")
	tomorrow := localDay(s.web.Now().AddDate(0, 0, 1))
	b.get(path+"?since="+tomorrow).must(t, 422, `href="#f-since"`)
	b.get(path+"?since=2020-01-01").must(t, 200, "fra dagen dere valgte", "Den første erklæringen er levert.")

	// An older version, as a procurement from before the newer one has it.
	old, ok := s.web.Catalogue.Content().Version("skytjenester", "1.0.0")
	if !ok {
		t.Fatal("no older release")
	}
	if _, err := s.store.UpdateProcurement(ctx, s.procurement, func(p procurement.Procurement) (procurement.Procurement, error) {
		for i := range p.Sets {
			if p.Sets[i].ID == old.Set {
				p.Sets[i] = procurement.SetRef{ID: old.Set, Version: old.Version, Digest: old.Digest}
			}
		}
		p.Basis = nil // not kept then
		p.Input.Overrides = []selection.Override{{Dimension: "integrity", Level: 4, Reason: "Vi vet <bedre>"}}
		return p, nil
	}); err != nil {
		t.Fatal(err)
	}
	page := b.get(path).must(t, 200, "har kommet i versjon "+v.Version, "holder seg til versjon 1.0.0", "/catalogue/sets/skytjenester?version="+v.Version)
	if !strings.Contains(page.body, "Endret innhold") && !strings.Contains(page.body, "Omformulert") && !strings.Contains(page.body, "Nytt krav") {
		t.Error("the page does not say what differs")
	}
	b.get("/procurements").must(t, 200, "Nyere kravsett finnes")

	file := b.get(path+"/workbook?copy=bidders").must(t, 200)
	b.get(path).must(t, 200, "fra regnearket sist ble laget")

	checkpoint := string(must[[]byte](t)(s.web.Log.Checkpoint(ctx)))
	record := b.get(path+"/record").must(t, 200, "Vi vet &lt;bedre&gt;", "Forslaget var:", old.Digest, "Testvik kommune", "26/1234", "test:buyer", "Testsky AS", "plass ", "Loggens nøkkel", "Alle tilbyderne", signing.Digest([]byte(file.body)))
	for _, line := range strings.Split(strings.TrimSpace(checkpoint), "\n")[:3] {
		if !strings.Contains(html.UnescapeString(record.body), line) {
			t.Errorf("the record lacks %q of the checkpoint", line)
		}
	}
	b.get(path+"/record?at=2020-01-01").must(t, 200, "Ingen erklæring", "slik de var")
	b.get(path+"/record?at=x").must(t, 422, `href="#f-at"`)
	s.visit("head").get(path+"/record").must(t, 200)
	s.visit("adviser").get(path+"/record").must(t, 404)

	// Left out of the tender, and in the record all the same.
	choices := b.get(path+"/requirements").must(t, 200)
	set := url.Values{"rev": {find(t, choices, `name="rev" value="(\d+)"`)}}
	id := find(t, choices, `name="in\.(K-[A-Z]+-\d+)"`)
	for _, m := range strings.Split(choices.body, `name="in.`)[1:] {
		r := m[:strings.Index(m, `"`)]
		set.Set("type."+r, "B")
		set.Set("weight."+r, "7")
		if r != id {
			set.Set("in."+r, "1")
		}
	}
	b.post(path+"/requirements", set).must(t, 200)
	b.get(path+"/record").must(t, 200, "Krav som er tatt ut", "<li>"+id+" ", `class="fk-num">7</td>`)
}

// TestAnotherBiddersWorkbook reads the files of two bidders, each as the other's,
// and one of another procurement.
func TestAnotherBiddersWorkbook(t *testing.T) {
	s := newSite(t, true)
	b := s.visit("procurement")
	path := "/procurements/" + s.procurement
	one := b.get(path+"/workbook?bidder="+string(s.supplier)).must(t, 200)
	two := b.get(path+"/workbook?bidder="+string(s.rival)).must(t, 200)
	read := func(path string, bidder organisation.Number, file answer) answer {
		return b.upload(path+"/responses", map[string]string{"supplier": string(bidder)}, "workbook", "svar.xlsx", []byte(file.body))
	}
	checkPage(t, "nb", read(path, s.rival, one).must(t, 422, "laget for en annen tilbyder (910 000 012)"))
	read(path, s.supplier, two).must(t, 422, "laget for en annen tilbyder")
	other := "/procurements/" + s.outdated(func(*procurement.Procurement) {}).ID
	read(other, s.supplier, b.get(path+"/workbook?copy=bidders").must(t, 200)).must(t, 422, "hører til en annen anskaffelse")
	tender := must[procurement.TenderData](t)(s.web.Procurements.Tender(t.Context(), buyer, s.procurement))
	for _, x := range tender.Comparison.Bidders {
		if x.ReceivedAt != nil {
			t.Errorf("%s got the answers of another", x.Bidder.Name)
		}
	}
	read(path, s.supplier, one).must(t, 200, "lest inn og lagret")

	// A copy made for nobody in particular: here only the file tells that it is the same one.
	copied := b.get(path+"/workbook?copy=bidders").must(t, 200)
	filled := answer{body: string(must[[]byte](t)(workbooktest.Fill([]byte(copied.body), map[string]workbooktest.Answer{
		tender.Lines[0].Requirement.ID: {Status: "Oppfylt", Statement: "Ja."},
	})))}
	read(path, s.supplier, filled).must(t, 200, "lest inn og lagret")
	checkPage(t, "nb", read(path, s.rival, filled).must(t, 422, "allerede lest inn som svaret fra 910 000 012"))
}
