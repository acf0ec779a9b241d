package web

import (
	"context"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"felleskrav/internal/catalogue"
	"felleskrav/internal/locale"
	"felleskrav/internal/notify"
	"felleskrav/internal/organisation"
	"felleskrav/internal/organisation/registry"
	"felleskrav/internal/signing"
	"felleskrav/internal/status"
	"felleskrav/internal/supplier"
	"felleskrav/templates"
)

// TestWatchTellsWhatHasChanged follows a supplier and one of its offerings,
// and marks what has happened as seen, piece by piece.
func TestWatchTellsWhatHasChanged(t *testing.T) {
	s := newSite(t, true)
	ctx := context.Background()
	b, reader := s.visit("adviser"), s.visit("procurement")
	b.lang, reader.lang = "nb", "nb"
	for _, i := range must[notify.List](t)(s.web.Watch.List(ctx, adviser)).Items {
		b.post("/watch/remove", url.Values{"supplier": {string(i.Supplier)}, "offering": {i.Offering}})
	}
	if a := b.get("/watch"); a.code != http.StatusOK || !strings.Contains(a.body, "Dere følger ingen leverandører ennå") {
		t.Fatalf("the empty list: %d %s", a.code, leading(a.body))
	}
	page := "/offerings/" + s.declared + "/status"
	one := url.Values{"supplier": {seller.Org}, "offering": {s.declared}, "back": {page}}
	whole := url.Values{"supplier": {"NO 910 000 012 MVA"}, "back": {"/suppliers/" + seller.Org}}
	if a := b.get(page); !strings.Contains(a.body, "Følg leveransen") || !strings.Contains(a.body, `action="/watch?for=`) {
		t.Fatal("the status page offers nothing to watch")
	}
	if a := b.post("/watch", one); a.path != page || !strings.Contains(a.body, "Dere følger denne") || !strings.Contains(a.body, "Slutt å følge") {
		t.Fatalf("after watching: %s %s", a.path, leading(a.body))
	}
	if a := b.post("/watch", whole); a.path != "/suppliers/"+seller.Org || !strings.Contains(a.body, "Dere følger denne") {
		t.Fatalf("after watching the supplier: %s", a.path)
	}
	if a := b.post("/watch", one); a.code != http.StatusOK { // once more
		t.Fatalf("watching again: %d", a.code)
	}
	if a := reader.get("/watch"); !strings.Contains(a.body, "Dere følger ingen") {
		t.Error("another body sees the list")
	}
	if a := reader.get(page); strings.Contains(a.body, "Følg leveransen") {
		t.Error("one who may not is offered to watch")
	}
	a := b.get("/watch")
	checkPage(t, "nb", a)
	if !strings.Contains(a.body, "Ingenting er endret") || strings.Count(a.body, `action="/watch/remove?for=`) != 2 {
		t.Fatalf("before anything happens: %s", leading(a.body))
	}
	before := hiddenAt.FindStringSubmatch(b.get("/watch").body)
	if before != nil {
		t.Error("nothing to see can be marked as seen")
	}

	// A new offering, and one withdrawal.
	must[supplier.Offering](t)(s.web.Suppliers.CreateOffering(ctx, seller, supplier.Offering{
		Supplier: s.supplier, Name: "Testkart", Models: []catalogue.DeliveryModel{catalogue.ModelSaaS}, Regions: []string{"NO"},
	}))
	statement := must[[]byte](t)(s.web.Attestations.PrepareWithdrawal(ctx, seller, s.digest, "Tjenesten er solgt."))
	bundle := must[[]byte](t)(signing.SignBundle(ctx, s.key, statement))
	if _, _, err := s.web.Attestations.Withdraw(ctx, seller, s.digest, bundle); err != nil {
		t.Fatal(err)
	}
	a = b.get("/watch")
	checkPage(t, "nb", a)
	text := html.UnescapeString(a.body)
	if n := strings.Count(text, "er trukket tilbake."); n != 2 {
		t.Errorf("the withdrawal is told of %d times, want once for each that is watched", n)
	}
	if n := strings.Count(text, "Ny leveranse: Testkart."); n != 1 {
		t.Errorf("the new offering is told of %d times, want 1", n)
	}
	// What comes between the page and the button is not seen.
	at := hiddenAt.FindStringSubmatch(a.body)[1]
	must[supplier.Offering](t)(s.web.Suppliers.CreateOffering(ctx, seller, supplier.Offering{
		Supplier: s.supplier, Name: "Testlønn", Models: []catalogue.DeliveryModel{catalogue.ModelSaaS}, Regions: []string{"NO"},
	}))
	if a = b.post("/watch/seen", url.Values{"at": {at}, "supplier": {seller.Org}, "offering": {s.declared}}); strings.Count(a.body, "er trukket tilbake.") != 1 {
		t.Errorf("after one is marked: %s", leading(a.body))
	}
	if a = b.post("/watch/seen", url.Values{"at": {at}}); strings.Contains(a.body, "er trukket tilbake.") {
		t.Errorf("after all is marked: %s", leading(a.body))
	}
	s.web.Facts.Register = registry.New(s.store, nil, time.Now, nil)
	err := s.store.PutRegisterEntry(ctx, organisation.RegisterEntry{Number: s.supplier, Found: true, Bankrupt: true, FetchedAt: time.Now().Add(-time.Minute)})
	if err != nil {
		t.Fatal(err)
	}
	a = b.get("/watch")
	if n := strings.Count(a.body, "Enhetsregisteret melder: konkurs."); n != 2 {
		t.Errorf("the bankruptcy is told of %d times, want once for each that is watched", n)
	}
	checkPage(t, "nb", a)
	if a = b.get("/suppliers?q=testsky"); strings.Count(a.body, "Konkurs") != 1 {
		t.Errorf("the search does not warn: %s", leading(a.body))
	}
	if a = b.post("/watch/remove", one); strings.Contains(a.body, "Dere følger denne") || !strings.Contains(a.body, "Dere følger leverandøren") {
		t.Error("the offering is still watched by itself")
	}

	for name, form := range map[string]url.Values{
		"nobody":          {"supplier": {"999999999"}},
		"rubbish":         {"supplier": {"x"}},
		"not its own":     {"supplier": {other.Org}, "offering": {s.declared}},
		"no such":         {"supplier": {seller.Org}, "offering": {newID()}},
		"no such address": {},
	} {
		if a := b.post("/watch", form); a.code != http.StatusNotFound {
			t.Errorf("%s: %d, want 404", name, a.code)
		}
	}
	if a := b.post("/watch/seen", url.Values{"at": {"yesterday"}}); a.code != http.StatusUnprocessableEntity {
		t.Errorf("a moment that is none: %d", a.code)
	}

	// Full: the page says so and keeps what is there.
	_, err = s.store.UpdateWatchList(ctx, organisation.Number(adviser.Org), func(l notify.List) (notify.List, error) {
		for n := range notify.MaxItems {
			l.Items = append(l.Items, notify.Item{Target: notify.Target{Supplier: s.supplier, Offering: fmt.Sprint("gone-", n)}})
		}
		l.Items = l.Items[:notify.MaxItems]
		return l, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if a := b.post("/watch", one); a.code != http.StatusUnprocessableEntity && a.code != http.StatusConflict || !strings.Contains(a.body, "og det er grensen") {
		t.Errorf("one too many: %d %s", a.code, leading(a.body)[:300])
	}
}

// TestEverythingThatCanHappenHasASentence holds the texts against the kinds.
func TestEverythingThatCanHappenHasASentence(t *testing.T) {
	bundle := must[*locale.Bundle](t)(locale.Load(templates.FS, "locales"))
	var keys []string
	for _, k := range notify.Kinds() {
		keys = append(keys, "page.watch.change-"+string(k))
	}
	for _, k := range status.EventKinds() {
		keys = append(keys, "page.status.event-"+string(k))
	}
	for _, o := range status.Overalls() {
		keys = append(keys, "page.status.verdict-"+string(o))
	}
	for _, k := range keys {
		for _, lang := range locale.Languages() {
			if !bundle.In(lang).Has(k) {
				t.Errorf("%s has no text for %s", lang, k)
			}
		}
	}
}

var hiddenAt = regexp.MustCompile(`name="at" value="([^"]+)"`)

// TestSupplierSearch finds a supplier by what people have of it.
func TestSupplierSearch(t *testing.T) {
	s := newSite(t, true)
	b := s.visit("")
	b.lang = "nb"
	rows := func(query string) (found []string, body string) {
		t.Helper()
		a := b.get("/suppliers?" + url.Values{"q": {query}}.Encode())
		if a.code != http.StatusOK {
			t.Fatalf("%q: %d", query, a.code)
		}
		for _, m := range regexp.MustCompile(`<th scope="row"><a class="ds-link" href="/suppliers/(\d+)"`).FindAllStringSubmatch(a.body, -1) {
			found = append(found, m[1])
		}
		return found, html.UnescapeString(a.body)
	}
	for query, want := range map[string]string{
		"testsky": seller.Org, "NO 910 000 012 MVA": seller.Org, "910 000 02": other.Org, "testarkiv": seller.Org, "RIVALDRIFT": other.Org,
	} {
		if found, _ := rows(query); len(found) != 1 || found[0] != want {
			t.Errorf("%q finds %v, want %s", query, found, want)
		}
	}
	if found, body := rows("tetssky"); len(found) != 1 || found[0] != seller.Org || !strings.Contains(body, "Disse navnene ligner") {
		t.Errorf("a mistake finds %v", found)
	}
	if found, body := rows("finnesikke"); len(found) != 0 || !strings.Contains(body, "Ingen treff på «finnesikke»") {
		t.Errorf("nothing finds %v", found)
	}
	if found, body := rows("testsky"); len(found) != 1 || !strings.Contains(body, "Testsak") || !strings.Contains(body, "Gyldig") {
		t.Error("the status is not told in the list")
	}
	// A body that only reviews is no supplier.
	if found, _ := rows("Testetaten"); len(found) != 0 {
		t.Errorf("a body is found: %v", found)
	}
	for n := range 25 {
		number := must[organisation.Number](t)(organisation.ParseIdentifier(fmt.Sprintf("NTRSE-55%04d", n)))
		err := s.store.InsertSupplier(context.Background(), supplier.Supplier{Number: number, Name: fmt.Sprint("Mange AB ", n), Country: "SE"})
		if err != nil {
			t.Fatal(err)
		}
	}
	a := b.get("/suppliers?q=mange")
	checkPage(t, "nb", a)
	if !strings.Contains(a.body, "Mer enn 20 treff") || strings.Count(a.body, `<th scope="row">`) != 20 {
		t.Errorf("the first page of many: %s", leading(a.body))
	}
	next := regexp.MustCompile(`href="(/suppliers\?after=[^"]+)"`).FindStringSubmatch(a.body)
	if next == nil {
		t.Fatal("the first page leads to no other")
	}
	if a = b.get(html.UnescapeString(next[1])); strings.Count(a.body, `<th scope="row">`) != 5 {
		t.Errorf("the second page: %s", leading(a.body))
	}
}
