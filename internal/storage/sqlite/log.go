package sqlite

import (
	"context"
	"errors"
	"fmt"
	"time"

	"felleskrav/internal/problem"
	"felleskrav/internal/transparency"
)

// logErr gives err with the log's own sentinels in the place of ours.
func logErr(err error) error {
	switch {
	case errors.Is(err, problem.ErrNotFound):
		return transparency.ErrNotFound
	case errors.Is(err, problem.ErrExists):
		return transparency.ErrExists
	case errors.Is(err, problem.ErrStale):
		return transparency.ErrStale
	}
	return err
}

// LogState implements transparency.Store.
func (s *Store) LogState(ctx context.Context, origin string) (transparency.LogState, error) {
	v := transparency.LogState{Origin: origin}
	var root []byte
	err := s.query(ctx, `SELECT size, root, checkpoint, rev FROM log_states WHERE origin = ?`, origin).
		row(&v.Size, &root, &v.Checkpoint, &v.Rev)
	if err == nil {
		v.Root, err = hash(root)
	}
	if err != nil {
		return transparency.LogState{}, fmt.Errorf("read state of log %s: %w", origin, logErr(err))
	}
	return v, nil
}

func hash(b []byte) (h transparency.Hash, err error) {
	if copy(h[:], b) != len(h) || len(b) != len(h) {
		return h, fmt.Errorf("stored hash has %d bytes", len(b))
	}
	return h, nil
}

// bytesOf is a parameter for a column that must not be NULL.
func bytesOf(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

// CreateLogState implements transparency.Store.
func (s *Store) CreateLogState(ctx context.Context, v transparency.LogState) error {
	err := s.exec(ctx, `INSERT INTO log_states (origin, rev, size, root, checkpoint) VALUES (?, 1, ?, ?, ?)`,
		v.Origin, v.Size, v.Root[:], bytesOf(v.Checkpoint))
	if err != nil {
		return fmt.Errorf("create state of log %s: %w", v.Origin, logErr(err))
	}
	return nil
}

// SwapLogState implements transparency.Store.
func (s *Store) SwapLogState(ctx context.Context, v transparency.LogState) error {
	err := s.swap(ctx, `UPDATE log_states SET rev = rev + 1, size = ?, root = ?, checkpoint = ? WHERE origin = ? AND rev = ?`,
		v.Size, v.Root[:], bytesOf(v.Checkpoint), v.Origin, v.Rev)
	if err != nil {
		return fmt.Errorf("swap state of log %s: %w", v.Origin, logErr(err))
	}
	return nil
}

// InsertLogEntries implements transparency.Store.
func (s *Store) InsertLogEntries(ctx context.Context, origin string, entries []transparency.Entry) error {
	if len(entries) == 0 {
		return nil
	}
	// What went in before a taken key stays: that is the prefix the contract
	// speaks of.
	err := s.writer.do(ctx, &write{run: func(t tx) error {
		for _, e := range entries {
			_, err := t.exec(`INSERT INTO log_entries (origin, idx, key, logged_at, body) VALUES (?, ?, ?, ?, ?)`,
				origin, e.Index, e.Key, millis(e.LoggedAt), bytesOf(e.Body))
			if err != nil {
				return fmt.Errorf("entry %d: %w", e.Index, err)
			}
		}
		return nil
	}})
	if err != nil {
		return fmt.Errorf("insert entries of log %s: %w", origin, logErr(err))
	}
	return nil
}

// LogEntries implements transparency.Store.
func (s *Store) LogEntries(ctx context.Context, origin string, from int64, limit int) ([]transparency.Entry, error) {
	all, err := entries(s.query(ctx, `SELECT idx, key, logged_at, body FROM log_entries WHERE origin = ? AND idx >= ? ORDER BY idx LIMIT ?`,
		origin, from, max(limit, 0)))
	if err != nil {
		return nil, fmt.Errorf("read entries of log %s from %d: %w", origin, from, err)
	}
	return all, nil
}

// LogEntriesByKey implements transparency.Store. The plus keeps SQLite from
// reading the whole log in the order of its places, where few keys are asked for.
func (s *Store) LogEntriesByKey(ctx context.Context, origin string, keys []string) ([]transparency.Entry, error) {
	arg, err := list(keys)
	if err != nil {
		return nil, err
	}
	all, err := entries(s.query(ctx, `SELECT idx, key, logged_at, body FROM log_entries
		WHERE origin = ? AND key IN (SELECT value FROM json_each(?)) ORDER BY +idx`, origin, arg))
	if err != nil {
		return nil, fmt.Errorf("find entries of log %s: %w", origin, err)
	}
	return all, nil
}

// LogPlacesByKey implements transparency.Store.
func (s *Store) LogPlacesByKey(ctx context.Context, origin string, keys []string) ([]transparency.Entry, error) {
	arg, err := list(keys)
	if err != nil {
		return nil, err
	}
	all, err := entries(s.query(ctx, `SELECT idx, key, logged_at, NULL FROM log_entries
		WHERE origin = ? AND key IN (SELECT value FROM json_each(?)) ORDER BY +idx`, origin, arg))
	if err != nil {
		return nil, fmt.Errorf("find places in log %s: %w", origin, err)
	}
	return all, nil
}

func entries(q query) ([]transparency.Entry, error) {
	all := []transparency.Entry{}
	err := q.each(func(scan func(...any) error) error {
		var e transparency.Entry
		var at int64
		err := scan(&e.Index, &e.Key, &at, &e.Body)
		e.LoggedAt = time.UnixMilli(at).UTC()
		all = append(all, e)
		return err
	})
	return all, err
}

// PutLogHashes implements transparency.Store.
func (s *Store) PutLogHashes(ctx context.Context, origin string, hashes []transparency.StoredHash) error {
	if len(hashes) == 0 {
		return nil
	}
	err := s.writer.do(ctx, &write{whole: true, run: func(t tx) error {
		for _, h := range hashes {
			_, err := t.exec(`INSERT INTO log_hashes (origin, idx, hash) VALUES (?, ?, ?)
				ON CONFLICT (origin, idx) DO UPDATE SET hash = excluded.hash`, origin, h.Index, h.Hash[:])
			if err != nil {
				return err
			}
		}
		return nil
	}})
	if err != nil {
		return fmt.Errorf("put hashes of log %s: %w", origin, logErr(err))
	}
	return nil
}

// LogHashes implements transparency.Store.
func (s *Store) LogHashes(ctx context.Context, origin string, indexes []int64) ([]transparency.Hash, error) {
	arg, err := list(indexes)
	if err != nil {
		return nil, err
	}
	found := make(map[int64]transparency.Hash, len(indexes))
	err = s.query(ctx, `SELECT idx, hash FROM log_hashes WHERE origin = ? AND idx IN (SELECT value FROM json_each(?))`, origin, arg).
		each(func(scan func(...any) error) error {
			var i int64
			var b []byte
			if err := scan(&i, &b); err != nil {
				return err
			}
			h, err := hash(b)
			found[i] = h
			return err
		})
	if err != nil {
		return nil, fmt.Errorf("read hashes of log %s: %w", origin, err)
	}
	all := make([]transparency.Hash, len(indexes))
	for n, i := range indexes {
		h, ok := found[i]
		if !ok {
			return nil, fmt.Errorf("read hash %d of log %s: %w", i, origin, transparency.ErrNotFound)
		}
		all[n] = h
	}
	return all, nil
}
