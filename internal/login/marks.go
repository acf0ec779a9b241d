package login

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
)

// Marks are what ends sessions that this browser is not part of. They lie in
// the store beside the sessions, under keys that no session can have, as long
// as any session that they speak of can last.
//
// A person and a provider's session have a generation: that of the mark, or
// none. A session holds those it began with, and is over when one of them has
// changed. No clock is compared with that of another instance.
const (
	ofPerson  = "person"
	ofSession = "session"
	ofLogin   = "login"
	isKnown   = "known"
)

func markKey(kind, what string) string {
	sum := sha256.Sum256([]byte(what))
	return "mark:" + kind + ":" + hex.EncodeToString(sum[:])
}

// generation reads a mark; "" when there is none.
func (s *Sessions) generation(ctx context.Context, kind, what string) (string, error) {
	b, _, err := s.store.FindCtx(ctx, markKey(kind, what))
	if err != nil {
		return "", fmt.Errorf("read mark: %w", err)
	}
	return string(b), nil
}

// mark gives what a new generation.
func (s *Sessions) mark(ctx context.Context, kind, what string) error {
	// Some more than any session that has begun by now can last.
	until := s.now().Add(s.absolute + attemptLife)
	if err := s.store.CommitCtx(ctx, markKey(kind, what), []byte(rand.Text()), until); err != nil {
		return fmt.Errorf("set mark: %w", err)
	}
	return nil
}

// over tells whether the login has been ended from elsewhere.
func (s *Sessions) over(ctx context.Context, v *visit) (bool, error) {
	for _, m := range []struct{ kind, what, began string }{
		{ofPerson, v.Identity.ActorID(), v.PersonGen}, {ofSession, v.Session, v.SessionGen}, {ofLogin, v.Login, ""},
	} {
		if m.what == "" {
			continue
		}
		gen, err := s.generation(ctx, m.kind, m.what)
		if err != nil {
			return false, err
		}
		// A mark that is gone can only have spoken of sessions that are over.
		if gen != "" && gen != m.began {
			return true, nil
		}
	}
	return false, nil
}

// sessionName is a provider's session in marks.
func sessionName(issuer, sid string) string { return issuer + "\n" + sid }

// EndProviderSession ends the sessions that came of one of the provider's own.
// Those that are not known are nothing to it: anybody can ask.
func (s *Sessions) EndProviderSession(ctx context.Context, issuer, sid string) error {
	if s.provider == nil || issuer != s.provider.Issuer() || sid == "" || len(sid) > maxSID {
		return nil
	}
	name := sessionName(issuer, sid)
	known, err := s.generation(ctx, isKnown, name)
	if err != nil || known == "" {
		return err
	}
	return s.mark(ctx, ofSession, name)
}

// maxSID is the longest name of a provider's session, in bytes.
const maxSID = 255
