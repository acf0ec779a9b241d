package api

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"felleskrav/internal/signing"
)

const nobody = "01900000-0000-7000-8000-000000000000"

// TestBadRequests holds that what cannot be read or does not hold gets an
// answer that says so, with the field, in the caller's language, and never
// our own or the validator's words about it.
func TestBadRequests(t *testing.T) {
	h := newHouse(t)
	offering, _ := h.supplierWith(ours)
	valid := `{"title":"T","input":{"tasks":["x"],"deliveryModels":["saas"]}}`
	for _, s := range []struct {
		name, who, method, path, body string
		status                        int
		key, contains                 string
	}{
		{"not JSON", "procurement", "POST", "/api/v1/procurements", `{"title":`, 400, "request.malformed", ""},
		{"text after JSON", "procurement", "POST", "/api/v1/procurements", valid + `x`, 400, "request.malformed", ""},
		{"name twice", "procurement", "POST", "/api/v1/procurements", `{"title":"x",` + valid[1:], 400, "request.malformed", ""},
		{"not UTF-8", "supplier", "PUT", "/api/v1/suppliers/" + ours, "{\"name\":\"A\xff\"}", 400, "request.malformed", ""},
		{"half a surrogate pair", "supplier", "PUT", "/api/v1/suppliers/" + ours, `{"name":"A\ud800"}`, 400, "request.malformed", ""},
		{"turned around", "supplier", "PUT", "/api/v1/suppliers/" + ours, `{"name":"A\u202eB"}`, 422, "invalid.fields", "field.control"},
		{"two values", "procurement", "POST", "/api/v1/procurements", valid + valid, 400, "request.malformed", ""},
		{"a list", "procurement", "POST", "/api/v1/procurements", `[]`, 422, "invalid.fields", "field.type"},
		{"null", "procurement", "POST", "/api/v1/procurements", `null`, 422, "invalid.fields", ""},
		{"no body", "procurement", "POST", "/api/v1/procurements", ``, 400, "request.no-body", ""},
		{"unknown field", "procurement", "POST", "/api/v1/procurements", `{"titel":"T","input":{"deliveryModels":["saas"]}}`, 400, "request.unknown-fields", `"titel"`},
		{"unknown field deep down", "procurement", "POST", "/api/v1/procurements", `{"title":"T","input":{"deliveryModels":["saas"],"task":[]}}`, 400, "request.unknown-fields", `"input.task"`},
		{"missing field", "procurement", "POST", "/api/v1/procurements", `{"input":{"deliveryModels":["saas"]}}`, 422, "invalid.fields", `"field":"title","key":"field.required"`},
		{"two missing", "procurement", "POST", "/api/v1/procurements", `{}`, 422, "invalid.fields", `"field":"input"`},
		{"wrong type", "procurement", "POST", "/api/v1/procurements", `{"title":1,"input":{"deliveryModels":["saas"]}}`, 422, "invalid.fields", `"key":"field.type"`},
		{"wrong choice", "", "POST", "/api/v1/selections", `{"tasks":[],"deliveryModels":["saas","cloudy"]}`, 422, "invalid.fields", `"field":"deliveryModels[1]","key":"field.choice"`},
		{"number out of range", "", "POST", "/api/v1/selections", `{"deliveryModels":["saas"],"overrides":[{"dimension":"integrity","level":5,"reason":"x"}]}`, 422, "invalid.fields", `"field":"overrides[0].level","key":"field.range"`},
		{"nothing chosen", "", "POST", "/api/v1/selections", `{"deliveryModels":["saas"]}`, 422, "selection.invalid", "selection.nothing"},
		{"not a time", "adviser", "POST", "/api/v1/status/check", `{"suppliers":["123456785"],"at":"i går"}`, 422, "invalid.fields", "field.time"},
		{"no such day", "adviser", "POST", "/api/v1/status/check", `{"suppliers":["123456785"],"at":"2026-02-30T12:00:00Z"}`, 400, "request.malformed", ""},
		{"not base64", "supplier", "POST", "/api/v1/suppliers/" + ours + "/keys/challenges/" + nobody, `{"signature":"%%%"}`, 422, "invalid.fields", "field.base64"},
		{"empty name", "supplier", "PUT", "/api/v1/suppliers/" + ours, `{"name":""}`, 422, "invalid.fields", `"field":"name"`},
		{"line break in name", "supplier", "PUT", "/api/v1/suppliers/" + ours, `{"name":"A\nB"}`, 422, "invalid.fields", "field.control"},
		{"http website", "supplier", "PUT", "/api/v1/suppliers/" + ours, `{"name":"A","website":"http://example.no"}`, 422, "invalid.fields", "field.https"},
		{"long name", "supplier", "PUT", "/api/v1/suppliers/" + ours, `{"name":"` + strings.Repeat("å", 201) + `"}`, 422, "invalid.fields", "field.long"},
		{"lower-case country", "supplier", "PUT", "/api/v1/suppliers/" + ours, `{"name":"A","country":"no"}`, 422, "invalid.fields", "field.country"},
		{"not a key", "supplier", "POST", "/api/v1/suppliers/" + ours + "/keys", `{"pem":"hei"}`, 422, "invalid.fields", "key.malformed"},
		{"oversize", "supplier", "PUT", "/api/v1/suppliers/" + ours, `{"name":"` + strings.Repeat("a", small) + `"}`, 413, "request.too-large", ""},
		{"short number", "", "GET", "/api/v1/suppliers/12345678", ``, 422, "invalid.fields", "field.orgnr"},
		{"wrong check digit", "", "GET", "/api/v1/suppliers/123456789", ``, 422, "organisation.check-digit", ""},
		{"short id", "", "GET", "/api/v1/offerings/0190", ``, 422, "invalid.fields", "field.uuid"},
		{"short digest", "", "GET", "/api/v1/attestations/abc", ``, 422, "invalid.fields", "field.digest"},
		{"unknown offering", "", "GET", "/api/v1/offerings/" + nobody, ``, 404, "offering.not-found", ""},
		{"status of unknown offering", "", "GET", "/api/v1/offerings/" + nobody + "/status", ``, 404, "offering.not-found", ""},
		{"badge of unknown offering", "", "GET", "/api/v1/offerings/" + nobody + "/badge.svg", ``, 404, "offering.not-found", ""},
		{"unknown attestation", "", "GET", "/api/v1/attestations/" + digestOf(nil) + "/receipt", ``, 404, "attestation.not-found", ""},
		{"unknown set", "", "GET", "/api/v1/offerings/" + offering + "/status?set=nothing", ``, 404, "set.not-found", ""},
		{"not a set", "", "GET", "/api/v1/offerings/" + offering + "/status?set=A%20B@x", ``, 422, "set.reference", ""},
		{"not a time in a query", "", "GET", "/api/v1/offerings/" + offering + "/status?at=now", ``, 422, "invalid.fields", `"field":"at","key":"field.time"`},
		{"unknown parameter", "", "GET", "/api/v1/offerings/" + offering + "/status?att=2026-01-01T00:00:00Z", ``, 400, "request.parameters", `"field":"att"`},
		{"parameter twice", "", "GET", "/api/v1/suppliers?q=a&q=b", ``, 400, "request.parameters", "request.repeated-parameter"},
		{"bad escape", "", "GET", "/api/v1/suppliers?q=%zz", ``, 400, "request.parameters", ""},
		{"limit too high", "", "GET", "/api/v1/suppliers?limit=201", ``, 422, "invalid.fields", "field.range"},
		{"limit no number", "", "GET", "/api/v1/suppliers?limit=many", ``, 422, "invalid.fields", `"field":"limit"`},
		{"cursor no number", "", "GET", "/api/v1/suppliers?cursor=x", ``, 400, "request.cursor", ""},
		{"null byte", "", "GET", "/api/v1/suppliers?q=%00", ``, 200, "", ""},
		{"not UTF-8", "", "GET", "/api/v1/suppliers?q=%ff", ``, 422, "supplier.query", ""},
		{"body on a GET", "", "GET", "/api/v1/tasks", `{}`, 400, "request.body", ""},
		{"unknown tile", "", "GET", "/log/tile/0/999", ``, 404, "log.no-tile", ""},
		{"no tile at all", "", "GET", "/log/tile/../../etc/passwd", ``, 404, "", ""},
		{"huge tile", "", "GET", "/log/tile/0/x999/x999/x999/x999/x999/999", ``, 404, "log.no-tile", ""},
	} {
		t.Run(s.name, func(t *testing.T) {
			var body any
			if s.body != "" {
				body = s.body
			}
			h.t = t
			r := h.do(s.who, s.method, s.path, body, "Accept-Language", "en", "Content-Type", "application/json")
			if r.status != s.status || s.key != "" && r.key() != s.key || !strings.Contains(string(r.body), s.contains) {
				t.Errorf("%d %s\nwant %d %s with %s", r.status, r.body, s.status, s.key, s.contains)
			}
			for _, leak := range []string{"Schema:", "openapi", "kin-", "json:", "sql", "goroutine", "%!"} {
				if strings.Contains(string(r.body), leak) && s.status != 200 {
					t.Errorf("the answer tells of our insides: %s", r.body)
				}
			}
		})
	}
	h.t = t
	if r := h.want(415, "procurement", "POST", "/api/v1/procurements", []byte(valid), "Content-Type", "text/plain"); r.key() != "request.content-type" {
		t.Errorf("as text: %s", r.body)
	}
	h.want(415, "procurement", "POST", "/api/v1/procurements", []byte(valid))
	long := streamOf([]byte(`{"name":"` + strings.Repeat("a", small) + `"}`))
	if r := h.want(413, "supplier", "PUT", "/api/v1/suppliers/"+ours, long, "Content-Type", "application/json"); r.key() != "request.too-large" {
		t.Errorf("oversize of unknown length: %s", r.body)
	}
	long = streamOf(make([]byte, maxBundle+1))
	if r := h.want(413, "supplier", "POST", "/api/v1/attestations", long, "Content-Type", bundleType); r.key() != "request.too-large" {
		t.Errorf("bundle of unknown length: %s", r.body)
	}
}

// FuzzBody holds that no body is a fault of ours.
func FuzzBody(f *testing.F) {
	for _, s := range []string{
		`{}`, `null`, `{"deliveryModels":["saas"],"tasks":["x"]}`, `{"overrides":[{"level":1e99,"dimension":null}]}`, `[[[[`, `"\ud800"`,
		`{"deliveryModels":["saas"],"tasks":["fag.barnevern"],"overrides":[{"dimension":"integrity","level":4,"reason":"x"}]}`,
	} {
		f.Add([]byte(s))
	}
	h := newHouse(f)
	engine := h.server.Config.Handler
	token := h.token("supplier")
	f.Fuzz(func(t *testing.T, body []byte) {
		for path, kind := range map[string]string{"/api/v1/selections": "application/json", "/api/v1/attestations": bundleType} {
			req := httptest.NewRequest("POST", path, bytes.NewReader(body))
			req.Header.Set("Content-Type", kind)
			req.Header.Set("Authorization", "Bearer "+token)
			w := httptest.NewRecorder()
			engine.ServeHTTP(w, req)
			if w.Code >= 500 || w.Code == 401 || w.Code >= 300 && !json.Valid(w.Body.Bytes()) {
				t.Errorf("%s: %d %s", path, w.Code, w.Body)
			}
		}
	})
}

// TestBadBundles submits what must be refused at the door, and holds that
// nothing came of it.
func TestBadBundles(t *testing.T) {
	h := newHouse(t)
	offering, key := h.supplierWith(ours)
	_, foreign := h.supplierWith(theirs)
	stranger, err := signing.GenerateKey(signing.ECDSAP256)
	if err != nil {
		t.Fatal(err)
	}
	statement := h.prepared(ours, offering, "grunnsett")
	good := h.sign(key, statement)
	edit := func(change func(envelope map[string]any)) []byte {
		var b map[string]any
		if err := json.Unmarshal(good, &b); err != nil {
			t.Fatal(err)
		}
		change(b["dsseEnvelope"].(map[string]any))
		out, err := json.Marshal(b)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	with := func(old, new string) []byte {
		if strings.Count(string(statement), old) == 0 {
			t.Fatalf("the statement has no %q", old)
		}
		return h.sign(key, []byte(strings.Replace(string(statement), old, new, 1)))
	}
	v, _ := h.api.Catalogue.Content().Version("grunnsett", "")
	for _, s := range []struct {
		name   string
		body   []byte
		status int
		key    string
	}{
		{"not JSON", []byte(`{"mediaType"`), 400, "request.malformed"},
		{"nothing in it", []byte(`{}`), 422, ""},
		{"unknown field", []byte(`{"x":1,` + string(good[1:])), 422, "bundle.json"},
		{"tampered payload", edit(func(e map[string]any) {
			e["payload"] = base64.StdEncoding.EncodeToString([]byte(strings.Replace(string(statement), "Ja,", "Nei,", 1)))
		}), 422, "signature.wrong"},
		{"two signatures", edit(func(e map[string]any) {
			s := e["signatures"].([]any)
			e["signatures"] = append(s, s[0])
		}), 422, "bundle.signatures"},
		{"other payload type", edit(func(e map[string]any) { e["payloadType"] = "text/plain" }), 422, "bundle.payload-type"},
		{"unknown key", h.sign(stranger, statement), 422, "signature.unknown-key"},
		{"another supplier's key", h.sign(foreign, statement), 422, "signature.unknown-key"},
		{"statement v0.1", with("https://in-toto.io/Statement/v1", "https://in-toto.io/Statement/v0.1"), 422, ""},
		{"unknown predicate", with("supplier-declaration:v1", "supplier-declaration:v9"), 422, "statement.predicate"},
		{"unpublished set", with(v.Digest, digestOf(nil)), 422, "statement.set"},
		{"another descriptor", with(h.descriptorDigest(offering), digestOf(nil)), 422, "statement.descriptor"},
		{"another organisation", with("0192:"+ours, "0192:"+theirs), 422, "statement.supplier"},
		{"too large", append(make([]byte, maxBundle), good...), 413, "request.too-large"},
	} {
		t.Run(s.name, func(t *testing.T) {
			r := h.do("supplier", "POST", "/api/v1/attestations", s.body, "Content-Type", bundleType, "Accept-Language", "en")
			if r.status != s.status || s.key != "" && r.key() != s.key {
				t.Errorf("%d %s, want %d %s", r.status, r.body, s.status, s.key)
			}
		})
	}
	h.want(415, "supplier", "POST", "/api/v1/attestations", good, "Content-Type", "text/plain")
	h.want(403, "supplier@"+theirs, "POST", "/api/v1/attestations", good, "Content-Type", bundleType)
	h.wantStatus(offering, "missing")

	var receipt Receipt
	h.want(201, "supplier", "POST", "/api/v1/attestations", good, "Content-Type", bundleType).into(t, &receipt)
	at := "/api/v1/attestations/" + receipt.Attestation + "/withdrawals"
	if r := h.want(422, "supplier", "POST", at, good, "Content-Type", bundleType); r.key() != "statement.predicate" {
		t.Errorf("a declaration as withdrawal: %s", r.body)
	}
	h.want(403, "supplier@"+theirs, "POST", at+"/prepare", WithdrawalInput{Reason: "Sabotasje"})
	h.wantStatus(offering, "valid")
}

func (h *house) descriptorDigest(offering string) string {
	h.t.Helper()
	var o Offering
	h.want(200, "", "GET", "/api/v1/offerings/"+offering, nil).into(h.t, &o)
	return o.Descriptor.Digest
}

func TestTokens(t *testing.T) {
	h := newHouse(t)
	send := func(values ...string) int {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), "GET", h.server.URL+"/api/v1/tasks", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header["Authorization"] = values
		res, err := h.server.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if res.StatusCode == 401 && res.Header.Get("WWW-Authenticate") == "" {
			t.Error("401 without WWW-Authenticate")
		}
		return res.StatusCode
	}
	good := "Bearer " + h.token("adviser")
	for want, all := range map[int][][]string{
		200: {nil, {good}, {strings.Replace(good, "Bearer", "bearer", 1)}},
		401: {{"Bearer fkt_wrong"}, {"Bearer"}, {""}, {"Basic YTpi"}, {good + "x"}, {good, good}, {"Bearer " + strings.Repeat("x", 5000)}},
	} {
		for _, values := range all {
			if got := send(values...); got != want {
				t.Errorf("%.40q: %d, want %d", values, got, want)
			}
		}
	}
	// A cookie makes nobody anybody.
	if r := h.want(401, "", "GET", "/api/v1/procurements", nil, "Cookie", "felleskrav="+h.token("procurement")); r.key() != "access.login" {
		t.Errorf("with a cookie: %s", r.body)
	}
	// An expired token stops within the time it is remembered.
	h.add(401 * 24 * 3600 * 1e9)
	if got := send(good); got != 401 {
		t.Errorf("expired: %d", got)
	}
}
