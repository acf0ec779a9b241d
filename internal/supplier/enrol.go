package supplier

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"felleskrav/internal/access"
	"felleskrav/internal/organisation"
	"felleskrav/internal/problem"
	"felleskrav/internal/signing"
	"felleskrav/internal/signing/keyless"
)

// Enrolment is what a supplier asks for when it enrols a key, or a login.
type Enrolment struct {
	PEM string
	// Identity is the login; there is no PEM then.
	Identity *keyless.Identity
	Label    string
	// ExpiresAt is when the key should stop; zero means the longest allowed.
	ExpiresAt time.Time
	// Replaces is the id of a key that is revoked as replaced when the new one
	// is enrolled, at a later place in the log; "" is none.
	Replaces string
}

const (
	// challengeTTL is how long a challenge may be answered.
	challengeTTL = time.Hour
	// maxKeyAge is how long a key may be used before it must be replaced.
	maxKeyAge = 3 * 365 * 24 * time.Hour
)

// BeginEnrolment makes a challenge for a key. Signing its bytes with the
// private key proves that the supplier holds it.
func (s *Service) BeginEnrolment(ctx context.Context, actor access.Actor, number organisation.Number, in Enrolment) (Challenge, error) {
	if err := access.Check(actor, access.WriteKey, string(number)); err != nil {
		return Challenge{}, err
	}
	sup, err := s.settle(ctx, number)
	if err != nil {
		return Challenge{}, err
	}
	now := s.now()
	if in.ExpiresAt.IsZero() {
		in.ExpiresAt = now.Add(maxKeyAge)
	}
	var c problem.Collector
	var key signing.PublicKey
	var keyErr error
	if in.Identity == nil {
		key, keyErr = signing.ParsePublicKey([]byte(in.PEM))
	} else {
		s.checkIdentity(&c, *in.Identity)
		key.ID = in.Identity.ID()
	}
	switch {
	case in.Identity != nil && in.PEM != "":
		c.Add("identity", "key.identity-or-key", nil)
	case errors.Is(keyErr, signing.ErrAlgorithm):
		c.Add("publicKey", "key.algorithm", problem.Args{"Known": fmt.Sprint(signing.Algorithms())})
	case keyErr != nil:
		c.Add("publicKey", "key.malformed", nil)
	}
	c.Line("label", in.Label, 0, 100)
	c.Check(in.ExpiresAt.After(now), "expiresAt", "key.expiry-past", nil)
	c.Check(!in.ExpiresAt.After(now.Add(maxKeyAge)), "expiresAt", "key.expiry-late", problem.Args{"Years": 3})
	if in.Replaces != "" {
		old, known := sup.Key(in.Replaces)
		switch {
		case keyErr == nil && in.Replaces == key.ID:
			c.Add("replaces", "key.replaces-itself", nil)
		case !known:
			c.Add("replaces", "key.replaces-unknown", nil)
		case old.Revoked != nil:
			c.Add("replaces", "key.replaces-revoked", nil)
		}
	}
	if err := c.Err(); err != nil {
		return Challenge{}, err
	}
	if err := enrollable(sup, key.ID); err != nil {
		return Challenge{}, err
	}
	if err := s.Store.DropChallenges(ctx, now); err != nil {
		return Challenge{}, wrap("drop old challenges", err)
	}
	nonce := make([]byte, 32)
	if _, err := rand.Read(nonce); err != nil {
		return Challenge{}, wrap("make challenge", err)
	}
	ch := Challenge{
		ID: s.NewID(), Supplier: number, KeyID: key.ID, PEM: key.PEM, Label: in.Label, Replaces: in.Replaces, Identity: in.Identity,
		KeyExpiresAt: in.ExpiresAt.UTC().Truncate(time.Millisecond), ExpiresAt: now.Add(challengeTTL),
	}
	// The bytes say what they are for, so that a signature over them cannot be
	// taken for anything else, nor the other way round.
	ch.Bytes = fmt.Append(nil, ChallengeHead(number, key.ID, in.Replaces),
		"challenge: ", ch.ID, "\nnonce: ", base64.StdEncoding.EncodeToString(nonce), "\nexpires: ", ch.ExpiresAt.Format(time.RFC3339), "\n")
	if err := s.Store.InsertChallenge(ctx, ch); err != nil {
		return Challenge{}, wrap("save challenge", err)
	}
	return ch, nil
}

// ChallengeHead is how a challenge begins: what a signature over it asks for.
// The line after it begins with "challenge: ". replaces may be "".
func ChallengeHead(number organisation.Number, keyID, replaces string) string {
	head := "felleskrav key enrolment v1\nsupplier: " + number.ID() + "\nkey: " + keyID + "\n"
	if replaces != "" {
		head += "replaces: " + replaces + "\n"
	}
	return head
}

func enrollable(sup Supplier, keyID string) error {
	if k, ok := sup.Key(keyID); ok {
		if k.Revoked != nil {
			return problem.New(problem.Refused, "key.revoked-before", nil)
		}
		return problem.New(problem.Exists, "key.enrolled-before", nil)
	}
	if len(sup.Keys) >= maxKeys {
		return problem.New(problem.Refused, "key.many", problem.Args{"Max": maxKeys})
	}
	return nil
}

// CompleteEnrolment checks the signature over the challenge, logs the
// enrolment and adds the key; a key it replaces is revoked with it. A
// challenge can be tried once, but for one that was answered and whose
// enrolment is not finished: that is finished.
func (s *Service) CompleteEnrolment(ctx context.Context, actor access.Actor, number organisation.Number, challengeID string, signature []byte) (Key, error) {
	if err := access.Check(actor, access.WriteKey, string(number)); err != nil {
		return Key{}, err
	}
	gone := problem.New(problem.NotFound, "key.challenge-gone", nil)
	ch, err := s.Store.TakeChallenge(ctx, challengeID)
	if errors.Is(err, problem.ErrNotFound) {
		return s.resume(ctx, number, challengeID, gone)
	}
	if err != nil {
		return Key{}, wrap("take challenge", err)
	}
	if ch.Supplier != number { // somebody else's, who may still want to answer it
		return Key{}, errors.Join(gone, wrap("put challenge back", s.Store.InsertChallenge(ctx, ch)))
	}
	if !s.now().Before(ch.ExpiresAt) {
		return Key{}, gone
	}
	fresh, err := s.proved(ch, signature)
	if err != nil {
		return Key{}, err
	}
	sup, err := s.alter(ctx, number, func(old Supplier) (*KeyChange, error) {
		if err := enrollable(old, fresh.ID); err != nil {
			return nil, err
		}
		change := &KeyChange{ID: ch.ID, Enrol: &fresh}
		// One that was revoked in the meantime has its reason and its place.
		if ch.Replaces != "" && !old.Ends(ch.Replaces) {
			change.Revoke, change.Reason = ch.Replaces, Replaced
		}
		return change, nil
	})
	if err != nil {
		return Key{}, err
	}
	key, _ := sup.Key(fresh.ID)
	return key, nil
}

// proved is the key or the login that a challenge is for, if the proof over it
// is right: a detached signature, or a keyless bundle.
func (s *Service) proved(ch Challenge, proof []byte) (Key, error) {
	if ch.Identity != nil {
		return Key{ID: ch.KeyID, Kind: LoginIdentity, Identity: ch.Identity, Label: ch.Label, ExpiresAt: ch.KeyExpiresAt}, s.proveIdentity(ch, proof)
	}
	pub, err := signing.ParsePublicKey([]byte(ch.PEM))
	if err != nil {
		return Key{}, wrap("read challenged key", err)
	}
	if err := signing.VerifyMessage(pub, ch.Bytes, proof); err != nil {
		return Key{}, problem.New(problem.Refused, "key.proof", nil).Because(err)
	}
	return Key{ID: pub.ID, Algorithm: string(pub.Algorithm), PEM: pub.PEM, Label: ch.Label, ExpiresAt: ch.KeyExpiresAt}, nil
}

// resume finishes the enrolment that a challenge which is gone was answered
// for, if that is what the supplier has pending.
func (s *Service) resume(ctx context.Context, number organisation.Number, challengeID string, gone error) (Key, error) {
	sup, err := s.read(ctx, number)
	if err != nil {
		return Key{}, err
	}
	if sup.Pending == nil || sup.Pending.ID != challengeID || sup.Pending.Enrol == nil {
		return Key{}, gone
	}
	id := sup.Pending.Enrol.ID
	if sup, err = s.settle(ctx, number); err != nil {
		return Key{}, err
	}
	key, _ := sup.Key(id)
	return key, nil
}

// RevokeKey ends a key from the log position the revocation gets. Revoking a
// revoked key changes nothing.
func (s *Service) RevokeKey(ctx context.Context, actor access.Actor, number organisation.Number, keyID string, reason Reason, note string) (Key, error) {
	if err := access.Check(actor, access.WriteKey, string(number)); err != nil {
		return Key{}, err
	}
	var c problem.Collector
	c.Check(reason == Replaced || reason == Compromised || reason == Retired, "reason", "key.reason", problem.Args{"Known": fmt.Sprint([]Reason{Replaced, Compromised, Retired})})
	c.Line("note", note, 0, 500)
	if err := c.Err(); err != nil {
		return Key{}, err
	}
	sup, err := s.alter(ctx, number, func(old Supplier) (*KeyChange, error) {
		key, ok := old.Key(keyID)
		if !ok {
			return nil, problem.New(problem.NotFound, "key.not-found", nil)
		}
		if key.Revoked != nil {
			return nil, nil
		}
		return &KeyChange{ID: s.NewID(), Revoke: keyID, Reason: reason, Note: note}, nil
	})
	if err != nil {
		return Key{}, err
	}
	key, _ := sup.Key(keyID)
	return key, nil
}
