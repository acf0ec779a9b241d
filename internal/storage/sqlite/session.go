package sqlite

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/alexedwards/scs/v2"

	"felleskrav/internal/problem"
	"felleskrav/internal/storage"
)

// sessions is the store in the shape scs wants.
type sessions struct{ s *Store }

// Sessions implements storage.Store.
func (s *Store) Sessions() scs.CtxStore { return sessions{s} }

// Find implements scs.Store.
func (v sessions) Find(token string) ([]byte, bool, error) {
	return v.FindCtx(context.Background(), token)
}

// Commit implements scs.Store.
func (v sessions) Commit(token string, b []byte, expiry time.Time) error {
	return v.CommitCtx(context.Background(), token, b, expiry)
}

// Delete implements scs.Store.
func (v sessions) Delete(token string) error { return v.DeleteCtx(context.Background(), token) }

// FindCtx implements scs.CtxStore.
func (v sessions) FindCtx(ctx context.Context, token string) ([]byte, bool, error) {
	var b []byte
	err := v.s.query(ctx, `SELECT data FROM sessions WHERE token = ? AND expires_at > ?`, token, millis(v.s.now())).row(&b)
	if errors.Is(err, problem.ErrNotFound) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("find session: %w", err)
	}
	return b, true, nil
}

// CommitCtx implements scs.CtxStore.
func (v sessions) CommitCtx(ctx context.Context, token string, b []byte, expiry time.Time) error {
	err := v.s.exec(ctx, `INSERT INTO sessions (token, expires_at, data) VALUES (?, ?, ?)
		ON CONFLICT (token) DO UPDATE SET expires_at = excluded.expires_at, data = excluded.data`,
		token, millis(expiry), bytesOf(b))
	if err != nil {
		return fmt.Errorf("commit session: %w", err)
	}
	return nil
}

// DeleteCtx implements scs.CtxStore.
func (v sessions) DeleteCtx(ctx context.Context, token string) error {
	if err := v.s.exec(ctx, `DELETE FROM sessions WHERE token = ?`, token); err != nil {
		return fmt.Errorf("delete session: %w", err)
	}
	return nil
}

// DropSessions implements storage.Store.
func (s *Store) DropSessions(ctx context.Context, t time.Time) error {
	if err := s.exec(ctx, `DELETE FROM sessions WHERE expires_at <= ?`, millis(t)); err != nil {
		return fmt.Errorf("drop sessions: %w", err)
	}
	return nil
}

// SecretOrCreate implements storage.Store.
func (s *Store) SecretOrCreate(ctx context.Context, name string, create func() ([]byte, error)) ([]byte, error) {
	return storage.SecretOrCreate(ctx, name, create,
		func(ctx context.Context) (b []byte, err error) {
			err = s.query(ctx, `SELECT value FROM secrets WHERE name = ?`, name).row(&b)
			return b, err
		},
		func(ctx context.Context, b []byte) error {
			return s.exec(ctx, `INSERT INTO secrets (name, value) VALUES (?, ?)`, name, b)
		})
}
