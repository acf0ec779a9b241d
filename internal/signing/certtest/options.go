package certtest

import (
	"crypto"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"slices"
	"time"
)

// Window sets the first and last second of the validity.
func Window(from, to time.Time) Option {
	return func(s *Spec) { s.Template.NotBefore, s.Template.NotAfter = from, to }
}

// Expired makes the validity end an hour ago.
func Expired() Option {
	return func(s *Spec) { Window(s.ca.Now.Add(-48*time.Hour), s.ca.Now.Add(-time.Hour))(s) }
}

// NotYetValid makes the validity begin in an hour.
func NotYetValid() Option {
	return func(s *Spec) { Window(s.ca.Now.Add(time.Hour), s.ca.Now.Add(48*time.Hour))(s) }
}

// Key sets the key, which must not be an issuer's.
func Key(key crypto.Signer) Option { return func(s *Spec) { s.Key = key } }

// Usage sets the key usages.
func Usage(u x509.KeyUsage) Option { return func(s *Spec) { s.Template.KeyUsage = u } }

// ExtendedUsage sets the extended key usages; none leaves the extension out.
func ExtendedUsage(list ...x509.ExtKeyUsage) Option {
	return func(s *Spec) { s.Template.ExtKeyUsage = list }
}

// Email adds an alternative name, which enterprise certificates lack and cosign demands.
func Email(address string) Option {
	return func(s *Spec) { s.Template.EmailAddresses = []string{address} }
}

// Identifiers sets the organisation identifiers in the subject: none, one or several.
func Identifiers(list ...string) Option {
	return func(s *Spec) {
		s.Subject = slices.DeleteFunc(s.Subject, func(a pkix.AttributeTypeAndValue) bool { return a.Type.Equal(OrganisationIdentifier) })
		for _, text := range list {
			Attribute(OrganisationIdentifier, text)(s)
		}
	}
}

// Attribute adds an attribute to the subject.
func Attribute(id asn1.ObjectIdentifier, value any) Option {
	return func(s *Spec) { s.Subject = append(s.Subject, pkix.AttributeTypeAndValue{Type: id, Value: value}) }
}

// AsIssuer makes it an issuer's certificate.
func AsIssuer() Option {
	return func(s *Spec) {
		s.Template.IsCA = true
		s.Template.KeyUsage |= x509.KeyUsageCertSign
	}
}

// SHA1 has it signed with ECDSA and SHA-1.
func SHA1() Option { return func(s *Spec) { s.Template.SignatureAlgorithm = x509.ECDSAWithSHA1 } }

// Addresses sets where to ask about revocation; nil leaves an address out.
func Addresses(ocsp, crl []string) Option {
	return func(s *Spec) { s.Template.OCSPServer, s.Template.CRLDistributionPoints = ocsp, crl }
}

// ByRoot has the root sign it.
func ByRoot() Option {
	return func(s *Spec) { s.parent, s.signer = s.ca.Root, s.ca.rootKey }
}

// Extension adds an extension.
func Extension(e pkix.Extension) Option {
	return func(s *Spec) { s.Template.ExtraExtensions = append(s.Template.ExtraExtensions, e) }
}

// QualifiedSeal adds the statements of a certificate for qualified seals (ETSI EN 319 412-5): that it is a
// qualified one, and of these types; 1 is for signatures, 2 for seals, 3 for web sites.
func QualifiedSeal(compliant bool, types ...int) Option {
	type statement struct {
		ID   asn1.ObjectIdentifier
		Info []asn1.ObjectIdentifier `asn1:"optional"`
	}
	var list []statement
	if compliant {
		list = append(list, statement{ID: asn1.ObjectIdentifier{0, 4, 0, 1862, 1, 1}})
	}
	if len(types) > 0 {
		s := statement{ID: asn1.ObjectIdentifier{0, 4, 0, 1862, 1, 6}}
		for _, n := range types {
			s.Info = append(s.Info, asn1.ObjectIdentifier{0, 4, 0, 1862, 1, 6, n})
		}
		list = append(list, s)
	}
	value, err := asn1.Marshal(list)
	if err != nil {
		panic(err)
	}
	return Extension(pkix.Extension{Id: asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 1, 3}, Value: value})
}
