package attestation_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"felleskrav/internal/access"
	"felleskrav/internal/attestation"
	"felleskrav/internal/attestation/publiclog"
	"felleskrav/internal/evidence"
	"felleskrav/internal/problem"
	"felleskrav/internal/signing"
	"felleskrav/internal/status"
	"felleskrav/internal/supplier"
	"felleskrav/internal/transparency"
)

func TestDeclarationFromPrepareToValidStatus(t *testing.T) {
	for _, alg := range []signing.Algorithm{signing.ECDSAP256, signing.Ed25519, signing.RSA3072} {
		t.Run(string(alg), func(t *testing.T) {
			h := newHouse(t, nil)
			ctx := t.Context()
			key, keyID := h.enrol(ours, alg)
			draft := h.draft("skytjenester")
			asked := len(draft.Answers)
			statement := h.prepare(draft)
			bundle := sign(t, key, statement)

			receipt, created, err := h.service.Submit(ctx, as(ours), bundle)
			if err != nil || !created {
				t.Fatalf("created %v, error %v", created, err)
			}
			if receipt.Attestation != signing.Digest(statement) {
				t.Errorf("identity is %s, want the digest of the payload", receipt.Attestation)
			}
			verifyReceipt(t, h, receipt)
			rec, err := h.service.Get(ctx, access.Anyone(), receipt.Attestation)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(rec.Bundle, bundle) {
				t.Error("the bundle is not stored verbatim")
			}
			if rec.KeyID != keyID || len(rec.Answers) != asked {
				t.Errorf("stored key %s and %d answers, want %s and %d", rec.KeyID, len(rec.Answers), keyID, asked)
			}
			st, err := h.facts.Status(ctx, access.Anyone(), h.offering.ID, "skytjenester", time.Time{})
			if err != nil {
				t.Fatal(err)
			}
			if st.Overall != status.Valid || st.Declaration.LogIndex != receipt.Log.Index || st.Counts.Met != asked {
				t.Errorf("status is %s at index %d with %d met", st.Overall, st.Declaration.LogIndex, st.Counts.Met)
			}
			verdict, err := h.service.Verdict(ctx, access.Anyone(), receipt.Attestation)
			if err != nil || !verdict.Holds || len(verdict.Checks) != 10 {
				t.Errorf("verdict %+v, error %v", verdict, err)
			}
		})
	}
}

// verifyReceipt checks the proof with nothing but the log's public key.
func verifyReceipt(t *testing.T, h *house, r attestation.Receipt) {
	t.Helper()
	v, err := transparency.NewVerifier(h.log.VerifierKey())
	if err != nil {
		t.Fatal(err)
	}
	p, err := publiclog.Proof(r.Log)
	if err != nil {
		t.Fatal(err)
	}
	if err := transparency.VerifyProof(v, p); err != nil {
		t.Errorf("receipt does not verify: %v", err)
	}
	p.Index++
	if transparency.VerifyProof(v, p) == nil {
		t.Error("the receipt verifies for another index too")
	}
}

func TestSamePayloadAgainGivesTheFirstReceipt(t *testing.T) {
	h := newHouse(t, nil)
	statement := h.prepare(h.draft("grunnsett"))
	first := h.submit(sign(t, h.key, statement))
	again, created, err := h.service.Submit(t.Context(), as(ours), sign(t, h.key, statement))
	if err != nil || created {
		t.Fatalf("created %v, error %v", created, err)
	}
	if again.Log.Index != first.Log.Index || again.Attestation != first.Attestation {
		t.Errorf("second receipt is for %d, first for %d", again.Log.Index, first.Log.Index)
	}
}

func TestManyAtOnceAreAllLoggedOnce(t *testing.T) {
	h := newHouse(t, nil)
	const n = 64
	bundles := make([][]byte, n)
	for i := range bundles {
		d := h.draft("grunnsett")
		d.Answers[0].Statement = fmt.Sprintf("Ja, %d.", i/2) // every payload comes twice
		bundles[i] = sign(t, h.key, h.prepare(d))
	}
	receipts := make([]attestation.Receipt, n)
	var wg sync.WaitGroup
	for i := range bundles {
		wg.Go(func() {
			r, _, err := h.service.Submit(t.Context(), as(ours), bundles[i])
			if err != nil {
				t.Errorf("submission %d: %v", i, err)
			}
			receipts[i] = r
		})
	}
	wg.Wait()
	at := map[int64]string{}
	for _, r := range receipts {
		if other, taken := at[r.Log.Index]; taken && other != r.Attestation {
			t.Errorf("index %d was given to two declarations", r.Log.Index)
		}
		at[r.Log.Index] = r.Attestation
		verifyReceipt(t, h, r)
	}
	if len(at) != n/2 {
		t.Errorf("%d places in the log, want %d", len(at), n/2)
	}
}

// TestRefusedAtTheDoor: each bad bundle is refused with its own reason, and
// nothing is stored or logged.
func TestRefusedAtTheDoor(t *testing.T) {
	h := newHouse(t, nil)
	h.register(theirs, "Andre AS")
	theirKey, _ := h.enrol(theirs, signing.ECDSAP256)
	oldKey, oldID := h.enrol(ours, signing.ECDSAP256)
	if _, err := h.suppliers.RevokeKey(t.Context(), as(ours), ours, oldID, supplier.Replaced, ""); err != nil {
		t.Fatal(err)
	}
	stranger, err := signing.GenerateKey(signing.ECDSAP256)
	if err != nil {
		t.Fatal(err)
	}
	good := h.prepare(h.draft("grunnsett"))
	v, _ := h.service.Catalogue.Content().Version("grunnsett", "")
	missing := strings.Repeat("ab", 32)
	edit := func(old, new string) []byte { return sign(t, h.key, replace(t, good, old, new)) }

	tests := []struct {
		name   string
		bundle []byte
		kind   problem.Kind
		key    string
	}{
		{"nothing", nil, problem.Invalid, "bundle.json"},
		{"not JSON", []byte("{"), problem.Invalid, "bundle.json"},
		{"too large", bytes.Repeat([]byte(" "), 2<<20), problem.TooLarge, "bundle.large"},
		{"tampered payload", tampered(t, sign(t, h.key, good)), problem.Refused, "signature.wrong"},
		{"key nobody enrolled", sign(t, stranger, good), problem.Refused, "signature.unknown-key"},
		{"key of another organisation", sign(t, theirKey, good), problem.Refused, "signature.unknown-key"},
		{"revoked key", sign(t, oldKey, good), problem.Refused, "signature.key-revoked"},
		{"two signatures", twoSignatures(t, sign(t, h.key, good)), problem.Refused, "bundle.signatures"},
		{"statement v0.1", edit("in-toto.io/Statement/v1", "in-toto.io/Statement/v0.1"), problem.Refused, "statement.type"},
		{"unknown predicate", edit("supplier-declaration:v1", "supplier-declaration:v2"), problem.Refused, "statement.predicate"},
		{"case-variant field", edit(`"predicateType"`, `"PredicateType"`), problem.Refused, "statement.json"},
		{"unknown field in the predicate", edit(`"validUntil"`, `"extra":1,"validUntil"`), problem.Refused, "statement.json"},
		{"duplicate field", edit(`"validUntil"`, `"validUntil":"2030-01-01T00:00:00Z","validUntil"`), problem.Refused, "statement.json"},
		{"two subjects", edit(`"subject":[`, `"subject":[{"digest":{"sha256":"`+missing+`"},"name":"x"},`), problem.Refused, "statement.subject"},
		{"subject is no service", edit("urn:felleskrav:service:", "urn:felleskrav:servant:"), problem.Refused, "statement.subject"},
		{"offering nobody has", edit(h.offering.ID, "01900000-0000-7000-8000-999999999999"), problem.NotFound, "offering.not-found"},
		{"another descriptor", edit(h.offering.Descriptor().Digest, missing), problem.Refused, "statement.descriptor"},
		{"another supplier", edit(ours.ID(), "0192:"+string(theirs)+" "), problem.Refused, "statement.supplier"},
		{"sub-supplier left out", edit("Rom og strøm AS", "Rom AS"), problem.Refused, "statement.descriptor"},
		{"set digest that is not published", edit(v.Digest, missing), problem.Refused, "statement.set"},
		{"set version that is not published", edit(`"version":"`+v.Version+`"`, `"version":"9.0.0"`), problem.Refused, "statement.set"},
		{"set nobody made", edit("requirement-set:grunnsett", "requirement-set:nosuch"), problem.Refused, "statement.set"},
		{"time that is none", edit(`"validUntil":"2027-11-23T12:00:00Z"`, `"validUntil":"soon"`), problem.Refused, "statement.invalid"},
		{"already over", edit(`"validUntil":"2027-11-23T12:00:00Z"`, `"validUntil":"2026-11-23T11:59:59Z"`), problem.Refused, "statement.invalid"},
		{"lasts too long", edit(`"validUntil":"2027-11-23T12:00:00Z"`, `"validUntil":"2031-11-23T12:00:00Z"`), problem.Refused, "statement.invalid"},
		{"declared tomorrow", edit(`"declaredAt":"2026-11-23T12:00:00Z"`, `"declaredAt":"2026-11-24T12:00:00Z"`), problem.Refused, "statement.invalid"},
		{"unknown requirement", edit(`"requirement":"K-TILGANG-01"`, `"requirement":"K-TILGANG-99"`), problem.Refused, "statement.invalid"},
		{"same requirement twice", edit(`"requirement":"K-TILGANG-01"`, `"requirement":"K-TILGANG-02"`), problem.Refused, "statement.invalid"},
		{"unknown answer", edit(`"requirement":"K-TILGANG-01","statement":"Ja.","status":"met"`, `"requirement":"K-TILGANG-01","statement":"Ja.","status":"perhaps"`), problem.Refused, "statement.invalid"},
		{"unmet and unexplained", edit(`"requirement":"K-TILGANG-01","statement":"Ja.","status":"met"`, `"requirement":"K-TILGANG-01","status":"not-met"`), problem.Refused, "statement.invalid"},
		{"control character in an answer", edit(`"requirement":"K-TILGANG-01","statement":"Ja."`, `"requirement":"K-TILGANG-01","statement":"Ja\u0000."`), problem.Refused, "statement.invalid"},
		{"answer that turns its own order", edit(`"requirement":"K-TILGANG-01","statement":"Ja."`, `"requirement":"K-TILGANG-01","statement":"\u202eJa."`), problem.Refused, "statement.invalid"},
		{"evidence with a long name", edit(`"requirement":"K-TILGANG-01"`, `"evidence":[{"digest":{"sha256":"`+missing+`"},"name":"`+strings.Repeat("x", 300)+`"}],"requirement":"K-TILGANG-01"`), problem.Refused, "statement.invalid"},
		{"evidence that was not uploaded", edit(`"requirement":"K-TILGANG-01"`, `"evidence":[{"digest":{"sha256":"`+missing+`"},"name":"x.pdf"}],"requirement":"K-TILGANG-01"`), problem.Invalid, "statement.evidence"},
		{"supersedes what is not there", edit(`"supplier":{`, `"supersedes":{"digest":{"sha256":"`+missing+`"}},"supplier":{`), problem.Refused, "statement.supersedes"},
		{"a withdrawal", withdrawal(t, h), problem.Refused, "statement.predicate"},
	}
	before := logSize(t, h)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, _, err := h.service.Submit(t.Context(), as(ours), tt.bundle)
			if problem.KeyOf(err) != tt.key || problem.KindOf(err) != tt.kind {
				t.Errorf("refused as %s %q, want %s %q: %v", problem.KindOf(err), problem.KeyOf(err), tt.kind, tt.key, err)
			}
		})
	}
	t.Run("another organisation sends it", func(t *testing.T) {
		_, _, err := h.service.Submit(t.Context(), as(theirs), sign(t, h.key, good))
		if problem.KindOf(err) != problem.Forbidden {
			t.Errorf("error is %v, want forbidden", err)
		}
	})
	t.Run("expired key", func(t *testing.T) {
		h.clock.add(4 * 365 * 24 * time.Hour)
		defer h.clock.add(-4 * 365 * 24 * time.Hour)
		_, _, err := h.service.Submit(t.Context(), as(ours), sign(t, h.key, good))
		if problem.KeyOf(err) != "signature.key-expired" {
			t.Errorf("error is %v, want signature.key-expired", err)
		}
	})
	if got := logSize(t, h); got != before {
		t.Errorf("the log grew from %d to %d", before, got)
	}
	if all, err := h.service.Of(t.Context(), access.Anyone(), h.offering.ID, 10); err != nil || len(all) != 1 {
		t.Errorf("%d declarations are stored (%v), want the one that was to be withdrawn", len(all), err)
	}
}

// logSize is the index that the next entry would get, less the probe's own.
func logSize(t *testing.T, h *house) int64 {
	t.Helper()
	in, err := h.log.Inclusion(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	return in.TreeSize
}

func tampered(t *testing.T, bundle []byte) []byte {
	t.Helper()
	var doc map[string]any
	if err := json.Unmarshal(bundle, &doc); err != nil {
		t.Fatal(err)
	}
	env := doc["dsseEnvelope"].(map[string]any)
	payload := env["payload"].(string)
	raw := decodeBase64(t, payload)
	env["payload"] = encodeBase64(replace(t, raw, `"requirement":"K-TILGANG-01","statement":"Ja."`, `"requirement":"K-TILGANG-01","statement":"Jo."`))
	return mustJSON(t, doc)
}

func twoSignatures(t *testing.T, bundle []byte) []byte {
	t.Helper()
	var doc map[string]any
	if err := json.Unmarshal(bundle, &doc); err != nil {
		t.Fatal(err)
	}
	env := doc["dsseEnvelope"].(map[string]any)
	sigs := env["signatures"].([]any)
	env["signatures"] = append(sigs, sigs[0])
	return mustJSON(t, doc)
}

// withdrawal submits a declaration and gives a signed withdrawal of it.
func withdrawal(t *testing.T, h *house) []byte {
	t.Helper()
	r := h.submit(sign(t, h.key, h.prepare(h.draft("skytjenester"))))
	st, err := h.service.PrepareWithdrawal(t.Context(), as(ours), r.Attestation, "Tjenesten er solgt.")
	if err != nil {
		t.Fatal(err)
	}
	return sign(t, h.key, st)
}

func TestWithdrawal(t *testing.T) {
	h := newHouse(t, nil)
	ctx := t.Context()
	r := h.submit(sign(t, h.key, h.prepare(h.draft("grunnsett"))))
	h.clock.add(time.Hour)
	st, err := h.service.PrepareWithdrawal(ctx, as(ours), r.Attestation, "Tjenesten er solgt.")
	if err != nil {
		t.Fatal(err)
	}
	w, created, err := h.service.Withdraw(ctx, as(ours), r.Attestation, sign(t, h.key, st))
	if err != nil || !created {
		t.Fatalf("created %v, error %v", created, err)
	}
	verifyReceipt(t, h, w)
	if w.Log.Index == r.Log.Index {
		t.Error("the withdrawal has the declaration's place in the log")
	}
	got, err := h.facts.Status(ctx, access.Anyone(), h.offering.ID, "grunnsett", time.Time{})
	if err != nil || got.Overall != status.Withdrawn || got.Declaration.Reason != "Tjenesten er solgt." {
		t.Errorf("status %s (%v), want withdrawn with the reason", got.Overall, err)
	}
	earlier, err := h.facts.Status(ctx, access.Anyone(), h.offering.ID, "grunnsett", h.clock.now().Add(-time.Minute))
	if err != nil || earlier.Overall != status.Valid {
		t.Errorf("a minute before, the status is %s (%v), want valid", earlier.Overall, err)
	}
	again, created, err := h.service.Withdraw(ctx, as(ours), r.Attestation, sign(t, h.key, st))
	if err != nil || created || again.Log.Index != w.Log.Index {
		t.Errorf("again: created %v at %d (%v), want the first at %d", created, again.Log.Index, err, w.Log.Index)
	}
	if _, _, err := h.service.Withdraw(ctx, as(theirs), r.Attestation, sign(t, h.key, st)); problem.KindOf(err) != problem.Forbidden {
		t.Errorf("another organisation: %v, want forbidden", err)
	}
	other := h.submit(sign(t, h.key, h.prepare(h.draft("skytjenester"))))
	if st, err = h.service.PrepareWithdrawal(ctx, as(ours), other.Attestation, "Feil."); err != nil {
		t.Fatal(err)
	}
	for want, bad := range map[string][2]string{
		"withdrawal.time": {`"withdrawnAt":"2026`, `"withdrawnAt":"2027`},
		"invalid.fields":  {`"reason":"Feil."`, `"reason":"Feil\u0000."`},
	} {
		if _, _, err := h.service.Withdraw(ctx, as(ours), other.Attestation, sign(t, h.key, replace(t, st, bad[0], bad[1]))); problem.KeyOf(err) != want {
			t.Errorf("%s: %v, want %s", bad[1], err, want)
		}
	}
	if st, err = h.service.PrepareWithdrawal(ctx, as(ours), r.Attestation, "Tjenesten er solgt."); err != nil {
		t.Fatal(err)
	}
	if _, _, err := h.service.Withdraw(ctx, as(ours), other.Attestation, sign(t, h.key, st)); problem.KeyOf(err) != "withdrawal.subject" {
		t.Errorf("withdrawal of another declaration: %v, want withdrawal.subject", err)
	}
}

func TestStolenKeyCannotBackdate(t *testing.T) {
	h := newHouse(t, nil)
	ctx := t.Context()
	stolen, stolenID := h.enrol(ours, signing.ECDSAP256)
	before := h.submit(sign(t, stolen, h.prepare(h.draft("grunnsett"))))
	h.clock.add(time.Hour)
	late := h.draft("skytjenester")
	backdated := sign(t, stolen, h.prepare(late))
	if _, err := h.suppliers.RevokeKey(ctx, as(ours), ours, stolenID, supplier.Compromised, ""); err != nil {
		t.Fatal(err)
	}
	if _, _, err := h.service.Submit(ctx, as(ours), backdated); problem.KeyOf(err) != "signature.key-revoked" {
		t.Errorf("declared before the revocation and sent after: %v, want signature.key-revoked", err)
	}
	st, err := h.facts.Status(ctx, access.Anyone(), h.offering.ID, "grunnsett", time.Time{})
	if err != nil || st.Overall != status.Valid || st.Declaration.Digest != before.Attestation {
		t.Errorf("logged before the revocation: %s (%v), want valid", st.Overall, err)
	}
}

func TestEvidenceIsBoundByDigest(t *testing.T) {
	h := newHouse(t, nil)
	ctx := t.Context()
	pdf := "%PDF-1.7\n1 0 obj\n<<>>\nendobj\n%%EOF\n"
	e, created, err := h.evidence.Upload(ctx, as(ours), evidence.Upload{Name: "sertifikat.pdf", Kind: "iso27001-certificate"}, strings.NewReader(pdf))
	if err != nil || !created {
		t.Fatalf("created %v, error %v", created, err)
	}
	d := h.draft("grunnsett")
	d.Answers[0].Evidence = []attestation.EvidenceRef{{Digest: attestation.DigestSet{SHA256: e.SHA256}}}
	r := h.submit(sign(t, h.key, h.prepare(d)))
	st, err := h.facts.Status(ctx, access.Anyone(), h.offering.ID, "grunnsett", time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	got := st.Requirements[0]
	if got.Assurance != status.Documented || len(got.Evidence) != 1 || got.Evidence[0].Name != "sertifikat.pdf" || got.Evidence[0].MediaType != "application/pdf" {
		t.Errorf("the answer shows %s with %+v", got.Assurance, got.Evidence)
	}
	if v, err := h.service.Verdict(ctx, access.Anyone(), r.Attestation); err != nil || !v.Holds {
		t.Errorf("verdict %+v (%v)", v, err)
	}
	d.Answers[1].Evidence = []attestation.EvidenceRef{{Digest: attestation.DigestSet{SHA256: strings.Repeat("0", 64)}}}
	_, err = h.service.Prepare(ctx, as(ours), d)
	p, ok := errors.AsType[*problem.Error](err)
	if !ok || p.Key != "statement.evidence" || len(p.Fields) != 1 || !strings.Contains(p.Fields[0].Path, d.Answers[1].Requirement) {
		t.Errorf("evidence that is not there: %v, want statement.evidence for that answer", err)
	}
}

func TestChangedOfferingNeedsANewDeclaration(t *testing.T) {
	h := newHouse(t, nil)
	ctx := t.Context()
	statement := h.prepare(h.draft("grunnsett"))
	h.submit(sign(t, h.key, statement))
	h.clock.add(time.Minute)
	o := h.offering
	o.Version = "5"
	if _, err := h.suppliers.UpdateOffering(ctx, as(ours), o, 0); err != nil {
		t.Fatal(err)
	}
	st, err := h.facts.Status(ctx, access.Anyone(), o.ID, "grunnsett", time.Time{})
	if err != nil || st.Overall != status.ScopeMismatch {
		t.Errorf("status is %s (%v), want scope-mismatch", st.Overall, err)
	}
	late := sign(t, h.key, replace(t, statement, `"declaredAt":"2026-11-23T12:00:00Z"`, `"declaredAt":"2026-11-23T12:00:01Z"`))
	if _, _, err := h.service.Submit(ctx, as(ours), late); problem.KeyOf(err) != "statement.descriptor" {
		t.Errorf("about the old descriptor: %v, want statement.descriptor", err)
	}
	renewed := h.prepare(h.draft("grunnsett"))
	if !bytes.Contains(renewed, []byte(`"supersedes":{"digest":{"sha256":"`+signing.Digest(statement))) {
		t.Error("the new statement does not name the one it replaces")
	}
	h.submit(sign(t, h.key, renewed))
	if st, err := h.facts.Status(ctx, access.Anyone(), o.ID, "grunnsett", time.Time{}); err != nil || st.Overall != status.Valid {
		t.Errorf("after renewal the status is %s (%v), want valid", st.Overall, err)
	}
}
