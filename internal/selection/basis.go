package selection

import (
	"slices"

	"felleskrav/internal/catalogue"
)

// Basis is what a selection rests on, apart from the requirements: what was
// chosen, the levels it gave and the measures that are a minimum at them, as the
// content had it then. Who keeps it, and which releases the requirements are
// those of, gets the same result whatever the content says later.
type Basis struct {
	Tasks []Named `json:"tasks,omitempty"`
	// Information are the information types that were chosen or that a task
	// brought, in catalogue order.
	Information []Named          `json:"information,omitempty"`
	Levels      []DimensionLevel `json:"levels"`
	Flags       []RaisedFlag     `json:"flags"`
	Sets        []string         `json:"sets"`
	Measures    []BasicMeasure   `json:"measures"`
}

// Named is a task or an information type by the name it had.
type Named struct {
	ID   string         `json:"id"`
	Name catalogue.Text `json:"name"`
	// Via is the task that brought an information type in; empty when the
	// information type was chosen by itself.
	Via string `json:"via,omitempty"`
}

// BasicMeasure is a measure that is a minimum, with the levels from which it is.
type BasicMeasure struct {
	ID      string             `json:"id"`
	Title   catalogue.Text     `json:"title"`
	Carrier catalogue.Carrier  `json:"carrier"`
	From    catalogue.Levels   `json:"from"`
	Law     []catalogue.LawRef `json:"law,omitempty"`
}

// Actual are the levels in force.
func (b Basis) Actual() catalogue.Levels {
	var out catalogue.Levels
	for _, l := range b.Levels {
		out = out.With(l.Dimension, l.Level)
	}
	return out
}

// named are the levels with the names of the tasks that brought information in.
func (b Basis) named() []DimensionLevel {
	out := slices.Clone(b.Levels)
	for i, l := range out {
		out[i].Origins = slices.Clone(l.Origins)
		for j, o := range l.Origins {
			if at := slices.IndexFunc(b.Tasks, func(n Named) bool { return n.ID == o.Via }); at >= 0 {
				out[i].Origins[j].ViaName = b.Tasks[at].Name
			}
		}
	}
	return out
}

// Over gives the result when the requirements are those of the releases. A
// requirement that several of them hold is as the first has it.
func (b Basis) Over(models []catalogue.DeliveryModel, releases []catalogue.Version) Result {
	var all []candidate
	at := map[string]int{}
	for _, v := range releases {
		for _, r := range v.Requirements {
			i, ok := at[r.ID]
			if !ok {
				i = len(all)
				at[r.ID] = i
				all = append(all, candidate{requirement: r})
			}
			all[i].sets = append(all[i].sets, v.Set)
		}
	}
	return b.over(models, all)
}

// candidate is a requirement with the sets that hold it.
type candidate struct {
	requirement catalogue.Requirement
	sets        []string
}

// inForce are the requirements of the sets as the content has them, in catalogue
// order.
func (b Basis) inForce(c *catalogue.Catalogue) []candidate {
	in := map[string][]string{}
	for _, set := range b.Sets {
		for _, id := range c.SetRequirements(set) {
			in[id] = append(in[id], set)
		}
	}
	var out []candidate
	for _, r := range c.Requirements() {
		if sets := in[r.ID]; len(sets) > 0 {
			out = append(out, candidate{r, sets})
		}
	}
	return out
}

// over picks the requirements whose level is reached, that fit a delivery model
// and that serve a measure which is a minimum here. What no requirement serves
// is a gap.
func (b Basis) over(models []catalogue.DeliveryModel, all []candidate) Result {
	actual := b.Actual()
	triggers := func(from catalogue.Levels) []Trigger {
		var out []Trigger
		for _, d := range from.Reached(actual) {
			out = append(out, Trigger{Dimension: d, From: from.Of(d), Level: actual.Of(d)})
		}
		return out
	}
	out := Result{Levels: b.named(), Overall: actual.Overall(), Flags: b.Flags, Sets: b.Sets}
	at := map[string]int{}
	for i, m := range b.Measures {
		at[m.ID] = i
		out.Measures = append(out.Measures, SelectedMeasure{ID: m.ID, Title: m.Title, Carrier: m.Carrier, Triggers: triggers(m.From), Law: m.Law})
	}
	for _, c := range all {
		r := c.requirement
		if !r.AppliesTo(actual, models) {
			continue
		}
		serves := slices.DeleteFunc(slices.Clone(r.Measures), func(m string) bool { _, ok := at[m]; return !ok })
		if len(serves) == 0 {
			continue
		}
		for _, m := range serves {
			i := at[m]
			out.Measures[i].ServedBy = append(out.Measures[i].ServedBy, r.ID)
		}
		out.Requirements = append(out.Requirements, SelectedRequirement{
			ID: r.ID, Kind: r.Kind, Type: r.Suggested, Sets: c.sets, Triggers: triggers(r.From), Measures: serves, Law: r.Law,
		})
	}
	for _, m := range out.Measures {
		if len(m.ServedBy) == 0 {
			out.Gaps = append(out.Gaps, Gap{Measure: m.ID, Title: m.Title, Carrier: m.Carrier})
		}
	}
	return out
}
