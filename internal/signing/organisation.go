package signing

import (
	"crypto/x509"
	"encoding/asn1"
	"fmt"
	"regexp"
)

// oidOrganisationIdentifier is organizationIdentifier (ITU-T X.520 §6.4.2).
var oidOrganisationIdentifier = asn1.ObjectIdentifier{2, 5, 4, 97}

// Scheme says in what register a number stands.
type Scheme string

// The schemes of ETSI EN 319 412-1 §5.1.4 that are understood.
const (
	NationalRegister Scheme = "NTR" // a business register; in Norway Enhetsregisteret
	VATNumber        Scheme = "VAT"
	LEI              Scheme = "LEI" // ISO 17442
)

// Organisation is who a certificate was issued to, as its organisation identifier says.
type Organisation struct {
	Scheme Scheme
	// Country is the register's, by ISO 3166-1 alpha-2 in capitals ("EL" and "XI" in VAT numbers too), and "XG"
	// for an LEI.
	Country string
	// Number is the number as the register writes it. For NTR and NO it is nine digits, whose check digit is not
	// looked at.
	Number string
}

// String returns the identifier as it stands in a certificate, such as "NTRNO-123456785".
func (o Organisation) String() string {
	return string(o.Scheme) + o.Country + "-" + o.Number
}

// Letters, digits and what registers put between them; no two programs show these differently.
var (
	organisationForm = regexp.MustCompile(`^(NTR|VAT|LEI)([A-Z]{2})-([0-9A-Za-z]([0-9A-Za-z ./:+-]{0,62}[0-9A-Za-z.])?)$`)
	norwegianNumber  = regexp.MustCompile(`^[0-9]{9}$`)
	leiNumber        = regexp.MustCompile(`^[0-9A-Z]{18}[0-9]{2}$`)
)

// ParseOrganisation reads an organisation identifier in the form of ETSI EN 319 412-1 §5.1.4. The error
// wraps ErrOrganisation.
func ParseOrganisation(text string) (Organisation, error) {
	parts := organisationForm.FindStringSubmatch(text)
	if parts == nil {
		return Organisation{}, fmt.Errorf("%w: %.100q", ErrOrganisation, text)
	}
	o := Organisation{Scheme: Scheme(parts[1]), Country: parts[2], Number: parts[3]}
	switch {
	case o.Scheme == NationalRegister && o.Country == "NO" && !norwegianNumber.MatchString(o.Number),
		o.Scheme == LEI && (o.Country != "XG" || !leiNumber.MatchString(o.Number)),
		o.Scheme != LEI && o.Country == "XG":
		return Organisation{}, fmt.Errorf("%w: %.100q", ErrOrganisation, text)
	}
	return o, nil
}

// OrganisationOf reads the one organisation identifier in a certificate's subject. The error wraps
// ErrNoOrganisation, ErrSeveralOrganisations or ErrOrganisation. It proves nothing about the certificate.
func OrganisationOf(c *x509.Certificate) (Organisation, error) {
	var found []any
	for _, name := range c.Subject.Names {
		if name.Type.Equal(oidOrganisationIdentifier) {
			found = append(found, name.Value)
		}
	}
	switch len(found) {
	case 0:
		return Organisation{}, ErrNoOrganisation
	case 1:
		text, ok := found[0].(string)
		if !ok {
			return Organisation{}, fmt.Errorf("%w: %T", ErrOrganisation, found[0])
		}
		return ParseOrganisation(text)
	}
	return Organisation{}, fmt.Errorf("%w: %d", ErrSeveralOrganisations, len(found))
}
