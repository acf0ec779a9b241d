package storage

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"felleskrav/internal/problem"
)

// How often an update is tried before it answers problem.ErrStale, and how
// long it waits in between: at most, and doubling from the first to the last.
const (
	updateTries = 32
	firstPause  = time.Millisecond
	lastPause   = 64 * time.Millisecond
)

// ErrIdentity: an updater changed the key of the document it was given.
var ErrIdentity = errors.New("updater changed the document's key")

// Update is compare-and-swap with retries, the way every backend does it. read
// gives the value and its revision; change is the caller's pure updater; swap
// stores the new value if the revision is still the one read, answers with what
// was stored, and with problem.ErrStale if the revision was another. An error
// of change is returned as it is.
func Update[T any](
	ctx context.Context,
	read func(context.Context) (T, int64, error),
	change func(T) (T, error),
	swap func(ctx context.Context, old, changed T, rev int64) (T, error),
) (T, error) {
	var none T
	pause := firstPause
	for try := 1; ; try++ {
		old, rev, err := read(ctx)
		if err != nil {
			return none, err
		}
		changed, err := change(old)
		if err != nil {
			return none, err
		}
		stored, err := swap(ctx, old, changed, rev)
		switch {
		case err == nil:
			return stored, nil
		case !errors.Is(err, problem.ErrStale) || try == updateTries:
			return none, err
		}
		wait := time.NewTimer(rand.N(pause))
		select {
		case <-ctx.Done():
			wait.Stop()
			return none, ctx.Err()
		case <-wait.C:
		}
		pause = min(2*pause, lastPause)
	}
}

// OrNew is what an update that may add a document reads: fresh, at
// revision 0, when there is none yet.
func OrNew[T any](v T, rev int64, err error, fresh T, what, id string) (T, int64, error) {
	if errors.Is(err, problem.ErrNotFound) {
		return fresh, 0, nil
	}
	if err != nil {
		return v, 0, fmt.Errorf("read %s %s: %w", what, id, err)
	}
	return v, rev, nil
}
