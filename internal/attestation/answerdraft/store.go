package answerdraft

import (
	"context"
	"time"
)

// Store keeps drafts. Writes are durable when they return.
type Store interface {
	// AnswerDraft reads the one for an offering and a set (problem.ErrNotFound).
	AnswerDraft(ctx context.Context, offering, set string) (Draft, error)
	// UpdateAnswerDraft is compare-and-swap: see package storage. When there is
	// none, change gets one with no more than its offering and set, at revision 0.
	UpdateAnswerDraft(ctx context.Context, offering, set string, change func(Draft) (Draft, error)) (Draft, error)
	// RemoveAnswerDraft removes the draft if its revision is rev. That there is
	// none, or another one, is no error.
	RemoveAnswerDraft(ctx context.Context, offering, set string, rev int64) error
	// DueAnswerDrafts lists those to be kept until t or shorter, those due first
	// before others, at most limit.
	DueAnswerDrafts(ctx context.Context, t time.Time, limit int) ([]Draft, error)
}
