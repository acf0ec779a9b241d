package api

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"felleskrav/internal/attestation"
	"felleskrav/internal/evidence"
)

// TestEvidenceIsDescribed sends, reads and changes what is said of a file.
func TestEvidenceIsDescribed(t *testing.T) {
	h := newHouse(t)
	h.supplierWith(ours)
	body := []byte("Sertifikat (oppdiktet)")
	path := "/api/v1/evidence/" + digestOf(body)
	said := url.Values{
		"kind": {"iso27001-certificate"}, "name": {"sertifikat.txt"}, "visibility": {"granted"}, "granted": {agency + ":2026-12-31," + rival},
		"issuer": {"Sertifisering AS (oppdiktet)"}, "standard": {"ISO/IEC 27001:2022"}, "applicability": {"true"},
		"validFrom": {"2026-01-01"}, "validUntil": {"2026-12-31"}, "scope": {"Drift av skytjenester"}, "legalBasis": {"offentleglova § 13"},
	}
	var e Evidence
	h.want(201, "supplier", "POST", "/api/v1/evidence?"+said.Encode(), body).into(t, &e)
	want := evidence.Description{Issuer: said.Get("issuer"), Standard: said.Get("standard"), Applicability: true, ValidFrom: "2026-01-01", ValidUntil: "2026-12-31", Scope: said.Get("scope"), LegalBasis: said.Get("legalBasis")}
	if e.Description != want || e.Period != evidence.PeriodCurrent || e.State != evidence.Stored || len(e.Granted) != 2 || e.Granted[0].Until != "2026-12-31" {
		t.Fatalf("%+v", e)
	}
	r := h.want(200, "supplier", "GET", path+"/about", nil)
	tag := r.header.Get("ETag")
	in := EvidenceInput{Kind: "audit-report", Visibility: "granted", Granted: []Grant{{Org: agency, Until: "2026-12-31"}}, ValidUntil: "2026-11-01", Scope: "Alt"}
	e = Evidence{}
	h.want(200, "supplier", "PUT", path, in, "If-Match", tag).into(t, &e)
	if e.Kind != "audit-report" || e.Description != (evidence.Description{ValidUntil: "2026-11-01", Scope: "Alt"}) || e.Period != evidence.PeriodEnded || len(e.Changes) != 9 {
		t.Errorf("%+v", e)
	}
	if r := h.want(412, "supplier", "PUT", path, in, "If-Match", tag); r.key() != "evidence.stale" {
		t.Errorf("from an old revision: %s", r.body)
	}
	for name, bad := range map[string]string{
		"no kind":           `{"visibility":"public"}`,
		"unknown kind":      `{"kind":"poem","visibility":"public"}`,
		"day that is none":  `{"kind":"policy","visibility":"public","validFrom":"2026-02-30"}`,
		"grant to nobody":   `{"kind":"policy","visibility":"granted","granted":[{"org":"123456789"}]}`,
		"stranger":          `{"kind":"policy","visibility":"public","name":"b.txt"}`,
		"scope in two line": `{"kind":"policy","visibility":"public","scope":"a\nb"}`,
	} {
		if r := h.do("supplier", "PUT", path, []byte(bad), "Content-Type", "application/json"); r.status != 422 && r.status != 400 {
			t.Errorf("%s: %d %s", name, r.status, r.body)
		}
	}
	// The body it is granted to sees it, and not to whom else, until the grant ends.
	var seen Evidence
	h.want(200, "adviser", "GET", path+"/about", nil).into(t, &seen)
	if seen.Granted != nil || seen.Scope != "Alt" || len(seen.Changes) != 8 {
		t.Errorf("the body sees %+v", seen)
	}
	h.want(404, "adviser@"+rival, "GET", path+"/about", nil)
	h.add(40 * 24 * 3600 * 1e9)
	for _, at := range []string{path, path + "/about"} {
		if r := h.want(404, "adviser", "GET", at, nil); r.key() != "evidence.not-found" {
			t.Errorf("after its grant: %s", r.body)
		}
	}
	h.want(403, "adviser", "PUT", path, in)
	h.want(401, "", "PUT", path, in)
	h.want(404, "supplier@"+theirs, "PUT", path, in)
}

// TestEvidenceIsErased: bytes go, the record stays, and the declaration that
// refers to it says so.
func TestEvidenceIsErased(t *testing.T) {
	h := newHouse(t)
	offering, key := h.supplierWith(ours)
	body := []byte("Rutine for tilgang")
	path := "/api/v1/evidence/" + digestOf(body)
	h.want(201, "supplier", "POST", "/api/v1/evidence?kind=policy&name=rutine.txt&visibility=public", body)
	answers := h.answers("grunnsett")
	answers[0].Evidence = []attestation.EvidenceRef{{Digest: attestation.DigestSet{SHA256: digestOf(body)}}}
	prepare := map[string]any{"offering": offering, "set": "grunnsett", "answers": answers}
	statement := h.want(200, "supplier", "POST", "/api/v1/attestations/prepare", prepare)
	var receipt Receipt
	bundle := h.sign(key, statement.body)
	h.want(201, "supplier", "POST", "/api/v1/attestations", bundle, "Content-Type", bundleType).into(t, &receipt)
	present := func() bool {
		t.Helper()
		var v Verdict
		h.want(200, "", "GET", "/api/v1/attestations/"+receipt.Attestation+"/verdict", nil).into(t, &v)
		for _, c := range v.Checks {
			if c.Name == string(attestation.CheckEvidence) {
				return c.Holds
			}
		}
		t.Fatal("the verdict has no check of evidence")
		return false
	}
	var e Evidence
	h.want(200, "supplier", "GET", path+"/about", nil).into(t, &e)
	if !present() || e.NeededUntil.IsZero() {
		t.Errorf("before: present %v, needed until %v", present(), e.NeededUntil)
	}
	if r := h.want(422, "supplier", "DELETE", path, nil); r.key() != "invalid.fields" {
		t.Errorf("without a reason: %s", r.body)
	}
	h.want(403, "adviser", "DELETE", path+"?reason=x", nil)
	h.want(401, "", "DELETE", path+"?reason=x", nil)
	h.want(404, "supplier@"+theirs, "DELETE", path+"?reason=x", nil)
	if r := h.want(412, "supplier", "DELETE", path+"?reason=x", nil, "If-Match", `"77"`); r.key() != "evidence.stale" {
		t.Errorf("from another revision: %s", r.body)
	}
	e = Evidence{}
	h.want(200, "supplier", "DELETE", path+"?reason=Utdatert&forgetName=true", nil).into(t, &e)
	if e.State != evidence.Erased || e.Erasure.Reason != "Utdatert" || e.Name != "" || e.SHA256 != digestOf(body) {
		t.Errorf("%+v", e)
	}
	if r := h.want(404, "", "GET", path, nil); r.key() != "evidence.erased" {
		t.Errorf("download: %s", r.body)
	}
	h.want(200, "", "GET", path+"/about", nil).into(t, &e)
	if e.State != evidence.Erased || present() {
		t.Errorf("after: %s, present %v", e.State, present())
	}
	if r := h.want(422, "supplier", "POST", "/api/v1/attestations/prepare", prepare); r.key() != "statement.evidence" || !strings.Contains(string(r.body), "answer.evidence-erased") {
		t.Errorf("a new statement: %s", r.body)
	}
	h.want(201, "supplier", "POST", "/api/v1/evidence?kind=policy&name=rutine.txt", body)
	if h.want(200, "", "GET", path, nil); !present() {
		t.Error("it was sent again, and is not present")
	}
}

// TestNobodyLearnsOfAnothersFile: to a supplier, bytes that somebody else has
// are in every answer as bytes that nobody has.
func TestNobodyLearnsOfAnothersFile(t *testing.T) {
	h := newHouse(t)
	h.supplierWith(ours)
	h.supplierWith(theirs)
	known, unknown := []byte("Det alle spør om 1"), []byte("Det alle spør om 2")
	h.want(201, "supplier@"+ours, "POST", "/api/v1/evidence?kind=policy&name=a.txt&visibility=granted&issuer=x", known)
	// ask gives all that the other supplier can see of a file, with what tells
	// it from other files written alike.
	ask := func(body []byte) []string {
		var out []string
		digest := digestOf(body)
		note := func(r reply) {
			header := http.Header{}
			for name, v := range r.header {
				if name != "Date" && name != "X-Request-Id" && name != "Etag" {
					header[name] = v
				}
			}
			text := string(r.body)
			var any map[string]any
			if json.Unmarshal(r.body, &any) == nil {
				delete(any, "instance")
				b, err := json.Marshal(any)
				if err != nil {
					t.Fatal(err)
				}
				text = string(b)
			}
			h, err := json.Marshal(header)
			if err != nil {
				t.Fatal(err)
			}
			text = strings.ReplaceAll(text, string(body), "BODY")
			out = append(out, strings.ReplaceAll(http.StatusText(r.status)+" "+string(h)+" "+text, digest, "DIGEST"))
		}
		who, path := "supplier@"+theirs, "/api/v1/evidence/"+digest
		seen := func() {
			note(h.do(who, "GET", path, nil))
			note(h.do(who, "GET", path+"/about", nil))
			note(h.do(who, "PUT", path, EvidenceInput{Kind: "policy", Visibility: "public"}))
			note(h.do(who, "GET", "/api/v1/suppliers/"+ours+"/evidence", nil))
		}
		seen()
		note(h.do(who, "DELETE", path+"?reason=x", nil))
		note(h.do(who, "POST", "/api/v1/evidence?kind=policy&name=b.txt&sha256="+digest, []byte("guess")))
		note(h.do(who, "POST", "/api/v1/evidence?kind=policy&name=b.txt&sha256="+digest, body))
		seen()
		note(h.do(who, "POST", "/api/v1/evidence?kind=policy&name=b.txt", body))
		note(h.do(who, "DELETE", path+"?reason=x", nil))
		seen()
		return out
	}
	if d := cmp.Diff(ask(unknown), ask(known)); d != "" {
		t.Errorf("the answers tell that somebody has it (-nobody +somebody):\n%s", d)
	}
	// And the first still has what it had.
	if got := h.want(200, "supplier@"+ours, "GET", "/api/v1/evidence/"+digestOf(known), nil); string(got.body) != string(known) {
		t.Error("the first one's file is gone or changed")
	}
}
