package supplier

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"felleskrav/internal/access"
	"felleskrav/internal/organisation"
	"felleskrav/internal/problem"
)

// Log is where key events are made public. Append is idempotent by key and
// returns when the entry is durable and has its place.
type Log interface {
	Append(ctx context.Context, key string, body []byte) (index int64, at time.Time, err error)
}

// Service holds the rules for suppliers, keys and offerings.
type Service struct {
	Store Store
	Log   Log
	// Signers tells who signed; nil knows enrolled keys only.
	Signers *Signers
	Now     func() time.Time
	// NewID makes UUIDv7 strings.
	NewID func() string
}

func (s *Service) now() time.Time { return s.Now().UTC().Truncate(time.Millisecond) }

// Register creates a supplier or changes what it says about itself. created
// tells which. A revision in it is the one the change was made from; 0 means
// whatever is there.
func (s *Service) Register(ctx context.Context, actor access.Actor, in Supplier) (saved Supplier, created bool, err error) {
	if err := access.Check(actor, access.RegisterSupplier, string(in.Number)); err != nil {
		return Supplier{}, false, err
	}
	if err := in.Validate(); err != nil {
		return Supplier{}, false, err
	}
	in.Body = false
	now := s.now()
	change := func(old Supplier) (Supplier, error) {
		if in.Rev != 0 && old.Rev != in.Rev {
			return Supplier{}, problem.New(problem.Stale, "supplier.stale", nil)
		}
		old.Name, old.Country, old.Website, old.Registration, old.UpdatedAt = in.Name, in.Country, in.Website, in.Registration, now
		old.Body = false // a body that begins to deliver services
		return old, nil
	}
	return s.register(ctx, in, now, change)
}

// register changes what is there, or adds it.
func (s *Service) register(ctx context.Context, in Supplier, now time.Time, change func(Supplier) (Supplier, error)) (saved Supplier, created bool, err error) {
	saved, err = s.Store.UpdateSupplier(ctx, in.Number, change)
	if !errors.Is(err, problem.ErrNotFound) {
		return saved, false, wrap("save supplier", err)
	}
	if in.Rev != 0 {
		return Supplier{}, false, problem.New(problem.Stale, "supplier.stale", nil)
	}
	fresh := Supplier{
		Number: in.Number, Name: in.Name, Country: in.Country, Website: in.Website, Invented: in.Invented, Body: in.Body, Registration: in.Registration, CreatedAt: now, UpdatedAt: now,
	}
	err = s.Store.InsertSupplier(ctx, fresh)
	if errors.Is(err, problem.ErrExists) { // somebody else was first: then it is a change
		saved, err = s.Store.UpdateSupplier(ctx, in.Number, change)
		return saved, false, wrap("save supplier", err)
	}
	if err != nil {
		return Supplier{}, false, wrap("save supplier", err)
	}
	saved, err = s.Store.Supplier(ctx, in.Number)
	return saved, true, wrap("read supplier", err)
}

// Get reads one supplier.
func (s *Service) Get(ctx context.Context, actor access.Actor, number organisation.Number) (Supplier, error) {
	if err := access.Check(actor, access.ReadSupplier, string(number)); err != nil {
		return Supplier{}, err
	}
	return s.read(ctx, number)
}

func (s *Service) read(ctx context.Context, number organisation.Number) (Supplier, error) {
	sup, err := s.Store.Supplier(ctx, number)
	if errors.Is(err, problem.ErrNotFound) {
		return Supplier{}, problem.New(problem.NotFound, "supplier.not-found", problem.Args{"Number": string(number)})
	}
	return sup, wrap("read supplier", err)
}

// CreateOffering adds an offering with its first descriptor.
func (s *Service) CreateOffering(ctx context.Context, actor access.Actor, o Offering) (Offering, error) {
	if err := access.Check(actor, access.WriteOffering, string(o.Supplier)); err != nil {
		return Offering{}, err
	}
	sup, err := s.read(ctx, o.Supplier)
	if err != nil {
		return Offering{}, err
	}
	if sup.Body {
		return Offering{}, problem.New(problem.Refused, "body.offers-nothing", problem.Args{"Name": sup.Name})
	}
	o.ID, o.Rev, o.Descriptors = s.NewID(), 0, nil
	if err := o.Validate(); err != nil {
		return Offering{}, err
	}
	if o.SubSuppliers, err = s.links(ctx, o.SubSuppliers); err != nil {
		return Offering{}, err
	}
	o.CreatedAt = s.now()
	if o, err = describe(o, sup.Name, o.CreatedAt); err != nil {
		return Offering{}, err
	}
	if err := s.Store.InsertOffering(ctx, o); err != nil {
		return Offering{}, wrap("save offering", err)
	}
	o, err = s.Store.Offering(ctx, o.ID)
	return o, wrap("read offering", err)
}

// links holds the offerings that sub-suppliers are said to deliver against
// what is registered: each must be there and be theirs. It fills in whose they
// are, and writes numbers as digits only.
func (s *Service) links(ctx context.Context, in []SubSupplier) ([]SubSupplier, error) {
	out := slices.Clone(in)
	var ids []string
	for i := range out {
		if out[i].Number != "" {
			n, err := organisation.ParseIdentifier(string(out[i].Number))
			if err != nil {
				return nil, err
			}
			out[i].Number = n
		}
		if out[i].Offering != "" {
			ids = append(ids, out[i].Offering)
		}
	}
	if len(ids) == 0 {
		return out, nil
	}
	slices.Sort(ids)
	found, err := s.Store.OfferingsByID(ctx, slices.Compact(ids))
	if err != nil {
		return nil, wrap("read sub-suppliers' offerings", err)
	}
	owner := map[string]organisation.Number{}
	for _, o := range found {
		owner[o.ID] = o.Supplier
	}
	var c problem.Collector
	for i := range out {
		sub := &out[i]
		if sub.Offering == "" {
			continue
		}
		n, there := owner[sub.Offering]
		c.Check(there, indexed("subSuppliers", i, "offering"), "field.offering", nil)
		c.Check(!there || sub.Number == "" || sub.Number == n, indexed("subSuppliers", i, "offering"), "field.offering-other", nil)
		sub.Number = n
	}
	return out, c.Err()
}

// describe adds a descriptor when what it describes has changed.
func describe(o Offering, supplierName string, at time.Time) (Offering, error) {
	d, err := o.Describe(supplierName, at)
	if err != nil {
		return Offering{}, err
	}
	o.UpdatedAt = at
	if bytes.Equal(d.Bytes, o.Descriptor().Bytes) {
		return o, nil
	}
	size := len(d.Bytes)
	for _, old := range o.Descriptors {
		size += len(old.Bytes)
	}
	if len(o.Descriptors) >= maxDescriptors {
		return Offering{}, problem.New(problem.Refused, "offering.many-changes", problem.Args{"Max": maxDescriptors})
	}
	if size > maxDescribed {
		return Offering{}, problem.New(problem.Refused, "offering.much", nil)
	}
	o.Descriptors = append(o.Descriptors[:len(o.Descriptors):len(o.Descriptors)], d)
	return o, nil
}

// UpdateOffering changes what an offering says. rev is the revision the
// change was made from; 0 means whatever is there. A changed offering gets a
// new descriptor, and declarations about the old one then show another scope.
func (s *Service) UpdateOffering(ctx context.Context, actor access.Actor, in Offering, rev int64) (Offering, error) {
	old, err := s.offering(ctx, in.ID)
	if err != nil {
		return Offering{}, err
	}
	if err := access.Check(actor, access.WriteOffering, string(old.Supplier)); err != nil {
		return Offering{}, err
	}
	in.Supplier = old.Supplier
	if err := in.Validate(); err != nil {
		return Offering{}, err
	}
	if in.SubSuppliers, err = s.links(ctx, in.SubSuppliers); err != nil {
		return Offering{}, err
	}
	sup, err := s.read(ctx, old.Supplier)
	if err != nil {
		return Offering{}, err
	}
	now := s.now()
	saved, err := s.Store.UpdateOffering(ctx, in.ID, func(o Offering) (Offering, error) {
		if rev != 0 && o.Rev != rev {
			return Offering{}, problem.New(problem.Stale, "offering.stale", nil)
		}
		o.Name, o.Description, o.Models, o.Version = in.Name, in.Description, in.Models, in.Version
		o.Regions, o.SubSuppliers = in.Regions, in.SubSuppliers
		return describe(o, sup.Name, now)
	})
	return saved, wrap("save offering", err)
}

// Offering reads one offering.
func (s *Service) Offering(ctx context.Context, actor access.Actor, id string) (Offering, error) {
	if err := access.Check(actor, access.ReadOffering, ""); err != nil {
		return Offering{}, err
	}
	return s.offering(ctx, id)
}

func (s *Service) offering(ctx context.Context, id string) (Offering, error) {
	o, err := s.Store.Offering(ctx, id)
	if errors.Is(err, problem.ErrNotFound) {
		return Offering{}, problem.New(problem.NotFound, "offering.not-found", nil)
	}
	return o, wrap("read offering", err)
}

// Offerings lists a supplier's offerings.
func (s *Service) Offerings(ctx context.Context, actor access.Actor, number organisation.Number) ([]Offering, error) {
	if err := access.Check(actor, access.ReadOffering, string(number)); err != nil {
		return nil, err
	}
	out, err := s.Store.OfferingsOf(ctx, []organisation.Number{number})
	return out, wrap("list offerings", err)
}

// OfferingsByID reads many offerings at once; absent ones are left out.
func (s *Service) OfferingsByID(ctx context.Context, actor access.Actor, ids []string) ([]Offering, error) {
	if err := access.Check(actor, access.ReadOffering, ""); err != nil {
		return nil, err
	}
	out, err := s.Store.OfferingsByID(ctx, ids)
	return out, wrap("read offerings", err)
}

// wrap adds what was being done to an error that is not already a problem.
func wrap(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, err)
}
