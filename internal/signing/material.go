package signing

import (
	"bytes"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"

	lru "github.com/hashicorp/golang-lru/v2"
)

const (
	// As many as sigstore-go accepts.
	maxLogEntries = 32
	maxTimestamps = 32

	// maxCertificates bounds a bundle's certificates, its signer's among them. A real chain has two or
	// three, and building paths through many that name each other is slow.
	maxCertificates = 8
	// maxCertificate bounds one certificate, in bytes of DER; real ones have about 2 kB.
	maxCertificate = 16 << 10
	// maxRSA bounds an issuer's RSA key, in bits. With the largest that fit in a certificate one check of a
	// signature takes most of a second.
	maxRSA = 8192
)

// materialJSON is the protobuf JSON form of dev.sigstore.bundle.v1.VerificationMaterial.
type materialJSON struct {
	PublicKey                 *publicKeyJSON   `json:"publicKey,omitempty"`
	Certificate               *certificateJSON `json:"certificate,omitempty"`
	X509CertificateChain      *chainJSON       `json:"x509CertificateChain,omitempty"`
	TlogEntries               []logEntryJSON   `json:"tlogEntries,omitempty"`
	TimestampVerificationData *timestampsJSON  `json:"timestampVerificationData,omitempty"`
}

type publicKeyJSON struct {
	Hint string `json:"hint"`
}

type certificateJSON struct {
	RawBytes string `json:"rawBytes"`
}

type chainJSON struct {
	Certificates []certificateJSON `json:"certificates"`
}

type timestampsJSON struct {
	RFC3161Timestamps []timestampJSON `json:"rfc3161Timestamps,omitempty"`
}

type timestampJSON struct {
	SignedTimestamp string `json:"signedTimestamp"`
}

// signer reads who signed into b: one of a key's hint, a certificate and a chain of them.
func (m *materialJSON) signer(b *Bundle) error {
	named := 0
	for _, there := range []bool{m.PublicKey != nil, m.Certificate != nil, m.X509CertificateChain != nil} {
		if there {
			named++
		}
	}
	switch {
	case named == 0:
		return ErrNoKeyMaterial
	case named > 1:
		return fmt.Errorf("%w: the signer is named in two ways", ErrCertificate)
	case m.PublicKey != nil:
		b.Hint = m.PublicKey.Hint
		return nil
	}
	list := []certificateJSON{}
	if m.Certificate != nil {
		list = append(list, *m.Certificate)
	} else {
		list = m.X509CertificateChain.Certificates
	}
	if len(list) == 0 || len(list) > maxCertificates {
		return fmt.Errorf("%w: a chain of %d", ErrCertificate, len(list))
	}
	for i, c := range list {
		cert, err := decodeCertificate(c.RawBytes)
		if err != nil {
			return fmt.Errorf("%w: number %d: %w", ErrCertificate, i+1, err)
		}
		// sigstore-go refuses others there.
		if i > 0 && (!cert.IsCA || selfSigned(cert)) {
			return fmt.Errorf("%w: number %d is not that of an issuer below the root", ErrCertificate, i+1)
		}
		// The chain begins with the signer's (sigstore_common.proto, X509CertificateChain).
		if i == 0 {
			b.Certificate = cert.Raw
		} else {
			b.Chain = append(b.Chain, cert.Raw)
		}
	}
	return nil
}

// keptCertificates is how many certificates are kept parsed: organisations sign
// with the same one for years, and its issuers' are the same for all. One takes
// some 10 kB.
const keptCertificates = 256

// parsed has certificates by the digest of their bytes. Nobody changes them.
var parsed = mustCache(lru.New[[sha256.Size]byte, *x509.Certificate](keptCertificates))

func mustCache[K comparable, V any](c *lru.Cache[K, V], err error) *lru.Cache[K, V] {
	if err != nil {
		panic("signing: " + err.Error()) // only a size below one is refused
	}
	return c
}

func decodeCertificate(text string) (*x509.Certificate, error) {
	der, err := decodeBase64("rawBytes", text)
	if err != nil {
		// Told as a bad certificate alone, since an error has one reason.
		return nil, errors.New(err.Error())
	}
	if len(der) > maxCertificate {
		return nil, fmt.Errorf("%d bytes", len(der))
	}
	sum := sha256.Sum256(der)
	if cert, known := parsed.Get(sum); known {
		return cert, nil
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	if key, ok := cert.PublicKey.(*rsa.PublicKey); ok && key.N.BitLen() > maxRSA {
		return nil, fmt.Errorf("RSA of %d bits", key.N.BitLen())
	}
	parsed.Add(sum, cert)
	return cert, nil
}

// evidence reads log entries and timestamps into b.
func (m *materialJSON) evidence(b *Bundle) error {
	if len(m.TlogEntries) > maxLogEntries {
		return fmt.Errorf("%w: more than %d entries", ErrLogEntry, maxLogEntries)
	}
	for _, entry := range m.TlogEntries {
		in, err := entry.inclusion()
		if err != nil {
			return err
		}
		b.Inclusions = append(b.Inclusions, in)
	}
	stamps := m.TimestampVerificationData
	if stamps == nil {
		return nil
	}
	if len(stamps.RFC3161Timestamps) > maxTimestamps {
		return fmt.Errorf("%w: more than %d timestamps", ErrLogEntry, maxTimestamps)
	}
	for _, stamp := range stamps.RFC3161Timestamps {
		der, err := decodeBase64("signedTimestamp", stamp.SignedTimestamp)
		if err != nil {
			return err
		}
		b.Timestamps = append(b.Timestamps, der)
	}
	return nil
}

// KeyForm returns bundle with the hint of its certificate's key in place of the certificates; log entries,
// timestamps and everything signed stay as they are. Stock cosign refuses enterprise certificates, and
// verifies this form given that key (see [Bundle.LeafKey]). A bundle that names a key is returned as it
// is. The errors are those of [ParseBundle] and [Bundle.LeafKey].
func KeyForm(bundle []byte) ([]byte, error) {
	b, err := ParseBundle(bundle)
	if err != nil {
		return nil, fmt.Errorf("take certificate from bundle: %w", err)
	}
	if b.Certificate == nil {
		return bytes.Clone(bundle), nil
	}
	key, err := b.LeafKey()
	if err != nil {
		return nil, fmt.Errorf("take certificate from bundle: %w", err)
	}
	var doc bundleJSON
	if err := StrictJSON(bundle, &doc); err != nil {
		return nil, fmt.Errorf("take certificate from bundle: %w", err)
	}
	material := doc.VerificationMaterial
	material.Certificate, material.X509CertificateChain = nil, nil
	material.PublicKey = &publicKeyJSON{Hint: key.Hint()}
	out, err := json.Marshal(doc)
	if err != nil {
		return nil, fmt.Errorf("take certificate from bundle: %w", err)
	}
	return out, nil
}

// certificateMaterial writes a signer's certificate and those above it. One alone is named "certificate",
// as the format asks since version 0.3. What is above it has no other place than "x509CertificateChain",
// which cosign takes with --allow-certificate-chain and sigstore-go with AllowCertificateChain. A
// self-signed root is left out: whoever trusts it has it (sigstore_common.proto, X509CertificateChain).
func certificateMaterial(chain []*x509.Certificate) *materialJSON {
	var list []certificateJSON
	for i, c := range chain {
		if i > 0 && selfSigned(c) {
			continue
		}
		list = append(list, certificateJSON{RawBytes: base64.StdEncoding.EncodeToString(c.Raw)})
	}
	if len(list) == 1 {
		return &materialJSON{Certificate: &list[0]}
	}
	return &materialJSON{X509CertificateChain: &chainJSON{Certificates: list}}
}
