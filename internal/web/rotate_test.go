package web

import (
	"crypto"
	"encoding/base64"
	"net/url"
	"strings"
	"testing"

	"felleskrav/internal/signing"
)

// TestKeyIsReplacedOnThePage enrols two keys, the second in the place of the
// first.
func TestKeyIsReplacedOnThePage(t *testing.T) {
	s := newSite(t, true)
	b := s.visit("supplier")
	own := "/suppliers/" + string(s.supplier) + "/keys"
	enrol := func(label, replaces string) string {
		t.Helper()
		key := must[crypto.Signer](t)(signing.GenerateKey(signing.ECDSAP256))
		pub := must[signing.PublicKey](t)(signing.PublicOf(key))
		b.post(own, url.Values{"publicKey": {pub.PEM}, "label": {label}, "replaces": {replaces}}).must(t, 200)
		challenge := b.get(own+"/challenge/file").must(t, 200)
		if strings.Contains(challenge.body, "replaces: "+replaces+"\n") != (replaces != "") {
			t.Errorf("replacing %q the challenge is\n%s", replaces, challenge.body)
		}
		sig := must[[]byte](t)(signing.SignMessage(key, []byte(challenge.body)))
		b.post(own+"/challenge", url.Values{"signature": {base64.StdEncoding.EncodeToString(sig)}}).must(t, 200, pub.ID)
		return pub.ID
	}
	first := enrol("Første", "")
	b.get(own).must(t, 200, "Erstatter", `<option value="">Ingen</option>`, `<option value="`+first+`">Første (`)
	b.post(own, url.Values{"publicKey": {"not a key"}, "replaces": {first}}).must(t, 422, `<option value="`+first+`" selected>`)
	second := enrol("Andre", first)
	page := b.get(own).must(t, 200, "Erstattet av en ny nøkkel", `<option value="`+second+`">Andre (`)
	if strings.Contains(page.body, `<option value="`+first) {
		t.Error("a revoked key can be chosen")
	}
	third := must[signing.PublicKey](t)(signing.PublicOf(must[crypto.Signer](t)(signing.GenerateKey(signing.ECDSAP256))))
	b.post(own, url.Values{"publicKey": {third.PEM}, "replaces": {first}}).must(t, 422, `id="f-replaces-error"`, "trukket tilbake fra før")
	if page := s.visit("").get(own).must(t, 200); strings.Contains(page.body, `name="replaces"`) {
		t.Error("the choice is shown to somebody who cannot enrol keys")
	}
}
