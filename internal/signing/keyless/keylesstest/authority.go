// Package keylesstest makes keyless signatures for tests: a certificate authority in Fulcio's manner, a timestamp
// authority and a log in the manner of Rekor v2, whose trusted root and bundles are read by stock Sigstore tools.
package keylesstest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"math/big"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/digitorus/timestamp"
	commonpb "github.com/sigstore/protobuf-specs/gen/pb-go/common/v1"
	rootpb "github.com/sigstore/protobuf-specs/gen/pb-go/trustroot/v1"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// Lifetime is how long a certificate is valid, as Fulcio's.
const Lifetime = 10 * time.Minute

// Authority issues certificates for whatever identity it is asked for and proves when they were used. It is safe
// for concurrent use.
type Authority struct {
	start    time.Time
	root     issuer
	issuing  issuer
	stamping issuer
	log      *log
}

// issuer is a certificate with its key.
type issuer struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// New makes an authority of its own keys. Certificates are issued at start and used a minute later, unless a
// signature says otherwise.
func New(t testing.TB, start time.Time) *Authority {
	t.Helper()
	a := &Authority{start: start.UTC().Truncate(time.Second), log: newLog(t)}
	a.root = a.authority(t, "keylesstest root", nil, x509.ExtKeyUsageAny)
	a.issuing = a.authority(t, "keylesstest issuing", &a.root, x509.ExtKeyUsageCodeSigning)
	a.stamping = issuer{key: newKey(t)}
	usage, err := asn1.Marshal([]asn1.ObjectIdentifier{{1, 3, 6, 1, 5, 5, 7, 3, 8}})
	if err != nil {
		t.Fatal(err)
	}
	template := a.template("keylesstest timestamps")
	template.KeyUsage = x509.KeyUsageDigitalSignature
	// RFC 3161 §2.3: alone and critical.
	template.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 37}, Critical: true, Value: usage}}
	a.stamping.cert = issue(t, template, a.root, a.stamping.key.Public())
	return a
}

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// template is a certificate for ten years around the start.
func (a *Authority) template(name string) *x509.Certificate {
	return &x509.Certificate{
		Subject:   pkix.Name{CommonName: name, Organization: []string{"keylesstest"}},
		NotBefore: a.start.AddDate(-5, 0, 0), NotAfter: a.start.AddDate(5, 0, 0),
	}
}

func (a *Authority) authority(t testing.TB, name string, parent *issuer, usage x509.ExtKeyUsage) issuer {
	t.Helper()
	own := issuer{key: newKey(t)}
	template := a.template(name)
	template.KeyUsage, template.IsCA, template.BasicConstraintsValid = x509.KeyUsageCertSign, true, true
	template.ExtKeyUsage = []x509.ExtKeyUsage{usage}
	if parent == nil {
		template.ExtKeyUsage = nil
		parent = &issuer{cert: template, key: own.key}
	}
	own.cert = issue(t, template, *parent, own.key.Public())
	return own
}

func issue(t testing.TB, template *x509.Certificate, parent issuer, key crypto.PublicKey) *x509.Certificate {
	t.Helper()
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		t.Fatal(err)
	}
	template.SerialNumber = serial
	der, err := x509.CreateCertificate(rand.Reader, template, parent.cert, key, parent.key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

// leaf is the certificate that Fulcio would issue to key's holder.
func (a *Authority) leaf(t testing.TB, r *request, oidcIssuer, subject string) *x509.Certificate {
	t.Helper()
	v2, err := asn1.MarshalWithParams(oidcIssuer, "utf8")
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		NotBefore: r.issued, NotAfter: r.issued.Add(Lifetime),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning},
		ExtraExtensions: []pkix.Extension{
			{Id: asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 57264, 1, 1}, Value: []byte(oidcIssuer)},
			{Id: asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 57264, 1, 8}, Value: v2},
		},
	}
	if strings.Contains(subject, "://") {
		u, err := url.Parse(subject)
		if err != nil {
			t.Fatal(err)
		}
		template.URIs = []*url.URL{u}
	} else {
		template.EmailAddresses = []string{subject}
	}
	for _, change := range r.changes {
		change(template)
	}
	return issue(t, template, a.issuing, r.key.Public())
}

// stamp is an RFC 3161 timestamp response over sig.
func (a *Authority) stamp(t testing.TB, sig []byte, at time.Time) []byte {
	t.Helper()
	h := crypto.SHA256.New()
	h.Write(sig)
	response, err := (&timestamp.Timestamp{
		HashAlgorithm: crypto.SHA256, HashedMessage: h.Sum(nil), Time: at,
		Policy: asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 57264, 2}, AddTSACertificate: true,
	}).CreateResponseWithOpts(a.stamping.cert, a.stamping.key, crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	return response
}

// TrustedRoot returns the Sigstore trusted root, in JSON, that trusts the authority for certificates, times and
// the log; changes are made to it first.
func (a *Authority) TrustedRoot(t testing.TB, changes ...func(*rootpb.TrustedRoot)) []byte {
	t.Helper()
	forever := &commonpb.TimeRange{Start: timestamppb.New(a.root.cert.NotBefore)}
	authority := func(chain ...*x509.Certificate) *rootpb.CertificateAuthority {
		out := &rootpb.CertificateAuthority{
			Subject: &commonpb.DistinguishedName{Organization: "keylesstest", CommonName: chain[0].Subject.CommonName},
			Uri:     "https://keylesstest.example", ValidFor: forever, CertChain: &commonpb.X509CertificateChain{},
		}
		for _, cert := range chain {
			out.CertChain.Certificates = append(out.CertChain.Certificates, &commonpb.X509Certificate{RawBytes: cert.Raw})
		}
		return out
	}
	doc := &rootpb.TrustedRoot{
		MediaType:              "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
		CertificateAuthorities: []*rootpb.CertificateAuthority{authority(a.issuing.cert, a.root.cert)},
		TimestampAuthorities:   []*rootpb.CertificateAuthority{authority(a.stamping.cert, a.root.cert)},
		Tlogs: []*rootpb.TransparencyLogInstance{{
			BaseUrl: "https://" + a.log.origin, HashAlgorithm: commonpb.HashAlgorithm_SHA2_256,
			LogId: &commonpb.LogId{KeyId: a.log.id},
			PublicKey: &commonpb.PublicKey{
				RawBytes: a.log.public, KeyDetails: commonpb.PublicKeyDetails_PKIX_ED25519, ValidFor: forever,
			},
		}},
	}
	for _, change := range changes {
		change(doc)
	}
	out, err := protojson.Marshal(doc)
	if err != nil {
		t.Fatal(fmt.Errorf("encode trusted root: %w", err))
	}
	return out
}
