package storagetest

import (
	"strings"
	"testing"

	"felleskrav/internal/organisation"
	"felleskrav/internal/problem"
	"felleskrav/internal/review"
	"felleskrav/internal/supplier"
	"felleskrav/internal/transparency"
)

// RunOddKeys checks that keys which cannot exist, as an address in a request
// may hold them, are not found and nothing worse.
func RunOddKeys(t *testing.T, open Open) {
	ctx, s := t.Context(), open(t)
	for _, key := range []string{"", "\x00", "a\x00b", "\xff", "$ne", "' OR 1=1 --", "{\"$gt\": \"\"}", "../..", strings.Repeat("æ", 50_000)} {
		number := organisation.Number(key)
		for name, read := range map[string]func() error{
			"Supplier":         func() error { _, err := s.Supplier(ctx, number); return err },
			"Offering":         func() error { _, err := s.Offering(ctx, key); return err },
			"TakeChallenge":    func() error { _, err := s.TakeChallenge(ctx, key); return err },
			"TokenByHash":      func() error { _, err := s.TokenByHash(ctx, key); return err },
			"Token":            func() error { _, err := s.Token(ctx, key); return err },
			"EvidenceBy":       func() error { _, err := s.EvidenceBy(ctx, number, key); return err },
			"OpenBlob":         func() error { _, _, err := s.OpenBlob(ctx, key); return err },
			"BlobVersion":      func() error { _, err := s.BlobVersion(ctx, key); return err },
			"Attestation":      func() error { _, err := s.Attestation(ctx, key); return err },
			"Withdrawal":       func() error { _, err := s.Withdrawal(ctx, key); return err },
			"Review":           func() error { _, err := s.Review(ctx, key); return err },
			"ReviewWithdrawal": func() error { _, err := s.ReviewWithdrawal(ctx, key); return err },
			"OwnWorkbook":      func() error { _, err := s.OwnWorkbook(ctx, key); return err },
			"AnswerDraft":      func() error { _, err := s.AnswerDraft(ctx, key, key); return err },
			"Invitation":       func() error { _, err := s.Invitation(ctx, key); return err },
			"InvitationByHash": func() error { _, err := s.InvitationByHash(ctx, key); return err },
			"Claim":            func() error { _, err := s.Claim(ctx, key); return err },
			"OwnMapping":       func() error { _, err := s.OwnMapping(ctx, number, key); return err },
			"CheckJob":         func() error { _, err := s.CheckJob(ctx, key); return err },
			"Procurement":      func() error { _, err := s.Procurement(ctx, key); return err },
			"Draft":            func() error { _, err := s.Draft(ctx, key); return err },
			"SetRelease":       func() error { _, err := s.SetRelease(ctx, key, key); return err },
			"Report":           func() error { _, err := s.Report(ctx, key); return err },
		} {
			wantErrOf(t, name, key, read(), problem.ErrNotFound)
		}
		if err := s.RemoveBlob(ctx, key, key); err != nil {
			t.Errorf("RemoveBlob(%.20q): %v", key, err)
		}
		_, err := s.LogState(ctx, key)
		wantErrOf(t, "LogState", key, err, transparency.ErrNotFound)
		_, err = s.LogLease(ctx, key)
		wantErrOf(t, "LogLease", key, err, transparency.ErrNotFound)
		_, err = s.LogCosigned(ctx, key)
		wantErrOf(t, "LogCosigned", key, err, transparency.ErrNotFound)
		for name, list := range map[string]func() (int, error){
			"SuppliersByNumber": func() (int, error) {
				v, err := s.SuppliersByNumber(ctx, []organisation.Number{number})
				return len(v), err
			},
			"TokensOf": func() (int, error) { v, err := s.TokensOf(ctx, number, key, 10); return len(v), err },
			"RegisterEntries": func() (int, error) {
				v, err := s.RegisterEntries(ctx, []organisation.Number{number})
				return len(v), err
			},
			"OfferingsByID":      func() (int, error) { v, err := s.OfferingsByID(ctx, []string{key}); return len(v), err },
			"OfferingsOf":        func() (int, error) { v, err := s.OfferingsOf(ctx, []organisation.Number{number}); return len(v), err },
			"EvidenceOf":         func() (int, error) { v, err := s.EvidenceOf(ctx, key); return len(v), err },
			"OwnerEvidence":      func() (int, error) { v, err := s.OwnerEvidence(ctx, number, []string{key}); return len(v), err },
			"AttestationsFor":    func() (int, error) { v, err := s.AttestationsFor(ctx, key, key, 10); return len(v), err },
			"LatestOutlines":     func() (int, error) { v, err := s.LatestOutlines(ctx, []string{key}, key, 10); return len(v), err },
			"LatestAttestations": func() (int, error) { v, err := s.LatestAttestations(ctx, []string{key}, key, 10); return len(v), err },
			"Withdrawals":        func() (int, error) { v, err := s.Withdrawals(ctx, []string{key}); return len(v), err },
			"Reviews": func() (int, error) {
				v, err := s.Reviews(ctx, review.Query{Offering: "x" + key, Viewer: number, Limit: 10})
				return len(v), err
			},
			"ReviewsAfter": func() (int, error) {
				v, err := s.Reviews(ctx, review.Query{Offering: "x", After: "x" + key, Limit: 10})
				return len(v), err
			},
			"ReviewsOf":         func() (int, error) { v, err := s.ReviewsOf(ctx, []string{key}, number); return len(v), err },
			"ReviewWithdrawals": func() (int, error) { v, err := s.ReviewWithdrawals(ctx, []string{key}); return len(v), err },
			"People":            func() (int, error) { v, err := s.People(ctx, []string{key}); return len(v), err },
			"CirclesOf":         func() (int, error) { v, err := s.CirclesOf(ctx, key); return len(v), err },
			"ClaimsOf":          func() (int, error) { v, err := s.ClaimsOf(ctx, key); return len(v), err },
			"OwnWorkbooksOf":    func() (int, error) { v, err := s.OwnWorkbooksOf(ctx, key, 10); return len(v), err },
			"DeclarationUses":   func() (int, error) { v, err := s.DeclarationUses(ctx, []string{key}); return len(v), err },
			"CheckJobsOf":       func() (int, error) { v, err := s.CheckJobsOf(ctx, number, key, 10); return len(v), err },
			"ProcurementsOf":    func() (int, error) { v, err := s.ProcurementsOf(ctx, number, key, 10); return len(v), err },
			"Drafts":            func() (int, error) { v, err := s.Drafts(ctx, key, 10); return len(v), err },
			"ReportsOn":         func() (int, error) { v, err := s.ReportsOn(ctx, key, key, 10); return len(v), err },
			"CountReports":      func() (int, error) { v, err := s.CountReports(ctx, key); return v.Total() + len(v.Resolved), err },
			"ResponsesTo":       func() (int, error) { v, err := s.ResponsesTo(ctx, key); return len(v), err },
			"LastReceived":      func() (int, error) { v, err := s.LastReceived(ctx, []string{key}); return len(v), err },
			"IssuedWorkbooks":   func() (int, error) { v, err := s.IssuedWorkbooks(ctx, key, 10); return len(v), err },
			"SearchSuppliers":   func() (int, error) { v, err := s.SearchSuppliers(ctx, key, "", 10); return len(v), err },
			"SuppliersOffering": func() (int, error) { v, err := s.SuppliersOffering(ctx, "x"+key, "", 10); return len(v), err },
			"SuppliersLike": func() (int, error) {
				v, err := s.SuppliersLike(ctx, []supplier.Pieces{{"x" + key, "x" + key}}, 10)
				return len(v), err
			},
			"LogEntriesByKey": func() (int, error) { v, err := s.LogEntriesByKey(ctx, "o", []string{key}); return len(v), err },
		} {
			n, err := list()
			if n != 0 || err != nil {
				t.Errorf("%s(%.20q) gives %d, %v", name, key, n, err)
			}
		}
		if _, ok, err := s.Sessions().FindCtx(ctx, key); ok || err != nil {
			t.Errorf("session %.20q: %v, %v", key, ok, err)
		}
	}
}
