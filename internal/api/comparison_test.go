package api

import (
	"bytes"
	"context"
	"encoding/xml"
	"fmt"
	"image/png"
	"slices"
	"strings"
	"testing"
	"time"

	"felleskrav/internal/access"
	"felleskrav/internal/attestation"
	"felleskrav/internal/procurement"
)

// TestOnlyTheBodyItselfSeesAComparison asks every address of a comparison as
// every role of the body, of another body and of the bidder, and as nobody. To
// others the procurement is as one that is not there, before and after the
// deadline.
func TestOnlyTheBodyItselfSeesAComparison(t *testing.T) {
	h := newHouse(t)
	p := h.begun()
	want := map[string]int{
		"": 401, "procurement": 200, "adviser": 200, "editor": 403, "supplier": 403, "supplier@" + theirs: 403,
		"procurement@" + rival: 404, "adviser@" + rival: 404, "editor@" + rival: 403,
	}
	for _, wait := range []time.Duration{0, 60 * 24 * time.Hour} {
		h.add(wait)
		for who, status := range want {
			for _, query := range []string{"", "?format=json", "?format=svg", "?format=png", "?format=svg&lang=en"} {
				path := "/api/v1/procurements/%s/comparison" + query
				r := h.want(status, who, "GET", fmt.Sprintf(path, p.ID), nil)
				if status == 200 {
					continue
				}
				if r.key() == "" || bytes.Contains(r.body, []byte("Ukjent")) || bytes.Contains(r.body, []byte(p.Title)) {
					t.Errorf("%s as %q: %s", query, who, r.body)
				}
				gone := h.do(who, "GET", fmt.Sprintf(path, nobody), nil)
				if gone.status != r.status || gone.key() != r.key() || len(gone.body) != len(r.body) {
					t.Errorf("%s as %q: %d %s, but for one that is not there %d %s", query, who, r.status, r.body, gone.status, gone.body)
				}
			}
		}
	}
	h.want(422, "procurement", "GET", "/api/v1/procurements/"+p.ID+"/comparison?format=pdf", nil)
}

// TestComparisonAsDataAndPicture holds that the numbers are the same.
func TestComparisonAsDataAndPicture(t *testing.T) {
	h := newHouse(t)
	p := h.begun()
	path := "/api/v1/procurements/" + p.ID
	var before Comparison
	h.want(200, "procurement", "GET", path+"/comparison", nil).into(t, &before)
	if before.ContractEnd != "" || len(before.Bidders[0].Coverage) != 0 {
		t.Errorf("no end is set, and it says %+v", before.Bidders[0].Coverage)
	}
	in := ProcurementInput{Title: p.Title, Input: p.Input, Bidders: p.Bidders, Deadline: *p.Deadline}
	for _, bad := range []string{"2029-02-30", "2026-11-01"} {
		in.ContractEnd = procurement.Day(bad)
		if r := h.want(422, "procurement", "PUT", path, in); !strings.Contains(string(r.body), "contractEnd") {
			t.Errorf("%s: %s", bad, r.body)
		}
	}
	in.ContractEnd = "2031-06-30"
	var saved procurement.Procurement
	h.want(200, "procurement", "PUT", path, in).into(t, &saved)
	if saved.ContractEnd != in.ContractEnd {
		t.Errorf("the contract ends %q", saved.ContractEnd)
	}
	// The first minimum requirement is the first that nobody meets.
	at := slices.IndexFunc(before.Rows, func(r ComparedRow) bool { return r.Type == "A" })
	first, second := before.Rows[at].Requirement, before.Rows[at+1].Requirement
	actor := access.Actor{ID: "x", Org: agency, Roles: []access.Role{access.Procurement}}
	if _, err := h.api.Procurements.AddResponse(context.Background(), actor, p.ID, procurement.Response{Supplier: ours, Answers: []procurement.ResponseAnswer{
		{Requirement: first, Status: attestation.NotMet, Statement: "Ikke i dag."}, {Requirement: second, Status: attestation.Met, Deviation: "Ikke for arkivet."},
	}}); err != nil {
		t.Fatal(err)
	}
	var c Comparison
	h.want(200, "adviser", "GET", path+"/comparison?format=json", nil).into(t, &c)
	if len(c.Deviations) != 2 || c.Deviations[0].Requirement != first || !c.Deviations[0].Contradicts || c.Deviations[0].Declared != "met" || c.Deviations[0].Statement != "Ikke i dag." ||
		c.Deviations[1].Deviation != "Ikke for arkivet." || c.Deviations[1].Contradicts || c.Deviations[1].Supplier != ours {
		t.Errorf("deviations %+v", c.Deviations)
	}
	if len(c.Gaps) != len(c.Rows) || c.Gaps[0].Requirement != first { // the second bidder has said nothing
		t.Errorf("%d gaps, the first %+v", len(c.Gaps), c.Gaps[0])
	}
	for i, g := range c.Gaps {
		row := c.Rows[slices.IndexFunc(c.Rows, func(r ComparedRow) bool { return r.Requirement == g.Requirement })]
		nobodyDoes := row.Cells[0].Answer != "met"
		if g.Nobody != nobodyDoes || len(g.Suppliers) == 2 != nobodyDoes || i > 0 && g.Type == "A" && c.Gaps[i-1].Type == "B" {
			t.Errorf("gap %d: %+v", i, g)
		}
	}
	total := 0
	for _, x := range c.Themes {
		total += x.Bidders[0].Counts.Total()
	}
	if total != len(c.Rows) || c.Bidders[0].Counts.Total() != total {
		t.Errorf("themes sum to %d of %d", total, len(c.Rows))
	}
	for _, x := range c.Bidders[0].Coverage {
		if x.Set == "skytjenester" && (x.Lasts != "ends-earlier" || x.MissingDays < 300 || x.LastDay == "") || x.Set != "skytjenester" && x.Lasts != "none" {
			t.Errorf("coverage %+v", x)
		}
	}
	if x := c.Bidders[1].Coverage; len(x) != 1 || x[0].Lasts != "none" {
		t.Errorf("coverage of one without an offering: %+v", x)
	}

	svg := h.want(200, "procurement", "GET", path+"/comparison?format=svg&lang=nn", nil)
	var doc struct {
		Lang string `xml:"lang,attr"`
		Desc string `xml:"desc"`
	}
	if err := xml.Unmarshal(svg.body, &doc); err != nil {
		t.Fatal(err)
	}
	n := c.Bidders[0].Counts
	for _, words := range []string{fmt.Sprintf("Oppfylt %d", n.Met), "Ikkje oppfylt 1", fmt.Sprintf("Ukjent AS: Ikkje svara på %d", len(c.Rows))} {
		if !strings.Contains(doc.Desc, words) {
			t.Errorf("the picture does not say %q: %s", words, doc.Desc)
		}
	}
	if svg.header.Get("Content-Type") != "image/svg+xml" || svg.header.Get("Cache-Control") != "no-store" || doc.Lang != "nn" {
		t.Errorf("sent as %v in %q", svg.header, doc.Lang)
	}
	picture := h.want(200, "procurement", "GET", path+"/comparison?format=png", nil)
	if img, err := png.Decode(bytes.NewReader(picture.body)); err != nil || img.Bounds().Dx() < 1000 {
		t.Errorf("the picture cannot be read: %v", err)
	}
	if picture.header.Get("Content-Type") != "image/png" || picture.header.Get("Cache-Control") != "no-store" {
		t.Errorf("sent as %v", picture.header)
	}
}
