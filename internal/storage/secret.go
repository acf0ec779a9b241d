package storage

import (
	"context"
	"errors"
	"fmt"

	"felleskrav/internal/problem"
)

// SecretOrCreate is how every backend does the method of that name, given how
// it reads the secret (problem.ErrNotFound) and inserts it (problem.ErrExists).
func SecretOrCreate(
	ctx context.Context, name string,
	create func() ([]byte, error),
	read func(context.Context) ([]byte, error),
	insert func(context.Context, []byte) error,
) ([]byte, error) {
	b, err := read(ctx)
	if err == nil {
		return b, nil
	}
	if !errors.Is(err, problem.ErrNotFound) {
		return nil, fmt.Errorf("read secret %s: %w", name, err)
	}
	made, err := create()
	if err != nil {
		return nil, err
	}
	if len(made) == 0 {
		return nil, fmt.Errorf("create secret %s: it is empty", name)
	}
	if err := insert(ctx, made); err != nil && !errors.Is(err, problem.ErrExists) {
		return nil, fmt.Errorf("store secret %s: %w", name, err)
	}
	// Whoever was first, the stored one counts.
	if b, err = read(ctx); err != nil {
		return nil, fmt.Errorf("read secret %s: %w", name, err)
	}
	return b, nil
}
