package api

import (
	"strings"
	"testing"

	"felleskrav/internal/workbook"
	"felleskrav/internal/workbook/workbooktest"
)

// TestVerifyWorkbook asks, as anybody may, whether workbooks were altered.
func TestVerifyWorkbook(t *testing.T) {
	h := newHouse(t)
	p := h.begun()
	path := "/api/v1/procurements/" + p.ID + "/workbook"
	ask := func(file []byte) WorkbookVerification {
		t.Helper()
		var v WorkbookVerification
		h.want(200, "", "POST", "/api/v1/workbooks/verify", file, "Content-Type", xlsx, "Accept-Language", "en").into(t, &v)
		return v
	}
	buyer := h.want(200, "procurement", "GET", path, nil).body
	for name, file := range map[string][]byte{
		"the buyer's": buyer, "what is sent out": h.want(200, "procurement", "GET", path+"?copy=bidder&lang=en", nil).body,
		"a bidder's": h.want(200, "procurement", "GET", path+"?supplier="+ours, nil).body,
	} {
		v := ask(file)
		if v.Verdict != workbook.Untouched || v.Text == "" || v.Compared < 100 || len(v.Findings) > 0 || len(v.News) > 0 || v.Procurement != p.ID || len(v.Sets) != len(p.Sets) {
			t.Errorf("%s: %+v", name, v)
		}
	}
	altered, err := workbooktest.Alter(buyer, map[string]string{"Krav!D6": "A lighter requirement"})
	if err != nil {
		t.Fatal(err)
	}
	v := ask(altered)
	if v.Verdict != workbook.Altered || len(v.Findings) != 1 {
		t.Fatalf("altered: %+v", v)
	}
	f := v.Findings[0]
	if f.Sheet != "Krav" || f.Cell != "D6" || !f.Alteration || f.Was == "" || f.Now != "A lighter requirement" || !strings.HasPrefix(f.Row, "K-") || !strings.Contains(f.Detail, f.Was) {
		t.Errorf("found %+v", f)
	}
	// Another service's workbook is not this one's.
	if v := ask(fromElsewhere(t)); v.Verdict != workbook.Altered || v.Checks[1].Name != "service" || v.Checks[1].Result != workbook.Fails || v.Checks[1].Detail == "" {
		t.Errorf("from elsewhere: %+v", v.Checks)
	}
	for name, tt := range map[string]struct {
		body   []byte
		kind   string
		status int
		key    string
	}{
		"not a workbook": {[]byte("Krav;Svar"), xlsx, 415, "workbook.error.not-xlsx"},
		"another type":   {buyer, "text/csv", 415, "request.content-type"},
		"nothing":        {nil, xlsx, 400, "request.no-body"},
		"too large":      {make([]byte, maxWorkbook+1), xlsx, 413, "request.too-large"},
	} {
		var body any = tt.body
		if tt.body == nil {
			body = nil
		}
		if r := h.do("", "POST", "/api/v1/workbooks/verify", body, "Content-Type", tt.kind); r.status != tt.status || r.key() != tt.key {
			t.Errorf("%s: %d %s, want %d %s", name, r.status, r.key(), tt.status, tt.key)
		}
	}
}

// fromElsewhere is a workbook that another service made.
func fromElsewhere(t *testing.T) []byte {
	t.Helper()
	h := newHouse(t)
	p := h.begun()
	return h.want(200, "procurement", "GET", "/api/v1/procurements/"+p.ID+"/workbook", nil).body
}
