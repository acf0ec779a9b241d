package certtest

import (
	"bytes"
	"crypto"
	"crypto/rand"
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
	rootKey, key := newKey(t), RSAKey(t)
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
	der, err := template.CreateResponseWithOpts(ts.Certificate, ts.key, crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	ts.signAt(t, der, at)
	return der
}

// signAt changes the time that stands beside the signature from that of the machine's clock, which the
// library writes there and compares with the certificate's validity, and signs anew. All lengths stay the
// same, so it is done in place.
func (ts *Timestamper) signAt(t testing.TB, der []byte, at time.Time) {
	t.Helper()
	// RFC 3161 §2.4.2, RFC 5652 §5.1 and §5.3.
	var response struct {
		Status asn1.RawValue
		Token  struct {
			Type    asn1.ObjectIdentifier
			Content struct {
				Version      int
				Digests      asn1.RawValue
				Content      asn1.RawValue
				Certificates asn1.RawValue `asn1:"optional,tag:0"`
				Signers      []struct {
					Version    int
					Issuer     asn1.RawValue
					Digest     asn1.RawValue
					Attributes asn1.RawValue `asn1:"optional,tag:0"`
					Algorithm  asn1.RawValue
					Signature  asn1.RawValue
				} `asn1:"set"`
			} `asn1:"explicit,tag:0"`
		}
	}
	if _, err := asn1.Unmarshal(der, &response); err != nil {
		t.Fatal(err)
	}
	signer := response.Token.Content.Signers[0]
	// The attribute signingTime, a set of one UTCTime.
	head := []byte{0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x05, 0x31, 0x0f, 0x17, 0x0d}
	i := bytes.Index(signer.Attributes.FullBytes, head)
	if i < 0 {
		t.Fatal("the time beside the signature was not found")
	}
	copy(signer.Attributes.FullBytes[i+len(head):], at.UTC().Format("060102150405Z"))
	signed := bytes.Clone(signer.Attributes.FullBytes)
	signed[0] = 0x31 // what is signed is tagged as a set (RFC 5652 §5.4)
	sum := sha256.Sum256(signed)
	sig, err := ts.key.Sign(rand.Reader, sum[:], crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	copy(signer.Signature.Bytes, sig)
}
