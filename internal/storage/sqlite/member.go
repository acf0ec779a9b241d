package sqlite

import (
	"context"
	"errors"
	"fmt"
	"time"

	"felleskrav/internal/member"
	"felleskrav/internal/organisation"
	"felleskrav/internal/problem"
	"felleskrav/internal/storage"
)

// PutPerson implements member.Store.
func (s *Store) PutPerson(ctx context.Context, id string, change func(member.Person) (member.Person, error)) (member.Person, error) {
	return storage.Update(ctx,
		func(ctx context.Context) (member.Person, int64, error) {
			v, rev, err := document[member.Person](s.query(ctx, `SELECT rev, doc FROM people WHERE id = ?`, id))
			return storage.OrNew(v, rev, err, member.Person{ID: id}, "person", id)
		},
		change,
		func(ctx context.Context, _, v member.Person, rev int64) (member.Person, error) {
			v.Rev = rev + 1
			doc, err := encodeSame(v, v.ID == id)
			if err == nil {
				err = s.put(ctx, rev, `INSERT INTO people (last_at, doc, rev, id) VALUES (?, ?, 1, ?)`,
					`UPDATE people SET rev = rev + 1, last_at = ?, doc = ? WHERE id = ? AND rev = ?`, millis(v.LastAt), string(doc), id)
			}
			return stored[member.Person](doc, err, "person", id)
		})
}

// put adds a document when rev is 0, and else changes the one of that revision;
// update takes the revision after args. Whoever came first gives
// problem.ErrStale.
func (s *Store) put(ctx context.Context, rev int64, insert, update string, args ...any) error {
	if rev > 0 {
		return s.swap(ctx, update, append(args, rev)...)
	}
	return staleIfThere(s.exec(ctx, insert, args...))
}

func staleIfThere(err error) error {
	if errors.Is(err, problem.ErrExists) {
		return problem.ErrStale
	}
	return err
}

// People implements member.Store.
func (s *Store) People(ctx context.Context, ids []string) ([]member.Person, error) {
	arg, err := list(ids)
	if err != nil {
		return nil, err
	}
	all, err := documents[member.Person](s.query(ctx, `SELECT doc FROM people WHERE id IN (SELECT value FROM json_each(?)) ORDER BY id`, arg))
	if err != nil {
		return nil, fmt.Errorf("read people: %w", err)
	}
	return all, nil
}

// RemovePerson implements member.Store.
func (s *Store) RemovePerson(ctx context.Context, id string) error {
	if err := s.exec(ctx, `DELETE FROM people WHERE id = ?`, id); err != nil {
		return fmt.Errorf("remove person: %w", err)
	}
	return nil
}

// PeopleBefore implements member.Store.
func (s *Store) PeopleBefore(ctx context.Context, t time.Time, limit int) ([]string, error) {
	ids, err := texts(s.query(ctx, `SELECT id FROM people WHERE last_at < ? ORDER BY last_at, id LIMIT ?`, millis(t), max(limit, 0)))
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
	v, rev, err := document[member.Circle](s.query(ctx, `SELECT rev, doc FROM circles WHERE org = ?`, string(org)))
	return storage.OrNew(v, rev, err, member.Circle{Org: org}, "circle", string(org))
}

// CirclesOf implements member.Store.
func (s *Store) CirclesOf(ctx context.Context, person string) ([]member.Circle, error) {
	all, err := documents[member.Circle](s.query(ctx, `SELECT c.doc FROM circle_people AS p JOIN circles AS c ON c.org = p.org
		WHERE p.person = ? ORDER BY p.org`, person))
	if err != nil {
		return nil, fmt.Errorf("read circles: %w", err)
	}
	return all, nil
}

// UpdateCircle implements member.Store. The list of who is in it is written
// with it.
func (s *Store) UpdateCircle(ctx context.Context, org organisation.Number, change func(member.Circle) (member.Circle, error)) (member.Circle, error) {
	return storage.Update(ctx,
		func(ctx context.Context) (member.Circle, int64, error) { return s.circle(ctx, org) },
		change,
		func(ctx context.Context, _, v member.Circle, rev int64) (member.Circle, error) {
			v.Rev = rev + 1
			doc, err := encodeSame(v, v.Org == org)
			if err == nil {
				err = s.writer.do(ctx, &write{whole: true, run: func(t tx) error { return writeCircle(t, v, rev, string(doc)) }})
			}
			return stored[member.Circle](doc, err, "circle", string(org))
		})
}

func writeCircle(t tx, v member.Circle, rev int64, doc string) error {
	org := string(v.Org)
	var err error
	if rev == 0 {
		_, err = t.exec(`INSERT INTO circles (org, rev, doc) VALUES (?, 1, ?)`, org, doc)
		err = staleIfThere(err)
	} else {
		err = t.swap(`UPDATE circles SET rev = rev + 1, doc = ? WHERE org = ? AND rev = ?`, doc, org, rev)
	}
	if err == nil {
		_, err = t.exec(`DELETE FROM circle_people WHERE org = ?`, org)
	}
	for _, person := range storage.Unique(v.People()) {
		if err == nil {
			_, err = t.exec(`INSERT INTO circle_people (person, org) VALUES (?, ?)`, person, org)
		}
	}
	return err
}

// InsertInvitation implements member.Store.
func (s *Store) InsertInvitation(ctx context.Context, v member.Invitation) error {
	v.Rev = 1
	doc, err := storage.Encode(v)
	if err == nil {
		err = s.exec(ctx, `INSERT INTO invitations (id, hash, org, rev, doc) VALUES (?, ?, ?, 1, ?)`, v.ID, v.Hash, string(v.Org), string(doc))
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
	v, rev, err := document[member.Invitation](s.query(ctx, `SELECT rev, doc FROM invitations WHERE id = ?`, id))
	if err != nil {
		return v, 0, fmt.Errorf("read invitation %s: %w", id, err)
	}
	return v, rev, nil
}

// InvitationByHash implements member.Store.
func (s *Store) InvitationByHash(ctx context.Context, hash string) (member.Invitation, error) {
	v, _, err := document[member.Invitation](s.query(ctx, `SELECT rev, doc FROM invitations WHERE hash = ?`, hash))
	if err != nil {
		return v, fmt.Errorf("find invitation: %w", err)
	}
	return v, nil
}

// InvitationsIn implements member.Store. Ids are UUIDv7, so that the order of
// ids is the order of time.
func (s *Store) InvitationsIn(ctx context.Context, org organisation.Number, limit int) ([]member.Invitation, error) {
	all, err := documents[member.Invitation](s.query(ctx, `SELECT doc FROM invitations WHERE org = ? ORDER BY id DESC LIMIT ?`, string(org), max(limit, 0)))
	if err != nil {
		return nil, fmt.Errorf("list invitations: %w", err)
	}
	return all, nil
}

// InvitationsAfter implements member.Store.
func (s *Store) InvitationsAfter(ctx context.Context, after string, limit int) ([]member.Invitation, error) {
	all, err := documents[member.Invitation](s.query(ctx, `SELECT doc FROM invitations WHERE id > ? ORDER BY id LIMIT ?`, after, max(limit, 0)))
	if err != nil {
		return nil, fmt.Errorf("list invitations: %w", err)
	}
	return all, nil
}

// RemoveInvitation implements member.Store.
func (s *Store) RemoveInvitation(ctx context.Context, id string) error {
	if err := s.exec(ctx, `DELETE FROM invitations WHERE id = ?`, id); err != nil {
		return fmt.Errorf("remove invitation: %w", err)
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
				err = s.swap(ctx, `UPDATE invitations SET rev = rev + 1, doc = ? WHERE id = ? AND rev = ?`, string(doc), id, rev)
			}
			return stored[member.Invitation](doc, err, "invitation", id)
		})
}

// InsertClaim implements member.Store.
func (s *Store) InsertClaim(ctx context.Context, v member.Claim) error {
	v.Rev = 1
	doc, err := storage.Encode(v)
	if err == nil {
		err = s.exec(ctx, `INSERT INTO claims (id, person, state, rev, doc) VALUES (?, ?, ?, 1, ?)`, v.ID, v.Person, string(v.State), string(doc))
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
	v, rev, err := document[member.Claim](s.query(ctx, `SELECT rev, doc FROM claims WHERE id = ?`, id))
	if err != nil {
		return v, 0, fmt.Errorf("read claim %s: %w", id, err)
	}
	return v, rev, nil
}

// ClaimsIn implements member.Store.
func (s *Store) ClaimsIn(ctx context.Context, state member.ClaimState, limit int) ([]member.Claim, error) {
	all, err := documents[member.Claim](s.query(ctx, `SELECT doc FROM claims WHERE state = ? ORDER BY id LIMIT ?`, string(state), max(limit, 0)))
	if err != nil {
		return nil, fmt.Errorf("list claims: %w", err)
	}
	return all, nil
}

// ClaimsOf implements member.Store.
func (s *Store) ClaimsOf(ctx context.Context, person string) ([]member.Claim, error) {
	all, err := documents[member.Claim](s.query(ctx, `SELECT doc FROM claims WHERE person = ? ORDER BY id DESC`, person))
	if err != nil {
		return nil, fmt.Errorf("list claims: %w", err)
	}
	return all, nil
}

// ClaimsAfter implements member.Store.
func (s *Store) ClaimsAfter(ctx context.Context, after string, limit int) ([]member.Claim, error) {
	all, err := documents[member.Claim](s.query(ctx, `SELECT doc FROM claims WHERE id > ? ORDER BY id LIMIT ?`, after, max(limit, 0)))
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
				err = s.swap(ctx, `UPDATE claims SET rev = rev + 1, state = ?, doc = ? WHERE id = ? AND rev = ?`, string(v.State), string(doc), id, rev)
			}
			return stored[member.Claim](doc, err, "claim", id)
		})
}
