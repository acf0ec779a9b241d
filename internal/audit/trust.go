package audit

import (
	"crypto/x509"
	"errors"
	"os"
	"time"

	"felleskrav/internal/console"
	"felleskrav/internal/signing"
	"felleskrav/internal/signing/keyless"
	"felleskrav/internal/signing/revocation"
	"felleskrav/internal/supplier"
)

// Trust says which signers are trusted besides enrolled keys. Files of
// certificates are PEM and may hold many.
type Trust struct {
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

// Empty says that only enrolled keys are trusted.
func (c Trust) Empty() bool { return len(c.CertificateRoots) == 0 && c.IdentityRoot == "" }

// Authorities reads the certificates, with the way revocation is asked about.
// It is nil when no roots are named.
func (c Trust) Authorities(policy signing.RevocationPolicy, ask revocation.Config) (*signing.Authorities, error) {
	if len(c.CertificateRoots) == 0 {
		if len(c.CertificateIntermediates)+len(c.TimestampRoots)+len(c.TimestampCertificates) > 0 {
			return nil, console.Usage("cli.trust.no-roots")
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
			certificates, err := CertificatesIn(file)
			if err != nil {
				return nil, err
			}
			*part.into = append(*part.into, certificates...)
		}
	}
	a, err := signing.NewAuthorities(config)
	if errors.Is(err, revocation.ErrCRL) {
		return nil, console.Cannot(err, "cli.trust.crl")
	}
	if err != nil {
		return nil, console.Cannot(err, "cli.trust.certificates", "Detail", err.Error())
	}
	return a, nil
}

// CertificatesIn reads the certificates in a PEM file.
func CertificatesIn(file string) ([]*x509.Certificate, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, console.Cannot(err, "cli.file.read", "File", file)
	}
	certificates, err := signing.ParseCertificates(data)
	if err != nil {
		return nil, console.Cannot(err, "cli.trust.pem", "File", file)
	}
	return certificates, nil
}

// Identities reads the trusted root; it is nil when none is named.
func (c Trust) Identities() (*keyless.Verifier, error) {
	if c.IdentityRoot == "" {
		return nil, nil //nolint:nilnil // none is a choice
	}
	data, err := os.ReadFile(c.IdentityRoot)
	if err != nil {
		return nil, console.Cannot(err, "cli.file.read", "File", c.IdentityRoot)
	}
	v, err := keyless.New(data)
	if err != nil {
		return nil, console.Cannot(err, "cli.trust.identity-root", "File", c.IdentityRoot)
	}
	return v, nil
}

// offlineTrust is what a verifier trusts, without asking anybody.
type offlineTrust struct {
	Trust
	// CRL are lists of revoked certificates that the verifier has.
	CRL []string `sep:"," placeholder:"FILE"`
}

// signers reads what is trusted. Certificates that were revoked are found in
// the lists given; without any, revocation is not looked into, and the answer
// says so.
func (c offlineTrust) signers(now func() time.Time) (*supplier.Signers, error) {
	policy, ask := signing.NoRevocation, revocation.Config{Offline: true, Now: now}
	for _, file := range c.CRL {
		data, err := os.ReadFile(file)
		if err != nil {
			return nil, console.Cannot(err, "cli.file.read", "File", file)
		}
		ask.CRLs = append(ask.CRLs, data)
		policy = signing.RequireRevocation
	}
	authorities, err := c.Authorities(policy, ask)
	if err != nil {
		return nil, err
	}
	identities, err := c.Identities()
	if err != nil {
		return nil, err
	}
	return &supplier.Signers{Authorities: authorities, Identities: identities}, nil
}
