package signing_test

import (
	"bytes"
	"crypto/x509"
	x509names "crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"strings"
	"testing"

	"felleskrav/internal/signing"
	"felleskrav/internal/signing/certtest"
)

func TestParseOrganisation(t *testing.T) {
	for text, want := range map[string]signing.Organisation{
		"NTRNO-123456785":            {Scheme: signing.NationalRegister, Country: "NO", Number: "123456785"},
		"NTRNO-000000000":            {Scheme: signing.NationalRegister, Country: "NO", Number: "000000000"},
		"NTRSE-556677-8899":          {Scheme: signing.NationalRegister, Country: "SE", Number: "556677-8899"},
		"NTRDE-HRB 12345":            {Scheme: signing.NationalRegister, Country: "DE", Number: "HRB 12345"},
		"NTRDE-DEK1101R.HRB116737":   {Scheme: signing.NationalRegister, Country: "DE", Number: "DEK1101R.HRB116737"},
		"VATBE-0876866142":           {Scheme: signing.VATNumber, Country: "BE", Number: "0876866142"},
		"VATNO-123456785MVA":         {Scheme: signing.VATNumber, Country: "NO", Number: "123456785MVA"},
		"VATEL-1":                    {Scheme: signing.VATNumber, Country: "EL", Number: "1"},
		"LEIXG-529900T8BM49AURSDO55": {Scheme: signing.LEI, Country: "XG", Number: "529900T8BM49AURSDO55"},
	} {
		got, err := signing.ParseOrganisation(text)
		if err != nil || got != want || got.String() != text {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
	}
	for _, text := range []string{
		"", "NTRNO", "NTRNO-", "NTRNO-12345678", "NTRNO-1234567850", "NTRNO-12345678X", "NTRNO-123 456 785", "NTRNO- 123456785", "NTRNO-123456785 ",
		"NTRNO-123456785\n", " NTRNO-123456785", "NTRNO-123456785\x00", "NTRNO-１２３４５６７８５", "NTRNO-١٢٣٤٥٦٧٨٥", "ntrno-123456785", "NTRno-123456785", "NTRNO–123456785", "NTRNO123456785",
		"NTRN-123456785", "NTR-123456785", "NTRXG-123456785", "VATXG-1", "PSDNO-FSA-123456785", "PASNO-123", "NO:NO-123", "123456785", "0192:123456785",
		"LEIXG-529900T8BM49AURSDO5", "LEIXG-529900T8BM49AURSDO555", "LEIXG-529900t8bm49aursdo55", "LEINO-529900T8BM49AURSDO55",
		"NTRSE--1", "NTRSE-1-", "NTRSE-a\u200bb", "NTRSE-<b>", "NTRSE-" + strings.Repeat("1", 65),
	} {
		if got, err := signing.ParseOrganisation(text); !errors.Is(err, signing.ErrOrganisation) || got != (signing.Organisation{}) {
			t.Errorf("%q: %+v, %v", text, got, err)
		}
	}
}

func TestOrganisationOf(t *testing.T) {
	ca := certtest.New(t, certNow)
	for name, c := range map[string]struct {
		options []certtest.Option
		want    error
	}{
		"as issued":               {nil, nil},
		"none":                    {[]certtest.Option{certtest.Identifiers()}, signing.ErrNoOrganisation},
		"the same twice":          {[]certtest.Option{certtest.Identifiers("NTRNO-123456785", "NTRNO-123456785")}, signing.ErrSeveralOrganisations},
		"two":                     {[]certtest.Option{certtest.Identifiers("NTRNO-123456785", "NTRNO-987654321")}, signing.ErrSeveralOrganisations},
		"a good and a bad one":    {[]certtest.Option{certtest.Identifiers("NTRNO-123456785", "x")}, signing.ErrSeveralOrganisations},
		"malformed":               {[]certtest.Option{certtest.Identifiers("NTRNO-12345678")}, signing.ErrOrganisation},
		"not printable":           {[]certtest.Option{certtest.Identifiers("NTRNO-12345678\x1b")}, signing.ErrOrganisation},
		"in the serial number":    {[]certtest.Option{certtest.Identifiers(), certtest.Attribute(asn1.ObjectIdentifier{2, 5, 4, 5}, "NTRNO-123456785")}, signing.ErrNoOrganisation},
		"in the name":             {[]certtest.Option{certtest.Identifiers(), certtest.Attribute(asn1.ObjectIdentifier{2, 5, 4, 3}, "x, 2.5.4.97=NTRNO-123456785")}, signing.ErrNoOrganisation},
		"one more in the name":    {[]certtest.Option{certtest.Attribute(asn1.ObjectIdentifier{2, 5, 4, 10}, "2.5.4.97=NTRNO-987654321")}, nil},
		"under a number below it": {[]certtest.Option{certtest.Identifiers(), certtest.Attribute(asn1.ObjectIdentifier{2, 5, 4, 97, 1}, "NTRNO-123456785")}, signing.ErrNoOrganisation},
	} {
		got, err := signing.OrganisationOf(ca.Issue("123456785", c.options...).Certificate)
		if !errors.Is(err, c.want) || (err == nil) != (got.String() == "NTRNO-123456785") {
			t.Errorf("%s: %+v, %v; want %v", name, got, err, c.want)
		}
	}
}

// The parser of certificates refuses what is not text, so this one has not been one.
func TestOrganisationIsText(t *testing.T) {
	var c x509.Certificate
	c.Subject.Names = []x509names.AttributeTypeAndValue{{Type: certtest.OrganisationIdentifier, Value: 123456785}}
	if _, err := signing.OrganisationOf(&c); !errors.Is(err, signing.ErrOrganisation) {
		t.Error(err)
	}
}

// Whatever a subject holds, one that is read has the one identifier, byte for byte, and nothing odd in it.
func FuzzOrganisationIdentifier(f *testing.F) {
	for _, text := range []string{"NTRNO-123456785", "VATBE-0876866142", "LEIXG-529900T8BM49AURSDO55", "NTRSE-556677-8899", "NTRNO-12345678\x00", "PSDNO-FSA-1"} {
		der, err := asn1.Marshal(x509names.RDNSequence{{{Type: certtest.OrganisationIdentifier, Value: text}}, {{Type: asn1.ObjectIdentifier{2, 5, 4, 3}, Value: "x"}}})
		if err != nil {
			f.Fatal(err)
		}
		f.Add(der)
		f.Add(append(der[:len(der):len(der)], 0))
	}
	f.Fuzz(func(t *testing.T, der []byte) {
		var sequence x509names.RDNSequence
		if rest, err := asn1.Unmarshal(der, &sequence); err != nil || len(rest) > 0 {
			return
		}
		var c x509.Certificate
		c.Subject.FillFromRDNSequence(&sequence)
		org, err := signing.OrganisationOf(&c)
		if err != nil {
			if !errors.Is(err, signing.ErrNoOrganisation) && !errors.Is(err, signing.ErrSeveralOrganisations) && !errors.Is(err, signing.ErrOrganisation) {
				t.Fatal(err)
			}
			return
		}
		if !bytes.Contains(der, []byte(org.String())) && !bytes.Contains(bytes.ReplaceAll(der, []byte{0}, nil), []byte(org.String())) {
			t.Fatalf("%q is not in the subject", org)
		}
		for _, r := range org.String() {
			if r < ' ' || r > '~' {
				t.Fatalf("%q has %U", org, r)
			}
		}
		again, err := signing.ParseOrganisation(org.String())
		if err != nil || again != org || bytes.Count(der, []byte{0x06, 0x03, 0x55, 0x04, 0x61}) < 1 {
			t.Fatalf("%+v reads back as %+v, %v", org, again, err)
		}
	})
}
