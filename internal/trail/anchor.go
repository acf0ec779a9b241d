package trail

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"time"

	"felleskrav/internal/problem"
	"felleskrav/internal/signing"
)

const (
	// AnchorType is the type of the leaf that an anchor is in the transparency
	// log.
	AnchorType = "urn:felleskrav:trail-anchor:v1"
	// AnchorEach is how often anchors are made at most, on their own account.
	AnchorEach = time.Hour
)

// AnchorKey is the key of an anchor in the transparency log.
func AnchorKey(seq int64) string { return "trail-anchor:" + strconv.FormatInt(seq, 10) }

// leaf is what the log shows of the trail: nothing of what is in it.
type leaf struct {
	Type string `json:"type"`
	Seq  int64  `json:"seq"`
	Hash string `json:"hash"`
	// At is the entry's time (RFC 3339, UTC).
	At string `json:"at"`
}

const leafTime = "2006-01-02T15:04:05.000Z"

func (e Entry) leaf() ([]byte, error) {
	return signing.Canonical(leaf{AnchorType, e.Seq, e.Hash, e.Time().Format(leafTime)})
}

// ReadAnchor reads a leaf of the transparency log; ok is false when it is of
// another kind.
func ReadAnchor(body []byte) (a Anchor, ok bool) {
	var l leaf
	if json.Unmarshal(body, &l) != nil || l.Type != AnchorType {
		return Anchor{}, false
	}
	at, err := time.Parse(leafTime, l.At)
	if err != nil {
		return Anchor{}, false
	}
	return Anchor{Seq: l.Seq, Hash: l.Hash, At: at.UnixMilli()}, true
}

// Anchor puts the newest entry's hash into the transparency log, unless it is
// there. It gives the newest anchor; the zero Anchor when there are no entries.
func (s *Service) Anchor(ctx context.Context) (Anchor, error) {
	a, err := s.anchor(ctx)
	if err != nil {
		return Anchor{}, fmt.Errorf("anchor audit trail: %w", err)
	}
	return a, nil
}

func (s *Service) anchor(ctx context.Context) (Anchor, error) {
	if s.Log == nil {
		return Anchor{}, nil
	}
	last, err := s.Store.LastTrailEntry(ctx)
	if errors.Is(err, problem.ErrNotFound) {
		return Anchor{}, nil
	}
	if err != nil {
		return Anchor{}, err
	}
	known, err := s.Store.LastTrailAnchor(ctx, endOfTime)
	if err == nil && known.Seq >= last.Seq {
		return known, nil
	}
	if err != nil && !errors.Is(err, problem.ErrNotFound) {
		return Anchor{}, err
	}
	body, err := last.leaf()
	if err != nil {
		return Anchor{}, err
	}
	index, _, err := s.Log.Append(ctx, AnchorKey(last.Seq), body)
	if err != nil {
		return Anchor{}, err
	}
	a := Anchor{Seq: last.Seq, Hash: last.Hash, At: last.At, Index: index}
	if err := s.Store.InsertTrailAnchor(ctx, a); err != nil && !errors.Is(err, problem.ErrExists) {
		return Anchor{}, err
	}
	return a, nil
}

// endOfTime is later than any time that is stored.
var endOfTime = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)

// Run makes anchors and sweeps each hour until ctx ends.
func (s *Service) Run(ctx context.Context) {
	tick := time.NewTicker(AnchorEach)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if _, err := s.Anchor(ctx); err != nil && ctx.Err() == nil {
			s.Logger.WarnContext(ctx, "could not anchor the audit trail", slog.String("error", err.Error()))
		}
		did, err := s.Sweep(ctx)
		if err != nil && ctx.Err() == nil {
			s.Logger.WarnContext(ctx, "could not sweep the audit trail", slog.String("error", err.Error()))
		}
		if did != (Swept{}) {
			s.Logger.InfoContext(ctx, "swept the audit trail", slog.Int("entries", did.Entries), slog.Int("addresses", did.Addresses))
		}
	}
}

// Swept counts what Sweep removed.
type Swept struct{ Entries, Addresses int }

// sweptAtOnce bounds one write.
const sweptAtOnce = 500

// Sweep removes addresses and entries that have been kept for long enough. Of
// entries only those before an anchor go, and the anchored one stays.
func (s *Service) Sweep(ctx context.Context) (Swept, error) {
	var did Swept
	now := s.Now()
	if s.Addresses > 0 {
		for {
			n, err := s.Store.EraseTrailAddresses(ctx, now.Add(-s.Addresses), sweptAtOnce)
			did.Addresses += n
			if err != nil {
				return did, fmt.Errorf("erase addresses of audit trail: %w", err)
			}
			if n < sweptAtOnce {
				break
			}
		}
	}
	if s.Retention <= 0 {
		return did, nil
	}
	a, err := s.Store.LastTrailAnchor(ctx, now.Add(-s.Retention))
	if errors.Is(err, problem.ErrNotFound) {
		return did, nil
	}
	if err == nil {
		err = s.cut(ctx, a)
	}
	for err == nil {
		var n int
		n, err = s.Store.DropTrailEntries(ctx, a.Seq, sweptAtOnce)
		did.Entries += n
		if n < sweptAtOnce {
			break
		}
	}
	if err != nil {
		return did, fmt.Errorf("sweep audit trail: %w", err)
	}
	return did, nil
}

// cutAction is the action of the entry that tells that older ones are removed.
const cutAction, cutKind = "trail.cut", "trail-entry"

// cut writes that everything before the anchor is removed, unless there is
// nothing to remove.
func (s *Service) cut(ctx context.Context, a Anchor) error {
	first, err := s.Store.TrailEntries(ctx, 0, 1)
	if err != nil || len(first) == 0 || first[0].Seq >= a.Seq {
		return err
	}
	return s.Record(ctx, Entry{Actor: Itself, Action: cutAction, Targets: []Target{{cutKind, strconv.FormatInt(a.Seq, 10)}}})
}

// cutAt is up to where the entry says that older ones are removed.
func (e Entry) cutAt() (seq int64, ok bool) {
	if e.Actor != Itself || e.Action != cutAction || len(e.Targets) != 1 || e.Targets[0].Kind != cutKind {
		return 0, false
	}
	seq, err := strconv.ParseInt(e.Targets[0].ID, 10, 64)
	return seq, err == nil
}
