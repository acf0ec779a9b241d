package signing

import (
	"context"
	"crypto/x509"
	"fmt"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"felleskrav/internal/signing/revocation"
)

// RevocationPolicy says what is made of certificates of which nobody can tell whether they were revoked.
type RevocationPolicy string

// The policies. The zero value is RequireRevocation.
const (
	// RequireRevocation refuses them with ErrRevocationUnknown.
	RequireRevocation RevocationPolicy = "require"
	// AllowUnknownRevocation accepts them; the state "unknown" stands in the result.
	AllowUnknownRevocation RevocationPolicy = "allow"
	// NoRevocation does not ask at all.
	NoRevocation RevocationPolicy = "none"
)

// AuthoritiesConfig is what an operator installs. [ParseCertificates] reads the files.
type AuthoritiesConfig struct {
	// Roots are the issuers that are trusted, at least one. An issuing certificate will do as well as the
	// self-signed one above it. They count within their validity only.
	Roots []*x509.Certificate
	// Intermediates are issuers' certificates between a signer and a root, for bundles that carry only the
	// signer's. They are not trusted for being here.
	Intermediates []*x509.Certificate
	// TimestampRoots are the issuers that are trusted for RFC 3161 time-stampers. Without one the timestamps
	// in bundles are not looked at.
	TimestampRoots []*x509.Certificate
	// TimestampCertificates are those below these roots: issuers' and, since cosign asks for timestamps
	// without certificates in them, the time-stampers' own.
	TimestampCertificates []*x509.Certificate
	// Policy is the policy on revocation.
	Policy RevocationPolicy
	// Revocation says how revocation is asked about. To verify without a network, set Offline in it and
	// give the issuers' lists, or set Policy to NoRevocation.
	Revocation revocation.Config
}

// Authorities are the issuers of certificates that are trusted to say who somebody is. They do not
// change; to install others, make another one. Authorities are safe for use by several goroutines.
type Authorities struct {
	roots, intermediates  *x509.CertPool
	timestampRoots        []*x509.Certificate
	timestampCertificates []*x509.Certificate
	policy                RevocationPolicy
	checker               *revocation.Checker
	paths                 *lru.Cache[pathKey, *path]
	version               string
}

// NewAuthorities returns authorities for what is installed. The error wraps ErrCertificate if a
// certificate has no place there, revocation.ErrCRL if a list cannot be used, or says that the policy is
// unknown.
func NewAuthorities(c AuthoritiesConfig) (*Authorities, error) {
	a := &Authorities{
		roots: x509.NewCertPool(), intermediates: x509.NewCertPool(),
		timestampRoots: c.TimestampRoots, timestampCertificates: c.TimestampCertificates,
		policy:  c.Policy,
		version: versionOf(c.Roots, c.Intermediates, c.TimestampRoots, c.TimestampCertificates),
	}
	switch a.policy {
	case "":
		a.policy = RequireRevocation
	case RequireRevocation, AllowUnknownRevocation, NoRevocation:
	default:
		return nil, fmt.Errorf("install authorities: unknown revocation policy %q", c.Policy)
	}
	if len(c.Roots) == 0 {
		return nil, fmt.Errorf("install authorities: %w: no root", ErrCertificate)
	}
	for _, list := range [][]*x509.Certificate{c.Roots, c.Intermediates, c.TimestampRoots} {
		for _, cert := range list {
			if !cert.IsCA || !cert.BasicConstraintsValid {
				return nil, fmt.Errorf("install authorities: %w: %s is not an issuer", ErrCertificate, display(cert.Subject))
			}
		}
	}
	for _, cert := range c.Roots {
		a.roots.AddCert(cert)
	}
	for _, cert := range c.Intermediates {
		a.intermediates.AddCert(cert)
	}
	var err error
	if a.checker, err = revocation.New(c.Revocation); err != nil {
		return nil, fmt.Errorf("install authorities: %w", err)
	}
	if a.paths, err = lru.New[pathKey, *path](keptPaths); err != nil {
		return nil, fmt.Errorf("install authorities: %w", err)
	}
	return a, nil
}

// Version names what is installed: 64 hexadecimal digits that change when any certificate does.
func (a *Authorities) Version() string { return a.version }

// Verify reports who signed b, which is named by a certificate, and whether it is what [Bundle.Verify]
// asks for with the certificate's key; the caller need not verify it again. at is when b was received.
//
// In this order it demands that the certificate is a signer's (ErrIssuerAsSigner, ErrKeyUsage) and its key
// on the list (ErrAlgorithm); that it leads to an installed root by way of the bundle's and the installed
// intermediates (ErrUntrusted, ErrAlgorithm), and all of the path was valid at the time (ErrExpired,
// ErrNotYetValid), whatever its extended key usages; that its subject names one organisation
// (ErrNoOrganisation, ErrSeveralOrganisations, ErrOrganisation); that its key signed the statement (what
// Bundle.Verify gives); and that neither it nor an issuer below the root had been revoked by the time
// (ErrRevoked, ErrRevocationUnknown). A certificate that was revoked later than the time is accepted, and
// says so in the result.
//
// The time is that of an RFC 3161 timestamp over the signature by an installed time-stamper, the earliest
// if there are several, and otherwise at. A timestamp by another time-stamper is passed over; one that is
// not over the signature, or broken, is refused (ErrTimestamp).
//
// Paths are remembered for each certificate, without their time and without revocation, which are
// checked each time. The network is used for revocation only, last, and never when offline.
func (a *Authorities) Verify(ctx context.Context, b *Bundle, at time.Time) (CertifiedSigner, error) {
	signer, err := a.verify(ctx, b, at)
	if err != nil {
		return CertifiedSigner{}, fmt.Errorf("verify certificate: %w", err)
	}
	return signer, nil
}

func (a *Authorities) verify(ctx context.Context, b *Bundle, at time.Time) (CertifiedSigner, error) {
	if b.Certificate == nil {
		return CertifiedSigner{}, ErrNoCertificate
	}
	source := FromReceipt
	stamped, err := a.signedAt(b, at)
	if err != nil {
		return CertifiedSigner{}, err
	}
	if !stamped.IsZero() {
		at, source = stamped, FromTimestamp
	}
	p, err := a.pathOf(b, at)
	if err != nil {
		return CertifiedSigner{}, err
	}
	if err := b.Verify(p.public); err != nil {
		return CertifiedSigner{}, err
	}
	signer := p.signer
	signer.At, signer.AtSource = at, source
	if signer.Revocation, err = a.revocation(ctx, p.chain, at); err != nil {
		return CertifiedSigner{}, err
	}
	return signer, nil
}

// revocation asks about all of the chain but its root, from the signer up, and returns the worst answer.
func (a *Authorities) revocation(ctx context.Context, chain []*x509.Certificate, at time.Time) (revocation.Status, error) {
	var worst revocation.Status
	if a.policy == NoRevocation {
		return worst, nil
	}
	for i, cert := range chain[:len(chain)-1] {
		status := a.checker.Check(ctx, cert, chain[i+1])
		switch {
		case status.State == revocation.Revoked && !status.RevokedAt.After(at):
			return status, fmt.Errorf("%w: %s, from %s, %s", ErrRevoked, display(cert.Subject), status.RevokedAt.Format(time.RFC3339), status.Reason)
		case status.State == revocation.Unknown && a.policy == RequireRevocation:
			return status, fmt.Errorf("%w: %s: %s", ErrRevocationUnknown, display(cert.Subject), status.Detail)
		}
		if i == 0 || rank(status.State) > rank(worst.State) {
			worst = status
		}
	}
	return worst, nil
}

func rank(s revocation.State) int {
	switch s {
	case revocation.Revoked:
		return 2
	case revocation.Unknown:
		return 1
	}
	return 0
}
