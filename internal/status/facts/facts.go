package facts

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"felleskrav/internal/access"
	"felleskrav/internal/attestation"
	"felleskrav/internal/catalogue"
	"felleskrav/internal/organisation"
	"felleskrav/internal/problem"
	"felleskrav/internal/review"
	"felleskrav/internal/status"
	"felleskrav/internal/supplier"
)

// Log finds where declarations are logged.
type Log interface {
	Places(ctx context.Context, keys []string) (map[string]attestation.Place, error)
}

// Register tells what the register of legal entities says, as far as that is
// known here. Asking it never waits for the register.
type Register interface {
	// On reports whether the register is asked at all.
	On() bool
	// Known gives one entry, nil when nothing is known, and has it refreshed when
	// it is old.
	Known(ctx context.Context, n organisation.Number) (*organisation.RegisterEntry, error)
	// RegisterEntries gives many in one query; those unknown are left out.
	RegisterEntries(ctx context.Context, numbers []organisation.Number) (map[organisation.Number]organisation.RegisterEntry, error)
}

// Service answers questions about status.
type Service struct {
	Suppliers    supplier.Store
	Attestations attestation.Store
	// Reviews may be nil: then nothing is reviewed.
	Reviews review.Store
	Log     Log
	// Register may be nil: then nothing is known from it.
	Register  Register
	Catalogue catalogue.Provider
	Now       func() time.Time

	released sync.Map // when each version of a set was logged, by its reference
}

const (
	// maxHistory is how many declarations of one offering and set are weighed.
	maxHistory = 200
	// perOffering is how many are read at first where many offerings are
	// weighed together.
	perOffering = 8
	// maxDepth is how far down a chain of sub-suppliers is followed, and
	// maxChain how many offerings in it: those nearest first.
	maxDepth = 5
	maxChain = 200
	// maxChecked is how many numbers one check takes.
	maxChecked = 20_000
)

// DefaultSet is the set asked about when an offering has declared nothing.
const DefaultSet = "grunnsett"

// Status computes the status of an offering for a set ("grunnsett", the newest
// version, or "grunnsett@1.0.0") at a moment; zero is now. An empty setRef is
// the set the offering last declared for.
func (s *Service) Status(ctx context.Context, actor access.Actor, offering, setRef string, at time.Time) (status.Status, error) {
	if err := access.Check(actor, access.ReadStatus, ""); err != nil {
		return status.Status{}, err
	}
	at, err := s.moment(at)
	if err != nil {
		return status.Status{}, err
	}
	o, err := s.Suppliers.Offering(ctx, offering)
	if errors.Is(err, problem.ErrNotFound) {
		return status.Status{}, problem.New(problem.NotFound, "offering.not-found", nil)
	}
	if err != nil {
		return status.Status{}, fmt.Errorf("read offering: %w", err)
	}
	if setRef == "" {
		if setRef, err = s.lastSet(ctx, offering, at); err != nil {
			return status.Status{}, err
		}
	}
	v, err := s.version(ctx, setRef, at)
	if err != nil {
		return status.Status{}, err
	}
	return s.of(ctx, actor, o, v, at)
}

// moment checks the moment asked about: what is not known yet has no status.
func (s *Service) moment(at time.Time) (time.Time, error) {
	now := s.Now().UTC()
	if at.IsZero() {
		return now, nil
	}
	if at.After(now.Add(time.Minute)) {
		return at, problem.New(problem.Invalid, "status.future", nil)
	}
	return at.UTC(), nil
}

// lastSet is the set that an offering had last declared for at a moment.
func (s *Service) lastSet(ctx context.Context, offering string, at time.Time) (string, error) {
	for _, limit := range []int{1, maxHistory} {
		last, err := s.Attestations.AttestationsFor(ctx, offering, "", limit)
		if err != nil {
			return "", fmt.Errorf("find declarations: %w", err)
		}
		for _, r := range last {
			if !r.ReceivedAt.After(at) {
				return r.Set, nil
			}
		}
		if len(last) < limit {
			break
		}
	}
	return DefaultSet, nil
}

// version finds what is asked about at a moment: the version named, or the
// newest there was of the set.
func (s *Service) version(ctx context.Context, ref string, at time.Time) (catalogue.Version, error) {
	set, version, err := catalogue.ParseRef(ref)
	if err != nil {
		return catalogue.Version{}, err
	}
	v, ok := s.Catalogue.Content().Version(set, version)
	if ok && (version == "" || version == "latest") {
		v, ok, err = s.VersionAt(ctx, set, at)
	}
	if err == nil && !ok {
		err = problem.New(problem.NotFound, "set.not-found", problem.Args{"Set": set, "Version": version})
	}
	return v, err
}

// firstReleases is how long after the first release the log has those that came
// with the installation.
const firstReleases = time.Hour

// VersionAt gives the newest version of a set at a moment: nobody knew here of
// one that came into the log later. Before the first it is what the installation
// began with.
func (s *Service) VersionAt(ctx context.Context, set string, at time.Time) (catalogue.Version, bool, error) {
	all := s.Catalogue.Content().Versions(set)
	switch len(all) {
	case 0:
		return catalogue.Version{}, false, nil
	case 1:
		return all[0], true, nil
	}
	logged, err := s.releasedAt(ctx, all)
	if err != nil {
		return catalogue.Version{}, false, err
	}
	if len(logged) == len(all) {
		first := slices.MinFunc(slices.Collect(maps.Values(logged)), time.Time.Compare)
		if at.Before(first) {
			at = first.Add(firstReleases)
		}
	}
	for _, v := range slices.Backward(all) {
		if since, there := logged[v.Ref()]; !there || !since.After(at) {
			return v, true, nil
		}
	}
	return all[0], true, nil
}

// releasedAt tells when versions were logged, by reference. That never changes,
// and is read once.
func (s *Service) releasedAt(ctx context.Context, all []catalogue.Version) (map[string]time.Time, error) {
	out := map[string]time.Time{}
	var keys []string
	for _, v := range all {
		if at, ok := s.released.Load(v.Ref()); ok {
			out[v.Ref()], _ = at.(time.Time)
		} else {
			keys = append(keys, catalogue.ReleaseKey(v.Ref()))
		}
	}
	if len(keys) == 0 {
		return out, nil
	}
	places, err := s.Log.Places(ctx, keys)
	if err != nil {
		return nil, fmt.Errorf("find log entries: %w", err)
	}
	for _, v := range all {
		if p, ok := places[catalogue.ReleaseKey(v.Ref())]; ok {
			out[v.Ref()] = p.At
			s.released.Store(v.Ref(), p.At)
		}
	}
	return out, nil
}

// of gathers the facts for one offering and its chain.
func (s *Service) of(ctx context.Context, actor access.Actor, o supplier.Offering, v catalogue.Version, at time.Time) (status.Status, error) {
	records, err := s.Attestations.AttestationsFor(ctx, o.ID, v.Set, maxHistory)
	if err != nil {
		return status.Status{}, fmt.Errorf("read declarations: %w", err)
	}
	declarations, err := s.declarations(ctx, records)
	if err != nil {
		return status.Status{}, err
	}
	c, err := s.chain(ctx, o, v, at)
	if err != nil {
		return status.Status{}, err
	}
	c.declarations[o.ID], c.unsettled[o.ID] = declarations, len(declarations) < len(records)
	if c.register, err = s.KnownInRegister(ctx, o.Supplier); err != nil {
		return status.Status{}, err
	}
	view := review.ViewOf(actor)
	reviews, unsettled, err := s.reviews(ctx, []string{o.ID}, view)
	if err != nil {
		return status.Status{}, err
	}
	c.reviews, c.reviewsOpen = reviews, view.Opens(o.Supplier)
	c.unsettled[o.ID] = c.unsettled[o.ID] || unsettled[o.ID]
	return c.status(o), nil
}

// KnownInRegister gives what the register of legal entities says about an
// organisation, as far as that is known here; nil is nothing.
func (s *Service) KnownInRegister(ctx context.Context, n organisation.Number) (*organisation.RegisterEntry, error) {
	if s.Register == nil {
		return nil, nil //nolint:nilnil // nothing known is an answer
	}
	e, err := s.Register.Known(ctx, n)
	if err != nil {
		return nil, fmt.Errorf("read register entry: %w", err)
	}
	return e, nil
}

// RegisterOn reports whether the register of legal entities is asked at all.
func (s *Service) RegisterOn() bool { return s.Register != nil && s.Register.On() }

// reviews reads the reviews of offerings that count for somebody, by offering.
// A sub-supplier's need not be read: they change no overall status.
func (s *Service) reviews(ctx context.Context, offerings []string, v review.View) (map[string][]review.Logged, map[string]bool, error) {
	if s.Reviews == nil {
		return nil, nil, nil
	}
	return review.Reader{Store: s.Reviews, Suppliers: s.Suppliers, Log: s.Log}.Of(ctx, offerings, v.Body)
}

// suppliersOf reads suppliers, by number; a number may be given more than once.
func (s *Service) suppliersOf(ctx context.Context, numbers []organisation.Number) (map[organisation.Number]supplier.Supplier, error) {
	found, err := s.Suppliers.SuppliersByNumber(ctx, slices.Compact(slices.Sorted(slices.Values(numbers))))
	if err != nil {
		return nil, fmt.Errorf("read suppliers: %w", err)
	}
	out := make(map[organisation.Number]supplier.Supplier, len(found))
	for _, sup := range found {
		out[sup.Number] = sup
	}
	return out, nil
}

func (s *Service) others(set string) map[string]catalogue.Version {
	out := map[string]catalogue.Version{}
	for _, v := range s.Catalogue.Content().Versions(set) {
		out[v.Version] = v
	}
	return out
}

// declarations adds to stored declarations their place in the log and their
// withdrawal. One without a place was never acknowledged and does not count.
func (s *Service) declarations(ctx context.Context, records []attestation.Record) ([]status.Declaration, error) {
	if len(records) == 0 {
		return nil, nil
	}
	keys := make([]string, len(records))
	digests := make([]string, len(records))
	for i, r := range records {
		keys[i], digests[i] = r.LogKey(), r.Digest
	}
	var places map[string]attestation.Place
	var withdrawals []attestation.Withdrawal
	reads, readCtx := errgroup.WithContext(ctx)
	reads.Go(func() (err error) {
		if places, err = s.Log.Places(readCtx, keys); err != nil {
			return fmt.Errorf("find log entries: %w", err)
		}
		return nil
	})
	reads.Go(func() (err error) {
		if withdrawals, err = s.Attestations.Withdrawals(readCtx, digests); err != nil {
			return fmt.Errorf("read withdrawals: %w", err)
		}
		return nil
	})
	if err := reads.Wait(); err != nil {
		return nil, err
	}
	withdrawn := map[string]*attestation.Withdrawal{}
	for i := range withdrawals {
		withdrawn[withdrawals[i].Attestation] = &withdrawals[i]
	}
	out := make([]status.Declaration, 0, len(records))
	for _, r := range records {
		if p, ok := places[r.LogKey()]; ok {
			out = append(out, status.Declaration{Record: r, LogIndex: p.Index, LoggedAt: p.At, Withdrawal: withdrawn[r.Digest]})
		}
	}
	return out, nil
}

// OfSupplier gives the status of each of a supplier's offerings, for every
// set it has declared for; an offering without a declaration has one status,
// missing for the default set.
func (s *Service) OfSupplier(ctx context.Context, actor access.Actor, number organisation.Number, at time.Time) ([]status.Status, error) {
	if err := access.Check(actor, access.ReadStatus, string(number)); err != nil {
		return nil, err
	}
	at, err := s.moment(at)
	if err != nil {
		return nil, err
	}
	if _, err := s.Suppliers.Supplier(ctx, number); errors.Is(err, problem.ErrNotFound) {
		return nil, problem.New(problem.NotFound, "supplier.not-found", problem.Args{"Number": string(number)})
	} else if err != nil {
		return nil, fmt.Errorf("read supplier: %w", err)
	}
	offerings, err := s.Suppliers.OfferingsOf(ctx, []organisation.Number{number})
	if err != nil {
		return nil, fmt.Errorf("list offerings: %w", err)
	}
	var out []status.Status
	for _, o := range offerings {
		records, err := s.Attestations.AttestationsFor(ctx, o.ID, "", maxHistory)
		if err != nil {
			return nil, fmt.Errorf("read declarations: %w", err)
		}
		sets := []string{}
		for _, r := range records {
			if !slices.Contains(sets, r.Set) {
				sets = append(sets, r.Set)
			}
		}
		if len(sets) == 0 {
			sets = []string{DefaultSet}
		}
		slices.Sort(sets)
		for _, set := range sets {
			v, ok, err := s.VersionAt(ctx, set, at)
			if err != nil {
				return nil, err
			}
			if !ok {
				continue // a set that this installation no longer has
			}
			st, err := s.of(ctx, actor, o, v, at)
			if err != nil {
				return nil, err
			}
			out = append(out, st)
		}
	}
	return out, nil
}

// Revision tells cheaply whether the status of an offering may have changed
// for other reasons than time: the value is the same as long as the offering,
// its supplier, its declarations and those of its chain are. A chain is
// followed one step; a change further down shows within a second by the
// callers' own limit on age.
//
// view is that of whoever asks: the value does not change with reviews that
// are not theirs to know of. The revocation of a reviewer's key shows like a
// change deep down a chain.
func (s *Service) Revision(ctx context.Context, offering string, view review.View) (string, error) {
	o, err := s.Suppliers.Offering(ctx, offering)
	if errors.Is(err, problem.ErrNotFound) {
		return "", problem.New(problem.NotFound, "offering.not-found", nil)
	}
	if err != nil {
		return "", fmt.Errorf("read offering: %w", err)
	}
	sup, err := s.Suppliers.Supplier(ctx, o.Supplier)
	if err != nil {
		return "", fmt.Errorf("read supplier: %w", err)
	}
	rev, err := s.Attestations.AttestationsRevision(ctx, offering)
	if err != nil {
		return "", fmt.Errorf("read declarations' revision: %w", err)
	}
	out := fmt.Sprintf("%d/%d/%s", o.Rev, sup.Rev, rev)
	if s.Reviews != nil {
		r, err := s.Reviews.ReviewsRevision(ctx, offering, view.Body)
		if err != nil {
			return "", fmt.Errorf("read reviews' revision: %w", err)
		}
		out += "/" + r
	}
	asked := map[string]bool{"": true}
	for _, sub := range o.SubSuppliers {
		if asked[sub.Offering] {
			continue
		}
		asked[sub.Offering] = true
		r, err := s.Attestations.AttestationsRevision(ctx, sub.Offering)
		if err != nil {
			return "", fmt.Errorf("read sub-supplier's revision: %w", err)
		}
		out += "/" + r
	}
	return out, nil
}

// Worst is the weakest of several statuses, for a one-word summary.
func Worst(all []status.Status) (status.Status, bool) {
	if len(all) == 0 {
		return status.Status{}, false
	}
	order := status.Overalls()
	return slices.MaxFunc(all, func(a, b status.Status) int {
		return cmp.Compare(slices.Index(order, a.Overall), slices.Index(order, b.Overall))
	}), true
}
