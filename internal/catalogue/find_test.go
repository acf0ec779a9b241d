package catalogue_test

import (
	"slices"
	"testing"

	"felleskrav/internal/catalogue"
	"felleskrav/requirements"
)

func TestFindAndCrosswalk(t *testing.T) {
	cat, err := catalogue.Load(requirements.FS)
	check(t, err)
	r, m := cat.Requirements()[0], cat.Measures[0]
	for _, c := range []struct {
		query, first string
	}{
		{r.ID, r.ID}, {m.ID, m.ID}, {" k-styring-01 ", "K-STYRING-01"},
		{r.Title.NN, r.ID}, {"Information security management system", "K-STYRING-01"},
		{"styrngssystem informasjonssikkerhet", "K-STYRING-01"}, // a letter is missing
		{r.ID + " finnesikke", r.ID},                            // what is there is found without what is not
	} {
		hits := cat.Find(c.query)
		if len(hits) == 0 || hits[0].ID != c.first {
			t.Errorf("%q finds %+v", c.query, hits[:min(1, len(hits))])
		}
	}
	for _, nothing := range []string{"", " ", "…", "qwxzjk"} {
		if hits := cat.Find(nothing); len(hits) != 0 {
			t.Errorf("%q finds %d", nothing, len(hits))
		}
	}
	for _, f := range catalogue.Frameworks() {
		rows := cat.Crosswalk(f)
		if (len(rows) > 0) != cat.RefersTo(f) {
			t.Errorf("%s has %d rows", f, len(rows))
		}
		seen := map[string]bool{}
		for _, row := range rows {
			key := row.Source + " " + row.ID
			if seen[key] {
				t.Errorf("%s has %s twice", f, key)
			}
			seen[key] = true
			for _, id := range row.Requirements {
				q, ok := cat.Requirement(id)
				if !ok || f != catalogue.FrameworkLaw && !slices.Contains(q.Crosswalk.Of(f), row.ID) {
					t.Errorf("%s %s: %s does not refer to it", f, row.ID, id)
				}
			}
		}
	}
	if n := len(cat.Crosswalk(catalogue.FrameworkNSM)); n != 118 {
		t.Errorf("%d measures of NSM, want all 118", n)
	}
	var iso []string
	for _, row := range cat.Crosswalk(catalogue.FrameworkISO27002) {
		iso = append(iso, row.ID)
	}
	if i, j := slices.Index(iso, "5.9"), slices.Index(iso, "5.10"); i >= 0 && j >= 0 && i > j {
		t.Errorf("5.10 comes before 5.9")
	}
}
