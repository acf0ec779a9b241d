package supplier

import (
	"context"
	"time"

	"felleskrav/internal/organisation"
	"felleskrav/internal/signing/keyless"
)

// Store keeps suppliers, offerings and enrolment challenges, one document
// each. Every write is durable when it returns. Updates are compare-and-swap
// on Rev: the updater may run more than once and must be pure; the store sets
// Rev, and answers problem.ErrStale when it loses every try.
type Store interface {
	// InsertSupplier adds a supplier (problem.ErrExists).
	InsertSupplier(ctx context.Context, s Supplier) error
	// Supplier reads one (problem.ErrNotFound).
	Supplier(ctx context.Context, number organisation.Number) (Supplier, error)
	// SuppliersByNumber reads many at once; absent ones are left out.
	SuppliersByNumber(ctx context.Context, numbers []organisation.Number) ([]Supplier, error)
	// SearchSuppliers lists suppliers whose name or number contains query, case
	// ignored (Unicode letters too), ordered by number, after the given number;
	// an empty query lists all. A public body that offers nothing is left out
	// unless the query is its number. At most limit are returned.
	SearchSuppliers(ctx context.Context, query string, after organisation.Number, limit int) ([]Supplier, error)
	// SuppliersAfter lists all suppliers, and public bodies that offer nothing,
	// ordered by number, after the given number, at most limit.
	SuppliersAfter(ctx context.Context, after organisation.Number, limit int) ([]Supplier, error)
	// SuppliersLike lists suppliers whose name holds, of each of the words, one of
	// its pieces, ordered by number, at most limit. At most three words count. A
	// public body that offers nothing is left out.
	SuppliersLike(ctx context.Context, words []Pieces, limit int) ([]Named, error)
	// SuppliersOffering lists the suppliers that have an offering whose name
	// contains query, case ignored, ordered by number, each once, after the given
	// number, at most limit. An empty query finds none.
	SuppliersOffering(ctx context.Context, query string, after organisation.Number, limit int) ([]organisation.Number, error)
	// UpdateSupplier changes one by compare-and-swap.
	UpdateSupplier(ctx context.Context, number organisation.Number, change func(Supplier) (Supplier, error)) (Supplier, error)

	// InsertOffering adds an offering (problem.ErrExists).
	InsertOffering(ctx context.Context, o Offering) error
	// Offering reads one by id (problem.ErrNotFound).
	Offering(ctx context.Context, id string) (Offering, error)
	// OfferingsByID reads many at once; absent ones are left out.
	OfferingsByID(ctx context.Context, ids []string) ([]Offering, error)
	// OfferingsOf lists the offerings of suppliers, ordered by supplier and id.
	OfferingsOf(ctx context.Context, numbers []organisation.Number) ([]Offering, error)
	// UpdateOffering changes one by compare-and-swap.
	UpdateOffering(ctx context.Context, id string, change func(Offering) (Offering, error)) (Offering, error)

	// InsertChallenge adds an enrolment challenge (problem.ErrExists).
	InsertChallenge(ctx context.Context, c Challenge) error
	// TakeChallenge reads and removes a challenge in one step, so that it is
	// used once (problem.ErrNotFound).
	TakeChallenge(ctx context.Context, id string) (Challenge, error)
	// DropChallenges removes those that expired before t.
	DropChallenges(ctx context.Context, t time.Time) error
}

// Challenge is what a supplier signs to prove that it holds a private key.
type Challenge struct {
	ID       string              `json:"id"`
	Supplier organisation.Number `json:"supplier"`
	KeyID    string              `json:"keyId"`
	PEM      string              `json:"pem"`
	// Identity is the login to enrol; there is no PEM then.
	Identity *keyless.Identity `json:"identity,omitempty"`
	Label    string            `json:"label"`
	// Bytes are the exact bytes to sign.
	Bytes []byte `json:"bytes"`
	// Replaces is the id of the key that the new one takes the place of, or "".
	Replaces string `json:"replaces,omitempty"`
	// KeyExpiresAt is the end of validity asked for.
	KeyExpiresAt time.Time `json:"keyExpiresAt"`
	ExpiresAt    time.Time `json:"expiresAt"`
}
