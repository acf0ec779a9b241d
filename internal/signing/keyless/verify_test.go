package keyless_test

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	bundlepb "github.com/sigstore/protobuf-specs/gen/pb-go/bundle/v1"
	commonpb "github.com/sigstore/protobuf-specs/gen/pb-go/common/v1"
	dssepb "github.com/sigstore/protobuf-specs/gen/pb-go/dsse"
	rekorpb "github.com/sigstore/protobuf-specs/gen/pb-go/rekor/v1"
	rootpb "github.com/sigstore/protobuf-specs/gen/pb-go/trustroot/v1"

	"felleskrav/internal/signing"
	"felleskrav/internal/signing/keyless"
	"felleskrav/internal/signing/keyless/keylesstest"
)

func TestAccepts(t *testing.T) {
	a := keylesstest.New(t, start)
	v := verifier(t, a.TrustedRoot(t))
	payload, message := statementOf(3), []byte("utfordring 7f3a")
	for name, c := range map[string]struct {
		subject string
		kind    keyless.SubjectType
	}{"person": {person, keyless.Email}, "workflow": {builder, keyless.URI}} {
		for _, algorithm := range []signing.Algorithm{signing.ECDSAP256, signing.ECDSAP384, signing.RSA2048, signing.Ed25519} {
			key, err := signing.GenerateKey(algorithm)
			if err != nil {
				t.Fatal(err)
			}
			data := a.Sign(t, payload, issuer, c.subject, keylesstest.WithKey(key))
			b, leaf, err := keyless.Parse(data)
			if err != nil {
				t.Fatal(err)
			}
			public, err := signing.PublicOf(key)
			if err != nil {
				t.Fatal(err)
			}
			want := keyless.Signer{
				Issuer: issuer, Subject: c.subject, SubjectType: c.kind, Public: public, Certificate: leaf.Raw,
				NotBefore: start, NotAfter: start.Add(keylesstest.Lifetime), Time: start.Add(time.Minute), TimeSource: keyless.Timestamp,
			}
			got, err := v.VerifyStatement(data, payload)
			if err != nil {
				t.Errorf("%s, %s: %v", name, algorithm, err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s, %s: %s", name, algorithm, diff)
			}
			if !keyless.IsKeyless(leaf) || string(b.Payload) != string(payload) {
				t.Errorf("%s, %s: keyless is %t, payload %s", name, algorithm, keyless.IsKeyless(leaf), b.Payload)
			}
			if id := (keyless.Identity{Issuer: issuer, Subject: c.subject}); !id.Matches(got) || got.Identity() != id {
				t.Errorf("%s, %s: not the identity it was signed with", name, algorithm)
			}
			if algorithm == signing.Ed25519 || algorithm == signing.ECDSAP384 {
				continue // the blobs here name their SHA-256 digest
			}
			got, err = v.VerifyBlob(a.SignBlob(t, message, issuer, c.subject, keylesstest.WithKey(key)), message)
			if err != nil {
				t.Errorf("%s, %s: blob: %v", name, algorithm, err)
			}
			want.Certificate = got.Certificate
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s, %s: blob: %s", name, algorithm, diff)
			}
		}
	}
}

// refusal is a bundle that must not be accepted.
type refusal struct {
	bundle []byte
	want   error
}

// both are changes that make a bundle over anything unacceptable.
func both(t testing.TB, a *keylesstest.Authority, sign func(options ...keylesstest.Option) []byte) map[string]refusal {
	t.Helper()
	other := keylesstest.New(t, start)
	certificate := func(change func(*x509.Certificate)) []byte { return sign(keylesstest.WithCertificate(change)) }
	entry := func(change func(e *rekorpb.TransparencyLogEntry)) []byte {
		return sign(keylesstest.WithBundle(func(b *bundlepb.Bundle) { change(b.VerificationMaterial.TlogEntries[0]) }))
	}
	material := func(change func(m *bundlepb.VerificationMaterial)) []byte {
		return sign(keylesstest.WithBundle(func(b *bundlepb.Bundle) { change(b.VerificationMaterial) }))
	}
	borrowed := func(option keylesstest.Option, move func(to, from *bundlepb.VerificationMaterial)) []byte {
		var from *bundlepb.VerificationMaterial
		keep := keylesstest.WithBundle(func(b *bundlepb.Bundle) { from = b.VerificationMaterial })
		sign(option, keep)
		return material(func(m *bundlepb.VerificationMaterial) { move(m, from) })
	}
	same := func(*x509.Certificate) {}
	moveEntry := func(to, from *bundlepb.VerificationMaterial) { to.TlogEntries = from.TlogEntries }
	moveStamp := func(to, from *bundlepb.VerificationMaterial) {
		to.TimestampVerificationData = from.TimestampVerificationData
	}
	elsewhere := func(move func(to, from *bundlepb.VerificationMaterial)) []byte {
		var from *bundlepb.VerificationMaterial
		other.Sign(t, statementOf(2), issuer, person, keylesstest.WithBundle(func(b *bundlepb.Bundle) { from = b.VerificationMaterial }))
		return material(func(m *bundlepb.VerificationMaterial) { move(m, from) })
	}
	utf8 := func(text string) []byte {
		der, err := asn1.MarshalWithParams(text, "utf8")
		if err != nil {
			t.Fatal(err)
		}
		return der
	}
	return map[string]refusal{
		"signed a second before it is valid": {sign(keylesstest.StampedAt(start.Add(-time.Second))), keyless.ErrTime},
		"signed a second after it expired":   {sign(keylesstest.StampedAt(start.Add(keylesstest.Lifetime + time.Second))), keyless.ErrTime},
		"signed a year later":                {sign(keylesstest.StampedAt(start.AddDate(1, 0, 0))), keyless.ErrTime},
		"authority expired":                  {sign(keylesstest.IssuedAt(start.AddDate(6, 0, 0)), keylesstest.StampedAt(start)), keyless.ErrTime},
		"no time":                            {sign(keylesstest.WithoutTimestamp()), keyless.ErrNoTime},
		"timestamp of another signature":     {borrowed(keylesstest.WithCertificate(same), moveStamp), keyless.ErrNoTime},
		"timestamp of another authority":     {elsewhere(moveStamp), keyless.ErrNoTime},
		"time in the log entry alone": {sign(keylesstest.WithoutTimestamp(), keylesstest.WithBundle(func(b *bundlepb.Bundle) {
			b.VerificationMaterial.TlogEntries[0].IntegratedTime = start.Add(time.Minute).Unix()
		})), keyless.ErrNoTime},
		"no log entry":                 {sign(keylesstest.WithoutLogEntry()), keyless.ErrNoLogEntry},
		"entry of another log":         {elsewhere(moveEntry), keyless.ErrNoLogEntry},
		"entry of another signature":   {borrowed(keylesstest.WithCertificate(same), moveEntry), keyless.ErrLogEntry},
		"hash in the proof changed":    {entry(func(e *rekorpb.TransparencyLogEntry) { e.InclusionProof.Hashes[0][0] ^= 1 }), keyless.ErrLogEntry},
		"hash left out of the proof":   {entry(func(e *rekorpb.TransparencyLogEntry) { e.InclusionProof.Hashes = e.InclusionProof.Hashes[1:] }), keyless.ErrLogEntry},
		"checkpoint changed":           {entry(func(e *rekorpb.TransparencyLogEntry) { e.InclusionProof.Checkpoint.Envelope += "x" }), keyless.ErrLogEntry},
		"index changed":                {entry(func(e *rekorpb.TransparencyLogEntry) { e.LogIndex-- }), keyless.ErrLogEntry},
		"entry without proof":          {entry(func(e *rekorpb.TransparencyLogEntry) { e.InclusionProof = nil }), signing.ErrLogEntry},
		"entry without checkpoint":     {entry(func(e *rekorpb.TransparencyLogEntry) { e.InclusionProof.Checkpoint = nil }), signing.ErrLogEntry},
		"entry with an empty promise":  {entry(func(e *rekorpb.TransparencyLogEntry) { e.InclusionPromise = &rekorpb.InclusionPromise{} }), signing.ErrLogEntry},
		"entry without log":            {entry(func(e *rekorpb.TransparencyLogEntry) { e.LogId = nil }), signing.ErrLogEntry},
		"entry of no kind":             {entry(func(e *rekorpb.TransparencyLogEntry) { e.KindVersion = nil }), signing.ErrLogEntry},
		"entry without body":           {entry(func(e *rekorpb.TransparencyLogEntry) { e.CanonicalizedBody = nil }), signing.ErrLogEntry},
		"body is not an entry":         {entry(func(e *rekorpb.TransparencyLogEntry) { e.CanonicalizedBody = []byte("{}") }), signing.ErrLogEntry},
		"v2 leaf, checkpoint as of v1": {entry(func(e *rekorpb.TransparencyLogEntry) { asV1(e) }), keyless.ErrLogEntry},
		"many log entries": {material(func(m *bundlepb.VerificationMaterial) {
			for range 32 {
				m.TlogEntries = append(m.TlogEntries, m.TlogEntries[0])
			}
		}), signing.ErrLogEntry},
		"the same entry twice": {material(func(m *bundlepb.VerificationMaterial) { m.TlogEntries = append(m.TlogEntries, m.TlogEntries[0]) }), keyless.ErrLogEntry},
		"many timestamps": {material(func(m *bundlepb.VerificationMaterial) {
			for range 32 {
				m.TimestampVerificationData.Rfc3161Timestamps = append(m.TimestampVerificationData.Rfc3161Timestamps, m.TimestampVerificationData.Rfc3161Timestamps[0])
			}
		}), signing.ErrLogEntry},

		"plain key": {material(func(m *bundlepb.VerificationMaterial) {
			m.Content = &bundlepb.VerificationMaterial_PublicKey{PublicKey: &commonpb.PublicKeyIdentifier{Hint: "x"}}
		}), keyless.ErrNoCertificate},
		"nothing that verifies": {material(func(m *bundlepb.VerificationMaterial) { m.Content = nil }), keyless.ErrNoCertificate},
		"certificate is not one": {material(func(m *bundlepb.VerificationMaterial) {
			m.Content = &bundlepb.VerificationMaterial_Certificate{Certificate: &commonpb.X509Certificate{RawBytes: []byte("x")}}
		}), keyless.ErrNoCertificate},
		"chain": {material(func(m *bundlepb.VerificationMaterial) {
			m.Content = &bundlepb.VerificationMaterial_X509CertificateChain{X509CertificateChain: &commonpb.X509CertificateChain{
				Certificates: []*commonpb.X509Certificate{m.GetCertificate()},
			}}
		}), keyless.ErrNotKeyless},
		"enterprise certificate": {certificate(func(c *x509.Certificate) {
			c.ExtraExtensions, c.EmailAddresses = nil, nil
			c.Subject = pkix.Name{ExtraNames: []pkix.AttributeTypeAndValue{{Type: asn1.ObjectIdentifier{2, 5, 4, 97}, Value: "NTRNO-987654321"}}}
			c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
		}), keyless.ErrNotKeyless},
		"no name":         {certificate(func(c *x509.Certificate) { c.EmailAddresses = nil }), keyless.ErrIdentity},
		"two addresses":   {certificate(func(c *x509.Certificate) { c.EmailAddresses = append(c.EmailAddresses, "ola@x.example") }), keyless.ErrIdentity},
		"address and URI": {certificate(func(c *x509.Certificate) { c.URIs = []*url.URL{{Scheme: "https", Host: "x.example"}} }), keyless.ErrIdentity},
		"a host name":     {certificate(func(c *x509.Certificate) { c.EmailAddresses, c.DNSNames = nil, []string{"x.example"} }), keyless.ErrIdentity},
		"two issuers":     {certificate(func(c *x509.Certificate) { c.ExtraExtensions[1].Value = utf8("https://x.example") }), keyless.ErrIdentity},
		"issuer not DER":  {certificate(func(c *x509.Certificate) { c.ExtraExtensions[1].Value = []byte("x") }), keyless.ErrIdentity},
		"issuer over http": {certificate(func(c *x509.Certificate) {
			c.ExtraExtensions[0].Value, c.ExtraExtensions[1].Value = []byte("http://x.example"), utf8("http://x.example")
		}), keyless.ErrIdentity},
		"not for signing code": {certificate(func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageEmailProtection} }), keyless.ErrCertificate},
		"media type v0.1": {sign(keylesstest.WithBundle(func(b *bundlepb.Bundle) {
			b.MediaType = "application/vnd.dev.sigstore.bundle+json;version=0.1"
		})), signing.ErrMediaType},
		"unknown field":    {edit(t, sign(), `{"mediaType"`, `{"x":1,"mediaType"`), signing.ErrUnknownField},
		"snake-case field": {edit(t, sign(), `"tlogEntries"`, `"tlog_entries"`), signing.ErrUnknownField},
		"field twice":      {edit(t, sign(), `"tlogEntries"`, `"tlogEntries":[],"tlogEntries"`), signing.ErrDuplicateField},
		"loose base64":     {edit(t, sign(), `"rawBytes":"`, `"rawBytes":"\n`), signing.ErrJSON},
		"index a number":   {edit(t, sign(), `"logIndex":"`, `"logIndex":5,"x":"`), signing.ErrJSON},
		"empty":            {nil, signing.ErrJSON},
		"null":             {[]byte("null"), signing.ErrMediaType},
		"text after":       {append(sign(), "{}"...), signing.ErrJSON},
		"oversize":         {append(sign(), strings.Repeat(" ", signing.MaxBundle)...), signing.ErrTooLarge},
	}
}

// asV1 gives an entry's checkpoint an origin as those of Rekor v1 have.
func asV1(e *rekorpb.TransparencyLogEntry) {
	origin, rest, _ := strings.Cut(e.InclusionProof.Checkpoint.Envelope, "\n")
	e.InclusionProof.Checkpoint.Envelope = origin + " - 7\n" + rest
}

func TestStatementsRefused(t *testing.T) {
	a := keylesstest.New(t, start)
	payload := statementOf(2)
	sign := func(options ...keylesstest.Option) []byte { return a.Sign(t, payload, issuer, person, options...) }
	envelope := func(change func(e *dssepb.Envelope)) []byte {
		return sign(keylesstest.WithBundle(func(b *bundlepb.Bundle) { change(b.GetDsseEnvelope()) }))
	}
	v := verifier(t, a.TrustedRoot(t))
	if _, err := v.VerifyStatement(sign(), payload); err != nil {
		t.Fatal(err)
	}
	cases := both(t, a, sign)
	for name, c := range map[string]refusal{
		"signature changed":    {envelope(func(e *dssepb.Envelope) { e.Signatures[0].Sig[20] ^= 1 }), signing.ErrSignature},
		"no signature":         {envelope(func(e *dssepb.Envelope) { e.Signatures = nil }), signing.ErrSignatureCount},
		"two signatures":       {envelope(func(e *dssepb.Envelope) { e.Signatures = append(e.Signatures, e.Signatures[0]) }), signing.ErrSignatureCount},
		"empty signature":      {envelope(func(e *dssepb.Envelope) { e.Signatures[0].Sig = nil }), signing.ErrEncoding},
		"key id":               {envelope(func(e *dssepb.Envelope) { e.Signatures[0].Keyid = "x" }), signing.ErrKeyID},
		"payload type":         {envelope(func(e *dssepb.Envelope) { e.PayloadType = "text/plain" }), signing.ErrPayloadType},
		"payload changed":      {envelope(func(e *dssepb.Envelope) { e.Payload = statementOf(3) }), keyless.ErrPayload},
		"of another statement": {a.Sign(t, statementOf(3), issuer, person), keyless.ErrPayload},
		"a message":            {a.SignBlob(t, payload, issuer, person), signing.ErrNoEnvelope},
	} {
		cases[name] = c
	}
	for name, c := range cases {
		if s, err := v.VerifyStatement(c.bundle, payload); !errors.Is(err, c.want) || s.Subject != "" {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	// The bundle and the payload given are changed alike.
	changed := statementOf(3)
	if _, err := v.VerifyStatement(envelope(func(e *dssepb.Envelope) { e.Payload = changed }), changed); !errors.Is(err, signing.ErrSignature) {
		t.Errorf("payload changed on both sides: %v", err)
	}
	for _, odd := range []string{`{"_type":"https://in-toto.io/Statement/v0.1"}`, `hello`, strings.Replace(string(payload), `"_type"`, `"predicate_type":"x","_type"`, 1)} {
		if _, err := v.VerifyStatement(a.Sign(t, []byte(odd), issuer, person), []byte(odd)); !errors.Is(err, signing.ErrStatement) {
			t.Errorf("payload %.60s: %v", odd, err)
		}
	}
	if _, err := verifier(t, keylesstest.New(t, start).TrustedRoot(t)).VerifyStatement(sign(), payload); !errors.Is(err, keyless.ErrNoLogEntry) {
		t.Errorf("another root: %v", err)
	}
}

func TestBlobsRefused(t *testing.T) {
	a := keylesstest.New(t, start)
	message := []byte("utfordring 7f3a")
	sign := func(options ...keylesstest.Option) []byte { return a.SignBlob(t, message, issuer, person, options...) }
	blob := func(change func(m *commonpb.MessageSignature)) []byte {
		return sign(keylesstest.WithBundle(func(b *bundlepb.Bundle) { change(b.GetMessageSignature()) }))
	}
	v := verifier(t, a.TrustedRoot(t))
	if _, err := v.VerifyBlob(sign(), message); err != nil {
		t.Fatal(err)
	}
	ed, err := signing.GenerateKey(signing.Ed25519)
	if err != nil {
		t.Fatal(err)
	}
	cases := both(t, a, sign)
	for name, c := range map[string]refusal{
		"signature changed":  {blob(func(m *commonpb.MessageSignature) { m.Signature[20] ^= 1 }), signing.ErrSignature},
		"another message":    {a.SignBlob(t, []byte("utfordring 7f3b"), issuer, person), signing.ErrSignature},
		"no digest":          {blob(func(m *commonpb.MessageSignature) { m.MessageDigest = nil }), keyless.ErrNoMessage},
		"no signature":       {blob(func(m *commonpb.MessageSignature) { m.Signature = nil }), keyless.ErrNoMessage},
		"digest changed":     {blob(func(m *commonpb.MessageSignature) { m.MessageDigest.Digest[0] ^= 1 }), keyless.ErrLogEntry},
		"a statement":        {a.Sign(t, message, issuer, person), keyless.ErrNoMessage},
		"Ed25519, not as ph": {sign(keylesstest.WithKey(ed)), keyless.ErrLogEntry},
	} {
		cases[name] = c
	}
	for name, c := range cases {
		if s, err := v.VerifyBlob(c.bundle, message); !errors.Is(err, c.want) || s.Subject != "" {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

// A root of only some kinds asks for what it has.
func TestRoots(t *testing.T) {
	a, other := keylesstest.New(t, start), keylesstest.New(t, start)
	payload := statementOf(1)
	noLogs := func(r *rootpb.TrustedRoot) { r.Tlogs = nil }
	v := verifier(t, a.TrustedRoot(t, noLogs))
	for name, options := range map[string][]keylesstest.Option{"as made": nil, "without log entry": {keylesstest.WithoutLogEntry()}} {
		if _, err := v.VerifyStatement(a.Sign(t, payload, issuer, person, options...), payload); err != nil {
			t.Errorf("root without logs, %s: %v", name, err)
		}
	}
	if _, err := v.VerifyStatement(a.Sign(t, payload, issuer, person, keylesstest.WithoutTimestamp()), payload); !errors.Is(err, keyless.ErrNoTime) {
		t.Errorf("root without logs, no timestamp: %v", err)
	}
	// The times are believed, the certificates not.
	var foreign rootpb.TrustedRoot
	other.TrustedRoot(t, func(r *rootpb.TrustedRoot) { foreign.CertificateAuthorities = r.CertificateAuthorities })
	mixed := verifier(t, a.TrustedRoot(t, func(r *rootpb.TrustedRoot) { r.CertificateAuthorities = foreign.CertificateAuthorities }))
	if _, err := mixed.VerifyStatement(a.Sign(t, payload, issuer, person), payload); !errors.Is(err, keyless.ErrCertificate) {
		t.Errorf("certificates of another authority: %v", err)
	}
	// With a certificate log in the root, a certificate must be in it.
	logged := verifier(t, a.TrustedRoot(t, func(r *rootpb.TrustedRoot) { r.Ctlogs = r.Tlogs }))
	if _, err := logged.VerifyStatement(a.Sign(t, payload, issuer, person), payload); !errors.Is(err, keyless.ErrCertificate) {
		t.Errorf("certificate in no certificate log: %v", err)
	}
	for name, data := range map[string][]byte{
		"no authority":       a.TrustedRoot(t, func(r *rootpb.TrustedRoot) { r.CertificateAuthorities = nil }),
		"no time, log of v2": a.TrustedRoot(t, func(r *rootpb.TrustedRoot) { r.TimestampAuthorities = nil }),
		"no log and no time": a.TrustedRoot(t, noLogs, func(r *rootpb.TrustedRoot) { r.TimestampAuthorities = nil }),
		"an empty chain":     a.TrustedRoot(t, func(r *rootpb.TrustedRoot) { r.CertificateAuthorities[0].CertChain.Certificates = nil }),
		"broken certificate": a.TrustedRoot(t, func(r *rootpb.TrustedRoot) {
			r.CertificateAuthorities[0].CertChain.Certificates[0].RawBytes = []byte("x")
		}),
		"another media type":   a.TrustedRoot(t, func(r *rootpb.TrustedRoot) { r.MediaType = "application/json" }),
		"nothing":              nil,
		"an empty object":      []byte("{}"),
		"too large":            append(a.TrustedRoot(t), strings.Repeat(" ", keyless.MaxTrustedRoot)...),
		"a log's trusted root": logRoot(t),
	} {
		if _, err := keyless.New(data); !errors.Is(err, keyless.ErrTrustedRoot) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// logRoot is what our own log hands out.
func logRoot(t testing.TB) []byte {
	t.Helper()
	key, err := signing.GenerateKey(signing.Ed25519)
	if err != nil {
		t.Fatal(err)
	}
	public, err := signing.PublicOf(key)
	if err != nil {
		t.Fatal(err)
	}
	data, err := signing.TrustedRootJSON("logg.example.no", "https://logg.example.no", public.DER, []byte("id"))
	if err != nil {
		t.Fatal(err)
	}
	return data
}
