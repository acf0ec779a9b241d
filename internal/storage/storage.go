package storage

import (
	"context"
	"errors"
	"time"

	"github.com/alexedwards/scs/v2"

	"felleskrav/internal/attestation"
	"felleskrav/internal/attestation/answerdraft"
	"felleskrav/internal/attestation/reuse"
	"felleskrav/internal/bulkcheck"
	"felleskrav/internal/catalogue"
	"felleskrav/internal/evidence"
	"felleskrav/internal/member"
	"felleskrav/internal/notify"
	"felleskrav/internal/organisation"
	"felleskrav/internal/organisation/registry"
	"felleskrav/internal/ownbook"
	"felleskrav/internal/procurement"
	"felleskrav/internal/review"
	"felleskrav/internal/supplier"
	"felleskrav/internal/trail"
	"felleskrav/internal/transparency"
)

// Store is everything a backend keeps. The contract of each noun's methods
// stands with the noun; what all of them share stands in the package comment.
// All methods are safe for concurrent use, by several processes as well.
type Store interface {
	organisation.Store
	registry.Store
	catalogue.Store
	supplier.Store
	evidence.Store
	attestation.Store
	answerdraft.Store
	reuse.Store
	review.Store
	procurement.Store
	bulkcheck.Store
	ownbook.Store
	member.Store
	notify.Store
	trail.Store
	transparency.Store
	transparency.Places

	// Sessions keeps the login sessions of the pages, in the shape that scs
	// wants. A session that has expired is not found, whether or not it has
	// been dropped yet.
	Sessions() scs.CtxStore
	// DropSessions removes the sessions that expired before t.
	DropSessions(ctx context.Context, t time.Time) error

	// SecretOrCreate returns the secret with this name. If there is none it
	// stores what create returns, unless somebody else is first: all callers,
	// in all processes, get the same bytes. create is not called when the
	// secret is there; its error is returned as it is and nothing is stored.
	SecretOrCreate(ctx context.Context, name string, create func() ([]byte, error)) ([]byte, error)

	// Ping tells whether the store answers.
	Ping(ctx context.Context) error
	// Close waits for the writes under way and releases the store. Anything
	// asked of it afterwards fails with ErrClosed or the driver's own error.
	Close() error
}

// Faults of the store itself, for the operator.
var (
	// ErrNewer: the data were written by a newer version of this program.
	ErrNewer = errors.New("the data were written by a newer version of felleskrav")
	// ErrClosed: the store was closed.
	ErrClosed = errors.New("store is closed")
	// ErrInjected is what the failing store of package storagetest answers.
	ErrInjected = errors.New("injected fault")
)
