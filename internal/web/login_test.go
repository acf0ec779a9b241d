package web

import (
	"bytes"
	"context"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"felleskrav/internal/access"
	"felleskrav/internal/locale"
	"felleskrav/internal/login"
	"felleskrav/internal/login/oidc"
	"felleskrav/internal/login/oidc/oidctest"
	"felleskrav/internal/storage/sqlite"
	"felleskrav/internal/supplier"
	"felleskrav/internal/trail"
)

const testRight = "urn:altinn:resource:test-felleskrav"

// loginSite is a site where people log in at a provider.
type loginSite struct {
	*site
	dir   string
	store *sqlite.Store
	// ahead is how far its clock is ahead of the provider's.
	ahead atomic.Int64
	// stoodAt is when its clock was stopped; nil while it runs.
	stoodAt atomic.Pointer[time.Time]
}

func (s *loginSite) now() time.Time {
	at := time.Now()
	if stood := s.stoodAt.Load(); stood != nil {
		at = *stood
	}
	return at.Add(time.Duration(s.ahead.Load()))
}

// stopClock makes time pass by wait alone: what is tried a second before an end
// is so however long the machine takes.
func (s *loginSite) stopClock() {
	at := time.Now()
	s.stoodAt.Store(&at)
}

func (s *loginSite) wait(d time.Duration) { s.ahead.Add(int64(d)) }

// openLogin starts a site. start gives the issuer for its callback address.
func openLogin(t *testing.T, start func(callback string) (issuer string), change func(*login.Config)) *loginSite {
	t.Helper()
	s := &loginSite{dir: t.TempDir()}
	s.site = openSite(t, s.dir, false, s.now, func(store *sqlite.Store, address string) login.Config {
		s.store = store
		c := oidc.Config{
			Issuer: start(address + oidc.CallbackPath), Name: "Testporten", ClientID: oidctest.ClientID, Secret: oidctest.Secret,
			Resources: []string{testRight}, BaseURL: address, AllowPrivate: true, Now: s.now,
		}
		cfg := login.Config{
			Store: store.Sessions(), Now: s.now, Provider: must[*oidc.Client](t)(oidc.New(c)), ACR: "substantial", SigningACR: "high",
			Directory: login.RightsDirectory{Roles: map[string][]access.Role{testRight: {access.Supplier}}},
		}
		if change != nil {
			change(&cfg)
		}
		return cfg
	})
	return s
}

// withProvider starts a site and a provider that follows the standard.
func withProvider(t *testing.T, change func(*login.Config)) (*loginSite, *oidctest.Provider) {
	t.Helper()
	var p *oidctest.Provider
	s := openLogin(t, func(callback string) string {
		p = oidctest.NewProvider(t, (*rsa.PublicKey)(nil), callback, strings.TrimSuffix(callback, oidc.CallbackPath)+"/")
		return p.URL
	}, change)
	p.Is(someone("910000012"))
	return s, p
}

// withIssuer starts a site and a provider that says what the test wants.
func withIssuer(t *testing.T) (*loginSite, *oidctest.Issuer) {
	t.Helper()
	i := oidctest.NewIssuer(t)
	return openLogin(t, func(string) string { return i.URL }, nil), i
}

func someone(numbers ...string) oidctest.Person {
	return oidctest.Person{Subject: "pairwise-1", Name: "Test Testesen", ACRs: []string{"low", "substantial", "high"}, SID: "session-1", More: map[string]any{
		"authorization_details": []any{oidctest.Right(testRight, numbers...)},
	}}
}

func (s *loginSite) browser() *browser { return s.visit("") }

// stopped makes the browser follow no redirects.
func (b *browser) stopped() *browser {
	client := *b.client
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &browser{site: b.site, client: &client, lang: b.lang}
}

// to follows an address on any site.
func (b *browser) to(address string) answer {
	b.t.Helper()
	return b.do(must[*http.Request](b.t)(http.NewRequest(http.MethodGet, address, nil)))
}

func (b *browser) cookie(name string) string {
	for _, c := range b.client.Jar.Cookies(must[*url.URL](b.t)(url.Parse(b.url))) {
		if c.Name == name {
			return c.Value
		}
	}
	return ""
}

// in tells whether the browser is logged in.
func (b *browser) in() bool {
	b.t.Helper()
	return strings.Contains(b.get("/log").body, `action="/logout"`)
}

func has(t testing.TB, a answer, code int, text string) {
	t.Helper()
	if a.code != code || !strings.Contains(a.body, text) {
		t.Fatalf("%s: status %d, want %d with %q\n%s", a.path, a.code, code, text, leading(a.body))
	}
}

func TestLogInActAndLogOut(t *testing.T) {
	s, p := withProvider(t, nil)
	b := s.browser()
	has(t, b.get("/login?next=/suppliers/910000012/edit"), 200, `href="/login/oidc?next=%2Fsuppliers%2F910000012%2Fedit"`)
	a := b.get("/login/oidc?next=/suppliers/910000012/edit")
	if a.path != "/suppliers/910000012/edit" || a.code != 200 || !strings.Contains(a.body, "Virksomhet 910000012") {
		t.Fatalf("%s: %d", a.path, a.code)
	}
	if a := b.get("/login?next=/log"); a.path != "/log" {
		t.Errorf("who has logged in is asked again at %s", a.path)
	}
	end := b.post("/logout", nil)
	has(t, end, 200, "Testporten")
	_, to, _ := strings.Cut(end.header.Get("Refresh"), "url=")
	if !strings.HasPrefix(to, p.URL+"/end_session?") || !strings.Contains(to, "id_token_hint=") {
		t.Fatalf("sent on to %s", to)
	}
	if a := b.to(to); a.path != "/" || len(p.Ended) != 1 || p.Ended[0] != "pairwise-1" {
		t.Errorf("came to %s, ended %v", a.path, p.Ended)
	}
	if b.in() {
		t.Error("still logged in")
	}
}

func TestSeveralOrganisations(t *testing.T) {
	s, p := withProvider(t, nil)
	p.Is(someone("910000012", "910000020"))
	b := s.browser()
	a := b.get("/login/oidc?next=/suppliers/910000020/edit")
	has(t, a, 200, "910 000 020")
	if !strings.HasPrefix(a.path, "/login/organisation?next=") || strings.Contains(a.body, "Du handler på vegne av denne nå") {
		t.Fatalf("came to %s", a.path)
	}
	if a := b.get("/suppliers/910000020/edit"); !strings.HasPrefix(a.path, "/login/organisation?next=") {
		t.Errorf("acts for nobody, and came to %s", a.path)
	}
	has(t, b.post("/login/organisation", url.Values{"organisation": {"910000039"}}), 422, "Du kan ikke handle på vegne av denne virksomheten")
	token := b.cookie("felleskrav")
	if a := b.post("/login/organisation", url.Values{"organisation": {"910000020"}, "next": {"/suppliers/910000020/edit"}}); a.path != "/suppliers/910000020/edit" || a.code != 200 {
		t.Fatalf("%s: %d", a.path, a.code)
	}
	if b.cookie("felleskrav") == token {
		t.Error("the session's token is the same for another organisation")
	}
	old := s.browser()
	old.client.Jar.SetCookies(must[*url.URL](t)(url.Parse(s.url)), []*http.Cookie{{Name: "felleskrav", Value: token}})
	if old.in() {
		t.Error("the old token still works")
	}
	if a := b.get("/suppliers/910000012/edit"); a.code != 403 {
		t.Errorf("acts for two at once: %d", a.code)
	}
	has(t, b.get("/login/organisation"), 200, "Du handler på vegne av denne nå")
	if a := b.post("/login/organisation", url.Values{"organisation": {"910000012"}, "next": {"//evil.example"}}); !strings.HasPrefix(a.path, "/suppliers/910000012") {
		t.Errorf("came to %s", a.path)
	}
	if a := s.browser().post("/login/organisation", url.Values{"organisation": {"910000012"}}); a.code != 401 {
		t.Errorf("somebody who has not logged in: %d", a.code)
	}
}

func TestWithoutARight(t *testing.T) {
	s, p := withProvider(t, nil)
	for name, more := range map[string]map[string]any{
		"none":                   nil,
		"resource alone":         {"authorization_details": []any{oidctest.Right(testRight)}},
		"another resource":       {"authorization_details": []any{oidctest.Right("urn:altinn:resource:other", "910000012")}},
		"an unknown authority":   {"authorization_details": oidctest.JSON(t, `[{"type":"ansattporten:altinn:resource","resource":"`+testRight+`","reportees":[{"Rights":["access"],"Authority":"other","ID":"0192:910000012"}]}]`)},
		"an organisation number": {"authorization_details": oidctest.JSON(t, `[{"type":"ansattporten:altinn:resource","resource":"`+testRight+`","reportees":[{"Rights":["access"],"Authority":"iso6523-actorid-upis","ID":"910000012"}]}]`)},
	} {
		person := someone()
		person.More = more
		p.Is(person)
		b := s.browser()
		has(t, b.get("/login/oidc"), 200, "Du kan ikke handle på vegne av noen")
		if a := b.get("/suppliers/910000012/edit"); !strings.HasPrefix(a.path, "/login/organisation") || a.code != 200 {
			t.Errorf("%s: came to %s, %d", name, a.path, a.code)
		}
		if !b.in() {
			t.Errorf("%s: is not logged in", name)
		}
	}
}

func TestLoginPagesInEveryLanguage(t *testing.T) {
	s, p := withProvider(t, nil)
	for _, lang := range locale.Languages() {
		check := func(b *browser, path string, code int) {
			t.Helper()
			b.lang = lang
			a := b.get(path)
			if a.code != code {
				t.Errorf("%s: %s: %d, want %d", lang, path, a.code, code)
			}
			checkPage(t, lang, a)
		}
		check(s.browser(), "/login", 200)
		p.Is(someone("910000012", "910000020"))
		b := s.browser()
		check(b, "/login/oidc", 200)
		check(b, "/login?level=signing&next=/log", 200)
		a := b.post("/logout", nil)
		checkPage(t, lang, a)
		p.Is(someone())
		check(s.browser(), "/login/oidc", 200)
		check(s.browser(), "/login/oidc/callback?state=x&code=y", 403)
		low := someone("910000012")
		low.ACRs = []string{"low"}
		p.Is(low)
		check(s.browser(), "/login/oidc", 403)
	}
}

func TestFailedLogins(t *testing.T) {
	s, i := withIssuer(t)
	set := func(name string, value any) func(map[string]any) {
		return func(c map[string]any) { c[name] = value }
	}
	for name, c := range map[string]struct {
		claims   func(map[string]any)
		sign     func(map[string]any) string
		callback func(url.Values)
		code     int
		text     string
	}{
		"wrong nonce":    {claims: set("nonce", "x"), code: 403, text: "kunne ikke bekreftes"},
		"wrong audience": {claims: set("aud", "x"), code: 403, text: "kunne ikke bekreftes"},
		"expired":        {claims: set("exp", time.Now().Unix()-1), code: 403, text: "kunne ikke bekreftes"},
		"wrong issuer":   {claims: set("iss", "https://other.example"), code: 403, text: "kunne ikke bekreftes"},
		"alg none":       {sign: oidctest.None, code: 403, text: "kunne ikke bekreftes"},
		"confused":       {sign: func(c map[string]any) string { return oidctest.Confused(&i.Key.PublicKey, c) }, code: 403, text: "kunne ikke bekreftes"},
		"low acr":        {claims: set("acr", "low"), code: 403, text: "for lavt"},
		"cancelled":      {callback: func(v url.Values) { v.Del("code"); v.Set("error", "access_denied") }, code: 403, text: "ble avbrutt"},
		"busy":           {callback: func(v url.Values) { v.Set("error", "server_error") }, code: 503, text: "svarer ikke"},
		"wrong state":    {callback: func(v url.Values) { v.Set("state", "x") }, code: 403, text: "gjelder ikke lenger"},
		"two states":     {callback: func(v url.Values) { v.Add("state", v.Get("state")) }, code: 403, text: "gjelder ikke lenger"},
	} {
		t.Run(name, func(t *testing.T) {
			i.Claims, i.Sign, i.Callback = c.claims, c.sign, c.callback
			b := s.browser()
			a := b.get("/login/oidc?next=/log")
			has(t, a, c.code, c.text)
			checkPage(t, "nb", a)
			if b.in() {
				t.Error("is logged in")
			}
		})
	}
}

func TestStateIsGoodOnceInOneBrowserForAWhile(t *testing.T) {
	s, i := withIssuer(t)
	begin := func(b *browser) string { // the address that the provider sends the browser back to
		t.Helper()
		to := b.stopped().get("/login/oidc").header.Get("Location")
		return b.stopped().to(to).header.Get("Location")
	}
	mine := s.browser()
	back := begin(mine)
	if theirs := s.browser(); theirs.to(back).code != 403 || theirs.in() {
		t.Error("a login that another browser began")
	}
	other := s.browser()
	begin(other) // with a login of its own under way
	if a := other.to(back); a.code != 403 || other.in() {
		t.Error("a login that another browser began, in one with its own")
	}
	if a := mine.to(back); a.code != 200 || !mine.in() {
		t.Fatalf("%s: %d", a.path, a.code)
	}
	if a := mine.to(back); a.code != 403 {
		t.Errorf("the state a second time: %d", a.code)
	}
	if !mine.in() {
		t.Error("a failed login ended the one before")
	}

	s.stopClock()
	late := s.browser()
	back = begin(late)
	s.wait(10*time.Minute - time.Second)
	i.Claims = func(c map[string]any) { c["iat"], c["exp"] = s.now().Unix(), s.now().Unix()+60 }
	if late.to(back); !late.in() {
		t.Error("a second before its end")
	}
	late = s.browser()
	back = begin(late)
	s.wait(10 * time.Minute)
	if a := late.to(back); a.code != 403 || late.in() {
		t.Errorf("at its end: %d", a.code)
	}

	tabs := s.browser()
	first, second := begin(tabs), begin(tabs)
	if tabs.to(second); !tabs.in() {
		t.Error("the second tab")
	}
	if a := tabs.to(first); a.code != 403 {
		t.Errorf("the first tab, begun before the login: %d", a.code)
	}
}

func TestSessionCannotBeFixed(t *testing.T) {
	s, _ := withIssuer(t)
	address := must[*url.URL](t)(url.Parse(s.url))
	plant := func(b *browser, token string) {
		b.client.Jar.SetCookies(address, []*http.Cookie{{Name: "felleskrav", Value: token, Path: "/"}})
	}
	// A token of the attacker's own making, and one that they were given.
	attacker := s.browser()
	attacker.stopped().get("/login/oidc")
	given := attacker.cookie("felleskrav")
	for _, token := range []string{"made-up", given} {
		victim := s.browser()
		plant(victim, token)
		if victim.get("/login/oidc"); !victim.in() {
			t.Fatal("the victim is not logged in")
		}
		if victim.cookie("felleskrav") == token {
			t.Error("the token is the same after the login")
		}
		thief := s.browser()
		plant(thief, token)
		if thief.in() {
			t.Error("whoever knew the token is logged in")
		}
	}
}

func TestSessionsEnd(t *testing.T) {
	s, i := withIssuer(t)
	s.stopClock()
	i.Claims = func(c map[string]any) { c["iat"], c["exp"] = s.now().Unix(), s.now().Unix()+60 }
	enter := func() *browser {
		b := s.browser()
		b.get("/login/oidc")
		return b
	}
	b := enter()
	s.wait(30*time.Minute - time.Second)
	if !b.in() {
		t.Error("idle for less than half an hour")
	}
	s.wait(30 * time.Minute)
	if b.in() {
		t.Error("idle for half an hour")
	}
	b = enter()
	for range 8*4 - 1 {
		s.wait(15 * time.Minute)
		if !b.in() {
			t.Fatal("in use for less than eight hours")
		}
	}
	s.wait(15*time.Minute - time.Second)
	if !b.in() {
		t.Error("a second before its end")
	}
	s.wait(time.Second)
	if b.in() {
		t.Error("in use for eight hours")
	}
}

func TestLogoutEverywhere(t *testing.T) {
	s, p := withProvider(t, nil)
	one, two, other := s.browser(), s.browser(), s.browser()
	one.get("/login/oidc")
	two.get("/login/oidc")
	person := someone("910000012")
	person.Subject = "pairwise-2"
	p.Is(person)
	other.get("/login/oidc")
	if !one.in() || !two.in() || !other.in() {
		t.Fatal("not logged in")
	}
	one.post("/logout/everywhere", nil)
	if one.in() || two.in() {
		t.Error("a session of the person lives on")
	}
	if !other.in() {
		t.Error("somebody else was logged out")
	}
	p.Is(someone("910000012"))
	if one.get("/login/oidc"); !one.in() {
		t.Error("cannot log in again")
	}
}

// A request that was under way during the logout writes the session once more.
func TestLogoutHoldsForRequestsUnderWay(t *testing.T) {
	s, _ := withProvider(t, nil)
	b := s.browser()
	b.get("/login/oidc")
	token := b.cookie("felleskrav")
	sum := sha256.Sum256([]byte(token))
	key := base64.RawURLEncoding.EncodeToString(sum[:])
	saved, ok, err := s.store.Sessions().FindCtx(t.Context(), key)
	if err != nil || !ok {
		t.Fatalf("%t %v", ok, err)
	}
	b.post("/logout", nil)
	if err := s.store.Sessions().CommitCtx(t.Context(), key, saved, time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	again := s.browser()
	again.client.Jar.SetCookies(must[*url.URL](t)(url.Parse(s.url)), []*http.Cookie{{Name: "felleskrav", Value: token, Path: "/"}})
	if again.in() {
		t.Error("the session is back")
	}
}

func TestFrontchannelLogout(t *testing.T) {
	s, p := withProvider(t, nil)
	one, two := s.browser(), s.browser()
	one.get("/login/oidc")
	person := someone("910000012")
	person.SID = "session-2"
	p.Is(person)
	two.get("/login/oidc")
	frame := s.browser() // the browser sends no cookie along
	ask := func(iss, sid string) answer {
		return frame.get("/login/oidc/frontchannel-logout?" + url.Values{"iss": {iss}, "sid": {sid}}.Encode())
	}
	if a := ask("https://other.example", "session-1"); a.code != 400 || !one.in() {
		t.Errorf("another issuer: %d", a.code)
	}
	if a := ask(p.URL, ""); a.code != 400 || !one.in() {
		t.Errorf("no session: %d", a.code)
	}
	if a := ask(p.URL, "session-3"); a.code != 200 || !one.in() || !two.in() {
		t.Errorf("an unknown session: %d", a.code)
	}
	a := ask(p.URL, "session-1")
	if a.code != 200 || one.in() || !two.in() {
		t.Errorf("status %d; first in %t, second in %t", a.code, one.in(), two.in())
	}
	csp := a.header.Get("Content-Security-Policy")
	if !strings.HasSuffix(csp, "frame-ancestors "+p.URL) || strings.Contains(csp, "'self'") || len(a.header.Values("Set-Cookie")) != 0 {
		t.Errorf("%s; %v", csp, a.header.Values("Set-Cookie"))
	}
	if csp := frame.get("/log").header.Get("Content-Security-Policy"); !strings.Contains(csp, "frame-ancestors 'none'") {
		t.Errorf("other pages: %s", csp)
	}
	p.Is(someone("910000012"))
	if one.get("/login/oidc"); !one.in() {
		t.Error("cannot log in again in the same session of the provider")
	}
}

func TestStepUp(t *testing.T) {
	s, p := withProvider(t, nil)
	supplierActor := access.Actor{ID: "test:admin", Org: "910000012", Roles: []access.Role{access.Supplier}}
	if _, _, err := s.web.Suppliers.Register(t.Context(), supplierActor, supplier.Supplier{Number: "910000012", Name: "Testsky AS", Country: "NO", Invented: true}); err != nil {
		t.Fatal(err)
	}
	b := s.browser()
	b.get("/login/oidc") // gives substantial, as asked
	has(t, b.get("/suppliers/910000012/edit"), 200, "")
	keys := url.Values{"publicKey": {"x"}}
	a := b.post("/suppliers/910000012/keys", keys)
	has(t, a, 200, "høyere sikkerhetsnivå")
	if a.path != "/login?level=signing&next=%2Fsuppliers%2F910000012%2Fkeys" {
		t.Errorf("came to %s", a.path)
	}
	for path, next := range map[string]string{
		"/suppliers/910000012/keys/revoke":    "/suppliers/910000012/keys",
		"/suppliers/910000012/keys/challenge": "/suppliers/910000012/keys",
		"/suppliers/910000012/four-eyes":      "/suppliers/910000012/keys",
		"/offerings/x/attestations":           "/offerings/x/answers",
		"/attestations/x/withdrawal":          "/attestations/x/withdrawal",
		"/tokens":                             "/tokens",
		"/members/invitations":                "/members",
		"/members/x/roles":                    "/members",
		"/attestations/x/withdrawal/bundle":   "/attestations/x/withdrawal",
	} {
		if a := b.post(path, nil); a.path != "/login?"+query("level", "signing", "next", next) {
			t.Errorf("%s: came to %s", path, a.path)
		}
	}
	// Reviews are for agencies.
	if a := b.post("/attestations/x/reviews", nil); strings.HasPrefix(a.path, "/login") {
		t.Errorf("who may not review is asked to log in for it: %s", a.path)
	}
	// The trail does not say that it was done.
	if err := s.web.Trail.Record(t.Context(), trail.Entry{Actor: "x", Action: "mark"}); err != nil {
		t.Fatal(err)
	}
	asked := 0
	for e, err := range trail.All(t.Context(), s.web.Trail.Store, 0) {
		if err != nil {
			t.Fatal(err)
		}
		if e.Operation == "POST /tokens" || e.Operation == "POST /suppliers/:orgnr/keys" || e.Operation == "POST /members/invitations" {
			asked++
			if e.Status != http.StatusForbidden || e.Problem != "login.acr" {
				t.Errorf("%+v", e)
			}
		}
	}
	if asked != 3 {
		t.Errorf("%d entries", asked)
	}
	// The provider gives no more than it did: the session is as it was.
	low := someone("910000012")
	low.ACRs = []string{"substantial"}
	p.Is(low)
	has(t, b.get("/login/oidc?level=signing&next=/suppliers/910000012/keys"), 403, "for lavt")
	if !b.in() {
		t.Error("the session ended")
	}
	p.Is(someone("910000012"))
	if a := b.get("/login/oidc?level=signing&next=/suppliers/910000012/keys"); a.path != "/suppliers/910000012/keys" {
		t.Errorf("came to %s, %d", a.path, a.code)
	}
	if a := b.post("/suppliers/910000012/keys", keys); strings.HasPrefix(a.path, "/login") || a.code != 422 {
		t.Errorf("after the surer login: %s, %d", a.path, a.code)
	}
	if a := b.get("/login?level=signing&next=/log"); a.path != "/log" {
		t.Errorf("asked again at %s", a.path)
	}
}

// directory is a list of members that a test changes.
type directory struct {
	roles atomic.Pointer[[]access.Actor]
	asked atomic.Int32
}

func (d *directory) Standings(context.Context, login.Identity) ([]access.Actor, error) {
	d.asked.Add(1)
	return *d.roles.Load(), nil
}

func TestWhatIsTakenFromAPersonIsSoonGone(t *testing.T) {
	d := &directory{}
	member := []access.Actor{{Name: "Testsky AS", Org: "910000012", Roles: []access.Role{access.Supplier}}, {Name: "Rival AS", Org: "910000020", Roles: []access.Role{access.Supplier}}}
	d.roles.Store(&member)
	s, _ := withProvider(t, func(c *login.Config) { c.Directory = d })
	b := s.browser()
	b.get("/login/oidc")
	b.post("/login/organisation", url.Values{"organisation": {"910000012"}})
	has(t, b.get("/suppliers/910000012/edit"), 200, "")
	before := d.asked.Load()
	b.get("/suppliers/910000012/edit")
	if d.asked.Load() != before {
		t.Error("the directory is asked at each page")
	}
	left := member[1:]
	d.roles.Store(&left)
	s.wait(time.Minute)
	if a := b.get("/suppliers/910000012/edit"); !strings.HasPrefix(a.path, "/login/organisation") {
		t.Errorf("a minute later: came to %s, %d", a.path, a.code)
	}
	if a := b.post("/suppliers/910000012/edit", url.Values{"name": {"x"}}); a.code != 403 {
		t.Errorf("a minute later: %d", a.code)
	}
	// Acting for the other is a choice, too.
	if a := b.get("/suppliers/910000020/edit"); !strings.HasPrefix(a.path, "/login/organisation") {
		t.Errorf("acts for another unasked: %s", a.path)
	}
}

func TestNationalIDIsStoredNowhere(t *testing.T) {
	s, p := withProvider(t, nil)
	const pid = "12345678901"
	person := someone("910000012")
	person.More["pid"] = pid
	p.Is(person)
	b := s.browser()
	b.get("/login/oidc")
	if !b.in() {
		t.Fatal("not logged in")
	}
	found := false
	err := filepath.WalkDir(s.dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		if bytes.Contains(data, []byte("pairwise-1")) {
			found = true
		}
		if bytes.Contains(data, []byte(pid)) || bytes.Contains(data, []byte("eyJ")) { // or a token that has it
			t.Errorf("%s has it", filepath.Base(path))
		}
		return err
	})
	if err != nil || !found {
		t.Errorf("%v; the session was found: %t", err, found)
	}
}

func TestLoginWhileTheProviderIsAway(t *testing.T) {
	s := openLogin(t, func(string) string { return "http://127.0.0.1:1" }, nil)
	b := s.browser()
	a := b.get("/login")
	has(t, a, 503, "Testporten svarer ikke")
	checkPage(t, "nb", a)
	has(t, b.get("/login/oidc"), 503, "svarer ikke")
	has(t, b.get("/log"), 200, "")
}

func TestLoginLeadsNowhereElse(t *testing.T) {
	s, _ := withIssuer(t)
	for _, next := range []string{"//evil.example", "https://evil.example", `/\evil.example`, "/%5cevil.example", "/\tevil", "/%0aevil", "javascript:alert(1)", "evil.example", "/%2f/evil.example", "/%252f%252fevil.example", "/..//evil.example", "/.//evil.example"} {
		b := s.browser()
		a := b.get("/login/oidc?" + query("next", next))
		if a.code != 200 || !strings.HasPrefix(a.path, "/login/organisation") || strings.Contains(a.body, "evil") {
			t.Errorf("%q: came to %s, %d", next, a.path, a.code)
		}
	}
}

func TestSecureCookieIsBoundToTheHost(t *testing.T) {
	s := openLogin(t, func(string) string { return "http://127.0.0.1:1" }, func(c *login.Config) { c.Secure, c.Provider, c.Demo = true, nil, personas() })
	jar := must[*cookiejar.Jar](t)(cookiejar.New(nil))
	b := &browser{site: s.site, client: &http.Client{Jar: jar}}
	set := b.stopped().post("/demo/login", url.Values{"persona": {"supplier"}}).header.Get("Set-Cookie")
	if !strings.HasPrefix(set, "__Host-felleskrav=") || !strings.Contains(set, "; Path=/;") || !strings.Contains(set, "Secure") || !strings.Contains(set, "HttpOnly") || strings.Contains(set, "Domain") {
		t.Error(set)
	}
}
