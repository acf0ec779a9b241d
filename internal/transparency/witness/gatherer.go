package witness

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/note"

	"felleskrav/internal/transparency"
)

const (
	// DefaultEvery is how often a log that grows asks its witnesses.
	DefaultEvery = 10 * time.Second
	// maxBackOff is how long a witness that does not answer well is left alone at most.
	maxBackOff = 10 * time.Minute
	// maxTries is how often a witness may say in one round that it stands elsewhere.
	maxTries = 3
)

var (
	// ErrAhead says that a witness has cosigned more of the log than there is: the log was rolled back, or
	// somebody else writes to it.
	ErrAhead = errors.New("the witness has cosigned a larger tree than the log has")
	// ErrForked says that a witness has cosigned another tree of the same log: history was rewritten.
	ErrForked = errors.New("the witness has cosigned another history of the log")
)

// Log is what a [Gatherer] needs of a log; [transparency.Log] has it.
type Log interface {
	Checkpoint(ctx context.Context) ([]byte, error)
	ConsistencyProof(ctx context.Context, oldSize, newSize int64) ([]transparency.Hash, error)
	Cosigned(ctx context.Context) (transparency.Cosigned, error)
	AddCosignatures(ctx context.Context, checkpoint []byte, lines []string) error
}

// Gatherer asks witnesses for cosignatures of a log's checkpoints and keeps them with the log. It is the
// background's work: nobody who appends waits for it.
type Gatherer struct {
	log     Log
	logKey  note.Verifier
	every   time.Duration
	now     func() time.Time
	logger  *slog.Logger
	members []*member
}

// member is a witness and how it goes with it.
type member struct {
	*Client
	old  int64     // what it has cosigned, as far as is known
	next time.Time // not asked before

	mu     sync.Mutex
	status Status
}

// Status is how it goes with one witness.
type Status struct {
	// Size is of the newest tree this process knows the witness to have cosigned, at At.
	Size int64
	At   time.Time
	// Failures is how often in a row it gave no cosignature.
	Failures int
}

// NewGatherer makes a Gatherer for the log with this key. every is the time between two rounds, zero for
// DefaultEvery.
func NewGatherer(log Log, logKey note.Verifier, clients []*Client, every time.Duration, now func() time.Time, logger *slog.Logger) *Gatherer {
	if every <= 0 {
		every = DefaultEvery
	}
	g := &Gatherer{log: log, logKey: logKey, every: every, now: now, logger: logger}
	for _, c := range clients {
		g.members = append(g.members, &member{Client: c})
	}
	return g
}

// Witnesses lists the names.
func (g *Gatherer) Witnesses() []string {
	var names []string
	for _, m := range g.members {
		names = append(names, m.Name())
	}
	return names
}

// Status tells how it goes with a witness.
func (g *Gatherer) Status(name string) Status {
	for _, m := range g.members {
		if m.Name() == name {
			m.mu.Lock()
			defer m.mu.Unlock()
			return m.status
		}
	}
	return Status{}
}

// Run makes a round now and then one each interval, until ctx ends.
func (g *Gatherer) Run(ctx context.Context) {
	tick := time.NewTicker(g.every)
	defer tick.Stop()
	for {
		if err := g.Round(ctx); err != nil && ctx.Err() == nil {
			g.logger.WarnContext(ctx, "could not ask the witnesses", slog.Any("error", err))
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// Round sends the newest checkpoint to each witness that has not cosigned it, and is not to be left alone
// for a while, and waits for the answers. It does nothing when the log has not grown. The error is the
// log's; what witnesses answer is told to the logger and in [Gatherer.Status].
func (g *Gatherer) Round(ctx context.Context) error {
	signed, c, err := g.checkpoint(ctx)
	if err != nil || c.Size == 0 {
		return err
	}
	cosigned, err := g.log.Cosigned(ctx)
	if err != nil {
		return fmt.Errorf("read cosignatures: %w", err)
	}
	var wg sync.WaitGroup
	for _, m := range g.members {
		if m.knows(cosigned, c.Size) || g.now().Before(m.next) {
			continue
		}
		wg.Go(func() { g.ask(ctx, m, signed, c) })
	}
	wg.Wait()
	return nil
}

func (g *Gatherer) checkpoint(ctx context.Context) ([]byte, transparency.Checkpoint, error) {
	signed, err := g.log.Checkpoint(ctx)
	if err != nil {
		return nil, transparency.Checkpoint{}, fmt.Errorf("read checkpoint: %w", err)
	}
	c, err := transparency.ParseCheckpoint(g.logKey, signed)
	return signed, c, err
}

// knows says whether the witness has cosigned the tree of size, perhaps at another instance's request,
// and learns how far it has come.
func (m *member) knows(cosigned transparency.Cosigned, size int64) bool {
	known := false
	for _, c := range cosigned.Checkpoints {
		if c.By(m.Name(), m.verifier.KeyHash()) {
			m.old = max(m.old, c.Size)
			known = known || c.Size == size
		}
	}
	if known {
		m.mu.Lock()
		m.status.Size = max(m.status.Size, size)
		m.mu.Unlock()
	}
	return known
}

// ask gets one witness' cosignature and keeps it, or decides when to try again.
func (g *Gatherer) ask(ctx context.Context, m *member, signed []byte, c transparency.Checkpoint) {
	size, err := g.cosign(ctx, m, signed, c)
	if ctx.Err() != nil {
		return
	}
	now := g.now()
	m.mu.Lock()
	defer m.mu.Unlock()
	if err == nil {
		if m.status.Failures > 0 {
			g.logger.InfoContext(ctx, "the witness is back", slog.String("witness", m.Name()), slog.Int64("size", size))
		}
		m.status, m.next = Status{Size: size, At: now}, time.Time{}
		return
	}
	m.status.Failures++
	pause := min(g.every<<min(m.status.Failures-1, 16), maxBackOff)
	m.next = now.Add(pause)
	level := slog.LevelWarn
	if errors.Is(err, ErrAhead) || errors.Is(err, ErrForked) {
		level = slog.LevelError // the log itself is in question
	}
	g.logger.Log(ctx, level, "no cosignature", slog.String("witness", m.Name()), slog.Int64("size", c.Size),
		slog.Int("failures", m.status.Failures), slog.Duration("next", pause), slog.Any("error", err))
}

// cosign asks until the witness and the log agree on where it stands, and returns the size cosigned.
func (g *Gatherer) cosign(ctx context.Context, m *member, signed []byte, c transparency.Checkpoint) (int64, error) {
	for range maxTries {
		if m.old > c.Size {
			// Another instance may have been there with a newer one.
			var err error
			if signed, c, err = g.checkpoint(ctx); err != nil {
				return 0, err
			}
			if m.old > c.Size {
				ahead := m.old
				m.old = c.Size // so that the witness is asked anew the next time
				return 0, fmt.Errorf("%w: %d and %d", ErrAhead, ahead, c.Size)
			}
		}
		proof, err := g.log.ConsistencyProof(ctx, m.old, c.Size)
		if err != nil {
			return 0, fmt.Errorf("prove consistency: %w", err)
		}
		lines, err := m.add(ctx, request{Old: m.old, Proof: proof, Checkpoint: signed})
		if conflict, ok := errors.AsType[*ConflictError](err); ok {
			if conflict.Size == m.old {
				return 0, fmt.Errorf("%w: at %d entries", ErrForked, m.old)
			}
			if conflict.Size < 0 {
				return 0, err
			}
			m.old = conflict.Size
			continue
		}
		if refused, ok := errors.AsType[*RefusedError](err); ok && refused.Status == 422 {
			return 0, fmt.Errorf("%w: %w", ErrForked, err)
		}
		if err != nil {
			return 0, err
		}
		m.old = c.Size
		if err := g.log.AddCosignatures(ctx, signed, lines); err != nil {
			return 0, err
		}
		return c.Size, nil
	}
	return 0, fmt.Errorf("the witness stands at another size each time")
}
