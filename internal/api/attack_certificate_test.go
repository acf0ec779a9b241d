package api

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"testing"
	"time"

	"felleskrav/internal/signing"
	"felleskrav/internal/signing/certtest"
	"felleskrav/internal/signing/keyless"
	"felleskrav/internal/signing/keyless/keylesstest"
	"felleskrav/internal/signing/revocation"
	"felleskrav/internal/supplier"
)

// trust has the house take certificates of an authority, and logins.
func (s *siege) trust(ca *certtest.CA, stamper *certtest.Timestamper, trustedRoot []byte) {
	s.t.Helper()
	authorities, err := signing.NewAuthorities(signing.AuthoritiesConfig{
		Roots: []*x509.Certificate{ca.Root}, TimestampRoots: []*x509.Certificate{stamper.Root},
		Revocation: revocation.Config{AllowPrivate: true, Timeout: 5 * time.Second, Now: s.now},
	})
	if err != nil {
		s.t.Fatal(err)
	}
	logins, err := keyless.New(trustedRoot)
	if err != nil {
		s.t.Fatal(err)
	}
	signers := &supplier.Signers{Authorities: authorities, Identities: logins}
	s.api.Suppliers.Signers, s.api.Attestations.Signers, s.api.Attestations.Keeper = signers, signers, s.api.Suppliers
}

func certified(t testing.TB, id *certtest.Identity, chain []*x509.Certificate, statement []byte) []byte {
	t.Helper()
	b, err := signing.SignBundleWithCertificate(context.Background(), id.Key, chain, statement)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// material puts something else beside the envelope.
func material(t testing.TB, bundle []byte, m object) []byte {
	t.Helper()
	return altered(t, bundle, func(b object) { b["verificationMaterial"] = m })
}

func rawBytes(c *x509.Certificate) object {
	return object{"rawBytes": base64.StdEncoding.EncodeToString(c.Raw)}
}

func (s *siege) onCertificates() []attack {
	now := s.now()
	ca, strange := certtest.New(s.t, now), certtest.New(s.t, now)
	stamper, elsewhere := certtest.NewTimestamper(s.t, now.Add(-24*time.Hour), now.Add(24*time.Hour)), certtest.NewTimestamper(s.t, now.Add(-24*time.Hour), now.Add(24*time.Hour))
	logins := keylesstest.New(s.t, now)
	s.trust(ca, stamper, logins.TrustedRoot(s.t))

	by := func(id *certtest.Identity) []byte { return certified(s.t, id, id.Chain, s.statement) }
	bad := func(name, key string, options ...certtest.Option) attack {
		return attack{name: "certificate " + name, body: by(ca.Issue(ours, options...)), status: 422, key: key}
	}
	as := func(name, key string, body []byte) attack {
		return attack{name: "certificate " + name, body: body, status: 422, key: key}
	}
	own := ca.Issue(ours)
	chain := func(list ...*x509.Certificate) []byte {
		all := []any{}
		for _, c := range list {
			all = append(all, rawBytes(c))
		}
		return material(s.t, by(own), object{"x509CertificateChain": object{"certificates": all}})
	}
	hint := object{"hint": hintOf(s.t, own.Key)}
	point, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		s.t.Fatal(err)
	}
	weak, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		s.t.Fatal(err)
	}
	revoked, early := ca.Issue(ours), ca.Issue(ours)
	ca.Server.Revoke(revoked.Certificate, now.Add(-time.Minute), 1)
	ca.Server.Revoke(early.Certificate, now, 4)
	many := []*x509.Certificate{own.Certificate}
	for range 10 {
		many = append(many, ca.Issuing)
	}
	stamped := func(body, response []byte) []byte {
		out, err := signing.WithTimestamp(body, response)
		if err != nil {
			s.t.Fatal(err)
		}
		return out
	}
	sig := func(body []byte) []byte {
		b, err := signing.ParseBundle(body)
		if err != nil {
			s.t.Fatal(err)
		}
		return b.Signature
	}
	expired, good := by(ca.Issue(ours, certtest.Expired())), by(own)
	hour := now.Add(-2 * time.Hour)
	silent := func(ocsp, crl certtest.Answer) func(func()) {
		return func(strike func()) {
			ca.Server.Answer(ocsp, crl)
			defer ca.Server.Answer(certtest.Truth, certtest.Truth)
			strike()
		}
	}
	unasked := func(name string, ocsp, crl certtest.Answer) attack {
		return attack{name: "certificate whose issuer " + name, body: by(ca.Issue(ours)), during: silent(ocsp, crl), status: 503, key: "certificate.revocation-unknown"}
	}
	return append([]attack{
		as("of an unknown issuer", "certificate.untrusted", by(strange.Issue(ours))),
		as("of an unknown issuer, with our root", "certificate.untrusted", certified(s.t, strange.Issue(ours), []*x509.Certificate{strange.Issue(ours).Certificate, strange.Issuing, ca.Root}, s.statement)),
		as("without those above it", "certificate.untrusted", certified(s.t, own, own.Chain[:1], s.statement)),
		bad("that is expired", "certificate.expired", certtest.Expired()),
		bad("that expired this second", "certificate.expired", certtest.Window(now.Add(-time.Hour), now.Add(-time.Second))),
		bad("that is not valid yet", "certificate.not-yet-valid", certtest.NotYetValid()),
		bad("of another organisation", "signature.other-organisation", certtest.Identifiers("NTRNO-"+theirs)),
		bad("of an organisation elsewhere", "signature.other-organisation", certtest.Identifiers("NTRSE-5560360793")),
		bad("of our number elsewhere", "signature.other-organisation", certtest.Identifiers("NTRSE-"+ours)),
		bad("of a VAT number", "signature.other-organisation", certtest.Identifiers("VATNO-"+theirs+"MVA")),
		bad("of no organisation", "certificate.no-organisation", certtest.Identifiers()),
		bad("of two organisations", "certificate.several-organisations", certtest.Identifiers("NTRNO-"+ours, "NTRNO-"+theirs)),
		bad("of us twice", "certificate.several-organisations", certtest.Identifiers("NTRNO-"+ours, "NTRNO-"+ours)),
		bad("with a number too short", "certificate.organisation", certtest.Identifiers("NTRNO-"+ours[:8])),
		bad("with a bare number", "certificate.organisation", certtest.Identifiers(ours)),
		bad("of another register", "certificate.organisation", certtest.Identifiers("PSDNO-FSA-"+ours)),
		bad("of an issuer", "certificate.issuer", certtest.AsIssuer()),
		bad("for encryption", "certificate.usage", certtest.Usage(x509.KeyUsageKeyEncipherment)),
		bad("for nothing", "certificate.usage", certtest.Usage(0)),
		bad("signed with SHA-1", "signature.algorithm", certtest.SHA1()),
		as("of a weak key", "signature.algorithm", material(s.t, good, object{"certificate": rawBytes(ca.Issue(ours, certtest.Key(weak)).Certificate)})),
		as("that is revoked", "certificate.revoked", by(revoked)),
		as("that was revoked this second", "certificate.revoked", by(early)),
		unasked("is down", certtest.Failure, certtest.Failure),
		unasked("talks rubbish", certtest.Garbage, certtest.Garbage),
		unasked("has an impostor", certtest.OtherIssuer, certtest.OtherIssuer),
		unasked("says what was", certtest.Stale, certtest.Stale),
		as("for another key", "signature.wrong", chain(ca.Issue(ours, certtest.Key(point)).Certificate, ca.Issuing)),
		as("on a changed payload", "signature.wrong", altered(s.t, good, func(b object) {
			b["dsseEnvelope"].(object)["payload"] = base64.StdEncoding.EncodeToString(append(s.statement[:len(s.statement):len(s.statement)], ' '))
		})),
		as("under its issuer", "certificate.malformed", chain(ca.Issuing, own.Certificate)),
		as("of an issuer alone", "certificate.issuer", chain(ca.Issuing)),
		as("among eleven", "certificate.malformed", chain(many...)),
		as("in an empty chain", "certificate.malformed", chain()),
		as("and a key", "certificate.malformed", material(s.t, good, object{"certificate": rawBytes(own.Certificate), "publicKey": hint})),
		as("and a chain", "certificate.malformed", material(s.t, good, object{"certificate": rawBytes(own.Certificate), "x509CertificateChain": object{"certificates": []any{rawBytes(own.Certificate)}}})),
		as("cut short", "certificate.malformed", material(s.t, good, object{"certificate": object{"rawBytes": base64.StdEncoding.EncodeToString(own.Certificate.Raw[:500])}})),
		as("with text after it", "certificate.malformed", material(s.t, good, object{"certificate": object{"rawBytes": base64.StdEncoding.EncodeToString(append(own.Certificate.Raw[:len(own.Certificate.Raw):len(own.Certificate.Raw)], 0))}})),
		as("in PEM", "certificate.malformed", material(s.t, good, object{"certificate": object{"rawBytes": base64.StdEncoding.EncodeToString(certtest.PEM(own.Certificate))}})),
		as("that is a private key", "certificate.malformed", material(s.t, good, object{"certificate": object{"rawBytes": base64.StdEncoding.EncodeToString(own.KeyPEM())}})),
		as("that is empty", "certificate.malformed", material(s.t, good, object{"certificate": object{}})),
		as("with a broken timestamp", "certificate.timestamp", stamped(good, []byte{0x30, 0})),
		as("with a timestamp of another signature", "certificate.timestamp", stamped(good, stamper.Stamp(s.t, []byte("noe annet"), now))),
		as("with a timestamp of tomorrow", "certificate.timestamp", stamped(good, stamper.Stamp(s.t, sig(good), now.Add(20*time.Hour)))),
		as("that is expired, with a stranger's timestamp", "certificate.expired", stamped(expired, elsewhere.Stamp(s.t, sig(expired), hour))),
	}, append(s.onBareKeys(ca), s.onKnownIdentities(logins)...)...)
}

// onBareKeys leave the certificate out, so that nobody asks whether it stands.
func (s *siege) onBareKeys(ca *certtest.CA) []attack {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		s.t.Fatal(err)
	}
	id := ca.Issue(ours, certtest.Key(key))
	first := s.prepared(ours, s.offeringOf("1", "Med sertifikat"), "grunnsett")
	var stands Receipt
	bundle := certified(s.t, id, id.Chain, first)
	s.want(201, "supplier", "POST", "/api/v1/attestations", bundle, "Content-Type", bundleType).into(s.t, &stands)
	ca.Server.Revoke(id.Certificate, s.now(), 1)
	return []attack{
		{name: "certificate left out, when it is known and revoked since", body: s.sign(key, s.statement), status: 422, key: "signature.certificate-left-out"},
		{name: "certificate left out, of what stands", body: s.sign(key, first), status: 422, key: "signature.certificate-left-out"},
		{name: "certificate left out, with no hint", body: hinted(s.t, s.sign(key, s.statement), ""), status: 422, key: "signature.certificate-left-out"},
	}
}

// onKnownIdentities are logins, of which one is enrolled.
func (s *siege) onKnownIdentities(at *keylesstest.Authority) []attack {
	const issuer, person, other = "https://innlogging.example.no", "kari@leverandor.example.no", "ola@leverandor.example.no"
	in := EnrolmentInput{Label: "Kari"}
	in.Identity.Issuer, in.Identity.Subject = issuer, person
	var ch Challenge
	keys := "/api/v1/suppliers/" + ours + "/keys"
	s.want(201, "supplier", "POST", keys, in).into(s.t, &ch)
	proof := at.SignBlob(s.t, ch.Message, issuer, person)
	s.want(201, "supplier", "POST", keys+"/challenges/"+ch.Id, ProofInput{Bundle: proof})

	by := func(options ...keylesstest.Option) []byte {
		return at.Sign(s.t, s.statement, issuer, person, options...)
	}
	login := func(name, key string, body []byte) attack {
		return attack{name: "login " + name, body: body, status: 422, key: key}
	}
	elsewhere := keylesstest.New(s.t, s.now())
	return []attack{
		login("of somebody else", "signature.unknown-identity", at.Sign(s.t, s.statement, issuer, other)),
		login("of the same name elsewhere", "signature.unknown-identity", at.Sign(s.t, s.statement, "https://innlogging.example.com", person)),
		login("of the same name with a slash", "signature.unknown-identity", at.Sign(s.t, s.statement, issuer+"/", person)),
		login("of the same name in capitals", "signature.unknown-identity", at.Sign(s.t, s.statement, issuer, "Kari@leverandor.example.no")),
		login("of a service that nobody installed", "identity.log-entry", elsewhere.Sign(s.t, s.statement, issuer, person)),
		login("after the certificate", "identity.time", by(keylesstest.StampedAt(s.now().Add(keylesstest.Lifetime+time.Second)))),
		login("before the certificate", "identity.time", by(keylesstest.StampedAt(s.now().Add(-time.Second)))),
		login("without a time", "identity.no-time", by(keylesstest.WithoutTimestamp())),
		login("without a log entry", "identity.log-entry", by(keylesstest.WithoutLogEntry())),
		login("with two names", "identity.name", by(keylesstest.WithCertificate(func(c *x509.Certificate) { c.EmailAddresses = append(c.EmailAddresses, other) }))),
		login("over a file", "bundle.envelope", at.SignBlob(s.t, s.statement, issuer, person)),
		login("that enrolled, on a declaration", "bundle.envelope", proof),
		login("in a chain", "identity.untrusted", altered(s.t, by(), func(b object) {
			m := b["verificationMaterial"].(object)
			m["x509CertificateChain"] = object{"certificates": []any{m["certificate"]}}
			delete(m, "certificate")
		})),
		login("on a changed payload", "signature.wrong", altered(s.t, by(), func(b object) {
			b["dsseEnvelope"].(object)["payload"] = base64.StdEncoding.EncodeToString(append(s.statement[:len(s.statement):len(s.statement)], ' '))
		})),
		login("with another's entry in the log", "identity.log-entry", altered(s.t, by(), func(b object) {
			altered(s.t, by(), func(o object) {
				b["verificationMaterial"].(object)["tlogEntries"] = o["verificationMaterial"].(object)["tlogEntries"]
			})
		})),
	}
}
