package review_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"felleskrav/internal/access"
	"felleskrav/internal/attestation"
	"felleskrav/internal/attestation/publiclog"
	"felleskrav/internal/organisation"
	"felleskrav/internal/problem"
	"felleskrav/internal/review"
	"felleskrav/internal/signing"
	"felleskrav/internal/supplier"
	"felleskrav/internal/transparency"
)

func TestReview(t *testing.T) {
	h := newHouse(t, nil)
	ctx := t.Context()
	d := h.draft()
	d.Outcome, d.Conditions = review.AcceptedWithConditions, "Ny test innen et år."
	st := h.prepare(d)
	bundle := h.sign(h.bodyKey, st)
	r, created, err := h.reviews.Submit(ctx, reviewer(), bundle)
	if err != nil || !created {
		t.Fatalf("created %v, %v", created, err)
	}
	if r.Review != signing.Digest(st) || r.Attestation != h.declaration || r.Requirement != h.first || r.Reviewer != body {
		t.Errorf("receipt is %+v", r)
	}
	verifier, err := transparency.NewVerifier(r.Log.Key)
	h.must(err)
	proof, err := publiclog.Proof(r.Log)
	h.must(err)
	if err := transparency.VerifyProof(verifier, proof); err != nil {
		t.Errorf("the receipt does not hold: %v", err)
	}
	e, err := h.reviews.Get(ctx, reviewer(), r.Review)
	h.must(err)
	if e.Outcome != review.AcceptedWithConditions || e.Conditions != d.Conditions || e.Reason != d.Reason || e.Supplier != vendor || e.Offering != h.offering ||
		e.ReviewerName != "Prøve kommune" || e.Standing.State != review.Active || e.LogIndex != r.Log.Index || len(e.Evidence) != 1 || e.Evidence[0].Name != "rapport.txt" {
		t.Errorf("read back as %+v", e)
	}
	if got, err := h.reviews.Bundle(ctx, reviewer(), r.Review, false); err != nil || !bytes.Equal(got, bundle) {
		t.Errorf("the bundle does not come back verbatim (%v)", err)
	}
	if got, err := h.reviews.Bundle(ctx, reviewer(), r.Review, true); err != nil || !bytes.Contains(got, []byte("tlogEntries")) {
		t.Errorf("no log entry in the logged bundle (%v)", err)
	}
	// The log has digest, signature and key, and not a word of the review.
	for _, word := range []string{h.first, "Rapporten", "Ny test", "kommune", string(body), "accepted", h.open} {
		if bytes.Contains(r.Log.Body, []byte(word)) {
			t.Errorf("the log entry tells %q", word)
		}
	}
	again, created, err := h.reviews.Submit(ctx, reviewer(), h.sign(h.bodyKey, st)) // another signature of the same
	if err != nil || created || again.Log.Index != r.Log.Index {
		t.Errorf("sent again: created %v at %d (%v), want the one at %d", created, again.Log.Index, err, r.Log.Index)
	}
	h.clock.add(time.Hour)
	var next attestation.Statement[review.Predicate]
	h.must(json.Unmarshal(h.prepare(h.draft()), &next))
	if next.Predicate.Supersedes == nil || next.Predicate.Supersedes.Digest.SHA256 != r.Review {
		t.Errorf("a newer review supersedes %+v, want %s", next.Predicate.Supersedes, r.Review)
	}
}

// TestPrivateReviewHasNonce: without something random in it, whoever guesses
// the words could prove them against the digest in the public log.
func TestPrivateReviewHasNonce(t *testing.T) {
	h := newHouse(t, nil)
	d := h.draft()
	d.Shared = review.SharedBody
	if a, b := h.prepare(d), h.prepare(d); bytes.Equal(a, b) {
		t.Error("two statements of the same private review are the same")
	}
	if a, b := h.prepare(h.draft()), h.prepare(h.draft()); !bytes.Equal(a, b) {
		t.Error("two statements of the same shared review differ")
	}
}

// TestRefusals changes one thing at a time in a statement that is good.
func TestRefusals(t *testing.T) {
	h := newHouse(t, nil)
	ctx := t.Context()
	good := h.prepare(h.draft())
	edit := func(old, new string) []byte {
		t.Helper()
		if strings.Count(string(good), old) != 1 {
			t.Fatalf("%q stands %d times in %s", old, strings.Count(string(good), old), good)
		}
		return []byte(strings.Replace(string(good), old, new, 1))
	}
	now := h.clock.now()
	at := func(d time.Duration) string { return now.Add(d).Format(time.RFC3339) }
	reviewed, until := `"reviewedAt":"`+at(0)+`"`, `"validUntil":"`+now.AddDate(1, 0, 0).Format(time.RFC3339)+`"`
	ref := `[{"digest":{"sha256":"` + h.open + `"},"mediaType":"text/plain","name":"rapport.txt"}]`
	_, rivalKeyID := h.body(rival, "Nabo kommune")
	_ = rivalKeyID
	none := strings.Repeat("0", 64)
	for name, c := range map[string]struct {
		statement []byte
		key       string
		field     string
	}{
		"unknown declaration":   {bytes.ReplaceAll(good, []byte(h.declaration), []byte(none)), "attestation.not-found", ""},
		"subject's name":        {edit(`"name":"urn:felleskrav:attestation:`+h.declaration, `"name":"urn:felleskrav:service:`+h.offering), "review.subject", ""},
		"another predicate":     {edit("attestation:review:v1", "attestation:review:v2"), "statement.predicate", ""},
		"unknown field":         {edit(`"outcome":`, `"x":1,"outcome":`), "statement.json", ""},
		"another body":          {edit(body.ID(), rival.ID()), "review.reviewer", ""},
		"a body without number": {edit(body.ID(), ""), "review.reviewer", ""},
		"another name":          {edit("Prøve kommune", "Prøve fylkeskommune"), "review.reviewer", ""},
		"another set":           {edit(`requirement-set:grunnsett"`, `requirement-set:annet"`), "review.set", ""},
		"another set digest":    {edit(h.version().Digest, none), "review.set", ""},
		"not answered":          {edit(`"requirement":"`+h.first+`"`, `"requirement":"K-INGEN-01"`), "review.not-answered", ""},
		"unknown outcome":       {edit(`"outcome":"accepted"`, `"outcome":"ok"`), "review.invalid", "outcome"},
		"unknown sharing":       {edit(`"shared":"agencies"`, `"shared":"public"`), "review.invalid", "shared"},
		"no reason":             {edit("Rapporten dekker kravet.", " "), "review.invalid", "reason"},
		"long reason":           {edit("Rapporten dekker kravet.", strings.Repeat("å", 4001)), "review.invalid", "reason"},
		"conditions missing":    {edit(`"outcome":"accepted"`, `"outcome":"accepted-with-conditions"`), "review.invalid", "conditions"},
		"conditions too many":   {edit(`"outcome":"accepted"`, `"conditions":"x","outcome":"accepted"`), "review.invalid", "conditions"},
		"no evidence":           {edit(ref, `[]`), "review.invalid", "evidence"},
		"evidence of nobody":    {edit(h.open, none), "review.invalid", "evidence"},
		"evidence renamed":      {edit("rapport.txt", "annet.txt"), "review.invalid", "evidence"},
		"evidence twice":        {edit(ref, ref[:len(ref)-1]+","+ref[1:]), "review.invalid", "evidence"},
		"evidence it may not see": {
			edit(h.open, h.shut), "review.invalid", "evidence", // by another name
		},
		"private without nonce": {edit(`"shared":"agencies"`, `"shared":"body"`), "review.invalid", "nonce"},
		"shared with nonce":     {edit(`"outcome":`, `"nonce":"0123456789012345678901","outcome":`), "review.invalid", "nonce"},
		"dated ahead":           {edit(reviewed, `"reviewedAt":"`+at(11*time.Minute)+`"`), "review.invalid", "reviewedAt"},
		"dated long ago":        {edit(reviewed, `"reviewedAt":"`+at(-91*24*time.Hour)+`"`), "review.invalid", "reviewedAt"},
		"no time":               {edit(reviewed, `"reviewedAt":"i går"`), "review.invalid", "reviewedAt"},
		"over already":          {edit(until, `"validUntil":"`+at(0)+`"`), "review.invalid", "validUntil"},
		"over two years":        {edit(until, `"validUntil":"`+at(731*24*time.Hour+time.Second)+`"`), "review.invalid", "validUntil"},
		"supersedes nothing":    {edit(`"validUntil":`, `"supersedes":{"digest":{"sha256":"`+none+`"}},"validUntil":`), "review.supersedes", ""},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := h.reviews.Submit(ctx, reviewer(), h.sign(h.bodyKey, c.statement))
			if problem.KeyOf(err) != c.key {
				t.Fatalf("error is %v, want %s", err, c.key)
			}
			pe, ok := err.(*problem.Error)
			if !ok || c.key != "attestation.not-found" && pe.Kind != problem.Refused {
				t.Errorf("%T of kind %v, want a refusal", err, problem.KindOf(err))
			}
			if c.field != "" && (len(pe.Fields) == 0 || pe.Fields[0].Path != c.field) {
				t.Errorf("fields are %+v, want %s", pe.Fields, c.field)
			}
		})
	}
	// The longest that is allowed, to the second.
	longest := edit(until, `"validUntil":"`+at(731*24*time.Hour)+`"`)
	if _, _, err := h.reviews.Submit(ctx, reviewer(), h.sign(h.bodyKey, longest)); err != nil {
		t.Errorf("two years: %v", err)
	}
	all, _, err := h.reviews.List(ctx, reviewer(), review.Query{Limit: 10})
	if err != nil || len(all) != 1 {
		t.Errorf("%d reviews are stored (%v), want the one that is good", len(all), err)
	}
}

// TestSigners: it is the body's own key that counts, as long as it is good.
func TestSigners(t *testing.T) {
	h := newHouse(t, nil)
	ctx := t.Context()
	rivalKey, _ := h.body(rival, "Nabo kommune")
	stranger, err := signing.GenerateKey(signing.ECDSAP256)
	h.must(err)
	st := h.prepare(h.draft())
	for name, key := range map[string][]byte{
		"unknown": h.sign(stranger, st), "another body's": h.sign(rivalKey, st), "the supplier's": h.sign(h.key, st),
	} {
		if _, _, err := h.reviews.Submit(ctx, reviewer(), key); problem.KeyOf(err) != "signature.unknown-key" {
			t.Errorf("signed with a key that is %s: %v", name, err)
		}
	}
	if _, _, err := h.reviews.Submit(ctx, as(access.Adviser, rival), h.sign(h.bodyKey, st)); problem.KeyOf(err) != "review.reviewer" {
		t.Errorf("handed in by another body: %v", err)
	}
	for _, a := range []access.Actor{as(access.Procurement, body), as(access.Editor, body), as(access.Supplier, body), access.Anyone()} {
		if _, _, err := h.reviews.Submit(ctx, a, h.sign(h.bodyKey, st)); problem.KindOf(err) != problem.Forbidden && problem.KindOf(err) != problem.Unauthenticated {
			t.Errorf("handed in by %v: %v", a.Roles, err)
		}
	}
	if _, err := h.reviews.Prepare(ctx, as(access.Adviser, other), h.draft()); problem.KeyOf(err) != "review.unregistered" {
		t.Errorf("a body nobody has registered: %v", err)
	}
	if _, err := h.suppliers.RevokeKey(ctx, reviewer(), body, h.bodyKeyID, supplier.Compromised, ""); err != nil {
		t.Fatal(err)
	}
	if _, _, err := h.reviews.Submit(ctx, reviewer(), h.sign(h.bodyKey, st)); problem.KeyOf(err) != "signature.key-revoked" {
		t.Errorf("signed with a revoked key: %v", err)
	}
}

// TestOwnDeclaration: an organisation that is both supplier and body cannot
// review what it has declared itself, and can review others.
func TestOwnDeclaration(t *testing.T) {
	h := newHouse(t, nil)
	if _, err := h.reviews.Prepare(t.Context(), as(access.Adviser, vendor), h.draft()); problem.KeyOf(err) != "review.own" {
		t.Errorf("the supplier reviews itself: %v", err)
	}
	st := []byte(strings.NewReplacer(body.ID(), vendor.ID(), "Prøve kommune", "Vår Sky AS").Replace(string(h.prepare(h.draft()))))
	if _, _, err := h.reviews.Submit(t.Context(), as(access.Adviser, vendor), h.sign(h.key, st)); problem.KeyOf(err) != "review.own" {
		t.Errorf("the supplier submits a review of itself: %v", err)
	}
	if _, _, err := h.suppliers.Register(t.Context(), as(access.Supplier, other), supplier.Supplier{Number: other, Name: "Interkommunal drift", Country: "NO"}); err != nil {
		t.Fatal(err)
	}
	key, _ := h.enrol(as(access.Supplier, other))
	if r := h.recordAs(other, key, h.draft()); r.Reviewer != other {
		t.Errorf("reviewed by %s", r.Reviewer)
	}
}

func TestEvidenceMustBeReadable(t *testing.T) {
	h := newHouse(t, nil)
	d := h.draft()
	d.Evidence = []string{h.shut}
	if _, err := h.reviews.Prepare(t.Context(), reviewer(), d); problem.KeyOf(err) != "review.evidence" {
		t.Errorf("evidence that is granted to others: %v", err)
	}
	d.Requirement, d.Evidence = h.bare, nil
	if _, err := h.reviews.Prepare(t.Context(), reviewer(), d); problem.KeyOf(err) != "review.invalid" {
		t.Errorf("accepted without evidence: %v", err)
	}
	d.Outcome = review.NotAccepted
	if r := h.record(d); r.Requirement != h.bare {
		t.Errorf("not accepted, for want of evidence: %+v", r)
	}
}

func TestWithdrawnDeclaration(t *testing.T) {
	h := newHouse(t, nil)
	ctx := t.Context()
	st := h.prepare(h.draft())
	w, err := h.attestations.PrepareWithdrawal(ctx, as(access.Supplier, vendor), h.declaration, "Feil.")
	h.must(err)
	_, _, err = h.attestations.Withdraw(ctx, as(access.Supplier, vendor), h.declaration, h.sign(h.key, w))
	h.must(err)
	if _, _, err := h.reviews.Submit(ctx, reviewer(), h.sign(h.bodyKey, st)); problem.KeyOf(err) != "review.declaration-withdrawn" {
		t.Errorf("review of a withdrawn declaration: %v", err)
	}
}

func TestWithdrawal(t *testing.T) {
	h := newHouse(t, nil)
	ctx := t.Context()
	r := h.record(h.draft())
	second := h.record(h.draft()) // of the same answer
	st, err := h.reviews.PrepareWithdrawal(ctx, reviewer(), r.Review, "Vi tok feil.")
	h.must(err)
	rivalKey, _ := h.body(rival, "Nabo kommune")
	for name, c := range map[string]struct {
		actor  access.Actor
		digest string
		bundle []byte
		key    string
	}{
		"another body":   {as(access.Adviser, rival), r.Review, h.sign(h.bodyKey, st), "access.other-organisation"},
		"another key":    {reviewer(), r.Review, h.sign(rivalKey, st), "signature.unknown-key"},
		"another review": {reviewer(), second.Review, h.sign(h.bodyKey, st), "review.withdrawal-subject"},
		"no reason":      {reviewer(), r.Review, h.sign(h.bodyKey, bytes.Replace(st, []byte("Vi tok feil."), nil, 1)), "invalid.fields"},
		"named another":  {reviewer(), r.Review, h.sign(h.bodyKey, bytes.Replace(st, []byte(body.ID()), []byte(rival.ID()), 1)), "review.reviewer"},
		"unknown":        {reviewer(), strings.Repeat("0", 64), h.sign(h.bodyKey, st), "review.not-found"},
		"a review":       {reviewer(), r.Review, h.sign(h.bodyKey, h.prepare(h.draft())), "statement.predicate"},
	} {
		if _, _, err := h.reviews.Withdraw(ctx, c.actor, c.digest, c.bundle); problem.KeyOf(err) != c.key {
			t.Errorf("%s: %v, want %s", name, err, c.key)
		}
	}
	done := h.withdraw(r.Review)
	e, err := h.reviews.Get(ctx, reviewer(), r.Review)
	if err != nil || e.Standing.State != review.Withdrawn || e.Standing.Reason != "Vi tok feil." || !e.Standing.Since.Equal(done.ReceivedAt) {
		t.Errorf("withdrawn review stands as %+v (%v)", e.Standing, err)
	}
	again, created, err := h.reviews.Withdraw(ctx, reviewer(), r.Review, h.sign(h.bodyKey, st))
	if err != nil || created || again.Log.Index != done.Log.Index {
		t.Errorf("withdrawn again: created %v at %d (%v), want %d", created, again.Log.Index, err, done.Log.Index)
	}
}

// TestBody: what a public body can do in the register, and what it cannot.
func TestBody(t *testing.T) {
	h := newHouse(t, nil)
	ctx := t.Context()
	b, err := h.suppliers.Get(ctx, access.Anyone(), body)
	if err != nil || !b.Body || len(b.Keys) != 1 {
		t.Fatalf("the body is %+v (%v)", b, err)
	}
	if _, err := h.suppliers.CreateOffering(ctx, as(access.Supplier, body), supplier.Offering{Supplier: body, Name: "x"}); problem.KeyOf(err) != "body.offers-nothing" {
		t.Errorf("an offering by a body: %v", err)
	}
	if _, _, err := h.suppliers.RegisterBody(ctx, as(access.Adviser, vendor), supplier.Supplier{Number: vendor, Name: "Nytt navn"}); problem.KeyOf(err) != "body.is-supplier" {
		t.Errorf("a supplier registered as a body: %v", err)
	}
	for _, a := range []access.Actor{as(access.Adviser, rival), as(access.Supplier, body), as(access.Editor, body), access.Anyone()} {
		if _, _, err := h.suppliers.RegisterBody(ctx, a, supplier.Supplier{Number: body, Name: "Kapret"}); problem.KindOf(err) != problem.Forbidden && problem.KindOf(err) != problem.Unauthenticated {
			t.Errorf("registered by %v of %q: %v", a.Roles, a.Org, err)
		}
	}
	if _, created, err := h.suppliers.RegisterBody(ctx, as(access.Procurement, body), supplier.Supplier{Number: body, Name: "Prøve storkommune"}); err != nil || created {
		t.Errorf("renamed: created %v, %v", created, err)
	}
	find := func(q string) int {
		t.Helper()
		all, err := h.suppliers.Search(ctx, access.Anyone(), q, "", 100)
		h.must(err)
		return len(all)
	}
	if find("Prøve") != 0 || find("") != 1 || find(body.Grouped()) != 1 {
		t.Errorf("search finds %d by name, %d in all, %d by number", find("Prøve"), find(""), find(body.Grouped()))
	}
	rows, err := h.facts.Check(ctx, reviewer(), []organisation.Number{body}, "", time.Time{})
	if err != nil || len(rows) != 1 || rows[0].Known {
		t.Errorf("a check of a body gives %+v (%v)", rows, err)
	}
	// A body that begins to deliver services keeps its keys.
	s, _, err := h.suppliers.Register(ctx, as(access.Supplier, body), supplier.Supplier{Number: body, Name: "Prøve IKT", Country: "NO"})
	if err != nil || s.Body || len(s.Keys) != 1 || find("Prøve") != 1 {
		t.Errorf("as a supplier it is %+v (%v), found %d times", s, err, find("Prøve"))
	}
}
