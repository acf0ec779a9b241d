package main

import (
	"crypto"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"felleskrav/internal/organisation"
	"felleskrav/internal/signing"
	"felleskrav/internal/supplier"
)

type keyCmd struct {
	Generate keyGenerateCmd `cmd:""`
	Enrol    keyEnrolCmd    `cmd:""`
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
		return usage("cli.key.algorithm", "Algorithm", c.Algorithm, "Known", strings.Trim(fmt.Sprint(signing.Algorithms()), "[]"))
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
	if err := newFile(c.Output+".pub", []byte(public.PEM), 0o644); err != nil {
		return cannot(err, "cli.file.write", "File", c.Output+".pub")
	}
	if err := newFile(c.Output, private, 0o600); err != nil {
		return cannot(err, "cli.file.write", "File", c.Output)
	}
	s.say("cli.key.generated", "File", c.Output, "Public", c.Output+".pub", "ID", public.ID)
	if !public.Algorithm.CosignVerifiable() {
		s.say("cli.key.not-cosign", "Algorithm", string(public.Algorithm))
	}
	return nil
}

// privateKey reads a key file.
func (s *session) privateKey(file string) (crypto.Signer, error) {
	data, err := s.read(file)
	if err != nil {
		return nil, err
	}
	key, err := signing.ParsePrivateKey(data)
	switch {
	case errors.Is(err, signing.ErrKeyEncrypted):
		return nil, no("cli.key.encrypted", "File", file)
	case errors.Is(err, signing.ErrAlgorithm):
		return nil, no("cli.key.algorithm-of", "File", file)
	case err != nil:
		return nil, no("cli.key.malformed", "File", file)
	}
	return key, nil
}

// publicKey reads a public key file.
func (s *session) publicKey(file string) (signing.PublicKey, error) {
	data, err := s.read(file)
	if err != nil {
		return signing.PublicKey{}, err
	}
	key, err := signing.ParsePublicKey(data)
	switch {
	case errors.Is(err, signing.ErrKeyPrivate):
		return key, no("cli.key.private", "File", file)
	case errors.Is(err, signing.ErrAlgorithm):
		return key, no("cli.key.algorithm-of", "File", file)
	case err != nil:
		return key, no("cli.key.malformed", "File", file)
	}
	return key, nil
}

type keyEnrolCmd struct {
	Key      string `required:"" conf:"" placeholder:"FILE"`
	Supplier string `required:"" conf:"" placeholder:"ORGNR"`
	Label    string `placeholder:"TEXT"`
	Expires  string `placeholder:"YYYY-MM-DD"`
	remote
	output
}

// challenge is what the server wants signed.
type challenge struct {
	ID      string `json:"id"`
	KeyID   string `json:"keyId"`
	Message []byte `json:"message"`
}

// Run enrols a public key by signing a challenge with the private one, which
// stays where it is.
func (c *keyEnrolCmd) Run(s *session) error {
	format, err := c.choose("text", "json", "yaml")
	if err != nil {
		return err
	}
	number, err := organisation.ParseNumber(c.Supplier)
	if err != nil {
		return err
	}
	in := map[string]any{}
	if c.Expires != "" {
		t, err := endOfDay(c.Expires)
		if err != nil {
			return err
		}
		in["expiresAt"] = t.Format(time.RFC3339)
	}
	if c.Label != "" {
		in["label"] = c.Label
	}
	private, err := s.privateKey(c.Key)
	if err != nil {
		return err
	}
	public, err := signing.PublicOf(private)
	if err != nil {
		return fmt.Errorf("enrol key: %w", err)
	}
	in["pem"] = public.PEM
	api, err := s.client(c.remote)
	if err != nil {
		return err
	}
	path := "/api/v1/suppliers/" + string(number) + "/keys"
	var ch challenge
	if err := api.send(s.ctx, http.MethodPost, path, in, &ch); err != nil {
		return err
	}
	// Never sign what one cannot read: the challenge is a text that says what
	// it is for, so that it can be no statement and no document.
	if want := "felleskrav key enrolment v1\nsupplier: " + number.ID() + "\nkey: " + public.ID + "\n"; !strings.HasPrefix(string(ch.Message), want) {
		return no("cli.key.challenge", "Server", c.Server)
	}
	sig, err := signing.SignMessage(private, ch.Message)
	if err != nil {
		return fmt.Errorf("sign challenge: %w", err)
	}
	var key supplier.Key
	if err := api.send(s.ctx, http.MethodPost, path+"/challenges/"+ch.ID, map[string]any{"signature": sig}, &key); err != nil {
		return err
	}
	if format != "text" {
		return s.putValue(c.output, format, key)
	}
	s.say("cli.key.enrolled", "Supplier", number.Grouped(), "ID", key.ID, "Until", s.t.Date(key.ExpiresAt), "Index", key.EnrolledIndex)
	return s.put(c.output, []byte(key.ID+"\n"))
}
