package api

import (
	"bytes"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"felleskrav/internal/organisation"
	"felleskrav/internal/workbook/corpustest"
	"felleskrav/internal/workbook/own"
	"felleskrav/internal/workbook/workbooktest"
)

// uploaded sends a file of the corpus in and gives its address and view.
func (h *house) uploaded(t *testing.T, path, file string) (at string, v OwnView) {
	t.Helper()
	r := h.want(201, "procurement", "POST", path+"?name="+url.QueryEscape("Våre krav.xlsx")+"&retention=7", corpustest.Get(t, file).Read(t), "Content-Type", xlsx)
	r.into(t, &v)
	at = r.header.Get("Location")
	if at != path+"/"+v.Workbook.Id || r.header.Get("ETag") != `"2"` || v.Workbook.FileName != "Våre krav.xlsx" || v.Workbook.RetentionDays != 7 {
		t.Fatalf("at %s with %s: %+v", at, r.header.Get("ETag"), v.Workbook)
	}
	return at, v
}

// settled are decisions that leave every column as it was guessed.
func settled(v OwnView) OwnDecisions {
	var out OwnDecisions
	for _, t := range v.Tables {
		d := OwnDecision{Sheet: t.Sheet, Header: t.Header, Columns: map[int]own.Role{}, Codes: map[string]own.Meaning{}, Rows: map[int]string{}}
		for _, c := range t.Columns {
			d.Columns[c.Column] = own.Role(c.Role)
		}
		out.Decisions = append(out.Decisions, d)
	}
	return out
}

func TestOwnWorkbook(t *testing.T) {
	h := newHouse(t)
	p := h.begun()
	path := "/api/v1/procurements/" + p.ID + "/fill"
	at, v := h.uploaded(t, path, "exceljs/engelsk-grupper")
	if len(v.Tables) != 1 || v.Tables[0].Decided || v.Tables[0].Remembered || len(v.SetAside) != 0 {
		t.Fatalf("understood as %+v", v)
	}
	table := v.Tables[0]
	asked := map[string]bool{}
	for _, c := range table.Columns {
		if c.Ask {
			asked[c.Name] = true
		}
	}
	if !asked["D"] || !asked["G"] || len(table.Codes) != 2 || !table.Codes[0].Ask {
		t.Errorf("asks about columns %v and codes %+v", asked, table.Codes)
	}
	d := settled(v)
	d.Decisions[0].Codes["M"], d.Decisions[0].Codes["O"] = own.Minimum, own.Scored
	taken := 0
	for _, l := range table.Lines {
		if len(l.Suggestions) > 0 && l.Suggestions[0].Score > 0.4 {
			d.Decisions[0].Rows[l.Row] = l.Suggestions[0].Requirement
			taken++
			if l.Suggestions[0].Word == "" || len(l.Suggestions[0].Reasons) == 0 || l.Suggestions[0].Reasons[0].Text == "" {
				t.Errorf("row %d: a suggestion without words: %+v", l.Row, l.Suggestions[0])
			}
		}
	}
	if taken < 3 {
		t.Fatalf("only %d rows have suggestions", taken)
	}
	order := OwnOrder{Answers: ours, Columns: []OrgNumber{ours, theirs}, Insert: OwnPlace{Sheet: table.Sheet, Header: table.Header}, Lang: "en"}
	if r := h.want(422, "procurement", "POST", at, order); r.key() != "ownbook.undecided" {
		t.Errorf("before anything is decided: %s", r.body)
	}
	r := h.want(200, "procurement", "PUT", at, d, "If-Match", `"2"`)
	var decided OwnView
	r.into(t, &decided)
	if r.header.Get("ETag") != `"3"` || !decided.Tables[0].Decided || len(decided.Tables[0].Rows) != taken {
		t.Errorf("decided: %s %+v", r.header.Get("ETag"), decided.Tables[0].Rows)
	}
	if r := h.want(412, "procurement", "PUT", at, d, "If-Match", `"2"`); r.key() != "ownbook.stale" {
		t.Errorf("stale: %s", r.body)
	}
	if r := h.want(200, "procurement", "GET", at, nil); r.header.Get("ETag") != `"3"` {
		t.Errorf("read with %s", r.header.Get("ETag"))
	}

	var report OwnReport
	h.want(200, "procurement", "POST", at+"?format=report&lang=nn", order).into(t, &report)
	filled := h.want(200, "procurement", "POST", at, order)
	if filled.header.Get("Content-Type") != xlsx || !strings.Contains(filled.header.Get("Content-Disposition"), "V%C3%A5re%20krav%20%E2%80%93%20filled%20in.xlsx") {
		t.Errorf("sent as %v", filled.header)
	}
	read, err := workbooktest.Cells(filled.body)
	if err != nil {
		t.Fatal(err)
	}
	met := 0
	for _, c := range report.Changes {
		got, err := read(c.Sheet, c.Cell)
		if err != nil || got.Text != c.After || got.Formula != "" {
			t.Errorf("%s!%s is %q (%v), and the report says %q", c.Sheet, c.Cell, got, err, c.After)
		}
		if got.Text == "Compliant" {
			met++
		}
	}
	if met != taken || len(report.Parts) == 0 {
		t.Errorf("%d rows say the body's own word for met, want %d; parts %v", met, taken, report.Parts)
	}
	for _, s := range report.Skips {
		if s.Detail == "" || s.Detail == s.Key || strings.Contains(s.Detail, "<no value>") {
			t.Errorf("left %s!%s: %q", s.Sheet, s.Cell, s.Detail)
		}
	}

	// The next file with the same headers, and a table that is none.
	at2, next := h.uploaded(t, path, "exceljs/engelsk-grupper")
	if !next.Tables[0].Remembered || next.Tables[0].Decided || len(next.Tables[0].Rows) != taken {
		t.Errorf("the next file: %+v", next.Tables[0].Rows)
	}
	var none OwnView
	h.want(200, "procurement", "PUT", at2, OwnDecisions{Decisions: []OwnDecision{{Sheet: table.Sheet, Header: table.Header, None: true}}}).into(t, &none)
	if len(none.Tables) != 0 || len(none.SetAside) != 1 || none.SetAside[0].Header != table.Header {
		t.Errorf("set aside: %+v", none)
	}
	var list OwnWorkbookList
	h.want(200, "procurement", "GET", path, nil).into(t, &list)
	if len(list.Items) != 2 || list.Items[0].Id != next.Workbook.Id || !list.Items[0].KeepUntil.Equal(h.now().Add(7*24*time.Hour)) {
		t.Errorf("listed: %+v", list.Items)
	}
	h.want(204, "procurement", "DELETE", at2, nil)
	h.want(404, "procurement", "GET", at2, nil)
	if r := h.want(404, "procurement", "DELETE", at2, nil); r.key() != "ownbook.not-found" {
		t.Errorf("deleted twice: %s", r.body)
	}

	// Another body sees none of it, not even that it is there.
	for _, m := range []string{"GET", "PUT", "POST", "DELETE"} {
		var body any
		switch m {
		case "PUT":
			body = d
		case "POST":
			body = order
		}
		h.want(404, "procurement@"+rival, m, at, body)
		h.want(403, "adviser", m, at, body)
	}
	h.want(404, "procurement@"+rival, "GET", path, nil)
	h.want(404, "procurement@"+rival, "POST", path, corpustest.Get(t, "openpyxl/enkel").Read(t), "Content-Type", xlsx)
	h.want(200, "procurement", "GET", at, nil)
}

func TestOwnWorkbookRefuses(t *testing.T) {
	h := newHouse(t)
	p := h.begun()
	path := "/api/v1/procurements/" + p.ID + "/fill"
	at, v := h.uploaded(t, path, "openpyxl/enkel")
	data := corpustest.Get(t, "openpyxl/enkel").Read(t)
	many := map[string]string{}
	for i := range 5001 {
		many[strconv.Itoa(i+1)] = ""
	}
	decisions := func(fields map[string]any) map[string]any {
		one := map[string]any{"sheet": v.Tables[0].Sheet, "header": v.Tables[0].Header}
		for k, x := range fields {
			one[k] = x
		}
		return map[string]any{"decisions": []any{one}}
	}
	h.want(200, "procurement", "PUT", at, settled(v))
	for name, tt := range map[string]struct {
		method, path string
		body         any
		status       int
		key, says    string
	}{
		"kept for no time":        {"POST", path + "?retention=0", data, 422, "invalid.fields", "retention"},
		"kept for ever":           {"POST", path + "?retention=91", data, 422, "invalid.fields", "retention"},
		"kept for a word":         {"POST", path + "?retention=x", data, 422, "invalid.fields", "retention"},
		"a long name":             {"POST", path + "?name=" + strings.Repeat("x", 201), data, 422, "invalid.fields", "name"},
		"a name of two lines":     {"POST", path + "?name=a%0Ab", data, 422, "invalid.fields", "name"},
		"nothing":                 {"POST", path, []byte{}, 400, "request.no-body", ""},
		"too big":                 {"POST", path, make([]byte, maxWorkbook+1), 413, "request.too-large", ""},
		"too big, streamed":       {"POST", path, streamOf(append(bytes.Clone(data), make([]byte, maxWorkbook)...)), 413, "", ""},
		"not a number of a row":   {"PUT", at, decisions(map[string]any{"rows": map[string]string{"a": ""}}), 400, "request.malformed", ""},
		"a column that cannot be": {"PUT", at, decisions(map[string]any{"columns": map[string]string{"0": "id", "99999": "text"}}), 422, "ownbook.invalid", "decisions[0].columns[99999]"},
		"a role that is none":     {"PUT", at, decisions(map[string]any{"columns": map[string]string{"1": "price"}}), 422, "ownbook.invalid", "decisions[0].columns[1]"},
		"a meaning that is none":  {"PUT", at, decisions(map[string]any{"codes": map[string]string{"A": "x"}}), 422, "ownbook.invalid", "decisions[0].codes[A]"},
		"no such requirement":     {"PUT", at, decisions(map[string]any{"rows": map[string]string{"7": "K-NO-01"}}), 422, "ownbook.invalid", "decisions[0].rows[7]"},
		"too many rows":           {"PUT", at, decisions(map[string]any{"rows": many}), 422, "ownbook.invalid", "decisions[0].rows"},
		"row that cannot be":      {"PUT", at, decisions(map[string]any{"header": 0}), 422, "invalid.fields", "header"},
		"unknown field":           {"PUT", at, decisions(map[string]any{"colour": 1}), 422, "request.unknown-fields", "colour"},
		"nothing to fill":         {"POST", at, OwnOrder{}, 422, "ownbook.nothing", ""},
		"no bidder":               {"POST", at, OwnOrder{Answers: organisation.Number(rival)}, 422, "response.bidder", ""},
		"no table":                {"POST", at, OwnOrder{Insert: OwnPlace{Sheet: "Finnes ikke", Header: 3}}, 422, "ownbook.no-table", ""},
		"language":                {"POST", at, map[string]any{"answers": ours, "lang": "se"}, 422, "invalid.fields", "lang"},
		"format":                  {"POST", at + "?format=pdf", OwnOrder{Answers: ours}, 422, "invalid.fields", "format"},
	} {
		t.Run(name, func(t *testing.T) {
			kind := "application/json"
			if tt.path != at && tt.method == "POST" && !strings.HasPrefix(tt.path, at) {
				kind = xlsx
			}
			r := h.do("procurement", tt.method, tt.path, tt.body, "Content-Type", kind)
			if r.status != tt.status && !(tt.status == 422 && r.status == 400) || tt.key != "" && r.key() != tt.key || !strings.Contains(string(r.body), tt.says) {
				t.Errorf("%d %s, want %d %s about %s", r.status, r.body, tt.status, tt.key, tt.says)
			}
		})
	}
	if after := h.want(200, "procurement", "GET", at, nil); after.header.Get("ETag") != `"3"` {
		t.Errorf("a refused request changed something: %s", after.header.Get("ETag"))
	}
}

// Every workbook of the corpus over HTTP, whole, cut off and turned to garbage:
// what must be refused is, with the reason, and nothing is a fault of ours.
func TestOwnWorkbookOfTheCorpus(t *testing.T) {
	h := newHouse(t)
	p := h.begun()
	path := "/api/v1/procurements/" + p.ID + "/fill"
	for _, f := range corpustest.Files(t) {
		data := f.Read(t)
		r := h.do("procurement", "POST", path, data, "Content-Type", xlsx)
		if f.Truth.Refused != "" {
			if r.status < 400 || r.key() != "workbook.error."+f.Truth.Refused {
				t.Errorf("%s: %d %s", f.Name, r.status, r.body)
			}
			continue
		}
		if r.status != 201 {
			t.Errorf("%s: %d %s", f.Name, r.status, r.body)
			continue
		}
		var v OwnView
		r.into(t, &v)
		at := r.header.Get("Location")
		if len(v.Tables) > 0 {
			h.want(200, "procurement", "PUT", at, settled(v))
			r := h.do("procurement", "POST", at, OwnOrder{Answers: ours, Columns: []OrgNumber{ours, theirs}, Insert: OwnPlace{Sheet: v.Tables[0].Sheet, Header: v.Tables[0].Header}})
			if r.status != 200 && r.key() != "workbook.own.open" && r.key() != "workbook.own.no-room" {
				t.Errorf("%s: fill: %d %.300s", f.Name, r.status, r.body)
			}
		}
		h.want(204, "procurement", "DELETE", at, nil)
		garbled := bytes.Clone(data)
		for i := len(garbled) / 3; i < len(garbled)/3+64; i++ {
			garbled[i] ^= 0x5a
		}
		for _, bad := range [][]byte{data[:len(data)/2], data[:len(data)-7], garbled} {
			r := h.do("procurement", "POST", path, bad, "Content-Type", xlsx)
			if r.status == 201 { // what was garbled may be read by nobody
				h.want(204, "procurement", "DELETE", r.header.Get("Location"), nil)
			} else if !strings.HasPrefix(r.key(), "workbook.") {
				t.Errorf("%s, damaged: %d %s", f.Name, r.status, r.body)
			}
		}
	}
	for name, bad := range map[string][]byte{"text": []byte("Krav;Svar\n"), "zeros": make([]byte, 9000), "zip": []byte("PK\x05\x06" + strings.Repeat("\x00", 18))} {
		if r := h.do("procurement", "POST", path, bad, "Content-Type", xlsx); r.status < 400 || !strings.HasPrefix(r.key(), "workbook.error.") {
			t.Errorf("%s: %d %s", name, r.status, r.body)
		}
	}
	if r := h.want(200, "procurement", "GET", path, nil); string(bytes.TrimSpace(r.body)) != `{"items":[]}` {
		t.Errorf("kept %s", r.body)
	}
}
