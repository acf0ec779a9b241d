package api

import (
	"strings"

	"felleskrav/internal/review"
)

// onReviews are reviews that a public body hands in and that must not get in.
// The door is another one than that for declarations.
func (s *siege) onReviews() []attack {
	const door = "/api/v1/reviews"
	key := s.bodyWith(agency)
	declared, evidence, requirements := s.documented(ours, s.offeringOf("1", "Dokumentert"), s.key)
	draft := ReviewDraft{Attestation: declared, Requirement: requirements[0], Evidence: []string{evidence}, Outcome: review.Accepted, Reason: "God nok.", Shared: review.SharedAgencies}
	made := s.review(agency, key, draft)
	taken := &Receipt{Attestation: made.Attestation, Log: made.Log}
	first := s.want(200, "adviser", "GET", door+"/"+made.Review+"/bundle", nil).body
	draft.Requirement = requirements[1]
	statement := s.want(200, "adviser", "POST", door+"/prepare", draft).body
	beside := door + "/" + made.Review + "/withdrawals"
	withdrawal := s.want(200, "adviser", "POST", beside+"/prepare", WithdrawalInput{Reason: "Feil."}).body

	bundle := s.sign(key, statement)
	as := func(name string, body []byte, status int, problem string) attack {
		return attack{name: "review " + name, to: door, who: "adviser", body: body, status: status, key: problem}
	}
	says := func(name, problem string, change func(st, p object)) attack {
		return as(name, s.sign(key, altered(s.t, statement, func(st object) { change(st, st["predicate"].(object)) })), 422, problem)
	}
	invalid := func(name, field string, change func(p object)) attack {
		a := says(name, "review.invalid", func(_, p object) { change(p) })
		a.field = field
		return a
	}
	subject := func(st object) object { return st["subject"].([]any)[0].(object) }
	withdraw := func(name, old, replacement, problem string) attack {
		a := as("withdrawn "+name, s.sign(key, edited(s.t, withdrawal, old, replacement)), 422, problem)
		a.to = beside
		return a
	}
	at := func(a attack, to string) attack { a.to = to; return a }
	out := []attack{
		as("that is a declaration", s.good, 422, "statement.predicate"),
		as("that is a withdrawal of one", s.sign(key, withdrawal), 422, "statement.predicate"),
		at(as("as a withdrawal", bundle, 422, "statement.predicate"), beside),
		{name: "review as a declaration", body: s.sign(s.key, statement), status: 422, key: "statement.predicate"},
		{name: "withdrawal of a review as that of a declaration", to: "/api/v1/attestations/" + declared + "/withdrawals", body: s.sign(s.key, withdrawal), status: 422, key: "statement.predicate"},
		{name: "review by a supplier", to: door, body: bundle, status: 403, key: "access.denied"},
		{name: "review by another body", to: door, who: "adviser@" + rival, body: bundle, status: 422, key: "review.reviewer"},
		as("signed by the supplier", s.sign(s.key, statement), 422, "signature.unknown-key"),
		as("with a broken signature", resigned(s.t, bundle, func(sig []byte) []byte { return sig[1:] }), 422, "signature.wrong"),
		as("cut short", bundle[:100], 400, "request.malformed"),
		says("of another reviewer", "review.reviewer", func(_, p object) { p["reviewer"].(object)["id"] = "0192:" + rival }),
		says("of another name", "review.reviewer", func(_, p object) { p["reviewer"].(object)["name"] = "Riksrevisjonen" }),
		says("of a descriptor", "review.subject", func(st, _ object) { subject(st)["name"] = "urn:felleskrav:service:" + s.offering }),
		says("of two declarations", "statement.subject", func(st, _ object) { st["subject"] = append(st["subject"].([]any), st["subject"].([]any)[0]) }),
		as("of a declaration that is not here", s.sign(key, []byte(strings.ReplaceAll(string(statement), declared, digestOf(nil)))), 404, "attestation.not-found"),
		says("of another set", "review.set", func(_, p object) { p["requirementSet"].(object)["digest"] = object{"sha256": digestOf(nil)} }),
		says("of what was not asked", "review.not-answered", func(_, p object) { p["requirement"] = "K-TILGANG-99" }),
		says("with an unknown field", "statement.json", func(_, p object) { p["score"] = 6 }),
		as("with two outcomes", s.sign(key, edited(s.t, statement, `"outcome"`, `"outcome":"not-accepted","outcome"`)), 422, "statement.json"),
		says("superseding nothing that is here", "review.supersedes", func(_, p object) { p["supersedes"] = object{"digest": object{"sha256": digestOf(nil)}} }),
		says("superseding one of another answer", "review.supersedes", func(_, p object) { p["supersedes"] = object{"digest": object{"sha256": made.Review}} }),
		invalid("with an unknown outcome", "field.unknown", func(p object) { p["outcome"] = "Accepted" }),
		invalid("shared with everybody", "field.unknown", func(p object) { p["shared"] = "public" }),
		invalid("without evidence", "review.evidence-needed", func(p object) { p["evidence"] = []any{} }),
		invalid("with other evidence", "review.evidence-other", func(p object) { p["evidence"].([]any)[0].(object)["digest"] = object{"sha256": digestOf(nil)} }),
		invalid("without a reason", "field.required", func(p object) { p["reason"] = " " }),
		invalid("that turns its order", "field.invisible", func(p object) { p["reason"] = "\u202eGod." }),
		invalid("dated tomorrow", "review.time-future", func(p object) { p["reviewedAt"] = "2026-11-24T12:00:00Z" }),
		invalid("dated long ago", "review.time-old", func(p object) { p["reviewedAt"] = "2026-01-01T12:00:00Z" }),
		invalid("dated loosely", "field.time", func(p object) { p["reviewedAt"] = "2026-11-23T9:00:00Z" }),
		invalid("dated with a comma", "field.time", func(p object) { p["reviewedAt"] = "2026-11-23T12:00:00,5Z" }),
		invalid("that is over", "review.valid-past", func(p object) { p["validUntil"] = "2026-11-23T12:00:00Z" }),
		invalid("that lasts for ever", "review.valid-long", func(p object) { p["validUntil"] = "9999-12-31T23:59:59Z" }),
		{name: "review again", to: door, who: "adviser", body: first, again: taken},
		{name: "review again, with the other signature that follows from it", to: door, who: "adviser", body: resigned(s.t, first, func(sig []byte) []byte { return malleable(s.t, sig) }), again: taken},
		withdraw("by another reviewer", "0192:"+agency, "0192:"+rival, "review.reviewer"),
		withdraw("under another name", "Virksomhet "+agency, "Riksrevisjonen", "review.reviewer"),
		withdraw("by another's number", made.Review, digestOf(nil), "review.withdrawal-subject"),
		withdraw("loosely dated", `T12:00:00Z`, `T9:00:00Z`, "withdrawal.time"),
		at(as("withdrawn that is not here", s.sign(key, withdrawal), 404, "review.not-found"), door+"/"+digestOf(nil)+"/withdrawals"),
	}
	return append(out, s.onErasedEvidence()...)
}

func (s *siege) onErasedEvidence() []attack {
	var e Evidence
	s.want(201, "supplier", "POST", "/api/v1/evidence?name=gammel.txt&kind=policy", []byte("Slettet rutine."), "Content-Type", "application/octet-stream").into(s.t, &e)
	body := s.says(func(_, p object) {
		p["answers"].([]any)[0].(object)["evidence"] = []any{object{"name": "gammel.txt", "digest": object{"sha256": e.SHA256}}}
	})
	s.want(200, "supplier", "DELETE", "/api/v1/evidence/"+e.SHA256+"?reason=utdatert", nil)
	return []attack{{name: "answers with erased evidence", body: body, status: 422, key: "statement.evidence", field: "answer.evidence-erased"}}
}
