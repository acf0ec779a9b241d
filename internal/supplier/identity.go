package supplier

import (
	"fmt"
	"slices"

	"felleskrav/internal/problem"
	"felleskrav/internal/signing"
	"felleskrav/internal/signing/keyless"
)

// checkIdentity notes what is wrong with a login that a supplier wants to
// enrol.
func (s *Service) checkIdentity(c *problem.Collector, id keyless.Identity) {
	if s.Signers == nil || s.Signers.Identities == nil {
		c.Add("identity", "key.identity-off", nil)
		return
	}
	c.Check(id.Validate() == nil, "identity", "key.identity-malformed", nil)
}

// proveIdentity checks that a keyless bundle over the challenge was made by the
// login that is to be enrolled.
func (s *Service) proveIdentity(ch Challenge, bundle []byte) error {
	no := problem.New(problem.Refused, "key.identity-proof", problem.Args{"Subject": ch.Identity.Subject, "Issuer": ch.Identity.Issuer})
	if s.Signers == nil || s.Signers.Identities == nil {
		return problem.New(problem.Refused, "key.identity-off", nil)
	}
	who, err := s.Signers.Identities.VerifyBlob(bundle, ch.Bytes)
	if err != nil {
		return no.Because(err)
	}
	if !ch.Identity.Matches(who) {
		return no
	}
	return nil
}

// checkIdentifiers reads organisation identifiers as certificates write them,
// and sorts them. Norwegian ones are left out of it: the number is the
// organisation's own.
func checkIdentifiers(in []string) ([]string, error) {
	var c problem.Collector
	c.Check(len(in) <= maxIdentifiers, "identifiers", "field.many", problem.Args{"Max": maxIdentifiers})
	var out []string
	for i, text := range in[:min(len(in), maxIdentifiers)] {
		o, err := signing.ParseOrganisation(text)
		if err != nil || o.Country == "NO" {
			c.Add(fmt.Sprintf("identifiers[%d]", i), "supplier.identifier", problem.Args{"Value": problem.Clip(text)})
			continue
		}
		out = append(out, o.String())
	}
	slices.Sort(out)
	return slices.Compact(out), c.Err()
}
