package web

import (
	"strings"
	"testing"
	"time"

	"felleskrav/internal/attestation"
	"felleskrav/internal/status"
	"felleskrav/internal/supplier"
)

// TestVerdictOfTwoSigners: where the second signer's key ended the declaration,
// the page says when that was, and not when the first one's was replaced.
func TestVerdictOfTwoSigners(t *testing.T) {
	s := newSite(t, false)
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	replaced, taken := at.AddDate(0, 2, 0), at.AddDate(0, -1, 0)
	f := status.Facts{
		Supplier: supplier.Supplier{Name: "Testsky AS", Keys: []supplier.Key{
			{ID: "one", Revoked: &supplier.Revocation{At: replaced, Index: 90, Reason: supplier.Replaced}},
			{ID: "two", Revoked: &supplier.Revocation{At: taken, Index: 5, Reason: supplier.Compromised}},
		}},
		Declarations: []status.Declaration{{
			Record:   attestation.Record{Digest: "d", KeyID: "one", SecondKeyID: "two", ValidUntil: at.AddDate(1, 0, 0)},
			LogIndex: 10, LoggedAt: at,
		}},
	}
	st := status.Of(f, at.AddDate(0, 3, 0))
	texts := s.web.Texts.In("nb")
	got := verdict(texts, st, f.Supplier.Name)
	if st.Overall != status.Revoked || !strings.Contains(got, texts.Date(taken)) || strings.Contains(got, texts.Date(replaced)) {
		t.Errorf("%s: %q, want %s in it", st.Overall, got, texts.Date(taken))
	}
}
