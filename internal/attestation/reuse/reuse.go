package reuse

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"felleskrav/internal/access"
	"felleskrav/internal/organisation"
	"felleskrav/internal/problem"
)

const (
	// Silence is how long after the deadline of a procurement its use of a
	// declaration is told, at the earliest: deadlines are put off, and nothing of a
	// competition that goes on may show.
	Silence = 90 * 24 * time.Hour
	// NoDeadline is how long after the use it is told where no deadline is known.
	NoDeadline = 365 * 24 * time.Hour
	// maxUses bounds the document; there are no more than can be counted so.
	maxUses = 2000
)

// Uses are those of one declaration.
type Uses struct {
	// Attestation is the digest of the declaration.
	Attestation string              `json:"attestation"`
	Supplier    organisation.Number `json:"supplier"`
	Rev         int64               `json:"rev"`
	// Since tells, by the fingerprint of a procurement, from when its use may be
	// told. The fingerprint is the same in all declarations of the supplier.
	Since map[string]time.Time `json:"since"`
}

// Store keeps uses. Writes are durable when they return.
type Store interface {
	// DeclarationUses reads those of some declarations, sorted by digest; there is
	// none for a declaration that nobody has used.
	DeclarationUses(ctx context.Context, attestations []string) ([]Uses, error)
	// UpdateDeclarationUses is compare-and-swap: see package storage. When there
	// are none, change gets one with no more than its digest, at revision 0.
	UpdateDeclarationUses(ctx context.Context, attestation string, change func(Uses) (Uses, error)) (Uses, error)
}

// Service counts.
type Service struct {
	Store Store
	Now   func() time.Time
}

// Declaration is one that is used.
type Declaration struct {
	Attestation string
	Supplier    organisation.Number
}

// Note counts that declarations are used in a procurement with a deadline, if
// it has one. Doing so again writes nothing, unless the deadline is later now.
func (s *Service) Note(ctx context.Context, procurement string, deadline *time.Time, used []Declaration) error {
	now := s.Now().UTC().Truncate(time.Millisecond)
	quiet := now.Add(NoDeadline)
	if deadline != nil {
		quiet = deadline.Add(Silence)
	}
	since := quiet
	if since.Before(now) {
		since = now
	}
	var errs []error
	for _, d := range used {
		sum := sha256.Sum256([]byte(string(d.Supplier) + " " + procurement))
		key := hex.EncodeToString(sum[:8])
		_, err := s.Store.UpdateDeclarationUses(ctx, d.Attestation, func(u Uses) (Uses, error) {
			before, there := u.Since[key]
			if there && (deadline == nil || !before.Before(quiet)) || !there && len(u.Since) >= maxUses {
				return Uses{}, errCounted
			}
			u.Supplier = d.Supplier
			if u.Since = maps.Clone(u.Since); u.Since == nil {
				u.Since = map[string]time.Time{}
			}
			u.Since[key] = since
			return u, nil
		})
		if err != nil && !errors.Is(err, errCounted) {
			errs = append(errs, fmt.Errorf("count use of declaration: %w", err))
		}
	}
	return errors.Join(errs...)
}

var errCounted = errors.New("the use is counted already")

// Month is how many procurements used a supplier's declarations.
type Month struct {
	// First is the first moment of the month in the zone of the calendar.
	First time.Time
	Count int
}

// Months tells a supplier how many procurements used its declarations, by the
// month from which that may be told, the newest first. A month is told of when
// it is over, so that no day shows.
func (s *Service) Months(ctx context.Context, actor access.Actor, supplier organisation.Number, attestations []string, zone *time.Location) ([]Month, error) {
	if !actor.Has(access.Supplier) || actor.Org != string(supplier) {
		return nil, problem.New(problem.Forbidden, "access.other-organisation", nil)
	}
	all, err := s.Store.DeclarationUses(ctx, attestations)
	if err != nil {
		return nil, fmt.Errorf("read uses of declarations: %w", err)
	}
	first := func(t time.Time) time.Time {
		t = t.In(zone)
		return time.Date(t.Year(), t.Month(), 1, 0, 0, 0, 0, zone)
	}
	current := first(s.Now())
	// A procurement that uses several declarations is told of once, when all of
	// them may be.
	procurements := map[string]time.Time{}
	for _, u := range all {
		if u.Supplier != supplier {
			continue
		}
		for key, since := range u.Since {
			if since.After(procurements[key]) {
				procurements[key] = since
			}
		}
	}
	counts := map[time.Time]int{}
	for _, since := range procurements {
		if m := first(since); m.Before(current) {
			counts[m]++
		}
	}
	out := make([]Month, 0, len(counts))
	for m, n := range counts {
		out = append(out, Month{m, n})
	}
	slices.SortFunc(out, func(a, b Month) int { return b.First.Compare(a.First) })
	return out, nil
}
