package transparency

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"
	"unicode/utf8"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const (
	// MaxBody is the largest entry body, in bytes: C2SP tlog-tiles counts it in 16 bits.
	MaxBody = 65535
	// MaxKey is the longest entry key, in bytes.
	MaxKey = 256

	// closeWait is how long Close lets entries that are under way finish.
	closeWait = 10 * time.Second
)

// Config says what log to open.
type Config struct {
	// Origin names the log and must be the name in Signer. Left empty it is taken from there.
	Origin string
	// Signer signs the checkpoints. Every instance that opens the log has the same key.
	Signer *Signer
	// Now is the clock; nil is time.Now.
	Now func() time.Time
	// Lease is how long this instance may be silent before another takes its turn; zero is DefaultLease.
	Lease time.Duration
	// Logger hears about retries and inconsistencies; nil is silent.
	Logger *slog.Logger
}

// Log appends to and reads from one log. All methods are safe for concurrent use. Reads see what any
// other instance has published.
type Log struct {
	store    Store
	origin   string
	signer   *Signer
	verifier note.Verifier
	now      func() time.Time
	logger   *slog.Logger

	mu     sync.Mutex
	queue  []*waiting
	closed bool

	wake   chan struct{} // has room for one: something is in queue, or closed is set
	done   chan struct{} // closed when the sequencer has ended
	ctx    context.Context
	cancel context.CancelFunc

	// What follows belongs to the sequencer alone.
	head *head
	seen Checkpoint // the newest tree that this Log has verified; the store may never go back behind it
	turn turn
}

// Open opens the log on store and creates it if there is none. It publishes what an earlier writer left
// unfinished. It returns ErrInconsistent, wrapped, if what is stored does not hold together or is signed
// with another key. The caller closes the Log. ctx is for opening only.
func Open(ctx context.Context, store Store, cfg Config) (*Log, error) {
	if cfg.Signer == nil {
		return nil, errors.New("open log: no signer")
	}
	if cfg.Origin == "" {
		cfg.Origin = cfg.Signer.Name()
	}
	if cfg.Origin != cfg.Signer.Name() {
		return nil, fmt.Errorf("open log: origin is %q, but the key is for %q", cfg.Origin, cfg.Signer.Name())
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	l := &Log{
		store: store, origin: cfg.Origin, signer: cfg.Signer, verifier: cfg.Signer.Verifier(), now: cfg.Now, logger: cfg.Logger,
		wake: make(chan struct{}, 1), done: make(chan struct{}), turn: newTurn(cfg.Lease),
	}
	if err := l.retry(ctx, l.create); err != nil {
		return nil, fmt.Errorf("open log: %w", err)
	}
	l.ctx, l.cancel = context.WithCancel(context.Background())
	if err := l.retry(ctx, l.finish); err != nil {
		l.cancel()
		return nil, fmt.Errorf("open log: %w", err)
	}
	go l.run()
	return l, nil
}

// create stores the empty tree unless there is a tree already.
func (l *Log) create(ctx context.Context) error {
	_, err := l.store.LogState(ctx, l.origin)
	if !errors.Is(err, ErrNotFound) {
		return err
	}
	root, err := tlog.TreeHash(0, edgeHashes{})
	if err != nil {
		return err
	}
	checkpoint, err := Checkpoint{Origin: l.origin, Root: root}.sign(l.signer)
	if err != nil {
		return err
	}
	err = l.store.CreateLogState(ctx, LogState{Origin: l.origin, Root: root, Checkpoint: checkpoint})
	if errors.Is(err, ErrExists) {
		return nil
	}
	return err
}

// Append puts body in the log under key and returns its entry once it is stored, has its position, and
// is covered by a signed checkpoint that is stored.
//
// It is idempotent: if key is in the log already with the same body, that entry is returned; with another
// body, that entry together with ErrKeyTaken. After any other error, or when ctx ends, the entry may or
// may not get into the log; appending it again finds out. An entry that cannot be one is ErrInvalidEntry.
func (l *Log) Append(ctx context.Context, key string, body []byte) (Entry, error) {
	r := l.append(ctx, key, body)
	return r.entry, r.err
}

// AppendProved is Append and then [Log.Proof], in the tree that was published with the entry. Nothing is
// read for it when the entry is a new one.
func (l *Log) AppendProved(ctx context.Context, key string, body []byte) (Proof, error) {
	r := l.append(ctx, key, body)
	if r.err != nil {
		return Proof{}, r.err
	}
	if r.in == nil {
		return l.Proof(ctx, r.entry.Index)
	}
	p, err := prove(r.in.state, r.entry, r.in.edge)
	if err != nil {
		return Proof{}, fmt.Errorf("prove log entry %d: %w", r.entry.Index, err)
	}
	return p, nil
}

func (l *Log) append(ctx context.Context, key string, body []byte) result {
	if key == "" || len(key) > MaxKey || !utf8.ValidString(key) {
		return result{err: fmt.Errorf("append to log: %w: key of %d bytes", ErrInvalidEntry, len(key))}
	}
	if len(body) == 0 || len(body) > MaxBody {
		return result{err: fmt.Errorf("append to log: %w: body of %d bytes", ErrInvalidEntry, len(body))}
	}
	// The caller may use its slice again while the entry is under way.
	w := &waiting{ctx: ctx, key: key, body: slices.Clone(body), result: make(chan result, 1)}
	if err := l.enqueue(w); err != nil {
		return result{err: fmt.Errorf("append to log: %w", err)}
	}
	select {
	case r := <-w.result:
		if r.err != nil {
			r.err = fmt.Errorf("append to log: %w", r.err)
		}
		return r
	case <-ctx.Done():
		return result{err: fmt.Errorf("append to log: %w", ctx.Err())}
	}
}

// Close takes no more entries, waits for those under way, at most ten seconds, and ends the Log's
// goroutine. Reads still work. It may be called twice.
func (l *Log) Close() error {
	l.mu.Lock()
	l.closed = true
	l.mu.Unlock()
	l.signal()
	select {
	case <-l.done:
		l.cancel()
		return nil
	case <-time.After(closeWait):
		l.cancel()
		<-l.done
		return fmt.Errorf("close log: entries were still under way after %s", closeWait)
	}
}

// Size returns the number of published entries.
func (l *Log) Size(ctx context.Context) (int64, error) {
	state, err := l.state(ctx)
	return state.Size, err
}

// Checkpoint returns the newest signed checkpoint, with the cosignatures that are kept of exactly its tree.
func (l *Log) Checkpoint(ctx context.Context) ([]byte, error) {
	state, err := l.state(ctx)
	if err != nil {
		return nil, err
	}
	cosigned, err := l.cosigned(ctx)
	if err != nil {
		return nil, err
	}
	for _, c := range cosigned.Checkpoints {
		if c.Size == state.Size && bytes.Equal(textOf(c.Checkpoint), textOf(state.Checkpoint)) {
			return c.note(state.Checkpoint), nil
		}
	}
	return state.Checkpoint, nil
}

func (l *Log) state(ctx context.Context) (LogState, error) {
	state, err := l.store.LogState(ctx, l.origin)
	if err != nil {
		return LogState{}, fmt.Errorf("read log state: %w", err)
	}
	return state, nil
}

// Lookup returns the published entry with key, or ErrNotFound.
func (l *Log) Lookup(ctx context.Context, key string) (Entry, error) {
	entries, err := l.store.LogEntriesByKey(ctx, l.origin, []string{key})
	if err != nil {
		return Entry{}, fmt.Errorf("look up log entry: %w", err)
	}
	if len(entries) == 0 {
		return Entry{}, fmt.Errorf("look up log entry: %w", ErrNotFound)
	}
	// Read after the entry, so that the size cannot be older than it.
	size, err := l.Size(ctx)
	if err != nil {
		return Entry{}, fmt.Errorf("look up log entry: %w", err)
	}
	if entries[0].Index >= size {
		return Entry{}, fmt.Errorf("look up log entry: %w", ErrNotFound)
	}
	return entries[0], nil
}

// Proof returns entry index with its inclusion proof in the newest checkpoint, or ErrNotFound. It checks
// the proof before giving it out; a stored log that does not hold together is ErrInconsistent.
func (l *Log) Proof(ctx context.Context, index int64) (Proof, error) {
	state, err := l.state(ctx)
	if err != nil {
		return Proof{}, fmt.Errorf("prove log entry: %w", err)
	}
	if index < 0 || index >= state.Size {
		return Proof{}, fmt.Errorf("prove log entry %d: %w", index, ErrNotFound)
	}
	entries, err := l.entries(ctx, index, 1)
	if err != nil {
		return Proof{}, fmt.Errorf("prove log entry: %w", err)
	}
	p, err := prove(state, entries[0], l.hashes(ctx))
	if err != nil {
		return Proof{}, fmt.Errorf("prove log entry %d: %w", index, err)
	}
	return p, nil
}

// prove makes the proof of entry in the tree of state from its nodes, and checks it.
func prove(state LogState, entry Entry, nodes tlog.HashReader) (Proof, error) {
	hashes, err := tlog.ProveRecord(state.Size, entry.Index, nodes)
	if err != nil {
		return Proof{}, err
	}
	if err := tlog.CheckRecord(hashes, state.Size, state.Root, entry.Index, tlog.RecordHash(entry.Body)); err != nil {
		return Proof{}, fmt.Errorf("%w: %w", ErrInconsistent, err)
	}
	return Proof{
		Index: entry.Index, TreeSize: state.Size, RootHash: state.Root, Hashes: hashes,
		Checkpoint: string(state.Checkpoint), Body: entry.Body, LoggedAt: entry.LoggedAt,
	}, nil
}

// ConsistencyProof returns the hashes that [VerifyConsistency] needs between the trees of oldSize and
// newSize entries. Sizes that are not 0 <= oldSize <= newSize <= [Log.Size] are ErrNotFound.
func (l *Log) ConsistencyProof(ctx context.Context, oldSize, newSize int64) ([]Hash, error) {
	size, err := l.Size(ctx)
	if err != nil {
		return nil, fmt.Errorf("prove log consistency: %w", err)
	}
	if oldSize < 0 || oldSize > newSize || newSize > size {
		return nil, fmt.Errorf("prove log consistency from %d to %d of %d: %w", oldSize, newSize, size, ErrNotFound)
	}
	if oldSize == 0 || oldSize == newSize {
		return nil, nil
	}
	proof, err := tlog.ProveTree(newSize, oldSize, l.hashes(ctx))
	if err != nil {
		return nil, fmt.Errorf("prove log consistency: %w", err)
	}
	return proof, nil
}

// Tile returns the hashes of a tile of level >= 0, 32 bytes each, or ErrNotFound if the log does not
// reach that far or there can be no such tile.
func (l *Log) Tile(ctx context.Context, level int, index int64, width int) ([]byte, error) {
	size, err := l.Size(ctx)
	if err != nil {
		return nil, fmt.Errorf("read log tile: %w", err)
	}
	// The number of whole subtrees at that level; no tree has any at the levels shifted out.
	if level < 0 || level > maxTileLevel || !within(index, width, size>>(level*tileHeight)) {
		return nil, fmt.Errorf("read log tile %s: %w", TilePath{level, index, width}, ErrNotFound)
	}
	data, err := tlog.ReadTileData(tlog.Tile{H: tileHeight, L: level, N: index, W: width}, l.hashes(ctx))
	if err != nil {
		return nil, fmt.Errorf("read log tile: %w", err)
	}
	return data, nil
}

// EntryBundle returns width entries from index*256 on, each as a 16-bit big-endian length and the body,
// or ErrNotFound as for [Log.Tile].
func (l *Log) EntryBundle(ctx context.Context, index int64, width int) ([]byte, error) {
	size, err := l.Size(ctx)
	if err != nil {
		return nil, fmt.Errorf("read log entries: %w", err)
	}
	if !within(index, width, size) {
		return nil, fmt.Errorf("read log entries %s: %w", TilePath{EntriesLevel, index, width}, ErrNotFound)
	}
	entries, err := l.entries(ctx, index*tileWidth, width)
	if err != nil {
		return nil, fmt.Errorf("read log entries: %w", err)
	}
	var bundle []byte
	for _, entry := range entries {
		bundle = appendEntryBundle(bundle, entry.Body)
	}
	return bundle, nil
}

// within reports whether page index with width items lies within the first n items.
func within(index int64, width int, n int64) bool {
	return index >= 0 && width >= 1 && width <= tileWidth && index <= n/tileWidth && index*tileWidth+int64(width) <= n
}

// entries reads n published entries from index from on; fewer is an inconsistency.
func (l *Log) entries(ctx context.Context, from int64, n int) ([]Entry, error) {
	entries, err := l.store.LogEntries(ctx, l.origin, from, n)
	if err != nil {
		return nil, err
	}
	for i := range n {
		if i >= len(entries) || entries[i].Index != from+int64(i) {
			return nil, fmt.Errorf("%w: entry %d is missing", ErrInconsistent, from+int64(i))
		}
	}
	return entries, nil
}

// hashes reads the stored tree.
func (l *Log) hashes(ctx context.Context) tlog.HashReader {
	return tlog.HashReaderFunc(func(indexes []int64) ([]Hash, error) {
		hashes, err := l.store.LogHashes(ctx, l.origin, indexes)
		if errors.Is(err, ErrNotFound) {
			return nil, fmt.Errorf("%w: %w", ErrInconsistent, err)
		}
		return hashes, err
	})
}
