package keyless

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"github.com/sigstore/sigstore-go/pkg/bundle"
	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore-go/pkg/verify"

	"felleskrav/internal/signing"
)

// MaxTrustedRoot is the largest trusted root accepted, in bytes; that of the public Sigstore has 7 kB.
const MaxTrustedRoot = 1 << 20

// Verifier checks bundles against one trusted root. It is safe for concurrent use.
type Verifier struct {
	root     *root.TrustedRoot
	verifier *verify.Verifier
}

// New reads a Sigstore trusted root (version 0.1) in JSON. It refuses, with ErrTrustedRoot, one without a
// certificate authority and one in which nothing could tell the time of a signature: that takes a timestamp
// authority, or a log of Rekor v1, which signs its times with an ECDSA key.
func New(trustedRootJSON []byte) (*Verifier, error) {
	if len(trustedRootJSON) > MaxTrustedRoot {
		return nil, fmt.Errorf("%w: more than %d bytes", ErrTrustedRoot, MaxTrustedRoot)
	}
	trusted, err := root.NewTrustedRootFromJSON(trustedRootJSON)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrTrustedRoot, err)
	}
	if len(trusted.FulcioCertificateAuthorities()) == 0 {
		return nil, fmt.Errorf("%w: no certificate authority", ErrTrustedRoot)
	}
	if !tellsTime(trusted) {
		return nil, fmt.Errorf("%w: no timestamp authority and no log that signs its times", ErrTrustedRoot)
	}
	// The predicate would be decoded into generic values for nothing; package signing reads the payload strictly.
	options := []verify.VerifierOption{verify.WithObserverTimestamps(1), verify.WithoutStatementPredicate()}
	// What the root has, a signature must have.
	if len(trusted.RekorLogs()) > 0 {
		options = append(options, verify.WithTransparencyLog(1))
	}
	if len(trusted.CTLogs()) > 0 {
		options = append(options, verify.WithSignedCertificateTimestamps(1))
	}
	verifier, err := verify.NewVerifier(trusted, options...)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrTrustedRoot, err)
	}
	return &Verifier{root: trusted, verifier: verifier}, nil
}

func tellsTime(trusted *root.TrustedRoot) bool {
	if len(trusted.TimestampingAuthorities()) > 0 {
		return true
	}
	for _, log := range trusted.RekorLogs() {
		if _, ok := log.PublicKey.(*ecdsa.PublicKey); ok {
			return true
		}
	}
	return false
}

// Parse reads a bundle that holds a statement signed with a certificate, strictly and without verifying anything:
// what [Verifier.VerifyStatement] is then given, and the certificate to tell by [IsKeyless] whom to ask. The
// bundle's Hint, Inclusions and Timestamps are left empty.
func Parse(bundleJSON []byte) (*signing.Bundle, *x509.Certificate, error) {
	s, err := read(bundleJSON)
	if err != nil {
		return nil, nil, fmt.Errorf("parse keyless bundle: %w", err)
	}
	b, err := s.statement(bundleJSON)
	if err != nil {
		return nil, nil, fmt.Errorf("parse keyless bundle: %w", err)
	}
	return b, s.leaf, nil
}

// VerifyStatement checks a bundle with one in-toto statement v1 in a DSSE envelope, whose bytes must be payload,
// and returns who signed it. A nil error says that the signature is by the key of a certificate that an authority
// of the trusted root issued, at a time that a log or timestamp authority of the root tells and that is within
// the certificate's validity, and that the signature is in a log of the root if it has any.
//
// What the statement says is not looked into, nor whether the signer may say it.
func (v *Verifier) VerifyStatement(bundleJSON, payload []byte) (Signer, error) {
	signer, err := v.statement(bundleJSON, payload)
	if err != nil {
		return Signer{}, fmt.Errorf("verify keyless statement: %w", err)
	}
	return signer, nil
}

func (v *Verifier) statement(bundleJSON, payload []byte) (Signer, error) {
	s, err := read(bundleJSON)
	if err != nil {
		return Signer{}, err
	}
	b, err := s.statement(bundleJSON)
	if err != nil {
		return Signer{}, err
	}
	if !bytes.Equal(b.Payload, payload) {
		return Signer{}, ErrPayload
	}
	signer, err := signerOf(s.leaf)
	if err != nil {
		return Signer{}, err
	}
	// Stricter than sigstore-go, which takes a P-384 signature over SHA-256 too and would write to standard error
	// on its way there.
	if err := b.Verify(signer.Public); err != nil {
		return Signer{}, err
	}
	entity, err := v.trust(s, bundleJSON, verify.WithoutArtifactUnsafe(), &signer)
	if err != nil {
		return Signer{}, err
	}
	if !bytes.Equal(entity.GetDsseEnvelope().GetPayload(), payload) {
		return Signer{}, ErrPayload
	}
	return signer, nil
}

// VerifyBlob checks a bundle with a signature over message, as "cosign sign-blob" makes, and returns who signed
// it: the same as [Verifier.VerifyStatement] but for what is signed.
func (v *Verifier) VerifyBlob(bundleJSON, message []byte) (Signer, error) {
	signer, err := v.blob(bundleJSON, message)
	if err != nil {
		return Signer{}, fmt.Errorf("verify keyless signature: %w", err)
	}
	return signer, nil
}

func (v *Verifier) blob(bundleJSON, message []byte) (Signer, error) {
	s, err := read(bundleJSON)
	if err != nil {
		return Signer{}, err
	}
	m := s.doc.MessageSignature
	if m == nil || s.doc.DSSEEnvelope != nil || m.MessageDigest == nil || len(m.Signature) == 0 {
		return Signer{}, ErrNoMessage
	}
	signer, err := signerOf(s.leaf)
	if err != nil {
		return Signer{}, err
	}
	// As for statements, but Sigstore signs messages with the prehashed variant of Ed25519 (RFC 8032 §5.1), which
	// package signing does not have.
	if signer.Public.Algorithm != signing.Ed25519 {
		if err := signing.VerifyMessage(signer.Public, message, m.Signature); err != nil {
			return Signer{}, err
		}
	}
	if _, err := v.trust(s, bundleJSON, verify.WithArtifact(bytes.NewReader(message)), &signer); err != nil {
		return Signer{}, err
	}
	return signer, nil
}

// trust lets sigstore-go decide about a bundle and completes signer with the time. Identities are not its to
// compare: the signer is returned for the caller to look up.
func (v *Verifier) trust(s *signed, bundleJSON []byte, artifact verify.ArtifactPolicyOption, signer *Signer) (*bundle.Bundle, error) {
	entity := new(bundle.Bundle)
	if err := entity.UnmarshalJSON(bundleJSON); err != nil {
		return nil, fmt.Errorf("%w: %w", signing.ErrLogEntry, err)
	}
	if err := sameRekor(entity); err != nil {
		return nil, err
	}
	result, err := v.verifier.Verify(entity, verify.NewPolicy(artifact, verify.WithoutIdentitiesUnsafe()))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", v.reason(s, entity), err)
	}
	summary := result.Signature.Certificate
	if summary == nil || summary.Issuer != signer.Issuer || summary.SubjectAlternativeName != signer.Subject {
		return nil, fmt.Errorf("%w: sigstore-go reads another one", ErrIdentity)
	}
	for _, at := range result.VerifiedTimestamps {
		if signer.Time.IsZero() || at.Timestamp.Before(signer.Time) {
			signer.Time, signer.TimeSource = at.Timestamp.UTC(), Timestamp
			if at.Type == "Tlog" {
				signer.TimeSource = Log
			}
		}
	}
	// sigstore-go has checked it for every time there is; there must be one.
	if !within(s.leaf, signer.Time) {
		return nil, ErrTime
	}
	return entity, nil
}

// sameRekor refuses a leaf of Rekor v2 under a checkpoint of v1, whose first line names the tree behind the host
// ("rekor.sigstore.dev - 2605736670972794746"). sigstore-go compares the leaf's fields with the bundle for entries of
// v1 and the whole leaf under checkpoints of v2, but nothing in this case.
func sameRekor(entity *bundle.Bundle) error {
	entries, err := entity.TlogEntries()
	if err != nil {
		return fmt.Errorf("%w: %w", signing.ErrLogEntry, err)
	}
	for _, entry := range entries {
		origin, _, _ := strings.Cut(entry.TransparencyLogEntry().GetInclusionProof().GetCheckpoint().GetEnvelope(), "\n")
		if entry.IsRekorV2() && strings.Contains(origin, " ") {
			return fmt.Errorf("%w: leaf of Rekor v2 under a checkpoint of v1", ErrLogEntry)
		}
	}
	return nil
}

func within(leaf *x509.Certificate, at time.Time) bool {
	return !at.Before(leaf.NotBefore) && !at.After(leaf.NotAfter)
}

// reason finds out why sigstore-go refused a bundle, since its errors are text: it asks again step by step, in
// the order of the whole. The signature itself has been checked.
func (v *Verifier) reason(s *signed, entity *bundle.Bundle) error {
	logTimes, err := v.verifier.VerifyTransparencyLogInclusion(entity)
	if err != nil {
		return v.logReason(s, entity)
	}
	times, err := v.verifier.VerifyObserverTimestamps(entity, logTimes)
	if err != nil {
		return ErrNoTime
	}
	for _, at := range times {
		if !within(s.leaf, at.Timestamp) {
			return ErrTime
		}
	}
	for _, at := range times {
		chains, err := verify.VerifyLeafCertificate(at.Timestamp, s.leaf, v.root)
		if err != nil {
			return ErrCertificate
		}
		if len(v.root.CTLogs()) > 0 && verify.VerifySignedCertificateTimestamp(chains, 1, v.root) != nil {
			return ErrCertificate
		}
	}
	// An Ed25519 signature, or the digest that stands beside a message's signature.
	return signing.ErrSignature
}

// logReason tells why the log entries of a bundle are not enough.
func (v *Verifier) logReason(s *signed, entity *bundle.Bundle) error {
	entries, err := entity.TlogEntries()
	if err != nil {
		return ErrLogEntry
	}
	known := false
	for _, entry := range entries {
		if v.root.RekorLogs()[hex.EncodeToString([]byte(entry.LogKeyID()))] == nil {
			continue
		}
		known = true
		if at := entry.IntegratedTime(); !at.IsZero() && !within(s.leaf, at) {
			return ErrTime
		}
	}
	if !known {
		return ErrNoLogEntry
	}
	return ErrLogEntry
}
