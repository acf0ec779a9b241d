package keyless

import (
	"crypto/x509"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"fmt"
	"time"

	"github.com/sigstore/sigstore-go/pkg/fulcio/certificate"

	"felleskrav/internal/signing"
)

// SubjectType is what kind of name a [Signer] has.
type SubjectType string

// The kinds of subject.
const (
	Email SubjectType = "email"
	URI   SubjectType = "uri"
)

// TimeSource is who told when a bundle was signed.
type TimeSource string

// The sources of time.
const (
	// Log is the time at which a transparency log took the signature in, signed by the log.
	Log TimeSource = "log"
	// Timestamp is an RFC 3161 timestamp over the signature.
	Timestamp TimeSource = "timestamp"
)

// Signer is who signed a bundle, and when.
type Signer struct {
	// Issuer and Subject are the identity that the certificate is for; see [Identity].
	Issuer, Subject string
	SubjectType     SubjectType
	// Public is the certificate's key, which the signature is by. It lives as short as the certificate.
	Public signing.PublicKey
	// Certificate is the signer's certificate in DER.
	Certificate []byte
	// NotBefore and NotAfter are the certificate's validity, both included, in UTC.
	NotBefore, NotAfter time.Time
	// Time is when the signature existed at the latest, in UTC, within the validity: the earliest of the trusted
	// times. TimeSource tells whose it is.
	Time       time.Time
	TimeSource TimeSource
}

// Identity returns the identity that s signed with.
func (s Signer) Identity() Identity { return Identity{Issuer: s.Issuer, Subject: s.Subject} }

// IsKeyless reports whether leaf tells of an OpenID Connect issuer, which certificates of Fulcio do and those of
// enterprises do not. It says nothing of whether leaf is to be trusted.
func IsKeyless(leaf *x509.Certificate) bool {
	for _, e := range leaf.Extensions {
		if e.Id.Equal(certificate.OIDIssuerV2) || e.Id.Equal(oidIssuerV1) {
			return true
		}
	}
	return false
}

// IdentityOf reads the identity that leaf names. It says nothing of whether leaf is to be trusted.
func IdentityOf(leaf *x509.Certificate) (Identity, error) {
	s, err := signerOf(leaf)
	return s.Identity(), err
}

// oidIssuerV1 is the extension that Fulcio writes for older verifiers, with the same issuer as bare text.
var oidIssuerV1 = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 57264, 1, 1}

// signerOf reads what leaf says of its holder. Time and TimeSource are left out, and nothing is verified.
func signerOf(leaf *x509.Certificate) (Signer, error) {
	if !IsKeyless(leaf) {
		return Signer{}, ErrNotKeyless
	}
	issuer, err := issuerOf(leaf)
	if err != nil {
		return Signer{}, fmt.Errorf("%w: %w", ErrIdentity, err)
	}
	subject, kind, err := subjectOf(leaf)
	if err != nil {
		return Signer{}, fmt.Errorf("%w: %w", ErrIdentity, err)
	}
	s := Signer{
		Issuer: issuer, Subject: subject, SubjectType: kind,
		Certificate: leaf.Raw, NotBefore: leaf.NotBefore.UTC(), NotAfter: leaf.NotAfter.UTC(),
	}
	if err := s.Identity().Validate(); err != nil {
		return Signer{}, err
	}
	s.Public, err = signing.ParsePublicKey(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: leaf.RawSubjectPublicKeyInfo}))
	if err != nil {
		return Signer{}, err
	}
	return s, nil
}

// issuerOf reads the two forms of the issuer extension, which must not contradict each other: verifiers differ in
// which they look at.
func issuerOf(leaf *x509.Certificate) (string, error) {
	issuer := ""
	for _, e := range leaf.Extensions {
		text := ""
		switch {
		case e.Id.Equal(oidIssuerV1):
			text = string(e.Value)
		case e.Id.Equal(certificate.OIDIssuerV2):
			if err := certificate.ParseDERString(e.Value, &text); err != nil {
				return "", err
			}
		default:
			continue
		}
		if issuer != "" && text != issuer {
			return "", fmt.Errorf("issuers %q and %q", issuer, text)
		}
		issuer = text
	}
	return issuer, nil
}

// Context-specific tags of GeneralName (RFC 5280 §4.2.1.6).
const (
	tagEmail = 1
	tagURI   = 6
)

var oidSubjectAltName = asn1.ObjectIdentifier{2, 5, 29, 17}

// subjectOf reads the one subject alternative name of leaf. The raw extension is read, since the parsed
// certificate leaves out the kinds of name that it does not know.
func subjectOf(leaf *x509.Certificate) (string, SubjectType, error) {
	for _, e := range leaf.Extensions {
		if !e.Id.Equal(oidSubjectAltName) {
			continue
		}
		var names []asn1.RawValue
		if rest, err := asn1.Unmarshal(e.Value, &names); err != nil || len(rest) > 0 {
			return "", "", fmt.Errorf("subject alternative name is malformed: %w", err)
		}
		if len(names) != 1 {
			return "", "", fmt.Errorf("%d subject alternative names", len(names))
		}
		switch name := names[0]; {
		case name.Class == asn1.ClassContextSpecific && name.Tag == tagEmail:
			return string(name.Bytes), Email, nil
		case name.Class == asn1.ClassContextSpecific && name.Tag == tagURI:
			return string(name.Bytes), URI, nil
		default:
			return "", "", fmt.Errorf("subject alternative name has tag %d", name.Tag)
		}
	}
	return "", "", errors.New("no subject alternative name")
}
