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
)

// Enrolment is what a supplier asks for when it enrols a key.
type Enrolment struct {
	PEM   string
	Label string
	// ExpiresAt is when the key should stop; zero means the longest allowed.
	ExpiresAt time.Time
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
	sup, err := s.read(ctx, number)
	if err != nil {
		return Challenge{}, err
	}
	now := s.now()
	if in.ExpiresAt.IsZero() {
		in.ExpiresAt = now.Add(maxKeyAge)
	}
	key, keyErr := signing.ParsePublicKey([]byte(in.PEM))
	var c problem.Collector
	switch {
	case errors.Is(keyErr, signing.ErrAlgorithm):
		c.Add("publicKey", "key.algorithm", problem.Args{"Known": fmt.Sprint(signing.Algorithms())})
	case keyErr != nil:
		c.Add("publicKey", "key.malformed", nil)
	}
	c.Line("label", in.Label, 0, 100)
	c.Check(in.ExpiresAt.After(now), "expiresAt", "key.expiry-past", nil)
	c.Check(!in.ExpiresAt.After(now.Add(maxKeyAge)), "expiresAt", "key.expiry-late", problem.Args{"Years": 3})
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
		ID: s.NewID(), Supplier: number, KeyID: key.ID, PEM: key.PEM, Label: in.Label,
		KeyExpiresAt: in.ExpiresAt.UTC().Truncate(time.Millisecond), ExpiresAt: now.Add(challengeTTL),
	}
	// The bytes say what they are for, so that a signature over them cannot be
	// taken for anything else, nor the other way round.
	ch.Bytes = fmt.Appendf(nil, "felleskrav key enrolment v1\nsupplier: %s\nkey: %s\nchallenge: %s\nnonce: %s\nexpires: %s\n",
		number.ID(), key.ID, ch.ID, base64.StdEncoding.EncodeToString(nonce), ch.ExpiresAt.Format(time.RFC3339))
	if err := s.Store.InsertChallenge(ctx, ch); err != nil {
		return Challenge{}, wrap("save challenge", err)
	}
	return ch, nil
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

// keyEvent is the log's public record of a key event; its bytes are canonical
// JSON.
type keyEvent struct {
	Event     string `json:"event"`
	Supplier  string `json:"supplier"`
	Key       string `json:"key,omitempty"`
	Algorithm string `json:"algorithm,omitempty"`
	PEM       string `json:"pem,omitempty"`
	Expires   string `json:"expires,omitempty"`
	Reason    string `json:"reason,omitempty"`
	Challenge string `json:"challenge,omitempty"`
}

func (s *Service) log(ctx context.Context, key string, e keyEvent) (int64, time.Time, error) {
	body, err := signing.Canonical(e)
	if err != nil {
		return 0, time.Time{}, wrap("write key event", err)
	}
	index, at, err := s.Log.Append(ctx, key, body)
	return index, at, wrap("log key event", err)
}

// CompleteEnrolment checks the signature over the challenge, logs the
// enrolment and adds the key. A challenge can be tried once.
func (s *Service) CompleteEnrolment(ctx context.Context, actor access.Actor, number organisation.Number, challengeID string, signature []byte) (Key, error) {
	if err := access.Check(actor, access.WriteKey, string(number)); err != nil {
		return Key{}, err
	}
	gone := problem.New(problem.NotFound, "key.challenge-gone", nil)
	ch, err := s.Store.TakeChallenge(ctx, challengeID)
	if errors.Is(err, problem.ErrNotFound) {
		return Key{}, gone
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
	pub, err := signing.ParsePublicKey([]byte(ch.PEM))
	if err != nil {
		return Key{}, wrap("read challenged key", err)
	}
	if err := signing.VerifyMessage(pub, ch.Bytes, signature); err != nil {
		return Key{}, problem.New(problem.Refused, "key.proof", nil).Because(err)
	}
	sup, err := s.read(ctx, number)
	if err != nil {
		return Key{}, err
	}
	if err := enrollable(sup, pub.ID); err != nil {
		return Key{}, err
	}
	index, at, err := s.log(ctx, "key-enrolled:"+string(number)+":"+ch.ID, keyEvent{
		Event: "key-enrolled", Supplier: number.ID(), Key: pub.ID, Algorithm: string(pub.Algorithm), PEM: pub.PEM,
		Expires: ch.KeyExpiresAt.Format(time.RFC3339), Challenge: ch.ID,
	})
	if err != nil {
		return Key{}, err
	}
	key := Key{
		ID: pub.ID, Algorithm: string(pub.Algorithm), PEM: pub.PEM, Label: ch.Label,
		EnrolledAt: at, EnrolledIndex: index, ExpiresAt: ch.KeyExpiresAt,
	}
	_, err = s.Store.UpdateSupplier(ctx, number, func(old Supplier) (Supplier, error) {
		if err := enrollable(old, key.ID); err != nil {
			return Supplier{}, err
		}
		old.Keys = append(old.Keys[:len(old.Keys):len(old.Keys)], key)
		old.UpdatedAt = at
		return old, nil
	})
	return key, wrap("add key", err)
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
	sup, err := s.read(ctx, number)
	if err != nil {
		return Key{}, err
	}
	key, ok := sup.Key(keyID)
	if !ok {
		return Key{}, problem.New(problem.NotFound, "key.not-found", nil)
	}
	if key.Revoked != nil {
		return key, nil
	}
	index, at, err := s.log(ctx, "key-revoked:"+string(number)+":"+keyID+":"+string(reason), keyEvent{
		Event: "key-revoked", Supplier: number.ID(), Key: keyID, Reason: string(reason),
	})
	if err != nil {
		return Key{}, err
	}
	saved, err := s.Store.UpdateSupplier(ctx, number, func(old Supplier) (Supplier, error) {
		keys := append([]Key(nil), old.Keys...)
		for i := range keys {
			if keys[i].ID == keyID && keys[i].Revoked == nil {
				keys[i].Revoked = &Revocation{At: at, Index: index, Reason: reason, Note: note}
			}
		}
		old.Keys, old.UpdatedAt = keys, at
		return old, nil
	})
	if err != nil {
		return Key{}, wrap("revoke key", err)
	}
	key, _ = saved.Key(keyID)
	return key, nil
}
