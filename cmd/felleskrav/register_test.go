package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"felleskrav/internal/api"
	"felleskrav/internal/status"
	"felleskrav/internal/supplier"
)

// foreignSeller is invented.
const foreignSeller = "NTRSE-5560125790"

// registerOf plays Enhetsregisteret, with answers by number that can be
// changed; nobody else is there.
type registerOf struct {
	mu      sync.Mutex
	answers map[string]string
}

func (r *registerOf) set(number, answer string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answers[number] = answer
}

func (r *registerOf) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	a, ok := r.answers[strings.TrimPrefix(q.URL.Path, "/enheter/")]
	if !ok {
		http.NotFound(w, q)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = io.WriteString(w, a)
}

// page reads a page in a language.
func page(t *testing.T, address, lang string) string {
	t.Helper()
	sep := "?"
	if strings.Contains(address, "?") {
		sep = "&"
	}
	return string(want(t, http.StatusOK, http.MethodGet, address+sep+"lang="+lang, "", "", nil, nil).body)
}

// TestRegister walks what the register of legal entities says, from
// registration to the pages, through the real program on both backends.
func TestRegister(t *testing.T) {
	onBackends(t, func(t *testing.T, store []string) {
		register := &registerOf{answers: map[string]string{
			seller:      `{"organisasjonsnummer":"` + seller + `","navn":"OPPDIKTET SKY AS","organisasjonsform":{"kode":"AS"},"konkurs":true}`,
			otherSeller: `{"organisasjonsnummer":"` + seller + `","navn":"EN ANNEN AS"}`, // mixed up on the way
		}}
		there := httptest.NewServer(register)
		defer there.Close()
		server := serve(t, append([]string{"--registry-url", there.URL}, store...)...)
		w := &walk{t: t, dir: t.TempDir(), store: store, base: server.base}
		selling, other, buying := w.token(seller, "supplier"), w.token(otherSeller, "supplier"), w.token(buyer, "adviser")
		suppliers := w.base + "/api/v1/suppliers/"

		var s api.Supplier
		want(t, http.StatusCreated, http.MethodPut, suppliers+seller, selling, "", map[string]any{"name": "Et annet navn"}, &s)
		if !s.Register.Found || !s.Register.Bankrupt || s.Register.Name != "OPPDIKTET SKY AS" || !s.RegisterNameDiffers {
			t.Errorf("registered as %+v", s)
		}
		var same api.Supplier
		want(t, http.StatusOK, http.MethodPut, suppliers+seller, selling, "", map[string]any{"name": "Oppdiktet Sky AS"}, &same)
		if same.RegisterNameDiffers || same.Register.FetchedAt != s.Register.FetchedAt {
			t.Errorf("registered again as %+v", same)
		}
		s = api.Supplier{}
		want(t, http.StatusCreated, http.MethodPut, suppliers+otherSeller, other, "", map[string]any{"name": "Naboen AS (oppdiktet)"}, &s)
		if s.Register.Found || s.Register.Name != "" || !s.Register.FetchedAt.IsZero() {
			t.Errorf("somebody else's entry was believed: %+v", s.Register)
		}

		var o api.Offering
		want(t, http.StatusCreated, http.MethodPost, suppliers+seller+"/offerings", selling, "", map[string]any{"name": "Sky", "deliveryModels": []string{"saas"}, "regions": []string{"NO"}}, &o)
		var st status.Status
		want(t, http.StatusOK, http.MethodGet, w.base+"/api/v1/offerings/"+o.Id+"/status", "", "", nil, &st)
		if st.Overall != status.Missing || st.Register == nil || !st.Register.Bankrupt {
			t.Errorf("status %s, register %+v", st.Overall, st.Register)
		}
		var past status.Status
		want(t, http.StatusOK, http.MethodGet, w.base+"/api/v1/offerings/"+o.Id+"/status?at=2020-01-01T00:00:00Z", "", "", nil, &past)
		if past.Register != nil {
			t.Errorf("what is known now was known then: %+v", past.Register)
		}
		var checked api.CheckResult
		want(t, http.StatusOK, http.MethodPost, w.base+"/api/v1/status/check", buying, "", map[string]any{"suppliers": []string{seller, otherSeller, foreignSeller}}, &checked)
		if len(checked.Items) != 3 || !checked.Items[0].Register.Bankrupt || checked.Items[1].Register.Found || checked.Items[2].Error.Key != "" || checked.Items[2].Known {
			t.Errorf("checked: %+v", checked.Items)
		}
		list := "Organisasjonsnummer\n" + seller + "\n" + otherSeller + "\n"
		if csv := w.checkCSV(buying, list); !strings.Contains(csv, ";Enhetsregisteret") && !strings.Contains(csv, ",Enhetsregisteret") || !strings.Contains(csv, "Konkurs") || !strings.Contains(csv, "Ikke hentet") {
			t.Errorf("the list came back as\n%s", csv)
		}

		for lang, words := range map[string][]string{
			"nb": {"Enhetsregisteret: Konkurs", "OPPDIKTET SKY AS (AS)", "Hentet "}, "nn": {"Einingsregisteret: Konkurs", "Henta "}, "en": {": Bankrupt", "Fetched "},
		} {
			for _, address := range []string{w.base + "/suppliers/" + seller, w.base + "/offerings/" + o.Id + "/status"} {
				text := page(t, address, lang)
				for _, word := range words {
					if !strings.Contains(text, word) {
						t.Errorf("%s in %s lacks %q", address, lang, word)
					}
				}
			}
			not := map[string]string{"nb": "Ikke hentet", "nn": "Ikkje henta", "en": "Not fetched"}[lang]
			if text := page(t, w.base+"/suppliers/"+otherSeller, lang); !strings.Contains(text, not) {
				t.Errorf("in %s: %q is not said", lang, not)
			}
		}

		// The register goes away: what is known stays, and nothing fails.
		there.Close()
		want(t, http.StatusOK, http.MethodPut, suppliers+seller, selling, "", map[string]any{"name": "Oppdiktet Sky AS"}, &s)
		if !s.Register.Bankrupt {
			t.Errorf("forgotten: %+v", s.Register)
		}
		want(t, http.StatusOK, http.MethodPut, suppliers+otherSeller, other, "", map[string]any{"name": "Naboen AS (oppdiktet)"}, nil)
	})
}

// checkCSV checks a list and gives it back, in bokmål.
func (w *walk) checkCSV(token, list string) string {
	w.t.Helper()
	w.write("list.csv", []byte(list))
	w.run(1, token, "check", "list.csv", "-o", "out.csv") // none of them has a declaration
	return string(w.read("out.csv"))
}

// TestForeignSupplier walks a supplier without a Norwegian number from
// registration to a declaration, through two editors.
func TestForeignSupplier(t *testing.T) {
	onBackends(t, func(t *testing.T, store []string) {
		server := serve(t, store...)
		w := &walk{t: t, dir: t.TempDir(), store: store, base: server.base}
		selling := w.token(foreignSeller, "supplier")
		editors := []string{w.token(buyer, "editor"), w.token(buyer, "editor")}
		address := w.base + "/api/v1/suppliers/" + foreignSeller
		in := map[string]any{"name": "Påhittat Moln AB", "country": "SE"}
		if a := want(t, http.StatusUnprocessableEntity, http.MethodPut, address, selling, "", in, nil); !strings.Contains(string(a.body), "registration.register") {
			t.Errorf("without a register: %s", a.body)
		}
		in["registration"] = supplier.Registration{Register: "Bolagsverket", Number: "556012-5790"}
		var s api.Supplier
		want(t, http.StatusCreated, http.MethodPut, address, selling, "", in, &s)
		if s.Orgnr != foreignSeller || s.Verification.Verified || len(s.Verification.By) != 0 || s.Registration.Number != "556012-5790" {
			t.Errorf("registered as %+v", s)
		}
		must(t, 0, w.dir, nil, "key", "generate", "-o", "vendor.key")
		w.run(0, selling, "key", "enrol", "--key", "vendor.key", "--supplier", foreignSeller, "--label", "Test")
		var o api.Offering
		want(t, http.StatusCreated, http.MethodPost, address+"/offerings", selling, "", map[string]any{"name": "Moln", "deliveryModels": []string{"saas"}, "regions": []string{"SE"}}, &o)
		w.prepare(selling, o.Id, "statement.json")
		w.run(0, selling, "attest", "sign", "--key", "vendor.key", "statement.json", "-o", "bundle.json")
		submit := func() answer {
			return do(t, http.MethodPost, w.base+"/api/v1/attestations", selling, "application/json", w.read("bundle.json"))
		}
		refuse := func(what string, a answer, key string) {
			t.Helper()
			if a.problemType() != key {
				t.Errorf("%s: %d %s, want %s", what, a.status, a.body, key)
			}
		}
		refuse("before anybody has looked", submit(), "supplier.not-verified")
		verify := func(token string) answer { return do(t, http.MethodPost, address+"/verification", token, "", nil) }
		refuse("by itself", verify(selling), "access.denied")
		refuse("by nobody", verify(""), "access.login")
		if a := verify(editors[0]); a.status != http.StatusOK {
			t.Fatalf("verify: %s", a.body)
		}
		refuse("after one", submit(), "supplier.not-verified")
		refuse("the same again", verify(editors[0]), "supplier.verified-by-you")
		for lang, words := range map[string]string{"nb": "1 av to redaktører", "nn": "1 av to redaktørar", "en": "1 of two editors"} {
			if text := page(t, w.base+"/suppliers/"+foreignSeller, lang); !strings.Contains(text, words) || !strings.Contains(text, "Bolagsverket") {
				t.Errorf("the page in %s does not say that one has verified", lang)
			}
		}
		if a := verify(editors[1]); a.status != http.StatusOK {
			t.Fatalf("verify: %s", a.body)
		}
		if a := submit(); a.status != http.StatusCreated {
			t.Fatalf("after two: %s", a.body)
		}
		want(t, http.StatusOK, http.MethodGet, address, "", "", nil, &s)
		if a := want(t, http.StatusOK, http.MethodGet, address, "", "", nil, nil); !s.Verification.Verified || len(s.Verification.By) != 2 || s.Verification.By[1].Org != buyer || strings.Contains(string(a.body), "token:") {
			t.Errorf("shown: %s", a.body)
		}
		var st status.Status
		want(t, http.StatusOK, http.MethodGet, w.base+"/api/v1/offerings/"+o.Id+"/status", "", "", nil, &st)
		if st.Overall != status.Valid && st.Overall != status.Expiring || st.Supplier != foreignSeller {
			t.Errorf("status: %s of %s", st.Overall, st.Supplier)
		}
		for lang, words := range map[string]string{"nb": "To redaktører har", "nn": "To redaktørar har", "en": "Two editors have"} {
			if text := page(t, w.base+"/suppliers/"+foreignSeller, lang); !strings.Contains(text, words) || strings.Contains(text, "token:") {
				t.Errorf("the page in %s does not say that two have verified", lang)
			}
			if text := page(t, w.base+"/offerings/"+o.Id+"/status", lang); !strings.Contains(text, foreignSeller) {
				t.Errorf("the status page in %s does not name the supplier", lang)
			}
		}
		var found api.ListSuppliers200JSONResponse
		for _, q := range []string{foreignSeller, "ntrse", "5560125790", "moln"} {
			want(t, http.StatusOK, http.MethodGet, w.base+"/api/v1/suppliers?q="+q, "", "", nil, &found)
			if len(found.Items) != 1 {
				t.Errorf("looking for %q finds %d", q, len(found.Items))
			}
		}
		// Its declaration is verified offline like any other's.
		if a := do(t, http.MethodDelete, address+"/verification", editors[1], "", nil); a.status != http.StatusOK {
			t.Fatalf("end: %s", a.body)
		}
		w.prepare(selling, o.Id, "next.json")
		w.run(0, selling, "attest", "sign", "--key", "vendor.key", "next.json", "-o", "bundle.json")
		refuse("after one has taken it back", submit(), "supplier.not-verified")
	})
}
