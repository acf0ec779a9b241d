package certtest

import (
	"bytes"
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"testing"
	"time"

	"github.com/digitorus/timestamp"
)

// Timestamper is an RFC 3161 time-stamping authority.
type Timestamper struct {
	Root, Certificate *x509.Certificate
	// Bare leaves the certificate out of responses, as they do whom cosign asks.
	Bare bool

	key crypto.Signer
}

// NewTimestamper makes one whose certificate is valid from and to the given seconds.
func NewTimestamper(t testing.TB, from, to time.Time) *Timestamper {
	t.Helper()
	rootKey, key := newKey(t), newKey(t)
	root := &x509.Certificate{
		SerialNumber: newSerial(t), Subject: pkix.Name{CommonName: "Oppdiktet tidsstempel-CA"}, NotBefore: from.Add(-time.Hour), NotAfter: to.Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	out := &Timestamper{key: key}
	out.Root = sign(t, root, root, rootKey.Public(), rootKey)
	usage, err := asn1.Marshal([]asn1.ObjectIdentifier{{1, 3, 6, 1, 5, 5, 7, 3, 8}})
	if err != nil {
		t.Fatal(err)
	}
	out.Certificate = sign(t, &x509.Certificate{
		SerialNumber: newSerial(t), Subject: pkix.Name{CommonName: "Oppdiktet tidsstempel"}, NotBefore: from, NotAfter: to,
		KeyUsage: x509.KeyUsageDigitalSignature,
		// RFC 3161 §2.3 asks for a critical one.
		ExtraExtensions: []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 37}, Critical: true, Value: usage}},
	}, out.Root, key.Public(), rootKey)
	return out
}

// Stamp returns a response that says that the time-stamper saw data at that time.
func (ts *Timestamper) Stamp(t testing.TB, data []byte, at time.Time) []byte {
	t.Helper()
	sum := sha256.Sum256(data)
	template := timestamp.Timestamp{
		HashAlgorithm: crypto.SHA256, HashedMessage: sum[:], Time: at.UTC(), Policy: asn1.ObjectIdentifier{1, 2, 3, 4}, AddTSACertificate: !ts.Bare,
	}
	der, err := template.CreateResponseWithOpts(ts.Certificate, ts.key, crypto.SHA384)
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Clone(der)
}
