package sqlite

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"felleskrav/internal/problem"
	"felleskrav/internal/storage"
)

const (
	// maxBatch is how many writes share a transaction at most.
	maxBatch = 256
	// lockWait is how long the writer waits for the lock that another process
	// holds, before the waiting writes fail.
	lockWait = 30 * time.Second
	// lockPause is how long it sleeps at most before it looks again. SQLite's
	// own waiting sleeps up to 100 ms, and a process that writes all the time
	// leaves gaps so short that a second one would hardly ever meet one.
	lockPause = time.Millisecond
)

// writer is the one that writes in this process.
//
// A write that waits in the queue can be withdrawn by its context; one that
// has been picked up is carried through. There is no delay to gather writes:
// those that arrive while a transaction is being flushed make the next one.
type writer struct {
	db    *sql.DB
	tx    tx
	queue chan *write
	done  chan struct{}

	mu     sync.RWMutex // held for reading while a write is put in the queue
	closed bool
}

// write is one caller's change: all its statements, or, when it fails, what it
// had done until then unless whole is set.
type write struct {
	run func(tx) error
	// whole asks that a failing write of several statements leaves nothing.
	whole bool
	state atomic.Int32
	done  chan error
}

// States of a write. Whoever moves it from queued decides.
const (
	queued int32 = iota
	taken
	withdrawn
)

// openWriter starts the writer on a connection of its own.
func openWriter(ctx context.Context, file string) (*writer, error) {
	// A checkpoint costs a flush of the main file: do it each 16 MB or so.
	db, err := sql.Open("sqlite", dsn(file, "wal_autocheckpoint(4000)", "journal_size_limit(67108864)"))
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	// From here on the writer waits for locks by itself: see lockPause.
	if _, err := conn.ExecContext(ctx, `PRAGMA busy_timeout = 0`); err != nil {
		return nil, errors.Join(err, conn.Close(), db.Close())
	}
	w := &writer{
		db:    db,
		tx:    tx{conn: conn, stmts: map[string]*sql.Stmt{}, rest: &rest{}},
		queue: make(chan *write, maxBatch),
		done:  make(chan struct{}),
	}
	go w.loop()
	return w, nil
}

// close lets the queued writes finish and stops the writer.
func (w *writer) close() error {
	w.mu.Lock()
	if w.closed {
		w.mu.Unlock()
		return nil
	}
	w.closed = true
	close(w.queue)
	w.mu.Unlock()
	<-w.done
	var err error
	for _, st := range w.tx.stmts {
		err = errors.Join(err, st.Close())
	}
	return errors.Join(err, w.tx.conn.Close(), w.db.Close())
}

// do queues a write and waits for it.
func (w *writer) do(ctx context.Context, wr *write) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	wr.done = make(chan error, 1)
	w.mu.RLock()
	if w.closed {
		w.mu.RUnlock()
		return storage.ErrClosed
	}
	select {
	case w.queue <- wr:
		w.mu.RUnlock()
	case <-ctx.Done():
		w.mu.RUnlock()
		return ctx.Err()
	}
	select {
	case err := <-wr.done:
		return err
	case <-ctx.Done():
		if wr.state.CompareAndSwap(queued, withdrawn) {
			return ctx.Err()
		}
		return <-wr.done
	}
}

func (w *writer) loop() {
	defer close(w.done)
	for first := range w.queue {
		// Those who were just answered get to ask again before we look.
		runtime.Gosched()
		err := w.lock()
		batch := w.take(first)
		switch {
		case err != nil:
			answer(batch, fmt.Errorf("begin: %w", err))
		case len(batch) == 0:
			w.rollback()
		default:
			w.commit(batch)
		}
	}
}

// take picks up first and what else is waiting.
func (w *writer) take(first *write) []*write {
	var batch []*write
	for wr := first; ; {
		if wr.state.CompareAndSwap(queued, taken) {
			batch = append(batch, wr)
		}
		if len(batch) == maxBatch {
			return batch
		}
		select {
		case next, ok := <-w.queue:
			if !ok {
				return batch
			}
			wr = next
		default:
			return batch
		}
	}
}

// lock begins a transaction.
func (w *writer) lock() error { return w.patiently(`BEGIN IMMEDIATE`) }

// patiently runs a statement, again while another process is in the way.
func (w *writer) patiently(statement string) error {
	for start := time.Now(); ; {
		_, err := w.tx.exec(statement)
		if err == nil || !isBusy(err) || time.Since(start) > lockWait {
			return err
		}
		time.Sleep(rand.N(lockPause))
	}
}

// commit runs the writes of batch in the transaction begun and answers them.
// An outcome such as a taken key touches nobody else's write. After a fault,
// such as a full disk, SQLite may have undone the whole transaction: then each
// write is tried by itself, so that each gets its own answer.
func (w *writer) commit(batch []*write) {
	results := make([]error, len(batch))
	for i, wr := range batch {
		results[i] = w.run(wr)
		if !isOutcome(results[i]) {
			w.rollback()
			w.each(batch)
			return
		}
	}
	if err := w.finish(); err != nil {
		w.rollback()
		w.each(batch)
		return
	}
	if err := w.flush(); err != nil {
		answer(batch, err)
		return
	}
	for i, wr := range batch {
		wr.done <- results[i]
	}
}

// each runs every write of batch in a transaction of its own.
func (w *writer) each(batch []*write) {
	for _, wr := range batch {
		if err := w.lock(); err != nil {
			wr.done <- fmt.Errorf("begin: %w", err)
			continue
		}
		result := w.run(wr)
		if isOutcome(result) {
			result = cmp.Or(w.finish(), result)
		}
		if !isOutcome(result) {
			w.rollback()
		} else if err := w.flush(); err != nil {
			result = err
		}
		wr.done <- result
	}
}

// run runs one write inside the transaction. A single statement that fails
// leaves nothing by itself; more than one need a savepoint.
func (w *writer) run(wr *write) error {
	if !wr.whole {
		return wr.run(w.tx)
	}
	if _, err := w.tx.exec(`SAVEPOINT one`); err != nil {
		return err
	}
	result := wr.run(w.tx)
	if result != nil {
		if !isOutcome(result) {
			return result
		}
		if _, err := w.tx.exec(`ROLLBACK TO one`); err != nil {
			return err
		}
	}
	if _, err := w.tx.exec(`RELEASE one`); err != nil {
		return err
	}
	return result
}

// finish does what the writes of the transaction have put off.
func (w *writer) finish() error {
	for _, d := range w.tx.rest.take() {
		if _, err := w.tx.exec(d.statement, d.number); err != nil {
			return err
		}
	}
	return nil
}

// flush commits; when it returns nil the writes are on disk.
func (w *writer) flush() error {
	if err := w.patiently(`COMMIT`); err != nil {
		w.rollback()
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

// rollback ends the transaction if there still is one. It fails only when
// SQLite has already ended it, which is what is wanted.
func (w *writer) rollback() {
	w.tx.rest.take()
	_, _ = w.tx.exec(`ROLLBACK`)
}

func answer(batch []*write, err error) {
	for _, wr := range batch {
		wr.done <- err
	}
}

// isOutcome tells whether err is an answer that a write may have, and not a
// fault of the database.
func isOutcome(err error) bool {
	return err == nil || errors.Is(err, problem.ErrExists) || errors.Is(err, problem.ErrStale) || errors.Is(err, problem.ErrNotFound)
}

// tx runs statements on the writer's connection. Only its goroutine uses it.
type tx struct {
	conn  *sql.Conn
	stmts map[string]*sql.Stmt
	rest  *rest
}

// deferred is a statement about one number.
type deferred struct {
	statement string
	number    int64
}

// rest is what is put off to the end of a transaction.
type rest struct{ all []deferred }

// take gives what there is, each once and in order, and forgets it.
func (r *rest) take() []deferred {
	slices.SortFunc(r.all, func(a, b deferred) int {
		return cmp.Or(cmp.Compare(a.statement, b.statement), cmp.Compare(a.number, b.number))
	})
	all := slices.Compact(r.all)
	r.all = nil
	return all
}

// later has a statement run when all writes of the transaction have been,
// whatever came of this one. It runs once for each number, in their order.
func (t tx) later(statement string, number int64) {
	t.rest.all = append(t.rest.all, deferred{statement, number})
}

func (t tx) prepare(query string) (*sql.Stmt, error) {
	if st, ok := t.stmts[query]; ok {
		return st, nil
	}
	st, err := t.conn.PrepareContext(context.Background(), query)
	if err != nil {
		return nil, err
	}
	t.stmts[query] = st
	return st, nil
}

// exec runs a statement and says how many rows it changed. A taken unique key
// is problem.ErrExists.
func (t tx) exec(query string, args ...any) (int64, error) {
	st, err := t.prepare(query)
	if err != nil {
		return 0, err
	}
	r, err := st.ExecContext(context.Background(), args...)
	if err != nil {
		if isDuplicate(err) {
			return 0, problem.ErrExists
		}
		return 0, err
	}
	return r.RowsAffected()
}

// swap runs an update that must hit one row, or else is stale.
func (t tx) swap(query string, args ...any) error {
	n, err := t.exec(query, args...)
	if err == nil && n == 0 {
		return problem.ErrStale
	}
	return err
}

// row runs a statement that returns at most one row, and reads it
// (problem.ErrNotFound).
func (t tx) row(query string, args []any, dest ...any) error {
	st, err := t.prepare(query)
	if err != nil {
		return err
	}
	err = st.QueryRowContext(context.Background(), args...).Scan(dest...)
	if errors.Is(err, sql.ErrNoRows) {
		return problem.ErrNotFound
	}
	return err
}

// exec queues a single statement (problem.ErrExists when a unique key is taken).
func (s *Store) exec(ctx context.Context, query string, args ...any) error {
	return s.writer.do(ctx, &write{run: func(t tx) error {
		_, err := t.exec(query, args...)
		return err
	}})
}

// swap queues a single update that must hit one row (problem.ErrStale).
func (s *Store) swap(ctx context.Context, query string, args ...any) error {
	return s.writer.do(ctx, &write{run: func(t tx) error { return t.swap(query, args...) }})
}
