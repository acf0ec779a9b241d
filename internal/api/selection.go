package api

import (
	"context"

	"felleskrav/internal/selection"
)

// MakeSelection selects.
func (a *API) MakeSelection(_ context.Context, r MakeSelectionRequestObject) (MakeSelectionResponseObject, error) {
	result, err := selection.Select(a.Catalogue.Content(), *r.Body)
	if err != nil {
		return nil, err
	}
	return MakeSelection200JSONResponse(withLists(result)), nil
}

// withLists writes empty lists as [] rather than null.
func withLists(r selection.Result) selection.Result {
	r.Levels, r.Sets, r.Measures = list(r.Levels), list(r.Sets), list(r.Measures)
	r.Requirements, r.Gaps = list(r.Requirements), list(r.Gaps)
	for i := range r.Levels {
		r.Levels[i].Origins = list(r.Levels[i].Origins)
	}
	for i := range r.Measures {
		r.Measures[i].Triggers, r.Measures[i].ServedBy = list(r.Measures[i].Triggers), list(r.Measures[i].ServedBy)
	}
	for i := range r.Requirements {
		q := &r.Requirements[i]
		q.Sets, q.Triggers, q.Measures = list(q.Sets), list(q.Triggers), list(q.Measures)
	}
	return r
}

func list[T any](in []T) []T {
	if in == nil {
		return []T{}
	}
	return in
}
