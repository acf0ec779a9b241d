package evidence

import "felleskrav/internal/evidence/content"

// RefusalKey is the text for a reason.
func RefusalKey(r content.Reason) string { return refusals[r] }
