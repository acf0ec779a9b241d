package web

import (
	"context"
	"crypto"
	"encoding/base64"
	"net/url"
	"strings"
	"testing"

	"felleskrav/internal/review"
	"felleskrav/internal/signing"
)

// TestAdviserReviews walks an adviser's way: from the status of an offering
// to a signed review, what others then see, and back again.
func TestAdviserReviews(t *testing.T) {
	s := newSite(t, true)
	b := s.visit("adviser")
	status := "/offerings/" + s.declared + "/status"
	v, _ := s.web.Catalogue.Content().Version("skytjenester", "")
	id := v.Requirements[5].ID // has evidence too
	form := "/attestations/" + s.digest + "/reviews/new?requirement=" + id
	b.get(status).must(t, 200, form, "Vurdert av Testetaten", "Godtatt med vilkår", "Nytt sertifikat", "<strong>1</strong> godtatt i en vurdering")
	b.get(form).must(t, 200, "sertifikat.txt", `href="/evidence/`+s.evidence, `value="`+s.evidence)

	prepare := strings.Replace(form, "/new?", "/statement?", 1)
	in := url.Values{"outcome": {"accepted"}, "reason": {"Vi har lest <alt>."}, "validUntil": {"2099-01-01"}, "shared": {"body"}, "conditions": {"Ett."}}
	b.post(prepare, in).must(t, 422, "#evidence", "#f-conditions", "#f-validUntil", "Vi har lest &lt;alt&gt;.")
	in.Set("validUntil", "snart")
	b.post(prepare, in).must(t, 422, "#f-validUntil")
	in.Set("validUntil", localDay(s.web.Now().AddDate(0, 1, 0)))
	in.Set("evidence", s.evidence)
	in.Del("conditions")
	page := b.post(prepare, in).must(t, 200, "statement.json", "attest sign", "Vi har lest &lt;alt&gt;.", "Bare vår egen virksomhet", "sertifikat.txt")
	encoded := find(t, page, `name="statement" value="([^"]+)"`)
	statement := must[[]byte](t)(base64.StdEncoding.DecodeString(encoded))
	file := b.post(find(t, page, `<form method="post" action="(/offerings/[^"]+/statement/file)"`), url.Values{"statement": {encoded}}).must(t, 200)
	if file.body != string(statement) {
		t.Error("the file is not the statement")
	}
	submit := strings.ReplaceAll(find(t, page, `enctype="multipart/form-data" action="([^"]+)"`), "&amp;", "&")
	stranger := must[crypto.Signer](t)(signing.GenerateKey(signing.Algorithms()[0]))
	forged := must[[]byte](t)(signing.SignBundle(context.Background(), stranger, statement))
	b.upload(submit, map[string]string{"statement": encoded}, "bundle", "bundle.json", forged).must(t, 422, strings.ReplaceAll(encoded, "+", "&#43;"))
	bundle := must[[]byte](t)(signing.SignBundle(context.Background(), s.bodyKey, statement))
	receipt := b.upload(submit, map[string]string{"statement": encoded}, "bundle", "bundle.json", bundle).must(t, 200, "ført i loggen", "Deles ikke med andre")
	digest := strings.TrimPrefix(receipt.path, "/reviews/")
	if digest != signing.Digest(statement) {
		t.Errorf("the receipt is for %s", digest)
	}
	if r := readJSON[review.Receipt](t, b.get(receipt.path+"/receipt.json").must(t, 200)); r.Review != digest || len(r.Log.RootHash) != 32 {
		t.Errorf("receipt %+v", r)
	}
	if got := b.get(receipt.path + "/bundle.json"); got.body != string(bundle) {
		t.Errorf("the bundle is not served as it was sent: %d %.300q, sent %.300q", got.code, got.body, bundle)
	}
	b.get("/reviews").must(t, 200, "Går snart ut", digest, s.review)
	b.get(status).must(t, 200, digest, "<strong>2</strong> godtatt i en vurdering")

	// It is the body's own: nobody else sees a trace of it.
	for _, who := range []string{"", "supplier", "rival", "procurement", "editor"} {
		o := s.visit(who)
		if a := o.get(receipt.path); a.code == 200 && !strings.HasPrefix(a.path, "/demo/login") {
			t.Errorf("%q reads a review that is not shared", who)
		}
		a := o.get(status).must(t, 200, "<strong>1</strong> godtatt i en vurdering")
		if strings.Contains(a.body, digest) || strings.Contains(a.body, "Vi har lest") {
			t.Errorf("%q sees a review that is not shared", who)
		}
		seen := who == "supplier" || who == "procurement" || who == "editor"
		if strings.Contains(a.body, s.review) != seen || strings.Contains(a.body, "Nytt sertifikat") != seen {
			t.Errorf("%q sees the shared review: %v, want %v", who, !seen, seen)
		}
	}

	if w := b.post(receipt.path+"/withdrawal", url.Values{"reason": {""}}); w.code != 422 {
		t.Errorf("a withdrawal without a reason: %d", w.code)
	}
	w := b.post(receipt.path+"/withdrawal", url.Values{"reason": {"Vi leste feil fil"}}).must(t, 200)
	statement = must[[]byte](t)(base64.StdEncoding.DecodeString(find(t, w, `name="statement" value="([^"]+)"`)))
	bundle = must[[]byte](t)(signing.SignBundle(context.Background(), s.bodyKey, statement))
	b.upload(receipt.path+"/withdrawal/bundle", nil, "bundle", "bundle.json", bundle).must(t, 200, "trukket tilbake", "Vi leste feil fil")
	if a := b.get(status).must(t, 200, "<strong>1</strong> godtatt i en vurdering"); strings.Contains(a.body, digest) {
		t.Error("a withdrawn review still shows")
	}
}

// TestBodyRegisters: a body that is new here is led to registering itself,
// and to a key.
func TestBodyRegisters(t *testing.T) {
	s := newSite(t, true)
	b := s.visit("procurement")
	edit := "/bodies/" + buyer.Org + "/edit"
	b.get(edit).must(t, 200, buyer.Name)
	b.post(edit, url.Values{"name": {""}}).must(t, 422, `id="f-name-error"`)
	b.post(edit, url.Values{"name": {"Testvik storkommune"}}).must(t, 200, "Virksomheten er registrert")
	b.get("/suppliers/"+buyer.Org).must(t, 200, "Offentlig virksomhet")
	if a := b.get("/suppliers?q=storkommune"); strings.Contains(a.body, "/suppliers/"+buyer.Org+`"`) {
		t.Error("a body is listed as a supplier")
	}
	s.visit("adviser").post(edit, url.Values{"name": {"Kapret"}}).must(t, 403)
}
