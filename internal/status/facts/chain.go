package facts

import (
	"context"
	"fmt"
	"slices"
	"time"

	"felleskrav/internal/attestation"
	"felleskrav/internal/catalogue"
	"felleskrav/internal/organisation"
	"felleskrav/internal/review"
	"felleskrav/internal/status"
	"felleskrav/internal/supplier"
)

// chain is what the status of an offering and of those below it is computed
// from. Each offering is read once and judged once, however many ways lead to
// it: suppliers say themselves whom they depend on, and a few offerings that
// all name each other have more ways through them than anybody can follow.
type chain struct {
	version      catalogue.Version
	others       map[string]catalogue.Version
	at           time.Time
	offerings    map[string]supplier.Offering
	suppliers    map[organisation.Number]supplier.Supplier
	declarations map[string][]status.Declaration
	// reviews are those of the offering asked about.
	reviews     map[string][]review.Logged
	reviewsOpen bool
	// register is about the supplier of the offering asked about.
	register *organisation.RegisterEntry
	// unsettled tells which have a declaration on its way into the log.
	unsettled map[string]bool
	done      map[string]status.Status
	// path holds the offerings above, so that a ring ends.
	path map[string]bool
}

// chain reads what lies below o, level by level, without o's own declarations.
func (s *Service) chain(ctx context.Context, o supplier.Offering, v catalogue.Version, at time.Time) (*chain, error) {
	below := map[string]supplier.Offering{}
	level := []supplier.Offering{o.At(at)}
	for depth := 0; depth < maxDepth && len(level) > 0; depth++ {
		asked := map[string]bool{}
		var ids []string
		for _, above := range level {
			for _, sub := range above.SubSuppliers {
				_, known := below[sub.Offering]
				if sub.Offering == "" || sub.Offering == o.ID || known || asked[sub.Offering] || len(below)+len(ids) >= maxChain {
					continue
				}
				asked[sub.Offering] = true
				ids = append(ids, sub.Offering)
			}
		}
		if len(ids) == 0 {
			break
		}
		var err error
		if level, err = s.Suppliers.OfferingsByID(ctx, ids); err != nil {
			return nil, fmt.Errorf("read sub-suppliers' offerings: %w", err)
		}
		for i, sub := range level {
			level[i] = sub.At(at)
			below[sub.ID] = level[i]
		}
	}
	numbers := []organisation.Number{o.Supplier}
	for _, sub := range below {
		numbers = append(numbers, sub.Supplier)
	}
	suppliers, err := s.suppliersOf(ctx, numbers)
	if err != nil {
		return nil, err
	}
	c := &chain{
		version: v, others: s.others(v.Set), at: at, offerings: below, suppliers: suppliers,
		done: map[string]status.Status{}, path: map[string]bool{},
	}
	if _, ok := c.suppliers[o.Supplier]; !ok {
		return nil, fmt.Errorf("read supplier %s: it is not there", o.Supplier)
	}
	c.declarations, c.unsettled, err = s.latest(ctx, below, c.suppliers, v, at, nil)
	return c, err
}

func (c *chain) status(o supplier.Offering) status.Status {
	if st, ok := c.done[o.ID]; ok {
		return st
	}
	o = o.At(c.at)
	c.path[o.ID] = true
	defer delete(c.path, o.ID)
	f := status.Facts{
		Version: c.version, Others: c.others, Supplier: c.suppliers[o.Supplier], Offering: o,
		Declarations: c.declarations[o.ID], SubSuppliers: map[string]status.Status{},
		Reviews: c.reviews[o.ID], ReviewsOpen: c.reviewsOpen,
	}
	if c.register != nil && c.register.Number == o.Supplier {
		f.Register = c.register
	}
	unsettled := c.unsettled[o.ID]
	for _, sub := range o.SubSuppliers {
		so, ok := c.offerings[sub.Offering]
		if !ok || c.path[sub.Offering] {
			continue
		}
		st := c.status(so)
		f.SubSuppliers[sub.Offering] = st
		unsettled = unsettled || st.Unsettled
	}
	st := status.Of(f, c.at)
	st.Unsettled = unsettled
	c.done[o.ID] = st
	return st
}

// latest reads the declarations that decide the status of many offerings: the
// newest few of each in one query, and as many as ever count of those where
// the few do not decide, such as when a later moment or a stolen key has
// brought many since. Their answers are in outline but for the offerings in whole, such
// as those that have reviews, since a review counts for the very words that
// were reviewed. unsettled tells which have one on its way into the log.
func (s *Service) latest(ctx context.Context, offerings map[string]supplier.Offering, suppliers map[organisation.Number]supplier.Supplier, v catalogue.Version, at time.Time, whole map[string][]review.Logged) (out map[string][]status.Declaration, unsettled map[string]bool, err error) {
	out, unsettled = map[string][]status.Declaration{}, map[string]bool{}
	ids := make([]string, 0, len(offerings))
	var outlined, full []string
	for id := range offerings {
		ids = append(ids, id)
		if len(whole[id]) > 0 {
			full = append(full, id)
		} else {
			outlined = append(outlined, id)
		}
	}
	if len(ids) == 0 {
		return out, unsettled, nil
	}
	slices.Sort(ids)
	slices.Sort(outlined)
	slices.Sort(full)
	records, err := s.Attestations.LatestOutlines(ctx, outlined, v.Set, perOffering)
	if err != nil {
		return nil, nil, fmt.Errorf("read outlines of declarations: %w", err)
	}
	if len(full) > 0 {
		more, err := s.Attestations.LatestAttestations(ctx, full, v.Set, perOffering)
		if err != nil {
			return nil, nil, fmt.Errorf("read declarations: %w", err)
		}
		records = append(records, more...)
	}
	if out, unsettled, err = s.placed(ctx, records); err != nil {
		return nil, nil, err
	}
	count := map[string]int{}
	for _, r := range records {
		count[r.Offering]++
	}
	others := s.others(v.Set)
	for _, id := range ids {
		if count[id] < perOffering {
			continue
		}
		o := offerings[id]
		o.SubSuppliers = nil
		d := status.Of(status.Facts{Version: v, Others: others, Supplier: suppliers[o.Supplier], Offering: o, Declarations: out[id]}, at).Declaration
		if d != nil && d.Lifecycle != status.LifeRevoked && d.SetVersion == v.Version {
			continue
		}
		all, err := s.Attestations.AttestationsFor(ctx, id, v.Set, maxHistory)
		if err != nil {
			return nil, nil, fmt.Errorf("read declarations: %w", err)
		}
		if out[id], err = s.declarations(ctx, all); err != nil {
			return nil, nil, err
		}
		unsettled[id] = len(out[id]) < len(all)
	}
	return out, unsettled, nil
}

// placed sorts declarations by offering.
func (s *Service) placed(ctx context.Context, records []attestation.Record) (map[string][]status.Declaration, map[string]bool, error) {
	all, err := s.declarations(ctx, records)
	if err != nil {
		return nil, nil, err
	}
	out, left := map[string][]status.Declaration{}, map[string]int{}
	for _, r := range records {
		left[r.Offering]++
	}
	for _, d := range all {
		out[d.Offering] = append(out[d.Offering], d)
		left[d.Offering]--
	}
	unsettled := map[string]bool{}
	for id, n := range left {
		unsettled[id] = n > 0
	}
	return out, unsettled, nil
}
