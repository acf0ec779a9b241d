package mongo

import (
	"context"
	"fmt"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"felleskrav/internal/attestation/answerdraft"
	"felleskrav/internal/storage"
)

func answerDraftID(offering, set string) string { return offering + ":" + set }

// AnswerDraft implements answerdraft.Store.
func (s *Store) AnswerDraft(ctx context.Context, offering, set string) (answerdraft.Draft, error) {
	v, _, err := s.answerDraft(ctx, offering, set)
	if err != nil {
		return v, fmt.Errorf("read answers to %s for %s: %w", set, offering, err)
	}
	return v, nil
}

func (s *Store) answerDraft(ctx context.Context, offering, set string) (answerdraft.Draft, int64, error) {
	return document[answerdraft.Draft](ctx, s.answerDrafts, byID(answerDraftID(offering, set)))
}

// UpdateAnswerDraft implements answerdraft.Store.
func (s *Store) UpdateAnswerDraft(ctx context.Context, offering, set string, change func(answerdraft.Draft) (answerdraft.Draft, error)) (answerdraft.Draft, error) {
	id := answerDraftID(offering, set)
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
				err = put(ctx, s.answerDrafts, id, rev, bson.D{
					{Key: "_id", Value: id}, {Key: "rev", Value: v.Rev}, {Key: "due", Value: storage.Time(v.KeepUntil)}, {Key: "doc", Value: string(doc)},
				})
			}
			return stored[answerdraft.Draft](doc, err, "answers for", offering)
		})
}

// RemoveAnswerDraft implements answerdraft.Store.
func (s *Store) RemoveAnswerDraft(ctx context.Context, offering, set string, rev int64) error {
	filter := append(byID(answerDraftID(offering, set)), bson.E{Key: "rev", Value: rev})
	if _, err := s.answerDrafts.DeleteOne(ctx, filter); err != nil {
		return fmt.Errorf("remove answers for %s: %w", offering, translate(ctx, err))
	}
	return nil
}

// DueAnswerDrafts implements answerdraft.Store.
func (s *Store) DueAnswerDrafts(ctx context.Context, t time.Time, limit int) ([]answerdraft.Draft, error) {
	filter := bson.D{{Key: "due", Value: bson.D{{Key: "$lte", Value: storage.Time(t)}}}}
	all, err := documents[answerdraft.Draft](ctx, s.answerDrafts, filter, up("due", "_id"), max(limit, 0))
	if err != nil {
		return nil, fmt.Errorf("list due answers: %w", err)
	}
	return all, nil
}
