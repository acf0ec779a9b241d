package attestation

import (
	"context"
	"fmt"
	"time"

	"felleskrav/internal/access"
	"felleskrav/internal/catalogue"
	"felleskrav/internal/problem"
)

// Renewal is a declaration made anew out of an earlier one: the same answers
// to the newest version of the set. One signature confirms them all.
type Renewal struct {
	// Statement is the exact bytes to sign.
	Statement []byte
	// Version is the set version that is answered.
	Version catalogue.Version
	// Reworded are the requirements that say the same in other words than
	// before; whoever signs should read them.
	Reworded []catalogue.Change
}

// PrepareRenewal gives the statement that renews a declaration, valid until
// then (zero means a year from now). It is refused when one signature would
// not do: a requirement is new or has changed in substance, the offering is
// not what was declared, or the declaration is not the supplier's newest word.
func (s *Service) PrepareRenewal(ctx context.Context, actor access.Actor, digest string, until time.Time) (Renewal, error) {
	r, err := s.read(ctx, digest)
	if err != nil {
		return Renewal{}, err
	}
	if err := access.Check(actor, access.PrepareStatement, string(r.Supplier)); err != nil {
		return Renewal{}, err
	}
	if err := s.renewable(ctx, r); err != nil {
		return Renewal{}, err
	}
	content := s.Catalogue.Content()
	to, known := content.Version(r.Set, "")
	from, knew := content.Version(r.Set, r.SetVersion)
	if !known || !knew {
		return Renewal{}, problem.New(problem.NotFound, "set.not-found", problem.Args{"Set": r.Set, "Version": r.SetVersion})
	}
	out := Renewal{Version: to}
	d := Draft{Offering: r.Offering, Set: to.Set, Version: to.Version, ValidUntil: until, Supersedes: r.Digest}
	changed := problem.Error{Kind: problem.Refused, Key: "renewal.changed"}
	for _, line := range CarryOver(from, to, r.Answers) {
		switch line.State {
		case CarryAnswer:
			if k := line.Change.Kind; k == catalogue.ChangeUnchanged || k == catalogue.ChangeReworded {
				continue // it was not answered before either
			}
			changed.Fields = append(changed.Fields, problem.Field{
				Path: fmt.Sprintf("answers[%s]", line.Requirement), Key: "renewal.answer-again", Args: problem.Args{"Requirement": line.Requirement},
			})
			continue
		case CarryConfirm:
			out.Reworded = append(out.Reworded, line.Change)
		case CarryKept:
		}
		d.Answers = append(d.Answers, line.Answer)
	}
	if n := len(changed.Fields); n > 0 {
		changed.Args = problem.Args{"Count": n, "Version": to.Version}
		return Renewal{}, &changed
	}
	out.Statement, err = s.Prepare(ctx, actor, d)
	return out, err
}

// renewable says whether a declaration is one that a signature can renew.
func (s *Service) renewable(ctx context.Context, r Record) error {
	o, sup, err := s.offering(ctx, r.Offering)
	if err != nil {
		return err
	}
	revoked, err := s.revoked(ctx, r, sup)
	if err != nil {
		return err
	}
	if revoked {
		return refused("renewal.revoked", nil)
	}
	newest, _, err := s.newest(ctx, r.Offering, r.Set, sup)
	if err != nil {
		return err
	}
	if newest.Digest != r.Digest {
		return refused("renewal.superseded", problem.Args{"Digest": newest.Digest})
	}
	withdrawn, err := s.Store.Withdrawals(ctx, []string{r.Digest})
	if err != nil {
		return wrap("read withdrawals", err)
	}
	if len(withdrawn) > 0 {
		return refused("renewal.withdrawn", nil)
	}
	if o.Descriptor().Digest != r.Descriptor {
		return refused("renewal.scope", nil)
	}
	return nil
}
