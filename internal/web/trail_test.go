package web

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"felleskrav/internal/access"
	"felleskrav/internal/evidence"
	"felleskrav/internal/trail"
)

var headOfBuyers = access.Actor{ID: "test:head", Name: "Testvik kommune", Org: buyer.Org, Roles: []access.Role{access.AgencyAdmin, access.Procurement}}

func TestTrailOnThePages(t *testing.T) {
	s := newSite(t, true)
	restricted, _, err := s.web.Evidence.Upload(t.Context(), seller, evidence.Upload{Owner: s.supplier, Name: "b.txt", Kind: "policy", Visibility: evidence.VisibleAgencies}, strings.NewReader("Not for all."))
	if err != nil {
		t.Fatal(err)
	}
	b := s.visit("head")
	b.get("/procurements/" + s.procurement)
	b.get("/evidence/" + restricted.SHA256)
	b.get("/evidence/" + s.evidence) // public
	if a := s.visit("supplier").post("/procurements", url.Values{"title": {"Hemmelig"}}); a.code != 403 {
		t.Fatalf("a supplier begins a procurement: %d", a.code)
	}
	if err := s.web.Trail.Record(t.Context(), trail.Entry{Actor: "x", Action: "mark"}); err != nil {
		t.Fatal(err)
	}
	want := map[string]bool{"GET /procurements/:id": false, "GET /evidence/:sha256": false, "POST /procurements": false, "POST /demo/login": false}
	for e, err := range trail.All(t.Context(), s.web.Trail.Store, 0) {
		if err != nil {
			t.Fatal(err)
		}
		for _, target := range e.Targets {
			if target.ID == s.evidence {
				t.Errorf("a public file: %+v", e)
			}
		}
		if _, ok := want[e.Operation]; ok {
			want[e.Operation] = true
		}
		if e.Operation == "GET /evidence/:sha256" && (e.Owner != string(s.supplier) || e.Org != buyer.Org) {
			t.Errorf("%+v", e)
		}
	}
	for operation, found := range want {
		if !found {
			t.Errorf("no entry for %s", operation)
		}
	}
	for lang, title := range map[string]string{"nb": "Sporingslogg", "nn": "Kven som har gjort kva", "en": "Audit trail"} {
		a := b.get("/trail?lang=" + lang)
		if a.code != 200 || !strings.Contains(a.body, title) || !strings.Contains(a.body, s.procurement) || !strings.Contains(a.body, `href="/trail"`) {
			t.Errorf("%s: %d\n%s", lang, a.code, a.body)
		}
	}
	if a := b.get("/trail?action=evidence.read&target=" + restricted.SHA256); !strings.Contains(a.body, restricted.SHA256) || strings.Contains(a.body, s.procurement+"</code>") {
		t.Errorf("filtered: %s", a.body)
	}
	if a := b.get("/trail?from=x"); a.code != 422 {
		t.Errorf("a day that is none: %d", a.code)
	}
	if a := b.get("/trail?from=2999-01-01"); a.code != 200 || strings.Contains(a.body, "<tbody>") {
		t.Errorf("in the future: %d", a.code)
	}
	for _, format := range []string{"csv", "jsonl"} {
		if a := b.get("/trail/export?format=" + format); a.code != 200 || !strings.Contains(a.body, s.procurement) || strings.Contains(a.body, "Hemmelig") {
			t.Errorf("%s: %d %s", format, a.code, a.body)
		}
	}
	if a := s.visit("supplier").get("/trail"); a.code != 200 || strings.Contains(a.body, s.procurement) {
		t.Errorf("a supplier: %d", a.code)
	}
	for _, who := range []string{"procurement", "adviser", "editor"} {
		if a := s.visit(who).get("/trail"); a.code != 403 || strings.Contains(a.body, `href="/trail"`) {
			t.Errorf("%s: %d", who, a.code)
		}
	}
}

// TestLoginIsInTheTrail holds that logging in leaves a trace of who, and
// logging out another, although the first is asked for by GET.
func TestLoginIsInTheTrail(t *testing.T) {
	s, _ := withProvider(t, nil)
	b := s.browser()
	b.get("/login/oidc")
	b.post("/logout", nil)
	if err := s.web.Trail.Record(t.Context(), trail.Entry{Actor: "x", Action: "mark"}); err != nil { // what was queued is in before it
		t.Fatal(err)
	}
	var got []string
	for e, err := range trail.All(t.Context(), s.web.Trail.Store, 0) {
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(e.Actor, "person:") {
			got = append(got, e.Operation+" "+e.Org)
		}
	}
	if want := []string{"GET /login/oidc/callback 910000012", "POST /logout 910000012"}; !slices.Equal(got, want) {
		t.Errorf("the trail has %q, want %q", got, want)
	}
}
