package signing

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/x509"
	"encoding/asn1"
	"fmt"
	"math/big"

	"github.com/sigstore/sigstore/pkg/signature"
)

// SignMessage signs message with key, detached, in the form that openssl makes and checks:
// "openssl dgst -sha256" for ECDSA P-256 and RSA, "-sha384" for P-384, "pkeyutl -rawin" for Ed25519. Any
// crypto.Signer of an allowed algorithm will do, one in hardware too.
func SignMessage(key crypto.Signer, message []byte) ([]byte, error) {
	algorithm, err := algorithmOf(key.Public())
	if err != nil {
		return nil, fmt.Errorf("sign message: %w", err)
	}
	digest, opts := message, crypto.Hash(0)
	if algorithm != Ed25519 {
		opts = crypto.SHA256
		if algorithm == ECDSAP384 {
			opts = crypto.SHA384
		}
		h := opts.New()
		h.Write(message)
		digest = h.Sum(nil)
	}
	sig, err := key.Sign(rand.Reader, digest, opts)
	if err != nil {
		return nil, fmt.Errorf("sign message: %w", err)
	}
	return sig, nil
}

// isPair reports whether sig is an ECDSA signature in DER (RFC 3279 §2.2.3). The library would take r and s side
// by side too (IEEE P1363), at several lengths, which openssl and others refuse.
func isPair(sig []byte) bool {
	var pair struct{ R, S *big.Int }
	rest, err := asn1.Unmarshal(sig, &pair)
	return err == nil && len(rest) == 0
}

// VerifyMessage checks a signature made like that of [SignMessage]. It returns ErrSignature if it is not
// key's signature over message.
func VerifyMessage(key PublicKey, message, sig []byte) error {
	pub, err := x509.ParsePKIXPublicKey(key.DER)
	if err != nil {
		return fmt.Errorf("verify message: %w: %w", ErrKeyMalformed, err)
	}
	// The list is applied here too, since key may come from a store and from before a change of it.
	if _, err := algorithmOf(pub); err != nil {
		return fmt.Errorf("verify message: %w", err)
	}
	if _, ok := pub.(*ecdsa.PublicKey); ok && !isPair(sig) {
		return fmt.Errorf("%w: not in ASN.1", ErrSignature)
	}
	verifier, err := signature.LoadDefaultVerifier(pub)
	if err != nil {
		return fmt.Errorf("verify message: %w: %w", ErrAlgorithm, err)
	}
	if err := verifier.VerifySignature(bytes.NewReader(sig), bytes.NewReader(message)); err != nil {
		return fmt.Errorf("%w: %w", ErrSignature, err)
	}
	return nil
}
