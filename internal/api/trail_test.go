package api

import (
	"bytes"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"testing"

	"felleskrav/internal/trail"
)

// entries gives the trail, oldest first, once everything that waits is written.
func (h *house) entries() []trail.Entry {
	h.t.Helper()
	// Whatever was asked for before this one is written before it.
	if err := h.trail.Record(h.t.Context(), trail.Entry{Actor: "test", Action: "mark"}); err != nil {
		h.t.Fatal(err)
	}
	var out []trail.Entry
	for e, err := range trail.All(h.t.Context(), h.store, 0) {
		if err != nil {
			h.t.Fatal(err)
		}
		if e.Action != "mark" {
			out = append(out, e)
		}
	}
	return out
}

// last is the newest entry of an operation.
func (h *house) last(operation string) (found trail.Entry) {
	h.t.Helper()
	for _, e := range h.entries() {
		if e.Operation == operation {
			found = e
		}
	}
	return found
}

func about(e trail.Entry, id string) bool {
	return slices.ContainsFunc(e.Targets, func(t trail.Target) bool { return t.ID == id })
}

func TestTrailTellsWhoDidWhat(t *testing.T) {
	h := newHouse(t)
	p := h.begun()
	made := h.last("POST /api/v1/procurements")
	if !strings.HasPrefix(made.Actor, "token:") || made.Org != agency || made.Action != "procurement.write" || made.Status != 201 || !about(made, p.ID) || made.Address == "" || made.Request == "" {
		t.Errorf("a change: %+v", made)
	}
	h.want(200, "procurement", "GET", "/api/v1/procurements/"+p.ID, nil)
	if e := h.last("GET /api/v1/procurements/:id"); e.Org != agency || !about(e, p.ID) {
		t.Errorf("a read of what is for some: %+v", e)
	}
	// Denied: not the role, and not the organisation.
	h.want(403, "supplier", "POST", "/api/v1/procurements", ProcurementInput{Title: "x"})
	if e := h.last("POST /api/v1/procurements"); e.Status != 403 || e.Problem != "access.denied" || e.Org != ours {
		t.Errorf("a denied attempt: %+v", e)
	}
	h.want(403, "supplier@"+rival, "PUT", "/api/v1/suppliers/"+ours, SupplierInput{Name: "Tyv AS"})
	if e := h.last("PUT /api/v1/suppliers/:orgnr"); e.Status != 403 || e.Org != rival || e.Owner != ours {
		t.Errorf("an attempt on somebody else's: %+v", e)
	}
	// Documentation: only what is not for all.
	for _, visibility := range []string{"public", "agencies"} {
		body := []byte("file that is " + visibility)
		h.want(201, "supplier", "POST", "/api/v1/evidence?kind=policy&name=a.txt&visibility="+visibility, body)
		if e := h.last("POST /api/v1/evidence"); !about(e, digestOf(body)) {
			t.Errorf("a new file: %+v", e)
		}
		for _, path := range []string{"", "/about"} {
			before := len(h.entries())
			h.want(200, "adviser", "GET", "/api/v1/evidence/"+digestOf(body)+path, nil)
			after := h.entries()
			if got := len(after) - before; (got == 1) != (visibility != "public") {
				t.Errorf("%d entries for a read of a %s file%s", got, visibility, path)
			} else if got == 1 && (after[before].Owner != ours || after[before].Org != agency || !about(after[before], digestOf(body))) {
				t.Errorf("%+v", after[before])
			}
		}
	}
	// What leaves nothing behind, and what is for all, is no entry.
	before := len(h.entries())
	h.want(200, "procurement", "GET", "/api/v1/suppliers", nil)
	h.want(200, "procurement", "POST", "/api/v1/selections", map[string]any{"tasks": []string{h.api.Catalogue.Content().Tasks[0].ID}, "deliveryModels": []string{"saas"}})
	h.want(401, "", "POST", "/api/v1/procurements", ProcurementInput{Title: "x"})
	if after := h.entries(); len(after) != before {
		t.Errorf("entries nobody asked for: %+v", after[before:])
	}
	if v, err := trail.Verify(t.Context(), h.store, nil); err != nil || !v.OK {
		t.Errorf("%+v %v", v, err)
	}
}

func TestTrailIsReadByThoseItConcerns(t *testing.T) {
	h := newHouse(t)
	p := h.begun()
	body := []byte("a file for agencies")
	h.want(201, "supplier", "POST", "/api/v1/evidence?kind=policy&name=a.txt&visibility=agencies", body)
	h.want(200, "adviser", "GET", "/api/v1/evidence/"+digestOf(body), nil)
	h.entries()
	list := func(who, query string) (out TrailList) {
		t.Helper()
		h.want(200, who, "GET", "/api/v1/trail"+query, nil).into(t, &out)
		return out
	}
	for _, e := range list("supplier-admin", "").Items {
		if e.Org != ours && e.Owner != ours {
			t.Errorf("a supplier sees %+v", e)
		}
		if e.Org != ours && (e.Actor != "" || e.Address != "" || e.Request != "") {
			t.Errorf("a supplier sees who it was: %+v", e)
		}
	}
	if got := list("supplier-admin", "?target="+digestOf(body)).Items; len(got) < 2 || got[0].Org != agency || got[0].Action != "evidence.read" {
		t.Errorf("who read our file: %+v", got)
	}
	if got := list("supplier-admin", "?target="+p.ID).Items; len(got) != 0 {
		t.Errorf("a supplier sees a procurement: %+v", got)
	}
	if got := list("agency-admin", "?target="+p.ID).Items; len(got) != 1 || got[0].Actor == "" {
		t.Errorf("%+v", got)
	}
	for _, e := range list("supplier-admin@"+rival, "").Items {
		if e.Org != rival {
			t.Errorf("a rival sees %+v", e)
		}
	}
	// Pages, without a gap and without the same twice.
	var seen []int64
	for cursor := ""; ; {
		page := list("operator", "?limit=3"+cursor)
		for _, e := range page.Items {
			if len(seen) > 0 && e.Seq >= seen[len(seen)-1] {
				t.Fatalf("%d after %v", e.Seq, seen)
			}
			seen = append(seen, e.Seq)
		}
		if page.Next == "" {
			break
		}
		cursor = "&cursor=" + page.Next
	}
	if len(seen) < 6 || seen[len(seen)-1] != 1 {
		t.Errorf("pages %v", seen)
	}
	for _, who := range []string{"procurement", "adviser", "editor"} {
		h.want(403, who, "GET", "/api/v1/trail", nil)
		h.want(403, who, "GET", "/api/v1/trail/export", nil)
	}
	h.want(401, "", "GET", "/api/v1/trail", nil)
	h.want(400, "operator", "GET", "/api/v1/trail?cursor=x", nil)
	if got := list("operator", "?from="+url.QueryEscape("2030-01-01T00:00:00Z")).Items; len(got) != 0 {
		t.Errorf("%+v", got)
	}
	if r := h.want(200, "agency-admin", "GET", "/api/v1/trail/export", nil); !bytes.HasPrefix(r.body, []byte("seq,at,actor")) || !bytes.Contains(r.body, []byte(p.ID)) {
		t.Errorf("%s", r.body)
	}
	r := h.want(200, "supplier-admin", "GET", "/api/v1/trail/export?format=jsonl", nil)
	for line := range bytes.Lines(r.body) {
		var v trail.View
		if err := json.Unmarshal(line, &v); err != nil || v.Org != ours && v.Owner != ours {
			t.Errorf("%s: %v", line, err)
		}
	}
	if e := h.last("GET /api/v1/trail/export"); e.Action != "trail.read" {
		t.Errorf("the export itself: %+v", e)
	}
}

// Nothing of what is sent but ids of ours in the address is kept.
func TestTrailKeepsNothingThatWasSent(t *testing.T) {
	h := newHouse(t)
	h.supplierWith(ours)
	const national, secret = "01019012345", "hemmelig-verdi"
	h.do("supplier", "PUT", "/api/v1/suppliers/"+ours+"?x="+national, SupplierInput{Name: secret}, "X-Secret", secret, "User-Agent", national)
	h.do("supplier", "PUT", "/api/v1/suppliers/"+ours, SupplierInput{Name: secret, Country: "NO"}, "X-Request-Id", secret)
	h.do("editor", "PUT", "/api/v1/suppliers/"+national, SupplierInput{Name: secret})
	h.do("supplier", "POST", "/api/v1/requirements/"+national+"/reports", map[string]any{"kind": "unclear", "text": secret})
	h.do("supplier", "POST", "/api/v1/suppliers/"+secret+"/keys", map[string]any{"x": national})
	h.do("procurement", "GET", "/api/v1/procurements/"+national+"?q="+secret, nil)
	all, err := json.Marshal(h.entries())
	if err != nil {
		t.Fatal(err)
	}
	for who, token := range h.tokens {
		if bytes.Contains(all, []byte(token)) {
			t.Errorf("the token of %s is in the trail", who)
		}
	}
	for _, s := range []string{national, secret, "Prøve"} {
		if bytes.Contains(all, []byte(s)) {
			t.Errorf("%q is in the trail:\n%s", s, all)
		}
	}
}

// A change that cannot be told of is not said to be made.
func TestNoAnswerWithoutATrail(t *testing.T) {
	h := newHouse(t)
	h.begun()
	h.trail.Close()
	if r := h.do("supplier", "PUT", "/api/v1/suppliers/"+ours, SupplierInput{Name: "Nytt navn", Country: "NO"}); r.status != 503 || r.key() != "request.trail" || bytes.Contains(r.body, []byte("Nytt navn")) {
		t.Errorf("%d %s", r.status, r.body)
	}
	h.want(200, "procurement", "GET", "/api/v1/procurements", nil)
	if r := h.do("supplier", "POST", "/api/v1/procurements", ProcurementInput{Title: "x"}); r.status != 503 {
		t.Errorf("a denied attempt: %d", r.status)
	}
}
