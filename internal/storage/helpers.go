package storage

import (
	"context"
	"errors"
	"fmt"
	"io"

	"felleskrav/internal/problem"
)

// ErrIdentity: an updater changed the key of the document it was given.
var ErrIdentity = errors.New("updater changed the document's key")

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

// Unique gives the values in order, each once.
func Unique[T comparable](values []T) []T {
	seen := make(map[T]bool, len(values))
	all := make([]T, 0, len(values))
	for _, v := range values {
		if !seen[v] {
			seen[v] = true
			all = append(all, v)
		}
	}
	return all
}

// IsDigest tells whether s is a SHA-256 in lower case hex.
func IsDigest(s string) bool {
	if len(s) != 64 {
		return false
	}
	for _, r := range s {
		if (r < '0' || r > '9') && (r < 'a' || r > 'f') {
			return false
		}
	}
	return true
}

// Reader reads from r until ctx ends, and then answers with its error.
func Reader(ctx context.Context, r io.Reader) io.Reader { return &reader{ctx, r} }

type reader struct {
	ctx context.Context
	r   io.Reader
}

func (r *reader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.r.Read(p)
}
