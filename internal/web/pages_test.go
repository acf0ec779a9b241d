package web

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// page is a page with who may see it.
type page struct {
	name, persona, path string
	code                int
}

// allPages lists every page in its main states.
func (s *site) allPages() []page {
	own := "/suppliers/" + string(s.supplier)
	chosen := "task=" + s.web.Catalogue.Content().Tasks[0].ID + "&model=saas"
	proc := "/procurements/" + s.procurement
	open, settled, none := s.ownBooks()
	differs, late, gone := s.newestStates()
	return []page{
		{"front", "", "/", 200},
		{"demo-login", "", "/demo/login", 200},
		{"new-tasks", "", "/procurements/new", 200},
		{"new-search", "", "/procurements/new?step=tasks&q=barn&" + chosen, 200},
		{"new-information", "", "/procurements/new?step=information&" + chosen, 200},
		{"new-no-hits", "", "/procurements/new?q=xyzzyxyzzy", 200},
		{"new-information-search", "", "/procurements/new?step=information&find=adresse&info=fodselsnummer&" + chosen, 200},
		{"new-result", "", "/procurements/new?step=result&" + chosen, 200},
		{"new-result-buyer", "procurement", "/procurements/new?step=result&" + chosen, 200},
		{"new-override", "procurement", "/procurements/new?step=result&level.integrity=1&reason.integrity=Kopi&" + chosen, 200},
		{"new-override-bad", "procurement", "/procurements/new?step=result&level.integrity=1&" + chosen, 422},
		{"new-nothing", "", "/procurements/new?step=result", 422},
		{"procurements", "procurement", "/procurements", 200},
		{"procurements-empty", "adviser", "/procurements", 200},
		{"procurement", "procurement", proc, 200},
		{"procurement-since", "procurement", proc + "?since=2026-01-01", 200},
		{"procurement-record", "procurement", proc + "/record", 200},
		{"procurement-requirements", "procurement", proc + "/requirements", 200},
		{"procurement-columns", "procurement", proc + "/columns", 200},
		{"procurement-newest", "procurement", differs, 200},
		{"procurement-newest-late", "procurement", late, 200},
		{"procurement-newest-gone", "procurement", gone, 200},
		{"procurement-newest-nothing", "procurement", proc + "/newest", 200},
		{"procurement-outdated", "procurement", strings.TrimSuffix(differs, "/newest"), 200},
		{"procurement-bidders", "procurement", proc + "/bidders?q=test", 200},
		{"procurement-comparison", "procurement", proc + "/comparison", 200},
		{"own", "procurement", proc + "/own", 200},
		{"own-other-agency", "adviser", proc + "/own", 403},
		{"own-supplier", "supplier", proc + "/own", 403},
		{"own-open", "procurement", proc + "/own/" + open, 200},
		{"own-no-table", "procurement", proc + "/own/" + none, 200},
		{"own-settled", "procurement", proc + "/own/" + settled, 200},
		{"own-gone", "procurement", proc + "/own/" + s.offering, 404},
		{"own-report", "procurement", proc + "/own/" + settled + "/report?answers=" + string(s.supplier) + "&column=" + string(s.rival), 200},
		{"own-report-undecided", "procurement", proc + "/own/" + open + "/report?answers=" + string(s.supplier), 422},
		{"own-report-nothing", "procurement", proc + "/own/" + settled + "/report", 422},
		{"own-report-other", "adviser", proc + "/own/" + settled + "/report?answers=" + string(s.supplier), 403},
		{"workbook-verify", "", "/workbooks/verify", 200},
		{"tokens", "supplier", "/tokens", 200},
		{"tokens-others", "adviser", "/tokens", 403},
		{"members", "supplier", "/members", 200},
		{"members-others", "adviser", "/members", 403},
		{"members-nobody", "", "/members", 200}, // to log in
		{"join-system", "supplier", "/join/x", 403},
		{"claims", "editor", "/claims", 200},
		{"claims-others", "supplier", "/claims", 403},
		{"claims-new", "supplier", "/claims/new", 200},
		{"claims-mine-system", "supplier", "/claims/mine", 403},
		{"me-system", "supplier", "/me", 403},
		{"privacy", "", "/privacy", 200},
		{"suppliers", "", "/suppliers", 200},
		{"suppliers-none", "", "/suppliers?q=finnesikke", 200},
		{"suppliers-near", "", "/suppliers?q=tetssky", 200},
		{"watch", "adviser", "/watch", 200},
		{"watch-empty", "procurement", "/watch", 200},
		{"watch-supplier", "supplier", "/watch", 403},
		{"supplier", "", own, 200},
		{"supplier-own", "supplier", own, 200},
		{"supplier-edit", "supplier", own + "/edit", 200},
		{"keys", "", own + "/keys", 200},
		{"keys-own", "supplier", own + "/keys", 200},
		{"evidence", "supplier", own + "/evidence", 200},
		{"evidence-other", "adviser", own + "/evidence", 200},
		{"evidence-edit", "supplier", own + "/evidence/" + s.evidence, 200},
		{"evidence-erase", "supplier", own + "/evidence/" + s.evidence + "/erase", 200},
		{"offering-new", "supplier", own + "/offerings/new", 200},
		{"offering-edit", "supplier", "/offerings/" + s.declared + "/edit", 200},
		{"answers", "supplier", "/offerings/" + s.offering + "/answers", 200},
		{"answers-again", "supplier", "/offerings/" + s.declared + "/answers", 200},
		{"status", "adviser", "/offerings/" + s.declared + "/status", 200},
		{"status-missing", "", "/offerings/" + s.offering + "/status", 200},
		{"status-past", "", "/offerings/" + s.declared + "/status?at=2020-01-01", 200},
		{"status-time", "", "/offerings/" + s.declared + "/status?at=2020-01-01&time=12:00", 200},
		{"status-no-date", "", "/offerings/" + s.declared + "/status?time=12:00", 422},
		{"status-all", "adviser", "/offerings/" + s.declared + "/status?answers=all", 200},
		{"status-future", "", "/offerings/" + s.declared + "/status?at=2999-01-01", 422},
		{"status-date", "", "/offerings/" + s.declared + "/status?at=rubbish", 422},
		{"attestation", "", "/attestations/" + s.digest, 200},
		{"attestation-own", "supplier", "/attestations/" + s.digest, 200},
		{"withdrawal", "supplier", "/attestations/" + s.digest + "/withdrawal", 200},
		{"renewal", "supplier", "/attestations/" + s.digest + "/renewal", 200},
		{"renewal-rival", "rival", "/attestations/" + s.digest + "/renewal", 403},
		{"review-new", "adviser", "/attestations/" + s.digest + "/reviews/new?requirement=" + s.reviewed, 200},
		{"review-new-public", "", "/attestations/" + s.digest + "/reviews/new?requirement=" + s.reviewed, 200}, // to log in
		{"review-new-unanswered", "adviser", "/attestations/" + s.digest + "/reviews/new?requirement=K-NONE-01", 404},
		{"review-new-supplier", "supplier", "/attestations/" + s.digest + "/reviews/new?requirement=" + s.reviewed, 403},
		{"review", "adviser", "/reviews/" + s.review, 200},
		{"review-supplier", "supplier", "/reviews/" + s.review, 200},
		{"review-rival", "rival", "/reviews/" + s.review, 404},
		{"review-withdrawal", "adviser", "/reviews/" + s.review + "/withdrawal", 200},
		{"review-withdrawal-other", "procurement", "/reviews/" + s.review + "/withdrawal", 403},
		{"reviews", "adviser", "/reviews", 200},
		{"reviews-empty", "procurement", "/reviews", 200},
		{"reviews-supplier", "supplier", "/reviews", 200},
		{"status-supplier", "supplier", "/offerings/" + s.declared + "/status", 200},
		{"body-edit", "adviser", "/bodies/" + adviser.Org + "/edit", 200},
		{"body-edit-new", "procurement", "/bodies/" + buyer.Org + "/edit", 200},
		{"body-edit-other", "adviser", "/bodies/" + buyer.Org + "/edit", 403},
		{"body", "adviser", "/suppliers/" + adviser.Org, 200},
		{"body-keys", "adviser", "/suppliers/" + adviser.Org + "/keys", 200},
		{"checks", "adviser", "/checks", 200},
		{"checks-empty", "procurement", "/checks", 200},
		{"checks-supplier", "supplier", "/checks", 403},
		{"check-done", "adviser", "/checks/" + s.checked, 200},
		{"check-cancelled", "adviser", "/checks/" + s.cancelled, 200},
		{"check-waiting", "adviser", "/checks/" + s.waiting + "?follow=no", 200},
		{"check-other", "procurement", "/checks/" + s.checked, 404},
		{"catalogue", "", "/catalogue", 200},
		{"tasks", "", "/catalogue/tasks", 200},
		{"task", "", "/catalogue/tasks/" + s.web.Catalogue.Content().Tasks[0].ID, 200},
		{"measures", "", "/catalogue/measures", 200},
		{"measure", "", "/catalogue/measures/" + s.web.Catalogue.Content().Measures[0].ID, 200},
		{"sets", "", "/catalogue/sets", 200},
		{"set", "", "/catalogue/sets/grunnsett", 200},
		{"requirement", "", "/catalogue/requirements/" + s.web.Catalogue.Content().Requirements()[0].ID, 200},
		{"requirement-own", "supplier", "/catalogue/requirements/" + s.web.Catalogue.Content().Requirements()[1].ID, 200},
		{"requirement-editor", "editor", "/catalogue/requirements/" + s.web.Catalogue.Content().Requirements()[1].ID, 200},
		{"log", "", "/log", 200},
		{"catalogue-search", "", "/catalogue/search?q=logg", 200},
		{"catalogue-search-none", "", "/catalogue/search?q=qwxyzq", 200},
		{"crosswalk", "", "/catalogue/crosswalk", 200},
		{"crosswalk-law", "", "/catalogue/crosswalk?framework=law", 200},
		{"measures-level", "", "/catalogue/measures?level=2", 200},
		{"requirement-version", "", "/catalogue/requirements/" + s.web.Catalogue.Content().SetRequirements("grunnsett")[0] + "?set=grunnsett", 200},
		{"requirement-no-version", "", "/catalogue/requirements/" + s.web.Catalogue.Content().SetRequirements("grunnsett")[0] + "?set=grunnsett&version=99.0.0", 404},
		{"declarations", "", "/declarations", 200},
		{"declarations-end", "", "/declarations?after=1-" + s.digest, 200},
		{"docs", "", "/docs", 200},
		{"docs-tag", "", "/docs/catalogue", 200},
		{"docs-no-tag", "", "/docs/nothing", 404},
		{"accessibility", "", "/accessibility", 200},
		{"drafts", "editor", "/editor/drafts", 200},
		{"drafts-others", "supplier", "/editor/drafts", 403},
		{"draft", "editor", "/editor/drafts/" + s.draft, 200},
		{"draft-requirement", "editor", "/editor/drafts/" + s.draft + "/requirements/" + s.editedIn, 200},
		{"draft-changes", "editor", "/editor/drafts/" + s.draft + "/changes", 200},
		{"draft-check", "editor", "/editor/drafts/" + s.draft + "/check", 200},
		{"draft-file", "editor", "/editor/drafts/" + s.draft + "/file?path=sets/grunnsett.yaml", 200},
		{"draft-gone", "editor", "/editor/drafts/" + s.offering, 404},
		{"reports", "editor", "/editor/reports", 200},
		{"no-page", "", "/nowhere", 404},
		{"no-item", "", "/catalogue/requirements/K-NONE-01", 404},
		{"forbidden", "adviser", own + "/edit", 403},
		{"other-agency", "adviser", proc, 404},
		{"other-supplier", "rival", "/offerings/" + s.declared + "/answers", 403},
	}
}

func leading(body string) string {
	if i := strings.Index(body, "<main"); i >= 0 {
		body = body[i:]
	}
	return body[:min(len(body), 1500)]
}

// leak matches a locale key that was shown instead of its text. The prefixes
// are those of our keys; file names and ids in the texts do not begin so.
var leak = regexp.MustCompile(`\b(page|nav|form|status|answer|level|term|kind|model|dimension|carrier|suggested|field|workbook|request|problem|invalid|key|selection)\.[a-z]+[a-z.-]*\b`)

// ownScript matches the addresses of our scripts.
var ownScript = regexp.MustCompile(`^/assets/[a-z]+\.[0-9a-f]{12}\.js$`)

// checkPage holds what is true of every page.
func checkPage(t *testing.T, lang string, a answer) {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(a.body))
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"<no value>", "%!", "ZgotmplZ", "&lt;nil&gt;", "map["} {
		if strings.Contains(a.body, bad) {
			t.Errorf("the page holds %q", bad)
		}
	}
	policy := a.header.Get("Content-Security-Policy")
	if !strings.Contains(policy, "style-src 'self'") || strings.Contains(policy, "unsafe") {
		t.Errorf("content security policy is %q", policy)
	}
	ids, labels, h1, skips, scripts := map[string]int{}, map[string]bool{}, 0, false, false
	var targets, described []string
	var inputs []*html.Node
	level := 0
	for n := range doc.Descendants() {
		if n.Type == html.TextNode && !inside(n, "code", "pre", "script", "textarea") {
			if m := leak.FindString(n.Data); m != "" {
				t.Errorf("the key %s is shown instead of a text", m)
			}
			continue
		}
		if n.Type != html.ElementNode {
			continue
		}
		for _, x := range n.Attr {
			if x.Key == "style" || strings.HasPrefix(x.Key, "on") {
				t.Errorf("<%s> has the attribute %s, which the policy forbids", n.Data, x.Key)
			}
			if x.Key == "aria-describedby" || x.Key == "aria-labelledby" {
				described = append(described, strings.Fields(x.Val)...)
			}
			if (x.Key == "aria-label" || x.Key == "title") && leak.MatchString(x.Val) {
				t.Errorf("the key %s is in %s", x.Val, x.Key)
			}
		}
		if id := attr(n, "id"); id != "" {
			ids[id]++
		}
		switch n.Data {
		case "html":
			if attr(n, "lang") != lang {
				t.Errorf("lang is %q, want %q", attr(n, "lang"), lang)
			}
		case "title":
			if inside(n, "head") && strings.TrimSpace(textOf(n)) == "" {
				t.Error("the title is empty")
			}
		case "h1", "h2", "h3", "h4":
			now := int(n.Data[1] - '0')
			if now == 1 {
				h1++
			}
			if now > level+1 {
				t.Errorf("<%s> %q comes after a heading of level %d", n.Data, textOf(n), level)
			}
			level = now
			if strings.TrimSpace(textOf(n)) == "" {
				t.Errorf("an empty <%s>", n.Data)
			}
		case "style":
			t.Error("<style> is forbidden by the policy")
		case "script":
			scripts = true
			if !ownScript.MatchString(attr(n, "src")) || attr(n, "type") != "module" || n.FirstChild != nil {
				t.Errorf("a script from %q of type %q", attr(n, "src"), attr(n, "type"))
			}
		case "label":
			labels[attr(n, "for")] = true
		case "input", "select", "textarea":
			if attr(n, "type") != "hidden" {
				inputs = append(inputs, n)
			}
		case "button":
			if strings.TrimSpace(textOf(n)) == "" {
				t.Error("a button without a text")
			}
		case "a":
			href := attr(n, "href")
			if strings.TrimSpace(textOf(n)) == "" {
				t.Errorf("the link to %s has no text", href)
			}
			if rest, ok := strings.CutPrefix(href, "#"); ok {
				targets = append(targets, rest)
				skips = skips || rest == "main"
			}
		case "th":
			if attr(n, "scope") == "" {
				t.Errorf("the header %q has no scope", textOf(n))
			}
		}
	}
	if strings.Contains(policy, "script-src 'self';") != scripts {
		t.Errorf("the page has scripts: %v, and the policy %q", scripts, policy)
	}
	if h1 != 1 {
		t.Errorf("%d main headings, want 1", h1)
	}
	if !skips {
		t.Error("there is no link to skip to the content")
	}
	for id, n := range ids {
		if n > 1 {
			t.Errorf("the id %s is used %d times", id, n)
		}
	}
	for _, n := range inputs {
		if !labels[attr(n, "id")] {
			t.Errorf("the input %s has no label", attr(n, "name"))
		}
	}
	for _, id := range append(described, targets...) {
		id, err := url.PathUnescape(id)
		if err != nil || ids[id] == 0 {
			t.Errorf("nothing has the id %s, which the page refers to", id)
		}
	}
}

func attr(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

func inside(n *html.Node, names ...string) bool {
	for p := n.Parent; p != nil; p = p.Parent {
		for _, name := range names {
			if p.Data == name {
				return true
			}
		}
	}
	return false
}

func textOf(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data)
		}
	}
	return b.String()
}

func TestLanguageIsChosenAndRemembered(t *testing.T) {
	s := newSite(t, true)
	b := s.visit("")
	b.lang = "en-GB,en;q=0.9"
	if a := b.get("/log"); !strings.Contains(a.body, `<html lang="en"`) {
		t.Error("the browser's language was not used")
	}
	if a := b.get("/log?lang=nn"); !strings.Contains(a.body, `<html lang="nn"`) {
		t.Error("the choice in the address was not used")
	}
	if a := b.get("/catalogue"); !strings.Contains(a.body, `<html lang="nn"`) {
		t.Error("the choice was not remembered")
	}
	if a := b.get("/catalogue?lang=xx"); !strings.Contains(a.body, `<html lang="en"`) {
		t.Error("an unknown choice should be as none")
	}
}

func TestAssetsAreKeptForEver(t *testing.T) {
	s := newSite(t, true)
	b := s.visit("")
	a := b.get("/")
	path := regexp.MustCompile(`/assets/app\.[0-9a-f]{12}\.css`).FindString(a.body)
	if path == "" {
		t.Fatal("the page names no style sheet")
	}
	a = b.get(path)
	if a.code != http.StatusOK || !strings.Contains(a.header.Get("Cache-Control"), "immutable") || !strings.HasPrefix(a.header.Get("Content-Type"), "text/css") {
		t.Errorf("%d %v", a.code, a.header)
	}
	for _, bad := range []string{"/assets/manifest.json", "/assets/..%2fmanifest.json", "/assets/none.css", path + ".gz"} {
		if a := b.get(bad); a.code != http.StatusNotFound {
			t.Errorf("%s: %d, want 404", bad, a.code)
		}
	}
}
