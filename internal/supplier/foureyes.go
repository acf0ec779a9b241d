package supplier

import (
	"context"

	"felleskrav/internal/access"
	"felleskrav/internal/organisation"
	"felleskrav/internal/problem"
)

// SetFourEyes says whether a supplier's declarations take effect only when two
// of its signers have signed them. It is logged either way, so that anyone can
// see what held when. Asking for it takes two keys that can sign.
func (s *Service) SetFourEyes(ctx context.Context, actor access.Actor, number organisation.Number, on bool) (Supplier, error) {
	if err := access.Check(actor, access.WriteFourEyes, string(number)); err != nil {
		return Supplier{}, err
	}
	sup, err := s.read(ctx, number)
	if err != nil {
		return Supplier{}, err
	}
	if sup.Body {
		return Supplier{}, problem.New(problem.Refused, "body.offers-nothing", problem.Args{"Name": sup.Name})
	}
	if sup.FourEyes == on {
		return sup, nil
	}
	event := "four-eyes-ended"
	if on {
		event = "four-eyes-required"
		if n := sup.signers(s.now()); n < 2 {
			return Supplier{}, problem.New(problem.Refused, "supplier.four-eyes-keys", problem.Args{"Count": n})
		}
	}
	// Each change is an event of its own: a supplier may turn it on, off and on.
	_, at, err := s.log(ctx, event+":"+string(number)+":"+s.NewID(), keyEvent{Event: event, Supplier: number.ID()})
	if err != nil {
		return Supplier{}, err
	}
	saved, err := s.Store.UpdateSupplier(ctx, number, func(old Supplier) (Supplier, error) {
		old.FourEyes, old.UpdatedAt = on, at
		return old, nil
	})
	return saved, wrap("save supplier", err)
}
