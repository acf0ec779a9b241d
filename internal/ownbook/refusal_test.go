package ownbook_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"felleskrav/internal/organisation"
	"felleskrav/internal/ownbook"
	"felleskrav/internal/problem"
	"felleskrav/internal/storage/storagetest"
	"felleskrav/internal/workbook/corpustest"
	"felleskrav/internal/workbook/own"
)

// A file that must be refused is refused at the door with its reason, one that
// must not is not, and of what is refused nothing is kept.
func TestEveryFileOfTheCorpusAtTheDoor(t *testing.T) {
	h := newHouse(t)
	refused := 0
	for _, f := range corpustest.Files(t) {
		data := f.Read(t)
		v, err := h.Add(t.Context(), buyer, h.p.ID, ownbook.Upload{FileName: f.Name}, bytes.NewReader(data))
		switch {
		case f.Truth.Refused != "":
			refused++
			if problem.KeyOf(err) != "workbook.error."+f.Truth.Refused || h.kept(t, h.lastID()) {
				t.Errorf("%s: %v, want it refused as %s and nothing kept", f.Name, err, f.Truth.Refused)
			}
			continue
		case err != nil:
			t.Errorf("%s: %v", f.Name, err)
			continue
		case len(v.Tables) != len(f.Truth.Tables):
			t.Errorf("%s: %d tables, want %d", f.Name, len(v.Tables), len(f.Truth.Tables))
		}
		if err := h.Remove(t.Context(), buyer, h.p.ID, v.Workbook.ID); err != nil {
			t.Errorf("%s: remove: %v", f.Name, err)
		}
		for _, cut := range []int{0, 1, len(data) / 2, len(data) - 1} {
			if _, err := h.Add(t.Context(), buyer, h.p.ID, ownbook.Upload{}, bytes.NewReader(data[:cut])); problem.KindOf(err) == problem.Internal || h.kept(t, h.lastID()) {
				t.Errorf("%s cut to %d bytes: %v", f.Name, cut, err)
			}
		}
	}
	if refused == 0 {
		t.Error("the corpus has no file to refuse")
	}
	for name, data := range map[string][]byte{
		"xls": append([]byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), make([]byte, 600)...), "text": []byte("Krav;Svar\n1;Ja\n"), "zeros": make([]byte, 4096),
		"too large": append([]byte("PK\x03\x04"), make([]byte, 10<<20)...),
	} {
		if _, err := h.Add(t.Context(), buyer, h.p.ID, ownbook.Upload{}, bytes.NewReader(data)); !strings.HasPrefix(problem.KeyOf(err), "workbook.error.") || h.kept(t, h.lastID()) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestBadDecisionsAreRefusedWithTheirPlace(t *testing.T) {
	h := newHouse(t)
	v := h.add(t, corpustest.Get(t, annex).Read(t))
	many := make([]own.Decision, 51)
	for i := range many {
		many[i] = own.Decision{Sheet: "Krav", Header: i + 1}
	}
	rows := map[int]string{}
	for i := range 5001 {
		rows[i+1] = ""
	}
	for name, tt := range map[string]struct {
		in        []own.Decision
		path, key string
	}{
		"no sheet":         {[]own.Decision{{Header: 1}}, "decisions[0].sheet", "field.required"},
		"sheet":            {[]own.Decision{{Sheet: "a\x00b", Header: 1}}, "decisions[0].sheet", "field.control"},
		"header":           {[]own.Decision{{Sheet: "Krav"}}, "decisions[0].header", "field.range"},
		"twice":            {[]own.Decision{{Sheet: "Krav", Header: 1}, {Sheet: "Krav", Header: 1}}, "decisions[1]", "ownbook.repeated"},
		"column":           {[]own.Decision{{Sheet: "Krav", Header: 1, Columns: map[int]own.Role{0: own.RoleID}}}, "decisions[0].columns[0]", "field.range"},
		"role":             {[]own.Decision{{Sheet: "Krav", Header: 1, Columns: map[int]own.Role{2: "price"}}}, "decisions[0].columns[2]", "field.unknown"},
		"role twice":       {[]own.Decision{{Sheet: "Krav", Header: 1, Columns: map[int]own.Role{2: own.RoleID, 5: own.RoleID}}}, "decisions[0].columns[5]", "ownbook.role-twice"},
		"meaning":          {[]own.Decision{{Sheet: "Krav", Header: 1, Codes: map[string]own.Meaning{"A": "maybe"}}}, "decisions[0].codes[A]", "field.unknown"},
		"row":              {[]own.Decision{{Sheet: "Krav", Header: 1, Rows: map[int]string{-4: ""}}}, "decisions[0].rows[-4]", "field.range"},
		"requirement":      {[]own.Decision{{Sheet: "Krav", Header: 1, Rows: map[int]string{7: "K-NO-01"}}}, "decisions[0].rows[7]", "procurement.choice"},
		"many rows":        {[]own.Decision{{Sheet: "Krav", Header: 1, Rows: rows}}, "decisions[0].rows", "field.many"},
		"many":             {many, "decisions", "field.many"},
		"columns of a few": {[]own.Decision{{Sheet: "Krav", Header: 1, Columns: map[int]own.Role{1 << 40: ""}}}, "decisions[0].columns[1099511627776]", "field.range"},
	} {
		_, err := h.Decide(t.Context(), buyer, h.p.ID, v.Workbook.ID, tt.in, 0)
		p, ok := errors.AsType[*problem.Error](err)
		if !ok || p.Key != "ownbook.invalid" || len(p.Fields) != 1 || p.Fields[0].Path != tt.path || p.Fields[0].Key != tt.key {
			t.Errorf("%s: %v, want %s at %s", name, err, tt.key, tt.path)
		}
	}
	after, err := h.Get(t.Context(), buyer, h.p.ID, v.Workbook.ID)
	if err != nil || after.Workbook.Rev != v.Workbook.Rev {
		t.Errorf("a refused decision changed something: %v", err)
	}
}

func TestBadOrdersAreRefused(t *testing.T) {
	h := newHouse(t)
	v := h.add(t, corpustest.Get(t, annex).Read(t))
	if _, err := h.Decide(t.Context(), buyer, h.p.ID, v.Workbook.ID, settle(v, codes), 0); err != nil {
		t.Fatal(err)
	}
	elsewhere := ownbook.Order{}
	elsewhere.Insert.Sheet, elsewhere.Insert.Header = "Finnes ikke", 3
	for key, o := range map[string]ownbook.Order{
		"ownbook.nothing": {}, "response.bidder": {Answers: rival}, "ownbook.no-table": elsewhere,
	} {
		if _, err := h.Fill(t.Context(), buyer, h.p.ID, v.Workbook.ID, o); problem.KeyOf(err) != key || problem.KindOf(err) != problem.Invalid {
			t.Errorf("%v, want %s", err, key)
		}
	}
	if _, err := h.Fill(t.Context(), buyer, h.p.ID, v.Workbook.ID, ownbook.Order{Columns: []organisation.Number{vendor, rival}}); problem.KeyOf(err) != "response.bidder" {
		t.Errorf("columns for a stranger: %v", err)
	}
}

// Whatever write fails, and whether or not it was done, what was acknowledged
// is there, and what was not is gone after its time.
func TestFaults(t *testing.T) {
	data := corpustest.Get(t, "openpyxl/uten-id").Read(t)
	for _, when := range storagetest.Moments() {
		for _, kill := range []bool{false, true} {
			for _, w := range []storagetest.Write{storagetest.InsertOwnWorkbook, storagetest.PutKeptFile, storagetest.UpdateOwnWorkbook} {
				t.Run(fmt.Sprint("add ", w, when, kill), func(t *testing.T) {
					h := newHouse(t)
					fail := h.store.Fail
					if kill {
						fail = h.store.Kill
					}
					kept := h.add(t, data).Workbook.ID
					fail(w, 1, when)
					if _, err := h.Add(t.Context(), buyer, h.p.ID, ownbook.Upload{}, bytes.NewReader(data)); err == nil {
						t.Fatal("acknowledged")
					}
					if h.store.Pending() > 0 {
						t.Fatal("the fault did not come about")
					}
					broken := h.lastID()
					h.store = storagetest.NewFaulty(h.store.Store)
					h.Store = h.store
					all, err := h.List(t.Context(), buyer, h.p.ID)
					if err != nil {
						t.Fatal(err)
					}
					for _, w := range all { // what shows can be opened
						if _, err := h.Get(t.Context(), buyer, h.p.ID, w.ID); err != nil {
							t.Errorf("%s shows, and: %v", w.ID, err)
						}
					}
					if _, err := h.Get(t.Context(), buyer, h.p.ID, kept); err != nil {
						t.Errorf("what was acknowledged is lost: %v", err)
					}
					h.now = h.now.Add(ownbook.DefaultRetentionDays * 24 * time.Hour)
					if _, err := h.Sweep(t.Context()); err != nil || h.kept(t, broken) || h.kept(t, kept) {
						t.Errorf("after the sweep (%v) files are left: %v and %v", err, h.kept(t, broken), h.kept(t, kept))
					}
				})
			}
			for _, w := range []storagetest.Write{storagetest.RemoveKeptFile, storagetest.RemoveOwnWorkbook} {
				t.Run(fmt.Sprint("remove ", w, when, kill), func(t *testing.T) {
					h := newHouse(t)
					fail := h.store.Fail
					if kill {
						fail = h.store.Kill
					}
					id := h.add(t, data).Workbook.ID
					fail(w, 1, when)
					if err := h.Remove(t.Context(), buyer, h.p.ID, id); err == nil {
						t.Fatal("acknowledged")
					}
					h.store = storagetest.NewFaulty(h.store.Store)
					h.Store = h.store
					if err := h.Remove(t.Context(), buyer, h.p.ID, id); err != nil && problem.KeyOf(err) != "ownbook.not-found" {
						t.Errorf("removed again: %v", err)
					}
					if h.kept(t, id) {
						t.Error("the file is left")
					}
					if _, err := h.Get(t.Context(), buyer, h.p.ID, id); problem.KeyOf(err) != "ownbook.not-found" {
						t.Errorf("it still shows: %v", err)
					}
				})
			}
		}
	}
}

// An upload that breaks off before it is known to be whole shows to nobody.
func TestHalfReceivedShowsToNobody(t *testing.T) {
	h := newHouse(t)
	h.store.Kill(storagetest.PutKeptFile, 1, storagetest.After)
	if _, err := h.Add(t.Context(), buyer, h.p.ID, ownbook.Upload{}, bytes.NewReader(corpustest.Get(t, "openpyxl/uten-id").Read(t))); err == nil {
		t.Fatal("acknowledged")
	}
	id := h.lastID()
	h.store = storagetest.NewFaulty(h.store.Store)
	h.Store = h.store
	if all, err := h.List(t.Context(), buyer, h.p.ID); err != nil || len(all) != 0 {
		t.Errorf("lists %d (%v)", len(all), err)
	}
	if _, err := h.Get(t.Context(), buyer, h.p.ID, id); problem.KeyOf(err) != "ownbook.not-found" {
		t.Errorf("opened: %v", err)
	}
	h.now = h.now.Add(time.Hour)
	if n, err := h.Sweep(t.Context()); err != nil || n != 1 || h.kept(t, id) {
		t.Errorf("swept %d (%v)", n, err)
	}
}
