package procurement

import (
	"slices"

	"felleskrav/internal/catalogue"
	"felleskrav/internal/problem"
	"felleskrav/internal/selection"
)

// bind settles what the procurement rests on, unless that is settled, and binds
// it to the newest release of each set it is not bound to yet.
func (s *Service) bind(p Procurement) (Procurement, error) {
	if p.Basis != nil {
		return p, nil
	}
	cat := s.Catalogue.Content()
	basis, err := selection.Decide(cat, p.Input)
	if err != nil {
		return Procurement{}, err
	}
	var sets []SetRef
	for _, id := range basis.Sets {
		if i := slices.IndexFunc(p.Sets, func(r SetRef) bool { return r.ID == id }); i >= 0 {
			sets = append(sets, p.Sets[i])
		} else if v, ok := cat.Version(id, ""); ok {
			sets = append(sets, SetRef{ID: v.Set, Version: v.Version, Digest: v.Digest})
		}
	}
	p.Basis, p.Sets = &basis, sets
	return p, nil
}

// selected gives the releases that a bound procurement is bound to, and what is
// selected from them. What else the content says does not count.
func (s *Service) selected(p Procurement) ([]catalogue.Version, selection.Result, error) {
	var out []catalogue.Version
	for _, ref := range p.Sets {
		v, ok := s.Catalogue.Content().Version(ref.ID, ref.Version)
		if !ok || v.Digest != ref.Digest {
			return nil, selection.Result{}, problem.New(problem.Unavailable, "procurement.set-gone", problem.Args{"Set": ref.ID, "Version": ref.Version})
		}
		out = append(out, v)
	}
	return out, p.Basis.Over(p.Input.DeliveryModels, out), nil
}
