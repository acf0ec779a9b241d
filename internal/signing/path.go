package signing

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// keptPaths is how many certificates' paths are remembered; one takes some 10 kB.
const keptPaths = 4096

// path is a certificate with those above it, up to and with an installed root, whose signatures and rules
// were checked. It holds at no time in particular, and says nothing about revocation.
type path struct {
	chain  []*x509.Certificate
	public PublicKey
	signer CertifiedSigner // what follows from the certificate alone
}

// pathKey is what a path follows from, the authorities aside: the digest of the certificates in a bundle.
// Those above the signer's are in it, so that whether a bundle is accepted does not depend on what others
// sent before.
type pathKey [sha256.Size]byte

func pathKeyOf(b *Bundle) pathKey {
	h := sha256.New()
	sum := sha256.Sum256(b.Certificate)
	h.Write(sum[:])
	for _, der := range b.Chain {
		sum = sha256.Sum256(der)
		h.Write(sum[:])
	}
	return pathKey(h.Sum(nil))
}

// pathOf returns the path for b's certificate that holds at the time at.
func (a *Authorities) pathOf(b *Bundle, at time.Time) (*path, error) {
	key := pathKeyOf(b)
	if known, ok := a.paths.Get(key); ok && known.valid(at) == nil {
		return known, nil
	}
	p, err := a.buildPath(b, at)
	if err != nil {
		return nil, err
	}
	a.paths.Add(key, p)
	return p, nil
}

func (a *Authorities) buildPath(b *Bundle, at time.Time) (*path, error) {
	leaf, err := x509.ParseCertificate(b.Certificate)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCertificate, err)
	}
	if err := checkLeaf(leaf); err != nil {
		return nil, err
	}
	p := new(path)
	if p.public, err = publicKey(leaf.PublicKey); err != nil {
		return nil, err
	}
	at = at.Truncate(time.Second)
	if err := checkWindow(leaf, at); err != nil {
		return nil, err
	}
	above := a.intermediates
	if len(b.Chain) > 0 {
		above = above.Clone()
	}
	for _, der := range b.Chain {
		c, err := x509.ParseCertificate(der)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrCertificate, err)
		}
		above.AddCert(c)
	}
	chains, err := leaf.Verify(x509.VerifyOptions{
		Roots: a.roots, Intermediates: above, CurrentTime: at,
		KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}, // real ones vary, and none is for this
	})
	if err != nil {
		return nil, pathError(err, at)
	}
	// Several paths are as many ways to trust one key; any will do that has good algorithms.
	for _, chain := range chains {
		if err = checkAlgorithms(chain); err == nil {
			p.chain = chain
			break
		}
	}
	if err != nil {
		return nil, err
	}
	org, err := OrganisationOf(leaf)
	if err != nil {
		return nil, err
	}
	p.signer = describe(leaf, p.public, org)
	return p, nil
}

// valid reports whether all of the path is valid at the time at, to the second and both ends included
// (RFC 5280 §4.1.2.5).
func (p *path) valid(at time.Time) error {
	for _, c := range p.chain {
		if err := checkWindow(c, at); err != nil {
			return err
		}
	}
	return nil
}

func checkWindow(c *x509.Certificate, at time.Time) error {
	at = at.Truncate(time.Second)
	switch {
	case at.Before(c.NotBefore):
		return fmt.Errorf("%w: %s begins %s", ErrNotYetValid, display(c.Subject), c.NotBefore.Format(time.RFC3339))
	case at.After(c.NotAfter):
		return fmt.Errorf("%w: %s ended %s", ErrExpired, display(c.Subject), c.NotAfter.Format(time.RFC3339))
	}
	return nil
}

func checkLeaf(leaf *x509.Certificate) error {
	switch {
	case leaf.IsCA || leaf.KeyUsage&x509.KeyUsageCertSign != 0:
		return ErrIssuerAsSigner
	case leaf.KeyUsage&(x509.KeyUsageDigitalSignature|x509.KeyUsageContentCommitment) == 0:
		return ErrKeyUsage
	case !slices.Contains(goodSignatures, leaf.SignatureAlgorithm):
		return fmt.Errorf("%w: signed with %s", ErrAlgorithm, leaf.SignatureAlgorithm)
	}
	return nil
}

// pathError sorts the library's error into our reasons.
func pathError(err error, at time.Time) error {
	var invalid x509.CertificateInvalidError
	if errors.As(err, &invalid) && invalid.Reason == x509.Expired {
		if err := checkWindow(invalid.Cert, at); err != nil {
			return err
		}
	}
	return fmt.Errorf("%w: %w", ErrUntrusted, err)
}

// goodSignatures are the algorithms that a certificate in a path may be signed with. SHA-1 is not.
var goodSignatures = []x509.SignatureAlgorithm{
	x509.SHA256WithRSA, x509.SHA384WithRSA, x509.SHA512WithRSA, x509.SHA256WithRSAPSS, x509.SHA384WithRSAPSS, x509.SHA512WithRSAPSS,
	x509.ECDSAWithSHA256, x509.ECDSAWithSHA384, x509.ECDSAWithSHA512, x509.PureEd25519,
}

// checkAlgorithms looks at what the path is signed with: each certificate below the root, and the key that
// signed it.
func checkAlgorithms(chain []*x509.Certificate) error {
	for i, c := range chain[:len(chain)-1] {
		if !slices.Contains(goodSignatures, c.SignatureAlgorithm) {
			return fmt.Errorf("%w: %s is signed with %s", ErrAlgorithm, display(c.Subject), c.SignatureAlgorithm)
		}
		good := false
		switch key := chain[i+1].PublicKey.(type) {
		case *rsa.PublicKey:
			good = key.N.BitLen() >= 2048 && key.E > 1<<16-1
		case *ecdsa.PublicKey:
			good = key.Curve.Params().BitSize >= 256
		case ed25519.PublicKey:
			good = true
		}
		if !good {
			return fmt.Errorf("%w: the key of %s", ErrAlgorithm, display(chain[i+1].Subject))
		}
	}
	return nil
}

// versionOf digests what was installed, in any order.
func versionOf(groups ...[]*x509.Certificate) string {
	h := sha256.New()
	for _, group := range groups {
		var sums []string
		for _, c := range group {
			sum := sha256.Sum256(c.Raw)
			sums = append(sums, hex.EncodeToString(sum[:]))
		}
		slices.Sort(sums)
		h.Write([]byte(strings.Join(slices.Compact(sums), " ") + "\n"))
	}
	return hex.EncodeToString(h.Sum(nil))
}

// selfSigned reports whether c names itself as issuer.
func selfSigned(c *x509.Certificate) bool { return bytes.Equal(c.RawIssuer, c.RawSubject) }
