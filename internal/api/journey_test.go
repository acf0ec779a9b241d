package api

import (
	"bytes"
	"crypto"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"felleskrav/internal/attestation"
	"felleskrav/internal/catalogue"
	"felleskrav/internal/signing"
	"felleskrav/internal/status"
	"felleskrav/internal/supplier"
	"felleskrav/internal/transparency"
)

func digestOf(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// TestDeclaration walks a supplier's way: statement, signature, receipt,
// status, withdrawal.
func TestDeclaration(t *testing.T) {
	h := newHouse(t)
	offering, key := h.supplierWith(ours)

	desc := h.want(200, "", "GET", "/api/v1/offerings/"+offering+"/descriptor", nil)
	tag := desc.header.Get("ETag")
	if tag != `"`+digestOf(desc.body)+`"` {
		t.Errorf("the descriptor's ETag %s is not its digest", tag)
	}
	h.want(304, "", "GET", "/api/v1/offerings/"+offering+"/descriptor", nil, "If-None-Match", tag)
	h.want(200, "", "GET", "/api/v1/offerings/"+offering+"/descriptor?digest="+strings.Trim(tag, `"`), nil)
	h.want(404, "", "GET", "/api/v1/offerings/"+offering+"/descriptor?digest="+digestOf(nil), nil)

	prepare := h.want(200, "supplier", "POST", "/api/v1/attestations/prepare", Draft{Offering: offering, Set: "grunnsett@2.0.0", Answers: h.answers("grunnsett")})
	if got := prepare.header.Get("Statement-Digest"); got != digestOf(prepare.body) {
		t.Errorf("Statement-Digest %s is not that of the body", got)
	}
	if prepare.header.Get("Content-Type") != "application/vnd.in-toto+json" {
		t.Errorf("statement sent as %s", prepare.header.Get("Content-Type"))
	}
	bundle := h.sign(key, prepare.body)
	first := h.want(201, "supplier", "POST", "/api/v1/attestations", bundle, "Content-Type", bundleType)
	var receipt Receipt
	first.into(t, &receipt)
	if receipt.Attestation != digestOf(prepare.body) || first.header.Get("Location") != "/api/v1/attestations/"+receipt.Attestation {
		t.Errorf("receipt for %s at %s, want %s", receipt.Attestation, first.header.Get("Location"), digestOf(prepare.body))
	}
	verifier, err := transparency.NewVerifier(strings.TrimSpace(string(h.want(200, "", "GET", "/log/key", nil).body)))
	if err != nil {
		t.Fatal(err)
	}
	if verifier.Name() != receipt.Log.Origin {
		t.Errorf("the log is named %s, the receipt says %s", verifier.Name(), receipt.Log.Origin)
	}
	h.want(200, "supplier", "POST", "/api/v1/attestations", bundle, "Content-Type", "application/json")

	at := "/api/v1/attestations/" + receipt.Attestation
	if got := h.want(200, "", "GET", at+"/bundle", nil); string(got.body) != string(bundle) {
		t.Error("the bundle does not come back verbatim")
	}
	var logged struct {
		VerificationMaterial struct{ TlogEntries []json.RawMessage }
	}
	h.want(200, "", "GET", at+"/bundle?format=key", nil).into(t, &logged)
	if len(logged.VerificationMaterial.TlogEntries) != 1 {
		t.Error("format=key has no log entry")
	}
	var rec Attestation
	h.want(200, "", "GET", at, nil).into(t, &rec)
	if rec.Digest != receipt.Attestation || len(rec.Bundle) != 0 || len(rec.Answers) == 0 {
		t.Errorf("declaration read as %+v", rec)
	}
	var again Receipt
	h.want(200, "", "GET", at+"/receipt", nil).into(t, &again)
	if again.Log.Index != receipt.Log.Index {
		t.Errorf("index %d became %d", receipt.Log.Index, again.Log.Index)
	}
	var v Verdict
	h.want(200, "", "GET", at+"/verdict", nil, "Accept-Language", "nn").into(t, &v)
	if !v.Holds || len(v.Checks) != 10 || !strings.Contains(v.Checks[3].Text, "Erklæringa står i loggen") {
		t.Errorf("verdict %+v", v)
	}
	for _, c := range v.Checks {
		if strings.HasPrefix(c.Text, "verdict.") {
			t.Errorf("no text for %s", c.Name)
		}
	}
	h.wantSigned(at, receipt.Attestation)

	h.wantStatus(offering, status.Valid)
	h.withdraw(key, receipt.Attestation)
	h.wantStatus(offering, status.Withdrawn)
	h.want(200, "", "GET", at, nil) // nothing is deleted
}

// wantSigned verifies the registry's signed verdict with the key it publishes.
func (h *house) wantSigned(at, digest string) {
	t := h.t
	t.Helper()
	pem := h.want(200, "", "GET", "/log/verdict-key.pem", nil)
	if pem.header.Get("Content-Type") != "application/x-pem-file" || pem.header.Get("Access-Control-Allow-Origin") != "*" {
		t.Errorf("the key is sent as %v", pem.header)
	}
	key, err := signing.ParsePublicKey(pem.body)
	if err != nil {
		t.Fatal(err)
	}
	signed := h.want(200, "", "GET", at+"/verdict?format=bundle", nil)
	if signed.header.Get("Content-Type") != bundleType || !strings.Contains(signed.header.Get("Content-Disposition"), "-verdict.sigstore.json") {
		t.Errorf("the signed verdict is sent as %v", signed.header)
	}
	b, err := signing.ParseBundle(signed.body)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Verify(key, digest); err != nil {
		t.Error(err)
	}
	var st struct {
		PredicateType string
		Predicate     struct{ Properties []string }
	}
	if err := json.Unmarshal(b.Payload, &st); err != nil || st.PredicateType != attestation.VerdictType || len(st.Predicate.Properties) != 10 {
		t.Errorf("the signed verdict says %s (%v)", b.Payload, err)
	}
	h.want(422, "", "GET", at+"/verdict?format=pdf", nil)
	h.want(404, "", "GET", "/api/v1/attestations/"+strings.Repeat("0", 64)+"/verdict?format=bundle", nil)
}

func (h *house) wantStatus(offering string, want status.Overall) {
	h.t.Helper()
	var st status.Status
	h.want(200, "", "GET", "/api/v1/offerings/"+offering+"/status?set=grunnsett", nil).into(h.t, &st)
	if st.Overall != want {
		h.t.Errorf("status %s, want %s", st.Overall, want)
	}
}

func (h *house) withdraw(key crypto.Signer, digest string) {
	h.t.Helper()
	at := "/api/v1/attestations/" + digest + "/withdrawals"
	st := h.want(200, "supplier", "POST", at+"/prepare", WithdrawalInput{Reason: "Tjenesten er avviklet."})
	bundle := h.sign(key, st.body)
	h.want(201, "supplier", "POST", at, bundle, "Content-Type", bundleType)
	h.want(200, "supplier", "POST", at, bundle, "Content-Type", bundleType)
}

// TestStatusNow holds that what changes shows at once, through the cache, and
// that time alone changes what it should to the second.
func TestStatusNow(t *testing.T) {
	h := newHouse(t)
	offering, key := h.supplierWith(ours)
	h.wantStatus(offering, status.Missing)
	h.declare(ours, offering, "grunnsett", key)
	h.wantStatus(offering, status.Valid)

	var st status.Status
	path := "/api/v1/offerings/" + offering + "/status"
	h.want(200, "", "GET", path, nil).into(t, &st)
	if st.Set != "grunnsett" || st.ChangesAt == nil {
		t.Fatalf("status %+v", st)
	}
	h.add(st.ChangesAt.Sub(h.now()) - time.Millisecond)
	h.wantStatus(offering, status.Valid)
	h.add(time.Millisecond)
	h.wantStatus(offering, status.Expiring)
	before := h.now()
	h.add(status.ExpiringWithin - time.Millisecond)
	h.wantStatus(offering, status.Expiring)
	h.add(time.Millisecond)
	h.wantStatus(offering, status.Expired)

	h.want(200, "", "GET", path+"?at="+before.Format(time.RFC3339), nil).into(t, &st)
	if st.Overall != status.Expiring || !st.At.Equal(before) {
		t.Errorf("at %s: %s at %s", before, st.Overall, st.At)
	}

	// The same answer is given out for less than a second.
	first := h.want(200, "", "GET", path, nil)
	h.add(900 * time.Millisecond)
	if second := h.want(200, "", "GET", path, nil); string(second.body) != string(first.body) {
		t.Error("computed anew within a second without a change")
	}
	h.add(100 * time.Millisecond)
	if third := h.want(200, "", "GET", path, nil); string(third.body) == string(first.body) {
		t.Error("still the same after a second")
	}
	h.want(200, "supplier", "PUT", "/api/v1/offerings/"+offering, OfferingInput{Name: "Sakssystem pluss", DeliveryModels: []DeliveryModel{catalogue.ModelSaaS}, Regions: []string{"NO"}})
	h.want(200, "", "GET", path, nil).into(t, &st)
	if st.OfferingName != "Sakssystem pluss" {
		t.Errorf("a changed offering shows as %s", st.OfferingName)
	}

	var list StatusList
	h.want(200, "", "GET", "/api/v1/suppliers/"+ours+"/status", nil).into(t, &list)
	if len(list.Items) != 1 || list.Items[0].Offering != offering {
		t.Errorf("statuses of the supplier: %+v", list.Items)
	}
}

func TestBadge(t *testing.T) {
	h := newHouse(t)
	offering, key := h.supplierWith(ours)
	h.declare(ours, offering, "grunnsett", key)
	path := "/api/v1/offerings/" + offering + "/badge.svg"
	for lang, word := range map[string]string{"nb": "Gyldig", "nn": "Gyldig", "en": "Valid"} {
		r := h.want(200, "", "GET", path+"?lang="+lang, nil)
		svg := string(r.body)
		if !strings.Contains(svg, "<title>") || !strings.Contains(svg, word) || !strings.Contains(svg, `lang="`+lang+`"`) {
			t.Errorf("%s: %s", lang, svg)
		}
		if r.header.Get("Content-Type") != "image/svg+xml" || r.header.Get("Cross-Origin-Resource-Policy") != "cross-origin" || !strings.Contains(r.header.Get("Content-Security-Policy"), "default-src 'none'") {
			t.Errorf("headers %v", r.header)
		}
	}
	h.want(200, "supplier", "PUT", "/api/v1/offerings/"+offering, OfferingInput{Name: `<script>"&'`, DeliveryModels: []DeliveryModel{catalogue.ModelSaaS}, Regions: []string{"NO"}})
	if svg := string(h.want(200, "", "GET", path, nil).body); strings.Contains(svg, "<script>") {
		t.Error("a name got into the picture as markup")
	}
}

func TestCheck(t *testing.T) {
	h := newHouse(t)
	offering, key := h.supplierWith(ours)
	h.declare(ours, offering, "grunnsett", key)
	h.want(201, "supplier@"+theirs, "PUT", "/api/v1/suppliers/"+theirs, SupplierInput{Name: "Uten leveranse AS", Country: "SE", Website: "https://example.org"})
	var out CheckResult
	in := CheckInput{Suppliers: []string{"NO 123 456 785 MVA", "555555555", "12", "", theirs, ours}}
	h.want(200, "adviser", "POST", "/api/v1/status/check", in, "Accept-Language", "en").into(t, &out)
	if out.Set != "grunnsett@2.0.0" || len(out.Items) != 6 {
		t.Fatalf("checked %+v", out)
	}
	first, unknown, wrong, empty, bare, last := out.Items[0], out.Items[1], out.Items[2], out.Items[3], out.Items[4], out.Items[5]
	if first.Status.Overall != status.Valid || first.Status.Offering != offering || last.Status.Offering != offering || !first.Known {
		t.Errorf("known supplier: %+v", first)
	}
	if unknown.Known || unknown.Status.Offering != "" || !bare.Known || bare.Status.Offering != "" {
		t.Errorf("unknown %+v, without offering %+v", unknown, bare)
	}
	if wrong.Error.Key != "organisation.number" || wrong.Error.Field != "suppliers[2]" || !strings.Contains(wrong.Error.Detail, "nine digits") || empty.Error.Key == "" {
		t.Errorf("wrong number: %+v", wrong)
	}
	h.want(200, "procurement", "POST", "/api/v1/status/check", CheckInput{Suppliers: []string{ours}, Set: "skytjenester@1.0.0", At: h.now().Add(-time.Hour)})
	if r := h.want(422, "adviser", "POST", "/api/v1/status/check", CheckInput{Suppliers: []string{ours}, At: h.now().Add(time.Hour)}); r.key() != "status.future" {
		t.Errorf("ahead of time: %s", r.body)
	}
}

func TestKeys(t *testing.T) {
	h := newHouse(t)
	_, _ = h.supplierWith(ours)
	for _, alg := range []signing.Algorithm{signing.Ed25519, signing.RSA3072} {
		h.enrol(ours, alg)
	}
	path := "/api/v1/suppliers/" + ours + "/keys"
	var keys KeyList
	h.want(200, "", "GET", path, nil).into(t, &keys)
	if len(keys.Items) != 3 {
		t.Fatalf("%d keys", len(keys.Items))
	}
	var one KeyList
	h.want(200, "", "GET", path+"?limit=1", nil).into(t, &one)
	var two KeyList
	h.want(200, "", "GET", path+"?limit=1&cursor="+one.Next, nil).into(t, &two)
	if two.Items[0].ID != keys.Items[1].ID || two.Next == "" {
		t.Errorf("second page %+v", two)
	}
	var revoked supplier.Key
	h.want(200, "supplier", "POST", path+"/"+one.Items[0].ID+"/revocation", RevocationInput{Reason: supplier.Compromised, Note: "mistet"}).into(t, &revoked)
	if revoked.Revoked == nil || revoked.Revoked.Reason != supplier.Compromised {
		t.Errorf("revoked: %+v", revoked)
	}
	key, err := signing.GenerateKey(signing.ECDSAP256)
	if err != nil {
		t.Fatal(err)
	}
	pub, err := signing.PublicOf(key)
	if err != nil {
		t.Fatal(err)
	}
	var ch Challenge
	h.want(201, "supplier", "POST", path, EnrolmentInput{Pem: pub.PEM}).into(t, &ch)
	proof := ProofInput{Signature: []byte("not a signature")}
	if r := h.want(422, "supplier", "POST", path+"/challenges/"+ch.Id, proof); r.key() != "key.proof" {
		t.Errorf("wrong proof: %s", r.body)
	}
	if r := h.want(404, "supplier", "POST", path+"/challenges/"+ch.Id, proof); r.key() != "key.challenge-gone" {
		t.Errorf("second try: %s", r.body)
	}
	if r := h.want(409, "supplier", "POST", path, EnrolmentInput{Pem: keys.Items[1].PEM}); r.key() != "key.enrolled-before" {
		t.Errorf("the same key again: %s", r.body)
	}
	// In the place of the second key.
	old := keys.Items[1].ID
	h.want(422, "supplier", "POST", path, EnrolmentInput{Pem: pub.PEM, Replaces: "nosuch"})
	for replaces, want := range map[string]string{strings.Repeat("ab", 32): "key.replaces-unknown", one.Items[0].ID: "key.replaces-revoked", pub.ID: "key.replaces-itself"} {
		if r := h.want(422, "supplier", "POST", path, EnrolmentInput{Pem: pub.PEM, Replaces: replaces}); !bytes.Contains(r.body, []byte(`"replaces"`)) || !bytes.Contains(r.body, []byte(want)) {
			t.Errorf("replacing %s: %s, want %s", replaces, r.body, want)
		}
	}
	h.want(201, "supplier", "POST", path, EnrolmentInput{Pem: pub.PEM, Label: "Ny", Replaces: old}).into(t, &ch)
	if !bytes.Contains(ch.Message, []byte("\nreplaces: "+old+"\n")) {
		t.Errorf("the challenge is %s", ch.Message)
	}
	if proof.Signature, err = signing.SignMessage(key, ch.Message); err != nil {
		t.Fatal(err)
	}
	var fresh supplier.Key
	h.want(201, "supplier", "POST", path+"/challenges/"+ch.Id, proof).into(t, &fresh)
	h.want(200, "", "GET", path, nil).into(t, &keys)
	if was := keys.Items[1].Revoked; was == nil || was.Reason != supplier.Replaced || was.Index <= fresh.EnrolledIndex || keys.Items[3].ID != pub.ID {
		t.Errorf("after the rotation: %+v", keys.Items)
	}
}

func TestEvidence(t *testing.T) {
	h := newHouse(t)
	offering, _ := h.supplierWith(ours)
	pdf := []byte("%PDF-1.7\n" + strings.Repeat("x", 2000) + "\n%%EOF\n")
	digest := digestOf(pdf)
	path := "/api/v1/evidence?kind=policy&name=" + "sikkerhetsh%C3%A5ndbok.pdf" + "&sha256=" + digest
	r := h.want(201, "supplier", "POST", path, pdf, "Content-Type", "application/pdf")
	if r.header.Get("Location") != "/api/v1/evidence/"+digest {
		t.Errorf("at %s", r.header.Get("Location"))
	}
	h.want(200, "supplier", "POST", path, pdf)
	h.want(404, "", "GET", "/api/v1/evidence/"+digest, nil)
	h.want(404, "supplier@"+theirs, "GET", "/api/v1/evidence/"+digest, nil)
	got := h.want(200, "adviser", "GET", "/api/v1/evidence/"+digest, nil)
	if string(got.body) != string(pdf) {
		t.Error("the file came back changed")
	}
	for name, want := range map[string]string{"Content-Disposition": "attachment; filename*=utf-8''sikkerhetsh%C3%A5ndbok.pdf", "Content-Security-Policy": "sandbox; default-src 'none'", "Content-Type": "application/pdf"} {
		if got.header.Get(name) != want {
			t.Errorf("%s: %q, want %q", name, got.header.Get(name), want)
		}
	}
	h.want(201, "supplier", "POST", "/api/v1/evidence?kind=policy&name=b.txt&visibility=granted&granted="+agency+","+rival, []byte("Bare for noen."))
	for who, want := range map[string]int{"": 0, "adviser": 2, "supplier": 2, "adviser@" + theirs: 1} {
		var list EvidenceList
		h.want(200, who, "GET", "/api/v1/suppliers/"+ours+"/evidence", nil).into(t, &list)
		if len(list.Items) != want {
			t.Errorf("%q sees %d files, want %d", who, len(list.Items), want)
		}
		for _, e := range list.Items {
			if who != "supplier" && len(e.Granted) > 0 {
				t.Errorf("%q sees who else may", who)
			}
		}
	}
	bad := func(status int, key, query string, body []byte, header ...string) {
		t.Helper()
		if r := h.want(status, "supplier", "POST", "/api/v1/evidence?"+query, body, header...); r.key() != key {
			t.Errorf("%s: %s, want %s", query, r.body, key)
		}
	}
	bad(422, "evidence.digest", "kind=policy&name=a.pdf&sha256="+digestOf(nil), pdf)
	bad(415, "evidence.ending", "kind=policy&name=a.txt", pdf)
	bad(415, "evidence.type", "kind=policy&name=a.exe", []byte("MZ\x90\x00\x03\x00\x00\x00\x04\x00"))
	bad(415, "request.content-type", "kind=policy&name=a.pdf", pdf, "Content-Type", "multipart/form-data; boundary=x")
	bad(413, "request.too-large", "kind=policy&name=a.pdf", append(pdf, make([]byte, 64<<10)...))
	bad(422, "invalid.fields", "kind=policy", pdf)
	bad(422, "invalid.fields", "kind=novel&name=a.pdf", pdf)
	bad(422, "invalid.fields", "kind=policy&name=..%2Fa.pdf", pdf)
	bad(400, "request.no-body", "kind=policy&name=a.pdf", nil)
	if r := h.want(413, "supplier", "POST", "/api/v1/evidence?kind=policy&name=a.pdf", streamOf(append(pdf, make([]byte, 64<<10)...))); !strings.Contains(r.key(), "large") {
		t.Errorf("streamed: %s", r.body)
	}
	// Files pass through: the first bytes give this one away before it is known
	// to be too large.
	if r := h.want(415, "supplier", "POST", "/api/v1/evidence?kind=policy&name=a.exe", streamOf(append([]byte("MZ\x90\x00\x03\x00"), make([]byte, 1<<20)...))); r.key() != "evidence.type" {
		t.Errorf("passed through: %s", r.body)
	}

	answers := h.answers("grunnsett")
	answers[0].Evidence = []attestation.EvidenceRef{{Digest: attestation.DigestSet{SHA256: digest}}}
	h.want(200, "supplier", "POST", "/api/v1/attestations/prepare", Draft{Offering: offering, Set: "grunnsett", Answers: answers})
	answers[0].Evidence[0].Digest.SHA256 = digestOf([]byte("never uploaded"))
	if r := h.want(422, "supplier", "POST", "/api/v1/attestations/prepare", Draft{Offering: offering, Set: "grunnsett", Answers: answers}); r.key() != "statement.evidence" {
		t.Errorf("evidence that is not there: %s", r.body)
	}
}

func TestSuppliersAndOfferings(t *testing.T) {
	h := newHouse(t)
	offering, _ := h.supplierWith(ours)
	_, _ = h.supplierWith(theirs)
	var list SupplierList
	h.want(200, "", "GET", "/api/v1/suppliers?q=leverand%C3%98r&limit=1", nil).into(t, &list)
	if len(list.Items) != 1 || list.Next != ours || list.Items[0].Orgnr != ours {
		t.Fatalf("first page %+v", list)
	}
	var second SupplierList
	h.want(200, "", "GET", "/api/v1/suppliers?q=leverand%C3%98r&limit=1&cursor="+list.Next, nil).into(t, &second)
	if len(second.Items) != 1 || second.Next != "" || second.Items[0].Orgnr != theirs {
		t.Errorf("second page %+v", second)
	}
	path := "/api/v1/suppliers/" + ours
	tag := h.want(200, "", "GET", path, nil).header.Get("ETag")
	r := h.want(200, "supplier", "PUT", path, SupplierInput{Name: "Nytt navn AS"}, "If-Match", tag)
	if r.header.Get("ETag") == tag || !strings.Contains(string(r.body), `"country":"NO"`) {
		t.Errorf("changed: %s %s", r.header.Get("ETag"), r.body)
	}
	for _, stale := range []string{tag, `"x"`, `W/"1"`, `1`, `"99"`} {
		h.want(412, "supplier", "PUT", path, SupplierInput{Name: "Enda nyere AS"}, "If-Match", stale)
	}
	h.want(200, "supplier", "PUT", path, SupplierInput{Name: "Nytt navn AS"}, "If-Match", "*")

	path = "/api/v1/offerings/" + offering
	tag = h.want(200, "", "GET", path, nil).header.Get("ETag")
	in := OfferingInput{Name: "Sak 5", DeliveryModels: []DeliveryModel{catalogue.ModelSaaS}, Regions: []string{"NO", "SE"}}
	h.want(200, "supplier", "PUT", path, in, "If-Match", tag)
	if r := h.want(412, "supplier", "PUT", path, in, "If-Match", tag); r.key() != "offering.stale" {
		t.Errorf("stale offering: %s", r.body)
	}
	h.want(403, "supplier@"+theirs, "PUT", path, in)
	h.want(403, "supplier@"+theirs, "POST", "/api/v1/suppliers/"+ours+"/offerings", in)
	h.want(404, "supplier", "PUT", "/api/v1/offerings/01900000-0000-7000-8000-000000000000", in)
	h.want(404, "", "GET", "/api/v1/suppliers/"+agency+"/offerings", nil)
	h.want(403, "supplier@"+theirs, "POST", "/api/v1/attestations/prepare", Draft{Offering: offering, Set: "grunnsett", Answers: h.answers("grunnsett")})
	var offerings OfferingList
	h.want(200, "", "GET", "/api/v1/suppliers/"+ours+"/offerings", nil).into(t, &offerings)
	if len(offerings.Items) != 1 || offerings.Items[0].Name != "Sak 5" {
		t.Errorf("offerings %+v", offerings)
	}
}
