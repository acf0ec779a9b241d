package mongo

import (
	"context"
	"fmt"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"felleskrav/internal/organisation"
	"felleskrav/internal/procurement"
	"felleskrav/internal/storage"
)

func procurementDoc(v procurement.Procurement, doc []byte) bson.D {
	return bson.D{{Key: "_id", Value: v.ID}, {Key: "rev", Value: v.Rev}, {Key: "agency", Value: string(v.Agency)}, {Key: "doc", Value: string(doc)}}
}

// InsertProcurement implements procurement.Store.
func (s *Store) InsertProcurement(ctx context.Context, v procurement.Procurement) error {
	v.Rev = 1
	doc, err := storage.Encode(v)
	if err == nil {
		err = insert(ctx, s.procurements, procurementDoc(v, doc))
	}
	if err != nil {
		return fmt.Errorf("insert procurement %s: %w", v.ID, err)
	}
	return nil
}

// Procurement implements procurement.Store.
func (s *Store) Procurement(ctx context.Context, id string) (procurement.Procurement, error) {
	v, _, err := s.procurement(ctx, id)
	return v, err
}

func (s *Store) procurement(ctx context.Context, id string) (procurement.Procurement, int64, error) {
	v, rev, err := document[procurement.Procurement](ctx, s.procurements, byID(id))
	if err != nil {
		return v, 0, fmt.Errorf("read procurement %s: %w", id, err)
	}
	return v, rev, nil
}

// ProcurementsOf implements procurement.Store. Ids are UUIDv7, so that the
// order of ids is the order of time.
func (s *Store) ProcurementsOf(ctx context.Context, agency organisation.Number, after string, limit int) ([]procurement.Procurement, error) {
	filter := bson.D{{Key: "agency", Value: string(agency)}}
	if after != "" {
		filter = append(filter, bson.E{Key: "_id", Value: bson.D{{Key: "$lt", Value: after}}})
	}
	all, err := documents[procurement.Procurement](ctx, s.procurements, filter, down("_id"), max(limit, 0))
	if err != nil {
		return nil, fmt.Errorf("list procurements of %s: %w", agency, err)
	}
	return all, nil
}

// UpdateProcurement implements procurement.Store.
func (s *Store) UpdateProcurement(ctx context.Context, id string, change func(procurement.Procurement) (procurement.Procurement, error)) (procurement.Procurement, error) {
	return storage.Update(ctx,
		func(ctx context.Context) (procurement.Procurement, int64, error) { return s.procurement(ctx, id) },
		change,
		func(ctx context.Context, _, v procurement.Procurement, rev int64) (procurement.Procurement, error) {
			v.Rev = rev + 1
			doc, err := encodeSame(v, v.ID == id)
			if err == nil {
				err = swap(ctx, s.procurements, id, rev, procurementDoc(v, doc))
			}
			return stored[procurement.Procurement](doc, err, "procurement", id)
		})
}

// InsertResponse implements procurement.Store.
func (s *Store) InsertResponse(ctx context.Context, v procurement.Response) error {
	doc, err := storage.Encode(v)
	if err == nil {
		err = insert(ctx, s.responses, bson.D{
			{Key: "_id", Value: v.ID}, {Key: "procurement", Value: v.Procurement},
			{Key: "received", Value: storage.Time(v.ReceivedAt)}, {Key: "doc", Value: string(doc)},
		})
	}
	if err != nil {
		return fmt.Errorf("insert response %s: %w", v.ID, err)
	}
	return nil
}

// InsertIssuedWorkbook implements procurement.Store.
func (s *Store) InsertIssuedWorkbook(ctx context.Context, v procurement.IssuedWorkbook) error {
	doc, err := storage.Encode(v)
	if err == nil {
		err = insert(ctx, s.issuedWorkbooks, bson.D{
			{Key: "_id", Value: v.ID}, {Key: "procurement", Value: v.Procurement}, {Key: "doc", Value: string(doc)},
		})
	}
	if err != nil {
		return fmt.Errorf("insert issued workbook %s: %w", v.ID, err)
	}
	return nil
}

// IssuedWorkbooks implements procurement.Store.
func (s *Store) IssuedWorkbooks(ctx context.Context, procurementID string, limit int) ([]procurement.IssuedWorkbook, error) {
	all, err := documents[procurement.IssuedWorkbook](ctx, s.issuedWorkbooks, bson.D{{Key: "procurement", Value: procurementID}}, down("_id"), max(limit, 0))
	if err != nil {
		return nil, fmt.Errorf("list issued workbooks of %s: %w", procurementID, err)
	}
	return all, nil
}

// LastReceived implements procurement.Store.
func (s *Store) LastReceived(ctx context.Context, procurements []string) (map[string]time.Time, error) {
	out := map[string]time.Time{}
	if len(procurements) == 0 {
		return out, nil
	}
	cur, err := s.responses.Aggregate(ctx, bson.A{
		bson.D{{Key: "$match", Value: bson.D{{Key: "procurement", Value: bson.D{{Key: "$in", Value: procurements}}}}}},
		bson.D{{Key: "$group", Value: bson.D{
			{Key: "_id", Value: "$procurement"},
			{Key: "at", Value: bson.D{{Key: "$max", Value: "$received"}}},
		}}},
	})
	if err != nil {
		return nil, fmt.Errorf("read when responses were received: %w", translate(ctx, err))
	}
	var groups []struct {
		ID string    `bson:"_id"`
		At time.Time `bson:"at"`
	}
	if err := cur.All(ctx, &groups); err != nil {
		return nil, fmt.Errorf("read when responses were received: %w", translate(ctx, err))
	}
	for _, g := range groups {
		out[g.ID] = g.At.UTC()
	}
	return out, nil
}

// ResponsesTo implements procurement.Store.
func (s *Store) ResponsesTo(ctx context.Context, procurementID string) ([]procurement.Response, error) {
	all, err := documents[procurement.Response](ctx, s.responses, bson.D{{Key: "procurement", Value: procurementID}}, up("received", "_id"), noLimit)
	if err != nil {
		return nil, fmt.Errorf("list responses to %s: %w", procurementID, err)
	}
	return all, nil
}
