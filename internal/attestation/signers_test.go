package attestation_test

import (
	"crypto/x509"
	"testing"
	"time"

	"felleskrav/internal/access"
	"felleskrav/internal/attestation"
	"felleskrav/internal/problem"
	"felleskrav/internal/signing"
	"felleskrav/internal/signing/certtest"
	"felleskrav/internal/signing/keyless"
	"felleskrav/internal/signing/keyless/keylesstest"
	"felleskrav/internal/signing/revocation"
	"felleskrav/internal/status"
	"felleskrav/internal/supplier"
)

// trusting makes the house trust signers.
func (h *house) trusting(s *supplier.Signers) {
	h.service.Signers, h.suppliers.Signers, h.service.Keeper = s, s, h.suppliers
}

// certified is a house that trusts an issuer, who is asked about revocation.
func certified(t *testing.T) (*house, *certtest.CA) {
	t.Helper()
	h := newHouse(t, nil)
	ca := certtest.New(t, h.clock.now())
	a, err := signing.NewAuthorities(signing.AuthoritiesConfig{
		Roots: certificates(t, ca), Revocation: revocation.Config{AllowPrivate: true, Now: h.clock.now},
	})
	if err != nil {
		t.Fatal(err)
	}
	h.trusting(&supplier.Signers{Authorities: a})
	return h, ca
}

func (h *house) signWith(id *certtest.Identity, statement []byte) []byte {
	h.t.Helper()
	b, err := signing.SignBundleWithCertificate(h.t.Context(), id.Key, id.Chain, statement)
	if err != nil {
		h.t.Fatal(err)
	}
	return b
}

func TestEnterpriseCertificateSigns(t *testing.T) {
	h, ca := certified(t)
	id := ca.Issue(string(ours))
	statement := h.prepare(h.draft("grunnsett"))
	r := h.submit(h.signWith(id, statement))
	verifyReceipt(t, h, r)
	if st := h.status("grunnsett"); st.Overall != status.Valid {
		t.Errorf("status is %s, want valid", st.Overall)
	}
	v, err := h.service.Verdict(t.Context(), access.Anyone(), r.Attestation)
	if err != nil || !v.Holds || v.Grade != supplier.EnterpriseCertificate || !checked(v, attestation.CheckCertificate) || v.Issuer == "" {
		t.Errorf("verdict %+v, %v", v, err)
	}
	s, err := h.suppliers.Get(t.Context(), access.Anyone(), ours)
	if err != nil || len(s.Keys) != 2 {
		t.Fatalf("%d signers, %v; want the key and the certificate", len(s.Keys), err)
	}
	k := s.Keys[1]
	if k.Kind != supplier.EnterpriseCertificate || k.Certificate.Organisation != "NTRNO-"+string(ours) || k.EnrolledIndex == 0 || k.EnrolledIndex > r.Log.Index {
		t.Errorf("the signer is kept as %+v", k)
	}
	// The second time it is known.
	h.clock.add(time.Hour)
	h.submit(h.signWith(id, h.prepare(h.draft("grunnsett"))))
	if s, _ = h.suppliers.Get(t.Context(), access.Anyone(), ours); len(s.Keys) != 2 {
		t.Errorf("%d signers after the second declaration, want 2", len(s.Keys))
	}
	// Stock verifiers get the key's form, in which there is no certificate.
	b, err := h.service.Bundle(t.Context(), access.Anyone(), r.Attestation, true)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := signing.ParseBundle(b)
	if err != nil || parsed.Certificate != nil || len(parsed.Inclusions) != 1 {
		t.Errorf("key form: certificate %v, %d inclusions, %v", parsed.Certificate != nil, len(parsed.Inclusions), err)
	}
}

func TestCertificateRefusals(t *testing.T) {
	h, ca := certified(t)
	other := certtest.New(t, h.clock.now())
	statement := h.prepare(h.draft("grunnsett"))
	for name, c := range map[string]struct {
		id  *certtest.Identity
		key string
	}{
		"another supplier's":   {ca.Issue(string(theirs)), "signature.other-organisation"},
		"an unknown issuer's":  {other.Issue(string(ours)), "certificate.untrusted"},
		"expired":              {ca.Issue(string(ours), certtest.Expired()), "certificate.expired"},
		"not valid yet":        {ca.Issue(string(ours), certtest.NotYetValid()), "certificate.not-yet-valid"},
		"a foreign identifier": {ca.Issue(string(ours), certtest.Identifiers("NTRSE-5560360793")), "signature.other-organisation"},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := h.service.Submit(t.Context(), as(ours), h.signWith(c.id, statement))
			if problem.KeyOf(err) != c.key {
				t.Errorf("%v, want %s", err, c.key)
			}
		})
	}
	s, err := h.suppliers.Get(t.Context(), access.Anyone(), ours)
	if err != nil || len(s.Keys) != 1 {
		t.Errorf("%d signers after refusals, %v; want the enrolled key alone", len(s.Keys), err)
	}
}

// What an editor has verified counts as the supplier's own.
func TestForeignIdentifier(t *testing.T) {
	h, ca := certified(t)
	id := ca.Issue(string(ours), certtest.Identifiers("NTRSE-5560360793"))
	editor := access.Actor{ID: "e", Roles: []access.Role{access.Editor}}
	if _, err := h.suppliers.SetIdentifiers(t.Context(), as(ours), ours, []string{"NTRSE-5560360793"}); problem.KindOf(err) != problem.Forbidden {
		t.Errorf("the supplier itself: %v, want forbidden", err)
	}
	for _, bad := range []string{"NTRNO-123456785", "5560360793", "NTRSE-", "ABCSE-1", ""} {
		if _, err := h.suppliers.SetIdentifiers(t.Context(), editor, ours, []string{bad}); problem.KindOf(err) != problem.Invalid {
			t.Errorf("identifier %q: %v, want invalid", bad, err)
		}
	}
	if _, err := h.suppliers.SetIdentifiers(t.Context(), editor, ours, []string{"NTRSE-5560360793"}); err != nil {
		t.Fatal(err)
	}
	h.submit(h.signWith(id, h.prepare(h.draft("grunnsett"))))
}

// A certificate that its issuer ends later ends what was signed after that, and
// nothing before.
func TestRevokedByItsIssuer(t *testing.T) {
	h, ca := certified(t)
	id := ca.Issue(string(ours))
	before := h.submit(h.signWith(id, h.prepare(h.draft("grunnsett"))))
	h.clock.add(10 * time.Minute)
	ended := h.clock.now()
	h.clock.add(10 * time.Minute)
	after := h.submit(h.signWith(id, h.prepare(h.draft("grunnsett"))))
	if did, err := h.suppliers.RecheckCertificates(t.Context()); err != nil || did.Good != 1 {
		t.Fatalf("checked %+v, %v; want one good", did, err)
	}
	h.clock.add(time.Hour)
	ca.Server.SetNow(h.clock.now())
	ca.Server.Revoke(id.Certificate, ended, 1)
	if _, _, err := h.service.Submit(t.Context(), as(ours), h.signWith(id, h.prepare(h.draft("grunnsett")))); problem.KeyOf(err) != "certificate.revoked" {
		t.Errorf("signed with a revoked certificate: %v", err)
	}
	if did, err := h.suppliers.RecheckCertificates(t.Context()); err != nil || did.Revoked != 1 {
		t.Fatalf("checked %+v, %v; want one revoked", did, err)
	}
	st := h.status("grunnsett")
	if st.Overall != status.Valid || st.Declaration.Digest != before.Attestation {
		t.Errorf("status %s by %v, want valid by the one signed before", st.Overall, st.Declaration)
	}
	for _, d := range st.History {
		want := status.LifeActive
		if d.Digest == after.Attestation {
			want = status.LifeRevoked
		}
		if d.Lifecycle != want {
			t.Errorf("the declaration at %d is %s, want %s", d.LogIndex, d.Lifecycle, want)
		}
	}
	if v, err := h.service.Verdict(t.Context(), access.Anyone(), after.Attestation); err != nil || checked(v, attestation.CheckKey) {
		t.Errorf("the verdict on the one signed after says that its key stands (%v)", err)
	}
	if did, err := h.suppliers.RecheckCertificates(t.Context()); err != nil || did != (supplier.Rechecked{}) {
		t.Errorf("checked again: %+v, %v; want nothing left to ask", did, err)
	}
}

func TestIssuerDoesNotAnswer(t *testing.T) {
	h, ca := certified(t)
	id := ca.Issue(string(ours))
	ca.Server.Answer(certtest.Failure, certtest.Failure)
	_, _, err := h.service.Submit(t.Context(), as(ours), h.signWith(id, h.prepare(h.draft("grunnsett"))))
	if problem.KeyOf(err) != "certificate.revocation-unknown" || problem.KindOf(err) != problem.Unavailable {
		t.Errorf("%v, want certificate.revocation-unknown", err)
	}
}

// Without roots no certificate counts, and nobody can talk themselves in.
func TestCertificatesAreOffByDefault(t *testing.T) {
	h := newHouse(t, nil)
	ca := certtest.New(t, h.clock.now())
	_, _, err := h.service.Submit(t.Context(), as(ours), h.signWith(ca.Issue(string(ours)), h.prepare(h.draft("grunnsett"))))
	if problem.KeyOf(err) != "bundle.certificate" {
		t.Errorf("%v, want bundle.certificate", err)
	}
}

const (
	loginIssuer  = "https://innlogging.example"
	loginSubject = "sikkerhet@vaarsky.example"
)

// withLogins is a house that takes keyless signatures, with one login enrolled.
func withLogins(t *testing.T) (*house, *keylesstest.Authority) {
	t.Helper()
	h := newHouse(t, nil)
	authority := keylesstest.New(t, h.clock.now().Add(-time.Hour))
	v, err := keyless.New(authority.TrustedRoot(t))
	if err != nil {
		t.Fatal(err)
	}
	h.trusting(&supplier.Signers{Identities: v})
	return h, authority
}

func (h *house) enrolLogin(a *keylesstest.Authority, issuer, subject, provedBy string) (supplier.Key, error) {
	h.t.Helper()
	ch, err := h.suppliers.BeginEnrolment(h.t.Context(), as(ours), ours, supplier.Enrolment{Identity: &keyless.Identity{Issuer: issuer, Subject: subject}, Label: "innlogging"})
	if err != nil {
		return supplier.Key{}, err
	}
	return h.suppliers.CompleteEnrolment(h.t.Context(), as(ours), ours, ch.ID, a.SignBlob(h.t, ch.Bytes, issuer, provedBy, keylesstest.IssuedAt(h.clock.now())))
}

func TestLoginSigns(t *testing.T) {
	h, a := withLogins(t)
	statement := h.prepare(h.draft("grunnsett"))
	bundle := a.Sign(t, statement, loginIssuer, loginSubject, keylesstest.IssuedAt(h.clock.now()))
	if _, _, err := h.service.Submit(t.Context(), as(ours), bundle); problem.KeyOf(err) != "signature.unknown-identity" {
		t.Fatalf("before it was enrolled: %v", err)
	}
	if _, err := h.enrolLogin(a, loginIssuer, loginSubject, "andre@vaarsky.example"); problem.KeyOf(err) != "key.identity-proof" {
		t.Errorf("enrolled by somebody else: %v", err)
	}
	k, err := h.enrolLogin(a, loginIssuer, loginSubject, loginSubject)
	if err != nil || k.Kind != supplier.LoginIdentity || k.Identity.Subject != loginSubject {
		t.Fatalf("enrolled %+v, %v", k, err)
	}
	r := h.submit(bundle)
	verifyReceipt(t, h, r)
	v, err := h.service.Verdict(t.Context(), access.Anyone(), r.Attestation)
	if err != nil || !v.Holds || v.Grade != supplier.LoginIdentity || v.Signer != loginSubject || v.Issuer != loginIssuer {
		t.Errorf("verdict %+v, %v", v, err)
	}
	h.clock.add(time.Minute)
	if _, err := h.suppliers.RevokeKey(t.Context(), as(ours), ours, k.ID, supplier.Compromised, ""); err != nil {
		t.Fatal(err)
	}
	h.clock.add(time.Minute)
	again := a.Sign(t, h.prepare(h.draft("grunnsett")), loginIssuer, loginSubject, keylesstest.IssuedAt(h.clock.now()))
	if _, _, err := h.service.Submit(t.Context(), as(ours), again); problem.KeyOf(err) != "signature.key-revoked" {
		t.Errorf("a login that was revoked: %v", err)
	}
	if st := h.status("grunnsett"); st.Overall != status.Valid {
		t.Errorf("status of what was signed before is %s, want valid", st.Overall)
	}
}

func TestLoginRefusals(t *testing.T) {
	h, a := withLogins(t)
	if _, err := h.enrolLogin(a, loginIssuer, loginSubject, loginSubject); err != nil {
		t.Fatal(err)
	}
	stranger := keylesstest.New(t, h.clock.now().Add(-time.Hour))
	statement := h.prepare(h.draft("grunnsett"))
	now := keylesstest.IssuedAt(h.clock.now())
	for name, c := range map[string]struct {
		bundle []byte
		key    string
	}{
		"the same name at another service": {a.Sign(t, statement, "https://annen.example", loginSubject, now), "signature.unknown-identity"},
		"another name":                     {a.Sign(t, statement, loginIssuer, "andre@vaarsky.example", now), "signature.unknown-identity"},
		"another authority":                {stranger.Sign(t, statement, loginIssuer, loginSubject, now), "identity.log-entry"},
		"without a log entry":              {a.Sign(t, statement, loginIssuer, loginSubject, now, keylesstest.WithoutLogEntry()), "identity.log-entry"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, _, err := h.service.Submit(t.Context(), as(ours), c.bundle); problem.KeyOf(err) != c.key {
				t.Errorf("%v, want %s", err, c.key)
			}
		})
	}
	if _, err := h.suppliers.BeginEnrolment(t.Context(), as(ours), ours, supplier.Enrolment{Identity: &keyless.Identity{Issuer: "http://x", Subject: "y"}}); problem.KindOf(err) != problem.Invalid {
		t.Errorf("a malformed login: %v, want invalid", err)
	}
	h.trusting(nil)
	if _, err := h.suppliers.BeginEnrolment(t.Context(), as(ours), ours, supplier.Enrolment{Identity: &keyless.Identity{Issuer: loginIssuer, Subject: loginSubject}}); problem.KindOf(err) != problem.Invalid {
		t.Errorf("a login where none are taken: %v, want invalid", err)
	}
}

func certificates(t *testing.T, ca *certtest.CA) []*x509.Certificate {
	t.Helper()
	list, err := signing.ParseCertificates(certtest.PEM(ca.Root))
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// What was never the supplier's word takes nobody's place: the declaration
// before it is the one to renew, and the one that answers are carried over from.
func TestRenewalPassesOverWhatIsRevoked(t *testing.T) {
	h, ca := certified(t)
	id := ca.Issue(string(ours))
	own := h.submit(sign(t, h.key, h.prepare(h.draft("grunnsett"))))
	h.clock.add(10 * time.Minute)
	ended := h.clock.now()
	h.clock.add(10 * time.Minute)
	stolen := h.submit(h.signWith(id, h.prepare(h.draft("grunnsett"))))
	h.clock.add(time.Hour)
	ca.Server.SetNow(h.clock.now())
	ca.Server.Revoke(id.Certificate, ended, 1)
	if did, err := h.suppliers.RecheckCertificates(t.Context()); err != nil || did.Revoked != 1 {
		t.Fatalf("checked %+v, %v", did, err)
	}
	if _, err := h.service.PrepareRenewal(t.Context(), as(ours), stolen.Attestation, time.Time{}); problem.KeyOf(err) != "renewal.revoked" {
		t.Errorf("the one that does not count: %v, want renewal.revoked", err)
	}
	renewal, err := h.service.PrepareRenewal(t.Context(), as(ours), own.Attestation, time.Time{})
	if err != nil {
		t.Fatalf("the one that counts cannot be renewed: %v", err)
	}
	st, err := attestation.Decode[attestation.Declaration](renewal.Statement, attestation.DeclarationType)
	if err != nil || st.Predicate.Supersedes == nil || st.Predicate.Supersedes.Digest.SHA256 != own.Attestation {
		t.Errorf("the renewal supersedes %+v, %v", st.Predicate.Supersedes, err)
	}
	last, there, err := h.service.Last(t.Context(), as(ours), h.offering.ID, "grunnsett")
	if err != nil || !there || last.Digest != own.Attestation {
		t.Errorf("answers are carried over from %s, %v, %v", last.Digest, there, err)
	}
}
