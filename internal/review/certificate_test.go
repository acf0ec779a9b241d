package review_test

import (
	"testing"
	"time"

	"felleskrav/internal/access"
	"felleskrav/internal/review"
	"felleskrav/internal/signing"
	"felleskrav/internal/signing/certtest"
	"felleskrav/internal/signing/revocation"
	"felleskrav/internal/status"
	"felleskrav/internal/supplier"
)

// TestCertificateSignsReview: a body that signs with an enterprise certificate
// is asked about as suppliers are. What it signed after the issuer ended the
// certificate does not count, and stock verifiers get the key's form.
func TestCertificateSignsReview(t *testing.T) {
	h := newHouse(t, nil)
	ca := certtest.New(t, h.clock.now())
	roots, err := signing.ParseCertificates(certtest.PEM(ca.Root))
	h.must(err)
	a, err := signing.NewAuthorities(signing.AuthoritiesConfig{Roots: roots, Revocation: revocation.Config{AllowPrivate: true, Now: h.clock.now}})
	h.must(err)
	signers := &supplier.Signers{Authorities: a}
	h.suppliers.Signers, h.reviews.Signers, h.reviews.Keeper = signers, signers, h.suppliers
	id := ca.Issue(string(body))
	ended := h.clock.now()
	h.clock.add(time.Minute)
	b, err := signing.SignBundleWithCertificate(t.Context(), id.Key, id.Chain, h.prepare(h.draft()))
	h.must(err)
	r, _, err := h.reviews.Submit(t.Context(), reviewer(), b)
	h.must(err)
	logged, err := h.reviews.Bundle(t.Context(), reviewer(), r.Review, true)
	h.must(err)
	if parsed, err := signing.ParseBundle(logged); err != nil || parsed.Certificate != nil || len(parsed.Inclusions) != 1 {
		t.Errorf("the bundle for stock verifiers has a certificate: %v, %v", err == nil && parsed.Certificate != nil, err)
	}
	if got := h.requirement(h.status(access.Anyone(), time.Time{}), h.first).Assurance; got != status.Reviewed {
		t.Fatalf("the answer is %s", got)
	}
	h.clock.add(time.Hour)
	ca.Server.SetNow(h.clock.now())
	ca.Server.Revoke(id.Certificate, ended, 1)
	if did, err := h.suppliers.RecheckCertificates(t.Context()); err != nil || did.Revoked != 1 {
		t.Fatalf("asked about %+v, %v; want the body's certificate revoked", did, err)
	}
	if got := h.requirement(h.status(access.Anyone(), time.Time{}), h.first).Assurance; got == status.Reviewed {
		t.Error("the review by a revoked certificate still counts")
	}
	if e, err := h.reviews.Get(t.Context(), reviewer(), r.Review); err != nil || e.Standing.State != review.Revoked {
		t.Errorf("the review stands as %s, %v", e.Standing.State, err)
	}
}
