package web

import (
	"bytes"
	"context"
	"crypto"
	"encoding/base64"
	"html"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"felleskrav/internal/access"
	"felleskrav/internal/locale"
	"felleskrav/internal/login"
	"felleskrav/internal/login/members"
	"felleskrav/internal/login/oidc/oidctest"
	"felleskrav/internal/member"
	"felleskrav/internal/organisation"
	"felleskrav/internal/signing"
)

const testFirm = organisation.Number("910000012")

// peopleSite is a site where people act by memberships.
type peopleSite struct {
	*loginSite
	provider *oidctest.Provider
}

func openPeople(t *testing.T) *peopleSite {
	t.Helper()
	s := &peopleSite{}
	directory := &members.Directory{}
	s.loginSite, s.provider = withProvider(t, func(cfg *login.Config) {
		// The site's own service is made after its login.
		cfg.Directory = login.Directories{cfg.Directory, directory}
		cfg.Seen = func(ctx context.Context, who login.Identity) error { return directory.Seen(ctx, who) }
	})
	directory.Service = s.web.Members
	return s
}

// enters logs somebody in who has no right by the provider.
func (s *peopleSite) enters(subject, name string) *browser {
	s.t.Helper()
	p := someone()
	p.Subject, p.Name, p.SID = subject, name, "session-"+subject
	s.provider.Is(p)
	b := s.browser()
	if a := b.get("/login/oidc?level=signing"); a.code != 200 || !b.in() {
		s.t.Fatalf("%s: %d", a.path, a.code)
	}
	return b
}

func (b *browser) id() string {
	b.t.Helper()
	return find(b.t, b.get("/me").must(b.t, 200), `>(person:[0-9a-f]{32})<`)
}

// appointed makes somebody an editor, as the command does.
func (s *peopleSite) appointed(b *browser) {
	s.t.Helper()
	_, err := s.web.Members.Appoint(s.t.Context(), member.Appointment{Person: b.id(), Org: "910000047", OrgName: "Testdirektoratet", Roles: []access.Role{access.Editor}, By: "operator:cli"})
	if err != nil {
		s.t.Fatal(err)
	}
	b.get("/login/organisation").must(s.t, 200, "Testdirektoratet")
	b.acts("910000047")
}

func (b *browser) acts(org organisation.Number) answer {
	b.t.Helper()
	return b.post("/login/organisation", url.Values{"organisation": {string(org)}}).must(b.t, 200)
}

// TestRightToActAndToBeForgotten walks the whole way of people: from nobody, by
// a claim that somebody else decides, to a signed declaration; then an invited
// colleague who answers and does not sign; removal; and erasure, after which
// nothing of the name is in the files.
func TestRightToActAndToBeForgotten(t *testing.T) {
	s := openPeople(t)
	const firstName, secondName = "Unikt Førstenavn-Person", "Unikt Andrenavn-Person"
	own := "/suppliers/" + string(testFirm)

	// Nobody yet: no right, and nothing comes of asking.
	first := s.enters("first", firstName)
	has(t, first.get("/login/organisation"), 200, "/claims/new")
	if a := first.get(own + "/edit"); !strings.HasPrefix(a.path, "/login/organisation") {
		t.Fatalf("somebody new came to %s", a.path)
	}
	ask := url.Values{"number": {"910000013"}, "name": {"Testsky AS"}, "side": {"supplier"}, "reason": {"Jeg er daglig leder."}}
	has(t, first.post("/claims/new", ask), 422, "feil kontrollsiffer")
	ask.Set("number", string(testFirm))
	for _, missing := range []string{"name", "side", "reason"} {
		bad := url.Values{"number": ask["number"], "name": ask["name"], "side": ask["side"], "reason": ask["reason"]}
		bad.Set(missing, "")
		has(t, first.post("/claims/new", bad), 422, `id="f-`+missing+`-error"`)
	}
	a := first.post("/claims/new", ask)
	if a.path != "/claims/mine" || !strings.Contains(a.body, `data-state="pending"`) {
		t.Fatalf("%s: %s", a.path, leading(a.body))
	}
	has(t, first.post("/claims/new", ask), 409, "allerede bedt om")
	if a := first.post("/login/organisation", url.Values{"organisation": {string(testFirm)}}); a.code != 422 {
		t.Errorf("a claim alone: %d", a.code)
	}
	if a := first.post(own+"/edit", url.Values{"name": {"Testsky AS"}, "country": {"NO"}}); a.code != 403 {
		t.Errorf("a claim alone registers: %d", a.code)
	}
	if a := first.get("/claims"); !strings.HasPrefix(a.path, "/login/organisation") {
		t.Errorf("somebody new decides at %s", a.path)
	}

	// Another decides; never the one who asks.
	editor := s.enters("editor", "Redaktør")
	s.appointed(editor)
	page := editor.get("/claims").must(t, 200, firstName, "Testsky AS", "Jeg er daglig leder.")
	id := find(t, page, `data-claim="([^"]+)"`)
	if a := first.post("/claims/"+id, url.Values{"verdict": {"approve"}, "decision": {"Selv."}}); a.code != 403 {
		t.Errorf("one's own: %d", a.code)
	}
	has(t, editor.post("/claims/"+id, url.Values{"verdict": {"approve"}, "decision": {" "}}), 422, "decision-"+id)
	has(t, editor.post("/claims/"+id, url.Values{"verdict": {"approve"}, "decision": {"Ringt " + firstName + " på nummeret i registeret."}}), 200, "Forespørselen er godkjent")
	has(t, first.get("/claims/mine"), 200, `data-state="approved"`)
	first.acts(testFirm)

	// Now they may: register, enrol a key, answer and sign.
	first.post(own+"/edit", url.Values{"name": {"Testsky AS"}, "country": {"NO"}}).must(t, 200)
	key := must[crypto.Signer](t)(signing.GenerateKey(signing.Algorithms()[0]))
	pub := must[signing.PublicKey](t)(signing.PublicOf(key))
	first.post(own+"/keys", url.Values{"publicKey": {pub.PEM}, "label": {"Ny"}}).must(t, 200)
	challenge := first.get(own+"/keys/challenge/file").must(t, 200)
	sig := must[[]byte](t)(signing.SignMessage(key, []byte(challenge.body)))
	first.post(own+"/keys/challenge", url.Values{"signature": {base64.StdEncoding.EncodeToString(sig)}}).must(t, 200, pub.ID)
	offering := strings.Split(first.post(own+"/offerings/new", url.Values{"name": {"Nysky"}, "regions": {"no"}, "model": {"saas"}}).must(t, 200).path, "/")[2]
	answers := url.Values{"validUntil": {""}}
	v, _ := s.web.Catalogue.Content().Version("skytjenester", "")
	for _, r := range v.Requirements {
		answers.Set("answer."+r.ID, "met")
	}
	path := "/offerings/" + offering + "/answers?set=skytjenester@" + v.Version
	submit := "/offerings/" + offering + "/attestations?set=skytjenester@" + v.Version
	sign := func(b *browser) (fields map[string]string, bundle []byte) {
		t.Helper()
		encoded := find(t, b.post(path, answers).must(t, 200), `name="statement" value="([^"]+)"`)
		statement := must[[]byte](t)(base64.StdEncoding.DecodeString(encoded))
		return map[string]string{"statement": encoded}, must[[]byte](t)(signing.SignBundle(t.Context(), key, statement))
	}
	fields, bundle := sign(first)
	first.upload(submit, fields, "bundle", "bundle.json", bundle).must(t, 200, "ført i loggen")

	// A colleague is invited to answer, with a link shown once.
	first.get("/members").must(t, 200, firstName, "(deg)")
	has(t, first.post("/members/invitations", url.Values{"for": {secondName}}), 422, `href="#f-roles"`)
	if a := first.post("/members/invitations", url.Values{"roles": {"editor"}}); a.code != 403 {
		t.Errorf("invites an editor: %d", a.code)
	}
	invited := first.post("/members/invitations", url.Values{"for": {secondName}, "roles": {"supplier-author"}}).must(t, 200, "supplier")
	if invited.header.Get("Cache-Control") != "no-store" {
		t.Errorf("the link may be kept: %v", invited.header)
	}
	link := find(t, invited, `http://test.example(/join/[A-Za-z0-9_-]{43})`)
	if a := first.get("/members").must(t, 200, secondName); strings.Contains(a.body, link) {
		t.Error("the link is shown twice")
	}
	p := someone()
	p.Subject, p.Name, p.SID = "second", secondName, "session-second"
	s.provider.Is(p)
	second := s.browser()
	if a := second.get(link); !strings.HasPrefix(a.path, "/login?next=%2Fjoin%2F") || strings.Contains(a.body, "Testsky") {
		t.Fatalf("before the login: %s", a.path)
	}
	has(t, second.get("/login/oidc?level=signing&next="+url.QueryEscape(link)), 200, firstName+" inviterer deg")
	joined := second.post(link, nil).must(t, 200, `value="`+string(testFirm)+`"`)
	if joined.header.Get("Cache-Control") != "no-store" {
		t.Errorf("%v", joined.header)
	}
	has(t, editor.get(link), 404, "Invitasjonen finnes ikke")
	second.acts(testFirm)
	fields, bundle = sign(second) // answers
	if a := second.upload(submit, fields, "bundle", "bundle.json", bundle); a.code != 403 {
		t.Errorf("who may only answer submits: %d", a.code)
	}
	for _, closed := range []string{"/members", "/tokens", "/trail"} {
		if a := second.get(closed); a.code != 403 {
			t.Errorf("%s: %d", closed, a.code)
		}
	}

	// Removed, they are out within a minute.
	two := second.id()
	has(t, first.post("/members/"+two+"/roles", url.Values{"roles": {"supplier-author", "supplier-reader"}}), 200, "Rollene er endret")
	has(t, first.post("/members/"+first.id()+"/remove", nil), 422, "minst én administrator")
	has(t, first.post("/members/"+two+"/remove", nil), 200, "Personen er fjernet")
	s.wait(time.Minute)
	if a := second.get(path); !strings.HasPrefix(a.path, "/login/organisation") {
		t.Errorf("a minute after the removal: %s, %d", a.path, a.code)
	}
	if a := second.post(path, answers); a.code != 403 {
		t.Errorf("a minute after the removal: %d", a.code)
	}

	// Who asks to be forgotten is.
	taken := first.get("/me/export").must(t, 200, firstName, first.id())
	if !strings.HasPrefix(taken.header.Get("Content-Disposition"), "attachment") || taken.header.Get("Cache-Control") != "no-store" {
		t.Errorf("%v", taken.header)
	}
	one := first.id()
	first.get("/me/erase").must(t, 200, "Testsky AS")
	second.get("/me/erase").must(t, 200)
	first.post("/me/erase", nil).must(t, 200)
	second.post("/me/erase", nil).must(t, 200)
	if first.in() || second.in() {
		t.Error("still logged in")
	}
	for _, id := range []string{one, two} {
		if left, err := s.web.Members.Standings(t.Context(), id); err != nil || len(left) != 0 {
			t.Errorf("%s may still act: %+v, %v", id, left, err)
		}
	}
	for _, name := range []string{firstName, secondName} {
		if found := s.holding(name); found != nil {
			t.Errorf("%q is still in %v", name, found)
		}
	}
	if s.holding(one) == nil { // or the search finds nothing at all
		t.Error("the pseudonym is gone from the trail")
	}
}

// holding lists the files of the store that hold the text, once what was
// written has reached them.
func (s *peopleSite) holding(text string) (found []string) {
	s.t.Helper()
	if err := s.store.Checkpoint(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
	err := filepath.WalkDir(s.dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		if bytes.Contains(b, []byte(text)) {
			found = append(found, filepath.Base(path))
		}
		return err
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return found
}

// TestPeoplePagesInEveryLanguage holds what is true of every page, for those
// that only people see.
func TestPeoplePagesInEveryLanguage(t *testing.T) {
	s := openPeople(t)
	b := s.enters("first", "Test Testesen")
	has(t, b.post("/claims/new", url.Values{"number": {string(testFirm)}, "name": {"Testsky AS"}, "side": {"supplier"}, "reason": {"Leder"}}), 200, "pending")
	waiting := s.enters("waits", "Andre Testesen")
	has(t, waiting.post("/claims/new", url.Values{"number": {"910000020"}, "name": {"Rival AS"}, "side": {"agency"}, "reason": {"Leder"}}), 200, "pending")
	editor := s.enters("editor", "Redaktør")
	s.appointed(editor)
	id := find(t, editor.get("/claims"), `data-claim="([^"]+)"`)
	has(t, editor.post("/claims/"+id, url.Values{"verdict": {"approve"}, "decision": {"Ringt."}}), 200, "godkjent")
	b.acts(testFirm)
	link := find(t, b.post("/members/invitations", url.Values{"roles": {"supplier-reader"}}), `http://test.example(/join/[A-Za-z0-9_-]{43})`)
	for _, lang := range locale.Languages() {
		check := func(b *browser, path string) {
			t.Helper()
			b.lang = lang
			checkPage(t, lang, b.get(path).must(t, 200))
		}
		for _, path := range []string{"/members", "/me", "/me/erase", "/claims/new", "/claims/mine", "/privacy", link} {
			check(b, path)
		}
		check(editor, "/claims")
		check(waiting, "/login/organisation")
		checkPage(t, lang, b.post("/members/invitations", nil))
		checkPage(t, lang, b.post("/members/invitations", url.Values{"roles": {"supplier-reader"}}))
		checkPage(t, lang, b.post("/members/"+b.id()+"/roles", nil))
		checkPage(t, lang, b.post("/claims/new", nil))
		checkPage(t, lang, editor.post("/claims/"+find(t, editor.get("/claims"), `data-claim="([^"]+)"`), url.Values{"verdict": {"reject"}}))
	}
	checkPage(t, "en", waiting.post(link, nil).must(t, 200))
}

// TestPrivacyTellsWhatHolds holds that the page tells the installation's own
// numbers, and says when it is not said who answers for it.
func TestPrivacyTellsWhatHolds(t *testing.T) {
	s := openPeople(t)
	b := s.browser()
	has(t, b.get("/privacy"), 200, "har ikke oppgitt hvem som er behandlingsansvarlig")
	s.web.Operator = Operator{Name: "Testdrift", Contact: "personvern@testdrift.example"}
	s.web.Trail.Retention, s.web.Trail.Addresses = 1095*24*time.Hour, 90*24*time.Hour
	a := b.get("/privacy").must(t, 200, "Testdrift driver denne", "personvern@testdrift.example", "etter 3 år", "90 dager", "30 minutter", "8 timer", "2 år", "14 dager", "i ett år", "<code>felleskrav</code>", "<code>language</code>")
	if strings.Contains(a.body, "har ikke oppgitt") {
		t.Error("it is said that it is not said")
	}
	for _, lang := range locale.Languages() {
		b.lang = lang
		has(t, b.get("/catalogue"), 200, `href="/privacy"`)
	}
}

// TestRemovedAdministratorGivesNothing holds that an administrator who has just
// been removed, and whose session does not know it yet, gives nobody anything
// that would last: not even for a moment.
func TestRemovedAdministratorGivesNothing(t *testing.T) {
	s := openPeople(t)
	appoint := func(b *browser) {
		t.Helper()
		_, err := s.web.Members.Appoint(t.Context(), member.Appointment{Person: b.id(), Org: testFirm, OrgName: "Testsky AS", Roles: access.SupplierRoles(), By: "operator:cli"})
		if err != nil {
			t.Fatal(err)
		}
		b.get("/login/organisation").must(t, 200, "Testsky AS")
		b.acts(testFirm)
	}
	first, second := s.enters("first", "Første"), s.enters("second", "Andre")
	appoint(first)
	appoint(second)
	has(t, first.post("/members/"+second.id()+"/remove", nil), 200, "Personen er fjernet")
	for path, form := range map[string]url.Values{
		"/members/invitations":                     {"roles": {"supplier-admin"}},
		"/members/" + first.id() + "/remove":       nil,
		"/members/" + first.id() + "/roles":        {"roles": {"supplier-reader"}},
		"/tokens":                                  {"name": {"Bakdør"}, "roles": {"supplier-admin"}, "days": {"366"}},
		"/suppliers/" + string(testFirm) + "/keys": {"label": {"Ny"}, "publicKey": {"x"}},
	} {
		// Each time as one whose session is young.
		third := s.enters("third", "Tredje")
		appoint(third)
		if err := s.web.Members.Dismiss(t.Context(), testFirm, third.id()); err != nil {
			t.Fatal(err)
		}
		if a := third.post(path, form); a.code != 403 {
			t.Errorf("POST %s by somebody who was removed a moment ago: %d", path, a.code)
		}
	}
	if a := second.post("/members/invitations", url.Values{"roles": {"supplier-admin"}}); a.code != 403 {
		t.Errorf("who was removed invites: %d", a.code)
	}
	open, err := s.web.Members.Store.InvitationsIn(t.Context(), testFirm, 10)
	if err != nil || len(open) != 0 {
		t.Errorf("%d invitations, %v", len(open), err)
	}
	first.get("/members").must(t, 200, first.id())
}

// TestTwoOrganisationsInTwoTabs holds that what was begun for one organisation
// is not done for another that the person has gone on to act for in another tab.
func TestTwoOrganisationsInTwoTabs(t *testing.T) {
	s := openPeople(t)
	const one, other = organisation.Number("910000004"), organisation.Number("910000047")
	b := s.enters("both", "Begge")
	for _, org := range []organisation.Number{one, other} {
		roles := append(access.AgencyRoles(), access.SupplierAdmin)
		if _, err := s.web.Members.Appoint(t.Context(), member.Appointment{Person: b.id(), Org: org, OrgName: "Test " + org.Grouped(), Roles: roles, By: "operator:cli"}); err != nil {
			t.Fatal(err)
		}
	}
	b.get("/login/organisation").must(t, 200)
	b.acts(one)
	result := "/procurements/new?step=result&model=saas&task=" + s.web.Catalogue.Content().Tasks[0].ID
	requirement := "/catalogue/requirements/" + s.web.Catalogue.Content().Requirements()[0].ID
	forms := map[string][]string{}
	for _, page := range []string{"/members", "/tokens", "/checks", result, requirement} {
		for _, m := range regexp.MustCompile(`<form method="post"[^>]* action="([^"]+)"`).FindAllStringSubmatch(b.get(page).must(t, 200).body, -1) {
			if to := html.UnescapeString(m[1]); !strings.HasPrefix(to, "/log") {
				forms[page] = append(forms[page], to)
			}
		}
		if len(forms[page]) == 0 {
			t.Errorf("%s has no form", page)
		}
	}
	for page, actions := range forms {
		for _, to := range actions {
			if strings.Contains(to, "/remove") {
				continue // it would be
			}
			if a := b.post(to, nil); strings.Contains(a.body, "et annet vindu") {
				t.Errorf("%s: %s is refused though it is for whom the person acts", page, to)
			}
		}
	}
	b.acts(other)
	for _, actions := range forms {
		for _, to := range actions {
			has(t, b.post(to, url.Values{"roles": {"agency-admin"}, "name": {"Nøkkel"}, "days": {"90"}}), 422, "et annet vindu")
		}
	}
	if list, err := s.web.Tokens.Store.TokensOf(t.Context(), other, "", 10); err != nil || len(list) != 0 {
		t.Errorf("%d tokens, %v", len(list), err)
	}
}
