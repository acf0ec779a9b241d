package member

import (
	"context"
	"time"

	"felleskrav/internal/organisation"
)

// Store keeps people, memberships, invitations and claims. Writes are durable
// when they return.
type Store interface {
	// PutPerson adds a person or changes what is kept of one; change gets the
	// zero value with the id for a new one.
	PutPerson(ctx context.Context, id string, change func(Person) (Person, error)) (Person, error)
	// People reads those of the ids that are there, in any order.
	People(ctx context.Context, ids []string) ([]Person, error)
	// RemovePerson forgets a person. One that is not there is no error.
	RemovePerson(ctx context.Context, id string) error
	// PeopleBefore lists the ids of people last here before t, at most limit.
	PeopleBefore(ctx context.Context, t time.Time, limit int) ([]string, error)

	// Circle reads an organisation's; one without members is the zero value
	// with the number, not an error.
	Circle(ctx context.Context, org organisation.Number) (Circle, error)
	// CirclesOf lists those a person is in, by organisation.
	CirclesOf(ctx context.Context, person string) ([]Circle, error)
	// UpdateCircle changes one, whether or not it had members.
	UpdateCircle(ctx context.Context, org organisation.Number, change func(Circle) (Circle, error)) (Circle, error)

	// InsertInvitation adds one; its id and hash are unique (problem.ErrExists).
	InsertInvitation(ctx context.Context, i Invitation) error
	// Invitation reads one (problem.ErrNotFound).
	Invitation(ctx context.Context, id string) (Invitation, error)
	// InvitationByHash finds one by the hash of its secret (problem.ErrNotFound).
	InvitationByHash(ctx context.Context, hash string) (Invitation, error)
	// InvitationsIn lists an organisation's, newest first, at most limit.
	InvitationsIn(ctx context.Context, org organisation.Number, limit int) ([]Invitation, error)
	// InvitationsAfter lists everybody's in the order of ids, beginning after one,
	// at most limit.
	InvitationsAfter(ctx context.Context, after string, limit int) ([]Invitation, error)
	// RemoveInvitation forgets one. One that is not there is no error.
	RemoveInvitation(ctx context.Context, id string) error
	// UpdateInvitation changes one (problem.ErrNotFound).
	UpdateInvitation(ctx context.Context, id string, change func(Invitation) (Invitation, error)) (Invitation, error)

	// InsertClaim adds a claim (problem.ErrExists).
	InsertClaim(ctx context.Context, c Claim) error
	// Claim reads one (problem.ErrNotFound).
	Claim(ctx context.Context, id string) (Claim, error)
	// ClaimsIn lists claims in a state, the oldest first, at most limit.
	ClaimsIn(ctx context.Context, state ClaimState, limit int) ([]Claim, error)
	// ClaimsOf lists a person's claims, newest first.
	ClaimsOf(ctx context.Context, person string) ([]Claim, error)
	// ClaimsAfter lists everybody's in the order of ids, beginning after one, at
	// most limit.
	ClaimsAfter(ctx context.Context, after string, limit int) ([]Claim, error)
	// UpdateClaim changes one (problem.ErrNotFound).
	UpdateClaim(ctx context.Context, id string, change func(Claim) (Claim, error)) (Claim, error)
}
