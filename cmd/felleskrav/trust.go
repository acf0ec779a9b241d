package main

import (
	"crypto/x509"
	"errors"
	"os"
	"time"

	"felleskrav/internal/signing"
	"felleskrav/internal/signing/keyless"
	"felleskrav/internal/signing/revocation"
	"felleskrav/internal/supplier"
)

// trust says which signers are trusted besides enrolled keys. Files of
// certificates are PEM and may hold many.
type trust struct {
	// CertificateRoots are the issuers of enterprise certificates;
	// CertificateIntermediates those between them and the signers.
	CertificateRoots         []string `conf:"" sep:"," placeholder:"FILE"`
	CertificateIntermediates []string `conf:"" sep:"," placeholder:"FILE"`
	// TimestampRoots are the issuers of RFC 3161 time-stampers, and
	// TimestampCertificates the time-stampers and what is between.
	TimestampRoots        []string `conf:"" sep:"," placeholder:"FILE"`
	TimestampCertificates []string `conf:"" sep:"," placeholder:"FILE"`
	// IdentityRoot is a Sigstore trusted root: keyless signatures by logins.
	IdentityRoot string `conf:"" placeholder:"FILE"`
}

// empty says that only enrolled keys are trusted.
func (c trust) empty() bool { return len(c.CertificateRoots) == 0 && c.IdentityRoot == "" }

// authorities reads the certificates, with the way revocation is asked about.
// It is nil when no roots are named.
func (c trust) authorities(policy signing.RevocationPolicy, ask revocation.Config) (*signing.Authorities, error) {
	if len(c.CertificateRoots) == 0 {
		if len(c.CertificateIntermediates)+len(c.TimestampRoots)+len(c.TimestampCertificates) > 0 {
			return nil, usage("cli.trust.no-roots")
		}
		return nil, nil //nolint:nilnil // none is a choice
	}
	config := signing.AuthoritiesConfig{Policy: policy, Revocation: ask}
	for _, part := range []struct {
		files []string
		into  *[]*x509.Certificate
	}{
		{c.CertificateRoots, &config.Roots}, {c.CertificateIntermediates, &config.Intermediates},
		{c.TimestampRoots, &config.TimestampRoots}, {c.TimestampCertificates, &config.TimestampCertificates},
	} {
		for _, file := range part.files {
			certificates, err := certificatesIn(file)
			if err != nil {
				return nil, err
			}
			*part.into = append(*part.into, certificates...)
		}
	}
	a, err := signing.NewAuthorities(config)
	if errors.Is(err, revocation.ErrCRL) {
		return nil, cannot(err, "cli.trust.crl")
	}
	if err != nil {
		return nil, cannot(err, "cli.trust.certificates", "Detail", err.Error())
	}
	return a, nil
}

func certificatesIn(file string) ([]*x509.Certificate, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, cannot(err, "cli.file.read", "File", file)
	}
	certificates, err := signing.ParseCertificates(data)
	if err != nil {
		return nil, cannot(err, "cli.trust.pem", "File", file)
	}
	return certificates, nil
}

// identities reads the trusted root; nil when none is named.
func (c trust) identities() (*keyless.Verifier, error) {
	if c.IdentityRoot == "" {
		return nil, nil //nolint:nilnil // none is a choice
	}
	data, err := os.ReadFile(c.IdentityRoot)
	if err != nil {
		return nil, cannot(err, "cli.file.read", "File", c.IdentityRoot)
	}
	v, err := keyless.New(data)
	if err != nil {
		return nil, cannot(err, "cli.trust.identity-root", "File", c.IdentityRoot)
	}
	return v, nil
}

// serverTrust is what a server trusts, and how it asks about revocation.
type serverTrust struct {
	trust
	Revocation string `conf:"" enum:"require,allow,none" default:"require" placeholder:"require|allow|none"`
	// RevocationPrivate lets questions go to addresses that are not public.
	RevocationPrivate bool `conf:""`
}

// signers are who may sign, besides those with enrolled keys.
func (c serverTrust) signers(now func() time.Time) (*supplier.Signers, error) {
	authorities, err := c.authorities(signing.RevocationPolicy(c.Revocation), revocation.Config{AllowPrivate: c.RevocationPrivate, Now: now})
	if err != nil {
		return nil, err
	}
	identities, err := c.identities()
	if err != nil {
		return nil, err
	}
	return &supplier.Signers{Authorities: authorities, Identities: identities}, nil
}
