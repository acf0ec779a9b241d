package api

import (
	"archive/zip"
	"bytes"
	"io"
	"regexp"
	"strings"
	"testing"

	"felleskrav/internal/catalogue"
	"felleskrav/internal/organisation"
	"felleskrav/internal/procurement"
	"felleskrav/internal/selection"
	"felleskrav/internal/workbook"
	"felleskrav/internal/workbook/workbooktest"
)

// begun makes a procurement with our supplier as bidder, who has declared.
func (h *house) begun() procurement.Procurement {
	h.t.Helper()
	offering, key := h.supplierWith(ours)
	h.declare(ours, offering, "skytjenester", key)
	in := ProcurementInput{
		Title: "Nytt sakssystem", Reference: "26/1", Deadline: h.now().AddDate(0, 1, 0), Language: "nb",
		Input:   selection.Input{Tasks: []string{h.api.Catalogue.Content().Tasks[0].ID}, DeliveryModels: []catalogue.DeliveryModel{catalogue.ModelSaaS}},
		Bidders: []Bidder{{Supplier: ours, Offering: offering}, {Supplier: theirs, Name: "Ukjent AS"}},
	}
	var p procurement.Procurement
	r := h.want(201, "procurement", "POST", "/api/v1/procurements", in)
	r.into(h.t, &p)
	if r.header.Get("Location") != "/api/v1/procurements/"+p.ID || r.header.Get("ETag") != etag(p.Rev) || p.Agency != agency || len(p.Sets) == 0 {
		h.t.Fatalf("begun as %s %+v", r.header.Get("Location"), p)
	}
	return p
}

func TestProcurement(t *testing.T) {
	h := newHouse(t)
	p := h.begun()
	path := "/api/v1/procurements/" + p.ID
	h.want(200, "adviser", "GET", path, nil)
	// Another body's procurement does not show at all.
	for _, sub := range []string{"", "/workbook", "/comparison"} {
		h.want(404, "procurement@"+rival, "GET", path+sub, nil)
	}
	in := ProcurementInput{Title: "Nytt navn", Input: p.Input, Bidders: p.Bidders, Choices: []Choice{{Requirement: "K-NO-01", Type: "A"}}}
	if r := h.want(422, "procurement", "PUT", path, in); r.key() != "procurement.invalid" || !strings.Contains(string(r.body), "choices[0].requirement") {
		t.Errorf("unknown requirement: %s", r.body)
	}
	in.Choices = nil
	tag := h.want(200, "procurement", "GET", path, nil).header.Get("ETag")
	h.want(200, "procurement", "PUT", path, in, "If-Match", tag)
	if r := h.want(412, "procurement", "PUT", path, in, "If-Match", tag); r.key() != "procurement.stale" {
		t.Errorf("stale: %s", r.body)
	}
	h.want(404, "procurement@"+rival, "PUT", path, in)
	h.want(403, "adviser", "PUT", path, in)
	var c Comparison
	h.want(200, "procurement", "GET", path+"/comparison", nil).into(t, &c)
	if len(c.Bidders) != 2 || len(c.Rows) == 0 || len(c.Rows[0].Cells) != 2 || c.Rows[0].Cells[0].Source != "declaration" || c.Rows[0].Cells[1].Source != "none" {
		t.Errorf("compared %+v", c.Rows[0])
	}

	for range 2 {
		h.want(201, "procurement", "POST", "/api/v1/procurements", in)
	}
	var all, first, second ProcurementList
	h.want(200, "procurement", "GET", "/api/v1/procurements", nil).into(t, &all)
	h.want(200, "procurement", "GET", "/api/v1/procurements?limit=2", nil).into(t, &first)
	h.want(200, "procurement", "GET", "/api/v1/procurements?limit=2&cursor="+first.Next, nil).into(t, &second)
	if len(all.Items) != 3 || len(first.Items) != 2 || len(second.Items) != 1 || second.Items[0].ID != p.ID || second.Next != "" {
		t.Errorf("pages of %d, %d and %d", len(all.Items), len(first.Items), len(second.Items))
	}
	var none ProcurementList
	h.want(200, "procurement@"+rival, "GET", "/api/v1/procurements", nil).into(t, &none)
	if len(none.Items) != 0 {
		t.Error("a body sees another's procurements")
	}
}

var xlsx = workbook.XLSX.MediaType()

// TestTenderForPrograms asks for the tender as CSV and JSON, with the columns
// the buyer chose.
func TestTenderForPrograms(t *testing.T) {
	h := newHouse(t)
	p := h.begun()
	path := "/api/v1/procurements/" + p.ID
	in := ProcurementInput{Title: p.Title, Input: p.Input, Bidders: p.Bidders, Choices: p.Choices, Columns: []procurement.Column{"number", "id", "requirement", "met", "answer"}}
	var changed procurement.Procurement
	h.want(200, "procurement", "PUT", path, in).into(t, &changed)
	if len(changed.Columns) != 5 {
		t.Errorf("columns %v", changed.Columns)
	}
	in.Columns = []procurement.Column{"id", "met", "answer"}
	if r := h.want(422, "procurement", "PUT", path, in); !strings.Contains(string(r.body), "procurement.column-required") {
		t.Errorf("without the requirement: %s", r.body)
	}
	csv := h.want(200, "procurement", "GET", path+"/workbook?format=csv&supplier="+ours, nil)
	text := string(csv.body)
	if csv.header.Get("Content-Type") != "text/csv; charset=utf-8" || !strings.Contains(csv.header.Get("Content-Disposition"), ".csv") {
		t.Errorf("sent as %v", csv.header)
	}
	if head, _, _ := strings.Cut(text, "\r\n"); head != "\ufeffSlag;Nr.;Krav-ID;Krav;Oppfylt?;Leverandørens svar" || !strings.Contains(text, ";1.1.1;K-") {
		t.Errorf("head %q", head)
	}
	var doc workbook.Document
	r := h.want(200, "procurement", "GET", path+"/workbook?format=json&lang=en", nil)
	r.into(t, &doc)
	if r.header.Get("Content-Type") != "application/json" || doc.Language != "en" || doc.Procurement.ID != p.ID || len(doc.Columns) != 5 || len(doc.Requirements) == 0 {
		t.Fatalf("%s: %+v", r.header.Get("Content-Type"), doc)
	}
	for _, q := range doc.Requirements {
		if q.Number == "" || q.Title == "" || q.Type != "" || q.Weight != 0 || q.Documentation != nil {
			t.Errorf("requirement %+v", q)
		}
	}
	h.want(422, "procurement", "GET", path+"/workbook?format=ods", nil)
	h.want(404, "procurement@"+rival, "GET", path+"/workbook?format=json", nil)
}

// TestWorkbook sends the tender out, fills it in and reads it back.
func TestWorkbook(t *testing.T) {
	h := newHouse(t)
	p := h.begun()
	path := "/api/v1/procurements/" + p.ID
	buyer := h.want(200, "procurement", "GET", path+"/workbook", nil)
	bidder := h.want(200, "procurement", "GET", path+"/workbook?copy=bidder&lang=nn", nil)
	if buyer.header.Get("Content-Type") != xlsx || !strings.Contains(buyer.header.Get("Content-Disposition"), ".xlsx") {
		t.Errorf("sent as %v", buyer.header)
	}
	if b, s := sheets(t, buyer.body), sheets(t, bidder.body); len(s) >= len(b) || strings.Contains(strings.Join(s, " "), "Samanlikning") {
		t.Errorf("the bidders' copy has sheets %v, the buyer's %v", s, b)
	}
	filled := h.want(200, "procurement", "GET", path+"/workbook?supplier="+ours, nil).body
	if r := h.want(422, "procurement", "GET", path+"/workbook?supplier="+rival, nil); !strings.Contains(string(r.body), "response.bidder") {
		t.Errorf("copy for a stranger: %s", r.body)
	}

	send := path + "/responses?supplier=" + ours
	r := h.want(201, "procurement", "POST", send, filled, "Content-Type", xlsx)
	var report ResponseReport
	r.into(t, &report)
	if report.Supplier != ours || report.Sha256 != digestOf(filled) || len(report.Rows) == 0 {
		t.Errorf("report %+v", report)
	}
	var c Comparison
	h.want(200, "procurement", "GET", path+"/comparison", nil).into(t, &c)
	if c.Rows[0].Cells[0].Source != "response" || c.Bidders[0].ReceivedAt.IsZero() {
		t.Errorf("after the response: %+v", c.Rows[0].Cells)
	}

	// An answer that is another than the signed one is read, and said to be.
	changed, err := workbooktest.Fill(filled, map[string]workbooktest.Answer{report.Rows[0].Requirement: {Status: "Ikke oppfylt", Statement: "Ikke lenger.", Deviation: "Fra 2027."}})
	if err != nil {
		t.Fatal(err)
	}
	var differs ResponseReport
	h.want(201, "procurement", "POST", send, changed, "Content-Type", xlsx, "Accept-Language", "nb").into(t, &differs)
	var noted []ReportRow
	for _, row := range differs.Rows {
		if row.Key == "workbook.row.contradicts" {
			noted = append(noted, row)
		}
	}
	if len(noted) != 1 || noted[0].Requirement != report.Rows[0].Requirement || !strings.Contains(noted[0].Detail, "avviker fra erklæringen: «Ikke oppfylt»") {
		t.Errorf("what differs from the declaration is %+v", noted)
	}
	h.want(200, "procurement", "GET", path+"/comparison", nil).into(t, &c)

	broken := edit(t, filled, "Kanskje det")
	refused := h.want(422, "procurement", "POST", send, broken, "Content-Type", xlsx, "Accept-Language", "en")
	var why RefusedResponse
	refused.into(t, &why)
	if refused.key() != "workbook.error.rows-refused" || len(why.Errors) == 0 || len(why.Rows) == 0 || !strings.Contains(why.Errors[0].Field, "!") || why.Instance == "" {
		t.Errorf("refused with %+v", why)
	}
	var after Comparison
	h.want(200, "procurement", "GET", path+"/comparison", nil).into(t, &after)
	if !after.Bidders[0].ReceivedAt.Equal(c.Bidders[0].ReceivedAt) {
		t.Error("a refused workbook changed something")
	}

	for name, bad := range map[string]struct {
		path, kind, key string
		body            []byte
		status          int
	}{
		"another bidder's": {path + "/responses?supplier=" + theirs, xlsx, "response.invalid", filled, 422},
		"not a workbook":   {send, xlsx, "workbook.error.not-xlsx", []byte("Krav;Svar"), 415},
		"empty":            {send, xlsx, "request.no-body", nil, 400},
		"as JSON":          {send, "application/json", "request.content-type", filled, 415},
		"too big":          {send, xlsx, "request.too-large", make([]byte, maxWorkbook+1), 413},
		"nobody's":         {path + "/responses", xlsx, "invalid.fields", filled, 422},
	} {
		if r := h.want(bad.status, "procurement", "POST", bad.path, bad.body, "Content-Type", bad.kind); r.key() != bad.key {
			t.Errorf("%s: %s, want %s", name, r.body, bad.key)
		}
	}
	h.want(404, "procurement@"+rival, "POST", send, filled, "Content-Type", xlsx)
	in := ProcurementInput{Title: "En annen", Input: p.Input, Bidders: []Bidder{{Supplier: organisation.Number(ours)}}}
	var other procurement.Procurement
	h.want(201, "procurement", "POST", "/api/v1/procurements", in).into(t, &other)
	if r := h.want(422, "procurement", "POST", "/api/v1/procurements/"+other.ID+"/responses?supplier="+ours, filled, "Content-Type", xlsx); !strings.Contains(string(r.body), "response.other-procurement") {
		t.Errorf("another tender's: %s", r.body)
	}
}

// parts reads the parts of a workbook.
func parts(t *testing.T, data []byte) map[string]string {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = r.Close()
		out[f.Name] = string(b)
	}
	return out
}

var sheetName = regexp.MustCompile(`<sheet name="([^"]+)"`)

func sheets(t *testing.T, data []byte) []string {
	t.Helper()
	var out []string
	for _, m := range sheetName.FindAllStringSubmatch(parts(t, data)["xl/workbook.xml"], -1) {
		out = append(out, m[1])
	}
	return out
}

// edit writes a word that is no answer where the answers stand.
func edit(t *testing.T, data []byte, word string) []byte {
	t.Helper()
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	changed := 0
	for name, text := range parts(t, data) {
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		changed += strings.Count(text, ">Oppfylt<")
		if _, err := io.WriteString(w, strings.ReplaceAll(text, ">Oppfylt<", ">"+word+"<")); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if changed == 0 {
		t.Fatal("found no answer to spoil")
	}
	return out.Bytes()
}
