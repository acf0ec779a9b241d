package api

import (
	"bytes"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"felleskrav/internal/catalogue"
	"felleskrav/requirements"
)

// Two editors, each with a token of their own.
const (
	writer = "editor"
	second = "editor@" + rival
)

const drafts = "/api/v1/catalogue/drafts"

func fileOf(draft, path string) string {
	return drafts + "/" + draft + "/files?path=" + url.QueryEscape(path)
}

// TestContentFilesComeBackByteForByte takes every file of the content from the
// service, puts it into a draft, and takes it out again.
func TestContentFilesComeBackByteForByte(t *testing.T) {
	h := newHouse(t)
	var list ContentFileList
	h.want(200, "", "GET", "/api/v1/catalogue/files", nil).into(t, &list)
	if len(list.Items) < 30 {
		t.Fatalf("%d files", len(list.Items))
	}
	for _, f := range list.Items {
		var d ContentDraft
		h.want(201, writer, "POST", drafts, ContentDraftInput{Title: f.Path}).into(t, &d)
		want, err := requirements.FS.ReadFile(f.Path)
		if err != nil {
			t.Fatal(err)
		}
		at := "/api/v1/catalogue/files?path=" + url.QueryEscape(f.Path)
		r := h.want(200, "", "GET", at, nil)
		if !bytes.Equal(r.body, want) || r.header.Get("ETag") != `"`+f.Sha256+`"` || catalogue.Digest(r.body) != f.Sha256 ||
			r.header.Get("Content-Type") != "text/yaml; charset=utf-8" || len(want) != f.Bytes {
			t.Errorf("%s is not the file: %v", f.Path, r.header)
		}
		h.want(304, "", "GET", at, nil, "If-None-Match", r.header.Get("ETag"))
		formatted, err := catalogue.Format(want)
		if err != nil {
			t.Fatal(err)
		}
		h.want(200, writer, "PUT", fileOf(d.Id, f.Path), r.body, "Content-Type", "text/yaml")
		back := h.want(200, writer, "GET", fileOf(d.Id, f.Path), nil)
		if !bytes.Equal(back.body, formatted) {
			t.Errorf("%s came back as something else", f.Path)
		}
		h.want(200, writer, "PUT", fileOf(d.Id, f.Path), back.body, "Content-Type", "application/yaml")
		if again := h.want(200, writer, "GET", fileOf(d.Id, f.Path), nil); !bytes.Equal(again.body, formatted) {
			t.Errorf("%s changed the second time", f.Path)
		}
	}
	if r := h.want(404, "", "GET", "/api/v1/catalogue/files?path=releases/index.json", nil); r.key() != "content.no-file" {
		t.Errorf("a release is a file to edit: %s", r.body)
	}
}

// TestTwoEditors goes from a draft to a released set version over HTTP.
func TestTwoEditors(t *testing.T) {
	h := newHouse(t)
	newest, _ := h.api.Catalogue.Content().Version("grunnsett", "")
	id := newest.Requirements[0].ID
	path := ""
	var list ContentFileList
	h.want(200, "", "GET", "/api/v1/catalogue/files", nil).into(t, &list)
	var text string
	for _, f := range list.Items {
		data := string(h.want(200, "", "GET", "/api/v1/catalogue/files?path="+f.Path, nil).body)
		if strings.HasPrefix(f.Path, "themes/") && strings.Contains(data, "- id: "+id+"\n") {
			path, text = f.Path, data
		}
	}
	was := newest.Requirements[0].Rationale.EN
	changed := strings.Replace(text, was, was+" Both sides then know what applies.", 1)
	if changed == text {
		t.Fatal("the text was not found in the file")
	}
	version := catalogue.NextVersion(newest.Version, catalogue.StepPatch)

	var d ContentDraft
	r := h.want(201, writer, "POST", drafts, ContentDraftInput{Title: "Klarere", Note: "Etter tre meldinger.", Releases: []WantedRelease{{Set: "grunnsett", Version: newest.Version}}})
	r.into(t, &d)
	at := drafts + "/" + d.Id
	if r.header.Get("Location") != at || r.header.Get("ETag") != `"1"` || d.State != "draft" || len(d.Files) != 0 || d.Author.Org != agency {
		t.Errorf("made %+v, %v", d, r.header)
	}
	h.want(200, writer, "PUT", fileOf(d.Id, path), []byte(changed), "If-Match", `"1"`)
	if r := h.want(412, writer, "PUT", fileOf(d.Id, path), []byte(changed), "If-Match", `"1"`); r.key() != "request.if-match" {
		t.Errorf("an older revision: %s", r.body)
	}
	if r := h.want(422, writer, "PUT", fileOf(d.Id, path)+"&lang=en", []byte(changed+"extra: 1\n")); !strings.Contains(string(r.body), "catalogue.fault.unknown-key") || !strings.Contains(string(r.body), path+":") {
		t.Errorf("a fault: %s", r.body)
	}
	if r := h.want(422, writer, "POST", at+"/review", nil); r.key() != "draft.version-old" {
		t.Errorf("the version that is out: %s", r.body)
	}
	h.want(200, writer, "PUT", at, ContentDraftInput{Title: "Klarere", Releases: []WantedRelease{{Set: "grunnsett", Version: version}}}).into(t, &d)
	var found ContentFindings
	h.want(200, second, "GET", at+"/findings", nil).into(t, &found)
	if len(found.Faults)+len(found.Findings)+len(found.Outdated) != 0 {
		t.Fatalf("findings %+v", found)
	}
	r = h.want(200, writer, "POST", at+"/review", nil)
	tag := r.header.Get("ETag")
	if r := h.want(403, writer, "POST", at+"/decisions", ContentDecision{Decision: "approve"}); r.key() != "draft.own" {
		t.Errorf("the author approves: %s", r.body)
	}
	h.want(403, "procurement", "POST", at+"/decisions", ContentDecision{Decision: "approve"})
	if r := h.want(422, writer, "POST", at+"/publication", nil); r.key() != "draft.state" {
		t.Errorf("published before it was approved: %s", r.body)
	}
	h.want(412, second, "POST", at+"/decisions", ContentDecision{Decision: "approve"}, "If-Match", `"1"`)
	h.want(200, second, "POST", at+"/decisions", ContentDecision{Decision: "approve", Comment: "Bra."}, "If-Match", tag)
	h.want(404, "", "GET", "/api/v1/requirement-sets/grunnsett/versions/"+version, nil)
	h.want(200, writer, "POST", at+"/publication", nil).into(t, &d)
	if d.State != "published" || d.ClosedBy.Org != agency || len(d.Reviews) != 1 || d.Reviews[0].By.Org != rival {
		t.Errorf("published %+v", d)
	}
	h.want(200, second, "POST", at+"/publication", nil)
	h.want(422, writer, "DELETE", at, nil)

	now := h.want(200, "", "GET", "/api/v1/requirement-sets/grunnsett/versions/latest", nil)
	var v SetVersion
	now.into(t, &v)
	if v.Version != version || !strings.Contains(string(now.body), "Both sides then know what applies.") {
		t.Errorf("released %s", v.Version)
	}
	if !strings.Contains(string(h.want(200, "", "GET", "/log/tile/entries/000.p/1", nil).body), catalogue.Digest(now.body)) {
		t.Error("the release is not in the log")
	}
	var diff SetDiff
	h.want(200, "", "GET", "/api/v1/requirement-sets/grunnsett/diff?from="+newest.Version+"&to="+version, nil).into(t, &diff)
	if diff.Changes[0].Kind != catalogue.ChangeReworded {
		t.Errorf("changed %+v", diff.Changes[0])
	}
	// A supplier answers the new version at once.
	offering, key := h.supplierWith(ours)
	h.declare(ours, offering, "grunnsett", key)
	if r := h.want(200, "", "GET", "/api/v1/suppliers/"+ours+"/status", nil); !strings.Contains(string(r.body), version) {
		t.Errorf("status %s", r.body)
	}
}

func TestDiscardAndRemove(t *testing.T) {
	h := newHouse(t)
	var d ContentDraft
	h.want(201, writer, "POST", drafts, ContentDraftInput{Title: "Bort"}).into(t, &d)
	at := drafts + "/" + d.Id
	data := h.want(200, "", "GET", "/api/v1/catalogue/files?path=sources.yaml", nil).body
	h.want(200, writer, "PUT", fileOf(d.Id, "sources.yaml"), data).into(t, &d)
	if len(d.Files) != 1 || d.Files[0].Path != "sources.yaml" {
		t.Errorf("files %+v", d.Files)
	}
	h.want(200, writer, "DELETE", fileOf(d.Id, "sources.yaml"), nil).into(t, &d)
	h.want(404, writer, "DELETE", fileOf(d.Id, "sources.yaml"), nil)
	h.want(404, writer, "GET", fileOf(d.Id, "sources.yaml"), nil)
	h.want(422, writer, "POST", at+"/review", nil)
	h.want(200, writer, "DELETE", at, nil).into(t, &d)
	if d.State != "discarded" || d.ClosedAt.IsZero() {
		t.Errorf("discarded %+v", d)
	}
	h.want(422, writer, "PUT", at, ContentDraftInput{Title: "Igjen"})
	var all ContentDraftList
	h.want(200, second, "GET", drafts+"?limit=1", nil).into(t, &all)
	if len(all.Items) != 1 || all.Items[0].Id != d.Id || all.Next != "" {
		t.Errorf("list %+v", all)
	}
	big := h.do(writer, http.MethodPut, fileOf(d.Id, "sources.yaml"), bytes.Repeat([]byte("#"), 1<<20+1))
	if big.status != http.StatusRequestEntityTooLarge {
		t.Errorf("too large a file: %d %s", big.status, big.body)
	}
}

func TestReports(t *testing.T) {
	h := newHouse(t)
	id := h.api.Catalogue.Content().Requirements()[0].ID
	at := "/api/v1/requirements/" + id + "/reports"
	h.want(401, "", "POST", at, ReportInput{Kind: "unclear", Text: "Hva menes?"})
	var made Report
	h.want(201, "supplier", "POST", at, ReportInput{Kind: "unclear", Text: "Hva menes med leveransen?"}).into(t, &made)
	h.want(201, "procurement", "POST", at, ReportInput{Kind: "disproportionate", Text: "For mye for små kjøp."})
	h.want(422, "adviser", "POST", at, ReportInput{Kind: "unclear", Text: "  "})
	h.want(422, "adviser", "POST", at, map[string]any{"kind": "wrong", "text": "x"})
	h.want(404, "adviser", "POST", "/api/v1/requirements/K-NONE-01/reports", ReportInput{Kind: "other", Text: "x"})
	for _, who := range []string{"", "supplier", "procurement"} {
		r := h.want(200, who, "GET", at, nil)
		var seen ReportList
		r.into(t, &seen)
		if seen.Counts.Open["unclear"] != 1 || seen.Counts.Open["disproportionate"] != 1 || len(seen.Items) != 0 || strings.Contains(string(r.body), "leveransen") {
			t.Errorf("%q sees %s", who, r.body)
		}
	}
	var seen ReportList
	h.want(200, "editor", "GET", at+"?limit=1", nil).into(t, &seen)
	if len(seen.Items) != 1 || seen.Items[0].Kind != "disproportionate" || seen.Next == "" {
		t.Fatalf("the editor sees %+v", seen)
	}
	h.want(200, "editor", "GET", at+"?limit=1&cursor="+seen.Next, nil).into(t, &seen)
	if len(seen.Items) != 1 || seen.Items[0].Id != made.Id || seen.Items[0].By.Org != ours || seen.Items[0].Text != "Hva menes med leveransen?" {
		t.Errorf("the second page is %+v", seen)
	}
	resolve := at + "/" + made.Id + "/resolution"
	h.want(403, "supplier", "POST", resolve, ReportAnswer{Note: "x"})
	h.want(422, "editor", "POST", resolve, ReportAnswer{Note: " "})
	h.want(404, "editor", "POST", "/api/v1/requirements/K-NONE-01/reports/"+made.Id+"/resolution", ReportAnswer{Note: "x"})
	h.want(200, "editor", "POST", resolve, ReportAnswer{Note: "Skrevet om i neste versjon."}).into(t, &made)
	if made.Resolved.Note != "Skrevet om i neste versjon." || made.Resolved.By.Org != agency {
		t.Errorf("answered %+v", made)
	}
	if r := h.want(422, "editor", "POST", resolve, ReportAnswer{Note: "Igjen."}); r.key() != "report.resolved" {
		t.Errorf("a second answer: %s", r.body)
	}
	seen = ReportList{}
	h.want(200, "", "GET", at, nil).into(t, &seen)
	if seen.Counts.Resolved["unclear"] != 1 || seen.Counts.Open["unclear"] != 0 {
		t.Errorf("counts %+v", seen.Counts)
	}
}
