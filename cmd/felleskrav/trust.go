package main

import (
	"time"

	"felleskrav/internal/audit"
	"felleskrav/internal/signing"
	"felleskrav/internal/signing/revocation"
	"felleskrav/internal/supplier"
)

// serverTrust is what a server trusts, and how it asks about revocation.
type serverTrust struct {
	audit.Trust
	Revocation string `conf:"" enum:"require,allow,none" default:"require" placeholder:"require|allow|none"`
	// RevocationPrivate lets questions go to addresses that are not public.
	RevocationPrivate bool `conf:""`
}

// signers are who may sign, besides those with enrolled keys.
func (c serverTrust) signers(now func() time.Time) (*supplier.Signers, error) {
	authorities, err := c.Authorities(signing.RevocationPolicy(c.Revocation), revocation.Config{AllowPrivate: c.RevocationPrivate, Now: now})
	if err != nil {
		return nil, err
	}
	identities, err := c.Identities()
	if err != nil {
		return nil, err
	}
	return &supplier.Signers{Authorities: authorities, Identities: identities}, nil
}
