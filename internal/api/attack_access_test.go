package api

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"felleskrav/internal/access"
)

// allowedBy finds somebody who gets an operation done: of the owner when it has
// one.
func (g *gate) allowedBy(o *operation, c cell) visitor {
	g.t.Helper()
	for _, v := range g.everybody(c.owner) {
		if status, _ := c.want(v.actor, o.rule.action); status == c.good && v.actor.Org != "" && (c.owner == "" || v.actor.Org == c.owner) {
			return v
		}
	}
	g.t.Fatalf("nobody may do %s", o.id)
	return visitor{}
}

func newSiegeOfAll(t *testing.T) *gate {
	t.Helper()
	quiet(t)
	return &gate{world: newWorldOnSQLite(t), visitors: map[string]visitor{}}
}

// TestMassAssignment adds to every body of JSON, one at a time, fields that the
// things are stored with but that nobody can say: all are refused by name, and
// nothing is changed.
func TestMassAssignment(t *testing.T) {
	g := newSiegeOfAll(t)
	fields := map[string]any{
		"org": theirs, "orgnr": theirs, "owner": theirs, "agency": rival, "rev": 99, "verified": true, "createdAt": "2020-01-01T00:00:00Z", "id": nobody,
		"body": true, "invented": true, "state": "approved", "by": "x", "author": "x", "revokedAt": nil, "createdBy": "x", "__proto__": map[string]any{"roles": []string{"operator"}}, "constructor": nil,
		"Name": "Tyv", "NAME": "Tyv", "permissions": []string{"operator"},
	}
	tried := 0
	for _, o := range g.api.spec.list {
		c, ok := cells()[o.id]
		if !ok || o.rule.body == 0 || o.rule.raw {
			continue
		}
		t.Run(o.id, func(t *testing.T) {
			g.world.t = t
			v := g.allowedBy(o, c)
			ids, body := g.fresh(c)
			if c.body != nil {
				body = c.body(g.world, v.actor)
			}
			data, err := json.Marshal(body)
			if err != nil {
				t.Fatal(err)
			}
			before := g.contents()
			for name, value := range fields {
				var with map[string]any
				if err := json.Unmarshal(data, &with); err != nil {
					t.Fatal(err)
				}
				if _, declared := with[name]; declared {
					continue
				}
				if o.route.Operation.RequestBody.Value.Content["application/json"].Schema.Value.Properties[name] != nil {
					continue
				}
				with[name] = value
				r := g.do(v.name, o.method, g.path(o.path, ids)+c.query, with)
				if r.status != 400 || r.key() != "request.unknown-fields" || !strings.Contains(string(r.body), `"`+name+`"`) {
					t.Errorf("with %q: %d %.300s", name, r.status, r.body)
				}
				tried++
			}
			g.unchanged(before)
		})
	}
	g.world.t = t
	if tried < 300 {
		t.Errorf("only %d fields were tried", tried)
	}
}

// TestNotYoursIsAsNotThere holds that to others what is not for them, whatever it
// is, is in the whole answer as what nobody has.
func TestNotYoursIsAsNotThere(t *testing.T) {
	g := newSiegeOfAll(t)
	tried := 0
	for _, o := range g.api.spec.list {
		c, ok := cells()[o.id]
		if !ok || c.elsewhere != absent {
			continue
		}
		t.Run(o.id, func(t *testing.T) {
			g.world.t = t
			ids, body := g.fresh(c)
			none := maps.Clone(ids)
			for _, k := range []string{"/procurements/{id}", "{workbook}", "/checks/{id}", "/tokens/{id}", "/reviews/{digest}", "{sha256}"} {
				none[k] = nobody
				if k == "/reviews/{digest}" || k == "{sha256}" {
					none[k] = strings.Repeat("0123456789abcdef", 4)
				}
			}
			for _, v := range g.everybody(c.owner) {
				if status, _ := c.want(v.actor, o.rule.action); status != absent {
					continue
				}
				tried++
				there, gone := told(t, g.ask(o, c, v, ids, body)), told(t, g.ask(o, c, v, none, body))
				if d := cmp.Diff(gone, there); d != "" {
					t.Errorf("as %q, not there and not theirs differ (-not there +not theirs):\n%s", v.name, d)
				}
			}
		})
	}
	if tried < 20 {
		t.Errorf("only %d answers were compared", tried)
	}
}

// told is everything an answer tells but what is another each time.
func told(t *testing.T, r reply) string {
	t.Helper()
	header := r.header.Clone()
	for _, name := range []string{"Date", "X-Request-Id"} {
		header.Del(name)
	}
	var body map[string]any
	if err := json.Unmarshal(r.body, &body); err != nil {
		t.Fatalf("%s: %v", r.body, err)
	}
	delete(body, "instance")
	text, err := json.Marshal([]any{r.status, header, body})
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestTokenCountsInItsHeaderOnly sends a good token in every other place.
func TestTokenCountsInItsHeaderOnly(t *testing.T) {
	h := newHouse(t)
	secret := h.token("procurement")
	const path = "/api/v1/procurements"
	for _, name := range []string{"access_token", "token", "api_key", "key", "authorization", "Authorization", "bearer"} {
		h.want(401, "", "GET", path+"?"+name+"="+secret, nil)
		h.want(401, "", "GET", path, nil, "Cookie", name+"="+secret)
		if r := h.do("", "GET", "/api/v1/tasks?"+name+"="+secret, nil); r.status != 400 || strings.Contains(string(r.body), secret) {
			t.Errorf("%s: %d %s", name, r.status, r.body)
		}
	}
	for _, name := range []string{"X-Api-Key", "X-Auth-Token", "Proxy-Authorization", "X-Authorization", "X-Forwarded-User", "X-Remote-User", "X-Original-Authorization"} {
		h.want(401, "", "GET", path, nil, name, "Bearer "+secret)
	}
}

// TestMethodIsWhatItSays holds that no header or parameter makes a request
// another one, and that a method that is none of an address's tells nothing.
func TestMethodIsWhatItSays(t *testing.T) {
	g := newSiegeOfAll(t)
	path := "/api/v1/evidence/" + g.ids["{sha256}"]
	buyer := g.visitor(access.Procurement, agency, "good").name
	before := g.contents()
	for _, name := range []string{"X-Http-Method-Override", "X-Http-Method", "X-Method-Override"} {
		g.want(200, "supplier", "GET", path, nil, name, "DELETE")
		g.want(401, "", "POST", "/api/v1/procurements", "{}", name, "GET")
	}
	g.want(400, "supplier", "GET", path+"?_method=DELETE", nil)
	for _, o := range g.api.spec.list {
		c, ok := cells()[o.id]
		if !ok || o.method != "GET" || !access.Restricted(o.rule.action) {
			continue
		}
		for _, method := range []string{"HEAD", "OPTIONS", "TRACE", "PATCH", "PROPFIND"} {
			for _, who := range []string{"", buyer} {
				r := g.do(who, method, g.path(o.path, g.ids)+c.query, nil)
				if r.status != http.StatusNotFound && r.status != http.StatusMethodNotAllowed || strings.Contains(fmt.Sprint(string(r.body), r.header), g.tender.Title) {
					t.Errorf("%s %s as %q: %d %v %s", method, o.path, who, r.status, r.header, r.body)
				}
			}
		}
	}
	g.unchanged(before)
}

// TestDeepJSON holds that nesting costs neither an answer nor the server.
func TestDeepJSON(t *testing.T) {
	h := newHouse(t)
	for _, body := range []string{
		strings.Repeat("[", 30000), strings.Repeat("[", 30000) + strings.Repeat("]", 30000), strings.Repeat(`{"a":`, 10000) + "1" + strings.Repeat("}", 10000),
		`{"name":` + strings.Repeat("[", 9000) + strings.Repeat("]", 9000) + `}`, `{"name":1e999999999}`, `{"name":"` + strings.Repeat(`\u0000`, 5000) + `"}`,
	} {
		if r := h.do("supplier", "PUT", "/api/v1/suppliers/"+ours, body); r.status != 400 && r.status != 422 || len(r.body) > 4000 {
			t.Errorf("%.20s…: %d, %d bytes", body, r.status, len(r.body))
		}
	}
	h.want(404, "", "GET", "/api/v1/suppliers/"+ours, nil)
}
