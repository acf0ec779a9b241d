package selection

import (
	"slices"

	"felleskrav/internal/catalogue"
)

// Input is what a public body says about what it buys. The order of the lists
// does not matter; repetitions are ignored.
type Input struct {
	Tasks            []string                  `json:"tasks,omitempty"`
	InformationTypes []string                  `json:"informationTypes,omitempty"`
	DeliveryModels   []catalogue.DeliveryModel `json:"deliveryModels"`
	Overrides        []Override                `json:"overrides,omitempty"`
	// Flags are raised by the body, on top of those the tasks, the information
	// and the levels raise by themselves.
	Flags []catalogue.Flag `json:"flags,omitempty"`
	// Sets narrows the requirements to those of the named sets. Empty means
	// every set made for one of the delivery models whose flags, if it has any,
	// are raised.
	Sets []string `json:"sets,omitempty"`
}

// Same reports whether two inputs say the same.
func (in Input) Same(as Input) bool {
	a, b := normal(in), normal(as)
	return slices.Equal(a.Tasks, b.Tasks) && slices.Equal(a.InformationTypes, b.InformationTypes) &&
		slices.Equal(a.DeliveryModels, b.DeliveryModels) && slices.Equal(a.Overrides, b.Overrides) &&
		slices.Equal(a.Flags, b.Flags) && slices.Equal(a.Sets, b.Sets)
}

// Override is the body's own decision about the level of one dimension; the
// proposed level is kept beside it.
type Override struct {
	Dimension catalogue.Dimension `json:"dimension"`
	Level     catalogue.Level     `json:"level"`
	Reason    string              `json:"reason"`
}

// Result is what the input leads to. Lists are in catalogue order.
type Result struct {
	Levels       []DimensionLevel      `json:"levels"`
	Overall      catalogue.Level       `json:"overall"`
	Flags        []RaisedFlag          `json:"flags"`
	Sets         []string              `json:"sets"`
	Measures     []SelectedMeasure     `json:"measures"`
	Requirements []SelectedRequirement `json:"requirements"`
	// Gaps are measures no selected requirement serves: the body carries them
	// itself, or asks for them in words of its own.
	Gaps []Gap `json:"gaps"`
}

// DimensionLevel is the level of one dimension and where it comes from.
type DimensionLevel struct {
	Dimension catalogue.Dimension `json:"dimension"`
	// Level is the level in force: the override if there is one.
	Level    catalogue.Level `json:"level"`
	Proposed catalogue.Level `json:"proposed"`
	// Origins are the tasks and information types that give the proposed
	// level, that is, those at the maximum.
	Origins  []Origin  `json:"origins"`
	Override *Override `json:"override,omitempty"`
}

// Origin is a task or information type with the level it brings and why.
type Origin struct {
	// Kind is "task" or "information".
	Kind   string          `json:"kind"`
	ID     string          `json:"id"`
	Name   catalogue.Text  `json:"name"`
	Level  catalogue.Level `json:"level"`
	Reason catalogue.Text  `json:"reason"`
	// Via is the task that brought an information type in; empty when the
	// information type was chosen by itself.
	Via string `json:"via,omitempty"`
	// ViaName is what that task was called.
	ViaName catalogue.Text `json:"-"`
}

// RaisedFlag is a flag with what raised it: ids of information types, the
// dimensions at the critical level, or nothing when the body raised it itself.
type RaisedFlag struct {
	Flag catalogue.Flag `json:"flag"`
	By   []string       `json:"by,omitempty"`
}

// Trigger is one reason a measure or requirement applies: in this dimension
// the level reached is at or above the level from which it applies.
type Trigger struct {
	Dimension catalogue.Dimension `json:"dimension"`
	From      catalogue.Level     `json:"from"`
	Level     catalogue.Level     `json:"level"`
}

// SelectedMeasure is a measure that is a minimum at these levels.
type SelectedMeasure struct {
	ID       string             `json:"id"`
	Title    catalogue.Text     `json:"-"`
	Carrier  catalogue.Carrier  `json:"carrier"`
	Triggers []Trigger          `json:"triggers"`
	Law      []catalogue.LawRef `json:"law,omitempty"`
	// ServedBy are the selected requirements that serve the measure.
	ServedBy []string `json:"servedBy"`
}

// SelectedRequirement is a requirement that applies, with why.
type SelectedRequirement struct {
	ID       string              `json:"id"`
	Kind     catalogue.Kind      `json:"kind"`
	Type     catalogue.Suggested `json:"suggested"`
	Sets     []string            `json:"sets"`
	Triggers []Trigger           `json:"triggers"`
	// Measures are the selected measures the requirement serves.
	Measures []string           `json:"measures"`
	Law      []catalogue.LawRef `json:"law,omitempty"`
}

// Gap is a selected measure that no selected requirement serves.
type Gap struct {
	Measure string            `json:"measure"`
	Title   catalogue.Text    `json:"-"`
	Carrier catalogue.Carrier `json:"carrier"`
}
