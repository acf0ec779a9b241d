package sqlite

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"felleskrav/internal/problem"
	"felleskrav/internal/storage"
	"felleskrav/internal/trail"
)

// InsertTrailEntries implements trail.Store: all of them, or none.
func (s *Store) InsertTrailEntries(ctx context.Context, entries []trail.Entry) error {
	if len(entries) == 0 {
		return nil
	}
	rows := make([][]any, 0, len(entries))
	var refs [][]any
	for _, e := range entries {
		doc, err := storage.Encode(e)
		if err != nil {
			return fmt.Errorf("insert trail entry %d: %w", e.Seq, err)
		}
		rows = append(rows, []any{e.Seq, e.At, e.Address != "", string(doc)})
		for _, r := range e.Refs() {
			refs = append(refs, []any{r, e.Seq})
		}
	}
	docs, err := list(rows)
	refList, refErr := list(refs)
	if err = errors.Join(err, refErr); err == nil {
		err = s.writer.do(ctx, &write{whole: true, run: func(t tx) error {
			// One statement for each table, however many entries there are.
			_, err := t.exec(`INSERT INTO trail (seq, at, addressed, doc)
				SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3 FROM json_each(?)`, docs)
			if err == nil {
				_, err = t.exec(`INSERT INTO trail_refs (ref, seq) SELECT value ->> 0, value ->> 1 FROM json_each(?)`, refList)
			}
			return err
		}})
	}
	if err != nil {
		return fmt.Errorf("insert trail entries from %d: %w", entries[0].Seq, err)
	}
	return nil
}

// LastTrailEntry implements trail.Store.
func (s *Store) LastTrailEntry(ctx context.Context) (trail.Entry, error) {
	v, _, err := document[trail.Entry](s.query(ctx, `SELECT 1, doc FROM trail ORDER BY seq DESC LIMIT 1`))
	if err != nil {
		return v, fmt.Errorf("read last trail entry: %w", err)
	}
	return v, nil
}

// TrailEntries implements trail.Store.
func (s *Store) TrailEntries(ctx context.Context, from int64, limit int) ([]trail.Entry, error) {
	all, err := documents[trail.Entry](s.query(ctx, `SELECT doc FROM trail WHERE seq >= ? ORDER BY seq LIMIT ?`, from, max(limit, 0)))
	if err != nil {
		return nil, fmt.Errorf("read trail entries from %d: %w", from, err)
	}
	return all, nil
}

// FindTrailEntries implements trail.Store. Times never go back along the trail,
// so that a time is a number.
func (s *Store) FindTrailEntries(ctx context.Context, q trail.Query) ([]trail.Entry, error) {
	all, err := s.findTrailEntries(ctx, q)
	if err != nil {
		return nil, fmt.Errorf("find trail entries: %w", err)
	}
	return all, nil
}

func (s *Store) findTrailEntries(ctx context.Context, q trail.Query) ([]trail.Entry, error) {
	from, before := int64(0), int64(math.MaxInt64)
	if q.Before > 0 {
		before = q.Before
	}
	if !q.From.IsZero() {
		seq, err := s.trailSeq(ctx, q.From)
		if err != nil {
			return nil, err
		}
		from = seq
	}
	if !q.To.IsZero() {
		seq, err := s.trailSeq(ctx, q.To)
		if err != nil {
			return nil, err
		}
		before = min(before, seq)
	}
	if len(q.Refs) == 0 {
		return documents[trail.Entry](s.query(ctx, `SELECT doc FROM trail WHERE seq >= ? AND seq < ? ORDER BY seq DESC LIMIT ?`, from, before, max(q.Limit, 0)))
	}
	refs, err := s.rarestFirst(ctx, q.Refs)
	if err != nil {
		return nil, err
	}
	text := `SELECT t.doc FROM trail_refs r CROSS JOIN trail t ON t.seq = r.seq WHERE r.ref = ? AND r.seq >= ? AND r.seq < ?` +
		strings.Repeat(` AND EXISTS (SELECT 1 FROM trail_refs x WHERE x.ref = ? AND x.seq = r.seq)`, len(refs)-1) +
		` ORDER BY r.seq DESC LIMIT ?`
	args := []any{refs[0], from, before}
	for _, r := range refs[1:] {
		args = append(args, r)
	}
	return documents[trail.Entry](s.query(ctx, text, append(args, max(q.Limit, 0))...))
}

// trailSeq is the first number at a time or after it.
func (s *Store) trailSeq(ctx context.Context, t time.Time) (int64, error) {
	var seq int64
	err := s.query(ctx, `SELECT seq FROM trail WHERE at >= ? ORDER BY at, seq LIMIT 1`, millis(t)).row(&seq)
	if errors.Is(err, problem.ErrNotFound) {
		return math.MaxInt64, nil
	}
	return seq, err
}

// rarest is how far refs are counted to find the one to begin with.
const rarest = 2000

// rarestFirst gives refs with the one first that fewest entries have.
func (s *Store) rarestFirst(ctx context.Context, refs []string) ([]string, error) {
	out := append([]string(nil), refs...)
	if len(out) < 2 {
		return out, nil
	}
	best, fewest := 0, rarest
	for i, r := range out {
		var n int
		if err := s.query(ctx, `SELECT count(*) FROM (SELECT 1 FROM trail_refs WHERE ref = ? LIMIT ?)`, r, rarest).row(&n); err != nil {
			return nil, err
		}
		if n < fewest {
			best, fewest = i, n
		}
	}
	out[0], out[best] = out[best], out[0]
	return out, nil
}

// EraseTrailAddresses implements trail.Store.
func (s *Store) EraseTrailAddresses(ctx context.Context, before time.Time, limit int) (int, error) {
	all, err := documents[trail.Entry](s.query(ctx, `SELECT doc FROM trail WHERE addressed = 1 AND at < ? ORDER BY at, seq LIMIT ?`, millis(before), max(limit, 0)))
	if err != nil || len(all) == 0 {
		return 0, err
	}
	rows := make([][]any, 0, len(all))
	for _, e := range all {
		doc, err := storage.Encode(e.Erased())
		if err != nil {
			return 0, fmt.Errorf("erase address of trail entry %d: %w", e.Seq, err)
		}
		rows = append(rows, []any{e.Seq, string(doc)})
	}
	docs, err := list(rows)
	if err == nil {
		err = s.exec(ctx, `UPDATE trail SET addressed = 0, doc = n.value ->> 1 FROM json_each(?) n WHERE seq = n.value ->> 0`, docs)
	}
	if err != nil {
		return 0, fmt.Errorf("erase addresses of trail: %w", err)
	}
	return len(all), nil
}

// DropTrailEntries implements trail.Store.
func (s *Store) DropTrailEntries(ctx context.Context, before int64, limit int) (int, error) {
	all, err := documents[trail.Entry](s.query(ctx, `SELECT doc FROM trail WHERE seq < ? ORDER BY seq LIMIT ?`, before, max(limit, 0)))
	if err != nil || len(all) == 0 {
		return 0, err
	}
	var refs [][]any
	for _, e := range all {
		for _, r := range e.Refs() {
			refs = append(refs, []any{r, e.Seq})
		}
	}
	refList, err := list(refs)
	if err == nil {
		err = s.writer.do(ctx, &write{whole: true, run: func(t tx) error {
			_, err := t.exec(`DELETE FROM trail WHERE seq <= ?`, all[len(all)-1].Seq)
			if err == nil {
				_, err = t.exec(`DELETE FROM trail_refs WHERE (ref, seq) IN (SELECT value ->> 0, value ->> 1 FROM json_each(?))`, refList)
			}
			return err
		}})
	}
	if err != nil {
		return 0, fmt.Errorf("drop trail entries before %d: %w", before, err)
	}
	return len(all), nil
}

// InsertTrailAnchor implements trail.Store.
func (s *Store) InsertTrailAnchor(ctx context.Context, a trail.Anchor) error {
	doc, err := storage.Encode(a)
	if err == nil {
		err = s.exec(ctx, `INSERT INTO trail_anchors (seq, at, doc) VALUES (?, ?, ?)`, a.Seq, a.At, string(doc))
	}
	if err != nil {
		return fmt.Errorf("insert trail anchor %d: %w", a.Seq, err)
	}
	return nil
}

// LastTrailAnchor implements trail.Store.
func (s *Store) LastTrailAnchor(ctx context.Context, before time.Time) (trail.Anchor, error) {
	v, _, err := document[trail.Anchor](s.query(ctx, `SELECT 1, doc FROM trail_anchors WHERE at < ? ORDER BY at DESC, seq DESC LIMIT 1`, millis(before)))
	if err != nil {
		return v, fmt.Errorf("read last trail anchor: %w", err)
	}
	return v, nil
}
