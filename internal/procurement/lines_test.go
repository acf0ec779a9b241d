package procurement_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"felleskrav/internal/catalogue"
	"felleskrav/internal/procurement"
)

func numberedLine(id, theme string, kind catalogue.Kind) procurement.Line {
	return procurement.Line{Requirement: catalogue.Requirement{ID: id, Theme: theme, Kind: kind}}
}

func TestNumber(t *testing.T) {
	lines := procurement.Number([]procurement.Line{
		numberedLine("K-A-01", "A", catalogue.KindContractTerm), numberedLine("K-A-02", "A", catalogue.KindRequirement), numberedLine("K-B-01", "B", catalogue.KindRequirement),
		numberedLine("K-A-03", "A", catalogue.KindRequirement), numberedLine("K-C-01", "C", catalogue.KindContractTerm), numberedLine("K-B-02", "B", catalogue.KindRequirement),
	})
	var got []string
	for _, l := range lines {
		got = append(got, l.Number+" "+l.Requirement.ID)
	}
	// Nobody asks for a qualification here, and still contract terms are 3.
	want := []string{"1.1.1 K-A-02", "1.1.2 K-A-03", "1.2.1 K-B-01", "1.2.2 K-B-02", "3.1.1 K-A-01", "3.2.1 K-C-01"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// Numbers are unique, in order, and the same when lines are numbered again.
func TestNumbersHold(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lines := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) procurement.Line {
			return numberedLine(rapid.StringMatching("K-[A-Z]{3}-[0-9]{6}").Draw(t, "id"), rapid.SampledFrom([]string{"A", "B", "C", "D"}).Draw(t, "theme"), rapid.SampledFrom(procurement.Kinds()).Draw(t, "kind"))
		}), 0, 40).Draw(t, "lines")
		once := procurement.Number(lines)
		if len(once) != len(lines) {
			t.Fatalf("%d lines became %d", len(lines), len(once))
		}
		seen := map[string]bool{}
		for i, l := range once {
			if seen[l.Number] {
				t.Fatalf("%s twice", l.Number)
			}
			seen[l.Number] = true
			if i > 0 && slices.Index(procurement.Kinds(), l.Requirement.Kind) < slices.Index(procurement.Kinds(), once[i-1].Requirement.Kind) {
				t.Fatalf("%s after another kind", l.Number)
			}
		}
		if diff := cmp.Diff(once, procurement.Number(once)); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestColumnsAreKept(t *testing.T) {
	h := newHouse(t)
	p := h.create(t)
	if diff := cmp.Diff(procurement.Columns(), p.Layout()); diff != "" || p.Columns != nil {
		t.Errorf("%v: %s", p.Columns, diff)
	}
	p.Columns = []procurement.Column{procurement.ColumnAnswer, procurement.ColumnMet, procurement.ColumnID, procurement.ColumnRequirement}
	saved, err := h.Update(t.Context(), buyer, p, 0)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(p.Columns, saved.Layout()); diff != "" {
		t.Error(diff)
	}
	// The usual ones are no choice: when there are more, they come along.
	saved.Columns = procurement.Columns()
	if saved, err = h.Update(t.Context(), buyer, saved, 0); err != nil || saved.Columns != nil {
		t.Errorf("%v, %v", saved.Columns, err)
	}
}
