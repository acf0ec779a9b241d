package api

import (
	"bytes"
	"crypto"
	"strings"
	"testing"
	"time"

	"felleskrav/internal/attestation"
	"felleskrav/internal/review"
	"felleskrav/internal/signing"
	"felleskrav/internal/status"
)

// bodyWith registers a public body and enrols a key, all over HTTP.
func (h *house) bodyWith(org string) crypto.Signer {
	h.t.Helper()
	who := "adviser@" + org
	var s Supplier
	h.want(201, who, "PUT", "/api/v1/bodies/"+org, BodyInput{Name: "Virksomhet " + org}).into(h.t, &s)
	if !s.Body || s.Country != "NO" {
		h.t.Errorf("registered as %+v", s)
	}
	key, err := signing.GenerateKey(signing.ECDSAP256)
	if err != nil {
		h.t.Fatal(err)
	}
	pub, err := signing.PublicOf(key)
	if err != nil {
		h.t.Fatal(err)
	}
	var ch Challenge
	h.want(201, who, "POST", "/api/v1/suppliers/"+org+"/keys", EnrolmentInput{Pem: pub.PEM}).into(h.t, &ch)
	proof, err := signing.SignMessage(key, ch.Message)
	if err != nil {
		h.t.Fatal(err)
	}
	h.want(201, who, "POST", "/api/v1/suppliers/"+org+"/keys/challenges/"+ch.Id, ProofInput{Signature: proof})
	return key
}

// documented declares for grunnsett with evidence for the first two answers.
func (h *house) documented(org, offering string, key crypto.Signer) (digest, evidence string, requirements []string) {
	h.t.Helper()
	var e Evidence
	h.want(201, "supplier@"+org, "POST", "/api/v1/evidence?name=rapport.txt&kind=other", []byte("rapport"), "Content-Type", "application/octet-stream").into(h.t, &e)
	answers := h.answers("grunnsett")
	for i := range answers[:2] {
		answers[i].Evidence = []attestation.EvidenceRef{{Digest: attestation.DigestSet{SHA256: e.SHA256}}}
		requirements = append(requirements, answers[i].Requirement)
	}
	st := h.want(200, "supplier@"+org, "POST", "/api/v1/attestations/prepare", Draft{Offering: offering, Set: "grunnsett", Answers: answers})
	var r Receipt
	h.want(201, "supplier@"+org, "POST", "/api/v1/attestations", h.sign(key, st.body), "Content-Type", bundleType).into(h.t, &r)
	return r.Attestation, e.SHA256, requirements
}

func (h *house) review(org string, key crypto.Signer, d ReviewDraft) ReviewReceipt {
	h.t.Helper()
	who := "adviser@" + org
	st := h.want(200, who, "POST", "/api/v1/reviews/prepare", d)
	if st.header.Get("Statement-Digest") != digestOf(st.body) || st.header.Get("Content-Type") != "application/vnd.in-toto+json" {
		h.t.Errorf("the statement comes with %v", st.header)
	}
	bundle := h.sign(key, st.body)
	first := h.want(201, who, "POST", "/api/v1/reviews", bundle, "Content-Type", bundleType)
	var r ReviewReceipt
	first.into(h.t, &r)
	if r.Review != digestOf(st.body) || first.header.Get("Location") != "/api/v1/reviews/"+r.Review {
		h.t.Errorf("receipt for %s at %s", r.Review, first.header.Get("Location"))
	}
	h.want(200, who, "POST", "/api/v1/reviews", bundle, "Content-Type", "application/json")
	if got := h.want(200, who, "GET", "/api/v1/reviews/"+r.Review+"/bundle", nil); !bytes.Equal(got.body, bundle) {
		h.t.Error("the bundle does not come back verbatim")
	}
	if got := h.want(200, who, "GET", "/api/v1/reviews/"+r.Review+"/bundle?format=key", nil); !strings.Contains(string(got.body), "tlogEntries") {
		h.t.Error("format=key has no log entry")
	}
	var again ReviewReceipt
	h.want(200, who, "GET", "/api/v1/reviews/"+r.Review+"/receipt", nil).into(h.t, &again)
	if again.Log.Index != r.Log.Index {
		h.t.Errorf("the receipt is for %d, then for %d", r.Log.Index, again.Log.Index)
	}
	return r
}

// TestReviews walks an adviser's way, and holds what others see of it, with a
// cache in between that everybody has asked before.
func TestReviews(t *testing.T) {
	h := newHouse(t)
	offering, key := h.supplierWith(ours)
	declared, evidence, requirements := h.documented(ours, offering, key)
	bodyKey := h.bodyWith(agency)
	path := "/api/v1/offerings/" + offering + "/status?set=grunnsett"
	see := func(who string) status.Status {
		t.Helper()
		var st status.Status
		h.want(200, who, "GET", path, nil).into(t, &st)
		return st
	}
	everybody := []string{"", "supplier", "supplier@" + theirs, "procurement@" + rival, "adviser@" + rival, "editor@" + rival, "adviser", "procurement"}
	before := map[string]status.Status{}
	for _, who := range everybody {
		if before[who] = see(who); before[who].Counts.Reviewed != 0 {
			t.Fatalf("%q sees a review that is not there", who)
		}
	}
	d := ReviewDraft{
		Attestation: declared, Requirement: requirements[0], Evidence: []string{evidence}, Outcome: review.Accepted, Reason: "Hemmelig grunn.", Shared: review.SharedBody,
	}
	private := h.review(agency, bodyKey, d)
	h.add(100 * time.Millisecond) // within the cache's time
	for _, who := range everybody {
		st, own := see(who), who == "adviser" || who == "procurement"
		if got := st.Requirements[0]; own != (got.Assurance == status.Reviewed) || own != (len(got.Reviews) == 1) {
			t.Errorf("%q sees %s and %d reviews of what one body keeps to itself", who, got.Assurance, len(got.Reviews))
		}
		if !own && !st.At.Equal(before[who].At) {
			t.Errorf("%q can tell by the time of the status that something happened", who)
		}
	}
	if a := h.want(200, "", "GET", "/api/v1/offerings/"+offering+"/badge.svg?set=grunnsett", nil); strings.Contains(string(a.body), "Hemmelig") {
		t.Errorf("the badge tells: %s", a.body)
	}
	d.Requirement, d.Shared, d.Outcome, d.Conditions, d.Reason = requirements[1], review.SharedAgencies, review.AcceptedWithConditions, "Ny test i juni.", "Rapporten dekker kravet."
	shared := h.review(agency, bodyKey, d)
	for _, who := range everybody {
		st := see(who)
		shown := 0
		if who != "" && who != "supplier@"+theirs {
			shown = 1
		}
		if got := st.Requirements[1]; got.Assurance != status.Reviewed || len(got.Reviews) != shown {
			t.Errorf("%q sees %s and %d reviews of what is shared, want %d", who, got.Assurance, len(got.Reviews), shown)
		}
	}

	// Lists and single reviews.
	for who, want := range map[string]int{"supplier": 1, "supplier@" + theirs: 0, "adviser@" + rival: 1, "editor@" + rival: 1, "adviser": 2, "procurement": 2} {
		for _, q := range []string{"?attestation=" + declared, "?supplier=" + ours, "?offering=" + offering, "?reviewer=" + agency, "", "?limit=1"} {
			var list ReviewList
			h.want(200, who, "GET", "/api/v1/reviews"+q, nil).into(t, &list)
			if n := len(list.Items); n != want && !(q == "?limit=1" && n == min(1, want)) {
				t.Errorf("%q lists %d with %q, want %d", who, n, q, want)
			}
			if q == "?limit=1" && want == 2 {
				var rest ReviewList
				h.want(200, who, "GET", "/api/v1/reviews?limit=1&cursor="+list.Next, nil).into(t, &rest)
				if len(rest.Items) != 1 || rest.Next != "" || rest.Items[0].Digest == list.Items[0].Digest {
					t.Errorf("the second page is %+v", rest)
				}
			}
		}
	}
	h.want(401, "", "GET", "/api/v1/reviews", nil)
	h.want(400, "adviser", "GET", "/api/v1/reviews?cursor=x", nil)
	for _, end := range []string{"", "/bundle", "/receipt"} {
		h.want(404, "adviser@"+rival, "GET", "/api/v1/reviews/"+private.Review+end, nil)
		h.want(404, "supplier", "GET", "/api/v1/reviews/"+private.Review+end, nil)
		h.want(404, "supplier@"+theirs, "GET", "/api/v1/reviews/"+shared.Review+end, nil)
		h.want(200, "supplier", "GET", "/api/v1/reviews/"+shared.Review+end, nil)
	}
	var e Review
	h.want(200, "adviser@"+rival, "GET", "/api/v1/reviews/"+shared.Review, nil).into(t, &e)
	if e.Conditions != "Ny test i juni." || e.Standing.State != review.Active || e.Answer.Requirement != requirements[1] || len(e.Bundle) != 0 {
		t.Errorf("read as %+v", e)
	}

	// What was known at a moment, and what has been taken back.
	h.add(time.Hour)
	known := h.now()
	at := "/api/v1/reviews/" + shared.Review + "/withdrawals"
	h.want(404, "adviser@"+rival, "POST", "/api/v1/reviews/"+private.Review+"/withdrawals/prepare", WithdrawalInput{Reason: "Ikke mitt"})
	h.want(403, "adviser@"+rival, "POST", at+"/prepare", WithdrawalInput{Reason: "Ikke mitt"})
	h.want(403, "supplier", "POST", at+"/prepare", WithdrawalInput{Reason: "Ikke mitt"})
	w := h.sign(bodyKey, h.want(200, "adviser", "POST", at+"/prepare", WithdrawalInput{Reason: "Vi tok feil."}).body)
	h.add(time.Second)
	h.want(201, "adviser", "POST", at, w, "Content-Type", bundleType)
	h.want(200, "adviser", "POST", at, w, "Content-Type", bundleType)
	if got := see("").Requirements[1].Assurance; got != status.Documented {
		t.Errorf("after the withdrawal the answer is %s", got)
	}
	var past status.Status
	h.want(200, "", "GET", path+"&at="+known.Format(time.RFC3339), nil).into(t, &past)
	if got := past.Requirements[1].Assurance; got != status.Reviewed {
		t.Errorf("before it the answer was %s", got)
	}
}

// TestReviewRefusals: what must be refused at the door over HTTP.
func TestReviewRefusals(t *testing.T) {
	h := newHouse(t)
	offering, key := h.supplierWith(ours)
	declared, evidence, requirements := h.documented(ours, offering, key)
	bodyKey := h.bodyWith(agency)
	good := ReviewDraft{Attestation: declared, Requirement: requirements[0], Evidence: []string{evidence}, Outcome: review.Accepted, Reason: "Greit.", Shared: review.SharedAgencies}
	for name, c := range map[string]struct {
		edit   func(*ReviewDraft)
		status int
		key    string
	}{
		"unknown declaration": {func(d *ReviewDraft) { d.Attestation = digestOf(nil) }, 404, "attestation.not-found"},
		"unknown requirement": {func(d *ReviewDraft) { d.Requirement = "K-NONE-01" }, 422, "review.not-answered"},
		"other evidence":      {func(d *ReviewDraft) { d.Evidence = []string{digestOf(nil)} }, 422, "review.invalid"},
		"no evidence":         {func(d *ReviewDraft) { d.Evidence = nil }, 422, "review.invalid"},
		"no conditions":       {func(d *ReviewDraft) { d.Outcome = review.AcceptedWithConditions }, 422, "review.invalid"},
		"too long":            {func(d *ReviewDraft) { d.ValidUntil = h.now().AddDate(3, 0, 0) }, 422, "review.invalid"},
		"no outcome":          {func(d *ReviewDraft) { d.Outcome = "" }, 422, "invalid.fields"},
		"shared with nobody":  {func(d *ReviewDraft) { d.Shared = "public" }, 422, "invalid.fields"},
	} {
		d := good
		c.edit(&d)
		if r := h.do("adviser", "POST", "/api/v1/reviews/prepare", d); r.status != c.status || r.key() != c.key {
			t.Errorf("%s: %d %s, want %d %s", name, r.status, r.body, c.status, c.key)
		}
	}
	if r := h.want(422, "adviser@"+rival, "POST", "/api/v1/reviews/prepare", good); r.key() != "review.unregistered" {
		t.Errorf("a body that is not registered: %s", r.body)
	}
	if r := h.want(422, "adviser@"+ours, "POST", "/api/v1/reviews/prepare", good); r.key() != "review.own" {
		t.Errorf("the supplier itself: %s", r.body)
	}
	if r := h.want(422, "adviser@"+ours, "PUT", "/api/v1/bodies/"+ours, BodyInput{Name: "x"}); r.key() != "body.is-supplier" {
		t.Errorf("a supplier as a body: %s", r.body)
	}
	h.want(403, "adviser", "PUT", "/api/v1/bodies/"+rival, BodyInput{Name: "x"})
	h.want(403, "supplier", "PUT", "/api/v1/bodies/"+ours, BodyInput{Name: "x"})
	st := h.want(200, "adviser", "POST", "/api/v1/reviews/prepare", good).body
	if r := h.want(422, "adviser", "POST", "/api/v1/reviews", h.sign(key, st), "Content-Type", bundleType); r.key() != "signature.unknown-key" {
		t.Errorf("signed by the supplier: %s", r.body)
	}
	if r := h.want(422, "supplier", "POST", "/api/v1/attestations", h.sign(bodyKey, st), "Content-Type", bundleType); r.key() != "statement.predicate" {
		t.Errorf("a review as a declaration: %s", r.body)
	}
	var list ReviewList
	h.want(200, "adviser", "GET", "/api/v1/reviews", nil).into(t, &list)
	if len(list.Items) != 0 {
		t.Errorf("%d reviews came of it", len(list.Items))
	}
	var found SupplierList
	h.want(200, "", "GET", "/api/v1/suppliers", nil).into(t, &found)
	if len(found.Items) != 1 || found.Items[0].Orgnr != ours {
		t.Errorf("the suppliers are %+v", found.Items)
	}
	h.want(200, "", "GET", "/api/v1/suppliers/"+agency, nil)
}
