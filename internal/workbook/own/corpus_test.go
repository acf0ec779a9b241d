package own_test

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"felleskrav/internal/workbook/corpustest"
	"felleskrav/internal/workbook/own"
	"felleskrav/internal/workbook/patch"
)

func openFile(t testing.TB, data []byte) *patch.File {
	t.Helper()
	f, err := patch.Open(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// found pairs a table of the truth with the one that was found.
type found struct {
	file  corpustest.File
	truth corpustest.Table
	table own.Table
}

// corpus finds the tables of every file, and fails where their number or
// place is wrong.
func corpus(t *testing.T) []found {
	t.Helper()
	var out []found
	for _, file := range corpustest.Files(t) {
		if file.Truth.Refused != "" {
			continue
		}
		tables, err := own.Tables(openFile(t, file.Read(t)))
		if err != nil {
			t.Errorf("%s: %v", file.Name, err)
			continue
		}
		if len(tables) != len(file.Truth.Tables) {
			t.Errorf("%s (%s): %d tables, want %d", file.Name, file.About, len(tables), len(file.Truth.Tables))
			for _, x := range tables {
				t.Logf("  %s header %v rows %d to %d", x.Sheet, x.Header, x.First, x.Last)
			}
			continue
		}
		for i, want := range file.Truth.Tables {
			got := tables[i]
			head := func(h []int) int { return h[len(h)-1] }
			if got.Sheet != want.Sheet || head(got.Header) != head(want.Header) || got.First != want.First {
				t.Errorf("%s: table on %s below row %d, want %s below %d", file.Name, got.Sheet, head(got.Header), want.Sheet, head(want.Header))
				continue
			}
			out = append(out, found{file, want, got})
		}
	}
	return out
}

// At least 95 of 100 columns are right without help, and a person is asked
// about every one that is not.
func TestColumnsOfTheCorpus(t *testing.T) {
	right, all, asked := 0, 0, 0
	for _, f := range corpus(t) {
		for _, role := range own.Roles() {
			if slices.Contains(f.truth.Uncertain, string(role)) {
				continue
			}
			want, got := f.truth.Columns[string(role)], ""
			if c := f.table.Column(role); c > 0 {
				got = patch.ColumnName(c)
			}
			if want == "" && got == "" {
				continue
			}
			all++
			if want == got {
				right++
				continue
			}
			about := slices.ContainsFunc(f.table.Columns, func(c own.Column) bool {
				return c.Ask && (c.Name() == want || c.Name() == got)
			})
			if about {
				asked++
			}
			t.Logf("%s, %s: %s is %q, want %q (asked: %v)", f.file.Name, f.table.Sheet, role, got, want, about)
			if !about {
				t.Errorf("%s, %s: nobody was asked about %s", f.file.Name, f.table.Sheet, role)
			}
		}
	}
	questions := 0
	columns := 0
	for _, f := range corpus(t) {
		for _, c := range f.table.Columns {
			columns++
			if c.Ask {
				questions++
			}
		}
	}
	t.Logf("%d of %d columns right without help, %d asked about; %d questions about %d columns", right, all, asked, questions, columns)
	if right*100 < all*95 {
		t.Errorf("%d of %d columns are right without help", right, all)
	}
	if questions*4 > columns {
		t.Errorf("%d questions about %d columns: people stop reading", questions, columns)
	}
}

// The rows with a requirement are those that people would call so.
func TestRowsOfTheCorpus(t *testing.T) {
	for _, f := range corpus(t) {
		var got []int
		for _, l := range f.table.Lines {
			got = append(got, l.Row)
		}
		if want := f.truth.Rows(); !slices.Equal(got, want) {
			t.Errorf("%s, %s: rows %s, want %s", f.file.Name, f.table.Sheet, short(got, want), short(want, got))
		}
	}
}

// short lists what is in a and not in b.
func short(a, b []int) string {
	var out []int
	for _, x := range a {
		if !slices.Contains(b, x) {
			out = append(out, x)
		}
	}
	if len(out) > 12 {
		out = out[:12]
	}
	return fmt.Sprint(len(a), out)
}

// A code is never given a meaning that the file does not give it.
func TestCodesOfTheCorpus(t *testing.T) {
	silent := 0
	for _, f := range corpus(t) {
		for _, c := range f.table.Codes {
			if f.truth.Codes.Ask {
				if !c.Ask() {
					t.Errorf("%s, %s: %q was taken for %s (from %s), which nothing says", f.file.Name, f.table.Sheet, c.Value, c.Meaning, c.From)
				}
				continue
			}
			want := f.truth.Codes.Meaning[c.Value]
			if !c.Ask() && string(c.Meaning) != want {
				t.Errorf("%s, %s: %q was taken for %s (from %s), and means %s", f.file.Name, f.table.Sheet, c.Value, c.Meaning, c.From, want)
			}
			if c.Ask() {
				t.Logf("%s, %s: asks about %q, which means %s", f.file.Name, f.table.Sheet, c.Value, want)
			} else {
				silent++
			}
		}
	}
	if silent == 0 {
		t.Error("no code was understood")
	}
}
