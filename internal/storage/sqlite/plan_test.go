package sqlite

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"felleskrav/internal/attestation"
	"felleskrav/internal/organisation"
	"felleskrav/internal/review"
	"felleskrav/internal/supplier"
	"felleskrav/internal/trail"
)

// tableScan is what the plan says of a table that is read from end to end; what
// stands in parentheses is the result of another part.
var tableScan = regexp.MustCompile(`^SCAN ([^(\s]\S*)$`)

// No read goes through a whole table or an index, or sorts what an index could
// give in order. The search asks the index of grams for the words and the place to
// begin at (M and >), in order.
func TestPlans(t *testing.T) {
	s, ctx := mustOpen(t, t.TempDir()), t.Context()
	some, one := []string{"a", "b"}, []organisation.Number{"1"}
	for name, read := range map[string]func() error{
		"Supplier":           func() error { _, err := s.SuppliersByNumber(ctx, one); return err },
		"TokensOf":           func() error { _, err := s.TokensOf(ctx, "1", "x", 10); return err },
		"TokensOfAll":        func() error { _, err := s.TokensOf(ctx, "1", "", 10); return err },
		"Search":             func() error { _, err := s.SearchSuppliers(ctx, "x", "", 10); return err },
		"Like":               func() error { _, err := s.SuppliersLike(ctx, []supplier.Pieces{{"a", "b"}}, 10); return err },
		"SuppliersOffering":  func() error { _, err := s.SuppliersOffering(ctx, "x", "", 10); return err },
		"WatchList":          func() error { _, err := s.WatchList(ctx, "1"); return err },
		"List":               func() error { _, err := s.SearchSuppliers(ctx, "", "", 10); return err },
		"OfferingsByID":      func() error { _, err := s.OfferingsByID(ctx, some); return err },
		"OfferingsOf":        func() error { _, err := s.OfferingsOf(ctx, one); return err },
		"EvidenceOf":         func() error { _, err := s.EvidenceOf(ctx, "a"); return err },
		"OwnerEvidence":      func() error { _, err := s.OwnerEvidence(ctx, "1", nil); return err },
		"OwnerEvidence some": func() error { _, err := s.OwnerEvidence(ctx, "1", some); return err },
		"PendingEvidence":    func() error { _, err := s.PendingEvidence(ctx, time.Now(), 10); return err },
		"UnsettledEvidence":  func() error { _, err := s.UnsettledEvidence(ctx, time.Now(), 10); return err },
		"EvidenceAfter":      func() error { _, err := s.EvidenceAfter(ctx, "1:a", 10); return err },
		"AttestationsFor":    func() error { _, err := s.AttestationsFor(ctx, "a", "b", 10); return err },
		"AttestationsForAll": func() error { _, err := s.AttestationsFor(ctx, "a", "", 10); return err },
		"Latest":             func() error { _, err := s.LatestAttestations(ctx, some, "b", 3); return err },
		"LatestAll":          func() error { _, err := s.LatestAttestations(ctx, some, "", 3); return err },
		"People":             func() error { _, err := s.People(ctx, some); return err },
		"PeopleBefore":       func() error { _, err := s.PeopleBefore(ctx, time.Now(), 3); return err },
		"CirclesOf":          func() error { _, err := s.CirclesOf(ctx, "a"); return err },
		"InvitationsIn":      func() error { _, err := s.InvitationsIn(ctx, "1", 3); return err },
		"ClaimsIn":           func() error { _, err := s.ClaimsIn(ctx, "a", 3); return err },
		"ClaimsOf":           func() error { _, err := s.ClaimsOf(ctx, "a"); return err },
		"Outlines":           func() error { _, err := s.LatestOutlines(ctx, some, "b", 3); return err },
		"OutlinesAll":        func() error { _, err := s.LatestOutlines(ctx, some, "", 3); return err },
		"Since":              func() error { _, err := s.AttestationsSince(ctx, time.Now(), 3); return err },
		"Revision":           func() error { _, err := s.AttestationsRevision(ctx, "a"); return err },
		"Withdrawals":        func() error { _, err := s.Withdrawals(ctx, some); return err },
		"WithdrawalsSince":   func() error { _, err := s.WithdrawalsSince(ctx, time.Now(), 3); return err },
		"Reviews":            func() error { _, err := s.Reviews(ctx, review.Query{Viewer: "1", Limit: 10}); return err },
		"ReviewsFor": func() error {
			_, err := s.Reviews(ctx, review.Query{Attestation: "a", After: "b", Limit: 10})
			return err
		},
		"ReviewsAbout": func() error { _, err := s.Reviews(ctx, review.Query{Supplier: "1", Limit: 10}); return err },
		"ReviewsBy": func() error {
			_, err := s.Reviews(ctx, review.Query{Reviewer: "1", Viewer: "1", Limit: 10})
			return err
		},
		"ReviewsOffering": func() error {
			_, err := s.Reviews(ctx, review.Query{Offering: "a", Reviewer: "1", Limit: 10})
			return err
		},
		"ReviewsOf":         func() error { _, err := s.ReviewsOf(ctx, some, "1"); return err },
		"ReviewsSince":      func() error { _, err := s.ReviewsSince(ctx, time.Now(), 3); return err },
		"ReviewsRevision":   func() error { _, err := s.ReviewsRevision(ctx, "a", "1"); return err },
		"ReviewWithdrawals": func() error { _, err := s.ReviewWithdrawals(ctx, some); return err },
		"ReviewsWithdrawn":  func() error { _, err := s.ReviewWithdrawalsSince(ctx, time.Now(), 3); return err },
		"Trail": func() error {
			_, err := s.FindTrailEntries(ctx, trail.Query{Refs: []string{"a", "b"}, From: time.Now(), Limit: 10})
			return err
		},
		"TrailWhole":        func() error { _, err := s.FindTrailEntries(ctx, trail.Query{To: time.Now(), Limit: 10}); return err },
		"TrailErase":        func() error { _, err := s.EraseTrailAddresses(ctx, time.Now(), 10); return err },
		"ProcurementsOf":    func() error { _, err := s.ProcurementsOf(ctx, "1", "x", 10); return err },
		"OwnWorkbooksOf":    func() error { _, err := s.OwnWorkbooksOf(ctx, "x", 10); return err },
		"DueOwnWorkbooks":   func() error { _, err := s.DueOwnWorkbooks(ctx, time.Now(), 10); return err },
		"DeclarationUses":   func() error { _, err := s.DeclarationUses(ctx, some); return err },
		"DueAnswerDrafts":   func() error { _, err := s.DueAnswerDrafts(ctx, time.Now(), 10); return err },
		"CheckJobsOf":       func() error { _, err := s.CheckJobsOf(ctx, "1", "x", 10); return err },
		"CheckJobsOfAll":    func() error { _, err := s.CheckJobsOf(ctx, "1", "", 10); return err },
		"OpenCheckJobs":     func() error { _, err := s.OpenCheckJobs(ctx, 10); return err },
		"DueCheckJobs":      func() error { _, err := s.DueCheckJobs(ctx, time.Now(), 10); return err },
		"ResponsesTo":       func() error { _, err := s.ResponsesTo(ctx, "a"); return err },
		"IssuedWorkbooks":   func() error { _, err := s.IssuedWorkbooks(ctx, "a", 10); return err },
		"LastReceived":      func() error { _, err := s.LastReceived(ctx, some); return err },
		"Drafts":            func() error { _, err := s.Drafts(ctx, "x", 10); return err },
		"DraftsAll":         func() error { _, err := s.Drafts(ctx, "", 10); return err },
		"PublishedContent":  func() error { _, err := s.PublishedContent(ctx); return err },
		"PublishedRevision": func() error { _, err := s.PublishedRevision(ctx); return err },
		"ReportsOn":         func() error { _, err := s.ReportsOn(ctx, "a", "x", 10); return err },
		"ReportsOnAll":      func() error { _, err := s.ReportsOn(ctx, "a", "", 10); return err },
		"OpenReports":       func() error { _, err := s.OpenReports(ctx, "a", 10); return err },
		"Newest": func() error {
			_, err := s.NewestAttestations(ctx, attestation.Position{ReceivedAt: time.Now(), Digest: "a"}, 10)
			return err
		},
		"NewestAll":       func() error { _, err := s.NewestAttestations(ctx, attestation.Position{}, 10); return err },
		"CountReports":    func() error { _, err := s.CountReports(ctx, "a"); return err },
		"LogEntries":      func() error { _, err := s.LogEntries(ctx, "o", 0, 10); return err },
		"LogEntriesByKey": func() error { _, err := s.LogEntriesByKey(ctx, "o", some); return err },
		"LogPlacesByKey":  func() error { _, err := s.LogPlacesByKey(ctx, "o", some); return err },
	} {
		if err := read(); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	if _, err := s.LogLease(ctx, "o"); err == nil {
		t.Fatal("a lease that is not there was found")
	}
	if _, err := s.LogCosigned(ctx, "o"); err == nil {
		t.Fatal("cosignatures that are not there were found")
	}
	if _, err := s.LogHashes(ctx, "o", []int64{1}); err == nil {
		t.Fatal("a hash that is not there was found")
	}
	n := 0
	s.stmts.Range(func(key, _ any) bool {
		n++
		text := key.(string)
		rows, err := s.reads.Query("EXPLAIN QUERY PLAN "+text, make([]any, 8)...)
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		var plan []string
		for rows.Next() {
			var id, parent, unused int
			var line string
			if err := rows.Scan(&id, &parent, &unused, &line); err != nil {
				t.Fatal(err)
			}
			plan = append(plan, line)
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
		given := strings.Contains(text, "json_each") // by a list in the query's own order
		for _, line := range plan {
			if m := tableScan.FindStringSubmatch(line); m != nil && m[1] != "json_each" && m[1] != "o" {
				t.Errorf("reads a whole table:\n%s\n%s", text, strings.Join(plan, "\n"))
			}
			if strings.Contains(line, "TEMP B-TREE") && !given {
				t.Errorf("sorts:\n%s\n%s", text, strings.Join(plan, "\n"))
			}
		}
		return true
	})
	if n < 20 {
		t.Errorf("only %d statements were looked at", n)
	}
}
