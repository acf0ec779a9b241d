package ownbook_test

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"felleskrav/internal/access"
	"felleskrav/internal/organisation"
	"felleskrav/internal/ownbook"
	"felleskrav/internal/problem"
	"felleskrav/internal/procurement"
	"felleskrav/internal/workbook/corpustest"
	"felleskrav/internal/workbook/own"
)

// The body's annex with one sheet for each theme, the codes M and B that the
// file does not explain, and sixteen rows that say what we say.
const annex = "openpyxl/bilag"

var codes = map[string]own.Meaning{"M": own.Minimum, "B": own.Scored}

// accepted fills the decisions with what the truth about the file says.
func accepted(t *testing.T, v ownbook.View, d []own.Decision) (rows int) {
	t.Helper()
	lines := map[string]bool{}
	for _, table := range v.Tables {
		for _, m := range table.Suggestions {
			lines[m[0].Requirement] = true
		}
	}
	for i, truth := range corpustest.Get(t, annex).Truth.Tables {
		for row, r := range truth.Requirements {
			if lines[r] {
				d[i].Rows[row] = r
				rows++
			}
		}
	}
	if rows < 5 {
		t.Fatalf("only %d rows of the annex equal requirements of the tender", rows)
	}
	return rows
}

func TestFromUploadToFilledWorkbook(t *testing.T) {
	h := newHouse(t)
	ctx := t.Context()
	data := corpustest.Get(t, annex).Read(t)
	v := h.add(t, data)
	id := v.Workbook.ID
	if len(v.Tables) != 2 || v.Tables[0].Remembered || len(v.Tables[1].Suggestions) < 5 || len(v.Tables[1].Rows) != 0 {
		t.Fatalf("understood as %d tables, %+v", len(v.Tables), v.Tables)
	}
	for _, table := range v.Tables {
		if _, open := table.Open(); len(open) != 2 {
			t.Errorf("%s asks about the codes %v, want two", table.Sheet, open)
		}
	}
	order := ownbook.Order{Answers: vendor, Columns: []organisation.Number{vendor, silent}}
	order.Insert.Sheet, order.Insert.Header = v.Tables[1].Sheet, head(v.Tables[1])
	if _, err := h.Fill(ctx, buyer, h.p.ID, id, order); problem.KeyOf(err) != "ownbook.undecided" {
		t.Fatalf("filled before anybody decided anything: %v", err)
	}

	d := settle(v, nil)
	n := accepted(t, v, d)
	saved, err := h.Decide(ctx, buyer, h.p.ID, id, d, v.Workbook.Rev)
	if err != nil || saved.Workbook.Rev != v.Workbook.Rev+1 {
		t.Fatalf("decided: %v, revision %d", err, saved.Workbook.Rev)
	}
	if _, err := h.Decide(ctx, buyer, h.p.ID, id, d, v.Workbook.Rev); problem.KeyOf(err) != "ownbook.stale" || problem.KindOf(err) != problem.Stale {
		t.Errorf("decided about what was there before: %v", err)
	}
	_, err = h.Fill(ctx, buyer, h.p.ID, id, order)
	if problem.KeyOf(err) != "workbook.own.open" || !strings.Contains(fmt.Sprint(err), "«M»") {
		t.Fatalf("inserted while the codes are open: %v", err)
	}
	if d = settle(v, codes); true {
		accepted(t, v, d)
	}
	if saved, err = h.Decide(ctx, buyer, h.p.ID, id, d, 0); err != nil {
		t.Fatal(err)
	}
	out, err := h.Fill(ctx, buyer, h.p.ID, id, order)
	if err != nil {
		t.Fatal(err)
	}
	if out.FileName != "Våre krav – utfylt.xlsx" || len(out.Report.Changes) == 0 {
		t.Errorf("%s with %d changes", out.FileName, len(out.Report.Changes))
	}

	f := book(t, out.Data)
	table, rows := v.Tables[1], d[1].Rows
	met, answer := table.Column(own.RoleMet), table.Column(own.RoleAnswer)
	last := table.Columns[len(table.Columns)-1].Col
	for row, r := range rows {
		word, text := "J", "Slik gjør vi det: "+r
		if r == h.notMet {
			word, text = "N", "=Kommer i 2027."
		}
		if got := cell(t, f, table.Sheet, met, row); got != word {
			t.Errorf("row %d (%s): met is %q, want the body's own %q", row, r, got, word)
		}
		if got := cell(t, f, table.Sheet, answer, row); got != text {
			t.Errorf("row %d: answer is %q, want %q", row, got, text)
		}
		if got := cell(t, f, table.Sheet, last+1, row); !strings.HasPrefix(got, "Oppfylt\nSlik") && r != h.notMet {
			t.Errorf("row %d: the bidder's column says %q", row, got)
		}
		if got := cell(t, f, table.Sheet, last+4, row); got != "Ingen gyldig sikkerhetserklæring med svar på kravet" {
			t.Errorf("row %d: standing of a bidder who said nothing is %q", row, got)
		}
	}
	if got := cell(t, f, table.Sheet, last+3, head(table)); got != "=Taus Sky AS: erklært svar" {
		t.Errorf("header of the second bidder is %q", got)
	}
	// Every requirement that no row equals stands below, with the body's code.
	tender, err := h.procurements.Tender(ctx, buyer, h.p.ID)
	if err != nil {
		t.Fatal(err)
	}
	inserted := map[string]string{}
	for row := table.Last + 1; row <= table.Last+len(tender.Lines)-n; row++ {
		inserted[cell(t, f, table.Sheet, table.Column(own.RoleID), row)] = cell(t, f, table.Sheet, table.Column(own.RoleType), row)
	}
	for _, l := range tender.Lines {
		want := map[string]string{"A": "M", "B": "B"}[l.Type]
		if got, there := inserted[l.Requirement.ID]; there == (values(rows)[l.Requirement.ID]) || there && got != want {
			t.Errorf("%s: inserted %v with code %q, want %q", l.Requirement.ID, there, got, want)
		}
	}
	// What was uploaded is as it was, and can be filled in again to the same.
	again, err := h.Fill(ctx, buyer, h.p.ID, id, order)
	if err != nil || !bytes.Equal(again.Data, out.Data) {
		t.Errorf("filled a second time: %v", err)
	}
}

// A requirement that goes out of the tender takes nothing else with it: what was
// decided about its row stays, and comes to count again when it comes back.
func TestDecisionsWhenARequirementGoesOut(t *testing.T) {
	h := newHouse(t)
	ctx := t.Context()
	v := h.add(t, corpustest.Get(t, annex).Read(t))
	d := settle(v, codes)
	accepted(t, v, d)
	if _, err := h.Decide(ctx, buyer, h.p.ID, v.Workbook.ID, d, 0); err != nil {
		t.Fatal(err)
	}
	row, gone := 0, ""
	for r, id := range d[1].Rows {
		row, gone = r, id
	}
	exclude := func(out bool) {
		p, err := h.procurements.Get(ctx, buyer, h.p.ID)
		if err != nil {
			t.Fatal(err)
		}
		p.Choices = []procurement.Choice{{Requirement: gone, Excluded: out}}
		if _, err := h.procurements.Update(ctx, buyer, p, p.Rev); err != nil {
			t.Fatal(err)
		}
	}
	exclude(true)
	now, err := h.Get(ctx, buyer, h.p.ID, v.Workbook.ID)
	if err != nil || now.Tables[1].Rows[row] != "" {
		t.Fatalf("row %d still equals %q (%v)", row, now.Tables[1].Rows[row], err)
	}
	next := slices.Clone(now.Workbook.Decisions)
	next[0].Columns = d[0].Columns
	if _, err := h.Decide(ctx, buyer, h.p.ID, v.Workbook.ID, next, now.Workbook.Rev); err != nil {
		t.Errorf("nothing more can be decided: %v", err)
	}
	moved := slices.Clone(next)
	moved[1].Rows = map[int]string{row + 1: gone}
	if _, err := h.Decide(ctx, buyer, h.p.ID, v.Workbook.ID, moved, 0); problem.KeyOf(err) != "ownbook.invalid" {
		t.Errorf("another row was said to equal what is not in the tender: %v", err)
	}
	// A new file of the same template: what is remembered waits for the
	// requirement too.
	again := h.add(t, corpustest.Get(t, annex).Read(t))
	rows := maps.Clone(again.Tables[1].Rows)
	if _, err := h.Decide(ctx, buyer, h.p.ID, again.Workbook.ID, []own.Decision{{Sheet: again.Tables[1].Sheet, Header: head(again.Tables[1]), Columns: d[1].Columns, Codes: codes, Rows: rows}}, 0); err != nil {
		t.Fatal(err)
	}
	exclude(false)
	if again = h.add(t, corpustest.Get(t, annex).Read(t)); again.Tables[1].Rows[row] != gone {
		t.Errorf("what was remembered of row %d is %q, want %s", row, again.Tables[1].Rows[row], gone)
	}
	if now, err = h.Get(ctx, buyer, h.p.ID, v.Workbook.ID); err != nil || now.Tables[1].Rows[row] != gone {
		t.Errorf("row %d equals %q, want %s (%v)", row, now.Tables[1].Rows[row], gone, err)
	}
}

func values(rows map[int]string) map[string]bool {
	out := map[string]bool{}
	for _, r := range rows {
		out[r] = true
	}
	return out
}

func TestWhatWasDecidedIsRememberedForTheTemplate(t *testing.T) {
	h := newHouse(t)
	ctx := t.Context()
	data := corpustest.Get(t, annex).Read(t)
	first := h.add(t, data)
	d := settle(first, codes)
	accepted(t, first, d)
	// Nobody has said what the first sheet's answer column is.
	delete(d[0].Columns, first.Tables[0].Column(own.RoleAnswer))
	if _, err := h.Decide(ctx, buyer, h.p.ID, first.Workbook.ID, d, 0); err != nil {
		t.Fatal(err)
	}
	second := h.add(t, data)
	for i, table := range second.Tables {
		if !table.Remembered {
			t.Errorf("%s is not remembered", table.Sheet)
		}
		if _, open := table.Open(); len(open) != 0 {
			t.Errorf("%s asks about codes again", table.Sheet)
		}
		if diff := cmp.Diff(d[i].Rows, table.Rows); diff != "" {
			t.Errorf("%s: rows are not those of the first file\n%s", table.Sheet, diff)
		}
	}
	if _, err := h.Fill(ctx, buyer, h.p.ID, second.Workbook.ID, ownbook.Order{Answers: vendor}); problem.KeyOf(err) != "ownbook.undecided" {
		t.Errorf("filled from what was decided about another file: %v", err)
	}
	// What is decided about one table is no decision about the other of the
	// same template, and takes nothing from what is remembered of it.
	only := d[:1:1]
	only[0].Rows = nil
	saved, err := h.Decide(ctx, buyer, h.p.ID, second.Workbook.ID, only, 0)
	if err != nil || len(saved.Tables[0].Rows) != 0 || saved.Tables[0].Remembered || len(saved.Tables[1].Rows) != len(d[1].Rows) {
		t.Errorf("after a decision about one table: %v, %+v", err, saved.Tables)
	}
	// Another body begins from nothing.
	stranger := actor(rival, access.Procurement)
	theirs := h.p
	theirs.Agency, theirs.Bidders = "", nil
	p, err := h.procurements.Create(ctx, stranger, theirs)
	if err != nil {
		t.Fatal(err)
	}
	v, err := h.Add(ctx, stranger, p.ID, ownbook.Upload{}, bytes.NewReader(data))
	if err != nil || v.Tables[1].Remembered || len(v.Tables[1].Rows) != 0 {
		t.Errorf("another body's file: %v, remembered %v", err, v.Tables[1].Remembered)
	}
}

func TestNobodyElseSeesAWorkbook(t *testing.T) {
	h := newHouse(t)
	ctx := t.Context()
	data := corpustest.Get(t, annex).Read(t)
	id := h.add(t, data).Workbook.ID
	stranger := actor(rival, access.Procurement)
	in := h.p
	in.Agency, in.Bidders = "", nil
	theirs, err := h.procurements.Create(ctx, stranger, in)
	if err != nil {
		t.Fatal(err)
	}
	do := map[string]func(a access.Actor, p string) error{
		"add": func(a access.Actor, p string) error {
			_, err := h.Add(ctx, a, p, ownbook.Upload{}, bytes.NewReader(data))
			return err
		},
		"list":   func(a access.Actor, p string) error { _, err := h.List(ctx, a, p); return err },
		"get":    func(a access.Actor, p string) error { _, err := h.Get(ctx, a, p, id); return err },
		"decide": func(a access.Actor, p string) error { _, err := h.Decide(ctx, a, p, id, nil, 0); return err },
		"fill": func(a access.Actor, p string) error {
			_, err := h.Fill(ctx, a, p, id, ownbook.Order{Answers: vendor})
			return err
		},
		"remove": func(a access.Actor, p string) error { return h.Remove(ctx, a, p, id) },
	}
	for name, call := range do {
		if err := call(stranger, h.p.ID); problem.KeyOf(err) != "procurement.not-found" {
			t.Errorf("another body, %s: %v", name, err)
		}
		if name != "add" && name != "list" {
			if err := call(stranger, theirs.ID); problem.KeyOf(err) != "ownbook.not-found" {
				t.Errorf("another body by its own procurement, %s: %v", name, err)
			}
		}
		for who, a := range map[string]access.Actor{"an adviser": actor(agency, access.Adviser), "a bidder": actor(vendor, access.Supplier)} {
			if err := call(a, h.p.ID); problem.KindOf(err) != problem.Forbidden {
				t.Errorf("%s, %s: %v", who, name, err)
			}
		}
		if err := call(access.Anyone(), h.p.ID); problem.KindOf(err) != problem.Unauthenticated {
			t.Errorf("nobody, %s: %v", name, err)
		}
	}
	if _, err := h.Get(ctx, buyer, h.p.ID, id); err != nil {
		t.Errorf("after all that it is gone: %v", err)
	}
}

func TestKeptForAsLongAsChosen(t *testing.T) {
	h := newHouse(t)
	ctx := t.Context()
	days := 7
	v, err := h.Add(ctx, buyer, h.p.ID, ownbook.Upload{RetentionDays: &days}, bytes.NewReader(corpustest.Get(t, annex).Read(t)))
	if err != nil {
		t.Fatal(err)
	}
	id := v.Workbook.ID
	swept := func(want int) {
		t.Helper()
		if n, err := h.Sweep(ctx); err != nil || n != want {
			t.Errorf("swept %d (%v), want %d", n, err, want)
		}
	}
	h.now = h.now.Add(7*24*time.Hour - time.Millisecond)
	swept(0)
	// Work on it begins the time anew.
	if _, err := h.Decide(ctx, buyer, h.p.ID, id, settle(v, nil), 0); err != nil {
		t.Fatal(err)
	}
	h.now = h.now.Add(7*24*time.Hour - time.Millisecond)
	swept(0)
	if _, err := h.Get(ctx, buyer, h.p.ID, id); err != nil || !h.kept(t, id) {
		t.Errorf("a moment before its time is up: %v", err)
	}
	h.now = h.now.Add(time.Millisecond)
	if _, err := h.Get(ctx, buyer, h.p.ID, id); problem.KeyOf(err) != "ownbook.not-found" {
		t.Errorf("when its time is up, before the sweep: %v", err)
	}
	if all, err := h.List(ctx, buyer, h.p.ID); err != nil || len(all) != 0 {
		t.Errorf("lists %d (%v)", len(all), err)
	}
	swept(1)
	if h.kept(t, id) {
		t.Error("the file is still there after the sweep")
	}
	swept(0)
	for _, days := range []int{-1, 0, ownbook.MaxRetentionDays + 1} {
		_, err := h.Add(ctx, buyer, h.p.ID, ownbook.Upload{RetentionDays: &days}, strings.NewReader("x"))
		if p, ok := errors.AsType[*problem.Error](err); !ok || len(p.Fields) != 1 || p.Fields[0].Path != "retention" {
			t.Errorf("%d days: %v", days, err)
		}
	}
}

func TestNotMoreFilesThanAllowed(t *testing.T) {
	h := newHouse(t)
	data := corpustest.Get(t, "openpyxl/uten-id").Read(t)
	for range ownbook.MaxKept {
		h.add(t, data)
	}
	_, err := h.Add(t.Context(), buyer, h.p.ID, ownbook.Upload{}, bytes.NewReader(data))
	if problem.KeyOf(err) != "ownbook.many" || h.kept(t, h.lastID()) {
		t.Errorf("one too many: %v", err)
	}
	all, err := h.List(t.Context(), buyer, h.p.ID)
	if err != nil || len(all) != ownbook.MaxKept {
		t.Fatalf("lists %d (%v)", len(all), err)
	}
	if err := h.Remove(t.Context(), buyer, h.p.ID, all[0].ID); err != nil || h.kept(t, all[0].ID) {
		t.Errorf("removed: %v", err)
	}
	h.add(t, data)
}
