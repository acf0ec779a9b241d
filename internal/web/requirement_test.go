package web

import (
	"net/url"
	"regexp"
	"strings"
	"testing"
)

// A visitor reports, everyone sees that there is a report, the editor sees
// what it says and answers.
func TestReportsOnARequirement(t *testing.T) {
	s := newSite(t, true)
	id := s.web.Catalogue.Content().Requirements()[0].ID
	page := "/catalogue/requirements/" + id
	anyone, buys, edits := s.visit(""), s.visit("procurement"), s.visit("editor")
	if a := anyone.get(page); a.code != 200 || strings.Contains(a.body, "<textarea") || !strings.Contains(a.body, "/login?next=") || !strings.Contains(a.body, "Ingen merknader") {
		t.Errorf("nobody sees %d, with a form: %v", a.code, strings.Contains(a.body, "<textarea"))
	}
	if a := anyone.post(page+"/reports", url.Values{"kind": {"unclear"}, "text": {"x"}}); a.code == 200 && !strings.HasPrefix(a.path, "/login") {
		t.Errorf("nobody may report: %d at %s", a.code, a.path)
	}
	if a := buys.post(page+"/reports", url.Values{"kind": {"disproportionate"}, "text": {" "}}); a.code != 422 || !strings.Contains(a.body, `href="#f-text"`) || !strings.Contains(a.body, `value="disproportionate" selected`) {
		t.Errorf("an empty report: %d", a.code)
	}
	if a := buys.post(page+"/reports", url.Values{"kind": {"disproportionate"}, "text": {"For mye <for> små kjøp.\r\nTo linjer."}}); a.code != 200 || a.path != page || !strings.Contains(a.body, "Takk. Meldingen er sendt") {
		t.Errorf("a report: %d at %s", a.code, a.path)
	}
	for _, b := range []*browser{anyone, buys, s.visit("supplier")} {
		if a := b.get(page); strings.Contains(a.body, "små kjøp") || !strings.Contains(a.body, "Én merknad venter på svar: Ikke forholdsmessig (1).") {
			t.Errorf("others see the text, or not the count")
		}
	}
	a := edits.get(page)
	if !strings.Contains(a.body, "For mye &lt;for&gt; små kjøp.") || !strings.Contains(a.body, "Testvik kommune") {
		t.Error("the editor does not see the report")
	}
	answer := regexp.MustCompile(`action="(/catalogue/requirements/[^"]+/reports/[^"]+)"`).FindStringSubmatch(a.body)
	if answer == nil {
		t.Fatal("the editor has no form to answer in")
	}
	if a := buys.post(answer[1], url.Values{"note": {"x"}}); a.code != 403 {
		t.Errorf("a buyer answers: %d", a.code)
	}
	if a := edits.post(answer[1], url.Values{"note": {""}}); a.code != 422 {
		t.Errorf("an empty answer: %d", a.code)
	}
	if a := edits.post(answer[1], url.Values{"note": {"Skrevet om."}}); a.code != 200 || !strings.Contains(a.body, "Skrevet om.") || !strings.Contains(a.body, "Ingen merknader venter") {
		t.Errorf("an answer: %d", a.code)
	}
	if a := edits.post(answer[1], url.Values{"note": {"Igjen."}}); a.code != 422 || !strings.Contains(a.body, "besvart fra før") {
		t.Errorf("a second answer: %d", a.code)
	}
}
