package main

import (
	"crypto"
	"errors"
	"fmt"
	"strings"

	"felleskrav/internal/console"
	"felleskrav/internal/signing"
	"felleskrav/internal/signing/kms"
)

type keyCmd struct {
	Generate keyGenerateCmd `cmd:""`
	Enrol    keyEnrolCmd    `cmd:""`
	List     keyListCmd     `cmd:""`
	Rotate   keyRotateCmd   `cmd:""`
	Revoke   keyRevokeCmd   `cmd:""`
}

type keyGenerateCmd struct {
	Algorithm string `default:"ecdsa-p256" placeholder:"ALGORITHM"`
	Output    string `short:"o" required:"" placeholder:"FILE"`
}

// Run makes a key pair: the private key readable by its owner only, the
// public key beside it. It never writes over a file.
func (c *keyGenerateCmd) Run(s *session) error {
	key, err := signing.GenerateKey(signing.Algorithm(c.Algorithm))
	if errors.Is(err, signing.ErrAlgorithm) {
		return console.Usage("cli.key.algorithm", "Algorithm", c.Algorithm, "Known", strings.Trim(fmt.Sprint(signing.Algorithms()), "[]"))
	}
	if err != nil {
		return fmt.Errorf("generate key: %w", err)
	}
	private, err := signing.MarshalPrivateKey(key)
	if err != nil {
		return fmt.Errorf("generate key: %w", err)
	}
	public, err := signing.PublicOf(key)
	if err != nil {
		return fmt.Errorf("generate key: %w", err)
	}
	// The public half first: a private key is never left without it.
	if err := console.NewFile(c.Output+".pub", []byte(public.PEM), 0o644); err != nil {
		return console.Cannot(err, "cli.file.write", "File", c.Output+".pub")
	}
	if err := console.NewFile(c.Output, private, 0o600); err != nil {
		return console.Cannot(err, "cli.file.write", "File", c.Output)
	}
	s.Say("cli.key.generated", "File", c.Output, "Public", c.Output+".pub", "ID", public.ID)
	if !public.Algorithm.CosignVerifiable() {
		s.Say("cli.key.not-cosign", "Algorithm", string(public.Algorithm))
	}
	return nil
}

// privateKey reads a key file, or asks the plugin of a KMS URI.
func (s *session) privateKey(file string) (crypto.Signer, error) {
	if kms.IsURI(file) {
		return kmsKey(s.Ctx, file)
	}
	data, err := s.Read(file)
	if err != nil {
		return nil, err
	}
	key, err := signing.ParsePrivateKey(data)
	switch {
	case errors.Is(err, signing.ErrKeyEncrypted):
		return nil, console.No("cli.key.encrypted", "File", file)
	case errors.Is(err, signing.ErrAlgorithm):
		return nil, console.No("cli.key.algorithm-of", "File", file)
	case err != nil:
		return nil, console.No("cli.key.malformed", "File", file)
	}
	return key, nil
}
