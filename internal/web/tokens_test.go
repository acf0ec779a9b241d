package web

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

// An administrator makes a token, sees its secret once, and revokes it.
func TestTokensPage(t *testing.T) {
	s := newSite(t, true)
	b := s.visit("supplier")
	empty := b.get("/tokens")
	if empty.code != http.StatusOK || !strings.Contains(empty.body, `value="supplier-author"`) || strings.Contains(empty.body, `value="procurement"`) || strings.Contains(empty.body, `value="editor"`) {
		t.Fatalf("%d %s", empty.code, empty.body)
	}
	bad := b.post("/tokens", url.Values{"name": {""}, "days": {"1000"}, "roles": {"editor"}})
	if bad.code != http.StatusUnprocessableEntity || strings.Contains(bad.body, "fkt_") {
		t.Errorf("%d %s", bad.code, bad.body)
	}
	for _, href := range []string{`href="#f-name"`, `href="#f-days"`, `href="#f-roles"`} {
		if !strings.Contains(bad.body, href) {
			t.Errorf("the summary does not lead to %s", href)
		}
	}
	made := b.post("/tokens", url.Values{"name": {"Lønn"}, "days": {"30"}, "roles": {"supplier-author", "supplier-reader"}})
	secret := regexp.MustCompile(`fkt_[A-Za-z0-9_-]{43}`).FindString(made.body)
	if made.code != http.StatusOK || secret == "" || made.header.Get("Cache-Control") != "no-store" {
		t.Fatalf("%d %v %s", made.code, made.header, made.body)
	}
	again := b.get("/tokens")
	id := regexp.MustCompile(`data-token="([^"]+)"`).FindStringSubmatch(again.body)
	if strings.Contains(again.body, secret) || !strings.Contains(again.body, "Lønn") || !strings.Contains(again.body, seller.ID) || id == nil {
		t.Fatalf("%s", again.body)
	}
	if _, _, err := s.web.Tokens.Authenticate(t.Context(), secret); err != nil {
		t.Error(err)
	}
	if r := s.visit("rival").post("/tokens/"+id[1]+"/revoke", nil); r.code != http.StatusNotFound {
		t.Errorf("another supplier: %d", r.code)
	}
	if r := s.visit("procurement").post("/tokens", url.Values{"name": {"x"}, "days": {"30"}, "roles": {"procurement"}}); r.code != http.StatusForbidden {
		t.Errorf("no administrator: %d", r.code)
	}
	b.post("/tokens/"+id[1]+"/revoke", nil)
	if _, _, err := s.web.Tokens.Authenticate(t.Context(), secret); err == nil {
		t.Error("it still works")
	}
	if after := b.get("/tokens"); strings.Contains(after.body, "/revoke") {
		t.Errorf("a revoked token can be revoked: %s", after.body)
	}
}
