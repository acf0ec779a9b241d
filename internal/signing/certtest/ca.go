package certtest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"math/big"
	"sync"
	"testing"
	"time"
)

// CA is a root, an issuing authority under it, both ECDSA P-384, and a server that answers for both.
type CA struct {
	Root, Issuing *x509.Certificate
	Server        *Server
	// Now is when the authority was made. The issuers are valid from a year before until nine after, and
	// what is issued from an hour before until a year after unless a test says otherwise.
	Now time.Time

	t                  testing.TB
	rootKey, issuerKey crypto.Signer
}

// New makes an authority and starts its server, which stops with the test.
func New(t testing.TB, now time.Time) *CA {
	t.Helper()
	ca := &CA{Now: now.UTC().Truncate(time.Second), t: t, rootKey: newKey(t), issuerKey: newKey(t)}
	ca.Server = newServer(t, ca)
	year := 365 * 24 * time.Hour
	issuer := func(name string) *x509.Certificate {
		return &x509.Certificate{
			SerialNumber: newSerial(t), Subject: pkix.Name{Country: []string{"NO"}, Organization: []string{"Oppdiktet Tillit AS"}, CommonName: name},
			NotBefore: ca.Now.Add(-year), NotAfter: ca.Now.Add(9 * year),
			IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		}
	}
	root := issuer("Oppdiktet rot-CA")
	ca.Root = sign(t, root, root, ca.rootKey.Public(), ca.rootKey)
	issuing := issuer("Oppdiktet utsteder-CA")
	issuing.MaxPathLenZero = true
	issuing.CRLDistributionPoints = []string{ca.Server.RootCRL()}
	ca.Issuing = sign(t, issuing, ca.Root, ca.issuerKey.Public(), ca.rootKey)
	return ca
}

// Identity is a certificate with its key.
type Identity struct {
	Certificate *x509.Certificate
	Key         crypto.Signer
	// Chain is the certificate and those above it, without the root.
	Chain []*x509.Certificate
}

// ChainPEM returns the chain as a file holds it.
func (i *Identity) ChainPEM() []byte { return PEM(i.Chain...) }

// KeyPEM returns the key as unencrypted PKCS #8.
func (i *Identity) KeyPEM() []byte {
	der, err := x509.MarshalPKCS8PrivateKey(i.Key)
	if err != nil {
		panic(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}

// PEM returns certificates as a file holds them.
func PEM(list ...*x509.Certificate) []byte {
	var out []byte
	for _, c := range list {
		out = append(out, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})...)
	}
	return out
}

// Spec is what a certificate will be. Options change it.
type Spec struct {
	// Template has all but the subject.
	Template *x509.Certificate
	// Subject is the subject's attributes in order.
	Subject []pkix.AttributeTypeAndValue
	Key     crypto.Signer
	ca      *CA
	parent  *x509.Certificate
	signer  crypto.Signer
}

// Option changes a certificate before it is issued.
type Option func(*Spec)

// OrganisationIdentifier is the attribute in which a certificate says whose it is (X.520, 2.5.4.97).
var OrganisationIdentifier = asn1.ObjectIdentifier{2, 5, 4, 97}

// Issue issues a certificate for an organisation by the SEID 2.0 profile for seals: an RSA-3072 key, a
// subject with C, O, organizationIdentifier "NTRNO-" and number, and CN; the non-repudiation usage; client
// authentication and e-mail protection as extended usages; no alternative name; addresses for
// OCSP and the revocation list.
func (ca *CA) Issue(number string, options ...Option) *Identity {
	ca.t.Helper()
	s := &Spec{
		ca: ca, Key: RSAKey(ca.t), parent: ca.Issuing, signer: ca.issuerKey,
		Template: &x509.Certificate{
			SerialNumber: newSerial(ca.t), NotBefore: ca.Now.Add(-time.Hour), NotAfter: ca.Now.Add(365 * 24 * time.Hour),
			BasicConstraintsValid: true, KeyUsage: x509.KeyUsageContentCommitment,
			ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageEmailProtection},
			OCSPServer:  []string{ca.Server.OCSP()}, CRLDistributionPoints: []string{ca.Server.CRL()},
		},
		Subject: []pkix.AttributeTypeAndValue{
			{Type: asn1.ObjectIdentifier{2, 5, 4, 6}, Value: "NO"},
			{Type: asn1.ObjectIdentifier{2, 5, 4, 10}, Value: "Oppdiktet Leverandør AS"},
			{Type: OrganisationIdentifier, Value: "NTRNO-" + number},
			{Type: asn1.ObjectIdentifier{2, 5, 4, 3}, Value: "Oppdiktet Leverandør AS (segl)"},
		},
	}
	for _, o := range options {
		o(s)
	}
	var name pkix.RDNSequence
	for _, a := range s.Subject {
		name = append(name, pkix.RelativeDistinguishedNameSET{a})
	}
	subject, err := asn1.Marshal(name)
	if err != nil {
		ca.t.Fatal(err)
	}
	s.Template.RawSubject = subject
	id := &Identity{Certificate: sign(ca.t, s.Template, s.parent, s.Key.Public(), s.signer), Key: s.Key}
	id.Chain = []*x509.Certificate{id.Certificate}
	if s.parent == ca.Issuing {
		id.Chain = append(id.Chain, ca.Issuing)
	}
	return id
}

func sign(t testing.TB, template, parent *x509.Certificate, public crypto.PublicKey, key crypto.Signer) *x509.Certificate {
	t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, template, parent, public, key)
	if err != nil {
		t.Fatal(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func newSerial(t testing.TB) *big.Int {
	t.Helper()
	n, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		t.Fatal(err)
	}
	return n.Add(n, big.NewInt(1))
}

func newKey(t testing.TB) crypto.Signer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// RSAKey returns an RSA-3072 key, the same one each time, since they take long to make.
func RSAKey(t testing.TB) crypto.Signer {
	t.Helper()
	key, err := rsaOnce()
	if err != nil {
		t.Fatal(err)
	}
	return key
}

var rsaOnce = sync.OnceValues(func() (crypto.Signer, error) { return rsa.GenerateKey(rand.Reader, 3072) })
