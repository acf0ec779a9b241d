package mongo

import (
	"context"
	"fmt"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"felleskrav/internal/member"
	"felleskrav/internal/organisation"
	"felleskrav/internal/problem"
	"felleskrav/internal/storage"
)

// PutPerson implements member.Store.
func (s *Store) PutPerson(ctx context.Context, id string, change func(member.Person) (member.Person, error)) (member.Person, error) {
	return storage.Update(ctx,
		func(ctx context.Context) (member.Person, int64, error) {
			v, rev, err := document[member.Person](ctx, s.people, byID(id))
			return storage.OrNew(v, rev, err, member.Person{ID: id}, "person", id)
		},
		change,
		func(ctx context.Context, _, v member.Person, rev int64) (member.Person, error) {
			v.Rev = rev + 1
			doc, err := encodeSame(v, v.ID == id)
			if err == nil {
				err = put(ctx, s.people, id, rev, bson.D{
					{Key: "_id", Value: id}, {Key: "rev", Value: v.Rev}, {Key: "last", Value: storage.Time(v.LastAt)}, {Key: "doc", Value: string(doc)},
				})
			}
			return stored[member.Person](doc, err, "person", id)
		})
}

// put adds a document when rev is 0, and else replaces the one of that
// revision. Whoever came first gives problem.ErrStale.
func put(ctx context.Context, c *mongo.Collection, id any, rev int64, doc bson.D) error {
	if rev > 0 {
		return swap(ctx, c, id, rev, doc)
	}
	err := insert(ctx, c, doc)
	if isExists(err) {
		return problem.ErrStale
	}
	return err
}

// People implements member.Store.
func (s *Store) People(ctx context.Context, ids []string) ([]member.Person, error) {
	all, err := in[member.Person](ctx, s.people, "_id", ids, up("_id"))
	if err != nil {
		return nil, fmt.Errorf("read people: %w", err)
	}
	return all, nil
}

// RemovePerson implements member.Store.
func (s *Store) RemovePerson(ctx context.Context, id string) error {
	if _, err := s.people.DeleteOne(ctx, byID(id)); err != nil {
		return fmt.Errorf("remove person: %w", translate(ctx, err))
	}
	return nil
}

// PeopleBefore implements member.Store.
func (s *Store) PeopleBefore(ctx context.Context, t time.Time, limit int) ([]string, error) {
	ids := []string{}
	if limit < 1 {
		return ids, ctx.Err()
	}
	o := options.Find().SetSort(up("last", "_id")).SetLimit(int64(limit)).SetProjection(bson.D{{Key: "_id", Value: 1}})
	err := each(ctx, s.people, bson.D{{Key: "last", Value: bson.D{{Key: "$lt", Value: storage.Time(t)}}}}, o, func(d bson.Raw) error {
		ids = append(ids, d.Lookup("_id").StringValue())
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list people: %w", err)
	}
	return ids, nil
}

// Circle implements member.Store.
func (s *Store) Circle(ctx context.Context, org organisation.Number) (member.Circle, error) {
	v, _, err := s.circle(ctx, org)
	return v, err
}

func (s *Store) circle(ctx context.Context, org organisation.Number) (member.Circle, int64, error) {
	v, rev, err := document[member.Circle](ctx, s.circles, byID(string(org)))
	return storage.OrNew(v, rev, err, member.Circle{Org: org}, "circle", string(org))
}

// everything is how many documents are read where the number is small anyway.
const everything = 10_000

// CirclesOf implements member.Store.
func (s *Store) CirclesOf(ctx context.Context, person string) ([]member.Circle, error) {
	all, err := documents[member.Circle](ctx, s.circles, bson.D{{Key: "people", Value: person}}, up("_id"), everything)
	if err != nil {
		return nil, fmt.Errorf("read circles: %w", err)
	}
	return all, nil
}

// UpdateCircle implements member.Store.
func (s *Store) UpdateCircle(ctx context.Context, org organisation.Number, change func(member.Circle) (member.Circle, error)) (member.Circle, error) {
	return storage.Update(ctx,
		func(ctx context.Context) (member.Circle, int64, error) { return s.circle(ctx, org) },
		change,
		func(ctx context.Context, _, v member.Circle, rev int64) (member.Circle, error) {
			v.Rev = rev + 1
			doc, err := encodeSame(v, v.Org == org)
			if err == nil {
				err = put(ctx, s.circles, string(org), rev, bson.D{
					{Key: "_id", Value: string(org)}, {Key: "rev", Value: v.Rev}, {Key: "people", Value: v.People()}, {Key: "doc", Value: string(doc)},
				})
			}
			return stored[member.Circle](doc, err, "circle", string(org))
		})
}

func invitationDoc(v member.Invitation, doc []byte) bson.D {
	return bson.D{
		{Key: "_id", Value: v.ID}, {Key: "rev", Value: v.Rev}, {Key: "hash", Value: v.Hash}, {Key: "org", Value: string(v.Org)}, {Key: "doc", Value: string(doc)},
	}
}

// InsertInvitation implements member.Store.
func (s *Store) InsertInvitation(ctx context.Context, v member.Invitation) error {
	v.Rev = 1
	doc, err := storage.Encode(v)
	if err == nil {
		err = insert(ctx, s.invitations, invitationDoc(v, doc))
	}
	if err != nil {
		return fmt.Errorf("insert invitation %s: %w", v.ID, err)
	}
	return nil
}

// Invitation implements member.Store.
func (s *Store) Invitation(ctx context.Context, id string) (member.Invitation, error) {
	v, _, err := s.invitation(ctx, id)
	return v, err
}

func (s *Store) invitation(ctx context.Context, id string) (member.Invitation, int64, error) {
	v, rev, err := document[member.Invitation](ctx, s.invitations, byID(id))
	if err != nil {
		return v, 0, fmt.Errorf("read invitation %s: %w", id, err)
	}
	return v, rev, nil
}

// InvitationByHash implements member.Store.
func (s *Store) InvitationByHash(ctx context.Context, hash string) (member.Invitation, error) {
	v, _, err := document[member.Invitation](ctx, s.invitations, bson.D{{Key: "hash", Value: hash}})
	if err != nil {
		return v, fmt.Errorf("find invitation: %w", err)
	}
	return v, nil
}

// InvitationsIn implements member.Store. Ids are UUIDv7, so that the order of
// ids is the order of time.
func (s *Store) InvitationsIn(ctx context.Context, org organisation.Number, limit int) ([]member.Invitation, error) {
	all, err := documents[member.Invitation](ctx, s.invitations, bson.D{{Key: "org", Value: string(org)}}, down("_id"), max(limit, 0))
	if err != nil {
		return nil, fmt.Errorf("list invitations: %w", err)
	}
	return all, nil
}

// InvitationsAfter implements member.Store.
func (s *Store) InvitationsAfter(ctx context.Context, after string, limit int) ([]member.Invitation, error) {
	all, err := documents[member.Invitation](ctx, s.invitations, bson.D{{Key: "_id", Value: bson.D{{Key: "$gt", Value: after}}}}, up("_id"), max(limit, 0))
	if err != nil {
		return nil, fmt.Errorf("list invitations: %w", err)
	}
	return all, nil
}

// RemoveInvitation implements member.Store.
func (s *Store) RemoveInvitation(ctx context.Context, id string) error {
	if _, err := s.invitations.DeleteOne(ctx, byID(id)); err != nil {
		return fmt.Errorf("remove invitation: %w", translate(ctx, err))
	}
	return nil
}

// UpdateInvitation implements member.Store.
func (s *Store) UpdateInvitation(ctx context.Context, id string, change func(member.Invitation) (member.Invitation, error)) (member.Invitation, error) {
	return storage.Update(ctx,
		func(ctx context.Context) (member.Invitation, int64, error) { return s.invitation(ctx, id) },
		change,
		func(ctx context.Context, old, v member.Invitation, rev int64) (member.Invitation, error) {
			v.Rev = rev + 1
			doc, err := encodeSame(v, v.ID == id && v.Hash == old.Hash && v.Org == old.Org)
			if err == nil {
				err = swap(ctx, s.invitations, id, rev, invitationDoc(v, doc))
			}
			return stored[member.Invitation](doc, err, "invitation", id)
		})
}

func claimDoc(v member.Claim, doc []byte) bson.D {
	return bson.D{
		{Key: "_id", Value: v.ID}, {Key: "rev", Value: v.Rev}, {Key: "person", Value: v.Person}, {Key: "state", Value: string(v.State)}, {Key: "doc", Value: string(doc)},
	}
}

// InsertClaim implements member.Store.
func (s *Store) InsertClaim(ctx context.Context, v member.Claim) error {
	v.Rev = 1
	doc, err := storage.Encode(v)
	if err == nil {
		err = insert(ctx, s.claims, claimDoc(v, doc))
	}
	if err != nil {
		return fmt.Errorf("insert claim %s: %w", v.ID, err)
	}
	return nil
}

// Claim implements member.Store.
func (s *Store) Claim(ctx context.Context, id string) (member.Claim, error) {
	v, _, err := s.claim(ctx, id)
	return v, err
}

func (s *Store) claim(ctx context.Context, id string) (member.Claim, int64, error) {
	v, rev, err := document[member.Claim](ctx, s.claims, byID(id))
	if err != nil {
		return v, 0, fmt.Errorf("read claim %s: %w", id, err)
	}
	return v, rev, nil
}

// ClaimsIn implements member.Store.
func (s *Store) ClaimsIn(ctx context.Context, state member.ClaimState, limit int) ([]member.Claim, error) {
	all, err := documents[member.Claim](ctx, s.claims, bson.D{{Key: "state", Value: string(state)}}, up("_id"), max(limit, 0))
	if err != nil {
		return nil, fmt.Errorf("list claims: %w", err)
	}
	return all, nil
}

// ClaimsOf implements member.Store.
func (s *Store) ClaimsOf(ctx context.Context, person string) ([]member.Claim, error) {
	all, err := documents[member.Claim](ctx, s.claims, bson.D{{Key: "person", Value: person}}, down("_id"), everything)
	if err != nil {
		return nil, fmt.Errorf("list claims: %w", err)
	}
	return all, nil
}

// ClaimsAfter implements member.Store.
func (s *Store) ClaimsAfter(ctx context.Context, after string, limit int) ([]member.Claim, error) {
	all, err := documents[member.Claim](ctx, s.claims, bson.D{{Key: "_id", Value: bson.D{{Key: "$gt", Value: after}}}}, up("_id"), max(limit, 0))
	if err != nil {
		return nil, fmt.Errorf("list claims: %w", err)
	}
	return all, nil
}

// UpdateClaim implements member.Store.
func (s *Store) UpdateClaim(ctx context.Context, id string, change func(member.Claim) (member.Claim, error)) (member.Claim, error) {
	return storage.Update(ctx,
		func(ctx context.Context) (member.Claim, int64, error) { return s.claim(ctx, id) },
		change,
		func(ctx context.Context, old, v member.Claim, rev int64) (member.Claim, error) {
			v.Rev = rev + 1
			doc, err := encodeSame(v, v.ID == id && v.Person == old.Person)
			if err == nil {
				err = swap(ctx, s.claims, id, rev, claimDoc(v, doc))
			}
			return stored[member.Claim](doc, err, "claim", id)
		})
}
