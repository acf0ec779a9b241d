package api

import (
	"context"

	"felleskrav/internal/selection"
)

// MakeSelection selects.
func (a *API) MakeSelection(_ context.Context, r MakeSelectionRequestObject) (MakeSelectionResponseObject, error) {
	result, err := selection.Select(a.Catalogue, *r.Body)
	return MakeSelection200JSONResponse(result), err
}
