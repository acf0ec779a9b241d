package audit

import "felleskrav/internal/console"

// Verify is the command that checks a signed statement without asking anybody.
type Verify struct {
	Bundle  string `required:"" placeholder:"FILE"`
	Receipt string `placeholder:"FILE"`
	LogKey  string `conf:"" placeholder:"VKEY|FILE"`
	Key     string `placeholder:"FILE"`
	offlineTrust
	console.Output
}

// Run checks a bundle, and a receipt, without asking anybody.
func (c *Verify) Run(s *console.Session) error {
	format, err := c.Choose("text", "json", "yaml")
	if err != nil {
		return err
	}
	if c.Key == "" && c.LogKey == "" && c.Empty() {
		return console.Usage("cli.verify.nothing")
	}
	if c.Receipt != "" && c.LogKey == "" {
		return console.Usage("cli.verify.log-key")
	}
	raw, err := s.Read(c.Bundle)
	if err != nil {
		return err
	}
	in := verifyInput{bundle: raw, now: s.Now()}
	if in.signers, err = c.signers(s.Now); err != nil {
		return err
	}
	if c.Key != "" {
		key, err := PublicKey(s, c.Key)
		if err != nil {
			return err
		}
		in.key = &key
	}
	if c.LogKey != "" {
		if in.log, err = LogVerifier(s, c.LogKey); err != nil {
			return err
		}
	}
	if c.Receipt != "" {
		if in.receipt, err = s.Read(c.Receipt); err != nil {
			return err
		}
	}
	v, st := in.verify()
	for i := range v.Checks {
		if f := &v.Checks[i]; f.err != nil {
			f.Detail = s.Cause(f.err)
		}
	}
	if format == "text" {
		err = s.Put(c.Output, []byte(v.text(s.Texts, st)))
	} else {
		err = s.PutValue(c.Output, format, v)
	}
	if err == nil && !v.Verified {
		err = console.ErrNo
	}
	return err
}
