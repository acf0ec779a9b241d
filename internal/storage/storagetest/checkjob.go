package storagetest

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"felleskrav/internal/access"
	"felleskrav/internal/bulkcheck"
	"felleskrav/internal/organisation"
	"felleskrav/internal/problem"
	"felleskrav/internal/workbook"
)

func checkJobOf(n organisation.Number, s bulkcheck.State) bulkcheck.Job {
	return bulkcheck.Job{
		ID: id(), Body: n, By: "x", Roles: []access.Role{access.Adviser}, FileName: unicodeText, Kind: workbook.ListXLSX, Size: 7, Set: "a@1.0.0", At: at,
		Language: "nn", RetentionDays: 7, State: s, CreatedAt: at, Total: 3, Doubtful: 1, Counts: map[string]int{"valid": 2},
		Doubts: []workbook.Doubt{{Sheet: "A", Row: 3, Cell: "B3", Value: "12", Key: "workbook.bulk.doubt.short"}}, Input: "i",
	}
}

func keptCheckJob(v bulkcheck.Job) bulkcheck.Job {
	v.At, v.CreatedAt, v.Rev = utc, utc, 1
	return v
}

// RunCheckJobs checks the documents of bulkcheck.Store.
func RunCheckJobs(t *testing.T, open Open) {
	ctx, s := t.Context(), open(t)
	jobs := func(t *testing.T) func(v []bulkcheck.Job, err error) []string {
		return func(v []bulkcheck.Job, err error) []string {
			t.Helper()
			check(t, err)
			ids := []string{}
			for _, j := range v {
				ids = append(ids, j.ID)
			}
			return ids
		}
	}
	t.Run("round trip", func(t *testing.T) {
		v := checkJobOf(number(), bulkcheck.Queued)
		check(t, s.InsertCheckJob(ctx, v))
		want(t, result[bulkcheck.Job](t)(s.CheckJob(ctx, v.ID)), keptCheckJob(v))
		wantErr(t, s.InsertCheckJob(ctx, v), problem.ErrExists)
		_, err := s.CheckJob(ctx, id())
		wantErr(t, err, problem.ErrNotFound)
		check(t, s.RemoveCheckJob(ctx, v.ID))
		check(t, s.RemoveCheckJob(ctx, v.ID))
		_, err = s.CheckJob(ctx, v.ID)
		wantErr(t, err, problem.ErrNotFound)
	})
	t.Run("lists", func(t *testing.T) {
		n := number()
		var mine []string
		for _, state := range []bulkcheck.State{bulkcheck.Queued, bulkcheck.Running, bulkcheck.Done, bulkcheck.Failed, bulkcheck.Deleted} {
			v := checkJobOf(n, state)
			check(t, s.InsertCheckJob(ctx, v))
			check(t, s.InsertCheckJob(ctx, checkJobOf(number(), bulkcheck.Done)))
			mine = append(mine, v.ID)
		}
		newest := slices.Clone(mine[:4])
		slices.Reverse(newest)
		want(t, jobs(t)(s.CheckJobsOf(ctx, n, "", 10)), newest)
		want(t, jobs(t)(s.CheckJobsOf(ctx, n, newest[1], 1)), newest[2:3])
		want(t, jobs(t)(s.CheckJobsOf(ctx, n, "", 0)), []string{})
		want(t, jobs(t)(s.CheckJobsOf(ctx, number(), "", 10)), []string{})
		want(t, jobs(t)(s.OpenCheckJobs(ctx, 10)), mine[:2])
		want(t, jobs(t)(s.OpenCheckJobs(ctx, 1)), mine[:1])
		// Work that ends is open no more.
		_, err := s.UpdateCheckJob(ctx, mine[0], func(j bulkcheck.Job) (bulkcheck.Job, error) { j.State = bulkcheck.Cancelled; return j, nil })
		check(t, err)
		want(t, jobs(t)(s.OpenCheckJobs(ctx, 10)), mine[1:2])
	})
	t.Run("due", func(t *testing.T) {
		at := at.Add(1000 * time.Hour)
		keep := func(until time.Time) string {
			v := checkJobOf(number(), bulkcheck.Done)
			v.Input, v.KeepUntil = "", until
			check(t, s.InsertCheckJob(ctx, v))
			return v.ID
		}
		late, early, never := keep(at.Add(time.Hour)), keep(at), checkJobOf(number(), bulkcheck.Running)
		check(t, s.InsertCheckJob(ctx, never))
		mine := func(t time.Time) []string {
			all := jobsAmong(s.DueCheckJobs(ctx, t, 1000))
			return slices.DeleteFunc(all, func(id string) bool { return id != late && id != early && id != never.ID })
		}
		want(t, mine(at.Add(-time.Second)), []string{})
		want(t, mine(at), []string{early})
		want(t, mine(at.Add(time.Hour)), []string{early, late})
	})
	updates[bulkcheck.Job]{
		insert: func(t *testing.T) string {
			v := checkJobOf(number(), bulkcheck.Done)
			v.Done = 0
			check(t, s.InsertCheckJob(t.Context(), v))
			return v.ID
		},
		update: s.UpdateCheckJob,
		read:   s.CheckJob,
		count:  func(v bulkcheck.Job) int { return v.Done },
		set:    func(v bulkcheck.Job, n int) bulkcheck.Job { v.Done = n; return v },
		rev:    func(v bulkcheck.Job) int64 { return v.Rev },
		rename: func(v bulkcheck.Job) bulkcheck.Job { v.ID = id(); return v },
	}.run(t)
}

func jobsAmong(v []bulkcheck.Job, err error) []string {
	ids := []string{}
	if err != nil {
		return append(ids, err.Error())
	}
	for _, j := range v {
		ids = append(ids, j.ID)
	}
	return ids
}

// RunKeptFiles checks the files of bulkcheck.Store.
func RunKeptFiles(t *testing.T, open Open) {
	ctx, s := t.Context(), open(t)
	read := func(t *testing.T, name string) []byte {
		t.Helper()
		r, size, err := s.OpenKeptFile(ctx, name)
		check(t, err)
		data := result[[]byte](t)(io.ReadAll(r))
		check(t, r.Close())
		want(t, int64(len(data)), size)
		return data
	}
	large := bytes.Repeat([]byte("blåbær"), 300_000)
	one, two := id()+"-input", id()+"-input"
	for _, name := range []string{one, two} {
		want(t, result[int64](t)(s.PutKeptFile(ctx, name, bytes.NewReader(large))), int64(len(large)))
	}
	if !bytes.Equal(read(t, one), large) {
		t.Error("the bytes are not what they were")
	}
	// Equal files are two.
	check(t, s.RemoveKeptFile(ctx, one))
	check(t, s.RemoveKeptFile(ctx, one))
	_, _, err := s.OpenKeptFile(ctx, one)
	wantErr(t, err, problem.ErrNotFound)
	if !bytes.Equal(read(t, two), large) {
		t.Error("a file went with another that was the same")
	}
	// Another takes its place; one that breaks off does not.
	want(t, result[int64](t)(s.PutKeptFile(ctx, two, strings.NewReader("new"))), int64(3))
	want(t, string(read(t, two)), "new")
	broken := errors.New("broken")
	_, err = s.PutKeptFile(ctx, two, io.MultiReader(strings.NewReader("half"), iotestErr(broken)))
	wantErr(t, err, broken)
	want(t, string(read(t, two)), "new")
	want(t, result[int64](t)(s.PutKeptFile(ctx, one, strings.NewReader(""))), int64(0))
	want(t, len(read(t, one)), 0)
	for _, bad := range []string{"", "../x", "A", "a/b", "a.b", strings.Repeat("a", 101)} {
		_, err := s.PutKeptFile(ctx, bad, strings.NewReader("x"))
		wantErr(t, err, bulkcheck.ErrFileName)
		_, _, err = s.OpenKeptFile(ctx, bad)
		wantErr(t, err, problem.ErrNotFound)
		check(t, s.RemoveKeptFile(ctx, bad))
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

func iotestErr(err error) io.Reader { return failing{err} }
