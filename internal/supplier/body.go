package supplier

import (
	"context"

	"felleskrav/internal/access"
	"felleskrav/internal/problem"
)

// RegisterBody registers a public body, so that it can enrol keys and sign
// reviews, or changes its name. Its own people do that. An organisation that
// is registered as a supplier can sign reviews as it is, and is left alone
// ([problem.Refused]); a body that becomes a supplier is registered as one by
// [Service.Register], and keeps its keys.
func (s *Service) RegisterBody(ctx context.Context, actor access.Actor, in Supplier) (saved Supplier, created bool, err error) {
	if err := access.Check(actor, access.RegisterBody, string(in.Number)); err != nil {
		return Supplier{}, false, err
	}
	if in.Number.Foreign() { // a body is Norwegian
		return Supplier{}, false, problem.New(problem.Invalid, "organisation.number", problem.Args{"Number": problem.Clip(string(in.Number))})
	}
	in.Body, in.Website, in.Registration = true, "", nil
	if in.Country == "" {
		in.Country = "NO"
	}
	if err := in.Validate(); err != nil {
		return Supplier{}, false, err
	}
	now := s.now()
	return s.register(ctx, in, now, func(old Supplier) (Supplier, error) {
		if !old.Body {
			return Supplier{}, problem.New(problem.Refused, "body.is-supplier", problem.Args{"Name": old.Name})
		}
		if in.Rev != 0 && old.Rev != in.Rev {
			return Supplier{}, problem.New(problem.Stale, "supplier.stale", nil)
		}
		old.Name, old.Country, old.UpdatedAt = in.Name, in.Country, now
		return old, nil
	})
}
