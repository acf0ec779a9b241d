package keyless_test

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"felleskrav/internal/signing/keyless"
)

func TestIdentityValidate(t *testing.T) {
	long := strings.Repeat("a", 1024)
	for _, c := range []struct {
		issuer, subject string
		ok              bool
	}{
		{issuer, person, true},
		{issuer, builder, true},
		{issuer + "/realms/x", "spiffe://leverandor.example.no/signer", true},
		{issuer + ":8443", "kari+signering@leverandor.example.no", true},
		{"https://" + long[:512-len("https://")], person, true},
		{"https://" + long[:513-len("https://")], person, false},
		{issuer, "https://" + long[:1024-len("https://")], true},
		{issuer, "https://" + long[:1025-len("https://")], false},
		{"", person, false},
		{issuer, "", false},
		{"http://innlogging.example.no", person, false},
		{"HTTPS://innlogging.example.no", person, false},
		{"innlogging.example.no", person, false},
		{"https://", person, false},
		{"https:///x", person, false},
		{"https://:443", person, false},
		{"https:innlogging.example.no", person, false},
		{"https://kari@innlogging.example.no", person, false},
		{issuer + "?x=1", person, false},
		{issuer + "?", person, false},
		{issuer + "#x", person, false},
		{issuer + " ", person, false},
		{issuer + "\n", person, false},
		{"https://%zz", person, false},
		{"https://innlоgging.example.no", person, false}, // a Cyrillic о
		{issuer, "kari", false},
		{issuer, "kari@", false},
		{issuer, "Kari<kari@leverandor.example.no>", false},
		{issuer, "kari@leverandor.example.no,ola@leverandor.example.no", false},
		{issuer, "kari @leverandor.example.no", false},
		{issuer, "kåri@leverandor.example.no", false},
		{issuer, "kari@leverandor.example.no\x00", false},
		{issuer, "https:", false},
		{issuer, "/leverandor/tjeneste", false},
		{issuer, ".*", false},
	} {
		err := keyless.Identity{Issuer: c.issuer, Subject: c.subject}.Validate()
		if c.ok != (err == nil) || err != nil && !errors.Is(err, keyless.ErrIdentity) {
			t.Errorf("%.60q, %.60q: %v", c.issuer, c.subject, err)
		}
	}
}

func TestIdentityID(t *testing.T) {
	// Stored: another value here loses every enrolled identity.
	const want = "467330c2e29a65e3bb59a4fcc9f648aa3d1ed7cc353f7234eda8c6ba9cc6b01b"
	if got := (keyless.Identity{Issuer: issuer, Subject: person}).ID(); got != want {
		t.Errorf("id is %s", got)
	}
	rapid.Check(t, func(rt *rapid.T) {
		text := rapid.StringOfN(rapid.SampledFrom([]rune("ab\x00\x08")), 0, 12, -1)
		a := keyless.Identity{Issuer: text.Draw(rt, "issuer"), Subject: text.Draw(rt, "subject")}
		b := keyless.Identity{Issuer: text.Draw(rt, "other issuer"), Subject: text.Draw(rt, "other subject")}
		if (a == b) != (a.ID() == b.ID()) {
			rt.Fatalf("%q and %q have ids %s and %s", a, b, a.ID(), b.ID())
		}
		// Moving the border between the two parts gives another identity.
		if all := a.Issuer + a.Subject; all != "" {
			at := rapid.IntRange(0, len(all)).Draw(rt, "border")
			c := keyless.Identity{Issuer: all[:at], Subject: all[at:]}
			if (a == c) != (a.ID() == c.ID()) {
				rt.Fatalf("%q and %q have ids %s and %s", a, c, a.ID(), c.ID())
			}
		}
	})
}

func TestIdentityMatches(t *testing.T) {
	signer := keyless.Signer{Issuer: issuer, Subject: builder}
	for _, c := range []struct {
		identity keyless.Identity
		want     bool
	}{
		{keyless.Identity{Issuer: issuer, Subject: builder}, true},
		{keyless.Identity{Issuer: issuer + "/", Subject: builder}, false},
		{keyless.Identity{Issuer: issuer, Subject: strings.ToUpper(builder)}, false},
		{keyless.Identity{Issuer: issuer, Subject: builder[:len(builder)-1]}, false},
		{keyless.Identity{Issuer: issuer, Subject: ".*"}, false},
		{keyless.Identity{Issuer: "https://x.example", Subject: builder}, false},
		{keyless.Identity{Issuer: issuer}, false},
		{keyless.Identity{Subject: builder}, false},
		{keyless.Identity{}, false},
	} {
		if got := c.identity.Matches(signer); got != c.want {
			t.Errorf("%v matches: %t", c.identity, got)
		}
	}
	if (keyless.Identity{}).Matches(keyless.Signer{}) {
		t.Error("nobody matches nobody")
	}
}

func TestIsKeyless(t *testing.T) {
	oid := func(last int) []pkix.Extension {
		return []pkix.Extension{{Id: asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 57264, 1, last}}}
	}
	for name, c := range map[string]struct {
		leaf *x509.Certificate
		want bool
	}{
		"issuer":            {&x509.Certificate{Extensions: oid(8)}, true},
		"issuer as text":    {&x509.Certificate{Extensions: oid(1)}, true},
		"only a workflow":   {&x509.Certificate{Extensions: oid(4)}, false},
		"nothing":           {&x509.Certificate{}, false},
		"beside the naming": {&x509.Certificate{ExtraExtensions: oid(8)}, false}, // what was to be issued, not what was
	} {
		if got := keyless.IsKeyless(c.leaf); got != c.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}
