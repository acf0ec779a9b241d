package api

import (
	"slices"

	"felleskrav/internal/problem"
)

// maxPage is both the longest page and, for content that is read whole, the
// usual one.
const (
	maxPage     = 200
	defaultPage = 50
)

// page cuts a list held in memory. The cursor is the id of the last item of
// the page before, so that what is added or removed in between neither
// repeats nor hides anything else.
func page[T any](items []T, limit int, cursor string, id func(T) string) (out []T, next string, err error) {
	if limit == 0 {
		limit = maxPage
	}
	start := 0
	if cursor != "" {
		at := slices.IndexFunc(items, func(item T) bool { return id(item) == cursor })
		if at < 0 {
			return nil, "", errCursor
		}
		start = at + 1
	}
	out = slices.Clone(items[start:min(len(items), start+limit)])
	if out == nil {
		out = []T{}
	}
	if start+limit < len(items) {
		next = id(out[len(out)-1])
	}
	return out, next, nil
}

// fetch asks for one item more than the page holds, to know whether there is
// a next one.
func fetch[T any](limit int, list func(limit int) ([]T, error), id func(T) string) (out []T, next string, err error) {
	if limit == 0 {
		limit = defaultPage
	}
	out, err = list(limit + 1)
	if err != nil {
		return nil, "", err
	}
	if len(out) > limit {
		out = out[:limit]
		next = id(out[limit-1])
	}
	return out, next, nil
}

func each[A, B any](in []A, f func(A) B) []B {
	out := make([]B, len(in))
	for i, v := range in {
		out[i] = f(v)
	}
	return out
}

var errCursor = problem.New(problem.Invalid, "request.cursor", nil)
