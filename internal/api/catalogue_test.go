package api

import (
	"encoding/json"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"felleskrav/internal/catalogue"
	"felleskrav/internal/selection"
)

func TestCatalogue(t *testing.T) {
	h := newHouse(t)
	c := h.api.Catalogue.Content()
	count := func(path string, want int) {
		t.Helper()
		var list struct {
			Items []json.RawMessage
			Next  string
		}
		h.want(200, "", "GET", "/api/v1/"+path, nil).into(t, &list)
		here := min(want, 200) // a page holds no more
		if len(list.Items) != here || want == 0 || (list.Next != "") != (want > here) {
			t.Errorf("%s has %d items and next %q, want %d of %d", path, len(list.Items), list.Next, here, want)
		}
	}
	count("tasks", len(c.Tasks))
	count("information-types", len(c.InformationTypes))
	count("levels", 4)
	count("measures", len(c.Measures))
	count("sources", len(c.Sources))
	count("requirements", len(c.Requirements()))
	count("requirements?set=grunnsett", len(c.SetRequirements("grunnsett")))
	count("requirements?theme="+c.Themes[0].ID, len(c.Themes[0].Requirements))
	count("requirement-sets", len(c.Sets))
	h.want(404, "", "GET", "/api/v1/requirements?theme=nothing", nil)
	h.want(404, "", "GET", "/api/v1/requirements?set=nothing", nil)

	// Pages hold every item once, in order.
	var got []string
	for path, pages := "/api/v1/measures?limit=7", 0; path != ""; pages++ {
		var page MeasureList
		h.want(200, "", "GET", path, nil).into(t, &page)
		for _, m := range page.Items {
			got = append(got, m.ID)
		}
		path = ""
		if page.Next != "" {
			path = "/api/v1/measures?limit=7&cursor=" + page.Next
		}
		if pages > len(c.Measures) {
			t.Fatal("the pages do not end")
		}
	}
	for i, m := range c.Measures {
		if i >= len(got) || got[i] != m.ID {
			t.Fatalf("paged as %v", got)
		}
	}
	if r := h.want(400, "", "GET", "/api/v1/measures?cursor=T-NOTHING", nil); r.key() != "request.cursor" {
		t.Errorf("cursor: %s", r.body)
	}
}

func TestSetVersion(t *testing.T) {
	h := newHouse(t)
	v, _ := h.api.Catalogue.Content().Version("grunnsett", "")
	path := "/api/v1/requirement-sets/grunnsett/versions/"
	r := h.want(200, "", "GET", path+v.Version, nil, "Accept", "application/json")
	if digestOf(r.body) != v.Digest || r.header.Get("ETag") != `"`+v.Digest+`"` || !strings.Contains(r.header.Get("Cache-Control"), "immutable") {
		t.Errorf("not the exact bytes: %s, %v", digestOf(r.body), r.header)
	}
	h.want(304, "", "GET", path+v.Version, nil, "If-None-Match", `W/"x", `+r.header.Get("ETag"))
	if latest := h.want(200, "", "GET", path+"latest", nil); string(latest.body) != string(r.body) || strings.Contains(latest.header.Get("Cache-Control"), "immutable") {
		t.Errorf("latest is kept as %s", latest.header.Get("Cache-Control"))
	}
	var fromJSON, fromYAML any
	r.into(t, &fromJSON)
	for _, y := range []reply{h.want(200, "", "GET", path+v.Version+"?format=yaml", nil), h.want(200, "", "GET", path+v.Version, nil, "Accept", "application/yaml")} {
		if err := yaml.Unmarshal(y.body, &fromYAML); err != nil || y.header.Get("Content-Type") != "application/yaml" {
			t.Fatal(err, y.header)
		}
		a, _ := json.Marshal(fromJSON)
		b, _ := json.Marshal(fromYAML)
		if string(a) != string(b) {
			t.Error("YAML holds something else than JSON")
		}
		if strings.HasPrefix(string(y.body), "{") {
			t.Error("YAML is not for reading")
		}
	}
	if n := h.want(404, "", "GET", path+"9.9.9", nil); n.key() != "set.not-found" {
		t.Errorf("unknown version: %s", n.body)
	}
	h.want(404, "", "GET", "/api/v1/requirement-sets/nothing/versions/1.0.0", nil)
	var d SetDiff
	h.want(200, "", "GET", "/api/v1/requirement-sets/grunnsett/diff?from="+v.Version, nil).into(t, &d)
	if len(d.Changes) != len(v.Requirements) || d.Changes[0].Kind != catalogue.ChangeUnchanged || d.From.Digest != v.Digest {
		t.Errorf("diff %+v", d)
	}
	h.want(404, "", "GET", "/api/v1/requirement-sets/grunnsett/diff?from=0.0.1&to="+v.Version, nil)
	if n := h.want(422, "", "GET", "/api/v1/requirement-sets/grunnsett/diff", nil); n.key() != "invalid.fields" {
		t.Errorf("without from: %s", n.body)
	}
}

func TestSelection(t *testing.T) {
	h := newHouse(t)
	task := h.api.Catalogue.Content().Tasks[0].ID
	in := selection.Input{Tasks: []string{task}, DeliveryModels: []catalogue.DeliveryModel{catalogue.ModelSaaS}}
	var out selection.Result
	first := h.want(200, "", "POST", "/api/v1/selections", in)
	first.into(t, &out)
	if len(out.Requirements) == 0 || len(out.Levels) != 3 || len(out.Requirements[0].Triggers) == 0 {
		t.Errorf("selected %+v", out)
	}
	if again := h.want(200, "", "POST", "/api/v1/selections", in); string(again.body) != string(first.body) {
		t.Error("the same input gave another result")
	}
	in.Tasks = []string{task[:len(task)-1]}
	r := h.want(422, "", "POST", "/api/v1/selections?lang=en", in)
	if r.key() != "selection.invalid" || !strings.Contains(string(r.body), "Did you mean") || !strings.Contains(string(r.body), task) {
		t.Errorf("a misspelt task: %s", r.body)
	}
}
