package organisation

import (
	"context"
	"errors"
	"log/slog"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"felleskrav/internal/problem"
)

const (
	// useEvery is how often, at most, it is stored that a token was used.
	useEvery = time.Minute
	// useQueue is how many uses can wait to be stored. What comes on top is not
	// noted: the next use will be.
	useQueue = 1024
	// useTime bounds storing one use.
	useTime = 10 * time.Second
)

// Uses stores when tokens were last used, beside the requests that use them: at
// most once a minute for each token, whoever else may be doing the same. Its
// methods are safe for concurrent use; a nil one notes nothing.
type Uses struct {
	store Store
	log   *slog.Logger
	queue chan use
	noted *lru.Cache[string, time.Time]
}

type use struct {
	id string
	at time.Time
}

// NewUses makes a recorder. Nothing is stored unless it runs.
func NewUses(store Store, log *slog.Logger) *Uses {
	noted, err := lru.New[string, time.Time](4 * useQueue)
	if err != nil {
		panic(err) // for a size below one only
	}
	return &Uses{store: store, log: log, queue: make(chan use, useQueue), noted: noted}
}

// note says that a token was used. It never waits.
func (u *Uses) note(t Token, at time.Time) {
	if u == nil || t.LastUsedAt != nil && at.Sub(*t.LastUsedAt) < useEvery {
		return
	}
	if last, ok := u.noted.Get(t.ID); ok && at.Sub(last) < useEvery {
		return
	}
	select {
	case u.queue <- use{t.ID, at.UTC().Truncate(time.Millisecond)}:
		u.noted.Add(t.ID, at)
	default:
	}
}

// Run stores uses until ctx ends, and then what still waits.
func (u *Uses) Run(ctx context.Context) {
	for {
		select {
		case one := <-u.queue:
			u.keep(ctx, one)
		case <-ctx.Done():
			for {
				select {
				case one := <-u.queue:
					u.keep(ctx, one)
				default:
					return
				}
			}
		}
	}
}

var errNoted = errors.New("a use is noted already")

func (u *Uses) keep(ctx context.Context, one use) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), useTime)
	defer cancel()
	_, err := u.store.UpdateToken(ctx, one.id, func(t Token) (Token, error) {
		if t.LastUsedAt != nil && one.at.Sub(*t.LastUsedAt) < useEvery {
			return t, errNoted
		}
		t.LastUsedAt = &one.at
		return t, nil
	})
	if err != nil && !errors.Is(err, errNoted) && !errors.Is(err, problem.ErrNotFound) {
		u.log.WarnContext(ctx, "note use of token", slog.String("token", one.id), slog.Any("error", err))
	}
}
