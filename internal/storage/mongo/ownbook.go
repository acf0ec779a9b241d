package mongo

import (
	"context"
	"fmt"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"felleskrav/internal/organisation"
	"felleskrav/internal/ownbook"
	"felleskrav/internal/storage"
)

func ownWorkbookDoc(v ownbook.Workbook, doc []byte) bson.D {
	return bson.D{
		{Key: "_id", Value: v.ID}, {Key: "rev", Value: v.Rev}, {Key: "procurement", Value: v.Procurement},
		{Key: "due", Value: storage.Time(v.KeepUntil)}, {Key: "doc", Value: string(doc)},
	}
}

// InsertOwnWorkbook implements ownbook.Store.
func (s *Store) InsertOwnWorkbook(ctx context.Context, v ownbook.Workbook) error {
	v.Rev = 1
	doc, err := storage.Encode(v)
	if err == nil {
		err = insert(ctx, s.ownWorkbooks, ownWorkbookDoc(v, doc))
	}
	if err != nil {
		return fmt.Errorf("insert workbook %s: %w", v.ID, err)
	}
	return nil
}

// OwnWorkbook implements ownbook.Store.
func (s *Store) OwnWorkbook(ctx context.Context, id string) (ownbook.Workbook, error) {
	v, _, err := s.ownWorkbook(ctx, id)
	return v, err
}

func (s *Store) ownWorkbook(ctx context.Context, id string) (ownbook.Workbook, int64, error) {
	v, rev, err := document[ownbook.Workbook](ctx, s.ownWorkbooks, byID(id))
	if err != nil {
		return v, 0, fmt.Errorf("read workbook %s: %w", id, err)
	}
	return v, rev, nil
}

// OwnWorkbooksOf implements ownbook.Store. Ids are UUIDv7, so that the order
// of ids is the order of time.
func (s *Store) OwnWorkbooksOf(ctx context.Context, procurement string, limit int) ([]ownbook.Workbook, error) {
	all, err := documents[ownbook.Workbook](ctx, s.ownWorkbooks, bson.D{{Key: "procurement", Value: procurement}}, down("_id"), max(limit, 0))
	if err != nil {
		return nil, fmt.Errorf("list workbooks of %s: %w", procurement, err)
	}
	return all, nil
}

// DueOwnWorkbooks implements ownbook.Store.
func (s *Store) DueOwnWorkbooks(ctx context.Context, t time.Time, limit int) ([]ownbook.Workbook, error) {
	filter := bson.D{{Key: "due", Value: bson.D{{Key: "$lte", Value: storage.Time(t)}}}}
	all, err := documents[ownbook.Workbook](ctx, s.ownWorkbooks, filter, up("due", "_id"), max(limit, 0))
	if err != nil {
		return nil, fmt.Errorf("list due workbooks: %w", err)
	}
	return all, nil
}

// UpdateOwnWorkbook implements ownbook.Store.
func (s *Store) UpdateOwnWorkbook(ctx context.Context, id string, change func(ownbook.Workbook) (ownbook.Workbook, error)) (ownbook.Workbook, error) {
	return storage.Update(ctx,
		func(ctx context.Context) (ownbook.Workbook, int64, error) { return s.ownWorkbook(ctx, id) },
		change,
		func(ctx context.Context, _, v ownbook.Workbook, rev int64) (ownbook.Workbook, error) {
			v.Rev = rev + 1
			doc, err := encodeSame(v, v.ID == id)
			if err == nil {
				err = swap(ctx, s.ownWorkbooks, id, rev, ownWorkbookDoc(v, doc))
			}
			return stored[ownbook.Workbook](doc, err, "workbook", id)
		})
}

// RemoveOwnWorkbook implements ownbook.Store.
func (s *Store) RemoveOwnWorkbook(ctx context.Context, id string) error {
	if _, err := s.ownWorkbooks.DeleteOne(ctx, byID(id)); err != nil {
		return fmt.Errorf("remove workbook %s: %w", id, translate(ctx, err))
	}
	return nil
}

func mappingID(body organisation.Number, template string) string {
	return string(body) + ":" + template
}

// OwnMapping implements ownbook.Store.
func (s *Store) OwnMapping(ctx context.Context, body organisation.Number, template string) (ownbook.Mapping, error) {
	v, rev, err := document[ownbook.Mapping](ctx, s.ownMappings, byID(mappingID(body, template)))
	if err != nil {
		return v, fmt.Errorf("read mapping of %s: %w", body, err)
	}
	v.Rev = rev
	return v, nil
}

// PutOwnMapping implements ownbook.Store.
func (s *Store) PutOwnMapping(ctx context.Context, v ownbook.Mapping) error {
	v.Rev = 0 // the document around it counts
	doc, err := storage.Encode(v)
	if err != nil {
		return fmt.Errorf("put mapping of %s: %w", v.Body, err)
	}
	change := bson.D{{Key: "$set", Value: bson.D{{Key: "doc", Value: string(doc)}}}, {Key: "$inc", Value: bson.D{{Key: "rev", Value: int64(1)}}}}
	if _, err := s.ownMappings.UpdateOne(ctx, byID(mappingID(v.Body, v.Template)), change, options.UpdateOne().SetUpsert(true)); err != nil {
		return fmt.Errorf("put mapping of %s: %w", v.Body, translate(ctx, err))
	}
	return nil
}
