package sqlite

import (
	"context"
	"fmt"
	"time"

	"felleskrav/internal/attestation/answerdraft"
	"felleskrav/internal/storage"
)

// AnswerDraft implements answerdraft.Store.
func (s *Store) AnswerDraft(ctx context.Context, offering, set string) (answerdraft.Draft, error) {
	v, _, err := s.answerDraft(ctx, offering, set)
	if err != nil {
		return v, fmt.Errorf("read answers to %s for %s: %w", set, offering, err)
	}
	return v, nil
}

func (s *Store) answerDraft(ctx context.Context, offering, set string) (answerdraft.Draft, int64, error) {
	return document[answerdraft.Draft](s.query(ctx, `SELECT rev, doc FROM answer_drafts WHERE offering = ? AND "set" = ?`, offering, set))
}

// UpdateAnswerDraft implements answerdraft.Store.
func (s *Store) UpdateAnswerDraft(ctx context.Context, offering, set string, change func(answerdraft.Draft) (answerdraft.Draft, error)) (answerdraft.Draft, error) {
	return storage.Update(ctx,
		func(ctx context.Context) (answerdraft.Draft, int64, error) {
			v, rev, err := s.answerDraft(ctx, offering, set)
			return storage.OrNew(v, rev, err, answerdraft.Draft{Offering: offering, Set: set}, "answers for", offering)
		},
		change,
		func(ctx context.Context, _, v answerdraft.Draft, rev int64) (answerdraft.Draft, error) {
			v.Rev = rev + 1
			doc, err := encodeSame(v, v.Offering == offering && v.Set == set)
			if err == nil {
				err = s.put(ctx, rev, `INSERT INTO answer_drafts (due, doc, rev, offering, "set") VALUES (?, ?, 1, ?, ?)`,
					`UPDATE answer_drafts SET rev = rev + 1, due = ?, doc = ? WHERE offering = ? AND "set" = ? AND rev = ?`,
					millis(v.KeepUntil), string(doc), offering, set)
			}
			return stored[answerdraft.Draft](doc, err, "answers for", offering)
		})
}

// RemoveAnswerDraft implements answerdraft.Store.
func (s *Store) RemoveAnswerDraft(ctx context.Context, offering, set string, rev int64) error {
	if err := s.exec(ctx, `DELETE FROM answer_drafts WHERE offering = ? AND "set" = ? AND rev = ?`, offering, set, rev); err != nil {
		return fmt.Errorf("remove answers for %s: %w", offering, err)
	}
	return nil
}

// DueAnswerDrafts implements answerdraft.Store.
func (s *Store) DueAnswerDrafts(ctx context.Context, t time.Time, limit int) ([]answerdraft.Draft, error) {
	all, err := documents[answerdraft.Draft](s.query(ctx, `SELECT doc FROM answer_drafts WHERE due <= ? ORDER BY due, offering, "set" LIMIT ?`, millis(t), max(limit, 0)))
	if err != nil {
		return nil, fmt.Errorf("list due answers: %w", err)
	}
	return all, nil
}
