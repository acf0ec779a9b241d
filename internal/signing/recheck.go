package signing

import (
	"context"
	"crypto/x509"
	"fmt"
	"time"

	"felleskrav/internal/signing/revocation"
)

// VerifyWithoutRevocation is [Authorities.Verify] without asking anybody about revocation: for a bundle
// that was accepted at the time at.
func (a *Authorities) VerifyWithoutRevocation(b *Bundle, at time.Time) (CertifiedSigner, error) {
	quiet := *a
	quiet.policy = NoRevocation
	return quiet.Verify(context.Background(), b, at)
}

// Recheck asks whether a certificate that was accepted before has been revoked, itself or an issuer below
// the root. chain are the other certificates that the bundle carried; at is a time at which the certificate was valid.
// That it leads to an installed root is checked anew, with an error if it does not.
func (a *Authorities) Recheck(ctx context.Context, leaf []byte, chain [][]byte, at time.Time) (revocation.Status, error) {
	if _, err := x509.ParseCertificate(leaf); err != nil {
		return revocation.Status{}, fmt.Errorf("check certificate again: %w: %w", ErrCertificate, err)
	}
	p, err := a.pathOf(&Bundle{Certificate: leaf, Chain: chain}, at)
	if err != nil {
		return revocation.Status{}, fmt.Errorf("check certificate again: %w", err)
	}
	var worst revocation.Status
	for i, cert := range p.chain[:len(p.chain)-1] {
		status := a.checker.Check(ctx, cert, p.chain[i+1])
		if i == 0 || rank(status.State) > rank(worst.State) {
			worst = status
		}
	}
	return worst, nil
}
