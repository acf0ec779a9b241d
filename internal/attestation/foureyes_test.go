package attestation_test

import (
	"context"
	"crypto"
	"testing"
	"time"

	"felleskrav/internal/access"
	"felleskrav/internal/attestation"
	"felleskrav/internal/problem"
	"felleskrav/internal/signing"
	"felleskrav/internal/status"
	"felleskrav/internal/supplier"
)

// fourEyes is a house whose supplier asks for two signers, with the second's
// key.
func fourEyes(t *testing.T) (h *house, second crypto.Signer, secondID string) {
	t.Helper()
	h = newHouse(t, nil)
	if _, err := h.suppliers.SetFourEyes(t.Context(), as(ours), ours, true); problem.KeyOf(err) != "supplier.four-eyes-keys" {
		t.Fatalf("four eyes with one key: %v, want supplier.four-eyes-keys", err)
	}
	second, secondID = h.enrol(ours, signing.Ed25519)
	s, err := h.suppliers.SetFourEyes(t.Context(), as(ours), ours, true)
	if err != nil || !s.FourEyes {
		t.Fatalf("four eyes required: %v, %v", s.FourEyes, err)
	}
	return h, second, secondID
}

func TestTwoSignersMakeADeclaration(t *testing.T) {
	h, second, secondID := fourEyes(t)
	statement := h.prepare(h.draft("grunnsett"))
	digest := signing.Digest(statement)
	for range 2 { // the same signer again does not count twice
		r := h.submit(sign(t, h.key, statement))
		if r.Waiting != attestation.WaitsForSecond || r.Attestation != digest {
			t.Fatalf("the first signature gives %+v, want one that waits", r)
		}
	}
	if st := h.status("grunnsett"); st.Overall != status.Missing {
		t.Errorf("status with one signature is %s, want missing", st.Overall)
	}
	waiting, err := h.service.WaitingFor(t.Context(), as(ours), ours)
	if err != nil || len(waiting) != 1 || string(waiting[0].Statement) != string(statement) || waiting[0].KeyID != h.keyID {
		t.Fatalf("waiting: %+v, %v", waiting, err)
	}
	h.clock.add(time.Minute)
	r := h.submit(sign(t, second, statement))
	if r.Waiting != "" || r.Log.TreeSize == 0 {
		t.Fatalf("the second signature gives %+v, want a receipt", r)
	}
	verifyReceipt(t, h, r)
	rec, err := h.service.Get(t.Context(), access.Anyone(), digest)
	if err != nil || rec.KeyID != h.keyID || rec.SecondKeyID != secondID {
		t.Errorf("signed by %s and %s (%v), want %s and %s", rec.KeyID, rec.SecondKeyID, err, h.keyID, secondID)
	}
	places, err := h.log.Places(t.Context(), []string{attestation.SecondLogKey(digest), attestation.LogKey(digest)})
	if err != nil || len(places) != 2 {
		t.Fatalf("logged at %v (%v), want both signatures", places, err)
	}
	if places[attestation.SecondLogKey(digest)].Index > places[attestation.LogKey(digest)].Index {
		t.Error("the declaration is logged before its second signature")
	}
	if st := h.status("grunnsett"); st.Overall != status.Valid {
		t.Errorf("status with two signatures is %s, want valid", st.Overall)
	}
	v, err := h.service.Verdict(t.Context(), access.Anyone(), digest)
	if err != nil || !v.Holds || !checked(v, attestation.CheckSecond) {
		t.Errorf("verdict %+v, %v, want one that holds and names the second signature", v, err)
	}
	waiting, err = h.service.WaitingFor(t.Context(), as(ours), ours)
	if err != nil || len(waiting) != 0 {
		t.Errorf("still waiting: %+v, %v", waiting, err)
	}
	again := h.submit(sign(t, h.key, statement))
	if again.Waiting != "" || again.Log.Index != r.Log.Index {
		t.Errorf("sent again it is at %d, want %d", again.Log.Index, r.Log.Index)
	}
}

func checked(v attestation.Verdict, name attestation.CheckName) bool {
	for _, c := range v.Checks {
		if c.Name == name {
			return c.Holds
		}
	}
	return false
}

// A declaration that needs two keys falls with either of them.
func TestEitherKeyRevokedEndsTheDeclaration(t *testing.T) {
	for _, which := range []string{"first", "second"} {
		t.Run(which, func(t *testing.T) {
			h, second, secondID := fourEyes(t)
			id := map[string]string{"first": h.keyID, "second": secondID}[which]
			first := h.prepare(h.draft("grunnsett"))
			h.submit(sign(t, h.key, first))
			h.clock.add(time.Second)
			if _, err := h.suppliers.RevokeKey(t.Context(), as(ours), ours, id, supplier.Compromised, ""); err != nil {
				t.Fatal(err)
			}
			if which == "first" { // its signature does not count any more
				if r := h.submit(sign(t, second, first)); r.Waiting == "" {
					t.Error("the signature of a key that was revoked since counted")
				}
				return
			}
			if _, _, err := h.service.Submit(t.Context(), as(ours), sign(t, second, first)); problem.KeyOf(err) != "signature.key-revoked" {
				t.Errorf("second signature with a revoked key: %v", err)
			}
		})
	}
}

func TestFourEyesRefusals(t *testing.T) {
	h, second, _ := fourEyes(t)
	statement := h.prepare(h.draft("grunnsett"))
	h.submit(sign(t, h.key, statement))
	digest := signing.Digest(statement)
	if b, err := h.service.Statement(t.Context(), as(ours), digest); err != nil || string(b) != string(statement) {
		t.Errorf("the supplier reads what waits: %q, %v", b, err)
	}
	if _, err := h.service.Statement(t.Context(), as(theirs), digest); problem.KindOf(err) != problem.NotFound {
		t.Errorf("another supplier reads what waits: %v, want not found", err)
	}
	if _, err := h.service.WaitingFor(t.Context(), as(theirs), ours); problem.KindOf(err) != problem.Forbidden {
		t.Errorf("another supplier lists what waits: %v, want forbidden", err)
	}
	if _, err := h.suppliers.SetFourEyes(t.Context(), as(theirs), ours, false); problem.KindOf(err) != problem.Forbidden {
		t.Errorf("another supplier ends four eyes: %v, want forbidden", err)
	}
	// What was right when the first signed must be right when the second does.
	h.clock.add(attestation.MaxValidity)
	if _, _, err := h.service.Submit(t.Context(), as(ours), sign(t, second, statement)); problem.KeyOf(err) != "statement.invalid" {
		t.Errorf("second signature after the declaration has run out: %v, want statement.invalid", err)
	}
}

// A crash between store and log loses neither signature.
func TestFourEyesAreCompletedAfterACrash(t *testing.T) {
	h, cut := cutHouse(t)
	second, _ := h.enrol(ours, signing.ECDSAP256)
	if _, err := h.suppliers.SetFourEyes(t.Context(), as(ours), ours, true); err != nil {
		t.Fatal(err)
	}
	statement := h.prepare(h.draft("grunnsett"))
	h.submit(sign(t, h.key, statement))
	cut.cut.Store(true)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if _, _, err := h.service.Submit(ctx, as(ours), sign(t, second, statement)); err == nil {
		t.Fatal("a declaration that was not logged was acknowledged")
	}
	cut.cut.Store(false)
	if n, err := h.service.CompleteLog(t.Context(), time.Hour); err != nil || n != 1 {
		t.Fatalf("completed %d (%v), want 1", n, err)
	}
	digest := signing.Digest(statement)
	places, err := h.log.Places(t.Context(), []string{attestation.SecondLogKey(digest), attestation.LogKey(digest)})
	if err != nil || len(places) != 2 {
		t.Errorf("logged at %v (%v), want both signatures", places, err)
	}
	r, err := h.service.Receipt(t.Context(), access.Anyone(), digest)
	if err != nil {
		t.Fatal(err)
	}
	verifyReceipt(t, h, r)
}

// What can no longer be signed does not wait for anybody: the offering is
// described anew, its time is over, or the one who signed first no longer can.
func TestNothingWaitsInVain(t *testing.T) {
	for name, c := range map[string]struct {
		happens func(h *house)
		waits   int
	}{
		"nothing":             {func(*house) {}, 1},
		"its time is over":    {func(h *house) { h.clock.add(366 * 24 * time.Hour) }, 0},
		"the offering is new": {func(h *house) { h.offering.Version = "5"; h.update() }, 0},
		"the supplier's name": {func(h *house) { h.register(ours, "Vår Nye Sky AS") }, 0},
		"the key is revoked": {func(h *house) {
			if _, err := h.suppliers.RevokeKey(h.t.Context(), as(ours), ours, h.keyID, supplier.Replaced, ""); err != nil {
				h.t.Fatal(err)
			}
		}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			h, _, _ := fourEyes(t)
			h.submit(sign(t, h.key, h.prepare(h.draft("grunnsett"))))
			h.clock.add(time.Minute)
			c.happens(h)
			got, err := h.service.WaitingFor(t.Context(), as(ours), ours)
			if err != nil || len(got) != c.waits {
				t.Errorf("%d wait, %v; want %d", len(got), err, c.waits)
			}
		})
	}
}

func (h *house) update() {
	h.t.Helper()
	if _, err := h.suppliers.UpdateOffering(h.t.Context(), as(ours), h.offering, 0); err != nil {
		h.t.Fatal(err)
	}
}
