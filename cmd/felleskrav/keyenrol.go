package main

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"felleskrav/internal/console"
	"felleskrav/internal/organisation"
	"felleskrav/internal/signing"
	"felleskrav/internal/supplier"
)

// newKey is what enrolling a key and replacing one by it have in common.
type newKey struct {
	Key      string `required:"" conf:"" placeholder:"FILE|NAME://KEY"`
	Supplier string `required:"" conf:"" placeholder:"ORGNR"`
	Label    string `placeholder:"TEXT"`
	Expires  string `placeholder:"YYYY-MM-DD"`
	remote
	console.Output
}

type keyEnrolCmd struct{ newKey }

// Run enrols a public key by signing a challenge with the private one, which
// stays where it is.
func (c *keyEnrolCmd) Run(s *session) error {
	return c.enrol(s, "", func(n organisation.Number, k supplier.Key) {
		s.Say("cli.key.enrolled", "Supplier", n.Grouped(), "ID", k.ID, "Until", s.Date(k.ExpiresAt), "Index", k.EnrolledIndex)
	})
}

type keyRotateCmd struct {
	newKey
	Replaces string `required:"" placeholder:"KEYID"`
}

// Run enrols a key in the place of another, which is revoked with it.
func (c *keyRotateCmd) Run(s *session) error {
	return c.enrol(s, c.Replaces, func(n organisation.Number, k supplier.Key) {
		s.Say("cli.key.rotated", "Supplier", n.Grouped(), "ID", k.ID, "Until", s.Date(k.ExpiresAt), "Index", k.EnrolledIndex, "Old", c.Replaces)
	})
}

// challenge is what the server wants signed.
type challenge struct {
	ID      string `json:"id"`
	KeyID   string `json:"keyId"`
	Message []byte `json:"message"`
}

// enrol enrols the key, in the place of another when replaces is the id of
// one, or the beginning of it.
func (c *newKey) enrol(s *session, replaces string, done func(organisation.Number, supplier.Key)) error {
	format, err := c.Choose("text", "json", "yaml")
	if err != nil {
		return err
	}
	number, err := organisation.ParseIdentifier(c.Supplier)
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
	if replaces != "" {
		old, err := findKey(s, api, number, replaces)
		if err != nil {
			return err
		}
		replaces = old.ID
		in["replaces"] = replaces
	}
	path := keysPath(number)
	var ch challenge
	if err := api.send(s.Ctx, http.MethodPost, path, in, &ch); err != nil {
		return err
	}
	// Never sign what one cannot read: the challenge is a text that says what
	// it is for, so that it can be no statement and no document, and replaces
	// no other key.
	if want := supplier.ChallengeHead(number, public.ID, replaces) + "challenge: "; !strings.HasPrefix(string(ch.Message), want) {
		return console.No("cli.key.challenge", "Server", c.Server)
	}
	sig, err := signing.SignMessage(private, ch.Message)
	if err != nil {
		return kmsFault(c.Key, fmt.Errorf("sign challenge: %w", err))
	}
	var key supplier.Key
	if err := api.send(s.Ctx, http.MethodPost, path+"/challenges/"+ch.ID, map[string]any{"signature": sig}, &key); err != nil {
		return err
	}
	if format != "text" {
		return s.PutValue(c.Output, format, key)
	}
	done(number, key)
	return s.Put(c.Output, []byte(key.ID+"\n"))
}
