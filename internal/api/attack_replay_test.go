package api

import (
	"bytes"
	"encoding/json"
	"strings"
	"time"

	"felleskrav/internal/signing"
)

// onReplays are what was right once, and comes again.
func (s *siege) onReplays() []attack {
	submit := func(to string, body []byte) *Receipt {
		s.t.Helper()
		var r Receipt
		s.want(201, "supplier", "POST", to, body, "Content-Type", bundleType).into(s.t, &r)
		return &r
	}
	const door = "/api/v1/attestations"
	offering := func(name string) (id string, statement []byte) {
		id = s.offeringOf("1", name)
		return id, s.prepared(ours, id, "grunnsett")
	}
	// One that stands, by a key that is revoked since.
	_, first := offering("Gjentatt")
	lost := s.enrol(ours, signing.ECDSAP256)
	bundle := s.sign(lost, first)
	standing := submit(door, bundle)
	other, unsent := offering("Ikke sendt")
	unsentByLost := s.sign(lost, unsent)
	s.want(200, "supplier", "POST", "/api/v1/suppliers/"+ours+"/keys/"+publicOf(s.t, lost).ID+"/revocation", RevocationInput{Reason: "compromised"})
	// One that was withdrawn, and one that stands beside it.
	gone, statement := offering("Trukket")
	withdrawn := submit(door, s.sign(s.key, statement))
	to := door + "/" + withdrawn.Attestation + "/withdrawals"
	withdrawal := s.want(200, "supplier", "POST", to+"/prepare", WithdrawalInput{Reason: "Solgt."}).body
	taken := submit(to, s.sign(s.key, withdrawal))
	s.wantStatus(gone, "withdrawn")
	beside := door + "/" + standing.Attestation + "/withdrawals"
	mine := s.want(200, "supplier", "POST", beside+"/prepare", WithdrawalInput{Reason: "Feil."}).body

	again := func(name string, body []byte) attack {
		return attack{name: "again, " + name, body: body, again: standing}
	}
	superseding := func(digest string) []byte {
		return s.says(func(_, p object) { p["supersedes"] = object{"digest": object{"sha256": digest}} })
	}
	supersedes := func(name, digest string) attack {
		return attack{name: "superseding " + name, body: superseding(digest), status: 422, key: "statement.supersedes"}
	}
	withdraw := func(name string, old, replacement string, status int, key string) attack {
		return attack{name: "withdrawal " + name, to: beside, body: s.sign(s.key, edited(s.t, mine, old, replacement)), status: status, key: key}
	}
	verdict := s.want(200, "", "GET", door+"/"+standing.Attestation+"/verdict?format=bundle", nil).body
	inner, err := signing.ParseBundle(verdict)
	if err != nil {
		s.t.Fatal(err)
	}
	var spaced bytes.Buffer
	if err := json.Indent(&spaced, bundle, "", "  "); err != nil {
		s.t.Fatal(err)
	}
	return []attack{
		again("byte for byte", bundle),
		again("byte for byte, a month later", bundle),
		again("with the other signature that follows from it", resigned(s.t, bundle, func(sig []byte) []byte { return malleable(s.t, sig) })),
		again("signed with another key", s.sign(s.key, first)),
		again("with spaces", spaced.Bytes()),
		again("with no hint", hinted(s.t, bundle, "")),
		again("with a hint of nobody", hinted(s.t, bundle, hintOf(s.t, s.away))),
		again("with its place in the log", s.want(200, "", "GET", door+"/"+standing.Attestation+"/bundle?format=key", nil).body),
		{name: "again, with a broken signature", body: resigned(s.t, bundle, func(sig []byte) []byte { return sig[1:] }), status: 422, key: "signature.wrong"},
		{name: "again, by another supplier", who: "supplier@" + theirs, body: bundle, status: 403, key: "access.other-organisation"},
		{name: "again, signed by another supplier", body: s.sign(s.away, first), status: 422, key: "signature.unknown-key"},
		{name: "again, after it was withdrawn", body: s.sign(s.key, statement), again: withdrawn, during: func(strike func()) {
			strike()
			s.wantStatus(gone, "withdrawn")
		}},
		{name: "new, by a key that was revoked since it signed", body: unsentByLost, status: 422, key: "signature.key-revoked", during: func(strike func()) {
			strike()
			s.wantStatus(other, "missing")
		}},
		supersedes("nothing that is here", digestOf(nil)),
		supersedes("something in capitals", strings.ToUpper(standing.Attestation)),
		supersedes("without a digest", ""),
		supersedes("one of another offering", standing.Attestation),
		{name: "superseding one of another set", body: s.sign(lost, first), again: standing},
		{name: "declaration as a withdrawal", to: beside, body: s.good, status: 422, key: "statement.predicate"},
		{name: "withdrawal as a declaration", body: s.sign(s.key, mine), status: 422, key: "statement.predicate"},
		{name: "withdrawal of another declaration", to: beside, body: s.sign(s.key, withdrawal), status: 422, key: "withdrawal.subject"},
		{name: "withdrawal of nothing that is here", to: door + "/" + digestOf(nil) + "/withdrawals", body: s.sign(s.key, withdrawal), status: 404, key: "attestation.not-found"},
		{name: "withdrawal again", to: to, body: s.sign(s.key, withdrawal), again: taken},
		{name: "withdrawal by another supplier", to: beside, who: "supplier@" + theirs, body: s.sign(s.key, mine), status: 403, key: "access.other-organisation"},
		{name: "withdrawal signed by another supplier", to: beside, body: s.sign(s.away, mine), status: 422, key: "signature.unknown-key"},
		{name: "withdrawal by a revoked key", to: beside, body: s.sign(lost, mine), status: 422, key: "signature.key-revoked"},
		withdraw("for another supplier", "0192:"+ours, "0192:"+theirs, 422, "statement.supplier"),
		withdraw("under another name", "Leverandør "+ours, "Noen andre AS", 422, "statement.supplier"),
		withdraw("dated tomorrow", `"withdrawnAt":"2026-11-23`, `"withdrawnAt":"2026-11-24`, 422, "withdrawal.time"),
		withdraw("dated loosely", `"withdrawnAt":"2026-11-23T12:00:00Z"`, `"withdrawnAt":"2026-11-23T9:00:00Z"`, 422, "withdrawal.time"),
		withdraw("without a reason", `"reason":"Feil."`, `"reason":""`, 422, "invalid.fields"),
		withdraw("with a reason that turns its order", `"Feil."`, `"‮Feil."`, 422, "invalid.fields"),
		withdraw("of an unknown field", `"reason"`, `"force":true,"reason"`, 422, "statement.json"),
		withdraw("of two names", `"name":"urn:`, `"name":"urn:felleskrav:attestation:`+digestOf(nil)+`","name":"urn:`, 422, "statement.json"),
		{name: "our own verdict as a declaration", body: verdict, status: 422, key: "statement.predicate"},
		{name: "our own verdict as a declaration, signed by a supplier", body: s.sign(s.key, inner.Payload), status: 422, key: "statement.predicate"},
		{name: "our own verdict as a withdrawal", to: beside, body: verdict, status: 422, key: "statement.predicate"},
		s.expired(),
	}
}

// expired is a declaration that comes in the millisecond in which its key
// expires.
func (s *siege) expired() attack {
	s.t.Helper()
	key, err := signing.GenerateKey(signing.ECDSAP256)
	if err != nil {
		s.t.Fatal(err)
	}
	public := publicOf(s.t, key)
	var ch Challenge
	keys := "/api/v1/suppliers/" + ours + "/keys"
	s.want(201, "supplier", "POST", keys, EnrolmentInput{Pem: public.PEM, ExpiresAt: s.now().Add(time.Hour)}).into(s.t, &ch)
	sig, err := signing.SignMessage(key, ch.Message)
	if err != nil {
		s.t.Fatal(err)
	}
	s.want(201, "supplier", "POST", keys+"/challenges/"+ch.Id, ProofInput{Signature: sig})
	return attack{name: "new, in the millisecond in which its key expires", body: s.sign(key, s.statement), during: s.later(time.Hour), status: 422, key: "signature.key-expired"}
}
