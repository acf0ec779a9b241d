package selection_test

import (
	"errors"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"felleskrav/internal/catalogue"
	"felleskrav/internal/problem"
	"felleskrav/internal/selection"
	"felleskrav/requirements"
)

var content = func() *catalogue.Catalogue {
	c, err := catalogue.Load(requirements.FS)
	if err != nil {
		panic(err)
	}
	return c
}()

// someInput draws a valid input.
func someInput(t *rapid.T) selection.Input {
	in := selection.Input{
		Tasks:            some(t, "tasks", content.Tasks, func(x catalogue.Task) string { return x.ID }),
		InformationTypes: some(t, "information", content.InformationTypes, func(x catalogue.InformationType) string { return x.ID }),
		DeliveryModels:   rapid.SliceOfNDistinct(rapid.SampledFrom(catalogue.DeliveryModels()), 1, 4, rapid.ID).Draw(t, "models"),
	}
	if len(in.Tasks)+len(in.InformationTypes) == 0 {
		in.Tasks = []string{content.Tasks[0].ID}
	}
	in.Flags = rapid.SliceOfDistinct(rapid.SampledFrom(catalogue.Flags()), rapid.ID).Draw(t, "flags")
	for _, d := range catalogue.Dimensions() {
		if rapid.Bool().Draw(t, "override") {
			in.Overrides = append(in.Overrides, selection.Override{Dimension: d, Level: catalogue.Level(rapid.IntRange(1, 4).Draw(t, "level")), Reason: "own assessment"})
		}
	}
	return in
}

func some[T any](t *rapid.T, label string, items []T, id func(T) string) []string {
	return rapid.SliceOfNDistinct(rapid.SampledFrom(ids(items, id)), 0, 5, rapid.ID).Draw(t, label)
}

func ids[T any](items []T, id func(T) string) []string {
	var out []string
	for _, it := range items {
		out = append(out, id(it))
	}
	return out
}

func mustSelect(t interface{ Fatal(...any) }, in selection.Input) selection.Result {
	r, err := selection.Select(content, in)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func requirementIDs(r selection.Result) []string {
	return ids(r.Requirements, func(x selection.SelectedRequirement) string { return x.ID })
}

func measureIDs(r selection.Result) []string {
	return ids(r.Measures, func(x selection.SelectedMeasure) string { return x.ID })
}

func TestRaisingALevelNeverRemovesAnything(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := someInput(t)
		before := mustSelect(t, in)
		d := rapid.SampledFrom(catalogue.Dimensions()).Draw(t, "raised")
		i := slices.IndexFunc(before.Levels, func(l selection.DimensionLevel) bool { return l.Dimension == d })
		now := before.Levels[i].Level
		if now == catalogue.Critical {
			return
		}
		in.Overrides = slices.DeleteFunc(slices.Clone(in.Overrides), func(o selection.Override) bool { return o.Dimension == d })
		in.Overrides = append(in.Overrides, selection.Override{Dimension: d, Level: now + 1, Reason: "raised"})
		after := mustSelect(t, in)
		for _, id := range requirementIDs(before) {
			if !slices.Contains(requirementIDs(after), id) {
				t.Fatalf("raising %s from %d removed requirement %s", d, now, id)
			}
		}
		for _, id := range measureIDs(before) {
			if !slices.Contains(measureIDs(after), id) {
				t.Fatalf("raising %s from %d removed measure %s", d, now, id)
			}
		}
	})
}

func TestMoreTasksOrInformationNeverRemoveAnything(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := someInput(t)
		in.Overrides = nil
		before := mustSelect(t, in)
		more := in
		more.Tasks = append(slices.Clone(in.Tasks), rapid.SampledFrom(ids(content.Tasks, func(x catalogue.Task) string { return x.ID })).Draw(t, "task"))
		after := mustSelect(t, more)
		for _, id := range requirementIDs(before) {
			if !slices.Contains(requirementIDs(after), id) {
				t.Fatalf("one more task removed requirement %s", id)
			}
		}
	})
}

func TestOrderAndRepetitionOfInputsDoNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := someInput(t)
		want := mustSelect(t, in)
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		mixed := selection.Input{
			Tasks: mix(r, in.Tasks), InformationTypes: mix(r, in.InformationTypes),
			DeliveryModels: mix(r, in.DeliveryModels), Flags: mix(r, in.Flags), Overrides: slices.Clone(in.Overrides),
		}
		r.Shuffle(len(mixed.Overrides), func(i, j int) {
			mixed.Overrides[i], mixed.Overrides[j] = mixed.Overrides[j], mixed.Overrides[i]
		})
		if diff := cmp.Diff(want, mustSelect(t, mixed)); diff != "" {
			t.Fatalf("another order gives another result:\n%s", diff)
		}
	})
}

// mix doubles and shuffles.
func mix[T any](r *rand.Rand, in []T) []T {
	out := append(slices.Clone(in), in...)
	r.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out
}

func TestEverythingHasAReason(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := someInput(t)
		r := mustSelect(t, in)
		overall := catalogue.Level(0)
		for _, l := range r.Levels {
			overall = max(overall, l.Level)
			if len(l.Origins) == 0 {
				t.Fatalf("%s has no origin", l.Dimension)
			}
			for _, o := range l.Origins {
				if o.Level != l.Proposed || o.Reason.NB == "" || o.Reason.NN == "" || o.Reason.EN == "" {
					t.Fatalf("origin %s of %s: level %d, reason %+v", o.ID, l.Dimension, o.Level, o.Reason)
				}
			}
			if l.Override == nil && l.Level != l.Proposed {
				t.Fatalf("%s is %d and not the proposed %d without an override", l.Dimension, l.Level, l.Proposed)
			}
		}
		if r.Overall != overall {
			t.Fatalf("overall %d, want the highest, %d", r.Overall, overall)
		}
		for _, q := range r.Requirements {
			if len(q.Triggers) == 0 || len(q.Measures) == 0 || len(q.Sets) == 0 {
				t.Fatalf("requirement %s lacks a reason: %+v", q.ID, q)
			}
			for _, m := range q.Measures {
				i := slices.IndexFunc(r.Measures, func(x selection.SelectedMeasure) bool { return x.ID == m })
				if i < 0 || !slices.Contains(r.Measures[i].ServedBy, q.ID) {
					t.Fatalf("requirement %s serves %s, which is not selected or does not say so", q.ID, m)
				}
			}
			full, _ := content.Requirement(q.ID)
			if !slices.ContainsFunc(full.DeliveryModels, func(m catalogue.DeliveryModel) bool { return slices.Contains(in.DeliveryModels, m) }) {
				t.Fatalf("requirement %s does not fit %v", q.ID, in.DeliveryModels)
			}
		}
		for _, m := range r.Measures {
			gap := slices.ContainsFunc(r.Gaps, func(g selection.Gap) bool { return g.Measure == m.ID })
			if gap == (len(m.ServedBy) > 0) {
				t.Fatalf("measure %s is served by %v and gap is %v", m.ID, m.ServedBy, gap)
			}
		}
	})
}

func TestChildWelfareSystemAsAService(t *testing.T) {
	r := mustSelect(t, selection.Input{Tasks: []string{"fag.barnevern"}, DeliveryModels: []catalogue.DeliveryModel{catalogue.ModelSaaS}})
	if got := r.Levels[0]; got.Dimension != catalogue.Confidentiality || got.Level < catalogue.High {
		t.Errorf("confidentiality of child welfare is %d, want high or critical", got.Level)
	}
	for _, want := range []string{"skytjenester", "personopplysninger"} {
		if !slices.Contains(r.Sets, want) {
			t.Errorf("sets are %v, want %s among them", r.Sets, want)
		}
	}
	if slices.Contains(r.Sets, "grunnsett") {
		t.Error("grunnsett is named beside sets that include it")
	}
	var flags []string
	for _, f := range r.Flags {
		flags = append(flags, string(f.Flag))
	}
	if !slices.Contains(flags, "personal-data") || !slices.Contains(flags, "essential-service") {
		t.Errorf("flags are %v, want personal data and an essential service among them", flags)
	}
	for _, want := range []string{"K-TILGANG-01", "K-TILGANG-04", "K-HENDELSE-02", "K-PERSONVERN-01", "K-AVSLUTNING-01"} {
		if !slices.Contains(requirementIDs(r), want) {
			t.Errorf("lacks %s", want)
		}
	}
}

func TestOpenDataAtTheLowestLevelIsLittleWork(t *testing.T) {
	r := mustSelect(t, selection.Input{InformationTypes: []string{"apne-data"}, DeliveryModels: []catalogue.DeliveryModel{catalogue.ModelConsulting}, Sets: []string{"grunnsett"}})
	if n := len(r.Requirements); n == 0 || n > 35 {
		t.Errorf("%d requirements, want 1 to 35", n)
	}
	if diff := cmp.Diff([]string{"grunnsett"}, r.Sets); diff != "" {
		t.Errorf("sets: %s", diff)
	}
}

func TestNamedSetsAreKept(t *testing.T) {
	r := mustSelect(t, selection.Input{Tasks: []string{"fag.barnevern"}, DeliveryModels: []catalogue.DeliveryModel{catalogue.ModelSaaS}, Sets: []string{"skytjenester", "grunnsett"}})
	if diff := cmp.Diff([]string{"grunnsett", "skytjenester"}, r.Sets); diff != "" {
		t.Errorf("sets: %s", diff)
	}
}

func TestBadInputIsToldWholeAndWithNearestIDs(t *testing.T) {
	_, err := selection.Select(content, selection.Input{
		Tasks: []string{"fag.barnevren"}, InformationTypes: []string{"zzzzzzzz"}, DeliveryModels: []catalogue.DeliveryModel{"sas"}, Sets: []string{"grunsett"},
		Overrides: []selection.Override{{Dimension: "speed", Level: 2, Reason: "x"}, {Dimension: catalogue.Integrity, Level: 5, Reason: " "}},
	})
	p, ok := errors.AsType[*problem.Error](err)
	if !ok || p.Kind != problem.Invalid {
		t.Fatalf("error is %v, want an invalid problem", err)
	}
	got := map[string]string{}
	for _, f := range p.Fields {
		near, _ := f.Args["Near"].(string)
		got[f.Path] += f.Key + ":" + near + ";"
	}
	want := map[string]string{
		"tasks[0]": "selection.unknown-near:fag.barnevern, fag.barnehage;", "informationTypes[0]": "selection.unknown:;",
		"deliveryModels[0]": "selection.unknown-near:saas, iaas, paas;", "sets[0]": "selection.unknown-near:grunnsett;",
		"overrides[1].dimension": "field.unknown:;", "overrides[0].level": "selection.level:;", "overrides[0].reason": "selection.override-reason:;",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if _, err := selection.Select(content, selection.Input{}); problem.KindOf(err) != problem.Invalid {
		t.Errorf("empty input: %v", err)
	}
}

func BenchmarkSelect(b *testing.B) {
	in := selection.Input{Tasks: ids(content.Tasks, func(x catalogue.Task) string { return x.ID }), DeliveryModels: catalogue.DeliveryModels()}
	for b.Loop() {
		if _, err := selection.Select(content, in); err != nil {
			b.Fatal(err)
		}
	}
}
