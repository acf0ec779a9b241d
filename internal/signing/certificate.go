package signing

import (
	"bytes"
	"context"
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"fmt"
)

// maxPEM bounds a file of certificates, in bytes; the European trust lists' few hundred issuers fit.
const maxPEM = 4 << 20

// ParseCertificates reads a file of certificates in PEM, in order. Text between the blocks is passed
// over, as openssl writes some; anything else in PEM, or no certificate at all, gives ErrCertificate, and a
// private key ErrKeyPrivate.
func ParseCertificates(pemBytes []byte) ([]*x509.Certificate, error) {
	if len(pemBytes) > maxPEM {
		return nil, fmt.Errorf("parse certificates: %w: more than %d bytes", ErrCertificate, maxPEM)
	}
	var list []*x509.Certificate
	for rest := pemBytes; ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		switch block.Type {
		case "CERTIFICATE":
		case "PRIVATE KEY", "EC PRIVATE KEY", "RSA PRIVATE KEY", "ENCRYPTED PRIVATE KEY":
			return nil, fmt.Errorf("parse certificates: %w", ErrKeyPrivate)
		default:
			return nil, fmt.Errorf("parse certificates: %w: PEM type is %q", ErrCertificate, block.Type)
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("parse certificates: %w: number %d: %w", ErrCertificate, len(list)+1, err)
		}
		list = append(list, c)
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("parse certificates: %w: none in the file", ErrCertificate)
	}
	return list, nil
}

// LeafKey returns the key in the bundle's certificate. It proves nothing: the certificate is unverified
// before [Authorities.Verify] says so. The error wraps ErrNoCertificate if a plain key signed,
// ErrCertificate, or ErrAlgorithm.
func (b *Bundle) LeafKey() (PublicKey, error) {
	if b.Certificate == nil {
		return PublicKey{}, fmt.Errorf("read certificate's key: %w", ErrNoCertificate)
	}
	leaf, err := x509.ParseCertificate(b.Certificate)
	if err != nil {
		return PublicKey{}, fmt.Errorf("read certificate's key: %w: %w", ErrCertificate, err)
	}
	key, err := publicKey(leaf.PublicKey)
	if err != nil {
		return PublicKey{}, fmt.Errorf("read certificate's key: %w", err)
	}
	return key, nil
}

// SignBundleWithCertificate signs payload as [SignBundle] does and names the signer by certificate. chain
// begins with the certificate for key, and has those between it and a root after it, which need not be
// there. It is not verified. The error wraps ErrCertificateKey if the certificate is for another key,
// ErrCertificate if there is none or too many, or what SignBundle gives.
func SignBundleWithCertificate(ctx context.Context, key crypto.Signer, chain []*x509.Certificate, payload []byte) ([]byte, error) {
	if len(chain) == 0 || len(chain) > maxCertificates {
		return nil, fmt.Errorf("sign bundle: %w: a chain of %d", ErrCertificate, len(chain))
	}
	public, err := PublicOf(key)
	if err != nil {
		return nil, fmt.Errorf("sign bundle: %w", err)
	}
	certified, err := publicKey(chain[0].PublicKey)
	if err != nil {
		return nil, fmt.Errorf("sign bundle: %w", err)
	}
	if !bytes.Equal(public.DER, certified.DER) {
		return nil, fmt.Errorf("sign bundle: %w", ErrCertificateKey)
	}
	return signBundle(ctx, key, payload, certificateMaterial(chain))
}
