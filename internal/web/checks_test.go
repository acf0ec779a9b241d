package web

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"felleskrav/internal/bulkcheck"
)

// work runs the worker until no job is left to work on.
func (s *site) work() {
	s.t.Helper()
	ctx, stop := context.WithTimeout(context.Background(), time.Minute)
	done := make(chan struct{})
	go func() { s.web.Checks.Run(ctx); close(done) }()
	defer func() { stop(); <-done }()
	for {
		open, err := s.web.Checks.Store.OpenCheckJobs(ctx, 10)
		if err != nil {
			s.t.Fatal(err)
		}
		if len(open) == 0 {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// startChecks leaves a check that is done, one that was cancelled, and one that
// waits.
func (s *site) startChecks(ctx context.Context) {
	list := "Navn;Org.nr.\nTestsky AS;" + seller.Org + "\n=Rival;" + other.Org + "\nFeil;123\nPerson;01010112345\n"
	start := func(name string) string {
		return must[bulkcheck.Job](s.t)(s.web.Checks.Start(ctx, adviser, bulkcheck.Order{FileName: name, Set: "skytjenester"}, strings.NewReader(list))).ID
	}
	s.checked = start("leverandører.csv")
	s.work()
	s.cancelled = start("avbrutt.csv")
	must[bulkcheck.Job](s.t)(s.web.Checks.Cancel(ctx, adviser, s.cancelled))
	s.waiting = start("venter.csv")
}

// An adviser uploads a list, follows the work and gets it back.
func TestListIsCheckedOnThePages(t *testing.T) {
	s := newSite(t, true)
	b := s.visit("adviser")
	if a := b.get("/"); !strings.Contains(a.body, `href="/checks"`) {
		t.Error("the menu does not lead to the checks")
	}
	newest, _ := s.web.Catalogue.Content().Version("grunnsett", "")
	if a := b.get("/checks"); !strings.Contains(a.body, `<option value="`+newest.Ref()+`" selected>`) || strings.Count(a.body, " selected>") != 2 {
		t.Error("the newest version of the set is not the one suggested")
	}
	fields := map[string]string{"set": "grunnsett", "at": "", "column": "", "retention": "1"}
	a := b.upload("/checks", fields, "list", "to.csv", []byte("Orgnr;Org.nr. 2\n910000012;910000020\n"))
	if a.code != 422 || !strings.Contains(a.body, "B (Org.nr. 2)") || !strings.Contains(a.body, `href="#f-column"`) {
		t.Fatalf("two columns fit: %d %s", a.code, leading(a.body))
	}
	fields["at"] = "rubbish"
	if a := b.upload("/checks", fields, "list", "to.csv", []byte("Orgnr\n910000012\n")); a.code != 422 || !strings.Contains(a.body, `href="#f-at"`) {
		t.Errorf("no date: %d %s", a.code, leading(a.body))
	}
	if a := b.upload("/checks", nil, "other", "to.csv", nil); a.code != 422 || !strings.Contains(a.body, `href="#f-list"`) {
		t.Errorf("no file: %d %s", a.code, leading(a.body))
	}
	fields["at"], fields["column"] = "", "B"
	a = b.upload("/checks", fields, "list", "to.csv", []byte("Orgnr;Org.nr. 2\n1;910000012\n1;910000020\n1;7\n"))
	if a.code != http.StatusOK || !strings.HasPrefix(a.path, "/checks/") || !strings.Contains(a.body, "<progress") || a.header.Get("Refresh") == "" {
		t.Fatalf("uploaded: %d %s %v", a.code, leading(a.body), a.header)
	}
	if still := b.get(a.path + "?follow=no"); still.header.Get("Refresh") != "" {
		t.Error("the page cannot be kept still")
	}
	s.work()
	a = b.get(a.path)
	if a.header.Get("Refresh") != "" || strings.Contains(a.body, "<progress") || !strings.Contains(a.body, `<svg class="fk-chart"`) || !strings.Contains(a.body, "Nummeret har færre enn ni sifre.") {
		t.Errorf("done: %s", leading(a.body))
	}
	file := b.get(a.path + "/result")
	if file.code != 200 || !strings.Contains(file.body, "\r\n1;910000012;") || !strings.Contains(file.header.Get("Content-Disposition"), "to-status.csv") {
		t.Errorf("result: %d %s %v", file.code, file.body, file.header)
	}
	for who, code := range map[string]int{"procurement": 404, "editor": 404, "supplier": 403, "rival": 403} {
		for _, path := range []string{a.path, a.path + "/result"} {
			if got := s.visit(who).get(path); got.code != code {
				t.Errorf("%s at %s: %d, want %d", who, path, got.code, code)
			}
		}
		if got := s.visit(who).post(a.path+"/delete", nil); got.code != code {
			t.Errorf("%s deletes: %d, want %d", who, got.code, code)
		}
	}
	if got := b.post(a.path+"/delete", nil); got.path != "/checks" || strings.Contains(got.body, "to.csv") || b.get(a.path).code != 404 {
		t.Errorf("deleted: %s", leading(got.body))
	}
	// One that waits can be cancelled.
	fields["column"] = ""
	a = b.upload("/checks", fields, "list", "fire.csv", []byte("Orgnr\n910000012\n"))
	if got := b.post(a.path+"/cancel", nil); got.code != 200 || !strings.Contains(got.body, "Kontrollen ble avbrutt") || strings.Contains(got.body, "<progress") {
		t.Errorf("cancelled: %s", leading(got.body))
	}
	if got := s.visit("supplier").upload("/checks", fields, "list", "x.csv", []byte("Orgnr\n910000012\n")); got.code != 403 {
		t.Errorf("a supplier uploads: %d", got.code)
	}
}
