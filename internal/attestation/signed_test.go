package attestation_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	svr "github.com/in-toto/attestation/go/predicates/svr/v01"
	intoto "github.com/in-toto/attestation/go/v1"
	"google.golang.org/protobuf/encoding/protojson"

	"felleskrav/internal/access"
	"felleskrav/internal/attestation"
	"felleskrav/internal/problem"
	"felleskrav/internal/signing"
	"felleskrav/internal/supplier"
)

var allProperties = []string{
	"SIGNATURE_VALID", "PAYLOAD_UNCHANGED", "KEY_NOT_REVOKED_BEFORE", "LOGGED", "SET_PUBLISHED",
	"SET_NEWEST", "OFFERING_UNCHANGED", "EVIDENCE_PRESENT", "NOT_EXPIRED", "NOT_WITHDRAWN",
}

// signedVerdict fetches the verdict on a declaration and reads it with the
// code that in-toto publishes for it, which passes over no unknown field.
func signedVerdict(t *testing.T, h *house, digest string) (*signing.Bundle, *intoto.Statement, *svr.SimpleVerificationResult) {
	t.Helper()
	raw, err := h.service.SignedVerdict(t.Context(), access.Anyone(), digest)
	if err != nil {
		t.Fatal(err)
	}
	b, err := signing.ParseBundle(raw)
	if err != nil {
		t.Fatal(err)
	}
	key, err := h.service.Verifier.PublicKey()
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Verify(key, digest, h.offering.Descriptor().Digest); err != nil {
		t.Fatalf("the registry's signature: %v", err)
	}
	var st intoto.Statement
	if err := protojson.Unmarshal(b.Payload, &st); err != nil {
		t.Fatal(err)
	}
	if err := st.Validate(); err != nil {
		t.Error(err)
	}
	predicate, err := protojson.Marshal(st.Predicate)
	if err != nil {
		t.Fatal(err)
	}
	var v svr.SimpleVerificationResult
	if err := protojson.Unmarshal(predicate, &v); err != nil {
		t.Fatal(err)
	}
	return b, &st, &v
}

func TestSignedVerdict(t *testing.T) {
	h := newHouse(t, nil)
	digest := h.submit(sign(t, h.key, h.prepare(h.draft("grunnsett")))).Attestation
	h.clock.add(time.Minute)
	b, st, v := signedVerdict(t, h, digest)
	if st.Type != signing.StatementType || st.PredicateType != "https://in-toto.io/attestation/svr/v0.1" || len(st.Subject) != 2 ||
		st.Subject[0].Name != attestation.URN(digest) || st.Subject[0].Digest["sha256"] != digest ||
		st.Subject[1].Name != supplier.ServiceURN(h.offering.ID) || st.Subject[1].Digest["sha256"] != h.offering.Descriptor().Digest {
		t.Errorf("the statement is %s", b.Payload)
	}
	if v.Verifier.Id != "urn:felleskrav:registry:log.test:verdict:v1" || !v.TimeCreated.AsTime().Equal(h.clock.now()) {
		t.Errorf("verified by %s at %s", v.Verifier.Id, v.TimeCreated.AsTime())
	}
	if d := cmp.Diff(allProperties, v.Properties); d != "" {
		t.Errorf("properties (-want +got):\n%s", d)
	}
	strangers, err := signing.PublicOf(h.key)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Verify(strangers); !errors.Is(err, signing.ErrSignature) {
		t.Errorf("verified with the supplier's key: %v", err)
	}
	key, err := h.service.Verifier.PublicKey()
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Verify(key, signing.Digest([]byte("another"))); !errors.Is(err, signing.ErrSubject) {
		t.Errorf("verified for another declaration: %v", err)
	}
	if key.Algorithm != signing.ECDSAP256 {
		t.Errorf("signed with %s", key.Algorithm)
	}
}

// TestSignedVerdictOfWhatFails: what does not hold is no property, and is
// told in the annotations.
func TestSignedVerdictOfWhatFails(t *testing.T) {
	h := newHouse(t, nil)
	digest := h.submit(sign(t, h.key, h.prepare(h.draft("grunnsett")))).Attestation
	if _, _, err := h.service.Withdraw(t.Context(), as(ours), digest, withdrawalOf(t, h, digest, "Tjenesten legges ned.")); err != nil {
		t.Fatal(err)
	}
	h.clock.add(attestation.MaxValidity)
	_, st, v := signedVerdict(t, h, digest)
	if d := cmp.Diff(allProperties[:8], v.Properties); d != "" {
		t.Errorf("properties (-want +got):\n%s", d)
	}
	want := map[string]any{}
	for i, p := range allProperties {
		want[p] = i < 8
	}
	if d := cmp.Diff(map[string]any{"checks": want}, st.Subject[0].Annotations.AsMap()); d != "" {
		t.Errorf("annotations (-want +got):\n%s", d)
	}
	if st.Subject[1].Annotations != nil {
		t.Errorf("the offering is annotated with %v", st.Subject[1].Annotations)
	}
	plain, err := h.service.Verdict(t.Context(), access.Anyone(), digest)
	if err != nil || plain.Holds || len(plain.Checks) != len(allProperties) {
		t.Errorf("the plain verdict is %+v (%v)", plain, err)
	}
}

// TestVerdictIsNoDeclaration: the registry's own statements are not taken in
// at the door, even by a supplier who signs one.
func TestVerdictIsNoDeclaration(t *testing.T) {
	h := newHouse(t, nil)
	digest := h.submit(sign(t, h.key, h.prepare(h.draft("grunnsett")))).Attestation
	b, _, _ := signedVerdict(t, h, digest)
	for name, bundle := range map[string][]byte{"as it came": b.Raw, "signed by the supplier": sign(t, h.key, b.Payload)} {
		_, _, err := h.service.Submit(t.Context(), as(ours), bundle)
		var pe *problem.Error
		if !errors.As(err, &pe) || pe.Key != "statement.predicate" {
			t.Errorf("submitted %s: %v", name, err)
		}
		_, _, err = h.service.Withdraw(t.Context(), as(ours), digest, bundle)
		if !errors.As(err, &pe) || pe.Key != "statement.predicate" {
			t.Errorf("as a withdrawal, %s: %v", name, err)
		}
	}
}

func TestSignedVerdictThatCannotBe(t *testing.T) {
	h := newHouse(t, nil)
	for _, digest := range []string{"", "x", signing.Digest([]byte("nothing"))} {
		if b, err := h.service.SignedVerdict(t.Context(), access.Anyone(), digest); problem.KindOf(err) != problem.NotFound || b != nil {
			t.Errorf("%q: %s (%v), want not found", digest, b, err)
		}
	}
	digest := h.submit(sign(t, h.key, h.prepare(h.draft("grunnsett")))).Attestation
	h.service.Verifier = nil
	if b, err := h.service.SignedVerdict(t.Context(), access.Anyone(), digest); err == nil || b != nil {
		t.Errorf("without a key: %s (%v)", b, err)
	}
}
