package web

import (
	"crypto"
	"html/template"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/html"

	"felleskrav/internal/locale"
	"felleskrav/internal/login/oidc/oidctest"
	"felleskrav/internal/procurement"
	"felleskrav/internal/signing"
	"felleskrav/internal/supplier"
)

// seen is a page as somebody got it.
type seen struct {
	// page is the name of the page file that drew it, state which of its states
	// it shows.
	page, state, lang string
	by                *browser
	answer
}

// visit brings a page into one state.
type visit struct {
	state string
	code  int
	// by is who comes; nil is somebody new each time.
	by *browser
	do func(b *browser) answer
}

// album keeps what is seen on several sites.
type album struct {
	t     *testing.T
	pages []seen
	// routes are the patterns that were asked for.
	routes map[string]bool
	drawn  atomic.Pointer[string]
}

// of notes which page file draws each page of a site from now on.
func (a *album) of(s *site) {
	for _, pages := range s.web.engine.pages {
		for name, bound := range pages {
			pages[name] = func() (*template.Template, error) {
				a.drawn.Store(&name)
				return bound()
			}
		}
	}
}

// take makes visits to a site in every language.
func (a *album) take(s *site, visits []visit) {
	a.t.Helper()
	for _, lang := range locale.Languages() {
		for _, v := range visits {
			b := v.by
			if b == nil {
				b = s.visit("")
			}
			as := *b
			as.lang = lang
			a.drawn.Store(nil)
			got := v.do(&as)
			if got.code != v.code {
				a.t.Errorf("%s (%s): status %d at %s, want %d\n%s", v.state, lang, got.code, got.path, v.code, leading(got.body))
				continue
			}
			page := a.drawn.Load()
			if page == nil {
				a.t.Errorf("%s (%s): no page was drawn at %s", v.state, lang, got.path)
				continue
			}
			a.pages = append(a.pages, seen{*page, v.state, lang, &as, got})
			path, _, _ := strings.Cut(got.path, "?")
			for _, r := range b.web.Routes() {
				if r.Method == http.MethodGet && matches(r.Path, path) {
					a.routes[r.Path] = true
					break
				}
			}
		}
	}
}

// matches reports whether a path is one of a pattern's.
func matches(pattern, path string) bool {
	p, q := strings.Split(pattern, "/"), strings.Split(path, "/")
	if len(p) != len(q) {
		return false
	}
	for i := range p {
		if p[i] != q[i] && !strings.HasPrefix(p[i], ":") {
			return false
		}
	}
	return true
}

// everyPage visits every page in its main states, in every language.
func everyPage(t *testing.T) *album {
	t.Helper()
	a := &album{t: t, routes: map[string]bool{}}
	market := newSite(t, true)
	a.of(market)
	a.take(market, market.visits())
	a.take(market, market.lateVisits())
	empty := newSite(t, false)
	a.of(empty)
	a.take(empty, empty.emptyVisits())
	people := openPeople(t)
	a.of(people.site)
	a.take(people.site, people.visits())
	a.take(people.site, people.doorVisits())
	return a
}

// getting is a visit to an address.
func getting(state string, by *browser, path string, code int) visit {
	return visit{state, code, by, func(b *browser) answer { return b.get(path) }}
}

// sending is a visit that sends a form.
func sending(state string, by *browser, path string, code int, pairs ...string) visit {
	form := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Add(pairs[i], pairs[i+1])
	}
	return visit{state, code, by, func(b *browser) answer { return b.post(path, form) }}
}

// changing is a visit that opens a page and sends its form with other values.
func changing(state string, by *browser, page, action string, code int, pairs ...string) visit {
	return visit{state, code, by, func(b *browser) answer {
		to, form := formIn(b.t, b.get(page), action)
		for i := 0; i+1 < len(pairs); i += 2 {
			form.Set(pairs[i], pairs[i+1])
		}
		return b.post(to, form)
	}}
}

// with sends a file.
func with(state string, by *browser, path string, code int, input string, file []byte, pairs ...string) visit {
	fields := map[string]string{}
	for i := 0; i+1 < len(pairs); i += 2 {
		fields[pairs[i]] = pairs[i+1]
	}
	return visit{state, code, by, func(b *browser) answer { return b.upload(path, fields, input, "fil.xlsx", file) }}
}

// formIn reads what a browser would send of the first form whose address
// matches the pattern, and where to.
func formIn(t testing.TB, a answer, action string) (to string, values url.Values) {
	t.Helper()
	pattern := regexp.MustCompile(action)
	doc, err := html.Parse(strings.NewReader(a.body))
	if err != nil {
		t.Fatal(err)
	}
	for n := range doc.Descendants() {
		if n.Type != html.ElementNode || n.Data != "form" || !pattern.MatchString(attr(n, "action")) {
			continue
		}
		values = url.Values{}
		for f := range n.Descendants() {
			if f.Type != html.ElementNode || attr(f, "name") == "" {
				continue
			}
			name := attr(f, "name")
			switch f.Data {
			case "textarea":
				values.Add(name, textOf(f))
			case "select":
				first, chosen := "", ""
				for i, o := range optionsOf(f) {
					if i == 0 {
						first = attr(o, "value")
					}
					if _, ok := attribute(o, "selected"); ok {
						chosen = attr(o, "value")
					}
				}
				if chosen == "" {
					chosen = first
				}
				values.Add(name, chosen)
			case "input":
				switch attr(f, "type") {
				case "checkbox", "radio":
					if _, ok := attribute(f, "checked"); ok {
						values.Add(name, attr(f, "value"))
					}
				case "file", "submit", "button":
				default:
					values.Add(name, attr(f, "value"))
				}
			}
		}
		return attr(n, "action"), values
	}
	t.Fatalf("no form to %s on the page at %s\n%s", action, a.path, leading(a.body))
	return "", nil
}

func optionsOf(n *html.Node) (out []*html.Node) {
	for o := range n.Descendants() {
		if o.Type == html.ElementNode && o.Data == "option" {
			out = append(out, o)
		}
	}
	return out
}

func attribute(n *html.Node, key string) (string, bool) {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val, true
		}
	}
	return "", false
}

// visits are those to the market of the demonstration.
func (s *site) visits() (out []visit) {
	who := map[string]*browser{}
	by := func(persona string) *browser {
		if who[persona] == nil {
			who[persona] = s.visit(persona)
		}
		return who[persona]
	}
	for _, p := range s.allPages() {
		out = append(out, getting(p.name, by(p.persona), p.path, p.code))
	}
	anyone, buys, sells, advises, edits, heads := by(""), by("procurement"), by("supplier"), by("adviser"), by("editor"), by("head")
	own, proc := "/suppliers/"+string(s.supplier), "/procurements/"+s.procurement
	answers := "/offerings/" + s.declared + "/answers"
	requirement := "/catalogue/requirements/" + s.web.Catalogue.Content().Requirements()[1].ID
	_, bilag, _ := s.ownBooks()
	filled := buys.get(proc+"/workbook?bidder="+string(s.supplier)).must(s.t, 200)
	// The requirements of a procurement are on its form, by id.
	first := find(s.t, buys.get(proc+"/requirements"), `name="weight\.([^"]+)"`)
	out = append(out,
		getting("trail", heads, "/trail", 200),
		getting("trail-none", heads, "/trail?target=finnesikke", 200),
		getting("trail-bad", heads, "/trail?from=rubbish", 422),
		getting("trail-editor", edits, "/trail", 403),
		sending("new-unnamed", buys, "/procurements", 422, "task", s.web.Catalogue.Content().Tasks[0].ID, "model", "saas", "title", "", "language", "nb"),
		sending("procurement-contract-bad", buys, proc+"/contract-end", 422, "contractEnd", "snart"),
		changing("procurement-requirements-bad", buys, proc+"/requirements", "/requirements$", 422, "weight."+first, "1000"),
		changing("procurement-columns-bad", buys, proc+"/columns", "/columns$", 422, "place."+string(procurement.Columns()[0]), "x"),
		changing("procurement-newest-stale", buys, proc+"/newest", "/newest$", 412, "rev", "999"),
		sending("procurement-bidders-bad", buys, proc+"/bidders", 422, "supplier", "123", "name", "Ukjent AS"),
		with("procurement-response", buys, proc+"/responses", 200, "workbook", []byte(filled.body), "supplier", string(s.supplier)),
		with("procurement-response-other", buys, proc+"/responses", 422, "workbook", []byte(filled.body), "supplier", string(s.rival)),
		with("procurement-response-bad", buys, proc+"/responses", 415, "workbook", []byte("ikke et regneark"), "supplier", string(s.supplier)),
		with("own-bad", buys, proc+"/own", 422, "workbook", []byte("ikke et regneark"), "retention", "snart"),
		sending("own-decide-bad", buys, proc+"/own/"+bilag, 422, "rev", "999"),
		with("workbook-verify-whole", anyone, "/workbooks/verify", 200, "workbook", []byte(filled.body)),
		with("workbook-verify-bad", anyone, "/workbooks/verify", 415, "workbook", []byte("ikke et regneark")),
		with("workbook-verify-nothing", anyone, "/workbooks/verify", 422, "workbook", nil),

		changing("supplier-edit-bad", sells, own+"/edit", "/edit$", 422, "name", "", "website", "ikke en adresse", "country", "Norge"),
		sending("keys-bad", sells, own+"/keys", 422, "publicKey", "not a key", "label", "Ny"),
		visit{"key-challenge", 200, sells, func(b *browser) answer {
			return b.post(own+"/keys", url.Values{"publicKey": {newPEM(b.t)}, "label": {"Ny"}})
		}},
		visit{"key-challenge-bad", 422, sells, func(b *browser) answer {
			b.post(own+"/keys", url.Values{"publicKey": {newPEM(b.t)}, "label": {"Ny"}})
			return b.post(own+"/keys/challenge", url.Values{"signature": {"***"}})
		}},
		sending("four-eyes-bad", sells, own+"/four-eyes", 422, "required", "yes"),
		with("evidence-bad", sells, own+"/evidence", 422, "file", nil, "kind", "policy", "visibility", "granted"),
		changing("evidence-edit-bad", sells, own+"/evidence/"+s.evidence, "/evidence/", 422, "validFrom", "2026-12-31", "validUntil", "2026-01-01"),
		changing("evidence-erase-bad", sells, own+"/evidence/"+s.evidence+"/erase", "/erase$", 422, "reason", ""),
		sending("offering-new-bad", sells, own+"/offerings/new", 422, "name", "", "regions", "Norge", "version", "7"),
		changing("offering-edit-bad", sells, "/offerings/"+s.declared+"/edit", "/edit$", 422, "name", ""),
		changing("statement", sells, answers, "/answers\\?set=", 200, "validUntil", "", "answer."+first, "met"),
		visit{"statement-bad", 422, sells, func(b *browser) answer {
			to, form := formIn(b.t, b.get(answers), "/answers\\?set=")
			form.Set("validUntil", "")
			form.Set("answer."+first, "met")
			page := b.post(to, form).must(b.t, 200)
			submit, fields := formIn(b.t, page, "/attestations\\?")
			return b.upload(submit, map[string]string{"statement": fields.Get("statement")}, "bundle", "bundle.json", []byte("{}"))
		}},
		changing("answers-bad", sells, answers+"?set=skytjenester", "/answers\\?set=", 422, "validUntil", "i morgen", "answer."+first, "partial", "statement."+first, ""),
		getting("answers-draft", sells, answers+"?set=skytjenester", 200),
		changing("withdrawal-bad", sells, "/attestations/"+s.digest+"/withdrawal", "/withdrawal$", 422, "reason", ""),
		changing("withdrawal-statement", sells, "/attestations/"+s.digest+"/withdrawal", "/withdrawal$", 200, "reason", "Feil i svarene"),
		changing("tokens-bad", sells, "/tokens", `/tokens\?for=`, 422, "name", "", "days", "1000"),
		sending("tokens-made", sells, "/tokens", 200, "name", "Lønn", "days", "30", "roles", "supplier-author"),
		getting("tokens-some", sells, "/tokens", 200),

		changing("review-new-bad", advises, "/attestations/"+s.digest+"/reviews/new?requirement="+s.reviewed, "/reviews/statement", 422, "reason", ""),
		changing("review-statement", advises, "/attestations/"+s.digest+"/reviews/new?requirement="+s.reviewed, "/reviews/statement", 200, "evidence", s.evidence, "outcome", "accepted", "reason", "Sertifikatet gjelder tjenesten.", "conditions", ""),
		changing("review-withdrawal-bad", advises, "/reviews/"+s.review+"/withdrawal", "/withdrawal$", 422, "reason", ""),
		changing("review-withdrawal-statement", advises, "/reviews/"+s.review+"/withdrawal", "/withdrawal$", 200, "reason", "Sett feil"),
		changing("body-edit-bad", advises, "/bodies/"+adviser.Org+"/edit", "/edit$", 422, "name", ""),
		with("checks-bad", advises, "/checks", 422, "list", []byte("Orgnr;Org.nr. 2\n910000012;910000020\n"), "set", "grunnsett", "at", "snart", "retention", "1"),
		sending("requirement-report-bad", buys, requirement+"/reports", 422, "kind", "unclear", "text", " "),
		changing("requirement-answer-bad", edits, requirement, "/reports/", 422, "note", ""),
	)
	return out
}

// lateVisits are those to the market when the supplier's declarations take two
// signatures and one has got its first.
func (s *site) lateVisits() []visit {
	s.t.Helper()
	s.enrol(s.t.Context(), seller, must[crypto.Signer](s.t)(signing.GenerateKey(signing.Ed25519)))
	must[supplier.Supplier](s.t)(s.web.Suppliers.SetFourEyes(s.t.Context(), seller, s.supplier, true))
	own, sells := "/suppliers/"+string(s.supplier), s.visit("supplier")
	statement := statementOn(s.t, sells.get("/attestations/"+s.digest+"/renewal"))
	sells.sendSigned(statement, s.key).must(s.t, http.StatusOK)
	return []visit{
		getting("waiting", sells, own+"/waiting/"+signing.Digest(statement), 200),
		getting("supplier-waiting", sells, own, 200),
		getting("keys-two", sells, own+"/keys", 200),
	}
}

func newPEM(t testing.TB) string {
	t.Helper()
	key := must[crypto.Signer](t)(signing.GenerateKey(signing.ECDSAP256))
	return must[signing.PublicKey](t)(signing.PublicOf(key)).PEM
}

// emptyVisits are those to an installation where nothing has happened yet and
// nobody can log in.
func (s *site) emptyVisits() []visit {
	b := s.visit("")
	return []visit{
		getting("front-empty", b, "/", 200), getting("login-none", b, "/login", 200), getting("suppliers-empty", b, "/suppliers", 200),
		getting("log-empty", b, "/log", 200), getting("procurements-closed", b, "/procurements", 401),
	}
}

// visits are those of people, who act by memberships.
func (s *peopleSite) visits() []visit {
	s.web.Operator = Operator{Name: "Testdrift", Contact: "personvern@testdrift.example"}
	s.web.Trail.Retention, s.web.Trail.Addresses = 3*365*24*time.Hour, 90*24*time.Hour
	b := s.enters("first", "Test Testesen")
	claim := func(b *browser, org, name, side string) {
		has(s.t, b.post("/claims/new", url.Values{"number": {org}, "name": {name}, "side": {side}, "reason": {"Jeg er daglig leder."}}), 200, "pending")
	}
	claim(b, string(testFirm), "Testsky AS", "supplier")
	waiting := s.enters("waits", "Andre Testesen")
	claim(waiting, "910000020", "Rival AS", "agency")
	editor := s.enters("editor", "Redaktør")
	s.appointed(editor)
	id := find(s.t, editor.get("/claims"), `data-claim="([^"]+)"`)
	has(s.t, editor.post("/claims/"+id, url.Values{"verdict": {"approve"}, "decision": {"Ringt."}}), 200, "godkjent")
	b.acts(testFirm)
	link := find(s.t, b.post("/members/invitations", url.Values{"roles": {"supplier-reader"}}), `http://test.example(/join/[A-Za-z0-9_-]{43})`)
	other := find(s.t, editor.get("/claims"), `data-claim="([^"]+)"`)
	return []visit{
		getting("members-people", b, "/members", 200),
		getting("me", b, "/me", 200),
		getting("me-erase", b, "/me/erase", 200),
		getting("claim-new", b, "/claims/new", 200),
		getting("claims-mine", b, "/claims/mine", 200),
		getting("claims-mine-waiting", waiting, "/claims/mine", 200),
		getting("join", b, link, 200),
		getting("privacy-operator", b, "/privacy", 200),
		getting("supplier-unregistered", b, "/suppliers/"+string(testFirm)+"/edit", 200),
		getting("claims-waiting", editor, "/claims", 200),
		getting("no-right-waiting", waiting, "/login/organisation", 200),
		getting("front-person", b, "/", 200),
		sending("members-bad", b, "/members/invitations", 422),
		sending("members-roles-bad", b, "/members/"+b.id()+"/roles", 422),
		sending("invited", b, "/members/invitations", 200, "for", "Kari", "roles", "supplier-reader"),
		sending("claim-new-bad", b, "/claims/new", 422, "number", "123"),
		sending("claims-bad", editor, "/claims/"+other, 422, "verdict", "reject"),
		{"joined", 200, waiting, func(w *browser) answer {
			link := find(w.t, b.post("/members/invitations", url.Values{"roles": {"supplier-reader"}}), `http://test.example(/join/[A-Za-z0-9_-]{43})`)
			return w.post(link, nil)
		}},
	}
}

// doorVisits are those to the pages around logging in.
func (s *peopleSite) doorVisits() []visit {
	as := func(state string, code int, who oidctest.Person, paths ...string) visit {
		return visit{state, code, nil, func(b *browser) (a answer) {
			s.provider.Is(who)
			for _, path := range paths {
				a = b.get(path)
			}
			return a
		}}
	}
	low := someone("910000012")
	low.ACRs = []string{"low"}
	return []visit{
		as("login", 200, someone("910000012"), "/login"),
		as("organisation", 200, someone("910000012", "910000020"), "/login/oidc"),
		as("login-surely", 200, someone("910000012", "910000020"), "/login/oidc", "/login?level=signing&next=/log"),
		as("no-right", 200, someone(), "/login/oidc"),
		as("login-failed-state", 403, someone(), "/login/oidc/callback?state=x&code=y"),
		as("login-failed-level", 403, low, "/login/oidc"),
		{"logged-out", 200, nil, func(b *browser) answer {
			s.provider.Is(someone("910000012"))
			b.get("/login/oidc")
			return b.post("/logout", nil)
		}},
	}
}
