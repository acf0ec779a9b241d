package facts

import (
	"context"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"felleskrav/internal/access"
	"felleskrav/internal/catalogue"
	"felleskrav/internal/organisation"
	"felleskrav/internal/problem"
	"felleskrav/internal/review"
	"felleskrav/internal/status"
	"felleskrav/internal/supplier"
)

// CheckRow is one line of a check of many suppliers: one per offering, or one
// without an offering when the supplier is unknown or offers nothing.
type CheckRow struct {
	Number organisation.Number
	// Known tells whether the supplier is registered here.
	Known        bool
	SupplierName string
	// Status is nil without an offering. Its requirements and history are left
	// out.
	Status *status.Status
	// Register is what the register of legal entities says, registered here or not;
	// nil when that is not known.
	Register *organisation.RegisterEntry
}

// Check gives the status of many suppliers at once, in the order asked. It
// takes a handful of queries however many numbers there are; a sub-supplier
// counts with its own declaration, without those further down.
func (s *Service) Check(ctx context.Context, actor access.Actor, numbers []organisation.Number, setRef string, at time.Time) ([]CheckRow, error) {
	if err := access.Check(actor, access.CheckStatus, ""); err != nil {
		return nil, err
	}
	if len(numbers) > maxChecked {
		return nil, problem.New(problem.TooLarge, "status.many", problem.Args{"Max": maxChecked})
	}
	at, err := s.moment(at)
	if err != nil {
		return nil, err
	}
	if setRef == "" {
		setRef = DefaultSet
	}
	v, err := s.version(ctx, setRef, at)
	if err != nil {
		return nil, err
	}
	g, err := s.gather(ctx, numbers, review.ViewOf(actor), v, at)
	if err != nil {
		return nil, err
	}
	var out []CheckRow
	for _, n := range numbers {
		sup, known := g.suppliers[n]
		offerings := g.offeringsOf[n]
		if len(offerings) == 0 {
			// A public body that only reviews is no supplier, known or not.
			out = append(out, CheckRow{Number: n, Known: known && !sup.Body, SupplierName: sup.Name, Register: g.registerAt(n, at)})
		}
		for _, o := range offerings {
			st := status.Of(g.facts(o, v, s.others(v.Set), true, at), at)
			st.Requirements, st.History = nil, nil
			out = append(out, CheckRow{Number: n, Known: true, SupplierName: sup.Name, Status: &st, Register: st.Register})
		}
	}
	return out, nil
}

// gathered is what a check of many is computed from.
type gathered struct {
	suppliers    map[organisation.Number]supplier.Supplier
	offerings    map[string]supplier.Offering
	offeringsOf  map[organisation.Number][]supplier.Offering
	declarations map[string][]status.Declaration
	reviews      map[string][]review.Logged
	view         review.View
	register     map[organisation.Number]organisation.RegisterEntry
}

// registerAt is what the register said about an organisation, if that was known
// at a moment.
func (g *gathered) registerAt(n organisation.Number, at time.Time) *organisation.RegisterEntry {
	e, ok := g.register[n]
	if !ok || !e.Known(at) {
		return nil
	}
	return &e
}

func (s *Service) offeringsOf(ctx context.Context, numbers []organisation.Number) ([]supplier.Offering, error) {
	unique := slices.Clone(numbers)
	slices.Sort(unique)
	own, err := s.Suppliers.OfferingsOf(ctx, slices.Compact(unique))
	if err != nil {
		return nil, fmt.Errorf("list offerings: %w", err)
	}
	return own, nil
}

// gather reads what a check of suppliers is computed from.
func (s *Service) gather(ctx context.Context, numbers []organisation.Number, view review.View, v catalogue.Version, at time.Time) (*gathered, error) {
	own, err := s.offeringsOf(ctx, numbers)
	if err != nil {
		return nil, err
	}
	g, err := s.gatherAbout(ctx, own, numbers, view, at)
	if err != nil {
		return nil, err
	}
	g.declarations, _, err = s.latest(ctx, g.offerings, g.suppliers, v, at, g.reviews)
	return g, err
}

// gatherAbout reads all but the declarations: about suppliers, and about
// offerings and the sub-suppliers they name, as they were described at the
// moment.
func (s *Service) gatherAbout(ctx context.Context, own []supplier.Offering, numbers []organisation.Number, view review.View, at time.Time) (*gathered, error) {
	g := &gathered{
		offerings:   map[string]supplier.Offering{},
		offeringsOf: map[organisation.Number][]supplier.Offering{}, view: view,
	}
	all := slices.Clone(numbers)
	var below, ids []string
	for _, o := range own {
		o = o.At(at)
		ids = append(ids, o.ID)
		g.offerings[o.ID] = o
		g.offeringsOf[o.Supplier] = append(g.offeringsOf[o.Supplier], o)
		for _, sub := range o.SubSuppliers {
			if sub.Offering != "" {
				below = append(below, sub.Offering)
			}
		}
	}
	slices.Sort(below)
	subs, err := s.Suppliers.OfferingsByID(ctx, slices.Compact(below))
	if err != nil {
		return nil, fmt.Errorf("read sub-suppliers' offerings: %w", err)
	}
	for _, o := range subs {
		g.offerings[o.ID] = o.At(at)
		all = append(all, o.Supplier)
	}
	// None of these waits for another.
	reads, readCtx := errgroup.WithContext(ctx)
	reads.Go(func() (err error) {
		g.suppliers, err = s.suppliersOf(readCtx, all)
		return err
	})
	reads.Go(func() (err error) {
		g.reviews, _, err = s.reviews(readCtx, ids, view)
		return err
	})
	if s.Register != nil {
		reads.Go(func() (err error) {
			if g.register, err = s.Register.RegisterEntries(readCtx, numbers); err != nil {
				return fmt.Errorf("read register entries: %w", err)
			}
			return nil
		})
	}
	return g, reads.Wait()
}

func (g *gathered) facts(o supplier.Offering, v catalogue.Version, others map[string]catalogue.Version, chain bool, at time.Time) status.Facts {
	f := status.Facts{
		Version: v, Others: others, Supplier: g.suppliers[o.Supplier], Offering: o,
		Declarations: g.declarations[o.ID], SubSuppliers: map[string]status.Status{},
		Reviews: g.reviews[o.ID], ReviewsOpen: g.view.Opens(o.Supplier),
	}
	if !chain {
		f.Offering.SubSuppliers, f.Reviews = nil, nil
		return f
	}
	f.Register = g.registerAt(o.Supplier, at)
	for _, sub := range o.SubSuppliers {
		if so, ok := g.offerings[sub.Offering]; ok && sub.Offering != o.ID {
			f.SubSuppliers[sub.Offering] = status.Of(g.facts(so, v, others, false, at), at)
		}
	}
	return f
}
