package api

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/gin-gonic/gin"

	"felleskrav/internal/access"
	"felleskrav/internal/apidoc"
)

func TestEveryOperationHasARule(t *testing.T) {
	c, err := loadContract()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, o := range c.list {
		if o.id == "" || seen[o.id] {
			t.Errorf("%s %s: operationId %q is missing or used twice", o.method, o.path, o.id)
		}
		seen[o.id] = true
		_, ruled := rules[o.id]
		if ruled == open[o.id] {
			t.Errorf("%s must be either in rules or in open", o.id)
		}
		if ruled && !slices.Contains(access.Actions(), o.rule.action) {
			t.Errorf("%s names an action that the policy does not know: %q", o.id, o.rule.action)
		}
		if hasBody := o.route.Operation.RequestBody != nil; ruled && hasBody != (o.rule.body != 0) {
			t.Errorf("%s: has a body: %v, its rule allows %d bytes", o.id, hasBody, o.rule.body)
		}
		if ruled && o.route.Operation.Responses.Default() == nil {
			t.Errorf("%s does not say how it refuses", o.id)
		}
		if len(o.route.Operation.Tags) != 1 || o.route.Operation.Summary == "" {
			t.Errorf("%s must have one tag and a summary", o.id)
		}
		// What the public may not do must say in the contract that it wants a token.
		_, public := access.ScopeFor(access.Anyone(), o.rule.action)
		if says := o.secured; ruled && says == (public == nil) {
			t.Errorf("%s: security in the contract is %v, the policy says otherwise", o.id, says)
		}
	}
	for id := range rules {
		if !seen[id] {
			t.Errorf("the rule of %s has no operation", id)
		}
	}
}

// TestRoutesAndPathsAreTheSame holds that every route is in the contract and
// every path of it is served.
func TestRoutesAndPathsAreTheSame(t *testing.T) {
	h := newHouse(t)
	engine := h.server.Config.Handler.(*gin.Engine)
	served := map[string]bool{}
	for _, r := range engine.Routes() {
		served[r.Method+" "+r.Path] = true
		if _, ok := h.api.spec.operations[r.Method+" "+r.Path]; !ok {
			t.Errorf("%s %s is served but not in the contract", r.Method, r.Path)
		}
	}
	for key := range h.api.spec.operations {
		if !served[key] && key != "GET /docs" { // which is one of the pages
			t.Errorf("%s is in the contract but not served", key)
		}
	}
}

func TestServedContract(t *testing.T) {
	h := newHouse(t)
	r := h.want(200, "", "GET", "/openapi.json", nil)
	if string(r.body) != string(h.api.spec.json) {
		t.Error("what is served is not the embedded contract")
	}
	if strings.Contains(string(r.body), "x-go-") || strings.Contains(string(r.body), "felleskrav/internal") {
		t.Error("the served contract tells how the program is built")
	}
	doc, err := openapi3.NewLoader().LoadFromData(r.body)
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Validate(t.Context()); err != nil {
		t.Error(err)
	}
	if doc.OpenAPI != "3.1.0" {
		t.Errorf("served as %s", doc.OpenAPI)
	}
	// Every object a request holds refuses what it does not know.
	for name, s := range doc.Components.Schemas {
		if input := strings.HasSuffix(name, "Input") || name == "Draft" || name == "Answer" || name == "Choice" || name == "Bidder" || name == "Override"; input {
			if s.Value.AdditionalProperties.Has == nil || *s.Value.AdditionalProperties.Has {
				t.Errorf("%s takes unknown fields", name)
			}
		}
	}
}

func TestDocument(t *testing.T) {
	doc, err := Document("https://test.example")
	if err != nil {
		t.Fatal(err)
	}
	spec, err := loadContract()
	if err != nil {
		t.Fatal(err)
	}
	shown := map[string]int{}
	for _, tag := range doc.Tags {
		names := map[string]bool{}
		for _, s := range tag.Schemas {
			names[s.Name] = true
		}
		refers := func(where string, kind apidoc.Type) {
			if kind.Schema != "" && !names[kind.Schema] {
				t.Errorf("%s: %s refers to %s, which is not described there", tag.Name, where, kind.Schema)
			}
		}
		for _, o := range tag.Operations {
			shown[o.ID]++
			if !strings.Contains(o.Example, "https://test.example/") || strings.ContainsAny(o.Example, "{}") && !strings.Contains(o.Example, " -d '") {
				t.Errorf("the example of %s is %s", o.ID, o.Example)
			}
			if len(o.Answers) == 0 || o.Summary == "" {
				t.Errorf("%s has no answer or no summary", o.ID)
			}
			for _, p := range o.Parameters {
				refers(o.ID+" "+p.Name, p.Type)
			}
			for _, a := range o.Answers {
				for _, m := range a.Media {
					refers(o.ID+" "+a.Status, m.Type)
				}
			}
			for _, m := range o.Body.Media {
				refers(o.ID, m.Type)
			}
		}
		for _, s := range tag.Schemas {
			if len(s.Properties) == 0 && s.Type == (apidoc.Type{}) {
				t.Errorf("%s says nothing", s.Name)
			}
			for _, p := range s.Properties {
				refers(s.Name+" "+p.Name, p.Type)
			}
		}
	}
	for _, o := range spec.list {
		if shown[o.id] != 1 {
			t.Errorf("%s is shown %d times", o.id, shown[o.id])
		}
	}
}

func TestOperation(t *testing.T) {
	h := newHouse(t)
	for path, want := range map[string]string{"/healthz": "ok", "/readyz": "ready", "/metrics": "felleskrav_http_request_duration_seconds"} {
		h.want(200, "", "GET", "/healthz", nil)
		if r := h.want(200, "", "GET", path, nil); !strings.Contains(string(r.body), want) {
			t.Errorf("%s: %.200s", path, r.body)
		}
	}
	if r := h.want(404, "", "GET", "/api/v1/nothing", nil); r.key() != "request.no-route" {
		t.Errorf("unknown address: %s", r.body)
	}
	r := h.want(405, "", "DELETE", "/api/v1/tasks", nil)
	if r.key() != "request.method" || !strings.Contains(r.header.Get("Allow"), http.MethodGet) {
		t.Errorf("wrong method: %s %v", r.body, r.header)
	}
	page := h.want(404, "", "GET", "/nothing", nil, "Accept", "text/html", "Accept-Language", "nn")
	if !strings.HasPrefix(page.header.Get("Content-Type"), "text/html") || !strings.Contains(string(page.body), "Ikkje funne") {
		t.Errorf("a browser got %s", page.body)
	}
}
