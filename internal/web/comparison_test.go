package web

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"image/png"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"golang.org/x/net/html"

	"felleskrav/internal/attestation"
	"felleskrav/internal/organisation"
	"felleskrav/internal/procurement"
	"felleskrav/internal/status"
)

// TestOnlyTheBodySeesItsComparison asks every address of a comparison as every
// persona. To another body the procurement is as one that is not there.
func TestOnlyTheBodySeesItsComparison(t *testing.T) {
	s := newSite(t, true)
	proc, gone := "/procurements/"+s.procurement, "/procurements/"+newID()
	secret := []string{"Sak og arkiv", "Testsky AS"}
	for persona, want := range map[string]int{"procurement": 200, "adviser": 404, "supplier": 403, "rival": 403, "editor": 403, "": 200} {
		b := s.visit(persona)
		for _, sub := range []string{"", "/comparison", "/comparison?bidder=" + string(s.supplier), "/comparison.svg", "/comparison.png", "/workbook"} {
			a := b.get(proc + sub)
			if a.code != want {
				t.Errorf("%s as %q: %d, want %d", sub, persona, a.code, want)
			}
			if persona == "procurement" {
				if c := a.header.Get("Cache-Control"); c != "no-store" {
					t.Errorf("%s may be kept by others: %q", sub, c)
				}
				continue
			}
			if persona == "" && !strings.HasPrefix(a.path, "/demo/login") {
				t.Errorf("%s as nobody leads to %s", sub, a.path)
			}
			other := b.get(gone + sub)
			if other.code != a.code || persona != "" && len(leading(other.body)) != len(leading(a.body)) {
				t.Errorf("%s as %q tells the procurement from one that is not there", sub, persona)
			}
			main := leading(a.body)
			for _, x := range secret {
				if strings.Contains(main, x) && persona != "" {
					t.Errorf("%s as %q: the page holds %q", sub, persona, x)
				}
			}
		}
		if persona == "procurement" || persona == "" {
			continue
		}
		if persona == "adviser" { // who may read their own body's, and change none
			want = 403
		}
		if a := b.post(proc+"/contract-end", url.Values{"contractEnd": {"2040-01-01"}}); a.code != want {
			t.Errorf("%q sets the end of the contract: %d, want %d", persona, a.code, want)
		}
	}
	if p, err := s.web.Procurements.Get(t.Context(), buyer, s.procurement); err != nil || p.ContractEnd != "" {
		t.Errorf("somebody else has set the end to %q (%v)", p.ContractEnd, err)
	}
}

func TestContractEndOnPages(t *testing.T) {
	s := newSite(t, true)
	b := s.visit("procurement")
	proc := "/procurements/" + s.procurement
	b.get(proc+"/comparison").must(t, 200, "Oppgi når kontrakten slutter", `id="f-contractEnd"`)
	bad := b.post(proc+"/contract-end", url.Values{"contractEnd": {"en gang"}}).must(t, 422, `href="#f-contractEnd"`, `value="en gang"`, "ikke en dato")
	checkPage(t, "nb", bad)
	page := b.post(proc+"/contract-end", url.Values{"contractEnd": {"2039-12-31"}}).must(t, 200, "til og med 31.12.2039", "dager før kontrakten", "Ingen erklæring å bygge på")
	checkPage(t, "nb", page)
	b.get(proc).must(t, 200, "Kontraktens siste dag", "31.12.2039")
	b.post(proc+"/contract-end", url.Values{"contractEnd": {""}}).must(t, 200, "Oppgi når kontrakten slutter")

	form := url.Values{"task": {s.web.Catalogue.Content().Tasks[0].ID}, "model": {"saas"}, "title": {"Sak"}, "language": {"nb"}, "contractEnd": {"2039"}}
	b.post("/procurements", form).must(t, 422, `href="#f-contractEnd"`, `value="2039"`)
	form.Set("contractEnd", "2039-06-30")
	b.post("/procurements", form).must(t, 200, "30.06.2039")
}

// many makes the buyer's procurement one of twenty bidders, all with a bid.
func (s *site) many() procurement.Procurement {
	t := s.t
	ctx := t.Context()
	p := must[procurement.Procurement](t)(s.web.Procurements.Get(ctx, buyer, s.procurement))
	for n := 910000060; len(p.Bidders) < 20; n++ {
		number, err := organisation.ParseNumber(fmt.Sprint(n))
		if err != nil {
			continue
		}
		p.Bidders = append(p.Bidders, procurement.Bidder{Supplier: number, Name: fmt.Sprintf("Tilbyder %d AS", len(p.Bidders)+1)})
	}
	p.ContractEnd = "2039-12-31"
	p = must[procurement.Procurement](t)(s.web.Procurements.Update(ctx, buyer, p, p.Rev))
	tender := must[procurement.TenderData](t)(s.web.Procurements.Tender(ctx, buyer, p.ID))
	for i, b := range p.Bidders {
		r := procurement.Response{Supplier: b.Supplier}
		for j, l := range tender.Lines {
			if k := (i + j) % 9; k > 0 {
				a := procurement.ResponseAnswer{Requirement: l.Requirement.ID, Status: attestation.AnswerStatuses()[max(0, k-3)], Statement: "Slik <gjør> vi det."}
				if j == 5 { // nobody meets that one
					a.Status = attestation.NotMet
				}
				if j%17 == i {
					a.Deviation = "Gjelder ikke arkivdelen."
				}
				r.Answers = append(r.Answers, a)
			}
		}
		must[procurement.Response](t)(s.web.Procurements.AddResponse(ctx, buyer, p.ID, r))
	}
	return p
}

// TestComparisonOfTwentyBidders reads the page as a person would, and holds its
// numbers, those of the picture and those of the tables against each other.
func TestComparisonOfTwentyBidders(t *testing.T) {
	s := newSite(t, true)
	p := s.many()
	b := s.visit("procurement")
	path := "/procurements/" + p.ID + "/comparison"
	for _, lang := range []string{"nb", "nn", "en"} {
		b.lang = lang
		a := b.get(path)
		if a.code != http.StatusOK {
			t.Fatalf("%s: %d", lang, a.code)
		}
		checkPage(t, lang, a)
		if strings.Contains(a.body, "<gjør>") {
			t.Error("what a bidder wrote is markup")
		}
	}
	b.lang = "nb"
	page := b.get(path).must(t, 200, "Svaret i tilbudet avviker fra erklæringen.", "Gjelder ikke arkivdelen.", "Svakeste ledd", "Ingen oppfyller kravet", "Drift av servere")
	last := -1
	for _, x := range p.Bidders {
		at := strings.Index(page.body, `value="`+string(x.Supplier)+`"`)
		if at < last {
			t.Errorf("%s stands before who was entered earlier", x.Name)
		}
		last = at
	}
	svg := b.get("/procurements/"+p.ID+"/comparison.svg").must(t, 200)
	var doc struct {
		Desc string `xml:"desc"`
	}
	if err := xml.Unmarshal([]byte(svg.body), &doc); err != nil {
		t.Fatal(err)
	}
	for i, word := range []string{"Oppfylt", "Alternativ løsning", "Delvis oppfylt", "Planlagt", "Ikke oppfylt", "Ikke relevant"} {
		row := tableRow(t, page.body, word)
		inline := regexp.MustCompile(`<desc id="comparison-desc">([^<]*)</desc>`).FindStringSubmatch(page.body)[1]
		for j, x := range p.Bidders {
			want := fmt.Sprintf("%s: ", x.Name)
			for _, text := range []string{html.UnescapeString(inline), doc.Desc} {
				_, rest, ok := strings.Cut(text, want)
				said, _, _ := strings.Cut(rest, ". ")
				said += ","
				if has := strings.Contains(", "+said, ", "+word+" "+row[j]+","); !ok || has != (row[j] != "0") {
					t.Errorf("%d %s: the table says %s %s and a picture %q", i, x.Name, word, row[j], said)
				}
			}
		}
	}
	picture := b.get("/procurements/"+p.ID+"/comparison.png").must(t, 200)
	if img, err := png.Decode(bytes.NewReader([]byte(picture.body))); err != nil || img.Bounds().Dy() < 20*100 {
		t.Errorf("the picture: %v", err)
	}
	if d := svg.header.Get("Content-Disposition"); !strings.HasPrefix(d, "attachment") || svg.header.Get("Content-Type") != "image/svg+xml" {
		t.Errorf("sent as %s %s", d, svg.header.Get("Content-Type"))
	}

	// Three of them, and numbers of nobody.
	some := url.Values{"bidder": {string(p.Bidders[7].Supplier), string(p.Bidders[0].Supplier), "910000004", "'\"><b>"}}
	few := b.get(path+"?"+some.Encode()).must(t, 200, "Viser 2 av 20 tilbydere")
	checkPage(t, "nb", few)
	if row := tableRow(t, few.body, "Oppfylt"); len(row) != 2 {
		t.Errorf("%d columns", len(row))
	}
	if main := after(few.body, "overview"); strings.Contains(main, p.Bidders[5].Name) || !strings.Contains(main, p.Bidders[7].Name) {
		t.Error("another bidder is shown than those chosen")
	}
	link := find(t, few, `href="(/procurements/[^"]*/comparison\.svg[^"]*)"`)
	if a := b.get(html.UnescapeString(link)).must(t, 200); strings.Contains(a.body, p.Bidders[5].Name) || !strings.Contains(a.body, p.Bidders[7].Name) {
		t.Error("the picture shows others than the page")
	}
	b.get(path+"?bidder=910000004").must(t, 200, p.Bidders[5].Name) // nobody is as all
}

// after is what stands after the heading with an id.
func after(body, id string) string {
	_, rest, _ := strings.Cut(body, `id="`+id+`"`)
	return rest
}

// tableRow gives the cells of the first row of the overview with this head.
func tableRow(t *testing.T, body, head string) []string {
	t.Helper()
	doc := must[*html.Node](t)(html.Parse(strings.NewReader(body)))
	for n := range doc.Descendants() {
		if n.Type != html.ElementNode || n.Data != "th" || attr(n, "scope") != "row" || strings.TrimSpace(textOf(n)) != head {
			continue
		}
		var out []string
		for c := n.NextSibling; c != nil; c = c.NextSibling {
			if c.Type == html.ElementNode {
				out = append(out, strings.TrimSpace(textOf(c)))
			}
		}
		return out
	}
	t.Fatalf("no row says %s", head)
	return nil
}

// TestTwentyBiddersInChromium holds that the comparison of twenty bidders stays
// within the window, that requirement and bidder stay in sight when somebody
// scrolls to the last answer, and that no script is needed to choose bidders.
func TestTwentyBiddersInChromium(t *testing.T) {
	t.Parallel()
	s := newSite(t, true)
	p := s.many()
	ctx := newChromium(t)
	withoutScripts(t, ctx)
	dir := os.Getenv("FELLESKRAV_SCREENSHOTS")
	become(t, ctx, s, "", "procurement")
	path := s.url + "/procurements/" + p.ID + "/comparison"
	for _, width := range []int64{1280, 320} {
		resize(t, ctx, width)
		run(t, ctx, "open", chromedp.Navigate(path+"?lang=nb"), chromedp.WaitReady("footer"))
		inspect(t, ctx, "comparison-twenty", width, dir)
		stays := ask(t, ctx, "scroll", chromedp.Evaluate[[]float64](`(() => {
			const box = document.querySelector(".fk-tall"), rows = box.querySelectorAll("tbody tr"), row = rows[rows.length - 1];
			box.scrollIntoView(); box.scrollTo(box.scrollWidth, box.scrollHeight);
			const a = box.getBoundingClientRect(), head = row.querySelector("th").getBoundingClientRect(), top = box.querySelector("thead th:last-child").getBoundingClientRect();
			const last = row.querySelector("td:last-child").getBoundingClientRect();
			return [head.left - a.left, top.top - a.top, last.right - a.right, last.left - head.right];
		})()`))
		for i, what := range []string{"the requirement", "the bidder"} {
			if stays[i] < -2 || stays[i] > 2 {
				t.Errorf("at %d: %s is %.0f pixels away from its edge", width, what, stays[i])
			}
		}
		if stays[2] > 4 || stays[3] < -1 {
			t.Errorf("at %d: the last answer is hidden: %v", width, stays)
		}
	}
	resize(t, ctx, 1280)
	run(t, ctx, "choose one", chromedp.Navigate(path), chromedp.Click("details.fk-noprint > summary"), chromedp.WaitVisible("#bidder-"+string(p.Bidders[3].Supplier)))
	run(t, ctx, "leave one out", chromedp.Click("#bidder-"+string(p.Bidders[3].Supplier)), chromedp.Click("details.fk-noprint button"), chromedp.WaitVisible(`[role="status"]`))
	if said := ask(t, ctx, "read", chromedp.Text(`[role="status"]`)); said != "Viser 19 av 20 tilbydere." {
		t.Errorf("the page says %q", said)
	}
}

// TestStandingsTellSetsApart looks at what stands beside a bidder's name: a set
// that lacks a declaration does not hide another one that has it.
func TestStandingsTellSetsApart(t *testing.T) {
	name := func(set string) string { return "Sett " + set }
	of := func(overall ...status.Overall) (b procurement.ComparedBidder) {
		for i, o := range overall {
			b.Statuses = append(b.Statuses, status.Status{Set: fmt.Sprint(i), Overall: o})
		}
		return b
	}
	for _, c := range []struct {
		name string
		of   procurement.ComparedBidder
		want []standing
	}{
		{"without a service", of(), []standing{{Overall: status.Missing}}},
		{"one set", of(status.Valid), []standing{{Overall: status.Valid}}},
		{"the same for all", of(status.Expired, status.Expired), []standing{{Overall: status.Expired}}},
		{"one is missing", of(status.Missing, status.Valid), []standing{{"Sett 0", status.Missing}, {"Sett 1", status.Valid}}},
	} {
		if got := standings(c.of, name); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}
