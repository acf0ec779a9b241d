package api

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"felleskrav/internal/bulkcheck"
	"felleskrav/internal/workbook"
)

const csvType = "text/csv; charset=utf-8"

// work runs the worker until the job has ended.
func (h *house) work(id string) CheckJob {
	h.t.Helper()
	ctx, stop := context.WithTimeout(context.Background(), time.Minute)
	done := make(chan struct{})
	go func() { h.checks.Run(ctx); close(done) }()
	defer func() { stop(); <-done }()
	for {
		var j CheckJob
		h.want(200, "adviser", "GET", "/api/v1/status/checks/"+id, nil).into(h.t, &j)
		if !j.State.Open() {
			return j
		}
		if ctx.Err() != nil {
			h.t.Fatalf("the job does not end: %+v", j)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// upload starts a job and gives its id.
func (h *house) upload(query string, data []byte, kind string) string {
	h.t.Helper()
	var j CheckJob
	r := h.want(202, "adviser", "POST", "/api/v1/status/check"+query, data, "Content-Type", kind)
	r.into(h.t, &j)
	if r.header.Get("Location") != "/api/v1/status/checks/"+j.Id || j.Links.Self != r.header.Get("Location") {
		h.t.Errorf("Location %q, job %+v", r.header.Get("Location"), j)
	}
	return j.Id
}

// files lists the stored files of jobs.
func (h *house) files() []string {
	h.t.Helper()
	all, err := filepath.Glob(filepath.Join(h.dir, "kept", "*"))
	if err != nil {
		h.t.Fatal(err)
	}
	return all
}

func listOf(rows int) []byte {
	var b bytes.Buffer
	b.WriteString("Navn;Orgnr\r\n")
	for i := range rows {
		fmt.Fprintf(&b, "Nr %d;%s\r\n", i, ours)
	}
	return b.Bytes()
}

// A list goes up, is worked on, and comes back with statuses.
func TestCheckOfAList(t *testing.T) {
	h := newHouse(t)
	offering, key := h.supplierWith(ours)
	h.declare(ours, offering, "grunnsett", key)
	id := h.upload("?name=liste.csv&set=grunnsett&lang=nn&retention=3", []byte("Navn;Orgnr\r\n=A;123 456 785\r\nB;123456789\r\nC;"+theirs+"\r\n"), csvType)
	var j CheckJob
	h.want(200, "adviser", "GET", "/api/v1/status/checks/"+id, nil, "Accept-Language", "en").into(t, &j)
	if j.State != bulkcheck.Queued || j.Progress.Total != 3 || j.Doubtful != 1 || len(j.Doubts) != 1 || j.Doubts[0].Row != 3 ||
		!strings.HasPrefix(j.Doubts[0].Detail, "The check digit") || j.Column != "Orgnr" || j.Links.Result != "" || j.Links.Page != "https://log.test/checks/"+id {
		t.Errorf("queued: %+v", j)
	}
	if r := h.want(404, "adviser", "GET", j.Links.Self+"/result", nil); r.key() != "bulkcheck.no-result" {
		t.Errorf("before it is done: %s", r.body)
	}
	j = h.work(id)
	if j.State != bulkcheck.Done || j.Progress.Done != 3 || j.Counts["valid"] != 1 || j.Counts[workbook.CountDoubtful] != 1 || j.Counts[workbook.CountUnknown] != 1 {
		t.Errorf("done: %+v", j)
	}
	r := h.want(200, "adviser", "GET", j.Links.Result, nil)
	if got := string(r.body); !strings.HasPrefix(got, "\ufeffNavn;Orgnr;Status;") || !strings.Contains(got, "\r\n'=A;123 456 785;Gyldig;Sakssystem;") || !strings.Contains(got, "Ikkje registrert") {
		t.Errorf("result: %s", got)
	}
	if d := r.header.Get("Content-Disposition"); !strings.Contains(d, "liste-status.csv") || r.header.Get("Content-Type") != csvType {
		t.Errorf("result headers: %v", r.header)
	}
	if len(h.files()) != 1 {
		t.Errorf("the list is still stored: %v", h.files())
	}
	// Colleagues see it, whatever their role; nobody else does.
	h.want(200, "procurement", "GET", "/api/v1/status/checks/"+id, nil)
	for _, who := range []string{"adviser@" + rival, "procurement@" + rival, "editor@" + rival} {
		for _, path := range []string{"", "/result"} {
			if r := h.want(404, who, "GET", "/api/v1/status/checks/"+id+path, nil); r.key() != "bulkcheck.not-found" {
				t.Errorf("%s: %s", who, r.body)
			}
		}
		h.want(404, who, "DELETE", "/api/v1/status/checks/"+id, nil)
	}
	var mine, others CheckJobList
	h.want(200, "adviser", "GET", "/api/v1/status/checks", nil).into(t, &mine)
	h.want(200, "adviser@"+rival, "GET", "/api/v1/status/checks", nil).into(t, &others)
	if len(mine.Items) != 1 || len(others.Items) != 0 {
		t.Errorf("lists: %+v, %+v", mine, others)
	}
	// It is kept for three days, and then it is gone before the sweep as after.
	h.add(3*24*time.Hour - time.Minute)
	h.want(200, "adviser", "GET", j.Links.Result, nil)
	h.add(2 * time.Minute)
	h.want(404, "adviser", "GET", j.Links.Result, nil)
	if did, err := h.checks.Sweep(t.Context()); err != nil || did.Expired != 1 {
		t.Errorf("sweep: %+v %v", did, err)
	}
	if len(h.files()) != 0 {
		t.Errorf("files are left: %v", h.files())
	}
	h.add(2 * time.Hour)
	if _, err := h.checks.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := h.store.CheckJob(t.Context(), id); err == nil {
		t.Error("the document is left")
	}
}

// With no days to keep it, one download is all.
func TestCheckForOneDownload(t *testing.T) {
	h := newHouse(t)
	id := h.upload("?retention=0", listOf(2), csvType)
	j := h.work(id)
	if j.KeepUntil.Sub(j.EndedAt) != 24*time.Hour {
		t.Errorf("kept until %s", j.KeepUntil)
	}
	h.want(200, "adviser", "GET", j.Links.Result, nil)
	h.want(404, "adviser", "GET", j.Links.Result, nil)
	h.want(404, "adviser", "GET", j.Links.Self, nil)
	if len(h.files()) != 0 {
		t.Errorf("files are left: %v", h.files())
	}
}

func TestCheckSpreadsheet(t *testing.T) {
	h := newHouse(t)
	data, err := os.ReadFile(filepath.Join("testdata", "suppliers.xlsx"))
	if err != nil {
		t.Fatal(err)
	}
	j := h.work(h.upload("", data, xlsx))
	if j.State != bulkcheck.Done || j.Kind != "xlsx" || j.Sheet != "Leverandører" {
		t.Fatalf("%+v", j)
	}
	r := h.want(200, "adviser", "GET", j.Links.Result, nil)
	l, err := workbook.ReadSuppliers(r.body, "", workbook.DefaultLimits())
	if err != nil || len(l.Rows) != 2 || len(l.Doubts) != 1 {
		t.Fatalf("the result cannot be read: %+v %v", l, err)
	}
}

// What cannot be checked is refused when it comes, with the reason.
func TestBadLists(t *testing.T) {
	h := newHouse(t)
	for name, s := range map[string]struct {
		query string
		data  []byte
		kind  string
		code  int
		key   string
		says  string
	}{
		"two columns":      {"", []byte("Orgnr;Org.nr. 2\n123456785;998877660\n"), csvType, 422, "workbook.bulk.ambiguous", `"field":"column"`},
		"names them":       {"", []byte("Orgnr;Org.nr. 2\n123456785;998877660\n"), csvType, 422, "workbook.bulk.ambiguous", "B (Org.nr. 2)"},
		"no column":        {"", []byte("Navn\nA\n"), csvType, 422, "workbook.bulk.no-column", `"field":"column"`},
		"10,001 rows":      {"", listOf(10_001), csvType, 413, "workbook.bulk.rows", "10000"},
		"not a zip":        {"", []byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), xlsx, 415, "workbook.error.xls", ""},
		"too long to keep": {"?retention=91", listOf(1), csvType, 422, "invalid.fields", `"field":"retention"`},
		"no such set":      {"?set=nothing", listOf(1), csvType, 404, "set.not-found", ""},
		"in the future":    {"?at=2031-01-01T00:00:00Z", listOf(1), csvType, 422, "invalid.fields", `"key":"status.future"`},
		"another type":     {"", listOf(1), "text/plain", 415, "request.content-type", ""},
		"too large":        {"", bytes.Repeat([]byte("a"), 11<<20), csvType, 413, "request.too-large", ""},
		"JSON's parameter": {"?set=grunnsett", []byte(`{"suppliers":["123456785"]}`), "application/json", 400, "request.parameters", `"field":"set"`},
	} {
		r := h.do("adviser", "POST", "/api/v1/status/check"+s.query, s.data, "Content-Type", s.kind)
		if r.status != s.code || r.key() != s.key || !strings.Contains(string(r.body), s.says) {
			t.Errorf("%s: %d %s", name, r.status, r.body)
		}
	}
	if r := h.do("supplier", "POST", "/api/v1/status/check", listOf(1), "Content-Type", csvType); r.status != 403 {
		t.Errorf("a supplier: %d %s", r.status, r.body)
	}
	if len(h.files()) != 0 {
		t.Errorf("what was refused is stored: %v", h.files())
	}
}

func TestCheckIsDeletedWhileItWaits(t *testing.T) {
	h := newHouse(t)
	id := h.upload("", listOf(3), csvType)
	h.want(204, "adviser", "DELETE", "/api/v1/status/checks/"+id, nil)
	h.want(404, "adviser", "GET", "/api/v1/status/checks/"+id, nil)
	h.want(404, "adviser", "DELETE", "/api/v1/status/checks/"+id, nil)
	if len(h.files()) != 0 {
		t.Errorf("files are left: %v", h.files())
	}
	// A body has so many at a time, and no more.
	for range 5 {
		h.upload("", listOf(1), csvType)
	}
	if r := h.want(429, "adviser", "POST", "/api/v1/status/check", listOf(1), "Content-Type", csvType); r.key() != "bulkcheck.many" {
		t.Errorf("a sixth: %s", r.body)
	}
	h.want(202, "adviser@"+rival, "POST", "/api/v1/status/check", listOf(1), "Content-Type", csvType)
}

// inTheMiddle runs the worker until it has looked up a part of the list, and
// then does something.
func (h *house) inTheMiddle(id string, then func(stop context.CancelFunc)) {
	h.t.Helper()
	ctx, stop := context.WithTimeout(context.Background(), time.Minute)
	defer stop()
	var met atomic.Bool
	one := bulkcheckOf(h)
	one.Now = func() time.Time {
		if j, err := h.store.CheckJob(context.Background(), id); err == nil && j.Done > 0 && j.State == bulkcheck.Running && met.CompareAndSwap(false, true) {
			then(stop)
		}
		if j, err := h.store.CheckJob(context.Background(), id); err == nil && !j.State.Open() {
			stop()
		}
		return h.now()
	}
	one.Run(ctx)
	if !met.Load() {
		h.t.Fatal("the work never was in the middle")
	}
}

// bulkcheckOf is the service as another process would have it.
func bulkcheckOf(h *house) *bulkcheck.Service {
	return &bulkcheck.Service{
		Store: h.store, Facts: h.checks.Facts, Catalogue: h.checks.Catalogue, Texts: h.checks.Texts, BaseURL: h.checks.BaseURL, Limits: h.checks.Limits,
		Now: h.now, NewID: h.checks.NewID,
	}
}

// A job that is in the middle when the program ends is finished by the next.
func TestCheckGoesOnAfterARestart(t *testing.T) {
	h := newHouse(t)
	id := h.upload("", listOf(5000), csvType)
	h.inTheMiddle(id, func(stop context.CancelFunc) { stop() })
	left, err := h.store.CheckJob(t.Context(), id)
	if err != nil || left.State != bulkcheck.Queued || left.Result != "" || len(h.files()) != 1 {
		t.Fatalf("after the program ended: %+v %v %v", left, err, h.files())
	}
	if j := h.work(id); j.State != bulkcheck.Done || j.Progress.Done != 5000 {
		t.Errorf("after the restart: %+v", j)
	}
}

// One that was in the middle when the program was killed is taken up when its
// lease has run out, and one that always ends the program is given up.
func TestCheckGoesOnAfterAKill(t *testing.T) {
	h := newHouse(t)
	id := h.upload("", listOf(10), csvType)
	killed := func(j bulkcheck.Job) (bulkcheck.Job, error) {
		j.State, j.Worker, j.Lease, j.Done = bulkcheck.Running, "gone", h.now().Add(30*time.Second), 5
		j.Attempts++
		return j, nil
	}
	if _, err := h.store.UpdateCheckJob(t.Context(), id, killed); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithTimeout(t.Context(), 300*time.Millisecond)
	bulkcheckOf(h).Run(ctx)
	stop()
	if j, err := h.store.CheckJob(t.Context(), id); err != nil || j.Worker != "gone" {
		t.Fatalf("it was taken from a worker that may live: %+v %v", j, err)
	}
	h.add(31 * time.Second)
	if j := h.work(id); j.State != bulkcheck.Done {
		t.Errorf("after the kill: %+v", j)
	}

	id = h.upload("", listOf(10), csvType)
	for range 4 {
		if _, err := h.store.UpdateCheckJob(t.Context(), id, killed); err != nil {
			t.Fatal(err)
		}
	}
	h.add(31 * time.Second)
	if j := h.work(id); j.State != bulkcheck.Failed || j.Problem.Key != "bulkcheck.failed" || j.Problem.Detail == "" {
		t.Errorf("a list that ends the program: %+v", j)
	}
}

// One that is cancelled or deleted in the middle leaves nothing behind.
func TestCheckIsEndedInTheMiddle(t *testing.T) {
	for _, way := range []string{"cancelled", "deleted"} {
		t.Run(way, func(t *testing.T) {
			h := newHouse(t)
			id := h.upload("", listOf(5000), csvType)
			actor := h.actor("adviser")
			h.inTheMiddle(id, func(context.CancelFunc) {
				if way == "deleted" {
					h.want(204, "adviser", "DELETE", "/api/v1/status/checks/"+id, nil)
				} else if _, err := h.checks.Cancel(t.Context(), actor, id); err != nil {
					t.Error(err)
				}
			})
			if len(h.files()) != 0 {
				t.Errorf("files are left: %v", h.files())
			}
			code := 200
			if way == "deleted" {
				code = 404
			}
			r := h.want(code, "adviser", "GET", "/api/v1/status/checks/"+id, nil)
			if code == 200 && !strings.Contains(string(r.body), `"state":"cancelled"`) {
				t.Errorf("%s", r.body)
			}
		})
	}
}

// A file that was only half received is forgotten.
func TestHalfReceivedCheckIsForgotten(t *testing.T) {
	h := newHouse(t)
	id := h.upload("", listOf(1), csvType)
	if _, err := h.store.UpdateCheckJob(t.Context(), id, func(j bulkcheck.Job) (bulkcheck.Job, error) { j.State = bulkcheck.Receiving; return j, nil }); err != nil {
		t.Fatal(err)
	}
	h.add(59 * time.Minute)
	if did, err := h.checks.Sweep(t.Context()); err != nil || did.Abandoned != 0 {
		t.Errorf("too early: %+v %v", did, err)
	}
	h.add(2 * time.Minute)
	if did, err := h.checks.Sweep(t.Context()); err != nil || did.Abandoned != 1 || len(h.files()) != 0 {
		t.Errorf("%+v %v %v", did, err, h.files())
	}
	if !slices.Contains(bulkcheck.States(), bulkcheck.Done) || slices.Contains(bulkcheck.States(), bulkcheck.Deleted) {
		t.Error("the states that are seen are not what they should be")
	}
}
