package storagetest

import (
	"slices"
	"testing"
	"time"

	"felleskrav/internal/attestation"
	"felleskrav/internal/catalogue"
	"felleskrav/internal/organisation"
	"felleskrav/internal/problem"
	"felleskrav/internal/procurement"
	"felleskrav/internal/selection"
)

func procurementOf(n organisation.Number) procurement.Procurement {
	deadline := at
	return procurement.Procurement{
		ID: id(), Agency: n, Title: unicodeText, Deadline: &deadline, ContractEnd: "2029-12-31", Language: "nn",
		Input:   selection.Input{Tasks: []string{"fag.x"}, DeliveryModels: []catalogue.DeliveryModel{"saas"}, Overrides: []selection.Override{{Level: 3, Reason: "å"}}},
		Sets:    []procurement.SetRef{{ID: "a", Version: "1.0", Digest: digest()}},
		Choices: []procurement.Choice{{Requirement: "K-LOG-01", Type: "B", Weight: 30}},
		Columns: []procurement.Column{procurement.ColumnAnswer, procurement.ColumnID}, CreatedAt: at, UpdatedAt: at,
	}
}

func keptProcurement(v procurement.Procurement) procurement.Procurement {
	deadline := utc
	v.Deadline, v.CreatedAt, v.UpdatedAt, v.Rev = &deadline, utc, utc, 1
	return v
}

// RunProcurements checks procurement.Store.
func RunProcurements(t *testing.T, open Open) {
	ctx, s := t.Context(), open(t)
	t.Run("round trip", func(t *testing.T) {
		v := procurementOf(number())
		check(t, s.InsertProcurement(ctx, v))
		want(t, result[procurement.Procurement](t)(s.Procurement(ctx, v.ID)), keptProcurement(v))
		wantErr(t, s.InsertProcurement(ctx, v), problem.ErrExists)
		_, err := s.Procurement(ctx, id())
		wantErr(t, err, problem.ErrNotFound)
		v = procurementOf(number())
		v.Sets, v.Deadline, v.Choices, v.Columns, v.Bidders = nil, nil, nil, nil, []procurement.Bidder{}
		check(t, s.InsertProcurement(ctx, v))
		got := result[procurement.Procurement](t)(s.Procurement(ctx, v.ID))
		if got.Sets != nil || got.Deadline != nil || got.Choices != nil || got.Columns != nil || got.Bidders != nil {
			t.Errorf("got %#v", got)
		}
	})
	t.Run("pages", func(t *testing.T) {
		n := number()
		var all []string
		for range 7 {
			v := procurementOf(n)
			check(t, s.InsertProcurement(ctx, v))
			all = append(all, v.ID)
			check(t, s.InsertProcurement(ctx, procurementOf(number())))
		}
		slices.Reverse(all)
		for _, size := range []int{1, 3, 7, 100} {
			var got []string
			for after := ""; ; {
				page := result[[]procurement.Procurement](t)(s.ProcurementsOf(ctx, n, after, size))
				for _, v := range page {
					got = append(got, v.ID)
				}
				if len(page) == 0 {
					break
				}
				after = page[len(page)-1].ID
			}
			want(t, got, all)
		}
		want(t, result[[]procurement.Procurement](t)(s.ProcurementsOf(ctx, n, "", 0)), []procurement.Procurement{})
		want(t, result[[]procurement.Procurement](t)(s.ProcurementsOf(ctx, number(), "", 10)), []procurement.Procurement{})
	})
	t.Run("issued workbooks", func(t *testing.T) {
		p := id()
		var all []procurement.IssuedWorkbook // newest first
		for n := range 3 {
			v := procurement.IssuedWorkbook{ID: id(), Procurement: p, At: at.Add(time.Duration(n) * time.Hour).UTC().Truncate(time.Millisecond), By: unicodeText, Bidder: number(), ToBidders: n == 1, Format: "xlsx", SHA256: digest()}
			check(t, s.InsertIssuedWorkbook(ctx, v))
			all = append([]procurement.IssuedWorkbook{v}, all...)
		}
		wantErr(t, s.InsertIssuedWorkbook(ctx, all[0]), problem.ErrExists)
		list := result[[]procurement.IssuedWorkbook](t)
		want(t, list(s.IssuedWorkbooks(ctx, p, 10)), all)
		want(t, list(s.IssuedWorkbooks(ctx, p, 2)), all[:2])
		want(t, list(s.IssuedWorkbooks(ctx, p, 0)), []procurement.IssuedWorkbook{})
		want(t, list(s.IssuedWorkbooks(ctx, id(), 10)), []procurement.IssuedWorkbook{})
	})
	t.Run("responses", func(t *testing.T) {
		p := id()
		response := func(received time.Time) procurement.Response {
			v := procurement.Response{
				ID: id(), Procurement: p, Supplier: number(), ReceivedAt: received, SHA256: digest(),
				Answers: []procurement.ResponseAnswer{{Requirement: "K-LOG-01", Status: attestation.Met, Statement: unicodeText}},
			}
			check(t, s.InsertResponse(ctx, v))
			v.ReceivedAt = v.ReceivedAt.UTC().Truncate(time.Millisecond)
			return v
		}
		c, a, b := response(at.Add(time.Second)), response(at), response(at)
		wantErr(t, s.InsertResponse(ctx, a), problem.ErrExists)
		want(t, result[[]procurement.Response](t)(s.ResponsesTo(ctx, p)), []procurement.Response{a, b, c})
		want(t, result[[]procurement.Response](t)(s.ResponsesTo(ctx, id())), []procurement.Response{})
		q := p
		p = id()
		d := response(at.Add(time.Hour))
		last := result[map[string]time.Time](t)
		want(t, last(s.LastReceived(ctx, []string{p, q, id()})), map[string]time.Time{p: d.ReceivedAt, q: c.ReceivedAt})
		want(t, last(s.LastReceived(ctx, nil)), map[string]time.Time{})
	})
	updates[procurement.Procurement]{
		insert: func(t *testing.T) string {
			v := procurementOf(number())
			check(t, s.InsertProcurement(t.Context(), v))
			return v.ID
		},
		update: s.UpdateProcurement,
		read:   s.Procurement,
		count:  func(v procurement.Procurement) int { return len(v.Bidders) },
		set: func(v procurement.Procurement, n int) procurement.Procurement {
			v.Bidders = make([]procurement.Bidder, n)
			return v
		},
		rev:    func(v procurement.Procurement) int64 { return v.Rev },
		rename: func(v procurement.Procurement) procurement.Procurement { v.ID = id(); return v },
	}.run(t)
}
