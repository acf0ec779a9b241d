package registry

import (
	"context"

	"felleskrav/internal/organisation"
)

// Store keeps the answers of the register, one document for each number.
type Store interface {
	// PutRegisterEntry keeps an answer in the place of an earlier one; one that was
	// fetched later stays. It is durable when it returns.
	PutRegisterEntry(ctx context.Context, e organisation.RegisterEntry) error
	// RegisterEntries reads many at once, in one query, ordered by number; absent
	// ones are left out.
	RegisterEntries(ctx context.Context, numbers []organisation.Number) ([]organisation.RegisterEntry, error)
}

// Suppliers lists whom the sweep asks about.
type Suppliers interface {
	// RegisteredNumbers gives the numbers of suppliers after a number, in order, at
	// most limit.
	RegisteredNumbers(ctx context.Context, after organisation.Number, limit int) ([]organisation.Number, error)
}
