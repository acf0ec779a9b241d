package storagetest

import (
	"slices"
	"testing"
	"time"

	"felleskrav/internal/organisation"
	"felleskrav/internal/ownbook"
	"felleskrav/internal/problem"
	"felleskrav/internal/workbook/own"
)

func ownWorkbook(procurement string) ownbook.Workbook {
	return ownbook.Workbook{
		ID: id(), Body: number(), Procurement: procurement, By: "x", FileName: unicodeText, Size: 7, SHA256: digest(), RetentionDays: 7, CreatedAt: at, KeepUntil: at,
		Decisions: []own.Decision{{
			Sheet: "Krav", Header: 4, Columns: map[int]own.Role{1: own.RoleID, 3: ""}, Codes: map[string]own.Meaning{"A.b$": own.Minimum}, Rows: map[int]string{5: "K-A-01", 6: ""},
		}},
	}
}

func keptOwnWorkbook(v ownbook.Workbook) ownbook.Workbook {
	v.CreatedAt, v.KeepUntil, v.Rev = utc, utc, 1
	return v
}

func ownMapping(n organisation.Number) ownbook.Mapping {
	return ownbook.Mapping{
		Body: n, Template: digest(), Columns: map[int]own.Role{0: own.RoleID, 1: "", 7: own.RoleText}, Codes: map[string]own.Meaning{"B": own.Scored},
		Rows: map[string]string{digest(): "K-A-01"}, UpdatedAt: at,
	}
}

func keptOwnMapping(v ownbook.Mapping, rev int64) ownbook.Mapping {
	v.UpdatedAt, v.Rev = utc, rev
	return v
}

// RunOwnWorkbooks checks ownbook.Store, save for the files, which are those of
// RunKeptFiles.
func RunOwnWorkbooks(t *testing.T, open Open) {
	ctx, s := t.Context(), open(t)
	ids := func(v []ownbook.Workbook, err error) []string {
		t.Helper()
		check(t, err)
		out := []string{}
		for _, w := range v {
			out = append(out, w.ID)
		}
		return out
	}
	t.Run("round trip", func(t *testing.T) {
		v := ownWorkbook(id())
		check(t, s.InsertOwnWorkbook(ctx, v))
		want(t, result[ownbook.Workbook](t)(s.OwnWorkbook(ctx, v.ID)), keptOwnWorkbook(v))
		wantErr(t, s.InsertOwnWorkbook(ctx, v), problem.ErrExists)
		check(t, s.RemoveOwnWorkbook(ctx, v.ID))
		check(t, s.RemoveOwnWorkbook(ctx, v.ID))
		_, err := s.OwnWorkbook(ctx, v.ID)
		wantErr(t, err, problem.ErrNotFound)
	})
	t.Run("lists", func(t *testing.T) {
		p := id()
		var mine []string
		for range 3 {
			v := ownWorkbook(p)
			check(t, s.InsertOwnWorkbook(ctx, v))
			check(t, s.InsertOwnWorkbook(ctx, ownWorkbook(id())))
			mine = append([]string{v.ID}, mine...)
		}
		want(t, ids(s.OwnWorkbooksOf(ctx, p, 10)), mine)
		want(t, ids(s.OwnWorkbooksOf(ctx, p, 2)), mine[:2])
		want(t, ids(s.OwnWorkbooksOf(ctx, p, 0)), []string{})
		want(t, ids(s.OwnWorkbooksOf(ctx, id(), 10)), []string{})
	})
	t.Run("due", func(t *testing.T) {
		at := at.Add(5000 * time.Hour)
		keep := func(until time.Time) string {
			v := ownWorkbook(id())
			v.KeepUntil = until
			check(t, s.InsertOwnWorkbook(ctx, v))
			return v.ID
		}
		late, early := keep(at.Add(time.Hour)), keep(at)
		mine := func(t time.Time) []string {
			return slices.DeleteFunc(ids(s.DueOwnWorkbooks(ctx, t, 1000)), func(id string) bool { return id != late && id != early })
		}
		want(t, mine(at.Add(-time.Second)), []string{})
		want(t, mine(at), []string{early})
		want(t, mine(at.Add(time.Hour)), []string{early, late})
		// One that was worked on is kept for longer.
		_, err := s.UpdateOwnWorkbook(ctx, early, func(w ownbook.Workbook) (ownbook.Workbook, error) { w.KeepUntil = at.Add(2 * time.Hour); return w, nil })
		check(t, err)
		want(t, mine(at.Add(2*time.Hour)), []string{late, early})
	})
	t.Run("mapping", func(t *testing.T) {
		v := ownMapping(number())
		_, err := s.OwnMapping(ctx, v.Body, v.Template)
		wantErr(t, err, problem.ErrNotFound)
		check(t, s.PutOwnMapping(ctx, v))
		want(t, result[ownbook.Mapping](t)(s.OwnMapping(ctx, v.Body, v.Template)), keptOwnMapping(v, 1))
		v.Columns = nil
		check(t, s.PutOwnMapping(ctx, v))
		want(t, result[ownbook.Mapping](t)(s.OwnMapping(ctx, v.Body, v.Template)), keptOwnMapping(v, 2))
		_, err = s.OwnMapping(ctx, number(), v.Template)
		wantErr(t, err, problem.ErrNotFound)
	})
	updates[ownbook.Workbook]{
		insert: func(t *testing.T) string {
			v := ownWorkbook(id())
			v.Size = 0
			check(t, s.InsertOwnWorkbook(t.Context(), v))
			return v.ID
		},
		update: s.UpdateOwnWorkbook,
		read:   s.OwnWorkbook,
		count:  func(v ownbook.Workbook) int { return int(v.Size) },
		set:    func(v ownbook.Workbook, n int) ownbook.Workbook { v.Size = int64(n); return v },
		rev:    func(v ownbook.Workbook) int64 { return v.Rev },
		rename: func(v ownbook.Workbook) ownbook.Workbook { v.ID = id(); return v },
	}.run(t)
}
