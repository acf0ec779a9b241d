package web

import (
	"fmt"
	"slices"

	"felleskrav/internal/access"
	"felleskrav/internal/catalogue"
	"felleskrav/internal/organisation"
	"felleskrav/internal/procurement"
	"felleskrav/internal/selection"
)

// whyTheme is a theme with its requirements and the reasons for each.
type whyTheme struct {
	ID    string
	Name  catalogue.Text
	Items []whyItem
}

// whyItem is a requirement with the chain that put it there.
type whyItem struct {
	Requirement catalogue.Requirement
	Selected    selection.SelectedRequirement
	Reasons     []whyReason
	Line        procurement.Line
}

// whyReason is the first part of the chain: what gave the level in one
// dimension.
type whyReason struct {
	Trigger selection.Trigger
	Origins []selection.Origin
	// Override is the body's own reason, or "".
	Override string
}

// whyThemes groups lines by theme, in their order.
func whyThemes(result selection.Result, lines []procurement.Line) []whyTheme {
	var out []whyTheme
	for _, l := range lines {
		i := slices.IndexFunc(out, func(t whyTheme) bool { return t.ID == l.Requirement.Theme })
		if i < 0 {
			i = len(out)
			out = append(out, whyTheme{ID: l.Requirement.Theme, Name: l.ThemeName})
		}
		out[i].Items = append(out[i].Items, whyItem{Requirement: l.Requirement, Selected: l.Why, Reasons: reasons(result, l.Why), Line: l})
	}
	return out
}

func reasons(result selection.Result, r selection.SelectedRequirement) []whyReason {
	var out []whyReason
	for _, trigger := range r.Triggers {
		reason := whyReason{Trigger: trigger}
		for _, l := range result.Levels {
			if l.Dimension != trigger.Dimension {
				continue
			}
			reason.Origins = l.Origins
			if l.Override != nil {
				reason.Override = l.Override.Reason
			}
		}
		out = append(out, reason)
	}
	return out
}

// whyMeasure is a measure with what put it there.
type whyMeasure struct {
	Measure  catalogue.Measure
	Selected selection.SelectedMeasure
}

// whyMeasures lists the measures of a result in their order.
func whyMeasures(cat *catalogue.Catalogue, result selection.Result) []whyMeasure {
	out := make([]whyMeasure, 0, len(result.Measures))
	for _, m := range result.Measures {
		measure, _ := cat.Measure(m.ID)
		out = append(out, whyMeasure{Measure: measure, Selected: m})
	}
	return out
}

// overridePath is selection's name for a part of an override.
func overridePath(i int, part string) string { return fmt.Sprintf("overrides[%d].%s", i, part) }

// agencyOf is the organisation an actor buys for.
func agencyOf(a access.Actor) organisation.Number { return organisation.Number(a.Org) }
