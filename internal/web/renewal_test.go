package web

import (
	"crypto"
	"encoding/base64"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"felleskrav/internal/attestation"
	"felleskrav/internal/signing"
)

var shownStatement = regexp.MustCompile(`name="statement" value="([^"]+)"`)

// statementOn gives the bytes that a page asks to have signed.
func statementOn(t testing.TB, a answer) []byte {
	t.Helper()
	m := shownStatement.FindStringSubmatch(a.body)
	if m == nil {
		t.Fatalf("no statement on %s (%d): %s", a.path, a.code, leading(a.body))
	}
	return must[[]byte](t)(base64.StdEncoding.DecodeString(html.UnescapeString(m[1])))
}

func (b *browser) sendSigned(statement []byte, key crypto.Signer) answer {
	b.t.Helper()
	bundle := must[[]byte](b.t)(signing.SignBundle(b.t.Context(), key, statement))
	fields := map[string]string{"statement": base64.StdEncoding.EncodeToString(statement)}
	return b.upload("/offerings/"+b.declared+"/attestations?set=skytjenester", fields, "bundle", "bundle.json", bundle)
}

func TestRenewOnThePages(t *testing.T) {
	s := newSite(t, true)
	b := s.visit("supplier")
	if a := b.get("/attestations/" + s.digest); !strings.Contains(a.body, "/attestations/"+s.digest+"/renewal") {
		t.Error("the supplier's own declaration does not offer to be renewed")
	}
	page := b.get("/attestations/" + s.digest + "/renewal")
	statement := statementOn(t, page)
	done := b.sendSigned(statement, s.key)
	if want := "/attestations/" + signing.Digest(statement); done.code != http.StatusOK || done.path != want {
		t.Fatalf("came to %s (%d), want %s", done.path, done.code, want)
	}
	// The old one cannot be renewed any more, and says which can.
	again := b.get("/attestations/" + s.digest + "/renewal")
	if again.code != http.StatusUnprocessableEntity && again.code != http.StatusConflict || !strings.Contains(again.body, signing.Digest(statement)) {
		t.Errorf("renewing the old one: %d, and the page does not name the newer", again.code)
	}
	if a := s.visit("rival").get("/attestations/" + s.digest + "/renewal"); a.code != http.StatusForbidden {
		t.Errorf("another supplier: %d, want forbidden", a.code)
	}
}

func TestTwoSignaturesOnThePages(t *testing.T) {
	s := newSite(t, true)
	b := s.visit("supplier")
	own := "/suppliers/" + string(s.supplier)
	if a := b.post(own+"/four-eyes", url.Values{"required": {"yes"}}); a.code != http.StatusUnprocessableEntity || !strings.Contains(a.body, `role="alert"`) && !strings.Contains(a.body, "ds-error-summary") {
		t.Errorf("two signatures with one key: %d %s", a.code, leading(a.body))
	}
	second := must[crypto.Signer](t)(signing.GenerateKey(signing.Ed25519))
	s.enrol(t.Context(), seller, second)
	if a := b.post(own+"/four-eyes", url.Values{"required": {"yes"}}); a.code != http.StatusOK || a.path != own+"/keys" {
		t.Fatalf("two signatures: %s (%d)", a.path, a.code)
	}
	statement := statementOn(t, b.get("/attestations/"+s.digest+"/renewal"))
	if a := b.sendSigned(statement, s.key); a.code != http.StatusOK || a.path != own {
		t.Fatalf("after one signature: %s (%d), want the supplier's page", a.path, a.code)
	}
	digest := signing.Digest(statement)
	link := own + "/waiting/" + digest
	if a := b.get(own); !strings.Contains(a.body, link) {
		t.Fatalf("the supplier's page does not list what waits: %s", leading(a.body))
	}
	if a := s.visit("").get(own); strings.Contains(a.body, link) {
		t.Error("the public sees what waits")
	}
	if a := s.visit("rival").get(link); a.code != http.StatusForbidden {
		t.Errorf("another supplier: %d, want forbidden", a.code)
	}
	page := b.get(link)
	checkPage(t, "nb", page)
	if got := statementOn(t, page); string(got) != string(statement) {
		t.Fatal("the second signer is shown something else than the first signed")
	}
	if a := b.get("/attestations/" + digest); a.code != http.StatusNotFound {
		t.Errorf("a declaration that waits has a page: %d", a.code)
	}
	if a := b.sendSigned(statement, second); a.code != http.StatusOK || a.path != "/attestations/"+digest {
		t.Fatalf("after two signatures: %s (%d)", a.path, a.code)
	}
	rec := must[attestation.Record](t)(s.web.Attestations.Get(t.Context(), seller, digest))
	if rec.SecondKeyID == "" || rec.SecondKeyID == rec.KeyID {
		t.Errorf("signed by %s and %s", rec.KeyID, rec.SecondKeyID)
	}
	if a := b.get(own); strings.Contains(a.body, link) {
		t.Error("it still waits")
	}
}
