package review_test

import (
	"testing"
	"time"

	"felleskrav/internal/access"
	"felleskrav/internal/attestation"
	"felleskrav/internal/review"
	"felleskrav/internal/status"
)

// TestRenewal: the review goes with an answer that stays the same, and not
// with one that does not.
func TestRenewal(t *testing.T) {
	h := newHouse(t, nil)
	h.record(h.draft())
	assurance := func() status.Assurance {
		t.Helper()
		return h.requirement(h.status(access.Anyone(), time.Time{}), h.first).Assurance
	}
	reviewed := h.clock.now()
	h.declare(nil)
	if got := assurance(); got != status.Reviewed {
		t.Errorf("renewed unchanged it is %s", got)
	}
	h.declare(func(a map[string]*attestation.Answer) { a[h.two].Statement = "Noe annet." })
	if got := assurance(); got != status.Reviewed {
		t.Errorf("after a change to another answer it is %s", got)
	}
	h.declare(func(a map[string]*attestation.Answer) {
		e := a[h.first].Evidence
		e[0], e[1] = e[1], e[0]
	})
	if got := assurance(); got != status.Reviewed {
		t.Errorf("with the evidence in another order it is %s", got)
	}
	for name, edit := range map[string]func(*attestation.Answer){
		"words":         func(a *attestation.Answer) { a.Statement = "Ja, nesten." },
		"answer":        func(a *attestation.Answer) { a.Status = attestation.Partial },
		"less evidence": func(a *attestation.Answer) { a.Evidence = a.Evidence[:1] },
	} {
		h.declare(func(a map[string]*attestation.Answer) { edit(a[h.first]) })
		if got := assurance(); got != status.Documented {
			t.Errorf("after a change of the %s it is %s", name, got)
		}
	}
	h.declare(nil)
	if got := assurance(); got != status.Reviewed {
		t.Errorf("back as it was it is %s", got)
	}
	if st := h.status(access.Anyone(), reviewed.Add(-time.Hour)); h.requirement(st, h.first).Assurance == status.Reviewed {
		t.Error("reviewed before it was")
	}
	// A newer review, of the renewal, takes the place of the one carried over.
	h.declaration = h.declare(nil)
	d := h.draft()
	d.Outcome = review.NotAccepted
	h.record(d)
	if got := assurance(); got != status.Documented {
		t.Errorf("after the body has changed its mind it is %s", got)
	}
}

// TestTwoBodies: what one accepts another may not, and both are shown.
func TestTwoBodies(t *testing.T) {
	h := newHouse(t, nil)
	rivalKey, _ := h.body(rival, "Nabo kommune")
	d := h.draft()
	d.Outcome = review.NotAccepted
	theirs := h.recordAs(rival, rivalKey, d)
	ours := h.record(h.draft())
	r := h.requirement(h.status(as(access.Adviser, other), time.Time{}), h.first)
	if r.Assurance != status.Reviewed || len(r.Reviews) != 2 || r.Reviews[0].Digest != ours.Review || r.Reviews[1].Digest != theirs.Review {
		t.Errorf("%s with %+v", r.Assurance, r.Reviews)
	}
	h.withdraw(ours.Review)
	r = h.requirement(h.status(as(access.Adviser, other), time.Time{}), h.first)
	if r.Assurance != status.Documented || len(r.Reviews) != 1 || r.Reviews[0].Digest != theirs.Review {
		t.Errorf("after withdrawal %s with %+v", r.Assurance, r.Reviews)
	}
}
