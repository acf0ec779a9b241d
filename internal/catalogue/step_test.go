package catalogue_test

import (
	"encoding/json"
	"testing"

	"felleskrav/internal/catalogue"
)

// parsed is a version as it is read from its file.
func parsed(t *testing.T, v catalogue.Version) catalogue.Version {
	t.Helper()
	data, err := json.Marshal(v)
	check(t, err)
	v, err = catalogue.ParseVersion(data)
	check(t, err)
	return v
}

func TestStepNeeded(t *testing.T) {
	from := catalogue.Version{Set: "a", Version: "1.2.3", Name: catalogue.Text{NB: "a"}, DeliveryModels: []catalogue.DeliveryModel{catalogue.ModelSaaS},
		Requirements: []catalogue.Requirement{{ID: "K-A-01", Edition: 1}, {ID: "K-A-02"}}}
	for name, tc := range map[string]struct {
		change func(v *catalogue.Version)
		want   catalogue.Step
		next   string
	}{
		"nothing":     {func(*catalogue.Version) {}, catalogue.Step{}, ""},
		"another day": {func(v *catalogue.Version) { v.Published = "2030-01-01" }, catalogue.Step{}, ""},
		"a purpose":   {func(v *catalogue.Version) { v.Purpose.EN = "x" }, catalogue.Step{Size: catalogue.StepPatch}, "1.2.4"},
		"a model": {func(v *catalogue.Version) { v.DeliveryModels = append(v.DeliveryModels, catalogue.ModelPaaS) },
			catalogue.Step{Size: catalogue.StepMinor}, "1.3.0"},
		"a rewording": {func(v *catalogue.Version) { v.Requirements[1].Title.NN = "x" },
			catalogue.Step{Size: catalogue.StepPatch, Requirement: "K-A-02", Change: catalogue.ChangeReworded}, "1.2.4"},
		"an addition": {func(v *catalogue.Version) {
			v.Requirements[0].Title.NN = "x"
			v.Requirements = append(v.Requirements, catalogue.Requirement{ID: "K-A-03"})
		}, catalogue.Step{Size: catalogue.StepMinor, Requirement: "K-A-03", Change: catalogue.ChangeAdded}, "1.3.0"},
		"a removal": {func(v *catalogue.Version) { v.Requirements = v.Requirements[1:] },
			catalogue.Step{Size: catalogue.StepMajor, Requirement: "K-A-01", Change: catalogue.ChangeRemoved}, "2.0.0"},
		"an edition": {func(v *catalogue.Version) { v.Requirements[1].Edition = 2 },
			catalogue.Step{Size: catalogue.StepMajor, Requirement: "K-A-02", Change: catalogue.ChangeSubstance}, "2.0.0"},
	} {
		t.Run(name, func(t *testing.T) {
			to := from
			to.Requirements = append([]catalogue.Requirement{}, from.Requirements...)
			to.DeliveryModels = append([]catalogue.DeliveryModel{}, from.DeliveryModels...)
			tc.change(&to)
			got := catalogue.StepNeeded(parsed(t, from), parsed(t, to))
			if got != tc.want {
				t.Errorf("needed is %+v, want %+v", got, tc.want)
			}
			next := catalogue.NextVersion(from.Version, got.Size)
			if next != tc.next || next != "" && catalogue.StepBetween(from.Version, next) != got.Size {
				t.Errorf("next is %q, want %q", next, tc.next)
			}
		})
	}
	for _, tc := range []struct {
		from, to string
		want     catalogue.StepSize
	}{
		{"1.0.0", "1.0.0", catalogue.StepNone}, {"1.9.0", "1.10.0", catalogue.StepMinor}, {"2.0.0", "1.9.9", catalogue.StepNone},
		{"1.2.3", "3.0.0", catalogue.StepMajor}, {"1.0", "1.0.1", catalogue.StepNone}, {"x", "", catalogue.StepNone},
	} {
		if got := catalogue.StepBetween(tc.from, tc.to); got != tc.want {
			t.Errorf("from %s to %s is %s, want %s", tc.from, tc.to, got, tc.want)
		}
	}
}

// Of the requirements we have, each keeps its own meaning, and nearly all
// others would be another one under its id.
func TestNewMeaning(t *testing.T) {
	d := newDesk(t)
	all := d.Live.Content().Requirements()
	other, same := 0, 0
	for i, r := range all {
		if catalogue.NewMeaning(r, r) {
			t.Errorf("%s has another meaning than itself", r.ID)
		}
		sharper := r
		sharper.Text.NB += " Fristen er to timer."
		sharper.Title = catalogue.Text{NB: "x", NN: "y", EN: "z"}
		if catalogue.NewMeaning(r, sharper) {
			t.Errorf("%s has another meaning when it is made sharper", r.ID)
		}
		if catalogue.NewMeaning(r, all[(i+len(all)/2)%len(all)]) {
			other++
		} else {
			same++
		}
	}
	if other < 9*same {
		t.Errorf("another requirement is taken for the same in %d of %d cases", same, len(all))
	}
}

// An id that was released is not reused for something else, and its edition
// never goes down.
func TestReleasedIDsKeepTheirMeaning(t *testing.T) {
	d, ctx := newDesk(t), t.Context()
	newest := d.newest("grunnsett")
	mine, others := newest.Requirements[0], newest.Requirements[len(newest.Requirements)-1]
	path, text := theme(t, d.Live, mine.ID)
	swapped := edit(t, text, mine.ID, func(field, line string) string {
		for lang, pair := range map[string][2]catalogue.Text{"title": {mine.Title, others.Title}, "text": {mine.Text, others.Text}} {
			for _, l := range []string{"nb", "nn", "en"} {
				if field == lang && line == `      `+l+`: "`+pair[0].In(l)+`"` {
					return `      ` + l + `: "` + pair[1].In(l) + `"`
				}
			}
		}
		return line
	})
	draft, err := d.Create(ctx, kari, catalogue.DraftInput{Title: "Gjenbruk"})
	check(t, err)
	_, err = d.PutFile(ctx, kari, draft.ID, 0, path, []byte(swapped))
	check(t, err)
	c, err := d.Check(ctx, kari, draft.ID)
	check(t, err)
	if len(c.Faults) != 1 || c.Faults[0].Key != "new-meaning" || c.Faults[0].Args["ID"] != mine.ID || c.Faults[0].File != path || c.Faults[0].Line < 2 {
		t.Fatalf("faults %v", c.Faults)
	}
	_, err = d.SubmitForReview(ctx, kari, draft.ID, 0)
	wantKey(t, err, "draft.faults")
}
