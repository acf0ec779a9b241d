package signing

import (
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/hex"
	"strings"
	"time"
	"unicode"

	"felleskrav/internal/signing/revocation"
)

// TimeSource says where a time comes from.
type TimeSource string

// The sources: our receipt, or an RFC 3161 timestamp by an installed time-stamper.
const (
	FromReceipt   TimeSource = "receipt"
	FromTimestamp TimeSource = "timestamp"
)

// CertifiedSigner is who signed a bundle, as a verified certificate says.
type CertifiedSigner struct {
	// Public is the certificate's key.
	Public PublicKey
	// Organisation is whose certificate it is.
	Organisation Organisation
	// Subject and Issuer are names to show to people: printable, and not to be parsed.
	Subject, Issuer string
	// SerialHex is the serial number, lower-case hexadecimal without a sign or leading zeros.
	SerialHex string
	// Fingerprint is the SHA-256 digest of the certificate in DER, 64 lower-case hexadecimal digits.
	Fingerprint string
	// NotBefore and NotAfter are the first and last second of the certificate's validity.
	NotBefore, NotAfter time.Time
	// At is the time at which the certificate was found valid, and AtSource where that time comes from.
	At       time.Time
	AtSource TimeSource
	// Revocation is what was known of revocation when it was checked: of the certificate, or of one above it
	// if that is worse. Its state is empty if the policy asks for no check.
	Revocation revocation.Status
	// ClaimsQualifiedSeal is whether the certificate says of itself that it is one for qualified electronic seals
	// (ETSI EN 319 412-5 §4.2.1, §4.2.3). Whether its issuer may say so stands in the EU trusted lists, which
	// nobody here has looked into.
	ClaimsQualifiedSeal bool
}

func describe(leaf *x509.Certificate, public PublicKey, org Organisation) CertifiedSigner {
	sum := sha256.Sum256(leaf.Raw)
	return CertifiedSigner{
		Public: public, Organisation: org,
		Subject: display(leaf.Subject), Issuer: display(leaf.Issuer),
		SerialHex:   strings.TrimPrefix(leaf.SerialNumber.Text(16), "-"),
		Fingerprint: hex.EncodeToString(sum[:]),
		NotBefore:   leaf.NotBefore, NotAfter: leaf.NotAfter,
		ClaimsQualifiedSeal: claimsQualifiedSeal(leaf),
	}
}

// maxName bounds a name that is shown, in characters.
const maxName = 300

// shown are the attributes that tell people who somebody is, in the order they are shown.
var shown = []struct {
	label string
	id    asn1.ObjectIdentifier
}{
	{"CN", asn1.ObjectIdentifier{2, 5, 4, 3}},
	{"OU", asn1.ObjectIdentifier{2, 5, 4, 11}},
	{"O", asn1.ObjectIdentifier{2, 5, 4, 10}},
	{"organizationIdentifier", oidOrganisationIdentifier},
	{"C", asn1.ObjectIdentifier{2, 5, 4, 6}},
}

// display writes a name as "CN=…, O=…, C=…". What cannot be printed becomes U+FFFD.
func display(name pkix.Name) string {
	var parts []string
	for _, attribute := range shown {
		for _, n := range name.Names {
			if text, ok := n.Value.(string); ok && n.Type.Equal(attribute.id) {
				parts = append(parts, attribute.label+"="+text)
			}
		}
	}
	out := []rune(strings.Join(parts, ", "))
	if len(out) > maxName {
		out = append(out[:maxName], '…')
	}
	for i, r := range out {
		if !unicode.IsPrint(r) {
			out[i] = unicode.ReplacementChar
		}
	}
	return string(out)
}

// The statements of ETSI EN 319 412-5 that make a certificate one for qualified seals, in the extension
// of RFC 3739 §3.2.6.
var (
	oidQCStatements = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 1, 3}
	oidQCCompliance = asn1.ObjectIdentifier{0, 4, 0, 1862, 1, 1}
	oidQCType       = asn1.ObjectIdentifier{0, 4, 0, 1862, 1, 6}
	oidQCTypeSeal   = asn1.ObjectIdentifier{0, 4, 0, 1862, 1, 6, 2}
)

func claimsQualifiedSeal(c *x509.Certificate) bool {
	compliant, seal := false, false
	for _, e := range c.Extensions {
		if !e.Id.Equal(oidQCStatements) {
			continue
		}
		var list []struct {
			ID   asn1.ObjectIdentifier
			Info asn1.RawValue `asn1:"optional"`
		}
		if rest, err := asn1.Unmarshal(e.Value, &list); err != nil || len(rest) > 0 {
			return false
		}
		for _, s := range list {
			switch {
			case s.ID.Equal(oidQCCompliance):
				compliant = true
			case s.ID.Equal(oidQCType):
				var types []asn1.ObjectIdentifier
				if rest, err := asn1.Unmarshal(s.Info.FullBytes, &types); err != nil || len(rest) > 0 {
					return false
				}
				for _, t := range types {
					seal = seal || t.Equal(oidQCTypeSeal)
				}
			}
		}
	}
	return compliant && seal
}
