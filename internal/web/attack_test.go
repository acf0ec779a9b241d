package web

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"felleskrav/internal/login"
	"felleskrav/internal/organisation"
	"felleskrav/internal/supplier"
)

// TestNextLeadsNowhereElse holds that after logging in nobody is sent to another
// site, however its address is written.
func TestNextLeadsNowhereElse(t *testing.T) {
	s := newSite(t, true)
	b := s.visit("")
	b.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	for _, next := range []string{
		"https://evil.example/", "//evil.example", "///evil.example", "////evil.example", `/\evil.example`, `\\evil.example`, `\/evil.example`, "/\t/evil.example", "/\n/evil.example",
		"\t//evil.example", " //evil.example", "http:evil.example", "http:/evil.example", "javascript:alert(1)", "data:text/html,x", "evil.example", "@evil.example", ".evil.example",
		"/\x00/evil.example", "/%0d%0aLocation:%20https://evil.example", "/\r\nSet-Cookie: a=b", "https:///evil.example", "/%2f/evil.example/..//..//evil.example", "?x", "#x", "",
	} {
		for _, a := range []answer{b.post("/demo/login", url.Values{"persona": {"procurement"}, "next": {next}}), b.get("/login?" + url.Values{"next": {next}}.Encode())} {
			to := a.header.Get("Location")
			u, err := url.Parse(to)
			if a.code != http.StatusSeeOther || err != nil || u.Host != "" || u.Scheme != "" || !strings.HasPrefix(to, "/") || strings.HasPrefix(to, "//") || strings.HasPrefix(to, `/\`) || strings.ContainsAny(to, "\r\n\t\x00") {
				t.Errorf("%q leads to %d %q", next, a.code, to)
			}
			for _, v := range a.header.Values("Set-Cookie") {
				if !strings.HasPrefix(v, login.CookieName+"=") {
					t.Errorf("%q sets %q", next, v)
				}
			}
		}
	}
}

// TestOtherSitesChangeNothing sends every form from another site, with the
// cookie of somebody who could have sent it from here.
func TestOtherSitesChangeNothing(t *testing.T) {
	g := newGate(t)
	all := g.cells()
	before := g.contents()
	for _, r := range g.web.Routes() {
		if r.Method != http.MethodPost {
			continue
		}
		c := all["POST "+r.Path]
		v := visitor{}
		for _, role := range roleList() {
			for _, org := range orgsOf[c.owner][:1] {
				if who := g.visitors[actorOf(role, org).ID]; c.want(r.Method, who.actor, r.Action) == c.good {
					v = who
				}
			}
		}
		if v.name == "" {
			t.Errorf("nobody may do %s", r.Path)
			continue
		}
		for _, from := range []map[string]string{
			{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "https://evil.example"}, {"Origin": "null"}, {"Origin": strings.Replace(g.url, "http:", "https:", 1) + ".evil.example"},
			{"Sec-Fetch-Site": "cross-site", "Origin": g.url}, {"Origin": "https://evil.example", "Referer": g.url}, {"Sec-Fetch-Site": "cross-site", "X-Http-Method-Override": "GET"},
		} {
			c.header = from
			if a := g.send(r.Method, g.path(r.Path, g.ids)+c.query, v, c); a.code != http.StatusForbidden {
				t.Errorf("%s from %v as %s: %d", r.Path, from, v.name, a.code)
			}
		}
	}
	g.unchanged(before)
}

// supplierText is a supplier as it is kept, but for when and how often it was
// changed.
func (s *site) supplierText(number string) string {
	s.t.Helper()
	kept := must[supplier.Supplier](s.t)(s.store.Supplier(context.Background(), organisation.Number(number)))
	kept.UpdatedAt, kept.Rev = time.Time{}, 0
	return string(must[[]byte](s.t)(json.Marshal(kept)))
}

// TestFormsSayOnlyWhatTheyAsk adds to forms what the things are stored with.
func TestFormsSayOnlyWhatTheyAsk(t *testing.T) {
	s := newSite(t, true)
	b := s.visit("supplier")
	ctx := t.Context()
	extra := url.Values{
		"orgnr": {other.Org}, "number": {other.Org}, "org": {other.Org}, "owner": {other.Org}, "supplier": {other.Org}, "agency": {buyer.Org}, "verified": {"true"}, "fourEyes": {"true"}, "body": {"true"},
		"invented": {"false"}, "roles": {"operator"}, "createdAt": {"2020-01-01"}, "id": {newID()}, "identifiers": {"NTRSE-1"}, "_method": {"DELETE"}, "persona": {"editor"},
	}
	with := func(form url.Values) url.Values {
		for k, v := range extra {
			if _, own := form[k]; !own {
				form[k] = v
			}
		}
		return form
	}
	before := s.supplierText(other.Org)
	mine := s.supplierText(seller.Org)
	if a := b.post("/suppliers/"+seller.Org+"/edit", with(url.Values{"name": {"Nytt navn AS"}, "country": {"NO"}, "website": {"https://example.com"}})); a.code != 200 {
		t.Fatalf("%d %s", a.code, leading(a.body))
	}
	if now := s.supplierText(seller.Org); now != strings.Replace(mine, "Testsky AS", "Nytt navn AS", 1) {
		t.Errorf("more than the name is other:\n%s\n%s", mine, now)
	}
	if a := b.post("/suppliers/"+seller.Org+"/offerings/new", with(url.Values{"name": {"Nyeste"}, "model": {"saas"}, "regions": {"NO"}})); a.code != 200 {
		t.Fatalf("%d %s", a.code, leading(a.body))
	}
	if now := s.supplierText(other.Org); now != before {
		t.Errorf("another supplier is other:\n%s\n%s", before, now)
	}
	buying := s.visit("procurement")
	a := buying.post("/procurements", with(url.Values{"title": {"Nytt"}, "language": {"nb"}, "task": {s.web.Catalogue.Content().Tasks[0].ID}, "model": {"saas"}}))
	if a.code != 200 {
		t.Fatalf("%d %s", a.code, leading(a.body))
	}
	all, err := s.web.Procurements.List(ctx, buyer, "", 1)
	if err != nil || len(all) != 1 || all[0].Agency != organisation.Number(buyer.Org) || all[0].ID == extra.Get("id") || all[0].Title != "Nytt" || len(all[0].Bidders) != 0 {
		t.Errorf("%+v %v", all, err)
	}
}

// TestNamesOfUploadsArePlain holds that whatever a file is called, it is kept
// and sent on as one plain name.
func TestNamesOfUploadsArePlain(t *testing.T) {
	s := newSite(t, true)
	b := s.visit("supplier")
	path, kept := "/suppliers/"+seller.Org+"/evidence", 0
	for i, name := range []string{
		"../../etc/passwd.txt", "/etc/passwd.txt", `C:\Windows\a.txt`, `..\..\a.txt`, "a/../../b.txt", "a\r\nSet-Cookie: x=y.txt", "a\x00.txt", `a";filename="b.txt`, "....//a.txt",
		"%2e%2e%2fa.txt", strings.Repeat("æ", 400) + ".txt", "a\u202etxt.exe", ".txt", "-rf.txt", "=cmd.txt", "<script>.txt", "con.txt",
	} {
		body := []byte("Fil nummer " + strings.Repeat("x", i+1))
		b.upload(path, map[string]string{"kind": "policy", "visibility": "public"}, "file", name, body)
		sum := sha256.Sum256(body)
		a := b.get("/evidence/" + hex.EncodeToString(sum[:]))
		if a.code == http.StatusNotFound {
			continue // it was refused
		}
		kept++
		d := a.header.Get("Content-Disposition")
		plain, err := url.PathUnescape(strings.TrimPrefix(d, "attachment; filename*=UTF-8''"))
		if a.code != 200 || err != nil || !strings.HasPrefix(d, "attachment; ") || strings.ContainsAny(plain, "/\\\r\n\x00\u202e") || strings.HasPrefix(plain, "..") || len(a.header.Values("Set-Cookie")) > 0 || a.header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%q is sent on as %d %q", name, a.code, d)
		}
	}
	if kept < 5 {
		t.Errorf("only %d were taken", kept)
	}
}
