package supplier

import (
	"context"
	"errors"
	"time"

	"felleskrav/internal/access"
	"felleskrav/internal/organisation"
	"felleskrav/internal/problem"
)

// Registration is where a supplier without a Norwegian organisation number is
// registered: the register, and the number as that register writes it. The
// identifier that it is known by here is made of the same.
type Registration struct {
	Register string `json:"register"`
	Number   string `json:"number"`
}

// Verification says that two editors, one after the other, have held what a
// foreign supplier says about itself against the register that it names.
type Verification struct {
	// What was verified. It counts for nothing once the supplier says otherwise.
	Name         string       `json:"name"`
	Country      string       `json:"country"`
	Registration Registration `json:"registration"`
	// Steps are one for each editor, at most two.
	Steps []VerificationStep `json:"steps"`
}

// VerificationStep is one editor's word.
type VerificationStep struct {
	// By is the editor's credential or person: it is compared, and never shown.
	By string `json:"by"`
	// Org and OrgName are the organisation that the editor acts for. They are public.
	Org     organisation.Number `json:"org"`
	OrgName string              `json:"orgName"`
	At      time.Time           `json:"at"`
	// Index is the place in the log.
	Index int64 `json:"index"`
}

// verifiers is how many editors must verify a foreign supplier.
const verifiers = 2

// steps are those that were about what the supplier says now.
func (s Supplier) steps() []VerificationStep {
	v := s.Verification
	if v == nil || s.Registration == nil || v.Name != s.Name || v.Country != s.Country || v.Registration != *s.Registration {
		return nil
	}
	return v.Steps
}

// VerificationSteps are the editors' words that count for what a foreign
// supplier says about itself now, in order.
func (s Supplier) VerificationSteps() []VerificationStep { return s.steps() }

// Verified reports whether it is settled that the organisation is whom it says:
// a Norwegian number is looked up by whoever gives out access for it; a foreign
// supplier must have been verified by two.
func (s Supplier) Verified() bool { return !s.Number.Foreign() || len(s.steps()) >= verifiers }

// MayDeclare says why a supplier may not sign a declaration, if so.
func (s Supplier) MayDeclare() error {
	if s.Verified() {
		return nil
	}
	return problem.New(problem.Refused, "supplier.not-verified", problem.Args{"Name": s.Name, "Count": len(s.steps()), "Needed": verifiers})
}

// checkForeign notes what is wrong with a supplier that has no Norwegian number.
func (s Supplier) checkForeign(c *problem.Collector) {
	if !s.Number.Foreign() {
		c.Check(s.Registration == nil, "registration", "supplier.registration-norwegian", nil)
		return
	}
	c.Check(s.Country != "NO", "country", "supplier.foreign-in-norway", nil)
	if s.Registration == nil {
		c.Add("registration.register", "field.required", nil)
		c.Add("registration.number", "field.required", nil)
		return
	}
	c.Line("registration.register", s.Registration.Register, 1, maxName)
	c.Line("registration.number", s.Registration.Number, 1, 60)
	if of := s.Number.RegisterCountry(); of != "" && s.Country != "NO" {
		c.Check(s.Country == of, "country", "supplier.country-of-register", problem.Args{"Country": of})
	}
}

// errChanged says that what was to be verified is not what is there.
var errChanged = errors.New("the supplier has changed")

// Verify records that an editor has held a foreign supplier's name, country and
// number against the register it names. The first editor's word is kept; when a
// second editor, who is another, says the same of the same, the supplier is
// verified. rev is the revision that the editor looked at; 0 means whatever is
// there. Each word is logged, with the organisation that the editor acts for and
// never a person.
func (s *Service) Verify(ctx context.Context, actor access.Actor, number organisation.Number, rev int64) (Supplier, error) {
	sup, err := s.verifiable(ctx, actor, number, rev)
	if err != nil {
		return Supplier{}, err
	}
	steps := sup.steps()
	if len(steps) >= verifiers {
		return sup, nil
	}
	for _, step := range steps {
		if step.By == actor.ID {
			return Supplier{}, problem.New(problem.Refused, "supplier.verified-by-you", nil)
		}
	}
	step := VerificationStep{By: actor.ID, Org: organisation.Number(actor.Org), OrgName: actor.Name}
	event := s.verificationEvent("supplier-verified-once", sup)
	if len(steps)+1 == verifiers {
		event.Event = "supplier-verified"
	}
	event.VerifiedBy = append(orgs(steps), step.Org.ID())
	if step.Index, step.At, err = s.log(ctx, event.Event+":"+string(number)+":"+s.NewID(), event); err != nil {
		return Supplier{}, err
	}
	saved, err := s.Store.UpdateSupplier(ctx, number, func(old Supplier) (Supplier, error) {
		if old.Registration == nil || old.Name != sup.Name || old.Country != sup.Country || *old.Registration != *sup.Registration || len(old.steps()) != len(steps) {
			return Supplier{}, errChanged
		}
		old.Verification = &Verification{Name: sup.Name, Country: sup.Country, Registration: *sup.Registration, Steps: append(steps[:len(steps):len(steps)], step)}
		old.UpdatedAt = step.At
		return old, nil
	})
	return saved, staleIfChanged(err)
}

// EndVerification takes a verification back, whoever gave it: one editor's doubt
// is enough. It is logged.
func (s *Service) EndVerification(ctx context.Context, actor access.Actor, number organisation.Number, rev int64) (Supplier, error) {
	sup, err := s.verifiable(ctx, actor, number, rev)
	if err != nil || sup.Verification == nil {
		return sup, err
	}
	event := s.verificationEvent("supplier-verification-ended", sup)
	event.VerifiedBy = []string{organisation.Number(actor.Org).ID()}
	_, at, err := s.log(ctx, event.Event+":"+string(number)+":"+s.NewID(), event)
	if err != nil {
		return Supplier{}, err
	}
	saved, err := s.Store.UpdateSupplier(ctx, number, func(old Supplier) (Supplier, error) {
		old.Verification, old.UpdatedAt = nil, at
		return old, nil
	})
	return saved, wrap("save supplier", err)
}

// verifiable is the supplier that an editor is to verify.
func (s *Service) verifiable(ctx context.Context, actor access.Actor, number organisation.Number, rev int64) (Supplier, error) {
	if err := access.Check(actor, access.VerifySupplier, string(number)); err != nil {
		return Supplier{}, err
	}
	sup, err := s.read(ctx, number)
	switch {
	case err != nil:
		return Supplier{}, err
	case !number.Foreign():
		return Supplier{}, problem.New(problem.Refused, "supplier.verify-norwegian", nil)
	case actor.Org == string(number):
		return Supplier{}, problem.New(problem.Refused, "supplier.verify-own", nil)
	case sup.Registration == nil:
		return Supplier{}, problem.New(problem.Refused, "supplier.not-verified", problem.Args{"Name": sup.Name, "Count": 0, "Needed": verifiers})
	case rev != 0 && sup.Rev != rev:
		return Supplier{}, problem.New(problem.Stale, "supplier.stale", nil)
	}
	return sup, nil
}

func (s *Service) verificationEvent(event string, sup Supplier) keyEvent {
	return keyEvent{
		Event: event, Supplier: sup.Number.ID(), Name: sup.Name, Country: sup.Country, Register: sup.Registration.Register, RegisterNumber: sup.Registration.Number,
	}
}

func orgs(steps []VerificationStep) []string {
	var out []string
	for _, step := range steps {
		out = append(out, step.Org.ID())
	}
	return out
}

func staleIfChanged(err error) error {
	if errors.Is(err, errChanged) {
		return problem.New(problem.Stale, "supplier.stale", nil)
	}
	return wrap("save supplier", err)
}
