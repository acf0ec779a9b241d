package keyless

import "github.com/sigstore/sigstore-go/pkg/verify"

// VerifyAnyPayload is VerifyStatement without a look at the statement, for signatures over statements that this
// program does not take.
func (v *Verifier) VerifyAnyPayload(bundleJSON []byte) (Signer, error) {
	s, err := read(bundleJSON)
	if err != nil {
		return Signer{}, err
	}
	b, err := s.statement(bundleJSON)
	if err != nil {
		return Signer{}, err
	}
	signer, err := signerOf(s.leaf)
	if err != nil {
		return Signer{}, err
	}
	if err := b.VerifySignature(signer.Public); err != nil {
		return Signer{}, err
	}
	if _, err := v.trust(s, bundleJSON, verify.WithoutArtifactUnsafe(), &signer); err != nil {
		return Signer{}, err
	}
	return signer, nil
}
