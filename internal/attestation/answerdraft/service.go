package answerdraft

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"felleskrav/internal/access"
	"felleskrav/internal/attestation"
	"felleskrav/internal/catalogue"
	"felleskrav/internal/problem"
	"felleskrav/internal/supplier"
)

// Service holds the rules. A draft is seen by its supplier alone.
type Service struct {
	Store     Store
	Suppliers supplier.Store
	Catalogue catalogue.Provider
	Now       func() time.Time
}

func (s *Service) now() time.Time { return s.Now().UTC().Truncate(time.Millisecond) }

// Ref says which draft.
type Ref struct {
	// Offering is an id, and Version the version of the set that is answered.
	Offering string
	Version  catalogue.Version
}

// Get reads a draft as it is for a version of its set: answers to requirements
// that say something else than when they were answered are left out. There is
// an empty one when nobody has saved anything.
func (s *Service) Get(ctx context.Context, actor access.Actor, ref Ref) (Draft, error) {
	o, err := s.offering(ctx, actor, ref.Offering)
	if err != nil {
		return Draft{}, err
	}
	d, err := s.Store.AnswerDraft(ctx, ref.Offering, ref.Version.Set)
	if errors.Is(err, problem.ErrNotFound) || err == nil && !s.now().Before(d.KeepUntil) {
		return Draft{Offering: o.ID, Set: ref.Version.Set, Supplier: o.Supplier}, nil
	}
	if err != nil {
		return Draft{}, fmt.Errorf("read draft: %w", err)
	}
	return s.as(d, ref.Version), nil
}

// offering reads an offering for somebody who may answer for it.
func (s *Service) offering(ctx context.Context, actor access.Actor, id string) (supplier.Offering, error) {
	o, err := s.Suppliers.Offering(ctx, id)
	if errors.Is(err, problem.ErrNotFound) {
		return o, problem.New(problem.NotFound, "offering.not-found", nil)
	}
	if err != nil {
		return o, fmt.Errorf("read offering: %w", err)
	}
	return o, access.Check(actor, access.PrepareStatement, string(o.Supplier))
}

// as leaves out answers that do not answer the version.
func (s *Service) as(d Draft, v catalogue.Version) Draft {
	d, _ = d.parted(s.answering(v))
	return d
}

// answering tells whether an answer is one to what a version asks.
func (s *Service) answering(v catalogue.Version) func(Saved) bool {
	carried := map[string]map[string]bool{}
	return func(a Saved) bool {
		if _, asked := v.Requirement(a.Answer.Requirement); !asked {
			return false
		}
		if a.Version == v.Version {
			return true
		}
		if carried[a.Version] == nil {
			carried[a.Version] = map[string]bool{}
			if old, ok := s.Catalogue.Content().Version(v.Set, a.Version); ok {
				carried[a.Version] = catalogue.CarriesOver(old, v)
			}
		}
		return carried[a.Version][a.Answer.Requirement]
	}
}

// Sheet is what somebody saves: the answers they had before them.
type Sheet struct {
	Changes []Change
	// ValidUntil is kept when it is not nil.
	ValidUntil *string
	// Form names the copy of the form that it was typed into, and Turn counts
	// what it has sent; 0 is not counted.
	Form string
	Turn int
}

// Save takes what somebody typed into the draft, for each requirement by
// itself, and lists the requirements that somebody else had changed meanwhile:
// there both answers are kept until one is chosen.
func (s *Service) Save(ctx context.Context, actor access.Actor, ref Ref, in Sheet) (Draft, []string, error) {
	o, err := s.offering(ctx, actor, ref.Offering)
	if err != nil {
		return Draft{}, nil, err
	}
	c := problem.Collector{Key: "answerdraft.invalid"}
	for _, ch := range in.Changes {
		if _, ok := ref.Version.Requirement(ch.Answer.Requirement); !ok {
			id := problem.Clip(ch.Answer.Requirement)
			c.Add("answers["+id+"]", "answer.unknown-requirement", problem.Args{"Requirement": id})
		}
	}
	if err := c.Err(); err != nil {
		return Draft{}, nil, err
	}
	now := s.now()
	as := Saved{Version: ref.Version.Version, By: actor.ID, At: now, Form: in.Form, Turn: in.Turn}
	var conflicts []string
	d, err := s.update(ctx, o, ref.Version.Set, func(d Draft) (Draft, error) {
		before, aside := d.parted(s.answering(ref.Version))
		d, conflicts = before.merge(in.Changes, as)
		if in.ValidUntil != nil {
			d.ValidUntil = *in.ValidUntil
		}
		if d.ValidUntil == before.ValidUntil && sameAnswers(d, before) {
			return Draft{}, errNothing
		}
		d = d.with(aside)
		return d.savedBy(actor, now), d.Validate()
	})
	if errors.Is(err, errNothing) {
		d, err = s.Get(ctx, actor, ref)
		return d, conflicts, err
	}
	return s.as(d, ref.Version), conflicts, err
}

// errNothing stops an update that would change nothing.
var errNothing = errors.New("nothing is changed")

func sameAnswers(a, b Draft) bool {
	if len(a.Answers) != len(b.Answers) {
		return false
	}
	for id, x := range a.Answers {
		y, there := b.Answers[id]
		same := func(x, y Saved) bool {
			return x.By == y.By && x.At.Equal(y.At) && x.Version == y.Version && Fingerprint(x.Answer) == Fingerprint(y.Answer)
		}
		if !there || !same(x.Saved, y.Saved) || !slices.EqualFunc(x.Others, y.Others, same) {
			return false
		}
	}
	return true
}

func (d Draft) savedBy(actor access.Actor, now time.Time) Draft {
	d.UpdatedAt, d.UpdatedBy, d.KeepUntil = now, actor.ID, now.Add(Kept)
	return d
}

// update changes a draft that may be new. One whose time is up is as good as
// gone.
func (s *Service) update(ctx context.Context, o supplier.Offering, set string, change func(Draft) (Draft, error)) (Draft, error) {
	d, err := s.Store.UpdateAnswerDraft(ctx, o.ID, set, func(d Draft) (Draft, error) {
		if d.Rev > 0 && !s.now().Before(d.KeepUntil) {
			d = Draft{Offering: d.Offering, Set: d.Set, Rev: d.Rev}
		}
		d.Supplier = o.Supplier
		return change(d)
	})
	if err != nil && problem.KindOf(err) == problem.Internal && !errors.Is(err, errNothing) {
		return d, fmt.Errorf("save draft: %w", err)
	}
	return d, err
}

// Choose ends the choice between answers to a requirement: the one with the
// fingerprint is kept.
func (s *Service) Choose(ctx context.Context, actor access.Actor, ref Ref, requirement, fingerprint string) (Draft, error) {
	o, err := s.offering(ctx, actor, ref.Offering)
	if err != nil {
		return Draft{}, err
	}
	now := s.now()
	d, err := s.update(ctx, o, ref.Version.Set, func(d Draft) (Draft, error) {
		d, aside := d.parted(s.answering(ref.Version))
		e, there := d.Answers[requirement]
		for _, a := range e.all() {
			if !there || Fingerprint(a.Answer) != fingerprint {
				continue
			}
			a.Version = ref.Version.Version
			d.Answers[requirement] = Entry{Saved: a}
			return d.with(aside).savedBy(actor, now), nil
		}
		return Draft{}, problem.New(problem.Stale, "answerdraft.chosen", problem.Args{"Requirement": problem.Clip(requirement)})
	})
	return s.as(d, ref.Version), err
}

// discards is how many times Discard tries again when somebody saves meanwhile.
const discards = 5

// Discard deletes what is saved, and what somebody saves while it does so.
func (s *Service) Discard(ctx context.Context, actor access.Actor, ref Ref) error {
	if _, err := s.offering(ctx, actor, ref.Offering); err != nil {
		return err
	}
	for range discards {
		d, err := s.Store.AnswerDraft(ctx, ref.Offering, ref.Version.Set)
		if errors.Is(err, problem.ErrNotFound) {
			return nil
		}
		if err == nil {
			err = s.Store.RemoveAnswerDraft(ctx, d.Offering, d.Set, d.Rev)
		}
		if err != nil {
			return fmt.Errorf("discard draft: %w", err)
		}
	}
	return problem.New(problem.Stale, "answerdraft.busy", nil)
}

// Settle takes out of the draft what has been declared, and removes it when
// nothing is left. It implements attestation.Drafts.
func (s *Service) Settle(ctx context.Context, r attestation.Record) error {
	_, err := s.Store.AnswerDraft(ctx, r.Offering, r.Set)
	if errors.Is(err, problem.ErrNotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read draft: %w", err)
	}
	d, err := s.Store.UpdateAnswerDraft(ctx, r.Offering, r.Set, func(d Draft) (Draft, error) {
		if d.Rev == 0 {
			return Draft{}, errNothing // somebody has removed it
		}
		var aside map[string][]Saved
		if v, ok := s.Catalogue.Content().Version(r.Set, r.SetVersion); ok {
			d, aside = d.parted(s.answering(v))
		}
		d = d.settle(r.Answers).with(aside)
		d.ValidUntil = ""
		return d, nil
	})
	switch {
	case errors.Is(err, errNothing):
		return nil
	case err == nil && len(d.Answers) == 0:
		err = s.Store.RemoveAnswerDraft(ctx, d.Offering, d.Set, d.Rev)
	}
	if err != nil {
		return fmt.Errorf("settle draft: %w", err)
	}
	return nil
}

// sweepAtOnce is how many drafts one sweep deletes.
const sweepAtOnce = 500

// Sweep deletes the drafts that nobody has worked on for long enough, and says
// how many they were. One that is worked on at the same moment stays.
func (s *Service) Sweep(ctx context.Context) (int, error) {
	due, err := s.Store.DueAnswerDrafts(ctx, s.now(), sweepAtOnce)
	if err != nil {
		return 0, fmt.Errorf("list drafts to delete: %w", err)
	}
	var errs []error
	n := 0
	for _, d := range due {
		if err := s.Store.RemoveAnswerDraft(ctx, d.Offering, d.Set, d.Rev); err != nil {
			errs = append(errs, fmt.Errorf("delete draft: %w", err))
			continue
		}
		n++
	}
	return n, errors.Join(errs...)
}
