package facts

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"felleskrav/internal/access"
	"felleskrav/internal/organisation"
	"felleskrav/internal/review"
	"felleskrav/internal/status"
	"felleskrav/internal/supplier"
)

// Followed is what is known about suppliers and offerings that somebody watches.
type Followed struct {
	Suppliers map[organisation.Number]supplier.Supplier
	// Statuses has one for each offering and set it has declared for, or one for
	// the default set; by supplier, the order of offerings, and set. They are
	// without a history.
	Statuses []status.Status
	Register map[organisation.Number]organisation.RegisterEntry
}

// Followed gives the statuses of all offerings of some suppliers and of some
// offerings of others. It takes a handful of queries, and a few for each set
// there is, however much is asked about; a sub-supplier counts with its own
// declaration, without those further down.
func (s *Service) Followed(ctx context.Context, actor access.Actor, numbers []organisation.Number, offerings []string, at time.Time) (Followed, error) {
	if err := access.Check(actor, access.ReadStatus, ""); err != nil {
		return Followed{}, err
	}
	at, err := s.moment(at)
	if err != nil {
		return Followed{}, err
	}
	own, err := s.offeringsOf(ctx, numbers)
	if err != nil {
		return Followed{}, err
	}
	some, err := s.Suppliers.OfferingsByID(ctx, offerings)
	if err != nil {
		return Followed{}, fmt.Errorf("read offerings: %w", err)
	}
	own = append(own, some...)
	slices.SortFunc(own, func(a, b supplier.Offering) int {
		return cmp.Or(cmp.Compare(a.Supplier, b.Supplier), cmp.Compare(a.ID, b.ID))
	})
	own = slices.CompactFunc(own, func(a, b supplier.Offering) bool { return a.ID == b.ID })
	numbers = slices.Clone(numbers)
	for _, o := range own {
		numbers = append(numbers, o.Supplier)
	}
	slices.Sort(numbers)
	numbers = slices.Compact(numbers)
	g, err := s.gatherAbout(ctx, own, numbers, review.ViewOf(actor), at)
	if err != nil {
		return Followed{}, err
	}
	found := map[string][]status.Status{}
	for _, set := range s.Catalogue.Content().EverySet() {
		v, ok, err := s.VersionAt(ctx, set.ID, at)
		if err != nil {
			return Followed{}, err
		}
		if !ok {
			continue
		}
		if g.declarations, _, err = s.latest(ctx, g.offerings, g.suppliers, v, at, g.reviews); err != nil {
			return Followed{}, err
		}
		for _, o := range own {
			if len(g.declarations[o.ID]) > 0 || set.ID == DefaultSet {
				st := status.Of(g.facts(g.offerings[o.ID], v, s.others(v.Set), true, at), at)
				st.History = nil
				found[o.ID] = append(found[o.ID], st)
			}
		}
	}
	out := Followed{Suppliers: g.suppliers, Register: g.register}
	for _, o := range own {
		all := found[o.ID]
		declared := slices.DeleteFunc(slices.Clone(all), func(st status.Status) bool { return st.Overall == status.Missing })
		if len(declared) > 0 {
			all = declared
		}
		slices.SortFunc(all, func(a, b status.Status) int { return cmp.Compare(a.Set, b.Set) })
		out.Statuses = append(out.Statuses, all...)
	}
	return out, nil
}
