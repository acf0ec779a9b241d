package own_test

import (
	"testing"

	"felleskrav/internal/catalogue"
	"felleskrav/internal/workbook/own"
	"felleskrav/requirements"
)

func ourMatcher(t testing.TB) *own.Matcher {
	t.Helper()
	c, err := catalogue.Load(requirements.FS)
	if err != nil {
		t.Fatal(err)
	}
	return own.NewMatcher(c.Requirements())
}

// Rows that say the same as one of ours, verbatim or reworded, have it first
// among their suggestions; rows that say something else seldom have any.
func TestSuggestionsOfTheCorpus(t *testing.T) {
	m := ourMatcher(t)
	equal, first, among, other, noise := 0, 0, 0, 0, 0
	for _, f := range corpus(t) {
		got := map[int][]own.Match{}
		for _, x := range m.Suggest(f.table) {
			got[x.Row] = append(got[x.Row], x)
			if len(x.Why) == 0 || x.Score <= 0 || x.Score > 1 {
				t.Errorf("%s: suggestion %+v", f.file.Name, x)
			}
		}
		for _, l := range f.table.Lines {
			want, same := f.truth.Requirements[l.Row]
			if !same {
				other++
				if len(got[l.Row]) > 0 {
					noise++
					if got[l.Row][0].Score > 0.45 {
						t.Logf("%s row %d: %q suggests %+v", f.file.Name, l.Row, l.Text, got[l.Row][0])
					}
				}
				continue
			}
			equal++
			for i, x := range got[l.Row] {
				if x.Requirement == want {
					among++
					if i == 0 {
						first++
					}
				}
			}
			if len(got[l.Row]) == 0 || got[l.Row][0].Requirement != want {
				t.Logf("%s row %d: %q suggests %v, want %s", f.file.Name, l.Row, l.Text, got[l.Row], want)
			}
		}
	}
	t.Logf("%d rows equal ours: %d first, %d among the suggestions; %d others, %d with suggestions", equal, first, among, other, noise)
	if first*100 < equal*90 || among*100 < equal*95 {
		t.Errorf("of %d rows, %d have the right requirement first and %d at all", equal, first, among)
	}
	if noise*100 > other*25 {
		t.Errorf("%d of %d other rows have suggestions", noise, other)
	}
}
