package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"math"
	"time"

	"felleskrav/internal/attestation"
	"felleskrav/internal/storage"
)

// The bundle stands in a column of its own, so that lists need not read it.

// InsertAttestation implements attestation.Store.
func (s *Store) InsertAttestation(ctx context.Context, r attestation.Record) error {
	bundle := blob(r.Bundle)
	r.Bundle = nil
	doc, err := storage.Encode(r)
	var outline []byte
	if err == nil {
		outline, err = storage.Encode(attestation.NewOutlined(r))
	}
	if err == nil {
		err = s.writer.do(ctx, &write{whole: true, run: func(t tx) error {
			_, err := t.exec(`INSERT INTO attestations (digest, offering, set_id, received_at, doc, bundle) VALUES (?, ?, ?, ?, ?, ?)`,
				r.Digest, r.Offering, r.Set, millis(r.ReceivedAt), string(doc), bundle)
			if err == nil {
				_, err = t.exec(`INSERT INTO attestation_outlines (seq, outline) VALUES (last_insert_rowid(), ?)`, string(outline))
			}
			return err
		}})
	}
	if err != nil {
		return fmt.Errorf("insert attestation %s: %w", r.Digest, err)
	}
	return nil
}

// blob is a parameter that is NULL for no bytes, as omitempty has it.
func blob(b []byte) any {
	if len(b) == 0 {
		return nil
	}
	return b
}

// Attestation implements attestation.Store.
func (s *Store) Attestation(ctx context.Context, digest string) (attestation.Record, error) {
	var doc, bundle []byte
	var r attestation.Record
	err := s.query(ctx, `SELECT doc, bundle FROM attestations WHERE digest = ?`, digest).row(&doc, &bundle)
	if err == nil {
		r, err = storage.Decode[attestation.Record](doc)
	}
	if err != nil {
		return r, fmt.Errorf("read attestation %s: %w", digest, err)
	}
	r.Bundle = bundle
	return r, nil
}

// AttestationsFor implements attestation.Store. Those received in the same
// millisecond come by digest, the greatest first.
func (s *Store) AttestationsFor(ctx context.Context, offering, set string, limit int) ([]attestation.Record, error) {
	q := s.query(ctx, `SELECT doc FROM attestations WHERE offering = ? AND set_id = ? ORDER BY received_at DESC, digest DESC LIMIT ?`,
		offering, set, max(limit, 0))
	if set == "" {
		q = s.query(ctx, `SELECT doc FROM attestations WHERE offering = ? ORDER BY received_at DESC, digest DESC LIMIT ?`,
			offering, max(limit, 0))
	}
	all, err := documents[attestation.Record](q)
	if err != nil {
		return nil, fmt.Errorf("list attestations for offering %s: %w", offering, err)
	}
	return all, nil
}

// LatestAttestations implements attestation.Store. The offerings come in the
// order asked for, each once, and their declarations newest first.
func (s *Store) LatestAttestations(ctx context.Context, offerings []string, set string, perOffering int) ([]attestation.Record, error) {
	arg, err := list(storage.Unique(offerings))
	if err != nil {
		return nil, err
	}
	// For each offering the newest few are found by index alone.
	q := s.query(ctx, `SELECT a.doc FROM json_each(?1) AS o CROSS JOIN attestations AS a
		WHERE a.seq IN (SELECT seq FROM attestations WHERE offering = o.value AND set_id = ?2
			ORDER BY received_at DESC, digest DESC LIMIT ?3)
		ORDER BY o.key, a.received_at DESC, a.digest DESC`, arg, set, max(perOffering, 0))
	if set == "" {
		q = s.query(ctx, `SELECT a.doc FROM json_each(?1) AS o CROSS JOIN attestations AS a
		WHERE a.seq IN (SELECT seq FROM attestations WHERE offering = o.value
			ORDER BY received_at DESC, digest DESC LIMIT ?2)
		ORDER BY o.key, a.received_at DESC, a.digest DESC`, arg, max(perOffering, 0))
	}
	all, err := documents[attestation.Record](q)
	if err != nil {
		return nil, fmt.Errorf("list latest attestations: %w", err)
	}
	return all, nil
}

// LatestOutlines implements attestation.Store. The newest few are found by index
// alone, and the declarations themselves are not read.
func (s *Store) LatestOutlines(ctx context.Context, offerings []string, set string, perOffering int) ([]attestation.Record, error) {
	arg, err := list(storage.Unique(offerings))
	if err != nil {
		return nil, err
	}
	q := s.query(ctx, `SELECT (SELECT outline FROM attestation_outlines WHERE seq = a.seq)
		FROM json_each(?1) AS o CROSS JOIN attestations AS a INDEXED BY attestations_set
		WHERE a.offering = o.value AND a.set_id = ?2 AND a.seq IN (SELECT seq FROM attestations INDEXED BY attestations_set
			WHERE offering = o.value AND set_id = ?2 ORDER BY received_at DESC, digest DESC LIMIT ?3)
		ORDER BY o.key, a.received_at DESC, a.digest DESC`, arg, set, max(perOffering, 0))
	if set == "" {
		q = s.query(ctx, `SELECT (SELECT outline FROM attestation_outlines WHERE seq = a.seq)
		FROM json_each(?1) AS o CROSS JOIN attestations AS a INDEXED BY attestations_offering
		WHERE a.offering = o.value AND a.seq IN (SELECT seq FROM attestations INDEXED BY attestations_offering
			WHERE offering = o.value ORDER BY received_at DESC, digest DESC LIMIT ?2)
		ORDER BY o.key, a.received_at DESC, a.digest DESC`, arg, max(perOffering, 0))
	}
	kept, err := documents[attestation.Outlined](q)
	if err != nil {
		return nil, fmt.Errorf("list latest outlines: %w", err)
	}
	all := make([]attestation.Record, len(kept))
	for i, o := range kept {
		all[i] = o.Outline()
	}
	return all, nil
}

// NewestAttestations implements attestation.Store.
func (s *Store) NewestAttestations(ctx context.Context, after attestation.Position, limit int) ([]attestation.Record, error) {
	before, digest := int64(math.MaxInt64), ""
	if !after.ReceivedAt.IsZero() {
		before, digest = millis(after.ReceivedAt), after.Digest
	}
	kept, err := documents[attestation.Outlined](s.query(ctx, `SELECT (SELECT outline FROM attestation_outlines WHERE seq = a.seq)
		FROM attestations AS a INDEXED BY attestations_received
		WHERE (a.received_at, a.digest) < (?, ?) ORDER BY a.received_at DESC, a.digest DESC LIMIT ?`, before, digest, max(limit, 0)))
	if err != nil {
		return nil, fmt.Errorf("list newest attestations: %w", err)
	}
	all := make([]attestation.Record, len(kept))
	for i, o := range kept {
		all[i] = o.Outline()
	}
	return all, nil
}

// AttestationsSince implements attestation.Store.
func (s *Store) AttestationsSince(ctx context.Context, t time.Time, limit int) ([]string, error) {
	digests, err := texts(s.query(ctx, `SELECT digest FROM attestations WHERE received_at >= ? ORDER BY received_at, digest LIMIT ?`,
		millis(t), max(limit, 0)))
	if err != nil {
		return nil, fmt.Errorf("list attestations since %s: %w", t, err)
	}
	return digests, nil
}

// texts reads rows of one text.
func texts(q query) ([]string, error) {
	all := []string{}
	err := q.each(func(scan func(...any) error) error {
		var text string
		err := scan(&text)
		all = append(all, text)
		return err
	})
	return all, err
}

// AttestationsRevision implements attestation.Store.
func (s *Store) AttestationsRevision(ctx context.Context, offering string) (string, error) {
	var declared, withdrawn sql.NullInt64
	err := s.query(ctx, `SELECT (SELECT max(seq) FROM attestations INDEXED BY attestations_revision WHERE offering = ?1),
		(SELECT max(seq) FROM withdrawals INDEXED BY withdrawals_revision WHERE offering = ?1)`, offering).row(&declared, &withdrawn)
	if err != nil {
		return "", fmt.Errorf("read revision of offering %s: %w", offering, err)
	}
	return fmt.Sprintf("%d-%d", declared.Int64, withdrawn.Int64), nil
}

// InsertWithdrawal implements attestation.Store.
func (s *Store) InsertWithdrawal(ctx context.Context, w attestation.Withdrawal) error {
	bundle := blob(w.Bundle)
	w.Bundle = nil
	doc, err := storage.Encode(w)
	if err == nil {
		err = s.exec(ctx, `INSERT INTO withdrawals (attestation, offering, withdrawn_at, doc, bundle) VALUES (?, ?, ?, ?, ?)`,
			w.Attestation, w.Offering, millis(w.At), string(doc), bundle)
	}
	if err != nil {
		return fmt.Errorf("insert withdrawal of %s: %w", w.Attestation, err)
	}
	return nil
}

// Withdrawal implements attestation.Store.
func (s *Store) Withdrawal(ctx context.Context, of string) (attestation.Withdrawal, error) {
	var doc, bundle []byte
	var w attestation.Withdrawal
	err := s.query(ctx, `SELECT doc, bundle FROM withdrawals WHERE attestation = ?`, of).row(&doc, &bundle)
	if err == nil {
		w, err = storage.Decode[attestation.Withdrawal](doc)
	}
	if err != nil {
		return w, fmt.Errorf("read withdrawal of %s: %w", of, err)
	}
	w.Bundle = bundle
	return w, nil
}

// WithdrawalsSince implements attestation.Store. Those of the same millisecond
// come by declaration.
func (s *Store) WithdrawalsSince(ctx context.Context, t time.Time, limit int) ([]string, error) {
	all, err := texts(s.query(ctx, `SELECT attestation FROM withdrawals WHERE withdrawn_at >= ? ORDER BY withdrawn_at, attestation LIMIT ?`,
		millis(t), max(limit, 0)))
	if err != nil {
		return nil, fmt.Errorf("list withdrawals since %s: %w", t, err)
	}
	return all, nil
}

// Withdrawals implements attestation.Store. They come ordered by declaration.
func (s *Store) Withdrawals(ctx context.Context, attestations []string) ([]attestation.Withdrawal, error) {
	arg, err := list(attestations)
	if err != nil {
		return nil, err
	}
	all, err := documents[attestation.Withdrawal](s.query(ctx,
		`SELECT doc FROM withdrawals WHERE attestation IN (SELECT value FROM json_each(?)) ORDER BY attestation`, arg))
	if err != nil {
		return nil, fmt.Errorf("read withdrawals: %w", err)
	}
	return all, nil
}
