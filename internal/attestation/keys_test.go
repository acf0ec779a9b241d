package attestation_test

import (
	"context"
	"crypto"
	"errors"
	"io"
	"testing"
	"time"

	"felleskrav/internal/access"
	"felleskrav/internal/attestation"
	"felleskrav/internal/organisation"
	"felleskrav/internal/problem"
	"felleskrav/internal/signing"
	"felleskrav/internal/status"
	"felleskrav/internal/supplier"
)

// begin asks for a challenge for a key that there is already.
func (h *house) begin(n organisation.Number, key crypto.Signer, in supplier.Enrolment) (supplier.Challenge, []byte, error) {
	h.t.Helper()
	pub, err := signing.PublicOf(key)
	if err != nil {
		h.t.Fatal(err)
	}
	in.PEM = pub.PEM
	ch, err := h.suppliers.BeginEnrolment(h.t.Context(), as(n), n, in)
	if err != nil {
		return ch, nil, err
	}
	proof, err := signing.SignMessage(key, ch.Bytes)
	if err != nil {
		h.t.Fatal(err)
	}
	return ch, proof, nil
}

func (h *house) overall(set string) status.Status {
	h.t.Helper()
	st, err := h.facts.Status(h.t.Context(), access.Anyone(), h.offering.ID, set, time.Time{})
	if err != nil {
		h.t.Fatal(err)
	}
	return st
}

func newSigner(t *testing.T) crypto.Signer {
	t.Helper()
	key, err := signing.GenerateKey(signing.ECDSAP256)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// TestRotatedKey: what the old key signed and the log has stands, whatever the
// reason it was ended for; nothing new is taken from it; the new key serves.
func TestRotatedKey(t *testing.T) {
	for _, reason := range []supplier.Reason{supplier.Replaced, supplier.Compromised, supplier.Retired} {
		t.Run(string(reason), func(t *testing.T) {
			h := newHouse(t, nil)
			before := h.submit(sign(t, h.key, h.prepare(h.draft("grunnsett"))))
			signedBefore := sign(t, h.key, h.prepare(h.draft("skytjenester")))
			h.clock.add(time.Hour)
			fresh := newSigner(t)
			in := supplier.Enrolment{}
			if reason == supplier.Replaced {
				in.Replaces = h.keyID
			}
			ch, proof, err := h.begin(ours, fresh, in)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := h.suppliers.CompleteEnrolment(t.Context(), as(ours), ours, ch.ID, proof); err != nil {
				t.Fatal(err)
			}
			if reason != supplier.Replaced {
				if _, err := h.suppliers.RevokeKey(t.Context(), as(ours), ours, h.keyID, reason, ""); err != nil {
					t.Fatal(err)
				}
			}
			if _, _, err := h.service.Submit(t.Context(), as(ours), signedBefore); problem.KeyOf(err) != "signature.key-revoked" {
				t.Errorf("signed before and sent after: %v, want signature.key-revoked", err)
			}
			if st := h.overall("grunnsett"); st.Overall != status.Valid || st.Declaration.Digest != before.Attestation {
				t.Errorf("logged before: %s", st.Overall)
			}
			if v, err := h.service.Verdict(t.Context(), access.Anyone(), before.Attestation); err != nil || !v.Holds {
				t.Errorf("verdict on what was logged before: %+v (%v)", v, err)
			}
			h.submit(sign(t, fresh, h.prepare(h.draft("skytjenester"))))
			if st := h.overall("skytjenester"); st.Overall != status.Valid {
				t.Errorf("signed with the new key: %s", st.Overall)
			}
			// Once revoked, for good.
			if _, _, err := h.begin(ours, h.key, supplier.Enrolment{}); problem.KeyOf(err) != "key.revoked-before" {
				t.Errorf("the old key enrolled again: %v", err)
			}
		})
	}
}

// TestKeyExpiresOnTheMillisecond: the clock of the door decides, and what was
// logged in time stands.
func TestKeyExpiresOnTheMillisecond(t *testing.T) {
	h := newHouse(t, nil)
	short := newSigner(t)
	ends := h.clock.now().Add(time.Hour)
	ch, proof, err := h.begin(ours, short, supplier.Enrolment{ExpiresAt: ends})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.suppliers.CompleteEnrolment(t.Context(), as(ours), ours, ch.ID, proof); err != nil {
		t.Fatal(err)
	}
	inTime, late := sign(t, short, h.prepare(h.draft("grunnsett"))), sign(t, short, h.prepare(h.draft("skytjenester")))
	h.clock.add(time.Hour - time.Millisecond)
	h.submit(inTime)
	h.clock.add(time.Millisecond)
	if _, _, err := h.service.Submit(t.Context(), as(ours), late); problem.KeyOf(err) != "signature.key-expired" {
		t.Errorf("sent as the key expires: %v, want signature.key-expired", err)
	}
	if st := h.overall("grunnsett"); st.Overall != status.Valid {
		t.Errorf("logged a millisecond before: %s", st.Overall)
	}
	// An expired key can be replaced like any other.
	ch, proof, err = h.begin(ours, newSigner(t), supplier.Enrolment{Replaces: keyID(t, short)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.suppliers.CompleteEnrolment(t.Context(), as(ours), ours, ch.ID, proof); err != nil {
		t.Error(err)
	}
}

func keyID(t *testing.T, key crypto.Signer) string {
	t.Helper()
	pub, err := signing.PublicOf(key)
	if err != nil {
		t.Fatal(err)
	}
	return pub.ID
}

// TestKeySharedBySuppliers: companies of one group may sign with one key, each
// having proved it. A signature counts for the supplier that the statement
// names and nobody else, and each ends the key for itself alone.
func TestKeySharedBySuppliers(t *testing.T) {
	h := newHouse(t, nil)
	h.register(theirs, "Andre AS")
	ch, proof, err := h.begin(theirs, h.key, supplier.Enrolment{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.suppliers.CompleteEnrolment(t.Context(), as(theirs), theirs, ch.ID, proof); err != nil {
		t.Fatal(err)
	}
	statement := h.prepare(h.draft("grunnsett"))
	if _, _, err := h.service.Submit(t.Context(), as(theirs), sign(t, h.key, statement)); err == nil {
		t.Error("the other supplier handed in a declaration that is not its own")
	}
	asIfTheirs := replace(t, statement, `"supplier":{"id":"`+ours.ID(), `"supplier":{"id":"`+theirs.ID())
	for _, who := range []organisation.Number{ours, theirs} {
		if _, _, err := h.service.Submit(t.Context(), as(who), sign(t, h.key, asIfTheirs)); err == nil || problem.KindOf(err) == problem.Internal {
			t.Errorf("in the other's name about our offering, sent by %s: %v", who, err)
		}
	}
	if _, err := h.suppliers.RevokeKey(t.Context(), as(theirs), theirs, h.keyID, supplier.Compromised, ""); err != nil {
		t.Fatal(err)
	}
	r := h.submit(sign(t, h.key, statement))
	rec, err := h.service.Get(t.Context(), access.Anyone(), r.Attestation)
	if err != nil || rec.Supplier != ours {
		t.Errorf("the declaration is of %s (%v)", rec.Supplier, err)
	}
	if st := h.overall("grunnsett"); st.Overall != status.Valid {
		t.Errorf("the other supplier revoked the key for itself: ours is %s", st.Overall)
	}
}

// TestDecidedRevocationCountsAtTheDoor: a rotation whose log entries could not
// be written is decided all the same, and the old key signs nothing more.
func TestDecidedRevocationCountsAtTheDoor(t *testing.T) {
	h, cut := cutHouse(t)
	bundle := sign(t, h.key, h.prepare(h.draft("grunnsett")))
	fresh := newSigner(t)
	ch, proof, err := h.begin(ours, fresh, supplier.Enrolment{Replaces: h.keyID})
	if err != nil {
		t.Fatal(err)
	}
	cut.cut.Store(true)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if _, err := h.suppliers.CompleteEnrolment(ctx, as(ours), ours, ch.ID, proof); err == nil {
		t.Fatal("acknowledged without its place in the log")
	}
	cut.cut.Store(false)
	if _, _, err := h.service.Submit(t.Context(), as(ours), bundle); problem.KeyOf(err) != "signature.key-revoked" {
		t.Errorf("signed with the key that is being replaced: %v, want signature.key-revoked", err)
	}
	if _, err := h.suppliers.CompleteEnrolment(t.Context(), as(ours), ours, ch.ID, proof); err != nil {
		t.Errorf("completed again: %v", err)
	}
	h.submit(sign(t, fresh, h.prepare(h.draft("grunnsett"))))
}

// outOfReach is a key whose keeper does not answer.
type outOfReach struct{ crypto.Signer }

var errOutOfReach = errors.New("the key store is away")

func (outOfReach) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) {
	return nil, errOutOfReach
}

func TestVerdictKeyOutOfReach(t *testing.T) {
	h := newHouse(t, nil)
	r := h.submit(sign(t, h.key, h.prepare(h.draft("grunnsett"))))
	h.service.Verifier = attestation.NewVerifier("log.test", outOfReach{newSigner(t)})
	b, err := h.service.SignedVerdict(t.Context(), access.Anyone(), r.Attestation)
	if b != nil || problem.KindOf(err) != problem.Unavailable || !errors.Is(err, errOutOfReach) {
		t.Errorf("%s, %v; want unavailable, and why", b, err)
	}
}
