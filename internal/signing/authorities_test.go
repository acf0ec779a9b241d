package signing_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	x509names "crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"math/big"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"felleskrav/internal/signing"
	"felleskrav/internal/signing/certtest"
	"felleskrav/internal/signing/revocation"
)

var p521Once = sync.OnceValues(func() (*ecdsa.PrivateKey, error) { return ecdsa.GenerateKey(elliptic.P521(), rand.Reader) })

func testKeyP521(t testing.TB) crypto.Signer {
	t.Helper()
	key, err := p521Once()
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// installed are authorities that trust ca, and ask its server.
func installed(t testing.TB, ca *certtest.CA, changes ...func(c *signing.AuthoritiesConfig)) *signing.Authorities {
	t.Helper()
	c := signing.AuthoritiesConfig{
		Roots:      []*x509.Certificate{ca.Root},
		Revocation: revocation.Config{AllowPrivate: true, Timeout: 5 * time.Second, Now: func() time.Time { return certNow }},
	}
	for _, change := range changes {
		change(&c)
	}
	a, err := signing.NewAuthorities(c)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func noRevocation(c *signing.AuthoritiesConfig) { c.Policy = signing.NoRevocation }

func verified(t testing.TB, a *signing.Authorities, data []byte, at time.Time) (signing.CertifiedSigner, error) {
	t.Helper()
	b, err := signing.ParseBundle(data)
	if err != nil {
		t.Fatal(err)
	}
	return a.Verify(t.Context(), b, at)
}

func TestCertificateAccepted(t *testing.T) {
	ca := certtest.New(t, certNow)
	a := installed(t, ca)
	id := ca.Issue("123456785")
	got, err := verified(t, a, signedBy(t, id, statementOf(3)), certNow)
	if err != nil {
		t.Fatal(err)
	}
	want := signing.CertifiedSigner{
		Public:       publicOf(t, id.Key),
		Organisation: signing.Organisation{Scheme: signing.NationalRegister, Country: "NO", Number: "123456785"},
		Subject:      "CN=Oppdiktet Leverandør AS (segl), O=Oppdiktet Leverandør AS, organizationIdentifier=NTRNO-123456785, C=NO",
		Issuer:       "CN=Oppdiktet utsteder-CA, O=Oppdiktet Tillit AS, C=NO",
		SerialHex:    id.Certificate.SerialNumber.Text(16), Fingerprint: signing.Digest(id.Certificate.Raw),
		NotBefore: certNow.Add(-time.Hour), NotAfter: certNow.Add(365 * 24 * time.Hour), At: certNow, AtSource: signing.FromReceipt,
		Revocation: revocation.Status{
			State: revocation.Good, Source: revocation.OCSP, CheckedAt: certNow, ThisUpdate: certNow.Add(-time.Minute), NextUpdate: certNow.Add(24 * time.Hour),
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if got.Public.Algorithm != signing.RSA3072 {
		t.Errorf("the profile's key is %s", got.Public.Algorithm)
	}

	for name, c := range map[string]struct {
		id      *certtest.Identity
		chain   int
		changes []func(c *signing.AuthoritiesConfig)
	}{
		"signature usage":            {ca.Issue("123456785", certtest.Usage(x509.KeyUsageDigitalSignature)), 2, nil},
		"both usages":                {ca.Issue("123456785", certtest.Usage(x509.KeyUsageDigitalSignature|x509.KeyUsageContentCommitment)), 2, nil},
		"no extended usage":          {ca.Issue("123456785", certtest.ExtendedUsage()), 2, nil},
		"other extended usage":       {ca.Issue("123456785", certtest.ExtendedUsage(x509.ExtKeyUsageServerAuth)), 2, nil},
		"alternative name":           {ca.Issue("123456785", certtest.Email("post@example.no")), 2, nil},
		"P-256":                      {ca.Issue("123456785", certtest.Key(testKey(t, signing.ECDSAP256))), 2, nil},
		"P-384":                      {ca.Issue("123456785", certtest.Key(testKey(t, signing.ECDSAP384))), 2, nil},
		"directly under the root":    {ca.Issue("123456785", certtest.ByRoot(), certtest.Addresses(nil, []string{ca.Server.RootCRL()})), 1, nil},
		"installed intermediate":     {ca.Issue("123456785"), 1, []func(c *signing.AuthoritiesConfig){func(c *signing.AuthoritiesConfig) { c.Intermediates = []*x509.Certificate{ca.Issuing} }}},
		"issuer trusted as root":     {ca.Issue("123456785"), 1, []func(c *signing.AuthoritiesConfig){func(c *signing.AuthoritiesConfig) { c.Roots = []*x509.Certificate{ca.Issuing} }}},
		"several roots":              {ca.Issue("123456785"), 2, []func(c *signing.AuthoritiesConfig){func(c *signing.AuthoritiesConfig) { c.Roots = append(c.Roots, certtest.New(t, certNow).Root) }}},
		"stranger among those above": {&certtest.Identity{Key: certtest.RSAKey(t), Chain: append(ca.Issue("123456785").Chain, certtest.New(t, certNow).Issuing)}, 3, nil},
	} {
		data := signedBy(t, &certtest.Identity{Key: c.id.Key, Chain: c.id.Chain[:c.chain]}, statementOf(1))
		if got, err := verified(t, installed(t, ca, c.changes...), data, certNow); err != nil || got.Organisation.Number != "123456785" || got.Revocation.State != revocation.Good {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

// Each reason to refuse a certificate, alone, gives its own sentinel.
func TestCertificateRefused(t *testing.T) {
	ca, other := certtest.New(t, certNow), certtest.New(t, certNow)
	revoked, changed := ca.Issue("123456785"), signedBy(t, ca.Issue("123456785"), statementOf(2))
	ca.Server.Revoke(revoked.Certificate, certNow, 1)
	sentinels := []error{
		signing.ErrUntrusted, signing.ErrExpired, signing.ErrNotYetValid, signing.ErrKeyUsage, signing.ErrIssuerAsSigner, signing.ErrNoOrganisation,
		signing.ErrSeveralOrganisations, signing.ErrOrganisation, signing.ErrRevoked, signing.ErrRevocationUnknown, signing.ErrTimestamp,
		signing.ErrAlgorithm, signing.ErrSignature, signing.ErrStatement, signing.ErrNoCertificate, signing.ErrCertificate,
	}
	issued := func(options ...certtest.Option) []byte {
		return signedBy(t, ca.Issue("123456785", options...), statementOf(2))
	}
	stranger := other.Issue("123456785")
	for name, c := range map[string]struct {
		data []byte
		want error
	}{
		"a plain key":                      {signed(t, signing.ECDSAP256, statementOf(2)), signing.ErrNoCertificate},
		"another root":                     {signedBy(t, stranger, statementOf(2)), signing.ErrUntrusted},
		"another root, with its root":      {must(signing.SignBundleWithCertificate(t.Context(), stranger.Key, []*x509.Certificate{stranger.Certificate, other.Issuing, other.Root}, statementOf(2))), signing.ErrUntrusted},
		"an issuer of the same name":       {must(signing.SignBundleWithCertificate(t.Context(), stranger.Key, []*x509.Certificate{stranger.Certificate, ca.Issuing}, statementOf(2))), signing.ErrUntrusted},
		"issuer missing":                   {must(signing.SignBundleWithCertificate(t.Context(), stranger.Key, ca.Issue("123456785").Chain[:1], statementOf(2))), signing.ErrUntrusted},
		"issued by a signer":               {signedBy(t, issuedBySigner(t, ca, false), statementOf(2)), signing.ErrUntrusted},
		"beyond the length of the path":    {signedBy(t, issuedBySigner(t, ca, true), statementOf(2)), signing.ErrUntrusted},
		"unknown critical extension":       {issued(certtest.Extension(x509names.Extension{Id: asn1.ObjectIdentifier{1, 2, 3}, Critical: true, Value: []byte{5, 0}})), signing.ErrUntrusted},
		"signed with SHA-1":                {issued(certtest.SHA1()), signing.ErrAlgorithm},
		"P-521":                            {withCertificate(t, signedBy(t, ca.Issue("123456785"), statementOf(2)), ca.Issue("123456785", certtest.Key(testKeyP521(t)))), signing.ErrAlgorithm},
		"expired":                          {issued(certtest.Expired()), signing.ErrExpired},
		"not yet valid":                    {issued(certtest.NotYetValid()), signing.ErrNotYetValid},
		"an issuer":                        {issued(certtest.AsIssuer()), signing.ErrIssuerAsSigner},
		"signs certificates, says no":      {issued(certtest.Usage(x509.KeyUsageContentCommitment | x509.KeyUsageCertSign)), signing.ErrIssuerAsSigner},
		"encryption":                       {issued(certtest.Usage(x509.KeyUsageKeyEncipherment)), signing.ErrKeyUsage},
		"no usage":                         {issued(certtest.Usage(0)), signing.ErrKeyUsage},
		"no organisation":                  {issued(certtest.Identifiers()), signing.ErrNoOrganisation},
		"two organisations":                {issued(certtest.Identifiers("NTRNO-123456785", "NTRNO-987654321")), signing.ErrSeveralOrganisations},
		"malformed organisation":           {issued(certtest.Identifiers("NTRNO-1")), signing.ErrOrganisation},
		"revoked":                          {signedBy(t, revoked, statementOf(2)), signing.ErrRevoked},
		"nobody to ask":                    {issued(certtest.Addresses(nil, nil)), signing.ErrRevocationUnknown},
		"signature of another key":         {withCertificate(t, changed, ca.Issue("123456785", certtest.Key(testKey(t, signing.RSA2048)))), signing.ErrSignature},
		"payload changed":                  {edit(t, changed, base64Of(must(signing.ParseBundle(changed)).Payload), base64Of(statementOf(3))), signing.ErrSignature},
		"not a statement":                  {signedBy(t, ca.Issue("123456785"), []byte("{}")), signing.ErrStatement},
		"issuer of a revoked intermediate": {nil, signing.ErrRevoked},
	} {
		of := ca
		if c.data == nil {
			of = certtest.New(t, certNow)
			of.Server.Revoke(of.Issuing, certNow.Add(-time.Hour), 2)
			c.data = signedBy(t, of.Issue("123456785"), statementOf(2))
		}
		a := installed(t, of)
		for range 2 { // the second time from what is remembered, if anything is
			got, err := verified(t, a, c.data, certNow)
			if diff := cmp.Diff(signing.CertifiedSigner{}, got); diff != "" {
				t.Errorf("%s: the refusal tells of a signer: %s", name, diff)
			}
			for _, s := range sentinels {
				if errors.Is(err, s) != (s == c.want) {
					t.Errorf("%s: %v is %v: %t", name, err, s, errors.Is(err, s))
				}
			}
		}
	}
}

// withCertificate replaces the certificates in a bundle.
func withCertificate(t *testing.T, data []byte, id *certtest.Identity) []byte {
	t.Helper()
	b := must(signing.ParseBundle(data))
	return edit(t, data, base64Of(b.Certificate), base64Of(id.Certificate.Raw))
}

// issuedBySigner is a certificate that somebody below the issuing authority issued: one who says that he is an
// issuer, though no more may be below it, or one whose certificate the bundle leaves out.
func issuedBySigner(t *testing.T, ca *certtest.CA, issuer bool) *certtest.Identity {
	t.Helper()
	options := []certtest.Option{certtest.Key(testKey(t, signing.ECDSAP384))}
	if issuer {
		options = append(options, certtest.AsIssuer())
	}
	parent := ca.Issue("123456785", options...)
	template := *ca.Issue("987654321").Certificate
	template.SerialNumber = big.NewInt(7)
	template.AuthorityKeyId, template.SubjectKeyId = nil, nil
	template.SignatureAlgorithm = x509.UnknownSignatureAlgorithm
	der, err := x509.CreateCertificate(rand.Reader, &template, parent.Certificate, certtest.RSAKey(t).Public(), parent.Key)
	if err != nil {
		t.Fatal(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	chain := []*x509.Certificate{c, ca.Issuing}
	if issuer {
		chain = append([]*x509.Certificate{c}, parent.Chain...)
	}
	return &certtest.Identity{Certificate: c, Key: certtest.RSAKey(t), Chain: chain}
}

// A certificate holds from the first to the last second of its validity, and so does each one above it.
func TestValidityToTheSecond(t *testing.T) {
	ca := certtest.New(t, certNow)
	from, to := certNow.Add(-time.Hour), certNow.Add(time.Hour)
	year := 365 * 24 * time.Hour
	short := signedBy(t, ca.Issue("123456785", certtest.Window(from, to)), statementOf(1))
	long := signedBy(t, ca.Issue("123456785", certtest.Window(certNow.Add(-2*year), certNow.Add(20*year))), statementOf(1))
	for _, c := range []struct {
		name string
		data []byte
		at   time.Time
		want error
	}{
		{"a second before", short, from.Add(-time.Second), signing.ErrNotYetValid},
		{"a nanosecond before", short, from.Add(-1), signing.ErrNotYetValid},
		{"the first second", short, from, nil},
		{"between", short, certNow, nil},
		{"the last second", short, to, nil},
		{"the end of the last second", short, to.Add(time.Second - 1), nil},
		{"a second after", short, to.Add(time.Second), signing.ErrExpired},
		{"in another zone", short, to.In(time.FixedZone("", 3600)), nil},
		{"before the issuers", long, certNow.Add(-year - time.Second), signing.ErrNotYetValid},
		{"the issuers' first second", long, certNow.Add(-year), nil},
		{"the issuers' last second", long, certNow.Add(9 * year), nil},
		{"after the issuers", long, certNow.Add(9*year + time.Second), signing.ErrExpired},
	} {
		fresh, warm := installed(t, ca, noRevocation), installed(t, ca, noRevocation)
		if _, err := verified(t, warm, c.data, certNow); err != nil {
			t.Fatal(err)
		}
		for state, a := range map[string]*signing.Authorities{"new": fresh, "with the path known": warm} {
			got, err := verified(t, a, c.data, c.at)
			if !errors.Is(err, c.want) || (err == nil && !got.At.Equal(c.at)) {
				t.Errorf("%s, %s: %v, want %v", c.name, state, err, c.want)
			}
		}
	}
}

func TestClaimsQualifiedSeal(t *testing.T) {
	ca := certtest.New(t, certNow)
	a := installed(t, ca, noRevocation)
	oid := asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 1, 3}
	for name, c := range map[string]struct {
		options []certtest.Option
		want    bool
	}{
		"no statements":            {nil, false},
		"qualified seal":           {[]certtest.Option{certtest.QualifiedSeal(true, 2)}, true},
		"seal among others":        {[]certtest.Option{certtest.QualifiedSeal(true, 1, 2)}, true},
		"qualified signature":      {[]certtest.Option{certtest.QualifiedSeal(true, 1)}, false},
		"qualified, of no type":    {[]certtest.Option{certtest.QualifiedSeal(true)}, false},
		"a seal that is not":       {[]certtest.Option{certtest.QualifiedSeal(false, 2)}, false},
		"statements are malformed": {[]certtest.Option{certtest.Extension(x509names.Extension{Id: oid, Value: []byte{0x30, 0x03, 0x01}})}, false},
	} {
		got, err := verified(t, a, signedBy(t, ca.Issue("123456785", c.options...), statementOf(1)), certNow)
		if err != nil || got.ClaimsQualifiedSeal != c.want {
			t.Errorf("%s: %t, %v", name, got.ClaimsQualifiedSeal, err)
		}
	}
}

func TestNamesShown(t *testing.T) {
	ca := certtest.New(t, certNow)
	a := installed(t, ca, noRevocation)
	id := ca.Issue("123456785", certtest.Attribute(asn1.ObjectIdentifier{2, 5, 4, 11}, "a\nb\u202ec\x1b[2J"), certtest.Attribute(asn1.ObjectIdentifier{2, 5, 4, 3}, strings.Repeat("ø", 400)))
	got, err := verified(t, a, signedBy(t, id, statementOf(1)), certNow)
	if err != nil {
		t.Fatal(err)
	}
	if strings.ContainsAny(got.Subject, "\n\x1b\u202e") || len([]rune(got.Subject)) != 301 || !strings.HasPrefix(got.Subject, "CN=Oppdiktet Leverandør AS (segl), CN=øøø") {
		t.Errorf("%q", got.Subject)
	}
}

func TestNewAuthorities(t *testing.T) {
	ca, other := certtest.New(t, certNow), certtest.New(t, certNow)
	leaf := ca.Issue("123456785").Certificate
	for name, c := range map[string]signing.AuthoritiesConfig{
		"no root":                 {},
		"a signer as root":        {Roots: []*x509.Certificate{leaf}},
		"a signer among issuers":  {Roots: []*x509.Certificate{ca.Root}, Intermediates: []*x509.Certificate{leaf}},
		"a signer to stamp times": {Roots: []*x509.Certificate{ca.Root}, TimestampRoots: []*x509.Certificate{leaf}},
	} {
		if _, err := signing.NewAuthorities(c); !errors.Is(err, signing.ErrCertificate) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := signing.NewAuthorities(signing.AuthoritiesConfig{Roots: []*x509.Certificate{ca.Root}, Policy: "maybe"}); err == nil {
		t.Error("an unknown policy is accepted")
	}
	if _, err := signing.NewAuthorities(signing.AuthoritiesConfig{Roots: []*x509.Certificate{ca.Root}, Revocation: revocation.Config{CRLs: [][]byte{nil}}}); !errors.Is(err, revocation.ErrCRL) {
		t.Errorf("an empty list: %v", err)
	}
	version := func(roots ...*x509.Certificate) string {
		return installed(t, ca, func(c *signing.AuthoritiesConfig) { c.Roots = roots }).Version()
	}
	same := version(ca.Root, other.Root)
	for name, c := range map[string]struct {
		version string
		same    bool
	}{
		"another order":   {version(other.Root, ca.Root), true},
		"one twice":       {version(ca.Root, other.Root, ca.Root), true},
		"one less":        {version(ca.Root), false},
		"as intermediate": {installed(t, ca, func(c *signing.AuthoritiesConfig) { c.Intermediates = []*x509.Certificate{other.Root} }).Version(), false},
	} {
		if (c.version == same) != c.same || len(c.version) != 64 {
			t.Errorf("%s: %s and %s", name, c.version, same)
		}
	}
}

// What a bundle carries decides, not what others sent before.
func TestPathsAreNotShared(t *testing.T) {
	ca := certtest.New(t, certNow)
	a := installed(t, ca, noRevocation)
	id := ca.Issue("123456785")
	whole := signedBy(t, id, statementOf(1))
	alone := must(signing.SignBundleWithCertificate(t.Context(), id.Key, id.Chain[:1], statementOf(1)))
	for range 2 {
		if _, err := verified(t, a, whole, certNow); err != nil {
			t.Error(err)
		}
		if _, err := verified(t, a, alone, certNow); !errors.Is(err, signing.ErrUntrusted) {
			t.Errorf("without its issuer: %v", err)
		}
	}
}

// Nothing that was signed can change.
func TestNothingSignedCanChange(t *testing.T) {
	ca := certtest.New(t, certNow)
	a := installed(t, ca, noRevocation)
	for _, id := range []*certtest.Identity{ca.Issue("123456785"), ca.Issue("123456785", certtest.Key(testKey(t, signing.ECDSAP256)))} {
		good := must(signing.ParseBundle(signedBy(t, id, statementOf(1))))
		if _, err := a.Verify(t.Context(), good, certNow); err != nil {
			t.Fatal(err)
		}
		rapid.Check(t, func(rt *rapid.T) {
			b := *good
			b.Payload, b.Signature, b.Certificate = bytes.Clone(b.Payload), bytes.Clone(b.Signature), bytes.Clone(b.Certificate)
			part := rapid.SampledFrom([][]byte{b.Payload, b.Signature, b.Certificate}).Draw(rt, "part")
			part[rapid.IntRange(0, len(part)-1).Draw(rt, "at")] ^= rapid.ByteRange(1, 255).Draw(rt, "change")
			if _, err := a.Verify(t.Context(), &b, certNow); err == nil {
				rt.Fatal("accepted")
			}
		})
	}
}

func BenchmarkCertificateVerify(b *testing.B) {
	ca := certtest.New(b, certNow)
	payload := statementOf(45)
	data := signedBy(b, ca.Issue("123456785"), payload)
	memory := func(c *signing.AuthoritiesConfig) {
		c.Revocation.Offline, c.Revocation.CRLs = true, [][]byte{ca.Server.List(), ca.Server.RootList()}
	}
	for name, f := range map[string]func(b *testing.B) func() error{
		"floor": func(b *testing.B) func() error {
			parsed := must(signing.ParseBundle(data))
			key := must(parsed.LeafKey())
			return func() error { return parsed.Verify(key) }
		},
		"revocation off": func(b *testing.B) func() error {
			a := installed(b, ca, noRevocation)
			return func() error {
				_, err := a.Verify(b.Context(), must(signing.ParseBundle(data)), certNow)
				return err
			}
		},
		"revocation from memory": func(b *testing.B) func() error {
			a := installed(b, ca, memory)
			return func() error {
				_, err := a.Verify(b.Context(), must(signing.ParseBundle(data)), certNow)
				return err
			}
		},
		"path built each time": func(b *testing.B) func() error {
			return func() error {
				_, err := installed(b, ca, noRevocation).Verify(b.Context(), must(signing.ParseBundle(data)), certNow)
				return err
			}
		},
	} {
		b.Run(name, func(b *testing.B) {
			verify := f(b)
			b.SetBytes(int64(len(payload)))
			for b.Loop() {
				if err := verify(); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "bundles/s")
		})
	}
}
