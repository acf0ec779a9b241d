package main

import (
	"context"
	"crypto"
	"errors"
	"fmt"

	"felleskrav/internal/audit"
	"felleskrav/internal/console"
	"felleskrav/internal/signing"
)

type attestSignCmd struct {
	Statement string `arg:"" placeholder:"STATEMENT.json"`
	Key       string `required:"" conf:"" placeholder:"FILE|NAME://KEY"`
	// Certificate names the signer by an enterprise certificate, in PEM with
	// those between it and its issuer.
	Certificate string `conf:"" placeholder:"FILE"`
	Output      string `short:"o" placeholder:"FILE"`
}

// Run signs a statement, and says in plain words what is signed. It talks to
// nobody.
func (c *attestSignCmd) Run(s *session) error {
	payload, err := s.Read(c.Statement)
	if err != nil {
		return err
	}
	st, err := audit.ReadStatement(payload)
	if err != nil {
		return err
	}
	key, err := s.privateKey(c.Key)
	if err != nil {
		return err
	}
	public, err := signing.PublicOf(key)
	if err != nil {
		return fmt.Errorf("sign: %w", err)
	}
	fmt.Fprint(s.Stderr, st.Plain(s.Texts))
	bundle, err := c.sign(s.Ctx, key, payload)
	if err != nil {
		return err
	}
	s.Say("cli.sign.done", "ID", public.ID, "Digest", st.Digest)
	return s.Put(console.Output{File: c.Output}, bundle)
}

// sign makes the bundle, naming the signer by the certificate if there is one.
func (c *attestSignCmd) sign(ctx context.Context, key crypto.Signer, payload []byte) ([]byte, error) {
	if c.Certificate == "" {
		bundle, err := signing.SignBundle(ctx, key, payload)
		if err != nil {
			return nil, kmsFault(c.Key, fmt.Errorf("sign: %w", err))
		}
		return bundle, nil
	}
	chain, err := audit.CertificatesIn(c.Certificate)
	if err != nil {
		return nil, err
	}
	bundle, err := signing.SignBundleWithCertificate(ctx, key, chain, payload)
	switch {
	case errors.Is(err, signing.ErrCertificateKey):
		return nil, console.No("cli.sign.other-key", "File", c.Certificate, "Key", c.Key)
	case errors.Is(err, signing.ErrCertificate):
		return nil, console.No("cli.sign.chain", "File", c.Certificate)
	case err != nil:
		return nil, kmsFault(c.Key, fmt.Errorf("sign: %w", err))
	}
	return bundle, nil
}
