package web

import (
	"archive/zip"
	"context"
	"io"
	"net/url"
	"strings"
	"testing"

	"felleskrav/internal/catalogue"
	"felleskrav/internal/procurement"
	"felleskrav/internal/selection"
)

// outdated makes a procurement as it would stand had it been made on an older
// release of skytjenester, and with another level of availability.
func (s *site) outdated(change func(*procurement.Procurement)) procurement.Procurement {
	s.t.Helper()
	ctx, cat := context.Background(), s.web.Catalogue.Content()
	old, ok := cat.Version("skytjenester", "1.0.0")
	if !ok {
		s.t.Fatal("no older release")
	}
	p := must[procurement.Procurement](s.t)(s.web.Procurements.Create(ctx, buyer, procurement.Procurement{
		Title: "Gammelt <grunnlag>", Language: "nb",
		Input:   selection.Input{Tasks: []string{cat.Tasks[0].ID}, DeliveryModels: []catalogue.DeliveryModel{"saas"}, Sets: []string{"skytjenester"}},
		Bidders: []procurement.Bidder{{Supplier: s.supplier}},
	}))
	return must[procurement.Procurement](s.t)(s.store.UpdateProcurement(ctx, p.ID, func(p procurement.Procurement) (procurement.Procurement, error) {
		p.Sets = []procurement.SetRef{{ID: old.Set, Version: old.Version, Digest: old.Digest}}
		for i := range p.Basis.Levels {
			if p.Basis.Levels[i].Dimension == catalogue.Availability {
				p.Basis.Levels[i].Level = catalogue.Critical
			}
		}
		change(&p)
		return p, nil
	}))
}

// newestStates are paths to the page about what applies now: with something to
// move to, after the deadline, and where the task is gone.
func (s *site) newestStates() (differs, late, gone string) {
	path := func(change func(*procurement.Procurement)) string {
		return "/procurements/" + s.outdated(change).ID + "/newest"
	}
	yesterday := s.web.Now().AddDate(0, 0, -1)
	return path(func(*procurement.Procurement) {}),
		path(func(p *procurement.Procurement) { p.Deadline = &yesterday }),
		path(func(p *procurement.Procurement) {
			p.Input.Tasks = []string{"fag.borte"}
			was := p.Basis.Tasks[0].ID
			p.Basis.Tasks[0].ID = "fag.borte"
			for _, l := range p.Basis.Levels {
				for i := range l.Origins {
					if l.Origins[i].Via == was {
						l.Origins[i].Via = "fag.borte"
					}
				}
			}
		})
}

// TestMovingToWhatAppliesNow takes a procurement over to the newest release.
func TestMovingToWhatAppliesNow(t *testing.T) {
	s := newSite(t, true)
	b := s.visit("procurement")
	const choice = "K-TILGANG-03"
	p := s.outdated(func(p *procurement.Procurement) {
		p.Choices = []procurement.Choice{{Requirement: choice, Type: procurement.TypeA, Weight: 3}}
	})
	newest, _ := s.web.Catalogue.Content().Version("skytjenester", "")
	path := "/procurements/" + p.ID
	b.get("/procurements/"+s.procurement+"/newest").must(t, 200, "Det er ingenting å bytte")
	b.get(path).must(t, 200, path+"/newest", "Dere kan bytte til det som gjelder nå")
	page := b.get(path+"/newest").must(t, 200, "1.0.0", newest.Version, "Nivå 4", "krav går ut", "Gammelt &lt;grunnlag&gt;")
	if strings.Contains(page.body, "Har dere sendt dem ut") {
		t.Error("nothing is sent, but there is a warning about it")
	}
	b.get(path+"/workbook?copy=bidders").must(t, 200)
	page = b.get(path+"/newest").must(t, 200, "Har dere sendt dem ut")
	// The adviser's body is another one.
	s.visit("adviser").get(path+"/newest").must(t, 404)

	rev := find(t, page, `name="rev" value="(\d+)"`)
	b.post(path+"/newest", url.Values{"rev": {"1000"}}).must(t, 412)
	b.post(path+"/newest", url.Values{}).must(t, 412)
	b.post(path+"/newest", url.Values{"rev": {rev}}).must(t, 200, "Anskaffelsen bygger nå på det som gjelder")
	b.get(path+"/newest").must(t, 200, "Det er ingenting å bytte")
	after := must[procurement.Procurement](t)(s.web.Procurements.Get(context.Background(), buyer, p.ID))
	if after.Sets[0].Version != newest.Version || len(after.Choices) != 1 || after.Choices[0].Weight != 3 {
		t.Errorf("afterwards it has %+v and %+v", after.Sets, after.Choices)
	}

	_, late, gone := s.newestStates()
	b.get(late).must(t, 200, "Fristen er ute")
	b.post(late, url.Values{"rev": {find(t, b.get(late), `name="rev" value="(\d+)"`)}}).must(t, 422, "Fristen i anskaffelsen er ute")
	b.get(gone).must(t, 200, "finnes ikke lenger i katalogen")
	b.get(strings.TrimSuffix(gone, "/newest")).must(t, 200, "Barnehage")
	b.get(strings.TrimSuffix(gone, "/newest")+"/record").must(t, 200, "Barnehage", "følger av Barnehage")
}

// TestNamesOfWhatIsGone: what a procurement rests on is named as it was, also
// when the catalogue does not have it any more.
func TestNamesOfWhatIsGone(t *testing.T) {
	s := newSite(t, true)
	p := s.outdated(func(p *procurement.Procurement) {
		for i, l := range p.Basis.Levels {
			p.Basis.Levels[i].Origins = append(l.Origins, selection.Origin{Kind: "information", Name: catalogue.Text{NB: "Gamle data"}, Via: "fag.borte"})
		}
		p.Basis.Tasks = append(p.Basis.Tasks, selection.Named{ID: "fag.borte", Name: catalogue.Text{NB: "Oppgaven som er borte"}})
		p.Basis.Measures = append(p.Basis.Measures, selection.BasicMeasure{
			ID: "T-BORTE-01", Title: catalogue.Text{NB: "Tiltaket som er borte"}, Carrier: catalogue.CarrierAgency, From: catalogue.Levels{Confidentiality: 1},
		})
	})
	b := s.visit("procurement")
	path := "/procurements/" + p.ID
	b.get(path+"/record").must(t, 200, "Oppgaven som er borte)", "T-BORTE-01 Tiltaket som er borte")
	b.get(path).must(t, 200, "T-BORTE-01 Tiltaket som er borte")
	data := b.get(path+"/workbook").must(t, 200).body
	f := must[*zip.Reader](t)(zip.NewReader(strings.NewReader(data), int64(len(data))))
	var parts strings.Builder
	for _, part := range f.File {
		r := must[io.ReadCloser](t)(part.Open())
		if _, err := io.Copy(&parts, r); err != nil {
			t.Fatal(err)
		}
	}
	for _, want := range []string{"Oppgaven som er borte", "Tiltaket som er borte"} {
		if !strings.Contains(parts.String(), want) {
			t.Errorf("the workbook does not say %q", want)
		}
	}
}
