package review_test

import (
	"testing"
	"time"

	"felleskrav/internal/review"
	"felleskrav/internal/supplier"
)

// TestCertificateEndedBeforeTheReview: what was signed with a certificate after
// its issuer ended it was never the body's word, however late that was heard
// of. It neither counts nor takes the place of what the body said before.
func TestCertificateEndedBeforeTheReview(t *testing.T) {
	noon := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	ended := noon.Add(-2 * time.Hour)
	heard := &supplier.Revocation{At: noon.Add(-time.Minute), Index: 900, Reason: supplier.Compromised, Since: &ended}
	logged := func(index int64, at time.Time) review.Logged {
		return review.Logged{Record: review.Record{ValidUntil: noon.AddDate(1, 0, 0)}, LogIndex: index, LoggedAt: at, Revoked: heard}
	}
	before, after := logged(10, ended.Add(-time.Hour)), logged(20, ended.Add(time.Hour))
	_, got := review.Stand([]review.Logged{before, after}, noon)
	if got[0].State != review.Revoked || got[0].Reason != string(supplier.Compromised) {
		t.Errorf("signed after the issuer ended the certificate: %+v", got[0])
	}
	if got[1].State != review.Active {
		t.Errorf("signed before it ended: %+v", got[1])
	}
	if _, got = review.Stand([]review.Logged{before, after}, noon.Add(-time.Hour/2)); got[0].State != review.Active {
		t.Errorf("before anybody here knew: %+v", got[0])
	}
}
