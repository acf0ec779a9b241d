package member

import (
	"context"
	"errors"
	"fmt"
	"time"

	"felleskrav/internal/access"
	"felleskrav/internal/problem"
)

// Kept is everything that is kept about a person, for them to see and take
// away (GDPR articles 15 and 20).
type Kept struct {
	// ID is the pseudonym they act under; it stands in the audit trail.
	ID string `json:"id"`
	// Person is nil when nothing is kept but what this login holds.
	Person      *Person  `json:"person,omitempty"`
	Memberships []Circle `json:"memberships"`
	Claims      []Claim  `json:"claims"`
}

// Export gives the actor everything that is kept about them.
func (s *Service) Export(ctx context.Context, actor access.Actor) (Kept, error) {
	if err := human(actor, access.ReadSelf); err != nil {
		return Kept{}, err
	}
	out := Kept{ID: actor.ID, Memberships: []Circle{}, Claims: []Claim{}}
	people, err := s.Store.People(ctx, []string{actor.ID})
	if err != nil {
		return Kept{}, fmt.Errorf("read person: %w", err)
	}
	if len(people) > 0 {
		out.Person = &people[0]
	}
	circles, err := s.Store.CirclesOf(ctx, actor.ID)
	if err != nil {
		return Kept{}, fmt.Errorf("read memberships: %w", err)
	}
	for _, c := range circles {
		if m, ok := c.Of(actor.ID); ok {
			c.Members = []Membership{m} // the others are not theirs to take away
			out.Memberships = append(out.Memberships, c)
		}
	}
	if out.Claims, err = s.Store.ClaimsOf(ctx, actor.ID); err != nil {
		return Kept{}, fmt.Errorf("list claims: %w", err)
	}
	return out, nil
}

// Erase forgets the actor (GDPR article 17): memberships end, what they are
// called is removed from the person and from claims. The pseudonym stays where
// it stands for what was done, and nothing here leads from it to anybody. An
// only administrator must first make another one, or be alone.
func (s *Service) Erase(ctx context.Context, actor access.Actor) error {
	if err := human(actor, access.EraseSelf); err != nil {
		return err
	}
	return s.forget(ctx, actor.ID)
}

func (s *Service) forget(ctx context.Context, person string) error {
	circles, err := s.Store.CirclesOf(ctx, person)
	if err != nil {
		return fmt.Errorf("read memberships: %w", err)
	}
	// Every circle is asked before any is left, so that a no leaves nothing half
	// done in the usual case.
	for _, c := range circles {
		if err := c.without(person).after(c); err != nil {
			return problem.New(problem.Refused, "member.erase-last-admin", problem.Args{"Org": c.Name, "Number": c.Org.Grouped()})
		}
	}
	for _, c := range circles {
		_, err := s.Store.UpdateCircle(ctx, c.Org, func(c Circle) (Circle, error) {
			left := c.without(person)
			return left, left.after(c)
		})
		if err != nil {
			return fmt.Errorf("leave %s: %w", c.Org, err)
		}
		if err := s.takeBack(ctx, c.Org, person, nil); err != nil {
			return err
		}
	}
	claims, err := s.Store.ClaimsOf(ctx, person)
	if err != nil {
		return fmt.Errorf("list claims: %w", err)
	}
	now := s.now()
	for _, c := range claims {
		_, err := s.Store.UpdateClaim(ctx, c.ID, func(c Claim) (Claim, error) {
			c = c.emptied()
			if c.State == Pending {
				c.State, c.DecidedBy, c.DecidedAt, c.Decision = Rejected, person, &now, ""
			}
			return c, nil
		})
		if err != nil && !errors.Is(err, problem.ErrNotFound) {
			return fmt.Errorf("empty claim: %w", err)
		}
	}
	if err := s.Store.RemovePerson(ctx, person); err != nil {
		return fmt.Errorf("forget person: %w", err)
	}
	return nil
}

// emptied is the claim without what people wrote and are called.
func (c Claim) emptied() Claim {
	c.PersonName, c.Reason, c.Decision = "", "", ""
	return c
}

// Idle is how long a person is kept who has not been here.
const Idle = 2 * 365 * 24 * time.Hour

// Sweep forgets people who have not been here for two years, at most limit of
// them, and tells how many. Only administrators left alone with others stay.
func (s *Service) Sweep(ctx context.Context, limit int) (int, error) {
	ids, err := s.Store.PeopleBefore(ctx, s.now().Add(-Idle), limit)
	if err != nil {
		return 0, fmt.Errorf("list people: %w", err)
	}
	n := 0
	for _, id := range ids {
		switch err := s.forget(ctx, id); {
		case problem.KindOf(err) == problem.Refused:
		case err != nil:
			return n, err
		default:
			n++
		}
	}
	return n, nil
}

// FinishedKept is how long it is kept who was invited and what was said of a
// claim, after that is over.
const FinishedKept = 365 * 24 * time.Hour

// sweepPage is how many are read at once.
const sweepPage = 200

// SweepFinished removes invitations that were used, revoked or left unused a
// year ago, and what people wrote and are called from claims decided that long
// ago. It tells how many of both.
func (s *Service) SweepFinished(ctx context.Context) (int, error) {
	before := s.now().Add(-FinishedKept)
	n, err := s.sweepInvitations(ctx, before)
	if err != nil {
		return n, err
	}
	more, err := s.sweepClaims(ctx, before)
	return n + more, err
}

// sweepInvitations goes through them in the order they were made, until those
// that are too young to be over for long.
func (s *Service) sweepInvitations(ctx context.Context, before time.Time) (n int, _ error) {
	for after := ""; ; {
		some, err := s.Store.InvitationsAfter(ctx, after, sweepPage)
		if err != nil {
			return n, fmt.Errorf("list invitations: %w", err)
		}
		for _, i := range some {
			after = i.ID
			if !i.At.Before(before) {
				return n, nil
			}
			if !i.over().Before(before) {
				continue
			}
			if err := s.Store.RemoveInvitation(ctx, i.ID); err != nil {
				return n, fmt.Errorf("remove invitation: %w", err)
			}
			n++
		}
		if len(some) < sweepPage {
			return n, nil
		}
	}
}

// over is when nobody could use the invitation any more.
func (i Invitation) over() time.Time {
	end := i.ExpiresAt
	for _, t := range []*time.Time{i.UsedAt, i.RevokedAt} {
		if t != nil && t.Before(end) {
			end = *t
		}
	}
	return end
}

func (s *Service) sweepClaims(ctx context.Context, before time.Time) (n int, _ error) {
	for after := ""; ; {
		some, err := s.Store.ClaimsAfter(ctx, after, sweepPage)
		if err != nil {
			return n, fmt.Errorf("list claims: %w", err)
		}
		for _, c := range some {
			after = c.ID
			if !c.At.Before(before) {
				return n, nil
			}
			if c.DecidedAt == nil || !c.DecidedAt.Before(before) || c == c.emptied() {
				continue
			}
			if _, err := s.Store.UpdateClaim(ctx, c.ID, func(c Claim) (Claim, error) { return c.emptied(), nil }); err != nil {
				return n, fmt.Errorf("empty claim: %w", err)
			}
			n++
		}
		if len(some) < sweepPage {
			return n, nil
		}
	}
}
