package evidence

import (
	"context"
	"errors"
	"slices"
	"time"

	"felleskrav/internal/access"
	"felleskrav/internal/organisation"
	"felleskrav/internal/problem"
)

// ErasureRequest is what an owner says when bytes are to go.
type ErasureRequest struct {
	// Reason is shown to those who could read the file.
	Reason string
	// ForgetName takes the file name out of the record too, which may hold
	// personal data. Signed declarations that have it keep it.
	ForgetName bool
}

// maxEraseReason is the longest reason, in characters.
const maxEraseReason = 300

// Erase removes the bytes of an owner's file. The record stays with digest,
// size, kind and reason. Other owners of the same bytes keep theirs. It may be
// asked for again, as after a fault. rev is as in [Service.Amend].
func (s *Service) Erase(ctx context.Context, actor access.Actor, owner organisation.Number, sha256 string, ask ErasureRequest, rev int64) (Evidence, error) {
	if err := access.Check(actor, access.EraseEvidence, string(owner)); err != nil {
		return Evidence{}, err
	}
	if err := s.own(ctx, owner, sha256); err != nil {
		return Evidence{}, err
	}
	var c problem.Collector
	c.Line("reason", ask.Reason, 1, maxEraseReason)
	if err := c.Err(); err != nil {
		return Evidence{}, err
	}
	now := s.now()
	_, err := s.Store.UpdateEvidence(ctx, owner, sha256, func(e Evidence) (Evidence, error) {
		switch {
		case e.Present():
			if rev != 0 && e.Rev != rev {
				return e, problem.New(problem.Stale, "evidence.stale", nil)
			}
			e = e.erasing(Erasure{By: ByOwner, Reason: ask.Reason, At: now})
		case e.State == Arriving: // it comes back at this moment
			return e, problem.New(problem.Stale, "evidence.stale", nil)
		}
		if ask.ForgetName {
			e.Name = ""
		}
		return e, nil
	})
	if err != nil {
		return Evidence{}, wrap("erase evidence", err)
	}
	e, err := s.finish(ctx, owner, sha256)
	return s.shown(e), err
}

// erasing gives the record closed, with its bytes to go. It is pure.
func (e Evidence) erasing(why Erasure) Evidence {
	e.Changes = slices.Clone(e.Changes)
	if e.Present() {
		e.note(FieldState, string(Stored), string(Erased), why.At)
	}
	e.State, e.StateAt, e.Claim = Erasing, why.At, 0
	if e.Erasure == nil {
		e.Erasure = &why
	}
	if e.Scan.State == Pending { // there is nothing to scan any more
		e.Scan = Scan{State: Unscanned}
	}
	return e
}

// finish removes the bytes of a record that is Erasing, unless somebody else
// needs them, and makes it Erased. It may be repeated, and run several times
// at once.
//
// The version is read before the records. If somebody has put the bytes
// before that, their claim is among the records, and they are left alone; if
// somebody puts them after that, they have another version, and RemoveBlob
// does nothing. Of two owners who erase at once, the last to begin sees that
// the other does not need the bytes.
func (s *Service) finish(ctx context.Context, owner organisation.Number, sha256 string) (Evidence, error) {
	version, err := s.Store.BlobVersion(ctx, sha256)
	gone := errors.Is(err, problem.ErrNotFound)
	if err != nil && !gone {
		return Evidence{}, wrap("find bytes to erase", err)
	}
	records, err := s.Store.EvidenceOf(ctx, sha256)
	if err != nil {
		return Evidence{}, wrap("read evidence", err)
	}
	needed := slices.ContainsFunc(records, func(e Evidence) bool { return e.Present() || e.State == Arriving })
	if !gone && !needed {
		if err := s.Store.RemoveBlob(ctx, sha256, version); err != nil {
			return Evidence{}, wrap("erase bytes", err)
		}
	}
	now := s.now()
	e, err := s.Store.UpdateEvidence(ctx, owner, sha256, func(e Evidence) (Evidence, error) {
		if e.State == Erasing {
			e.State, e.StateAt = Erased, now
		}
		return e, nil
	})
	return e, wrap("save erasure", err)
}

// UseFinder tells what declarations need.
type UseFinder interface {
	// EvidenceUse gives, for each digest that a supplier's declarations refer
	// to, when the last of them ends.
	EvidenceUse(ctx context.Context, owner organisation.Number) (map[string]time.Time, error)
}

// Needed gives an updater that notes that a declaration refers to a file until
// then. It fails with problem.ErrNotFound when its bytes are not kept: that
// decides who was first, the declaration or an erasure.
func Needed(until time.Time) func(Evidence) (Evidence, error) {
	return func(e Evidence) (Evidence, error) {
		if !e.Present() {
			return e, problem.ErrNotFound
		}
		if e.NeededUntil.Before(until) {
			e.NeededUntil = until
		}
		return e, nil
	}
}

// Swept counts what Sweep did, in records.
type Swept struct {
	// Completed: erasures that a crash or fault had left half done.
	Completed int
	// Abandoned: uploads that broke off after all was received.
	Abandoned int
	// Expired: files that the time limit has run out for.
	Expired int
}

// abandonedAfter is how old an arrival must be before it is taken for dead.
const abandonedAfter = 24 * time.Hour

// Sweep completes what was left half done, and erases what has been kept for
// longer than Retention without being needed. It is safe to run in several
// processes at once.
func (s *Service) Sweep(ctx context.Context) (Swept, error) {
	var did Swept
	if err := s.settleStates(ctx, &did); err != nil {
		return did, err
	}
	if s.Retention <= 0 {
		return did, nil
	}
	return did, s.expire(ctx, &did)
}

func (s *Service) settleStates(ctx context.Context, did *Swept) error {
	now := s.now()
	all, err := s.Store.UnsettledEvidence(ctx, now, 10*batch)
	if err != nil {
		return wrap("list unsettled evidence", err)
	}
	for _, e := range all {
		count := &did.Completed
		if e.State == Arriving {
			if now.Sub(e.StateAt) < abandonedAfter {
				continue
			}
			count = &did.Abandoned
			_, err := s.Store.UpdateEvidence(ctx, e.Owner, e.SHA256, func(old Evidence) (Evidence, error) {
				if old.State != Arriving || old.Claim != e.Claim || !old.StateAt.Equal(e.StateAt) {
					return old, errLostClaim
				}
				return old.erasing(Erasure{By: ByNobody, At: now}), nil
			})
			if errors.Is(err, errLostClaim) {
				continue
			}
			if err != nil {
				return wrap("end upload", err)
			}
		}
		if _, err := s.finish(ctx, e.Owner, e.SHA256); err != nil {
			return err
		}
		*count++
	}
	return nil
}

// expire goes through all records, owner by owner.
func (s *Service) expire(ctx context.Context, did *Swept) error {
	limit := s.now().Add(-s.Retention)
	var owner organisation.Number
	var uses map[string]time.Time
	for after := ""; ; {
		all, err := s.Store.EvidenceAfter(ctx, after, batch)
		if err != nil {
			return wrap("list evidence", err)
		}
		for _, e := range all {
			after = e.ID
			if !e.spent(time.Time{}, limit) {
				continue // without looking at its owner's declarations
			}
			if owner != e.Owner {
				if uses, err = s.Uses.EvidenceUse(ctx, e.Owner); err != nil {
					return wrap("find declarations", err)
				}
				owner = e.Owner
			}
			expired, err := s.expireOne(ctx, e, uses[e.SHA256], limit)
			if err != nil {
				return err
			}
			if expired {
				did.Expired++
			}
		}
		if len(all) < batch {
			return nil
		}
	}
}

// spent reports whether a file has not been needed since limit. use is when
// the last declaration ends that refers to it, zero when there is none.
func (e Evidence) spent(use, limit time.Time) bool {
	last := e.UploadedAt
	for _, t := range []time.Time{use, e.NeededUntil} {
		if t.After(last) {
			last = t
		}
	}
	return e.Present() && last.Before(limit)
}

func (s *Service) expireOne(ctx context.Context, e Evidence, use, limit time.Time) (bool, error) {
	now := s.now()
	_, err := s.Store.UpdateEvidence(ctx, e.Owner, e.SHA256, func(e Evidence) (Evidence, error) {
		if !e.spent(use, limit) { // a declaration came first, or its owner did
			return e, errThere
		}
		return e.erasing(Erasure{By: ByRetention, At: now}), nil
	})
	if errors.Is(err, errThere) {
		return false, nil
	}
	if err != nil {
		return false, wrap("erase evidence", err)
	}
	_, err = s.finish(ctx, e.Owner, e.SHA256)
	return err == nil, err
}
